#include "watcherd/load.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/mem.h"

#define NS 1000000000LL

int
fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
	return (a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns);
}

int
load_fingerprint(int fd, struct fingerprint *out, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (err_sys(err, "fstat"));
	if (!S_ISREG(st.st_mode))
		return (err_set(err, "not a regular file"));
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	out->size = st.st_size;
	out->mtime_ns = st.st_mtim.tv_sec * NS + st.st_mtim.tv_nsec;
	out->ctime_ns = st.st_ctim.tv_sec * NS + st.st_ctim.tv_nsec;
	return (0);
}

/* Up to size bytes; -1 and errno. */
static ssize_t
read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, buf + len, size - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return ((ssize_t)len);
}

enum load_result
load_read(int fd, const struct fingerprint *before, size_t limit, void **bytes,
    size_t *len, struct err *err)
{
	struct fingerprint after = { 0 };
	size_t size = (size_t)before->size;
	ssize_t n;
	char *buf;

	if (before->size < 0 || size > limit) {
		(void)err_set(err, "is %lld bytes, more than %zu",
		    (long long)before->size, limit);
		return (LOAD_FAILED);
	}
	/* One byte more than it should have shows whether it has grown. */
	buf = xmalloc(size + 1);
	if ((n = read_all(fd, buf, size + 1)) == -1) {
		(void)err_sys(err, "read");
		free(buf);
		return (LOAD_FAILED);
	}
	if (load_fingerprint(fd, &after, err) == -1 || (size_t)n != size ||
	    !fingerprint_equal(before, &after)) {
		free(buf);
		return (LOAD_CHANGED);
	}
	*bytes = buf;
	*len = size;
	return (LOAD_DONE);
}
