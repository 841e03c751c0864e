/*
 * What becomes of a field at its place, and words for every row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/explain.h"

static const struct type type_leaf;

static const struct field leaf_fields[] = {
	{ .name = "plain", .json = JSON_STRING },
	{ .name = "refers",
	    .json = JSON_STRING,
	    .support = SUPPORT_REFERS,
	    .note = "x" },
};
static const struct type type_leaf = { "Leaf", leaf_fields, 2 };

static const struct field top_fields[] = {
	{ .name = "acted",
	    .json = JSON_OBJECT,
	    .type = &type_leaf,
	    .support = SUPPORT_ACTED },
	{ .name = "cleared",
	    .json = JSON_OBJECT,
	    .type = &type_leaf,
	    .flags = FIELD_CLEARED },
	{ .name = "kept", .json = JSON_OBJECT, .type = &type_leaf },
	{ .name = "later",
	    .json = JSON_OBJECT,
	    .type = &type_leaf,
	    .support = SUPPORT_LATER },
	{ .name = "warned",
	    .json = JSON_OBJECT,
	    .type = &type_leaf,
	    .support = SUPPORT_WARNED },
};
static const struct type type_top = { "Top", top_fields, 5 };

struct said {
	char text[1024];
};

static int
say(void *arg, const struct subject *s)
{
	struct said *said = arg;
	size_t len = strlen(said->text);
	char words[EXPLAIN_WORDS_MAX];

	(void)snprintf(said->text + len, sizeof(said->text) - len, "%s: %s\n",
	    s->path, words_fate(&s->fate, words));
	return (1);
}

static void
test_fate(void **state)
{
	struct subject top;
	struct said said = { "" };

	(void)state;
	memset(&top, 0, sizeof(top));
	top.in = &type_top;
	top.fate.support = SUPPORT_ACTED;
	explain_walk(&top, say, &said);
	assert_string_equal(said.text,
	    "acted: acted on\n"
	    "acted.plain: acted on\n"
	    "acted.refers: refused: a static pod may not refer to x\n"
	    "cleared: left out: means nothing in a manifest\n"
	    "cleared.plain: left out: means nothing in a manifest, as all of "
	    "cleared\n"
	    "cleared.refers: left out: means nothing in a manifest, as all of "
	    "cleared\n"
	    "kept: mirror only\n"
	    "kept.plain: mirror only, as all of kept\n"
	    "kept.refers: refused: a static pod may not refer to x\n"
	    "later: refused for now\n"
	    "later.plain: refused for now, as all of later\n"
	    "later.refers: refused: a static pod may not refer to x\n"
	    "warned: mirror only, warned\n"
	    "warned.plain: mirror only, warned, as all of warned\n"
	    "warned.refers: refused: a static pod may not refer to x\n");
}

static int
check_words(void *arg, const struct subject *s)
{
	char words[EXPLAIN_WORDS_MAX];
	size_t *n = arg;

	(*n)++;
	assert_true(words_type(s->field, words)[0] != '\0');
	assert_true(words_fate(&s->fate, words)[0] != '\0');
	if (s->field->grammar != GRAMMAR_NONE || s->field->ranged ||
	    s->field->choices != NULL)
		assert_true(words_rule(s->field, words)[0] != '\0');
	assert_true(strlen(words) < EXPLAIN_WORDS_MAX - 1);
	assert_null(strstr(words, "something else"));
	assert_true(strlen(s->path) < EXPLAIN_PATH_MAX - 1);
	return (1);
}

static void
test_words(void **state)
{
	struct subject pod;
	size_t n = 0;

	(void)state;
	memset(&pod, 0, sizeof(pod));
	pod.in = &type_pod;
	explain_walk(&pod, check_words, &n);
	assert_true(n > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fate),
		cmocka_unit_test(test_words),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
