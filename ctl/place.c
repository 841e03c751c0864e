#include "ctl/place.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/name.h"

/* All of it, at most PLACE_SIZE_MAX; -1 and errno. */
static int
read_all(int fd, char **bytes, size_t *len)
{
	char *buf = xmalloc(PLACE_SIZE_MAX + 1);
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, buf + n, PLACE_SIZE_MAX + 1 - n)) > 0)
		n += (size_t)got;
	if (got == -1 || n > PLACE_SIZE_MAX) {
		if (got != -1)
			errno = EFBIG;
		free(buf);
		return (-1);
	}
	*bytes = buf;
	*len = n;
	return (0);
}

static int
write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	for (; len > 0; bytes += n, len -= (size_t)n)
		if ((n = write(fd, bytes, len)) == -1)
			return (-1);
	return (0);
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash == NULL ? path : slash + 1);
}

/* Where reconciled looks: below a folder, or for one file. */
static int
find_place(
    struct place *p, const char *manifests, const char *name, struct err *err)
{
	const char *last = last_part(manifests);
	struct stat st;

	if (stat(manifests, &st) == -1)
		return (err_sys(err, "%s", manifests));
	if (S_ISDIR(st.st_mode)) {
		p->folder = xstrdup(manifests);
	} else {
		p->folder = last == manifests
		    ? xstrdup(".")
		    : xstrndup(manifests, (size_t)(last - manifests));
		name = last;
	}
	if (name == NULL || !name_is_file(name, strlen(name)) ||
	    name[0] == '.' || strlen(name) > 240)
		return (err_set(err,
		    "\"%s\" is no name for a manifest: say "
		    "--name NAME.yaml",
		    name == NULL ? "-" : name));
	p->name = xstrdup(name);
	return (0);
}

int
place_read(struct place *p, const char *manifests, const char *file,
    const char *name, struct err *err)
{
	int stream = strcmp(file, "-") == 0, fd, rc;

	memset(p, 0, sizeof(*p));
	if (name == NULL && !stream)
		name = last_part(file);
	if (find_place(p, manifests, name, err) == -1)
		return (-1);
	fd = stream ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	rc = fd == -1 ? -1 : read_all(fd, &p->bytes, &p->len);
	if (rc == -1)
		(void)err_sys(err, "%s", file);
	if (fd != -1 && !stream)
		(void)close(fd); /* only read */
	return (rc);
}

int
place_descriptor(const struct place *p, struct err *err)
{
	int fd = memfd_create("manifest", MFD_CLOEXEC);

	if (fd == -1)
		return (err_sys(err, "memory for the manifest"));
	if (write_all(fd, p->bytes, p->len) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1) {
		(void)err_sys(err, "memory for the manifest");
		(void)close(fd); /* nobody needs it */
		return (-1);
	}
	return (fd);
}

/* Whether the file that is there has these bytes. */
static int
is_same(const struct place *p, int dir)
{
	char *bytes;
	size_t len;
	int fd, same = 0;

	if ((fd = openat(dir, p->name, O_RDONLY | O_CLOEXEC)) == -1)
		return (0);
	if (read_all(fd, &bytes, &len) == 0) {
		same = len == p->len && memcmp(bytes, p->bytes, len) == 0;
		free(bytes);
	}
	(void)close(fd); /* only read */
	return (same);
}

/* A new file with the owner and mode of the old one, if there is one. */
static int
write_new(
    const struct place *p, int dir, const char *as, const struct stat *old)
{
	int fd, rc;

	if (unlinkat(dir, as, 0) == -1 && errno != ENOENT)
		return (-1);
	fd = openat(dir, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	rc = write_all(fd, p->bytes, p->len);
	if (rc == 0 && old != NULL)
		rc = fchown(fd, old->st_uid, old->st_gid) == -1 ||
			fchmod(fd, old->st_mode & 0777) == -1
		    ? -1
		    : 0;
	if (rc == 0)
		rc = fsync(fd);
	if (close(fd) == -1)
		rc = -1;
	return (rc);
}

/* Keeps the file that is there under another name. */
static int
keep_old(const struct place *p, int dir, const char *as)
{
	if (unlinkat(dir, as, 0) == -1 && errno != ENOENT)
		return (-1);
	return (linkat(dir, p->name, dir, as, 0));
}

static int
put_beside(struct place *p, int dir)
{
	char *fresh, *old;
	struct stat st;
	int there, rc;

	(void)xasprintf(&fresh, ".%s.new", p->name); /* never fails */
	(void)xasprintf(&old, ".%s.previous", p->name);
	there = fstatat(dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (there && !S_ISREG(st.st_mode)) {
		errno = EEXIST;
		rc = -1;
	} else {
		rc = write_new(p, dir, fresh, there ? &st : NULL);
	}
	if (rc == 0 && there)
		rc = keep_old(p, dir, old);
	if (rc == 0)
		rc = renameat(dir, fresh, dir, p->name);
	if (rc == 0)
		p->previous = there;
	else
		(void)unlinkat(dir, fresh, 0); /* it may not be there */
	free(old);
	free(fresh);
	return (rc);
}

int
place_put(struct place *p, struct err *err)
{
	int dir, rc = 0;

	dir = open(p->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return (err_sys(err, "%s", p->folder));
	p->same = is_same(p, dir);
	if (!p->same)
		rc = put_beside(p, dir);
	if (rc == -1)
		(void)err_sys(err, "%s/%s", p->folder, p->name);
	else if (fsync(dir) == -1)
		rc = err_sys(err, "%s", p->folder);
	(void)close(dir); /* fsync() told of trouble */
	return (rc);
}

char *
place_back(const struct place *p)
{
	char *text;

	if (p->previous)
		(void)xasprintf(&text, "mv -f '%s/.%s.previous' '%s/%s'",
		    p->folder, p->name, p->folder, p->name); /* never fails */
	else
		(void)xasprintf(&text, "rm '%s/%s'", p->folder, p->name);
	return (text);
}

void
place_release(struct place *p)
{
	free(p->folder);
	free(p->name);
	free(p->bytes);
	memset(p, 0, sizeof(*p));
}
