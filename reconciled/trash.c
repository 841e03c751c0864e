#include "reconciled/trash.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mtime.h"
#include "reconciled/disk.h"

int
trash_open(struct trash *t, int at, struct err *err)
{
	memset(t, 0, sizeof(*t));
	if ((t->folder = openat(at, ".", DISK_OPEN_DIR)) == -1)
		return (err_sys(err, "open"));
	return (0);
}

static void
level_leave(struct trash *t)
{
	(void)closedir(t->level[--t->depth].dir); /* only read from */
}

void
trash_close(struct trash *t)
{
	while (t->depth > 0)
		level_leave(t);
	if (t->folder != -1)
		(void)close(t->folder); /* only read from */
	t->folder = -1;
}

static int
move_here(const struct trash *t, int at, const char *name)
{
	char to[NAME_MAX + 1];
	int n;

	n = snprintf(to, sizeof(to), TRASH_PREFIX ".%.200s.%lld", name,
	    (long long)wall_now_ns());
	log_assert(n > 0 && (size_t)n < sizeof(to));
	if (renameat(at, name, t->folder, to) == -1 && errno != ENOENT)
		return (-1);
	return (0);
}

int
trash_put(const struct trash *t, const char *name)
{
	return (move_here(t, t->folder, name));
}

static int
level_fd(const struct trash *t)
{
	return (dirfd(t->level[t->depth - 1].dir));
}

/* Takes the descriptor. */
static int
level_enter(struct trash *t, int fd, const char *name)
{
	struct trash_level *l = &t->level[t->depth];

	if (fd == -1)
		return (-1);
	if ((l->dir = fdopendir(fd)) == NULL) {
		(void)close(fd); /* no memory */
		return (-1);
	}
	(void)snprintf(l->name, sizeof(l->name), "%s", name); /* fits */
	t->depth++;
	return (0);
}

/* What cannot be removed by its name alone. */
static void
remove_folder(struct trash *t, const char *name)
{
	int at = level_fd(t);
	struct stat st;

	if (t->depth < TRASH_LEVELS) {
		t->left += level_enter(
			       t, disk_open_same_mount(at, name), name) == -1;
		return;
	}
	if (move_here(t, at, name) == -1)
		disk_remove(at, name);
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		t->removed++;
	else
		t->left++;
}

static void
remove_one(struct trash *t, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    (t->depth == 1 &&
		strncmp(name, TRASH_PREFIX, strlen(TRASH_PREFIX)) != 0))
		return;
	if (unlinkat(level_fd(t), name, 0) == 0)
		t->removed++;
	else if (errno == EISDIR || errno == EPERM)
		remove_folder(t, name);
	else
		t->left++;
}

/* All that was seen in a folder has gone. */
static void
level_done(struct trash *t)
{
	level_leave(t);
	if (t->depth == 0)
		return;
	if (unlinkat(level_fd(t), t->level[t->depth].name, AT_REMOVEDIR) == 0)
		t->removed++;
	else
		t->left++;
}

/*
 * What was moved up, or hidden by the changes around it, is for the next
 * round; one that changed nothing is the last.
 */
static int
round_done(const struct trash *t)
{
	if (t->removed == 0 && t->left > 0)
		log_warnx("%zu things of pods that are gone cannot be removed",
		    t->left);
	return (t->removed > 0);
}

int
trash_step(struct trash *t, unsigned int things)
{
	struct dirent *d;

	if (t->depth == 0) {
		t->removed = t->left = 0;
		if (level_enter(t, openat(t->folder, ".", DISK_OPEN_DIR), "") ==
		    -1)
			return (0); /* tried again with the next pod */
	}
	for (; things > 0 && t->depth > 0; things--) {
		if ((d = readdir(t->level[t->depth - 1].dir)) == NULL)
			level_done(t);
		else
			remove_one(t, d->d_name);
	}
	return (t->depth > 0 || round_done(t));
}
