/*
 * Calls of the agent: what must hold when it makes one, and results as
 * act.c treats them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/agent.h"

#define COPY(to, from) (void)snprintf((to), sizeof(to), "%s", (from))

/* --- failures, and that they are backed off --- */

static void
failure_key(char key[static FAILURE_KEY], const struct call *l)
{
	if (l->kind == ACT_RUN_SANDBOX)
		(void)snprintf(key, FAILURE_KEY, "run %s", l->uid);
	else if (l->kind == ACT_POST_START || l->kind == ACT_PRE_STOP)
		(void)snprintf(key, FAILURE_KEY, "hook %s", l->id);
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

/* All of its sandboxes must be stopped before there is another one. */
static void
check_stopped(struct agent *a, const struct call *l)
{
	const struct box *b;

	if (a->w->orphaned > a->w->now - LIST_MS)
		return;
	TAILQ_FOREACH (b, &a->w->boxes, entry)
		if (strcmp(b->uid, l->uid) == 0 && !b->stopped)
			world_broken(
			    a->w, "%s: %s is not stopped", l->uid, b->id);
}

/* A sidecar of a pod that ends is stopped after all that come later. */
static void
check_turn(struct agent *a, const struct pod *p, const struct action *act)
{
	const Tripod__Pod *pod = p->want.pod;
	const struct seen_container *c = container_find(&p->seen, act->id);
	size_t i, j;

	if (act->cause != STOP_END || pod == NULL ||
	    act->grace_seconds <= STOP_SECONDS_LEFT)
		return;
	i = spec_find(pod, c->name);
	if (i == spec_count(pod) || spec_kind(pod, i) != SPEC_SIDECAR)
		return;
	for (j = i + 1; j < spec_count(pod); j++)
		if (spec_kind(pod, j) != SPEC_INIT &&
		    ctr_lives(a->w, p->uid, spec_container(pod, j)->name))
			world_broken(a->w, "%s: %s is stopped too early",
			    p->uid, c->name);
}

static void
check_action(struct agent *a, const struct pod *p, const struct action *act)
{
	switch (act->kind) {
	case ACT_RUN_SANDBOX:
	case ACT_CREATE:
	case ACT_START:
	case ACT_POST_START:
		if (pod_is_ending(&p->want))
			world_broken(a->w, "%s: %s although it ends", p->uid,
			    action_kind_str(act->kind));
		break;
	case ACT_STOP:
		check_turn(a, p, act);
		if (act->grace_seconds < STOP_SECONDS_MIN)
			world_broken(a->w, "%s: no grace period", p->uid);
		if (container_find(&p->seen, act->id)->pre_stop == HOOK_RUNNING)
			world_broken(a->w, "%s: its hook runs", act->id);
		break;
	case ACT_IMAGE:
	case ACT_PRE_STOP:
	case ACT_STOP_SANDBOX:
	case ACT_REMOVE:
	case ACT_REMOVE_SANDBOX:
	case ACT_CLEAN:
		break;
	}
}

/* What act.c notes when an action on a container begins. */
static void
container_begin(struct agent *a, struct seen_container *c, struct call *l,
    const struct action *act)
{
	if (act->kind == ACT_STOP || act->kind == ACT_PRE_STOP) {
		if (c->stop == STOP_NONE)
			c->stop_at = agent_now(a);
		c->stop = act->cause;
	}
	if (act->kind == ACT_PRE_STOP)
		c->pre_stop = HOOK_RUNNING;
	else if (act->kind == ACT_POST_START)
		c->post_start = HOOK_RUNNING;
	else
		claim(a, &c->busy, l);
}

static void
mark_busy(
    struct agent *a, struct pod *p, struct call *l, const struct action *act)
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
			container_begin(a, c, l, act);
		else if ((s = sandbox_find(&p->seen, l->id)) != NULL)
			claim(a, &s->busy, l);
		else
			world_broken(a->w, "%s: acts on what is not there: %s",
			    l->uid, l->id);
	}
}

static int
is_slow(enum action_kind kind)
{
	return (kind == ACT_IMAGE || kind == ACT_POST_START ||
	    kind == ACT_PRE_STOP);
}

/* How it will go. */
static void
call_fate(struct world *w, struct call *l, const struct action *act)
{
	l->end = w->now + 1 + world_random(w, 2000);
	if (l->kind == ACT_CLEAN)
		l->end = w->now;
	else if (world_unlucky(w, 12))
		l->refuse = 1;
	else if (!is_slow(l->kind) && world_unlucky(w, 25))
		l->uncertain = 1;
	/* Hooks hang; one before a stop until its time is up. */
	if (l->kind == ACT_POST_START && world_unlucky(w, 4))
		l->end = w->now + world_random(w, 60000);
	if (l->kind == ACT_PRE_STOP &&
	    (world_unlucky(w, 4) ||
		l->end > w->now + act->grace_seconds * 1000)) {
		l->end = w->now + act->grace_seconds * 1000;
		l->refuse = 1;
	}
}

/* As crash_next() in act_container.c. */
static void
call_crash(struct agent *a, const struct pod *p, struct call *l)
{
	const struct seen_container *last = container_newest(&p->seen, l->name);

	if (last != NULL && last->state != SEEN_EXITED)
		l->crash_delay = last->crash.delay_ms;
	else if (last != NULL)
		l->crash_delay = backoff_next(
		    &last->crash, last->finished, agent_now(a))
				     .delay_ms;
}

void
agent_call(struct agent *a, struct pod *p, const struct action *act)
{
	struct call *l = xcalloc(1, sizeof(*l));
	struct world *w = a->w;

	l->kind = act->kind;
	l->index = act->index;
	l->attempt = act->attempt;
	l->round = act->round;
	COPY(l->uid, p->uid);
	COPY(l->id, act->id == NULL ? "" : act->id);
	if (l->kind == ACT_CREATE || l->kind == ACT_IMAGE)
		COPY(l->name, spec_container(p->want.pod, l->index)->name);
	if (l->kind == ACT_CREATE)
		call_crash(a, p, l);
	l->host = p->want.pod != NULL && p->want.pod->host_network;
	if (failure_find(a, l)->at > w->now - 1000)
		world_broken(w, "%s: %s %s is not backed off", p->uid,
		    action_kind_str(l->kind), l->id);
	check_attempt(a, l);
	if (l->kind == ACT_RUN_SANDBOX)
		check_stopped(a, l);
	check_action(a, p, act);
	mark_busy(a, p, l, act);
	call_fate(w, l, act);
	if (is_slow(l->kind))
		p->pulling++;
	else
		p->inflight++;
	TAILQ_INSERT_TAIL(&w->calls, l, entry);
	world_say(w, "%s: %s %s%s (%s)", p->uid, action_kind_str(l->kind),
	    l->id, l->name, act->reason);
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
		failure_find(a, l)->at = a->w->now;
		retry_fail_pull(&m->image, agent_now(a));
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
	struct seen_container *c;

	m->busy = 0;
	text_set(&m->image_ref, NULL);
	if (rc == -1) {
		failed(a, p, l, &m->create);
		return;
	}
	retry_clear(&m->create);
	c = container_add(&p->seen, l->id, l->name, l->attempt, a->w->now);
	text_set(&c->sandbox_id, ctr_find(a->w, l->id)->box);
	c->state = SEEN_CREATED;
	c->crash.last = agent_now(a);
	c->crash.delay_ms = l->crash_delay;
	c->round = l->round;
}

/* As hook_begin(). */
static void
start_hook(const struct pod *p, struct seen_container *c)
{
	const Tripod__Pod *pod = p->definition->pod;
	size_t i = spec_find(pod, c->name);

	if (spec_container(pod, i)->post_start != NULL)
		c->post_start = HOOK_DUE;
}

static void
result_hook(struct pod *p, const struct call *l, int rc)
{
	struct seen_container *c = container_find(&p->seen, l->id);

	if (c == NULL)
		return;
	if (l->kind == ACT_PRE_STOP)
		c->pre_stop = HOOK_DONE;
	else
		c->post_start = rc == -1 ? HOOK_FAILED : HOOK_DONE;
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
	if (l->kind == ACT_START && (rc == 0 || l->uncertain))
		start_hook(p, c);
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
	else {
		s->ready = 0;
		s->stopped = 1;
	}
}

/* As containerd: what could not be started has ended, or is as it was. */
static int
call_refuse(struct world *w, const struct call *l)
{
	struct ctr *c = ctr_find(w, l->id);

	if (l->kind == ACT_START && c != NULL && c->state == SEEN_CREATED &&
	    world_random(w, 2) == 0)
		ctr_exit(w, c, 128);
	return (-1);
}

void
agent_result(struct agent *a, struct call *l)
{
	struct pod *p = pods_find(&a->pods, l->uid);
	int rc = l->refuse ? call_refuse(a->w, l) : call_apply(a->w, l);

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
	if (l->kind == ACT_POST_START || l->kind == ACT_PRE_STOP)
		result_hook(p, l, rc);
	else if (l->kind == ACT_IMAGE)
		result_image(a, p, l, rc);
	else if (l->kind == ACT_RUN_SANDBOX)
		result_run(a, p, l, rc);
	else if (l->kind == ACT_CREATE)
		result_create(a, p, l, rc);
	else if (l->kind == ACT_STOP_SANDBOX || l->kind == ACT_REMOVE_SANDBOX)
		result_sandbox(a, p, l, rc);
	else
		result_container(a, p, l, rc);
	if (is_slow(l->kind))
		p->pulling--;
	else
		p->inflight--;
	free(l);
}
