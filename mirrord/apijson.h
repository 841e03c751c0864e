/*
 * JSON of the API server: framing of watch streams, lists, events,
 * Status objects.  Pure; every byte is untrusted.
 */
#ifndef APIJSON_H
#define APIJSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define API_OBJECT_MAX (4 * 1024 * 1024) /* one object or watch event */
#define API_LIST_MAX (16 * 1024 * 1024)	 /* a whole list */
#define API_ITEMS_MAX 4096		 /* objects of a list */
#define API_RETRY_MAX_S 600		 /* of what a server asks for */

/*
 * Cuts a stream into JSON values by counting braces outside strings; a
 * chunk may end anywhere.  Only objects are values.
 */
struct jframe {
	char *buf; /* a value that is not complete yet */
	size_t len, size;
	size_t max;
	unsigned int depth;
	int in_string, escaped;
};

/* Called for each whole value; non-zero ends the feeding. */
typedef int (*jframe_fn)(void *ctx, const char *, size_t);

void jframe_init(struct jframe *, size_t max);
void jframe_release(struct jframe *);
/*
 * Takes the next bytes.  0: all taken; -1: errno EMSGSIZE (a value is
 * larger than max), EBADMSG (something that is no object) or ECANCELED
 * (the callback ended it); the stream cannot be used any more.
 */
int jframe_feed(struct jframe *, const char *, size_t, jframe_fn, void *ctx);

/* Decodes one object; NULL and err when it is none. */
json_t *api_parse(const char *, size_t, struct err *);

enum api_event_type {
	API_ADDED,
	API_MODIFIED,
	API_DELETED,
	API_BOOKMARK,
	API_ERROR
};

struct api_event {
	enum api_event_type type;
	json_t *object; /* owned */
};

int api_event_parse(struct api_event *, const char *, size_t, struct err *);
void api_event_release(struct api_event *);

/* A list: borrows from the object it was taken from. */
struct api_list {
	const json_t *items; /* array, at most API_ITEMS_MAX */
	const char *version; /* resourceVersion */
};

int api_list_parse(struct api_list *, const json_t *, struct err *);

/* metadata.resourceVersion; "" when there is none. */
const char *api_version(const json_t *object);
/*
 * The version as a number, so that an old event can be told from a new
 * answer; -1 when it is not decimal (then nothing is compared).
 */
int64_t api_version_number(const char *);

/*
 * What a request led to, after codes and Status bodies (a Status counts
 * only when the content type is JSON and kind is Status; load balancers
 * and an overloaded server answer with other text).
 */
enum api_class {
	API_OK,
	API_UNREACHABLE, /* no answer */
	API_BUSY,	 /* 429, 5xx: again later */
	API_DENIED,	 /* 401: read the credentials again */
	API_FORBIDDEN,	 /* 403: may heal */
	API_NOT_FOUND,	 /* 404 */
	API_EXISTS,	 /* 409 AlreadyExists */
	API_CONFLICT,	 /* 409, other: the object is another now */
	API_EXPIRED,	 /* 410: list again */
	API_INVALID	 /* 400, 422 ...: permanent for this content */
};

struct api_result {
	enum api_class class;
	int code;	       /* HTTP status; 0: no answer */
	int64_t retry_after_s; /* asked for by the server; 0: nothing */
	char kind[64];	       /* details.kind of a Status */
	char cause[64];	       /* first details.causes[].reason */
	char field[128];       /* first details.causes[].field */
	char reason[64];
	char message[256];
};

/* Limits what a server asks for; negative is nothing. */
int64_t api_retry_after(int64_t seconds);
/* Classifies an answer; body may be NULL. */
void api_classify(struct api_result *, int code, const json_t *body);
/* "403 Forbidden: text", for a person. */
void api_result_text(const struct api_result *, char *, size_t);
const char *api_class_str(enum api_class);

/* The text of an object that is taken; malloc'd.  For request bodies. */
char *json_body(json_t *);
/* Text of a member, or NULL. */
const char *json_text(const json_t *, const char *key);
/* As json_string() for untrusted bytes: what is no UTF-8 becomes '?'. */
json_t *json_safe(const char *, size_t max);
/* For jansson's functions that only read, but do not say so. */
json_t *json_unconst(const json_t *);
/* Equal, where null, "", {}, [] and absence are the same. */
int json_same(const json_t *, const json_t *);

#endif
