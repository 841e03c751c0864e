#include "tests/sim/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY(to, from) (void)snprintf((to), sizeof(to), "%s", (from))

struct mtime
agent_now(const struct agent *a)
{
	struct mtime t = { a->w->now };

	return (t);
}

void
agent_init(struct agent *a, struct world *w)
{
	memset(a, 0, sizeof(*a));
	a->w = w;
	a->network = 1;
	a->wake_at = INT64_MAX;
	a->list_at = w->now;
	TAILQ_INIT(&a->pods);
}

void
agent_crash(struct agent *a)
{
	const struct def *kept[NAMES];
	struct call *l;
	struct pod *p;

	memcpy(kept, a->desired, sizeof(kept));
	while ((p = TAILQ_FIRST(&a->pods)) != NULL) {
		TAILQ_REMOVE(&a->pods, p, entry);
		pod_free(p);
	}
	TAILQ_FOREACH (l, &a->w->calls, entry)
		l->orphan = 1;
	agent_init(a, a->w);
	memcpy(a->desired, kept, sizeof(kept));
	world_say(a->w, "the agent dies");
}

void
agent_list_soon(struct agent *a, int64_t ms)
{
	if (a->list_at > a->w->now + ms)
		a->list_at = a->w->now + ms;
}

/* --- seeing --- */

static struct pod *
agent_pod(struct agent *a, const char *uid)
{
	const struct def *d = world_def(a->w, uid);
	struct pod *p = pods_find(&a->pods, uid);

	if (p == NULL) {
		p = pod_new(uid, d->ns, d->name);
		TAILQ_INSERT_TAIL(&a->pods, p, entry);
	}
	return (p);
}

static void
see_box(struct pod *p, const struct box *b)
{
	struct seen_sandbox *s = sandbox_find(&p->seen, b->id);

	if (s == NULL)
		s = sandbox_add(&p->seen, b->id, b->attempt, b->created);
	s->ready = b->ready;
	if (s->ready)
		s->stopped = 0;
	s->host_network = b->host;
	s->listed = 1;
}

/* As in observe.c: of the wall clock, never in the future. */
static struct mtime
mtime_of(const struct agent *a, int64_t wall)
{
	int64_t ago = a->w->now + a->w->wall - wall;

	return (mtime_add(agent_now(a), ago > 0 ? -ago : 0));
}

static void
see_ctr(struct agent *a, struct pod *p, const struct ctr *c)
{
	struct seen_container *s = container_find(&p->seen, c->id);

	if (s == NULL) {
		s = container_add(
		    &p->seen, c->id, c->name, c->attempt, c->created);
		text_set(&s->sandbox_id, c->box);
		s->round = c->round;
		s->crash.delay_ms = c->crash_delay;
		s->crash.last = mtime_of(a, c->created);
		s->state = SEEN_CREATED;
	}
	if (c->state == SEEN_EXITED && s->state != SEEN_EXITED)
		s->finished = mtime_of(a, c->finished);
	s->state = c->state;
	s->exit_code = c->exit_code;
	s->listed = 1;
}

static void
drop_unlisted(struct pod *p)
{
	struct seen_container *c, *cn;
	struct seen_sandbox *s, *sn;

	for (c = TAILQ_FIRST(&p->seen.containers); c != NULL; c = cn) {
		cn = TAILQ_NEXT(c, entry);
		if (!c->listed)
			container_drop(&p->seen, c);
		else
			c->listed = 0;
	}
	for (s = TAILQ_FIRST(&p->seen.sandboxes); s != NULL; s = sn) {
		sn = TAILQ_NEXT(s, entry);
		if (!s->listed)
			sandbox_drop(&p->seen, s);
		else
			s->listed = 0;
	}
}

void
agent_list(struct agent *a)
{
	const struct box *b;
	const struct ctr *c;
	struct pod *p;
	int again = 0;

	if (world_unlucky(a->w, 6)) {
		a->list_at = a->w->now + 200; /* it failed: no picture */
		return;
	}
	TAILQ_FOREACH (b, &a->w->boxes, entry) {
		p = agent_pod(a, b->uid);
		if (p->inflight == 0)
			see_box(p, b);
	}
	TAILQ_FOREACH (c, &a->w->ctrs, entry) {
		p = agent_pod(a, c->uid);
		if (p->inflight == 0)
			see_ctr(a, p, c);
	}
	TAILQ_FOREACH (p, &a->pods, entry) {
		if (p->inflight == 0) {
			drop_unlisted(p);
			p->seen.stale = 0;
		} else {
			again |= p->seen.stale;
		}
	}
	a->list_at = a->w->now + (again ? 200 : LIST_MS);
	/* The agent knows what it wants once it has been told. */
	a->synced = 1;
}

void
agent_look(struct agent *a, struct pod *p, const char *id)
{
	struct seen_container *s = container_find(&p->seen, id);
	const struct ctr *c = ctr_find(a->w, id);

	if (s != NULL && c != NULL)
		see_ctr(a, p, c);
	if (s != NULL)
		s->listed = 0;
}

/* --- deciding --- */

static void
agent_define(struct agent *a)
{
	const struct def *d;
	struct pod *p;
	size_t i;

	for (i = 0; i < NAMES; i++) {
		if ((d = a->desired[i]) == NULL)
			continue;
		p = agent_pod(a, d->uid);
		/* The plan reads it only. */
		p->definition = (Tripod__Definition *)(uintptr_t)&d->definition;
		pod_make_room(p, spec_count(p->definition->pod));
	}
	TAILQ_FOREACH (p, &a->pods, entry) {
		p->want.wanted = 0;
		for (i = 0; i < NAMES; i++)
			p->want.wanted |= a->desired[i] != NULL &&
			    strcmp(a->desired[i]->uid, p->uid) == 0;
	}
}

static void
plan_and_call(struct agent *a, struct pod *p, struct mtime *next)
{
	struct action act[PLAN_MAX], again[PLAN_MAX];
	struct mtime wake, wake2;
	size_t i, n;

	n = plan_pod(&p->want, &p->seen, &p->memo, agent_now(a), act, &wake);
	if (plan_pod(&p->want, &p->seen, &p->memo, agent_now(a), again,
		&wake2) != n ||
	    mtime_cmp(wake, wake2) != 0)
		world_broken(a->w, "%s: another plan for the same", p->uid);
	for (i = 0; i < n; i++)
		if (act[i].kind != again[i].kind || act[i].id != again[i].id)
			world_broken(a->w, "%s: another action", p->uid);
	*next = mtime_min(*next, wake);
	for (i = 0; i < n; i++)
		agent_call(a, p, &act[i]);
	a->planned += n;
}

/* As set_deadline(), but that each agent counts from its own start. */
static void
agent_deadlines(struct agent *a)
{
	struct pod *p;

	TAILQ_FOREACH (p, &a->pods, entry)
		if (p->definition != NULL &&
		    p->definition->pod->active_deadline_seconds > 0 &&
		    mtime_cmp(p->want.deadline, MTIME_NEVER) == 0)
			p->want.deadline = mtime_add(agent_now(a),
			    p->definition->pod->active_deadline_seconds * 1000);
}

/* Startup probes succeed some day. */
static void
agent_probe(struct agent *a, struct pod *p, struct mtime *next)
{
	const struct seen_container *c;
	struct health *h;
	size_t i;

	if (p->want.pod == NULL)
		return;
	for (i = 0; i < spec_count(p->want.pod); i++) {
		c = container_newest(
		    &p->seen, spec_container(p->want.pod, i)->name);
		if (c == NULL || c->state != SEEN_RUNNING)
			continue;
		h = &p->memo.container[i].health;
		if (!health_is_of(h, c->id))
			health_begin(h, c->id, 0);
		if (h->verdict[PROBE_STARTUP] != VERDICT_NONE ||
		    spec_container(p->want.pod, i)->startup == NULL)
			continue;
		if (world_random(a->w, 3) == 0)
			h->verdict[PROBE_STARTUP] = VERDICT_GOOD;
		*next = mtime_min(*next, mtime_add(agent_now(a), 500));
	}
}

void
agent_reconcile(struct agent *a)
{
	struct mtime next = MTIME_NEVER;
	struct pod *p, *pn;

	a->planned = 0;
	agent_define(a);
	agent_deadlines(a);
	plan_resolve(&a->pods,
	    &(struct plan_env){ a->synced, a->network, agent_now(a) });
	TAILQ_FOREACH (p, &a->pods, entry) {
		if (p->want.returned)
			p->want.deadline = MTIME_NEVER;
		if (a->synced)
			plan_and_call(a, p, &next);
		agent_probe(a, p, &next);
	}
	a->wake_at = next.ms;
	for (p = TAILQ_FIRST(&a->pods); p != NULL; p = pn) {
		pn = TAILQ_NEXT(p, entry);
		if (p->want.wanted || p->inflight > 0 || p->pulling > 0 ||
		    !pod_is_gone(&p->seen) || !p->memo.cleaned)
			continue;
		TAILQ_REMOVE(&a->pods, p, entry);
		pod_free(p);
		a->nfailures = 0; /* its failures are forgotten with it */
	}
}
