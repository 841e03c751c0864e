/*
 * The lent folder: strict modes, what may be opened, being replaced.
 * Needs root, which alone can own a folder that strict modes accept.
 */
#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "reconciled/lend.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define PATH_SIZE 256

struct fixture {
	struct event_base *base;
	struct helper *helper;
	struct lend *lend;
	char top[32];		/* temporary folder */
	char folder[PATH_SIZE]; /* lent, below it */
	int changes;
};

static void
on_change(void *ctx)
{
	struct fixture *f = ctx;

	f->changes++;
}

static void
change_helper(struct fixture *f, const struct helper_kind *kind)
{
	struct err err;

	helper_free(f->helper);
	lend_free(f->lend);
	f->helper = helper_start(kind, -1, f->folder, 1, &err);
	assert_non_null(f->helper);
	helper_run(f->helper, f->base, NULL, NULL);
	f->lend = lend_new(f->base, f->helper, f->folder, 1, on_change, f);
}

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	(void)snprintf(f.top, sizeof(f.top), "/tmp/test_lend.XXXXXX");
	assert_non_null(mkdtemp(f.top));
	(void)snprintf(f.folder, sizeof(f.folder), "%s/m", f.top);
	assert_int_equal(mkdir(f.folder, 0755), 0);
	f.base = event_base_new();
	change_helper(&f, &lender_kind);
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	helper_free(f->helper);
	lend_free(f->lend);
	event_base_free(f->base);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
}

/* Looks at the folder now; 1 if it is another one than before. */
static int
check(struct fixture *f)
{
	int changed;

	f->changes = 0;
	lend_check(f->lend);
	while (helper_errands(f->helper) > 0)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
	changed = f->changes;
	f->changes = 0;
	return (changed);
}

/* What became of a question. */
struct answer {
	int come, fd, error;
	struct err err;
	struct lender_stat st[LENDER_STATS_MAX];
};

static void
on_opened(void *ctx, const struct lend_file *file)
{
	struct answer *a = ctx;

	a->come = 1;
	a->fd = file->fd;
	a->error = file->error;
	(void)err_set(&a->err, "%s", file->reason);
}

static void
on_stats(void *ctx, const struct lender_stat *st, size_t n)
{
	struct answer *a = ctx;

	a->come = 1;
	memcpy(a->st, st, n * sizeof(*st));
}

static void
await(struct fixture *f, const struct answer *a)
{
	while (!a->come)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
}

/* A descriptor, or -1 with errno and err. */
static int
open_name(struct fixture *f, const char *name, struct err *err)
{
	struct answer a = { 0 };

	lend_open(f->lend, name, on_opened, &a);
	await(f, &a);
	*err = a.err;
	errno = a.error;
	return (a.fd);
}

/* The same for a look. */
static int
stat_name(struct fixture *f, const char *name, struct lender_stat *st)
{
	char *names[] = { (char *)(uintptr_t)name };
	struct answer a = { 0 };

	lend_stats(f->lend, names, 1, on_stats, &a);
	await(f, &a);
	*st = a.st[0];
	errno = st->error;
	return (st->error == 0 ? 0 : -1);
}

static const char *
path_in(const struct fixture *f, const char *name)
{
	static char path[PATH_SIZE * 2];

	(void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	return (path);
}

static void
make_file(const struct fixture *f, const char *name, mode_t mode)
{
	int fd = open(path_in(f, name), O_WRONLY | O_CREAT, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, name, 1), 1);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void
make_things(const struct fixture *f)
{
	make_file(f, "good", 0600);
	make_file(f, "group", 0660);
	make_file(f, "world", 0606);
	make_file(f, "foreign", 0600);
	assert_int_equal(chown(path_in(f, "foreign"), 64201, 0), 0);
	assert_int_equal(symlink("good", path_in(f, "link")), 0);
	assert_int_equal(symlink("./d/inner", path_in(f, "deep-link")), 0);
	assert_int_equal(symlink("../secret", path_in(f, "escape")), 0);
	assert_int_equal(symlink("/etc/passwd", path_in(f, "absolute")), 0);
	assert_int_equal(symlink("/proc/self/fd/0", path_in(f, "magic")), 0);
	assert_int_equal(symlink("none", path_in(f, "dangling")), 0);
	assert_int_equal(symlink("loop", path_in(f, "loop")), 0);
	assert_int_equal(symlink("group", path_in(f, "link-group")), 0);
	assert_int_equal(mkfifo(path_in(f, "fifo"), 0600), 0);
	assert_int_equal(mkdir(path_in(f, "d"), 0755), 0);
	make_file(f, "d/inner", 0600);
	make_file(f, "../secret", 0600);
	assert_int_equal(mknod(path_in(f, "device"), S_IFCHR | 0600, 0x103), 0);
}

static void
test_open(void **state)
{
	static const struct {
		const char *name;
		int error;	  /* errno; 0: it opens */
		const char *text; /* with which err begins */
	} rows[] = {
		{ "good", 0, NULL },
		{ "link", 0, NULL },
		{ "deep-link", 0, NULL },
		{ "group", EPERM, "mode 0660" },
		{ "world", EPERM, "mode 0606" },
		{ "link-group", EPERM, "mode 0660" },
		{ "foreign", EPERM, "belongs to uid 64201" },
		{ "escape", EXDEV, "leads out of the folder" },
		{ "absolute", EXDEV, "leads out of the folder" },
		{ "magic", EXDEV, "leads out of the folder" },
		{ "dangling", ENOLINK, "a link that leads nowhere" },
		{ "loop", ELOOP, "Too many levels" },
		{ "none", ENOENT, "No such file" },
		{ "fifo", EINVAL, "not a regular file" },
		{ "d", EISDIR, "not a regular file" },
		{ "device", EINVAL, "not a regular file" },
		{ "d/inner", EINVAL, "not a file name" },
		{ "../secret", EINVAL, "not a file name" },
		{ "..", EINVAL, "not a file name" },
		{ ".", EINVAL, "not a file name" },
		{ "", EINVAL, "not a file name" },
		{ "a\nb", EINVAL, "not a file name" },
	};
	struct fixture *f = *state;
	struct err err;
	size_t i;
	int fd, saved;
	char c;

	make_things(f);
	assert_int_equal(check(f), 1);
	for (i = 0; i < LEN(rows); i++) {
		err.text[0] = '\0';
		errno = 0;
		fd = open_name(f, rows[i].name, &err);
		saved = errno;
		if ((fd == -1) != (rows[i].error != 0) ||
		    (fd == -1 &&
			(saved != rows[i].error ||
			    strncmp(err.text, rows[i].text,
				strlen(rows[i].text)) != 0)))
			fail_msg("%s: %d, %s, %s", rows[i].name, fd,
			    strerror(saved), err.text);
		if (fd == -1)
			continue;
		assert_int_equal(read(fd, &c, 1), 1);
		/* Lent for reading only. */
		assert_int_equal(write(fd, "x", 1), -1);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_int_equal(close(fd), 0);
	}
}

static void
test_not_strict(void **state)
{
	struct fixture *f = *state;
	struct err err;
	int fd;

	make_file(f, "group", 0660);
	assert_int_equal(chmod(f->folder, 0777), 0);
	lend_free(f->lend);
	f->lend = lend_new(f->base, f->helper, f->folder, 0, on_change, f);
	assert_int_equal(check(f), 1);
	fd = open_name(f, "group", &err);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
}

static void
test_folder(void **state)
{
	struct fixture *f = *state;
	char away[PATH_SIZE];
	const char *reason;
	struct err err;
	int fd;

	assert_int_equal(lend_generation(f->lend), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(lend_generation(f->lend), 1);
	assert_int_equal(check(f), 0);
	fd = lend_folder(f->lend, &reason);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	/* Replaced by another one of that name. */
	(void)snprintf(away, sizeof(away), "%s/away", f->top);
	assert_int_equal(rename(f->folder, away), 0);
	assert_int_equal(mkdir(f->folder, 0755), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(lend_generation(f->lend), 2);
	/* Gone. */
	assert_int_equal(rmdir(f->folder), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(check(f), 0);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "No such file"));
	assert_int_equal(open_name(f, "good", &err), -1);
	assert_int_equal(lend_generation(f->lend), 2);
	/* Back. */
	assert_int_equal(rename(away, f->folder), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(lend_generation(f->lend), 3);
}

static void
test_folder_modes(void **state)
{
	struct fixture *f = *state;
	const char *reason;
	int fd;

	assert_int_equal(chmod(f->folder, 0775), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "mode 0775"));
	assert_int_equal(chmod(f->folder, 0700), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(chown(f->folder, 64201, 0), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "uid 64201"));
	/* No folder, but something else. */
	assert_int_equal(rmdir(f->folder), 0);
	fd = creat(f->folder, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "has become a file"));
}

/* Events tell, without anybody asking. */
static void
test_events(void **state)
{
	struct fixture *f = *state;
	char away[PATH_SIZE], buf[512];
	int fd;

	assert_int_equal(check(f), 1);
	fd = lend_inotify(f->lend);
	assert_int_not_equal(fd, -1);
	make_file(f, "new", 0600);
	assert_true(read(fd, buf, sizeof(buf)) > 0);
	assert_int_equal(close(fd), 0);
	(void)snprintf(away, sizeof(away), "%s/away", f->top);
	assert_int_equal(rename(f->folder, away), 0);
	while (f->changes == 0)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
	assert_int_equal(mkdir(f->folder, 0755), 0);
	while (f->changes == 1)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
	assert_int_equal(lend_generation(f->lend), 2);
}

/* What is told without opening: the same names, the same refusals. */
static void
test_stat(void **state)
{
	static const struct {
		const char *name;
		int error; /* errno; 0: it is told */
	} rows[] = {
		{ "good", 0 },
		{ "link", 0 },
		{ "group", 0 },
		{ "d", 0 },
		{ "fifo", 0 },
		{ "escape", EXDEV },
		{ "absolute", EXDEV },
		{ "dangling", ENOLINK },
		{ "none", ENOENT },
		{ "d/inner", EINVAL },
		{ "../secret", EINVAL },
		{ "", EINVAL },
	};
	struct fixture *f = *state;
	struct lender_stat st, link;
	size_t i;
	int rc;

	make_things(f);
	assert_int_equal(check(f), 1);
	for (i = 0; i < LEN(rows); i++) {
		errno = 0;
		rc = stat_name(f, rows[i].name, &st);
		if ((rc == -1) != (rows[i].error != 0) ||
		    (rc == -1 && errno != rows[i].error))
			fail_msg(
			    "%s: %d, %s", rows[i].name, rc, strerror(errno));
	}
	/* It is the target that counts. */
	assert_int_equal(stat_name(f, "good", &st), 0);
	assert_int_equal(stat_name(f, "link", &link), 0);
	assert_int_equal(st.ino, link.ino);
}

static void
turn(struct fixture *f, int changes)
{
	while (f->changes < changes)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
}

/* The path of a single file, which is replaced, removed, a folder. */
static void
test_single(void **state)
{
	struct fixture *f = *state;
	char path[PATH_SIZE * 2];
	const char *reason;
	struct err err;
	struct lender_stat st;
	int fd;

	make_file(f, "pod", 0600);
	make_file(f, "other", 0600);
	(void)snprintf(path, sizeof(path), "%s/pod", f->folder);
	lend_free(f->lend);
	f->lend = lend_new(f->base, f->helper, path, 1, on_change, f);
	assert_int_equal(check(f), 1);
	assert_string_equal(lend_only(f->lend), "pod");
	assert_int_not_equal(fd = lend_folder(f->lend, &reason), -1);
	assert_int_equal(close(fd), 0);
	assert_int_not_equal(fd = open_name(f, "pod", &err), -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(open_name(f, "other", &err), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(stat_name(f, "other", &st), -1);
	assert_int_equal(errno, EACCES);
	/* Replaced or missing, it is the same folder; only the file is not. */
	make_file(f, "new", 0600);
	assert_int_equal(rename(path_in(f, "new"), path), 0);
	assert_int_equal(check(f), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(check(f), 0);
	assert_int_equal(open_name(f, "pod", &err), -1);
	assert_int_equal(errno, ENOENT);
	/* A folder of that name is noticed without asking, but not used. */
	assert_int_equal(mkdir(path, 0700), 0);
	turn(f, 1);
	assert_non_null(strstr(lend_note(f->lend), "has become a folder"));
	assert_int_equal(rmdir(path), 0);
	turn(f, 2);
	assert_string_equal(lend_note(f->lend), "");
	assert_int_equal(mkfifo(path, 0600), 0);
	turn(f, 3);
	assert_non_null(strstr(lend_note(f->lend), "neither a folder"));
}

/* Makes no inotify, as long as it does not read what it is about. */
static void
work_unwatched(struct helper_job *job)
{
	struct lender_answer *a = job->answer;
	struct stat st;

	lender_kind.work(job);
	if (job->fd[1] == -1 ||
	    fstatat(job->fd[0], "plenty", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	(void)close(job->fd[1]);
	job->fd[1] = -1;
	a->events_error = EMFILE;
}

/* Without a descriptor for inotify the folder is lent all the same. */
static void
test_unwatched(void **state)
{
	struct helper_kind kind = lender_kind;
	struct fixture *f = *state;
	const char *reason;
	int fd;

	kind.work = work_unwatched;
	change_helper(f, &kind);
	assert_int_equal(check(f), 1);
	assert_int_not_equal(fd = lend_folder(f->lend, &reason), -1);
	assert_int_equal(lend_inotify(f->lend), -1);
	assert_non_null(strstr(lend_note(f->lend), "cannot be watched"));
	assert_int_equal(close(fd), 0);
	assert_int_equal(check(f), 0);
	/* There is room again: whoever lends is told to do it anew. */
	make_file(f, "plenty", 0600);
	make_file(f, "../touch", 0600);
	turn(f, 1);
	assert_int_not_equal(fd = lend_inotify(f->lend), -1);
	assert_string_equal(lend_note(f->lend), "");
	assert_int_equal(close(fd), 0);
	assert_false(lend_is_silent(f->lend));
}

/* Whoever comes gets an inotify of its own. */
static void
test_renew(void **state)
{
	struct fixture *f = *state;
	int fd;

	assert_int_equal(check(f), 1);
	assert_int_not_equal(fd = lend_inotify(f->lend), -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(check(f), 0);
	assert_int_equal(lend_inotify(f->lend), -1);
	/* Also when a look is under way, which may have been for nobody. */
	lend_check(f->lend);
	lend_renew(f->lend);
	turn(f, 1);
	assert_int_not_equal(fd = lend_inotify(f->lend), -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lend_generation(f->lend), 1);
}

static char still[PATH_SIZE]; /* work stands still while this exists */

static void
work_hung(struct helper_job *job)
{
	const struct timespec hour = { 3600, 0 };
	struct stat st;

	if (stat(still, &st) == 0)
		(void)nanosleep(&hour, NULL); /* its alarm ends it */
	lender_kind.work(job);
}

/* It does not answer: what is known stays, and whoever comes is told. */
static void
test_hung(void **state)
{
	struct helper_kind kind = lender_kind;
	struct fixture *f = *state;
	struct answer a = { 0 };
	const char *reason;
	int fd;

	kind.work = work_hung;
	(void)snprintf(still, sizeof(still), "%s/still", f->top);
	change_helper(f, &kind);
	make_file(f, "good", 0600);
	assert_int_equal(check(f), 1);
	make_file(f, "../still", 0600);
	lend_open(f->lend, "good", on_opened, &a);
	lend_renew(f->lend);
	turn(f, 1);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "does not answer"));
	assert_string_equal(lend_note(f->lend), reason);
	await(f, &a);
	assert_int_equal(a.fd, -1);
	assert_int_equal(a.error, ETIMEDOUT);
	/* It was not another folder, but has to be lent now. */
	assert_int_equal(unlink(still), 0);
	assert_int_equal(check(f), 1);
	assert_int_equal(lend_generation(f->lend), 1);
	assert_int_not_equal(fd = lend_inotify(f->lend), -1);
	assert_int_equal(close(fd), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_not_strict),
		TEST(test_folder),
		TEST(test_folder_modes),
		TEST(test_events),
		TEST(test_stat),
		TEST(test_single),
		TEST(test_unwatched),
		TEST(test_renew),
		TEST(test_hung),
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return (77);
	}
	log_init("test_lend");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
