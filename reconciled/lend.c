#include "reconciled/lend.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/name.h"

#define CHECK_SECONDS 10 /* a look without any event */
#define ABSENT_SECONDS 1 /* the same while the folder is not there */

/* Whether somebody has neither folder nor inotify yet. */
enum renew {
	RENEW_NOT,
	RENEW_ASKED, /* and waits to be told, be it that there is none */
	RENEW_DUE    /* and knows that it does not answer */
};

struct lend {
	struct helper *helper;
	char *path;
	enum lender_place place;
	char only[NAME_FILE_SIZE]; /* the name of a single manifest, or "" */
	int strict;
	int fd;	    /* the folder; -1: not there */
	int events; /* inotify on it, not given away yet; or -1 */
	uint64_t dev, ino;
	uint32_t generation;
	char reason[ERR_MAX]; /* why it is not there */
	char note[ERR_MAX];   /* why its changes are not noticed at once */
	char hung[ERR_MAX];   /* why nothing is known, or "" */
	int silent, unwatched;
	int looking, again; /* a look is under way; another is due */
	enum renew renew;
	int watch; /* inotify on the parent */
	struct event *ev_watch, *ev_check;
	void (*on_change)(void *);
	void *ctx;
};

/* Root's own, and nobody else's to write. */
static int
modes_check(const struct lend *l, const struct lender_stat *st, struct err *err)
{
	if (!l->strict)
		return (0);
	if (st->uid != 0)
		return (err_set(err,
		    "belongs to uid %u, not to root (strict modes)", st->uid));
	if (st->mode & (S_IWGRP | S_IWOTH))
		return (
		    err_set(err, "mode %04o lets others write (strict modes)",
			st->mode & 07777));
	return (0);
}

/*
 * Whether the path is a folder or a single file.  It stays what it was at
 * first: a file in the place of a folder would be the end of all pods.
 */
static int
place_take(struct lend *l, enum lender_place place, struct err *err)
{
	const char *name = strrchr(l->path, '/') + 1;

	if (place == PLACE_OTHER)
		return (err_set(
		    err, "%s: neither a folder nor a regular file", l->path));
	if (l->place != PLACE_UNKNOWN && l->place != place)
		return (err_set(err,
		    "%s: has become a %s; a restart would "
		    "use it",
		    l->path, place == PLACE_FOLDER ? "folder" : "file"));
	if (place == PLACE_FILE && name[0] == '.')
		return (err_set(err, "%s: a hidden file", l->path));
	l->place = place;
	if (place == PLACE_FILE)
		(void)snprintf(l->only, sizeof(l->only), "%s", name);
	return (0);
}

/*
 * File systems whose changes come from elsewhere without an event.  On an
 * overlay, changes of the merged folder do have events.
 */
static const char *
silent_name(uint32_t magic)
{
	static const struct {
		uint32_t magic;
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
	size_t i;

	for (i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (magic == silent[i].magic)
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
events_set(struct lend *l, int fd)
{
	if (l->events != -1)
		(void)close(l->events); /* nobody has it */
	l->events = fd;
}

static void
note_silence(struct lend *l, const char *file_system)
{
	l->silent = 1;
	(void)snprintf(l->note, sizeof(l->note),
	    "manifests are on %s, which does not tell of all changes: "
	    "they are listed often",
	    file_system);
	log_warnx("%s", l->note);
}

/* The folder is another one than before, or has gone. */
static void
folder_set(
    struct lend *l, int fd, const struct lender_answer *a, const char *reason)
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
	l->dev = a->st.dev;
	l->ino = a->st.ino;
	l->generation++;
	log_info(
	    "manifest %s %s", l->only[0] != '\0' ? "file" : "folder", l->path);
	if ((silent = silent_name(a->magic)) != NULL)
		note_silence(l, silent);
}

/* A new inotify, or none: 1 if that is a change for the better. */
static int
events_take(struct lend *l, const struct lender_answer *a, int fd)
{
	int was = l->unwatched;

	events_set(l, fd);
	l->unwatched = fd == -1;
	if (l->silent)
		return (was && fd != -1);
	if (fd != -1) {
		l->note[0] = '\0';
		return (was);
	}
	if (!was) {
		(void)snprintf(l->note, sizeof(l->note),
		    "manifests cannot be watched and are listed often: %s",
		    strerror(a->events_error));
		log_warnx("%s", l->note);
	}
	return (0);
}

/* What was found; 1 if it is another one than before. */
static int
look_take(struct lend *l, const struct lender_answer *a, int *fd)
{
	struct err err = { "" };
	int had = l->fd != -1, rc = 0, same;

	if (a->error != 0) {
		errno = a->error;
		rc = err_sys(&err, "%s", l->path);
	} else if ((rc = place_take(l, a->place, &err)) == 0 &&
	    (rc = modes_check(l, &a->st, &err)) == -1) {
		(void)err_prefix(&err, "%s", l->path);
	}
	if (rc == -1) {
		if (!had && strcmp(err.text, l->reason) == 0)
			return (0);
		folder_set(l, -1, a, err.text);
		events_set(l, -1);
		return (1);
	}
	same = had && a->st.dev == l->dev && a->st.ino == l->ino;
	if (!same) {
		folder_set(l, fd[0], a, "");
		fd[0] = -1;
	}
	if (same && fd[1] == -1 && a->events_error == 0)
		return (0); /* none was asked for */
	same &= !events_take(l, a, fd[1]);
	fd[1] = -1;
	return (!same);
}

/* It did not answer: all stays as it is, and is told to who has nothing. */
static int
look_failed(struct lend *l, const char *why)
{
	int tell = l->renew == RENEW_ASKED && !l->again;

	if (l->hung[0] == '\0')
		log_warnx("manifests: %s: %s; what runs stays", l->path, why);
	(void)snprintf(l->hung, sizeof(l->hung), "%s: %s", l->path, why);
	if (tell)
		l->renew = RENEW_DUE;
	return (tell);
}

static void
on_looked(void *ctx, const struct errand_result *res)
{
	struct lend *l = ctx;
	int tell;

	l->looking = 0;
	if (res->answer == NULL) {
		tell = look_failed(l, res->why);
	} else {
		if (l->hung[0] != '\0')
			log_info("manifests: %s answers again", l->path);
		l->hung[0] = '\0';
		tell = look_take(l, res->answer, res->fd);
		if (l->renew != RENEW_NOT && !l->again) {
			l->renew = RENEW_NOT;
			tell = 1;
		}
	}
	check_later(l);
	if (l->again)
		lend_check(l);
	if (tell)
		l->on_change(l->ctx);
}

void
lend_check(struct lend *l)
{
	const struct lender_question q = { l->path, l->place,
		l->renew != RENEW_NOT || l->unwatched, l->fd == -1 ? 0 : l->dev,
		l->fd == -1 ? 0 : l->ino };

	/* What was asked before may have been answered too early. */
	l->again = l->looking;
	if (l->looking)
		return;
	l->looking = 1;
	(void)event_del(l->ev_check); /* it may not be pending */
	lender_look(l->helper, &q, l->watch, on_looked, l);
}

void
lend_renew(struct lend *l)
{
	l->renew = RENEW_ASKED;
	lend_check(l);
}

static void
on_check(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	lend_check(arg);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	char buf[4096] __attribute__((aligned(8)));

	(void)what;
	/* What happened does not matter; the look will tell. */
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	lend_check(arg);
}

struct lend *
lend_new(struct event_base *base, struct helper *helper, const char *path,
    int strict, void (*on_change)(void *), void *ctx)
{
	struct lend *l = xcalloc(1, sizeof(*l));

	l->helper = helper;
	l->path = xstrdup(path);
	l->strict = strict;
	l->fd = l->events = -1;
	l->on_change = on_change;
	l->ctx = ctx;
	l->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (l->watch == -1)
		fatal("inotify_init1");
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
	events_set(l, -1);
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
	*reason = l->hung[0] != '\0' ? l->hung : l->reason;
	/* Whoever gets it would stand still, too. */
	if (l->fd == -1 || l->hung[0] != '\0')
		return (-1);
	return (fcntl(l->fd, F_DUPFD_CLOEXEC, 0));
}

int
lend_inotify(struct lend *l)
{
	int fd = l->events;

	l->events = -1;
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
	if (l->hung[0] != '\0')
		return (l->hung);
	return (l->fd == -1 ? l->reason : l->note);
}

/* --- files --- */

/* Whether a name may be asked for at all: 0, or an errno and err. */
static int
name_check(const struct lend *l, const char *name, struct err *err)
{
	if (!name_is_file(name, strlen(name))) {
		(void)err_set(err, "not a file name");
		return (EINVAL);
	}
	if (l->only[0] != '\0' && strcmp(name, l->only) != 0) {
		(void)err_set(err, "not a manifest");
		return (EACCES);
	}
	if (l->fd == -1) {
		(void)err_set(err, "%s", l->reason);
		return (ENOENT);
	}
	return (0);
}

/* The same about what the name has led to. */
static int
file_check(const struct lend *l, const struct lender_answer *a, struct err *err)
{
	if (a->error == EXDEV)
		(void)err_set(err, "leads out of the folder");
	else if (a->error == ENOLINK)
		(void)err_set(err, "a link that leads nowhere");
	else if (a->error != 0)
		(void)err_set(err, "%s", strerror(a->error));
	if (a->error != 0)
		return (a->error);
	if (!S_ISREG(a->st.mode)) {
		(void)err_set(err, "not a regular file");
		return (S_ISDIR(a->st.mode) ? EISDIR : EINVAL);
	}
	return (modes_check(l, &a->st, err) == -1 ? EPERM : 0);
}

/* A question under way, about one name or several. */
struct question {
	struct lend *l;
	lend_opened opened;
	lend_looked looked;
	void *ctx;
	struct event *ev; /* not asked at all: the answer comes by this */
	struct err err;
	int error;
	size_t n;
	size_t place[LENDER_STATS_MAX]; /* of those asked about */
	size_t asked;
	struct lender_stat stats[LENDER_STATS_MAX];
};

static void
question_free(struct question *q)
{
	if (q->ev != NULL)
		event_free(q->ev);
	free(q);
}

static void
opened(struct question *q, int fd)
{
	struct lend_file file = { fd, q->error, q->err.text };

	q->opened(q->ctx, &file);
	question_free(q);
}

static void
on_opened(void *ctx, const struct errand_result *res)
{
	struct question *q = ctx;
	int fd;

	if (res->answer == NULL) {
		q->error = ETIMEDOUT;
		(void)err_set(&q->err, "%s", res->why);
	} else {
		q->error = file_check(q->l, res->answer, &q->err);
	}
	fd = q->error == 0 ? res->fd[0] : -1;
	if (fd != -1)
		res->fd[0] = -1;
	opened(q, fd);
}

static void
on_stats(void *ctx, const struct errand_result *res)
{
	const struct lender_answer *a = res->answer;
	struct question *q = ctx;
	size_t i;

	for (i = 0; i < q->asked; i++) {
		if (a != NULL)
			q->stats[q->place[i]] = a->stats[i];
		else
			q->stats[q->place[i]].error = ETIMEDOUT;
	}
	q->looked(q->ctx, q->stats, q->n);
	question_free(q);
}

/* There was nobody to ask. */
static void
on_unasked(evutil_socket_t fd, short what, void *arg)
{
	struct question *q = arg;

	(void)fd;
	(void)what;
	if (q->opened != NULL) {
		opened(q, -1);
		return;
	}
	q->looked(q->ctx, q->stats, q->n);
	question_free(q);
}

static struct question *
question_new(struct lend *l, void *ctx)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->l = l;
	q->ctx = ctx;
	return (q);
}

static void
answer_soon(struct question *q)
{
	const struct timeval now = { 0, 0 };

	q->ev = evtimer_new(event_get_base(q->l->ev_check), on_unasked, q);
	if (q->ev == NULL || event_add(q->ev, &now) == -1)
		fatalx("event_add");
}

/* A copy of the folder's descriptor: another may be lent meanwhile. */
static int
folder_copy(const struct lend *l)
{
	return (fcntl(l->fd, F_DUPFD_CLOEXEC, 0));
}

void
lend_open(struct lend *l, const char *name, lend_opened done, void *ctx)
{
	struct question *q = question_new(l, ctx);

	q->opened = done;
	q->error = name_check(l, name, &q->err);
	if (q->error != 0)
		answer_soon(q);
	else
		lender_open(l->helper, folder_copy(l), name, on_opened, q);
}

void
lend_stats(
    struct lend *l, char *const *name, size_t n, lend_looked done, void *ctx)
{
	struct question *q = question_new(l, ctx);
	char *asked[LENDER_STATS_MAX];
	struct err err;
	size_t i;

	log_assert(n <= LENDER_STATS_MAX);
	q->looked = done;
	q->n = n;
	for (i = 0; i < n; i++) {
		q->stats[i].error = name_check(l, name[i], &err);
		if (q->stats[i].error != 0)
			continue;
		q->place[q->asked] = i;
		asked[q->asked++] = name[i];
	}
	if (q->asked == 0)
		answer_soon(q);
	else
		lender_stats(
		    l->helper, folder_copy(l), asked, q->asked, on_stats, q);
}
