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

#define LINK_NAME_MAX 251 /* without ".log", as the kubelet cuts it */
#define REMOVE_DEPTH_MAX 64
#define EMPTY_DIR "volumes/kubernetes.io~empty-dir"
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Makes every missing folder of an absolute or relative path. */
static int
make_path(int at, const char *path, mode_t mode)
{
	char buf[PATH_MAX], *p;
	int rc = 0;

	if ((size_t)snprintf(buf, sizeof(buf), "%s", path) >= sizeof(buf)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	for (p = buf + 1; rc == 0 && (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdirat(at, buf, mode) == -1 && errno != EEXIST)
			rc = -1;
		*p = '/';
	}
	if (rc == 0 && mkdirat(at, buf, mode) == -1 && errno != EEXIST)
		rc = -1;
	return (rc);
}

/* Opens a folder, making it where it is missing; -1 and err. */
static int
open_made(int at, const char *path, mode_t mode, struct err *err)
{
	int fd;

	if (make_path(at, path, mode) == -1 ||
	    (fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (err_sys(err, "%s", path));
	return (fd);
}

int
files_open(struct files *f, const struct translate_env *env,
    const char *container_logs, struct err *err)
{
	f->state = f->manifests = f->pods = -1;
	f->pod_logs = f->container_logs = f->cgroups = -1;
	f->env = env;
	f->container_logs_path = container_logs;
	f->state = open_made(AT_FDCWD, env->state, 0755, err);
	if (f->state == -1)
		return (-1);
	f->manifests = open_made(f->state, "manifests", 0700, err);
	f->pods = f->manifests == -1 ? -1
				     : open_made(f->state, "pods", 0755, err);
	f->pod_logs = f->pods == -1
	    ? -1
	    : open_made(AT_FDCWD, env->pod_logs, 0755, err);
	f->container_logs = f->pod_logs == -1
	    ? -1
	    : open_made(AT_FDCWD, container_logs, 0755, err);
	if (f->container_logs == -1) {
		files_close(f);
		return (-1);
	}
	f->cgroups = open("/sys/fs/cgroup", OPEN_DIR); /* -1: none to clean */
	return (0);
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
	close_one(&f->cgroups);
}

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
			(void)make_path(AT_FDCWD, hp->path, 0755);
		else if (errno == ENOENT &&
		    hp->type == TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE)
			(void)mknod(hp->path, S_IFREG | 0644, 0);
		/* Whether that worked is seen now. */
		if (stat(hp->path, &st) == -1)
			return (err_sys(err, "host path %s", hp->path));
	}
	return (type_matches(hp, &st, err));
}

static int
prepare_empty_dir(const struct files *f, const struct pod *p, const char *name,
    struct err *err)
{
	char path[PATH_MAX];
	int fd, rc;

	/* Checked parts: neither can hold a slash. */
	(void)snprintf(path, sizeof(path), "%s/" EMPTY_DIR "/%s", p->uid, name);
	if (make_path(f->pods, path, 0755) == -1 ||
	    (fd = openat(f->pods, path, OPEN_DIR)) == -1)
		return (err_sys(err, "volume %s", name));
	rc = fchmod(fd, 0777); /* in spite of the umask */
	(void)close(fd);       /* only read from */
	if (rc == -1)
		return (err_sys(err, "volume %s", name));
	return (0);
}

int
files_prepare_pod(const struct files *f, const struct pod *p, struct err *err)
{
	const Tripod__Pod *pod = p->definition->pod;
	const Tripod__Volume *v;
	size_t i;
	int rc;

	for (i = 0; i < pod->n_volume; i++) {
		v = pod->volume[i];
		if (v->source_case == TRIPOD__VOLUME__SOURCE_HOST_PATH)
			rc = prepare_host_path(v->host_path, err);
		else
			rc = prepare_empty_dir(f, p, v->name, err);
		if (rc == -1)
			return (-1);
	}
	return (0);
}

int
files_prepare_container(const struct files *f, const struct pod *p,
    const char *name, struct err *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s_%s_%s/%s", p->namespace_,
	    p->name, p->uid, name); /* checked parts, far below PATH_MAX */
	if (make_path(f->pod_logs, path, 0755) == -1)
		return (err_sys(err, "log folder of %s", name));
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
files_link_log(
    const struct files *f, const struct pod *p, const struct seen_container *c)
{
	char name[PATH_MAX], target[PATH_MAX];

	link_name(name, p, c);
	(void)snprintf(target, sizeof(target), "%s/%s_%s_%s/%s/%u.log",
	    f->env->pod_logs, p->namespace_, p->name, p->uid, c->name,
	    c->attempt);
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
	(void)snprintf(path, sizeof(path), "%s_%s_%s/%s/%u.log", p->namespace_,
	    p->name, p->uid, c->name, c->attempt);
	(void)unlinkat(f->pod_logs, path, 0);
}

/* Removes a tree that lies on one file system; -1: something is left. */
static int
remove_tree(int at, const char *name, dev_t dev, int depth)
{
	struct dirent *d;
	struct stat st;
	DIR *dir;
	int fd, rc = 0;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return (0);
	if (errno != EISDIR && errno != EPERM)
		return (-1);
	if (depth == 0 || (fd = openat(at, name, OPEN_DIR)) == -1)
		return (-1);
	if (fstat(fd, &st) == -1 || st.st_dev != dev ||
	    (dir = fdopendir(fd)) == NULL) {
		(void)close(fd); /* a mount, or no memory: left alone */
		return (-1);
	}
	while ((d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc |= remove_tree(fd, d->d_name, dev, depth - 1);
	(void)closedir(dir); /* only read from */
	if (unlinkat(at, name, AT_REMOVEDIR) == -1)
		rc = -1;
	return (rc);
}

static void
remove_below(int at, const char *name)
{
	struct stat st;

	if (fstat(at, &st) == -1 ||
	    remove_tree(at, name, st.st_dev, REMOVE_DEPTH_MAX) == -1)
		log_warnx("%s: not all could be removed", name);
}

/* The pod's own group in every hierarchy (v1) or in the one (v2). */
static void
remove_cgroups(const struct files *f, const struct pod *p)
{
	struct arena arena;
	struct dirent *d;
	char path[PATH_MAX];
	const char *group;
	DIR *dir;
	int fd;

	if (f->cgroups == -1 || (fd = openat(f->cgroups, ".", OPEN_DIR)) == -1)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		(void)close(fd); /* only read from */
		return;
	}
	arena_init(&arena, PATH_MAX * 4);
	group = translate_cgroup(&arena, f->env, p);
	/* Most of them do not exist: no error is worth a line. */
	(void)unlinkat(f->cgroups, group, AT_REMOVEDIR);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' || d->d_type != DT_DIR)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", d->d_name, group);
		(void)unlinkat(f->cgroups, path, AT_REMOVEDIR);
	}
	(void)closedir(dir); /* only read from */
	arena_release(&arena);
}

void
files_clean_pod(const struct files *f, const struct pod *p)
{
	char name[PATH_MAX];

	remove_below(f->pods, p->uid);
	(void)snprintf(
	    name, sizeof(name), "%s_%s_%s", p->namespace_, p->name, p->uid);
	remove_below(f->pod_logs, name);
	remove_cgroups(f, p);
}
