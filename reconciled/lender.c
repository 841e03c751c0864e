#include "reconciled/lender.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <linux/capability.h>
#include <linux/openat2.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reconciled/filter.h"

#define NS_PER_SECOND 1000000000LL
#define FOLDER_EVENTS                                                   \
	(IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO |         \
	    IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | \
	    IN_ATTRIB | IN_ONLYDIR)
#define PARENT_EVENTS                                                      \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | \
	    IN_ONLYDIR)

enum operation {
	OP_LOOK = 1,
	OP_OPEN,
	OP_STATS
};

struct request {
	uint32_t operation;
	uint32_t was, events;
	uint64_t dev, ino;
	char path[PATH_MAX]; /* LOOK, OPEN; ends with a NUL */
	uint32_t n;
	char name[LENDER_STATS_MAX][NAME_FILE_SIZE]; /* STATS */
};

static void
stat_fill(struct lender_stat *out, const struct stat *st)
{
	out->mode = st->st_mode;
	out->dev = st->st_dev;
	out->ino = st->st_ino;
	out->size = st->st_size;
	out->mtime_ns = st->st_mtim.tv_sec * NS_PER_SECOND +
	    st->st_mtim.tv_nsec;
	out->ctime_ns = st->st_ctim.tv_sec * NS_PER_SECOND +
	    st->st_ctim.tv_nsec;
	out->uid = st->st_uid;
}

/* --- the folder --- */

/* The folder above a path; its length is checked. */
static void
folder_above(char out[static PATH_MAX], const char *path)
{
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", path); /* fits */
	(void)snprintf(out, PATH_MAX, "%s", dirname(copy));
}

static enum lender_place
place_of(const struct request *r)
{
	struct stat st;

	if (stat(r->path, &st) == -1)
		return (errno == ENOENT && r->was == PLACE_FILE
			? PLACE_FILE
			: PLACE_UNKNOWN);
	if (S_ISDIR(st.st_mode))
		return (PLACE_FOLDER);
	return (S_ISREG(st.st_mode) ? PLACE_FILE : PLACE_OTHER);
}

static int
inotify_make(int folder, struct lender_answer *a)
{
	char path[64];
	int fd;

	/* The folder we hold, whatever the path means by now. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", folder);
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd != -1 && inotify_add_watch(fd, path, FOLDER_EVENTS) != -1)
		return (fd);
	a->events_error = errno;
	return (-1);
}

/* It stays what it was at first: another thing is not even opened. */
static int
look(struct helper_job *job, const struct request *r, struct lender_answer *a)
{
	char above[PATH_MAX];
	struct statfs fs;
	struct stat st;
	int fd;

	folder_above(above, r->path);
	/* Without it there still is the look now and then. */
	(void)inotify_add_watch(job->source, above, PARENT_EVENTS);
	a->place = place_of(r);
	if (a->place == PLACE_UNKNOWN)
		return (-1);
	if (a->place == PLACE_OTHER ||
	    (r->was != PLACE_UNKNOWN && r->was != a->place))
		return (0);
	fd = open(a->place == PLACE_FILE ? above : r->path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1)
		return (-1);
	if (a->place == PLACE_FILE) {
		folder_above(above, above);
		(void)inotify_add_watch(job->source, above, PARENT_EVENTS);
	}
	stat_fill(&a->st, &st);
	a->magic = fstatfs(fd, &fs) == -1 ? 0 : (uint32_t)fs.f_type;
	job->fd[0] = fd;
	if (r->events || st.st_dev != r->dev || st.st_ino != r->ino)
		job->fd[1] = inotify_make(fd, a);
	return (0);
}

/* --- what is in it --- */

static int
open_beneath(int at, const char *name, int flags)
{
	struct open_how how;

	memset(&how, 0, sizeof(how));
	how.flags = (uint64_t)(flags | O_CLOEXEC);
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	return ((int)syscall(SYS_openat2, at, name, &how, sizeof(how)));
}

/* ENOENT is for a name that does not exist, a link to nowhere is ENOLINK. */
static int
open_known(int at, const char *name)
{
	struct stat st;
	int fd;

	fd = open_beneath(at, name, O_PATH);
	if (fd == -1 && errno == ENOENT &&
	    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		errno = ENOLINK;
	return (fd);
}

/*
 * The path descriptor comes first, for a device must not be opened just to
 * find out that it is one.
 */
static int
open_file(
    struct helper_job *job, const struct request *r, struct lender_answer *a)
{
	struct stat st;
	int fd;

	if ((fd = open_known(job->source, r->path)) == -1 ||
	    fstat(fd, &st) == -1)
		return (-1);
	if (S_ISREG(st.st_mode)) {
		fd = open_beneath(
		    job->source, r->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
		if (fd == -1 || fstat(fd, &st) == -1)
			return (-1);
		job->fd[0] = fd;
	}
	stat_fill(&a->st, &st);
	return (0);
}

static void
stat_name(int at, const char *name, struct lender_stat *out)
{
	struct stat st;
	int fd, rc;

	rc = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW);
	if (rc == 0 && S_ISLNK(st.st_mode)) {
		fd = open_known(at, name);
		rc = fd == -1 ? -1 : fstat(fd, &st);
	}
	if (rc == -1)
		out->error = errno;
	else
		stat_fill(out, &st);
}

static void
work(struct helper_job *job)
{
	const struct request *r = job->request;
	struct lender_answer *a = job->answer;
	uint32_t i;
	int rc = 0;

	if (r->operation == OP_LOOK)
		rc = look(job, r, a);
	else if (r->operation == OP_OPEN)
		rc = open_file(job, r, a);
	else
		for (i = 0; i < r->n && i < LENDER_STATS_MAX; i++)
			stat_name(job->source, r->name[i], &a->stats[i]);
	a->error = rc == -1 ? errno : 0;
}

/* Manifests of others, without strict modes, are closed to root alone. */
const struct helper_kind lender_kind = { .name = "lender",
	.request = sizeof(struct request),
	.answer = sizeof(struct lender_answer),
	.work = work,
	.capabilities = UINT64_C(1) << CAP_DAC_OVERRIDE,
	.beneath = SANDBOX_READ,
	.rules = lender_rules,
	.nrules = &lender_nrules };

/* --- reconciled --- */

void
lender_look(struct helper *h, const struct lender_question *q, int inotify,
    errand_done done, void *ctx)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.operation = OP_LOOK;
	r.was = q->was;
	r.events = (uint32_t)q->events;
	r.dev = q->dev;
	r.ino = q->ino;
	(void)snprintf(r.path, sizeof(r.path), "%s", q->path);
	helper_ask(h, "/", &r, fcntl(inotify, F_DUPFD_CLOEXEC, 0), done, ctx);
}

void
lender_open(
    struct helper *h, int folder, const char *name, errand_done done, void *ctx)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.operation = OP_OPEN;
	(void)snprintf(r.path, sizeof(r.path), "%s", name); /* is checked */
	helper_ask(h, name, &r, folder, done, ctx);
}

void
lender_stats(struct helper *h, int folder, char *const *name, size_t n,
    errand_done done, void *ctx)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.operation = OP_STATS;
	for (r.n = 0; r.n < n && r.n < LENDER_STATS_MAX; r.n++)
		(void)snprintf(r.name[r.n], sizeof(r.name[0]), "%s",
		    name[r.n]); /* is checked */
	helper_ask(h, "//", &r, folder, done, ctx);
}
