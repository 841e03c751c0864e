/*
 * Small operations on files and folders.  Below a descriptor, none of them
 * follows a link in the last part of a name, or reports what it leads to;
 * paths of the machine and of the configuration lead where they lead.
 */
#ifndef DISK_H
#define DISK_H

#include <sys/types.h>

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/mem.h"

#define DISK_OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Makes every missing folder of an absolute or relative path.  errno. */
int disk_make_path(int at, const char *path, mode_t);
/*
 * Opens a folder, making it where it is missing; with AT_FDCWD it may be a
 * link.  -1 and err.
 */
int disk_open_made(int at, const char *path, mode_t, struct err *);
/* The nearest folder above a path that exists, for landlock; -1 with errno. */
int disk_open_above(const char *path);
/* All of it, unless the disk is full or broken.  errno. */
int disk_write_all(int fd, const void *, size_t len);
/*
 * Writes a regular file, with exactly that mode; one that is there keeps
 * its inode, since containers may have it mounted.  errno.
 */
int disk_write(int at, const char *name, mode_t, const void *, size_t len);
/*
 * A text of the machine, wherever its path leads; NULL when it cannot be
 * had, is longer than max, or does not fit into the arena.
 */
char *disk_text(struct arena *, const char *path, size_t max);
/* Opens a folder to be listed, through no link; NULL with errno. */
DIR *disk_list(int at, const char *name);
/* What lies at a name, without a look into a mount. */
enum disk_thing {
	DISK_MISSING,
	DISK_THERE,
	DISK_MOUNT,  /* something is mounted there */
	DISK_UNKNOWN /* errno: too many descriptors, for example */
};
enum disk_thing disk_look(int at, const char *name);
/*
 * Opens a folder, unless something is mounted there, were it itself; -1
 * with errno.
 */
int disk_open_same_mount(int at, const char *name);
/*
 * Removes a tree at once, where trash.h takes its time; a mount in it
 * stays, with what leads there.  What is left is logged.
 */
void disk_remove(int at, const char *name);

#endif
