/*
 * All pod names: what is wanted, what the server has, what is
 * remembered.  A table of records; each is planned for on its own when
 * something about it changed ("dirty") or its time has come.  Pure.
 */
#ifndef MODEL_H
#define MODEL_H

#include <jansson.h>

#include "mirrord/memo.h"
#include "mirrord/plan.h"
#include "mirrord/seen.h"
#include "mirrord/want.h"

#define MODEL_MAX 4096 /* names; what goes beyond is refused */

/* The request under way for a record; memo.busy says of what kind. */
struct pending {
	void *act;	/* who asked */
	char *uid;	/* of the mirror it is about; NULL: CREATE */
	json_t *status; /* STATUS: what is published */
	char *ending;	/* STATUS: uid of the item whose last one it is */
	int drift;	/* DELETE undoes an edit */
};

struct record {
	char *namespace, *name;
	struct want_item *current, *ending;
	struct seen_pod *seen;
	struct memo memo;
	struct pending pending;
	int dirty;
	struct mtime wake;
	unsigned int listed; /* generation of the list that named it */
	/* What was last reported to reconciled. */
	int reported;
	Tripod__MirrorItem__State state;
	char *reason, *uid;
};

struct model {
	struct record **rec; /* sorted by namespace and name */
	size_t n, size;
	struct want_item **staged; /* between POD_BEGIN and POD_END */
	size_t nstaged, staged_size;
	int staging;
	unsigned int generation;
	int want_complete, seen_complete;
};

void model_init(struct model *);
void model_release(struct model *);
struct record *model_find(
    const struct model *, const char *namespace, const char *name);
/* Frees records that nothing is known of any more. */
void model_sweep(struct model *);
/* Every record is looked at again. */
void model_touch_all(struct model *);

/* The wanted side; the items are taken. */
void model_want_begin(struct model *);
void model_want(struct model *, struct want_item *);
void model_want_end(struct model *);
void model_gone(
    struct model *, const char *namespace, const char *name, const char *uid);
void pending_release(struct pending *);
/* The plan said that the ending pod is done with. */
void record_forget(struct record *);

/*
 * The server's side.  Events and answers cross each other: an event that
 * is older than what is known, or speaks of a pod that was deleted by
 * us, is dropped.  The pods are taken.
 */
void model_seen(struct model *, struct seen_pod *);
void model_unseen(
    struct model *, const char *namespace, const char *name, const char *uid);
/* A list replaces everything: begin, model_seen for each, end. */
void model_list_begin(struct model *);
void model_list_end(struct model *, const char *version);

#endif
