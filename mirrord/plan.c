#include "mirrord/plan.h"

#include <stdlib.h>
#include <string.h>

#define STATE(s) TRIPOD__MIRROR_ITEM__STATE__##s

static int
same_text(const char *a, const char *b)
{
	return (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
decide(struct plan *p, enum plan_kind kind, const char *why)
{
	p->kind = kind;
	p->why = why;
}

static void
verdict(struct plan *p, Tripod__MirrorItem__State state, const char *reason)
{
	p->state = state;
	(void)snprintf(p->reason, sizeof(p->reason), "%s", reason);
}

/* The last failure, as an operator will read it. */
static void
verdict_failure(struct plan *p, const struct memo *m)
{
	char text[sizeof(p->reason)];

	api_result_text(&m->last, text, sizeof(text));
	if (m->foreign)
		verdict(p, STATE(CONFLICT),
		    "a pod of this name is bound to another node");
	else if (m->last.class == API_FORBIDDEN || m->last.class == API_INVALID)
		verdict(p, STATE(REFUSED), text);
	else
		verdict(p, STATE(PENDING), text);
}

/* Publishing is due; also when others edit a status, but not in a loop. */
static int
status_due(const struct plan_env *env, const struct want_item *it,
    const struct seen_pod *seen, const struct memo *m, struct mtime *wake)
{
	struct mtime next;

	if (!status_differs(it->status, seen->status))
		return (0);
	if (!same_text(m->patched_uid, seen->uid) ||
	    !json_equal(m->patched, it->status))
		return (1);
	next = mtime_add(m->patched_at, PLAN_STATUS_REPAIR_MS);
	if (mtime_cmp(next, env->now) <= 0)
		return (1);
	*wake = mtime_min(*wake, next);
	return (0);
}

static void
plan_status(const struct plan_env *env, const struct want_item *it,
    const struct seen_pod *seen, const struct memo *m, struct plan *p)
{
	if (m->refused != NULL && json_equal(m->refused, it->status)) {
		(void)snprintf(p->reason, sizeof(p->reason),
		    "the server refuses the status");
		return;
	}
	if (!status_due(env, it, seen, m, &p->wake))
		return;
	decide(p, PLAN_STATUS, "status differs");
	p->item = it;
}

/* Rule 4. */
static void
plan_ordinary(const struct plan_pod *pod, struct plan *p)
{
	if (pod->seen->deleting)
		decide(p, PLAN_DELETE, "no kubelet will finish this pod");
	if (pod->current != NULL)
		verdict(p, STATE(CONFLICT), "an ordinary pod has this name");
}

/* Rule 5.  True when the last status has to go out first. */
static int
plan_ended(const struct plan_pod *pod, struct plan *p)
{
	const struct want_item *it = pod->ending;

	if (pod->seen != NULL && same_text(pod->seen->hash, it->hash) &&
	    !it->flushed &&
	    (pod->current == NULL ||
		!same_text(pod->current->hash, it->hash)) &&
	    status_differs(it->status, pod->seen->status)) {
		decide(p, PLAN_STATUS, "last status");
		p->item = it;
		return (1);
	}
	p->forget = 1;
	return (0);
}

/* Rule 6. */
static void
plan_ending(const struct plan_env *env, const struct plan_pod *pod,
    const struct memo *m, struct plan *p)
{
	verdict(p, pod->seen != NULL ? STATE(PRESENT) : STATE(NONE),
	    "its containers are ending");
	if (pod->seen != NULL && same_text(pod->seen->hash, pod->ending->hash))
		plan_status(env, pod->ending, pod->seen, m, p);
}

/* Why a mirror cannot stay; NULL if it can.  Rule 8 without drift. */
static const char *
outdated(const struct plan_env *env, const struct plan_pod *pod)
{
	if (pod->seen->deleting)
		return ("it is being deleted");
	if (!same_text(pod->seen->hash, pod->current->hash))
		return ("the manifest has changed");
	if (env->node != NULL && pod->seen->owner != NULL &&
	    !same_text(pod->seen->owner, env->node->uid))
		return ("the Node object is another one");
	if (status_forbidden(
		pod->current->status, pod->seen->status, pod->current->restart))
		return ("it was started afresh");
	return (NULL);
}

/* Rule 8, edits.  True when the mirror has to go. */
static int
plan_drift(const struct plan_env *env, const struct plan_pod *pod,
    const struct memo *m, struct plan *p)
{
	const char *what;

	if (env->drift == DRIFT_IGNORE)
		return (0);
	what = drift_find(
	    pod->current, pod->seen, m, env->drift == DRIFT_STRICT);
	if (what == NULL)
		return (0);
	(void)snprintf(p->reason, sizeof(p->reason), "edited: %s", what);
	if (env->drift == DRIFT_REPORT)
		return (0);
	if (mtime_cmp(m->hold, env->now) > 0) {
		(void)snprintf(p->reason, sizeof(p->reason),
		    "edited again and again: %s", what);
		p->wake = mtime_min(p->wake, m->hold);
		return (0);
	}
	decide(p, PLAN_DELETE, what);
	p->drift = 1;
	return (1);
}

/* Rules 8 and 10. */
static void
plan_mirror(const struct plan_env *env, const struct plan_pod *pod,
    const struct memo *m, struct plan *p)
{
	const char *why = outdated(env, pod);

	if (why != NULL) {
		decide(p, PLAN_DELETE, why);
		verdict(p, STATE(PENDING), why);
		return;
	}
	verdict(p, STATE(PRESENT), "");
	if (!plan_drift(env, pod, m, p))
		plan_status(env, pod->current, pod->seen, m, p);
}

/* Rule 9. */
static void
plan_missing(
    const struct plan_env *env, const struct plan_pod *pod, struct plan *p)
{
	if (pod->current->object == NULL)
		verdict(p, STATE(REFUSED), pod->current->problem.text);
	else if (env->node == NULL || env->node->deleting)
		verdict(p, STATE(PENDING), "waiting for the Node object");
	else {
		decide(p, PLAN_CREATE, "no mirror");
		p->item = pod->current;
		verdict(p, STATE(PENDING), "being created");
	}
}

/* Rules 4 to 10. */
static void
plan_names(const struct plan_env *env, const struct plan_pod *pod,
    const struct memo *m, struct plan *p)
{
	if (pod->seen != NULL && pod->seen->hash == NULL) {
		plan_ordinary(pod, p);
		return;
	}
	if (pod->ending != NULL) {
		if (!pod->ending->gone) {
			plan_ending(env, pod, m, p);
			return;
		}
		if (plan_ended(pod, p))
			return;
	}
	if (pod->current == NULL) {
		if (pod->seen != NULL)
			decide(p, PLAN_DELETE, "no manifest wants it");
	} else if (pod->seen != NULL)
		plan_mirror(env, pod, m, p);
	else
		plan_missing(env, pod, p);
}

void
plan_pod(const struct plan_env *env, const struct plan_pod *pod,
    const struct memo *m, struct plan *p)
{
	memset(p, 0, sizeof(*p));
	p->kind = PLAN_NONE;
	p->why = "";
	p->wake = MTIME_NEVER;
	p->known = 1;
	verdict(p, STATE(NONE), "");
	if (!env->want_complete || !env->seen_complete) {
		verdict(p, STATE(NONE), "waiting for the API server");
		return;
	}
	if (m->busy != PLAN_NONE) {
		p->known = 0;
		return;
	}
	if (mtime_cmp(m->retry, env->now) > 0) {
		verdict_failure(p, m);
		p->wake = m->retry;
		return;
	}
	if (m->unsure) {
		decide(p, PLAN_GET, "unsure what the server has");
		verdict(p, STATE(PENDING), p->why);
		return;
	}
	plan_names(env, pod, m, p);
}
