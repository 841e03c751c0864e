/*
 * What happened to pods, on its way to the API server as Events
 * (mirror.md 2.11).  Pure: time comes in.
 *
 * The same thing again only counts up what waits here, so a slow server
 * gets fewer requests rather than a long queue.  What is too much is left
 * out: beyond EVENTS_MAX the oldest, beyond a pod's allowance the newest,
 * and what could not be told for EVENT_STALE_MS.
 */
#ifndef EVENTQUEUE_H
#define EVENTQUEUE_H

#include <jansson.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/err.h"
#include "common/mtime.h"
#include "mirrord/apijson.h"
#include "tripod.pb-c.h"

#define EVENTS_MAX 512	       /* remembered, to count them up */
#define EVENT_PODS_MAX 1024    /* whose allowance is remembered */
#define EVENT_BURST 25	       /* requests about one pod at once, then ... */
#define EVENT_REFILL_MS 300000 /* ... one in this time */
#define EVENT_STALE_MS 120000
#define EVENT_RETRY_MS 10000 /* after a failure of the server */
#define EVENT_PACE_MS 200    /* between requests in the long run */
#define EVENT_PACE_BURST 10

struct queued_event {
	TAILQ_ENTRY(queued_event) entry;
	char *namespace, *pod, *uid, *field, *reason, *message;
	char *name; /* of the Event object; also identifies it here */
	int warning, about_node; /* which then is "pod" */
	int64_t first_ns, last_ns;
	uint32_t count, told; /* of it, to the server; 0: it has none */
	int due;	      /* to be told */
	struct mtime due_since;
};

struct event_pod {
	TAILQ_ENTRY(event_pod) entry;
	char *uid;
	int64_t credit_ms; /* EVENT_REFILL_MS for each request */
	struct mtime at;
};

struct eventqueue {
	TAILQ_HEAD(queued_events, queued_event) events; /* oldest first */
	TAILQ_HEAD(event_pods, event_pod) pods;
	size_t n, npods;
	struct queued_event *busy; /* whose request is under way */
	struct mtime retry;	   /* not before */
	int64_t credit_ms;	   /* EVENT_PACE_MS for each request */
	struct mtime at;
};

void eventqueue_init(struct eventqueue *, struct mtime now);
void eventqueue_release(struct eventqueue *);
/* A new one, or one that has been counted up; -1 and err: it is odd. */
int eventqueue_add(struct eventqueue *, const Tripod__EventItem *,
    struct mtime now, struct err *);
/*
 * The one to be told next: told == 0 by creating it, else by patching.
 * It becomes busy, until eventqueue_done().  NULL: none, until *wake.
 */
struct queued_event *eventqueue_next(
    struct eventqueue *, struct mtime now, struct mtime *wake);
/* What became of the busy one. */
void eventqueue_done(
    struct eventqueue *, const struct api_result *, struct mtime now);

/* Bodies of the requests; new objects. */
json_t *event_post(const struct queued_event *, const char *node);
json_t *event_patch(const struct queued_event *);

#endif
