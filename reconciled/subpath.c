#include "reconciled/subpath.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/disk.h"
#include "reconciled/finder.h"
#include "reconciled/message.h"
#include "reconciled/mounter.h"
#include "reconciled/spec.h"
#include "reconciled/volumes.h"

/* The mounts of a container, one after the other. */
struct work {
	const struct files *files;
	struct subpaths of;
	size_t i;
	const char *path; /* below the volume */
	char *target;
	int found; /* what lies there, held; or -1 */
	int is_dir;
	work_done done;
	void *ctx;
};

static void go_on(struct work *);

static void
work_end(struct work *w, const struct err *err)
{
	work_done done = w->done;
	void *ctx = w->ctx;

	if (w->found != -1)
		(void)close(w->found); /* only a reference */
	free(w);
	done(ctx, err);
}

static void
on_bound(void *ctx, const struct errand_result *res)
{
	struct work *w = ctx;
	struct err err;

	if (mounter_result(res, w->target, &err) == -1) {
		work_end(w, &err);
		return;
	}
	w->of.config->mounts[w->i]->host_path = must_printf(
	    w->of.arena, "%s/pods/%s", w->files->env->state, w->target);
	w->i++;
	go_on(w);
}

/*
 * An empty place of the kind of what is to be mounted on it.  -1 with errno;
 * EBUSY: an earlier mount is still there.
 */
static int
make_place(int pods, const char *target, int is_dir)
{
	char folder[PATH_MAX];

	(void)snprintf(folder, sizeof(folder), "%.*s",
	    (int)(strrchr(target, '/') - target), target); /* fits */
	if (disk_make_path(pods, folder, 0750) == -1)
		return (-1);
	/* Of an earlier mount, which may have been of the other kind. */
	if (unlinkat(pods, target, 0) == -1 && errno != ENOENT &&
	    (errno != EISDIR || unlinkat(pods, target, AT_REMOVEDIR) == -1))
		return (-1);
	if (is_dir)
		return (mkdirat(pods, target, 0700));
	return (disk_write(pods, target, 0600, "", 0));
}

/* Where what was found is seen from now on. */
static int
bind_found(struct work *w)
{
	int found = w->found;

	if (make_place(w->files->pods, w->target, w->is_dir) == -1)
		return (-1);
	w->found = -1;
	mounter_bind(
	    w->files->mounter, w->of.pod->uid, found, w->target, on_bound, w);
	return (0);
}

static void
place_failed(struct work *w)
{
	struct err err;

	(void)err_sys(&err, "place for sub-path %s", w->path);
	work_end(w, &err);
}

static void
on_unmounted(void *ctx, const struct errand_result *res)
{
	struct work *w = ctx;
	struct err err;

	if (mounter_result(res, w->target, &err) == -1)
		work_end(w, &err);
	else if (bind_found(w) == -1)
		place_failed(w);
}

/* What lies there can be mounted; -1 and err. */
static int
check_found(
    const struct work *w, const struct errand_result *res, struct err *err)
{
	const struct found *found = res->answer;

	if (found == NULL)
		return (err_set(err, "sub-path %s: %s", w->path, res->why));
	if (found->error == EXDEV)
		return (err_set(
		    err, "sub-path %s leads out of the volume", w->path));
	if (found->error != 0) {
		errno = found->error;
		return (err_sys(err, "sub-path %s", w->path));
	}
	if (!S_ISDIR(found->mode) && !S_ISREG(found->mode))
		return (err_set(err,
		    "sub-path %s is neither a folder nor a file", w->path));
	return (0);
}

static void
on_found(void *ctx, const struct errand_result *res)
{
	struct work *w = ctx;
	struct err err;

	if (check_found(w, res, &err) == -1) {
		work_end(w, &err);
		return;
	}
	w->is_dir = S_ISDIR(((const struct found *)res->answer)->mode);
	w->found = res->fd[0];
	res->fd[0] = -1;
	if (bind_found(w) == 0)
		return;
	if (errno == EBUSY)
		mounter_unmount(w->files->mounter, w->of.pod->uid, w->target,
		    on_unmounted, w);
	else
		place_failed(w);
}

static int
has_sub_path(const Tripod__VolumeMount *vm)
{
	return (vm->sub_path[0] != '\0' || vm->sub_path_expr[0] != '\0');
}

/* Begins with the next mount that has a sub-path; the rest follows. */
static void
go_on(struct work *w)
{
	const struct subpaths *of = &w->of;
	const Tripod__VolumeMount *vm;
	char volume[PATH_MAX];
	const Tripod__Volume *v;
	struct err err;

	while (w->i < of->container->n_mount &&
	    !has_sub_path(of->container->mount[w->i]))
		w->i++;
	if (w->i == of->container->n_mount) {
		work_end(w, NULL);
		return;
	}
	vm = of->container->mount[w->i];
	v = spec_volume(of->pod->definition->pod, vm->volume);
	log_assert(v != NULL); /* by the policy */
	w->path = translate_sub_path(of->arena, of->config, vm, &err);
	if (w->path == NULL) {
		work_end(w, &err);
		return;
	}
	w->target = must_printf(of->arena, "%s/" SUBPATHS "/%s/%s/%zu",
	    of->pod->uid, vm->volume, of->container->name, w->i);
	volumes_path(of->pod, v, volume);
	finder_find(
	    w->files->finder, of->pod->uid, volume, w->path, on_found, w);
}

void
subpaths_mount(
    const struct files *f, const struct subpaths *of, work_done done, void *ctx)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->files = f;
	w->of = *of;
	w->found = -1;
	w->done = done;
	w->ctx = ctx;
	go_on(w);
}

/* --- the end of a pod --- */

/* What of it is mounted. */
struct unmount {
	const struct files *files;
	char *uid;
	char **target;
	size_t n;
	work_done done;
	void *ctx;
};

static void
unmount_end(struct unmount *u, const struct err *err)
{
	work_done done = u->done;
	void *ctx = u->ctx;

	while (u->n > 0)
		free(u->target[--u->n]);
	free(u->target);
	free(u->uid);
	free(u);
	done(ctx, err);
}

static void unmount_next(struct unmount *);

static void
on_gone(void *ctx, const struct errand_result *res)
{
	struct unmount *u = ctx;
	struct err err;

	if (mounter_result(res, u->target[u->n - 1], &err) == -1) {
		unmount_end(u, &err);
		return;
	}
	free(u->target[--u->n]);
	unmount_next(u);
}

static void
unmount_next(struct unmount *u)
{
	if (u->n == 0)
		unmount_end(u, NULL);
	else
		mounter_unmount(
		    u->files->mounter, u->uid, u->target[u->n - 1], on_gone, u);
}

/* Finds what is mounted some levels below a folder.  -1 with errno. */
static int
find_mounts(struct unmount *u, const char *folder, int levels)
{
	char path[PATH_MAX];
	struct dirent *d;
	int rc = 0;
	DIR *dir;

	if ((dir = disk_list(u->files->pods, folder)) == NULL)
		return (errno == ENOENT || errno == ENOTDIR ? 0 : -1);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", folder,
			d->d_name) >= sizeof(path))
			continue;
		switch (disk_look(u->files->pods, path)) {
		case DISK_MOUNT:
			u->target = xreallocarray(
			    u->target, u->n + 1, sizeof(*u->target));
			u->target[u->n++] = xstrdup(path);
			break;
		case DISK_THERE:
			if (levels > 1)
				rc |= find_mounts(u, path, levels - 1);
			break;
		case DISK_UNKNOWN:
			rc = -1; /* it must not go with the rest */
			break;
		case DISK_MISSING:
			break;
		}
	}
	(void)closedir(dir); /* only read from */
	return (rc);
}

void
subpaths_unmount(
    const struct files *f, const char *uid, work_done done, void *ctx)
{
	struct unmount *u = xcalloc(1, sizeof(*u));
	char folder[PATH_MAX];
	struct err err;
	int rc;

	u->files = f;
	u->uid = xstrdup(uid);
	u->done = done;
	u->ctx = ctx;
	(void)snprintf(folder, sizeof(folder), "%s/" SUBPATHS, uid); /* fits */
	rc = find_mounts(u, folder, 3);
	if (rc == 0) {
		(void)snprintf(folder, sizeof(folder),
		    "%s/volumes/" VOLUMES_EMPTY_DIR, uid); /* fits */
		rc = find_mounts(u, folder, 1);		   /* memory */
	}
	if (rc == 0) {
		unmount_next(u);
		return;
	}
	(void)err_sys(&err, "%s", folder);
	unmount_end(u, &err);
}
