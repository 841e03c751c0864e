#include <string.h>

#include "reconciled/plan_parts.h"

/* Stopped like one that must be back soon: without hook and grace. */
static int
is_hasty(enum stop_cause cause)
{
	return (cause == STOP_RESTART_ALL);
}

static const Tripod__Container *
spec_of(const struct planner *p, const char *name, size_t *i)
{
	const Tripod__Pod *pod = p->want->pod;

	if (pod == NULL || (*i = spec_find(pod, name)) == spec_count(pod))
		return (NULL);
	return (spec_container(pod, *i));
}

static int64_t
grace_of(const struct planner *p, const struct seen_container *c,
    enum stop_cause cause)
{
	const Tripod__Container *spec;
	const Tripod__Probe *probe;
	const char *why;
	size_t i;

	if (is_hasty(cause))
		return (0);
	if (cause == STOP_UNHEALTHY &&
	    (spec = spec_of(p, c->name, &i)) != NULL &&
	    (probe = health_failed(
		 spec, &p->memo->container[i].health, c->id, &why)) != NULL &&
	    probe->grace_seconds > 0)
		return (probe->grace_seconds);
	return (p->want->grace_seconds);
}

/* When the grace period of an instance began. */
static struct mtime
stop_began(const struct planner *p, const struct seen_container *c)
{
	if (pod_is_ending(p->want))
		return (p->want->end_since);
	return (c->stop != STOP_NONE ? c->stop_at : p->now);
}

/* A process of it runs, or will as soon as its start is through. */
static int
is_live(const struct planner *p, size_t i)
{
	const char *name = spec_container(p->want->pod, i)->name;
	const struct seen_container *c;

	TAILQ_FOREACH (c, &p->seen->containers, entry)
		if (strcmp(c->name, name) == 0 &&
		    (container_may_run(c) || container_is_starting(c)))
			return (1);
	return (0);
}

/* Whether a sidecar must go on for the sake of others (rule 3). */
static int
is_needed(const struct planner *p, const struct seen_container *c)
{
	const Tripod__Pod *pod = p->want->pod;
	size_t i, j;

	if (spec_of(p, c->name, &i) == NULL ||
	    spec_kind(pod, i) != SPEC_SIDECAR)
		return (0);
	for (j = i + 1; j < spec_count(pod); j++)
		if (spec_kind(pod, j) != SPEC_INIT && is_live(p, j))
			return (1);
	return (0);
}

/*
 * Whether what is under way to stop it has more time than is left now: the
 * runtime takes the shorter one of two.  Both are of whole seconds.
 */
static int
is_cut_short(const struct planner *p, const struct seen_container *c,
    int64_t left_seconds)
{
	return (c->stop != STOP_NONE &&
	    mtime_diff(c->stop_until, p->now) > (left_seconds + 1) * 1000);
}

/* The preStop hook; true until it is through, or its time is up. */
static int
plan_pre_stop(struct planner *p, const struct seen_container *c,
    const struct action *stop)
{
	const Tripod__Container *spec;
	struct action hook = *stop;

	if (c->pre_stop == HOOK_RUNNING) {
		if (!is_cut_short(p, c, stop->grace_seconds))
			return (1);
		if (stop->grace_seconds <= 0)
			return (0);
		*p->wake = mtime_min(
		    *p->wake, mtime_add(p->now, stop->grace_seconds * 1000));
		return (1);
	}
	spec = spec_of(p, c->name, &hook.index);
	if (spec == NULL || spec->pre_stop == NULL ||
	    c->pre_stop != HOOK_NONE || c->state != SEEN_RUNNING ||
	    stop->grace_seconds <= 0)
		return (0);
	hook.kind = ACT_PRE_STOP;
	plan_add(p, hook);
	return (1);
}

/* Rule 3. */
void
plan_stop(
    struct planner *p, const struct seen_container *c, enum stop_cause cause)
{
	struct mtime began = stop_began(p, c);
	int64_t grace = grace_of(p, c, cause), least;
	int ordered = cause == STOP_END || cause == STOP_SANDBOX;
	struct action stop = { .kind = ACT_STOP,
		.id = c->id,
		.cause = cause,
		.grace_seconds = grace - mtime_diff(p->now, began) / 1000,
		.reason = stop_cause_str(cause) };

	if (plan_waits(p, &c->retry) ||
	    (c->busy == 0 && plan_pre_stop(p, c, &stop)))
		return;
	if (ordered && stop.grace_seconds > 0 && is_needed(p, c)) {
		*p->wake = mtime_min(*p->wake, mtime_add(began, grace * 1000));
		return;
	}
	least = is_hasty(cause) || stop.grace_seconds < grace ||
		c->pre_stop != HOOK_NONE
	    ? STOP_SECONDS_LEFT
	    : STOP_SECONDS_MIN;
	if (stop.grace_seconds < least)
		stop.grace_seconds = least;
	if (c->busy == 0 || is_cut_short(p, c, stop.grace_seconds))
		plan_add(p, stop);
}

int
plan_stop_containers(struct planner *p, enum stop_cause cause)
{
	struct seen_container *c;

	TAILQ_FOREACH (c, &p->seen->containers, entry)
		if (container_may_run(c))
			plan_stop(p, c, cause);
	return (pod_will_run(p->seen));
}

static void
plan_stop_sandbox(
    struct planner *p, const struct seen_sandbox *s, const char *reason)
{
	if (!s->busy && !plan_waits(p, &s->retry))
		plan_add(p,
		    (struct action){ .kind = ACT_STOP_SANDBOX,
			.id = s->id,
			.reason = reason });
}

/* Dead ones, too: their networks are not released by their death. */
int
plan_stop_sandboxes(struct planner *p, const char *reason)
{
	struct seen_sandbox *s;
	int left = 0;

	TAILQ_FOREACH (s, &p->seen->sandboxes, entry) {
		if (!s->ready && s->stopped)
			continue;
		left = 1;
		plan_stop_sandbox(p, s, reason);
	}
	return (left);
}

void
plan_remove_sandbox(struct planner *p, const struct seen_sandbox *s)
{
	if (!s->busy && !plan_waits(p, &s->retry))
		plan_add(p,
		    (struct action){ .kind = ACT_REMOVE_SANDBOX,
			.id = s->id,
			.reason = "no longer needed" });
}

void
plan_remove(struct planner *p, const struct seen_container *c)
{
	if (!c->busy && !plan_waits(p, &c->retry))
		plan_add(p,
		    (struct action){ .kind = ACT_REMOVE,
			.id = c->id,
			.reason = "no longer needed" });
}

/*
 * A pod of another policy would take its dead containers for its result
 * when it comes back; it starts from nothing.
 */
static int
comes_back(const struct pod_want *w)
{
	return (w->wanted && w->pod != NULL &&
	    w->pod->restart_policy == TRIPOD__RESTART_POLICY__RESTART_ALWAYS);
}

void
plan_end(struct planner *p)
{
	const char *reason = "not wanted any more";
	struct seen_container *c;
	struct seen_sandbox *s;

	if (plan_stop_containers(p, STOP_END) || plan_stop_sandboxes(p, reason))
		return;
	if (comes_back(p->want))
		return; /* the dead ones count its restarts */
	TAILQ_FOREACH (c, &p->seen->containers, entry)
		plan_remove(p, c);
	if (!TAILQ_EMPTY(&p->seen->containers))
		return;
	TAILQ_FOREACH (s, &p->seen->sandboxes, entry)
		plan_remove_sandbox(p, s);
	if (pod_is_gone(p->seen) && !p->memo->sandbox_busy &&
	    !p->memo->cleaned && !plan_waits(p, &p->memo->clean))
		plan_add(p,
		    (struct action){
			.kind = ACT_CLEAN, .reason = "the pod is gone" });
}

void
plan_over(struct planner *p)
{
	if (!plan_stop_containers(p, STOP_END))
		(void)plan_stop_sandboxes(p, "all has ended");
	plan_prune(p);
}

/* Whether the manifest asks for this instance, in this sandbox. */
static int
is_proper(const struct planner *p, const struct seen_container *c)
{
	const struct seen_sandbox *s = sandbox_newest(p->seen);
	size_t i;

	return (c->state != SEEN_UNKNOWN &&
	    c == container_newest(p->seen, c->name) && s != NULL &&
	    strcmp(c->sandbox_id, s->id) == 0 &&
	    spec_of(p, c->name, &i) != NULL);
}

static int
is_unhealthy(const struct planner *p, const struct seen_container *c)
{
	const Tripod__Container *spec;
	const char *why;
	size_t i;

	return ((spec = spec_of(p, c->name, &i)) != NULL &&
	    health_failed(spec, &p->memo->container[i].health, c->id, &why) !=
		NULL);
}

void
plan_stop_wrong(struct planner *p)
{
	struct seen_container *c;
	struct seen_sandbox *s;

	TAILQ_FOREACH (s, &p->seen->sandboxes, entry)
		if (s != sandbox_newest(p->seen) && !s->stopped)
			plan_stop_sandbox(p, s, "dead");

	TAILQ_FOREACH (c, &p->seen->containers, entry) {
		if (!container_may_run(c) || c->round < p->round)
			continue; /* rule 8 has those of the past */
		if (!is_proper(p, c))
			plan_stop(p, c, STOP_SURPLUS);
		else if (c->post_start == HOOK_FAILED)
			plan_stop(p, c, STOP_POST_START);
		else if (c->stop != STOP_NONE)
			plan_stop(p, c, c->stop); /* begun is finished */
		else if (is_unhealthy(p, c))
			plan_stop(p, c, STOP_UNHEALTHY);
		else if (c->restart)
			plan_stop(p, c, STOP_ASKED);
	}
}

int
plan_restart_all(struct planner *p)
{
	struct seen_container *c;
	int running = 0;

	TAILQ_FOREACH (c, &p->seen->containers, entry) {
		if (c->round >= p->round || c->state == SEEN_EXITED)
			continue;
		running = 1;
		/* A start that nobody knows of may still be under way. */
		if (c->state == SEEN_CREATED)
			plan_remove(p, c);
		else
			plan_stop(p, c, STOP_RESTART_ALL);
	}
	return (running);
}

static int
sandbox_is_used(const struct pod_seen *seen, const struct seen_sandbox *s)
{
	const struct seen_container *c;

	TAILQ_FOREACH (c, &seen->containers, entry)
		if (strcmp(c->sandbox_id, s->id) == 0)
			return (1);
	return (0);
}

void
plan_prune(struct planner *p)
{
	struct seen_container *c, *newest;
	struct seen_sandbox *s;
	size_t i;

	TAILQ_FOREACH (c, &p->seen->containers, entry) {
		newest = container_newest(p->seen, c->name);
		if (container_may_run(c))
			continue;
		if (spec_of(p, c->name, &i) == NULL) {
			plan_remove(p, c); /* of another definition */
			continue;
		}
		if (c == newest)
			continue;
		if (c == container_previous(p->seen, c->name) &&
		    c->state == SEEN_EXITED && newest->state != SEEN_EXITED)
			continue; /* its lastState */
		plan_remove(p, c);
	}
	TAILQ_FOREACH (s, &p->seen->sandboxes, entry)
		if (s != sandbox_newest(p->seen) && !s->ready && s->stopped &&
		    !sandbox_is_used(p->seen, s))
			plan_remove_sandbox(p, s);
}
