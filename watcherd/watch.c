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
#define PAUSE_MS 100
#define IS_FOLDER "it is a folder"
#define ENTRIES_MAX 200000 /* entries of the folder that are looked at */

static void
watch_on_pause(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	(void)what;
	if (w->ev != NULL && event_add(w->ev, NULL) == -1)
		fatalx("event_add");
}

void
watch_init(struct watch *w, struct event_base *base,
    const struct watch_callbacks *cb, void *ctx)
{
	memset(w, 0, sizeof(*w));
	w->base = base;
	w->cb = cb;
	w->ctx = ctx;
	w->fd = -1;
	if ((w->ev_pause = evtimer_new(base, watch_on_pause, w)) == NULL)
		fatalx("evtimer_new");
}

void
watch_release(struct watch *w)
{
	watch_close(w);
	event_free(w->ev_pause);
}

void
watch_close(struct watch *w)
{
	if (w->ev != NULL)
		event_free(w->ev);
	w->ev = NULL;
	(void)event_del(w->ev_pause); /* it may not be pending */
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

/*
 * A name that does not count, seen from an event.  Programs that keep
 * files behind a link to a folder replace the link "..data".
 */
static void
watch_other(struct watch *w, const struct inotify_event *ev, const char *why)
{
	if (strcmp(ev->name, "..data") == 0 ||
	    (why != NULL &&
		(ev->mask &
		    (IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM))))
		w->cb->on_muddle(w->ctx);
}

/* Tells of one event; 0: the folder is gone, the rest does not matter. */
static int
watch_event(struct watch *w, const struct inotify_event *ev)
{
	enum file_event what;
	const char *why;

	if (ev->mask & IN_Q_OVERFLOW) {
		log_info("events were lost: listing the folder");
		w->cb->on_muddle(w->ctx);
		return (1);
	}
	if (ev->mask &
	    (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
		w->cb->on_lost(w->ctx);
		return (0);
	}
	if (ev->len == 0)
		return (1);
	if (w->rule.all && (ev->mask & IN_ISDIR)) {
		watch_other(w, ev, IS_FOLDER);
		return (1);
	}
	if (!name_counts(&w->rule, ev->name, &why)) {
		watch_other(w, ev, why);
		return (1);
	}
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

/*
 * Whoever makes more events than fit into half of the buffer is given
 * time: the kernel merges some, and counts when it has no room for more.
 */
static void
watch_pause(struct watch *w, size_t len)
{
	const struct timeval tv = { 0, PAUSE_MS * 1000 };

	if (len < EVENTS_SIZE / 2)
		return;
	if (event_del(w->ev) == -1 || event_add(w->ev_pause, &tv) == -1)
		fatalx("event_add");
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
	watch_pause(w, (size_t)n);
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

int
watch_is_lost(const struct watch *w)
{
	struct stat st;

	return (w->dir == NULL || fstat(dirfd(w->dir), &st) == -1 ||
	    st.st_nlink == 0);
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

struct entry {
	char *name;
	const char *reason;
};

struct entries {
	struct entry *entry;
	size_t n, size;
};

static void
entries_add(struct entries *es, const char *name, const char *reason)
{
	if (es->n == es->size) {
		es->size = es->size == 0 ? 64 : es->size * 2;
		es->entry = xreallocarray(
		    es->entry, es->size, sizeof(es->entry[0]));
	}
	es->entry[es->n].name = xstrdup(name);
	es->entry[es->n++].reason = reason;
}

static int
entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (strcmp(x->name, y->name));
}

static void
entries_release(struct entries *es)
{
	size_t i;

	for (i = 0; i < es->n; i++)
		free(es->entry[i].name);
	free(es->entry);
}

static void
entries_take(struct entries *es, const struct watch *w, const struct dirent *e)
{
	const char *reason;
	int counts = name_counts(&w->rule, e->d_name, &reason);

	if (e->d_type == DT_DIR && (reason != NULL || w->rule.all)) {
		if (e->d_name[0] != '.')
			entries_add(es, e->d_name, IS_FOLDER);
	} else if (counts || reason != NULL) {
		entries_add(es, e->d_name, reason);
	}
}

int
watch_list(struct watch *w, void (*call)(void *, const char *, const char *),
    void *ctx, struct err *err)
{
	struct entries es = { NULL, 0, 0 };
	size_t i, left = ENTRIES_MAX;
	const struct dirent *e;
	int rc = 0;

	rewinddir(w->dir);
	while ((e = watch_entry(w, &left)) != NULL)
		entries_take(&es, w, e);
	if (errno != 0)
		rc = err_sys(err, "listing the folder");
	if (es.n > 0)
		qsort(es.entry, es.n, sizeof(es.entry[0]), entry_compare);
	for (i = 0; rc == 0 && i < es.n; i++)
		call(ctx, es.entry[i].name, es.entry[i].reason);
	entries_release(&es);
	return (rc);
}
