/*
 * The whole folder at once, at the start, now and then, and when events
 * do not tell enough: which names there are, and which of the known files
 * have changed.  Files that have not are neither opened nor read.
 */
#ifndef RESCAN_H
#define RESCAN_H

#include "watcherd/sync.h"

void rescan_init(struct sync *);
void rescan_release(struct sync *);
/* Another folder: it is silent if changes may come without an event. */
void rescan_reset(struct sync *, int silent);
/* Lists the folder now, and has changed files looked at. */
void rescan_run(struct sync *);
/* The same soon; many calls lead to few listings. */
void rescan_soon(struct sync *);
/* What STAT found. */
void rescan_checked(struct sync *, uint32_t id, const Tripod__Stats *);

#endif
