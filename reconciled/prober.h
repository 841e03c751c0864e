/*
 * The prober, as reconciled has it: a process of another user that talks
 * to pods over the network, so that reconciled reads no byte of theirs.
 *
 * reconciled cannot start programs once it is confined.  So it starts a
 * spawner before: tripod-spawner, which drops to the prober's user, runs
 * tripod-prober as its child, starts another one whenever that ends, and
 * sends a socket to each.  A prober that dies costs the attempts that were
 * under way, which end as HANDLER_ERROR and say nothing about a pod.
 */
#ifndef PROBER_H
#define PROBER_H

#include <event2/event.h>

#include "common/err.h"
#include "ipc/dispatch.h"
#include "reconciled/handler.h"

#define PROBER_CALLS_MAX 4096	      /* under way at once */
#define PROBER_TIMEOUT_MAX_MS 3600000 /* longer ones are cut to this */

struct prober_conf {
	const char *path; /* of tripod-prober; tripod-spawner is beside it */
	const char *user; /* whom both run as */
	int optional;	  /* a layer of its sandbox may be missing */
};

/*
 * Starts the spawner, which drops to its user; needs privilege.  The
 * socket to it, or -1 and err.
 */
int prober_spawn(const struct prober_conf *, struct err *);

struct prober;
struct prober_call;

/*
 * Takes the socket.  on_lost is called once, when the spawner has
 * gone: then there will be no other prober.
 */
struct prober *prober_new(
    struct event_base *, int fd, void (*on_lost)(void *ctx), void *ctx);
/* Drops calls without callbacks; takes NULL. */
void prober_free(struct prober *);

/*
 * Tries a handler of the network kinds once; the request is copied.  The
 * callback comes exactly once, never from within this call, unless the
 * call is cancelled before.
 */
struct prober_call *prober_call(
    struct prober *, const Tripod__ProbeRequest *, handler_done, void *ctx);
void prober_cancel(struct prober_call *);

/* Makes printable ASCII of the words of a pod; cuts off what does not fit. */
void prober_clean(char *to, size_t size, const char *from, size_t len);

/* What its two sockets may carry towards reconciled. */
extern const struct ipc_table prober_control_table, prober_table;

#endif
