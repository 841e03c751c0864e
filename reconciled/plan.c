#include "reconciled/plan.h"

#include <string.h>

/* What the rules work on. */
struct planner {
	const struct pod_want *want;
	const struct pod_seen *seen;
	const struct pod_memo *memo;
	struct mtime now;
	struct action *act;
	size_t n;
	struct mtime *wake;
};

const char *
action_kind_str(enum action_kind kind)
{
	switch (kind) {
	case ACT_IMAGE:
		return ("image");
	case ACT_RUN_SANDBOX:
		return ("run sandbox");
	case ACT_CREATE:
		return ("create");
	case ACT_START:
		return ("start");
	case ACT_STOP:
		return ("stop");
	case ACT_STOP_SANDBOX:
		return ("stop sandbox");
	case ACT_REMOVE:
		return ("remove");
	case ACT_REMOVE_SANDBOX:
		return ("remove sandbox");
	case ACT_CLEAN:
		return ("clean up");
	}
	return ("?");
}

static void
plan_add(struct planner *p, struct action a)
{
	if (p->n < PLAN_MAX)
		p->act[p->n++] = a;
}

/* True, and remembered as wake-up, while a failure is backed off. */
static int
plan_waits(struct planner *p, const struct retry *r)
{
	if (!retry_waits(r, p->now))
		return (0);
	*p->wake = mtime_min(*p->wake, r->not_before);
	return (1);
}

static void
plan_stop(struct planner *p, const struct seen_container *c, const char *reason)
{
	if (!c->busy && !plan_waits(p, &c->retry))
		plan_add(p,
		    (struct action){ .kind = ACT_STOP,
			.id = c->id,
			.grace_seconds = p->want->grace_seconds,
			.reason = reason });
}

/* Stops every process; true while there are any. */
static int
plan_stop_containers(struct planner *p, const char *reason)
{
	struct seen_container *c;
	int running = 0;

	TAILQ_FOREACH (c, &p->seen->containers, entry) {
		/* One that is being started runs as soon as it is. */
		if (c->state == SEEN_CREATED && c->busy)
			running = 1;
		if (!container_may_run(c))
			continue;
		running = 1;
		plan_stop(p, c, reason);
	}
	return (running);
}

/* Stops every sandbox; true while one is ready. */
static int
plan_stop_sandboxes(struct planner *p, const char *reason)
{
	struct seen_sandbox *s;
	int ready = 0;

	TAILQ_FOREACH (s, &p->seen->sandboxes, entry) {
		if (!s->ready)
			continue;
		ready = 1;
		if (s->busy || plan_waits(p, &s->retry))
			continue;
		plan_add(p,
		    (struct action){ .kind = ACT_STOP_SANDBOX,
			.id = s->id,
			.reason = reason });
	}
	return (ready);
}

static void
plan_remove_sandbox(struct planner *p, struct seen_sandbox *s)
{
	if (!s->busy && !plan_waits(p, &s->retry))
		plan_add(p,
		    (struct action){ .kind = ACT_REMOVE_SANDBOX,
			.id = s->id,
			.reason = "no longer needed" });
}

static void
plan_remove(struct planner *p, struct seen_container *c)
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
runs_always(const struct pod_want *w)
{
	return (w->pod != NULL &&
	    w->pod->restart_policy == TRIPOD__RESTART_POLICY__RESTART_ALWAYS);
}

/* Rule 2. */
static void
plan_end(struct planner *p)
{
	const char *reason = "not wanted any more";
	struct seen_container *c;
	struct seen_sandbox *s;

	if (plan_stop_containers(p, reason))
		return;
	if (plan_stop_sandboxes(p, reason))
		return;
	if (p->want->wanted && runs_always(p->want))
		return; /* it comes back: the dead ones count its restarts */
	TAILQ_FOREACH (c, &p->seen->containers, entry)
		plan_remove(p, c);
	if (!TAILQ_EMPTY(&p->seen->containers))
		return;
	TAILQ_FOREACH (s, &p->seen->sandboxes, entry)
		plan_remove_sandbox(p, s);
	if (pod_is_gone(p->seen) && !p->memo->sandbox_busy && !p->memo->cleaned)
		plan_add(p,
		    (struct action){
			.kind = ACT_CLEAN, .reason = "the pod is gone" });
}

/*
 * Created for a sandbox that is not in use any more: it can never be
 * started, so it counts as if it were not there.
 */
static int
container_is_stranded(const struct planner *p, const struct seen_container *c)
{
	const struct seen_sandbox *s = sandbox_newest(p->seen);

	return (c->state == SEEN_CREATED && !c->busy &&
	    (s == NULL || !s->ready || strcmp(c->sandbox_id, s->id) != 0));
}

/*
 * Whether container i must be created now or after some wait; until is
 * the end of its crash-loop back-off, or zero.
 */
static int
container_is_due(const struct planner *p, size_t i, struct mtime *until)
{
	const Tripod__Pod *pod = p->want->pod;
	const struct seen_container *c;

	*until = MTIME_ZERO;
	c = container_newest(p->seen, pod->container[i]->name);
	if (c == NULL || container_is_stranded(p, c))
		return (1);
	if (c->state != SEEN_EXITED ||
	    !spec_restart(pod, i, c->exit_code, c->exit_code != 0))
		return (0);
	*until = backoff_until(&c->crash, c->finished);
	return (1);
}

/* Whether any container would be started in a sandbox (rule 5). */
static int
anything_due(const struct planner *p)
{
	const Tripod__Pod *pod = p->want->pod;
	const struct seen_container *c;
	size_t i;

	for (i = 0; i < pod->n_container; i++) {
		c = container_newest(p->seen, pod->container[i]->name);
		if (c == NULL || c->state != SEEN_EXITED ||
		    spec_restart(pod, i, c->exit_code, c->exit_code != 0))
			return (1);
	}
	return (0);
}

/*
 * Rules 3 and 4.  A pod that waits for its predecessor needs them all: the
 * predecessor goes on until it has them, so none may be left out.
 */
static void
plan_images(struct planner *p)
{
	const struct memo_container *m;
	struct mtime until;
	size_t i;

	for (i = 0; i < p->want->pod->n_container; i++) {
		m = &p->memo->container[i];
		if (m->image_ref != NULL || m->busy)
			continue;
		if (!p->want->blocked &&
		    (!container_is_due(p, i, &until) ||
			mtime_cmp(p->now, until) < 0))
			continue;
		if (plan_waits(p, &m->image))
			continue;
		plan_add(p,
		    (struct action){ .kind = ACT_IMAGE,
			.index = i,
			.reason = "an image is needed" });
	}
}

int
plan_images_ready(const Tripod__Pod *pod, const struct pod_memo *memo)
{
	size_t i;

	for (i = 0; i < pod->n_container; i++)
		if (memo->container[i].image_ref == NULL)
			return (0);
	return (1);
}

static int
sandbox_is_usable(const struct planner *p)
{
	const struct seen_sandbox *s = sandbox_newest(p->seen), *o;

	if (s == NULL || !s->ready)
		return (0);
	for (o = TAILQ_NEXT(s, entry); o != NULL; o = TAILQ_NEXT(o, entry))
		if (o->ready)
			return (0);
	return (s->host_network == !!p->want->pod->host_network);
}

/* Rule 5; true when there is a sandbox to work in. */
static int
plan_sandbox(struct planner *p)
{
	const struct seen_sandbox *s = sandbox_newest(p->seen);
	const char *reason = "its sandbox must be replaced";

	if (sandbox_is_usable(p))
		return (1);
	if (plan_stop_containers(p, reason) || plan_stop_sandboxes(p, reason))
		return (0);
	if (!anything_due(p))
		return (0);
	if (p->want->pod->restart_policy ==
		TRIPOD__RESTART_POLICY__RESTART_NEVER &&
	    s != NULL && !TAILQ_EMPTY(&p->seen->containers))
		return (0); /* such a pod runs once */
	if (!p->want->pod->host_network && !p->want->network_ready)
		return (0); /* the runtime tells when that changes */
	if (p->memo->sandbox_busy || plan_waits(p, &p->memo->sandbox))
		return (0);
	plan_add(p,
	    (struct action){ .kind = ACT_RUN_SANDBOX,
		.attempt = s == NULL ? 0 : s->attempt + 1,
		.reason = s == NULL ? "a new pod"
				    : "the old one is not ready" });
	return (0);
}

/*
 * Rule 6 for one container; true when the next one has to wait for it.
 */
static int
plan_create(struct planner *p, size_t i, const struct seen_container *last)
{
	const struct memo_container *m = &p->memo->container[i];
	struct mtime until;

	if (m->busy)
		return (1);
	if (!container_is_due(p, i, &until))
		return (0);
	if (mtime_cmp(p->now, until) < 0) {
		*p->wake = mtime_min(*p->wake, until);
		return (0);
	}
	if (m->image_ref == NULL)
		return (m->image.fails == 0); /* rule 4 is at it */
	if (plan_waits(p, &m->create))
		return (0);
	plan_add(p,
	    (struct action){ .kind = ACT_CREATE,
		.index = i,
		.attempt = last == NULL ? 0 : last->attempt + 1,
		.reason = last == NULL ? "not there yet" : "it has ended" });
	return (1);
}

static int
plan_container(struct planner *p, size_t i)
{
	const char *name = p->want->pod->container[i]->name;
	struct seen_container *c = container_newest(p->seen, name);

	if (c == NULL)
		return (plan_create(p, i, NULL));
	if (container_is_stranded(p, c))
		return (plan_create(p, i, c));
	switch (c->state) {
	case SEEN_RUNNING:
		return (0);
	case SEEN_CREATED:
		if (!c->busy && !plan_waits(p, &c->retry))
			plan_add(p,
			    (struct action){ .kind = ACT_START,
				.index = i,
				.id = c->id,
				.reason = "created" });
		return (c->retry.fails == 0);
	case SEEN_UNKNOWN:
		return (1); /* it is being stopped */
	case SEEN_EXITED:
		return (plan_create(p, i, c));
	}
	return (0);
}

/* Whether the manifest asks for this instance, in this sandbox. */
static int
container_is_proper(const struct planner *p, const struct seen_container *c)
{
	const Tripod__Pod *pod = p->want->pod;
	const struct seen_sandbox *s = sandbox_newest(p->seen);
	size_t i;

	if (c->state == SEEN_UNKNOWN ||
	    c != container_newest(p->seen, c->name) || s == NULL ||
	    strcmp(c->sandbox_id, s->id) != 0)
		return (0);
	for (i = 0; i < pod->n_container; i++)
		if (strcmp(pod->container[i]->name, c->name) == 0)
			return (1);
	return (0);
}

/* Rule 6: nothing runs twice, or in a sandbox of the past. */
static void
plan_stop_surplus(struct planner *p)
{
	struct seen_container *c;

	TAILQ_FOREACH (c, &p->seen->containers, entry)
		if (container_may_run(c) && !container_is_proper(p, c))
			plan_stop(
			    p, c, "unknown state, or no place in the manifest");
}

/* Rule 8: older dead instances, and sandboxes nobody lives in. */
static void
plan_prune(struct planner *p)
{
	struct seen_container *c, *newest;
	struct seen_sandbox *s;
	int used;

	TAILQ_FOREACH (c, &p->seen->containers, entry) {
		newest = container_newest(p->seen, c->name);
		if (c == newest ||
		    (c->state != SEEN_EXITED && c->state != SEEN_CREATED))
			continue;
		if (c == container_previous(p->seen, c->name) &&
		    c->state == SEEN_EXITED && newest->state != SEEN_EXITED)
			continue; /* its lastState */
		plan_remove(p, c);
	}
	TAILQ_FOREACH (s, &p->seen->sandboxes, entry) {
		if (s == sandbox_newest(p->seen) || s->ready)
			continue;
		used = 0;
		TAILQ_FOREACH (c, &p->seen->containers, entry)
			used |= strcmp(c->sandbox_id, s->id) == 0;
		if (!used)
			plan_remove_sandbox(p, s);
	}
}

static void
plan_keep(struct planner *p)
{
	size_t i;

	plan_images(p);
	if (plan_sandbox(p)) {
		plan_stop_surplus(p);
		for (i = 0; i < p->want->pod->n_container; i++)
			if (plan_container(p, i))
				break;
		if (!anything_due(p) && !pod_has_running(p->seen))
			(void)plan_stop_sandboxes(p, "all has ended");
	}
	plan_prune(p);
}

size_t
plan_pod(const struct pod_want *want, const struct pod_seen *seen,
    const struct pod_memo *memo, struct mtime now,
    struct action act[static PLAN_MAX], struct mtime *wake)
{
	struct planner p = { want, seen, memo, now, act, 0, wake };

	*wake = MTIME_NEVER;
	if (seen->stale)
		return (0);
	if (want->terminating || (!want->wanted && !want->hold))
		plan_end(&p);
	else if (want->pod == NULL)
		; /* held, but without a definition: left as it is */
	else if (want->blocked)
		plan_images(&p);
	else
		plan_keep(&p);
	return (p.n);
}

static const struct pod *
wanted_namesake(const struct pods *pods, const struct pod *self)
{
	const struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		if (p != self && p->want.wanted &&
		    strcmp(p->namespace_, self->namespace_) == 0 &&
		    strcmp(p->name, self->name) == 0)
			return (p);
	return (NULL);
}

/* Whether another pod of that name still runs or holds its network. */
static int
has_predecessor(const struct pods *pods, const struct pod *self)
{
	const struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		if (p != self && strcmp(p->namespace_, self->namespace_) == 0 &&
		    strcmp(p->name, self->name) == 0 &&
		    (pod_is_live(&p->seen) || p->memo.sandbox_busy ||
			p->inflight > 0))
			return (1);
	return (0);
}

static void
resolve_pod(const struct pods *pods, struct pod *p, int synced)
{
	struct pod_want *w = &p->want;
	const struct pod *next;

	w->pod = p->definition == NULL ? NULL : p->definition->pod;
	w->hold = w->blocked = 0;
	if (w->pod != NULL)
		w->grace_seconds = w->pod->grace_seconds;
	if (w->terminating && w->wanted && !pod_is_live(&p->seen) &&
	    (runs_always(w) || pod_is_gone(&p->seen)))
		w->terminating = 0; /* it came back while it ended */
	if (w->wanted) {
		w->blocked = has_predecessor(pods, p);
		return;
	}
	if (w->terminating)
		return;
	/*
	 * Until a whole transfer has come nobody knows what is unwanted.
	 * Afterwards only what runs is worth holding: anything else would
	 * start beside the one that does.
	 */
	if (!synced)
		w->hold = 1;
	else if (pod_is_live(&p->seen) &&
	    (next = wanted_namesake(pods, p)) != NULL &&
	    !plan_images_ready(next->definition->pod, &next->memo))
		w->hold = 1;
	else
		w->terminating = 1;
}

void
plan_resolve(struct pods *pods, int synced, int network_ready)
{
	struct pod *p;

	TAILQ_FOREACH (p, pods, entry) {
		p->want.network_ready = network_ready;
		resolve_pod(pods, p, synced);
	}
}
