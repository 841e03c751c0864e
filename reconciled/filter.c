#include "reconciled/filter.h"

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <stdio.h>

#include "reconciled/mounter.h"

/* clang-format off */
const struct sandbox_rule reconciled_rules[] = {
	{ "socket", SANDBOX_EQ, 0, AF_UNIX, "the runtime" },
	{ "connect", SANDBOX_ANY, 0, 0, "the runtime" },
	{ "accept4", SANDBOX_ANY, 0, 0, "peers" },
	{ "setsockopt", SANDBOX_ANY, 0, 0, "buffers of the runtime socket" },
	{ "openat", SANDBOX_ANY, 0, 0, "manifest folder, volumes, logs" },
	{ "openat2", SANDBOX_ANY, 0, 0, "manifests" },
	{ "newfstatat", SANDBOX_ANY, 0, 0, "host paths" },
	{ "fchmod", SANDBOX_MASK, 1, 02777, "volumes, files in them" },
	{ "fchown", SANDBOX_EQ, 1, (uint64_t)-1, "groups of volumes" },
	{ "pread64", SANDBOX_ANY, 0, 0, "termination messages" },
	{ "mkdir", SANDBOX_ANY, 0, 0, "host paths" },
	{ "mkdirat", SANDBOX_ANY, 0, 0, "volumes, logs" },
	{ "mknod", SANDBOX_MASK, 1, S_IFREG | 0777, "host paths" },
	{ "mknodat", SANDBOX_MASK, 2, S_IFREG | 0777, "host paths" },
	{ "unlinkat", SANDBOX_ANY, 0, 0, "pods that are gone" },
	{ "renameat", SANDBOX_ANY, 0, 0, "kept manifests" },
	{ "renameat2", SANDBOX_EQ, 4, RENAME_NOREPLACE, "logs" },
	{ "fstatfs", SANDBOX_ANY, 0, 0, "manifest folder: kind" },
	{ "statfs", SANDBOX_ANY, 0, 0, "images: free space" },
	{ "readlinkat", SANDBOX_ANY, 0, 0, "log links" },
	{ "fsync", SANDBOX_ANY, 0, 0, "kept manifests" },
	{ "symlinkat", SANDBOX_ANY, 0, 0, "log links" },
	{ "getdents64", SANDBOX_ANY, 0, 0, "pods that are gone" },
	{ "inotify_init1", SANDBOX_ANY, 0, 0, "manifest folder" },
	{ "inotify_add_watch", SANDBOX_ANY, 0, 0, "manifest folder" },
};
/* clang-format on */

const size_t reconciled_nrules = sizeof(reconciled_rules) /
    sizeof(reconciled_rules[0]);

/* clang-format off */
const struct sandbox_rule mounter_rules[] = {
	{ "openat2", SANDBOX_ANY, 0, 0, "targets" },
	{ "open_tree", SANDBOX_EQ, 2, MOUNTER_TREE, "sub-paths" },
	{ "fsopen", SANDBOX_EQ, 1, FSOPEN_CLOEXEC, "memory" },
	{ "fsconfig", SANDBOX_EQ, 1, FSCONFIG_SET_STRING, "memory" },
	{ "fsconfig", SANDBOX_EQ, 1, FSCONFIG_CMD_CREATE, "memory" },
	{ "fsmount", SANDBOX_EQ, 2, MOUNTER_ATTRIBUTES, "memory" },
	{ "move_mount", SANDBOX_EQ, 4, MOUNTER_MOVE, "both" },
	{ "umount2", SANDBOX_EQ, 1, MNT_DETACH, "pods that are gone" },
};
/* clang-format on */

const size_t mounter_nrules = sizeof(mounter_rules) / sizeof(mounter_rules[0]);
