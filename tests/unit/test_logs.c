/*
 * Logs of containers: moved away when they are long, and removed.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "reconciled/disk.h"
#include "reconciled/logs.h"

#define LOG "pod/main/0.log"
#define SECOND_NS 1000000000LL

struct fixture {
	char top[40];
	int at;
};

static int
setup(void **state)
{
	static struct fixture f;

	(void)snprintf(f.top, sizeof(f.top), "/tmp/test_logs.XXXXXX");
	assert_non_null(mkdtemp(f.top));
	f.at = open(f.top, DISK_OPEN_DIR);
	assert_true(f.at != -1);
	assert_int_equal(disk_make_path(f.at, "pod/main", 0755), 0);
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	assert_int_equal(close(f->at), 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
}

static void
put(const struct fixture *f, const char *name, const char *text)
{
	assert_int_equal(disk_write(f->at, name, 0640, text, strlen(text)), 0);
}

static size_t
count(const struct fixture *f)
{
	char path[64];
	struct dirent *d;
	size_t n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/pod/main", f->top);
	assert_non_null(dir = opendir(path));
	while ((d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	(void)closedir(dir);
	return (n);
}

static void
test_rotate(void **state)
{
	struct fixture *f = *state;
	struct log_limits limits = { 4, 3 };
	char first[PATH_MAX], rotated[PATH_MAX];
	struct stat st;
	int i;

	assert_int_equal(logs_rotate(f->at, LOG, &limits, 1, rotated), -1);
	assert_int_equal(errno, ENOENT);
	put(f, LOG, "abc");
	assert_int_equal(logs_rotate(f->at, LOG, &limits, 1, rotated), 0);
	/* Another log of the folder is nobody's business. */
	put(f, "pod/main/10.log", "other");
	for (i = 1; i <= 5; i++) {
		put(f, LOG, "abcd");
		assert_int_equal(
		    logs_rotate(f->at, LOG, &limits, i * SECOND_NS, rotated),
		    1);
		assert_int_equal(fstatat(f->at, LOG, &st, 0), -1);
		assert_int_equal(fstatat(f->at, rotated, &st, 0), 0);
		if (i == 4)
			memcpy(first, rotated, sizeof(first));
	}
	assert_string_equal(rotated, LOG ".19700101-000005");
	/* Within a second there is no other name: the next time, then. */
	put(f, LOG, "abcd");
	assert_int_equal(
	    logs_rotate(f->at, LOG, &limits, 5 * SECOND_NS + 1, rotated), 0);
	assert_int_equal(unlinkat(f->at, LOG, 0), 0);
	/* Two of those moved away, the newest, beside the other log. */
	assert_int_equal(count(f), 3);
	assert_int_equal(fstatat(f->at, first, &st, 0), 0);
}

static void
test_move(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	put(f, LOG, "old");
	put(f, LOG ".1", "moved");
	assert_int_equal(logs_move(f->at, LOG ".1", LOG), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(fstatat(f->at, LOG, &st, 0), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(unlinkat(f->at, LOG, 0), 0);
	assert_int_equal(logs_move(f->at, LOG ".1", LOG), 0);
	assert_int_equal(logs_move(f->at, LOG ".1", LOG), -1);
	assert_int_equal(errno, ENOENT);
}

static void
test_remove(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	put(f, LOG, "x");
	put(f, LOG ".2025-01-01T00:00:00Z", "x");
	put(f, LOG ".2025-01-02T00:00:00Z", "x");
	put(f, "pod/main/10.log", "other");
	put(f, "pod/main/0.logs", "other");
	logs_remove(f->at, LOG);
	assert_int_equal(count(f), 2);
	assert_int_equal(fstatat(f->at, "pod/main/10.log", &st, 0), 0);
	logs_remove(f->at, "none/main/0.log");
}

/* What tells how often a container was started, without a runtime. */
static void
test_next_attempt(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(logs_next_attempt(f->at, "pod/other"), 0);
	assert_int_equal(logs_next_attempt(f->at, "pod/main"), 0);
	put(f, "pod/main/readme", "");
	put(f, "pod/main/99", "");
	put(f, "pod/main/99.txt", "");
	put(f, "pod/main/4294967295.log", "");
	put(f, "pod/main/99999999999.log", "");
	put(f, "pod/main/x98.log", "");
	assert_int_equal(logs_next_attempt(f->at, "pod/main"), 0);
	put(f, LOG, "");
	assert_int_equal(logs_next_attempt(f->at, "pod/main"), 1);
	put(f, "pod/main/9.log.20261127-101500.gz", "");
	put(f, "pod/main/2.log", "");
	assert_int_equal(logs_next_attempt(f->at, "pod/main"), 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rotate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_move, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_next_attempt, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
