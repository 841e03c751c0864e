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
prepare_folder(int at, const struct volume_owner *o, struct err *err)
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

/* As much as the volume may hold: of the machine's, the pod's, its own. */
static uint64_t
memory_size(const struct files *f, const Tripod__Pod *pod, int64_t limit)
{
	int64_t size = f->env->machine.memory;
	int64_t of_pod = qos_pod_amount(pod, QOS_LIMIT, "memory");

	if (of_pod > 0 && of_pod < size)
		size = of_pod;
	if (limit > 0 && limit < size)
		size = limit;
	return ((uint64_t)size);
}

/* Once per boot: what is in memory outlives neither that nor the pod. */
static int
prepare_memory(const struct files *f, const struct pod *p, int at,
    const Tripod__Volume *v, struct err *err)
{
	const Tripod__Pod *pod = p->definition->pod;
	const Tripod__Number *group = pod->security == NULL
	    ? NULL
	    : pod->security->fs_group;
	struct mounter_memory m = { 0, 0777, 0 };
	struct stat st, above;
	char target[PATH_MAX];

	if (fstatat(at, v->name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    fstat(at, &above) == -1)
		return (err_sys(err, "volume %s", v->name));
	if (st.st_dev != above.st_dev)
		return (0); /* mounted before */
	m.size = memory_size(f, pod, v->empty_dir->size_limit);
	if (group != NULL) {
		m.group = (gid_t)group->value;
		m.mode |= S_ISGID;
	}
	(void)snprintf(target, sizeof(target),
	    "%s/volumes/" VOLUMES_EMPTY_DIR "/%s", p->uid, v->name); /* fits */
	return (mounter_tmpfs(&f->mounter, &m, target, err));
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
prepare_empty_dir(const struct files *f, const struct pod *p,
    const Tripod__Volume *v, const struct volume_owner *o, struct err *err)
{
	int at, rc;

	if ((at = open_plugin(f->pods, p, VOLUMES_EMPTY_DIR, err)) == -1)
		return (-1);
	rc = prepare_folder(at, o, err);
	if (rc == 0 && v->empty_dir->memory)
		rc = prepare_memory(f, p, at, v, err);
	(void)close(at); /* only read from */
	return (rc);
}

static int
prepare_downward(const struct files *f, const struct pod *p,
    const Tripod__Volume *v, const struct volume_owner *o, struct err *err)
{
	int at, rc;

	if ((at = open_plugin(f->pods, p, DOWNWARD, err)) == -1)
		return (-1);
	rc = downward_write(at, o, f->env, p, v->downward, err);
	(void)close(at); /* only read from */
	return (rc);
}

int
volumes_prepare(const struct files *f, const struct pod *p, struct err *err)
{
	const Tripod__Pod *pod = p->definition->pod;
	const Tripod__PodSecurity *security = pod->security;
	struct volume_owner o = { NULL,
		security == NULL ? NULL : security->fs_group };
	const Tripod__Volume *v;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < pod->n_volume; i++) {
		v = pod->volume[i];
		o.name = v->name;
		switch (v->source_case) {
		case TRIPOD__VOLUME__SOURCE_HOST_PATH:
			rc = prepare_host_path(v->host_path, err);
			break;
		case TRIPOD__VOLUME__SOURCE_EMPTY_DIR:
			rc = prepare_empty_dir(f, p, v, &o, err);
			break;
		case TRIPOD__VOLUME__SOURCE_DOWNWARD:
			rc = prepare_downward(f, p, v, &o, err);
			break;
		case TRIPOD__VOLUME__SOURCE_IMAGE:
		case TRIPOD__VOLUME__SOURCE__NOT_SET:
		case _TRIPOD__VOLUME__SOURCE__CASE_IS_INT_SIZE:
			break; /* refused before */
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
	    v->source_case == TRIPOD__VOLUME__SOURCE_DOWNWARD
		? DOWNWARD
		: VOLUMES_EMPTY_DIR,
	    v->name); /* fits: checked parts */
	return (openat(pods, path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}
