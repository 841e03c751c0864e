/*
 * List and watch of one kind of object, for ever: list, then follow the
 * changes; resume where a stream ended; list again when the server has
 * forgotten the place (410); back off while it is not there.
 */
#ifndef WATCH_H
#define WATCH_H

#include <event2/event.h>

#include "mirrord/apijson.h"
#include "mirrord/http.h"

/* The server ends a watch after a random time between these. */
#define WATCH_MIN_S 300
#define WATCH_MAX_S 600
#define WATCH_GRACE_S 60    /* then we do */
#define WATCH_SILENCE_S 180 /* the same, once bookmarks were seen */
#define WATCH_QUICK 5	    /* streams shorter than a second, in a row */
#define WATCH_LIST_S 60	    /* longest list request */
#define WATCH_REFUSAL_MAX (64 * 1024) /* an answer that is no stream */

struct watch_ops {
	const char *name;	/* for the log */
	const char *collection; /* "/api/v1/pods" */
	const char *selector;	/* "spec.nodeName" */
	/* A whole list is here; borrowed.  -1: it makes no sense. */
	int (*on_list)(void *ctx, const struct api_list *);
	/*
	 * ADDED, MODIFIED or DELETED; borrowed.  Called from within the
	 * transfer: must not start requests.
	 */
	void (*on_event)(void *ctx, const struct api_event *);
	/* The list or watch works (result NULL), or why it does not. */
	void (*on_state)(void *ctx, const struct api_result *);
};

struct watch;

/* Starts at once.  The ops and node must outlive it. */
struct watch *watch_new(struct event_base *, struct http *,
    const struct watch_ops *, const char *node, void *ctx);
void watch_free(struct watch *); /* takes NULL */
/* The server was reached by other means: do not wait any longer. */
void watch_kick(struct watch *);

/* Turns an answer into its class, reading a Status if there is one. */
void answer_classify(struct api_result *, const struct http_answer *);
/* The JSON object of an answer; NULL when it holds none. */
json_t *answer_object(const struct http_answer *);

#endif
