#include "reconciled/logs.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/mtime.h"
#include "reconciled/disk.h"

#define ROTATED_MAX 1024 /* names looked at; the rest the next time */

/* Names of logs that were moved away, oldest first. */
struct rotated {
	char *name[ROTATED_MAX];
	size_t n;
};

static int
compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* The folder of a log; -1 with errno. */
static int
open_folder(int at, const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path),
	    path); /* fits: a log's path is built from checked parts */
	return (openat(at, folder, DISK_OPEN_DIR));
}

/* "NAME.": what follows is a time. */
static int
is_rotated(const char *name, const char *of)
{
	size_t len = strlen(of);

	return (strncmp(name, of, len) == 0 && name[len] == '.');
}

static int
find_rotated(int folder, const char *of, struct rotated *found)
{
	struct dirent *d;
	DIR *dir;
	int copy;

	found->n = 0;
	if ((copy = openat(folder, ".", DISK_OPEN_DIR)) == -1)
		return (-1);
	if ((dir = fdopendir(copy)) == NULL) {
		(void)close(copy); /* only read from */
		return (-1);
	}
	while ((d = readdir(dir)) != NULL && found->n < ROTATED_MAX)
		if (is_rotated(d->d_name, of))
			found->name[found->n++] = xstrdup(d->d_name);
	(void)closedir(dir); /* only read from */
	qsort(found->name, found->n, sizeof(found->name[0]), compare);
	return (0);
}

/* Removes the oldest, so that no more than keep are left. */
static void
remove_oldest(int folder, const char *of, size_t keep)
{
	struct rotated found;
	size_t i;

	if (find_rotated(folder, of, &found) == -1)
		return; /* tried again with the next one */
	for (i = 0; i < found.n; i++) {
		if (i + keep < found.n)
			(void)unlinkat(folder, found.name[i], 0);
		free(found.name[i]);
	}
}

int
logs_rotate(int at, const char *path, const struct log_limits *limits,
    int64_t now_ns, char rotated[static PATH_MAX])
{
	const char *name = strrchr(path, '/') + 1;
	char now[RFC3339_MAX];
	struct stat st;
	int folder, rc;

	if (fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return (-1);
	if (!S_ISREG(st.st_mode) || st.st_size < limits->size)
		return (0);
	if ((folder = open_folder(at, path)) == -1)
		return (-1);
	/* Beside it there is the live one, and the one about to be. */
	remove_oldest(folder, name, (size_t)limits->files - 2);
	(void)close(folder); /* only read from */
	rfc3339_nano(now, now_ns);
	rc = snprintf(rotated, PATH_MAX, "%s.%s", path, now);
	if (rc < 0 || rc >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	return (renameat(at, path, at, rotated) == -1 ? -1 : 1);
}

void
logs_remove(int at, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	int folder;

	(void)unlinkat(at, path, 0); /* may never have been made */
	if ((folder = open_folder(at, path)) == -1)
		return;
	remove_oldest(folder, name, 0);
	(void)close(folder); /* only read from */
}
