#include "reconciled/subpath.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/openat2.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/disk.h"
#include "reconciled/message.h"
#include "reconciled/volumes.h"

#define LINKS "sub-paths" /* below the pod's folder: hard links */
/* Inode of the machine's own pid namespace, fixed by the kernel. */
#define PID_NAMESPACE "pid:[4026531836]"
#define OPEN_TRIES 100 /* each by a rename in the volume at that moment */
#define OPEN_STEP (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct pin {
	TAILQ_ENTRY(pin) entry;
	char *uid, *container;
	uint32_t attempt;
	int fd;
	char *link; /* below pods, or NULL */
	int pods;
};

/* One mount under work. */
struct subpath {
	const struct subpath_env *env;
	const struct pin_owner *owner;
	const Tripod__Volume *volume;
	size_t index; /* of the mount */
	const char *path;
	int root; /* O_PATH, where the volume begins */
};

void
pins_init(struct pins *pins)
{
	char text[64];
	ssize_t n;

	TAILQ_INIT(&pins->list);
	n = readlink("/proc/self/ns/pid", text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	pins->pids_are_ours = strcmp(text, PID_NAMESPACE) == 0;
}

static void
pin_free(struct pins *pins, struct pin *pin)
{
	TAILQ_REMOVE(&pins->list, pin, entry);
	if (pin->fd != -1)
		(void)close(pin->fd); /* only a reference */
	if (pin->link != NULL)
		(void)unlinkat(pin->pods, pin->link, 0); /* or with the pod */
	free(pin->link);
	free(pin->uid);
	free(pin->container);
	free(pin);
}

void
pins_release(struct pins *pins)
{
	struct pin *pin;

	while ((pin = TAILQ_FIRST(&pins->list)) != NULL)
		pin_free(pins, pin);
}

static int
pin_is_of(const struct pin *pin, const struct pin_owner *o)
{
	return (pin->attempt == o->attempt &&
	    strcmp(pin->uid, o->pod->uid) == 0 &&
	    strcmp(pin->container, o->spec->name) == 0);
}

int
pins_held(const struct pins *pins, const struct pin_owner *o)
{
	const struct pin *pin;

	TAILQ_FOREACH (pin, &pins->list, entry)
		if (pin_is_of(pin, o))
			return (1);
	return (0);
}

void
pins_drop(struct pins *pins, const struct pin_owner *o)
{
	struct pin *pin, *next;

	for (pin = TAILQ_FIRST(&pins->list); pin != NULL; pin = next) {
		next = TAILQ_NEXT(pin, entry);
		if (pin_is_of(pin, o))
			pin_free(pins, pin);
	}
}

/* Takes the descriptor. */
static struct pin *
pin_add(struct pins *pins, const struct pin_owner *o, int fd)
{
	struct pin *pin = xcalloc(1, sizeof(*pin));

	pin->uid = xstrdup(o->pod->uid);
	pin->container = xstrdup(o->spec->name);
	pin->attempt = o->attempt;
	pin->fd = fd;
	TAILQ_INSERT_TAIL(&pins->list, pin, entry);
	return (pin);
}

static int
has_sub_path(const Tripod__VolumeMount *vm)
{
	return (vm->sub_path[0] != '\0' || vm->sub_path_expr[0] != '\0');
}

int
subpaths_needed(const Tripod__Container *spec)
{
	size_t i;

	for (i = 0; i < spec->n_mount; i++)
		if (has_sub_path(spec->mount[i]))
			return (1);
	return (0);
}

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

/* A name for a file that no container can make mean another one. */
static char *
link_file(
    const struct subpath *s, struct pin *pin, struct arena *a, struct err *err)
{
	char from[64], folder[PATH_MAX], *name;

	if (s->volume->source_case == TRIPOD__VOLUME__SOURCE_HOST_PATH) {
		(void)err_set(err,
		    "sub-path %s is a file of a host path, which cannot be "
		    "mounted safely; name it in a hostPath volume of its own",
		    s->path);
		return (NULL);
	}
	(void)snprintf(
	    folder, sizeof(folder), "%s/" LINKS, s->owner->pod->uid); /* fits */
	name = must_printf(a, "%s/%s.%u.%zu", folder, s->owner->spec->name,
	    s->owner->attempt, s->index);
	(void)snprintf(
	    from, sizeof(from), "/proc/self/fd/%d", pin->fd); /* fits */
	(void)unlinkat(s->env->pods, name, 0); /* of a creation that failed */
	if (disk_make_path(s->env->pods, folder, 0700) == -1 ||
	    linkat(AT_FDCWD, from, s->env->pods, name, AT_SYMLINK_FOLLOW) ==
		-1) {
		(void)err_sys(err, "sub-path %s", s->path);
		return (NULL);
	}
	pin->link = xstrdup(name);
	pin->pods = s->env->pods;
	return (must_printf(a, "%s/pods/%s", s->env->state, name));
}

static char *
folder_path(const struct pins *pins, const struct subpath *s, int fd,
    struct arena *a, struct err *err)
{
	if (strcmp(s->env->runtime, "containerd") != 0 ||
	    !pins->pids_are_ours) {
		(void)err_set(err,
		    "sub-path %s: only containerd, on the machine itself, can "
		    "mount it safely",
		    s->path);
		return (NULL);
	}
	/*
	 * With the dot it is no link any more, so that nobody replaces it
	 * by the text of where it leads.
	 */
	return (must_printf(a, "/proc/%d/fd/%d/.", (int)getpid(), fd));
}

static int
resolve_one(struct pins *pins, const struct subpath *s,
    Runtime__V1__Mount *mount, struct arena *a, struct err *err)
{
	struct stat st;
	struct pin *pin;
	char *path;
	int fd;

	if ((fd = find(s, err)) == -1)
		return (-1);
	pin = pin_add(pins, s->owner, fd);
	if (fstat(fd, &st) == -1)
		return (err_sys(err, "sub-path %s", s->path));
	if (S_ISDIR(st.st_mode)) {
		path = folder_path(pins, s, fd, a, err);
	} else if (S_ISREG(st.st_mode)) {
		path = link_file(s, pin, a, err);
	} else {
		return (err_set(err,
		    "sub-path %s is neither a folder nor a file", s->path));
	}
	if (path == NULL)
		return (-1);
	mount->host_path = path;
	return (0);
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

static int
resolve_mount(struct pins *pins, struct subpath *s,
    Runtime__V1__ContainerConfig *c, struct arena *a, struct err *err)
{
	const Tripod__VolumeMount *vm = s->owner->spec->mount[s->index];
	int rc;

	s->volume = volume_of(s->owner->pod->definition->pod, vm->volume);
	if ((s->path = translate_sub_path(a, c, vm, err)) == NULL)
		return (-1);
	s->root = volumes_open(s->env->pods, s->owner->pod, s->volume);
	if (s->root == -1)
		return (err_sys(err, "volume %s", vm->volume));
	rc = resolve_one(pins, s, c->mounts[s->index], a, err);
	(void)close(s->root); /* only a reference */
	return (rc);
}

int
subpaths_resolve(struct pins *pins, const struct subpath_env *env,
    const struct pin_owner *o, Runtime__V1__ContainerConfig *c, struct arena *a,
    struct err *err)
{
	struct subpath s = { env, o, NULL, 0, NULL, -1 };

	pins_drop(pins, o); /* of a creation that failed */
	for (s.index = 0; s.index < o->spec->n_mount; s.index++) {
		if (!has_sub_path(o->spec->mount[s.index]))
			continue;
		if (resolve_mount(pins, &s, c, a, err) == -1) {
			pins_drop(pins, o);
			return (-1);
		}
	}
	return (0);
}
