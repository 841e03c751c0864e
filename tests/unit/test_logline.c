#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/logline.h"

static void
test_lines(void **state)
{
	static const struct {
		const char *line, *text;
		int is_stderr, partial;
	} rows[] = {
		{ "2026-11-27T10:15:00.5Z stdout F hello world", "hello world",
		    0, 0 },
		{ "2026-11-27T10:15:00.5Z stderr P a part", "a part", 1, 1 },
		{ "2026-11-27T10:15:00.5+01:00 stdout F:x  two", " two", 0, 0 },
		{ "2026-11-27T10:15:00.5Z stdout P:x a", "a", 0, 1 },
		{ "2026-11-27T10:15:00.5Z stdout F ", "", 0, 0 },
		{ "2026-11-27T10:15:00.5Z stdout F", "", 0, 0 },
		{ "2026-11-27T10:15:00.5Z stdout Px a", "a", 0, 0 },
	};
	static const char *const bad[] = { "", " ", "hello",
		"2026-11-27T10:15:00.5Z", "2026-11-27T10:15:00.5Z stdout",
		"2026-11-27T10:15:00.5Z stdout ", "2026-11-27 stdout F a",
		"2026-11-27T10:15:00.5Z stdin F a", "{\"log\":\"docker\"}",
		"2026-11-27T10:15:00.5Z stdoutt F a" };
	struct logline l;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (logline_parse(&l, rows[i].line, strlen(rows[i].line)) ==
			-1 ||
		    l.len != strlen(rows[i].text) ||
		    memcmp(l.text, rows[i].text, l.len) != 0)
			fail_msg("%s", rows[i].line);
		assert_int_equal(l.is_stderr, rows[i].is_stderr);
		assert_int_equal(l.partial, rows[i].partial);
	}
	(void)logline_parse(&l, rows[0].line, strlen(rows[0].line));
	assert_int_equal(l.ns, 1795774500500000000);
	assert_int_equal(l.stamp_len, strlen("2026-11-27T10:15:00.5Z"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (logline_parse(&l, bad[i], strlen(bad[i])) == 0)
			fail_msg("%s", bad[i]);
	/* A NUL inside is text. */
	assert_int_equal(
	    logline_parse(&l, "2026-11-27T10:15:00Z stdout F a\0b", 33), 0);
	assert_int_equal(l.len, 3);
}

static void
test_names(void **state)
{
	static const char *const bad[] = { "", ".log", "a.log", "1", "1.lo",
		"1.logs", "1.log.", "1.log.20261127-101500.gz",
		"1.log.20261127-101500.tmp", "1234567890.log", "-1.log" };
	struct logname n;
	size_t i;

	(void)state;
	assert_int_equal(logname_parse(&n, "12.log"), 0);
	assert_int_equal(n.attempt, 12);
	assert_null(n.rotated);
	assert_int_equal(logname_parse(&n, "0.log.20261127-101500"), 0);
	assert_int_equal(n.attempt, 0);
	assert_string_equal(n.rotated, "20261127-101500");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (logname_parse(&n, bad[i]) == 0)
			fail_msg("%s", bad[i]);
	assert_true(logname_compare("2.log", "10.log") < 0);
	assert_true(logname_compare("2.log", "2.log.20261127-101500") > 0);
	assert_true(logname_compare(
			"2.log.20261127-101500", "2.log.20261127-101501") < 0);
	assert_true(logname_compare("3.log.20261127-101500", "2.log") > 0);
	assert_int_equal(logname_compare("2.log", "2.log"), 0);
}

static void
test_tail(void **state)
{
	static const struct {
		const char *text;
		int at_end;
		uint64_t lines;
		size_t from;
		uint64_t missing;
	} rows[] = {
		{ "a\nb\nc\n", 1, 1, 4, 0 },
		{ "a\nb\nc\n", 1, 2, 2, 0 },
		/* What begins the buffer may begin before it. */
		{ "a\nb\nc\n", 1, 3, 0, 1 },
		{ "a\nb\nc\n", 1, 9, 0, 7 },
		{ "a\nb\nc", 1, 1, 4, 0 },
		{ "a\nb\nc\n", 1, 0, 6, 0 },
		/* Its newline ends what stands before the next buffer. */
		{ "a\nb\nc\n", 0, 1, 6, 0 },
		{ "a\nb\nc", 0, 1, 4, 0 },
		{ "", 1, 3, 0, 3 },
		{ "\n\n\n", 1, 2, 1, 0 },
	};
	uint64_t lines;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lines = rows[i].lines;
		if (loglines_tail(rows[i].text, strlen(rows[i].text),
			rows[i].at_end, &lines) != rows[i].from ||
		    lines != rows[i].missing)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_tail),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
