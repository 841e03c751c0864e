#include "reconciled/backoff.h"

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000
#define QUESTION_MIN_MS 200
#define CRASH_MIN_MS 10000
#define CRASH_FORGET_MS 600000

static int64_t
doubled(int64_t ms, unsigned int times, int64_t max)
{
	while (times-- > 0 && ms < max)
		ms *= 2;
	return (ms < max ? ms : max);
}

void
retry_fail(struct retry *r, struct mtime now, uint8_t jitter)
{
	int64_t ms = doubled(RETRY_MIN_MS, r->fails, RETRY_MAX_MS);

	r->fails++;
	r->not_before = mtime_add(now, ms + ms * jitter / 256 / 4);
}

void
retry_fail_pull(struct retry *r, struct mtime now)
{
	if (mtime_diff(now, r->not_before) > CRASH_FORGET_MS)
		r->fails = 0;
	r->not_before = mtime_add(
	    now, doubled(CRASH_MIN_MS, r->fails, BACKOFF_MAX_MS));
	r->fails++;
}

void
retry_fail_question(struct retry *r, struct mtime now)
{
	r->not_before = mtime_add(
	    now, doubled(QUESTION_MIN_MS, r->fails, RETRY_MAX_MS));
	r->fails++;
}

void
retry_clear(struct retry *r)
{
	r->fails = 0;
	r->not_before = MTIME_ZERO;
}

int
retry_waits(const struct retry *r, struct mtime now)
{
	return (r->fails > 0 && mtime_cmp(now, r->not_before) < 0);
}

/* Whether the entry still counts for a container that ended then. */
static int
backoff_holds(const struct backoff *b, struct mtime finished)
{
	return (b->delay_ms != 0 &&
	    mtime_diff(finished, b->last) <= CRASH_FORGET_MS);
}

struct mtime
backoff_until(const struct backoff *b, struct mtime finished)
{
	if (!backoff_holds(b, finished))
		return (MTIME_ZERO);
	return (mtime_add(finished, b->delay_ms));
}

struct backoff
backoff_next(const struct backoff *b, struct mtime finished, struct mtime now)
{
	struct backoff next = { CRASH_MIN_MS, now };

	if (backoff_holds(b, finished))
		next.delay_ms = doubled(b->delay_ms, 1, BACKOFF_MAX_MS);
	return (next);
}
