/*
 * Log files of containers: rotation and removal (runtime.md 2.7).
 *
 * Logs are named as the runtime writes them; a rotated one has the time
 * of its rotation behind its name, so that names sort by age.  They are
 * never cut in place, since collectors follow the file.
 */
#ifndef LOGS_H
#define LOGS_H

#include <limits.h>
#include <stdint.h>

struct log_limits {
	int64_t size;  /* bytes */
	int64_t files; /* with the one being written; at least 2 */
};

/*
 * Moves a log away when it has reached the size, after the oldest of those
 * before it; path is relative to the folder.  1: moved, its name goes to
 * rotated, and the runtime must open a new one; 0: nothing to do; -1 with
 * errno (ENOENT: there is no log).
 */
int logs_rotate(int folder, const char *path, const struct log_limits *,
    int64_t now_ns, char rotated[static PATH_MAX]);
/*
 * Renames within the folder, if there is nothing of the new name: errno
 * EEXIST.
 */
int logs_move(int folder, const char *from, const char *to);
/*
 * The attempt after the last one that has a log in a container's folder,
 * rotated ones included; 0 if there is none (runtime.md 2.5).
 */
uint32_t logs_next_attempt(int folder, const char *container);
/* Removes a log and all that were moved away before. */
void logs_remove(int folder, const char *path);

#endif
