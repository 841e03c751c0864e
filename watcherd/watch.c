#include "watcherd/watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

#define EVENTS_SIZE 16384
#define ENTRIES_MAX 200000 /* entries of the folder that are looked at */

void
watch_init(struct watch *w, struct event_base *base,
    const struct watch_callbacks *cb, void *ctx)
{
	memset(w, 0, sizeof(*w));
	w->base = base;
	w->cb = cb;
	w->ctx = ctx;
	w->fd = -1;
}

void
watch_close(struct watch *w)
{
	if (w->ev != NULL)
		event_free(w->ev);
	w->ev = NULL;
	if (w->fd != -1)
		(void)close(w->fd); /* only read from */
	w->fd = -1;
	if (w->dir != NULL)
		(void)closedir(w->dir); /* only read from */
	w->dir = NULL;
}

int
watch_set_folder(struct watch *w, int fd, struct err *err)
{
	watch_close(w);
	if ((w->dir = fdopendir(fd)) == NULL) {
		(void)err_sys(err, "the lent folder");
		(void)close(fd); /* only read from */
		return (-1);
	}
	return (0);
}

/* Tells of one event; 0: the folder is gone, the rest does not matter. */
static int
watch_event(struct watch *w, const struct inotify_event *ev)
{
	enum file_event what;

	if (ev->mask & IN_Q_OVERFLOW) {
		w->cb->on_overflow(w->ctx);
		return (1);
	}
	if (ev->mask &
	    (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
		w->cb->on_lost(w->ctx);
		return (0);
	}
	if (ev->len == 0 || !files_wants(ev->name))
		return (1);
	if (ev->mask & (IN_CLOSE_WRITE | IN_MOVED_TO))
		what = FILE_WRITTEN;
	else if (ev->mask & (IN_DELETE | IN_MOVED_FROM))
		what = FILE_LEFT;
	else if (ev->mask & (IN_CREATE | IN_ATTRIB))
		what = FILE_TOUCHED;
	else
		what = FILE_MODIFIED;
	log_debug("event mask=%08x file=%s", ev->mask, ev->name);
	w->cb->on_file(w->ctx, what, ev->name);
	return (1);
}

static void
watch_on_read(evutil_socket_t fd, short what, void *arg)
{
	char buf[EVENTS_SIZE]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	struct watch *w = arg;
	struct inotify_event ev;
	ssize_t n, at;

	(void)what;
	if ((n = read(fd, buf, sizeof(buf))) <= 0) {
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		log_warn("inotify");
		w->cb->on_lost(w->ctx);
		return;
	}
	/* The descriptor is lent: what comes out of it is not trusted. */
	for (at = 0; at + (ssize_t)sizeof(ev) <= n;
	     at += (ssize_t)sizeof(ev) + ev.len) {
		memcpy(&ev, buf + at, sizeof(ev));
		if (ev.len > n - at - (ssize_t)sizeof(ev) ||
		    (ev.len > 0 &&
			memchr(buf + at + sizeof(ev), '\0', ev.len) == NULL))
			return;
		if (!watch_event(w, (struct inotify_event *)(void *)(buf + at)))
			return;
	}
}

void
watch_set_events(struct watch *w, int fd)
{
	if (w->ev != NULL)
		event_free(w->ev);
	if (w->fd != -1)
		(void)close(w->fd); /* only read from */
	w->fd = fd;
	w->ev = event_new(w->base, fd, EV_READ | EV_PERSIST, watch_on_read, w);
	if (w->ev == NULL || evutil_make_socket_nonblocking(fd) == -1 ||
	    event_add(w->ev, NULL) == -1)
		fatalx("event_new");
}

/* 1: it has no link any more; -1: err. */
static int
watch_unlinked(struct watch *w, struct err *err)
{
	struct stat st;

	if (w->dir == NULL)
		return (err_set(err, "no folder is lent"));
	if (fstat(dirfd(w->dir), &st) == -1)
		return (err_sys(err, "the lent folder"));
	return (st.st_nlink == 0);
}

/* The next entry; NULL at the end, or with errno set. */
static struct dirent *
watch_entry(struct watch *w, size_t *left)
{
	if (*left == 0) {
		errno = EOVERFLOW;
		return (NULL);
	}
	(*left)--;
	errno = 0;
	return (readdir(w->dir));
}

struct names {
	char **name;
	size_t n, size;
};

static void
names_add(struct names *ns, const char *name)
{
	if (ns->n == ns->size) {
		ns->size = ns->size == 0 ? 64 : ns->size * 2;
		ns->name = xreallocarray(
		    ns->name, ns->size, sizeof(ns->name[0]));
	}
	ns->name[ns->n++] = xstrdup(name);
}

static int
name_compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

static void
names_release(struct names *ns)
{
	size_t i;

	for (i = 0; i < ns->n; i++)
		free(ns->name[i]);
	free(ns->name);
}

int
watch_list(struct watch *w, void (*call)(void *, const char *), void *ctx,
    struct err *err)
{
	struct names ns = { NULL, 0, 0 };
	size_t i, left = ENTRIES_MAX;
	const struct dirent *e;
	int rc;

	if ((rc = watch_unlinked(w, err)) != 0)
		return (rc);
	rewinddir(w->dir);
	while ((e = watch_entry(w, &left)) != NULL) {
		if (files_wants(e->d_name))
			names_add(&ns, e->d_name);
	}
	if (errno != 0)
		rc = err_sys(err, "listing the folder");
	if (ns.n > 0)
		qsort(ns.name, ns.n, sizeof(ns.name[0]), name_compare);
	for (i = 0; rc == 0 && i < ns.n; i++)
		call(ctx, ns.name[i]);
	names_release(&ns);
	return (rc);
}

enum watch_answer
watch_has(struct watch *w, const char *name, struct err *err)
{
	size_t left = ENTRIES_MAX;
	const struct dirent *e;

	switch (watch_unlinked(w, err)) {
	case 0:
		break;
	case 1:
		return (WATCH_LOST);
	default:
		return (WATCH_FAILED);
	}
	rewinddir(w->dir);
	while ((e = watch_entry(w, &left)) != NULL) {
		if (strcmp(e->d_name, name) == 0)
			return (WATCH_HAS);
	}
	if (errno == 0)
		return (WATCH_LACKS);
	(void)err_sys(err, "listing the folder"); /* told by the answer */
	return (WATCH_FAILED);
}
