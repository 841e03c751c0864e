/*
 * What the filters of reconciled and of its helpers say about arguments:
 * a general rule for a call would void those about its arguments.
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "reconciled/filter.h"
#include "reconciled/helper.h"
#include "reconciled/mounter.h"
#include "tests/unit/child.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
#define NOWHERE 1000 /* no descriptor: calls that are allowed fail */
#define ANY_UID UINT32_MAX
#define NOBODY INT32_MAX /* no process has this number */

enum process {
	RECONCILED,
	KILLER, /* reconciled where cgroups are of version 1 */
	MOUNTER,
	FINDER,
	LENDER,
	HELPER
};

static const struct row {
	const char *name;
	enum process process;
	long call;
	long arg[5];
	int allowed;
} rows[] = {
	{ "group", RECONCILED, SYS_fchown, { NOWHERE, ANY_UID, 5 }, 1 },
	{ "group, as long", RECONCILED, SYS_fchown, { NOWHERE, -1, 5 }, 1 },
	{ "owner", RECONCILED, SYS_fchown, { NOWHERE, 0, 5 }, 0 },
	{ "set-gid", RECONCILED, SYS_fchmod, { NOWHERE, 02777 }, 1 },
	{ "set-uid", RECONCILED, SYS_fchmod, { NOWHERE, 04755 }, 0 },
	{ "file", RECONCILED, SYS_mknodat, { NOWHERE, 0, S_IFREG | 0644 }, 0 },
	{ "path", RECONCILED, SYS_newfstatat, { NOWHERE }, 0 },
	{ "name", RECONCILED, SYS_newfstatat,
	    { NOWHERE, 0, 0, AT_SYMLINK_NOFOLLOW }, 1 },
	{ "file", FINDER, SYS_mknodat, { NOWHERE, 0, S_IFREG | 0644 }, 1 },
	{ "device", FINDER, SYS_mknodat, { NOWHERE, 0, S_IFCHR | 0644 }, 0 },
	{ "FIFO", FINDER, SYS_mknodat, { NOWHERE, 0, S_IFIFO | 0644 }, 0 },
	{ "hold", FINDER, SYS_openat, { NOWHERE, 0, O_PATH | O_CLOEXEC }, 1 },
	{ "write", FINDER, SYS_openat, { NOWHERE, 0, O_WRONLY }, 0 },
	{ "folder", LENDER, SYS_openat,
	    { NOWHERE, 0, O_DIRECTORY | O_CLOEXEC | O_NONBLOCK }, 1 },
	{ "file", LENDER, SYS_openat, { NOWHERE, 0, O_CLOEXEC }, 0 },
	{ "thread", HELPER, SYS_clone, { CLONE_VM }, 0 },
	{ "program", HELPER, SYS_execve, { 0 }, 0 },
	{ "alarm", HELPER, SYS_setitimer, { ITIMER_REAL, 1 }, 1 },
	{ "flags", RECONCILED, SYS_fcntl, { NOWHERE, F_GETFL }, 1 },
	{ "copy", RECONCILED, SYS_fcntl, { NOWHERE, F_DUPFD_CLOEXEC }, 1 },
	{ "copy for all", RECONCILED, SYS_fcntl, { NOWHERE, F_DUPFD }, 0 },
	{ "signals", RECONCILED, SYS_fcntl, { NOWHERE, F_SETOWN, 1 }, 0 },
	{ "rename", RECONCILED, SYS_renameat2,
	    { NOWHERE, 0, NOWHERE, 0, RENAME_NOREPLACE }, 1 },
	{ "exchange", RECONCILED, SYS_renameat2,
	    { NOWHERE, 0, NOWHERE, 0, RENAME_EXCHANGE }, 0 },
	{ "mount", RECONCILED, SYS_move_mount, { 0 }, 0 },
	{ "kill", RECONCILED, SYS_kill, { NOBODY, SIGKILL }, 0 },
	{ "kill with v1", KILLER, SYS_kill, { NOBODY, SIGKILL }, 1 },
	{ "another signal", KILLER, SYS_kill, { NOBODY, SIGTERM }, 0 },
	{ "kill a thread", KILLER, SYS_tgkill, { NOBODY, NOBODY, SIGKILL }, 0 },
	{ "tree", MOUNTER, SYS_open_tree, { NOWHERE, 0, MOUNTER_TREE }, 1 },
	{ "tree, no copy", MOUNTER, SYS_open_tree,
	    { NOWHERE, 0, AT_EMPTY_PATH }, 0 },
	{ "move", MOUNTER, SYS_move_mount,
	    { NOWHERE, 0, NOWHERE, 0, MOUNTER_MOVE }, 1 },
	{ "move by a path", MOUNTER, SYS_move_mount,
	    { NOWHERE, 0, NOWHERE, 0, MOVE_MOUNT_F_EMPTY_PATH }, 0 },
	{ "option", MOUNTER, SYS_fsconfig, { NOWHERE, FSCONFIG_SET_STRING },
	    1 },
	{ "again", MOUNTER, SYS_fsconfig, { NOWHERE, FSCONFIG_CMD_RECONFIGURE },
	    0 },
	{ "tmpfs", MOUNTER, SYS_fsmount, { NOWHERE, 0, MOUNTER_ATTRIBUTES },
	    1 },
	{ "devices in it", MOUNTER, SYS_fsmount, { NOWHERE, 0, 0 }, 0 },
	{ "group", MOUNTER, SYS_fchown, { NOWHERE, -1, 5 }, 0 },
	{ "open", MOUNTER, SYS_openat, { NOWHERE, 0, 0 }, 0 },
};

static void
make_call(const void *arg)
{
	const struct row *row = arg;
	const struct {
		const struct sandbox_rule *rules;
		size_t n;
	} tables[] = {
		[RECONCILED] = { reconciled_rules, reconciled_nrules },
		[KILLER] = { reconciled_rules, reconciled_nrules },
		[MOUNTER] = { mounter_rules, mounter_nrules },
		[FINDER] = { finder_rules, finder_nrules },
		[LENDER] = { lender_rules, lender_nrules },
		[HELPER] = { helper_rules, helper_nrules },
	};
	const struct sandbox s = {
		.name = "test",
		.rules = tables[row->process].rules,
		.nrules = tables[row->process].n,
		.files = 50,
		.mounts = row->process == MOUNTER,
		.kills = row->process == KILLER,
	};

	sandbox_enter(&s);
	CHILD_CHECK(syscall(row->call, row->arg[0], row->arg[1], row->arg[2],
			row->arg[3], row->arg[4]) == -1);
}

static void
test_arguments(void **state)
{
	char text[CHILD_TEXT];
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		status = child_run(make_call, &rows[i], text);
		if (rows[i].allowed)
			child_check_exit(status, 0, rows[i].name, text);
		else if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %#x", rows[i].name,
			    (unsigned int)status);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
	};

	log_init("test_filter");
#ifdef SANDBOX_NO_SECCOMP
	puts("cannot run on this machine: a build without seccomp");
	return (77);
#endif
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
