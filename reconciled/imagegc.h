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

/* Who needs an image. */
#define IMAGEGC_USED 1	 /* a container, of whomever, running or not */
#define IMAGEGC_WANTED 2 /* a manifest, or sandboxes */

/* An image, as far as it matters here; its texts are borrowed. */
struct imagegc_image {
	const char *id;
	char *const *tag, *const *digest; /* "NAME:TAG", "NAME@DIGEST" */
	size_t n_tag, n_digest;
	int pinned;	     /* the runtime says so */
	unsigned int needed; /* by these: IMAGEGC_... */
	int tried;	     /* to be removed */
	struct mtime first;  /* when it was first seen */
	struct mtime last;   /* when it was last in use; at least first */
};

/*
 * Somebody needs what is called so: an id, or a reference with or without
 * registry, tag and digest; each image that is meant is marked.
 */
void imagegc_need(
    struct imagegc_image *, size_t n, const char *reference, unsigned int by);
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
