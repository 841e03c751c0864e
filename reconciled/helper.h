/*
 * Work that may stand still: file systems that do not answer.
 *
 * A call on a dead NFS server or FUSE never returns, and the event loop
 * must not wait for it.  So each kind of such work has a child of
 * reconciled, forked before that gives up its rights, with rights and a
 * filter of its own.  It does nothing but fork processes that do errands,
 * one at a time each, and end when there is none.  An errand that takes
 * longer than HELPER_SECONDS ends its process by an alarm, which breaks most
 * waits in the kernel; a process that cannot be ended is left alone, and
 * keeps its place.
 *
 * Errands of one key are done one after the other, so that whoever asks
 * again and again for what stands still costs one process and no more.
 */
#ifndef HELPER_H
#define HELPER_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/sandbox.h"

#define HELPER_SECONDS 5	 /* for one errand */
#define HELPER_ERRANDS_MAX 64	 /* processes of one kind at a time */
#define HELPER_MESSAGE_MAX 16384 /* bytes of a request or an answer */
#define HELPER_FDS 2		 /* descriptors in either */

/* What the process of an errand has, and fills in. */
struct helper_job {
	int folder; /* of the helper; see helper_start() */
	const void *request;
	int source;   /* descriptor that came with it, or -1 */
	void *answer; /* zeros at first */
	/* To be sent with it; -1: none.  All descriptors are closed after. */
	int fd[HELPER_FDS];
};

struct helper_kind {
	const char *name;	/* of the process; longest: 15 bytes */
	size_t request, answer; /* bytes of each; both of plain data */
	void (*work)(struct helper_job *);
	uint64_t capabilities; /* that it keeps: bits */
	unsigned int beneath;  /* SANDBOX_*; 0: no landlock, for mounts */
	const struct sandbox_rule *rules;
	const size_t *nrules;
};

struct helper;
struct errand_result {
	const void *answer; /* NULL: there is none, for this reason: */
	const char *why;
	int *fd; /* what the callback takes it sets to -1 */
};

typedef void (*errand_done)(void *ctx, const struct errand_result *);
/* How work of several errands has ended; NULL: well. */
typedef void (*work_done)(void *ctx, const struct err *);

/*
 * Forks it.  folder: an open one that it may keep, or -1; path: it gets the
 * landlock rights of its kind beneath the nearest folder above, as far as
 * that exists; optional: a missing layer of the sandbox is a warning.  NULL
 * and err.
 */
struct helper *helper_start(const struct helper_kind *, int folder,
    const char *path, int optional, struct err *);
/* From now on errands are run; on_lost: it has ended, unasked. */
void helper_run(
    struct helper *, struct event_base *, void (*on_lost)(void *), void *ctx);
/* Ends it, and what is under way without callbacks.  Takes NULL. */
void helper_free(struct helper *);

/*
 * Asks; takes source (or -1) and copies the rest.  The callback comes once,
 * from the event loop, at the latest when there was no answer in time.
 */
void helper_ask(struct helper *, const char *key, const void *request,
    int source, errand_done, void *ctx);
/* How many are under way, those included that nobody waits for any more. */
size_t helper_errands(const struct helper *);

/* What every helper may call, beside its own rules. */
extern const struct sandbox_rule helper_rules[];
extern const size_t helper_nrules;

#endif
