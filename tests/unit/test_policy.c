/*
 * What reconciled runs: each row breaks one rule of a good pod.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/pod.h"
#include "reconciled/policy.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))

/* A good pod, and its parts for a row to break. */
struct parts {
	struct policy policy;
	struct machine machine;
	Tripod__Pod pod;
	Tripod__Container container[POD_CONTAINERS_MAX + 1];
	Tripod__Container *containers[POD_CONTAINERS_MAX + 1];
	Tripod__Volume volume;
	Tripod__Volume *volumes[1];
	Tripod__VolumeMount mount;
	Tripod__VolumeMount *mounts[1];
	Tripod__HostPath path;
	Tripod__EmptyDir dir;
};

static void
parts_init(struct parts *p)
{
	memset(p, 0, sizeof(*p));
	tripod__pod__init(&p->pod);
	tripod__container__init(&p->container[0]);
	tripod__volume__init(&p->volume);
	tripod__volume_mount__init(&p->mount);
	tripod__host_path__init(&p->path);
	tripod__empty_dir__init(&p->dir);
	p->path.path = TEXT("/srv/data");
	p->volume.name = p->mount.volume = TEXT("data");
	p->volume.source_case = TRIPOD__VOLUME__SOURCE_HOST_PATH;
	p->volume.host_path = &p->path;
	p->mount.path = TEXT("/data");
	p->container[0].name = TEXT("main");
	p->container[0].image = TEXT("busybox");
	p->mounts[0] = &p->mount;
	p->container[0].mount = p->mounts;
	p->container[0].n_mount = 1;
	p->containers[0] = &p->container[0];
	p->volumes[0] = &p->volume;
	p->pod.name = TEXT("web-node");
	p->pod.namespace_ = TEXT("default");
	p->pod.uid = TEXT("0123456789abcdef");
	p->pod.hash = p->pod.uid;
	p->pod.container = p->containers;
	p->pod.n_container = 1;
	p->pod.volume = p->volumes;
	p->pod.n_volume = 1;
	p->pod.grace_seconds = 30;
	p->policy.host_network = p->policy.host_pid = p->policy.host_ipc = 1;
	p->policy.privileged = p->policy.unconfined = 1;
	p->policy.node = "node";
	p->policy.cluster_domain = "cluster.local";
	p->policy.machine = &p->machine;
}

static void
good(struct parts *p)
{
	(void)p;
}

static void
uid_path(struct parts *p)
{
	p->pod.uid = TEXT("../x");
}

static void
uid_empty(struct parts *p)
{
	p->pod.uid = TEXT("");
}

static void
name_bad(struct parts *p)
{
	p->pod.name = TEXT("a/b");
}

static void
namespace_bad(struct parts *p)
{
	p->pod.namespace_ = TEXT("..");
}

static void
hostname_bad(struct parts *p)
{
	p->pod.hostname = TEXT("-x");
}

static void
marked(struct parts *p)
{
	static char *field = TEXT("spec.volumes[0].nfs");

	p->pod.unsupported = &field;
	p->pod.n_unsupported = 1;
}

static void
grace_bad(struct parts *p)
{
	p->pod.grace_seconds = -1;
}

static void
grace_long(struct parts *p)
{
	p->pod.grace_seconds = INT64_MAX;
}

static void
deadline_bad(struct parts *p)
{
	p->pod.active_deadline_seconds = INT64_MAX;
}

static void
probe_grace_bad(struct parts *p)
{
	static Tripod__Probe probe;

	tripod__probe__init(&probe);
	probe.grace_seconds = INT64_MAX;
	p->pod.container[0]->liveness = &probe;
}

static void
rules_many(struct parts *p)
{
	p->pod.container[0]->n_restart_rule = 21;
}

static void
codes_many(struct parts *p)
{
	static Tripod__RestartRule rule, *rules[] = { &rule };

	tripod__restart_rule__init(&rule);
	rule.n_exit_code = 256;
	p->pod.container[0]->restart_rule = rules;
	p->pod.container[0]->n_restart_rule = 1;
}

static void
network_refused(struct parts *p)
{
	p->pod.host_network = 1;
	p->policy.host_network = 0;
}

static void
network_allowed(struct parts *p)
{
	p->pod.host_network = 1;
}

static void
no_container(struct parts *p)
{
	p->pod.n_container = 0;
}

static void
many_containers(struct parts *p)
{
	size_t i;

	for (i = 0; i < LEN(p->containers); i++)
		p->containers[i] = &p->container[0];
	p->pod.n_container = LEN(p->containers);
}

static void
container_twice(struct parts *p)
{
	p->containers[1] = &p->container[0];
	p->pod.n_container = 2;
}

static void
container_path(struct parts *p)
{
	p->container[0].name = TEXT("../x");
}

static void
image_empty(struct parts *p)
{
	p->container[0].image = TEXT("");
}

static void
mount_unknown(struct parts *p)
{
	p->mount.volume = TEXT("other");
}

static void
mount_nowhere(struct parts *p)
{
	p->mount.path = TEXT("");
}

static void
path_relative(struct parts *p)
{
	p->path.path = TEXT("srv");
}

static void
path_dots(struct parts *p)
{
	p->path.path = TEXT("/srv/../etc");
}

static void
path_dots_last(struct parts *p)
{
	p->path.path = TEXT("/srv//..");
}

static void
path_like_dots(struct parts *p)
{
	p->path.path = TEXT("/srv/..data/...");
}

static void
allow(struct parts *p, const char *prefix)
{
	p->policy.host_paths.n = 1;
	p->policy.host_paths.value[0] = TEXT(prefix);
}

static void
prefix_fits(struct parts *p)
{
	allow(p, "/srv/");
}

static void
prefix_same(struct parts *p)
{
	allow(p, "/srv/data");
}

static void
prefix_root(struct parts *p)
{
	allow(p, "/");
}

static void
prefix_other(struct parts *p)
{
	allow(p, "/var");
}

static void
prefix_of_name(struct parts *p)
{
	allow(p, "/srv/dat");
}

static void
volume_name(struct parts *p)
{
	p->volume.name = TEXT("..");
}

static void
volume_empty(struct parts *p)
{
	p->volume.source_case = TRIPOD__VOLUME__SOURCE__NOT_SET;
}

static void
volume_memory(struct parts *p)
{
	p->volume.source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
	p->volume.empty_dir = &p->dir;
	p->dir.memory = 1;
}

static void
volume_disk(struct parts *p)
{
	volume_memory(p);
	p->dir.memory = 0;
}

static void
arguments_long(struct parts *p)
{
	static char text[1024 * 1024];
	static char *list[] = { text, text };

	memset(text, 'x', sizeof(text) - 1);
	p->container[0].arg = list;
	p->container[0].n_arg = LEN(list);
}

static void
test_rules(void **state)
{
	static const struct {
		void (*change)(struct parts *);
		const char *error; /* part of it; NULL: accepted */
	} rows[] = {
		{ good, NULL },
		{ uid_path, "uid" },
		{ uid_empty, "uid" },
		{ name_bad, "pod name" },
		{ namespace_bad, "namespace" },
		{ hostname_bad, "host name" },
		{ marked, "not supported: spec.volumes[0].nfs" },
		{ grace_bad, "terminationGracePeriodSeconds" },
		{ grace_long, "terminationGracePeriodSeconds" },
		{ deadline_bad, "activeDeadlineSeconds" },
		{ probe_grace_bad, "of a probe" },
		{ rules_many, "restart rules" },
		{ codes_many, "exit codes" },
		{ network_refused, "hostNetwork" },
		{ network_allowed, NULL },
		{ no_container, "1 to 64 containers" },
		{ many_containers, "1 to 64 containers" },
		{ container_twice, "named twice" },
		{ container_path, "container name" },
		{ image_empty, "no image" },
		{ mount_unknown, "bad mount of other" },
		{ mount_nowhere, "bad mount" },
		{ path_relative, "absolute" },
		{ path_dots, "absolute" },
		{ path_dots_last, "absolute" },
		{ path_like_dots, NULL },
		{ prefix_fits, NULL },
		{ prefix_same, NULL },
		{ prefix_root, NULL },
		{ prefix_other, "not allowed" },
		{ prefix_of_name, "not allowed" },
		{ volume_name, "volume name" },
		{ volume_empty, "no source" },
		{ volume_memory, NULL },
		{ volume_disk, NULL },
		{ arguments_long, "longer than" },
	};
	struct parts p;
	struct err err;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		parts_init(&p);
		rows[i].change(&p);
		err.text[0] = '\0';
		rc = policy_check(&p.policy, &p.pod, &err);
		if (rc != (rows[i].error == NULL ? 0 : -1) ||
		    (rc == -1 && strstr(err.text, rows[i].error) == NULL))
			fail_msg("row %zu: %d %s", i, rc, err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
