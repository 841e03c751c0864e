/*
 * From a pod to CRI requests: names, labels, logs, mounts, expansion.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/podworld.h"

static void
test_expand(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "$(A)", "one" },
		{ "x$(A)y$(B)z", "xoney$(A)z" },
		{ "$(E)|", "|" },
		{ "$$(A)", "$(A)" },
		{ "$$$(A)", "$one" },
		{ "$$", "$" },
		{ "$", "$" },
		{ "a$", "a$" },
		{ "$A", "$A" },
		{ "$(A", "$(A" },
		{ "$()", "$()" },
		{ "$(NONE)", "$(NONE)" },
		{ "$(NO$(A))", "$(NO$(A))" },
		{ "$(NONE$$)", "$(NONE$$)" },
		{ "$(D)", "second" },
	};
	struct fixture *f = *state;
	static const char *const vars[][2] = { { "A", "one" }, { "B", "$(A)" },
		{ "E", "" }, { "D", "first" }, { "D", "second" } };
	Runtime__V1__KeyValue kv[LEN(vars)], *env[LEN(vars)];
	struct variables known;
	size_t i;

	for (i = 0; i < LEN(vars); i++) {
		runtime__v1__key_value__init(&kv[i]);
		kv[i].key = TEXT(vars[i][0]);
		kv[i].value.data = (uint8_t *)TEXT(vars[i][1]);
		kv[i].value.len = strlen(vars[i][1]);
		env[i] = &kv[i];
	}
	assert_int_equal(variables_init(&known, &f->arena, env, LEN(env)), 0);
	assert_int_equal(known.n, LEN(vars) - 1);
	for (i = 0; i < LEN(rows); i++)
		assert_string_equal(
		    translate_expand(&f->arena, rows[i].in, &known),
		    rows[i].out);
}

/* Ten variables, each naming the one before ten times: 10^10 bytes. */
static void
test_expand_bomb(void **state)
{
	struct fixture *f = *state;
	Tripod__Env kv[10], *env[10];
	char names[10][2], values[10][64];
	size_t i, j;

	for (i = 0; i < LEN(env); i++) {
		tripod__env__init(&kv[i]);
		names[i][0] = (char)('a' + i);
		names[i][1] = values[i][0] = '\0';
		for (j = 0; j < 10; j++)
			(void)snprintf(values[i] + j * (i == 0 ? 1 : 4), 5,
			    i == 0 ? "x" : "$(%c)", (char)('a' + i - 1));
		kv[i].name = names[i];
		kv[i].value = values[i];
		env[i] = &kv[i];
	}
	f->container.env = env;
	f->container.n_env = 5;
	assert_true(translate_fits(&f->container));
	f->container.n_env = 7;
	assert_false(translate_fits(&f->container));
	f->container.n_env = LEN(env);
	assert_false(translate_fits(&f->container));
}

static const char *
hostname(struct fixture *f, const char *pod)
{
	char *name, *domain;

	text_set(&f->p->name, pod);
	translate_hostname(&f->arena, &f->env, f->p, &name, &domain);
	assert_string_equal(domain, "");
	return (name);
}

static void
test_hostname(void **state)
{
	struct fixture *f = *state;
	char in[80], out[80];

	assert_string_equal(hostname(f, "web"), "web");
	memset(in, 'a', sizeof(in) - 1);
	in[sizeof(in) - 1] = '\0';
	memset(out, 'a', 63);
	out[63] = '\0';
	assert_string_equal(hostname(f, in), out);
	/* What the cut leaves at the end must not be a dot or a dash. */
	in[62] = '-';
	in[61] = '.';
	out[61] = '\0';
	assert_string_equal(hostname(f, in), out);
}

static void
test_cgroup(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
	    translate_cgroup(&f->arena, &f->env, f->p, QOS_BEST_EFFORT),
	    "kubepods/besteffort/podu-1");
	f->env.cgroup_root = "a/b";
	assert_string_equal(
	    translate_cgroup(&f->arena, &f->env, f->p, QOS_BEST_EFFORT),
	    "a/b/kubepods/besteffort/podu-1");
	f->env.cgroup_root = "";
	f->env.systemd_cgroups = 1;
	assert_string_equal(
	    translate_cgroup(&f->arena, &f->env, f->p, QOS_BEST_EFFORT),
	    "kubepods.slice/kubepods-besteffort.slice/"
	    "kubepods-besteffort-podu_1.slice");
	assert_string_equal(
	    translate_cgroup(&f->arena, &f->env, f->p, QOS_GUARANTEED),
	    "kubepods.slice/kubepods-podu_1.slice");
	f->env.systemd_cgroups = 0;
	assert_string_equal(
	    translate_cgroup(&f->arena, &f->env, f->p, QOS_GUARANTEED),
	    "kubepods/podu-1");
	assert_string_equal(
	    translate_cgroup(&f->arena, &f->env, f->p, QOS_BURSTABLE),
	    "kubepods/burstable/podu-1");
}

static void
test_sandbox(void **state)
{
	struct fixture *f = *state;
	Tripod__KeyValue mine[2] = { TRIPOD__KEY_VALUE__INIT,
		TRIPOD__KEY_VALUE__INIT };
	Tripod__KeyValue *list[] = { &mine[0], &mine[1] };
	Runtime__V1__PodSandboxConfig *c;
	const void *l, *n;

	mine[0].key = TEXT("app");
	mine[0].value = TEXT("web");
	mine[1].key = TEXT(LABEL_MANAGED);
	mine[1].value = TEXT("0");
	f->pod.label = list;
	f->pod.n_label = 2;
	f->pod.annotation = list;
	f->pod.n_annotation = 1;
	c = translate_sandbox(&f->arena, &f->env, f->p, 3);
	assert_string_equal(c->metadata->name, "web-node");
	assert_string_equal(c->metadata->namespace_, "default");
	assert_string_equal(c->metadata->uid, "u-1");
	assert_int_equal(c->metadata->attempt, 3);
	assert_string_equal(c->hostname, "web-node");
	assert_string_equal(
	    c->log_directory, "/var/log/pods/default_web-node_u-1");
	assert_string_equal(
	    c->linux->cgroup_parent, "/kubepods/besteffort/podu-1");
	assert_int_equal(c->linux->security_context->namespace_options->network,
	    RUNTIME__V1__NAMESPACE_MODE__POD);
	l = c->labels;
	assert_int_equal(c->n_labels, 5);
	assert_string_equal(map_value(l, c->n_labels, "app"), "web");
	assert_string_equal(map_value(l, c->n_labels, LABEL_POD_UID), "u-1");
	/* A manifest cannot disown its pod. */
	assert_string_equal(map_value(l, c->n_labels, LABEL_MANAGED), "1");
	n = c->annotations;
	assert_int_equal(c->n_annotations, 7);
	assert_string_equal(map_value(n, c->n_annotations, "app"), "web");
	assert_string_equal(
	    map_value(n, c->n_annotations, ANNOTATION_SOURCE), "file");
	assert_string_equal(
	    map_value(n, c->n_annotations, ANNOTATION_FILE), "web.yaml");
	assert_string_equal(map_value(n, c->n_annotations, ANNOTATION_SEEN),
	    "2025-11-24T16:00:00.123456789Z");
	assert_string_equal(
	    map_value(n, c->n_annotations, ANNOTATION_GRACE), "30");
	assert_string_equal(
	    map_value(n, c->n_annotations, ANNOTATION_HOST_NETWORK), "0");
}

static void
test_sandbox_host(void **state)
{
	struct fixture *f = *state;
	Runtime__V1__PodSandboxConfig *c;

	f->pod.hostname = TEXT("other");
	c = translate_sandbox(&f->arena, &f->env, f->p, 0);
	assert_string_equal(c->hostname, "other");
	f->pod.host_network = 1;
	c = translate_sandbox(&f->arena, &f->env, f->p, 0);
	assert_string_equal(c->hostname, "");
	assert_int_equal(c->linux->security_context->namespace_options->network,
	    RUNTIME__V1__NAMESPACE_MODE__NODE);
}

static void
test_ports(void **state)
{
	struct fixture *f = *state;
	Tripod__Port port = TRIPOD__PORT__INIT, *ports[] = { &port };
	Runtime__V1__PodSandboxConfig *c;

	port.container_port = 80;
	port.host_port = 8080;
	port.protocol = TRIPOD__PORT__PROTOCOL__UDP;
	port.host_ip = TEXT("127.0.0.1");
	f->container.port = ports;
	f->container.n_port = 1;
	c = translate_sandbox(&f->arena, &f->env, f->p, 0);
	assert_int_equal(c->n_port_mappings, 1);
	assert_int_equal(c->port_mappings[0]->container_port, 80);
	assert_int_equal(c->port_mappings[0]->host_port, 8080);
	assert_int_equal(
	    c->port_mappings[0]->protocol, RUNTIME__V1__PROTOCOL__UDP);
	assert_string_equal(c->port_mappings[0]->host_ip, "127.0.0.1");
}

static void
test_container(void **state)
{
	struct fixture *f = *state;
	Tripod__Env kv = TRIPOD__ENV__INIT, *env[] = { &kv };
	char *command[] = { TEXT("sh"), TEXT("-c"), TEXT("echo $(A)") };
	Runtime__V1__ContainerConfig *c;
	const void *n;

	kv.name = TEXT("A");
	kv.value = TEXT("1");
	f->container.env = env;
	f->container.n_env = 1;
	f->container.command = command;
	f->container.n_command = LEN(command);
	f->in.attempt = 4;
	c = podworld_made(f);
	assert_string_equal(c->metadata->name, "test_container");
	assert_int_equal(c->metadata->attempt, 4);
	assert_string_equal(c->image->image, "sha256:1");
	assert_string_equal(c->image->user_specified_image, "foo/image:v1");
	assert_string_equal(c->log_path, "test_container/4.log");
	assert_int_equal(c->n_envs, 1);
	assert_int_equal(c->envs[0]->value.len, 1);
	assert_int_equal(c->n_command, 3);
	assert_string_equal(c->command[2], "echo 1");
	assert_int_equal(c->n_args, 0);
	n = c->annotations;
	/* The kubelet's own vector (runtime.md 2.4). */
	assert_string_equal(
	    map_value(n, c->n_annotations, "io.kubernetes.container.hash"),
	    "8e45cbd0");
	assert_string_equal(map_value(n, c->n_annotations,
				"io.kubernetes.container.restartCount"),
	    "4");
	assert_string_equal(
	    map_value(c->labels, c->n_labels, LABEL_CONTAINER_NAME),
	    "test_container");
	assert_string_equal(
	    map_value(c->labels, c->n_labels, LABEL_MANAGED), "1");
}

static void
test_mounts(void **state)
{
	struct fixture *f = *state;
	Tripod__Volume v[2] = { TRIPOD__VOLUME__INIT, TRIPOD__VOLUME__INIT };
	Tripod__Volume *volumes[] = { &v[0], &v[1] };
	Tripod__VolumeMount m[2] = { TRIPOD__VOLUME_MOUNT__INIT,
		TRIPOD__VOLUME_MOUNT__INIT };
	Tripod__VolumeMount *mounts[] = { &m[0], &m[1] };
	Tripod__HostPath hp = TRIPOD__HOST_PATH__INIT;
	Tripod__EmptyDir ed = TRIPOD__EMPTY_DIR__INIT;
	Runtime__V1__ContainerConfig *c;

	hp.path = TEXT("/srv");
	v[0].name = m[0].volume = TEXT("data");
	v[0].source_case = TRIPOD__VOLUME__SOURCE_HOST_PATH;
	v[0].host_path = &hp;
	v[1].name = m[1].volume = TEXT("tmp");
	v[1].source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
	v[1].empty_dir = &ed;
	m[0].path = TEXT("/data");
	m[0].read_only = 1;
	m[1].path = TEXT("tmp");
	f->pod.volume = volumes;
	f->pod.n_volume = 2;
	f->container.mount = mounts;
	f->container.n_mount = 2;
	c = podworld_made(f);
	assert_int_equal(c->n_mounts, 2);
	assert_string_equal(c->mounts[0]->host_path, "/srv");
	assert_string_equal(c->mounts[0]->container_path, "/data");
	assert_true(c->mounts[0]->readonly);
	assert_string_equal(c->mounts[1]->host_path,
	    "/var/lib/tripod/pods/u-1/volumes/kubernetes.io~empty-dir/tmp");
	assert_string_equal(c->mounts[1]->container_path, "/tmp");
	assert_false(c->mounts[1]->readonly);
}

static void
test_image(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "busybox", "busybox:latest" },
		{ "localhost:5000/bb", "localhost:5000/bb:latest" },
		{ "localhost:5000/bb:1", "localhost:5000/bb:1" },
		{ "bb@sha256:00", "bb@sha256:00" },
	};
	Tripod__KeyValue a = TRIPOD__KEY_VALUE__INIT, *list[] = { &a };
	struct fixture *f = *state;
	Runtime__V1__ImageSpec *s;
	size_t i;

	a.key = TEXT("snapshotter");
	a.value = TEXT("lazy");
	f->pod.annotation = list;
	f->pod.n_annotation = 1;
	for (i = 0; i < LEN(rows); i++) {
		s = translate_image(&f->arena, f->p, rows[i].in);
		assert_string_equal(s->image, rows[i].out);
		assert_string_equal(
		    map_value(s->annotations, s->n_annotations, "snapshotter"),
		    "lazy");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_expand),
		TEST(test_expand_bomb),
		TEST(test_hostname),
		TEST(test_cgroup),
		TEST(test_sandbox),
		TEST(test_sandbox_host),
		TEST(test_ports),
		TEST(test_container),
		TEST(test_mounts),
		TEST(test_image),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
