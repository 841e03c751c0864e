/*
 * Defaults: what a kubelet makes of a rich manifest, and each rule by
 * itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/first_tree.h"
#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/defaults.h"
#include "watcherd/identity.h"

#define ARENA (32 << 20)
#define FIXTURE_MAX 65536

static struct node *
pod_of(struct arena *arena, const char *text, size_t len)
{
	struct problems p;
	struct node *tree, *pod;

	problems_init(&p, arena, MANIFEST_STRICT);
	tree = first_tree(text, len, arena, &p);
	pod = tree != NULL ? decode_pod(tree, arena, &p) : NULL;
	if (pod == NULL || p.errors > 0)
		fail_msg(
		    "%s: %s: %s", text, p.item[0]->field, p.item[0]->message);
	assert_int_equal(defaults_apply(pod, arena, &p), 0);
	canonical_prune(&type_pod, pod);
	return (pod);
}

static char *
fixture(const char *folder, const char *name, size_t *len)
{
	char path[256], *buf = malloc(FIXTURE_MAX);
	FILE *fp;

	assert_non_null(buf);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if ((fp = fopen(path, "re")) == NULL)
		fail_msg("no %s", path);
	*len = fread(buf, 1, FIXTURE_MAX, fp);
	assert_int_equal(fclose(fp), 0);
	return (buf);
}

/* The spec that a kubelet made of the same file. */
static void
check_rich(const char *folder, const char *result)
{
	const struct identity_place place = { "node1", "rich.yaml" };
	struct problems p;
	struct arena arena;
	struct identity_of id;
	struct node *pod, *want, *mirror;
	char *yaml, *json;
	size_t nyaml, njson, len;

	yaml = fixture(folder, "rich.yaml", &nyaml);
	json = fixture(folder, result, &njson);
	arena_init(&arena, ARENA);
	pod = pod_of(&arena, yaml, nyaml);
	assert_int_equal(identity_make(pod, &place, &id), 0);
	mirror = identity_mirror(&arena, pod, "node1", &id);
	assert_non_null(mirror);
	/* Nobody resolves the class for a kubelet's static pod. */
	node_unset(node_get(mirror, "spec"), "priority");
	problems_init(&p, &arena, MANIFEST_STRICT);
	want = first_tree(json, njson, &arena, &p);
	assert_non_null(want);
	assert_string_equal(
	    canonical_json(&arena, node_get(mirror, "spec"), &len),
	    canonical_json(&arena, node_get(want, "spec"), &len));
	arena_release(&arena);
	free(yaml);
	free(json);
}

static void
test_rich(void **state)
{
	(void)state;
	check_rich("tests/fixtures/defaults", "rich.json");
}

static void
test_shared(void **state)
{
	static const char folder[] = "../shared/spec/manifest-defaults";

	(void)state;
	if (access(folder, R_OK) == -1)
		skip();
	check_rich(folder, "rich.json");
}

#define C "containers: [{name: c, image: i"
#define HUGE "resources: {limits: {hugepages-2Mi: "

/*
 * A spec, a part of the canonical JSON that it becomes, and what must not
 * be in it.
 */
static const struct {
	const char *spec, *want, *never;
} rows[] = {
	/* The pod. */
	{ C "}]", "\"dnsPolicy\":\"ClusterFirst\"", "hostPort" },
	{ C "}]", "\"enableServiceLinks\":true", "hostUsers" },
	{ "enableServiceLinks: false, " C "}]", "\"enableServiceLinks\":false",
	    NULL },
	{ "enableServiceLinks: null, " C "}]", "\"enableServiceLinks\":true",
	    NULL },
	{ "dnsPolicy: '', " C "}]", "\"dnsPolicy\":\"ClusterFirst\"", NULL },
	{ C "}]", "\"restartPolicy\":\"Always\"", NULL },
	{ C "}]", "\"schedulerName\":\"default-scheduler\"", NULL },
	{ "schedulerName: x, " C "}]", "\"schedulerName\":\"x\"", NULL },
	{ C "}]", "\"securityContext\":{}", NULL },
	{ C "}]", "\"terminationGracePeriodSeconds\":30", NULL },
	{ "terminationGracePeriodSeconds: 0, " C "}]",
	    "\"terminationGracePeriodSeconds\":0", NULL },
	{ "terminationGracePeriodSeconds: -1, " C "}]",
	    "\"terminationGracePeriodSeconds\":1", NULL },
	{ "terminationGracePeriodSeconds: -9223372036854775808, " C "}]",
	    "\"terminationGracePeriodSeconds\":1", NULL },
	/* Containers. */
	{ C "}]", "\"imagePullPolicy\":\"Always\"", NULL },
	{ "containers: [{image: 'i:1', imagePullPolicy: ''}]",
	    "\"imagePullPolicy\":\"IfNotPresent\"", NULL },
	{ "containers: [{image: 'i:1', imagePullPolicy: Never}]",
	    "\"imagePullPolicy\":\"Never\"", NULL },
	{ C "}]", "\"terminationMessagePath\":\"/dev/termination-log\"", NULL },
	{ C ", terminationMessagePath: /x}]",
	    "\"terminationMessagePath\":\"/x\"", NULL },
	{ C "}]", "\"terminationMessagePolicy\":\"File\"", NULL },
	{ C "}]", "\"resources\":{}", "restartPolicy\":\"OnFailure" },
	/* Ports. */
	{ C ", ports: [{containerPort: 5}]}]",
	    "\"ports\":[{\"containerPort\":5,\"protocol\":\"TCP\"}]", NULL },
	{ C ", ports: [{containerPort: 5, protocol: UDP}]}]",
	    "{\"containerPort\":5,\"protocol\":\"UDP\"}", NULL },
	{ "hostNetwork: true, " C ", ports: [{containerPort: 5}]}]",
	    "\"containerPort\":5,\"hostPort\":5", NULL },
	{ "hostNetwork: true, " C
	  ", ports: [{containerPort: 5, hostPort: 6}]}]",
	    "\"containerPort\":5,\"hostPort\":6", NULL },
	{ "hostNetwork: true, " C "}], initContainers: [{image: i, "
	  "ports: [{containerPort: 5}]}]",
	    "\"containerPort\":5,\"hostPort\":5", NULL },
	/* Probes and hooks. */
	{ C ", livenessProbe: {exec: {command: [a]}}}]",
	    "\"livenessProbe\":{\"exec\":{\"command\":[\"a\"]},"
	    "\"failureThreshold\":3,\"periodSeconds\":10,"
	    "\"successThreshold\":1,\"timeoutSeconds\":1}",
	    "initialDelay" },
	{ C ", startupProbe: {periodSeconds: 0, timeoutSeconds: 7, "
	    "failureThreshold: null, tcpSocket: {port: 1}}}]",
	    "{\"failureThreshold\":3,\"periodSeconds\":10,"
	    "\"successThreshold\":1,\"tcpSocket\":{\"port\":1},"
	    "\"timeoutSeconds\":7}",
	    NULL },
	{ C ", readinessProbe: {httpGet: {port: 1}}}]",
	    "\"httpGet\":{\"path\":\"/\",\"port\":1,\"scheme\":\"HTTP\"}",
	    "host\"" },
	{ C ", readinessProbe: {grpc: {port: 1}}}]",
	    "\"grpc\":{\"port\":1,\"service\":\"\"}", NULL },
	{ C ", lifecycle: {preStop: {httpGet: {port: 1, scheme: ''}}}}]",
	    "\"preStop\":{\"httpGet\":{\"path\":\"/\",\"port\":1,"
	    "\"scheme\":\"HTTP\"}}",
	    NULL },
	{ C "}], initContainers: [{image: i, livenessProbe: {}}]",
	    "\"livenessProbe\":{\"failureThreshold\":3", NULL },
	/* References. */
	{ C ", env: [{name: A, valueFrom: {fieldRef: {fieldPath: a}}}]}]",
	    "\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"a\"}", NULL },
	{ C ", env: [{name: A, valueFrom: {"
	    "resourceFieldRef: {resource: a}}}]}]",
	    "{\"divisor\":\"0\",\"resource\":\"a\"}", NULL },
	{ C ", env: [{name: A, valueFrom: {fileKeyRef: {key: a}}}]}]",
	    "{\"key\":\"a\",\"optional\":false}", NULL },
	/* Volumes. */
	{ C "}], volumes: [{name: v}]",
	    "\"volumes\":[{\"emptyDir\":{},\"name\":\"v\"}]", NULL },
	{ C "}], volumes: [{name: v, hostPath: null}]",
	    "\"volumes\":[{\"emptyDir\":{},\"name\":\"v\"}]", NULL },
	{ C "}], volumes: [{hostPath: {path: /x}}]",
	    "{\"path\":\"/x\",\"type\":\"\"}", "emptyDir" },
	{ C "}], volumes: [{downwardAPI: {items: [{path: a}]}}]",
	    "{\"defaultMode\":420,\"items\":[{\"path\":\"a\"}]}", "\"mode" },
	{ C "}], volumes: [{downwardAPI: {defaultMode: 0}}]",
	    "{\"defaultMode\":0}", NULL },
	{ C "}], volumes: [{projected: {}}]",
	    "\"projected\":{\"defaultMode\":420}", NULL },
	{ C "}], volumes: [{image: {reference: a/b}}]",
	    "\"pullPolicy\":\"Always\"", NULL },
	{ C "}], volumes: [{image: {reference: 'a/b:1', pullPolicy: ''}}]",
	    "\"pullPolicy\":\"IfNotPresent\"", NULL },
	{ C "}], volumes: [{image: {}}]", "\"pullPolicy\":\"IfNotPresent\"",
	    NULL },
	{ C "}], volumes: [{emptyDir: {sizeLimit: 0.0001}}]",
	    "\"sizeLimit\":\"100u\"", NULL },
	{ C "}], volumes: [{iscsi: {iqn: a}}]",
	    "\"iscsiInterface\":\"default\"", NULL },
	{ C "}], volumes: [{rbd: {image: a}}]",
	    "\"keyring\":\"/etc/ceph/keyring\",\"pool\":\"rbd\","
	    "\"user\":\"admin\"",
	    NULL },
	{ C "}], volumes: [{azureDisk: {diskName: a}}]",
	    "\"azureDisk\":{\"cachingMode\":\"ReadWrite\",\"diskName\":\"a\","
	    "\"fsType\":\"ext4\",\"kind\":\"Shared\",\"readOnly\":false}",
	    NULL },
	{ C "}], volumes: [{scaleIO: {system: a}}]",
	    "\"scaleIO\":{\"fsType\":\"xfs\",\"storageMode\":"
	    "\"ThinProvisioned\",\"system\":\"a\"}",
	    NULL },
	/* Resources of containers. */
	{ C ", resources: {limits: {cpu: 1, x.y/z: 2}, requests: {cpu: 0.5}}}]",
	    "\"requests\":{\"cpu\":\"500m\",\"x.y/z\":\"2\"}", NULL },
	{ C ", resources: {requests: {cpu: 0.5}}}]",
	    "\"resources\":{\"requests\":{\"cpu\":\"500m\"}}", "limits" },
	{ C ", resources: {limits: {cpu: 0.0001}}}]",
	    "\"limits\":{\"cpu\":\"1m\"}", NULL },
	{ C ", resources: {limits: {cpu: -0.0001}}}]",
	    "\"limits\":{\"cpu\":\"-1m\"}", NULL },
	{ "overhead: {memory: 1100u}, " C "}]",
	    "\"overhead\":{\"memory\":\"2m\"}", NULL },
	/* Resources of the pod: only where it says something itself. */
	{ C ", resources: {limits: {cpu: 1}}}], resources: {}",
	    "\"restartPolicy\":\"Always\",\"schedulerName\"", NULL },
	{ C ", resources: {requests: {cpu: 100m, memory: 1Mi}}}, "
	    "{resources: {requests: {cpu: 200m}}}], "
	    "resources: {limits: {cpu: 1}}",
	    "\"resources\":{\"limits\":{\"cpu\":\"1\"},\"requests\":{\"cpu\":"
	    "\"300m\",\"memory\":\"1Mi\"}}",
	    NULL },
	{ C "}], resources: {limits: {cpu: 1, memory: 2Mi}}",
	    "\"requests\":{\"cpu\":\"1\",\"memory\":\"2Mi\"}}", NULL },
	{ C ", resources: {requests: {cpu: 1}}}], resources: {requests: "
	    "{memory: 1}}",
	    "\"resources\":{\"requests\":{\"memory\":\"1\"}}", NULL },
	/* Sidecars count with all, others while they run. */
	{ C ", resources: {requests: {cpu: 100m}}}], initContainers: ["
	    "{resources: {requests: {cpu: 20m}}, restartPolicy: Always}, "
	    "{resources: {requests: {cpu: 70m}}}, "
	    "{resources: {requests: {cpu: 30m}}, restartPolicy: Always}], "
	    "resources: {limits: {cpu: 1}}",
	    "\"requests\":{\"cpu\":\"150m\"}}", NULL },
	{ C ", resources: {requests: {cpu: 100m}}}], initContainers: ["
	    "{resources: {requests: {cpu: 20m}}, restartPolicy: Always}, "
	    "{resources: {requests: {cpu: 170m}}}, "
	    "{resources: {requests: {cpu: 30m}}, restartPolicy: Always}], "
	    "resources: {limits: {cpu: 1}}",
	    "\"requests\":{\"cpu\":\"190m\"}}", NULL },
	{ C "}], initContainers: [{resources: {requests: {memory: 5Mi}}}], "
	    "resources: {limits: {cpu: 1}}",
	    "\"requests\":{\"cpu\":\"1\",\"memory\":\"5Mi\"}}", NULL },
	/* Huge pages: limits from the containers', requests from those. */
	{ C ", " HUGE "4Mi}}}, {" HUGE "2Mi}}}], resources: {limits: {cpu: 1}}",
	    "\"resources\":{\"limits\":{\"cpu\":\"1\",\"hugepages-2Mi\":"
	    "\"6Mi\"},\"requests\":{\"cpu\":\"1\",\"hugepages-2Mi\":\"6Mi\"}}",
	    NULL },
	{ C "}], initContainers: [{" HUGE "8Mi}}}], resources: {requests: "
	    "{cpu: 1}}",
	    "\"resources\":{\"limits\":{\"hugepages-2Mi\":\"8Mi\"},"
	    "\"requests\":{\"cpu\":\"1\",\"hugepages-2Mi\":\"8Mi\"}}",
	    NULL },
	{ C ", " HUGE "4Mi}}}], resources: {limits: {hugepages-2Mi: 10Mi}}",
	    "\"resources\":{\"limits\":{\"hugepages-2Mi\":\"10Mi\"},"
	    "\"requests\":{\"hugepages-2Mi\":\"10Mi\"}}",
	    NULL },
	{ C ", " HUGE "4Mi}}}], resources: {requests: {hugepages-2Mi: 10Mi}}",
	    "\"resources\":{\"requests\":{\"hugepages-2Mi\":\"10Mi\"}}", NULL },
	{ C ", " HUGE "4Mi}}}], resources: {}",
	    "\"restartPolicy\":\"Always\",\"schedulerName\"", NULL },
};

static void
test_rules(void **state)
{
	struct arena arena;
	const char *json;
	char *text;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		arena_init(&arena, ARENA);
		text = arena_printf(&arena,
		    "apiVersion: v1\nkind: Pod\nspec: {%s}\n", rows[i].spec);
		assert_non_null(text);
		json = canonical_json(
		    &arena, pod_of(&arena, text, strlen(text)), &len);
		assert_non_null(json);
		if (strstr(json, rows[i].want) == NULL ||
		    (rows[i].never != NULL &&
			strstr(json, rows[i].never) != NULL))
			fail_msg(
			    "%s: %s, not %s", rows[i].spec, json, rows[i].want);
		arena_release(&arena);
	}
}

/* What says nothing in a manifest is dropped; others stay. */
static void
test_annotations(void **state)
{
	static const char text[] =
	    "apiVersion: v1\nkind: Pod\nmetadata: {annotations: {"
	    "a: b, kubernetes.io/config.hash: x, kubernetes.io/config.seen: x, "
	    "kubernetes.io/config.source: api, "
	    "kubernetes.io/config.other: c, "
	    "pod.beta.kubernetes.io/init-containers: x, "
	    "pod.alpha.kubernetes.io/init-containers: x, "
	    "pod.beta.kubernetes.io/init-container-statuses: x, "
	    "pod.alpha.kubernetes.io/init-container-statuses: x}}\n";
	struct arena arena;
	const struct node *pod;
	size_t len;

	(void)state;
	arena_init(&arena, ARENA);
	pod = pod_of(&arena, text, strlen(text));
	assert_string_equal(
	    canonical_json(&arena, node_get(pod, "metadata"), &len),
	    "{\"annotations\":{\"a\":\"b\",\"kubernetes.io/config.other\":"
	    "\"c\"}}");
	arena_release(&arena);
}

/* Defaults of defaults: applying them twice changes nothing. */
static void
test_twice(void **state)
{
	struct problems p;
	struct arena arena;
	struct node *pod;
	char *yaml, *one, *two;
	size_t n;

	(void)state;
	yaml = fixture("tests/fixtures/defaults", "rich.yaml", &n);
	arena_init(&arena, ARENA);
	pod = pod_of(&arena, yaml, n);
	one = canonical_json(&arena, pod, &n);
	problems_init(&p, &arena, MANIFEST_STRICT);
	assert_int_equal(defaults_apply(pod, &arena, &p), 0);
	canonical_prune(&type_pod, pod);
	two = canonical_json(&arena, pod, &n);
	assert_string_equal(one, two);
	arena_release(&arena);
	free(yaml);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rich),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_twice),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
