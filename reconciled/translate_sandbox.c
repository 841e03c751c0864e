/*
 * The configuration of a sandbox (runtime.md 3).
 */
#include <stdlib.h>
#include <string.h>

#include "reconciled/translate_parts.h"

#define HOSTNAME_MAX 63 /* of one part */

/* Dashes separate the parts of a slice's name, so they are escaped. */
static char *
slice_escape(struct arena *a, const char *uid)
{
	char *s = must_strdup(a, uid), *p;

	for (p = s; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	return (s);
}

char *
translate_cgroup(struct arena *a, const struct translate_env *env,
    const struct pod *p, enum qos qos)
{
	const char *c = qos_folder(qos), *root = env->cgroup_root;

	if (env->systemd_cgroups && qos == QOS_GUARANTEED)
		return (must_printf(a, "kubepods.slice/kubepods-pod%s.slice",
		    slice_escape(a, p->uid)));
	if (env->systemd_cgroups)
		return (must_printf(a,
		    "kubepods.slice/kubepods-%s.slice/kubepods-%s-pod%s.slice",
		    c, c, slice_escape(a, p->uid)));
	return (must_printf(a, "%s%skubepods/%s%spod%s", root,
	    root[0] == '\0' ? "" : "/", c, c[0] == '\0' ? "" : "/", p->uid));
}

/* A host name out of a pod's name: at most 63 bytes. */
static char *
short_name(struct arena *a, const char *name)
{
	char *s = must_strdup(a, name);
	size_t n = strlen(s);

	if (n > HOSTNAME_MAX)
		n = HOSTNAME_MAX;
	while (n > 0 && (s[n - 1] == '-' || s[n - 1] == '.'))
		n--;
	s[n] = '\0';
	return (s);
}

void
translate_hostname(struct arena *a, const struct translate_env *env,
    const struct pod *p, char **name, char **domain)
{
	const Tripod__Pod *pod = p->definition->pod;
	const char *cluster = env->dns.domain;

	*domain = must_strdup(a, "");
	if (pod->hostname_override[0] != '\0') {
		*name = short_name(a, pod->hostname_override);
		return;
	}
	*name = short_name(
	    a, pod->hostname[0] != '\0' ? pod->hostname : p->name);
	if (pod->subdomain[0] != '\0')
		*domain = must_printf(a, "%s.%s.svc%s%s", pod->subdomain,
		    p->namespace_, cluster[0] == '\0' ? "" : ".", cluster);
}

/* The kernel's name: with the domain only if that is asked for. */
static char *
sandbox_hostname(
    struct arena *a, const struct translate_env *env, const struct pod *p)
{
	char *name, *domain;

	if (p->definition->pod->host_network)
		return (must_strdup(a, "")); /* the node's */
	translate_hostname(a, env, p, &name, &domain);
	if (!p->definition->pod->hostname_as_fqdn || domain[0] == '\0')
		return (name);
	return (must_printf(a, "%s.%s", name, domain));
}

static void
sandbox_labels(
    Runtime__V1__PodSandboxConfig *c, struct arena *a, const struct pod *p)
{
	const Tripod__Pod *pod = p->definition->pod;
	struct map m;
	size_t i;

	m = map_new(a,
	    &runtime__v1__pod_sandbox_config__labels_entry__descriptor,
	    pod->n_label + 4);
	for (i = 0; i < pod->n_label; i++)
		map_set(&m, pod->label[i]->key, pod->label[i]->value);
	map_set(&m, LABEL_POD_NAME, p->name);
	map_set(&m, LABEL_POD_NAMESPACE, p->namespace_);
	map_set(&m, LABEL_POD_UID, p->uid);
	map_set(&m, LABEL_MANAGED, LABEL_MANAGED_VALUE);
	c->labels = (void *)m.entry;
	c->n_labels = m.n;
}

struct map
translate_annotations(struct arena *a, const struct pod *p, size_t more)
{
	const Tripod__Pod *pod = p->definition->pod;
	char seen[RFC3339_MAX];
	struct map m;
	size_t i;

	m = map_new(a,
	    &runtime__v1__pod_sandbox_config__annotations_entry__descriptor,
	    pod->n_annotation + 3 + more);
	for (i = 0; i < pod->n_annotation; i++)
		map_set(&m, pod->annotation[i]->key, pod->annotation[i]->value);
	rfc3339_nano(seen, p->seen_ns);
	map_set(&m, ANNOTATION_HASH, pod->hash);
	map_set(&m, ANNOTATION_SOURCE, "file");
	map_set(&m, ANNOTATION_SEEN, seen);
	return (m);
}

static void
sandbox_annotations(
    Runtime__V1__PodSandboxConfig *c, struct arena *a, const struct pod *p)
{
	const Tripod__Pod *pod = p->definition->pod;
	struct map m;

	m = translate_annotations(a, p, 3);
	map_set(&m, ANNOTATION_FILE, p->file);
	map_set_number(&m, ANNOTATION_GRACE, pod->grace_seconds);
	map_set(&m, ANNOTATION_HOST_NETWORK, pod->host_network ? "1" : "0");
	c->annotations = (void *)m.entry;
	c->n_annotations = m.n;
}

/* With '/' as the first separator, the two change places (3.6). */
char *
translate_sysctl(struct arena *a, const char *name)
{
	char *s = must_strdup(a, name), *p;

	if (s[strcspn(s, "./")] != '/')
		return (s);
	for (p = s; *p != '\0'; p++)
		if (*p == '/')
			*p = '.';
		else if (*p == '.')
			*p = '/';
	return (s);
}

static void
set_sysctls(Runtime__V1__LinuxPodSandboxConfig *l, struct arena *a,
    const Tripod__PodSecurity *from)
{
	struct map m;
	size_t i;

	if (from == NULL || from->n_sysctl == 0)
		return;
	m = map_new(a,
	    &runtime__v1__linux_pod_sandbox_config__sysctls_entry__descriptor,
	    from->n_sysctl);
	for (i = 0; i < from->n_sysctl; i++)
		map_set(&m, translate_sysctl(a, from->sysctl[i]->key),
		    from->sysctl[i]->value);
	l->sysctls = (void *)m.entry;
	l->n_sysctls = m.n;
}

static Runtime__V1__LinuxPodSandboxConfig *
sandbox_linux(
    struct arena *a, const struct translate_env *env, const struct pod *p)
{
	const Tripod__Pod *pod = p->definition->pod;
	Runtime__V1__LinuxPodSandboxConfig *l;

	l = message_new(a, &runtime__v1__linux_pod_sandbox_config__descriptor);
	l->security_context = sandbox_security(a, env, pod);
	l->resources = sandbox_resources(a, pod);
	l->overhead = sandbox_overhead(a, pod);
	l->cgroup_parent = must_printf(
	    a, "/%s", translate_cgroup(a, env, p, qos_of(pod)));
	set_sysctls(l, a, pod->security);
	return (l);
}

/* A port and its place in the manifest. */
struct place {
	const Tripod__Port *port;
	size_t i;
};

static int
compare_ports(const Tripod__Port *p, const Tripod__Port *q)
{
	if (p->name[0] != '\0' || q->name[0] != '\0')
		return (strcmp(p->name, q->name));
	if (p->protocol != q->protocol)
		return (p->protocol < q->protocol ? -1 : 1);
	if (p->container_port != q->container_port)
		return (p->container_port < q->container_port ? -1 : 1);
	if (p->host_port != q->host_port)
		return (p->host_port < q->host_port ? -1 : 1);
	return (strcmp(p->host_ip, q->host_ip));
}

/* The same ones by their places. */
static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int rc = compare_ports(x->port, y->port);

	return (rc != 0 ? rc : x->i < y->i ? -1 : 1);
}

/* Which ports of a container are there before; in the arena. */
static char *
repeated_ports(struct arena *a, const Tripod__Container *c)
{
	struct place *place = must_alloc(a, c->n_port, sizeof(*place));
	char *repeated = must_alloc(a, c->n_port, 1);
	size_t i;

	for (i = 0; i < c->n_port; i++)
		place[i] = (struct place){ c->port[i], i };
	if (c->n_port > 0)
		qsort(place, c->n_port, sizeof(*place), compare_places);
	for (i = 1; i < c->n_port; i++)
		repeated[place[i].i] = compare_ports(place[i - 1].port,
					   place[i].port) == 0;
	return (repeated);
}

static Runtime__V1__PortMapping *
port_mapping(struct arena *a, const Tripod__Port *port)
{
	Runtime__V1__PortMapping *m;

	m = message_new(a, &runtime__v1__port_mapping__descriptor);
	m->protocol = (Runtime__V1__Protocol)port->protocol;
	m->container_port = port->container_port;
	m->host_port = port->host_port;
	m->host_ip = port->host_ip;
	return (m);
}

/* Every declared port; those without a host port are ignored there. */
static void
sandbox_ports(
    Runtime__V1__PodSandboxConfig *c, struct arena *a, const Tripod__Pod *pod)
{
	const Tripod__Container *from;
	const char *repeated;
	size_t i, j, n = 0;

	for (i = 0; i < pod->n_container; i++)
		n += pod->container[i]->n_port;
	c->port_mappings = must_alloc(a, n, sizeof(*c->port_mappings));
	for (i = 0; i < pod->n_container; i++) {
		from = pod->container[i];
		repeated = repeated_ports(a, from);
		for (j = 0; j < from->n_port; j++)
			if (!repeated[j])
				c->port_mappings[c->n_port_mappings++] =
				    port_mapping(a, from->port[j]);
	}
}

static void
sandbox_dns(Runtime__V1__PodSandboxConfig *c, struct arena *a,
    const struct translate_env *env, const Tripod__Pod *pod)
{
	struct dns_config d;

	dns_config(a, &env->dns, pod, &d);
	c->dns_config = message_new(a, &runtime__v1__dnsconfig__descriptor);
	c->dns_config->servers = d.server.value;
	c->dns_config->n_servers = d.server.n;
	c->dns_config->searches = d.search.value;
	c->dns_config->n_searches = d.search.n;
	c->dns_config->options = d.option.value;
	c->dns_config->n_options = d.option.n;
}

Runtime__V1__PodSandboxConfig *
translate_sandbox(struct arena *a, const struct translate_env *env,
    const struct pod *p, uint32_t attempt)
{
	const Tripod__Pod *pod = p->definition->pod;
	Runtime__V1__PodSandboxConfig *c;

	c = message_new(a, &runtime__v1__pod_sandbox_config__descriptor);
	c->metadata = message_new(
	    a, &runtime__v1__pod_sandbox_metadata__descriptor);
	c->metadata->name = p->name;
	c->metadata->namespace_ = p->namespace_;
	c->metadata->uid = p->uid;
	c->metadata->attempt = attempt;
	c->hostname = sandbox_hostname(a, env, p);
	c->log_directory = must_printf(
	    a, "%s/%s", env->pod_logs, translate_log_folder(a, p));
	sandbox_dns(c, a, env, pod);
	sandbox_ports(c, a, pod);
	sandbox_labels(c, a, p);
	sandbox_annotations(c, a, p);
	c->linux = sandbox_linux(a, env, p);
	return (c);
}
