/*
 * Privilege drop, in children and as seen from outside through /proc.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/privdrop.h"
#include "tests/unit/child.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static const struct identity someone = { 64299, 64298 };

/* A folder of this test, and "empty" in it. */
struct world {
	char run[32], empty[48];
};

static int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	(void)snprintf(w->run, sizeof(w->run), "/tmp/test_privdrop.XXXXXX");
	if (mkdtemp(w->run) == NULL || chmod(w->run, 0755) == -1)
		return (-1);
	(void)snprintf(w->empty, sizeof(w->empty), "%s/empty", w->run);
	*state = w;
	return (0);
}

static int
world_teardown(void **state)
{
	struct world *w = *state;
	int rc;

	(void)rmdir(w->empty); /* most tests do not make it */
	rc = rmdir(w->run);
	free(w);
	return (rc);
}

static int
set_caps(uint32_t effective, uint32_t inheritable)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct data[2] = {
		{ effective, effective, inheritable }, { 0, 0, 0 }
	};

	return ((int)syscall(SYS_capset, &hdr, data));
}

/* Fills every set, so that emptying it is seen. */
static void
fill_sets(void)
{
	const gid_t groups[] = { 0, 64297 };
	const uint32_t caps = 1U << CAP_CHOWN | 1U << CAP_SETUID |
	    1U << CAP_SETGID | 1U << CAP_SETPCAP | 1U << CAP_SYS_CHROOT;

	CHILD_CHECK(setgroups(2, groups) == 0);
	CHILD_CHECK(set_caps(caps, caps) == 0);
	CHILD_CHECK(
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == 0);
	CHILD_CHECK(prctl(PR_CAPBSET_READ, CAP_NET_ADMIN) == 1);
}

/* Becomes what a service manager starts for "User=": no root at all. */
static void
become_someone(uint32_t caps)
{
	CHILD_CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(64298, 64298, 64298) == 0);
	CHILD_CHECK(setresuid(64299, 64299, 64299) == 0);
	CHILD_CHECK(set_caps(caps, 0) == 0);
}

static void
check_line(pid_t pid, const char *key, const char *want)
{
	char path[32], line[256], found[256] = "(no line)";
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_non_null(f = fopen(path, "r"));
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, key, strlen(key)) == 0)
			memcpy(found, line + strlen(key), 128);
	}
	(void)fclose(f);
	if (strcmp(found, want) != 0)
		fail_msg("%s is \"%s\", not \"%s\"", key, found, want);
}

static void
check_no_caps(pid_t pid, int with_bounding)
{
	static const char zero[] = "0000000000000000";

	check_line(pid, "CapInh:\t", zero);
	check_line(pid, "CapPrm:\t", zero);
	check_line(pid, "CapEff:\t", zero);
	check_line(pid, "CapAmb:\t", zero);
	if (with_bounding)
		check_line(pid, "CapBnd:\t", zero);
	check_line(pid, "NoNewPrivs:\t", "1");
}

static void
check_someone(pid_t pid)
{
	check_line(pid, "Uid:\t", "64299\t64299\t64299\t64299");
	check_line(pid, "Gid:\t", "64298\t64298\t64298\t64298");
	check_line(pid, "Groups:\t", " ");
}

static void
check_no_dumps(void)
{
	struct rlimit rl;

	CHILD_CHECK(getrlimit(RLIMIT_CORE, &rl) == 0);
	CHILD_CHECK(rl.rlim_cur == 0 && rl.rlim_max == 0);
	CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
}

static void
check_nothing_returns(void)
{
	const gid_t group = 0;

	CHILD_CHECK(setuid(0) == -1 && errno == EPERM);
	CHILD_CHECK(setreuid(0, 0) == -1 && errno == EPERM);
	CHILD_CHECK(setresuid(0, 0, 0) == -1 && errno == EPERM);
	CHILD_CHECK(setgid(0) == -1 && errno == EPERM);
	CHILD_CHECK(setresgid(0, 0, 0) == -1 && errno == EPERM);
	CHILD_CHECK(setgroups(1, &group) == -1 && errno == EPERM);
	/* EACCES: the empty root may be root's alone. */
	CHILD_CHECK(chroot("/") == -1 && (errno == EPERM || errno == EACCES));
	CHILD_CHECK(set_caps(1U << CAP_CHOWN, 0) == -1 && errno == EPERM);
	CHILD_CHECK(set_caps(0, 1U << CAP_CHOWN) == -1 && errno == EPERM);
	CHILD_CHECK(
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) == -1);
}

static void
drop_plain(const void *arg)
{
	(void)arg;
	fill_sets();
	privdrop(&someone, NULL);
	check_no_dumps();
	check_nothing_returns();
}

static void
drop_to_user(void **state)
{
	struct child c = child_start(drop_plain, NULL);
	char text[CHILD_TEXT];

	(void)state;
	child_ready(&c);
	check_someone(c.pid);
	check_no_caps(c.pid, 1);
	child_check_exit(child_end(&c, text), 0, "drop", text);
}

static void
drop_caps(const void *arg)
{
	(void)arg;
	fill_sets();
	CHILD_CHECK(privdrop_capabilities(0) == 0);
	check_no_dumps();
	CHILD_CHECK(set_caps(1U << CAP_CHOWN, 0) == -1 && errno == EPERM);
	/* Without capabilities, uid 0 is only an owner of files. */
	CHILD_CHECK(geteuid() == 0);
	CHILD_CHECK(chroot("/") == -1 && errno == EPERM);
	CHILD_CHECK(setuid(64299) == -1 && errno == EPERM);
}

/* What is asked for stays, as far as it was there, and nothing else. */
static void
keep_caps(const void *arg)
{
	const uint64_t want = UINT64_C(1) << CAP_CHOWN |
	    UINT64_C(1) << CAP_KILL;

	(void)arg;
	CHILD_CHECK(set_caps(1U << CAP_SETPCAP | 1U << CAP_CHOWN, 0) == 0);
	CHILD_CHECK(privdrop_capabilities(want) == UINT64_C(1) << CAP_KILL);
	check_no_dumps();
}

static void
keep_capabilities(void **state)
{
	struct child c = child_start(keep_caps, NULL);
	const char *chown = "0000000000000001", *none = "0000000000000000";
	char text[CHILD_TEXT];

	(void)state;
	child_ready(&c);
	check_line(c.pid, "CapPrm:\t", chown);
	check_line(c.pid, "CapEff:\t", chown);
	check_line(c.pid, "CapInh:\t", none);
	check_line(c.pid, "CapAmb:\t", none);
	check_line(c.pid, "CapBnd:\t", none);
	child_check_exit(child_end(&c, text), 0, "keep", text);
}

static void
drop_capabilities(void **state)
{
	struct child c = child_start(drop_caps, NULL);
	char text[CHILD_TEXT];

	(void)state;
	child_ready(&c);
	check_line(c.pid, "Uid:\t", "0\t0\t0\t0");
	check_no_caps(c.pid, 1);
	child_check_exit(child_end(&c, text), 0, "drop", text);
}

static void
drop_into_root(const void *arg)
{
	char cwd[64];

	privdrop(&someone, arg);
	/* glibc gives an unlinked directory no name. */
	CHILD_CHECK(getcwd(cwd, sizeof(cwd)) == NULL || strcmp(cwd, "/") == 0);
	CHILD_CHECK(open("/proc/self/status", O_RDONLY) == -1);
	CHILD_CHECK(open("../etc/passwd", O_RDONLY) == -1);
	CHILD_CHECK(open("/dev/null", O_RDONLY) == -1);
	CHILD_CHECK(open("/file", O_WRONLY | O_CREAT, 0600) == -1);
	CHILD_CHECK(mkdir("/folder", 0700) == -1);
	check_nothing_returns();
}

static int
count_entries(const char *path)
{
	struct dirent *entry;
	int n = 0;
	DIR *dir = opendir(path);

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	(void)closedir(dir);
	return (n);
}

static void
empty_root(void **state)
{
	const struct world *w = *state;
	struct child c = child_start(drop_into_root, w->run);
	char text[CHILD_TEXT], path[64], file[96];

	child_ready(&c);
	check_someone(c.pid);
	check_no_caps(c.pid, 1);
	/* Looked at by root, for whom modes and owners are no obstacle. */
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)c.pid);
	assert_int_equal(count_entries(path), 0);
	(void)snprintf(file, sizeof(file), "%s/file", path);
	assert_int_equal(open(file, O_WRONLY | O_CREAT, 0600), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(mkdir(file, 0700), -1);
	assert_int_equal(errno, ENOENT);
	/* Nothing of it is left where it was made. */
	assert_int_equal(count_entries(w->run), 0);
	child_check_exit(child_end(&c, text), 0, "empty root", text);
}

static void
drop_prepared(const void *arg)
{
	become_someone(1U << CAP_SYS_CHROOT);
	drop_into_root(arg);
	check_no_dumps();
}

static void
empty_root_prepared(void **state)
{
	const struct world *w = *state;
	char text[CHILD_TEXT], path[64];
	struct child c;

	assert_int_equal(mkdir(w->empty, 0755), 0);
	c = child_start(drop_prepared, w->run);
	child_ready(&c);
	check_someone(c.pid);
	check_no_caps(c.pid, 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)c.pid);
	assert_int_equal(count_entries(path), 0);
	child_check_exit(child_end(&c, text), 0, "prepared root", text);
}

/* As a service manager starts it, and with the root it has given. */
static void
drop_nothing(const void *arg)
{
	(void)arg;
	become_someone(0);
	privdrop(&someone, NULL);
	check_no_dumps();
	check_nothing_returns();
}

static void
started_as_user(void **state)
{
	struct child c = child_start(drop_nothing, NULL);
	char text[CHILD_TEXT];

	(void)state;
	child_ready(&c);
	check_someone(c.pid);
	check_no_caps(c.pid, 0);
	child_check_exit(child_end(&c, text), 0, "nothing to drop", text);
}

static void
refuse_root_user(const void *arg)
{
	const struct identity root = { 0, 64298 };

	(void)arg;
	privdrop(&root, NULL);
}

static void
refuse_root_group(const void *arg)
{
	const struct identity root = { 64299, 0 };

	(void)arg;
	privdrop(&root, NULL);
}

static void
refuse_other(const void *arg)
{
	const struct identity other = { 64290, 64298 };

	(void)arg;
	become_someone(0);
	privdrop(&other, NULL);
}

static void
refuse_no_run(const void *arg)
{
	(void)arg;
	privdrop(&someone, "/nonexistent");
}

static void
refuse_not_root(const void *arg)
{
	become_someone(1U << CAP_SYS_CHROOT);
	privdrop(&someone, arg);
}

static void
refuse_no_chroot(const void *arg)
{
	CHILD_CHECK(mkdir("empty", 0755) == 0);
	become_someone(0);
	privdrop(&someone, arg);
}

static void
refuse_writable(const void *arg)
{
	CHILD_CHECK(mkdir("empty", 0755) == 0 && chmod("empty", 0775) == 0);
	refuse_not_root(arg);
}

static void
refuse_foreign(const void *arg)
{
	CHILD_CHECK(
	    mkdir("empty", 0755) == 0 && chown("empty", 64299, 64298) == 0);
	refuse_not_root(arg);
}

static void
refuse_symlink(const void *arg)
{
	CHILD_CHECK(symlink("/var/empty", "empty") == 0);
	refuse_not_root(arg);
}

static void
refuse_filled(const void *arg)
{
	CHILD_CHECK(
	    mkdir("empty", 0755) == 0 && mkdir("empty/folder", 0755) == 0);
	refuse_not_root(arg);
}

static void
refuse_bounding(const void *arg)
{
	(void)arg;
	CHILD_CHECK(set_caps(1U << CAP_SETUID | 1U << CAP_SETGID, 0) == 0);
	privdrop(&someone, NULL);
}

static void
refuse_bounding_caps(const void *arg)
{
	(void)arg;
	CHILD_CHECK(set_caps(1U << CAP_SETUID, 0) == 0);
	(void)privdrop_capabilities(0);
}

static void
refuse_no_setuid(const void *arg)
{
	(void)arg;
	CHILD_CHECK(set_caps(1U << CAP_SETPCAP | 1U << CAP_SETGID, 0) == 0);
	privdrop(&someone, NULL);
}

static const struct refusal {
	void (*fn)(const void *);
	const char *text;
} refusals[] = {
	{ refuse_root_user, "refusing to run as root" },
	{ refuse_root_group, "refusing to run as root" },
	{ refuse_other, "neither root nor uid 64290" },
	{ refuse_no_run, "]: /nonexistent/empty." },
	{ refuse_not_root, "/empty: No such file or directory" },
	{ refuse_no_chroot, "changing the root directory" },
	{ refuse_writable, "/empty: others than root may write" },
	{ refuse_foreign, "/empty: others than root may write" },
	{ refuse_symlink, "/empty: Not a directory" },
	{ refuse_filled, "/empty: not empty" },
	{ refuse_bounding, "the capability bounding set is not empty" },
	{ refuse_bounding_caps, "the capability bounding set is not empty" },
	{ refuse_no_setuid, "setresuid 64299: Operation not permitted" },
};

static void
refused(void **state)
{
	const struct world *w = *state;
	char text[CHILD_TEXT];
	size_t i;
	int status;

	/* What the children make is named from here. */
	assert_int_equal(chdir(w->run), 0);
	for (i = 0; i < NELEM(refusals); i++) {
		status = child_run(refusals[i].fn, w->run, text);
		child_check_exit(status, 1, refusals[i].text, text);
		if (strstr(text, refusals[i].text) == NULL)
			fail_msg("\"%s\" not in %s", refusals[i].text, text);
		(void)unlink("empty");
		(void)rmdir("empty/folder");
		(void)rmdir("empty");
	}
	assert_int_equal(chdir("/"), 0);
}

static const struct identity_row {
	const char *name, *error; /* NULL: accepted */
	uid_t uid;
	gid_t gid;
} users[] = {
	{ "64201", NULL, 64201, 64201 },
	{ "4294967294", NULL, 4294967294, 4294967294 },
	{ "nobody", NULL, 65534, 65534 },
	{ "root", "user root is root or in its group", 0, 0 },
	{ "0", "user 0 is root or in its group", 0, 0 },
	{ "000", "user 000 is root or in its group", 0, 0 },
	{ "4294967295", "user id 4294967295 is out of range", 0, 0 },
	{ "4294967296", "user id 4294967296 is out of range", 0, 0 },
	{ "99999999999999999999999",
	    "user id 99999999999999999999999 is out "
	    "of range",
	    0, 0 },
	{ "", "user  does not exist", 0, 0 },
	{ "-1", "user -1 does not exist", 0, 0 },
	{ "12x", "user 12x does not exist", 0, 0 },
};

static const struct identity_row groups[] = {
	{ "0", NULL, 0, 0 },
	{ "root", NULL, 0, 0 },
	{ "64201", NULL, 0, 64201 },
	{ "nogroup", NULL, 0, 65534 },
	{ "4294967295", "group id 4294967295 is out of range", 0, 0 },
	{ "no such group", "group no such group does not exist", 0, 0 },
};

static void
identities(void **state)
{
	struct identity id = { 1, 1 };
	struct err err;
	gid_t gid = 1;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(users); i++) {
		id = (struct identity){ 1, 2 };
		if (users[i].error == NULL) {
			assert_int_equal(
			    identity_user(users[i].name, &id, &err), 0);
			assert_int_equal(id.uid, users[i].uid);
			assert_int_equal(id.gid, users[i].gid);
			continue;
		}
		assert_int_equal(identity_user(users[i].name, &id, &err), -1);
		assert_string_equal(err.text, users[i].error);
		assert_int_equal(id.uid, 1); /* untouched */
		assert_int_equal(id.gid, 2);
	}
	for (i = 0; i < NELEM(groups); i++) {
		if (groups[i].error == NULL) {
			assert_int_equal(
			    identity_group(groups[i].name, &gid, &err), 0);
			assert_int_equal(gid, groups[i].gid);
			continue;
		}
		assert_int_equal(
		    identity_group(groups[i].name, &gid, &err), -1);
		assert_string_equal(err.text, groups[i].error);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identities),
		cmocka_unit_test(drop_to_user),
		cmocka_unit_test(drop_capabilities),
		cmocka_unit_test(keep_capabilities),
		cmocka_unit_test(empty_root),
		cmocka_unit_test(empty_root_prepared),
		cmocka_unit_test(started_as_user),
		cmocka_unit_test(refused),
	};

	log_init("test_privdrop");
	if (geteuid() != 0) {
		puts("cannot run on this machine: needs root");
		return (77);
	}
	return (cmocka_run_group_tests(tests, world_setup, world_teardown));
}
