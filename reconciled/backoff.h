/*
 * How long to wait before something is tried again.  Pure: time comes in.
 */
#ifndef BACKOFF_H
#define BACKOFF_H

#include "common/mtime.h"

/* When something that failed may be tried again. */
struct retry {
	unsigned int fails;
	struct mtime not_before;
};

/* Counts a failure: 1 s doubling to 60 s, up to jitter/256/4 of it more. */
void retry_fail(struct retry *, struct mtime now, uint8_t jitter);
/*
 * The same for a pull: 10 s doubling to 300 s, forgotten 600 s after the
 * last one; no jitter (runtime.md 4.12).
 */
void retry_fail_pull(struct retry *, struct mtime now);
/*
 * The same for a question that lists bring up again: 200 ms doubling to
 * 60 s; no jitter, lists are for all objects.
 */
void retry_fail_question(struct retry *, struct mtime now);
void retry_clear(struct retry *);
int retry_waits(const struct retry *, struct mtime now);

/*
 * The kubelet's crash-loop back-off: 10 s doubling to 5 min, forgotten
 * ten minutes after the last start (runtime.md 5.6).
 */
#define BACKOFF_MAX_MS 300000

struct backoff {
	int64_t delay_ms; /* 0: never started again */
	struct mtime last;
};

/* End of the wait after an exit; MTIME_ZERO when there is none. */
struct mtime backoff_until(const struct backoff *, struct mtime finished);
/* What it becomes by a start after that exit. */
struct backoff backoff_next(
    const struct backoff *, struct mtime finished, struct mtime now);

#endif
