/*
 * Excerpts: the caret stands below what is meant, whatever the line has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/excerpt.h"

/* What is printed for a place; the caller frees it.  NULL: no place. */
static char *
shown(const char *text, uint32_t line, uint32_t column)
{
	struct excerpt e;
	char *out;
	size_t len;
	FILE *to;

	if (excerpt_find(&e, text, strlen(text), line, column) == -1)
		return (NULL);
	to = open_memstream(&out, &len);
	assert_non_null(to);
	excerpt_print(&e, 0, to);
	assert_int_equal(fclose(to), 0);
	return (out);
}

static void
test_mark(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, column;
		const char *want;
	} rows[] = {
		{ "a: b\n", 1, 4, "    a: b\n       ^\n" },
		{ "a: bcd # e\n", 1, 4, "    a: bcd # e\n       ^~~\n" },
		{ "x\nkey : v", 2, 1, "    key : v\n    ^~~\n" },
		{ "\ta:\tb c", 1, 5,
		    "            a:      b c\n"
		    "                    ^~~\n" },
		{ "a: \"b: \\\" c\" # d", 1, 4,
		    "    a: \"b: \\\" c\" # d\n       ^~~~~~~~~\n" },
		{ "a: 'it''s'", 1, 4, "    a: 'it''s'\n       ^~~~~~~\n" },
		{ "a: 'open", 1, 4, "    a: 'open\n       ^\n" },
		{ "[ab, cd]", 1, 2, "    [ab, cd]\n     ^~\n" },
		{ "a, b", 1, 1, "    a, b\n    ^~~~\n" },
		{ "- x", 1, 1, "    - x\n    ^\n" },
		{ "{a: b}", 1, 1, "    {a: b}\n    ^\n" },
		/* Behind the end of the line. */
		{ "a:\n", 1, 3, "    a:\n      ^\n" },
		{ "a:\n", 1, 9, "    a:\n      ^\n" },
		{ "", 1, 1, "" },
		{ "a\n\nb", 2, 1, "" },
		/* All line ends that the readers know. */
		{ "a\r\nb\rc", 3, 1, "    c\n    ^\n" },
		{ "a\xc2\x85\x62\xe2\x80\xa8\x63", 3, 1, "    c\n    ^\n" },
		{ "{\"a\r\": 1}", 1, 2, "    {\"a\\x0d\": 1}\n     ^~~~~~~\n" },
		/* A byte order mark is not a column. */
		{ "\xef\xbb\xbf\x61: b", 1, 4, "    a: b\n       ^\n" },
		/* Wide characters, and such without any width. */
		{ "\xe6\x97\xa5: \xe6\x9c\xac", 1, 4,
		    "    \xe6\x97\xa5: \xe6\x9c\xac\n        ^~\n" },
		{ "e\xcc\x81: b", 1, 5, "    e\xcc\x81: b\n       ^\n" },
		/* Nothing plays with the terminal. */
		{ "\033[1m: b", 1, 7, "    \\x1b[1m: b\n             ^\n" },
		{ "\xe2\x80\xae: b", 1, 4, "    \\u202e: b\n            ^\n" },
		{ "\xff: b", 1, 4, "    \\xff: b\n          ^\n" },
		{ "a\n", 3, 1, NULL },
		{ "a\n", 0, 0, NULL },
		{ "\xff\xfe", 1, 1, NULL },
	};
	char *got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = shown(rows[i].text, rows[i].line, rows[i].column);
		if (rows[i].want == NULL) {
			assert_null(got);
			continue;
		}
		assert_non_null(got);
		assert_string_equal(got, rows[i].want);
		free(got);
	}
}

/* A long line is cut around the place, which stays in sight. */
static void
test_cut(void **state)
{
	char text[1001], *got, *caret;
	uint32_t column;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (column = 1; column <= 1000; column++) {
		text[column - 1] = '[';
		if (column > 1)
			text[column - 2] = 'x';
		got = shown(text, 1, column);
		assert_non_null(got);
		caret = strchr(got, '\n');
		assert_non_null(caret);
		assert_in_range(caret - got, 1, 4 + 72 + 6);
		/* The sign above the caret is the one that is meant. */
		assert_int_equal(got[strcspn(caret + 1, "^")], '[');
		free(got);
	}
}

/* A very long one is looked at near the place only. */
static void
test_cut_far(void **state)
{
	size_t size = EXCERPT_TEXT_MAX + 100;
	char *text = malloc(size + 1), *got;
	struct excerpt e;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	memcpy(text + 500000, "\xe6\x97\xa5 [", 5);
	got = shown(text, 1, 500003);
	assert_non_null(got);
	assert_memory_equal(got, "    ...xxx", 10);
	assert_non_null(strstr(got, "xxx\xe6\x97\xa5 [xxx"));
	assert_non_null(strstr(got, "xxx...\n    "));
	free(got);
	/* Nobody knows where a text ends that goes on beyond. */
	assert_int_equal(excerpt_find(&e, text, size, 1, 100), 0);
	assert_int_equal(e.end, 0);
	assert_true(e.nmark > 0 && e.len <= 2 * EXCERPT_AROUND_MAX);
	assert_int_equal(
	    excerpt_find(&e, text, size, 1, EXCERPT_TEXT_MAX + 50), -1);
	free(text);
}

static void
test_end(void **state)
{
	static const char text[] = "a: \xe6\x97\xa5\xe6\x9c\xac # c\n";
	struct excerpt e;

	(void)state;
	assert_int_equal(excerpt_find(&e, text, strlen(text), 1, 4), 0);
	assert_int_equal(e.end, 6);
	assert_int_equal(excerpt_find(&e, text, strlen(text), 1, 12), 0);
	assert_int_equal(e.end, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_far),
		cmocka_unit_test(test_end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
