/*
 * Security contexts (runtime.md 3.4, 4.10).
 */
#include <string.h>

#include "reconciled/translate_parts.h"

#define CPUS_MASKED_MAX 1024

/* Their generated names are longer than a line. */
#define AS_RUNTIME RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__RuntimeDefault
#define UNCONFINED RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Unconfined
#define LOCAL RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Localhost

static const char *const masked[] = { "/proc/asound", "/proc/acpi",
	"/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap" };
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq",
	"/proc/sys", "/proc/sysrq-trigger" };

#define NMASKED (sizeof(masked) / sizeof(masked[0]))
#define NREADONLY (sizeof(readonly) / sizeof(readonly[0]))

/* A container that says nothing. */
static const Tripod__Security no_security = TRIPOD__SECURITY__INIT;

static const Tripod__Security *
security_of(const Tripod__Container *c)
{
	return (c->security != NULL ? c->security : &no_security);
}

static Runtime__V1__NamespaceOption *
namespaces(struct arena *a, const Tripod__Pod *pod)
{
	Runtime__V1__NamespaceOption *n;

	n = message_new(a, &runtime__v1__namespace_option__descriptor);
	n->network = pod->host_network ? RUNTIME__V1__NAMESPACE_MODE__NODE
				       : RUNTIME__V1__NAMESPACE_MODE__POD;
	n->ipc = pod->host_ipc ? RUNTIME__V1__NAMESPACE_MODE__NODE
			       : RUNTIME__V1__NAMESPACE_MODE__POD;
	n->pid = RUNTIME__V1__NAMESPACE_MODE__CONTAINER;
	if (pod->host_pid)
		n->pid = RUNTIME__V1__NAMESPACE_MODE__NODE;
	else if (pod->share_process_namespace)
		n->pid = RUNTIME__V1__NAMESPACE_MODE__POD;
	return (n);
}

static Runtime__V1__Int64Value *
number(struct arena *a, int64_t value)
{
	Runtime__V1__Int64Value *v;

	v = message_new(a, &runtime__v1__int64_value__descriptor);
	v->value = value;
	return (v);
}

static Runtime__V1__Int64Value *
number_if(struct arena *a, const Tripod__Number *from)
{
	return (from == NULL ? NULL : number(a, from->value));
}

static Runtime__V1__SELinuxOption *
selinux(struct arena *a, const Tripod__SELinux *from)
{
	Runtime__V1__SELinuxOption *o;

	if (from == NULL)
		return (NULL);
	o = message_new(a, &runtime__v1__selinux_option__descriptor);
	o->user = from->user;
	o->role = from->role;
	o->type = from->type;
	o->level = from->level;
	return (o);
}

/* fsGroup comes first. */
static int64_t *
groups(struct arena *a, const Tripod__PodSecurity *from, size_t *n)
{
	int64_t *list;
	size_t i;

	*n = 0;
	if (from == NULL)
		return (NULL);
	list = must_alloc(a, from->n_supplemental_group + 1, sizeof(*list));
	if (from->fs_group != NULL)
		list[(*n)++] = from->fs_group->value;
	for (i = 0; i < from->n_supplemental_group; i++)
		list[(*n)++] = from->supplemental_group[i];
	return (list);
}

static Runtime__V1__SupplementalGroupsPolicy
groups_policy(const Tripod__PodSecurity *from)
{
	return (from != NULL && from->supplemental_groups_strict
		? RUNTIME__V1__SUPPLEMENTAL_GROUPS_POLICY__Strict
		: RUNTIME__V1__SUPPLEMENTAL_GROUPS_POLICY__Merge);
}

static Runtime__V1__SecurityProfile *
profile(struct arena *a, Runtime__V1__SecurityProfile__ProfileType type)
{
	Runtime__V1__SecurityProfile *s;

	s = message_new(a, &runtime__v1__security_profile__descriptor);
	s->profile_type = type;
	return (s);
}

/* NULL when nothing is wanted; ref is what a local one is called there. */
static Runtime__V1__SecurityProfile *
profile_of(struct arena *a, const Tripod__Profile *from, char *ref)
{
	Runtime__V1__SecurityProfile *s;

	switch (from == NULL ? TRIPOD__PROFILE__KIND__UNSET : from->kind) {
	case TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT:
		return (profile(a, AS_RUNTIME));
	case TRIPOD__PROFILE__KIND__UNCONFINED:
		return (profile(a, UNCONFINED));
	case TRIPOD__PROFILE__KIND__LOCALHOST:
		s = profile(a, LOCAL);
		s->localhost_ref = ref;
		return (s);
	case TRIPOD__PROFILE__KIND__UNSET:
	case _TRIPOD__PROFILE__KIND_IS_INT_SIZE:
		break;
	}
	return (NULL);
}

static int
any_privileged(Tripod__Container *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (security_of(list[i])->privileged)
			return (1);
	return (0);
}

Runtime__V1__LinuxSandboxSecurityContext *
sandbox_security(
    struct arena *a, const struct translate_env *env, const Tripod__Pod *pod)
{
	const Tripod__PodSecurity *from = pod->security;
	Runtime__V1__LinuxSandboxSecurityContext *s;

	s = message_new(
	    a, &runtime__v1__linux_sandbox_security_context__descriptor);
	s->namespace_options = namespaces(a, pod);
	/* It confines the pause process only. */
	s->seccomp = profile(a, AS_RUNTIME);
	s->privileged = any_privileged(pod->container, pod->n_container) ||
	    any_privileged(pod->init_container, pod->n_init_container);
	s->supplemental_groups = groups(a, from, &s->n_supplemental_groups);
	if (env->has_groups_policy)
		s->supplemental_groups_policy = groups_policy(from);
	if (from != NULL) {
		s->run_as_user = number_if(a, from->run_as_user);
		s->run_as_group = number_if(a, from->run_as_group);
		s->selinux_options = selinux(a, from->selinux);
	}
	return (s);
}

/*
 * The user: the manifest's, or else the image's; and whether it may be
 * root.
 */
static int
set_user(Runtime__V1__LinuxContainerSecurityContext *s, struct arena *a,
    const struct instance *in, struct err *err)
{
	const Tripod__Security *from = security_of(in->spec);

	s->run_as_group = number_if(a, from->run_as_group);
	if (from->run_as_user != NULL) {
		s->run_as_user = number(a, from->run_as_user->value);
	} else if (in->image_uid >= 0) {
		s->run_as_user = number(a, in->image_uid);
	} else if (in->image_user[0] != '\0') {
		if (from->run_as_non_root)
			return (err_set(err,
			    "runAsNonRoot: the image's user \"%s\" is not a "
			    "number, so it may be root; set runAsUser",
			    in->image_user));
		s->run_as_username = must_strdup(a, in->image_user);
		return (0);
	} else {
		s->run_as_user = number(a, 0);
	}
	if (from->run_as_non_root && s->run_as_user->value == 0)
		return (err_set(err, "runAsNonRoot: %s",
		    from->run_as_user != NULL
			? "runAsUser is 0"
			: "the image runs as root; set runAsUser"));
	return (0);
}

/* "CAP_NET_ADMIN" is "NET_ADMIN" there. */
static char **
capability_names(char **from, size_t n, struct arena *a)
{
	static const char prefix[] = "CAP_";
	char **out = must_alloc(a, n, sizeof(*out));
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = from[i] +
		    (strncmp(from[i], prefix, sizeof(prefix) - 1) == 0
			    ? sizeof(prefix) - 1
			    : 0);
	return (out);
}

static Runtime__V1__Capability *
capabilities(struct arena *a, const Tripod__Security *from)
{
	Runtime__V1__Capability *c;

	if (from->n_add_capability == 0 && from->n_drop_capability == 0)
		return (NULL);
	c = message_new(a, &runtime__v1__capability__descriptor);
	c->n_add_capabilities = from->n_add_capability;
	c->n_drop_capabilities = from->n_drop_capability;
	c->add_capabilities = capability_names(
	    from->add_capability, from->n_add_capability, a);
	c->drop_capabilities = capability_names(
	    from->drop_capability, from->n_drop_capability, a);
	return (c);
}

/* What of /proc and /sys is hidden, or not to be written to. */
static void
set_paths(Runtime__V1__LinuxContainerSecurityContext *s, struct arena *a,
    const struct machine *m)
{
	size_t i, cpus = m->cpus;

	if (cpus > CPUS_MASKED_MAX)
		cpus = CPUS_MASKED_MAX;
	s->masked_paths = must_alloc(
	    a, NMASKED + cpus, sizeof(*s->masked_paths));
	for (i = 0; i < NMASKED; i++)
		s->masked_paths[s->n_masked_paths++] = must_strdup(
		    a, masked[i]);
	for (i = 0; i < cpus; i++)
		s->masked_paths[s->n_masked_paths++] = must_printf(
		    a, "/sys/devices/system/cpu/cpu%zu/thermal_throttle", i);
	s->readonly_paths = must_alloc(
	    a, NREADONLY, sizeof(*s->readonly_paths));
	for (i = 0; i < NREADONLY; i++)
		s->readonly_paths[s->n_readonly_paths++] = must_strdup(
		    a, readonly[i]);
}

static void
set_profiles(Runtime__V1__LinuxContainerSecurityContext *s, struct arena *a,
    const struct translate_env *env, const Tripod__Security *from)
{
	char *ref = NULL;

	if (from->seccomp != NULL)
		ref = must_printf(a, "%s/%s", env->seccomp_profiles,
		    from->seccomp->localhost);
	s->seccomp = profile_of(a, from->seccomp, ref);
	if (s->seccomp == NULL)
		s->seccomp = profile(
		    a, env->seccomp_runtime ? AS_RUNTIME : UNCONFINED);
	s->apparmor = profile_of(a, from->apparmor,
	    from->apparmor == NULL ? NULL : from->apparmor->localhost);
}

Runtime__V1__LinuxContainerSecurityContext *
container_security(struct arena *a, const struct translate_env *env,
    const Tripod__Pod *pod, const struct instance *in, struct err *err)
{
	const Tripod__Security *from = security_of(in->spec);
	Runtime__V1__LinuxContainerSecurityContext *s;

	s = message_new(
	    a, &runtime__v1__linux_container_security_context__descriptor);
	if (set_user(s, a, in, err) == -1)
		return (NULL);
	if (pod->security != NULL &&
	    pod->security->supplemental_groups_strict &&
	    !env->has_groups_policy) {
		(void)err_set(err,
		    "the runtime cannot do supplementalGroupsPolicy Strict");
		return (NULL);
	}
	s->privileged = from->privileged;
	s->capabilities = capabilities(a, from);
	s->readonly_rootfs = from->read_only_root;
	s->no_new_privs = from->no_new_privs;
	s->namespace_options = namespaces(a, pod);
	s->supplemental_groups = groups(
	    a, pod->security, &s->n_supplemental_groups);
	if (env->has_groups_policy)
		s->supplemental_groups_policy = groups_policy(pod->security);
	s->selinux_options = selinux(a, from->selinux);
	if (!from->unmasked_proc)
		set_paths(s, a, &env->machine);
	set_profiles(s, a, env, from);
	return (s);
}
