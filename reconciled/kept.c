#include "reconciled/kept.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/disk.h"
#include "reconciled/message.h"

#define NEW ".new" /* no manifest's name starts with a dot */

/* The fields of the only pod until 0.1.0, and where they are now. */
#define OLD_FIRST 5
#define OLD_LAST 7
#define OLD_SHIFT 4

/* On the disk, before it takes the place of the one before. */
static int
write_file(int dir, const char *name, const uint8_t *data, size_t len)
{
	int fd, rc;

	fd = openat(dir, NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	rc = disk_write_all(fd, data, len);
	if (rc == 0)
		rc = fsync(fd);
	if (close(fd) == -1)
		rc = -1;
	if (rc == 0)
		rc = renameat(dir, NEW, dir, name);
	if (rc == 0)
		rc = fsync(dir);
	return (rc);
}

int
kept_store(int dir, const Tripod__Manifest *m, struct err *err)
{
	size_t len = tripod__manifest__get_packed_size(m);
	uint8_t *data = xmalloc(len);
	int rc;

	(void)tripod__manifest__pack(m, data); /* as long as it said */
	rc = write_file(dir, m->file, data, len);
	free(data);
	if (rc == -1)
		return (
		    err_sys(err, "cannot keep %s for the next start", m->file));
	return (0);
}

void
kept_forget(int dir, const char *file)
{
	if (unlinkat(dir, file, 0) == -1 && errno != ENOENT)
		log_warn("%s", file);
}

/* A file's bytes, or NULL with errno; EINVAL: it cannot be one of ours. */
static uint8_t *
read_file(int dir, const char *name, size_t *len)
{
	uint8_t *data = NULL;
	struct stat st;
	int fd, error;
	ssize_t n;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ELOOP)
		errno = EINVAL;
	if (fd == -1)
		return (NULL);
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= KEPT_SIZE_MAX) {
		data = xmalloc((size_t)st.st_size);
		n = read(fd, data, (size_t)st.st_size);
		if (n != st.st_size) {
			free(data);
			data = NULL;
		}
		*len = (size_t)st.st_size;
	}
	error = errno;
	(void)close(fd); /* only read from */
	errno = error;
	return (data);
}

/* The pod of a manifest that 0.1.0 kept, as a definition; or NULL. */
static Tripod__Definition *
definition_old(const Tripod__Manifest *m, struct arena *a)
{
	const ProtobufCMessageUnknownField *u = m->base.unknown_fields;
	size_t i, len = 0, n = m->base.n_unknown_fields;
	uint8_t *data;

	for (i = 0; i < n; i++)
		len += 1 + u[i].len;
	if ((data = arena_alloc(a, len + 1)) == NULL)
		return (NULL);
	for (i = len = 0; i < n; i++) {
		if (u[i].tag < OLD_FIRST || u[i].tag > OLD_LAST)
			continue;
		data[len++] = (uint8_t)((u[i].tag - OLD_SHIFT) << 3 |
		    (uint8_t)u[i].wire_type);
		memcpy(data + len, u[i].data, u[i].len);
		len += u[i].len;
	}
	return (tripod__definition__unpack(&a->allocator, len, data));
}

/* NULL with errno; EINVAL: damaged. */
static Tripod__Manifest *
manifest_read(int dir, const char *name, struct arena *a)
{
	Tripod__Definition *old;
	Tripod__Manifest *m;
	uint8_t *data;
	size_t i, len;

	if ((data = read_file(dir, name, &len)) == NULL)
		return (NULL);
	m = tripod__manifest__unpack(&a->allocator, len, data);
	free(data);
	errno = EINVAL;
	if (m == NULL || strcmp(m->file, name) != 0)
		return (NULL);
	if (m->n_definition == 0) {
		if ((old = definition_old(m, a)) == NULL)
			return (NULL);
		m->definition = arena_alloc(a, sizeof(*m->definition));
		if (m->definition == NULL)
			return (NULL);
		m->definition[0] = old;
		m->n_definition = 1;
	}
	for (i = 0; i < m->n_definition; i++)
		if (m->definition[i]->pod == NULL)
			return (NULL);
	return (m);
}

static void
load_one(int dir, const char *name,
    void (*cb)(void *, Tripod__Manifest *, struct arena *), void *ctx)
{
	struct arena *arena = arena_new(KEPT_DECODE_MAX);
	Tripod__Manifest *m = manifest_read(dir, name, arena);

	if (m != NULL) {
		cb(ctx, m, arena);
		return;
	}
	if (errno != EINVAL) {
		log_warn("kept manifest %s", name); /* it may be whole */
	} else {
		log_warnx("kept manifest %s is damaged; it is removed", name);
		kept_forget(dir, name);
	}
	arena_free(arena);
}

void
kept_load(
    int at, void (*cb)(void *, Tripod__Manifest *, struct arena *), void *ctx)
{
	struct dirent *d;
	DIR *dir;
	int fd;

	fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		log_warn("kept manifests");
		if (fd != -1)
			(void)close(fd); /* only read from */
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] != '.' && d->d_type != DT_DIR)
			load_one(at, d->d_name, cb, ctx);
	}
	(void)closedir(dir); /* only read from */
}
