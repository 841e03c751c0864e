/*
 * From a pod to CRI requests: variables, names and mounts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/podworld.h"

static const char *
env_of(struct fixture *f, Tripod__Env *e)
{
	static Tripod__Env *list[1];

	list[0] = e;
	e->name = TEXT("A");
	f->container.env = list;
	f->container.n_env = 1;
	return ((const char *)podworld_made(f)->envs[0]->value.data);
}

static void
test_fields(void **state)
{
	static const struct {
		Tripod__FieldRef__Field field;
		const char *key;
		int host_network;
		const char *expect;
	} rows[] = {
		{ TRIPOD__FIELD_REF__FIELD__NAME, "", 0, "web-node" },
		{ TRIPOD__FIELD_REF__FIELD__NAMESPACE, "", 0, "default" },
		{ TRIPOD__FIELD_REF__FIELD__UID, "", 0, "u-1" },
		{ TRIPOD__FIELD_REF__FIELD__NODE_NAME, "", 0, "node" },
		{ TRIPOD__FIELD_REF__FIELD__SERVICE_ACCOUNT, "", 0, "" },
		{ TRIPOD__FIELD_REF__FIELD__HOST_IP, "", 0, "192.0.2.1" },
		{ TRIPOD__FIELD_REF__FIELD__HOST_IPS, "", 0,
		    "192.0.2.1,2001:db8::1" },
		{ TRIPOD__FIELD_REF__FIELD__POD_IP, "", 0, "10.0.0.2" },
		{ TRIPOD__FIELD_REF__FIELD__POD_IPS, "", 0,
		    "10.0.0.2,fd00::2" },
		{ TRIPOD__FIELD_REF__FIELD__POD_IP, "", 1, "192.0.2.1" },
		{ TRIPOD__FIELD_REF__FIELD__LABEL, "app", 0, "a \"b\"" },
		{ TRIPOD__FIELD_REF__FIELD__LABEL, "none", 0, "" },
		{ TRIPOD__FIELD_REF__FIELD__ANNOTATION, "app", 0, "a \"b\"" },
		{ TRIPOD__FIELD_REF__FIELD__ANNOTATION, ANNOTATION_HASH, 0,
		    "0123" },
	};
	Tripod__KeyValue kv = TRIPOD__KEY_VALUE__INIT, *list[] = { &kv };
	Tripod__FieldRef ref = TRIPOD__FIELD_REF__INIT;
	Tripod__Env e = TRIPOD__ENV__INIT;
	struct fixture *f = *state;
	size_t i;

	kv.key = TEXT("app");
	kv.value = TEXT("a \"b\"");
	f->pod.label = f->pod.annotation = list;
	f->pod.n_label = f->pod.n_annotation = 1;
	e.field = &ref;
	for (i = 0; i < LEN(rows); i++) {
		ref.field = rows[i].field;
		ref.key = TEXT(rows[i].key);
		f->pod.host_network = rows[i].host_network;
		assert_string_equal(env_of(f, &e), rows[i].expect);
	}
}

static void
test_resource_values(void **state)
{
	static const struct {
		const char *container, *resource;
		int request;
		int64_t divisor;
		const char *expect;
	} rows[] = {
		{ "", "cpu", 0, 1000, "1" },
		{ "", "cpu", 0, 1, "500" },
		{ "test_container", "cpu", 0, 1, "500" },
		{ "", "cpu", 1, 1, "0" },
		{ "", "memory", 0, 1024, "977" }, /* the machine's */
		{ "", "hugepages-2Mi", 0, 1, "0" },
	};
	Tripod__ResourceRef ref = TRIPOD__RESOURCE_REF__INIT;
	Tripod__Env e = TRIPOD__ENV__INIT;
	struct fixture *f = *state;
	size_t i;

	podworld_want(f, 1, "cpu", 500);
	e.resource = &ref;
	for (i = 0; i < LEN(rows); i++) {
		ref.container = TEXT(rows[i].container);
		ref.resource = TEXT(rows[i].resource);
		ref.request = rows[i].request;
		ref.divisor = rows[i].divisor;
		assert_string_equal(env_of(f, &e), rows[i].expect);
	}
	ref.container = TEXT("nobody");
	assert_null(
	    translate_container(&f->arena, &f->env, f->p, &f->in, &f->err));
	assert_non_null(strstr(f->err.text, "nobody"));
}

/* A value from elsewhere is used by later ones, but not expanded itself. */
static void
test_field_in_value(void **state)
{
	Tripod__KeyValue kv = TRIPOD__KEY_VALUE__INIT, *labels[] = { &kv };
	Tripod__FieldRef ref = TRIPOD__FIELD_REF__INIT;
	Tripod__Env e[2] = { TRIPOD__ENV__INIT, TRIPOD__ENV__INIT };
	Tripod__Env *list[] = { &e[0], &e[1] };
	Runtime__V1__ContainerConfig *c;
	struct fixture *f = *state;

	kv.key = TEXT("app");
	kv.value = TEXT("$(B)");
	f->pod.label = labels;
	f->pod.n_label = 1;
	ref.field = TRIPOD__FIELD_REF__FIELD__LABEL;
	ref.key = TEXT("app");
	e[0].name = TEXT("A");
	e[0].field = &ref;
	e[1].name = TEXT("B");
	e[1].value = TEXT("<$(A)>");
	f->container.env = list;
	f->container.n_env = 2;
	c = podworld_made(f);
	assert_string_equal((const char *)c->envs[1]->value.data, "<$(B)>");
}

/* Long values from elsewhere, many times: an error, and nothing worse. */
static void
test_long_environment(void **state)
{
	static char text[1024 * 1024];
	static Tripod__Env e[64], *list[64];
	Tripod__KeyValue kv = TRIPOD__KEY_VALUE__INIT, *labels[] = { &kv };
	Tripod__FieldRef ref = TRIPOD__FIELD_REF__INIT;
	struct fixture *f = *state;
	size_t i;

	memset(text, 'x', sizeof(text) - 1);
	kv.key = TEXT("app");
	kv.value = text;
	f->pod.label = labels;
	f->pod.n_label = 1;
	ref.field = TRIPOD__FIELD_REF__FIELD__LABEL;
	ref.key = TEXT("app");
	for (i = 0; i < LEN(e); i++) {
		tripod__env__init(&e[i]);
		e[i].name = TEXT("A");
		if (i == 0)
			e[i].field = &ref;
		else
			e[i].value = TEXT("$(A)");
		list[i] = &e[i];
	}
	f->container.env = list;
	f->container.n_env = LEN(e);
	assert_null(
	    translate_container(&f->arena, &f->env, f->p, &f->in, &f->err));
	assert_non_null(strstr(f->err.text, "too long"));
}

static void
test_file(void **state)
{
	Tripod__DownwardFile file = TRIPOD__DOWNWARD_FILE__INIT;
	Tripod__KeyValue kv[2] = { TRIPOD__KEY_VALUE__INIT,
		TRIPOD__KEY_VALUE__INIT };
	Tripod__KeyValue *list[] = { &kv[0], &kv[1] };
	Tripod__FieldRef ref = TRIPOD__FIELD_REF__INIT;
	struct fixture *f = *state;

	kv[0].key = TEXT("b");
	kv[0].value = TEXT("two\n\"\\\x01");
	kv[1].key = TEXT("a");
	kv[1].value = TEXT("caf\xc3\xa9");
	f->pod.label = list;
	f->pod.n_label = 2;
	file.field = &ref;
	ref.field = TRIPOD__FIELD_REF__FIELD__LABELS;
	assert_string_equal(
	    translate_file(&f->arena, &f->env, f->p, &file, &f->err),
	    "a=\"caf\xc3\xa9\"\nb=\"two\\n\\\"\\\\\\x01\"");
	ref.field = TRIPOD__FIELD_REF__FIELD__ANNOTATIONS;
	assert_non_null(
	    strstr(translate_file(&f->arena, &f->env, f->p, &file, &f->err),
		"kubernetes.io/config.source=\"file\""));
}

static void
test_names(void **state)
{
	struct fixture *f = *state;
	char *name, *domain;

	f->env.dns.domain = "c.local";
	f->pod.subdomain = TEXT("sub");
	f->pod.hostname = TEXT("inner");
	translate_hostname(&f->arena, &f->env, f->p, &name, &domain);
	assert_string_equal(name, "inner");
	assert_string_equal(domain, "sub.default.svc.c.local");
	assert_string_equal(
	    translate_sandbox(&f->arena, &f->env, f->p, 0)->hostname, "inner");
	f->pod.hostname_as_fqdn = 1;
	assert_string_equal(
	    translate_sandbox(&f->arena, &f->env, f->p, 0)->hostname,
	    "inner.sub.default.svc.c.local");
	f->pod.hostname_override = TEXT("other.example");
	assert_string_equal(
	    translate_sandbox(&f->arena, &f->env, f->p, 0)->hostname,
	    "other.example");
}

static void
test_hosts(void **state)
{
	Tripod__HostAlias alias = TRIPOD__HOST_ALIAS__INIT,
			  *list[] = { &alias };
	char *names[] = { TEXT("one"), TEXT("two") };
	struct fixture *f = *state;
	const char *text;

	f->pod.subdomain = TEXT("sub");
	alias.ip = TEXT("192.0.2.7");
	alias.hostname = names;
	alias.n_hostname = 2;
	f->pod.host_alias = list;
	f->pod.n_host_alias = 1;
	text = translate_hosts(&f->arena, &f->env, f->p, f->in.ips, NULL);
	assert_non_null(strstr(text, "\n127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(text,
	    "\n10.0.0.2\tweb-node.sub.default.svc\tweb-node\n"
	    "fd00::2\tweb-node.sub.default.svc\tweb-node\n"
	    "\n# Entries added by HostAliases.\n192.0.2.7\tone\ttwo\n"));
	f->pod.host_network = 1;
	text = translate_hosts(&f->arena, &f->env, f->p, "", "127.0.0.1 x\n");
	assert_string_equal(text,
	    "# Kubernetes-managed hosts file (host network).\n127.0.0.1 x\n"
	    "\n# Entries added by HostAliases.\n192.0.2.7\tone\ttwo\n");
}

/* A volume "v" that is mounted in one place. */
static Tripod__VolumeMount *
mounted(struct fixture *f, const char *path)
{
	static Tripod__EmptyDir dir;
	static Tripod__Volume v, *volumes[] = { &v };
	static Tripod__VolumeMount m, *mounts[] = { &m };

	tripod__empty_dir__init(&dir);
	tripod__volume__init(&v);
	tripod__volume_mount__init(&m);
	v.name = m.volume = TEXT("v");
	v.source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
	v.empty_dir = &dir;
	m.path = TEXT(path);
	f->pod.volume = volumes;
	f->pod.n_volume = 1;
	f->container.mount = mounts;
	f->container.n_mount = 1;
	return (&m);
}

static void
test_own_files(void **state)
{
	struct fixture *f = *state;
	Runtime__V1__ContainerConfig *c;

	f->container.termination_message_path = TEXT("/dev/termination-log");
	f->in.hosts_file = "/state/hosts";
	f->in.message_file = "/state/message";
	c = podworld_made(f);
	assert_int_equal(c->n_mounts, 2);
	assert_string_equal(c->mounts[0]->container_path, "/etc/hosts");
	assert_string_equal(c->mounts[0]->host_path, "/state/hosts");
	assert_string_equal(
	    c->mounts[1]->container_path, "/dev/termination-log");
	assert_false(c->mounts[1]->readonly);
	/* The manifest has its own there. */
	(void)mounted(f, "/etc/hosts");
	c = podworld_made(f);
	assert_int_equal(c->n_mounts, 2);
	assert_string_equal(
	    c->mounts[1]->container_path, "/dev/termination-log");
}

static void
test_mount_modes(void **state)
{
	struct fixture *f = *state;
	Tripod__VolumeMount *m = mounted(f, "/v");

	m->read_only = 1;
	m->recursive_read_only = TRIPOD__VOLUME_MOUNT__RECURSIVE__IF_POSSIBLE;
	assert_false(podworld_made(f)->mounts[0]->recursive_read_only);
	m->recursive_read_only = TRIPOD__VOLUME_MOUNT__RECURSIVE__ENABLED;
	assert_null(
	    translate_container(&f->arena, &f->env, f->p, &f->in, &f->err));
	f->env.has_recursive_read_only = 1;
	assert_true(podworld_made(f)->mounts[0]->recursive_read_only);
	m->recursive_read_only = TRIPOD__VOLUME_MOUNT__RECURSIVE__DISABLED;
	m->propagation = TRIPOD__VOLUME_MOUNT__PROPAGATION__HOST_TO_CONTAINER;
	assert_int_equal(podworld_made(f)->mounts[0]->propagation,
	    RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_HOST_TO_CONTAINER);
}

static void
test_sub_paths(void **state)
{
	static const struct {
		const char *path, *expr;
		const char *expect; /* NULL: refused */
	} rows[] = {
		{ "", "", "" },
		{ "a/b", "", "a/b" },
		{ "a/..b", "", "a/..b" },
		{ "../a", "", NULL },
		{ "a/../b", "", NULL },
		{ "a/..", "", NULL },
		{ "/a", "", NULL },
		{ "$(A)", "", "$(A)" },
		{ "", "x/$(A)", "x/one" },
		{ "", "$$(NONE)", "$(NONE)" },
		{ "", "$(NONE)", NULL },
		{ "", "$(EMPTY)/x", NULL },
		{ "", "$(UP)", NULL },
		{ "", "$(ROOT)", NULL },
	};
	static const char *const vars[][2] = { { "A", "one" }, { "EMPTY", "" },
		{ "UP", "../x" }, { "ROOT", "/x" } };
	Tripod__Env e[LEN(vars)], *list[LEN(vars)];
	Runtime__V1__ContainerConfig *c;
	struct fixture *f = *state;
	Tripod__VolumeMount *m = mounted(f, "/v");
	const char *got;
	size_t i;

	for (i = 0; i < LEN(vars); i++) {
		tripod__env__init(&e[i]);
		e[i].name = TEXT(vars[i][0]);
		e[i].value = TEXT(vars[i][1]);
		list[i] = &e[i];
	}
	f->container.env = list;
	f->container.n_env = LEN(vars);
	c = podworld_made(f);
	for (i = 0; i < LEN(rows); i++) {
		m->sub_path = TEXT(rows[i].path);
		m->sub_path_expr = TEXT(rows[i].expr);
		got = translate_sub_path(&f->arena, c, m, &f->err);
		if ((got == NULL) != (rows[i].expect == NULL) ||
		    (got != NULL && strcmp(got, rows[i].expect) != 0))
			fail_msg("row %zu: %s", i, got == NULL ? "-" : got);
	}
}

static void
test_ports_twice(void **state)
{
	Tripod__Port p[3] = { TRIPOD__PORT__INIT, TRIPOD__PORT__INIT,
		TRIPOD__PORT__INIT };
	Tripod__Port *ports[] = { &p[0], &p[1], &p[2] };
	struct fixture *f = *state;

	p[0].container_port = p[1].container_port = p[2].container_port = 80;
	p[2].protocol = TRIPOD__PORT__PROTOCOL__UDP;
	f->container.port = ports;
	f->container.n_port = 3;
	assert_int_equal(
	    translate_sandbox(&f->arena, &f->env, f->p, 0)->n_port_mappings, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fields),
		TEST(test_resource_values),
		TEST(test_field_in_value),
		TEST(test_long_environment),
		TEST(test_file),
		TEST(test_names),
		TEST(test_hosts),
		TEST(test_own_files),
		TEST(test_mount_modes),
		TEST(test_sub_paths),
		TEST(test_ports_twice),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
