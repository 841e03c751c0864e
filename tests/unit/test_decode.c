/*
 * Decoding: types, null, unknown fields and what was meant by them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/first_tree.h"
#include "watcherd/decode.h"
#include "watcherd/kind.h"

#define ARENA (32 << 20)

struct world {
	struct arena arena;
	struct problems problems;
	struct node *pod;
};

static void
decode(struct world *w, const char *text)
{
	struct node *root;

	arena_init(&w->arena, ARENA);
	problems_init(&w->problems, &w->arena, MANIFEST_STRICT);
	root = first_tree(text, strlen(text), &w->arena, &w->problems);
	assert_non_null(root);
	w->pod = NULL;
	if (kind_of(root, DOCUMENT_YAML, &w->problems) == KIND_POD)
		w->pod = decode_pod(root, &w->arena, &w->problems);
	problems_finish(&w->problems);
}

#define POD "apiVersion: v1\nkind: Pod\n"

/* What follows the two lines, and the first problem: "LINE FIELD: TEXT". */
static const struct {
	const char *text, *problem;
} rows[] = {
	{ "spec: {hostNetwork: yes}", "" },
	{ "spec: {hostNetwork: \"yes\"}",
	    "3 spec.hostNetwork: must be true or false, got the string "
	    "\"yes\"; leave out the quotes" },
	{ "spec: {hostNetwork: 1}",
	    "3 spec.hostNetwork: must be true or false, got the number 1" },
	{ "spec: {priority: 1.0}", "" },
	{ "spec: {priority: 1.5}",
	    "3 spec.priority: must be an integer of 32 bits, got the number "
	    "1.5" },
	{ "spec: {priority: 2147483648}",
	    "3 spec.priority: must be an integer of 32 bits, got the number "
	    "2147483648" },
	{ "spec: {activeDeadlineSeconds: 2147483648}", "" },
	{ "spec: {hostname: 1}",
	    "3 spec.hostname: must be a string, got the number 1; put it in "
	    "quotes" },
	{ "spec: {hostname: ~}", "" },
	{ "spec: {containers: {name: x}}",
	    "3 spec.containers: must be a list of mappings, got a mapping; "
	    "start each item with \"- \"" },
	{ "spec: {containers: [x]}",
	    "3 spec.containers[0]: must be a mapping, got the string \"x\"; "
	    "it needs image, name" },
	{ "spec: []",
	    "3 spec: must be a mapping, got a list; it needs containers" },
	{ "metadata: {labels: [a]}",
	    "3 metadata.labels: must be a mapping of names to strings, got "
	    "a list; write \"name: value\", without \"- \"" },
	{ "metadata: {labels: {a: 1}}",
	    "3 metadata.labels[\"a\"]: must be a string, got the number 1; "
	    "put it in quotes" },
	{ "metadata: {creationTimestamp: 2024-02-28T10:00:00Z}", "" },
	{ "metadata: {creationTimestamp: \"2024-02-28T10:00:00.5+01:30\"}",
	    "" },
	{ "metadata: {creationTimestamp: 2024-02-28}",
	    "3 metadata.creationTimestamp: must be a time like "
	    "\"2026-11-23T08:00:00Z\", got the string \"2024-02-28\"" },
	{ "metadata: {creationTimestamp: \"2024-13-28T10:00:00Z\"}",
	    "3 metadata.creationTimestamp: must be a time like "
	    "\"2026-11-23T08:00:00Z\", got the string "
	    "\"2024-13-28T10:00:00Z\"" },
	{ "spec: {overhead: {cpu: 1}}", "" },
	{ "spec: {overhead: {cpu: yes}}",
	    "3 spec.overhead[\"cpu\"]: must be a quantity like 500m or 64Mi, "
	    "got true" },
	{ "spec: {overhead: {cpu: 1GB}}",
	    "3 spec.overhead[\"cpu\"]: must be a quantity like 500m or 64Mi, "
	    "got the string \"1GB\"; write 1G or 1Gi" },
	{ "spec: {overhead: {cpu: 1x}}",
	    "3 spec.overhead[\"cpu\"]: must be a quantity like 500m or 64Mi, "
	    "got the string \"1x\" (not a number with a suffix of k, M, G, "
	    "Ki, Mi, Gi, m ...)" },
	{ "Spec: {}", "3 Spec: unknown field; it is written \"spec\"" },
	{ "specs: {}", "3 specs: unknown field; did you mean \"spec\"?" },
	{ "foo: {}", "3 foo: unknown field" },
	{ "restartPolicy: Never",
	    "3 restartPolicy: unknown field here; it belongs under spec" },
	{ "labels: {}",
	    "3 labels: unknown field here; it belongs under metadata" },
	{ "metadata: {containers: []}",
	    "3 metadata.containers: unknown field here; it belongs under "
	    "spec" },
	{ "spec: {containers: [{restartPolicyX: Never}]}",
	    "3 spec.containers[0].restartPolicyX: unknown field; did you "
	    "mean \"restartPolicy\"?" },
	{ "spec: {containers: [{volumes: []}]}",
	    "3 spec.containers[0].volumes: unknown field here; it belongs "
	    "under spec" },
	{ "spec: {containers: [{kind: x}]}",
	    "3 spec.containers[0].kind: unknown field here; it belongs "
	    "under the top level" },
	{ "spec: {image: x}",
	    "3 spec.image: unknown field here; it belongs under "
	    "spec.containers" },
	{ "status: {phase: 1}",
	    "3 status.phase: must be a string, got the number 1; put it in "
	    "quotes" },
};

static void
test_rows(void **state)
{
	const Tripod__Problem *p;
	struct world w;
	char text[512], got[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(text, sizeof(text), POD "%s", rows[i].text);
		decode(&w, text);
		got[0] = '\0';
		if (w.problems.n > 0) {
			p = w.problems.item[0];
			(void)snprintf(got, sizeof(got), "%u %s: %s", p->line,
			    p->field, p->message);
		}
		assert_string_equal(got, rows[i].problem);
		arena_release(&w.arena);
	}
}

/* What is no Pod at all gets one problem only. */
static void
test_kind(void **state)
{
	static const struct {
		const char *text, *problem;
	} r[] = {
		{ "[]", "expected a Pod, which is a mapping, got a list" },
		{ "x", "expected a Pod, which is a mapping, got a string" },
		{ "a: 1", "must be \"Pod\", got nothing" },
		{ "kind: 1", "must be \"Pod\", got the number 1" },
		{ "kind: Job",
		    "must be \"Pod\", got \"Job\"; what is under its "
		    "spec.template is nearly a Pod" },
		{ "kind: Pod", "must be \"v1\", got nothing" },
		{ "--- {apiVersion: v2, kind: Pod, foo: 1}",
		    "must be \"v1\", got \"v2\"" },
	};
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		decode(&w, r[i].text);
		assert_null(w.pod);
		assert_int_equal(w.problems.n, 1);
		assert_string_equal(w.problems.item[0]->message, r[i].problem);
		arena_release(&w.arena);
	}
	decode(&w, "--- {apiVersion: /v1, kind: Pod}");
	assert_non_null(w.pod);
	arena_release(&w.arena);
}

static void
test_null(void **state)
{
	static const char text[] = POD
	    "metadata: {name: ~, labels: {a: ~}}\n"
	    "spec: {volumes: ~, overhead: {cpu: ~}, containers: [~, "
	    "{args: [~, a], ports: [{containerPort: ~}]}]}\n";
	const struct node *spec, *meta, *containers;
	struct world w;

	(void)state;
	decode(&w, text);
	assert_int_equal(w.problems.n, 0);
	meta = node_get(w.pod, "metadata");
	spec = node_get(w.pod, "spec");
	containers = node_get(spec, "containers");
	assert_null(node_get(meta, "name"));
	assert_string_equal(node_get_str(node_get(meta, "labels"), "a"), "");
	assert_null(node_get(spec, "volumes"));
	assert_string_equal(
	    node_get_str(node_get(spec, "overhead"), "cpu"), "0");
	assert_int_equal(containers->item[0]->kind, NODE_MAP);
	assert_int_equal(node_get(containers->item[1], "args")->item[0]->n, 0);
	arena_release(&w.arena);
}

/* A field that is only misspelt is not missed as well, nor judged. */
static void
test_stand_in(void **state)
{
	struct world w;

	(void)state;
	decode(&w, POD "spec: {contaners: []}\n");
	assert_int_equal(w.problems.n, 1);
	assert_int_equal(
	    node_get(node_get(w.pod, "spec"), "containers")->kind, NODE_BAD);
	arena_release(&w.arena);
}

/* More errors than are kept are counted. */
static void
test_many(void **state)
{
	char text[4096] = POD "metadata:\n", *p = text + strlen(text);
	struct world w;
	int i;

	(void)state;
	for (i = 0; i < 50; i++)
		p += snprintf(p, 32, "  foo%d: 1\n", i);
	decode(&w, text);
	assert_int_equal(w.problems.errors, 50);
	assert_int_equal(w.problems.n, PROBLEMS_MAX + 1);
	assert_string_equal(
	    w.problems.item[PROBLEMS_MAX]->message, "18 more errors");
	arena_release(&w.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_kind),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_stand_in),
		cmocka_unit_test(test_many),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
