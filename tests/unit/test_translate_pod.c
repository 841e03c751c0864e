/*
 * From a pod to CRI requests: security and resources.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/podworld.h"

#define NODE RUNTIME__V1__NAMESPACE_MODE__NODE
#define POD RUNTIME__V1__NAMESPACE_MODE__POD
#define OWN RUNTIME__V1__NAMESPACE_MODE__CONTAINER

static void
test_namespaces(void **state)
{
	static const struct {
		int network, pid, ipc, share;
		Runtime__V1__NamespaceMode expect[3];
	} rows[] = {
		{ 0, 0, 0, 0, { POD, OWN, POD } },
		{ 1, 0, 0, 0, { NODE, OWN, POD } },
		{ 0, 1, 0, 0, { POD, NODE, POD } },
		{ 0, 0, 1, 0, { POD, OWN, NODE } },
		{ 0, 0, 0, 1, { POD, POD, POD } },
	};
	const Runtime__V1__NamespaceOption *n[2];
	struct fixture *f = *state;
	size_t i, j;

	for (i = 0; i < LEN(rows); i++) {
		f->pod.host_network = rows[i].network;
		f->pod.host_pid = rows[i].pid;
		f->pod.host_ipc = rows[i].ipc;
		f->pod.share_process_namespace = rows[i].share;
		n[0] = podworld_security(f)->namespace_options;
		n[1] = translate_sandbox(&f->arena, &f->env, f->p, 0)
			   ->linux->security_context->namespace_options;
		for (j = 0; j < 2; j++) {
			assert_int_equal(n[j]->network, rows[i].expect[0]);
			assert_int_equal(n[j]->pid, rows[i].expect[1]);
			assert_int_equal(n[j]->ipc, rows[i].expect[2]);
		}
	}
}

#define UNSET (-1)

static void
test_users(void **state)
{
	static const struct {
		int64_t user, image_uid;
		const char *image_user;
		int non_root;
		int64_t expect;	   /* UNSET: by name */
		const char *error; /* part of it, or NULL */
	} rows[] = {
		{ UNSET, UNSET, "", 0, 0, NULL },
		{ UNSET, 7, "", 0, 7, NULL },
		{ UNSET, UNSET, "www", 0, UNSET, NULL },
		{ 0, 7, "", 0, 0, NULL },
		{ 9, 7, "www", 1, 9, NULL },
		{ UNSET, 7, "", 1, 7, NULL },
		{ UNSET, UNSET, "", 1, 0, "image runs as root" },
		{ UNSET, 0, "", 1, 0, "image runs as root" },
		{ 0, 7, "", 1, 0, "runAsUser is 0" },
		{ UNSET, UNSET, "www", 1, 0, "is not a number" },
	};
	const Runtime__V1__LinuxContainerSecurityContext *s;
	Tripod__Number user = TRIPOD__NUMBER__INIT;
	struct fixture *f = *state;
	size_t i;

	f->container.security = &f->security;
	for (i = 0; i < LEN(rows); i++) {
		user.value = rows[i].user;
		f->security.run_as_user = rows[i].user == UNSET ? NULL : &user;
		f->security.run_as_non_root = rows[i].non_root;
		f->in.image_uid = rows[i].image_uid;
		f->in.image_user = rows[i].image_user;
		if (rows[i].error != NULL) {
			assert_null(translate_container(
			    &f->arena, &f->env, f->p, &f->in, &f->err));
			assert_non_null(strstr(f->err.text, rows[i].error));
			continue;
		}
		s = podworld_security(f);
		if (rows[i].expect == UNSET) {
			assert_null(s->run_as_user);
			assert_string_equal(s->run_as_username, "www");
		} else {
			assert_int_equal(s->run_as_user->value, rows[i].expect);
			assert_string_equal(s->run_as_username, "");
		}
	}
}

static void
test_security(void **state)
{
	char *add[] = { TEXT("CAP_NET_ADMIN"), TEXT("CHOWN") };
	char *drop[] = { TEXT("ALL") };
	const Runtime__V1__LinuxContainerSecurityContext *s;
	struct fixture *f = *state;

	s = podworld_security(f);
	assert_null(s->capabilities);
	assert_false(s->privileged || s->readonly_rootfs || s->no_new_privs);
	assert_int_equal(s->n_masked_paths, 14); /* two of them for cpus */
	assert_int_equal(s->n_readonly_paths, 5);
	f->container.security = &f->security;
	f->security.add_capability = add;
	f->security.n_add_capability = 2;
	f->security.drop_capability = drop;
	f->security.n_drop_capability = 1;
	f->security.no_new_privs = f->security.read_only_root = 1;
	f->security.unmasked_proc = 1;
	s = podworld_security(f);
	assert_string_equal(s->capabilities->add_capabilities[0], "NET_ADMIN");
	assert_string_equal(s->capabilities->add_capabilities[1], "CHOWN");
	assert_string_equal(s->capabilities->drop_capabilities[0], "ALL");
	assert_true(s->readonly_rootfs && s->no_new_privs);
	assert_int_equal(s->n_masked_paths + s->n_readonly_paths, 0);
}

static void
test_privileged(void **state)
{
	struct fixture *f = *state;

	assert_false(translate_sandbox(&f->arena, &f->env, f->p, 0)
			 ->linux->security_context->privileged);
	f->container.security = &f->security;
	f->security.privileged = 1;
	assert_true(podworld_security(f)->privileged);
	assert_true(translate_sandbox(&f->arena, &f->env, f->p, 0)
			->linux->security_context->privileged);
}

#define RUNTIME RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__RuntimeDefault
#define UNCONFINED RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Unconfined
#define LOCAL RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Localhost

static void
test_profiles(void **state)
{
	static const struct {
		Tripod__Profile__Kind kind;
		int fallback;
		Runtime__V1__SecurityProfile__ProfileType expect;
	} rows[] = {
		{ TRIPOD__PROFILE__KIND__UNSET, 0, UNCONFINED },
		{ TRIPOD__PROFILE__KIND__UNSET, 1, RUNTIME },
		{ TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT, 0, RUNTIME },
		{ TRIPOD__PROFILE__KIND__UNCONFINED, 1, UNCONFINED },
		{ TRIPOD__PROFILE__KIND__LOCALHOST, 0, LOCAL },
	};
	const Runtime__V1__LinuxContainerSecurityContext *s;
	Tripod__Profile profile = TRIPOD__PROFILE__INIT;
	struct fixture *f = *state;
	size_t i;

	f->container.security = &f->security;
	f->security.seccomp = f->security.apparmor = &profile;
	profile.localhost = TEXT("a/b.json");
	for (i = 0; i < LEN(rows); i++) {
		profile.kind = rows[i].kind;
		f->env.seccomp_runtime = rows[i].fallback;
		s = podworld_security(f);
		assert_int_equal(s->seccomp->profile_type, rows[i].expect);
		if (rows[i].kind == TRIPOD__PROFILE__KIND__UNSET)
			assert_null(s->apparmor);
		else
			assert_int_equal(
			    s->apparmor->profile_type, rows[i].expect);
	}
	assert_string_equal(s->seccomp->localhost_ref, "/profiles/a/b.json");
	assert_string_equal(s->apparmor->localhost_ref, "a/b.json");
}

static void
test_groups(void **state)
{
	Tripod__Number group = TRIPOD__NUMBER__INIT;
	int64_t more[] = { 5, 6 };
	struct fixture *f = *state;
	const Runtime__V1__LinuxContainerSecurityContext *s;

	group.value = 3000;
	f->pod.security = &f->pod_security;
	f->pod_security.fs_group = &group;
	f->pod_security.supplemental_group = more;
	f->pod_security.n_supplemental_group = 2;
	s = podworld_security(f);
	assert_int_equal(s->n_supplemental_groups, 3);
	assert_int_equal(s->supplemental_groups[0], 3000);
	assert_int_equal(s->supplemental_groups[2], 6);
	/* A runtime that would drop the word silently must not get it. */
	f->pod_security.supplemental_groups_strict = 1;
	assert_null(
	    translate_container(&f->arena, &f->env, f->p, &f->in, &f->err));
	f->env.has_groups_policy = 1;
	assert_int_equal(podworld_security(f)->supplemental_groups_policy,
	    RUNTIME__V1__SUPPLEMENTAL_GROUPS_POLICY__Strict);
}

static void
test_sysctls(void **state)
{
	Tripod__KeyValue kv[2] = { TRIPOD__KEY_VALUE__INIT,
		TRIPOD__KEY_VALUE__INIT };
	Tripod__KeyValue *list[] = { &kv[0], &kv[1] };
	Runtime__V1__LinuxPodSandboxConfig *l;
	struct fixture *f = *state;

	kv[0].key = TEXT("net/ipv4/conf/eth0.1/x");
	kv[0].value = TEXT("1");
	kv[1].key = TEXT("kernel.shmmax");
	kv[1].value = TEXT("2");
	f->pod.security = &f->pod_security;
	f->pod_security.sysctl = list;
	f->pod_security.n_sysctl = 2;
	l = translate_sandbox(&f->arena, &f->env, f->p, 0)->linux;
	assert_string_equal(
	    map_value(l->sysctls, l->n_sysctls, "net.ipv4.conf.eth0/1.x"), "1");
	assert_string_equal(
	    map_value(l->sysctls, l->n_sysctls, "kernel.shmmax"), "2");
}

static void
test_cpu(void **state)
{
	static const struct {
		int64_t request, limit, shares, quota;
	} rows[] = {
		{ -1, -1, 2, 0 },
		{ 0, -1, 2, 0 },
		{ 1, -1, 2, 0 },
		{ 250, -1, 256, 0 },
		{ 250, 500, 256, 50000 },
		{ -1, 1000, 1024, 100000 },
		{ 1, 5, 2, 1000 },
		{ 1000000, 1000000, 262144, 100000000 },
		{ QOS_AMOUNT_MAX, QOS_AMOUNT_MAX, 262144,
		    INT64_MAX / 100000 * 100 },
	};
	const Runtime__V1__LinuxContainerResources *r;
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < LEN(rows); i++) {
		podworld_want(f, 0, "cpu", rows[i].request);
		podworld_want(f, 1, "cpu", rows[i].limit);
		r = podworld_made(f)->linux->resources;
		assert_int_equal(r->cpu_shares, rows[i].shares);
		if (i + 1 < LEN(rows))
			assert_int_equal(r->cpu_quota, rows[i].quota);
		else
			assert_true(r->cpu_quota > 0);
		assert_int_equal(
		    r->cpu_period, rows[i].quota == 0 ? 0 : 100000);
	}
}

static void
test_memory(void **state)
{
	const Runtime__V1__LinuxContainerResources *r;
	struct fixture *f = *state;

	podworld_want(f, 1, "memory", 4096);
	r = podworld_made(f)->linux->resources;
	assert_int_equal(r->memory_limit_in_bytes, 4096);
	assert_int_equal(r->memory_swap_limit_in_bytes, 0);
	assert_int_equal(r->n_unified, 0);
	f->env.machine.swap = 1;
	r = podworld_made(f)->linux->resources;
	assert_int_equal(r->memory_swap_limit_in_bytes, 4096);
	f->env.machine.cgroup_v2 = 1;
	r = podworld_made(f)->linux->resources;
	assert_int_equal(r->memory_swap_limit_in_bytes, 0);
	assert_string_equal(
	    map_value(r->unified, r->n_unified, "memory.oom.group"), "1");
	assert_string_equal(
	    map_value(r->unified, r->n_unified, "memory.swap.max"), "0");
	f->env.machine.swap = 0;
	r = podworld_made(f)->linux->resources;
	assert_null(map_value(r->unified, r->n_unified, "memory.swap.max"));
}

static void
test_hugepages(void **state)
{
	const Runtime__V1__LinuxContainerResources *r;
	struct fixture *f = *state;

	f->env.machine.n_page_size = 2;
	(void)snprintf(f->env.machine.page_size[0], 4, "2MB");
	(void)snprintf(f->env.machine.page_size[1], 4, "1GB");
	podworld_want(f, 1, "hugepages-2Mi", 4194304);
	r = podworld_made(f)->linux->resources;
	assert_int_equal(r->n_hugepage_limits, 2);
	assert_string_equal(r->hugepage_limits[0]->page_size, "2MB");
	assert_int_equal(r->hugepage_limits[0]->limit, 4194304);
	assert_int_equal(r->hugepage_limits[1]->limit, 0);
}

static void
test_oom(void **state)
{
	/* The machine has 1000000 bytes. */
	static const struct {
		int64_t memory; /* request; -1: nothing at all */
		const char *priority;
		int64_t expect;
	} rows[] = {
		{ -1, "", 1000 },
		{ -1, "system-node-critical", -997 },
		{ -1, "system-cluster-critical", 1000 },
		{ 1, "", 999 },
		{ 500000, "", 500 },
		{ 999999, "", 3 },
		{ 2000000, "", 3 },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < LEN(rows); i++) {
		podworld_want(f, 0, "memory", rows[i].memory);
		f->pod.priority_class = TEXT(rows[i].priority);
		assert_int_equal(
		    podworld_made(f)->linux->resources->oom_score_adj,
		    rows[i].expect);
	}
}

/* A sidecar is not killed before those that it serves. */
static void
test_oom_sidecar(void **state)
{
	Tripod__Container sidecar = TRIPOD__CONTAINER__INIT;
	Tripod__Container *inits[] = { &sidecar };
	struct fixture *f = *state;

	sidecar.name = TEXT("side");
	sidecar.image = TEXT("x");
	sidecar.restart = TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS;
	f->pod.init_container = inits;
	f->pod.n_init_container = 1;
	podworld_want(f, 0, "memory", 500000);
	f->in.spec = &sidecar;
	assert_int_equal(
	    podworld_made(f)->linux->resources->oom_score_adj, 500);
	sidecar.restart = TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_AS_POD;
	assert_int_equal(
	    podworld_made(f)->linux->resources->oom_score_adj, 999);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_namespaces),
		TEST(test_users),
		TEST(test_security),
		TEST(test_privileged),
		TEST(test_profiles),
		TEST(test_groups),
		TEST(test_sysctls),
		TEST(test_cpu),
		TEST(test_memory),
		TEST(test_hugepages),
		TEST(test_oom),
		TEST(test_oom_sidecar),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
