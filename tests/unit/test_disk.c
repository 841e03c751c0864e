/*
 * What reconciled keeps on the disk (reconciled/files.h).
 */
#include <sys/stat.h>
#include <sys/types.h>

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

#include "common/log.h"
#include "reconciled/disk.h"
#include "reconciled/files.h"
#include "reconciled/termination.h"
#include "tests/unit/helperworld.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define PATH_SIZE 512

struct fixture {
	char top[40], state[64], pod_logs[64], links[64];
	struct translate_env env;
	struct files files;
	struct helperworld world;
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
	helperworld_start(&f.world, &f.files);
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
	pod_make_room(f.p, POD_CONTAINERS_MAX);
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	pod_free(f->p);
	helperworld_stop(&f->world);
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

	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
	assert_int_equal(stat(below(f, DATA), &st), 0);
	/* Whoever the container's process is, it may write. */
	assert_int_equal(st.st_mode & 07777, 0777);
	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
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
		if ((helperworld_prepare(&f->world, f->p, &err) == 0) !=
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

	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
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
	assert_int_equal(helperworld_clean(&f->world, f->p, NULL), 0);
	assert_false(exists(below(f, "a/state/pods/u1")));
	assert_false(exists(below(f, "pods/default_web_u1")));
	assert_true(exists(below(f, "keep/file")));
	assert_true(exists(below(f, "a/state/pods")));
	/* Nothing there: nothing happens. */
	assert_int_equal(helperworld_clean(&f->world, f->p, NULL), 0);
}

static void
test_clean_link(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(below(f, "keep"), 0755), 0);
	put(below(f, "keep/file"), "precious");
	assert_int_equal(
	    symlink("../../../keep", below(f, "a/state/pods/u1")), 0);
	assert_int_equal(helperworld_clean(&f->world, f->p, NULL), 0);
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
	/* A container that never began has no log. */
	files_link_log(&f->files, f->p, c);
	n = readlink(below(f, "containers/web_default_main-id1.log"), target,
	    sizeof(target));
	assert_int_equal(n, -1);
	put(below(f, "pods/default_web_u1/main/3.log"), "line");
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

/* Made once: what containers do to it afterwards is theirs. */
static void
test_empty_dir(void **state)
{
	Tripod__PodSecurity security = TRIPOD__POD_SECURITY__INIT;
	Tripod__Number group = TRIPOD__NUMBER__INIT;
	struct fixture *f = *state;
	const char *path = below(
	    f, "a/state/pods/u1/volumes/kubernetes.io~empty-dir/data");
	struct stat st;
	struct err err;

	group.value = 3000;
	security.fs_group = &group;
	f->pod.security = &security;
	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02777);
	assert_int_equal(st.st_gid, 3000);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* Others of the machine do not come near it. */
	assert_int_equal(stat(below(f, "a/state/pods"), &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
}

static const char *
content(const char *path)
{
	static char text[8192];
	FILE *in = fopen(path, "re");
	size_t n;

	if (in == NULL)
		return ("-");
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	(void)fclose(in);
	return (text);
}

#define ABOUT "a/state/pods/u1/volumes/kubernetes.io~downward-api/data"

static void
test_downward(void **state)
{
	Tripod__DownwardFile file[2] = { TRIPOD__DOWNWARD_FILE__INIT,
		TRIPOD__DOWNWARD_FILE__INIT };
	Tripod__DownwardFile *list[] = { &file[0], &file[1] };
	Tripod__FieldRef ref[2] = { TRIPOD__FIELD_REF__INIT,
		TRIPOD__FIELD_REF__INIT };
	Tripod__Downward d = TRIPOD__DOWNWARD__INIT;
	struct fixture *f = *state;
	char data[PATH_SIZE], again[PATH_SIZE];
	struct stat st;
	struct err err;
	ssize_t n;

	file[0].path = TEXT("deep/name");
	file[0].mode = 0400;
	file[0].field = &ref[0];
	ref[0].field = TRIPOD__FIELD_REF__FIELD__NAME;
	file[1].path = TEXT("space");
	file[1].mode = 0644;
	file[1].field = &ref[1];
	ref[1].field = TRIPOD__FIELD_REF__FIELD__NAMESPACE;
	d.file = list;
	d.n_file = 2;
	f->volume.source_case = TRIPOD__VOLUME__SOURCE_DOWNWARD;
	f->volume.downward = &d;
	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
	assert_string_equal(content(below(f, ABOUT "/deep/name")), "web");
	assert_string_equal(content(below(f, ABOUT "/space")), "default");
	assert_int_equal(stat(below(f, ABOUT "/deep/name"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	n = readlink(below(f, ABOUT "/..data"), data, sizeof(data) - 1);
	assert_true(n > 2);
	data[n] = '\0';
	/* Another definition: new files, and nothing of the old ones. */
	d.n_file = 1;
	f->pod.name = TEXT("other");
	text_set(&f->p->name, "other");
	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
	assert_string_equal(content(below(f, ABOUT "/deep/name")), "other");
	assert_false(exists(below(f, ABOUT "/space")));
	n = readlink(below(f, ABOUT "/..data"), again, sizeof(again) - 1);
	again[n] = '\0';
	assert_string_not_equal(data, again);
	(void)snprintf(again, sizeof(again), ABOUT "/%.400s", data);
	assert_false(exists(below(f, again)));
}

static size_t
entries(const char *path)
{
	struct dirent *d;
	size_t n = 0;
	DIR *dir;

	assert_non_null((dir = opendir(path)));
	while ((d = readdir(dir)) != NULL)
		n++;
	(void)closedir(dir);
	return (n - 2); /* itself, and the one above */
}

/* Many files that repeat much; each attempt leaves nothing. */
static void
test_downward_large(void **state)
{
	enum {
		FILES = 200
	};
	static Tripod__DownwardFile file[FILES], *list[FILES];
	static char text[128 * 1024], name[FILES][8];
	Tripod__Downward d = TRIPOD__DOWNWARD__INIT;
	Tripod__KeyValue kv = TRIPOD__KEY_VALUE__INIT, *kvs[] = { &kv };
	Tripod__FieldRef ref = TRIPOD__FIELD_REF__INIT;
	struct fixture *f = *state;
	struct err err;
	size_t i;

	memset(text, 'a', sizeof(text) - 1);
	kv.key = TEXT("k");
	kv.value = text;
	f->pod.annotation = kvs;
	f->pod.n_annotation = 1;
	ref.field = TRIPOD__FIELD_REF__FIELD__ANNOTATION;
	ref.key = TEXT("k");
	for (i = 0; i < FILES; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "%zu", i);
		tripod__downward_file__init(&file[i]);
		file[i].path = name[i];
		file[i].mode = 0644;
		file[i].field = &ref;
		list[i] = &file[i];
	}
	d.file = list;
	d.n_file = FILES;
	f->volume.source_case = TRIPOD__VOLUME__SOURCE_DOWNWARD;
	f->volume.downward = &d;
	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), -1);
	assert_non_null(strstr(err.text, "volume data: more than"));
	assert_int_equal(entries(below(f, ABOUT)), 0);
	d.n_file = 100;
	assert_int_equal(helperworld_prepare(&f->world, f->p, &err), 0);
	assert_int_equal(entries(below(f, ABOUT)), 102);
}

static void
test_hosts(void **state)
{
	struct fixture *f = *state;
	const char *path = below(f, "a/state/pods/u1/etc-hosts");
	struct stat st, again;
	struct err err;

	assert_int_equal(
	    files_write_hosts(&f->files, f->p, "long text\n", &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(files_write_hosts(&f->files, f->p, "x\n", &err), 0);
	assert_string_equal(content(path), "x\n");
	/* Containers have it mounted. */
	assert_int_equal(stat(path, &again), 0);
	assert_int_equal(st.st_ino, again.st_ino);
}

static void
test_message(void **state)
{
	struct fixture *f = *state;
	struct seen_container *c = container_add(
	    &f->p->seen, "id1", "main", 3, 1);
	char path[PATH_MAX], full[PATH_SIZE], text[MESSAGE_MAX + 64];
	struct arena a;
	struct stat st;
	struct err err;

	arena_init(&a, 1 << 20);
	assert_string_equal(message_read(&a, f->files.pods, f->p, c), "");
	assert_int_equal(
	    message_make(f->files.pods, f->p, "main", 3, path, &err), 0);
	(void)snprintf(full, sizeof(full), "a/state/pods/%.400s", path);
	assert_int_equal(stat(below(f, full), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	put(below(f, full), "bad \xff\xc3\xa9 \xed\xa0\x80 end");
	assert_string_equal(
	    message_read(&a, f->files.pods, f->p, c), "bad ?\xc3\xa9 ??? end");
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	text[sizeof(text) - 2] = 'b';
	put(below(f, full), text);
	assert_int_equal(
	    strlen(message_read(&a, f->files.pods, f->p, c)), MESSAGE_MAX);
	assert_int_equal(
	    message_read(&a, f->files.pods, f->p, c)[MESSAGE_MAX - 1], 'b');
	message_remove(f->files.pods, f->p, "main", 3);
	assert_false(exists(below(f, full)));
	assert_string_equal(message_join(&a, "oom", "bye\n", 100), "oom: bye");
	assert_string_equal(message_join(&a, "", "bye\n", 100), "bye");
	assert_string_equal(message_join(&a, "oom", "\n", 100), "oom");
	assert_string_equal(message_join(&a, "", "caf\xc3\xa9", 4), "caf?");
	arena_release(&a);
}

#define AT "2025-11-24T16:00:00.1Z "

/* Where the configuration says, a folder may be a link; not below that. */
static void
test_open(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	struct err err;
	int fd;

	assert_int_equal(stat(f->pod_logs, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(symlink(f->pod_logs, below(f, "a/state/link")), 0);
	fd = disk_open_made(AT_FDCWD, below(f, "a/state/link"), 0755, &err);
	assert_int_not_equal(fd, -1);
	(void)close(fd);
	assert_int_equal(
	    disk_open_made(f->files.state, "link", 0755, &err), -1);
}

static void
test_message_lines(void **state)
{
	static const struct {
		const char *in;
		int whole;
		const char *out;
	} rows[] = {
		{ "", 1, "" },
		{ AT "stdout F one\n" AT "stderr F two\n", 1, "one\ntwo\n" },
		{ AT "stdout P on\n" AT "stdout F e\n", 1, "one\n" },
		{ "stdout F half\n" AT "stdout F one\n", 0, "one\n" },
		{ AT "stdout F one\nnonsense\n", 1, "one\n" },
		{ AT "stdout F cut", 1, "" },
	};
	struct arena a;
	char text[8192];
	size_t i, n = 0;

	(void)state;
	arena_init(&a, 1 << 20);
	for (i = 0; i < LEN(rows); i++) {
		(void)snprintf(text, sizeof(text), "%s", rows[i].in);
		assert_string_equal(
		    message_of_lines(&a, text, strlen(text), rows[i].whole),
		    rows[i].out);
	}
	for (i = 0; i < 100; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, AT "stdout F %zu\n", i);
	assert_int_equal(
	    strncmp(message_of_lines(&a, text, n, 1), "20\n21\n", 6), 0);
	arena_release(&a);
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
		TEST(test_empty_dir),
		TEST(test_downward),
		TEST(test_downward_large),
		TEST(test_hosts),
		TEST(test_message),
		TEST(test_open),
		TEST(test_message_lines),
	};

	log_init("test_disk");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
