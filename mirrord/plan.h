/*
 * Decides what to ask of the API server for one pod name.
 *
 * Pure: no clock, no I/O, no state of its own.  Rules, in this order:
 *
 *  1. Nothing while a request for the name is under way, or while either
 *     side's picture (reconciled's pods, the server's pods) was never
 *     complete: an incomplete picture removes nothing.
 *  2. Nothing before the retry time of the last failure.
 *  3. What the server has is unsure (a 409, a refused uid): GET it.
 *  4. An ordinary pod on this node: finish it if it is being deleted
 *     (nobody else can); otherwise leave it, the name is in conflict.
 *  5. A pod that has ended: publish its last status once, then forget it.
 *  6. A pod that is ending keeps its mirror as it is, status goes on; its
 *     successor waits.  A mirror deleted meanwhile does not come back.
 *  7. A mirror nobody wants: delete.
 *  8. A mirror that is being deleted, of another hash, of another Node
 *     object, edited (drift), or unable to show a restarted container:
 *     delete; rule 9 follows when it is gone.
 *  9. No mirror: create, if the Node object is there to own it.
 * 10. Publish the status if it differs from the server's.
 *
 * Specs are never compared with what was sent, only with what the server
 * returned at creation: admission may change anything.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stdint.h>

#include "common/mtime.h"
#include "mirrord/memo.h"
#include "mirrord/seen.h"
#include "mirrord/want.h"

/* A status edited by others is put back after at least this (kubelet). */
#define PLAN_STATUS_REPAIR_MS 10000

/* What to do about edits of a mirror. */
enum plan_drift {
	DRIFT_REVERT, /* undo edits of what the manifest set */
	DRIFT_STRICT, /* undo additions too */
	DRIFT_REPORT, /* only say so */
	DRIFT_IGNORE
};

/* What is true for all names. */
struct plan_env {
	int want_complete, seen_complete;
	const struct seen_node *node; /* NULL: no such object now */
	enum plan_drift drift;
	struct mtime now;
};

/* One name: at most one item is current, at most one is ending. */
struct plan_pod {
	const struct want_item *current, *ending;
	const struct seen_pod *seen;
};

struct plan {
	enum plan_kind kind;
	const char *why;	      /* for the log */
	const struct want_item *item; /* of CREATE and STATUS */
	int drift;		      /* DELETE repairs an edit */
	int forget;		      /* the ending item is done with */
	struct mtime wake;	      /* ask again then */
	int known;		      /* 0: the verdict of before stands */
	Tripod__MirrorItem__State state;
	char reason[ERR_MAX]; /* for a person */
};

void plan_pod(const struct plan_env *, const struct plan_pod *,
    const struct memo *, struct plan *);

#endif
