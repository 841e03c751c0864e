/*
 * The groups of pods on the disk: a folder stands for the hierarchies, with
 * the files that a kernel would make.  Each write is added to a file.
 */
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "reconciled/cgroup.h"
#include "reconciled/disk.h"
#include "tests/unit/podworld.h"

#define CONTROLLERS_HAD "cpuset cpu io memory pids rdma\n"
#define DELEGATED "+cpu+cpuset+memory+pids+io"
#define TEXT_MAX 256

struct world {
	struct fixture *f; /* its pod has the uid u-1 */
	char top[40];
	struct cgroups c;
	struct err err;
};

static void
path_of(char path[static PATH_MAX], const struct world *w, const char *name)
{
	(void)snprintf(path, PATH_MAX, "%s/%s", w->top, name);
}

static void
put(const struct world *w, const char *name, const char *text)
{
	char path[PATH_MAX], *slash;
	FILE *f;

	path_of(path, w, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(disk_make_path(AT_FDCWD, path, 0755), 0);
	*slash = '/';
	assert_non_null(f = fopen(path, "w"));
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What a group of the kernel's has. */
static void
group_v2(const struct world *w, const char *group)
{
	static const char *const files[] = { "cgroup.subtree_control",
		"cgroup.procs", "cgroup.kill", "cpu.weight", "cpu.max",
		"memory.max" };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", group, files[i]);
		put(w, path, "");
	}
	(void)snprintf(path, sizeof(path), "%s/cgroup.controllers", group);
	put(w, path, CONTROLLERS_HAD);
}

/* The file has exactly that text, and is empty from now on. */
static void
took(const struct world *w, const char *name, const char *expect)
{
	char path[PATH_MAX], text[TEXT_MAX];
	size_t n;
	FILE *f;

	path_of(path, w, name);
	if ((f = fopen(path, "r+")) == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	if (strcmp(text, expect) != 0)
		fail_msg("%s has \"%s\", not \"%s\"", name, text, expect);
	assert_int_equal(ftruncate(fileno(f), 0), 0);
	assert_int_equal(fclose(f), 0);
}

static int
exists(const struct world *w, const char *name)
{
	char path[PATH_MAX];

	path_of(path, w, name);
	return (access(path, F_OK) == 0);
}

static void
drop(const struct world *w, const char *name)
{
	char path[PATH_MAX];

	path_of(path, w, name);
	assert_int_equal(unlink(path), 0);
}

static int
setup(void **state)
{
	static struct world w;
	void *f;

	memset(&w, 0, sizeof(w));
	assert_int_equal(podworld_setup(&f), 0);
	w.f = f;
	w.f->env.cgroup_root = "a/b";
	(void)snprintf(w.top, sizeof(w.top), "/tmp/test_cgroup.XXXXXX");
	assert_non_null(mkdtemp(w.top));
	cgroup_init(&w.c);
	*state = &w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;
	void *f = w->f;

	cgroup_close(&w->c);
	disk_remove(AT_FDCWD, w->top);
	return (podworld_teardown(&f));
}

static void
open_v2(struct world *w)
{
	static const char *const groups[] = { ".", "a", "a/b", "a/b/kubepods",
		"a/b/kubepods/burstable", "a/b/kubepods/besteffort" };
	size_t i;

	for (i = 0; i < LEN(groups); i++)
		group_v2(w, groups[i]);
	w->f->env.machine.cgroup_v2 = 1;
	cgroup_open(&w->c, w->top, &w->f->env);
}

/* Above the pods: once for each controller, which the kernel does not mind. */
static void
test_open(void **state)
{
	struct world *w = *state;

	open_v2(w);
	assert_int_not_equal(w->c.folder[CONTROLLER_CPU], -1);
	assert_int_not_equal(w->c.folder[CONTROLLER_MEMORY], -1);
	assert_int_equal(w->c.folder[CONTROLLER_HUGETLB], -1);
	took(w, "a/b/kubepods/cpu.weight", "79");
	took(w, "a/b/kubepods/memory.max", "1000000");
	took(w, "a/b/kubepods/cpu.max", "");
	took(w, "a/b/kubepods/besteffort/cpu.weight", "1");
	took(w, "a/b/kubepods/burstable/cpu.weight", "");
	took(w, "cgroup.subtree_control", DELEGATED DELEGATED DELEGATED);
	took(w, "a/cgroup.subtree_control", DELEGATED DELEGATED DELEGATED);
	took(w, "a/b/kubepods/burstable/cgroup.subtree_control",
	    DELEGATED DELEGATED DELEGATED);
}

static void
test_make(void **state)
{
	struct world *w = *state;
	const char *group = "a/b/kubepods/burstable/podu-1/";
	char path[PATH_MAX];

	open_v2(w);
	podworld_want(w->f, 0, "cpu", 500);
	podworld_want(w->f, 1, "memory", 4096);
	/* One that the kernel has not filled: there are no files. */
	assert_int_equal(cgroup_make(&w->c, w->f->p, &w->err), -1);
	assert_non_null(strstr(w->err.text, "cgroup of the pod"));
	assert_non_null(strstr(w->err.text, "burstable/podu-1/memory.max"));
	assert_true(exists(w, group));
	group_v2(w, group);
	assert_int_equal(cgroup_make(&w->c, w->f->p, &w->err), 0);
	(void)snprintf(path, sizeof(path), "%scpu.weight", group);
	took(w, path, "20");
	(void)snprintf(path, sizeof(path), "%scpu.max", group);
	took(w, path, "max 100000");
	(void)snprintf(path, sizeof(path), "%smemory.max", group);
	took(w, path, "4096");
	(void)snprintf(path, sizeof(path), "%scgroup.subtree_control", group);
	took(w, path, DELEGATED DELEGATED);
}

static void
test_weigh(void **state)
{
	struct world *w = *state;
	const char *file = "a/b/kubepods/burstable/cpu.weight";

	cgroup_weigh(&w->c, 1500); /* there are none */
	open_v2(w);
	cgroup_weigh(&w->c, 0);
	took(w, file, "1");
	cgroup_weigh(&w->c, 1500);
	took(w, file, "59");
	cgroup_weigh(&w->c, 1500);
	took(w, file, "");
	w->f->env.systemd_cgroups = 1;
	cgroup_weigh(&w->c, 1000);
	took(w, file, "");
}

/* Where there is no group: a pod that has a limit nowhere else needs one. */
static void
not_for_limits(struct world *w)
{
	assert_int_equal(cgroup_make(&w->c, w->f->p, &w->err), 0);
	podworld_want(w->f, 1, "memory", 4096);
	w->f->pod.resources = w->f->container.resources;
	assert_int_equal(cgroup_make(&w->c, w->f->p, &w->err), -1);
	assert_non_null(strstr(w->err.text, "as a whole (memory)"));
}

/* Where systemd has them, nothing is made. */
static void
test_systemd(void **state)
{
	struct world *w = *state;

	w->f->env.systemd_cgroups = 1;
	group_v2(w, ".");
	w->f->env.machine.cgroup_v2 = 1;
	cgroup_open(&w->c, w->top, &w->f->env);
	assert_false(exists(w, "a"));
	not_for_limits(w);
	/* Empty ones are removed, others are left in peace. */
	group_v2(w,
	    "kubepods.slice/kubepods-besteffort.slice/"
	    "kubepods-besteffort-podu_1.slice");
	assert_int_equal(cgroup_remove(&w->c, w->f->p), 0);
	took(w,
	    "kubepods.slice/kubepods-besteffort.slice/"
	    "kubepods-besteffort-podu_1.slice/cgroup.kill",
	    "");
}

/* What is no cgroup stays as it is. */
static void
test_none(void **state)
{
	struct world *w = *state;

	w->f->env.machine.cgroup_v2 = 1;
	cgroup_open(&w->c, w->top, &w->f->env);
	assert_false(exists(w, "a"));
	not_for_limits(w);
	assert_int_equal(cgroup_remove(&w->c, w->f->p), 0);
}

/* A controller that is not lent to us. */
static void
test_partly(void **state)
{
	struct world *w = *state;
	static const char *const groups[] = { ".", "a", "a/b", "a/b/kubepods" };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < LEN(groups); i++) {
		group_v2(w, groups[i]);
		(void)snprintf(
		    path, sizeof(path), "%s/cgroup.controllers", groups[i]);
		put(w, path, "cpuset memory\n");
	}
	w->f->env.machine.cgroup_v2 = 1;
	cgroup_open(&w->c, w->top, &w->f->env);
	assert_int_equal(w->c.folder[CONTROLLER_CPU], -1);
	assert_int_not_equal(w->c.folder[CONTROLLER_MEMORY], -1);
	took(w, "a/cgroup.subtree_control",
	    "+cpuset+memory+cpuset+memory"
	    "+cpuset+memory");
}

/* In all three places, from below, and no other pod's. */
static void
test_remove(void **state)
{
	struct world *w = *state;

	open_v2(w);
	group_v2(w, "a/b/kubepods/podu-1");
	put(w, "a/b/kubepods/podu-1/one/two/x", "");
	drop(w, "a/b/kubepods/podu-1/one/two/x");
	group_v2(w, "a/b/kubepods/burstable/podu-1");
	put(w, "a/b/kubepods/besteffort/podu-1/x", "");
	drop(w, "a/b/kubepods/besteffort/podu-1/x");
	group_v2(w, "a/b/kubepods/podu-10");
	assert_int_equal(cgroup_remove(&w->c, w->f->p), -1);
	took(w, "a/b/kubepods/podu-1/cgroup.kill", "1");
	took(w, "a/b/kubepods/burstable/podu-1/cgroup.kill", "1");
	took(w, "a/b/kubepods/podu-10/cgroup.kill", "");
	took(w, "a/b/kubepods/cgroup.kill", "");
	assert_false(exists(w, "a/b/kubepods/podu-1/one"));
	assert_false(exists(w, "a/b/kubepods/besteffort/podu-1"));
	assert_true(exists(w, "a/b/kubepods/besteffort"));
	disk_remove(w->c.folder[CONTROLLER_CPU], "podu-1");
	disk_remove(w->c.folder[CONTROLLER_CPU], "burstable/podu-1");
	assert_int_equal(cgroup_remove(&w->c, w->f->p), 0);
}

static pid_t
start_child(void)
{
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		for (;;)
			(void)pause();
	return (pid);
}

/* Processes of every hierarchy; what is no number of one is left out. */
static void
test_kill_v1(void **state)
{
	struct world *w = *state;
	char text[TEXT_MAX];
	int status;
	pid_t pid[2];
	size_t i;

	for (i = 0; i < LEN(pid); i++)
		pid[i] = start_child();
	(void)snprintf(text, sizeof(text), "0\n%d\n", (int)pid[0]);
	put(w, "memory/a/b/kubepods/podu-1/one/cgroup.procs", text);
	(void)snprintf(text, sizeof(text), "-1\nx\n\n%d\n", (int)pid[1]);
	put(w, "freezer/a/b/kubepods/besteffort/podu-1/cgroup.procs", text);
	cgroup_open(&w->c, w->top, &w->f->env);
	assert_int_equal(cgroup_remove(&w->c, w->f->p), -1);
	for (i = 0; i < LEN(pid); i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
	}
	drop(w, "memory/a/b/kubepods/podu-1/one/cgroup.procs");
	drop(w, "freezer/a/b/kubepods/besteffort/podu-1/cgroup.procs");
	assert_int_equal(cgroup_remove(&w->c, w->f->p), 0);
	assert_false(exists(w, "memory/a/b/kubepods/podu-1"));
}

/* The pod's own limit, in the place of its class. */
static void
test_make_v1(void **state)
{
	static const char *const values[][2] = {
		{ "cpu/a/b/kubepods/burstable/podu-1/cpu.shares", "512" },
		{ "cpu/a/b/kubepods/burstable/podu-1/cpu.cfs_quota_us",
		    "50000" },
		{ "memory/a/b/kubepods/burstable/podu-1/memory.limit_in_bytes",
		    "-1" },
	};
	struct world *w = *state;
	size_t i;

	put(w, "cpu/cgroup.procs", "");
	put(w, "memory/cgroup.procs", "");
	put(w, "cpu/a/b/kubepods/cpu.shares", "");
	put(w, "cpu/a/b/kubepods/besteffort/cpu.shares", "");
	put(w, "memory/a/b/kubepods/memory.limit_in_bytes", "");
	cgroup_open(&w->c, w->top, &w->f->env);
	took(w, "cpu/a/b/kubepods/cpu.shares", "2048");
	took(w, "cpu/a/b/kubepods/besteffort/cpu.shares", "2");
	podworld_want(w->f, 0, "cpu", 500);
	podworld_want(w->f, 1, "cpu", 500);
	w->f->pod.resources = &w->f->resources;
	for (i = 0; i < LEN(values); i++)
		put(w, values[i][0], "");
	assert_int_equal(cgroup_make(&w->c, w->f->p, &w->err), 0);
	for (i = 0; i < LEN(values); i++)
		took(w, values[i][0], values[i][1]);
	assert_false(exists(w, "hugetlb"));
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_make),
		TEST(test_weigh),
		TEST(test_systemd),
		TEST(test_none),
		TEST(test_partly),
		TEST(test_remove),
		TEST(test_kill_v1),
		TEST(test_make_v1),
	};

	log_init("test_cgroup");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
