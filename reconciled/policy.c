#include "reconciled/policy.h"

#include <string.h>

#include "common/name.h"
#include "reconciled/admission.h"
#include "reconciled/dns.h"
#include "reconciled/qos.h"
#include "reconciled/spec.h"

#define VOLUMES_MAX 256
#define GROUPS_MAX 64
#define FULL_NAME_MAX 64 /* of sethostname(2) */
#define SHORT_NAME_MAX 63
#define SEARCH_MAX 253
#define ANNOTATIONS_MAX (256 * 1024) /* bytes, as in the API */

int
policy_amounts(Tripod__Resource *const *list, size_t n, struct err *err)
{
	size_t i;

	if (n > POLICY_LIST_MAX)
		return (err_set(err, "too many resources"));
	for (i = 0; i < n; i++)
		if (list[i]->amount < 0 || list[i]->amount > QOS_AMOUNT_MAX)
			return (
			    err_set(err, "bad amount of %s", list[i]->name));
	return (0);
}

int
policy_is_word(const char *s)
{
	if (*s == '\0')
		return (0);
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return (0);
	return (1);
}

/* Absolute, and no component is "..". */
static int
path_is_plain(const char *path)
{
	const char *p = path;

	if (*p != '/')
		return (0);
	while (*p != '\0') {
		while (*p == '/')
			p++;
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
			return (0);
		p += strcspn(p, "/");
	}
	return (1);
}

/* Whether path is prefix or lies below it. */
static int
path_is_below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	while (n > 0 && prefix[n - 1] == '/')
		n--;
	return (strncmp(path, prefix, n) == 0 &&
	    (path[n] == '/' || path[n] == '\0'));
}

static int
check_host_path(
    const struct policy *policy, const Tripod__Volume *v, struct err *err)
{
	const char *path = v->host_path->path;
	size_t i;

	if (!path_is_plain(path))
		return (err_set(err,
		    "volume %s: path must be absolute and "
		    "without \"..\"",
		    v->name));
	if (strlen(path) >= PATH_MAX)
		return (err_set(err, "volume %s: path is too long", v->name));
	if (policy->host_paths.n == 0)
		return (0);
	for (i = 0; i < policy->host_paths.n; i++)
		if (path_is_below(path, policy->host_paths.value[i]))
			return (0);
	return (err_set(err,
	    "volume %s: host path %s is not allowed by "
	    "reconciled.conf",
	    v->name, path));
}

/* Relative, every part a name, and none that the writer uses itself. */
static int
is_file_path(const char *path)
{
	size_t len;

	if (strncmp(path, "..", 2) == 0)
		return (0);
	for (;; path += len + 1) {
		len = strcspn(path, "/");
		if (len == 0 || !name_is_file(path, len))
			return (0);
		if (path[len] == '\0')
			return (1);
	}
}

static int
check_downward(const Tripod__Volume *v, struct err *err)
{
	const Tripod__DownwardFile *f;
	size_t i;

	if (v->downward->n_file > POLICY_LIST_MAX)
		return (err_set(err, "volume %s: too many files", v->name));
	for (i = 0; i < v->downward->n_file; i++) {
		f = v->downward->file[i];
		if (!is_file_path(f->path) || (f->mode & ~0777) != 0 ||
		    (f->field == NULL) == (f->resource == NULL) ||
		    (f->resource != NULL && f->resource->divisor < 1))
			return (err_set(
			    err, "volume %s: bad file %s", v->name, f->path));
	}
	return (0);
}

static int
check_volume(
    const struct policy *policy, const Tripod__Volume *v, struct err *err)
{
	if (!name_is_label(v->name))
		return (err_set(err, "bad volume name"));
	switch (v->source_case) {
	case TRIPOD__VOLUME__SOURCE_HOST_PATH:
		return (check_host_path(policy, v, err));
	case TRIPOD__VOLUME__SOURCE_EMPTY_DIR:
		return (0);
	case TRIPOD__VOLUME__SOURCE_DOWNWARD:
		return (check_downward(v, err));
	case TRIPOD__VOLUME__SOURCE_IMAGE:
		return (err_set(
		    err, "volume %s: its kind is not supported", v->name));
	case TRIPOD__VOLUME__SOURCE__NOT_SET:
	case _TRIPOD__VOLUME__SOURCE__CASE_IS_INT_SIZE:
		break;
	}
	return (err_set(err, "volume %s: no source", v->name));
}

static int
check_volumes(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	size_t i, j;

	if (pod->n_volume > VOLUMES_MAX)
		return (err_set(err, "more than %d volumes", VOLUMES_MAX));
	for (i = 0; i < pod->n_volume; i++) {
		if (check_volume(policy, pod->volume[i], err) == -1)
			return (-1);
		for (j = 0; j < i; j++)
			if (strcmp(pod->volume[j]->name,
				pod->volume[i]->name) == 0)
				return (err_set(err, "volume %s: named twice",
				    pod->volume[i]->name));
	}
	return (0);
}

static size_t
count_sub_paths(const Tripod__Container *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->n_mount; i++)
		n += c->mount[i]->sub_path[0] != '\0' ||
		    c->mount[i]->sub_path_expr[0] != '\0';
	return (n);
}

static int
check_containers(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	const Tripod__Container *c;
	size_t i, n = spec_count(pod), paths = 0;

	if (pod->n_container == 0 || n > POD_CONTAINERS_MAX)
		return (err_set(
		    err, "must have 1 to %d containers", POD_CONTAINERS_MAX));
	for (i = 0; i < n; i++) {
		c = spec_container(pod, i);
		if (!name_is_label(c->name))
			return (err_set(err, "bad container name"));
		if (spec_find(pod, c->name) != i)
			return (
			    err_set(err, "container %s: named twice", c->name));
		if (policy_container(policy, pod, c, err) == -1)
			return (err_prefix(err, "container %s", c->name));
		paths += count_sub_paths(c);
	}
	if (paths > POLICY_SUB_PATHS_MAX)
		return (err_set(err, "more than %d mounts with a sub-path",
		    POLICY_SUB_PATHS_MAX));
	return (0);
}

/* Each file about the pod may have all of them. */
static int
annotations_fit(const Tripod__Pod *pod)
{
	size_t i, bytes = 0;

	for (i = 0; i < pod->n_annotation; i++)
		bytes += strlen(pod->annotation[i]->key) +
		    strlen(pod->annotation[i]->value);
	return (
	    pod->n_annotation <= POLICY_LIST_MAX && bytes <= ANNOTATIONS_MAX);
}

static int
check_identity(const Tripod__Pod *pod, struct err *err)
{
	if (!name_is_subdomain(pod->name))
		return (err_set(err, "bad pod name"));
	if (!name_is_label(pod->namespace_))
		return (err_set(err, "bad namespace"));
	if (!name_is_uid(pod->uid) || !name_is_uid(pod->hash))
		return (err_set(err, "bad uid or hash"));
	if (pod->n_label > POLICY_LIST_MAX || !annotations_fit(pod))
		return (err_set(err, "too many labels or annotations"));
	return (0);
}

/* Length of NAME.SUBDOMAIN.NAMESPACE.svc.CLUSTER, as the kernel gets it. */
static size_t
full_name_length(const struct policy *policy, const Tripod__Pod *pod)
{
	const char *name = pod->hostname[0] != '\0' ? pod->hostname : pod->name;
	size_t n = strlen(name), cluster = strlen(policy->cluster_domain);

	if (n > SHORT_NAME_MAX)
		n = SHORT_NAME_MAX;
	return (n + 1 + strlen(pod->subdomain) + 1 + strlen(pod->namespace_) +
	    strlen(".svc") + (cluster > 0 ? 1 + cluster : 0));
}

static int
check_hostname(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	if (pod->hostname[0] != '\0' && !name_is_label(pod->hostname))
		return (err_set(err, "bad host name"));
	if (pod->subdomain[0] != '\0' && !name_is_label(pod->subdomain))
		return (err_set(err, "bad subdomain"));
	if (pod->hostname_override[0] != '\0' &&
	    (pod->host_network || pod->hostname_as_fqdn ||
		!name_is_subdomain(pod->hostname_override) ||
		strlen(pod->hostname_override) > FULL_NAME_MAX))
		return (err_set(err, "bad hostnameOverride"));
	if (pod->hostname_as_fqdn && pod->subdomain[0] != '\0' &&
	    full_name_length(policy, pod) > FULL_NAME_MAX)
		return (err_set(err,
		    "setHostnameAsFQDN: the name is longer than %d bytes",
		    FULL_NAME_MAX));
	return (0);
}

/* What becomes lines of /etc/hosts and /etc/resolv.conf. */
static int
check_names(const Tripod__Pod *pod, struct err *err)
{
	const Tripod__DnsConfig *d = pod->dns;
	size_t i, j;

	if (pod->n_host_alias > POLICY_LIST_MAX)
		return (err_set(err, "too many host aliases"));
	for (i = 0; i < pod->n_host_alias; i++) {
		if (!dns_is_address(pod->host_alias[i]->ip))
			return (err_set(err, "bad address of a host alias"));
		if (pod->host_alias[i]->n_hostname > POLICY_LIST_MAX)
			return (err_set(err, "too many host aliases"));
		for (j = 0; j < pod->host_alias[i]->n_hostname; j++)
			if (!name_is_subdomain(pod->host_alias[i]->hostname[j]))
				return (err_set(err, "bad host alias"));
	}
	if (d == NULL)
		return (0);
	if (d->n_nameserver > POLICY_LIST_MAX ||
	    d->n_search > POLICY_LIST_MAX || d->n_option > POLICY_LIST_MAX)
		return (err_set(err, "dnsConfig is too long"));
	for (i = 0; i < d->n_nameserver; i++)
		if (!dns_is_address(d->nameserver[i]))
			return (err_set(err, "bad name server"));
	for (i = 0; i < d->n_search; i++)
		if (!policy_is_word(d->search[i]) ||
		    strlen(d->search[i]) > SEARCH_MAX)
			return (err_set(err, "bad search domain"));
	for (i = 0; i < d->n_option; i++)
		if (!policy_is_word(d->option[i]->key) ||
		    (d->option[i]->value[0] != '\0' &&
			!policy_is_word(d->option[i]->value)))
			return (err_set(err, "bad resolver option"));
	return (0);
}

const char *
policy_handler(const struct policy *policy, const char *name)
{
	size_t i, len = strlen(name);
	const char *class;

	if (len == 0)
		return ("");
	for (i = 0; i < policy->classes.n; i++) {
		class = policy->classes.value[i];
		if (strncmp(class, name, len) == 0 && class[len] == '=')
			return (class + len + 1);
	}
	return (NULL);
}

/* Namespaces of the host. */
static int
check_host(const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	const struct {
		int wanted, allowed;
		const char *what;
	} rules[] = {
		{ pod->host_network, policy->host_network, "hostNetwork" },
		{ pod->host_pid, policy->host_pid, "hostPID" },
		{ pod->host_ipc, policy->host_ipc, "hostIPC" },
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].wanted && !rules[i].allowed)
			return (
			    err_set(err, "%s is not allowed by reconciled.conf",
				rules[i].what));
	if (pod->host_pid && pod->share_process_namespace)
		return (
		    err_set(err, "shareProcessNamespace contradicts hostPID"));
	if (pod->user_namespace)
		return (err_set(err, "hostUsers: false is not supported"));
	if (policy_handler(policy, pod->runtime_class) == NULL)
		return (err_set(err,
		    "runtimeClassName: %s is not allowed by "
		    "reconciled.conf",
		    pod->runtime_class));
	return (0);
}

/* The same name in the kernel's form; false if it is none. */
static int
sysctl_form(char buf[static SEARCH_MAX + 1], const char *name)
{
	const int swapped = name[strcspn(name, "./")] == '/';
	size_t i, n = strlen(name);

	if (n == 0 || n > SEARCH_MAX || !policy_is_word(name) ||
	    strstr(name, "..") != NULL)
		return (0);
	for (i = 0; i <= n; i++) {
		buf[i] = name[i];
		if (swapped && name[i] == '/')
			buf[i] = '.';
		else if (swapped && name[i] == '.')
			buf[i] = '/';
	}
	return (1);
}

static int
sysctl_matches(const char *name, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return (strncmp(name, pattern, n - 1) == 0);
	return (strcmp(name, pattern) == 0);
}

static int
sysctl_is_allowed(const struct policy *policy, const char *name)
{
	static const char *const safe[] = { "kernel.shm_rmid_forced",
		"net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
		"net.ipv4.ping_group_range",
		"net.ipv4.ip_unprivileged_port_start",
		"net.ipv4.ip_local_reserved_ports",
		"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_keepalive_intvl",
		"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_fin_timeout",
		"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem" };
	size_t i;

	for (i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (strcmp(name, safe[i]) == 0)
			return (1);
	for (i = 0; i < policy->sysctls.n; i++)
		if (sysctl_matches(name, policy->sysctls.value[i]))
			return (1);
	return (0);
}

/* Of a namespace that the pod has for itself. */
static int
sysctl_is_own(const Tripod__Pod *pod, const char *name)
{
	static const char *const ipc[] = { "kernel.shm*", "kernel.msg*",
		"kernel.sem", "fs.mqueue.*" };
	size_t i;

	if (strncmp(name, "net.", 4) == 0)
		return (!pod->host_network);
	for (i = 0; i < sizeof(ipc) / sizeof(ipc[0]); i++)
		if (sysctl_matches(name, ipc[i]))
			return (!pod->host_ipc);
	return (0);
}

static int
check_sysctls(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	const Tripod__PodSecurity *s = pod->security;
	char name[SEARCH_MAX + 1];
	const char *value;
	size_t i;

	if (s->n_sysctl > POLICY_LIST_MAX)
		return (err_set(err, "too many sysctls"));
	for (i = 0; i < s->n_sysctl; i++) {
		value = s->sysctl[i]->value;
		if (!sysctl_form(name, s->sysctl[i]->key) ||
		    strpbrk(value, "\n\r") != NULL)
			return (err_set(err, "SysctlForbidden: bad sysctl"));
		if (!sysctl_is_own(pod, name))
			return (err_set(err,
			    "SysctlForbidden: %s does not belong to the pod "
			    "alone",
			    name));
		if (!sysctl_is_allowed(policy, name))
			return (err_set(err,
			    "SysctlForbidden: %s is not allowed by "
			    "reconciled.conf",
			    name));
	}
	return (0);
}

static int
is_id(int64_t n)
{
	return (n >= 0 && n <= INT32_MAX);
}

static int
check_security(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	const Tripod__PodSecurity *s = pod->security;
	size_t i;

	if (s == NULL)
		return (0);
	if ((s->run_as_user != NULL && !is_id(s->run_as_user->value)) ||
	    (s->run_as_group != NULL && !is_id(s->run_as_group->value)) ||
	    (s->fs_group != NULL && !is_id(s->fs_group->value)) ||
	    s->n_supplemental_group > GROUPS_MAX)
		return (err_set(err, "bad user or group"));
	for (i = 0; i < s->n_supplemental_group; i++)
		if (!is_id(s->supplemental_group[i]))
			return (err_set(err, "bad supplemental group"));
	if (policy_selinux(policy, s->selinux, err) == -1)
		return (-1);
	return (check_sysctls(policy, pod, err));
}

static int
check_resources(const Tripod__Pod *pod, struct err *err)
{
	const Tripod__Resources *r = pod->resources;

	if (r != NULL &&
	    (policy_amounts(r->limit, r->n_limit, err) == -1 ||
		policy_amounts(r->request, r->n_request, err) == -1))
		return (-1);
	return (policy_amounts(pod->overhead, pod->n_overhead, err));
}

int
policy_check(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	if (check_identity(pod, err) == -1)
		return (-1);
	if (pod->n_unsupported > 0)
		return (err_set(err, "asks for what is not supported: %s",
		    pod->unsupported[0]));
	if (pod->grace_seconds < 0 || pod->grace_seconds > POLICY_GRACE_MAX)
		return (err_set(err, "bad terminationGracePeriodSeconds"));
	if (pod->active_deadline_seconds < 0 ||
	    pod->active_deadline_seconds > INT32_MAX)
		return (err_set(err, "bad activeDeadlineSeconds"));
	if (check_hostname(policy, pod, err) == -1 ||
	    check_host(policy, pod, err) == -1 || check_names(pod, err) == -1 ||
	    check_security(policy, pod, err) == -1 ||
	    check_resources(pod, err) == -1 ||
	    check_volumes(policy, pod, err) == -1 ||
	    check_containers(policy, pod, err) == -1)
		return (-1);
	return (admission_check(policy, pod, err));
}
