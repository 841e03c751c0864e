/*
 * What is told of a pod and when: not before all of it is known, not again
 * when nothing has changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/mtime.h"
#include "tests/unit/observeworld.h"

/* Nothing is told of a container before its details are here. */
static void
test_gate(void **state)
{
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct world *w = *state;

	d.pod = &pod;
	w->p->definition = &d;
	w->p->dirty = 1;
	w->r.listed = w->r.known = 0;
	publish(&w->r);
	assert_int_equal(w->told, 0);
	w->r.listed = w->r.known = 1;
	w->c->detailed = 0;
	publish(&w->r);
	publish(&w->r);
	assert_int_equal(w->told, 0);
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	publish(&w->r);
	assert_int_equal(w->told, 1);
	/* While the runtime is away what was seen last counts. */
	w->r.listed = 0;
	w->c->detailed = 0;
	w->p->want.wanted = 1;
	w->p->want.terminating = 1;
	w->p->dirty = 1;
	publish(&w->r);
	assert_int_equal(w->told, 2);
	/* One that waits for another one's end is not told. */
	w->p->want.blocked = 1;
	w->p->want.terminating = 0;
	w->p->dirty = 1;
	publish(&w->r);
	assert_int_equal(w->told, 2);
}

/* One that waits for its restart is told of once, not at each look. */
static void
test_back_off(void **state)
{
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	Tripod__Container spec = TRIPOD__CONTAINER__INIT, *specs[] = { &spec };
	struct world *w = *state;
	int64_t before;

	spec.name = TEXT("main");
	pod.container = specs;
	pod.n_container = 1;
	d.pod = &pod;
	w->p->definition = &d;
	pod_make_room(w->p, 1);
	w->p->want.wanted = 1;
	w->p->want.pod = &pod;
	w->c->state = SEEN_EXITED;
	w->c->finished = w->c->crash.last = mtime_now();
	w->c->crash.delay_ms = 10000;
	for (before = wall_now_ns(); wall_now_ns() - before < 5000000;) {
		w->p->dirty = 1;
		publish(&w->r);
	}
	assert_int_equal(w->told, 1);
	assert_string_equal(TAILQ_FIRST(&w->r.records.list)->reason, "BackOff");
}

/* Its end is told when nothing of it runs, before all is cleaned up. */
static void
test_gone(void **state)
{
	const struct {
		enum seen_state state;
		int busy, stale, wanted, gone;
	} rows[] = {
		{ SEEN_EXITED, 0, 0, 0, 1 },
		{ SEEN_EXITED, 1, 0, 0, 1 }, /* it is being removed */
		{ SEEN_EXITED, 0, 1, 0, 0 }, { SEEN_EXITED, 0, 0, 1, 0 },
		{ SEEN_RUNNING, 0, 0, 0, 0 },
		{ SEEN_RUNNING, 1, 0, 0, 0 }, /* it is being stopped */
		{ SEEN_UNKNOWN, 0, 0, 0, 0 }, { SEEN_CREATED, 0, 0, 0, 1 },
		{ SEEN_CREATED, 1, 0, 0, 0 }, /* it is being started */
	};
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct world *w = *state;
	size_t i;

	d.pod = &pod;
	w->p->definition = &d;
	w->p->want.terminating = 1;
	w->p->inflight++; /* the stop of its sandbox, say */
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w->c->state = rows[i].state;
		w->c->busy = rows[i].busy;
		w->p->seen.stale = rows[i].stale;
		w->p->want.wanted = rows[i].wanted;
		w->p->dirty = 1;
		w->gone = 0;
		publish(&w->r);
		if (w->gone != rows[i].gone)
			fail_msg("row %zu: %d", i, w->gone);
	}
	w->p->inflight--;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gate),
		TEST(test_back_off),
		TEST(test_gone),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
