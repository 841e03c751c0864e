/*
 * The last good manifests on the disk (reconciled/kept.h).
 */
#include <sys/resource.h>
#include <sys/stat.h>

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
#include "reconciled/kept.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

struct fixture {
	char top[40];
	int dir;
	Tripod__Manifest manifest;
	Tripod__Definition definition[2], *definitions[2];
	Tripod__Pod pod[2];
	int loaded;
	char pods[64]; /* "web:1 db:2": names and when they were seen */
};

static int
setup(void **state)
{
	static const char *const names[] = { "web", "db" };
	static struct fixture f;
	int i;

	memset(&f, 0, sizeof(f));
	(void)snprintf(f.top, sizeof(f.top), "/tmp/test_kept.XXXXXX");
	assert_non_null(mkdtemp(f.top));
	f.dir = open(f.top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(f.dir, -1);
	tripod__manifest__init(&f.manifest);
	f.manifest.file = TEXT("web.yaml");
	f.manifest.definition = f.definitions;
	f.manifest.n_definition = 2;
	for (i = 0; i < 2; i++) {
		tripod__definition__init(&f.definition[i]);
		tripod__pod__init(&f.pod[i]);
		f.pod[i].name = TEXT(names[i]);
		f.definition[i].pod = &f.pod[i];
		f.definition[i].seen_ns = i + 1;
		f.definitions[i] = &f.definition[i];
	}
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	assert_int_equal(close(f->dir), 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
}

static void
put(const struct fixture *f, const char *name, const void *data, size_t len)
{
	int fd = openat(f->dir, name, O_WRONLY | O_CREAT, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(close(fd), 0);
}

static int
exists(const struct fixture *f, const char *name)
{
	struct stat st;

	return (fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

static void
on_loaded(void *ctx, Tripod__Manifest *m, struct arena *a)
{
	struct fixture *f = ctx;
	size_t i, n = 0;

	f->loaded++;
	for (i = 0; i < m->n_definition; i++)
		n += (size_t)snprintf(f->pods + n, sizeof(f->pods) - n,
		    "%s%s:%d", i > 0 ? " " : "", m->definition[i]->pod->name,
		    (int)m->definition[i]->seen_ns);
	arena_free(a);
}

static void
test_store(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	struct err err;

	assert_int_equal(kept_store(f->dir, &f->manifest, &err), 0);
	f->definition[0].seen_ns = 3;
	assert_int_equal(kept_store(f->dir, &f->manifest, &err), 0);
	assert_int_equal(fstatat(f->dir, "web.yaml", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_false(exists(f, ".new"));
	kept_load(f->dir, on_loaded, f);
	assert_int_equal(f->loaded, 1);
	assert_string_equal(f->pods, "web:3 db:2");
	kept_forget(f->dir, "web.yaml");
	kept_forget(f->dir, "web.yaml");
	kept_load(f->dir, on_loaded, f);
	assert_int_equal(f->loaded, 1);
}

/* Damaged, empty, misnamed, foreign: removed, each by itself. */
static void
test_damaged(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(kept_store(f->dir, &f->manifest, &err), 0);
	put(f, "bad.yaml", "\xff\xff\xff", 3);
	put(f, "empty.yaml", "", 0);
	assert_int_equal(mkdirat(f->dir, "dir", 0700), 0);
	assert_int_equal(symlinkat("web.yaml", f->dir, "link.yaml"), 0);
	f->manifest.file = TEXT("other.yaml");
	assert_int_equal(kept_store(f->dir, &f->manifest, &err), 0);
	assert_int_equal(
	    renameat(f->dir, "other.yaml", f->dir, "renamed.yaml"), 0);
	f->manifest.file = TEXT("none.yaml");
	f->manifest.n_definition = 0;
	assert_int_equal(kept_store(f->dir, &f->manifest, &err), 0);
	kept_load(f->dir, on_loaded, f);
	assert_int_equal(f->loaded, 1);
	assert_true(exists(f, "web.yaml"));
	assert_false(exists(f, "bad.yaml"));
	assert_false(exists(f, "empty.yaml"));
	assert_false(exists(f, "link.yaml"));
	assert_false(exists(f, "renamed.yaml"));
	assert_false(exists(f, "none.yaml"));
}

/* What cannot be read just now may be whole. */
static void
test_unread(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, limit;
	struct err err;
	int fd;

	assert_int_equal(kept_store(f->dir, &f->manifest, &err), 0);
	assert_true((fd = openat(f->dir, ".", O_RDONLY | O_CLOEXEC)) != -1);
	(void)close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = (rlim_t)fd + 1; /* for the folder alone */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	kept_load(f->dir, on_loaded, f);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(f->loaded, 0);
	kept_load(f->dir, on_loaded, f);
	assert_int_equal(f->loaded, 1);
}

/* As 0.1.0 wrote it: fields 5 (pod), 6 (JSON) and 7 (when first seen). */
static void
test_old(void **state)
{
	static const uint8_t old[] = "\x0a\x08web.yaml\x10\x01"
				     "\x2a\x05\x0a\x03web"
				     "\x32\x02{}"
				     "\x38\x07";
	struct fixture *f = *state;

	put(f, "web.yaml", old, sizeof(old) - 1);
	kept_load(f->dir, on_loaded, f);
	assert_int_equal(f->loaded, 1);
	assert_string_equal(f->pods, "web:7");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_store),
		TEST(test_damaged),
		TEST(test_unread),
		TEST(test_old),
	};

	log_init("test_kept");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
