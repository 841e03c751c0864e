#include "tests/sim/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY(to, from) (void)snprintf((to), sizeof(to), "%s", (from))

static struct mtime
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
	s->host_network = b->host;
	s->listed = 1;
}

static void
see_ctr(struct pod *p, const struct ctr *c)
{
	struct seen_container *s = container_find(&p->seen, c->id);

	if (s == NULL) {
		s = container_add(
		    &p->seen, c->id, c->name, c->attempt, c->created);
		text_set(&s->sandbox_id, c->box);
	}
	s->state = c->state;
	s->exit_code = c->exit_code;
	s->finished.ms = c->finished;
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

	TAILQ_FOREACH (b, &a->w->boxes, entry) {
		p = agent_pod(a, b->uid);
		if (p->inflight == 0)
			see_box(p, b);
	}
	TAILQ_FOREACH (c, &a->w->ctrs, entry) {
		p = agent_pod(a, c->uid);
		if (p->inflight == 0)
			see_ctr(p, c);
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

/* The details of one container. */
static void
agent_look(struct agent *a, struct pod *p, const char *id)
{
	struct seen_container *s = container_find(&p->seen, id);
	const struct ctr *c = ctr_find(a->w, id);

	if (s != NULL && c != NULL)
		see_ctr(p, c);
	if (s != NULL)
		s->listed = 0;
}

/* --- failures, and that they are backed off --- */

static void
failure_key(char key[static FAILURE_KEY], const struct call *l)
{
	if (l->kind == ACT_RUN_SANDBOX)
		(void)snprintf(key, FAILURE_KEY, "run %s", l->uid);
	else if (l->kind == ACT_IMAGE || l->kind == ACT_CREATE)
		(void)snprintf(key, FAILURE_KEY, "%d %s %s", (int)l->kind,
		    l->uid, l->name);
	else
		(void)snprintf(key, FAILURE_KEY, "%s", l->id);
}

static struct failure *
failure_find(struct agent *a, const struct call *l)
{
	char key[FAILURE_KEY];
	size_t i;

	failure_key(key, l);
	for (i = 0; i < a->nfailures; i++)
		if (strcmp(a->failure[i].key, key) == 0)
			return (&a->failure[i]);
	if (a->nfailures == FAILURES)
		a->nfailures = 0; /* the old ones are of no interest */
	COPY(a->failure[a->nfailures].key, key);
	a->failure[a->nfailures].at = INT64_MIN / 2;
	return (&a->failure[a->nfailures++]);
}

/* --- calls --- */

static void
claim(struct agent *a, int *busy, const struct call *l)
{
	if (*busy)
		world_broken(a->w, "%s: %s %s twice in flight", l->uid,
		    action_kind_str(l->kind), l->id);
	*busy = 1;
}

/* An attempt must be newer than all that the runtime has of it. */
static void
check_attempt(struct agent *a, const struct call *l)
{
	const struct box *b;
	const struct ctr *c;

	if (a->w->orphaned > a->w->now - LIST_MS)
		return; /* a dead agent's call: seen with the next list */
	TAILQ_FOREACH (b, &a->w->boxes, entry)
		if (l->kind == ACT_RUN_SANDBOX && strcmp(b->uid, l->uid) == 0 &&
		    b->attempt >= l->attempt)
			world_broken(
			    a->w, "%s: sandbox %u again", l->uid, l->attempt);
	TAILQ_FOREACH (c, &a->w->ctrs, entry)
		if (l->kind == ACT_CREATE && strcmp(c->uid, l->uid) == 0 &&
		    strcmp(c->name, l->name) == 0 && c->attempt >= l->attempt)
			world_broken(a->w, "%s: container %s %u again", l->uid,
			    l->name, l->attempt);
}

static void
mark_busy(struct agent *a, struct pod *p, struct call *l)
{
	struct memo_container *m = &p->memo.container[l->index];
	struct seen_container *c;
	struct seen_sandbox *s;

	switch (l->kind) {
	case ACT_CREATE:
		COPY(l->id, sandbox_newest(&p->seen)->id);
		/* FALLTHROUGH */
	case ACT_IMAGE:
		claim(a, &m->busy, l);
		break;
	case ACT_RUN_SANDBOX:
		claim(a, &p->memo.sandbox_busy, l);
		break;
	case ACT_CLEAN:
		p->memo.cleaned = 1;
		break;
	default:
		if ((c = container_find(&p->seen, l->id)) != NULL)
			claim(a, &c->busy, l);
		else if ((s = sandbox_find(&p->seen, l->id)) != NULL)
			claim(a, &s->busy, l);
		else
			world_broken(a->w, "%s: acts on what is not there: %s",
			    l->uid, l->id);
	}
}

static void
agent_call(struct agent *a, struct pod *p, const struct action *act)
{
	struct call *l = xcalloc(1, sizeof(*l));
	struct world *w = a->w;

	l->kind = act->kind;
	l->index = act->index;
	l->attempt = act->attempt;
	COPY(l->uid, p->uid);
	COPY(l->id, act->id == NULL ? "" : act->id);
	if (l->kind == ACT_CREATE || l->kind == ACT_IMAGE)
		COPY(l->name, p->want.pod->container[l->index]->name);
	l->host = p->want.pod != NULL && p->want.pod->host_network;
	if (failure_find(a, l)->at > w->now - 1000)
		world_broken(w, "%s: %s %s is not backed off", p->uid,
		    action_kind_str(l->kind), l->id);
	check_attempt(a, l);
	mark_busy(a, p, l);
	l->end = w->now + 1 + world_random(w, 2000);
	if (l->kind == ACT_CLEAN)
		l->end = w->now;
	else if (world_unlucky(w, 12))
		l->refuse = 1;
	else if (world_unlucky(w, 25))
		l->uncertain = 1;
	p->inflight++;
	TAILQ_INSERT_TAIL(&w->calls, l, entry);
	world_say(w, "%s: %s %s (%s)", p->uid, action_kind_str(l->kind), l->id,
	    act->reason);
}

/* --- results, as in act.c --- */

static void
failed(struct agent *a, struct pod *p, const struct call *l, struct retry *r)
{
	failure_find(a, l)->at = a->w->now;
	retry_fail(r, agent_now(a), 0);
	if (l->uncertain || l->kind == ACT_CREATE ||
	    l->kind == ACT_RUN_SANDBOX) {
		p->seen.stale = 1;
		agent_list_soon(a, 0);
	}
}

static void
result_image(struct agent *a, struct pod *p, const struct call *l, int rc)
{
	struct memo_container *m = &p->memo.container[l->index];

	m->busy = 0;
	if (rc == -1) {
		failed(a, p, l, &m->image);
		return;
	}
	retry_clear(&m->image);
	text_set(&m->image_ref, "image");
}

static void
result_run(struct agent *a, struct pod *p, const struct call *l, int rc)
{
	struct seen_sandbox *s;

	p->memo.sandbox_busy = 0;
	if (rc == -1) {
		failed(a, p, l, &p->memo.sandbox);
		return;
	}
	retry_clear(&p->memo.sandbox);
	p->memo.cleaned = 0;
	s = sandbox_add(&p->seen, l->id, l->attempt, a->w->now);
	s->ready = 1;
	s->host_network = l->host;
}

static void
result_create(struct agent *a, struct pod *p, const struct call *l, int rc)
{
	struct memo_container *m = &p->memo.container[l->index];
	struct seen_container *c, *last;

	m->busy = 0;
	text_set(&m->image_ref, NULL);
	if (rc == -1) {
		failed(a, p, l, &m->create);
		return;
	}
	retry_clear(&m->create);
	last = container_newest(&p->seen, l->name);
	c = container_add(&p->seen, l->id, l->name, l->attempt, a->w->now);
	text_set(&c->sandbox_id, ctr_find(a->w, l->id)->box);
	c->state = SEEN_CREATED;
	c->crash.last = agent_now(a);
	if (last != NULL)
		c->crash = backoff_next(
		    &last->crash, last->finished, agent_now(a));
}

static void
result_container(struct agent *a, struct pod *p, const struct call *l, int rc)
{
	struct seen_container *c = container_find(&p->seen, l->id);

	if (c == NULL)
		return;
	c->busy = 0;
	if (rc == -1)
		failed(a, p, l, &c->retry);
	else if (l->kind == ACT_REMOVE)
		container_drop(&p->seen, c);
	if (l->kind != ACT_REMOVE && (rc == 0 || l->kind == ACT_START))
		agent_look(a, p, l->id);
}

static void
result_sandbox(struct agent *a, struct pod *p, const struct call *l, int rc)
{
	struct seen_sandbox *s = sandbox_find(&p->seen, l->id);

	if (s == NULL)
		return;
	s->busy = 0;
	if (rc == -1)
		failed(a, p, l, &s->retry);
	else if (l->kind == ACT_REMOVE_SANDBOX)
		sandbox_drop(&p->seen, s);
	else
		s->ready = 0;
}

void
agent_result(struct agent *a, struct call *l)
{
	struct pod *p = pods_find(&a->pods, l->uid);
	int rc = l->refuse ? -1 : call_apply(a->w, l);

	TAILQ_REMOVE(&a->w->calls, l, entry);
	world_say(a->w, "%s: %s %s: %s%s", l->uid, action_kind_str(l->kind),
	    l->id, rc == -1 ? "failed" : "done",
	    l->orphan	       ? ", nobody hears it"
		: l->uncertain ? "?"
			       : "");
	if (l->uncertain)
		rc = -1;
	if (l->orphan || p == NULL) {
		free(l);
		return;
	}
	if (l->kind == ACT_IMAGE)
		result_image(a, p, l, rc);
	else if (l->kind == ACT_RUN_SANDBOX)
		result_run(a, p, l, rc);
	else if (l->kind == ACT_CREATE)
		result_create(a, p, l, rc);
	else if (l->kind == ACT_STOP_SANDBOX || l->kind == ACT_REMOVE_SANDBOX)
		result_sandbox(a, p, l, rc);
	else
		result_container(a, p, l, rc);
	p->inflight--;
	free(l);
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

void
agent_reconcile(struct agent *a)
{
	struct mtime next = MTIME_NEVER;
	struct pod *p, *pn;

	a->planned = 0;
	agent_define(a);
	plan_resolve(&a->pods, a->synced, a->network);
	TAILQ_FOREACH (p, &a->pods, entry)
		if (a->synced)
			plan_and_call(a, p, &next);
	a->wake_at = next.ms;
	for (p = TAILQ_FIRST(&a->pods); p != NULL; p = pn) {
		pn = TAILQ_NEXT(p, entry);
		if (p->want.wanted || p->inflight > 0 ||
		    !pod_is_gone(&p->seen) || !p->memo.cleaned)
			continue;
		TAILQ_REMOVE(&a->pods, p, entry);
		pod_free(p);
		a->nfailures = 0; /* its failures are forgotten with it */
	}
}
