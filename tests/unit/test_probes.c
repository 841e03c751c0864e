/*
 * The probes of a pod's running containers: what is tried when, and what
 * becomes of the findings.  This test plays the handlers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/handler.h"
#include "reconciled/probe.h"
#include "reconciled/probes.h"
#include "reconciled/unready.h"

#define TEXT(s) ((char *)(uintptr_t)(s))
#define CONTAINERS 20
#define SECOND INT64_C(1000000000)

/* One that is under way. */
struct handler_run {
	int open;
	char id[32];
	const Tripod__Handler *handler;
	handler_done done;
	void *ctx;
};

struct world {
	struct reconciled r;
	struct pod *pod;
	Tripod__Definition definition;
	Tripod__Pod spec;
	Tripod__Container container[CONTAINERS], *containers[CONTAINERS];
	Tripod__Probe probe[PROBE_KINDS];
	Tripod__Handler handler[PROBE_KINDS];
};

static struct {
	struct handler_run run[CONTAINERS * PROBE_KINDS];
	size_t n, open;
	char event[256];
	int kicks;
	int noted[PROBE_KINDS]; /* on the disk */
} played;

void
unready_note(int pods, const struct pod *p, const struct seen_container *c,
    enum probe_kind kind, int unready)
{
	(void)pods;
	(void)p;
	(void)c;
	assert_true(kind != PROBE_LIVENESS);
	played.noted[kind] = unready;
}

int
unready_is_noted(int pods, const struct pod *p, const struct seen_container *c,
    enum probe_kind kind)
{
	(void)pods;
	(void)p;
	(void)c;
	return (played.noted[kind]);
}

struct handler_run *
handler_start(
    struct reconciled *r, const struct handler *h, handler_done done, void *ctx)
{
	struct handler_run *run = &played.run[played.n++];

	(void)r;
	assert_true(played.n <= CONTAINERS * PROBE_KINDS);
	run->open = 1;
	run->handler = h->handler;
	run->done = done;
	run->ctx = ctx;
	(void)snprintf(run->id, sizeof(run->id), "%s", h->id);
	played.open++;
	return (run);
}

void
handler_cancel(struct handler_run *run)
{
	if (run == NULL)
		return;
	assert_true(run->open);
	run->open = 0;
	played.open--;
}

void
reconcile_kick(struct reconciled *r)
{
	(void)r;
	played.kicks++;
}

void
event_warning(struct reconciled *r, const struct pod *p, const char *container,
    const char *reason, const char *fmt, ...)
{
	char message[128];
	va_list ap;

	(void)r;
	(void)p;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	(void)snprintf(played.event, sizeof(played.event), "%s %s: %s",
	    container, reason, message);
}

static void
answer(size_t i, enum handler_outcome outcome, const char *message)
{
	const struct handler_result res = { outcome, message };
	struct handler_run *run = &played.run[i];

	assert_true(run->open);
	run->open = 0;
	played.open--;
	run->done(run->ctx, &res);
}

static int
setup(void **state)
{
	static struct world w;
	enum probe_kind kind;
	size_t i;

	memset(&w, 0, sizeof(w));
	memset(&played, 0, sizeof(played));
	w.r.base = event_base_new();
	w.r.started_ns = wall_now_ns();
	tripod__definition__init(&w.definition);
	tripod__pod__init(&w.spec);
	w.definition.pod = &w.spec;
	w.spec.container = w.containers;
	for (i = 0; i < CONTAINERS; i++) {
		tripod__container__init(&w.container[i]);
		w.container[i].name = TEXT(i == 0 ? "main" : "other");
		w.containers[i] = &w.container[i];
	}
	for (kind = 0; kind < PROBE_KINDS; kind++) {
		tripod__probe__init(&w.probe[kind]);
		tripod__handler__init(&w.handler[kind]);
		w.probe[kind].handler = &w.handler[kind];
		w.probe[kind].period_seconds = 1000;
		w.probe[kind].failure_threshold = 1;
	}
	w.spec.n_container = 1;
	w.pod = pod_new("uid", "default", "web");
	w.pod->definition = &w.definition;
	pod_make_room(w.pod, CONTAINERS);
	w.pod->want.pod = &w.spec;
	*state = &w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	probes_forget(w->pod);
	assert_int_equal(played.open, 0);
	w->pod->definition = NULL; /* it is not the pod's arena's */
	pod_free(w->pod);
	event_base_free(w->r.base);
	return (0);
}

/* An instance that was started so long after reconciled. */
static struct seen_container *
run_container(
    struct world *w, const char *name, const char *id, int64_t after_s)
{
	static uint32_t attempt;
	struct seen_container *c;

	c = container_add(&w->pod->seen, id, name, ++attempt, wall_now_ns());
	c->state = SEEN_RUNNING;
	c->started_ns = w->r.started_ns + after_s * SECOND;
	return (c);
}

static struct health *
health(struct world *w)
{
	return (&w->pod->memo.container[0].health);
}

static void
test_no_probes(void **state)
{
	struct world *w = *state;

	(void)run_container(w, "main", "a", 0);
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.n, 0);
	assert_null(w->pod->probes);
	w->pod->definition = NULL;
	probes_sync(&w->r, w->pod);
}

static void
test_findings(void **state)
{
	struct world *w = *state;

	w->container[0].readiness = &w->probe[PROBE_READINESS];
	probes_sync(&w->r, w->pod); /* nothing runs yet */
	assert_int_equal(played.n, 0);
	(void)run_container(w, "main", "a", 0);
	probes_sync(&w->r, w->pod);
	probes_sync(&w->r, w->pod); /* once is enough */
	assert_int_equal(played.n, 1);
	assert_string_equal(played.run[0].id, "a");
	w->pod->dirty = 0;
	answer(0, HANDLER_FAILURE, "no");
	assert_string_equal(
	    played.event, "main Unhealthy: Readiness probe failed: no");
	assert_int_equal(health(w)->verdict[PROBE_READINESS], VERDICT_BAD);
	assert_int_equal(w->pod->dirty, 1);
	assert_int_equal(played.kicks, 1);
	probes_sync(&w->r, w->pod); /* not before the period is over */
	assert_int_equal(played.n, 1);
}

static void
test_errors(void **state)
{
	struct world *w = *state;
	size_t i;

	w->container[0].liveness = &w->probe[PROBE_LIVENESS];
	(void)run_container(w, "main", "a", 0);
	probes_sync(&w->r, w->pod);
	for (i = 0; i < PROBE_ATTEMPTS; i++) {
		assert_string_equal(played.event, "");
		assert_int_equal(played.n, i + 1);
		answer(i, HANDLER_ERROR, "no prober");
	}
	assert_int_equal(played.n, PROBE_ATTEMPTS);
	assert_string_equal(
	    played.event, "main Unhealthy: Liveness probe errored: no prober");
	assert_int_equal(health(w)->verdict[PROBE_LIVENESS], VERDICT_NONE);
	assert_int_equal(played.kicks, 0);
}

static void
test_startup_first(void **state)
{
	struct world *w = *state;

	w->container[0].startup = &w->probe[PROBE_STARTUP];
	w->container[0].liveness = &w->probe[PROBE_LIVENESS];
	w->container[0].readiness = &w->probe[PROBE_READINESS];
	(void)run_container(w, "main", "a", 0);
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.n, 1);
	assert_ptr_equal(played.run[0].handler, &w->handler[PROBE_STARTUP]);
	answer(0, HANDLER_SUCCESS, "");
	assert_int_equal(played.n, 3);
	assert_string_equal(played.event, "");
}

/* Another instance begins anew; what was under way is of no interest. */
static void
test_restart(void **state)
{
	struct world *w = *state;
	struct seen_container *c;

	w->container[0].liveness = &w->probe[PROBE_LIVENESS];
	c = run_container(w, "main", "a", 0);
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.open, 1);
	c->state = SEEN_EXITED;
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.open, 0);
	health(w)->verdict[PROBE_LIVENESS] = VERDICT_BAD;
	(void)run_container(w, "main", "b", 0);
	probes_sync(&w->r, w->pod);
	assert_int_equal(health(w)->verdict[PROBE_LIVENESS], VERDICT_NONE);
	assert_true(health_is_of(health(w), "b"));
	assert_int_equal(played.n, 2);
	assert_string_equal(played.run[1].id, "b");
}

static void
test_adopted(void **state)
{
	static const struct {
		int64_t after_s;
		int adopted;
	} rows[] = { { 5, 0 }, { 0, 0 }, { -9, 0 }, { -11, 1 }, { -9999, 1 } };
	struct world *w = *state;
	char id[] = "0";
	size_t i;

	w->container[0].readiness = &w->probe[PROBE_READINESS];
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		id[0]++;
		memset(played.noted, 0, sizeof(played.noted));
		(void)run_container(w, "main", id, rows[i].after_s);
		probes_sync(&w->r, w->pod);
		assert_int_equal(health(w)->adopted, rows[i].adopted);
		assert_int_equal(health_ready(&w->container[0], health(w), id),
		    rows[i].adopted);
	}
}

/* What one reconciled has found out the next one knows. */
static void
test_noted(void **state)
{
	static const struct {
		int unstarted, unready; /* on the disk */
		int started, ready;	/* at first */
	} rows[] = {
		{ 0, 0, 1, 1 },
		{ 0, 1, 1, 0 },
		{ 1, 0, 0, 0 },
		{ 1, 1, 0, 0 },
	};
	struct world *w = *state;
	Tripod__Container *spec = &w->container[0];
	char id[] = "0";
	size_t i;

	spec->startup = &w->probe[PROBE_STARTUP];
	spec->readiness = &w->probe[PROBE_READINESS];
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		id[0]++;
		played.noted[PROBE_STARTUP] = rows[i].unstarted;
		played.noted[PROBE_READINESS] = rows[i].unready;
		(void)run_container(w, "main", id, -9999);
		probes_sync(&w->r, w->pod);
		assert_int_equal(
		    health_started(spec, health(w), id), rows[i].started);
		assert_int_equal(
		    health_ready(spec, health(w), id), rows[i].ready);
		/* And so does the one after that. */
		assert_int_equal(played.noted[PROBE_STARTUP], !rows[i].started);
		assert_int_equal(played.noted[PROBE_READINESS],
		    rows[i].unready || !rows[i].started);
	}
}

static void
test_notes(void **state)
{
	struct world *w = *state;

	w->container[0].readiness = &w->probe[PROBE_READINESS];
	(void)run_container(w, "main", "a", 0);
	probes_sync(&w->r, w->pod);
	assert_true(played.noted[PROBE_READINESS]);
	answer(0, HANDLER_SUCCESS, "");
	assert_true(health_ready(&w->container[0], health(w), "a"));
	assert_false(played.noted[PROBE_READINESS]);
	/* The next instance begins anew. */
	(void)run_container(w, "main", "b", 0);
	probes_sync(&w->r, w->pod);
	assert_true(played.noted[PROBE_READINESS]);
	assert_false(played.noted[PROBE_STARTUP]);
}

/* Of what ends only readiness is still of interest. */
static void
test_ending(void **state)
{
	struct world *w = *state;
	struct seen_container *c;

	w->container[0].liveness = &w->probe[PROBE_LIVENESS];
	w->container[0].readiness = &w->probe[PROBE_READINESS];
	c = run_container(w, "main", "a", 0);
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.open, 2);
	c->stop = STOP_SURPLUS;
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.open, 1);
	c->stop = STOP_NONE;
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.open, 2);
	w->pod->want.terminating = 1;
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.open, 1);
}

/* A pod with many slow probes leaves room for others. */
static void
test_many(void **state)
{
	struct world *w = *state;
	char name[CONTAINERS][8];
	size_t i;

	w->spec.n_container = CONTAINERS;
	for (i = 0; i < CONTAINERS; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "c%zu", i);
		w->container[i].name = name[i];
		w->container[i].liveness = &w->probe[PROBE_LIVENESS];
		(void)run_container(w, name[i], name[i], 0);
	}
	probes_sync(&w->r, w->pod);
	assert_int_equal(played.n, 16);
	for (i = 0; i < CONTAINERS; i++) {
		answer(i, HANDLER_SUCCESS, "");
		assert_true(played.open <= 16);
	}
	assert_int_equal(played.n, CONTAINERS);
	probes_forget(w->pod); /* it goes by the names */
	w->spec.n_container = 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_probes),
		TEST(test_findings),
		TEST(test_errors),
		TEST(test_startup_first),
		TEST(test_restart),
		TEST(test_adopted),
		TEST(test_noted),
		TEST(test_notes),
		TEST(test_ending),
		TEST(test_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
