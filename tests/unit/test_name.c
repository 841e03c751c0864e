/*
 * Grammars of names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/name.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* Names of those lengths. */
#define A16 "aaaaaaaaaaaaaaaa"
#define A62 A16 A16 A16 "aaaaaaaaaaaaaa"
#define A126 A62 ".a" A62
#define A251 A126 A62 "a" A62

/* clang-format off */
static const struct name_row {
	int (*fn)(const char *);
	const char *name;
	int want;
} names[] = {
	{ name_is_label, "a", 1 }, { name_is_label, "0-a", 1 },
	{ name_is_label, "", 0 }, { name_is_label, "-a", 0 },
	{ name_is_label, "a-", 0 }, { name_is_label, "A", 0 },
	{ name_is_label, "a.b", 0 }, { name_is_label, "a_b", 0 },
	{ name_is_label, "\xc3\xbc", 0 },
	{ name_is_label, A62 "a", 1 }, { name_is_label, A62 "aa", 0 },

	{ name_is_subdomain, "a.b-c.0", 1 }, { name_is_subdomain, "", 0 },
	{ name_is_subdomain, ".", 0 }, { name_is_subdomain, "a..b", 0 },
	{ name_is_subdomain, ".a", 0 }, { name_is_subdomain, "a.", 0 },
	{ name_is_subdomain, "a.-b", 0 }, { name_is_subdomain, "a-.b", 0 },
	{ name_is_subdomain, "a/b", 0 },
	/* No limit for a part, 253 for the whole. */
	{ name_is_subdomain, A62 A62, 1 },
	{ name_is_subdomain, A251 "aa", 1 },
	{ name_is_subdomain, A251 "aaa", 0 },

	{ name_is_qualified, "a", 1 }, { name_is_qualified, "A_b.c-9", 1 },
	{ name_is_qualified, "ex.org/a", 1 }, { name_is_qualified, "", 0 },
	{ name_is_qualified, "/a", 0 }, { name_is_qualified, "ex.org/", 0 },
	{ name_is_qualified, "a/b/c", 0 }, { name_is_qualified, "Ex/a", 0 },
	{ name_is_qualified, "_a", 0 }, { name_is_qualified, "a.", 0 },
	{ name_is_qualified, "a/" A62 "aa", 0 },

	{ name_is_label_value, "", 1 }, { name_is_label_value, "A.b_C-9", 1 },
	{ name_is_label_value, "-", 0 }, { name_is_label_value, "a b", 0 },
	{ name_is_label_value, "a/b", 0 },
	{ name_is_label_value, A62 "a", 1 },
	{ name_is_label_value, A62 "aa", 0 },

	{ name_is_port, "http", 1 }, { name_is_port, "80-a", 1 },
	{ name_is_port, "80", 0 }, { name_is_port, "a--b", 0 },
	{ name_is_port, "-a", 0 }, { name_is_port, "", 0 },
	{ name_is_port, "aaaaaaaaaaaaaaa", 1 }, { name_is_port, A16, 0 },
	{ name_is_port, "Http", 0 },

	{ name_is_env, "A b.c-~", 1 }, { name_is_env, "1", 1 },
	{ name_is_env, "", 0 }, { name_is_env, "a=b", 0 },
	{ name_is_env, "a\t", 0 }, { name_is_env, "\xc3\xbc", 0 },
	{ name_is_env, "\177", 0 },

	{ name_is_uid, "0f-A_b.c", 1 }, { name_is_uid, "", 0 },
	{ name_is_uid, ".a", 0 }, { name_is_uid, "..", 0 },
	{ name_is_uid, "a/b", 0 },
	{ name_is_uid, A126 "aa", 1 }, { name_is_uid, A126 "aaa", 0 },
};

static const struct file_row {
	const char *name;
	size_t len;
	int want;
} files[] = {
	{ "pod.yaml", 8, 1 }, { "", 0, 0 }, { ".", 1, 0 }, { "..", 2, 0 },
	{ "...", 3, 1 }, { ".hidden", 7, 1 }, { "a/b", 3, 0 }, { "/", 1, 0 },
	{ "a\0b", 3, 0 }, { "a\nb", 3, 0 }, { "a\177", 2, 0 },
	{ "b\xc3\xbc", 3, 1 }, { A251 "aaaa", 255, 1 },
	{ A251 "aaaaa", 256, 0 },
};
/* clang-format on */

static void
name_grammars(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(strlen(A251), 251);
	for (i = 0; i < NELEM(names); i++)
		if (names[i].fn(names[i].name) != names[i].want)
			fail_msg("row %zu: \"%s\"", i, names[i].name);
	for (i = 0; i < NELEM(files); i++)
		if (name_is_file(files[i].name, files[i].len) != files[i].want)
			fail_msg("file row %zu: \"%s\"", i, files[i].name);
}

static void
name_nodes(void **state)
{
	static const struct {
		const char *in, *out;
	} tests[] = {
		{ "node1", "node1" },
		{ " \tNode-1.Example.ORG\r\n", "node-1.example.org" },
		{ "", NULL },
		{ " ", NULL },
		{ "node_1", NULL },
		{ "a b", NULL },
		{ A251 "aa", A251 "aa" },
		{ A251 "aaa", NULL },
	};
	char buf[256];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(tests); i++) {
		if (tests[i].out == NULL) {
			assert_int_equal(
			    name_node(tests[i].in, buf, sizeof(buf)), -1);
			continue;
		}
		assert_int_equal(name_node(tests[i].in, buf, sizeof(buf)), 0);
		assert_string_equal(buf, tests[i].out);
	}
	assert_int_equal(name_node("abcd", buf, 5), 0);
	(void)snprintf(buf, sizeof(buf), "keep");
	assert_int_equal(name_node("abcd", buf, 4), -1);
	assert_string_equal(buf, "keep");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_grammars),
		cmocka_unit_test(name_nodes),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
