#include "reconciled/down.h"

#include "reconciled/order.h"
#include "reconciled/plan.h"

/* What a stop takes beyond its grace period, before the next group begins. */
#define SLACK_MS (STOP_SECONDS_LEFT * 1000)

void
down_begin(struct down *d, struct mtime now, int64_t total_ms)
{
	d->on = 1;
	d->until = mtime_add(now, total_ms);
	d->next = now;
}

static int
is_live(const struct pod *p)
{
	return (pod_is_live(&p->seen) || p->memo.sandbox_busy);
}

/* Those that only the runtime knows end anyway: they come first. */
static int
outranks(const struct pod *a, const struct pod *b)
{
	if (a->definition == NULL || b->definition == NULL)
		return (a->definition != NULL && b->definition == NULL);
	return (order_outranks(a, b));
}

static int
waits(const struct pod *p)
{
	return (p->want.down == DOWN_WAITS && is_live(p));
}

/* The least important pod that still waits; above: more so than that one. */
static struct pod *
least(const struct pods *pods, const struct pod *above)
{
	struct pod *p, *found = NULL;

	TAILQ_FOREACH (p, pods, entry)
		if (waits(p) && (above == NULL || outranks(p, above)) &&
		    (found == NULL || outranks(found, p)))
			found = p;
	return (found);
}

/* Those of the first pod's rank, and all above it. */
static int64_t
count_groups(const struct pods *pods, const struct pod *first)
{
	const struct pod *p;
	int64_t n = 1;

	for (p = least(pods, first); p != NULL; p = least(pods, p))
		n++;
	return (n);
}

/* Seconds since its end began for another reason. */
static int64_t
elapsed(const struct pod *p, struct mtime now)
{
	struct mtime since = p->want.end_since;

	return (mtime_cmp(since, MTIME_ZERO) == 0
		? 0
		: mtime_diff(now, since) / 1000);
}

/* The next group ends; so do those that were not running. */
static void
begin_group(struct down *d, struct pods *pods, struct mtime now)
{
	struct pod *first = least(pods, NULL), *p;
	int64_t share = mtime_diff(d->until, now);

	if (first == NULL)
		return;
	share = share > 0 ? share / count_groups(pods, first) : 0;
	d->next = mtime_add(now, share > SLACK_MS ? share : SLACK_MS);
	TAILQ_FOREACH (p, pods, entry) {
		if (!waits(p) || (p != first && outranks(p, first)))
			continue;
		p->want.down = DOWN_ENDS;
		/* With room for the signal that nobody can ignore. */
		p->want.down_seconds = elapsed(p, now) +
		    (share > SLACK_MS ? (share - SLACK_MS) / 1000 : 0);
	}
}

static int
is_ending(const struct pods *pods)
{
	const struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		if (p->want.down == DOWN_ENDS && is_live(p))
			return (1);
	return (0);
}

static void
limit(struct pod *p, struct mtime now)
{
	struct pod_want *w = &p->want;

	if (w->down != DOWN_ENDS)
		return;
	if (w->grace_seconds > w->down_seconds)
		w->grace_seconds = w->down_seconds;
	if (mtime_cmp(w->end_since, MTIME_ZERO) == 0)
		w->end_since = now;
}

int
down_resolve(
    struct down *d, struct pods *pods, struct mtime now, struct mtime *wake)
{
	struct pod *p;
	int ending;

	TAILQ_FOREACH (p, pods, entry)
		if (p->want.down == DOWN_NOT)
			p->want.down = DOWN_WAITS;
	ending = is_ending(pods);
	if (!ending || mtime_cmp(now, d->next) >= 0) {
		begin_group(d, pods, now);
		ending = is_ending(pods);
	}
	TAILQ_FOREACH (p, pods, entry)
		limit(p, now);
	if (!ending)
		return (1);
	if (least(pods, NULL) != NULL)
		*wake = mtime_min(*wake, d->next);
	else if (mtime_cmp(now, mtime_add(d->until, SLACK_MS)) >= 0)
		return (1);
	else
		*wake = mtime_min(*wake, mtime_add(d->until, SLACK_MS));
	return (0);
}
