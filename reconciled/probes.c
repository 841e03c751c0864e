#include "reconciled/probes.h"

#include <stdlib.h>

#include "common/log.h"
#include "reconciled/handler.h"
#include "reconciled/probe.h"
#include "reconciled/unready.h"

/* What ran for longer when reconciled was started was adopted. */
#define ADOPTED_NS (INT64_C(10) * 1000000000)
/* Of one pod: none with slow answers takes all of the prober's room. */
#define AT_ONCE_MAX 16

/* One probe of one container. */
struct worker {
	struct probes *set;
	size_t index; /* of the container */
	enum probe_kind kind;
	int active; /* its container runs */
	struct probe probe;
	struct handler_run *run; /* NULL: none is under way */
};

/* All of a pod. */
struct probes {
	struct reconciled *r;
	struct pod *pod;
	struct event *timer;
	struct worker *worker;
	size_t n;
};

static const Tripod__Container *
worker_spec(const struct worker *w)
{
	return (spec_container(w->set->pod->definition->pod, w->index));
}

static struct health *
worker_health(const struct worker *w)
{
	return (&w->set->pod->memo.container[w->index].health);
}

static void
worker_stop(struct worker *w)
{
	handler_cancel(w->run);
	w->run = NULL;
	w->active = 0;
}

/* The instance to be probed; NULL while none runs. */
static struct seen_container *
running(const struct pod *p, size_t i)
{
	struct seen_container *c;

	c = container_newest(
	    &p->seen, spec_container(p->definition->pod, i)->name);
	return (c != NULL && c->state == SEEN_RUNNING ? c : NULL);
}

static void
worker_begin(struct worker *w, const struct seen_container *c)
{
	const Tripod__Probe *spec = probe_of(worker_spec(w), w->kind);
	int64_t age_ms = (wall_now_ns() - c->started_ns) / 1000000;
	struct mtime now = mtime_now();
	uint8_t jitter = 0;

	worker_stop(w);
	w->active = 1;
	/* Some number, different for each of them. */
	if (worker_health(w)->adopted)
		jitter = (uint8_t)((uintptr_t)w / sizeof(*w) * 37 +
		    (uint64_t)now.ms);
	probe_begin(&w->probe, spec, mtime_add(now, age_ms > 0 ? -age_ms : 0),
	    now, jitter);
}

/* Events of the kubelet's words (runtime.md 6.5). */
static void
report(const struct worker *w, const struct handler_result *res)
{
	const char *name = worker_spec(w)->name;
	const char *kind = probe_kind_str(w->kind);
	struct reconciled *r = w->set->r;
	const struct pod *p = w->set->pod;

	switch (res->outcome) {
	case HANDLER_SUCCESS:
		break;
	case HANDLER_WARNING:
		event_warning(r, p, name, "ProbeWarning",
		    "%s probe warning: %s", kind, res->message);
		break;
	case HANDLER_FAILURE:
	case HANDLER_TIMEOUT:
		event_warning(r, p, name, "Unhealthy", "%s probe failed: %s",
		    kind, res->message);
		break;
	case HANDLER_ERROR:
		event_warning(r, p, name, "Unhealthy", "%s probe errored: %s",
		    kind, res->message);
		break;
	}
}

/* A later reconciled shall know what was not so, too. */
static void
note(const struct worker *w, const struct seen_container *c)
{
	if (w->kind != PROBE_LIVENESS)
		unready_note(w->set->r->files.pods, w->set->pod, c, w->kind,
		    !health_is_good(
			worker_spec(w), worker_health(w), c->id, w->kind));
}

static int
is_noted(
    const struct probes *set, const struct seen_container *c, enum probe_kind k)
{
	return (unready_is_noted(set->r->files.pods, set->pod, c, k));
}

static void set_run(struct probes *);

static void
on_probed(void *ctx, const struct handler_result *res)
{
	struct worker *w = ctx;
	struct probes *set = w->set;
	const struct seen_container *c = running(set->pod, w->index);

	w->run = NULL;
	health_note(worker_health(w), w->kind, res->message, wall_now_ns());
	switch (
	    probe_take(&w->probe, w->kind, probe_of(worker_spec(w), w->kind),
		res->outcome, mtime_now(), worker_health(w))) {
	case PROBE_RETRIED:
		break;
	case PROBE_CHANGED:
		if (c != NULL)
			note(w, c);
		set->pod->dirty = 1;
		reconcile_kick(set->r);
		/* FALLTHROUGH */
	case PROBE_NOTHING:
		report(w, res);
	}
	set_run(set);
}

static void
worker_start(struct worker *w, const struct seen_container *c)
{
	const Tripod__Probe *spec = probe_of(worker_spec(w), w->kind);
	struct handler h = { .handler = spec->handler,
		.container = worker_spec(w),
		.pod = w->set->pod,
		.id = c->id,
		.timeout_ms = spec->timeout_seconds < 1
		    ? 1000
		    : (int64_t)spec->timeout_seconds * 1000 };

	w->run = handler_start(w->set->r, &h, on_probed, w);
}

/* Starts what is due, and waits for what will be. */
static void
set_run(struct probes *set)
{
	struct mtime now = mtime_now(), next = MTIME_NEVER, due;
	const struct seen_container *c;
	struct timeval tv;
	struct worker *w;
	size_t n = 0;

	for (w = set->worker; w < set->worker + set->n; w++)
		n += w->run != NULL;
	for (w = set->worker; w < set->worker + set->n; w++) {
		if (!w->active || w->run != NULL || n >= AT_ONCE_MAX)
			continue; /* the end of one is the next one's turn */
		due = probe_due(
		    &w->probe, w->kind, worker_spec(w), worker_health(w));
		if (mtime_cmp(due, now) > 0) {
			next = mtime_min(next, due);
		} else if ((c = running(set->pod, w->index)) != NULL) {
			worker_start(w, c);
			n++;
		}
	}
	if (mtime_cmp(next, MTIME_NEVER) == 0)
		return; /* one that fires too early does no harm */
	tv = mtime_wait(now, next);
	if (event_add(set->timer, &tv) == -1)
		fatalx("event_add");
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	set_run(arg);
}

static size_t
count(const Tripod__Pod *pod)
{
	enum probe_kind kind;
	size_t i, n = 0;

	for (i = 0; i < spec_count(pod); i++)
		for (kind = 0; kind < PROBE_KINDS; kind++)
			n += spec_kind(pod, i) != SPEC_INIT &&
			    probe_of(spec_container(pod, i), kind) != NULL;
	return (n);
}

static struct probes *
set_new(struct reconciled *r, struct pod *p, size_t n)
{
	const Tripod__Pod *pod = p->definition->pod;
	struct probes *set = xcalloc(1, sizeof(*set));
	enum probe_kind kind;
	size_t i;

	set->r = r;
	set->pod = p;
	set->worker = xcalloc(n, sizeof(*set->worker));
	set->timer = evtimer_new(r->base, on_timer, set);
	if (set->timer == NULL)
		fatalx("evtimer_new");
	for (i = 0; i < spec_count(pod); i++) {
		for (kind = 0; kind < PROBE_KINDS; kind++) {
			if (spec_kind(pod, i) == SPEC_INIT ||
			    probe_of(spec_container(pod, i), kind) == NULL)
				continue;
			set->worker[set->n++] = (struct worker){
				.set = set, .index = i, .kind = kind
			};
		}
	}
	return (set);
}

/* Liveness of what is being stopped is nobody's concern. */
static int
is_probed(const struct worker *w, const struct seen_container *c)
{
	if (c == NULL)
		return (0);
	return (w->kind == PROBE_READINESS ||
	    (c->stop == STOP_NONE && !pod_is_ending(&w->set->pod->want)));
}

/* A new instance has new findings, for all of its probes. */
static void
meet(struct probes *set, size_t i, const struct seen_container *c)
{
	struct health *h = &set->pod->memo.container[i].health;
	struct worker *w;

	if (health_is_of(h, c->id))
		return;
	health_begin(h, c->id,
	    set->r->started_ns - c->started_ns > ADOPTED_NS &&
		!is_noted(set, c, PROBE_STARTUP));
	if (h->adopted && is_noted(set, c, PROBE_READINESS))
		h->verdict[PROBE_READINESS] = VERDICT_BAD;
	for (w = set->worker; w < set->worker + set->n; w++) {
		if (w->index != i)
			continue;
		worker_stop(w);
		note(w, c);
	}
}

void
probes_sync(struct reconciled *r, struct pod *p)
{
	const struct seen_container *c;
	struct probes *set;
	struct worker *w;
	size_t n;

	if (p->probes == NULL && p->definition != NULL &&
	    (n = count(p->definition->pod)) > 0)
		p->probes = set_new(r, p, n);
	if ((set = p->probes) == NULL)
		return;
	for (w = set->worker; w < set->worker + set->n; w++) {
		c = running(p, w->index);
		if (!is_probed(w, c)) {
			worker_stop(w);
			continue;
		}
		meet(set, w->index, c);
		if (!w->active)
			worker_begin(w, c);
	}
	set_run(set);
}

void
probes_forget(struct pod *p)
{
	struct probes *set = p->probes;
	struct worker *w;

	if (set == NULL)
		return;
	for (w = set->worker; w < set->worker + set->n; w++)
		worker_stop(w);
	event_free(set->timer);
	free(set->worker);
	free(set);
	p->probes = NULL;
}
