#include "reconciled/lend.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>

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

struct lend {
	char *path, *parent;
	int strict;
	int fd; /* the folder; -1: not there */
	dev_t dev;
	ino_t ino;
	uint32_t generation;
	char reason[ERR_MAX]; /* why it is not there */
	int watch;	      /* inotify on the parent */
	struct event *ev_watch, *ev_check;
	void (*on_change)(void *);
	void *ctx;
};

/* Root's own, and nobody else's to write. */
static int
modes_check(const struct lend *l, const struct stat *st, const char *name,
    struct err *err)
{
	if (!l->strict)
		return (0);
	if (st->st_uid != 0)
		return (err_set(err,
		    "%s: belongs to uid %u, not to root "
		    "(strict modes)",
		    name, (unsigned int)st->st_uid));
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return (err_set(err,
		    "%s: mode %04o lets others write "
		    "(strict modes)",
		    name, (unsigned int)(st->st_mode & 07777)));
	return (0);
}

static int
folder_open(struct lend *l, struct stat *st, struct err *err)
{
	int fd;

	fd = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return (err_sys(err, "%s", l->path));
	if (fstat(fd, st) == -1 || modes_check(l, st, l->path, err) == -1) {
		(void)close(fd); /* only read from */
		return (-1);
	}
	return (fd);
}

static void
check_later(struct lend *l)
{
	struct timeval tv = { l->fd == -1 ? ABSENT_SECONDS : CHECK_SECONDS, 0 };

	if (event_add(l->ev_check, &tv) == -1)
		fatalx("event_add");
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
	if (had)
		(void)close(l->fd); /* only read from */
	l->fd = fd;
	(void)snprintf(l->reason, sizeof(l->reason), "%s", err.text);
	if (fd == -1) {
		log_warnx("manifest folder: %s; what runs stays", err.text);
	} else {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
		l->generation++;
		log_info("manifest folder %s", l->path);
	}
	/* The parent may be another one by now, too. */
	(void)inotify_add_watch(l->watch, l->parent, PARENT_EVENTS);
	check_later(l);
	return (1);
}

static void
on_check(evutil_socket_t fd, short what, void *arg)
{
	struct lend *l = arg;

	(void)fd;
	(void)what;
	if (lend_check(l))
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
	char *copy = xstrdup(path);

	l->path = xstrdup(path);
	l->parent = xstrdup(dirname(copy));
	free(copy);
	l->strict = strict;
	l->fd = -1;
	l->on_change = on_change;
	l->ctx = ctx;
	l->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (l->watch == -1)
		fatal("inotify_init1");
	(void)inotify_add_watch(l->watch, l->parent, PARENT_EVENTS);
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
	free(l->parent);
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
lend_inotify(const struct lend *l)
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
file_check(const struct lend *l, int fd, const char *name, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (err_sys(err, "%s", name));
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return (err_set(err, "%s: not a regular file", name));
	}
	errno = EPERM;
	return (modes_check(l, &st, name, err));
}

/* Opens and checks; the path descriptor comes first, for a device must
 * not be opened just to find out that it is one. */
static int
file_open(const struct lend *l, const char *name, int flags, struct err *err)
{
	int fd, saved;

	fd = open_beneath(l->fd, name, flags);
	if (fd == -1) {
		if (errno == EXDEV)
			(void)err_set(err, "%s: leads out of the folder", name);
		else
			(void)err_sys(err, "%s", name);
		return (-1);
	}
	if (file_check(l, fd, name, err) == -1) {
		saved = errno;
		(void)close(fd); /* only read from */
		errno = saved;
		return (-1);
	}
	return (fd);
}

int
lend_open(const struct lend *l, const char *name, struct err *err)
{
	int fd;

	if (!name_is_file(name, strlen(name))) {
		errno = EINVAL;
		return (err_set(err, "not a file name"));
	}
	if (l->fd == -1) {
		errno = ENOENT;
		return (err_set(err, "%s", l->reason));
	}
	if ((fd = file_open(l, name, O_PATH, err)) == -1)
		return (-1);
	(void)close(fd); /* only a reference */
	return (file_open(l, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, err));
}
