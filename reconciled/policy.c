#include "reconciled/policy.h"

#include <string.h>

#include "common/name.h"
#include "reconciled/pod.h"
#include "reconciled/translate.h"

#define GRACE_MAX (366LL * 24 * 3600) /* more is a mistake */
#define VOLUMES_MAX 256
#define LIST_MAX 4096 /* labels, environment, arguments ... */

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

static int
check_volumes(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	const Tripod__Volume *v;
	size_t i;

	if (pod->n_volume > VOLUMES_MAX)
		return (err_set(err, "more than %d volumes", VOLUMES_MAX));
	for (i = 0; i < pod->n_volume; i++) {
		v = pod->volume[i];
		if (!name_is_label(v->name))
			return (err_set(err, "bad volume name"));
		switch (v->source_case) {
		case TRIPOD__VOLUME__SOURCE_HOST_PATH:
			if (check_host_path(policy, v, err) == -1)
				return (-1);
			break;
		case TRIPOD__VOLUME__SOURCE_EMPTY_DIR:
			if (v->empty_dir->memory)
				return (err_set(err,
				    "volume %s: an emptyDir "
				    "in memory is not supported",
				    v->name));
			break;
		case TRIPOD__VOLUME__SOURCE_DOWNWARD:
		case TRIPOD__VOLUME__SOURCE_IMAGE:
			return (err_set(err,
			    "volume %s: its kind is not supported", v->name));
		case TRIPOD__VOLUME__SOURCE__NOT_SET:
		case _TRIPOD__VOLUME__SOURCE__CASE_IS_INT_SIZE:
			return (err_set(err, "volume %s: no source", v->name));
		}
	}
	return (0);
}

static int
volume_exists(const Tripod__Pod *pod, const char *name)
{
	size_t i;

	for (i = 0; i < pod->n_volume; i++)
		if (strcmp(pod->volume[i]->name, name) == 0)
			return (1);
	return (0);
}

static int
check_container(const Tripod__Pod *pod, size_t index, struct err *err)
{
	const Tripod__Container *c = pod->container[index];
	size_t i;

	if (!name_is_label(c->name))
		return (err_set(err, "bad container name"));
	if (c->image[0] == '\0')
		return (err_set(err, "container %s: no image", c->name));
	for (i = 0; i < index; i++)
		if (strcmp(pod->container[i]->name, c->name) == 0)
			return (
			    err_set(err, "container %s: named twice", c->name));
	if (c->n_command > LIST_MAX || c->n_arg > LIST_MAX ||
	    c->n_env > LIST_MAX || c->n_port > LIST_MAX ||
	    c->n_mount > LIST_MAX)
		return (err_set(err,
		    "container %s: more than %d elements in "
		    "a list",
		    c->name, LIST_MAX));
	if (!translate_fits(c))
		return (err_set(err,
		    "container %s: environment, command and "
		    "arguments are longer than %d bytes",
		    c->name, TRANSLATE_TEXT_MAX));
	for (i = 0; i < c->n_mount; i++)
		if (!volume_exists(pod, c->mount[i]->volume) ||
		    c->mount[i]->path[0] == '\0')
			return (err_set(err, "container %s: bad mount of %s",
			    c->name, c->mount[i]->volume));
	return (0);
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
	if (pod->n_label > LIST_MAX || pod->n_annotation > LIST_MAX)
		return (err_set(err, "too many labels or annotations"));
	if (pod->hostname[0] != '\0' && !name_is_label(pod->hostname))
		return (err_set(err, "bad host name"));
	return (0);
}

int
policy_check(
    const struct policy *policy, const Tripod__Pod *pod, struct err *err)
{
	size_t i;

	if (check_identity(pod, err) == -1)
		return (-1);
	if (pod->n_unsupported > 0)
		return (err_set(err, "asks for what is not supported: %s",
		    pod->unsupported[0]));
	if (pod->grace_seconds < 0 || pod->grace_seconds > GRACE_MAX)
		return (err_set(err, "bad terminationGracePeriodSeconds"));
	if (pod->host_network && !policy->host_network)
		return (err_set(err,
		    "hostNetwork is not allowed by "
		    "reconciled.conf"));
	if (check_volumes(policy, pod, err) == -1)
		return (-1);
	if (pod->n_container == 0 || pod->n_container > POD_CONTAINERS_MAX)
		return (err_set(
		    err, "must have 1 to %d containers", POD_CONTAINERS_MAX));
	for (i = 0; i < pod->n_container; i++)
		if (check_container(pod, i, err) == -1)
			return (-1);
	return (0);
}
