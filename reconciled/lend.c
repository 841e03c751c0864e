#include "reconciled/lend.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/name.h"

#define CHECK_SECONDS 10 /* a look without any event */
#define ABSENT_SECONDS 1 /* the same while the folder is not there */

#define FOLDER_EVENTS                                                   \
	(IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO |         \
	    IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | \
	    IN_ATTRIB | IN_ONLYDIR)
#define PARENT_EVENTS                                                      \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | \
	    IN_ONLYDIR)

enum kind {
	KIND_UNKNOWN,
	KIND_FOLDER,
	KIND_FILE
};

struct lend {
	char *path;
	enum kind kind;
	char folder[PATH_MAX];	   /* that is lent: path, or where it lies */
	char only[NAME_FILE_SIZE]; /* the name of a single manifest, or "" */
	int strict;
	int fd; /* the folder; -1: not there */
	dev_t dev;
	ino_t ino;
	uint32_t generation;
	char reason[ERR_MAX]; /* why it is not there */
	char note[ERR_MAX];   /* why its changes are not noticed at once */
	int silent, unwatched;
	int watch; /* inotify on the parent */
	struct event *ev_watch, *ev_check;
	void (*on_change)(void *);
	void *ctx;
};

/* Root's own, and nobody else's to write. */
static int
modes_check(const struct lend *l, const struct stat *st, struct err *err)
{
	if (!l->strict)
		return (0);
	if (st->st_uid != 0)
		return (err_set(err,
		    "belongs to uid %u, not to root (strict modes)",
		    (unsigned int)st->st_uid));
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return (
		    err_set(err, "mode %04o lets others write (strict modes)",
			(unsigned int)(st->st_mode & 07777)));
	return (0);
}

/* The folder that is lent, and the only name in it that counts, if any. */
static void
path_split(struct lend *l)
{
	char *copy;

	if (l->kind == KIND_FOLDER) {
		(void)snprintf(l->folder, sizeof(l->folder), "%s", l->path);
		return;
	}
	/* Both fit: the path was just found. */
	(void)snprintf(
	    l->only, sizeof(l->only), "%s", strrchr(l->path, '/') + 1);
	copy = xstrdup(l->path);
	(void)snprintf(l->folder, sizeof(l->folder), "%s", dirname(copy));
	free(copy);
}

/*
 * Whether the path is a folder or a single file.  It stays what it was at
 * first: a file in the place of a folder would be the end of all pods.  A
 * single file may be missing: it was removed, or is about to be replaced.
 */
static int
path_look(struct lend *l, struct err *err)
{
	enum kind kind;
	struct stat st;

	if (stat(l->path, &st) == -1) {
		if (errno == ENOENT && l->kind == KIND_FILE)
			return (0);
		return (err_sys(err, "%s", l->path));
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return (err_set(
		    err, "%s: neither a folder nor a regular file", l->path));
	kind = S_ISDIR(st.st_mode) ? KIND_FOLDER : KIND_FILE;
	if (l->kind != KIND_UNKNOWN && l->kind != kind)
		return (err_set(err,
		    "%s: has become a %s; a restart would "
		    "use it",
		    l->path, kind == KIND_FOLDER ? "folder" : "file"));
	if (kind == KIND_FILE && strrchr(l->path, '/')[1] == '.')
		return (err_set(err, "%s: a hidden file", l->path));
	l->kind = kind;
	path_split(l);
	return (0);
}

static int
folder_open(struct lend *l, struct stat *st, struct err *err)
{
	int fd;

	if (path_look(l, err) == -1)
		return (-1);
	fd = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return (err_sys(err, "%s", l->folder));
	if (fstat(fd, st) == -1 || modes_check(l, st, err) == -1) {
		(void)close(fd); /* only read from */
		return (err_prefix(err, "%s", l->folder));
	}
	return (fd);
}

/*
 * File systems whose changes come from elsewhere without an event.  On an
 * overlay, changes of the merged folder do have events.
 */
static const char *
silent_name(int fd)
{
	static const struct {
		unsigned int magic;
		const char *name;
	} silent[] = {
		{ 0x6969, "NFS" },
		{ 0x517b, "SMB" },
		{ 0xff534d42, "CIFS" },
		{ 0xfe534d42, "SMB" },
		{ 0x65735546, "FUSE" },
		{ 0x01021997, "9p" },
		{ 0x5346414f, "AFS" },
		{ 0x6b414653, "AFS" },
		{ 0x00c36400, "Ceph" },
		{ 0x7461636f, "OCFS2" },
		{ 0x01161970, "GFS2" },
		{ 0x0bd00bd0, "Lustre" },
		{ 0x19830326, "BeeGFS" },
		{ 0x786f4256, "vboxsf" },
	};
	struct statfs fs;
	size_t i;

	if (fstatfs(fd, &fs) == -1)
		return (NULL);
	for (i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if ((unsigned int)fs.f_type == silent[i].magic)
			return (silent[i].name);
	return (NULL);
}

static void
check_later(struct lend *l)
{
	struct timeval tv = { l->fd == -1 ? ABSENT_SECONDS : CHECK_SECONDS, 0 };

	if (event_add(l->ev_check, &tv) == -1)
		fatalx("event_add");
}

static void
parent_watch(struct lend *l, const char *path)
{
	char *copy = xstrdup(path);

	/* Without it there still is the look now and then. */
	(void)inotify_add_watch(l->watch, dirname(copy), PARENT_EVENTS);
	free(copy);
}

/* The folder is another one than before, or has gone. */
static void
folder_set(struct lend *l, int fd, const struct stat *st, const char *reason)
{
	const char *silent;

	if (l->fd != -1)
		(void)close(l->fd); /* only read from */
	l->fd = fd;
	l->note[0] = '\0';
	l->silent = l->unwatched = 0;
	(void)snprintf(l->reason, sizeof(l->reason), "%s", reason);
	if (fd == -1) {
		log_warnx("manifests: %s; what runs stays", reason);
		return;
	}
	l->dev = st->st_dev;
	l->ino = st->st_ino;
	l->generation++;
	log_info(
	    "manifest %s %s", l->only[0] != '\0' ? "file" : "folder", l->path);
	if ((silent = silent_name(fd)) != NULL) {
		l->silent = 1;
		(void)snprintf(l->note, sizeof(l->note),
		    "manifests are on %s, which does not tell of all changes: "
		    "they are listed often",
		    silent);
		log_warnx("%s", l->note);
	}
}

int
lend_check(struct lend *l)
{
	struct err err = { "" };
	struct stat st = { 0 };
	int fd, had = l->fd != -1, same;

	fd = folder_open(l, &st, &err);
	same = fd != -1 && had && st.st_dev == l->dev && st.st_ino == l->ino;
	if (same || (fd == -1 && !had && strcmp(err.text, l->reason) == 0)) {
		if (fd != -1)
			(void)close(fd); /* the same as the one we hold */
		check_later(l);
		return (0);
	}
	folder_set(l, fd, &st, err.text);
	/* What leads to it may be another one by now, too. */
	parent_watch(l, l->path);
	if (l->only[0] != '\0')
		parent_watch(l, l->folder);
	check_later(l);
	return (1);
}

static int
inotify_make(const struct lend *l)
{
	char path[64];
	int fd, saved;

	if ((fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) == -1)
		return (-1);
	/* The folder we hold, whatever the path means by now. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", l->fd);
	if (inotify_add_watch(fd, path, FOLDER_EVENTS) == -1) {
		saved = errno;
		(void)close(fd); /* nothing watches */
		errno = saved;
		return (-1);
	}
	return (fd);
}

/* Whether it could be watched by now. */
static int
watch_works(const struct lend *l)
{
	int fd;

	if (!l->unwatched || l->fd == -1 || (fd = inotify_make(l)) == -1)
		return (0);
	(void)close(fd); /* another one will be made for it */
	return (1);
}

static void
on_check(evutil_socket_t fd, short what, void *arg)
{
	struct lend *l = arg;

	(void)fd;
	(void)what;
	if (lend_check(l) || watch_works(l))
		l->on_change(l->ctx);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	char buf[4096] __attribute__((aligned(8)));

	/* What happened does not matter; the look will tell. */
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	on_check(fd, what, arg);
}

struct lend *
lend_new(struct event_base *base, const char *path, int strict,
    void (*on_change)(void *), void *ctx)
{
	struct lend *l = xcalloc(1, sizeof(*l));

	l->path = xstrdup(path);
	l->strict = strict;
	l->fd = -1;
	l->on_change = on_change;
	l->ctx = ctx;
	l->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (l->watch == -1)
		fatal("inotify_init1");
	parent_watch(l, l->path);
	l->ev_watch = event_new(
	    base, l->watch, EV_READ | EV_PERSIST, on_watch, l);
	l->ev_check = evtimer_new(base, on_check, l);
	if (l->ev_watch == NULL || l->ev_check == NULL ||
	    event_add(l->ev_watch, NULL) == -1)
		fatalx("event_new");
	return (l);
}

void
lend_free(struct lend *l)
{
	if (l == NULL)
		return;
	event_free(l->ev_watch);
	event_free(l->ev_check);
	if (l->fd != -1)
		(void)close(l->fd); /* only read from */
	(void)close(l->watch);	    /* only read from */
	free(l->path);
	free(l);
}

uint32_t
lend_generation(const struct lend *l)
{
	return (l->generation);
}

int
lend_folder(const struct lend *l, const char **reason)
{
	*reason = l->reason;
	if (l->fd == -1)
		return (-1);
	return (fcntl(l->fd, F_DUPFD_CLOEXEC, 0));
}

int
lend_inotify(struct lend *l)
{
	int fd = inotify_make(l);

	l->unwatched = fd == -1;
	if (fd == -1 && !l->silent) {
		(void)snprintf(l->note, sizeof(l->note),
		    "manifests cannot be watched and are listed often: %s",
		    strerror(errno));
		log_warnx("%s", l->note);
	} else if (!l->silent) {
		l->note[0] = '\0';
	}
	return (fd);
}

int
lend_is_silent(const struct lend *l)
{
	return (l->silent);
}

const char *
lend_only(const struct lend *l)
{
	return (l->only);
}

const char *
lend_note(const struct lend *l)
{
	return (l->fd == -1 ? l->reason : l->note);
}

static int
open_beneath(int at, const char *name, int flags)
{
	struct open_how how;

	memset(&how, 0, sizeof(how));
	how.flags = (uint64_t)(flags | O_CLOEXEC);
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	return ((int)syscall(SYS_openat2, at, name, &how, sizeof(how)));
}

static int
file_check(const struct lend *l, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (err_sys(err, "fstat"));
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return (err_set(err, "not a regular file"));
	}
	errno = EPERM;
	return (modes_check(l, &st, err));
}

/*
 * Fills err for the errno of a failed open; ENOENT is left for a name
 * that does not exist, and becomes ENOLINK for a link to nowhere.
 */
static void
open_explain(const struct lend *l, const char *name, struct err *err)
{
	struct stat st;

	if (errno == EXDEV) {
		(void)err_set(err, "leads out of the folder");
	} else if (errno == ENOENT &&
	    fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		(void)err_set(err, "a link that leads nowhere");
		errno = ENOLINK;
	} else {
		(void)err_set(err, "%s", strerror(errno));
	}
}

/* Opens and checks; the path descriptor comes first, for a device must
 * not be opened just to find out that it is one. */
static int
file_open(const struct lend *l, const char *name, int flags, struct err *err)
{
	int fd, saved;

	if ((fd = open_beneath(l->fd, name, flags)) == -1) {
		open_explain(l, name, err);
		return (-1);
	}
	if (file_check(l, fd, err) == -1) {
		saved = errno;
		(void)close(fd); /* only read from */
		errno = saved;
		return (-1);
	}
	return (fd);
}

/* Whether a name may be asked for at all; -1 with errno and err. */
static int
name_check(const struct lend *l, const char *name, struct err *err)
{
	if (!name_is_file(name, strlen(name))) {
		errno = EINVAL;
		return (err_set(err, "not a file name"));
	}
	if (l->only[0] != '\0' && strcmp(name, l->only) != 0) {
		errno = EACCES;
		return (err_set(err, "not a manifest"));
	}
	if (l->fd == -1) {
		errno = ENOENT;
		return (err_set(err, "%s", l->reason));
	}
	return (0);
}

int
lend_open(const struct lend *l, const char *name, struct err *err)
{
	int fd;

	if (name_check(l, name, err) == -1 ||
	    (fd = file_open(l, name, O_PATH, err)) == -1)
		return (-1);
	(void)close(fd); /* only a reference */
	return (file_open(l, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, err));
}

int
lend_stat(const struct lend *l, const char *name, struct stat *st)
{
	struct err err;
	int fd, rc, saved;

	if (name_check(l, name, &err) == -1)
		return (-1);
	if (fstatat(l->fd, name, st, AT_SYMLINK_NOFOLLOW) == -1)
		return (-1);
	if (!S_ISLNK(st->st_mode))
		return (0);
	if ((fd = open_beneath(l->fd, name, O_PATH)) == -1) {
		open_explain(l, name, &err);
		return (-1);
	}
	rc = fstat(fd, st);
	saved = errno;
	(void)close(fd); /* only a reference */
	errno = saved;
	return (rc);
}
