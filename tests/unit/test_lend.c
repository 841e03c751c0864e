/*
 * The lent folder: strict modes, what may be opened, being replaced.
 * Needs root, which alone can own a folder that strict modes accept.
 */
#include <sys/resource.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "reconciled/lend.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define PATH_SIZE 256

struct fixture {
	struct event_base *base;
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
	f.lend = lend_new(f.base, f.folder, 1, on_change, &f);
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	lend_free(f->lend);
	event_base_free(f->base);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
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
	assert_int_equal(lend_check(f->lend), 1);
	for (i = 0; i < LEN(rows); i++) {
		err.text[0] = '\0';
		errno = 0;
		fd = lend_open(f->lend, rows[i].name, &err);
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
	f->lend = lend_new(f->base, f->folder, 0, on_change, f);
	assert_int_equal(lend_check(f->lend), 1);
	fd = lend_open(f->lend, "group", &err);
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
	assert_int_equal(lend_check(f->lend), 1);
	assert_int_equal(lend_generation(f->lend), 1);
	assert_int_equal(lend_check(f->lend), 0);
	fd = lend_folder(f->lend, &reason);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	/* Replaced by another one of that name. */
	(void)snprintf(away, sizeof(away), "%s/away", f->top);
	assert_int_equal(rename(f->folder, away), 0);
	assert_int_equal(mkdir(f->folder, 0755), 0);
	assert_int_equal(lend_check(f->lend), 1);
	assert_int_equal(lend_generation(f->lend), 2);
	/* Gone. */
	assert_int_equal(rmdir(f->folder), 0);
	assert_int_equal(lend_check(f->lend), 1);
	assert_int_equal(lend_check(f->lend), 0);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "No such file"));
	assert_int_equal(lend_open(f->lend, "good", &err), -1);
	assert_int_equal(lend_generation(f->lend), 2);
	/* Back. */
	assert_int_equal(rename(away, f->folder), 0);
	assert_int_equal(lend_check(f->lend), 1);
	assert_int_equal(lend_generation(f->lend), 3);
}

static void
test_folder_modes(void **state)
{
	struct fixture *f = *state;
	const char *reason;
	int fd;

	assert_int_equal(chmod(f->folder, 0775), 0);
	assert_int_equal(lend_check(f->lend), 1);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "mode 0775"));
	assert_int_equal(chmod(f->folder, 0700), 0);
	assert_int_equal(lend_check(f->lend), 1);
	assert_int_equal(chown(f->folder, 64201, 0), 0);
	assert_int_equal(lend_check(f->lend), 1);
	assert_int_equal(lend_folder(f->lend, &reason), -1);
	assert_non_null(strstr(reason, "uid 64201"));
	/* No folder, but something else. */
	assert_int_equal(rmdir(f->folder), 0);
	fd = creat(f->folder, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lend_check(f->lend), 1);
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

	assert_int_equal(lend_check(f->lend), 1);
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
	struct stat st, link;
	size_t i;
	int rc;

	make_things(f);
	assert_int_equal(lend_check(f->lend), 1);
	for (i = 0; i < LEN(rows); i++) {
		errno = 0;
		rc = lend_stat(f->lend, rows[i].name, &st);
		if ((rc == -1) != (rows[i].error != 0) ||
		    (rc == -1 && errno != rows[i].error))
			fail_msg(
			    "%s: %d, %s", rows[i].name, rc, strerror(errno));
	}
	/* It is the target that counts. */
	assert_int_equal(lend_stat(f->lend, "good", &st), 0);
	assert_int_equal(lend_stat(f->lend, "link", &link), 0);
	assert_int_equal(st.st_ino, link.st_ino);
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
	struct stat st;
	int fd;

	make_file(f, "pod", 0600);
	make_file(f, "other", 0600);
	(void)snprintf(path, sizeof(path), "%s/pod", f->folder);
	lend_free(f->lend);
	f->lend = lend_new(f->base, path, 1, on_change, f);
	assert_int_equal(lend_check(f->lend), 1);
	assert_string_equal(lend_only(f->lend), "pod");
	assert_int_not_equal(fd = lend_folder(f->lend, &reason), -1);
	assert_int_equal(close(fd), 0);
	assert_int_not_equal(fd = lend_open(f->lend, "pod", &err), -1);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lend_open(f->lend, "other", &err), -1);
	assert_int_equal(errno, EACCES);
	assert_int_equal(lend_stat(f->lend, "other", &st), -1);
	assert_int_equal(errno, EACCES);
	/* Replaced or missing, it is the same folder; only the file is not. */
	make_file(f, "new", 0600);
	assert_int_equal(rename(path_in(f, "new"), path), 0);
	assert_int_equal(lend_check(f->lend), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(lend_check(f->lend), 0);
	assert_int_equal(lend_open(f->lend, "pod", &err), -1);
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

/* Without a descriptor for inotify the folder is lent all the same. */
static void
test_unwatched(void **state)
{
	struct fixture *f = *state;
	const char *reason;
	struct rlimit old, none;
	int fd;

	assert_int_equal(lend_check(f->lend), 1);
	assert_int_not_equal(fd = lend_folder(f->lend, &reason), -1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(lend_inotify(f->lend), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_non_null(strstr(lend_note(f->lend), "cannot be watched"));
	assert_int_equal(close(fd), 0);
	/* There is room again: whoever lends is told to do it anew. */
	make_file(f, "../touch", 0600);
	turn(f, 1);
	assert_int_not_equal(fd = lend_inotify(f->lend), -1);
	assert_string_equal(lend_note(f->lend), "");
	assert_int_equal(close(fd), 0);
	assert_false(lend_is_silent(f->lend));
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
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return (77);
	}
	log_init("test_lend");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
