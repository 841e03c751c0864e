/*
 * The corpus of manifests, tests/cases: one test for each case.
 *
 * With TEST_CASES_PRINT set to the name of one of its files ("meta.cases"),
 * that file is printed with what is said now instead: to be compared, by
 * eye, before it is taken over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cases.h"
#include "watcherd/canonical.h"

static void
check_mode(const struct manifest_case *c, enum manifest_mode mode)
{
	const char *expected = case_expected(c, mode);
	char *said;
	int invalid;

	said = case_said(c, mode, &invalid);
	if (strcmp(said, expected) != 0 || invalid != c->invalid[mode])
		fail_msg("%s:%u (%s): %s\n%s  expected: %s\n%s", c->file,
		    c->line, mode == MANIFEST_STRICT ? "strict" : "lenient",
		    invalid ? "invalid" : "valid", said,
		    c->invalid[mode] ? "invalid" : "valid", expected);
	free(said);
}

static void
test_case(void **state)
{
	check_mode(*state, MANIFEST_STRICT);
	check_mode(*state, MANIFEST_LENIENT);
}

static void
print_case(const struct manifest_case *c)
{
	static const char *const verdict[] = { "valid", "invalid" };
	char *strict, *lenient;
	int invalid[CASE_MODES], differs;

	strict = case_said(c, MANIFEST_STRICT, &invalid[MANIFEST_STRICT]);
	lenient = case_said(c, MANIFEST_LENIENT, &invalid[MANIFEST_LENIENT]);
	differs = invalid[MANIFEST_STRICT] != invalid[MANIFEST_LENIENT];
	(void)printf("%s=== %s %s%s%s %s\n%s", c->comment, c->base,
	    verdict[invalid[MANIFEST_STRICT]], differs ? "/" : "",
	    differs ? verdict[invalid[MANIFEST_LENIENT]] : "",
	    strstr(c->name, ": ") + 2, c->text);
	if (*strict != '\0')
		(void)printf("---\n%s", strict);
	if (differs ? *lenient != '\0' : strcmp(strict, lenient) != 0)
		(void)printf("--- lenient\n%s", lenient);
	free(strict);
	free(lenient);
}

int
main(void)
{
	const char *print = getenv("TEST_CASES_PRINT");
	struct CMUnitTest *tests;
	struct cases cases;
	size_t i;
	int rc = 0;

	digest_init();
	cases_read(&cases, print);
	tests = calloc(cases.n + 1, sizeof(*tests));
	assert_non_null(tests);
	for (i = 0; i < cases.n; i++) {
		if (print != NULL)
			print_case(&cases.item[i]);
		tests[i].name = cases.item[i].name;
		tests[i].test_func = test_case;
		tests[i].initial_state = &cases.item[i];
	}
	if (print == NULL)
		rc = _cmocka_run_group_tests(
		    "cases", tests, cases.n, NULL, NULL);
	free(tests);
	cases_release(&cases);
	return (rc);
}
