#include "reconciled/volumes.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/disk.h"
#include "reconciled/downward.h"

#define EMPTY_DIR "kubernetes.io~empty-dir"
#define DOWNWARD "kubernetes.io~downward-api"
#define NEW ".new" /* no volume's name starts with a dot */

/* Whether what is there is of the type; fills err if not. */
static int
type_matches(const Tripod__HostPath *hp, const struct stat *st, struct err *err)
{
	static const struct {
		Tripod__HostPath__Type type;
		mode_t format;
		const char *text;
	} rules[] = {
		{ TRIPOD__HOST_PATH__TYPE__DIRECTORY, S_IFDIR, "directory" },
		{ TRIPOD__HOST_PATH__TYPE__DIRECTORY_OR_CREATE, S_IFDIR,
		    "directory" },
		{ TRIPOD__HOST_PATH__TYPE__FILE, S_IFREG, "file" },
		{ TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE, S_IFREG, "file" },
		{ TRIPOD__HOST_PATH__TYPE__SOCKET, S_IFSOCK, "socket" },
		{ TRIPOD__HOST_PATH__TYPE__CHAR_DEVICE, S_IFCHR,
		    "character device" },
		{ TRIPOD__HOST_PATH__TYPE__BLOCK_DEVICE, S_IFBLK,
		    "block device" },
	};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == hp->type &&
		    (st->st_mode & S_IFMT) != rules[i].format)
			return (err_set(err, "host path %s is not a %s",
			    hp->path, rules[i].text));
	return (0);
}

static int
prepare_host_path(const Tripod__HostPath *hp, struct err *err)
{
	struct stat st;

	if (hp->type == TRIPOD__HOST_PATH__TYPE__ANY)
		return (0);
	if (stat(hp->path, &st) == -1) {
		if (errno == ENOENT &&
		    hp->type == TRIPOD__HOST_PATH__TYPE__DIRECTORY_OR_CREATE)
			(void)disk_make_path(AT_FDCWD, hp->path, 0755);
		else if (errno == ENOENT &&
		    hp->type == TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE)
			(void)mknod(hp->path, S_IFREG | 0644, 0);
		/* Whether that worked is seen now. */
		if (stat(hp->path, &st) == -1)
			return (err_sys(err, "host path %s", hp->path));
	}
	return (type_matches(hp, &st, err));
}

/* Mode and group of a folder that is ours and nobody has used yet. */
static int
set_owner(int at, const char *name, mode_t mode, const Tripod__Number *group)
{
	int fd, rc;

	if ((fd = openat(at, name, DISK_OPEN_DIR)) == -1)
		return (-1);
	/* The mode first: a foreign group would cost the set-gid bit. */
	rc = fchmod(fd, mode | (group != NULL ? S_ISGID : 0));
	if (rc == 0 && group != NULL)
		rc = fchown(fd, (uid_t)-1, (gid_t)group->value);
	(void)close(fd); /* only read from */
	return (rc);
}

/*
 * Made once, under another name until it is complete; what containers did
 * to it afterwards is theirs.  New files inherit the group.
 */
static int
prepare_empty_dir(int at, const struct volume_owner *o, struct err *err)
{
	struct stat st;

	if (fstatat(at, o->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return (0);
	disk_remove(at, NEW);
	if (mkdirat(at, NEW, 0700) == -1 ||
	    set_owner(at, NEW, 0777, o->group) == -1 ||
	    renameat(at, NEW, at, o->name) == -1)
		return (err_sys(err, "volume %s", o->name));
	return (0);
}

/* Opens the folder of a pod's volumes of one kind. */
static int
open_plugin(int pods, const struct pod *p, const char *plugin, struct err *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/volumes/%s", p->uid,
	    plugin); /* fits: a uid is short */
	return (disk_open_made(pods, path, 0750, err));
}

static int
prepare_own(int pods, const struct translate_env *env, const struct pod *p,
    const Tripod__Volume *v, struct err *err)
{
	const Tripod__PodSecurity *s = p->definition->pod->security;
	struct volume_owner o = { v->name, s == NULL ? NULL : s->fs_group };
	int at, rc, is_dir;

	is_dir = v->source_case == TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
	at = open_plugin(pods, p, is_dir ? EMPTY_DIR : DOWNWARD, err);
	if (at == -1)
		return (-1);
	if (is_dir)
		rc = prepare_empty_dir(at, &o, err);
	else
		rc = downward_write(at, &o, env, p, v->downward, err);
	(void)close(at); /* only read from */
	return (rc);
}

int
volumes_prepare(int pods, const struct translate_env *env, const struct pod *p,
    struct err *err)
{
	const Tripod__Pod *pod = p->definition->pod;
	const Tripod__Volume *v;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < pod->n_volume; i++) {
		v = pod->volume[i];
		switch (v->source_case) {
		case TRIPOD__VOLUME__SOURCE_HOST_PATH:
			rc = prepare_host_path(v->host_path, err);
			break;
		case TRIPOD__VOLUME__SOURCE_EMPTY_DIR:
		case TRIPOD__VOLUME__SOURCE_DOWNWARD:
			rc = prepare_own(pods, env, p, v, err);
			break;
		case TRIPOD__VOLUME__SOURCE_IMAGE:
		case TRIPOD__VOLUME__SOURCE__NOT_SET:
		case _TRIPOD__VOLUME__SOURCE__CASE_IS_INT_SIZE:
			break; /* the runtime's business, or refused before */
		}
	}
	return (rc);
}

/* Folder of a volume, as far as we know it; a path for host paths. */
int
volumes_open(int pods, const struct pod *p, const Tripod__Volume *v)
{
	char path[PATH_MAX];

	if (v->source_case == TRIPOD__VOLUME__SOURCE_HOST_PATH)
		return (open(v->host_path->path, O_PATH | O_CLOEXEC));
	(void)snprintf(path, sizeof(path), "%s/volumes/%s/%s", p->uid,
	    v->source_case == TRIPOD__VOLUME__SOURCE_DOWNWARD ? DOWNWARD
							      : EMPTY_DIR,
	    v->name); /* fits: checked parts */
	return (openat(pods, path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}
