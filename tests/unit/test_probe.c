/*
 * When probes are due and what their results lead to: each story drives
 * one probe along its own clock, as probes.c would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/probe.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define START 1000000 /* of the container, on the stories' clock */
#define NEVER INT64_MAX

static struct mtime
at(int64_t ms)
{
	return ((struct mtime){ START + ms });
}

/* A probe with the defaults of the API. */
static Tripod__Probe
defaults(void)
{
	Tripod__Probe spec;

	tripod__probe__init(&spec);
	spec.period_seconds = 10;
	spec.timeout_seconds = 1;
	spec.success_threshold = 1;
	spec.failure_threshold = 3;
	return (spec);
}

/* Rules 1 and 2 for the first attempt. */
static void
test_first(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		int32_t delay_s, period_s;
		int64_t age_ms;
		uint8_t jitter;
		int64_t due_ms; /* since the container's start */
	} rows[] = {
		{ "at once", 0, 10, 0, 0, 0 },
		{ "after the delay", 15, 10, 0, 0, 15000 },
		{ "the delay runs from the start", 15, 10, 4000, 0, 15000 },
		{ "the delay is over", 15, 10, 60000, 0, 60000 },
		{ "adopted: part of a period later", 0, 10, 60000, 128,
		    65000 },
		{ "adopted: never a whole period", 0, 10, 60000, 255, 69960 },
		{ "adopted in its delay", 90, 10, 60000, 64, 92500 },
		{ "no period was given", 0, 0, 60000, 128, 65000 },
		{ "a negative delay is none", -5, 10, 100, 0, 100 },
	};
	/* clang-format on */
	Tripod__Probe spec = defaults();
	struct probe p;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		print_message("%s\n", rows[i].name);
		spec.initial_delay_seconds = rows[i].delay_s;
		spec.period_seconds = rows[i].period_s;
		probe_begin(
		    &p, &spec, at(0), at(rows[i].age_ms), rows[i].jitter);
		assert_int_equal(p.due.ms, at(rows[i].due_ms).ms);
	}
}

#define OK HANDLER_SUCCESS
#define LED HANDLER_WARNING
#define BAD HANDLER_FAILURE
#define LATE HANDLER_TIMEOUT
#define ERR HANDLER_ERROR

/* One result, when it came, and what it must lead to. */
struct step {
	enum handler_outcome outcome;
	int64_t ms; /* since the container's start */
	enum probe_effect effect;
	enum verdict verdict;
	int64_t due_ms; /* of the next one; NEVER */
};

#define STEPS 8
#define SAME PROBE_NOTHING
#define NEW PROBE_CHANGED
#define AGAIN PROBE_RETRIED
#define V_NONE VERDICT_NONE
#define V_GOOD VERDICT_GOOD
#define V_BAD VERDICT_BAD

/* clang-format off */
static const struct {
	const char *name;
	enum probe_kind kind;
	int32_t success, failure;
	size_t n;
	struct step step[STEPS];
} stories[] = {
	{ "readiness: the first success counts", PROBE_READINESS,
	    1, 3, 2, {
		{ OK, 5, NEW, V_GOOD, 10000 },
		{ OK, 10003, SAME, V_GOOD, 20000 } } },
	{ "readiness: three failures make it unready, one success "
	    "ready", PROBE_READINESS, 1, 3, 7, {
		{ OK, 5, NEW, V_GOOD, 10000 },
		{ BAD, 10001, SAME, V_GOOD, 20000 },
		{ LATE, 21000, SAME, V_GOOD, 30000 },
		{ BAD, 30001, NEW, V_BAD, 40000 },
		{ BAD, 40001, SAME, V_BAD, 50000 },
		{ OK, 50001, NEW, V_GOOD, 60000 },
		{ OK, 60001, SAME, V_GOOD, 70000 } } },
	{ "readiness: failures must be in a row", PROBE_READINESS,
	    1, 2, 5, {
		{ OK, 5, NEW, V_GOOD, 10000 },
		{ BAD, 10001, SAME, V_GOOD, 20000 },
		{ OK, 20001, SAME, V_GOOD, 30000 },
		{ BAD, 30001, SAME, V_GOOD, 40000 },
		{ BAD, 40001, NEW, V_BAD, 50000 } } },
	{ "readiness: a threshold for success", PROBE_READINESS,
	    3, 1, 5, {
		{ OK, 1, SAME, V_NONE, 10000 },
		{ OK, 10001, SAME, V_NONE, 20000 },
		{ LED, 20001, NEW, V_GOOD, 30000 },
		{ BAD, 30001, NEW, V_BAD, 40000 },
		{ OK, 40001, SAME, V_BAD, 50000 } } },
	{ "liveness: bad for good", PROBE_LIVENESS, 1, 2, 3, {
		{ OK, 5, NEW, V_GOOD, 10000 },
		{ LATE, 11000, SAME, V_GOOD, 20000 },
		{ BAD, 20001, NEW, V_BAD, NEVER } } },
	{ "liveness: failures from the start", PROBE_LIVENESS,
	    1, 3, 3, {
		{ BAD, 5, SAME, V_NONE, 10000 },
		{ BAD, 10001, SAME, V_NONE, 20000 },
		{ BAD, 20001, NEW, V_BAD, NEVER } } },
	{ "startup: once is enough", PROBE_STARTUP, 1, 3, 3, {
		{ BAD, 5, SAME, V_NONE, 10000 },
		{ BAD, 10001, SAME, V_NONE, 20000 },
		{ OK, 20001, NEW, V_GOOD, NEVER } } },
	{ "startup: too late", PROBE_STARTUP, 1, 2, 2, {
		{ BAD, 5, SAME, V_NONE, 10000 },
		{ LATE, 11001, NEW, V_BAD, NEVER } } },
	{ "errors count for nothing", PROBE_LIVENESS, 1, 2, 8, {
		{ BAD, 1, SAME, V_NONE, 10000 },
		{ ERR, 10001, AGAIN, V_NONE, 10000 },
		{ ERR, 10002, AGAIN, V_NONE, 10000 },
		{ ERR, 10003, SAME, V_NONE, 20000 },
		{ ERR, 20001, AGAIN, V_NONE, 20000 },
		{ ERR, 20002, AGAIN, V_NONE, 20000 },
		{ ERR, 20003, SAME, V_NONE, 30000 },
		{ BAD, 30001, NEW, V_BAD, NEVER } } },
	{ "an error is overcome", PROBE_READINESS, 1, 3, 4, {
		{ ERR, 1, AGAIN, V_NONE, 0 },
		{ OK, 2, NEW, V_GOOD, 10000 },
		{ ERR, 10001, AGAIN, V_GOOD, 10000 },
		{ OK, 10002, SAME, V_GOOD, 20000 } } },
	{ "slow ones do not pile up", PROBE_READINESS, 1, 3, 3, {
		{ LATE, 35000, SAME, V_NONE, 35000 },
		{ LATE, 70000, SAME, V_NONE, 70000 },
		{ OK, 70001, NEW, V_GOOD, 80000 } } },
	{ "thresholds that make no sense are 1", PROBE_READINESS,
	    0, -3, 2, {
		{ OK, 1, NEW, V_GOOD, 10000 },
		{ BAD, 10001, NEW, V_BAD, 20000 } } },
};
/* clang-format on */

static void
test_stories(void **state)
{
	Tripod__Probe spec = defaults();
	Tripod__Container c;
	const struct step *s;
	struct health h;
	struct probe p;
	int64_t due;
	size_t i, j;

	(void)state;
	tripod__container__init(&c);
	for (i = 0; i < LEN(stories); i++) {
		print_message("%s\n", stories[i].name);
		spec.success_threshold = stories[i].success;
		spec.failure_threshold = stories[i].failure;
		memset(&h, 0, sizeof(h));
		probe_begin(&p, &spec, at(0), at(0), 0);
		for (j = 0; j < stories[i].n; j++) {
			s = &stories[i].step[j];
			assert_int_equal(probe_take(&p, stories[i].kind, &spec,
					     s->outcome, at(s->ms), &h),
			    s->effect);
			assert_int_equal(
			    h.verdict[stories[i].kind], s->verdict);
			due = probe_due(&p, stories[i].kind, &c, &h).ms;
			assert_int_equal(
			    due, s->due_ms == NEVER ? NEVER : at(s->due_ms).ms);
		}
	}
}

/* Rule 3. */
static void
test_startup_gates(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		int has_startup;
		enum verdict startup;
		int waits;
	} rows[] = {
		{ "without one", 0, V_NONE, 0 },
		{ "it has not said", 1, V_NONE, 1 },
		{ "it is content", 1, V_GOOD, 0 },
		{ "it has given up", 1, V_BAD, 1 },
	};
	/* clang-format on */
	Tripod__Probe spec = defaults();
	enum probe_kind kind;
	Tripod__Container c;
	struct health h;
	struct probe p;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		print_message("%s\n", rows[i].name);
		tripod__container__init(&c);
		c.startup = rows[i].has_startup ? &spec : NULL;
		memset(&h, 0, sizeof(h));
		h.verdict[PROBE_STARTUP] = rows[i].startup;
		probe_begin(&p, &spec, at(0), at(0), 0);
		for (kind = PROBE_LIVENESS; kind < PROBE_KINDS; kind++)
			assert_int_equal(mtime_cmp(probe_due(&p, kind, &c, &h),
					     MTIME_NEVER) == 0,
			    rows[i].waits);
	}
	/* An adopted one is taken for started, and asked all the same. */
	h.adopted = 1;
	h.verdict[PROBE_STARTUP] = V_NONE;
	assert_int_equal(probe_due(&p, PROBE_STARTUP, &c, &h).ms, at(0).ms);
	assert_int_equal(
	    probe_due(&p, PROBE_LIVENESS, &c, &h).ms, MTIME_NEVER.ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_startup_gates),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
