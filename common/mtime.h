/*
 * Monotonic time, wrapped so that units and clocks cannot mix.
 * Wall-clock time (RFC 3339 stamps, CRI's nanoseconds since the epoch)
 * stays in int64_t variables named _ns and is never compared with this.
 */
#ifndef MTIME_H
#define MTIME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

struct mtime {
	int64_t ms; /* milliseconds since some start */
};

#define MTIME_NEVER ((struct mtime){ INT64_MAX })
#define MTIME_ZERO ((struct mtime){ 0 })

struct mtime mtime_now(void); /* CLOCK_BOOTTIME */
int64_t wall_now_ns(void);    /* CLOCK_REALTIME */

/* Saturating; MTIME_NEVER stays never. */
struct mtime mtime_add(struct mtime, int64_t ms);
/* a - b in milliseconds, saturating. */
int64_t mtime_diff(struct mtime a, struct mtime b);
struct mtime mtime_min(struct mtime, struct mtime);
/* -1, 0 or 1. */
int mtime_cmp(struct mtime, struct mtime);
/* The wait from a to b for an event timer; zero if b has passed. */
struct timeval mtime_wait(struct mtime a, struct mtime b);

#define RFC3339_MAX 36 /* longest stamp, including the NUL */
/*
 * "2026-11-23T08:01:26.366249141Z" with nine fraction digits (the form
 * of kubernetes.io/config.seen), in UTC.
 */
void rfc3339_nano(char[static RFC3339_MAX], int64_t ns);
/* "2026-11-23T08:01:26Z", the form of metav1.Time. */
void rfc3339(char[static RFC3339_MAX], int64_t ns);

#endif
