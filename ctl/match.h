/*
 * What people call pods, and how long a time is.  Pure.
 */
#ifndef MATCH_H
#define MATCH_H

#include <stdint.h>

#include "common/err.h"
#include "tripod.pb-c.h"

#define MATCH_UID_MIN 4 /* characters of a uid that are enough */

/* Where to look for pods. */
struct match_pods {
	Tripod__PodItem *const *pod;
	size_t n;
	const char *node;
};

/*
 * The pod that is called so: by its name or "namespace/name", with or
 * without the "-NODE" at the end, or by the beginning of its uid.  While an
 * older pod of the name is ending, the one that stays is meant.  The number
 * of pods found: 1; 0 and err; 2 and err, which names them, for more.
 */
int match_pod(const struct match_pods *, const char *word, Tripod__PodItem **,
    struct err *);

/* "90", "90s", "5m", "2h", "1d" in milliseconds; -1: it is none. */
int64_t match_duration(const char *);
/*
 * The wall clock of "5m" before now, or of "2026-11-27T10:15:00Z", with
 * fractions of a second if need be; -1: it is neither.
 */
int64_t match_time(const char *, int64_t now_ns);
/* RFC 3339 to nanoseconds since the epoch, whatever its zone; -1. */
int64_t match_stamp(const char *, size_t len);

#endif
