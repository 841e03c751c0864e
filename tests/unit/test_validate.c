/*
 * Each rule: something it accepts, and something it refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/canonical.h"
#include "watcherd/manifest.h"
#include "watcherd/validate.h"

#define SAID_MAX 1024

/* Parses and tells of the first error, "FIELD: TEXT", or "". */
static void
first_error(const char *text, char said[static SAID_MAX])
{
	const struct manifest_source src = { "a.yaml", "node1", text,
		strlen(text), MANIFEST_STRICT };
	const Tripod__Problem *p;
	Tripod__Manifest *m;
	struct arena arena;

	said[0] = '\0';
	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	assert_non_null(m);
	if (m->state != TRIPOD__MANIFEST__STATE__VALID) {
		p = m->problem[0];
		(void)snprintf(said, SAID_MAX, "%s: %s", p->field, p->message);
	}
	arena_release(&arena);
}

struct row {
	const char *piece, *error; /* a prefix of it; "": none */
};

#define HEAD "apiVersion: v1\nkind: Pod\n"
#define CONTAINER "name: c, image: x"

static void
check(const struct row *row, size_t n, const char *format)
{
	char text[2048], said[SAID_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), format, row[i].piece);
		first_error(text, said);
		if (row[i].error[0] == '\0' ? said[0] != '\0'
					    : strncmp(said, row[i].error,
						  strlen(row[i].error)) != 0)
			fail_msg("%s\n  says \"%s\"\n  not  \"%s\"", text, said,
			    row[i].error);
	}
}

#define CHECK(rows, format) check(rows, sizeof(rows) / sizeof(rows[0]), format)

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L62 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_metadata(void **state)
{
	/* With "-node1" a name has 247 bytes. */
	static const struct row rows[] = {
		{ "name: a", "" },
		{ "name: a-", "" },
		{ "name: a.b", "" },
		{ "name: '0'", "" },
		{ "name: " L63 "." L63 "." L63 "." L62 "a", "metadata.name: " },
		{ "name: " L63 "." L63 "." L63 "." L62, "metadata.name: " },
		{ "name: " L63 "." L63 "." L63, "" },
		{ "name: A", "metadata.name: with \"-node1\" behind it" },
		{ "name: -a", "metadata.name: " },
		{ "name: a.", "metadata.name: " },
		{ "name: ''", "metadata.name: is required" },
		{ "labels: {}", "metadata.name: is required" },
		{ "generateName: a",
		    "metadata.name: is required; generateName" },
		{ "name: a, namespace: b", "" },
		{ "name: a, namespace: b.c", "metadata.namespace: must be" },
		{ "name: a, namespace: B", "metadata.namespace: must be" },
		{ "name: a, uid: A-1._x", "" },
		{ "name: a, uid: ../../x", "metadata.uid: must be" },
		{ "name: a, uid: .x", "metadata.uid: must be" },
		{ "name: a, labels: {a.b/c: d}", "" },
		{ "name: a, labels: {a: ''}", "" },
		{ "name: a, labels: {A.b/c: d}", "metadata.labels: a key" },
		{ "name: a, labels: {a: b c}", "metadata.labels[\"a\"]: must" },
		{ "name: a, annotations: {A.b/C: any thing}", "" },
		{ "name: a, annotations: {a b: c}",
		    "metadata.annotations: a key" },
		{ "name: a, annotations: {kubernetes.io/config.mirror: x}",
		    "metadata.annotations: kubernetes.io/config.mirror" },
	};

	(void)state;
	CHECK(rows,
	    HEAD "metadata: {%s}\nspec: {containers: [{" CONTAINER "}]}\n");
}

static void
test_spec(void **state)
{
	static const struct row rows[] = {
		{ "restartPolicy: Never", "" },
		{ "restartPolicy: never",
		    "spec.restartPolicy: must be one of" },
		{ "terminationGracePeriodSeconds: -5", "" },
		{ "terminationGracePeriodSeconds: 0", "" },
		{ "activeDeadlineSeconds: 1", "" },
		{ "activeDeadlineSeconds: 0",
		    "spec.activeDeadlineSeconds: must be 1..2147483647" },
		{ "hostname: a", "" },
		{ "hostname: a.b", "spec.hostname: must be" },
		{ "priorityClassName: a.b", "" },
		{ "priorityClassName: A", "spec.priorityClassName: must be" },
		{ "dnsPolicy: Default", "" },
		{ "dnsPolicy: none", "spec.dnsPolicy: must be one of" },
		{ "dnsPolicy: None",
		    "spec.dnsConfig.nameservers: is required" },
		{ "dnsPolicy: None, dnsConfig: {nameservers: ['::1']}", "" },
		{ "dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, "
		  "1.1.1.4]}",
		    "spec.dnsConfig.nameservers: must be at most 3" },
		{ "dnsConfig: {nameservers: [localhost]}",
		    "spec.dnsConfig.nameservers[0]: must be an IP" },
		{ "dnsConfig: {nameservers: ['::ffff:1.2.3.4']}",
		    "spec.dnsConfig.nameservers[0]: must be an IP" },
		{ "dnsConfig: {nameservers: [1.2.3.04]}",
		    "spec.dnsConfig.nameservers[0]: must be an IP" },
		{ "hostAliases: [{ip: 1.2.3.4, hostnames: [a.b]}]", "" },
		{ "hostAliases: [{hostnames: [a.b]}]",
		    "spec.hostAliases[0].ip: is required" },
		{ "tolerations: [{key: a, effect: NoExecute}]", "" },
		{ "tolerations: [{key: a, effect: Never}]",
		    "spec.tolerations[0].effect: must be one of" },
		{ "nodeSelector: {a: b}", "" },
		{ "nodeSelector: {a b: c}", "spec.nodeSelector: a key" },
		{ "hostPID: false, hostIPC: false", "" },
		{ "hostPID: true", "spec.hostPID: not supported yet" },
		{ "hostUsers: true", "" },
		{ "hostUsers: false", "spec.hostUsers: false is not" },
		{ "shareProcessNamespace: true",
		    "spec.shareProcessNamespace: not supported yet" },
		{ "runtimeClassName: a",
		    "spec.runtimeClassName: not supported yet" },
		{ "initContainers: []", "" },
		{ "initContainers: [{name: i, image: x}]",
		    "spec.initContainers: not supported yet" },
		{ "ephemeralContainers: [{name: i, image: x}]",
		    "spec.ephemeralContainers: a manifest cannot" },
		{ "schedulingGates: [{name: a}]",
		    "spec.schedulingGates: a static pod is" },
		{ "serviceAccountName: a",
		    "spec.serviceAccountName: a static pod may not refer to "
		    "service accounts" },
		{ "serviceAccount: a",
		    "spec.serviceAccount: a static pod may not refer to" },
		{ "imagePullSecrets: [{}]", "" },
		{ "imagePullSecrets: [{name: a}]",
		    "spec.imagePullSecrets[0].name: a static pod may not" },
		{ "os: {name: linux}", "" },
		{ "os: {name: plan9}", "spec.os.name: must be one of" },
		{ "securityContext: {runAsUser: 0}", "" },
		{ "securityContext: {runAsUser: 2147483648}",
		    "spec.securityContext.runAsUser: must be 0..2147483647" },
		{ "securityContext: {sysctls: [{name: a.b/c_d}]}", "" },
		{ "securityContext: {sysctls: [{name: A}]}",
		    "spec.securityContext.sysctls[0].name: must be" },
	};

	(void)state;
	CHECK(rows,
	    HEAD "metadata: {name: a}\nspec: {%s, containers: "
		 "[{" CONTAINER "}]}\n");
}

static void
test_container(void **state)
{
	static const struct row rows[] = {
		{ CONTAINER, "" },
		{ "name: c", "spec.containers[0].image: is required" },
		{ "image: x", "spec.containers[0].name: is required" },
		{ "name: c.d, image: x", "spec.containers[0].name: must be" },
		{ "name: " L63 ", image: x", "" },
		{ "name: " L63 "a, image: x",
		    "spec.containers[0].name: must be" },
		{ "name: c, image: 'x '", "spec.containers[0].image: must be" },
		{ "name: c, image: \"\\u00a0x\"",
		    "spec.containers[0].image: must be" },
		{ "name: c, image: NOT AN IMAGE", "" },
		{ CONTAINER ", imagePullPolicy: Never", "" },
		{ CONTAINER ", imagePullPolicy: never",
		    "spec.containers[0].imagePullPolicy: must be one of" },
		{ CONTAINER "}, {" CONTAINER,
		    "spec.containers[1].name: must be unique" },
		{ CONTAINER ", ports: [{containerPort: 1}, "
			    "{containerPort: 65535}, {containerPort: 1}]",
		    "" },
		{ CONTAINER ", ports: [{containerPort: 0}]",
		    "spec.containers[0].ports[0].containerPort: is required" },
		{ CONTAINER ", ports: [{containerPort: 65536}]",
		    "spec.containers[0].ports[0].containerPort: must be "
		    "1..65535, got 65536" },
		{ CONTAINER ", ports: [{containerPort: 1, protocol: SCTP}]",
		    "" },
		{ CONTAINER ", ports: [{containerPort: 1, protocol: x}]",
		    "spec.containers[0].ports[0].protocol: must be one of" },
		{ CONTAINER ", ports: [{containerPort: 1, name: a-1}]", "" },
		{ CONTAINER ", ports: [{containerPort: 1, name: '1'}]",
		    "spec.containers[0].ports[0].name: must be" },
		{ CONTAINER ", ports: [{containerPort: 1, name: a}, "
			    "{containerPort: 2, name: a}]",
		    "spec.containers[0].ports[1].name: must be unique" },
		{ CONTAINER ", ports: [{containerPort: 1, hostPort: 5}, "
			    "{containerPort: 2, hostPort: 5, protocol: UDP}, "
			    "{containerPort: 2, hostPort: 5, hostIP: a}]",
		    "" },
		{ CONTAINER ", ports: [{containerPort: 1, hostPort: 5}, "
			    "{containerPort: 2, hostPort: 5}]",
		    "spec.containers[0].ports[1].hostPort: port 5 of the" },
		{ CONTAINER ", ports: [{containerPort: 1, hostPort: 5}]}, "
			    "{name: d, image: x, ports: [{containerPort: 2, "
			    "hostPort: 5}]",
		    "spec.containers[1].ports[0].hostPort: port 5 of the" },
		{ CONTAINER ", env: [{name: 'a b', value: c}]", "" },
		{ CONTAINER ", env: [{name: a}, {name: a}]", "" },
		{ CONTAINER ", env: [{name: ''}]",
		    "spec.containers[0].env[0].name: is required" },
		{ CONTAINER ", env: [{name: a=b}]",
		    "spec.containers[0].env[0].name: must be" },
		{ CONTAINER ", env: [{name: a, valueFrom: {fieldRef: "
			    "{fieldPath: metadata.name}}}]",
		    "spec.containers[0].env[0].valueFrom: not supported yet" },
		{ CONTAINER ", env: [{name: a, valueFrom: {secretKeyRef: "
			    "{name: s, key: k}}}]",
		    "spec.containers[0].env[0].valueFrom.secretKeyRef: a "
		    "static pod may not refer to secrets" },
		{ CONTAINER ", envFrom: [{configMapRef: {name: a}}]",
		    "spec.containers[0].envFrom[0].configMapRef: a static" },
		{ CONTAINER ", envFrom: []", "" },
		{ CONTAINER ", volumeDevices: [{name: a, devicePath: /a}]",
		    "spec.containers[0].volumeDevices: block devices" },
		{ CONTAINER ", resources: {requests: {cpu: 2}, "
			    "limits: {cpu: 2000m}}",
		    "" },
		{ CONTAINER ", resources: {requests: {cpu: 2}, "
			    "limits: {cpu: 1999m}}",
		    "spec.containers[0].resources.requests[\"cpu\"]: must" },
		{ CONTAINER ", resources: {limits: {cpu: -1}}",
		    "spec.containers[0].resources.limits[\"cpu\"]: must not" },
		{ CONTAINER ", livenessProbe: {httpGet: {port: 0}}",
		    "spec.containers[0].livenessProbe.httpGet.port: must be" },
		{ CONTAINER ", livenessProbe: {httpGet: {port: a-b}}", "" },
	};

	(void)state;
	CHECK(rows, HEAD "metadata: {name: a}\nspec: {containers: [{%s}]}\n");
}

static void
test_host_network(void **state)
{
	static const struct row rows[] = {
		{ "{containerPort: 80}", "" },
		{ "{containerPort: 80, hostPort: 80}", "" },
		{ "{containerPort: 80, hostPort: 81}",
		    "spec.containers[0].ports[0].hostPort: must equal" },
		{ "{containerPort: 80}, {containerPort: 80}",
		    "spec.containers[0].ports[1].hostPort: port 80 of the" },
	};

	(void)state;
	CHECK(rows,
	    HEAD "metadata: {name: a}\nspec: {hostNetwork: true, "
		 "containers: [{" CONTAINER ", ports: [%s]}]}\n");
}

static void
test_volumes(void **state)
{
	static const struct row rows[] = {
		{ "{name: v}", "" },
		{ "{name: v, emptyDir: {}}", "" },
		{ "{name: v, emptyDir: ~}", "" },
		{ "{name: v, emptyDir: {medium: Memory, sizeLimit: 1Gi}}", "" },
		{ "{name: v, emptyDir: {medium: HugePages}}",
		    "spec.volumes[0].emptyDir.medium: must be empty or" },
		{ "{name: v, emptyDir: {sizeLimit: -1}}",
		    "spec.volumes[0].emptyDir.sizeLimit: must not be" },
		{ "{name: v, hostPath: {path: /a}}", "" },
		{ "{name: v, hostPath: {path: a/..b/c..}}", "" },
		{ "{name: v, hostPath: {path: /a/..}}",
		    "spec.volumes[0].hostPath.path: must be" },
		{ "{name: v, hostPath: {}}",
		    "spec.volumes[0].hostPath.path: is required" },
		{ "{name: v, hostPath: {path: /a, type: File}}", "" },
		{ "{name: v, hostPath: {path: /a, type: ''}}", "" },
		{ "{name: v, hostPath: {path: /a, type: file}}",
		    "spec.volumes[0].hostPath.type: must be one of" },
		{ "{emptyDir: {}}", "spec.volumes[0].name: is required" },
		{ "{name: v}, {name: v}",
		    "spec.volumes[1].name: must be unique" },
		{ "{name: v, emptyDir: {}, hostPath: {path: /a}}",
		    "spec.volumes[0]: must have only one source" },
		{ "{name: v, hostpath: {path: /a}}",
		    "spec.volumes[0].hostpath: unknown field; it is written" },
		{ "{name: v, nfs: {server: s, path: /p}}",
		    "spec.volumes[0].nfs: not supported yet" },
		{ "{name: v, persistentVolumeClaim: {claimName: s}}",
		    "spec.volumes[0].persistentVolumeClaim: a static pod" },
		{ "{name: v, projected: {sources: [{secret: {name: s}}]}}",
		    "spec.volumes[0].projected.sources[0].secret: a static" },
		{ "{name: v, projected: {sources: []}}",
		    "spec.volumes[0].projected: not supported yet" },
	};

	(void)state;
	CHECK(rows,
	    HEAD "metadata: {name: a}\nspec: {volumes: [%s], "
		 "containers: [{" CONTAINER "}]}\n");
}

static void
test_mounts(void **state)
{
	static const struct row rows[] = {
		{ "{name: v, mountPath: /a}, {name: v, mountPath: /a/}", "" },
		{ "{name: v, mountPath: a}", "" },
		{ "{name: w, mountPath: /a}",
		    "spec.containers[0].volumeMounts[0].name: must name one" },
		{ "{name: v}",
		    "spec.containers[0].volumeMounts[0].mountPath: is" },
		{ "{mountPath: /a}",
		    "spec.containers[0].volumeMounts[0].name: is required" },
		{ "{name: v, mountPath: /a}, {name: v, mountPath: /a}",
		    "spec.containers[0].volumeMounts[1].mountPath: must be" },
		{ "{name: v, mountPath: /a, subPath: ''}", "" },
		{ "{name: v, mountPath: /a, subPath: b}",
		    "spec.containers[0].volumeMounts[0].subPath: not" },
		{ "{name: v, mountPath: /a, mountPropagation: None}", "" },
		{ "{name: v, mountPath: /a, mountPropagation: none}",
		    "spec.containers[0].volumeMounts[0].mountPropagation: " },
	};

	(void)state;
	CHECK(rows,
	    HEAD "metadata: {name: a}\nspec: {volumes: [{name: v}], "
		 "containers: [{" CONTAINER ", volumeMounts: [%s]}]}\n");
}

static void
test_top(void **state)
{
	static const struct row rows[] = {
		{ "metadata: {name: a}", "spec: is required" },
		{ "metadata: {name: a}\nspec: ~", "spec: is required" },
		{ "metadata: {name: a}\nspec: {}",
		    "spec.containers: is required" },
		{ "metadata: {name: a}\nspec: {containers: []}",
		    "spec.containers: is required" },
		{ "spec: {containers: [{" CONTAINER "}]}",
		    "metadata.name: is required" },
	};

	(void)state;
	CHECK(rows, HEAD "%s\n");
}

/* Many of one kind: refused by number, not by patience. */
static void
test_numbers(void **state)
{
	static const struct {
		const char *list, *item, *error;
		int max;
	} rows[] = {
		{ "containers:\n", "  - {name: c%d, image: x}\n",
		    "spec.containers: must be at most", CONTAINERS_MAX },
		{ "containers: [{name: c, image: x}]\n  volumes:\n",
		    "  - {name: v%d}\n", "spec.volumes: must be at most",
		    VOLUMES_MAX },
	};
	char *text = malloc(65536), *p, said[SAID_MAX];
	size_t i;
	int over, j;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (over = 0; over <= 1; over++) {
			p = text;
			p += snprintf(p, 256,
			    HEAD "metadata: {name: a}\nspec:\n  %s",
			    rows[i].list);
			for (j = 0; j < rows[i].max + over; j++)
				p += snprintf(p, 64, rows[i].item, j);
			first_error(text, said);
			assert_int_equal(strncmp(said, rows[i].error,
					     strlen(rows[i].error)) == 0,
			    over);
		}
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_host_network),
		cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_numbers),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
