/*
 * What containers leave behind goes, whatever its form, in small steps.
 */
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

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
#include "reconciled/disk.h"
#include "reconciled/trash.h"

#define NO_LANDLOCK 77

struct fixture {
	char top[40];
	int at;
	struct trash trash;
};

static int
setup(void **state)
{
	static struct fixture f;
	struct err err;

	(void)snprintf(f.top, sizeof(f.top), "/tmp/test_trash.XXXXXX");
	assert_non_null(mkdtemp(f.top));
	f.at = open(f.top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(trash_open(&f.trash, f.at, &err), 0);
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	trash_close(&f->trash);
	(void)close(f->at);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
}

static void
put(int at, const char *name)
{
	assert_int_equal(disk_write(at, name, 0600, "x", 1), 0);
}

static int
exists(int at, const char *name)
{
	struct stat st;

	return (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

/* Steps until nothing is left to do. */
static size_t
steps(struct fixture *f, unsigned int things)
{
	size_t n;

	for (n = 1; trash_step(&f->trash, things); n++)
		assert_true(n < 100000);
	return (n);
}

static void
check_empty(struct fixture *f)
{
	DIR *dir = disk_list(f->at, ".");
	struct dirent *d;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		if (strncmp(d->d_name, TRASH_PREFIX, strlen(TRASH_PREFIX)) == 0)
			fail_msg("%s is left", d->d_name);
	(void)closedir(dir);
}

static void
test_kinds(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->at, "keep", 0755), 0);
	put(f->at, "keep/file");
	assert_int_equal(mkdirat(f->at, "u1", 0), 0);
	assert_int_equal(mkdirat(f->at, "u1/sub", 0), 0);
	assert_int_equal(symlinkat("../../keep", f->at, "u1/link"), 0);
	assert_int_equal(mkfifoat(f->at, "u1/fifo", 0), 0);
	put(f->at, "u1/sub/new\nline");
	assert_int_equal(trash_put(&f->trash, "u1"), 0);
	assert_false(exists(f->at, "u1"));
	/* Another of that name, and a link instead of one. */
	assert_int_equal(mkdirat(f->at, "u1", 0755), 0);
	put(f->at, "u1/file");
	assert_int_equal(trash_put(&f->trash, "u1"), 0);
	assert_int_equal(symlinkat("keep", f->at, "u1"), 0);
	assert_int_equal(trash_put(&f->trash, "u1"), 0);
	assert_int_equal(trash_put(&f->trash, "u1"), 0);
	(void)steps(f, 100);
	assert_true(exists(f->at, "keep/file"));
	check_empty(f);
}

/* A step does what it is asked for, and no more. */
static void
test_wide(void **state)
{
	struct fixture *f = *state;
	char name[32];
	int i;

	assert_int_equal(mkdirat(f->at, "u1", 0755), 0);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "u1/%d", i);
		put(f->at, name);
	}
	assert_int_equal(trash_put(&f->trash, "u1"), 0);
	assert_int_equal(trash_step(&f->trash, 10), 1);
	assert_in_range(f->trash.removed, 1, 10);
	assert_true(steps(f, 10) >= 99);
	check_empty(f);
}

static void
make_deep(struct fixture *f, int depth)
{
	int i, at, next;

	assert_int_equal(mkdirat(f->at, "u1", 0755), 0);
	at = openat(f->at, "u1", DISK_OPEN_DIR);
	for (i = 0; i < depth; i++) {
		assert_int_equal(mkdirat(at, "d", 0755), 0);
		put(at, "f");
		assert_true((next = openat(at, "d", DISK_OPEN_DIR)) != -1);
		(void)close(at);
		at = next;
	}
	(void)close(at);
}

static void
test_deep(void **state)
{
	struct fixture *f = *state;

	make_deep(f, 2000);
	assert_int_equal(trash_put(&f->trash, "u1"), 0);
	(void)steps(f, 50);
	check_empty(f);
}

/* Any rules of Landlock without REFER forbid what old ones always do. */
static void
stay_in_folders(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE
	};
	long rules;

	rules = syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr.handled_access_fs), 0);
	if (rules == -1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) == -1)
		_exit(NO_LANDLOCK);
}

static void
test_old_kernel(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	make_deep(f, 40);
	assert_true((pid = fork()) != -1);
	if (pid == 0) {
		stay_in_folders();
		if (trash_put(&f->trash, "u1") == -1)
			_exit(1);
		while (trash_step(&f->trash, 50))
			continue;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_LANDLOCK)
		skip();
	assert_int_equal(status, 0);
	check_empty(f);
}

/* What comes while a round is under way is removed, too. */
static void
test_meanwhile(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->at, "u1", 0755), 0);
	put(f->at, "u1/file");
	assert_int_equal(trash_put(&f->trash, "u1"), 0);
	assert_int_equal(trash_step(&f->trash, 1), 1);
	put(f->at, "u2");
	assert_int_equal(trash_put(&f->trash, "u2"), 0);
	(void)steps(f, 1);
	check_empty(f);
	/* Nothing to do. */
	assert_int_equal(trash_step(&f->trash, 10), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),
		TEST(test_wide),
		TEST(test_deep),
		TEST(test_old_kernel),
		TEST(test_meanwhile),
	};

	log_init("test_trash");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
