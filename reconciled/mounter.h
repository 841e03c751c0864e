/*
 * Mounts below the folder of the pods' volumes: a helper (helper.h).
 *
 * Landlock forbids mount(2) to reconciled.  So it alone keeps
 * CAP_SYS_ADMIN, has a filter with little more than the calls for mounts,
 * and resolves each target by itself, beneath its folder, through no link.
 * What is mounted is a descriptor that it is given, or an empty tmpfs.
 */
#ifndef MOUNTER_H
#define MOUNTER_H

#include <sys/mount.h>
#include <sys/types.h>

#include <fcntl.h>
#include <stdint.h>

#include "reconciled/helper.h"

/* The flags of its calls, which the filter knows, too. */
#define MOUNTER_TREE \
	(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE)
#define MOUNTER_MOVE (MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
#define MOUNTER_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define MOUNTER_UNMOUNT (MNT_DETACH | UMOUNT_NOFOLLOW)

/* Its folder is that of the pods. */
extern const struct helper_kind mounter_kind;

/* Memory for a tmpfs. */
struct mounter_memory {
	uint64_t size; /* bytes */
	mode_t mode;
	gid_t group;
};

/*
 * Targets are relative to the folder and exist, as a folder or, for a file,
 * a file.  How it went is told by mounter_result().
 */
/* Takes the descriptor. */
void mounter_bind(struct helper *, const char *key, int source,
    const char *target, errand_done, void *ctx);
void mounter_tmpfs(struct helper *, const char *key,
    const struct mounter_memory *, const char *target, errand_done, void *ctx);
/*
 * What is mounted there, all of it; nothing is no error.  The file system
 * mounted there is not asked.
 */
void mounter_unmount(struct helper *, const char *key, const char *target,
    errand_done, void *ctx);
/* 0, or -1 and err. */
int mounter_result(
    const struct errand_result *, const char *target, struct err *);

#endif
