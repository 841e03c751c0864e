#include "reconciled/reconcile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/collect.h"
#include "reconciled/define.h"
#include "reconciled/message.h"
#include "reconciled/order.h"
#include "reconciled/peers.h"
#include "reconciled/probes.h"
#include "reconciled/shutdown.h"

/* Sandboxes started at once, for each processor; more gains nothing. */
#define PLACES_EACH 2
#define PLACES_MIN 4
#define PLACES_MAX 16

void
reconcile_kick(struct reconciled *r)
{
	event_active(r->ev_reconcile, EV_TIMEOUT, 0);
}

/*
 * An end whose circumstances are not known yet makes a pod unplannable,
 * and its status untrue.
 */
static int
awaits_details(struct reconciled *r, struct pod *p)
{
	struct seen_container *c;
	int waits = 0;

	TAILQ_FOREACH (c, &p->seen.containers, entry) {
		if (c->state != SEEN_EXITED || c->detailed)
			continue;
		waits = 1;
		if (!c->asked && !p->seen.stale)
			observe_container(r, p, c);
	}
	return (waits);
}

/* Variables and /etc/hosts of a container have the pod's addresses. */
static int
awaits_addresses(const struct pod *p)
{
	const struct seen_sandbox *s = sandbox_newest(&p->seen);

	return (s != NULL && !s->detailed);
}

/* Pods that ask for a sandbox, in one turn of the loop. */
struct starts {
	struct candidate *list;
	size_t n;
};

static void
starts_add(struct starts *s, struct pod *p, const struct action *a)
{
	s->list = xreallocarray(s->list, s->n + 1, sizeof(*s->list));
	s->list[s->n++] = (struct candidate){ p, *a };
}

static void
starts_act(struct reconciled *r, struct starts *s, struct mtime now,
    struct mtime *next)
{
	struct order_env env = { r->places,
		mtime_add(r->known_since, ORDER_SLOW_MS), now };
	size_t i, n;

	n = order_starts(&r->pods, s->list, s->n, &env, next);
	for (i = 0; i < s->n; i++) {
		s->list[i].pod->want.queued = i >= n;
		if (i < n)
			act_run(r, s->list[i].pod, &s->list[i].act);
	}
	free(s->list);
}

static void
plan_and_act(struct reconciled *r, struct pod *p, struct starts *starts,
    struct mtime now, struct mtime *next)
{
	struct action act[PLAN_MAX];
	struct mtime wake;
	size_t i, n;

	p->want.queued = 0;
	n = plan_pod(&p->want, &p->seen, &p->memo, now, act, &wake);
	*next = mtime_min(*next, wake);
	for (i = 0; i < n; i++) {
		if (act[i].kind == ACT_RUN_SANDBOX) {
			starts_add(starts, p, &act[i]);
			continue;
		}
		if (act[i].kind == ACT_CREATE && awaits_addresses(p))
			continue; /* planned again when they are known */
		act_run(r, p, &act[i]);
	}
}

/* Images of the definition that comes after this one. */
static void
plan_next(struct reconciled *r, struct pod *p, struct starts *starts,
    struct mtime now, struct mtime *next)
{
	struct pod_want *w;

	if (p->next == NULL || p->next->again || !p->want.wanted ||
	    p->want.down != DOWN_NOT)
		return;
	w = &p->next->want;
	w->pod = p->next->definition->pod;
	w->wanted = w->blocked = 1;
	plan_and_act(r, p->next, starts, now, next);
}

static int
is_forgettable(const struct reconciled *r, const struct pod *p)
{
	if (p->want.wanted || p->inflight > 0 || p->pulling > 0 ||
	    (p->next != NULL && p->next->pulling > 0) || !pod_is_gone(&p->seen))
		return (0);
	/* Nothing was ever done for it; what runs is found again. */
	if (p->touched == 0 && p->published == NULL)
		return (1);
	return (r->listed && r->desired.synced && p->memo.cleaned);
}

/* A definition that had to wait can be taken now. */
static void
resume(struct reconciled *r)
{
	struct pod *p;

	TAILQ_FOREACH (p, &r->pods, entry)
		if ((p->again && p->inflight == 0 && p->pulling == 0) ||
		    (p->next != NULL && p->next->again &&
			p->next->pulling == 0))
			r->redefine = 1;
	if (r->redefine)
		reconcile_kick(r);
}

static void
forget_gone(struct reconciled *r)
{
	struct pod *p, *next;

	for (p = TAILQ_FIRST(&r->pods); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (!is_forgettable(r, p))
			continue;
		peers_pod_gone(r->peers, p);
		TAILQ_REMOVE(&r->pods, p, entry);
		probes_forget(p);
		pod_free(p);
		r->redefine |= r->desired.npods > 0; /* its uid is free */
	}
}

/*
 * The monotonic time of activeDeadlineSeconds, found out once: it shall
 * not move with the wall clock.
 */
static void
set_deadline(struct pod *p, struct mtime now)
{
	int64_t allowed_ms, left_ms;

	if (p->definition == NULL ||
	    p->definition->pod->active_deadline_seconds <= 0 ||
	    mtime_cmp(p->want.deadline, MTIME_NEVER) != 0)
		return;
	allowed_ms = p->definition->pod->active_deadline_seconds * 1000;
	left_ms = allowed_ms - (wall_now_ns() - p->memo.start_ns) / 1000000;
	if (left_ms > allowed_ms)
		left_ms = allowed_ms; /* it cannot have begun later than now */
	p->want.deadline = mtime_add(now, left_ms);
}

/* What follows from what plan_resolve() has decided about one pod. */
static void
resolved(struct reconciled *r, struct pod *p)
{
	if (pod_is_ending(&p->want) || p->again)
		act_cancel_pulls(p);
	if (p->next != NULL && (p->next->again || !p->want.wanted))
		act_cancel_pulls(p->next);
	act_cancel_hooks(p, p->again); /* a new definition waits for them */
	if (p->want.returned) {
		pod_untell(p);
		p->memo.start_ns = wall_now_ns();
		p->want.deadline = MTIME_NEVER;
	}
	if (p->memo.over == p->want.over)
		return;
	p->memo.over = p->want.over;
	p->dirty = 1;
	if (p->want.over == OVER_DEADLINE)
		event_normal(r, p, NULL, "DeadlineExceeded",
		    "Pod was active on the node longer than the specified "
		    "deadline");
}

/* Nothing can be done about it but to wait; so it is said. */
static void
note_network(struct reconciled *r, struct pod *p)
{
	static const char text[] = "the network of the runtime is not ready";

	if (p->want.network_ready || !p->want.wanted || p->want.blocked ||
	    pod_is_ending(&p->want) || p->definition->pod->host_network ||
	    pod_is_live(&p->seen) || strcmp(p->memo.message, text) == 0)
		return;
	(void)snprintf(p->memo.message, sizeof(p->memo.message), "%s", text);
	event_warning(r, p, NULL, "NetworkNotReady", "%s", text);
	p->dirty = 1;
}

static void
resolve(struct reconciled *r, struct mtime now)
{
	struct plan_env env = { r->desired.synced,
		cri_info(r->cri)->network_ready, now };
	struct pod *p;

	TAILQ_FOREACH (p, &r->pods, entry) {
		p->seen.unsure = awaits_details(r, p);
		set_deadline(p, now);
	}
	plan_resolve(&r->pods, &env);
	TAILQ_FOREACH (p, &r->pods, entry) {
		resolved(r, p);
		note_network(r, p);
	}
}

/* The class of burstable pods is worth what they ask for together. */
static void
weigh(struct reconciled *r)
{
	const struct pod *p;
	int64_t milli = 0;

	TAILQ_FOREACH (p, &r->pods, entry)
		if (p->want.over == OVER_NOT &&
		    (p->want.wanted || pod_is_live(&p->seen)))
			milli += p->burstable;
	cgroup_weigh(&r->files.cgroups, milli);
}

static void
on_reconcile(evutil_socket_t fd, short what, void *arg)
{
	struct reconciled *r = arg;
	struct mtime now = mtime_now(), next = MTIME_NEVER;
	struct starts starts = { NULL, 0 };
	struct timeval tv;
	struct pod *p;
	int planned;

	(void)fd;
	(void)what;
	if (r->redefine) {
		r->redefine = 0;
		define_pods(r);
	}
	planned = r->listed && cri_info(r->cri)->state == CRI_UP;
	if (planned) {
		define_successors(&r->pods);
		resolve(r, now);
	}
	shutdown_resolve(r, planned, now, &next);
	if (planned) {
		weigh(r);
		TAILQ_FOREACH (p, &r->pods, entry) {
			probes_sync(r, p);
			plan_and_act(r, p, &starts, now, &next);
			plan_next(r, p, &starts, now, &next);
		}
		starts_act(r, &starts, now, &next);
		act_pulls(r);
	}
	if (planned && r->desired.synced)
		collect_begin(r->collect);
	publish(r);
	forget_gone(r);
	follow_changed(r->peers);
	resume(r);
	ready_update(r, planned);
	if (mtime_cmp(next, MTIME_NEVER) < 0) {
		tv = mtime_wait(now, next);
		if (event_add(r->ev_wake, &tv) == -1)
			fatalx("event_add");
	}
}

/* Time alone has changed something: back-offs show in the status. */
static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct reconciled *r = arg;
	struct pod *p;

	TAILQ_FOREACH (p, &r->pods, entry)
		p->dirty = 1;
	on_reconcile(fd, what, arg);
}

static void
on_observe(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	observe_all(arg);
}

/* Whether pods can be run, when that changes. */
static void
note_node(struct reconciled *r, const struct cri_info *info)
{
	int ready = info->state == CRI_UP && info->runtime_ready &&
	    info->network_ready;

	if (r->node_ready == ready)
		return;
	r->node_ready = ready;
	if (ready)
		event_node_normal(
		    r, "NodeReady", "the runtime and its network are ready");
	else
		event_node(r, "NodeNotReady", "%s",
		    info->reason[0] != '\0' ? info->reason
					    : "the runtime is not ready");
}

void
reconcile_on_state(void *ctx, const struct cri_info *info)
{
	struct reconciled *r = ctx;
	struct pod *p;

	if (r->events != NULL)
		events_update(r->events);
	if (info->state == CRI_UP) {
		observe_after(r, 0);
	} else {
		r->listed = 0;
		TAILQ_FOREACH (p, &r->pods, entry)
			p->seen.stale = 1;
	}
	peers_node(r->peers);
	note_node(r, info);
	reconcile_kick(r);
}

static size_t
places(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN) * PLACES_EACH;

	if (n < PLACES_MIN)
		return (PLACES_MIN);
	return (n > PLACES_MAX ? PLACES_MAX : (size_t)n);
}

void
reconcile_init(struct reconciled *r)
{
	r->places = places();
	TAILQ_INIT(&r->pulls);
	records_init(&r->records);
	r->ev_reconcile = event_new(r->base, -1, 0, on_reconcile, r);
	r->ev_wake = evtimer_new(r->base, on_wake, r);
	r->ev_observe = evtimer_new(r->base, on_observe, r);
	r->ev_keep = evtimer_new(r->base, watch_keep, r);
	if (r->ev_reconcile == NULL || r->ev_wake == NULL ||
	    r->ev_observe == NULL || r->ev_keep == NULL)
		fatalx("event_new");
}
