/*
 * The rules of reconciled/plan.h, row by row.  A situation is written as
 * text, the plan is compared as text.
 *
 * What is seen, by blanks:
 *
 *	s1	sandbox of attempt 1 that is ready (S: dead, its network is
 *		released; D: dead only); behind it h: on the host's network,
 *		n: it turned out to have no address
 *	a0=r1	container a, attempt 0, running in sandbox 1 (c created, r
 *		running, x exited with 0, f with 1, q with 42, o with 0 but
 *		killed for its memory, u unknown)
 *
 * and marks behind either:
 *
 *	!	an action on it is in flight
 *	~	a failure of it is backed off until WAIT
 *	%	in a crash loop until WAIT
 *	/	of round 1
 *	?	its startup probe has not succeeded
 *	*	its startup probe has failed
 *	&	its liveness probe has failed
 *	^	its postStart hook is due (_ running, ` failed)
 *	<	its preStop hook runs (> is done)
 *	k	it was killed for a probe
 *	E	it was stopped because the pod ended
 *	l	what is under way to do so (! or <) has until LONG
 *	R	its restart was asked for
 *
 * The pod is a list of containers, "a b" if it is NULL: in front i for an
 * init container, s for a sidecar; behind + with postStart, - with preStop,
 * ? with startup probe, & with liveness probe (grace period 3), @ all
 * restart after 42, ! after anything else, # restarts after 42, A, F or N for
 * a policy of its own.
 */
#ifndef PLANROW_H
#define PLANROW_H

#include <stddef.h>
#include <stdint.h>

#include "reconciled/plan.h"

#define NOW 1000000
#define WAIT (NOW + 5000)
#define LONG (NOW + 60000)
#define GRACE 7
#define DEADLINE (NOW + 60000)
#define LEN(x) (sizeof(x) / sizeof((x)[0]))

/* What is wanted. */
#define W_WANTED 0x01
#define W_BLOCKED 0x02
#define W_HOLD 0x04
#define W_END 0x08 /* terminating */
#define W_NO_NET 0x10
#define W_HOST 0x20 /* the manifest asks for the host's network */
#define W_FAILURE 0x40
#define W_NEVER 0x80
#define W_STALE 0x100
#define W_UNDEFINED 0x200
#define W_OVER 0x400
#define W_LATE 0x800 /* its end began 5 s ago */
#define W_DEADLINE 0x1000
#define W_UNSURE 0x2000
#define W_SHORT 0x4000 /* grace period of one second */
#define W_NONE 0x8000  /* of none */
/* What is remembered: images of the first two containers, and so on. */
#define M_IMAGE_A 0x01
#define M_IMAGE_B 0x02
#define M_IMAGES 0x04 /* of all */
#define M_BUSY_A 0x08
#define M_SANDBOX_BUSY 0x10
#define M_SANDBOX_WAITS 0x20
#define M_CLEANED 0x40
#define M_CREATE_WAITS_A 0x80
#define M_IMAGE_WAITS_A 0x100

struct row {
	const char *rule;
	unsigned int want, memo;
	const char *pod;
	const char *seen;
	const char *plan; /* "image 0, create 0:2, stop a0 7 ..." */
	int64_t wake;	  /* 0: never */
};

/* A pod as of the texts; what it is made of lives as long as it. */
struct planned {
	Tripod__Definition definition;
	Tripod__Pod def;
	struct pod *pod;
};

struct planned *planned_new(
    const char *pod, const char *seen, unsigned int want, unsigned int memo);
void planned_free(struct planned *);

/* Fails the test at the first row that does not hold. */
void rows_check(const struct row *, size_t n);

#endif
