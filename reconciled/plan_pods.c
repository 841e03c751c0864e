/*
 * Between pods: who has to wait for whom, and what ends.
 */
#include <string.h>

#include "reconciled/plan_parts.h"

static int
is_namesake(const struct pod *a, const struct pod *b)
{
	return (a != b && strcmp(a->namespace_, b->namespace_) == 0 &&
	    strcmp(a->name, b->name) == 0);
}

static const struct pod *
wanted_namesake(const struct pods *pods, const struct pod *self)
{
	const struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		if (is_namesake(p, self) && p->want.wanted)
			return (p);
	return (NULL);
}

/* Whether another pod of that name still runs or holds its network. */
static int
has_predecessor(const struct pods *pods, const struct pod *self)
{
	const struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		if (is_namesake(p, self) &&
		    (pod_holds_network(&p->seen) || p->memo.sandbox_busy ||
			p->inflight > 0))
			return (1);
	return (0);
}

/* Whether one that is not wanted any more has to bridge the time. */
static int
must_hold(const struct pods *pods, const struct pod *p)
{
	const struct pod *next = wanted_namesake(pods, p);

	/* Anything but what runs would start beside the one that does. */
	return (pod_is_live(&p->seen) && next != NULL &&
	    next->want.over == OVER_NOT &&
	    !plan_images_ready(next->definition->pod, &next->memo));
}

/*
 * Whether so little is left of it that it can begin anew: of a policy that
 * does not always restart, dead containers would be its result.
 */
static int
has_ended(const struct pod *p)
{
	return (!pod_holds_network(&p->seen) &&
	    (pod_is_gone(&p->seen) ||
		(p->want.pod != NULL &&
		    p->want.pod->restart_policy ==
			TRIPOD__RESTART_POLICY__RESTART_ALWAYS)));
}

/* Whether what is there of it is of another definition with its uid. */
static int
is_outdated(const struct pod *p)
{
	const struct seen_sandbox *s = sandbox_newest(&p->seen);

	return (p->want.wanted && s != NULL && s->hash[0] != '\0' &&
	    strcmp(s->hash, p->hash) != 0 && !has_ended(p));
}

/* One that came back while it ended starts as if it were new. */
static void
resolve_return(struct pod *p)
{
	struct pod_want *w = &p->want;

	if (!w->terminating || !w->wanted || !has_ended(p))
		return;
	w->terminating = 0;
	w->over = OVER_NOT;
	w->returned = 1;
}

/* Another content of the same uid: it has its images before it ends. */
static void
resolve_outdated(struct pod *p)
{
	struct pod_want *w = &p->want;

	if (p->next != NULL) {
		w->terminating |= plan_images_ready(
		    p->next->definition->pod, &p->next->memo);
		return;
	}
	if (w->terminating || !is_outdated(p))
		return;
	if (pod_is_live(&p->seen) && !plan_images_ready(w->pod, &p->memo))
		w->blocked = 1; /* by itself */
	else
		w->terminating = 1;
}

static void
resolve_end(const struct pods *pods, struct pod *p, const struct plan_env *env)
{
	struct pod_want *w = &p->want;

	if (w->wanted) {
		w->blocked = has_predecessor(pods, p);
		w->replaces |= w->blocked;
		resolve_outdated(p);
		return;
	}
	if (w->terminating)
		return;
	/* Until a whole transfer has come nobody knows what is unwanted. */
	if (env->synced && !must_hold(pods, p)) {
		w->terminating = 1;
		return;
	}
	w->hold = 1;
	/* What goes on is kept; what does not might start beside another. */
	w->blocked = !pod_is_live(&p->seen);
}

static void
resolve_over(struct pod *p, const struct plan_env *env)
{
	struct pod_want *w = &p->want;

	if (w->pod == NULL || w->over != OVER_NOT || w->terminating ||
	    p->seen.stale || p->seen.unsure || is_outdated(p))
		return;
	w->over = look_over(w->pod, &p->seen);
	if (w->over == OVER_NOT && mtime_cmp(env->now, w->deadline) >= 0)
		w->over = OVER_DEADLINE;
}

static void
resolve_start(struct pod *p, const struct plan_env *env)
{
	struct pod_want *w = &p->want;

	w->network_ready = env->network_ready;
	w->pod = p->definition == NULL ? NULL : p->definition->pod;
	w->hold = w->blocked = w->returned = 0;
	if (w->pod != NULL)
		w->grace_seconds = w->pod->grace_seconds;
	resolve_return(p);
	resolve_over(p, env);
}

static void
resolve_since(struct pod_want *w, struct mtime now)
{
	if (!pod_is_ending(w))
		w->end_since = MTIME_ZERO;
	else if (mtime_cmp(w->end_since, MTIME_ZERO) == 0)
		w->end_since = now;
}

/* Whose end has come depends on what the others have come to. */
void
plan_resolve(struct pods *pods, const struct plan_env *env)
{
	struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		resolve_start(p, env);
	TAILQ_FOREACH (p, pods, entry) {
		resolve_end(pods, p, env);
		resolve_since(&p->want, env->now);
	}
}
