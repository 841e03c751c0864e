#include "reconciled/unready.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"

static void
note_path(char path[static PATH_MAX], const struct pod *p,
    const struct seen_container *c, enum probe_kind kind)
{
	(void)snprintf(path, PATH_MAX, "%s/containers/%s/%u.%s", p->uid,
	    c->name, c->attempt,
	    kind == PROBE_STARTUP ? "unstarted"
				  : "unready"); /* fits: checked parts */
}

void
unready_note(int pods, const struct pod *p, const struct seen_container *c,
    enum probe_kind kind, int unready)
{
	char path[PATH_MAX];
	int fd;

	note_path(path, p, c, kind);
	if (!unready) {
		if (unlinkat(pods, path, 0) == -1 && errno != ENOENT)
			log_warn("%s", path);
		return;
	}
	fd = openat(pods, path,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd == -1)
		log_warn("%s", path);
	else
		(void)close(fd); /* nothing was written */
}

int
unready_is_noted(int pods, const struct pod *p, const struct seen_container *c,
    enum probe_kind kind)
{
	char path[PATH_MAX];
	struct stat st;

	note_path(path, p, c, kind);
	return (fstatat(pods, path, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

void
unready_remove(int pods, const struct pod *p, const struct seen_container *c)
{
	char path[PATH_MAX];

	note_path(path, p, c, PROBE_STARTUP);
	(void)unlinkat(pods, path, 0); /* most have none */
	note_path(path, p, c, PROBE_READINESS);
	(void)unlinkat(pods, path, 0);
}
