#include "reconciled/volumes.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "reconciled/disk.h"
#include "reconciled/downward.h"
#include "reconciled/finder.h"
#include "reconciled/mounter.h"

#define NEW ".new" /* no volume's name starts with a dot */

/* What a volume has come to. */
enum step {
	STEP_FAILED = -1,
	STEP_DONE,
	STEP_WAITS /* for a helper */
};

/* The volumes of a pod, one after the other. */
struct work {
	const struct files *files;
	const struct pod *pod;
	size_t i;
	char target[PATH_MAX]; /* of a mount */
	work_done done;
	void *ctx;
};

static void go_on(struct work *);

static const Tripod__Volume *
volume_of(const struct work *w)
{
	return (w->pod->definition->pod->volume[w->i]);
}

static void
work_end(struct work *w, const struct err *err)
{
	work_done done = w->done;
	void *ctx = w->ctx;

	free(w);
	done(ctx, err);
}

/* The helper's part of a volume is over. */
static void
volume_end(struct work *w, int rc, const struct err *err)
{
	if (rc == -1) {
		work_end(w, err);
		return;
	}
	w->i++;
	go_on(w);
}

/* Whether what is there is of the type; fills err if not. */
static int
type_matches(const Tripod__HostPath *hp, mode_t mode, struct err *err)
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
		    (mode & S_IFMT) != rules[i].format)
			return (err_set(err, "host path %s is not a %s",
			    hp->path, rules[i].text));
	return (0);
}

static void
on_checked(void *ctx, const struct errand_result *res)
{
	const struct found *found = res->answer;
	struct work *w = ctx;
	const Tripod__HostPath *hp = volume_of(w)->host_path;
	struct err err = { "" };
	int rc;

	if (found == NULL) {
		rc = err_set(&err, "host path %s: %s", hp->path, res->why);
	} else if (found->error != 0) {
		errno = found->error;
		rc = err_sys(&err, "host path %s", hp->path);
	} else {
		rc = type_matches(hp, found->mode, &err);
	}
	volume_end(w, rc, &err);
}

static enum step
prepare_host_path(struct work *w, const Tripod__HostPath *hp)
{
	if (hp->type == TRIPOD__HOST_PATH__TYPE__ANY)
		return (STEP_DONE);
	finder_check(w->files->finder, w->pod->uid, hp, on_checked, w);
	return (STEP_WAITS);
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
	switch (disk_look(at, o->name)) {
	case DISK_MISSING:
		break;
	case DISK_THERE:
	case DISK_MOUNT:
		return (0);
	case DISK_UNKNOWN:
		return (err_sys(err, "volume %s", o->name));
	}
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

static void
on_memory(void *ctx, const struct errand_result *res)
{
	struct work *w = ctx;
	struct err err = { "" };
	int rc;

	rc = mounter_result(res, w->target, &err);
	volume_end(w, rc, &err);
}

/* Once per boot: what is in memory outlives neither that nor the pod. */
static enum step
prepare_memory(struct work *w, int at, const Tripod__Volume *v)
{
	const Tripod__Pod *pod = w->pod->definition->pod;
	const Tripod__Number *group = pod->security == NULL
	    ? NULL
	    : pod->security->fs_group;
	struct mounter_memory m = { 0, 0777, 0 };

	if (disk_look(at, v->name) == DISK_MOUNT)
		return (STEP_DONE); /* mounted before */
	m.size = memory_size(w->files, pod, v->empty_dir->size_limit);
	if (group != NULL) {
		m.group = (gid_t)group->value;
		m.mode |= S_ISGID;
	}
	(void)snprintf(w->target, sizeof(w->target),
	    "%s/volumes/" VOLUMES_EMPTY_DIR "/%s", w->pod->uid,
	    v->name); /* fits */
	mounter_tmpfs(
	    w->files->mounter, w->pod->uid, &m, w->target, on_memory, w);
	return (STEP_WAITS);
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

static enum step
prepare_empty_dir(struct work *w, const struct volume_owner *o, struct err *err)
{
	const Tripod__Volume *v = volume_of(w);
	enum step step = STEP_FAILED;
	int at;

	at = open_plugin(w->files->pods, w->pod, VOLUMES_EMPTY_DIR, err);
	if (at == -1)
		return (STEP_FAILED);
	if (prepare_folder(at, o, err) == 0)
		step = v->empty_dir->memory ? prepare_memory(w, at, v)
					    : STEP_DONE;
	(void)close(at); /* only read from */
	return (step);
}

static enum step
prepare_downward(struct work *w, const struct volume_owner *o, struct err *err)
{
	const struct files *f = w->files;
	int at, rc;

	if ((at = open_plugin(f->pods, w->pod, VOLUMES_DOWNWARD, err)) == -1)
		return (STEP_FAILED);
	rc = downward_write(at, o, f->env, w->pod, volume_of(w)->downward, err);
	(void)close(at); /* only read from */
	return (rc == -1 ? STEP_FAILED : STEP_DONE);
}

static enum step
prepare(struct work *w, struct err *err)
{
	const Tripod__PodSecurity *security = w->pod->definition->pod->security;
	const Tripod__Volume *v = volume_of(w);
	struct volume_owner o = { v->name,
		security == NULL ? NULL : security->fs_group };

	switch (v->source_case) {
	case TRIPOD__VOLUME__SOURCE_HOST_PATH:
		return (prepare_host_path(w, v->host_path));
	case TRIPOD__VOLUME__SOURCE_EMPTY_DIR:
		return (prepare_empty_dir(w, &o, err));
	case TRIPOD__VOLUME__SOURCE_DOWNWARD:
		return (prepare_downward(w, &o, err));
	case TRIPOD__VOLUME__SOURCE_IMAGE:
	case TRIPOD__VOLUME__SOURCE__NOT_SET:
	case _TRIPOD__VOLUME__SOURCE__CASE_IS_INT_SIZE:
		break; /* refused before */
	}
	return (STEP_DONE);
}

static void
go_on(struct work *w)
{
	enum step step = STEP_DONE;
	struct err err = { "" };

	for (; step == STEP_DONE && w->i < w->pod->definition->pod->n_volume;
	     w->i += step == STEP_DONE)
		step = prepare(w, &err);
	if (step != STEP_WAITS)
		work_end(w, step == STEP_FAILED ? &err : NULL);
}

void
volumes_prepare(
    const struct files *f, const struct pod *p, work_done done, void *ctx)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->files = f;
	w->pod = p;
	w->done = done;
	w->ctx = ctx;
	go_on(w);
}

void
volumes_path(
    const struct pod *p, const Tripod__Volume *v, char path[static PATH_MAX])
{
	if (v->source_case == TRIPOD__VOLUME__SOURCE_HOST_PATH)
		(void)snprintf(path, PATH_MAX, "%s", v->host_path->path);
	else
		(void)snprintf(path, PATH_MAX, "%s/volumes/%s/%s", p->uid,
		    v->source_case == TRIPOD__VOLUME__SOURCE_DOWNWARD
			? VOLUMES_DOWNWARD
			: VOLUMES_EMPTY_DIR,
		    v->name); /* fits: checked parts */
}
