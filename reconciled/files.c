#include "reconciled/files.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/name.h"
#include "reconciled/disk.h"
#include "reconciled/finder.h"
#include "reconciled/logs.h"
#include "reconciled/mounter.h"
#include "reconciled/subpath.h"
#include "reconciled/termination.h"
#include "reconciled/unready.h"
#include "reconciled/volumes.h"

#define LINK_NAME_MAX 251 /* without ".log", as the kubelet cuts it */

int
files_open(struct files *f, const struct translate_env *env,
    const char *container_logs, struct err *err)
{
	f->state = f->manifests = f->pods = -1;
	f->pod_logs = f->container_logs = -1;
	f->trash.folder = -1;
	f->mounter = f->finder = NULL;
	cgroup_init(&f->cgroups);
	f->env = env;
	f->container_logs_path = container_logs;
	f->state = disk_open_made(AT_FDCWD, env->state, 0755, err);
	if (f->state == -1)
		return (-1);
	f->manifests = disk_open_made(f->state, "manifests", 0700, err);
	f->pods = f->manifests == -1
	    ? -1
	    : disk_open_made(f->state, "pods", 0750, err);
	f->pod_logs = f->pods == -1
	    ? -1
	    : disk_open_made(AT_FDCWD, env->pod_logs, 0750, err);
	f->container_logs = f->pod_logs == -1
	    ? -1
	    : disk_open_made(AT_FDCWD, container_logs, 0755, err);
	if (f->container_logs == -1 ||
	    trash_open(&f->trash, f->pods, err) == -1) {
		files_close(f);
		return (-1);
	}
	/* Until 0.1.0 everybody could come to the volumes. */
	if (fchmod(f->pods, 0750) == -1)
		log_warn("%s/pods", env->state);
	return (0);
}

int
files_start_helpers(struct files *f, int optional, struct err *err)
{
	f->mounter = helper_start(&mounter_kind, f->pods, NULL, optional, err);
	/* Host paths of type ...OrCreate may be anywhere. */
	f->finder = f->mounter == NULL
	    ? NULL
	    : helper_start(&finder_kind, f->pods, "/", optional, err);
	return (f->finder == NULL ? -1 : 0);
}

static void
close_one(int *fd)
{
	if (*fd != -1)
		(void)close(*fd); /* only read from */
	*fd = -1;
}

void
files_close(struct files *f)
{
	close_one(&f->state);
	close_one(&f->manifests);
	close_one(&f->pods);
	close_one(&f->pod_logs);
	close_one(&f->container_logs);
	cgroup_close(&f->cgroups);
	trash_close(&f->trash);
	helper_free(f->mounter);
	helper_free(f->finder);
	f->mounter = f->finder = NULL;
}

void
files_prepare_pod(
    const struct files *f, const struct pod *p, work_done done, void *ctx)
{
	struct err err;

	/* Its folder also marks the rest as ours: see sweep.h. */
	if (disk_make_path(f->pods, p->uid, 0750) == -1) {
		(void)err_sys(&err, "folder of the pod");
		done(ctx, &err);
		return;
	}
	volumes_prepare(f, p, done, ctx);
}

int
files_prepare_container(const struct files *f, const struct pod *p,
    const char *name, struct err *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s_%s_%s/%s", p->namespace_,
	    p->name, p->uid, name); /* checked parts, far below PATH_MAX */
	if (disk_make_path(f->pod_logs, path, 0755) == -1)
		return (err_sys(err, "log folder of %s", name));
	return (0);
}

int
files_write_hosts(const struct files *f, const struct pod *p, const char *text,
    struct err *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/" FILES_HOSTS, p->uid);
	if (disk_make_path(f->pods, p->uid, 0750) == -1 ||
	    disk_write(f->pods, path, 0644, text, strlen(text)) == -1)
		return (err_sys(err, "file for /etc/hosts"));
	return (0);
}

static void
link_name(char buf[static PATH_MAX], const struct pod *p,
    const struct seen_container *c)
{
	int n;

	n = snprintf(buf, PATH_MAX, "%s_%s_%s-%s", p->name, p->namespace_,
	    c->name, c->id);
	if (n > LINK_NAME_MAX)
		n = LINK_NAME_MAX;
	(void)snprintf(buf + n, 5, ".log"); /* fits */
}

void
files_log_path(char path[static PATH_MAX], const struct pod *p,
    const struct seen_container *c)
{
	(void)snprintf(path, PATH_MAX, "%s_%s_%s/%s/%u.log", p->namespace_,
	    p->name, p->uid, c->name, c->attempt); /* fits: checked parts */
}

uint32_t
files_next_attempt(
    const struct files *f, const struct pod *p, const char *container)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s_%s_%s/%s", p->namespace_,
	    p->name, p->uid, container); /* fits: checked parts */
	return (logs_next_attempt(f->pod_logs, path));
}

void
files_link_log(
    const struct files *f, const struct pod *p, const struct seen_container *c)
{
	char name[PATH_MAX], path[PATH_MAX], target[PATH_MAX * 2];

	link_name(name, p, c);
	files_log_path(path, p, c);
	if (disk_look(f->pod_logs, path) == DISK_MISSING)
		return; /* it never began */
	(void)snprintf(target, sizeof(target), "%s/%s", f->env->pod_logs, path);
	if (symlinkat(target, f->container_logs, name) == -1 && errno != EEXIST)
		log_warn("%s/%s", f->container_logs_path, name);
}

void
files_remove_log(
    const struct files *f, const struct pod *p, const struct seen_container *c)
{
	char path[PATH_MAX];

	/* It may never have been made; a leftover goes with the pod. */
	link_name(path, p, c);
	(void)unlinkat(f->container_logs, path, 0);
	files_log_path(path, p, c);
	logs_remove(f->pod_logs, path);
	message_remove(f->pods, p, c->name, c->attempt);
	unready_remove(f->pods, p, c);
}

/* Also of containers that somebody else has removed. */
static void
remove_links(const struct files *f, const struct pod *p)
{
	char prefix[PATH_MAX], target[PATH_MAX];
	struct dirent *d;
	size_t len;
	ssize_t n;
	DIR *dir;

	(void)snprintf(prefix, sizeof(prefix), "%s/%s_%s_%s/", f->env->pod_logs,
	    p->namespace_, p->name, p->uid); /* cut: matches nothing */
	len = strlen(prefix);
	if ((dir = disk_list(f->container_logs, ".")) == NULL)
		return;
	while ((d = readdir(dir)) != NULL) {
		n = readlinkat(
		    f->container_logs, d->d_name, target, sizeof(target));
		if (n > (ssize_t)len && strncmp(target, prefix, len) == 0)
			(void)unlinkat(f->container_logs, d->d_name, 0);
	}
	(void)closedir(dir); /* only read from */
}

/* The last step of it. */
struct clean {
	const struct files *files;
	const struct pod *pod;
	int used; /* -1: processes of it have not ended yet */
	work_done done;
	void *ctx;
};

static void
on_unmounted(void *ctx, const struct err *err)
{
	struct clean *c = ctx;
	const struct files *f = c->files;
	const char *uid = c->pod->uid;
	struct err why;

	if (err == NULL && trash_put(&f->trash, uid) == -1) {
		(void)err_sys(&why, "folder of the pod");
		err = &why;
	}
	if (err == NULL && c->used == -1) {
		/* Volumes are not for the next pod of it; a folder tells. */
		if (disk_make_path(f->pods, uid, 0750) == -1)
			log_warn("folder of pod %s", uid);
		(void)err_set(&why, "processes of it have not ended yet");
		err = &why;
	}
	c->done(c->ctx, err);
	free(c);
}

void
files_clean_pod(
    const struct files *f, const struct pod *p, work_done done, void *ctx)
{
	struct clean *c = xcalloc(1, sizeof(*c));
	char name[PATH_MAX];

	remove_links(f, p);
	(void)snprintf(
	    name, sizeof(name), "%s_%s_%s", p->namespace_, p->name, p->uid);
	disk_remove(f->pod_logs, name);
	/* Its folder is the last: it tells that there may be more. */
	*c = (struct clean){ f, p, cgroup_remove(&f->cgroups, p), done, ctx };
	subpaths_unmount(f, p->uid, on_unmounted, c);
}
