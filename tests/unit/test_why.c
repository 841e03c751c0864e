/*
 * What tripodctl says about why; the notation is that of planrow.h.
 */
#include "tests/unit/planrow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/detail.h"

struct why_row {
	unsigned int want, memo;
	const char *pod, *seen;
	int container; /* -1: of the pod */
	const char *text;
	int64_t until; /* 0: never */
};

static const struct why_env env = { "", "", { NOW } };

static void
check(const struct why_row *row)
{
	struct planned *p = planned_new(
	    row->pod, row->seen, row->want, row->memo);
	struct arena a;
	struct why w;

	arena_init(&a, 1 << 20);
	w = row->container == -1
	    ? why_pod(&a, &env, p->pod)
	    : why_container(&a, &env, p->pod, (size_t)row->container);
	if (strcmp(w.text, row->text) != 0 ||
	    w.until.ms != (row->until == 0 ? MTIME_NEVER.ms : row->until))
		fail_msg("%s: %d: \"%s\", %lld", row->seen, row->container,
		    w.text, (long long)w.until.ms);
	arena_release(&a);
	planned_free(p);
}

/* clang-format off */
static void
test_pod(void **state)
{
	static const struct why_row rows[] = {
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=r0 b0=r0", -1, "", 0 },
		{ W_END, 0, NULL, "s0 a0=r0", -1,
		    "it ends: no manifest wants it any more", 0 },
		{ W_WANTED | W_END, 0, NULL, "s0 a0=r0", -1,
		    "it ends, and begins anew after that", 0 },
		{ W_WANTED | W_OVER, 0, NULL, "S0 a0=x0 b0=x0", -1,
		    "all its containers have ended for good", 0 },
		{ W_HOLD, 0, NULL, "s0 a0=r0", -1,
		    "it goes on until its successor can start, or watcherd "
		    "has said what is wanted", 0 },
		{ W_WANTED | W_BLOCKED, 0, NULL, "", -1,
		    "it waits for the end of the pod of this name that was "
		    "there before", 0 },
		{ W_WANTED | W_STALE, 0, NULL, "", -1,
		    "an answer of the runtime is awaited", 0 },
		{ W_WANTED, 0, NULL, "", -1, "its sandbox is being made", 0 },
		{ W_WANTED | W_NO_NET, 0, NULL, "", -1,
		    "the network is not ready", 0 },
		{ W_WANTED | W_NO_NET | W_HOST, 0, NULL, "", -1,
		    "its sandbox is being made", 0 },
		{ W_WANTED, M_SANDBOX_WAITS, NULL, "", -1,
		    "its sandbox cannot be made", WAIT },
		{ W_WANTED, 0, NULL, "D0 a0=r0", -1,
		    "its sandbox must be replaced", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++)
		check(&rows[i]);
}

static void
test_container(void **state)
{
	static const struct why_row rows[] = {
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=r0 b0=r0", 1, "", 0 },
		{ W_WANTED, M_IMAGES, NULL, "s0", 0, "it is being started", 0 },
		{ W_WANTED, M_IMAGES, NULL, "s0", 1,
		    "it waits for container a", 0 },
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=r0^", 1,
		    "it waits for container a", 0 },
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=r0_", 0,
		    "its postStart hook runs", 0 },
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=f0%", 0,
		    "it keeps ending: back-off", WAIT },
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=f0% b0=r0", 1, "", 0 },
		{ W_WANTED, M_BUSY_A, NULL, "s0", 0,
		    "its image is being looked up", 0 },
		{ W_WANTED, M_IMAGES | M_BUSY_A, NULL, "s0", 0,
		    "it is being created", 0 },
		{ W_WANTED, M_IMAGE_WAITS_A, NULL, "s0", 0,
		    "its image is not to be had: back-off", WAIT },
		{ W_WANTED, M_IMAGES | M_CREATE_WAITS_A, NULL, "s0", 0,
		    "it cannot be created", WAIT },
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=c0~", 0,
		    "it cannot be started", WAIT },
		{ W_WANTED | W_NEVER, M_IMAGES, NULL, "s0 a0=f0 b0=r0", 0,
		    "it has ended, and its policy does not start it again", 0 },
		{ W_WANTED, M_IMAGES, NULL, "s0 a0=r0k b0=r0", 0,
		    "it is being stopped: a probe has failed", 0 },
		{ W_WANTED, M_IMAGES, "a?", "s0 a0=r0?", 0,
		    "its startup probe has not succeeded", 0 },
		{ W_WANTED, M_IMAGES, "ii a", "s0", 1,
		    "it waits for init container i", 0 },
		{ W_WANTED, M_IMAGES, "ii a", "s0 i0=r0", 0,
		    "it runs, and must end well", 0 },
		{ W_WANTED, M_IMAGES, "ii a", "s0 i0=x0", 0, "", 0 },
		{ W_WANTED, M_IMAGES, "ii ij a", "s0 i0=f0%", 1,
		    "it waits for init container i", 0 },
		{ W_WANTED, M_IMAGES, "ii ij a", "s0 i0=x0 j0=r0", 2,
		    "it waits for init container j", 0 },
		{ W_WANTED, M_IMAGES, "ss a", "s0 s0=r0", 1,
		    "it is being started", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++)
		check(&rows[i]);
}

static void
test_restart(void **state)
{
	static const struct {
		unsigned int want;
		const char *pod, *seen;
		int allowed;
	} rows[] = {
		{ W_WANTED, NULL, "s0 a0=r0 b0=r0", 1 },
		{ W_WANTED, NULL, "s0 a0=f0% b0=r0", 1 },
		{ W_WANTED | W_FAILURE, NULL, "s0 a0=r0 b0=r0", 1 },
		/* It has done its work. */
		{ W_WANTED | W_FAILURE, NULL, "s0 a0=x0 b0=r0", 0 },
		{ W_WANTED | W_NEVER, NULL, "s0 a0=r0 b0=r0", 0 },
		{ W_WANTED | W_NEVER, "aA b", "s0 a0=r0 b0=r0", 1 },
		{ W_WANTED, "aN b", "s0 a0=r0 b0=r0", 0 },
		{ W_END, NULL, "s0 a0=r0 b0=r0", 0 },
		{ W_WANTED | W_OVER, NULL, "s0 a0=r0 b0=r0", 0 },
	};
	struct planned *p;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		p = planned_new(rows[i].pod, rows[i].seen, rows[i].want, 0);
		if ((why_no_restart(p->pod, 0) == NULL) != rows[i].allowed)
			fail_msg("row %zu", i);
		planned_free(p);
	}
}
/* clang-format on */

static void
test_detail(void **state)
{
	struct detail_env d = { env, INT64_C(1000000000000) };
	struct planned *p = planned_new(
	    "ii a?", "s0 i0=x0 a0=r0?", W_WANTED, M_IMAGES);
	Tripod__PodDetail *m;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	health_note(
	    &p->pod->memo.container[1].health, PROBE_STARTUP, "refused", 5);
	m = detail_build(&a, &d, p->pod);
	assert_string_equal(m->waits, "");
	assert_int_equal(m->n_container, 2);
	assert_int_equal(
	    m->container[0]->kind, TRIPOD__CONTAINER_DETAIL__KIND__INIT);
	assert_true(m->container[0]->over);
	assert_false(m->container[1]->over);
	assert_string_equal(m->container[1]->waits,
	    "its startup probe has not succeeded: refused");
	assert_int_equal(m->container[1]->n_probe, 1);
	assert_string_equal(m->container[1]->probe[0]->kind, "Startup");
	assert_false(m->container[1]->probe[0]->good);
	assert_string_equal(m->container[1]->probe[0]->message, "refused");
	assert_int_equal(m->container[1]->probe[0]->tried_ns, 5);
	arena_release(&a);
	planned_free(p);
}

static void
test_plan(void **state)
{
	struct detail_env d = { env, INT64_C(1000000000000) };
	struct planned *p = planned_new(
	    NULL, "s0 a0=f0% b0=f0", W_WANTED, M_IMAGES);
	Tripod__PlanItem *m;
	struct arena a;

	(void)state;
	arena_init(&a, 1 << 20);
	m = detail_plan(&a, &d, p->pod);
	assert_int_equal(m->n_action, 1);
	assert_string_equal(m->action[0]->kind, "create");
	assert_string_equal(m->action[0]->container, "b");
	assert_int_equal(m->action[0]->attempt, 1);
	assert_int_equal(
	    m->wake_ns, d.now_ns + (WAIT - NOW) * INT64_C(1000000));
	/* Without a runtime nothing is done. */
	d.why.runtime = "refused";
	m = detail_plan(&a, &d, p->pod);
	assert_int_equal(m->n_action, 0);
	assert_int_equal(m->wake_ns, 0);
	assert_string_equal(m->waits, "the runtime is not there: refused");
	arena_release(&a);
	planned_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pod),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_plan),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
