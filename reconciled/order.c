#include "reconciled/order.h"

#include <stdlib.h>
#include <string.h>

/* Ways to a sandbox: for the first time, and in the place of another. */
#define LANES 2

/* The more important, the higher. */
static int
class_of(const struct pod *p)
{
	const char *name = p->definition->pod->priority_class;

	if (strcmp(name, "system-node-critical") == 0)
		return (2);
	return (strcmp(name, "system-cluster-critical") == 0);
}

int
order_outranks(const struct pod *a, const struct pod *b)
{
	if (class_of(a) != class_of(b))
		return (class_of(a) > class_of(b));
	return (a->definition->pod->priority > b->definition->pod->priority);
}

int
order_compare(const struct pod *a, const struct pod *b)
{
	int c;

	if (order_outranks(a, b))
		return (-1);
	if (order_outranks(b, a))
		return (1);
	c = strcmp(a->namespace_, b->namespace_);
	return (c != 0 ? c : strcmp(a->name, b->name));
}

static int
compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (order_compare(x->pod, y->pod));
}

static size_t
lane_of(const struct pod *p)
{
	return (p->want.replaces ? 1 : 0);
}

/* Starts that count; wake becomes the time when the first stops to. */
static void
count_busy(const struct pods *pods, struct mtime now, size_t busy[LANES],
    struct mtime *wake)
{
	const struct pod *p;
	struct mtime slow;

	TAILQ_FOREACH (p, pods, entry) {
		slow = mtime_add(p->memo.sandbox_since, ORDER_SLOW_MS);
		if (!p->memo.sandbox_busy || mtime_cmp(slow, now) <= 0)
			continue;
		busy[lane_of(p)]++;
		*wake = mtime_min(*wake, slow);
	}
}

static int
has_dead_sandbox(const struct pod_seen *seen)
{
	const struct seen_sandbox *s;

	TAILQ_FOREACH (s, &seen->sandboxes, entry)
		if (!s->stopped && s->retry.fails == 0)
			return (1);
	return (0);
}

/* Will be a candidate when what is left of the last boot is out of its way. */
static int
is_coming(const struct pod *p)
{
	return (p->definition != NULL && p->want.wanted &&
	    !pod_is_ending(&p->want) && !pod_is_live(&p->seen) &&
	    (p->seen.unsure || p->seen.stale || has_dead_sandbox(&p->seen)));
}

/* The most important one of those; NULL: there is none. */
static const struct pod *
first_coming(
    const struct pods *pods, const struct order_env *env, struct mtime *wake)
{
	const struct pod *p, *first = NULL;

	if (mtime_cmp(env->now, env->settled) >= 0)
		return (NULL);
	TAILQ_FOREACH (p, pods, entry)
		if (is_coming(p) && (first == NULL || order_outranks(p, first)))
			first = p;
	if (first != NULL)
		*wake = mtime_min(*wake, env->settled);
	return (first);
}

size_t
order_starts(const struct pods *pods, struct candidate *c, size_t n,
    const struct order_env *env, struct mtime *wake)
{
	const struct pod *first;
	size_t busy[LANES] = { 0, 0 }, i, chosen = 0;
	struct mtime free_at = MTIME_NEVER;
	struct candidate next;

	if (n == 0)
		return (0);
	qsort(c, n, sizeof(*c), compare);
	count_busy(pods, env->now, busy, &free_at);
	first = first_coming(pods, env, &free_at);
	for (i = 0; i < n; i++) {
		if (busy[lane_of(c[i].pod)] >= env->places ||
		    (first != NULL && order_outranks(first, c[i].pod)))
			continue;
		busy[lane_of(c[i].pod)]++;
		/* To the front; what it passes stays in order. */
		next = c[i];
		memmove(&c[chosen + 1], &c[chosen], (i - chosen) * sizeof(*c));
		c[chosen++] = next;
	}
	if (chosen < n)
		*wake = mtime_min(*wake, free_at);
	return (chosen);
}
