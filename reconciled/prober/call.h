/*
 * Tries handlers over the network: httpGet, tcpSocket and grpc (runtime.md
 * 6.5), with libcurl.  What pods answer is bounded in time and bytes.
 */
#ifndef PROBER_CALL_H
#define PROBER_CALL_H

#include <event2/event.h>

#include "common/mem.h"
#include "tripod.pb-c.h"

#define CALLS_ACTIVE_MAX 256	    /* at once; the others wait */
#define CALLS_WAITING_MAX 4096	    /* more are refused */
#define CALL_HEADER_MAX (64 * 1024) /* bytes of all headers of an answer */
#define CALL_BODY_MAX (10 * 1024)   /* of a body; the rest is not read */
#define CALL_REQUESTS_MAX 10	    /* of one call, with redirects */
#define CALL_TEXT_MAX 1024	    /* of a result's message, with its NUL */

struct calls;

/* The result is borrowed. */
typedef void (*call_done)(void *ctx, uint32_t id, const Tripod__ProbeResult *);

struct calls *calls_new(struct event_base *, call_done, void *ctx);
/* Takes NULL. */
void calls_free(struct calls *);
/*
 * Starts a call or puts it into the queue.  Takes the arena that the
 * request lives in.  The callback comes exactly once, never from within,
 * unless the call is cancelled.
 */
void calls_start(
    struct calls *, uint32_t id, struct arena *, const Tripod__ProbeRequest *);
/* Unknown ids are ignored: the result was on its way. */
void calls_cancel(struct calls *, uint32_t id);
/* Under way or waiting. */
size_t calls_count(const struct calls *);

#endif
