/*
 * Whether anything is left undone with nobody to wake up for it.  It goes by
 * what the agent has seen, and by the manifest; not by the rules of the plan.
 */
#include <string.h>

#include "tests/sim/agent.h"

#define LIST_NOW_MS 200 /* a list that is taken for a reason */
#define PROBE_MS 500

static int
has_call(const struct world *w, const struct pod *p)
{
	const struct call *l;

	TAILQ_FOREACH (l, &w->calls, entry)
		if (!l->orphan && strcmp(l->uid, p->uid) == 0)
			return (1);
	return (0);
}

/* Something will happen: an answer, a list, or a time. */
static int
is_awake(const struct agent *a, const struct pod *p)
{
	struct action act[PLAN_MAX];
	struct mtime wake;

	if (has_call(a->w, p))
		return (1);
	if (p->seen.stale)
		return (a->list_at <= a->w->now + LIST_NOW_MS);
	/* What a probe has just found out is planned for with its next turn. */
	if (plan_pod(&p->want, &p->seen, &p->memo, agent_now(a), act, &wake) >
	    0)
		return (a->wake_at <= a->w->now + PROBE_MS);
	return (mtime_cmp(wake, MTIME_NEVER) < 0);
}

static int
is_namesake(const struct pod *p, const struct pod *o)
{
	return (o != p && strcmp(o->name, p->name) == 0);
}

/* It waits for another one of its name, which is at work. */
static int
waits_for_other(const struct agent *a, const struct pod *p)
{
	const struct pod *o;

	if (!p->want.blocked && !p->want.hold)
		return (0);
	TAILQ_FOREACH (o, &a->pods, entry)
		if (is_namesake(p, o) && is_awake(a, o))
			return (1);
	return (0);
}

/* Container i is as it shall be, or will tell when it is not any more. */
static int
container_rests(const struct pod *p, size_t i)
{
	const Tripod__Pod *pod = p->want.pod;
	const struct seen_container *c;

	c = container_newest(&p->seen, spec_container(pod, i)->name);
	if (c == NULL)
		return (0);
	if (c->state == SEEN_RUNNING)
		return (c->stop == STOP_NONE);
	return (c->state == SEEN_EXITED && spec_kind(pod, i) != SPEC_SIDECAR &&
	    spec_restart(pod, i, c->exit_code, c->exit_code != 0) ==
		SPEC_RESTART_NO);
}

/* An init container runs, or has not been found to have started. */
static int
init_runs(const struct pod *p)
{
	const Tripod__Pod *pod = p->want.pod;
	const struct seen_container *c;
	const struct health *h;
	size_t i;

	for (i = 0; i < pod->n_init_container; i++) {
		c = container_newest(&p->seen, spec_container(pod, i)->name);
		h = &p->memo.container[i].health;
		if (c != NULL && c->state == SEEN_RUNNING &&
		    (spec_kind(pod, i) == SPEC_INIT ||
			!health_started(spec_container(pod, i), h, c->id)))
			return (1);
	}
	return (0);
}

static int
wanted_rests(const struct agent *a, const struct pod *p)
{
	const Tripod__Pod *pod = p->want.pod;
	const struct seen_sandbox *s = sandbox_newest(&p->seen);
	size_t i;

	if (p->want.over != OVER_NOT)
		return (!pod_holds_network(&p->seen));
	if (s == NULL || !s->ready)
		return (!a->network && !pod->host_network);
	if (init_runs(p))
		return (1);
	for (i = pod->n_init_container; i < spec_count(pod); i++)
		if (!container_rests(p, i))
			return (0);
	return (1);
}

void
agent_check_awake(struct agent *a)
{
	const struct pod *p;

	if (!a->synced)
		return;
	TAILQ_FOREACH (p, &a->pods, entry) {
		if (is_awake(a, p) || waits_for_other(a, p))
			continue;
		if (!p->want.wanted || p->want.terminating ||
		    !wanted_rests(a, p))
			world_broken(
			    a->w, "%s: nothing happens any more", p->uid);
	}
}
