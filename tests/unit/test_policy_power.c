/*
 * What pods may ask for: powers, and a place on this node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/admission.h"
#include "tests/unit/policyparts.h"

/* What the container asks for; the policy forbids it if told so. */
static Tripod__Security *
secure(struct parts *p)
{
	p->container[0].security = &p->security;
	return (&p->security);
}

static void
privileged(struct parts *p)
{
	secure(p)->privileged = 1;
}

static void
privileged_refused(struct parts *p)
{
	privileged(p);
	p->policy.privileged = 0;
}

static void
privileged_init(struct parts *p)
{
	static Tripod__Container init, *inits[] = { &init };

	tripod__container__init(&init);
	init.name = TEXT("init");
	init.image = TEXT("x");
	init.security = &p->security;
	p->security.privileged = 1;
	p->policy.privileged = 0;
	p->pod.init_container = inits;
	p->pod.n_init_container = 1;
}

static void
adds(struct parts *p, const char *capability)
{
	static char *list[1];

	list[0] = TEXT(capability);
	secure(p)->add_capability = list;
	secure(p)->n_add_capability = 1;
}

static void
capability(struct parts *p)
{
	adds(p, "SYS_ADMIN");
}

static void
capability_bad(struct parts *p)
{
	adds(p, "sys admin");
}

static void
capability_refused(struct parts *p)
{
	adds(p, "SYS_ADMIN");
	p->policy.capabilities.value[0] = TEXT("CHOWN");
	p->policy.capabilities.n = 1;
}

static void
capability_listed(struct parts *p)
{
	adds(p, "CAP_CHOWN");
	p->policy.capabilities.value[0] = TEXT("CHOWN");
	p->policy.capabilities.n = 1;
}

static void
unconfined(struct parts *p)
{
	p->profile.kind = TRIPOD__PROFILE__KIND__UNCONFINED;
	secure(p)->seccomp = &p->profile;
}

static void
unconfined_refused(struct parts *p)
{
	unconfined(p);
	p->policy.unconfined = 0;
}

static void
proc_refused(struct parts *p)
{
	secure(p)->unmasked_proc = 1;
	p->policy.unconfined = 0;
}

static void
profile_up(struct parts *p)
{
	p->profile.kind = TRIPOD__PROFILE__KIND__LOCALHOST;
	p->profile.localhost = TEXT("a/../../b");
	secure(p)->seccomp = &p->profile;
}

static void
apparmor(struct parts *p)
{
	p->profile.kind = TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT;
	secure(p)->apparmor = &p->profile;
}

static void
apparmor_there(struct parts *p)
{
	apparmor(p);
	p->machine.apparmor = 1;
}

static void
user_bad(struct parts *p)
{
	p->number.value = -2;
	secure(p)->run_as_user = &p->number;
}

static void
pid_refused(struct parts *p)
{
	p->pod.host_pid = 1;
	p->policy.host_pid = 0;
}

static void
ipc_refused(struct parts *p)
{
	p->pod.host_ipc = 1;
	p->policy.host_ipc = 0;
}

static void
port_of_host(struct parts *p)
{
	static Tripod__Port port, *ports[] = { &port };

	tripod__port__init(&port);
	port.container_port = 80;
	port.host_port = 8080;
	p->container[0].port = ports;
	p->container[0].n_port = 1;
}

static void
port_refused(struct parts *p)
{
	port_of_host(p);
	p->policy.host_port = 0;
}

/* Its number stands there, whether it was asked for or not. */
static void
port_said(struct parts *p)
{
	port_refused(p);
	p->pod.host_network = 1;
}

static Tripod__SELinux *
labels_of(const char *user, const char *type)
{
	static Tripod__SELinux s;

	tripod__selinux__init(&s);
	s.user = TEXT(user);
	s.type = TEXT(type);
	s.level = TEXT("s0:c1,c2");
	return (&s);
}

static void
labels_any(struct parts *p)
{
	p->security.selinux = labels_of("", "spc_t");
	p->container[0].security = &p->security;
}

static void
labels_refused(struct parts *p)
{
	labels_any(p);
	p->policy.unconfined = 0;
}

static void
labels_user(struct parts *p)
{
	p->pod_security.selinux = labels_of("system_u", "container_t");
	p->pod.security = &p->pod_security;
	p->policy.unconfined = 0;
}

static void
labels_confined(struct parts *p)
{
	p->pod_security.selinux = labels_of("", "container_t");
	p->pod.security = &p->pod_security;
	p->policy.unconfined = 0;
}

static void
users_own(struct parts *p)
{
	p->pod.user_namespace = 1;
}

static void
class_given(struct parts *p)
{
	p->pod.runtime_class = TEXT("x");
}

static void
class_known(struct parts *p)
{
	p->policy.classes.value[0] = TEXT("xy=other");
	p->policy.classes.value[1] = TEXT("x=runsc");
	p->policy.classes.n = 2;
	p->pod.runtime_class = TEXT("x");
}

static void
unsupported(struct parts *p)
{
	static char *list[] = { TEXT("spec.volumes[0].nfs") };

	p->pod.unsupported = list;
	p->pod.n_unsupported = 1;
}

static void
sysctl_set(struct parts *p, const char *name)
{
	static Tripod__KeyValue kv, *list[] = { &kv };

	tripod__key_value__init(&kv);
	kv.key = TEXT(name);
	kv.value = TEXT("1");
	p->pod.security = &p->pod_security;
	p->pod_security.sysctl = list;
	p->pod_security.n_sysctl = 1;
}

static void
sysctl_safe(struct parts *p)
{
	sysctl_set(p, "net/ipv4/tcp_syncookies");
}

static void
sysctl_unsafe(struct parts *p)
{
	sysctl_set(p, "net.core.somaxconn");
}

static void
sysctl_listed(struct parts *p)
{
	sysctl_unsafe(p);
	p->policy.sysctls.value[0] = TEXT("net.core.*");
	p->policy.sysctls.n = 1;
}

static void
sysctl_of_host(struct parts *p)
{
	sysctl_safe(p);
	p->pod.host_network = 1;
}

static void
sysctl_global(struct parts *p)
{
	sysctl_set(p, "vm.swappiness");
	p->policy.sysctls.value[0] = TEXT("*");
	p->policy.sysctls.n = 1;
}

static void
alias(struct parts *p, const char *name)
{
	static Tripod__HostAlias a, *list[] = { &a };
	static char *names[1];

	tripod__host_alias__init(&a);
	names[0] = TEXT(name);
	a.ip = TEXT("192.0.2.1");
	a.hostname = names;
	a.n_hostname = 1;
	p->pod.host_alias = list;
	p->pod.n_host_alias = 1;
}

static void
alias_good(struct parts *p)
{
	alias(p, "a.b");
}

static void
alias_lines(struct parts *p)
{
	alias(p, "a\n192.0.2.2 b");
}

static void
search_lines(struct parts *p)
{
	static char *list[] = { TEXT("a\nnameserver 192.0.2.2") };
	static Tripod__DnsConfig d;

	tripod__dns_config__init(&d);
	d.search = list;
	d.n_search = 1;
	p->pod.dns = &d;
}

static void
name_long(struct parts *p)
{
	p->pod.subdomain = TEXT("abcdefghijklmnopqrstuvwxyz");
	p->pod.namespace_ = TEXT("a-long-namespace");
	p->pod.hostname_as_fqdn = 1;
}

static void
both_directions(struct parts *p)
{
	p->mount.propagation = TRIPOD__VOLUME_MOUNT__PROPAGATION__BIDIRECTIONAL;
}

static void
both_directions_privileged(struct parts *p)
{
	both_directions(p);
	privileged(p);
}

static void
recursive_writable(struct parts *p)
{
	p->mount.recursive_read_only = TRIPOD__VOLUME_MOUNT__RECURSIVE__ENABLED;
}

static void
amount_bad(struct parts *p)
{
	static Tripod__Resource r, *list[] = { &r };
	static Tripod__Resources all;

	tripod__resource__init(&r);
	tripod__resources__init(&all);
	r.name = TEXT("cpu");
	r.amount = INT64_MAX;
	all.limit = list;
	all.n_limit = 1;
	p->container[0].resources = &all;
}

static void
os_other(struct parts *p)
{
	p->pod.os = TEXT("windows");
}

static void
selector(struct parts *p, const char *key, const char *value)
{
	static Tripod__KeyValue kv, *list[] = { &kv };

	tripod__key_value__init(&kv);
	kv.key = TEXT(key);
	kv.value = TEXT(value);
	p->pod.node_selector = list;
	p->pod.n_node_selector = 1;
}

static void
selector_host(struct parts *p)
{
	selector(p, "kubernetes.io/hostname", "node");
}

static void
selector_other(struct parts *p)
{
	selector(p, "kubernetes.io/hostname", "other");
}

static void
selector_label(struct parts *p)
{
	selector(p, "zone", "a");
	p->policy.labels.value[0] = TEXT("zone=a");
	p->policy.labels.n = 1;
}

/* A required term about the label "zone", which is 5 here. */
static void
term(struct parts *p, Tripod__NodeRequirement__Operator op, const char *value)
{
	static Tripod__NodeTerm t, *terms[] = { &t };
	static Tripod__NodeRequirement r, *list[] = { &r };
	static char *values[1];

	tripod__node_term__init(&t);
	tripod__node_requirement__init(&r);
	values[0] = TEXT(value);
	r.key = TEXT("zone");
	r.operator_ = op;
	r.value = values;
	r.n_value = 1;
	t.label = list;
	t.n_label = 1;
	p->pod.node_term = terms;
	p->pod.n_node_term = 1;
	p->policy.labels.value[0] = TEXT("zone=5");
	p->policy.labels.n = 1;
}

#define OPERATOR(name) TRIPOD__NODE_REQUIREMENT__OPERATOR__##name

static void
test_terms(void **state)
{
	static const struct {
		Tripod__NodeRequirement__Operator op;
		const char *value;
		int fits;
	} rows[] = {
		{ OPERATOR(IN), "5", 1 },
		{ OPERATOR(IN), "6", 0 },
		{ OPERATOR(NOT_IN), "5", 0 },
		{ OPERATOR(NOT_IN), "6", 1 },
		{ OPERATOR(EXISTS), "", 1 },
		{ OPERATOR(DOES_NOT_EXIST), "", 0 },
		{ OPERATOR(GT), "4", 1 },
		{ OPERATOR(GT), "5", 0 },
		{ OPERATOR(GT), "x", 0 },
		{ OPERATOR(LT), "6", 1 },
		{ OPERATOR(LT), "5", 0 },
	};
	struct parts p;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		parts_init(&p);
		term(&p, rows[i].op, rows[i].value);
		if ((policy_check(&p.policy, &p.pod, &err) == 0) !=
		    rows[i].fits)
			fail_msg("row %zu", i);
	}
}

static void
test_ports(void **state)
{
	static const struct {
		int32_t port;
		Tripod__Port__Protocol protocol;
		const char *ip, *other_ip;
		int clash;
	} rows[] = {
		{ 80, TRIPOD__PORT__PROTOCOL__TCP, "", "", 1 },
		{ 81, TRIPOD__PORT__PROTOCOL__TCP, "", "", 0 },
		{ 0, TRIPOD__PORT__PROTOCOL__TCP, "", "", 0 },
		{ 80, TRIPOD__PORT__PROTOCOL__UDP, "", "", 0 },
		{ 80, TRIPOD__PORT__PROTOCOL__TCP, "192.0.2.1", "192.0.2.2",
		    0 },
		{ 80, TRIPOD__PORT__PROTOCOL__TCP, "192.0.2.1", "0.0.0.0", 1 },
	};
	Tripod__Port port[2], *ports[2][1];
	struct parts p[2];
	struct err err;
	size_t i, j;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		for (j = 0; j < 2; j++) {
			parts_init(&p[j]);
			tripod__port__init(&port[j]);
			port[j].container_port = 1;
			ports[j][0] = &port[j];
			p[j].container[0].port = ports[j];
			p[j].container[0].n_port = 1;
		}
		port[0].host_port = 80;
		port[0].host_ip = TEXT(rows[i].other_ip);
		port[1].host_port = rows[i].port;
		port[1].protocol = rows[i].protocol;
		port[1].host_ip = TEXT(rows[i].ip);
		if ((admission_ports(&p[1].pod, &p[0].pod, &err) == -1) !=
		    rows[i].clash)
			fail_msg("row %zu", i);
	}
}

static void
test_rules(void **state)
{
	static const struct policy_row rows[] = {
		{ privileged, NULL },
		{ privileged_refused, "privileged is not allowed" },
		{ privileged_init, "privileged is not allowed" },
		{ capability, NULL },
		{ capability_bad, "bad capability" },
		{ capability_refused, "SYS_ADMIN is not allowed" },
		{ capability_listed, NULL },
		{ unconfined, NULL },
		{ unconfined_refused, "unconfined seccomp" },
		{ proc_refused, "procMount" },
		{ profile_up, "bad name of a seccomp profile" },
		{ apparmor, "AppArmor: " },
		{ apparmor_there, NULL },
		{ user_bad, "bad user" },
		{ pid_refused, "hostPID is not allowed" },
		{ ipc_refused, "hostIPC is not allowed" },
		{ port_of_host, NULL },
		{ port_refused, "host port 8080 is not allowed" },
		{ port_said, NULL },
		{ labels_any, NULL },
		{ labels_refused, "SELinux options are not" },
		{ labels_user, "SELinux options are not" },
		{ labels_confined, NULL },
		{ users_own, "hostUsers" },
		{ class_given, "runtimeClassName: x is not allowed" },
		{ class_known, NULL },
		{ unsupported, "not supported: spec.volumes[0].nfs" },
		{ sysctl_safe, NULL },
		{ sysctl_unsafe, "SysctlForbidden: " },
		{ sysctl_listed, NULL },
		{ sysctl_of_host, "SysctlForbidden: " },
		{ sysctl_global, "SysctlForbidden: " },
		{ alias_good, NULL },
		{ alias_lines, "bad host alias" },
		{ search_lines, "bad search domain" },
		{ name_long, "setHostnameAsFQDN" },
		{ both_directions, "privileged" },
		{ both_directions_privileged, NULL },
		{ recursive_writable, "recursiveReadOnly" },
		{ amount_bad, "bad amount of cpu" },
		{ os_other, "PodOSNotSupported: " },
		{ selector_host, NULL },
		{ selector_other, "NodeAffinity: " },
		{ selector_label, NULL },
	};

	(void)state;
	policy_rows(rows, LEN(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_ports),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
