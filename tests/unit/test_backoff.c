#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/backoff.h"

#define NOW 1000000
#define LEN(x) (sizeof(x) / sizeof((x)[0]))

static void
test_retry(void **state)
{
	struct mtime now = { NOW };
	struct retry r = { 0, { 0 } };
	const int64_t delays[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(delays); i++) {
		retry_fail(&r, now, 0);
		assert_int_equal(r.not_before.ms, NOW + delays[i] * 1000);
	}
	retry_fail(&r, now, 255);
	assert_true(r.not_before.ms > NOW + 60000);
	assert_true(r.not_before.ms <= NOW + 75000);
	assert_true(retry_waits(&r, now));
	assert_false(retry_waits(&r, r.not_before));
	retry_clear(&r);
	assert_false(retry_waits(&r, now));
}

static void
test_question(void **state)
{
	const int64_t delays[] = { 200, 400, 800, 1600, 3200, 6400, 12800,
		25600, 51200, 60000, 60000 };
	struct mtime now = { NOW };
	struct retry r = { 0, { 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(delays); i++) {
		retry_fail_question(&r, now);
		assert_int_equal(r.not_before.ms, NOW + delays[i]);
	}
}

/* The waits of runtime.md 5.6: 0, 10, 20, 40, 80, 160, 300, 300 s. */
static void
test_backoff(void **state)
{
	const int64_t waits[] = { 0, 10, 20, 40, 80, 160, 300, 300 };
	struct backoff b = { 0, { 0 } };
	struct mtime ended = { NOW }, until;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(waits); i++) {
		until = backoff_until(&b, ended);
		if (waits[i] == 0)
			assert_int_equal(until.ms, 0);
		else
			assert_int_equal(until.ms, ended.ms + waits[i] * 1000);
		if (until.ms == 0)
			until = ended;
		b = backoff_next(&b, ended, until);
		ended = mtime_add(until, 500);
	}
	ended = mtime_add(b.last, 600 * 1000);
	assert_int_not_equal(backoff_until(&b, ended).ms, 0);
	ended = mtime_add(ended, 1);
	assert_int_equal(backoff_until(&b, ended).ms, 0);
	b = backoff_next(&b, ended, ended);
	assert_int_equal(b.delay_ms, 10000);
}

/* 10, 20 ... 300 s; the delay is forgotten after ten minutes. */
static void
test_pull(void **state)
{
	const int64_t delays[] = { 10, 20, 40, 80, 160, 300, 300 };
	struct mtime now = { NOW };
	struct retry r = { 0, { 0 } };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(delays); i++) {
		retry_fail_pull(&r, now);
		assert_int_equal(r.not_before.ms, now.ms + delays[i] * 1000);
		now = r.not_before;
	}
	now = mtime_add(now, 600 * 1000 + 1);
	retry_fail_pull(&r, now);
	assert_int_equal(r.not_before.ms, now.ms + 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_pull),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
