/*
 * A pod written as a manifest is the same pod when it is read, and is then
 * written the same way: for whatever can be decoded of all manifests that
 * the tests have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cases.h"
#include "tests/unit/first_tree.h"
#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/defaults.h"
#include "watcherd/identity.h"
#include "watcherd/render.h"

#define ARENA (64 << 20)
#define FILE_MAX (1 << 20)

struct text {
	char *bytes;
	size_t len;
};

/* What a manifest means; NULL: it is none, or a reader refuses it. */
static struct node *
meaning_of(struct arena *arena, struct text text, enum manifest_mode mode)
{
	struct problems *p = arena_alloc(arena, sizeof(*p));
	struct node *tree, *pod;

	assert_non_null(p);
	problems_init(p, arena, mode);
	tree = first_tree(text.bytes, text.len, arena, p);
	pod = tree != NULL && tree->kind == NODE_MAP
	    ? decode_pod(tree, arena, p)
	    : NULL;
	if (pod == NULL || p->errors > 0)
		return (NULL);
	assert_int_equal(defaults_apply(pod, arena, p), 0);
	canonical_prune(&type_pod, pod);
	pod = identity_meaning(arena, pod);
	assert_non_null(pod);
	return (pod);
}

static struct text
yaml_of(const struct node *node)
{
	struct text out;
	FILE *fp = open_memstream(&out.bytes, &out.len);

	assert_non_null(fp);
	assert_int_equal(render_yaml(fp, node), 0);
	assert_int_equal(fclose(fp), 0);
	return (out);
}

static enum manifest_mode
mode_of(const char *json)
{
	return (strstr(json, "\\u0000") != NULL ? MANIFEST_LENIENT
						: MANIFEST_STRICT);
}

/* Reads it again, strictly, but for a NUL in it: so it was written. */
static void
check_again(
    struct arena *arena, const char *name, struct text text, const char *json)
{
	enum manifest_mode mode = mode_of(json);
	struct node *again = meaning_of(arena, text, mode);
	char *other;
	size_t len;

	if (again == NULL)
		fail_msg("%s: is no manifest: %s", name, text.bytes);
	other = canonical_json(arena, again, &len);
	assert_non_null(other);
	if (strcmp(other, json) != 0)
		fail_msg(
		    "%s: %s\nmeans %s\nnot %s", name, text.bytes, other, json);
}

/* 1: it was a manifest. */
static int
check_text(const char *name, struct text text, enum manifest_mode mode)
{
	struct text one, two, json;
	struct arena arena;
	struct node *node;

	arena_init(&arena, ARENA);
	if ((node = meaning_of(&arena, text, mode)) == NULL) {
		arena_release(&arena);
		return (0);
	}
	json.bytes = canonical_json(&arena, node, &json.len);
	assert_non_null(json.bytes);
	check_again(&arena, name, json, json.bytes);
	one = yaml_of(node);
	check_again(&arena, name, one, json.bytes);
	node = meaning_of(&arena, one, mode_of(json.bytes));
	two = yaml_of(node);
	assert_string_equal(one.bytes, two.bytes);
	free(one.bytes);
	free(two.bytes);
	arena_release(&arena);
	return (1);
}

static int
check_both(const char *name, struct text text)
{
	return (check_text(name, text, MANIFEST_STRICT) +
	    check_text(name, text, MANIFEST_LENIENT));
}

static int
check_file(const char *path)
{
	struct text text = { malloc(FILE_MAX), 0 };
	FILE *fp = fopen(path, "re");
	int n;

	assert_non_null(text.bytes);
	if (fp == NULL)
		fail_msg("no %s", path);
	text.len = fread(text.bytes, 1, FILE_MAX, fp);
	assert_int_equal(fclose(fp), 0);
	n = check_both(path, text);
	free(text.bytes);
	return (n);
}

/* -1: there is no such folder. */
static int
check_folder(const char *folder)
{
	struct dirent *entry;
	char path[512];
	DIR *dir;
	int n = 0;

	if ((dir = opendir(folder)) == NULL)
		return (-1);
	while ((entry = readdir(dir)) != NULL) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (strstr(path, ".yaml") != NULL ||
		    strstr(path, ".json") != NULL)
			n += check_file(path);
	}
	assert_int_equal(closedir(dir), 0);
	return (n);
}

static void
test_fixtures(void **state)
{
	(void)state;
	assert_int_equal(check_folder("tests/fixtures/pod"), 2);
	assert_true(check_folder("tests/fixtures/defaults") >= 2);
	assert_true(check_folder("tests/fixtures/manifests") >= 10);
}

static void
test_cases(void **state)
{
	struct cases cases;
	struct case_manifest m;
	struct text text;
	size_t i;
	int n = 0;

	(void)state;
	cases_read(&cases, NULL);
	for (i = 0; i < cases.n; i++) {
		case_compose(&cases.item[i], &m);
		text.bytes = m.bytes;
		text.len = strlen(m.bytes);
		n += check_both(cases.item[i].name, text);
		free(m.bytes);
	}
	cases_release(&cases);
	assert_true(n > 10);
}

static void
test_shared(void **state)
{
	int n = check_folder("../shared/spec/manifest-cases");

	(void)state;
	if (n == -1)
		skip();
	assert_true(n > 50);
}

/* One annotation's value, and how it stands in the text. */
static const struct {
	const char *value, *text;
} strings[] = {
	{ "plain", "a: plain" },
	{ "", "a: \"\"" },
	{ "true", "a: \"true\"" },
	{ "y", "a: \"y\"" },
	{ "NO", "a: \"NO\"" },
	{ "nO", "a: nO" },
	{ "null", "a: \"null\"" },
	{ "~", "a: \"~\"" },
	{ "1", "a: \"1\"" },
	{ "0x1F", "a: \"0x1F\"" },
	{ "0o9", "a: 0o9" },
	{ "1_000", "a: \"1_000\"" },
	{ "1e3", "a: \"1e3\"" },
	{ "08", "a: \"08\"" },
	{ ".inf", "a: \".inf\"" },
	{ ".5", "a: \".5\"" },
	{ "10m", "a: 10m" },
	{ "1.2.3", "a: 1.2.3" },
	{ "192.0.2.1", "a: 192.0.2.1" },
	{ "2026-01-02", "a: \"2026-01-02\"" },
	{ "12:30:45", "a: \"12:30:45\"" },
	{ "12:30", "a: \"12:30\"" },
	{ "12:a", "a: 12:a" },
	{ "<<", "a: \"<<\"" },
	{ "=", "a: \"=\"" },
	{ "a: b", "a: 'a: b'" },
	{ "a:b", "a: a:b" },
	{ "a #b", "a: 'a #b'" },
	{ "a#b", "a: a#b" },
	{ "- a", "a: '- a'" },
	{ "-a", "a: -a" },
	{ "*a", "a: '*a'" },
	{ "@a", "a: '@a'" },
	{ "{a}", "a: '{a}'" },
	{ "a{b}", "a: a{b}" },
	{ "%a", "a: '%a'" },
	{ "---", "a: '---'" },
	{ "it's", "a: it's" },
	{ "'it'", "a: '''it'''" },
	{ "\"q\"", "a: '\"q\"'" },
	{ " a", "a: ' a'" },
	{ "a ", "a: 'a '" },
	{ "a\\b", "a: a\\b" },
	{ "tab\there", "a: \"tab\\there\"" },
	{ "\x01", "a: \"\\x01\"" },
	{ "\x7f", "a: \"\\x7F\"" },
	{ "\xc3\xa9", "a: \xc3\xa9" },
	{ "\xf0\x9f\x98\x80", "a: \"\\U0001F600\"" },
	{ "\xef\xbb\xbf"
	  "bom",
	    "a: \"\\uFEFFbom\"" },
	{ "\xc2\x85", "a: \"\\N\"" },
	{ "a\xe2\x80\xa8z", "a: \"a\\Lz\"" },
	{ "one\ntwo", "a: |-\n      one\n      two\n" },
	{ "one\ntwo\n", "a: |\n      one\n      two\n" },
	{ "one\n\ntwo\n", "a: |\n      one\n\n      two\n" },
	{ "one\n  two\n", "a: |\n      one\n        two\n" },
	{ "one\n\n", "a: \"one\\n\\n\"" },
	{ "one \ntwo", "a: \"one \\ntwo\"" },
	{ " one\ntwo", "a: \" one\\ntwo\"" },
	{ "\none", "a: \"\\none\"" },
	{ "\n", "a: \"\\n\"" },
	{ "a\xc0\x80z\xc0\x80", "a: \"a\\0z\\0\"" },
	{ "one\r\ntwo", "a: \"one\\r\\ntwo\"" },
	{ "one\n#two\n---\n", "a: |\n      one\n      #two\n      ---\n" },
};

static struct node *
map_with(struct arena *arena, const char *key, struct node *value)
{
	const struct place at = { 0, 0 };
	struct node *map = node_new(arena, NODE_MAP, at);

	assert_non_null(map);
	assert_int_equal(node_set(arena, map, key, value), 0);
	return (map);
}

/* A tree with a string as a value or as a key. */
static void
check_string(const char *value, const char *want, int key)
{
	const struct place at = { 0, 0 };
	struct problems p;
	struct arena arena;
	struct node *node, *again;
	struct text text;
	size_t len;

	arena_init(&arena, ARENA);
	problems_init(&p, &arena, MANIFEST_LENIENT);
	node = node_string(&arena, at, value, strlen(value));
	assert_non_null(node);
	node = map_with(&arena, key ? value : "a", node);
	node = map_with(&arena, "n", map_with(&arena, "m", node));
	text = yaml_of(node);
	if (strstr(text.bytes, want) == NULL)
		fail_msg("\"%s\": %s", value, text.bytes);
	again = first_tree(text.bytes, text.len, &arena, &p);
	if (again == NULL)
		fail_msg("\"%s\": %s", value, text.bytes);
	assert_int_equal(p.errors, 0);
	assert_string_equal(canonical_json(&arena, node, &len),
	    canonical_json(&arena, again, &len));
	free(text.bytes);
	arena_release(&arena);
}

static void
test_strings(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		check_string(strings[i].value, strings[i].text, 0);
		check_string(strings[i].value, "", 1);
	}
}

#define RANDOM_STRINGS 20000

/* Strings made of what YAML has a meaning for. */
static void
test_random(void **state)
{
	static const char *const parts[] = { " ", "\n", "\r", "\t", "a", ":",
		"#", "-", "'", "\"", "\\", "|", ">", "%", "@", "~", "y", "1",
		"0x", ".", "\xc2\x85", "\xe2\x80\xa8", "\xef\xbb\xbf",
		"\xf0\x9f\x98\x80", "\x7f", "\x01", "{", "}", "[", "]", ",",
		"&", "*", "!", "?", "=", "<<", "---", "...", "\xc0\x80", "`",
		"null", "\n\n", "  ", ": ", " #", "e", "+", "_", "\xef\xbf\xbf",
		"\xc3\xa9" };
	uint32_t seed = 1;
	const char *part;
	char text[64];
	size_t i, n, len;

	(void)state;
	for (i = 0; i < RANDOM_STRINGS; i++) {
		for (len = 0, n = 1 + i % 6; n > 0; n--) {
			seed = seed * 1664525 + 1013904223;
			part = parts[(seed >> 16) %
			    (sizeof(parts) / sizeof(parts[0]))];
			memcpy(text + len, part, strlen(part) + 1);
			len += strlen(part);
		}
		check_string(text, "", i % 2 == 0);
	}
}

/* A whole text, so that somebody can see what it looks like. */
static void
test_look(void **state)
{
	static char manifest[] =
	    "spec:\n"
	    "  volumes: [{hostPath: {path: /x}, name: v}]\n"
	    "  hostNetwork: yes\n"
	    "  containers:\n"
	    "  - {image: \"x:1\", name: c, args: [\"-v\", '2'], command: [a],\n"
	    "     resources: {limits: {memory: 1073741824}}}\n"
	    "metadata: {namespace: default, name: web, labels: {on: 'on'}}\n"
	    "kind: Pod\n"
	    "apiVersion: v1\n";
	static const char want[] =
	    "apiVersion: v1\n"
	    "kind: Pod\n"
	    "metadata:\n"
	    "  name: web\n"
	    "  labels:\n"
	    "    \"true\": \"on\"\n"
	    "spec:\n"
	    "  containers:\n"
	    "  - name: c\n"
	    "    image: x:1\n"
	    "    command:\n"
	    "    - a\n"
	    "    args:\n"
	    "    - -v\n"
	    "    - \"2\"\n"
	    "    imagePullPolicy: IfNotPresent\n"
	    "    resources:\n"
	    "      limits:\n"
	    "        memory: 1Gi\n"
	    "      requests:\n"
	    "        memory: 1Gi\n"
	    "    terminationMessagePath: /dev/termination-log\n"
	    "    terminationMessagePolicy: File\n"
	    "  dnsPolicy: ClusterFirst\n"
	    "  enableServiceLinks: true\n"
	    "  hostNetwork: true\n"
	    "  restartPolicy: Always\n"
	    "  schedulerName: default-scheduler\n"
	    "  securityContext: {}\n"
	    "  terminationGracePeriodSeconds: 30\n"
	    "  volumes:\n"
	    "  - name: v\n"
	    "    hostPath:\n"
	    "      path: /x\n"
	    "      type: \"\"\n";
	struct text text = { manifest, sizeof(manifest) - 1 };
	struct arena arena;

	(void)state;
	arena_init(&arena, ARENA);
	text = yaml_of(meaning_of(&arena, text, MANIFEST_STRICT));
	assert_string_equal(text.bytes, want);
	free(text.bytes);
	arena_release(&arena);
}

/* A full disk is told. */
static void
test_full(void **state)
{
	const struct place at = { 0, 0 };
	struct arena arena;
	struct node *node;
	FILE *fp;

	(void)state;
	arena_init(&arena, ARENA);
	node = map_with(&arena, "a", node_string(&arena, at, "b", 1));
	fp = fopen("/dev/full", "we");
	assert_non_null(fp);
	setbuf(fp, NULL);
	assert_int_equal(render_yaml(fp, node), -1);
	(void)fclose(fp); /* nothing is left to be written */
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_shared),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
