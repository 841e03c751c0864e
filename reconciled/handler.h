/*
 * Runs the handler of a probe or of a lifecycle hook, once (runtime.md
 * 5.7, 6.5): a command by the runtime, what goes over the network by the
 * prober, a sleep by a timer.
 *
 *	struct handler h = { .handler = spec->pre_stop, .container = spec,
 *	    .pod = p, .id = c->id, .timeout_ms = left, .is_hook = 1 };
 *
 *	run = handler_start(r, &h, on_hook_done, op);
 *
 *	static void
 *	on_hook_done(void *ctx, const struct handler_result *res)
 *	{
 *		if (res->outcome != HANDLER_SUCCESS) ...
 *
 * Everything is copied: the pod and its definition may go away meanwhile.
 */
#ifndef HANDLER_H
#define HANDLER_H

#include "reconciled/pod.h"

/* Longest message of a result, with its NUL; longer ones are cut off. */
#define HANDLER_MESSAGE_MAX 1024

enum handler_outcome {
	HANDLER_SUCCESS,
	HANDLER_WARNING, /* a success with a message: led elsewhere */
	HANDLER_FAILURE,
	HANDLER_TIMEOUT, /* a failure, too: no answer in time */
	HANDLER_ERROR	 /* it could not be tried; says nothing about the pod */
};

struct handler_result {
	enum handler_outcome outcome;
	/*
	 * Why, or what a command printed; "" if there is nothing to say.
	 * The pod's words are printable ASCII.  Valid until the callback
	 * returns.
	 */
	const char *message;
};

typedef void (*handler_done)(void *ctx, const struct handler_result *);

/* What to run; borrowed until handler_start() returns. */
struct handler {
	const Tripod__Handler *handler;
	const Tripod__Container *container; /* its variables */
	const struct pod *pod;		    /* its address */
	const char *id;			    /* of the running container */
	int64_t timeout_ms;		    /* 0: none */
	/*
	 * Of a hook: variables in a command are not replaced, every HTTP
	 * answer is a success, and one without TLS where TLS was to be is
	 * asked again without.
	 */
	int is_hook;
};

struct reconciled;
struct handler_run;

/*
 * Starts it.  The callback comes exactly once, from the event loop, never
 * from within this call, unless the run is cancelled before; the handle is
 * valid until then.
 */
struct handler_run *handler_start(
    struct reconciled *, const struct handler *, handler_done, void *ctx);
/* Ends it without callback; takes NULL. */
void handler_cancel(struct handler_run *);

#endif
