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

#define STAMP_SIZE 16
#define ATTEMPT_DIGITS 10
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

	found->n = 0;
	if ((dir = disk_list(folder, ".")) == NULL)
		return (-1);
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

/* "20261127-101500", in UTC: a kubelet's form, but it always sorts. */
static void
stamp(char out[static STAMP_SIZE], int64_t now_ns)
{
	char t[RFC3339_MAX];

	rfc3339(t, now_ns); /* "2026-11-27T10:15:00Z" */
	(void)snprintf(out, STAMP_SIZE, "%.4s%.2s%.2s-%.2s%.2s%.2s", t, t + 5,
	    t + 8, t + 11, t + 14, t + 17);
}

int
logs_move(int at, const char *from, const char *to)
{
	if (renameat2(at, from, at, to, RENAME_NOREPLACE) == 0)
		return (0);
	if (errno != EINVAL)
		return (-1);
	return (renameat(at, from, at, to)); /* it cannot do that */
}

int
logs_rotate(int at, const char *path, const struct log_limits *limits,
    int64_t now_ns, char rotated[static PATH_MAX])
{
	char now[STAMP_SIZE];
	struct stat st;
	int folder, rc;

	if (fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return (-1);
	if (!S_ISREG(st.st_mode) || st.st_size < limits->size)
		return (0);
	stamp(now, now_ns);
	rc = snprintf(rotated, PATH_MAX, "%s.%s", path, now);
	if (rc < 0 || rc >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if (logs_move(at, path, rotated) == -1)
		return (errno == EEXIST ? 0 : -1); /* a second is over soon */
	if ((folder = open_folder(at, path)) != -1) {
		/* Beside them there is the live one, or will be soon. */
		remove_oldest(
		    folder, strrchr(path, '/') + 1, (size_t)limits->files - 1);
		(void)close(folder); /* only read from */
	}
	return (1);
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

/* "3.log" and the like; 0 if the name is another. */
static uint32_t
attempt_after(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	unsigned long attempt;

	if (digits == 0 || digits > ATTEMPT_DIGITS ||
	    strncmp(name + digits, ".log", 4) != 0)
		return (0);
	attempt = strtoul(name, NULL, 10);
	return (attempt < UINT32_MAX ? (uint32_t)attempt + 1 : 0);
}

uint32_t
logs_next_attempt(int at, const char *container)
{
	uint32_t after, next = 0;
	struct dirent *d;
	DIR *dir;
	int folder;

	if ((folder = openat(at, container, DISK_OPEN_DIR)) == -1)
		return (0);
	if ((dir = fdopendir(folder)) == NULL) {
		(void)close(folder); /* only read from */
		return (0);
	}
	while ((d = readdir(dir)) != NULL)
		if ((after = attempt_after(d->d_name)) > next)
			next = after;
	(void)closedir(dir); /* only read from */
	return (next);
}
