/*
 * Helpers for tests that have no event loop of their own: work is waited for.
 */
#ifndef HELPERWORLD_H
#define HELPERWORLD_H

#include "reconciled/files.h"

struct helperworld {
	struct event_base *base;
	struct files *files;
	int done, failed;
	struct err *err; /* why */
};

/* Starts those of files, or fails the test. */
void helperworld_start(struct helperworld *, struct files *);
void helperworld_stop(struct helperworld *);
/* As the functions of files.h; 0, or -1 and err. */
int helperworld_prepare(struct helperworld *, const struct pod *, struct err *);
int helperworld_clean(struct helperworld *, const struct pod *, struct err *);
/* For work that was begun with these: runs the loop until it is done. */
void helperworld_done(void *world, const struct err *);
int helperworld_wait(struct helperworld *, struct err *);

#endif
