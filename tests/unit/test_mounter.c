/*
 * Mounts below the folder of volumes: in a mount namespace of its own.
 */
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
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
#include "reconciled/mounter.h"
#include "reconciled/subpath.h"
#include "reconciled/volumes.h"
#include "tests/unit/helperworld.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

struct fixture {
	char top[40], state[64], logs[64], links[64];
	struct translate_env env;
	struct files files;
	struct helperworld world;
	struct pod *p;
	struct err err;
	struct arena arena;
	Tripod__Definition definition;
	Tripod__Pod pod;
	Tripod__Volume volume, *volumes[1];
	Tripod__EmptyDir dir;
	Tripod__Container container;
	Tripod__VolumeMount mount, *mounts[1];
	Runtime__V1__ContainerConfig config;
	Runtime__V1__Mount out, *outs[1];
};

static void
make_pod(struct fixture *f)
{
	tripod__definition__init(&f->definition);
	tripod__pod__init(&f->pod);
	tripod__volume__init(&f->volume);
	tripod__empty_dir__init(&f->dir);
	tripod__container__init(&f->container);
	tripod__volume_mount__init(&f->mount);
	runtime__v1__container_config__init(&f->config);
	runtime__v1__mount__init(&f->out);
	f->definition.pod = &f->pod;
	f->volume.name = f->mount.volume = TEXT("data");
	f->volume.source_case = TRIPOD__VOLUME__SOURCE_EMPTY_DIR;
	f->volume.empty_dir = &f->dir;
	f->volumes[0] = &f->volume;
	f->pod.volume = f->volumes;
	f->pod.n_volume = 1;
	f->container.name = TEXT("main");
	f->mounts[0] = &f->mount;
	f->container.mount = f->mounts;
	f->container.n_mount = 1;
	f->mount.path = TEXT("/x");
	f->outs[0] = &f->out;
	f->config.mounts = f->outs;
	f->config.n_mounts = 1;
	f->p = pod_new("u1", "default", "web");
	f->p->definition = &f->definition;
	pod_make_room(f->p, POD_CONTAINERS_MAX);
}

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	(void)snprintf(f.top, sizeof(f.top), "/tmp/test_mounter.XXXXXX");
	assert_non_null(mkdtemp(f.top));
	(void)snprintf(f.state, sizeof(f.state), "%s/state", f.top);
	(void)snprintf(f.logs, sizeof(f.logs), "%s/logs", f.top);
	(void)snprintf(f.links, sizeof(f.links), "%s/links", f.top);
	f.env.state = f.state;
	f.env.pod_logs = f.logs;
	f.env.cgroup_root = "test-mounter-none";
	f.env.machine.memory = 1 << 20;
	assert_int_equal(files_open(&f.files, &f.env, f.links, &f.err), 0);
	helperworld_start(&f.world, &f.files);
	make_pod(&f);
	arena_init(&f.arena, 1 << 20);
	assert_int_equal(chdir(f.top), 0);
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	(void)helperworld_clean(&f->world, f->p, NULL);
	pod_free(f->p);
	helperworld_stop(&f->world);
	arena_release(&f->arena);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
}

#define RACES 300
#define RACES_MAX 100000
#define DATA "state/pods/u1/volumes/kubernetes.io~empty-dir/data"

static void
put(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static const char *
get(const char *path)
{
	static char text[64];
	FILE *in = fopen(path, "re");
	size_t n;

	if (in == NULL)
		return ("-");
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	(void)fclose(in);
	return (text);
}

/* The path that a runtime would get for the sub-path; NULL: refused. */
static const char *
resolve(struct fixture *f, const char *sub_path)
{
	const struct subpaths of = { f->p, &f->container, &f->config,
		&f->arena };

	f->mount.sub_path = TEXT(sub_path);
	subpaths_mount(&f->files, &of, helperworld_done, &f->world);
	if (helperworld_wait(&f->world, &f->err) == -1)
		return (NULL);
	return (f->out.host_path);
}

static void
prepare(struct fixture *f)
{
	if (helperworld_prepare(&f->world, f->p, &f->err) == -1)
		fail_msg("%s", f->err.text);
}

static int
kernel_is_since(int major, int minor)
{
	struct utsname name;
	int a = 0, b = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &a, &b), 2);
	return (a > major || (a == major && b >= minor));
}

/* Whether the volume's line among the mounts has that word. */
static int
is_mounted_with(const char *word)
{
	char line[1024];
	int found = 0;
	FILE *f = fopen("/proc/self/mounts", "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		found |= strstr(line, DATA " tmpfs ") != NULL &&
		    strstr(line, word) != NULL;
	(void)fclose(f);
	return (found);
}

static void
test_memory(void **state)
{
	struct fixture *f = *state;
	Tripod__PodSecurity security = TRIPOD__POD_SECURITY__INIT;
	Tripod__Number group = TRIPOD__NUMBER__INIT;
	struct statfs fs;
	struct stat st;

	group.value = 3000;
	security.fs_group = &group;
	f->pod.security = &security;
	f->dir.memory = 1;
	f->dir.size_limit = 65536;
	prepare(f);
	assert_int_equal(statfs(DATA, &fs), 0);
	assert_int_equal(fs.f_type, 0x01021994); /* tmpfs */
	assert_int_equal(fs.f_blocks * (uint64_t)fs.f_bsize, 65536);
	if (kernel_is_since(6, 4))
		assert_true(is_mounted_with("noswap"));
	assert_int_equal(stat(DATA, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02777);
	assert_int_equal(st.st_gid, 3000);
	/* Once: another sandbox finds what was there. */
	put(DATA "/file", "kept");
	prepare(f);
	assert_string_equal(get(DATA "/file"), "kept");
	assert_int_equal(helperworld_clean(&f->world, f->p, NULL), 0);
	assert_int_equal(stat("state/pods/u1", &st), -1);
}

/* So many more, if all lower ones are open; returns what it was before. */
static rlim_t
limit_descriptors(rlim_t more)
{
	int lowest = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	struct rlimit limit;
	rlim_t before;

	assert_true(lowest != -1 && close(lowest) == 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)lowest + more;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return (before);
}

static void
unlimit_descriptors(rlim_t before)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = before;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* What cannot be looked at is not taken for missing. */
static void
test_look(void **state)
{
	struct fixture *f = *state;
	enum disk_thing thing;
	rlim_t before;

	assert_int_equal(disk_look(f->files.pods, "none"), DISK_MISSING);
	assert_int_equal(disk_look(f->files.state, "pods"), DISK_THERE);
	assert_int_equal(disk_look(AT_FDCWD, "/proc"), DISK_MOUNT);
	before = limit_descriptors(0);
	thing = disk_look(f->files.state, "pods");
	unlimit_descriptors(before);
	assert_int_equal(thing, DISK_UNKNOWN);
}

/* It may be a mount, which must not go with the rest. */
static void
test_look_clean(void **state)
{
	struct fixture *f = *state;
	rlim_t before;
	int rc;

	f->dir.memory = 1;
	prepare(f);
	before = limit_descriptors(1); /* for the list it is in */
	rc = helperworld_clean(&f->world, f->p, &f->err);
	unlimit_descriptors(before);
	assert_int_equal(rc, -1);
	assert_non_null(strstr(f->err.text, strerror(EMFILE)));
	assert_true(is_mounted_with("rw"));
	assert_int_equal(helperworld_clean(&f->world, f->p, &f->err), 0);
	assert_false(is_mounted_with("rw"));
}

static void
test_sub_path(void **state)
{
	struct fixture *f = *state;
	const char *path;
	struct stat st;
	char file[PATH_MAX];

	prepare(f);
	path = resolve(f, "a/b");
	assert_non_null(path);
	put(DATA "/a/b/file", "inside");
	(void)snprintf(file, sizeof(file), "%s/file", path);
	assert_string_equal(get(file), "inside");
	/* What the name means from now on is of no importance. */
	assert_int_equal(rename(DATA "/a/b", DATA "/a/c"), 0);
	assert_int_equal(symlink("/etc", DATA "/a/b"), 0);
	assert_string_equal(get(file), "inside");
	assert_null(resolve(f, "a/b"));
	assert_non_null(strstr(f->err.text, "leads out of the volume"));
	assert_int_equal(stat(DATA "/a", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0777);
}

static void
test_sub_path_file(void **state)
{
	struct fixture *f = *state;
	const char *path;

	prepare(f);
	put(DATA "/file", "one");
	path = resolve(f, "file");
	assert_non_null(path);
	assert_string_equal(get(path), "one");
	/* A link that stays inside is followed. */
	assert_int_equal(symlink("file", DATA "/link"), 0);
	assert_non_null(resolve(f, "link"));
	assert_string_equal(get(f->out.host_path), "one");
	/* The same place, then for a folder. */
	assert_non_null(resolve(f, "folder"));
	assert_int_equal(mkfifo(DATA "/fifo", 0600), 0);
	assert_null(resolve(f, "fifo"));
	assert_non_null(strstr(f->err.text, "neither"));
}

static void
test_links_on_the_way(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	prepare(f);
	assert_int_equal(mkdir("outside", 0755), 0);
	assert_int_equal(symlink("../../../../../../outside", DATA "/up"), 0);
	assert_null(resolve(f, "up"));
	assert_null(resolve(f, "up/made"));
	assert_int_equal(stat("outside/made", &st), -1);
	assert_int_equal(symlink("nowhere", DATA "/hanging"), 0);
	assert_null(resolve(f, "hanging/made"));
}

/* Exchanges a folder and a link that leads out, as fast as it can. */
static pid_t
swap_for_ever(void)
{
	pid_t pid = fork();

	assert_true(pid != -1);
	while (pid == 0)
		(void)renameat2(AT_FDCWD, DATA "/swap", AT_FDCWD, DATA "/other",
		    RENAME_EXCHANGE);
	return (pid);
}

static void
test_race(void **state)
{
	struct fixture *f = *state;
	char outside[PATH_MAX], file[PATH_MAX];
	int i, found = 0, refused = 0;
	pid_t pid;

	prepare(f);
	(void)snprintf(outside, sizeof(outside), "%s/outside", f->top);
	assert_int_equal(mkdir("outside", 0755), 0);
	put("outside/file", "out");
	assert_int_equal(mkdir(DATA "/swap", 0755), 0);
	put(DATA "/swap/file", "in");
	assert_int_equal(symlink(outside, DATA "/other"), 0);
	pid = swap_for_ever();
	for (i = 0; i < RACES_MAX && (i < RACES || found == 0 || refused == 0);
	     i++) {
		if (resolve(f, "swap") == NULL) {
			refused++;
			continue;
		}
		found++;
		(void)snprintf(file, sizeof(file), "%s/file", f->out.host_path);
		if (strcmp(get(file), "in") != 0)
			break;
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (found > 0)
		assert_string_equal(get(file), "in");
	assert_true(found > 0 && refused > 0); /* else it was no race */
}

#define PLACE "state/pods/u1/volume-subpaths/data/main/0"

static void
change_mounter(struct fixture *f, const struct helper_kind *kind)
{
	helper_free(f->files.mounter);
	f->files.mounter = helper_start(kind, f->files.pods, NULL, 1, &f->err);
	assert_non_null(f->files.mounter);
	helper_run(f->files.mounter, f->world.base, NULL, NULL);
}

static void
refuse(struct helper_job *job)
{
	*(int32_t *)job->answer = EBUSY;
}

/* Removal never goes into what is mounted. */
static void
test_removal(void **state)
{
	struct fixture *f = *state;
	struct helper_kind refusing = mounter_kind;
	Tripod__HostPath hp = TRIPOD__HOST_PATH__INIT;
	char path[PATH_MAX];

	refusing.work = refuse;
	assert_int_equal(mkdir("host", 0755), 0);
	assert_int_equal(mkdir("host/deep", 0755), 0);
	put("host/deep/file", "mine");
	(void)snprintf(path, sizeof(path), "%s/host", f->top);
	hp.path = path;
	f->volume.source_case = TRIPOD__VOLUME__SOURCE_HOST_PATH;
	f->volume.host_path = &hp;
	assert_non_null(resolve(f, "deep"));
	/* As long as it cannot be unmounted, all stays. */
	change_mounter(f, &refusing);
	assert_int_equal(helperworld_clean(&f->world, f->p, &f->err), -1);
	assert_non_null(strstr(f->err.text, strerror(EBUSY)));
	assert_int_equal(access(PLACE, F_OK), 0);
	assert_string_equal(get("host/deep/file"), "mine");
	change_mounter(f, &mounter_kind);
	assert_int_equal(helperworld_clean(&f->world, f->p, NULL), 0);
	assert_string_equal(get("host/deep/file"), "mine");
	assert_int_equal(access("state/pods/u1", F_OK), -1);
	/* And the same pod starts again. */
	assert_non_null(resolve(f, "deep"));
}

static void
on_mounted(void *ctx, const struct errand_result *res)
{
	struct fixture *f = ctx;
	struct err err;

	helperworld_done(
	    &f->world, mounter_result(res, "there", &err) == -1 ? &err : NULL);
}

static int
mount_memory(struct fixture *f, const char *target)
{
	const struct mounter_memory m = { 65536, 0755, 0 };

	mounter_tmpfs(f->files.mounter, "u1", &m, target, on_mounted, f);
	return (helperworld_wait(&f->world, &f->err));
}

static int
unmount(struct fixture *f, const char *target)
{
	mounter_unmount(f->files.mounter, "u1", target, on_mounted, f);
	return (helperworld_wait(&f->world, &f->err));
}

static void
test_targets(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlink("/tmp", "state/pods/link"), 0);
	assert_int_equal(mount_memory(f, "link"), -1);
	assert_int_equal(mount_memory(f, "../manifests"), -1);
	assert_int_equal(mount_memory(f, "/tmp"), -1);
	assert_int_equal(mount_memory(f, ""), -1);
	assert_int_equal(unmount(f, "none/there"), 0);
	assert_int_equal(unmount(f, "link/none"), -1);
	assert_int_equal(unlink("state/pods/link"), 0);
	/* However many lie upon each other. */
	assert_int_equal(mkdir("state/pods/u1", 0755), 0);
	assert_int_equal(mkdir("state/pods/u1/x", 0755), 0);
	assert_int_equal(mount_memory(f, "u1/x"), 0);
	assert_int_equal(mount_memory(f, "u1/x"), 0);
	assert_int_equal(rmdir("state/pods/u1/x"), -1);
	assert_int_equal(unmount(f, "u1/x"), 0);
	assert_int_equal(rmdir("state/pods/u1/x"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_memory),
		TEST(test_look),
		TEST(test_look_clean),
		TEST(test_sub_path),
		TEST(test_sub_path_file),
		TEST(test_links_on_the_way),
		TEST(test_race),
		TEST(test_removal),
		TEST(test_targets),
	};

	log_init("test_mounter");
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1) {
		printf("cannot run on this machine: mount namespace: %s\n",
		    strerror(errno));
		return (77);
	}
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
