#include "reconciled/downward.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/disk.h"

#define DATA "..data"
#define DATA_NEW "..data_tmp"
#define NAME_SIZE 64
#define TEXT_MAX (64 * 1024 * 1024) /* far above a quoted manifest */
/* Of all files, which are written at once. */
#define VOLUME_MAX (16 * 1024 * 1024)
#define GROUP_READ 0440

/* A volume being written. */
struct writer {
	int volume; /* its folder */
	int data;   /* the new one in it */
	const struct volume_owner *owner;
	char name[NAME_SIZE]; /* of data */
};

static int
give_to_group(int at, const char *name, const struct writer *w, mode_t mode)
{
	int fd, rc;

	if (w->owner->group == NULL)
		return (0);
	if ((fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		return (-1);
	rc = fchmod(fd, mode);
	if (rc == 0)
		rc = fchown(fd, (uid_t)-1, (gid_t)w->owner->group->value);
	(void)close(fd); /* only read from */
	return (rc);
}

/* Folders above a file; paths are relative, without "..". */
static int
make_folders(const struct writer *w, const char *path)
{
	char buf[PATH_MAX], *p;
	size_t len = strlen(path);

	if (len >= sizeof(buf)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(buf, path, len + 1);
	for (p = buf; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if ((mkdirat(w->data, buf, 0755) == -1 && errno != EEXIST) ||
		    give_to_group(w->data, buf, w, 02755) == -1)
			return (-1);
		*p = '/';
	}
	return (0);
}

static int
write_file(const struct writer *w, const Tripod__DownwardFile *f,
    const char *text, struct err *err)
{
	mode_t mode = (mode_t)f->mode & 0777;

	if (w->owner->group != NULL)
		mode |= GROUP_READ;
	if (make_folders(w, f->path) == -1 ||
	    disk_write(w->data, f->path, mode, text, strlen(text)) == -1 ||
	    give_to_group(w->data, f->path, w, mode) == -1)
		return (err_sys(
		    err, "volume %s: file %s", w->owner->name, f->path));
	return (0);
}

static int
write_files(const struct writer *w, const struct translate_env *env,
    const struct pod *p, const Tripod__Downward *d, struct err *err)
{
	struct arena arena;
	size_t i, bytes = 0;
	const char *text;
	int rc = 0;

	for (i = 0; rc == 0 && i < d->n_file; i++) {
		arena_init(&arena, TEXT_MAX);
		text = translate_file(&arena, env, p, d->file[i], err);
		if (text == NULL)
			rc = err_prefix(err, "volume %s", w->owner->name);
		else if ((bytes += strlen(text)) > VOLUME_MAX)
			rc = err_set(err, "volume %s: more than %d bytes",
			    w->owner->name, VOLUME_MAX);
		else
			rc = write_file(w, d->file[i], text, err);
		arena_release(&arena);
	}
	return (rc);
}

/* Whether a name in the volume leads to one of the files. */
static int
is_wanted(const Tripod__Downward *d, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < d->n_file; i++)
		if (strncmp(d->file[i]->path, name, len) == 0 &&
		    (d->file[i]->path[len] == '/' ||
			d->file[i]->path[len] == '\0'))
			return (1);
	return (0);
}

/* Links by which the files are seen: one for each first part of a path. */
static int
link_files(const struct writer *w, const Tripod__Downward *d)
{
	char name[NAME_MAX + 1], target[NAME_MAX + sizeof(DATA) + 1];
	size_t i;
	int n;

	for (i = 0; i < d->n_file; i++) {
		n = (int)strcspn(d->file[i]->path, "/");
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return (-1);
		}
		(void)snprintf(name, sizeof(name), "%.*s", n, d->file[i]->path);
		(void)snprintf(target, sizeof(target), DATA "/%s", name);
		if (symlinkat(target, w->volume, name) == -1 && errno != EEXIST)
			return (-1);
	}
	return (0);
}

/* What of the volume nobody needs any more. */
static void
sweep(const struct writer *w, const Tripod__Downward *d)
{
	struct dirent *e;
	DIR *dir;

	if ((dir = disk_list(w->volume, ".")) == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    strcmp(e->d_name, DATA) == 0 ||
		    strcmp(e->d_name, w->name) == 0 || is_wanted(d, e->d_name))
			continue;
		disk_remove(w->volume, e->d_name);
	}
	(void)closedir(dir); /* only read from */
}

static int
swap_in(const struct writer *w, const Tripod__Downward *d)
{
	if (unlinkat(w->volume, DATA_NEW, 0) == -1 && errno != ENOENT)
		return (-1);
	if (symlinkat(w->name, w->volume, DATA_NEW) == -1 ||
	    renameat(w->volume, DATA_NEW, w->volume, DATA) == -1 ||
	    link_files(w, d) == -1)
		return (-1);
	sweep(w, d);
	return (0);
}

/* A name that no write before had. */
static int
data_open(struct writer *w)
{
	char now[RFC3339_MAX];

	rfc3339_nano(now, wall_now_ns());
	(void)snprintf(w->name, sizeof(w->name), "..%s", now); /* fits */
	if (mkdirat(w->volume, w->name, 0755) == -1 ||
	    give_to_group(w->volume, w->name, w, 02755) == -1)
		return (-1);
	return (openat(w->volume, w->name, DISK_OPEN_DIR));
}

int
downward_write(int at, const struct volume_owner *owner,
    const struct translate_env *env, const struct pod *p,
    const Tripod__Downward *d, struct err *err)
{
	struct writer w = { -1, -1, owner, "" };
	int rc = -1;

	w.volume = disk_open_made(at, owner->name, 0755, err);
	if (w.volume == -1)
		return (-1);
	if (give_to_group(w.volume, ".", &w, 02755) == -1 ||
	    (w.data = data_open(&w)) == -1)
		(void)err_sys(err, "volume %s", owner->name);
	else if ((rc = write_files(&w, env, p, d, err)) == 0 &&
	    (rc = swap_in(&w, d)) == -1)
		(void)err_sys(err, "volume %s", owner->name);
	if (w.data != -1)
		(void)close(w.data); /* only read from */
	/* The next attempt makes another. */
	if (rc == -1 && w.name[0] != '\0')
		disk_remove(w.volume, w.name);
	(void)close(w.volume);
	return (rc);
}
