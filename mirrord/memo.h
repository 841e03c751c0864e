/*
 * What is remembered of the requests for one pod name: back-off, the
 * mirror as it was created, repairs of edits, published status.
 * Pure: time and randomness are inputs.  plan.c reads it, act.c reports
 * results into it.
 */
#ifndef MEMO_H
#define MEMO_H

#include <jansson.h>
#include <stdint.h>

#include "common/mtime.h"
#include "mirrord/apijson.h"
#include "mirrord/seen.h"
#include "mirrord/want.h"

/* Loop guard: so many repairs of edits in a minute, then back-off. */
#define MEMO_REPAIRS 6
#define MEMO_REPAIR_WINDOW_MS 60000
#define MEMO_HOLD_CAP_MS 600000

enum plan_kind {
	PLAN_NONE,
	PLAN_GET,
	PLAN_CREATE,
	PLAN_DELETE,
	PLAN_STATUS
};

const char *plan_kind_str(enum plan_kind);

/* All zero: nothing happened yet. */
struct memo {
	enum plan_kind busy;	/* request under way */
	int unsure;		/* look what the server has */
	int foreign;		/* the name is taken on another node */
	unsigned int failures;	/* in a row */
	struct mtime retry;	/* not before */
	struct api_result last; /* of the last failure */
	char *deleted; /* uid that we deleted: late events do not count */
	/* The mirror as the server returned it when it was created. */
	char *born_uid;
	json_t *born_labels, *born_annotations, *born_editable;
	struct mtime repair[MEMO_REPAIRS]; /* newest first */
	unsigned int repairs, holds;
	struct mtime hold; /* no repair before */
	/* The status last accepted, by which mirror; and the one refused. */
	char *patched_uid;
	json_t *patched;
	struct mtime patched_at;
	json_t *refused;
};

void memo_release(struct memo *);
/* The request that was busy went well. */
void memo_done(struct memo *);
/*
 * It failed: sets the next retry, by request and class (spec: mirror
 * create and delete 1 s doubling to 60 s; refusals to 5 min; invalid
 * content 10 min; at once after 401 as credentials were read again).
 */
void memo_failed(
    struct memo *, const struct api_result *, struct mtime now, uint32_t rnd);
/* Something changed: the next try may succeed at once. */
void memo_touch(struct memo *);
/* An edit is undone by deleting. */
void memo_repaired(struct memo *, struct mtime now);
/* The server returned this mirror as created. */
void memo_born(struct memo *, const struct seen_pod *);
void memo_deleted(struct memo *, const char *uid);
void memo_patched(
    struct memo *, const char *uid, json_t *status, struct mtime now);
void memo_refused(struct memo *, json_t *status);

/*
 * What was edited in a mirror ("image", "label" ...), or NULL.  The
 * measure is the mirror as created; for one that an earlier process
 * created it is the manifest.  strict: additions are edits too.
 */
const char *drift_find(const struct want_item *, const struct seen_pod *,
    const struct memo *, int strict);

#endif
