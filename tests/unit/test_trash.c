/*
 * What containers leave behind goes, whatever its form, in small steps.
 */
#include <sys/stat.h>

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

/* Only an empty folder can be removed. */
static void
check_empty(struct fixture *f)
{
	assert_int_equal(unlinkat(f->at, TRASH_FOLDER, AT_REMOVEDIR), 0);
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
	assert_int_equal(trash_put(&f->trash, f->at, "u1"), 0);
	assert_false(exists(f->at, "u1"));
	/* Another of that name, and a link instead of one. */
	assert_int_equal(mkdirat(f->at, "u1", 0755), 0);
	put(f->at, "u1/file");
	assert_int_equal(trash_put(&f->trash, f->at, "u1"), 0);
	assert_int_equal(symlinkat("keep", f->at, "u1"), 0);
	assert_int_equal(trash_put(&f->trash, f->at, "u1"), 0);
	assert_int_equal(trash_put(&f->trash, f->at, "u1"), 0);
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
	assert_int_equal(trash_put(&f->trash, f->at, "u1"), 0);
	assert_int_equal(trash_step(&f->trash, 10), 1);
	assert_in_range(f->trash.removed, 1, 10);
	assert_true(steps(f, 10) >= 99);
	check_empty(f);
}

static void
test_deep(void **state)
{
	struct fixture *f = *state;
	int i, at, next;

	assert_int_equal(mkdirat(f->at, "u1", 0755), 0);
	at = openat(f->at, "u1", DISK_OPEN_DIR);
	for (i = 0; i < 2000; i++) {
		assert_int_equal(mkdirat(at, "d", 0755), 0);
		put(at, "f");
		assert_true((next = openat(at, "d", DISK_OPEN_DIR)) != -1);
		(void)close(at);
		at = next;
	}
	(void)close(at);
	assert_int_equal(trash_put(&f->trash, f->at, "u1"), 0);
	(void)steps(f, 50);
	check_empty(f);
}

/* What comes while a round is under way is removed, too. */
static void
test_meanwhile(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdirat(f->at, "u1", 0755), 0);
	put(f->at, "u1/file");
	assert_int_equal(trash_put(&f->trash, f->at, "u1"), 0);
	assert_int_equal(trash_step(&f->trash, 1), 1);
	put(f->at, "u2");
	assert_int_equal(trash_put(&f->trash, f->at, "u2"), 0);
	(void)steps(f, 1);
	check_empty(f);
	/* The end of its folder: nothing to do. */
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
		TEST(test_meanwhile),
	};

	log_init("test_trash");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
