#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/imageref.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define HEX32 "0123456789abcdef0123456789abcdef"

static void
test_rows(void **state)
{
	static const struct {
		const char *ref;
		int valid;
	} rows[] = {
		{ "busybox", 1 },
		{ "busybox:1.36", 1 },
		{ "library/busybox", 1 },
		{ "localhost/bb:1", 1 },
		{ "localhost:5000/a/b:t_A.-", 1 },
		{ "registry.k8s.io/kube-apiserver:v1.29.0", 1 },
		{ "Example.ORG/x", 1 },
		{ "[fd00::1]:5000/x", 1 },
		{ "a__b/c.d/e---f", 1 },
		{ "x@sha256:" HEX32 HEX32, 1 },
		{ "x:1@sha256:" HEX32, 1 },
		{ "host:5000", 1 }, /* a tag */
		{ "", 0 },
		{ ":1", 0 },
		{ "x:", 0 },
		{ "x:a b", 0 },
		{ "x:-a", 0 },
		{ "Busybox", 0 },
		{ "a/B", 0 },
		{ "a//b", 0 },
		{ "/a", 0 },
		{ "a/", 0 },
		{ "a..b", 0 },
		{ "a___b", 0 },
		{ "a._b", 0 },
		{ "-a", 0 },
		{ "a-", 0 },
		{ "-x.org/a", 0 },
		{ "x.org:/a", 0 },
		{ "x.org:80a/a", 0 },
		{ "x..org/a", 0 },
		{ "x.org./a", 0 },
		{ "[fd00::1/x", 0 },
		{ "x@", 0 },
		{ "x@sha256", 0 },
		{ "x@sha256:12", 0 },
		{ "x@sha256:" HEX32 "g", 0 },
		{ "http://x/y", 0 },
		{ "x\ny", 0 },
		{ "\xc3\xa4", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++)
		if (imageref_is_valid(rows[i].ref) != rows[i].valid)
			fail_msg("\"%s\"", rows[i].ref);
}

static void
test_long(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	assert_true(imageref_is_valid(name));
	name[255] = 'a';
	name[256] = '\0';
	assert_false(imageref_is_valid(name));
	memset(name, 'a', sizeof(name));
	name[1] = ':';
	name[130] = '\0';
	assert_true(imageref_is_valid(name));
	name[130] = 'a';
	name[131] = '\0';
	assert_false(imageref_is_valid(name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_long),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
