#include "reconciled/detail.h"

#include <string.h>

#include "reconciled/look.h"
#include "reconciled/message.h"

/* Wall clock of a monotonic time; 0: never. */
static int64_t
wall_of(const struct detail_env *env, struct mtime t)
{
	if (mtime_cmp(t, MTIME_NEVER) == 0)
		return (0);
	return (env->now_ns + mtime_diff(t, env->why.now) * 1000000);
}

static Tripod__ProbeDetail *
probe_detail(struct arena *a, const struct health *h, enum probe_kind kind)
{
	Tripod__ProbeDetail *d;

	d = message_new(a, &tripod__probe_detail__descriptor);
	d->kind = must_strdup(a, probe_kind_str(kind));
	d->known = h->verdict[kind] != VERDICT_NONE;
	d->good = h->verdict[kind] == VERDICT_GOOD;
	d->tried_ns = h->last[kind].ns;
	if (h->last[kind].message != NULL)
		d->message = must_strdup(a, h->last[kind].message);
	return (d);
}

static void
add_probes(
    struct arena *a, Tripod__ContainerDetail *d, const struct pod *p, size_t i)
{
	const struct health *h = &p->memo.container[i].health;
	enum probe_kind kind;

	d->probe = must_alloc(a, PROBE_KINDS, sizeof(d->probe[0]));
	for (kind = 0; kind < PROBE_KINDS; kind++)
		if (probe_of(spec_container(p->definition->pod, i), kind) !=
		    NULL)
			d->probe[d->n_probe++] = probe_detail(a, h, kind);
}

static Tripod__ContainerDetail__Kind
kind_of(const Tripod__Pod *pod, size_t i)
{
	switch (spec_kind(pod, i)) {
	case SPEC_INIT:
		return (TRIPOD__CONTAINER_DETAIL__KIND__INIT);
	case SPEC_SIDECAR:
		return (TRIPOD__CONTAINER_DETAIL__KIND__SIDECAR);
	case SPEC_REGULAR:
		break;
	}
	return (TRIPOD__CONTAINER_DETAIL__KIND__REGULAR);
}

static int
is_over(const struct pod *p, size_t i)
{
	const Tripod__Pod *pod = p->definition->pod;
	const struct seen_container *c;

	c = container_newest(&p->seen, spec_container(pod, i)->name);
	if (c == NULL || c->state != SEEN_EXITED)
		return (0);
	return (pod_is_ending(&p->want) || !p->want.wanted ||
	    !look_is_due(pod, &p->seen, i, look_round(pod, &p->seen)));
}

static Tripod__ContainerDetail *
container_detail(struct arena *a, const struct detail_env *env,
    const struct pod *p, size_t i)
{
	Tripod__ContainerDetail *d;
	struct why w;

	d = message_new(a, &tripod__container_detail__descriptor);
	d->name = spec_container(p->definition->pod, i)->name;
	d->kind = kind_of(p->definition->pod, i);
	w = why_container(a, &env->why, p, i);
	d->waits = must_strdup(a, w.text);
	d->until_ns = wall_of(env, w.until);
	d->over = is_over(p, i);
	add_probes(a, d, p, i);
	return (d);
}

Tripod__PodDetail *
detail_build(struct arena *a, const struct detail_env *env, const struct pod *p)
{
	Tripod__PodDetail *d = message_new(a, &tripod__pod_detail__descriptor);
	struct why w = why_pod(a, &env->why, p);
	size_t i, n;

	d->waits = must_strdup(a, w.text);
	d->until_ns = wall_of(env, w.until);
	n = p->definition == NULL ? 0 : spec_count(p->definition->pod);
	d->container = must_alloc(a, n, sizeof(d->container[0]));
	for (i = 0; i < n; i++)
		d->container[d->n_container++] = container_detail(a, env, p, i);
	return (d);
}

static int
has_index(enum action_kind kind)
{
	return (kind == ACT_IMAGE || kind == ACT_CREATE || kind == ACT_START ||
	    kind == ACT_POST_START || kind == ACT_PRE_STOP);
}

static const char *
action_container(const struct pod *p, const struct action *act)
{
	const struct seen_container *c;

	if (has_index(act->kind) && p->definition != NULL)
		return (spec_container(p->definition->pod, act->index)->name);
	c = act->id == NULL ? NULL : container_find(&p->seen, act->id);
	return (c == NULL ? "" : c->name);
}

static Tripod__PlanAction *
plan_action(struct arena *a, const struct pod *p, const struct action *act)
{
	Tripod__PlanAction *m;

	m = message_new(a, &tripod__plan_action__descriptor);
	m->kind = must_strdup(a, action_kind_str(act->kind));
	m->container = must_strdup(a, action_container(p, act));
	if (act->id != NULL)
		m->id = must_strdup(a, act->id);
	m->attempt = act->attempt;
	m->grace_seconds = act->grace_seconds;
	m->reason = must_strdup(a, act->reason);
	return (m);
}

Tripod__PlanItem *
detail_plan(struct arena *a, const struct detail_env *env, const struct pod *p)
{
	Tripod__PlanItem *m = message_new(a, &tripod__plan_item__descriptor);
	struct action act[PLAN_MAX];
	struct mtime wake = MTIME_NEVER;
	size_t i, n = 0;

	if (env->why.runtime[0] == '\0')
		n = plan_pod(
		    &p->want, &p->seen, &p->memo, env->why.now, act, &wake);
	m->uid = p->uid;
	m->namespace_ = p->namespace_;
	m->name = p->name;
	m->wake_ns = wall_of(env, wake);
	m->under_way = p->inflight + p->pulling;
	m->waits = must_strdup(a, why_pod(a, &env->why, p).text);
	m->action = must_alloc(a, n, sizeof(m->action[0]));
	for (i = 0; i < n; i++)
		m->action[m->n_action++] = plan_action(a, p, &act[i]);
	return (m);
}
