/*
 * Files made to hurt: none of them takes long or needs much memory, read
 * strictly or leniently.  Each is read in a process of its own, whose
 * time and memory the kernel tells.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watcherd/canonical.h"
#include "watcherd/excerpt.h"
#include "watcherd/manifest.h"

#define TIME_MAX_MS 250 /* 200, and a slow machine may be here */
#define TRIES 5
#define MEMORY_MAX_KB (32 * 1024)

#define POD "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
#define SPEC POD "spec:\n  containers:\n  - name: c\n    image: x\n"
#define JSON "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"

/* The part is repeated n times, or up to the limit of a file; %d in it is
 * its number. */
static const struct hostile {
	const char *name, *head, *part, *tail;
	size_t n;
} rows[] = {
	{ "brackets", "", "[", "", 0 },
	{ "blocks", "", "- ", "", 0 },
	{ "deep and wide", "- [[[[[[[[[[", "[[[[[[[[[[", "", 96 },
	{ "values", "- [", "1,", "]", 0 },
	{ "keys", "- [", "{a: [", "", 0 },
	{ "one scalar", SPEC "    args: [\"", "x", "\"]\n", 0 },
	{ "one scalar of lines", SPEC "    args: [\"", "x\n\n", "\"]\n", 0 },
	{ "one block scalar", SPEC "    args:\n    - |\n", "      x\n", "", 0 },
	{ "one folded scalar", SPEC "    args:\n    - >\n", "      x\n", "",
	    0 },
	{ "escapes", SPEC "    args: [\"", "\\u0041", "\"]\n", 0 },
	{ "escaped quotes", SPEC "    args:\n", "    - \"\\'\"\n", "", 0 },
	{ "escaped quotes, a few", SPEC "    args:\n", "    - \"\\'\"\n", "",
	    2000 },
	{ "colons", SPEC "    args: [", "a:,", "]\n", 2000 },
	{ "comments", SPEC, "#\n", "", 0 },
	{ "long comments", SPEC, "# 34567890123456789012345678901234567890\n",
	    "", 0 },
	{ "empty lines", SPEC, "\n", "", 0 },
	{ "blanks", SPEC, " ", "\n", 0 },
	{ "wide characters", SPEC "    args: [\"", "\xc3\xa9", "\"]\n", 0 },
	{ "wide comment", SPEC "    # ", "\xc3\xa9", "\n", 0 },
	{ "a large value", SPEC "    args: [\"", "x", "\"]\n", 2097000 },
	{ "large values", SPEC "    args: [\"",
	    "34567890123456789012345678901234567890\", \"", "\"]\n", 98000 },
	{ "a large annotation", POD "  annotations: {a: \"", "x",
	    "\"}\nspec: {containers: [{name: c, image: x}]}\n", 262000 },
	{ "a large variable", SPEC "    env: [{name: a, value: \"", "x",
	    "\"}]\n", 2000000 },
	{ "blanks of JSON", JSON "\"name\":\"a\"},", " ",
	    "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}",
	    0 },
	{ "values of JSON", JSON "\"k\":[", "1,", "1]}}", 0 },
	{ "brackets of JSON", JSON "\"k\":", "[", "", 0 },
	{ "many pods", "",
	    "---\napiVersion: v1\nkind: Pod\nmetadata:\n"
	    "  name: p%d\nspec:\n  containers:\n"
	    "  - {name: c%d, image: x}\n",
	    "", 100 },
	{ "labels", POD "  labels:\n", "    k%d: v\n", "", 0 },
	{ "labels, some", POD "  labels:\n", "    k%d: v\n", "", 10000 },
	{ "annotations", POD "  annotations:\n", "    k%d: v\n",
	    "spec: {containers: [{name: c, image: x}]}\n", 20000 },
	{ "one key", POD "  labels:\n", "    k: v\n", "", 0 },
	{ "unknown fields", SPEC, "    k%d: v\n", "", 0 },
	{ "long unknown fields", SPEC,
	    "    containerPortcontainerPortcontainerPo%d: v\n", "", 0 },
	{ "misspelt fields", SPEC "    ports:\n",
	    "    - {contanerPort: 1, hstPort: 1}\n", "", 0 },
	{ "wrong types", SPEC "    args:\n", "    - 1\n", "", 0 },
	{ "numbers", SPEC "    args:\n", "    - 1.234567890123456e-300\n", "",
	    0 },
	{ "small numbers", SPEC "    args:\n", "    - 1.234567890123456e-310\n",
	    "", 0 },
	{ "variables", SPEC "    env:\n", "    - {name: k%d, value: v}\n", "",
	    0 },
	{ "variables, some", SPEC "    env:\n", "    - {name: k%d, value: v}\n",
	    "", 15000 },
	{ "ports", SPEC "    ports:\n",
	    "    - {containerPort: %d, hostPort: %d}\n", "", 20000 },
	{ "ports, named", SPEC "    ports:\n",
	    "    - {containerPort: 1, name: p%d}\n", "", 20000 },
	{ "mounts", SPEC "    volumeMounts:\n",
	    "    - {name: v, mountPath: /m%d}\n", "  volumes: [{name: v}]\n",
	    20000 },
	{ "volumes", SPEC "  volumes:\n", "  - {name: v%d}\n", "", 0 },
	{ "containers", POD "spec:\n  containers:\n",
	    "  - {name: c%d, image: x}\n", "", 0 },
	{ "tolerations", SPEC "  tolerations:\n",
	    "  - {key: k%d, operator: Exists}\n", "", 15000 },
	{ "same key of JSON", JSON, "\"k\":{\"a\":1},", "\"k\":1}}", 0 },
	{ "keys laid over", JSON "\"k\":{", "\"k%d\":1,",
	    "\"k\":1},\"k\":{\"l\":1},\"k\":{\"m\":1},\"k\":{\"n\":1}}}",
	    40000 },
	{ "bad bytes of JSON", JSON "\"name\":\"", "\xff", "\"}}", 0 },
	{ "NULs of JSON", JSON "\"name\":\"", "\\u0000", "\"}}", 0 },
	{ "markers", "", "---\n", "", 0 },
	{ "documents", "", "--- a\n", "", 0 },
	{ "broken documents", "", "--- [\n", "", 0 },
	{ "pods", "", "---\n" SPEC, "", 0 },
	{ "items", "apiVersion: v1\nkind: PodList\nitems:\n",
	    "- {metadata: {name: a%d}, spec: {containers: [{name: c, "
	    "image: x}]}}\n",
	    "", 0 },
	{ "anchors", "- [", "&a%d x,", "x]", 0 },
	{ "aliases", "- &a x\n- [", "*a,", "x]", 0 },
	{ "aliases, far", "- &a x\n- [", "&b%d x,", "*a,*a]", 998 },
	{ "aliases of pods",
	    "apiVersion: v1\nkind: PodList\nitems:\n- &a\n"
	    "  metadata: {name: a}\n"
	    "  spec: {containers: [{name: c, image: x}]}\n",
	    "- *a\n", "", 0 },
	{ "bomb", "a0: &a0 x\n", "a%d: &b [*a0,*a0,*a0,*a0,*a0,*a0]\n", "", 0 },
	{ "merges", "a: &a {a: 1, b: 2, c: 3, d: 4}\n", "m%d: {<<: *a}\n", "",
	    0 },
	{ "merges into one", "a: &a {a: 1, b: 2, c: 3, d: 4}\nb:\n",
	    "  <<: *a\n", "", 0 },
	{ "tags", "- [", "!!str a,", "]", 0 },
	{ "long tags", "%TAG ! tag:xxxxxxxxxxxxxxxxxxxxxxxxxxxx,2000:\n---\n",
	    "- !a a\n", "", 0 },
	{ "slashes", SPEC "    args:\n", "    - \"/\"\n", "", 0 },
	{ "directives", "", "%TAG !a%d! tag:x,2000:\n", "--- a\n", 0 },
	{ "keys that may be", "{", "a ", "", 0 },
	{ "questions", "", "? ", "", 0 },
	{ "managed fields",
	    POD "  managedFields:\n  - fieldsType: FieldsV1\n    fieldsV1: {",
	    "k%d: {},", "}\n", 40000 },
};

/* libyaml takes time for each open bracket and value. */
static const char *const deep[] = { "1,", "a: b,", "*a,", "],[", "a ,",
	"'a'," };

/* Fills the text; returns its length. */
static size_t
fill(const struct hostile *h, char *text, size_t size)
{
	size_t i, n, tail = strlen(h->tail), len;

	len = (size_t)snprintf(text, size, "%s", h->head);
	for (i = 0; h->n == 0 || i < h->n; i++) {
		if (len + strlen(h->part) + 20 + tail > size)
			break;
		n = (size_t)snprintf(
		    text + len, size - len, h->part, (int)i, (int)i);
		len += n;
	}
	return (len + (size_t)snprintf(text + len, size - len, "%s", h->tail));
}

struct usage {
	long ms, kb;
};

/* Shows each problem in the text, as an operator sees it. */
static void
show(const Tripod__Manifest *m, const struct manifest_source *src)
{
	FILE *to = fopen("/dev/null", "w");
	struct excerpt e;
	size_t i;

	for (i = 0; to != NULL && i < m->n_problem; i++) {
		if (excerpt_find(&e, src->bytes, src->len, m->problem[i]->line,
			m->problem[i]->column) == 0)
			excerpt_print(&e, 0, to);
	}
	if (to == NULL || fclose(to) == EOF)
		_exit(1);
}

/* Reads a copy of the text, as one that was loaded. */
static void
read_text(const char *text, size_t len, enum manifest_mode mode)
{
	struct manifest_source src = { "a.yaml", "n", NULL, len, mode };
	struct arena arena;
	Tripod__Manifest *m;
	void *copy = xmalloc(len);

	src.bytes = memcpy(copy, text, len);
	arena_init(&arena, MANIFEST_ARENA_MAX);
	if ((m = manifest_parse(&src, &arena)) == NULL)
		_exit(1);
	show(m, &src);
	free(copy);
	len = tripod__manifest__get_packed_size(m);
	(void)tripod__manifest__pack(m, xmalloc(len)); /* as long as it said */
}

/* What a process takes that reads the text, or nothing if it is NULL. */
static struct usage
measure(const char *text, size_t len, enum manifest_mode mode)
{
	struct rusage ru;
	int status;
	pid_t pid;

	assert_int_not_equal(pid = fork(), -1);
	if (pid == 0) {
		if (text != NULL)
			read_text(text, len, mode);
		_exit(0);
	}
	assert_int_equal(wait4(pid, &status, 0, &ru), pid);
	assert_int_equal(status, 0);
	return (
	    (struct usage){ (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000 +
		    (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000,
		ru.ru_maxrss });
}

static void
check_row(const struct hostile *h, char *text, enum manifest_mode mode)
{
	size_t len = fill(h, text,
	    mode == MANIFEST_LENIENT ? MANIFEST_SIZE_LENIENT
				     : MANIFEST_SIZE_DEFAULT);
	struct usage none = measure(NULL, 0, mode);
	struct usage used = measure(text, len, mode);
	const char *name = mode == MANIFEST_LENIENT ? ", leniently" : "";
	long slack = 1;
	int i;

#if defined(__SANITIZE_ADDRESS__)
	slack = 20;
	none.kb = used.kb;
#endif
	if (getenv("TEST_HOSTILE_PRINT") != NULL)
		print_message("%5ld ms %6ld KB %s%s\n", used.ms,
		    used.kb - none.kb, h->name, name);
	/* Whoever else is busy on the machine makes it look longer. */
	for (i = 0; i < TRIES && used.ms > TIME_MAX_MS * slack; i++)
		used.ms = measure(text, len, mode).ms;
	if (used.ms > TIME_MAX_MS * slack)
		fail_msg("%s%s: %ld ms", h->name, name, used.ms);
	if (used.kb - none.kb > MEMORY_MAX_KB)
		fail_msg("%s%s: %ld KB", h->name, name, used.kb - none.kb);
}

static void
test_hostile(void **state)
{
	char *text = malloc(MANIFEST_SIZE_LENIENT + 1);
	char brackets[TREE_DEPTH_MAX] = "- &a x\n- ";
	struct hostile row;
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = strlen(brackets); i < sizeof(brackets) - 1; i++)
		brackets[i] = '[';
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_row(&rows[i], text, MANIFEST_STRICT);
		check_row(&rows[i], text, MANIFEST_LENIENT);
	}
	for (i = 0; i < sizeof(deep) / sizeof(deep[0]); i++) {
		row = (struct hostile){ deep[i], brackets, deep[i], "", 0 };
		check_row(&row, text, MANIFEST_STRICT);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
