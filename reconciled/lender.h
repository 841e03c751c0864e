/*
 * Looks at the manifest folder and opens what is in it: a helper (helper.h)
 * of lend.h.  It may read beneath the folder above that one.
 */
#ifndef LENDER_H
#define LENDER_H

#include <limits.h>

#include "common/name.h"
#include "reconciled/helper.h"

#define LENDER_STATS_MAX 40 /* names of one question */

extern const struct helper_kind lender_kind;

/* What a path means, or once meant. */
enum lender_place {
	PLACE_UNKNOWN,
	PLACE_FOLDER,
	PLACE_FILE, /* a single manifest */
	PLACE_OTHER
};

struct lender_stat {
	int32_t error; /* errno, or 0 */
	uint32_t mode;
	uint64_t dev, ino;
	int64_t size, mtime_ns, ctime_ns;
	uint32_t uid;
};

/* Of each question its own part is filled in. */
struct lender_answer {
	int32_t error; /* errno, or 0 */

	/* lender_look(): descriptors are the folder and, if new, inotify. */
	uint32_t place;
	int32_t events_error; /* errno of inotify, or 0 */
	uint32_t magic;	      /* of the file system */
	/* ... and lender_open(); there with the file's descriptor. */
	struct lender_stat st;

	struct lender_stat stats[LENDER_STATS_MAX];
};

/*
 * What a path is, where manifests are looked for.  The folder above is
 * watched by the inotify instance.
 */
struct lender_question {
	const char *path;
	enum lender_place was; /* a file may be missing then */
	int events;	       /* make a new inotify, for the folder */
	uint64_t dev, ino;     /* of the folder known; also if it is another */
};

void lender_look(struct helper *, const struct lender_question *, int inotify,
    errand_done, void *ctx);
/* Opens a file for reading if it is a regular one; takes the folder. */
void lender_open(
    struct helper *, int folder, const char *name, errand_done, void *ctx);
/* Takes the folder. */
void lender_stats(struct helper *, int folder, char *const *name, size_t n,
    errand_done, void *ctx);

#endif
