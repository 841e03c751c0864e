#include "reconciled/disk.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <linux/openat2.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

#define REMOVE_DEPTH_MAX 64

int
disk_make_path(int at, const char *path, mode_t mode)
{
	char buf[PATH_MAX], *p;
	int rc = 0;

	if ((size_t)snprintf(buf, sizeof(buf), "%s", path) >= sizeof(buf)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if (buf[0] == '\0') {
		errno = ENOENT;
		return (-1);
	}
	for (p = buf + 1; rc == 0 && (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdirat(at, buf, mode) == -1 && errno != EEXIST)
			rc = -1;
		*p = '/';
	}
	if (rc == 0 && mkdirat(at, buf, mode) == -1 && errno != EEXIST)
		rc = -1;
	return (rc);
}

int
disk_open_made(int at, const char *path, mode_t mode, struct err *err)
{
	int flags = DISK_OPEN_DIR, fd;

	if (at == AT_FDCWD)
		flags &= ~O_NOFOLLOW; /* by the configuration */
	if (disk_make_path(at, path, mode) == -1 ||
	    (fd = openat(at, path, flags)) == -1)
		return (err_sys(err, "%s", path));
	return (fd);
}

static DIR *
list_of(int fd)
{
	DIR *dir;

	if (fd == -1)
		return (NULL);
	if ((dir = fdopendir(fd)) == NULL)
		(void)close(fd); /* no memory */
	return (dir);
}

DIR *
disk_list(int at, const char *name)
{
	return (list_of(openat(at, name, DISK_OPEN_DIR)));
}

int
disk_open_same_mount(int at, const char *name)
{
	struct open_how how = { .flags = DISK_OPEN_DIR,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS };

	return ((int)syscall(SYS_openat2, at, name, &how, sizeof(how)));
}

enum disk_thing
disk_look(int at, const char *name)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV };
	int fd;

	fd = (int)syscall(SYS_openat2, at, name, &how, sizeof(how));
	if (fd != -1)
		(void)close(fd); /* only a reference */
	else if (errno == EXDEV)
		return (DISK_MOUNT);
	else if (errno == ENOENT || errno == ENOTDIR)
		return (DISK_MISSING);
	else
		return (DISK_UNKNOWN);
	return (DISK_THERE);
}

/* -1: something is left. */
static int
remove_tree(int at, const char *name, int depth)
{
	struct dirent *d;
	DIR *dir;
	int rc = 0;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return (0);
	if (errno != EISDIR && errno != EPERM)
		return (-1);
	if (depth == 0 ||
	    (dir = list_of(disk_open_same_mount(at, name))) == NULL)
		return (-1);
	while ((d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc |= remove_tree(dirfd(dir), d->d_name, depth - 1);
	(void)closedir(dir); /* only read from */
	if (unlinkat(at, name, AT_REMOVEDIR) == -1)
		rc = -1;
	return (rc);
}

void
disk_remove(int at, const char *name)
{
	if (remove_tree(at, name, REMOVE_DEPTH_MAX) == -1)
		log_warnx("%s: not all could be removed", name);
}

int
disk_open_above(const char *path)
{
	char *copy = xstrdup(path), *up = copy;
	int fd;

	do {
		up = dirname(up); /* shortens copy in place */
		fd = open(up, O_PATH | O_DIRECTORY | O_CLOEXEC);
	} while (fd == -1 && strcmp(up, "/") != 0);
	free(copy);
	return (fd);
}

int
disk_write_all(int fd, const void *data, size_t len)
{
	const uint8_t *from = data;
	ssize_t n;

	while (len > 0) {
		if ((n = write(fd, from, len)) == -1)
			return (-1);
		from += n;
		len -= (size_t)n;
	}
	return (0);
}

int
disk_write(int at, const char *name, mode_t mode, const void *data, size_t len)
{
	int fd, rc;

	fd = openat(at, name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    mode);
	if (fd == -1)
		return (-1);
	/* In spite of the umask, also where the file has been before. */
	rc = fchmod(fd, mode);
	if (rc == 0)
		rc = disk_write_all(fd, data, len);
	if (close(fd) == -1)
		rc = -1;
	return (rc);
}

char *
disk_text(struct arena *a, const char *path, size_t max)
{
	char *text = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
		return (NULL);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (size_t)st.st_size <= max)
		text = arena_alloc(a, (size_t)st.st_size + 1);
	if (text != NULL) {
		n = read(fd, text, (size_t)st.st_size);
		text[n > 0 ? n : 0] = '\0';
	}
	(void)close(fd); /* only read from */
	return (text);
}
