/*
 * Canonical JSON, identity and the mirror's JSON.
 *
 * The uids below are frozen: a change of any of them restarts every pod
 * in the field at the next upgrade.
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
#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/defaults.h"
#include "watcherd/identity.h"
#include "watcherd/manifest.h"

#define ARENA (32 << 20)

static const char base[] = "apiVersion: v1\n"
			   "kind: Pod\n"
			   "metadata:\n"
			   "  name: web\n"
			   "spec:\n"
			   "  containers:\n"
			   "  - name: main\n"
			   "    image: x:1\n"
			   "    env: [{name: A, value: b}]\n"
			   "    args: [x, z]\n"
			   "    resources: {limits: {cpu: 500m}}\n";

/* Parses; the uid, or fails. */
static const char *
uid_of(
    struct arena *arena, const char *text, const char *file, const char *node)
{
	struct manifest_source src = { file, node, text, strlen(text),
		MANIFEST_STRICT };
	Tripod__Manifest *m;

	m = manifest_parse(&src, arena);
	assert_non_null(m);
	if (m->state != TRIPOD__MANIFEST__STATE__VALID)
		fail_msg("%s: %s", text, m->problem[0]->message);
	if (strcmp(m->definition[0]->pod->uid, m->definition[0]->pod->hash) !=
	    0)
		assert_non_null(strstr(text, "uid:"));
	return (m->definition[0]->pod->uid);
}

static void
test_vectors(void **state)
{
	static const struct {
		const char *text, *file, *node, *uid;
	} rows[] = {
		{ base, "web.yaml", "node1",
		    "a7fc8e7def6afd2473b71ba65fb63201" },
		{ base, "web.yaml", "node2",
		    "9d05a233086a8204e4d1ea216a4814d9" },
		{ base, "other.yaml", "node1",
		    "86c1313b55faa1e88c5c2bf8d7afb5c2" },
		{ "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":"
		  "{\"name\":\"j\",\"annotations\":"
		  "{\"a\":\"\\u00e9\\n\\u0001\"}},"
		  "\"spec\":{\"containers\":[{\"name\":\"m\",\"image\":"
		  "\"x\"}]}}",
		    "j.json", "n", "5be02071ec6042dc3f45bf827b4e3085" },
	};
	struct arena arena;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		arena_init(&arena, ARENA);
		assert_string_equal(
		    uid_of(&arena, rows[i].text, rows[i].file, rows[i].node),
		    rows[i].uid);
		arena_release(&arena);
	}
}

/* What a line of the base is replaced with, and whether the uid stays. */
static const struct {
	const char *from, *to;
	int same;
} edits[] = {
	{ "apiVersion: v1\n", "# comment\napiVersion: \"v1\"\n\n", 1 },
	{ "apiVersion: v1\n", "---\napiVersion: v1\n", 1 },
	{ "apiVersion: v1\n", "apiVersion: v1\nstatus: {phase: Running}\n", 1 },
	{ "  name: web\n", "  \"name\": 'web'\n", 1 },
	{ "  name: web\n", "  creationTimestamp: null\n  name: web\n", 1 },
	{ "  name: web\n", "  labels: {}\n  name: web\n", 1 },
	{ "  name: web\n", "  labels: {a: b}\n  name: web\n", 0 },
	{ "  name: web\n", "  annotations: {a: b}\n  name: web\n", 0 },
	{ "  name: web\n",
	    "  annotations: {kubernetes.io/config.hash: a}\n  name: web\n", 1 },
	{ "  name: web\n", "  namespace: default\n  name: web\n", 1 },
	{ "  name: web\n", "  namespace: other\n  name: web\n", 0 },
	{ "  name: web\n", "  name: web2\n", 0 },
	{ "spec:\n", "spec:\n  restartPolicy: Always\n", 1 },
	{ "spec:\n", "spec:\n  restartPolicy: Never\n", 0 },
	{ "spec:\n", "spec:\n  hostNetwork: false\n", 1 },
	{ "spec:\n", "spec:\n  hostNetwork: true\n", 0 },
	{ "spec:\n", "spec:\n  volumes: []\n", 1 },
	{ "spec:\n", "spec:\n  volumes: [{name: v}]\n", 0 },
	{ "spec:\n", "spec:\n  terminationGracePeriodSeconds: 30\n", 1 },
	{ "spec:\n", "spec:\n  terminationGracePeriodSeconds: 31\n", 0 },
	{ "spec:\n", "spec:\n  securityContext: {}\n", 1 },
	{ "spec:\n", "spec:\n  dnsPolicy: ClusterFirst\n", 1 },
	{ "spec:\n", "spec:\n  nodeName: elsewhere\n", 1 },
	{ "spec:\n", "spec:\n  automountServiceAccountToken: false\n", 0 },
	{ "spec:\n", "spec:\n  priority: 0\n", 0 },
	{ "    image: x:1\n",
	    "    imagePullPolicy: IfNotPresent\n"
	    "    image: x:1\n",
	    1 },
	{ "    image: x:1\n",
	    "    imagePullPolicy: Always\n"
	    "    image: x:1\n",
	    0 },
	{ "    image: x:1\n", "    image: x:1\n    stdin: no\n", 1 },
	{ "    image: x:1\n", "    image: x:1\n    workingDir: ''\n", 1 },
	{ "    image: x:1\n", "    image: x:1\n    tty: yes\n", 0 },
	{ "    image: x:1\n", "    image: x:2\n", 0 },
	{ "[{name: A, value: b}]", "\n    - value: b\n      name: A\n", 1 },
	{ "[{name: A, value: b}]", "[{name: A, value: c}]", 0 },
	{ "[{name: A, value: b}]", "[{name: A, value: b}, {name: B, value: b}]",
	    0 },
	{ "[x, z]", "[\"x\", 'z']", 1 },
	{ "[x, z]", "[z, x]", 0 },
	{ "cpu: 500m", "cpu: 0.5", 1 },
	{ "cpu: 500m", "cpu: \"0.500\"", 1 },
	{ "cpu: 500m", "cpu: 501m", 0 },
	{ "{limits: {cpu: 500m}}",
	    "{limits: {cpu: 500m}, requests: {cpu: 0.5}}", 1 },
};

/* text with one part replaced; the caller frees it. */
static char *
edited(const char *text, const char *from, const char *to)
{
	const char *hit = strstr(text, from);
	size_t size = strlen(text) + strlen(to) + 1;
	char *out = malloc(size);

	assert_non_null(hit);
	assert_non_null(out);
	(void)snprintf(out, size, "%.*s%s%s", (int)(hit - text), text, to,
	    hit + strlen(from));
	return (out);
}

/* The identity covers meaning, not layout. */
static void
test_edits(void **state)
{
	struct arena arena;
	const char *uid, *now;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		arena_init(&arena, 2 * ARENA);
		uid = uid_of(&arena, base, "web.yaml", "node1");
		text = edited(base, edits[i].from, edits[i].to);
		now = uid_of(&arena, text, "web.yaml", "node1");
		if ((strcmp(uid, now) == 0) != edits[i].same)
			fail_msg("%s -> %s", edits[i].from, edits[i].to);
		free(text);
		arena_release(&arena);
	}
}

/* A uid of its own stays; the hash follows the content. */
static void
test_fixed_uid(void **state)
{
	char *one = edited(
	    base, "  name: web\n", "  name: web\n  uid: my-uid\n");
	char *two = edited(one, "x:1", "x:2");
	struct manifest_source src = { "a.yaml", "n", one, strlen(one),
		MANIFEST_STRICT };
	Tripod__Manifest *m1, *m2;
	struct arena arena;

	(void)state;
	arena_init(&arena, 2 * ARENA);
	m1 = manifest_parse(&src, &arena);
	src.bytes = two;
	src.len = strlen(two);
	m2 = manifest_parse(&src, &arena);
	assert_string_equal(m1->definition[0]->pod->uid, "my-uid");
	assert_string_equal(m2->definition[0]->pod->uid, "my-uid");
	assert_int_equal(strlen(m1->definition[0]->pod->hash), 32);
	assert_string_not_equal(
	    m1->definition[0]->pod->hash, m2->definition[0]->pod->hash);
	assert_non_null(
	    strstr((const char *)m1->definition[0]->mirror_json.data,
		m1->definition[0]->pod->hash));
	assert_null(strstr(
	    (const char *)m1->definition[0]->mirror_json.data, "my-uid"));
	free(one);
	free(two);
	arena_release(&arena);
}

#define MIRROR_HEAD                                             \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":" \
	"{\"annotations\":{"
#define MIRROR_OWN "\"a\":\"b\","
#define MIRROR_META                                             \
	"\"kubernetes.io/config.source\":\"file\"},\"labels\":" \
	"{\"l\":\"m\"},\"name\":\"web-node1\",\"namespace\":"   \
	"\"default\"},"
#define MIRROR_CONTAINER                                         \
	"\"spec\":{\"containers\":[{\"image\":\"x\","            \
	"\"imagePullPolicy\":\"Always\",\"name\":\"main\","      \
	"\"resources\":{},\"terminationMessagePath\":"           \
	"\"/dev/termination-log\",\"terminationMessagePolicy\":" \
	"\"File\"}],"
#define MIRROR_SPEC                                                   \
	"\"dnsPolicy\":\"ClusterFirst\",\"enableServiceLinks\":true," \
	"\"nodeName\":\"node1\",\"priority\":2000001000,"             \
	"\"priorityClassName\":\"system-node-critical\","             \
	"\"restartPolicy\":\"Always\",\"schedulerName\":"             \
	"\"default-scheduler\",\"securityContext\":{},"               \
	"\"terminationGracePeriodSeconds\":30,\"tolerations\":"       \
	"[{\"effect\":\"NoExecute\",\"operator\":\"Exists\"}]}}"

static void
test_mirror(void **state)
{
	static const char text[] =
	    "apiVersion: v1\nkind: Pod\n"
	    "metadata:\n"
	    "  name: web\n"
	    "  labels: {l: m}\n"
	    "  annotations: {a: b, kubernetes.io/config.seen: x}\n"
	    "  ownerReferences:\n"
	    "  - {apiVersion: v1, kind: Node, name: node1, uid: u}\n"
	    "spec:\n"
	    "  nodeName: elsewhere\n"
	    "  priorityClassName: system-node-critical\n"
	    "  tolerations: [{operator: Exists, effect: NoExecute, "
	    "tolerationSeconds: 5}]\n"
	    "  containers: [{name: main, image: x}]\n";
	struct manifest_source src = { "a.yaml", "node1", text, strlen(text),
		MANIFEST_STRICT };
	struct arena arena;
	Tripod__Manifest *m;
	char want[2048];

	(void)state;
	arena_init(&arena, ARENA);
	m = manifest_parse(&src, &arena);
	assert_int_equal(m->state, TRIPOD__MANIFEST__STATE__VALID);
	(void)snprintf(want, sizeof(want),
	    MIRROR_HEAD MIRROR_OWN
	    "\"kubernetes.io/config.hash\":\"%s\"," MIRROR_META MIRROR_CONTAINER
		MIRROR_SPEC,
	    m->definition[0]->pod->hash);
	assert_string_equal(
	    (const char *)m->definition[0]->mirror_json.data, want);
	/* The message has the manifest's own annotations only. */
	assert_int_equal(m->definition[0]->pod->n_annotation, 1);
	assert_string_equal(m->definition[0]->pod->annotation[0]->key, "a");
	arena_release(&arena);
}

static void
test_strings(void **state)
{
	static const char text[] = "a: \"\\\"\\\\\\b\\f\\n\\r\\t\\x01\\x7f"
				   "\\u00e9\"\n";
	struct problems p;
	struct arena arena;
	struct node *root;
	size_t len;

	(void)state;
	arena_init(&arena, ARENA);
	problems_init(&p, &arena, MANIFEST_STRICT);
	root = first_tree(text, strlen(text), &arena, &p);
	assert_non_null(root);
	assert_string_equal(canonical_json(&arena, root, &len),
	    "{\"a\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xa9\"}");
	arena_release(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_fixed_uid),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_strings),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
