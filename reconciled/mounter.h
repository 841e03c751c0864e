/*
 * Mounts below the folder of the pods' volumes.
 *
 * Landlock forbids mount(2) to reconciled.  So a child of it, forked before
 * the sandbox is entered, does that one thing: it keeps CAP_SYS_ADMIN, has
 * a filter with little more than the calls for mounts, and resolves each
 * target by itself, beneath that folder, through no link.  What is mounted
 * is a descriptor that it is given, or an empty tmpfs.
 *
 * Calls wait for its answer.
 */
#ifndef MOUNTER_H
#define MOUNTER_H

#include <sys/mount.h>
#include <sys/types.h>

#include <fcntl.h>
#include <stdint.h>

#include "common/err.h"

/* The flags of its calls, which the filter knows, too. */
#define MOUNTER_TREE \
	(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE)
#define MOUNTER_MOVE (MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
#define MOUNTER_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

struct mounter {
	int fd; /* -1: there is none */
};

/* Memory for a tmpfs. */
struct mounter_memory {
	uint64_t size; /* bytes */
	mode_t mode;
	gid_t group;
};

/*
 * Forks it; pods is the folder.  Nothing else may be open that it must not
 * have.  optional: a missing sandbox layer is a warning.  -1 and err.
 */
int mounter_start(struct mounter *, int pods, int optional, struct err *);
/* It ends when it reads that. */
void mounter_stop(struct mounter *);

/*
 * Targets are relative to the folder and exist, as a folder or, for a file,
 * a file.  -1 and err.
 */
int mounter_bind(
    const struct mounter *, int source, const char *target, struct err *);
int mounter_tmpfs(const struct mounter *, const struct mounter_memory *,
    const char *target, struct err *);
/* What is mounted there, all of it; nothing is no error. */
int mounter_unmount(const struct mounter *, const char *target, struct err *);

#endif
