#include "reconciled/subpath.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/openat2.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/disk.h"
#include "reconciled/message.h"
#include "reconciled/spec.h"
#include "reconciled/volumes.h"

#define OPEN_TRIES 100 /* each by a rename in the volume at that moment */
#define OPEN_STEP (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* One mount under work. */
struct subpath {
	const struct files *files;
	const struct pod *pod;
	const Tripod__Container *spec;
	size_t index; /* of the mount */
	const char *path;
	int root; /* O_PATH, where the volume begins */
};

/* The kernel follows links, but none that leads out of the volume. */
static int
open_beneath(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int i, fd = -1;

	for (i = 0; i < OPEN_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd != -1 || errno != EAGAIN)
			break;
	}
	return (fd);
}

/* One folder of the path, made with the permissions of the volume. */
static int
step_down(int at, const char *name, mode_t mode)
{
	int fd, made;

	fd = openat(at, name, OPEN_STEP);
	if (fd != -1 || errno != ENOENT)
		return (fd);
	if (mkdirat(at, name, mode) == -1 && errno != EEXIST)
		return (-1);
	/* In spite of the umask, where we may open it at all. */
	made = openat(at, name, DISK_OPEN_DIR);
	if (made != -1) {
		(void)fchmod(made, mode); /* else the umask's */
		(void)close(made);	  /* only read from */
	}
	return (openat(at, name, OPEN_STEP));
}

/* Makes what is missing, following no link while it does. */
static int
make_beneath(int root, const char *path)
{
	char buf[PATH_MAX], *name, *next;
	int at, fd, rc = -1;
	struct stat st;

	if (strlen(path) >= sizeof(buf)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(buf, path, strlen(path) + 1);
	if (fstat(root, &st) == -1 || (at = openat(root, ".", OPEN_STEP)) == -1)
		return (-1);
	for (name = strtok_r(buf, "/", &next); name != NULL;
	     name = strtok_r(NULL, "/", &next)) {
		fd = step_down(at, name, st.st_mode & 0777);
		(void)close(at); /* only a reference */
		if ((at = fd) == -1)
			return (-1);
	}
	rc = at == -1 ? -1 : 0;
	(void)close(at); /* only a reference */
	return (rc);
}

/* What lies there, held; -1 and err. */
static int
find(const struct subpath *s, struct err *err)
{
	int fd = open_beneath(s->root, s->path);

	if (fd == -1 && errno == ENOENT) {
		if (make_beneath(s->root, s->path) == -1)
			return (err_sys(err, "sub-path %s", s->path));
		fd = open_beneath(s->root, s->path);
	}
	if (fd == -1 && errno == EXDEV)
		return (err_set(
		    err, "sub-path %s leads out of the volume", s->path));
	if (fd == -1)
		return (err_sys(err, "sub-path %s", s->path));
	return (fd);
}

/* An empty place of the kind of what is to be mounted on it. */
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
static char *
mount_found(const struct subpath *s, int fd, struct arena *a, struct err *err)
{
	const struct files *f = s->files;
	struct stat st;
	char *target;

	target = must_printf(a, "%s/" SUBPATHS "/%s/%s/%zu", s->pod->uid,
	    s->spec->mount[s->index]->volume, s->spec->name, s->index);
	if (fstat(fd, &st) == -1 ||
	    (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))) {
		(void)err_set(
		    err, "sub-path %s is neither a folder nor a file", s->path);
		return (NULL);
	}
	if (mounter_unmount(&f->mounter, target, err) == -1)
		return (NULL);
	if (make_place(f->pods, target, S_ISDIR(st.st_mode)) == -1) {
		(void)err_sys(err, "place for sub-path %s", s->path);
		return (NULL);
	}
	if (mounter_bind(&f->mounter, fd, target, err) == -1)
		return (NULL);
	return (must_printf(a, "%s/pods/%s", f->env->state, target));
}

static int
mount_one(struct subpath *s, Runtime__V1__ContainerConfig *c, struct arena *a,
    struct err *err)
{
	const Tripod__VolumeMount *vm = s->spec->mount[s->index];
	const Tripod__Volume *v = spec_volume(
	    s->pod->definition->pod, vm->volume);
	char *path = NULL;
	int fd;

	log_assert(v != NULL); /* by the policy */
	if ((s->path = translate_sub_path(a, c, vm, err)) == NULL)
		return (-1);
	s->root = volumes_open(s->files->pods, s->pod, v);
	if (s->root == -1)
		return (err_sys(err, "volume %s", vm->volume));
	if ((fd = find(s, err)) != -1) {
		path = mount_found(s, fd, a, err);
		(void)close(fd); /* only a reference */
	}
	(void)close(s->root); /* only a reference */
	if (path == NULL)
		return (-1);
	c->mounts[s->index]->host_path = path;
	return (0);
}

int
subpaths_mount(const struct files *f, const struct pod *p,
    const Tripod__Container *spec, Runtime__V1__ContainerConfig *c,
    struct arena *a, struct err *err)
{
	struct subpath s = { f, p, spec, 0, NULL, -1 };

	for (s.index = 0; s.index < spec->n_mount; s.index++)
		if ((spec->mount[s.index]->sub_path[0] != '\0' ||
			spec->mount[s.index]->sub_path_expr[0] != '\0') &&
		    mount_one(&s, c, a, err) == -1)
			return (-1);
	return (0);
}

/* Unmounts what lies some levels below a folder; -1: not all of it. */
static int
unmount_below(const struct files *f, const char *folder, int levels)
{
	char path[PATH_MAX];
	struct dirent *d;
	struct err err;
	int rc = 0;
	DIR *dir;

	if ((dir = disk_list(f->pods, folder)) == NULL)
		return (errno == ENOENT || errno == ENOTDIR ? 0 : -1);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", folder,
			d->d_name) >= sizeof(path))
			continue;
		if (levels > 1) {
			rc |= unmount_below(f, path, levels - 1);
		} else if (mounter_unmount(&f->mounter, path, &err) == -1) {
			log_warnx("%s", err.text);
			rc = -1;
		}
	}
	(void)closedir(dir); /* only read from */
	return (rc);
}

int
subpaths_unmount(const struct files *f, const char *uid)
{
	char folder[PATH_MAX];
	int rc;

	(void)snprintf(folder, sizeof(folder), "%s/" SUBPATHS, uid); /* fits */
	rc = unmount_below(f, folder, 3);
	(void)snprintf(folder, sizeof(folder), "%s/volumes/" VOLUMES_EMPTY_DIR,
	    uid);				   /* fits */
	return (rc | unmount_below(f, folder, 1)); /* memory */
}
