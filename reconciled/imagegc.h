/*
 * Which images go when the disk is full.  Decides only (runtime.md 5.12).
 */
#ifndef IMAGEGC_H
#define IMAGEGC_H

#include <stddef.h>
#include <stdint.h>

#include "common/mtime.h"

/* reconciled.conf(5) */
struct imagegc_conf {
	int64_t high, low; /* per cent of the file system; high 100: never */
	int64_t min_age_s;
};

/* An image, as far as it matters here; its texts are borrowed. */
struct imagegc_image {
	const char *id;
	char *const *tag, *const *digest; /* "NAME:TAG", "NAME@DIGEST" */
	size_t n_tag, n_digest;
	int pinned;	    /* the runtime says so */
	int used;	    /* by a container, of whomever, running or not */
	int wanted;	    /* by a manifest, or for sandboxes */
	int tried;	    /* to be removed */
	struct mtime first; /* when it was first seen */
	struct mtime last;  /* when it was last in use; at least first */
};

/*
 * Whether what somebody calls an image, an id or a reference with or without
 * registry, tag and digest, is this one.
 */
int imagegc_is_named(const struct imagegc_image *, const char *reference);
/* Whether it is called "pause", as images of sandboxes are. */
int imagegc_is_pause(const struct imagegc_image *);
/*
 * Bytes that must become free, by numbers of statfs(2): down to low once
 * usage has reached high ("begun": it had before).  0: none.
 */
uint64_t imagegc_excess(const struct imagegc_conf *, uint64_t capacity,
    uint64_t available, int begun);
/*
 * The next image to be removed: the one least recently used, then first seen,
 * of those that nobody uses or wants, that are not pinned, and that have been
 * here for the least age.  NULL: there is none.
 */
struct imagegc_image *imagegc_choose(struct imagegc_image *, size_t n,
    const struct imagegc_conf *, struct mtime now);

#endif
