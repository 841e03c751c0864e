/* Security contexts; see pod_make.h. */
#include "watcherd/pod_make.h"

#include <stdio.h>
#include <string.h>

#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"
#define APPARMOR_CONTAINER "container.apparmor.security.beta.kubernetes.io/"
#define ANNOTATION_MAX 512 /* the longest prefix, a container's name */

static const char *const profile_kinds[] = {
	[TRIPOD__PROFILE__KIND__UNSET] = "",
	[TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT] = "RuntimeDefault",
	[TRIPOD__PROFILE__KIND__UNCONFINED] = "Unconfined",
	[TRIPOD__PROFILE__KIND__LOCALHOST] = "Localhost",
	NULL,
};

/* Values of the annotations that were there before the fields. */
static const struct {
	const char *value;
	Tripod__Profile__Kind kind;
} profile_values[] = {
	{ "runtime/default", TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT },
	{ "docker/default", TRIPOD__PROFILE__KIND__RUNTIME_DEFAULT },
	{ "unconfined", TRIPOD__PROFILE__KIND__UNCONFINED },
};

static Tripod__SELinux *
make_selinux(struct maker *m, const struct node *from)
{
	Tripod__SELinux *out;

	if (from == NULL ||
	    (out = make_message(m, &tripod__selinux__descriptor)) == NULL)
		return (NULL);
	out->user = make_text(from, "user");
	out->role = make_text(from, "role");
	out->type = make_text(from, "type");
	out->level = make_text(from, "level");
	return (out);
}

/* 1: the field says something, which the profile now has. */
static int
profile_from_field(
    const struct node *context, const char *field, Tripod__Profile *out)
{
	const struct node *from = node_get_kind(context, field, NODE_MAP);

	if (from == NULL)
		return (0);
	out->kind = (Tripod__Profile__Kind)make_word(
	    from, "type", profile_kinds);
	out->localhost = make_text(from, "localhostProfile");
	return (1);
}

static int
profile_from_annotation(
    const struct maker *m, const char *key, Tripod__Profile *out)
{
	const struct node *map = node_get(m->meta, "annotations");
	const char *value = node_get_str(map, key);
	static const char local[] = "localhost/";
	size_t i;

	if (value == NULL)
		return (0);
	if (strncmp(value, local, sizeof(local) - 1) == 0) {
		out->kind = TRIPOD__PROFILE__KIND__LOCALHOST;
		out->localhost = make_borrowed(value + sizeof(local) - 1);
		return (1);
	}
	for (i = 0; i < sizeof(profile_values) / sizeof(*profile_values); i++) {
		if (strcmp(value, profile_values[i].value) == 0) {
			out->kind = profile_values[i].kind;
			return (1);
		}
	}
	return (0);
}

/* The annotation of a container. */
static int
profile_of_container(const struct maker *m, const struct node *container,
    const char *prefix, Tripod__Profile *out)
{
	char key[ANNOTATION_MAX];

	/* What does not fit is no name of a container. */
	(void)snprintf(
	    key, sizeof(key), "%s%s", prefix, make_text(container, "name"));
	return (profile_from_annotation(m, key, out));
}

/*
 * Kubelets have not looked at the annotations since 1.27, so they may not
 * loosen what a field says.
 */
static Tripod__Profile *
make_seccomp(struct maker *m, const struct node *container)
{
	static const char field[] = "seccompProfile";
	Tripod__Profile *out;

	if ((out = make_message(m, &tripod__profile__descriptor)) == NULL)
		return (NULL);
	if (!profile_from_field(
		node_get(container, "securityContext"), field, out) &&
	    !profile_from_field(
		node_get(m->spec, "securityContext"), field, out) &&
	    !profile_of_container(m, container, SECCOMP_CONTAINER, out))
		(void)profile_from_annotation(m, SECCOMP_POD, out);
	return (out);
}

/* As a kubelet: the annotation is the container's, and comes before the pod. */
static Tripod__Profile *
make_apparmor(struct maker *m, const struct node *container)
{
	static const char field[] = "appArmorProfile";
	Tripod__Profile *out;

	if ((out = make_message(m, &tripod__profile__descriptor)) == NULL)
		return (NULL);
	if (!profile_from_field(
		node_get(container, "securityContext"), field, out) &&
	    !profile_of_container(m, container, APPARMOR_CONTAINER, out))
		(void)profile_from_field(
		    node_get(m->spec, "securityContext"), field, out);
	return (out);
}

/* The context that has the say about a field. */
static const struct node *
context_of(
    const struct maker *m, const struct node *container, const char *field)
{
	const struct node *own = node_get(container, "securityContext");

	if (node_get(own, field) != NULL)
		return (own);
	return (node_get(m->spec, "securityContext"));
}

static void
make_capabilities(
    struct maker *m, const struct node *own, Tripod__Security *out)
{
	const struct node *from = node_get(own, "capabilities");

	out->add_capability = make_texts(
	    m, node_get(from, "add"), &out->n_add_capability);
	out->drop_capability = make_texts(
	    m, node_get(from, "drop"), &out->n_drop_capability);
}

Tripod__Security *
make_security(struct maker *m, const struct node *container)
{
	static const char user[] = "runAsUser", group[] = "runAsGroup";
	static const char nonroot[] = "runAsNonRoot", se[] = "seLinuxOptions";
	static const char *const mounts[] = { "Default", "Unmasked", NULL };
	const struct node *own = node_get(container, "securityContext");
	Tripod__Security *out;

	if ((out = make_message(m, &tripod__security__descriptor)) == NULL)
		return (NULL);
	out->run_as_user = make_number(m, context_of(m, container, user), user);
	out->run_as_group = make_number(
	    m, context_of(m, container, group), group);
	out->run_as_non_root = make_truth(
	    context_of(m, container, nonroot), nonroot);
	out->selinux = make_selinux(
	    m, node_get(context_of(m, container, se), se));
	out->privileged = make_truth(own, "privileged");
	out->no_new_privs = !node_get_num(own, "allowPrivilegeEscalation", 1);
	out->read_only_root = make_truth(own, "readOnlyRootFilesystem");
	out->unmasked_proc = make_word(own, "procMount", mounts) == 1;
	make_capabilities(m, own, out);
	out->seccomp = make_seccomp(m, container);
	out->apparmor = make_apparmor(m, container);
	return (out);
}

void *
make_pod_security(struct maker *m, const struct node *from)
{
	static const char *const merge[] = { "Merge", "Strict", NULL };
	static const char *const change[] = { "Always", "OnRootMismatch",
		NULL };
	Tripod__PodSecurity *out;

	if ((out = make_message(m, &tripod__pod_security__descriptor)) == NULL)
		return (NULL);
	out->run_as_user = make_number(m, from, "runAsUser");
	out->run_as_group = make_number(m, from, "runAsGroup");
	out->fs_group = make_number(m, from, "fsGroup");
	out->supplemental_group = make_numbers(m,
	    node_get(from, "supplementalGroups"), &out->n_supplemental_group);
	out->supplemental_groups_strict = make_word(from,
					      "supplementalGroupsPolicy",
					      merge) == 1;
	out->fs_group_on_root_mismatch = make_word(from, "fsGroupChangePolicy",
					     change) == 1;
	out->selinux = make_selinux(m, node_get(from, "seLinuxOptions"));
	out->sysctl = make_named(m, node_get(from, "sysctls"), &out->n_sysctl);
	return (out);
}
