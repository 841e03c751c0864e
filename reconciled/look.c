#include "reconciled/look.h"

#include <string.h>

/* Of any of its containers, in its newest sandbox. */
static int
restarts_all(const Tripod__Pod *pod, const struct seen_container *c)
{
	size_t i = spec_find(pod, c->name);

	return (c->state == SEEN_EXITED && c->stop != STOP_END &&
	    i < spec_count(pod) &&
	    spec_restart(pod, i, c->exit_code, look_failed(pod, i, c)) ==
		SPEC_RESTART_ALL);
}

uint32_t
look_round(const Tripod__Pod *pod, const struct pod_seen *seen)
{
	const struct seen_sandbox *s = sandbox_newest(seen);
	const struct seen_container *c;
	uint32_t round = 0, its;

	TAILQ_FOREACH (c, &seen->containers, entry) {
		if (s == NULL || strcmp(c->sandbox_id, s->id) != 0)
			continue;
		/* In a dead sandbox nothing can begin anew. */
		its = c->round + (s->ready && restarts_all(pod, c) ? 1 : 0);
		if (its > round)
			round = its;
	}
	return (round);
}

int
look_is_current(
    const struct pod_seen *seen, uint32_t round, const struct seen_container *c)
{
	const struct seen_sandbox *s = sandbox_newest(seen);

	return (s != NULL && strcmp(c->sandbox_id, s->id) == 0 &&
	    c->round == round);
}

int
look_failed(const Tripod__Pod *pod, size_t i, const struct seen_container *c)
{
	/* Another process of it may have been the one that was killed. */
	return (c->exit_code != 0 ||
	    (spec_kind(pod, i) == SPEC_INIT &&
		strcmp(c->reason, "OOMKilled") == 0));
}

static int
exit_restarts(const Tripod__Pod *pod, size_t i, const struct seen_container *c)
{
	if (c->stop != STOP_NONE && c->stop != STOP_END &&
	    spec_restarts_killed(pod, i))
		return (1);
	return (spec_restart(pod, i, c->exit_code, look_failed(pod, i, c)) !=
	    SPEC_RESTART_NO);
}

static int
exited_is_due(const Tripod__Pod *pod, const struct pod_seen *seen, size_t i,
    uint32_t round)
{
	const struct seen_container *c;

	c = container_newest(seen, spec_container(pod, i)->name);
	switch (spec_kind(pod, i)) {
	case SPEC_SIDECAR:
		return (1);
	case SPEC_INIT:
		if (!look_is_current(seen, round, c))
			return (1);
		return (look_failed(pod, i, c) && exit_restarts(pod, i, c));
	case SPEC_REGULAR:
		break;
	}
	return (c->round < round || exit_restarts(pod, i, c));
}

int
look_is_due(const Tripod__Pod *pod, const struct pod_seen *seen, size_t i,
    uint32_t round)
{
	const struct seen_container *c;

	c = container_newest(seen, spec_container(pod, i)->name);
	if (c == NULL)
		return (1);
	if (c->state == SEEN_EXITED)
		return (exited_is_due(pod, seen, i, round));
	/* Created for a sandbox or round of the past: it can never start. */
	return (c->state == SEEN_CREATED && !c->busy &&
	    (!look_is_current(seen, round, c) || !sandbox_newest(seen)->ready));
}

int
look_is_passed(const Tripod__Pod *pod, const struct pod_seen *seen, size_t i,
    uint32_t round)
{
	const struct seen_container *c;
	size_t j;

	for (j = i + 1; j < spec_count(pod); j++) {
		c = container_newest(seen, spec_container(pod, j)->name);
		if (c != NULL && look_is_current(seen, round, c))
			return (1);
	}
	return (0);
}

int
look_is_through(const Tripod__Pod *pod, const struct pod_seen *seen,
    const struct pod_memo *memo, size_t i)
{
	const Tripod__Container *spec = spec_container(pod, i);
	const struct seen_container *c = container_newest(seen, spec->name);

	if (c == NULL || !look_is_current(seen, look_round(pod, seen), c))
		return (0);
	if (spec_kind(pod, i) == SPEC_INIT)
		return (c->state == SEEN_EXITED && !look_failed(pod, i, c));
	return (c->state == SEEN_RUNNING && c->stop == STOP_NONE &&
	    health_started(spec, &memo->container[i].health, c->id));
}

/* One that has failed in this sandbox and round, and is not tried again. */
static int
init_is_dead(
    const Tripod__Pod *pod, const struct pod_seen *seen, uint32_t round)
{
	const struct seen_container *c;
	size_t i;

	for (i = 0; i < pod->n_init_container; i++) {
		if (spec_kind(pod, i) == SPEC_SIDECAR)
			continue;
		c = container_newest(seen, spec_container(pod, i)->name);
		if (c != NULL && c->state == SEEN_EXITED &&
		    look_is_current(seen, round, c) && look_failed(pod, i, c) &&
		    !exit_restarts(pod, i, c))
			return (1);
	}
	return (0);
}

/* Such a pod gets no second sandbox once something was created in one. */
static int
has_run_once(const Tripod__Pod *pod, const struct pod_seen *seen)
{
	const struct seen_sandbox *s = sandbox_newest(seen);

	return (pod->restart_policy == TRIPOD__RESTART_POLICY__RESTART_NEVER &&
	    s != NULL && !s->ready && !TAILQ_EMPTY(&seen->containers));
}

enum pod_over
look_over(const Tripod__Pod *pod, const struct pod_seen *seen)
{
	uint32_t round = look_round(pod, seen);
	const struct seen_container *c;
	size_t i;

	if (init_is_dead(pod, seen, round))
		return (OVER_INIT);
	if (has_run_once(pod, seen))
		return (OVER_COMPLETED);
	for (i = pod->n_init_container; i < spec_count(pod); i++) {
		c = container_newest(seen, spec_container(pod, i)->name);
		if (c == NULL || c->state != SEEN_EXITED ||
		    look_is_due(pod, seen, i, round))
			return (OVER_NOT);
	}
	return (OVER_COMPLETED);
}
