#include "reconciled/filter.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "reconciled/helper.h"
#include "reconciled/mounter.h"

/* clang-format off */
const struct sandbox_rule reconciled_rules[] = {
	{ "socket", SANDBOX_EQ, 0, AF_UNIX, "the runtime" },
	{ "connect", SANDBOX_ANY, 0, 0, "the runtime" },
	{ "accept4", SANDBOX_ANY, 0, 0, "peers" },
	{ "setsockopt", SANDBOX_ANY, 0, 0, "buffers of the runtime socket" },
	{ "socketpair", SANDBOX_EQ, 0, AF_UNIX, "errands of helpers" },
	{ "openat", SANDBOX_ANY, 0, 0, "volumes, logs" },
	{ "openat2", SANDBOX_ANY, 0, 0, "volumes: mounts, logs" },
	{ "newfstatat", SANDBOX_EQ, 3, AT_SYMLINK_NOFOLLOW, "volumes, logs" },
	{ "fchmod", SANDBOX_MASK, 1, 02777, "volumes, files in them" },
	{ "fchown", SANDBOX_EQ, 1, (uint64_t)-1, "groups of volumes" },
	{ "pread64", SANDBOX_ANY, 0, 0, "termination messages" },
	{ "mkdirat", SANDBOX_ANY, 0, 0, "volumes, logs" },
	{ "unlinkat", SANDBOX_ANY, 0, 0, "pods that are gone" },
	{ "renameat", SANDBOX_ANY, 0, 0, "kept manifests" },
	{ "renameat2", SANDBOX_EQ, 4, RENAME_NOREPLACE, "logs" },
	{ "renameat2", SANDBOX_EQ, 4, 0, "renameat, where there is no such" },
	{ "statfs", SANDBOX_ANY, 0, 0, "images: free space" },
	{ "readlinkat", SANDBOX_ANY, 0, 0, "log links" },
	{ "fsync", SANDBOX_ANY, 0, 0, "kept manifests" },
	{ "symlinkat", SANDBOX_ANY, 0, 0, "log links" },
	{ "getdents64", SANDBOX_ANY, 0, 0, "pods that are gone" },
	{ "inotify_init1", SANDBOX_ANY, 0, 0, "manifest folder" },
};
/* clang-format on */

const size_t reconciled_nrules = sizeof(reconciled_rules) /
    sizeof(reconciled_rules[0]);

/* Nothing is opened but to be held, or to be listed. */
#define FIND (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define LEND (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
#define FORK (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD)

/* clang-format off */
const struct sandbox_rule helper_rules[] = {
	{ "clone", SANDBOX_EQ, 0, FORK, "a process for an errand" },
	{ "alarm", SANDBOX_ANY, 0, 0, "its end" },
	{ "setitimer", SANDBOX_EQ, 0, 0, "alarm, where there is no such call" },
	{ "prctl", SANDBOX_EQ, 0, PR_SET_PDEATHSIG, "its end" },
};

const struct sandbox_rule mounter_rules[] = {
	{ "openat2", SANDBOX_ANY, 0, 0, "targets" },
	{ "open_tree", SANDBOX_EQ, 2, MOUNTER_TREE, "sub-paths" },
	{ "fsopen", SANDBOX_EQ, 1, FSOPEN_CLOEXEC, "memory" },
	{ "fsconfig", SANDBOX_EQ, 1, FSCONFIG_SET_FLAG, "memory: no swap" },
	{ "fsconfig", SANDBOX_EQ, 1, FSCONFIG_SET_STRING, "memory" },
	{ "fsconfig", SANDBOX_EQ, 1, FSCONFIG_CMD_CREATE, "memory" },
	{ "fsmount", SANDBOX_EQ, 2, MOUNTER_ATTRIBUTES, "memory" },
	{ "move_mount", SANDBOX_EQ, 4, MOUNTER_MOVE, "both" },
	{ "umount2", SANDBOX_EQ, 1, MOUNTER_UNMOUNT, "pods that are gone" },
};

const struct sandbox_rule finder_rules[] = {
	{ "openat", SANDBOX_MASK, 2, FIND, "volumes, sub-paths" },
	{ "openat2", SANDBOX_ANY, 0, 0, "sub-paths" },
	{ "newfstatat", SANDBOX_EQ, 3, 0, "host paths" },
	{ "mkdirat", SANDBOX_ANY, 0, 0, "host paths, sub-paths" },
	{ "mknod", SANDBOX_MASK, 1, S_IFREG | 0777, "host paths" },
	{ "mknodat", SANDBOX_MASK, 2, S_IFREG | 0777, "host paths" },
};

const struct sandbox_rule lender_rules[] = {
	{ "openat", SANDBOX_EQ, 2, LEND, "the folder" },
	{ "openat2", SANDBOX_ANY, 0, 0, "manifests" },
	{ "newfstatat", SANDBOX_MASK, 3, AT_SYMLINK_NOFOLLOW, "manifests" },
	{ "fstatfs", SANDBOX_ANY, 0, 0, "the folder: kind" },
	{ "inotify_init1", SANDBOX_ANY, 0, 0, "the folder" },
	{ "inotify_add_watch", SANDBOX_ANY, 0, 0, "the folder" },
};
/* clang-format on */

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

const size_t helper_nrules = NELEM(helper_rules);
const size_t mounter_nrules = NELEM(mounter_rules);
const size_t finder_nrules = NELEM(finder_rules);
const size_t lender_nrules = NELEM(lender_rules);
