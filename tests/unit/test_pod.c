/*
 * The Pod message of a manifest, as text.  The whole of a rich manifest
 * is compared with a file; short cases say what a part of a pod becomes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/messagetext.h"
#include "tests/unit/first_tree.h"
#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/defaults.h"
#include "watcherd/pod.h"

#define ARENA (32 << 20)
#define FIXTURE_MAX 65536

/* Whatever is supported yet and valid: only meaning counts here. */
static struct node *
tree_of(struct arena *arena, const char *yaml, struct identity_of *id)
{
	const struct identity_place place = { "node1", "a.yaml" };
	struct problems p;
	struct node *tree, *pod;

	problems_init(&p, arena, MANIFEST_STRICT);
	tree = first_tree(yaml, strlen(yaml), arena, &p);
	pod = tree != NULL ? decode_pod(tree, arena, &p) : NULL;
	if (pod == NULL || p.errors > 0)
		fail_msg("line %u: %s: %s", p.item[0]->line, p.item[0]->field,
		    p.item[0]->message);
	assert_int_equal(defaults_apply(pod, arena, &p), 0);
	canonical_prune(&type_pod, pod);
	assert_int_equal(identity_make(pod, &place, id), 0);
	return (pod);
}

static Tripod__Pod *
pod_of(struct arena *arena, const char *yaml)
{
	struct identity_of id;
	struct node *pod = tree_of(arena, yaml, &id);

	return (pod_message(arena, pod, &id));
}

static char *
text_of(const char *yaml)
{
	struct arena arena;
	Tripod__Pod *pod;
	char *text;

	arena_init(&arena, ARENA);
	pod = pod_of(&arena, yaml);
	assert_non_null(pod);
	text = message_string(&pod->base);
	assert_non_null(text);
	arena_release(&arena);
	return (text);
}

static char *
fixture(const char *path)
{
	char *buf = calloc(1, FIXTURE_MAX);
	FILE *fp = fopen(path, "re");

	assert_non_null(buf);
	if (fp == NULL)
		fail_msg("no %s", path);
	assert_true(fread(buf, 1, FIXTURE_MAX - 1, fp) > 0);
	assert_int_equal(fclose(fp), 0);
	return (buf);
}

/* Shows the first line that differs; POD_TEXT=file keeps the new text. */
static void
compare(char *got, char *want)
{
	const char *keep = getenv("POD_TEXT");
	char *g, *w;
	FILE *fp;
	int line = 1;

	if (keep != NULL && (fp = fopen(keep, "we")) != NULL) {
		(void)fputs(got, fp);
		(void)fclose(fp);
	}
	if (strcmp(got, want) == 0)
		return;
	for (; (g = strsep(&got, "\n")) != NULL; line++) {
		w = strsep(&want, "\n");
		if (w == NULL || strcmp(g, w) != 0)
			fail_msg("line %d: got \"%s\", want \"%s\"", line, g,
			    w != NULL ? w : "the end");
	}
	fail_msg("line %d: the end", line);
}

static void
test_rich(void **state)
{
	char *yaml = fixture("tests/fixtures/pod/rich.yaml");
	char *want = fixture("tests/fixtures/pod/rich.txt");
	char *got = text_of(yaml);

	(void)state;
	compare(got, want);
	free(got);
	free(want);
	free(yaml);
}

/* Every message must survive the way to reconciled. */
static void
test_packed(void **state)
{
	char *yaml = fixture("tests/fixtures/pod/rich.yaml");
	struct arena arena;
	Tripod__Pod *pod, *again;
	uint8_t *bytes;
	char *one, *two;
	size_t len;

	(void)state;
	arena_init(&arena, ARENA);
	pod = pod_of(&arena, yaml);
	assert_non_null(pod);
	len = tripod__pod__get_packed_size(pod);
	bytes = malloc(len);
	assert_non_null(bytes);
	assert_int_equal(tripod__pod__pack(pod, bytes), len);
	again = tripod__pod__unpack(&arena.allocator, len, bytes);
	assert_non_null(again);
	one = message_string(&pod->base);
	two = message_string(&again->base);
	assert_string_equal(one, two);
	free(one);
	free(two);
	free(bytes);
	free(yaml);
	arena_release(&arena);
}

/* Memory may run out anywhere; then there is no message at all. */
static void
test_exhausted(void **state)
{
	char *yaml = fixture("tests/fixtures/pod/rich.yaml");
	struct arena arena;
	struct identity_of id;
	struct node *pod;
	Tripod__Pod *out;
	size_t spare, failures = 0;

	(void)state;
	for (spare = 0;; spare += 256) {
		arena_init(&arena, ARENA);
		pod = tree_of(&arena, yaml, &id);
		arena.limit = arena.used + spare;
		out = pod_message(&arena, pod, &id);
		arena_release(&arena);
		if (out != NULL)
			break;
		failures++;
	}
	assert_true(failures > 10);
	free(yaml);
}

#define HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: a"
#define SECCOMP "container.seccomp.security.alpha.kubernetes.io/"
#define ONE "containers: [{name: c, image: i"

/* What the text has to have, and (with want NULL) must not have. */
static const struct {
	const char *yaml, *want, *never;
} parts[] = {
	/* Nothing is asked for: nothing is set. */
	{ HEAD "}\nspec: {" ONE "}]}\n",
	    "  name: \"c\"\n  image: \"i\"\n"
	    "  pull_policy: PULL_ALWAYS\n",
	    "privileged" },
	{ HEAD "}\nspec: {" ONE "}]}\n", "grace_seconds: 30\n", "no_new" },
	{ HEAD "}\nspec: {" ONE "}]}\n", "namespace: \"default\"\n", "dns " },
	{ HEAD "}\nspec: {" ONE "}]}\n",
	    "    seccomp {\n    }\n    apparmor {\n    }\n", "priority" },
	/* Priority: the number counts, the class only without it. */
	{ HEAD "}\nspec: {priority: 0, priorityClassName: "
	       "system-node-critical, " ONE "}]}\n",
	    "priority_class", "priority:" },
	{ HEAD "}\nspec: {priorityClassName: system-node-critical, " ONE
	       "}]}\n",
	    "priority: 2000001000\n", "2000000000" },
	{ HEAD "}\nspec: {priorityClassName: other, " ONE "}]}\n",
	    "priority_class: \"other\"\n", "priority:" },
	{ HEAD "}\nspec: {priority: -5, " ONE "}]}\n", "priority: -5\n",
	    "priority_class" },
	/* Profiles: fields before annotations of seccomp. */
	{ HEAD ", annotations: {" SECCOMP "c: unconfined}}\nspec: {"
	       "securityContext: {seccompProfile: {type: RuntimeDefault}}, " ONE
	       "}]}\n",
	    "seccomp {\n      kind: RUNTIME_DEFAULT\n", "UNCONFINED" },
	{ HEAD ", annotations: {" SECCOMP "c: docker/default}}\nspec: {" ONE
	       ", securityContext: {seccompProfile: {type: Unconfined}}}]}\n",
	    "seccomp {\n      kind: UNCONFINED\n", "RUNTIME_DEFAULT" },
	{ HEAD ", annotations: {" SECCOMP "c: docker/default, "
	       "seccomp.security.alpha.kubernetes.io/pod: unconfined}}\n"
	       "spec: {" ONE "}]}\n",
	    "seccomp {\n      kind: RUNTIME_DEFAULT\n", "UNCONFINED" },
	{ HEAD ", annotations: {" SECCOMP "other: docker/default}}\n"
	       "spec: {" ONE "}]}\n",
	    "seccomp {\n    }\n", "RUNTIME_DEFAULT" },
	{ HEAD ", annotations: {seccomp.security.alpha.kubernetes.io/pod: "
	       "localhost/x}}\nspec: {" ONE "}]}\n",
	    "kind: LOCALHOST\n      localhost: \"x\"\n", "UNCONFINED" },
	{ HEAD ", annotations: {container.apparmor.security.beta.kubernetes."
	       "io/c: localhost/x}}\nspec: {securityContext: "
	       "{appArmorProfile: {type: RuntimeDefault}}, " ONE "}]}\n",
	    "apparmor {\n      kind: LOCALHOST\n", "RUNTIME_DEFAULT" },
	{ HEAD ", annotations: {container.apparmor.security.beta.kubernetes."
	       "io/c: ''}}\nspec: {securityContext: {appArmorProfile: {type: "
	       "RuntimeDefault}}, " ONE "}]}\n",
	    "apparmor {\n      kind: RUNTIME_DEFAULT\n", "LOCALHOST" },
	/* Amounts are rounded up. */
	{ HEAD "}\nspec: {" ONE ", resources: {limits: {memory: 1500m, "
	       "cpu: 1001u, example.com/x: 2}}}]}\n",
	    "name: \"cpu\"\n      amount: 2\n", NULL },
	{ HEAD "}\nspec: {" ONE ", resources: {limits: {memory: 1500m}}}]}\n",
	    "name: \"memory\"\n      amount: 2\n", NULL },
	{ HEAD "}\nspec: {" ONE ", resources: {limits: {memory: 9E}}}]}\n",
	    "amount: 9000000000000000000\n", NULL },
	/* A port's name is the container's own business. */
	{ HEAD "}\nspec: {containers: [{name: c, image: i, ports: [{name: p, "
	       "containerPort: 5}]}, {name: d, image: i, livenessProbe: "
	       "{tcpSocket: {port: p}}}]}\n",
	    "tcp_socket {\n        port_name: \"p\"\n", NULL },
	/* A divisor of 0 is 1. */
	{ HEAD "}\nspec: {" ONE ", env: [{name: A, valueFrom: {"
	       "resourceFieldRef: {resource: limits.cpu, divisor: 0}}}]}]}\n",
	    "divisor: 1000\n", NULL },
	/* Volumes that nobody mounts here have no source. */
	{ HEAD "}\nspec: {" ONE "}], volumes: [{name: v, nfs: {server: s, "
	       "path: /p}}]}\n",
	    "volume {\n  name: \"v\"\n}\n", NULL },
	{ HEAD "}\nspec: {" ONE "}], volumes: [{name: v, emptyDir: {"
	       "sizeLimit: 1500m}}]}\n",
	    "empty_dir {\n    size_limit: 2\n", "memory" },
	{ HEAD "}\nspec: {" ONE "}], volumes: [{name: v, projected: {}}]}\n",
	    "downward {\n  }\n", NULL },
	/* The ids of the pod and of the container are 0, and yet there. */
	{ HEAD "}\nspec: {securityContext: {runAsUser: 0}, " ONE "}]}\n",
	    "  security {\n    run_as_user {\n    }\n", NULL },
};

static void
test_parts(void **state)
{
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		text = text_of(parts[i].yaml);
		if (strstr(text, parts[i].want) == NULL ||
		    (parts[i].never != NULL &&
			strstr(text, parts[i].never) != NULL))
			fail_msg("%s: %s", parts[i].yaml, text);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rich),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_parts),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
