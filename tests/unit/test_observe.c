/*
 * What is asked of the runtime and when, and what its answers change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/observeworld.h"

#define LONG 100000
#define LONG_KEPT 2047 /* whole letters */
#define LOOKS_MAX 60   /* more than there may be */
#define NET_MS 10000   /* between lists without reason (runtime.md 10.1) */

/* An end is told before CRI knows of it. */
static void
test_container_ends(void **state)
{
	struct world *w = *state;

	hint(w, "c");
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	assert_int_equal(w->c->state, SEEN_RUNNING);
	event_base_loop(w->r.base, EVLOOP_ONCE);
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	/* More news while it waits is a reason to ask at once. */
	hint(w, "c");
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED);
	assert_int_equal(w->c->state, SEEN_EXITED);
	assert_string_equal(w->c->message, "said");
	/* Once more is once too often. */
	hint(w, "c");
	assert_int_equal(w->n, 0);
}

static void
test_sandbox_ends(void **state)
{
	struct world *w = *state;
	char *ip[] = { TEXT("10.0.0.1") };

	sandbox_set_ips(w->s, ip, 1);
	hint(w, "s");
	answer_sandbox(w, 1);
	assert_true(w->s->ready);
	event_base_loop(w->r.base, EVLOOP_ONCE);
	answer_sandbox(w, 0);
	assert_false(w->s->ready);
	assert_int_equal(w->s->n_ip, 1);
	hint(w, "s");
	assert_int_equal(w->n, 0);
}

/* One that was for nothing is not believed for ever. */
static void
test_false_hint(void **state)
{
	struct world *w = *state;
	int looks;

	hint(w, "s");
	for (looks = 0; w->p->inflight > 0; looks++) {
		assert_true(looks < LOOKS_MAX);
		answer_sandbox(w, 1);
		if (w->p->inflight > 0)
			event_base_loop(w->r.base, EVLOOP_ONCE);
	}
	assert_true(w->s->ready);
	assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, NULL));
}

/* The answer to a question overtaken by a stop. */
static void
test_stopped(void **state)
{
	struct world *w = *state;

	observe_sandbox(&w->r, w->p, w->s);
	w->s->ready = 0;
	w->s->stopped = 1;
	answer_sandbox(w, 1);
	assert_false(w->s->ready);
}

/* A runtime may say more than there is room for. */
static void
test_long(void **state)
{
	Runtime__V1__ContainerStatusResponse a =
	    RUNTIME__V1__CONTAINER_STATUS_RESPONSE__INIT;
	Runtime__V1__ContainerStatus st = RUNTIME__V1__CONTAINER_STATUS__INIT;
	struct world *w = *state;
	char *text = xmalloc(LONG + 1);
	size_t i;

	for (i = 0; i < LONG; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[LONG] = '\0';
	st.state = RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED;
	st.reason = st.message = st.image_ref = text + 1;
	text[1] = 'x';
	a.status = &st;
	hint(w, "c");
	answer(w, CRI_CONTAINER_STATUS, GRPC_OK, &a);
	assert_int_equal(strlen(w->c->reason), LONG_KEPT);
	assert_int_equal(strlen(w->c->image_ref), LONG_KEPT);
	free(text);
}

/* What cannot be told is asked again after a list, not for ever at once. */
static void
test_no_answer(void **state)
{
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct world *w = *state;

	d.pod = &pod;
	w->p->definition = &d;
	w->p->dirty = 1;
	w->s->detailed = 0;
	publish(&w->r);
	assert_int_equal(w->told, 0);
	answer(w, CRI_POD_SANDBOX_STATUS, GRPC_NOT_FOUND, NULL);
	assert_true(w->p->seen.stale);
	assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, NULL));
	publish(&w->r);
	assert_int_equal(w->n, 0);
	w->s->question.not_before = MTIME_ZERO; /* the time passes */
	observe_all(&w->r);
	answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	assert_false(w->p->seen.stale);
	answer_sandbox(w, 1);
	assert_int_equal(w->told, 0);
	publish(&w->r);
	assert_int_equal(w->told, 1);
}

/* What is there and cannot be told is asked less and less often. */
static void
test_never_told(void **state)
{
	struct world *w = *state;
	int64_t wait = 0;
	int i;

	w->c->detailed = 0;
	observe_container(&w->r, w->p, w->c);
	for (i = 0; i < 12; i++) {
		answer(w, CRI_CONTAINER_STATUS, GRPC_UNKNOWN, NULL);
		assert_true(i == 0 ? w->p->seen.stale : !w->p->seen.stale);
		wait = mtime_diff(w->c->question.not_before, mtime_now());
		/* A list that comes for another reason is none to ask. */
		observe_all(&w->r);
		answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
		assert_int_equal(w->n, 0);
		assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, NULL));
		w->c->question.not_before = MTIME_ZERO;
		observe_container(&w->r, w->p, w->c);
	}
	assert_true(wait > 50000);
	assert_string_equal(
	    TAILQ_FIRST(&w->r.records.list)->reason, "FailedSync");
	answer(w, CRI_CONTAINER_STATUS, GRPC_UNKNOWN, NULL);
	/* What is said of a sandbox. */
	w->c->detailed = 1;
	w->s->detailed = 0;
	w->s->question.fails = 1;
	observe_sandbox(&w->r, w->p, w->s);
	answer(w, CRI_POD_SANDBOX_STATUS, GRPC_UNKNOWN, NULL);
	assert_string_equal(
	    TAILQ_FIRST(&w->r.records.list)->reason, "FailedPodSandBoxStatus");
	/* An event is a reason. */
	hint(w, "c");
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED);
	assert_int_equal(w->c->question.fails, 0);
}

/*
 * Milliseconds until the next list, give or take what the two clocks that
 * libevent converts between have drifted apart.
 */
#define DRIFT_MS 50
static int64_t
next_list(struct world *w)
{
	struct timeval due, now;

	assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, &due));
	assert_int_equal(evutil_gettimeofday(&now, NULL), 0);
	evutil_timersub(&due, &now, &due);
	(void)event_del(w->r.ev_observe);
	return (due.tv_sec * 1000 + due.tv_usec / 1000);
}

/* Lists that fail are backed off, up to the pace of those without reason. */
static void
test_list_fails(void **state)
{
	struct world *w = *state;
	int64_t wait, before = 100;
	int i;

	for (i = 0; i < 10; i++) {
		observe_all(&w->r);
		answer(w, CRI_LIST_POD_SANDBOX, GRPC_RESOURCE_EXHAUSTED, NULL);
		wait = next_list(w);
		assert_true(wait > before || wait > NET_MS / 2);
		assert_true(wait <= NET_MS + DRIFT_MS);
		before = wait;
	}
	observe_all(&w->r);
	answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	wait = next_list(w);
	assert_true(wait > NET_MS / 2 && wait <= NET_MS + DRIFT_MS);
	observe_all(&w->r);
	answer(w, CRI_LIST_POD_SANDBOX, GRPC_UNKNOWN, NULL);
	assert_true(next_list(w) <= 200);
}

/* A list that was taken before an end that is known. */
static void
test_old_list(void **state)
{
	struct world *w = *state;

	observe_all(&w->r);
	hint(w, "c");
	w->asked[2] = w->asked[0];
	w->asked[0] = w->asked[1];
	w->n = 1;
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED);
	w->asked[0] = w->asked[2];
	w->n = 1;
	answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	assert_int_equal(w->c->state, SEEN_EXITED);
	assert_int_equal(w->n, 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_container_ends),
		TEST(test_sandbox_ends),
		TEST(test_false_hint),
		TEST(test_stopped),
		TEST(test_long),
		TEST(test_no_answer),
		TEST(test_never_told),
		TEST(test_list_fails),
		TEST(test_old_list),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
