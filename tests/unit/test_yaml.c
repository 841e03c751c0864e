/*
 * The readers: bytes to a tree, with places and limits.
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
#include "watcherd/scalar.h"
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

static struct node *
parse(struct world *w, const char *text, size_t len)
{
	world_init(w);
	return (first_tree(text, len, &w->arena, &w->problems));
}

/* A plain scalar and what it becomes: "s:text", "n:number", "true" ... */
static const struct {
	const char *plain, *becomes;
} scalars[] = {
	{ "yes", "true" },
	{ "Y", "true" },
	{ "on", "true" },
	{ "True", "true" },
	{ "n", "false" },
	{ "OFF", "false" },
	{ "No", "false" },
	{ "tRue", "s:tRue" },
	{ "~", "null" },
	{ "NULL", "null" },
	{ "nULL", "s:nULL" },
	{ "0", "n:0" },
	{ "-0", "n:0" },
	{ "+7", "n:7" },
	{ "1_000", "n:1000" },
	{ "0644", "n:420" },
	{ "0o17", "n:15" },
	{ "0x1F", "n:31" },
	{ "0b101", "n:5" },
	{ "08", "n:8" },
	{ "0999", "n:999" },
	{ "0o9", "s:0o9" },
	{ "0x", "s:0x" },
	{ "+", "s:+" },
	{ "1.0", "n:1" },
	{ "8080.0", "n:8080" },
	{ "1e3", "n:1000" },
	{ "1e1", "n:10" },
	{ ".5", "n:0.5" },
	{ "1.5", "n:1.5" },
	{ "-1.25", "n:-1.25" },
	{ "0.1", "n:0.1" },
	{ "30.", "n:30" },
	{ "123.456", "n:123.456" },
	{ "1e21", "n:1e+21" },
	{ "1e20", "n:100000000000000000000" },
	{ "1e-6", "n:0.000001" },
	{ "1e-7", "n:1e-7" },
	{ "1.5e300", "n:1.5e+300" },
	{ "1315910.2e-324", "n:1.31591e-318" },
	{ "5e-324", "n:5e-324" },
	{ "9007199254740993.0", "n:9007199254740992" },
	{ "1e23", "n:1e+23" },
	{ "1e400", "s:1e400" },
	{ "+9223372036854775808", "n:9223372036854776000" },
	{ "18446744073709551615", "n:18446744073709551615" },
	{ "18446744073709551616", "n:18446744073709552000" },
	{ "-9223372036854775808", "n:-9223372036854775808" },
	{ "1:20", "s:1:20" },
	{ "12:30:45", "s:12:30:45" },
	{ "1.2.3", "s:1.2.3" },
	{ "1e", "s:1e" },
	{ "2024-01-02", "s:2024-01-02" },
	{ "2024-1-2T10:00:00Z", "s:2024-1-2T10:00:00Z" },
	{ "10.0.0.1/8", "s:10.0.0.1/8" },
	{ "-v", "s:-v" },
	{ "64Mi", "s:64Mi" },
	{ "100m", "s:100m" },
	{ ".", "s:." },
};

static void
test_scalars(void **state)
{
	static const char *const infinite[] = { ".inf", "-.INF", "+.Inf",
		".nan" };
	struct scalar s;
	char got[SCALAR_NUMBER_MAX + 8], number[SCALAR_NUMBER_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		scalar_resolve(scalars[i].plain, strlen(scalars[i].plain), &s);
		switch (s.kind) {
		case SCALAR_STRING:
			(void)snprintf(
			    got, sizeof(got), "s:%s", scalars[i].plain);
			break;
		case SCALAR_INTEGER:
		case SCALAR_FLOAT:
			assert_int_equal(scalar_number(&s, number), 0);
			(void)snprintf(got, sizeof(got), "n:%s", number);
			break;
		case SCALAR_BINARY:
			fail();
			break;
		case SCALAR_NULL:
			(void)snprintf(got, sizeof(got), "null");
			break;
		case SCALAR_FALSE:
		case SCALAR_TRUE:
			(void)snprintf(got, sizeof(got), "%s",
			    s.kind == SCALAR_TRUE ? "true" : "false");
			break;
		}
		assert_string_equal(got, scalars[i].becomes);
	}
	for (i = 0; i < sizeof(infinite) / sizeof(infinite[0]); i++) {
		scalar_resolve(infinite[i], strlen(infinite[i]), &s);
		assert_int_equal(s.kind, SCALAR_FLOAT);
		assert_int_equal(scalar_number(&s, number), -1);
	}
}

static void
test_tags(void **state)
{
	static const struct {
		const char *tag, *text;
		int rc;
		enum scalar_kind kind;
	} rows[] = {
		{ "str", "yes", 0, SCALAR_STRING },
		{ "int", "12", 0, SCALAR_INTEGER },
		{ "int", "1.5", -1, SCALAR_STRING },
		{ "int", "x", -1, SCALAR_STRING },
		{ "float", "12", 0, SCALAR_FLOAT },
		{ "bool", "on", 0, SCALAR_TRUE },
		{ "bool", "1", -1, SCALAR_STRING },
		{ "null", "~", 0, SCALAR_NULL },
		{ "null", "x", -1, SCALAR_STRING },
		{ "timestamp", "2024-01-02", 0, SCALAR_STRING },
		{ "timestamp", "soon", -1, SCALAR_STRING },
	};
	struct scalar s;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(scalar_tagged(rows[i].tag, rows[i].text,
				     strlen(rows[i].text), &s, &err),
		    rows[i].rc);
		if (rows[i].rc == 0)
			assert_int_equal(s.kind, rows[i].kind);
	}
}

/* Every node knows where it stands, in characters. */
static void
test_places(void **state)
{
	static const char yaml[] = "a: \xc3\xa9\nb:\n  - {c: \xc3\xa9, d: x}\n";
	static const char json[] = "{\"a\": \"\xc3\xa9\",\n \"b\":\n"
				   "  [{\"c\":1, \"d\":\"x\"}]}";
	struct world w;
	struct node *root, *d;

	(void)state;
	root = parse(&w, yaml, strlen(yaml));
	assert_non_null(root);
	assert_int_equal(node_get(root, "a")->at.column, 4);
	d = node_get(node_get(root, "b")->item[0], "d");
	assert_int_equal(d->at.line, 3);
	assert_int_equal(d->at.column, 15);
	assert_int_equal(
	    node_member(node_get(root, "b")->item[0], "d")->at.column, 12);
	arena_release(&w.arena);
	root = parse(&w, json, strlen(json));
	assert_non_null(root);
	d = node_get(node_get(root, "b")->item[0], "d");
	assert_int_equal(d->at.line, 3);
	assert_int_equal(d->at.column, 16);
	arena_release(&w.arena);
}

/* "" stands for no problem. */
static const struct {
	const char *text, *problem;
	uint32_t line, column;
} texts[] = {
	{ "a: 1", "", 0, 0 },
	{ "---\na: 1\n", "", 0, 0 },
	{ "a: 1\n---\n", "", 0, 0 },
	{ "a: 1\n---\n# end\n", "", 0, 0 },
	{ "a: 1\n---\nb: 2\n", "", 0, 0 },
	{ "", "the file is empty", 1, 1 },
	{ "# nothing\n", "the file is empty", 1, 1 },
	{ "a: 1\na: 2\n", "duplicate key \"a\", first given in line 1", 2, 1 },
	{ "a: 1\n\ta: 2\n", "a tab", 2, 1 },
	{ "a: [1, 2\n", "is it closed?", 1, 4 },
	{ "a: {b: 1\n", "is it closed?", 1, 4 },
	{ "a: 'b\n", "are the quotes closed?", 1, 4 },
	{ "a: 1\nb:2\nc: 3\n", "a blank must follow", 2, 1 },
	{ "a: b: c\n", "needs quotes", 1, 5 },
	{ "- a\nb: c\n", "indented as its neighbours", 2, 1 },
	{ "a: @b\n", "in quotes", 1, 4 },
	{ "a: \"\\d\"\n", "use single quotes", 1, 5 },
	{ "a: - b\n", "a line of its own", 1, 4 },
	{ "a: \"\\0\"", "NUL", 1, 4 },
	{ "a: *b", "not defined", 1, 4 },
	{ "a: &a [*a]", "within its own anchor", 1, 8 },
	{ "<<: 1", "must be a mapping or a list", 1, 1 },
	{ "<<: [{a: 1}, 2]", "must be a mapping or a list", 1, 1 },
	{ "? [a]\n: 1", "a key must be a string, got a list", 1, 3 },
	{ "~: 1", "a key must be a string, got null", 1, 1 },
	{ "a: !!int x", "does not fit its tag", 1, 4 },
	{ "a: !mine x", "", 0, 0 },
	{ "a: \"\\/\"", "no escape", 1, 4 },
	{ "\xef\xbb\xbf\xef\xbb\xbf"
	  "a: b",
	    "two byte order marks", 1, 1 },
	{ "\xef\xbb\xbf\xc3\xa9: \"a/b\\n\\/\"", "no escape", 1, 4 },
	{ "a: \"it\\'s \\'\\\"", "unexpected end", 1, 4 },
	{ "a: [http://h/?q]", "cannot have '?'", 1, 5 },
	{ "a: {b: ::1}", "did not find", 1, 8 },
	{ "%YAML 1.2\n---\na: 1", "only YAML 1.1", 1, 1 },
	{ "a: *x\nb: !!int y\nc: .inf\n", "not defined", 1, 4 },
	{ "<<: *a\n", "not defined", 1, 5 },
	{ "a: &a [{b: 1}]\nc: {<<: *a}", "must be a mapping or", 2, 5 },
	{ "--- {18446744073709551615: 1}", "JSON cannot say", 1, 6 },
	{ "a: !!binary a=b=", "must be base64", 1, 4 },
	{ "a: .inf", "JSON cannot say", 1, 4 },
	{ "a: \x01", "control characters", 1, 4 },
	{ "%YAML 9.9\n---\na: 1", "incompatible", 1, 1 },
	{ "{\"a\": 1}", "", 0, 0 },
	{ " \n{\"a\": [], \"b\": {}, \"c\": [1, {}]}\n", "", 0, 0 },
	{ "{\"a\": 1,}", "expected a key in double quotes", 1, 9 },
	{ "{\"a\": [1,]}", "expected a value", 1, 10 },
	{ "{a: 1}", "expected a key in double quotes", 1, 2 },
	{ "{\"a\": 01}", "expected ',' or '}'", 1, 8 },
	{ "{\"a\": 1.}", "expected a digit", 1, 9 },
	{ "{\"a\": +1}", "expected a value", 1, 7 },
	{ "{\"a\": nul}", "expected a value", 1, 7 },
	{ "{\"a\": 1} x", "nothing behind", 1, 10 },
	{ "{\"a\": 1}\n{}", "nothing behind", 2, 1 },
	{ "{\"a\" 1}", "expected ':'", 1, 6 },
	{ "{\"a\": \"b", "end of the string", 1, 9 },
	{ "{\"a\": \"\n\"}", "end of the string", 1, 8 },
	{ "{\"a\": \"\\x\"}", "expected one of", 1, 9 },
	{ "{\"a\": \"\\u12\"}", "four hex digits", 1, 12 },
	{ "{\"a\": \"\\u0000\"}", "NUL", 1, 8 },
	{ "{\"a\": \"\xff\"}", "expected UTF-8", 1, 8 },
	{ "{\"a\": [1}", "expected ',' or ']'", 1, 9 },
	{ "{\"a\": 1, \"a\": 2}", "duplicate key", 1, 10 },
	{ "{\"a\": 1 /* no */}", "expected ',' or '}'", 1, 9 },
	{ "{", "expected a key", 1, 2 },
};

static void
test_texts(void **state)
{
	const Tripod__Problem *p;
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)parse(&w, texts[i].text, strlen(texts[i].text));
		if (texts[i].problem[0] == '\0') {
			assert_int_equal(w.problems.errors, 0);
			arena_release(&w.arena);
			continue;
		}
		assert_true(w.problems.n > 0);
		p = w.problems.item[0];
		if (strstr(p->message, texts[i].problem) == NULL)
			fail_msg("%s: %s", texts[i].text, p->message);
		assert_int_equal(p->line, texts[i].line);
		if (p->column != texts[i].column)
			fail_msg("%s: column %u", texts[i].text, p->column);
		arena_release(&w.arena);
	}
}

static void
test_merge(void **state)
{
	static const char text[] = "a: &a {x: 1, k: 1}\n"
				   "b: &b {k: 2, z: 2}\n"
				   "first: {<<: *a, k: 3}\n"
				   "last: {k: 3, <<: *a}\n"
				   "list: {<<: [*a, *b]}\n"
				   "quoted: {\"<<\": 1}\n";
	struct world w;
	struct node *root;

	(void)state;
	root = parse(&w, text, strlen(text));
	assert_non_null(root);
	assert_int_equal(w.problems.errors, 0);
	assert_string_equal(node_get(node_get(root, "first"), "k")->str, "3");
	assert_string_equal(node_get(node_get(root, "last"), "k")->str, "1");
	assert_string_equal(node_get(node_get(root, "list"), "k")->str, "1");
	assert_string_equal(node_get(node_get(root, "list"), "z")->str, "2");
	assert_non_null(node_get(node_get(root, "quoted"), "<<"));
	/* Told of, because a person would expect the opposite. */
	assert_int_equal(w.problems.n, 1);
	assert_int_equal(w.problems.item[0]->line, 4);
	arena_release(&w.arena);
}

static void
test_keys(void **state)
{
	static const char text[] = "{8080: a, yes: b, 0x10: c, 1.50: d}";
	static const char yaml[] = "--- {8080: a, yes: b, 0x10: c, 1.50: d, "
				   "1e7: e, .inf: f, 123456.5: g}";
	struct world w;
	struct node *root;

	(void)state;
	root = parse(&w, yaml, strlen(yaml));
	assert_non_null(root);
	assert_string_equal(node_get(root, "8080")->str, "a");
	assert_string_equal(node_get(root, "true")->str, "b");
	assert_string_equal(node_get(root, "16")->str, "c");
	assert_string_equal(node_get(root, "1.5")->str, "d");
	assert_string_equal(node_get(root, "1e+07")->str, "e");
	assert_string_equal(node_get(root, ".inf")->str, "f");
	assert_string_equal(node_get(root, "123456.5")->str, "g");
	arena_release(&w.arena);
	assert_null(parse(&w, text, strlen(text)));
	arena_release(&w.arena);
}

/* What libyaml takes for an error, and the kubelet's reader does not. */
static void
test_repairs(void **state)
{
	static const char text[] = "a: \"it\\'s \\'\\\"\\\\\"\n"
				   "b: [x:, 'y', \"it\\'s\", o'clock:]\n"
				   "c: {d:}\n";
	struct world w;
	struct node *root, *b;

	(void)state;
	root = parse(&w, text, strlen(text));
	assert_non_null(root);
	assert_int_equal(w.problems.n, 0);
	assert_string_equal(node_get(root, "a")->str, "it's '\"\\");
	b = node_get(root, "b");
	assert_int_equal(b->n, 4);
	assert_string_equal(b->item[0]->str, "x:");
	assert_string_equal(b->item[2]->str, "it's");
	assert_string_equal(b->item[3]->str, "o'clock:");
	assert_non_null(node_get(node_get(root, "c"), "d:"));
	assert_int_equal(node_get(root, "c")->at.line, 3);
	arena_release(&w.arena);
}

/* All documents, those behind a fault as well; leniently, the first. */
static void
test_documents(void **state)
{
	static const char text[] = "a: 1\n---\n# none\n---\nb: [\n---\n"
				   "c: 3\n...\n--- d\n";
	struct documents docs;
	struct world w;

	(void)state;
	world_init(&w);
	yaml_read(text, strlen(text), &w.arena, &w.problems, &docs);
	assert_int_equal(docs.n, 3);
	assert_string_equal(node_get(docs.root[0], "a")->str, "1");
	assert_string_equal(node_get(docs.root[1], "c")->str, "3");
	assert_int_equal(node_get(docs.root[1], "c")->at.line, 7);
	assert_string_equal(docs.root[2]->str, "d");
	assert_int_equal(docs.root[2]->at.line, 9);
	assert_int_equal(w.problems.n, 1);
	assert_int_equal(w.problems.item[0]->line, 6);
	arena_release(&w.arena);
	world_init(&w);
	w.problems.mode = MANIFEST_LENIENT;
	yaml_read(text, strlen(text), &w.arena, &w.problems, &docs);
	assert_int_equal(docs.n, 1);
	assert_int_equal(w.problems.n, 1);
	assert_int_equal(w.problems.errors, 0);
	assert_int_equal(w.problems.item[0]->line, 5);
	yaml_read(
	    "a: 1\n# b\n--- # c\n\n...\n", 22, &w.arena, &w.problems, &docs);
	assert_int_equal(w.problems.n, 1);
	yaml_read("---\n---\na: 1\n", 13, &w.arena, &w.problems, &docs);
	assert_int_equal(docs.n, 1);
	assert_int_equal(docs.root[0]->kind, NODE_NULL);
	arena_release(&w.arena);
}

/* Garbage behind the first document is not looked at, but for 512 bytes. */
static void
test_read_ahead(void **state)
{
	char text[1200];
	struct documents docs;
	struct world w;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "a: 1\n---\n", 9);
	text[sizeof(text) - 1] = '\xff';
	world_init(&w);
	w.problems.mode = MANIFEST_LENIENT;
	yaml_read(text, sizeof(text), &w.arena, &w.problems, &docs);
	assert_int_equal(docs.n, 1);
	assert_int_equal(w.problems.errors, 0);
	w.problems.mode = MANIFEST_STRICT;
	yaml_read(text, sizeof(text), &w.arena, &w.problems, &docs);
	assert_int_equal(w.problems.errors, 1);
	arena_release(&w.arena);
}

/* Fills n times the text into a new buffer. */
static char *
repeat(const char *head, const char *text, size_t n, const char *tail)
{
	size_t size = strlen(head) + n * strlen(text) + strlen(tail) + 1;
	char *buf = malloc(size), *p = buf;
	size_t i;

	assert_non_null(buf);
	p = stpcpy(p, head);
	for (i = 0; i < n; i++)
		p = stpcpy(p, text);
	(void)stpcpy(p, tail);
	return (buf);
}

/* An alias is as deep as what it stands for. */
static void
test_deep_alias(void **state)
{
	const size_t half = TREE_DEPTH_MAX / 2;
	char *text = malloc(8 * (size_t)TREE_DEPTH_MAX), *p;
	struct world w;
	size_t i, more;

	(void)state;
	assert_non_null(text);
	for (more = 0; more < 2; more++) {
		p = stpcpy(text, "- &a\n  ");
		for (i = 0; i < half; i++)
			p = stpcpy(p, "- ");
		p = stpcpy(p, "x\n- ");
		for (i = 1; i < half + more; i++)
			p = stpcpy(p, "- ");
		p = stpcpy(p, "*a\n");
		assert_true((parse(&w, text, (size_t)(p - text)) != NULL) ==
		    (more == 0));
		assert_int_equal(w.problems.errors, more);
		arena_release(&w.arena);
	}
	free(text);
}

static void
test_limits(void **state)
{
	static const struct {
		const char *head, *text;
		size_t n;
		const char *tail, *problem;
	} rows[] = {
		{ "", "- ", TREE_DEPTH_MAX, "]", "did not find" },
		{ "", "- ", TREE_DEPTH_MAX + 1, "a", "nested deeper" },
		{ "", "[", 4500, "", "did not find" },
		{ "", "[", 5100, "", "too much to read" },
		{ "{\"a\":", "[", TREE_DEPTH_MAX, "", "nested deeper" },
		{ "- [", "x,", TREE_NODES_MAX, "x]", "more than 100000" },
		{ "{\"a\":[", "1,", TREE_NODES_MAX, "1]}", "more than 100000" },
		{ "- [", "&a x, ", YAML_ANCHORS_MAX + 1, "x]",
		    "more than 1000 anchors" },
		{ "a: &a [", "x, ", 300,
		    "]\nb: &b [*a, *a, *a, *a]\n"
		    "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
		    "d: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n",
		    "aliases of aliases" },
		{ "a: &a \"", "0123456789", 90000,
		    "\"\nb: [*a, *a, *a, *a, *a]", "bytes of text" },
	};
	struct world w;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = repeat(
		    rows[i].head, rows[i].text, rows[i].n, rows[i].tail);
		assert_null(parse(&w, text, strlen(text)));
		if (strstr(w.problems.item[0]->message, rows[i].problem) ==
		    NULL)
			fail_msg("row %zu: %s", i, w.problems.item[0]->message);
		arena_release(&w.arena);
		free(text);
	}
}

/* An arena that is too small is an answer, not a crash. */
static void
test_exhausted(void **state)
{
	static const char text[] = "a: [x, y, {b: c}]\nd: \"text\"\n";
	static const char json[] = "{\"a\": [\"x\", 1, {\"b\": null}]}";
	struct problems p;
	struct arena a;
	size_t limit;

	(void)state;
	for (limit = 0; limit < 2000; limit += 16) {
		arena_init(&a, limit);
		problems_init(&p, &a, MANIFEST_STRICT);
		if (first_tree(text, strlen(text), &a, &p) == NULL)
			assert_true(p.exhausted);
		arena_release(&a);
		arena_init(&a, limit);
		problems_init(&p, &a, MANIFEST_STRICT);
		if (first_tree(json, strlen(json), &a, &p) == NULL)
			assert_true(p.exhausted);
		arena_release(&a);
	}
	assert_false(p.exhausted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_repairs),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_read_ahead),
		cmocka_unit_test(test_deep_alias),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_exhausted),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
