/*
 * What probes have found out, and what that makes of a running container.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/health.h"

#define NONE VERDICT_NONE
#define GOOD VERDICT_GOOD
#define BAD VERDICT_BAD

static void
test_states(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		int startup, liveness, readiness; /* has such a probe */
		const char *of; /* the instance that was probed */
		int adopted;
		enum verdict verdict[PROBE_KINDS];
		int started, ready;
		const char *failed; /* why, or NULL */
	} rows[] = {
		{ "no probes", 0, 0, 0, NULL, 0, { NONE, NONE, NONE },
		    1, 1, NULL },
		{ "unprobed", 1, 1, 1, NULL, 0, { NONE, NONE, NONE },
		    0, 0, NULL },
		{ "unprobed, only readiness", 0, 0, 1, NULL, 0,
		    { NONE, NONE, NONE }, 1, 0, NULL },
		{ "unprobed, only liveness", 0, 1, 0, NULL, 0,
		    { NONE, NONE, NONE }, 1, 1, NULL },
		{ "starting", 1, 1, 1, "this", 0, { NONE, NONE, NONE },
		    0, 0, NULL },
		{ "starting hides readiness", 1, 0, 1, "this", 0,
		    { NONE, NONE, GOOD }, 0, 0, NULL },
		{ "started", 1, 1, 1, "this", 0, { GOOD, NONE, NONE },
		    1, 0, NULL },
		{ "ready", 1, 1, 1, "this", 0, { GOOD, NONE, GOOD },
		    1, 1, NULL },
		{ "unready", 1, 1, 1, "this", 0, { GOOD, GOOD, BAD },
		    1, 0, NULL },
		{ "never started", 1, 1, 1, "this", 0, { BAD, NONE, NONE },
		    0, 0, "it failed its startup probe" },
		{ "dead", 0, 1, 0, "this", 0, { NONE, BAD, NONE },
		    1, 1, "it failed its liveness probe" },
		{ "of the one before", 1, 1, 1, "that", 0, { BAD, BAD, GOOD },
		    0, 0, NULL },
		{ "adopted", 1, 1, 1, "this", 1, { NONE, NONE, NONE },
		    1, 1, NULL },
		{ "adopted, turned out bad", 0, 0, 1, "this", 1,
		    { NONE, NONE, BAD }, 1, 0, NULL },
		{ "adopted, another runs now", 0, 0, 1, "that", 1,
		    { NONE, NONE, NONE }, 1, 0, NULL },
		{ "findings of a probe that is gone", 0, 0, 0, "this", 0,
		    { BAD, BAD, BAD }, 1, 1, NULL },
	};
	/* clang-format on */
	Tripod__Container c;
	Tripod__Probe probe[PROBE_KINDS];
	struct health h = { .id = NULL };
	const Tripod__Probe *failed;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("%s\n", rows[i].name);
		tripod__container__init(&c);
		c.startup = rows[i].startup ? &probe[PROBE_STARTUP] : NULL;
		c.liveness = rows[i].liveness ? &probe[PROBE_LIVENESS] : NULL;
		c.readiness = rows[i].readiness ? &probe[PROBE_READINESS]
						: NULL;
		health_forget(&h);
		if (rows[i].of != NULL)
			health_begin(&h, rows[i].of, rows[i].adopted);
		memcpy(h.verdict, rows[i].verdict, sizeof(h.verdict));
		assert_int_equal(
		    health_started(&c, &h, "this"), rows[i].started);
		assert_int_equal(health_ready(&c, &h, "this"), rows[i].ready);
		why = NULL;
		failed = health_failed(&c, &h, "this", &why);
		assert_int_equal(failed != NULL, rows[i].failed != NULL);
		if (failed == NULL)
			continue;
		assert_string_equal(why, rows[i].failed);
		assert_ptr_equal(failed,
		    rows[i].verdict[PROBE_STARTUP] == BAD ? c.startup
							  : c.liveness);
	}
	health_forget(&h);
}

static void
test_begin(void **state)
{
	struct health h = { .id = NULL };

	(void)state;
	assert_false(health_is_of(&h, ""));
	health_begin(&h, "a", 1);
	h.verdict[PROBE_LIVENESS] = BAD;
	assert_true(health_is_of(&h, "a"));
	health_note(&h, PROBE_LIVENESS, "refused", 5);
	assert_string_equal(h.last[PROBE_LIVENESS].message, "refused");
	health_note(&h, PROBE_LIVENESS, "", 6);
	assert_null(h.last[PROBE_LIVENESS].message);
	assert_int_equal(h.last[PROBE_LIVENESS].ns, 6);
	health_note(&h, PROBE_LIVENESS, "refused", 7);
	health_begin(&h, "b", 0);
	/* What was said of another instance is forgotten. */
	assert_int_equal(h.last[PROBE_LIVENESS].ns, 0);
	assert_true(health_is_of(&h, "b"));
	assert_false(health_is_of(&h, "a"));
	assert_int_equal(h.verdict[PROBE_LIVENESS], NONE);
	assert_int_equal(h.adopted, 0);
	health_forget(&h);
	assert_false(health_is_of(&h, "b"));
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(probe_kind_str(PROBE_STARTUP), "Startup");
	assert_string_equal(probe_kind_str(PROBE_LIVENESS), "Liveness");
	assert_string_equal(probe_kind_str(PROBE_READINESS), "Readiness");
	assert_string_equal(probe_kind_str(PROBE_KINDS), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_begin),
		cmocka_unit_test(test_names),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
