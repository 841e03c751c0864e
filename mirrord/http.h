/*
 * HTTPS to one server: libcurl's multi interface driven by libevent.
 *
 * Two lanes have connections of their own: requests (short, bounded) and
 * watches (endless answers, given on in pieces).  No redirects, no
 * proxies, no name look-ups (addresses are resolved beforehand), TLS
 * 1.2 or newer, server verified unless the kubeconfig says otherwise.
 * HTTP/2 where the server has it.
 */
#ifndef HTTP_H
#define HTTP_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "mirrord/cred.h"

#define HTTP_CONNECT_S 10      /* TCP and TLS together */
#define HTTP_KEEPALIVE_S 30    /* idle connections are probed */
#define HTTP_USER_TIMEOUT_S 40 /* unacknowledged data ends a connection */
#define HTTP_CONNECTIONS 4     /* at most, per lane, with HTTP/1.1 */

enum http_lane {
	HTTP_REQUESTS,
	HTTP_WATCHES,
	HTTP_LANES
};

struct http_answer {
	int code;	   /* 0: none, see error */
	const char *error; /* "" when there is a code */
	int is_json;	   /* by content type */
	const char *body;
	size_t len;
	int64_t retry_after_s; /* 0: not asked for */
};

typedef void (*http_done_fn)(void *ctx, const struct http_answer *);

struct http_request {
	enum http_lane lane;
	const char *method; /* "GET", "POST" ... */
	char *path;	    /* with query; malloc'd, taken */
	const char *type;   /* content type of the body */
	char *body;	    /* malloc'd, taken; NULL: none */
	size_t max;	    /* largest answer, in bytes */
	int timeout_s;	    /* of the whole request; 0: none */
	int idle_s;	    /* without a byte of the answer; 0: none */
	/*
	 * A 200 answer is given on as it comes; -1 ends the request with
	 * an error.  Must not start or cancel requests.  NULL: the answer
	 * is collected.
	 */
	int (*on_data)(void *ctx, const char *, size_t);
	/* The head of a 200 answer is here; as on_data.  May be NULL. */
	void (*on_open)(void *ctx);
	http_done_fn on_done;
	void *ctx;
};

struct http;
struct http_call;

/* Resolved addresses of a server, as text for curl. */
struct http_address {
	char text[512]; /* "1.2.3.4,[::1]"; empty: host is an address */
};

/* Blocking; for use before privileges are given up. */
int http_resolve(const struct server *, struct http_address *, struct err *);

/* Borrows the credentials: they must outlive it.  Fatal on failure. */
struct http *http_new(
    struct event_base *, const struct cred *, const struct http_address *);
/* Ends all calls without calling back; takes NULL. */
void http_free(struct http *);
/*
 * Starts a request; on_done is called once, from the event loop, unless
 * the call is cancelled.
 */
struct http_call *http_start(struct http *, const struct http_request *);
void http_cancel(struct http_call *);

#endif
