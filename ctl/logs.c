#include "ctl/logs.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/clean.h"
#include "ctl/logline.h"
#include "ctl/pods.h"

#define FILES_MAX 4096
#define LIST_TRIES 3
#define BUFFER (64 * 1024)
#define LOG_EVENTS \
	(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF)

struct logs {
	struct session *s;
	const struct logs_wish *wish;
	int terminal; /* what it would act on is taken out */
	char *name[FILES_MAX];
	size_t n;
	int inotify;	  /* watches the folder; -1: not followed */
	int fd;		  /* the file being read, or -1 */
	uint32_t attempt; /* of it */
	char buf[BUFFER];
	size_t len;
	int midline; /* the rest of an overlong line follows */
	int hidden;  /* and it is not wanted */
	int gone;    /* the folder was removed */
};

static int
by_age(const void *a, const void *b)
{
	return (logname_compare(*(char *const *)a, *(char *const *)b));
}

static void
forget_names(struct logs *l)
{
	while (l->n > 0)
		free(l->name[--l->n]);
}

/* The names of the folder, oldest first. */
static int
list(struct logs *l, struct err *err)
{
	struct logname parsed;
	struct dirent *e;
	DIR *dir;
	int fd;

	forget_names(l);
	/* Another descriptor, so that the position is not shared. */
	fd = openat(l->s->fd_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL)
		return (err_sys(err, "the folder of logs"));
	while ((e = readdir(dir)) != NULL)
		if (l->n < FILES_MAX && logname_parse(&parsed, e->d_name) == 0)
			l->name[l->n++] = xstrdup(e->d_name);
	(void)closedir(dir); /* only read */
	qsort(l->name, l->n, sizeof(l->name[0]), by_age);
	return (0);
}

/* -1 with err, or without when the file has gone meanwhile. */
static int
open_name(struct logs *l, const char *name, struct err *err)
{
	Tripod__LogQuery q = TRIPOD__LOG_QUERY__INIT;
	char *uid = xstrdup(l->wish->uid);
	char *container = xstrdup(l->wish->container);
	char *file = xstrdup(name);
	int fd, rc;

	q.uid = uid;
	q.container = container;
	q.file = file;
	rc = session_ask(l->s, TRIPOD__MSG__MSG_LOGS, &q.base, GOT_FILE, err);
	free(file);
	free(container);
	free(uid);
	if (rc == -1)
		return (-1);
	fd = l->s->fd_file;
	l->s->fd_file = -1;
	err->text[0] = '\0';
	if (fd == -1 && l->s->file_error != ENOENT) {
		errno = (int)l->s->file_error;
		return (err_sys(err, "%s", name));
	}
	return (fd);
}

/* Writes the text of a line, or of a part of it. */
static void
put_text(const struct logs *l, const char *text, size_t len)
{
	char copy[BUFFER + 1];

	if (!l->terminal) {
		(void)fwrite(text, 1, len, stdout); /* see ferror() */
		return;
	}
	memcpy(copy, text, len); /* at most a buffer */
	copy[len] = '\0';
	clean_line(copy, len);
	(void)fwrite(copy, 1, len, stdout);
}

static void
put_line(struct logs *l, const char *s, size_t len, int whole)
{
	struct logline line;

	if (logline_parse(&line, s, len) == -1) {
		/* Not of a runtime; people want to see it all the same. */
		line = (struct logline){ .text = s, .len = len };
	} else if (line.ns < l->wish->since_ns) {
		l->hidden = !whole;
		return;
	} else if (l->wish->stamps) {
		(void)fwrite(line.stamp, 1, line.stamp_len, stdout);
		(void)fputc(' ', stdout);
	}
	put_text(l, line.text, line.len);
	if (whole && !line.partial)
		(void)fputc('\n', stdout);
}

/* The next line of the buffer, or a full buffer without any. */
static int
take_line(struct logs *l)
{
	char *end = memchr(l->buf, '\n', l->len);
	size_t len = end != NULL ? (size_t)(end - l->buf) : l->len;

	if (end == NULL && l->len < BUFFER)
		return (0);
	if (!l->midline) {
		l->hidden = 0;
		put_line(l, l->buf, len, end != NULL);
	} else if (!l->hidden) {
		put_text(l, l->buf, len);
		if (end != NULL)
			(void)fputc('\n', stdout);
	}
	l->midline = end == NULL;
	len += end != NULL;
	l->len -= len;
	memmove(l->buf, l->buf + len, l->len);
	return (1);
}

/* Until the end of what is there now. */
static int
drain(struct logs *l, struct err *err)
{
	ssize_t n;

	while (l->fd != -1) {
		n = read(l->fd, l->buf + l->len, BUFFER - l->len);
		if (n == -1)
			return (err_sys(err, "log"));
		if (n == 0)
			break;
		l->len += (size_t)n;
		while (take_line(l))
			;
	}
	if (fflush(stdout) == EOF)
		return (err_sys(err, "standard output"));
	return (0);
}

static void
close_file(struct logs *l)
{
	if (l->len > 0 && !l->midline)
		put_line(l, l->buf, l->len, 1); /* cut off by a crash */
	l->len = 0;
	l->midline = 0;
	if (l->fd != -1)
		(void)close(l->fd); /* only read */
	l->fd = -1;
}

/* Goes to where the last lines of a file begin; counts what is missing. */
static int
seek_tail(struct logs *l, uint64_t *lines, struct err *err)
{
	struct stat st;
	off_t at;
	size_t len, i;
	ssize_t n;

	if (fstat(l->fd, &st) == -1)
		return (err_sys(err, "log"));
	for (at = st.st_size; at > 0;) {
		len = at < BUFFER ? (size_t)at : BUFFER;
		n = pread(l->fd, l->buf, len, at - (off_t)len);
		if (n != (ssize_t)len)
			return (err_set(err, "a log changes under way"));
		i = loglines_tail(l->buf, len, at == st.st_size, lines);
		at -= (off_t)(len - i);
		if (*lines == 0 || i > 0)
			break;
	}
	if (at == 0 && st.st_size > 0 && *lines > 0)
		--*lines; /* its first line has no newline before it */
	return (lseek(l->fd, at, SEEK_SET) == -1 ? err_sys(err, "log") : 0);
}

/* The attempt that is meant; -1: there is none. */
static int64_t
choose(const struct logs *l)
{
	struct logname newest, name;
	size_t i;

	if (l->n == 0)
		return (-1);
	(void)logname_parse(&newest, l->name[l->n - 1]); /* it is one */
	if (!l->wish->previous)
		return (newest.attempt);
	for (i = l->n; i-- > 0;) {
		(void)logname_parse(&name, l->name[i]);
		if (name.attempt < newest.attempt)
			return (name.attempt);
	}
	return (-1);
}

static int
is_of(const char *name, int64_t attempt)
{
	struct logname parsed;

	return (logname_parse(&parsed, name) == 0 && parsed.attempt == attempt);
}

/* Opens a file of the list instead; 0: it has gone meanwhile. */
static int
enter(struct logs *l, const char *name, struct err *err)
{
	struct logname parsed;
	int fd = open_name(l, name, err);

	if (fd == -1)
		return (err->text[0] != '\0' ? -1 : 0);
	close_file(l);
	l->fd = fd;
	(void)logname_parse(&parsed, name); /* it is one */
	l->attempt = parsed.attempt;
	return (1);
}

/* The first file that has some of the lines that are wanted. */
static int
begin(struct logs *l, int64_t attempt, size_t *first, struct err *err)
{
	uint64_t lines = l->wish->tail;
	size_t i;
	int rc;

	*first = l->n;
	for (i = l->n; i-- > 0;) {
		if (!is_of(l->name[i], attempt))
			continue;
		*first = i;
		if (lines == LOGS_TAIL_ALL)
			continue;
		close_file(l);
		if ((rc = enter(l, l->name[i], err)) == -1)
			return (-1);
		if (rc == 1 && seek_tail(l, &lines, err) == -1)
			return (-1);
		if (lines == 0)
			return (0);
	}
	return (0);
}

/* All files of the attempt; the last one stays open. */
static int
write_attempt(struct logs *l, int64_t attempt, struct err *err)
{
	size_t i, first;
	int placed;

	l->attempt = (uint32_t)attempt;
	if (begin(l, attempt, &first, err) == -1)
		return (-1);
	placed = l->fd != -1; /* where the lines begin */
	for (i = first; i < l->n; i++) {
		if (!is_of(l->name[i], attempt))
			continue;
		if (!(placed && i == first) && enter(l, l->name[i], err) == -1)
			return (-1);
		if (drain(l, err) == -1)
			return (-1);
	}
	return (0);
}

/* What the folder's watch has to say: only whether it is gone. */
static void
drain_inotify(struct logs *l)
{
	char buf[4096]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *e;
	ssize_t n, at;

	while ((n = read(l->inotify, buf, sizeof(buf))) > 0)
		for (at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
			e = (const struct inotify_event *)(void *)(buf + at);
			l->gone |= (e->mask & (IN_IGNORED | IN_DELETE_SELF)) !=
			    0;
		}
}

/* Whether the file being read still has its name. */
static int
is_current(const struct logs *l, const char *name)
{
	struct stat a, b;

	return (l->fd != -1 && fstat(l->fd, &a) == 0 &&
	    fstatat(l->s->fd_folder, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_ino == b.st_ino && a.st_dev == b.st_dev);
}

/* The place of the file being read in the list; l->n: it has none. */
static size_t
find_current(const struct logs *l)
{
	size_t i;

	for (i = 0; i < l->n && !is_current(l, l->name[i]); i++)
		;
	return (i);
}

/*
 * The first file of the list that comes after the one being read.  That may
 * be renamed after it was listed, or be removed; then it was the oldest.
 */
static int
find_next(struct logs *l, size_t *first, struct err *err)
{
	struct logname name;
	size_t i;
	int tries;

	for (tries = 0; tries < LIST_TRIES; tries++) {
		if (list(l, err) == -1)
			return (-1);
		if ((i = find_current(l)) < l->n) {
			*first = i + 1;
			return (0);
		}
	}
	for (i = 0; i < l->n; i++) {
		(void)logname_parse(&name, l->name[i]); /* it is one */
		if (name.attempt >= l->attempt)
			break;
	}
	*first = i;
	return (0);
}

/* After rotations and restarts: what has come since. */
static int
go_on(struct logs *l, struct err *err)
{
	size_t i;

	if (find_next(l, &i, err) == -1)
		return (l->gone ? 0 : -1);
	for (; i < l->n; i++)
		/* The one before is complete now, and not before. */
		if (drain(l, err) == -1 || enter(l, l->name[i], err) == -1 ||
		    drain(l, err) == -1)
			return (-1);
	return (0);
}

static const Tripod__ContainerDetail *
detail_of(const Tripod__PodItem *p, const char *container)
{
	size_t i;

	for (i = 0; p->detail != NULL && i < p->detail->n_container; i++)
		if (strcmp(p->detail->container[i]->name, container) == 0)
			return (p->detail->container[i]);
	return (NULL);
}

/* Whether the container will not say anything any more; -1 and err. */
static int
has_ended(struct logs *l, struct err *err)
{
	Tripod__Query q = TRIPOD__QUERY__INIT;
	const struct answer *a = l->s->answer;
	const Tripod__ContainerDetail *d;
	char *pod = xstrdup(l->wish->pod);
	size_t i;
	int rc;

	q.pod = pod;
	rc = session_status(l->s, &q, err);
	free(pod);
	if (rc == -1)
		return (-1);
	for (i = 0; i < a->npod; i++)
		if (strcmp(a->pod[i]->uid, l->wish->uid) == 0) {
			d = detail_of(a->pod[i], l->wish->container);
			return (d != NULL && d->over);
		}
	return (session_knows_pods(l->s));
}

/* Asks to be told of the next change, and how it is now. */
static int
ask_again(struct logs *l, struct err *err)
{
	if (session_send(l->s, TRIPOD__MSG__MSG_FOLLOW, NULL, err) == -1)
		return (-1);
	return (has_ended(l, err));
}

/* Something has changed: 1 when nothing more will come. */
static int
follow_change(struct logs *l, struct err *err)
{
	int ended = 0;

	l->s->got &= ~(unsigned int)GOT_WATCHED;
	if (l->s->got & GOT_CHANGED)
		ended = ask_again(l, err);
	drain_inotify(l);
	if (ended == -1 || drain(l, err) == -1 || go_on(l, err) == -1)
		return (-1);
	return (ended);
}

/* The same on one connection; -1 also when it is lost. */
static int
follow_link(struct logs *l, struct err *err)
{
	int ended = ask_again(l, err);

	while (ended == 0 && !l->gone && !ferror(stdout)) {
		if (session_wait(l->s, GOT_CHANGED | GOT_WATCHED, MTIME_NEVER,
			err) == -1)
			return (-1);
		ended = follow_change(l, err);
	}
	return (ended);
}

static int
follow(struct logs *l, struct err *err)
{
	int rc;

	do
		rc = follow_link(l, err);
	while (rc == -1 && l->s->gone &&
	    session_reopen(l->s, MTIME_NEVER, err) == 0);
	return (rc == -1 ? -1 : drain(l, err));
}

/* The folder may be read by everybody; only the way to it may not be. */
static int
watch(struct logs *l, struct err *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", l->s->fd_folder);
	l->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (l->inotify == -1 ||
	    inotify_add_watch(l->inotify, path, LOG_EVENTS) == -1)
		return (err_sys(err, "the logs cannot be watched"));
	session_watch(l->s, l->inotify);
	return (0);
}

static int
write_all(struct logs *l, struct err *err)
{
	int64_t attempt;

	/* First, so that nothing is missed. */
	if ((l->wish->follow && watch(l, err) == -1) || list(l, err) == -1)
		return (-1);
	if ((attempt = choose(l)) == -1)
		return (err_set(err, "%s has no %slog", l->wish->container,
		    l->wish->previous ? "previous " : ""));
	if (write_attempt(l, attempt, err) == -1)
		return (-1);
	return (l->wish->follow ? follow(l, err) : 0);
}

int
logs_write(struct session *s, const struct logs_wish *w, struct err *err)
{
	Tripod__LogQuery q = TRIPOD__LOG_QUERY__INIT;
	char *uid = xstrdup(w->uid), *container = xstrdup(w->container);
	struct logs *l;
	int rc;

	q.uid = uid;
	q.container = container;
	rc = session_ask(s, TRIPOD__MSG__MSG_LOGS, &q.base, GOT_FOLDER, err);
	free(container);
	free(uid);
	if (rc == -1)
		return (-1);
	l = xcalloc(1, sizeof(*l));
	l->s = s;
	l->wish = w;
	l->fd = l->inotify = -1;
	l->terminal = isatty(STDOUT_FILENO);
	rc = write_all(l, err);
	close_file(l);
	forget_names(l);
	session_unwatch(s);
	if (l->inotify != -1)
		(void)close(l->inotify); /* only read */
	free(l);
	return (rc);
}
