/* Text for a terminal: nothing in it may be acted on. */
#include "ctl/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tripod.pb-c.h"

static void
test_text(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain text 1", "plain text 1" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\x1b[31mred\n", "?[31mred?" },
		{ "\x7f\xc2\x9b", "???" },   /* DEL, C1 */
		{ "cut \xc3", "cut ?" },     /* within a character */
		{ "\xc0\xaf \xff", "?? ?" }, /* overlong, no lead */
		{ "\xed\xa0\x80", "???" },   /* surrogate */
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	};
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(buf, sizeof(buf), "%s", rows[i].in);
		clean_text(buf);
		assert_string_equal(buf, rows[i].out);
	}
}

static void
test_message(void **state)
{
	Tripod__FileItem item = TRIPOD__FILE_ITEM__INIT;
	Tripod__Problem problem = TRIPOD__PROBLEM__INIT, *list[] = { &problem };
	char text[] = "a\x1b"
		      "b",
	     name[] = "n\n";

	(void)state;
	problem.message = text;
	item.problem = list;
	item.n_problem = 1;
	item.file = name;
	clean_message(&item.base);
	assert_string_equal(text, "a?b");
	assert_string_equal(name, "n?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_message),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
