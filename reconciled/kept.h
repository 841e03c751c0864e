/*
 * The last good manifests on the disk, for the next start: one file for
 * each manifest file, with all of its pods.
 */
#ifndef KEPT_H
#define KEPT_H

#include "common/err.h"
#include "common/mem.h"
#include "tripod.pb-c.h"

#define KEPT_SIZE_MAX (8 * 1024 * 1024)
#define KEPT_DECODE_MAX (16 * 1024 * 1024)

/* All of them get a descriptor of the folder. */

/*
 * Keeps a manifest; what was kept before stays whole until the new one
 * is on the disk.  -1 and err.
 */
int kept_store(int dir, const Tripod__Manifest *, struct err *);
void kept_forget(int dir, const char *file);
/*
 * Calls back with each kept manifest; the callback takes the arena.
 * Broken ones are logged and removed.
 */
void kept_load(int dir, void (*)(void *ctx, Tripod__Manifest *, struct arena *),
    void *ctx);

#endif
