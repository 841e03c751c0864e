/*
 * JSON: strings, what a kubelet makes of duplicate keys and bad text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/first_tree.h"
#include "watcherd/utf8.h"

#define ARENA (32 << 20)

struct world {
	struct arena arena;
	struct problems problems;
};

static void
world_init(struct world *w)
{
	arena_init(&w->arena, ARENA);
	problems_init(&w->problems, &w->arena, MANIFEST_STRICT);
}

static void
test_json_strings(void **state)
{
	static const char text[] =
	    "{\"a\": \"\\u00e9\\ud83d\\ude00\\/\\n\", \"b\": \"\\ud83dx\","
	    " \"c\": \"\\ude00\", \"d\": \"\\ud83d\\u0041\"}";
	struct world w;
	struct node *root;

	(void)state;
	world_init(&w);
	w.problems.mode = MANIFEST_LENIENT;
	root = first_tree(text, strlen(text), &w.arena, &w.problems);
	assert_non_null(root);
	assert_int_equal(w.problems.n, 3);
	assert_string_equal(
	    node_get(root, "a")->str, "\xc3\xa9\xf0\x9f\x98\x80/\n");
	assert_string_equal(node_get(root, "b")->str, "\xef\xbf\xbdx");
	assert_string_equal(node_get(root, "c")->str, "\xef\xbf\xbd");
	assert_string_equal(node_get(root, "d")->str,
	    "\xef\xbf\xbd"
	    "A");
	arena_release(&w.arena);
}

/* The later value of a duplicate key counts; the earlier ones are kept. */
static void
test_duplicates(void **state)
{
	static const char text[] =
	    "{\"a\": {\"b\": 1}, \"e\": 1, \"a\": {\"c\": 2}, \"a\": 3}";
	const struct member *m;
	struct world w;
	struct node *root;

	(void)state;
	world_init(&w);
	w.problems.mode = MANIFEST_LENIENT;
	root = first_tree(text, strlen(text), &w.arena, &w.problems);
	assert_non_null(root);
	assert_int_equal(root->n, 2);
	assert_int_equal(w.problems.n, 2);
	m = node_member(root, "a");
	assert_string_equal(m->value->str, "3");
	assert_non_null(node_get(m->earlier->value, "c"));
	assert_non_null(node_get(m->earlier->earlier->value, "b"));
	assert_null(m->earlier->earlier->earlier);
	assert_null(node_member(root, "e")->earlier);
	arena_release(&w.arena);
}

/* NUL and malformed text are kept, replaced, or refused. */
static void
test_lenient_text(void **state)
{
	static const char yaml[] = "a: \"x\\0y\"\nb: !!binary AP8=\n";
	static const char json[] = "{\"a\": \"x\\u0000y\", \"b\": \"\xff\"}";
	struct world w;
	struct node *root;

	(void)state;
	world_init(&w);
	w.problems.mode = MANIFEST_LENIENT;
	root = first_tree(yaml, strlen(yaml), &w.arena, &w.problems);
	assert_non_null(root);
	assert_string_equal(node_get(root, "a")->str, "x" UTF8_NUL "y");
	assert_string_equal(node_get(root, "b")->str, UTF8_NUL "\xef\xbf\xbd");
	root = first_tree(json, strlen(json), &w.arena, &w.problems);
	assert_non_null(root);
	assert_string_equal(node_get(root, "a")->str, "x" UTF8_NUL "y");
	assert_string_equal(node_get(root, "b")->str, "\xef\xbf\xbd");
	assert_int_equal(w.problems.n, 4);
	arena_release(&w.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_lenient_text),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
