/*
 * What reconciled runs: each row breaks one rule of a good pod.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/policyparts.h"

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
probe_empty(struct parts *p)
{
	static Tripod__Probe probe;

	tripod__probe__init(&probe);
	p->pod.container[0]->startup = &probe;
}

static Tripod__Handler *
command_of(size_t n)
{
	static Tripod__Handler handler;
	static Tripod__Exec exec;

	tripod__handler__init(&handler);
	tripod__exec__init(&exec);
	handler.action_case = TRIPOD__HANDLER__ACTION_EXEC;
	handler.exec = &exec;
	exec.n_command = n;
	return (&handler);
}

static void
probe_command_long(struct parts *p)
{
	static Tripod__Probe probe;

	tripod__probe__init(&probe);
	probe.handler = command_of(POLICY_LIST_MAX + 1);
	p->pod.container[0]->readiness = &probe;
}

static void
hook_command_long(struct parts *p)
{
	p->pod.container[0]->pre_stop = command_of(POLICY_LIST_MAX + 1);
}

static void
hook_command(struct parts *p)
{
	p->pod.container[0]->pre_stop = command_of(POLICY_LIST_MAX);
}

static void
hook_empty(struct parts *p)
{
	static Tripod__Handler none;

	tripod__handler__init(&none);
	p->pod.container[0]->post_start = &none;
}

static void
hook_headers(struct parts *p)
{
	static Tripod__Handler handler;
	static Tripod__HttpGet get;

	tripod__handler__init(&handler);
	tripod__http_get__init(&get);
	handler.action_case = TRIPOD__HANDLER__ACTION_HTTP_GET;
	handler.http_get = &get;
	get.n_header = POLICY_LIST_MAX + 1;
	p->pod.container[0]->post_start = &handler;
}

static void
annotations_long(struct parts *p)
{
	static char text[256 * 1024];
	static Tripod__KeyValue kv, *list[] = { &kv };

	tripod__key_value__init(&kv);
	memset(text, 'a', sizeof(text) - 1);
	kv.key = TEXT("kk");
	kv.value = text;
	p->pod.annotation = list;
	p->pod.n_annotation = 1;
}

static void
aliases_many(struct parts *p)
{
	static Tripod__HostAlias alias, *list[] = { &alias };

	tripod__host_alias__init(&alias);
	alias.ip = TEXT("192.0.2.1");
	alias.n_hostname = POLICY_LIST_MAX + 1;
	p->pod.host_alias = list;
	p->pod.n_host_alias = 1;
}

/* So many in each of two containers. */
static void
sub_paths(struct parts *p, size_t n)
{
	static Tripod__VolumeMount *mounts[POLICY_SUB_PATHS_MAX];
	size_t i;

	p->mount.sub_path = TEXT("a");
	for (i = 0; i < n; i++)
		mounts[i] = &p->mount;
	p->container[1] = p->container[0];
	p->container[1].name = TEXT("second");
	p->container[0].mount = p->container[1].mount = mounts;
	p->container[0].n_mount = p->container[1].n_mount = n;
	p->containers[1] = &p->container[1];
	p->pod.n_container = 2;
}

static void
sub_paths_enough(struct parts *p)
{
	sub_paths(p, POLICY_SUB_PATHS_MAX / 2);
}

static void
sub_paths_many(struct parts *p)
{
	sub_paths(p, POLICY_SUB_PATHS_MAX / 2 + 1);
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
path_long(struct parts *p)
{
	static char path[PATH_MAX + 1];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	p->path.path = path;
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
volume_dir(struct parts *p)
{
	p->volume.source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
	p->volume.empty_dir = &p->dir;
}

static void
volume_memory(struct parts *p)
{
	volume_dir(p);
	p->dir.memory = 1;
}

static void
volume_image(struct parts *p)
{
	p->volume.source_case = TRIPOD__VOLUME__SOURCE_IMAGE;
}

static void
volume_twice(struct parts *p)
{
	static Tripod__Volume *two[2];

	two[0] = two[1] = &p->volume;
	p->pod.volume = two;
	p->pod.n_volume = 2;
}

/* A volume with one file about the pod, of that path. */
static void
file_at(struct parts *p, const char *path)
{
	static Tripod__DownwardFile file, *files[] = { &file };
	static Tripod__FieldRef ref;
	static Tripod__Downward d;

	tripod__downward__init(&d);
	tripod__downward_file__init(&file);
	tripod__field_ref__init(&ref);
	file.path = TEXT(path);
	file.mode = 0644;
	file.field = &ref;
	d.file = files;
	d.n_file = 1;
	p->volume.source_case = TRIPOD__VOLUME__SOURCE_DOWNWARD;
	p->volume.downward = &d;
}

static void
file_good(struct parts *p)
{
	file_at(p, "a/b");
}

static void
file_up(struct parts *p)
{
	file_at(p, "a/../b");
}

static void
file_hidden(struct parts *p)
{
	file_at(p, "..data/x");
}

static void
file_absolute(struct parts *p)
{
	file_at(p, "/a");
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
	static const struct policy_row rows[] = {
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
		{ probe_empty, "startupProbe: no handler" },
		{ probe_command_long, "readinessProbe: more than 4096" },
		{ hook_command_long, "preStop: more than 4096" },
		{ hook_command, NULL },
		{ hook_empty, "postStart: no handler" },
		{ hook_headers, "postStart: more than 4096" },
		{ annotations_long, "annotations" },
		{ aliases_many, "host aliases" },
		{ probe_grace_bad, "of a probe" },
		{ sub_paths_enough, NULL },
		{ sub_paths_many, "more than 256 mounts with a sub-path" },
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
		{ path_long, "too long" },
		{ prefix_fits, NULL },
		{ prefix_same, NULL },
		{ prefix_root, NULL },
		{ prefix_other, "not allowed" },
		{ prefix_of_name, "not allowed" },
		{ volume_name, "volume name" },
		{ volume_empty, "no source" },
		{ volume_memory, NULL },
		{ volume_dir, NULL },
		{ volume_image, "kind is not supported" },
		{ volume_twice, "named twice" },
		{ file_good, NULL },
		{ file_up, "bad file" },
		{ file_hidden, "bad file" },
		{ file_absolute, "bad file" },
		{ arguments_long, "longer than" },
	};

	(void)state;
	policy_rows(rows, LEN(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
