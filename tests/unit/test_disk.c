/*
 * What reconciled keeps on the disk (reconciled/files.h).
 */
#include <sys/stat.h>
#include <sys/types.h>

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

#include "common/log.h"
#include "reconciled/files.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define PATH_SIZE 512

struct fixture {
	char top[40], state[64], pod_logs[64], links[64];
	struct translate_env env;
	struct files files;
	struct pod *p;
	Tripod__Manifest manifest;
	Tripod__Definition definition, *definitions[1];
	Tripod__Pod pod;
	Tripod__Volume volume;
	Tripod__Volume *volumes[1];
	Tripod__EmptyDir dir;
	Tripod__HostPath path;
};

static int
setup(void **state)
{
	static struct fixture f;
	struct err err;

	memset(&f, 0, sizeof(f));
	(void)snprintf(f.top, sizeof(f.top), "/tmp/test_disk.XXXXXX");
	assert_non_null(mkdtemp(f.top));
	(void)snprintf(f.state, sizeof(f.state), "%s/a/state", f.top);
	(void)snprintf(f.pod_logs, sizeof(f.pod_logs), "%s/pods", f.top);
	(void)snprintf(f.links, sizeof(f.links), "%s/containers", f.top);
	f.env.state = f.state;
	f.env.pod_logs = f.pod_logs;
	f.env.cgroup_root = "test-disk-none";
	assert_int_equal(files_open(&f.files, &f.env, f.links, &err), 0);
	tripod__manifest__init(&f.manifest);
	tripod__definition__init(&f.definition);
	tripod__pod__init(&f.pod);
	tripod__volume__init(&f.volume);
	tripod__empty_dir__init(&f.dir);
	tripod__host_path__init(&f.path);
	f.volume.name = TEXT("data");
	f.volume.source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
	f.volume.empty_dir = &f.dir;
	f.volumes[0] = &f.volume;
	f.pod.volume = f.volumes;
	f.pod.n_volume = 1;
	f.pod.name = TEXT("web");
	f.definition.pod = &f.pod;
	f.definitions[0] = &f.definition;
	f.manifest.definition = f.definitions;
	f.manifest.n_definition = 1;
	f.manifest.file = TEXT("web.yaml");
	f.p = pod_new("u1", "default", "web");
	f.p->definition = &f.definition;
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	pod_free(f->p);
	files_close(&f->files);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
}

static const char *
below(const struct fixture *f, const char *name)
{
	static char path[PATH_SIZE * 2];

	(void)snprintf(path, sizeof(path), "%s/%s", f->top, name);
	return (path);
}

static void
put(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static int
exists(const char *path)
{
	struct stat st;

	return (lstat(path, &st) == 0);
}

#define DATA "a/state/pods/u1/volumes/kubernetes.io~empty-dir/data"

static void
test_prepare(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	struct err err;

	assert_int_equal(files_prepare_pod(&f->files, f->p, &err), 0);
	assert_int_equal(stat(below(f, DATA), &st), 0);
	/* Whoever the container's process is, it may write. */
	assert_int_equal(st.st_mode & 07777, 0777);
	assert_int_equal(files_prepare_pod(&f->files, f->p, &err), 0);
	assert_int_equal(
	    files_prepare_container(&f->files, f->p, "main", &err), 0);
	assert_true(exists(below(f, "pods/default_web_u1/main")));
}

static void
test_host_path(void **state)
{
	enum {
		MISSING,
		IS_FILE,
		IS_DIR
	};
	static const struct {
		Tripod__HostPath__Type type;
		int what, ok;
	} rows[] = {
		{ TRIPOD__HOST_PATH__TYPE__ANY, MISSING, 1 },
		{ TRIPOD__HOST_PATH__TYPE__DIRECTORY, MISSING, 0 },
		{ TRIPOD__HOST_PATH__TYPE__DIRECTORY, IS_FILE, 0 },
		{ TRIPOD__HOST_PATH__TYPE__DIRECTORY, IS_DIR, 1 },
		{ TRIPOD__HOST_PATH__TYPE__DIRECTORY_OR_CREATE, MISSING, 1 },
		{ TRIPOD__HOST_PATH__TYPE__DIRECTORY_OR_CREATE, IS_FILE, 0 },
		{ TRIPOD__HOST_PATH__TYPE__FILE, MISSING, 0 },
		{ TRIPOD__HOST_PATH__TYPE__FILE, IS_FILE, 1 },
		{ TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE, MISSING, 1 },
		{ TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE, IS_DIR, 0 },
		{ TRIPOD__HOST_PATH__TYPE__SOCKET, IS_FILE, 0 },
		{ TRIPOD__HOST_PATH__TYPE__CHAR_DEVICE, IS_FILE, 0 },
		{ TRIPOD__HOST_PATH__TYPE__BLOCK_DEVICE, IS_DIR, 0 },
	};
	struct fixture *f = *state;
	static char path[PATH_SIZE];
	struct err err;
	size_t i;

	f->volume.source_case = TRIPOD__VOLUME__SOURCE_HOST_PATH;
	f->volume.host_path = &f->path;
	f->path.path = path;
	for (i = 0; i < LEN(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s/h%zu", f->top, i);
		f->path.type = rows[i].type;
		if (rows[i].what == IS_FILE)
			put(path, "x");
		else if (rows[i].what == IS_DIR)
			assert_int_equal(mkdir(path, 0700), 0);
		if ((files_prepare_pod(&f->files, f->p, &err) == 0) !=
		    rows[i].ok)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(exists(path),
		    rows[i].what != MISSING ||
			(rows[i].ok &&
			    rows[i].type != TRIPOD__HOST_PATH__TYPE__ANY));
	}
}

/* What a container leaves behind must not lead elsewhere. */
static void
test_clean(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(files_prepare_pod(&f->files, f->p, &err), 0);
	assert_int_equal(
	    files_prepare_container(&f->files, f->p, "main", &err), 0);
	assert_int_equal(mkdir(below(f, "keep"), 0755), 0);
	put(below(f, "keep/file"), "precious");
	assert_int_equal(
	    symlink("../../../../../../../keep", below(f, DATA "/relative")),
	    0);
	assert_int_equal(symlink(f->top, below(f, DATA "/absolute")), 0);
	assert_int_equal(mkdir(below(f, DATA "/sub"), 0), 0);
	assert_int_equal(mkfifo(below(f, DATA "/fifo"), 0), 0);
	put(below(f, "pods/default_web_u1/main/0.log"), "line");
	files_clean_pod(&f->files, f->p);
	assert_false(exists(below(f, "a/state/pods/u1")));
	assert_false(exists(below(f, "pods/default_web_u1")));
	assert_true(exists(below(f, "keep/file")));
	assert_true(exists(below(f, "a/state/pods")));
	/* Nothing there: nothing happens. */
	files_clean_pod(&f->files, f->p);
}

static void
test_clean_link(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(below(f, "keep"), 0755), 0);
	put(below(f, "keep/file"), "precious");
	assert_int_equal(
	    symlink("../../../keep", below(f, "a/state/pods/u1")), 0);
	files_clean_pod(&f->files, f->p);
	assert_false(exists(below(f, "a/state/pods/u1")));
	assert_true(exists(below(f, "keep/file")));
}

static void
test_links(void **state)
{
	struct fixture *f = *state;
	struct seen_container *c;
	char target[PATH_SIZE], want[PATH_SIZE], name[300];
	struct err err;
	ssize_t n;

	c = container_add(&f->p->seen, "id1", "main", 3, 1);
	assert_int_equal(
	    files_prepare_container(&f->files, f->p, "main", &err), 0);
	put(below(f, "pods/default_web_u1/main/3.log"), "line");
	files_link_log(&f->files, f->p, c);
	files_link_log(&f->files, f->p, c);
	n = readlink(below(f, "containers/web_default_main-id1.log"), target,
	    sizeof(target) - 1);
	assert_true(n > 0);
	target[n] = '\0';
	(void)snprintf(
	    want, sizeof(want), "%s/default_web_u1/main/3.log", f->pod_logs);
	assert_string_equal(target, want);
	files_remove_log(&f->files, f->p, c);
	assert_false(exists(below(f, "containers/web_default_main-id1.log")));
	assert_false(exists(want));
	/* A long name is cut to what a file may be called. */
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	text_set(&c->id, name);
	files_link_log(&f->files, f->p, c);
	(void)snprintf(want, sizeof(want),
	    "containers/web_default_main-%.*s.log",
	    251 - (int)strlen("web_default_main-"), name);
	assert_true(exists(below(f, want)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prepare),
		TEST(test_host_path),
		TEST(test_clean),
		TEST(test_clean_link),
		TEST(test_links),
	};

	log_init("test_disk");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
