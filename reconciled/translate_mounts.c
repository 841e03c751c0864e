/*
 * What a container sees of files outside of its image (runtime.md 4.5 to
 * 4.8), and the text of its /etc/hosts.
 */
#include <stdlib.h>
#include <string.h>

#include "reconciled/spec.h"
#include "reconciled/translate_parts.h"
#include "reconciled/volumes.h"

#define HOSTS_PATH "/etc/hosts"

/* Folders of volumes that we keep, by kind. */
static const char *
volume_plugin(const Tripod__Volume *v)
{
	return (v->source_case == TRIPOD__VOLUME__SOURCE_DOWNWARD
		? VOLUMES_DOWNWARD
		: VOLUMES_EMPTY_DIR);
}

static int
set_recursive(Runtime__V1__Mount *m, const struct translate_env *env,
    const Tripod__VolumeMount *vm, struct err *err)
{
	switch (vm->recursive_read_only) {
	case TRIPOD__VOLUME_MOUNT__RECURSIVE__ENABLED:
		if (!env->has_recursive_read_only)
			return (err_set(err,
			    "mount %s: the runtime cannot do recursiveReadOnly",
			    vm->path));
		m->recursive_read_only = 1;
		break;
	case TRIPOD__VOLUME_MOUNT__RECURSIVE__IF_POSSIBLE:
		m->recursive_read_only = env->has_recursive_read_only;
		break;
	case TRIPOD__VOLUME_MOUNT__RECURSIVE__DISABLED:
	case _TRIPOD__VOLUME_MOUNT__RECURSIVE_IS_INT_SIZE:
		break;
	}
	return (0);
}

static int
set_source(Runtime__V1__Mount *m, struct arena *a,
    const struct translate_env *env, const struct pod *p,
    const Tripod__Volume *v, struct err *err)
{
	log_assert(v != NULL); /* by the policy */
	switch (v->source_case) {
	case TRIPOD__VOLUME__SOURCE_HOST_PATH:
		m->host_path = v->host_path->path;
		return (0);
	case TRIPOD__VOLUME__SOURCE_DOWNWARD:
		m->readonly = 1;
		/* FALLTHROUGH */
	case TRIPOD__VOLUME__SOURCE_EMPTY_DIR:
		m->host_path = must_printf(a, "%s/pods/%s/volumes/%s/%s",
		    env->state, p->uid, volume_plugin(v), v->name);
		m->selinux_relabel = env->machine.selinux;
		return (0);
	case TRIPOD__VOLUME__SOURCE_IMAGE:
	case TRIPOD__VOLUME__SOURCE__NOT_SET:
	case _TRIPOD__VOLUME__SOURCE__CASE_IS_INT_SIZE:
		break;
	}
	return (err_set(err, "volume %s: its kind is not supported", v->name));
}

/* A file of ours that the container may write to. */
static void
add_own_file(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct translate_env *env, const char *host, const char *path)
{
	Runtime__V1__Mount *m;
	size_t i;

	if (host == NULL || path[0] == '\0')
		return;
	m = message_new(a, &runtime__v1__mount__descriptor);
	m->container_path = must_printf(
	    a, "%s%s", path[0] == '/' ? "" : "/", path);
	for (i = 0; i < c->n_mounts; i++)
		if (strcmp(c->mounts[i]->container_path, m->container_path) ==
		    0)
			return; /* the manifest has its own there */
	m->host_path = must_strdup(a, host);
	m->selinux_relabel = env->machine.selinux;
	c->mounts[c->n_mounts++] = m;
}

int
container_mounts(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct translate_env *env, const struct pod *p,
    const struct instance *in, struct err *err)
{
	const Tripod__Container *spec = in->spec;
	const Tripod__VolumeMount *vm;
	Runtime__V1__Mount *m;
	size_t i;

	c->mounts = must_alloc(a, spec->n_mount + 2, sizeof(*c->mounts));
	for (i = 0; i < spec->n_mount; i++) {
		vm = spec->mount[i];
		m = message_new(a, &runtime__v1__mount__descriptor);
		m->container_path = must_printf(
		    a, "%s%s", vm->path[0] == '/' ? "" : "/", vm->path);
		m->readonly = vm->read_only;
		m->propagation = (Runtime__V1__MountPropagation)vm->propagation;
		if (set_source(m, a, env, p,
			spec_volume(p->definition->pod, vm->volume),
			err) == -1 ||
		    set_recursive(m, env, vm, err) == -1)
			return (-1);
		c->mounts[c->n_mounts++] = m;
	}
	add_own_file(c, a, env, in->hosts_file, HOSTS_PATH);
	add_own_file(
	    c, a, env, in->message_file, spec->termination_message_path);
	return (0);
}

/* Relative, and no component is "..". */
static int
stays_below(const char *path)
{
	if (*path == '/')
		return (0);
	while (*path != '\0') {
		if (path[0] == '.' && path[1] == '.' &&
		    (path[2] == '/' || path[2] == '\0'))
			return (0);
		path += strcspn(path, "/");
		path += strspn(path, "/");
	}
	return (1);
}

/*
 * Unlike elsewhere, a variable that is unknown or empty is an error here:
 * the whole volume would be mounted, or a folder called "$(NAME)".
 */
static int
variables_known(const char *s, const struct variables *v)
{
	const char *end, *value;

	for (; *s != '\0'; s++) {
		if (s[0] == '$' && s[1] == '$') {
			s++;
			continue;
		}
		if (s[0] != '$' || s[1] != '(' ||
		    (end = strchr(s, ')')) == NULL)
			continue;
		value = variables_get(v, s + 2, (size_t)(end - s) - 2);
		if (value == NULL || value[0] == '\0')
			return (0);
		s = end;
	}
	return (1);
}

const char *
translate_sub_path(struct arena *a, const Runtime__V1__ContainerConfig *c,
    const Tripod__VolumeMount *vm, struct err *err)
{
	const char *path = vm->sub_path;
	struct variables v;

	if (vm->sub_path_expr[0] != '\0') {
		if (variables_init(&v, a, c->envs, c->n_envs) == -1 ||
		    (path = translate_expand(a, vm->sub_path_expr, &v)) ==
			NULL ||
		    path[0] == '\0' ||
		    !variables_known(vm->sub_path_expr, &v)) {
			(void)err_set(err,
			    "mount %s: subPathExpr \"%s\": a variable is not "
			    "set",
			    vm->path, vm->sub_path_expr);
			return (NULL);
		}
	}
	if (!stays_below(path)) {
		(void)err_set(err,
		    "mount %s: sub-path \"%s\" leaves the volume", vm->path,
		    path);
		return (NULL);
	}
	return (path);
}

/* A text that grows in the arena. */
struct text {
	struct arena *arena;
	char *s;
	size_t len, size;
};

static void
text_add(struct text *t, const char *s)
{
	size_t n = strlen(s);
	char *more;

	if (t->len + n + 1 > t->size) {
		more = must_alloc(t->arena, (t->len + n + 1) * 2, 1);
		memcpy(more, t->s, t->len);
		t->s = more;
		t->size = (t->len + n + 1) * 2;
	}
	memcpy(t->s + t->len, s, n + 1);
	t->len += n;
}

static void
add_aliases(struct text *t, const Tripod__Pod *pod)
{
	const Tripod__HostAlias *h;
	size_t i, j;

	if (pod->n_host_alias == 0)
		return;
	text_add(t, "\n# Entries added by HostAliases.\n");
	for (i = 0; i < pod->n_host_alias; i++) {
		h = pod->host_alias[i];
		text_add(t, h->ip);
		for (j = 0; j < h->n_hostname; j++) {
			text_add(t, "\t");
			text_add(t, h->hostname[j]);
		}
		text_add(t, "\n");
	}
}

static void
add_own_addresses(struct text *t, const struct translate_env *env,
    const struct pod *p, const char *ips)
{
	char *name, *domain, *list, *ip, *next;

	translate_hostname(t->arena, env, p, &name, &domain);
	list = must_strdup(t->arena, ips);
	for (ip = strtok_r(list, ",", &next); ip != NULL;
	     ip = strtok_r(NULL, ",", &next))
		text_add(t,
		    domain[0] == '\0'
			? must_printf(t->arena, "%s\t%s\n", ip, name)
			: must_printf(t->arena, "%s\t%s.%s\t%s\n", ip, name,
			      domain, name));
}

char *
translate_hosts(struct arena *a, const struct translate_env *env,
    const struct pod *p, const char *ips, const char *base)
{
	const Tripod__Pod *pod = p->definition->pod;
	struct text t = { a, must_strdup(a, ""), 0, 1 };

	if (pod->host_network) {
		text_add(
		    &t, "# Kubernetes-managed hosts file (host network).\n");
		text_add(&t, base == NULL ? "" : base);
	} else {
		text_add(&t,
		    "# Kubernetes-managed hosts file.\n"
		    "127.0.0.1\tlocalhost\n"
		    "::1\tlocalhost ip6-localhost ip6-loopback\n"
		    "fe00::0\tip6-localnet\n"
		    "fe00::0\tip6-mcastprefix\n"
		    "fe00::1\tip6-allnodes\n"
		    "fe00::2\tip6-allrouters\n");
		add_own_addresses(&t, env, p, ips);
	}
	add_aliases(&t, pod);
	return (t.s);
}
