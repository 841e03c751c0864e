/*
 * Looks at paths that manifests name: host paths, and sub-paths of volumes
 * (runtime.md 4.6).  A helper (helper.h): they may be anywhere.
 *
 * The containers of a pod write to its volumes, so every part of a sub-path
 * may become a link to anywhere, at any moment.  So the kernel resolves it,
 * beneath the volume, and what was found is held by its descriptor.
 */
#ifndef FINDER_H
#define FINDER_H

#include "reconciled/helper.h"
#include "tripod.pb-c.h"

extern const struct helper_kind finder_kind;

/* Answer of both. */
struct found {
	int32_t error; /* errno, or 0 */
	uint32_t mode; /* as stat(2) tells it */
};

/* A host path: made, if its type says so and it is missing. */
void finder_check(struct helper *, const char *key, const Tripod__HostPath *,
    errand_done, void *ctx);
/*
 * A sub-path, missing folders of which are made; volume: an absolute path,
 * or one below the helper's folder, which is followed through no link.  With
 * the answer comes an O_PATH descriptor.
 */
void finder_find(struct helper *, const char *key, const char *volume,
    const char *sub_path, errand_done, void *ctx);

#endif
