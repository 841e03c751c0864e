#include "reconciled/translate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconciled/message.h"

#define HOSTNAME_MAX 63
#define SHARES_MIN 2 /* cpu.shares of a container without a request */
#define OOM_CRITICAL (-997)
#define OOM_BEST_EFFORT 1000

/*
 * protobuf-c gives each map an entry type of its own, all of one shape.
 */
struct map_entry {
	ProtobufCMessage base;
	char *key;
	char *value;
};

struct map {
	struct arena *arena;
	const ProtobufCMessageDescriptor *type;
	struct map_entry **entry;
	size_t n;
};

static struct map
map_new(struct arena *a, const ProtobufCMessageDescriptor *type, size_t max)
{
	struct map m = { a, type, NULL, 0 };

	log_assert(type->sizeof_message == sizeof(struct map_entry));
	m.entry = must_alloc(a, max, sizeof(struct map_entry *));
	return (m);
}

/* A later value replaces the one before. */
static void
map_set(struct map *m, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strcmp(m->entry[i]->key, key) == 0)
			break;
	if (i == m->n) {
		m->entry[m->n] = message_new(m->arena, m->type);
		m->entry[m->n]->key = must_strdup(m->arena, key);
		m->n++;
	}
	m->entry[i]->value = must_strdup(m->arena, value);
}

static void
map_set_number(struct map *m, const char *key, int64_t value)
{
	char buf[24];

	(void)snprintf(buf, sizeof(buf), "%" PRId64, value); /* fits */
	map_set(m, key, buf);
}

char *
translate_log_folder(struct arena *a, const struct pod *p)
{
	char *s;

	s = arena_printf(a, "%s_%s_%s", p->namespace_, p->name, p->uid);
	log_assert(s != NULL);
	return (s);
}

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
translate_cgroup(
    struct arena *a, const struct translate_env *env, const struct pod *p)
{
	const char *sep = env->cgroup_root[0] == '\0' ? "" : "/";
	char *s;

	if (env->systemd_cgroups)
		s = arena_printf(a,
		    "kubepods.slice/kubepods-besteffort.slice/"
		    "kubepods-besteffort-pod%s.slice",
		    slice_escape(a, p->uid));
	else
		s = arena_printf(a, "%s%skubepods/besteffort/pod%s",
		    env->cgroup_root, sep, p->uid);
	log_assert(s != NULL);
	return (s);
}

char *
translate_hostname(struct arena *a, const char *name)
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

static void
sandbox_annotations(
    Runtime__V1__PodSandboxConfig *c, struct arena *a, const struct pod *p)
{
	const Tripod__Pod *pod = p->definition->pod;
	char seen[RFC3339_MAX];
	struct map m;
	size_t i;

	m = map_new(a,
	    &runtime__v1__pod_sandbox_config__annotations_entry__descriptor,
	    pod->n_annotation + 6);
	for (i = 0; i < pod->n_annotation; i++)
		map_set(&m, pod->annotation[i]->key, pod->annotation[i]->value);
	rfc3339_nano(seen, p->seen_ns);
	map_set(&m, ANNOTATION_HASH, pod->hash);
	map_set(&m, ANNOTATION_SOURCE, "file");
	map_set(&m, ANNOTATION_SEEN, seen);
	map_set(&m, ANNOTATION_FILE, p->file);
	map_set_number(&m, ANNOTATION_GRACE, pod->grace_seconds);
	map_set(&m, ANNOTATION_HOST_NETWORK, pod->host_network ? "1" : "0");
	c->annotations = (void *)m.entry;
	c->n_annotations = m.n;
}

static Runtime__V1__NamespaceOption *
namespaces(struct arena *a, const Tripod__Pod *pod)
{
	Runtime__V1__NamespaceOption *n;

	n = message_new(a, &runtime__v1__namespace_option__descriptor);
	n->network = pod->host_network ? RUNTIME__V1__NAMESPACE_MODE__NODE
				       : RUNTIME__V1__NAMESPACE_MODE__POD;
	n->pid = RUNTIME__V1__NAMESPACE_MODE__CONTAINER;
	n->ipc = RUNTIME__V1__NAMESPACE_MODE__POD;
	return (n);
}

static Runtime__V1__SecurityProfile *
profile(struct arena *a, Runtime__V1__SecurityProfile__ProfileType type)
{
	Runtime__V1__SecurityProfile *s;

	s = message_new(a, &runtime__v1__security_profile__descriptor);
	s->profile_type = type;
	return (s);
}

static Runtime__V1__LinuxPodSandboxConfig *
sandbox_linux(
    struct arena *a, const struct translate_env *env, const struct pod *p)
{
	Runtime__V1__LinuxPodSandboxConfig *l;
	Runtime__V1__LinuxSandboxSecurityContext *s;

	l = message_new(a, &runtime__v1__linux_pod_sandbox_config__descriptor);
	s = message_new(
	    a, &runtime__v1__linux_sandbox_security_context__descriptor);
	s->namespace_options = namespaces(a, p->definition->pod);
	s->seccomp = profile(
	    a, RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__RuntimeDefault);
	l->security_context = s;
	l->cgroup_parent = arena_printf(a, "/%s", translate_cgroup(a, env, p));
	log_assert(l->cgroup_parent != NULL);
	return (l);
}

/* Every declared port; those without a host port are ignored there. */
static void
sandbox_ports(
    Runtime__V1__PodSandboxConfig *c, struct arena *a, const Tripod__Pod *pod)
{
	Runtime__V1__PortMapping *m;
	const Tripod__Port *port;
	size_t i, j, n = 0;

	for (i = 0; i < pod->n_container; i++)
		n += pod->container[i]->n_port;
	c->port_mappings = must_alloc(a, n, sizeof(*c->port_mappings));
	for (i = 0; i < pod->n_container; i++) {
		for (j = 0; j < pod->container[i]->n_port; j++) {
			port = pod->container[i]->port[j];
			m = message_new(
			    a, &runtime__v1__port_mapping__descriptor);
			m->protocol = (Runtime__V1__Protocol)port->protocol;
			m->container_port = port->container_port;
			m->host_port = port->host_port;
			m->host_ip = port->host_ip;
			c->port_mappings[c->n_port_mappings++] = m;
		}
	}
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
	if (!pod->host_network)
		c->hostname = translate_hostname(
		    a, pod->hostname[0] != '\0' ? pod->hostname : p->name);
	c->log_directory = arena_printf(
	    a, "%s/%s", env->pod_logs, translate_log_folder(a, p));
	log_assert(c->log_directory != NULL);
	sandbox_ports(c, a, pod);
	sandbox_labels(c, a, p);
	sandbox_annotations(c, a, p);
	c->linux = sandbox_linux(a, env, p);
	return (c);
}

/* Length of NAME when s starts with "$(NAME)", else 0. */
static size_t
reference_length(const char *s, const char *last)
{
	const char *end;

	if (s[0] != '$' || s[1] != '(' || last == NULL || s > last)
		return (0);
	end = strchr(s, ')'); /* there is one: last */
	return ((size_t)(end - s) - 2);
}

static const char *
env_value(
    const char *name, size_t len, Runtime__V1__KeyValue *const *env, size_t n)
{
	size_t i;

	for (i = n; i > 0; i--)
		if (strlen(env[i - 1]->key) == len &&
		    memcmp(env[i - 1]->key, name, len) == 0)
			return ((const char *)env[i - 1]->value.data);
	return (NULL);
}

/*
 * Writes the expansion to out (NULL: only counts); returns its length, or
 * one beyond TRANSLATE_TEXT_MAX as soon as that is passed: a few references
 * to references grow without bounds.
 */
static size_t
expand(char *out, const char *s, Runtime__V1__KeyValue *const *env, size_t n)
{
	/* Without it each "$(" would look through all the rest. */
	const char *from, *last = strrchr(s, ')');
	size_t len, used = 0, step, skip;

	while (*s != '\0' && used <= TRANSLATE_TEXT_MAX) {
		from = s;
		step = skip = 1;
		if (s[0] == '$' && s[1] == '$') {
			skip = 2; /* the second one stands for both */
		} else if ((len = reference_length(s, last)) > 0) {
			step = skip = len + 3;
			if ((from = env_value(s + 2, len, env, n)) != NULL)
				step = strlen(from);
			else
				from = s; /* unknown: as it is */
		}
		if (out != NULL)
			memcpy(out + used, from, step);
		used += step;
		s += skip;
	}
	return (used);
}

char *
translate_expand(
    struct arena *a, const char *s, Runtime__V1__KeyValue *const *env, size_t n)
{
	size_t len = expand(NULL, s, env, n);
	char *out;

	if (len > TRANSLATE_TEXT_MAX || (out = arena_alloc(a, len + 1)) == NULL)
		return (NULL);
	(void)expand(out, s, env, n); /* the same length again */
	out[len] = '\0';
	return (out);
}

static int
container_env(Runtime__V1__ContainerConfig *c, struct arena *a,
    const Tripod__Container *spec)
{
	Runtime__V1__KeyValue *kv;
	size_t i;
	char *value;

	c->envs = arena_array(a, spec->n_env, sizeof(*c->envs));
	kv = arena_array(a, spec->n_env, sizeof(*kv));
	if (spec->n_env > 0 && (c->envs == NULL || kv == NULL))
		return (-1);
	for (i = 0; i < spec->n_env; i++) {
		value = translate_expand(
		    a, spec->env[i]->value, c->envs, c->n_envs);
		if (value == NULL)
			return (-1);
		runtime__v1__key_value__init(&kv[i]);
		kv[i].key = spec->env[i]->name;
		kv[i].value.data = (uint8_t *)value;
		kv[i].value.len = strlen(value);
		c->envs[c->n_envs++] = &kv[i];
	}
	return (0);
}

/* NULL when they do not fit. */
static char **
expand_all(struct arena *a, char **list, size_t n,
    const Runtime__V1__ContainerConfig *c)
{
	char **out = arena_array(a, n == 0 ? 1 : n, sizeof(*out));
	size_t i;

	for (i = 0; out != NULL && i < n; i++) {
		out[i] = translate_expand(a, list[i], c->envs, c->n_envs);
		if (out[i] == NULL)
			return (NULL);
	}
	return (out);
}

/* All that is expanded; -1: more than fits. */
static int
container_texts(Runtime__V1__ContainerConfig *c, struct arena *a,
    const Tripod__Container *spec)
{
	if (container_env(c, a, spec) == -1)
		return (-1);
	c->command = expand_all(a, spec->command, spec->n_command, c);
	c->args = expand_all(a, spec->arg, spec->n_arg, c);
	if (c->command == NULL || c->args == NULL)
		return (-1);
	c->n_command = spec->n_command;
	c->n_args = spec->n_arg;
	return (0);
}

int
translate_fits(const Tripod__Container *spec)
{
	Runtime__V1__ContainerConfig c = RUNTIME__V1__CONTAINER_CONFIG__INIT;
	struct arena a;
	int rc;

	arena_init(&a, TRANSLATE_TEXT_MAX);
	rc = container_texts(&c, &a, spec);
	arena_release(&a);
	return (rc == 0);
}

static const Tripod__Volume *
volume_of(const Tripod__Pod *pod, const char *name)
{
	size_t i;

	for (i = 0; i < pod->n_volume; i++)
		if (strcmp(pod->volume[i]->name, name) == 0)
			return (pod->volume[i]);
	fatalx("volume %s was not checked", name);
}

static void
container_mounts(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct translate_env *env, const struct pod *p,
    const Tripod__Container *spec)
{
	const Tripod__VolumeMount *vm;
	const Tripod__Volume *v;
	Runtime__V1__Mount *m;
	size_t i;

	c->mounts = must_alloc(a, spec->n_mount, sizeof(*c->mounts));
	for (i = 0; i < spec->n_mount; i++) {
		vm = spec->mount[i];
		v = volume_of(p->definition->pod, vm->volume);
		m = message_new(a, &runtime__v1__mount__descriptor);
		m->container_path = arena_printf(
		    a, "%s%s", vm->path[0] == '/' ? "" : "/", vm->path);
		if (v->source_case == TRIPOD__VOLUME__SOURCE_HOST_PATH)
			m->host_path = v->host_path->path;
		else
			m->host_path = arena_printf(a,
			    "%s/pods/%s/volumes/kubernetes.io~empty-dir/%s",
			    env->state, p->uid, v->name);
		log_assert(m->container_path != NULL && m->host_path != NULL);
		m->readonly = vm->read_only;
		c->mounts[c->n_mounts++] = m;
	}
}

static void
container_labels(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct pod *p, const char *name)
{
	struct map m;

	m = map_new(
	    a, &runtime__v1__container_config__labels_entry__descriptor, 5);
	map_set(&m, LABEL_POD_NAME, p->name);
	map_set(&m, LABEL_POD_NAMESPACE, p->namespace_);
	map_set(&m, LABEL_POD_UID, p->uid);
	map_set(&m, LABEL_CONTAINER_NAME, name);
	map_set(&m, LABEL_MANAGED, LABEL_MANAGED_VALUE);
	c->labels = (void *)m.entry;
	c->n_labels = m.n;
}

/* The kubelet's FNV-1a of name and image, as it prints it (2.4). */
static void
container_hash(char buf[static 9], const Tripod__Container *spec)
{
	char text[8];
	const char *parts[] = { "{\"image\":\"", spec->image, "\",\"name\":\"",
		spec->name, "\"}" };
	const char *lead = "([]uint8)[", *p, *q;
	uint32_t h = 2166136261U;
	size_t i;
	int first = 1;

	for (p = lead; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 16777619U;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (p = parts[i]; *p != '\0'; p++) {
			(void)snprintf(text, sizeof(text), "%s%d",
			    first ? "" : " ", (uint8_t)*p); /* fits */
			first = 0;
			for (q = text; *q != '\0'; q++)
				h = (h ^ (uint8_t)*q) * 16777619U;
		}
	}
	h = (h ^ (uint8_t)']') * 16777619U;
	(void)snprintf(buf, 9, "%" PRIx32, h); /* at most 8 digits */
}

static void
container_annotations(Runtime__V1__ContainerConfig *c, struct arena *a,
    const struct pod *p, const Tripod__Container *spec)
{
	char hash[9];
	struct map m;

	m = map_new(a,
	    &runtime__v1__container_config__annotations_entry__descriptor, 5);
	container_hash(hash, spec);
	map_set(&m, "io.kubernetes.container.hash", hash);
	map_set_number(
	    &m, "io.kubernetes.container.restartCount", c->metadata->attempt);
	map_set(&m, "io.kubernetes.container.terminationMessagePath",
	    spec->termination_message_path);
	map_set(&m, "io.kubernetes.container.terminationMessagePolicy", "File");
	map_set_number(&m, ANNOTATION_GRACE, p->definition->pod->grace_seconds);
	c->annotations = (void *)m.entry;
	c->n_annotations = m.n;
}

static Runtime__V1__LinuxContainerConfig *
container_linux(struct arena *a, const Tripod__Pod *pod)
{
	Runtime__V1__LinuxContainerConfig *l;
	Runtime__V1__LinuxContainerResources *r;
	Runtime__V1__LinuxContainerSecurityContext *s;

	l = message_new(a, &runtime__v1__linux_container_config__descriptor);
	r = message_new(a, &runtime__v1__linux_container_resources__descriptor);
	s = message_new(
	    a, &runtime__v1__linux_container_security_context__descriptor);
	r->cpu_shares = SHARES_MIN;
	r->oom_score_adj = strcmp(
			       pod->priority_class, "system-node-critical") == 0
	    ? OOM_CRITICAL
	    : OOM_BEST_EFFORT;
	s->namespace_options = namespaces(a, pod);
	s->seccomp = profile(
	    a, RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Unconfined);
	l->resources = r;
	l->security_context = s;
	return (l);
}

Runtime__V1__ImageSpec *
translate_image(struct arena *a, const struct pod *p, size_t i)
{
	Runtime__V1__ImageSpec *s;
	const char *image = spec_container(p->definition->pod, i)->image;
	const char *base = strrchr(image, '/');
	int plain;

	/* Neither tag nor digest: the runtime wants the tag spelled out. */
	base = base == NULL ? image : base + 1;
	plain = strpbrk(base, ":@") == NULL;
	s = message_new(a, &runtime__v1__image_spec__descriptor);
	s->image = arena_printf(a, "%s%s", image, plain ? ":latest" : "");
	log_assert(s->image != NULL);
	return (s);
}

Runtime__V1__ContainerConfig *
translate_container(struct arena *a, const struct translate_env *env,
    const struct pod *p, size_t i, uint32_t attempt, const char *image_ref)
{
	const Tripod__Container *spec = spec_container(p->definition->pod, i);
	Runtime__V1__ContainerConfig *c;

	c = message_new(a, &runtime__v1__container_config__descriptor);
	c->metadata = message_new(
	    a, &runtime__v1__container_metadata__descriptor);
	c->metadata->name = spec->name;
	c->metadata->attempt = attempt;
	c->image = message_new(a, &runtime__v1__image_spec__descriptor);
	c->image->image = must_strdup(a, image_ref);
	c->image->user_specified_image = spec->image;
	if (container_texts(c, a, spec) == -1)
		fatalx("container %s was not checked", spec->name);
	c->working_dir = spec->working_dir;
	container_mounts(c, a, env, p, spec);
	container_labels(c, a, p, spec->name);
	container_annotations(c, a, p, spec);
	c->log_path = arena_printf(a, "%s/%u.log", spec->name, attempt);
	log_assert(c->log_path != NULL);
	c->linux = container_linux(a, p->definition->pod);
	return (c);
}
