#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reconciled/spec.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))

struct fixture {
	Tripod__Pod pod;
	Tripod__Container init, sidecar, regular;
	Tripod__Container *inits[2], *regulars[1];
	Tripod__RestartRule first, second;
	Tripod__RestartRule *rules[2];
	int32_t first_codes[2], second_codes[1];
};

static char name_init[] = "init", name_sidecar[] = "sidecar",
	    name_regular[] = "regular";

static void
fixture_init(struct fixture *f)
{
	tripod__pod__init(&f->pod);
	tripod__container__init(&f->init);
	tripod__container__init(&f->sidecar);
	tripod__container__init(&f->regular);
	f->init.name = name_init;
	f->sidecar.name = name_sidecar;
	f->sidecar.restart =
	    TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS;
	f->regular.name = name_regular;
	f->inits[0] = &f->init;
	f->inits[1] = &f->sidecar;
	f->regulars[0] = &f->regular;
	f->pod.init_container = f->inits;
	f->pod.n_init_container = 2;
	f->pod.container = f->regulars;
	f->pod.n_container = 1;
}

static void
test_index(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(spec_count(&f.pod), 3);
	assert_ptr_equal(spec_container(&f.pod, 1), &f.sidecar);
	assert_ptr_equal(spec_container(&f.pod, 2), &f.regular);
	assert_int_equal(spec_kind(&f.pod, 0), SPEC_INIT);
	assert_int_equal(spec_kind(&f.pod, 1), SPEC_SIDECAR);
	assert_int_equal(spec_kind(&f.pod, 2), SPEC_REGULAR);
	/* A regular one with that policy is no sidecar. */
	f.regular.restart = TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS;
	assert_int_equal(spec_kind(&f.pod, 2), SPEC_REGULAR);
	assert_int_equal(spec_find(&f.pod, "regular"), 2);
	assert_int_equal(spec_find(&f.pod, "other"), 3);
	f.pod.n_init_container = 1;
	assert_int_equal(spec_find(&f.pod, "regular"), 1);
}

static void
test_policies(void **state)
{
	enum {
		A = TRIPOD__RESTART_POLICY__RESTART_ALWAYS,
		F = TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE,
		N = TRIPOD__RESTART_POLICY__RESTART_NEVER
	};
	static const struct {
		int pod, own; /* own: enum of the container, 0: none */
		int killed, after_0, after_1, init_after_1;
	} rows[] = {
		{ A, 0, 1, 1, 1, 1 },
		{ F, 0, 1, 0, 1, 1 },
		{ N, 0, 0, 0, 0, 0 },
		{ N, 1, 1, 1, 1, 1 },
		{ N, 2, 1, 0, 1, 1 },
		{ A, 2, 1, 0, 1, 1 },
		{ A, 3, 0, 0, 0, 0 },
	};
	struct fixture f;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		fixture_init(&f);
		f.pod.restart_policy = (Tripod__RestartPolicy)rows[i].pod;
		f.regular.restart = f.init.restart =
		    (Tripod__ContainerRestart)rows[i].own;
		assert_int_equal(
		    spec_restarts_killed(&f.pod, 2), rows[i].killed);
		assert_int_equal(
		    spec_restart(&f.pod, 2, 0, 0), rows[i].after_0);
		assert_int_equal(
		    spec_restart(&f.pod, 2, 1, 1), rows[i].after_1);
		assert_int_equal(
		    spec_restart(&f.pod, 0, 1, 1), rows[i].init_after_1);
		assert_int_equal(
		    spec_restart(&f.pod, 1, 0, 0), SPEC_RESTART_YES);
	}
}

static void
test_rules(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.pod.restart_policy = TRIPOD__RESTART_POLICY__RESTART_NEVER;
	tripod__restart_rule__init(&f.first);
	tripod__restart_rule__init(&f.second);
	f.first_codes[0] = 3;
	f.first_codes[1] = 4;
	f.first.exit_code = f.first_codes;
	f.first.n_exit_code = 2;
	f.second_codes[0] = 0;
	f.second.exit_code = f.second_codes;
	f.second.n_exit_code = 1;
	f.second.not_in = 1;
	f.second.all = 1;
	f.rules[0] = &f.first;
	f.rules[1] = &f.second;
	f.regular.restart_rule = f.rules;
	f.regular.n_restart_rule = 2;
	assert_int_equal(spec_restart(&f.pod, 2, 4, 1), SPEC_RESTART_YES);
	assert_int_equal(spec_restart(&f.pod, 2, 5, 1), SPEC_RESTART_ALL);
	assert_int_equal(spec_restart(&f.pod, 2, 0, 0), SPEC_RESTART_NO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_rules),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
