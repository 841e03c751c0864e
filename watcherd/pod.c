#include "watcherd/pod.h"

#include <string.h>

#include "watcherd/quantity.h"

/*
 * Builds messages; when memory has run out, "failed" is set and whatever
 * is built is thrown away at the end.
 */
struct maker {
	struct arena *arena;
	int failed;
};

/* Number of a word in a list; 0 if it is not there. */
static int
word_index(const char *word, const char *const *list)
{
	int i;

	for (i = 0; word != NULL && list[i] != NULL; i++) {
		if (strcmp(word, list[i]) == 0)
			return (i);
	}
	return (0);
}

static const char *const restart_policies[] = {
	[TRIPOD__RESTART_POLICY__RESTART_ALWAYS] = "Always",
	[TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE] = "OnFailure",
	[TRIPOD__RESTART_POLICY__RESTART_NEVER] = "Never",
	NULL,
};
static const char *const pull_policies[] = {
	[TRIPOD__PULL_POLICY__PULL_IF_NOT_PRESENT] = "IfNotPresent",
	[TRIPOD__PULL_POLICY__PULL_ALWAYS] = "Always",
	[TRIPOD__PULL_POLICY__PULL_NEVER] = "Never",
	NULL,
};
static const char *const protocols[] = {
	[TRIPOD__PORT__PROTOCOL__TCP] = "TCP",
	[TRIPOD__PORT__PROTOCOL__UDP] = "UDP",
	[TRIPOD__PORT__PROTOCOL__SCTP] = "SCTP",
	NULL,
};
static const char *const host_path_types[] = {
	[TRIPOD__HOST_PATH__TYPE__ANY] = "",
	[TRIPOD__HOST_PATH__TYPE__DIRECTORY_OR_CREATE] = "DirectoryOrCreate",
	[TRIPOD__HOST_PATH__TYPE__DIRECTORY] = "Directory",
	[TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE] = "FileOrCreate",
	[TRIPOD__HOST_PATH__TYPE__FILE] = "File",
	[TRIPOD__HOST_PATH__TYPE__SOCKET] = "Socket",
	[TRIPOD__HOST_PATH__TYPE__CHAR_DEVICE] = "CharDevice",
	[TRIPOD__HOST_PATH__TYPE__BLOCK_DEVICE] = "BlockDevice",
	NULL,
};

static void *
make(struct maker *m, size_t count, size_t size)
{
	void *p;

	if ((p = arena_array(m->arena, count > 0 ? count : 1, size)) == NULL)
		m->failed = 1;
	return (p);
}

/* Messages hold char *, which nobody writes through. */
static char *
make_text(struct maker *m, const char *text)
{
	char *copy;

	if ((copy = arena_strdup(m->arena, text != NULL ? text : "")) == NULL)
		m->failed = 1;
	return (copy);
}

static char *
make_member(struct maker *m, const struct node *map, const char *key)
{
	return (make_text(m, node_get_str(map, key)));
}

static char **
make_texts(struct maker *m, const struct node *list, size_t *n)
{
	char **out;
	size_t i;

	*n = 0;
	if (list == NULL || (out = make(m, list->n, sizeof(*out))) == NULL)
		return (NULL);
	for (i = 0; i < list->n; i++)
		out[i] = make_text(m, list->item[i]->str);
	*n = list->n;
	return (out);
}

static Tripod__KeyValue *
make_pair(struct maker *m, const char *key, const char *value)
{
	Tripod__KeyValue *out;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__key_value__init(out);
	out->key = make_text(m, key);
	out->value = make_text(m, value);
	return (out);
}

static Tripod__KeyValue **
make_pairs(struct maker *m, const struct node *map, size_t *n)
{
	Tripod__KeyValue **out;
	size_t i;

	*n = 0;
	if (map == NULL || (out = make(m, map->n, sizeof(*out))) == NULL)
		return (NULL);
	for (i = 0; i < map->n; i++)
		out[i] = make_pair(
		    m, map->member[i].key, map->member[i].value->str);
	*n = map->n;
	return (out);
}

static Tripod__Env *
make_variable(struct maker *m, const struct node *from)
{
	Tripod__Env *out;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__env__init(out);
	out->name = make_member(m, from, "name");
	out->value = make_member(m, from, "value");
	return (out);
}

static Tripod__Env **
make_env(struct maker *m, const struct node *list, size_t *n)
{
	Tripod__Env **out;
	size_t i;

	*n = 0;
	if (list == NULL || (out = make(m, list->n, sizeof(*out))) == NULL)
		return (NULL);
	for (i = 0; i < list->n; i++)
		out[i] = make_variable(m, list->item[i]);
	*n = list->n;
	return (out);
}

static Tripod__Port *
make_port(struct maker *m, const struct node *port)
{
	Tripod__Port *out;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__port__init(out);
	out->name = make_member(m, port, "name");
	out->host_ip = make_member(m, port, "hostIP");
	out->container_port = (int32_t)node_get_num(port, "containerPort", 0);
	out->host_port = (int32_t)node_get_num(port, "hostPort", 0);
	out->protocol = (Tripod__Port__Protocol)word_index(
	    node_get_str(port, "protocol"), protocols);
	return (out);
}

static Tripod__VolumeMount *
make_mount(struct maker *m, const struct node *mount)
{
	Tripod__VolumeMount *out;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__volume_mount__init(out);
	out->volume = make_member(m, mount, "name");
	out->path = make_member(m, mount, "mountPath");
	out->read_only = node_get_num(mount, "readOnly", 0) != 0;
	return (out);
}

static void
make_lists(struct maker *m, const struct node *from, Tripod__Container *out)
{
	const struct node *ports = node_get(from, "ports");
	const struct node *mounts = node_get(from, "volumeMounts");
	size_t i;

	out->command = make_texts(
	    m, node_get(from, "command"), &out->n_command);
	out->arg = make_texts(m, node_get(from, "args"), &out->n_arg);
	out->env = make_env(m, node_get(from, "env"), &out->n_env);
	if (ports != NULL &&
	    (out->port = make(m, ports->n, sizeof(*out->port))) != NULL) {
		out->n_port = ports->n;
		for (i = 0; i < ports->n; i++)
			out->port[i] = make_port(m, ports->item[i]);
	}
	if (mounts != NULL &&
	    (out->mount = make(m, mounts->n, sizeof(*out->mount))) != NULL) {
		out->n_mount = mounts->n;
		for (i = 0; i < mounts->n; i++)
			out->mount[i] = make_mount(m, mounts->item[i]);
	}
}

static Tripod__Container *
make_container(struct maker *m, const struct node *from)
{
	Tripod__Container *out;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__container__init(out);
	out->name = make_member(m, from, "name");
	out->image = make_member(m, from, "image");
	out->pull_policy = (Tripod__PullPolicy)word_index(
	    node_get_str(from, "imagePullPolicy"), pull_policies);
	out->working_dir = make_member(m, from, "workingDir");
	out->termination_message_path = make_member(
	    m, from, "terminationMessagePath");
	make_lists(m, from, out);
	return (out);
}

static Tripod__HostPath *
make_host_path(struct maker *m, const struct node *from)
{
	Tripod__HostPath *out;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__host_path__init(out);
	out->path = make_member(m, from, "path");
	out->type = (Tripod__HostPath__Type)word_index(
	    node_get_str(from, "type"), host_path_types);
	return (out);
}

static Tripod__EmptyDir *
make_empty_dir(struct maker *m, const struct node *from)
{
	const char *medium = node_get_str(from, "medium");
	const char *limit = node_get_str(from, "sizeLimit");
	Tripod__EmptyDir *out;
	struct quantity q;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__empty_dir__init(out);
	out->memory = medium != NULL && strcmp(medium, "Memory") == 0;
	if (limit != NULL && quantity_parse(limit, &q, NULL) == 0)
		out->size_limit = quantity_whole(&q);
	return (out);
}

static Tripod__Volume *
make_volume(struct maker *m, const struct node *from)
{
	const struct node *host = node_get(from, "hostPath");
	Tripod__Volume *out;

	if ((out = make(m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__volume__init(out);
	out->name = make_member(m, from, "name");
	if (host != NULL) {
		out->source_case = TRIPOD__VOLUME__SOURCE_HOST_PATH;
		out->host_path = make_host_path(m, host);
	} else {
		out->source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
		out->empty_dir = make_empty_dir(m, node_get(from, "emptyDir"));
	}
	return (out);
}

static void
make_spec(struct maker *m, const struct node *spec, Tripod__Pod *out)
{
	const struct node *containers = node_get(spec, "containers");
	const struct node *volumes = node_get(spec, "volumes");
	size_t i;

	if (containers != NULL &&
	    (out->container = make(
		 m, containers->n, sizeof(*out->container))) != NULL) {
		out->n_container = containers->n;
		for (i = 0; i < containers->n; i++)
			out->container[i] = make_container(
			    m, containers->item[i]);
	}
	if (volumes != NULL &&
	    (out->volume = make(m, volumes->n, sizeof(*out->volume))) != NULL) {
		out->n_volume = volumes->n;
		for (i = 0; i < volumes->n; i++)
			out->volume[i] = make_volume(m, volumes->item[i]);
	}
	out->host_network = node_get_num(spec, "hostNetwork", 0) != 0;
	out->restart_policy = (Tripod__RestartPolicy)word_index(
	    node_get_str(spec, "restartPolicy"), restart_policies);
	out->grace_seconds = node_get_num(
	    spec, "terminationGracePeriodSeconds", 0);
	out->hostname = make_member(m, spec, "hostname");
	out->priority_class = make_member(m, spec, "priorityClassName");
}

Tripod__Pod *
pod_message(
    struct arena *arena, const struct node *pod, const struct identity_of *id)
{
	const struct node *meta = node_get(pod, "metadata");
	struct maker m = { arena, 0 };
	Tripod__Pod *out;

	if ((out = make(&m, 1, sizeof(*out))) == NULL)
		return (NULL);
	tripod__pod__init(out);
	out->name = make_text(&m, id->name);
	out->namespace_ = make_text(&m, id->ns);
	out->uid = make_text(&m, id->uid);
	out->hash = make_text(&m, id->hash);
	out->label = make_pairs(&m, node_get(meta, "labels"), &out->n_label);
	out->annotation = make_pairs(
	    &m, node_get(meta, "annotations"), &out->n_annotation);
	make_spec(&m, node_get(pod, "spec"), out);
	return (m.failed ? NULL : out);
}
