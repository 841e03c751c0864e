#include "reconciled/finder.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/openat2.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reconciled/disk.h"
#include "reconciled/filter.h"

#define OPEN_TRIES 100 /* each by a rename in the volume at that moment */
#define OPEN_STEP (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct request {
	uint32_t make;	     /* format of what is made if it is missing, or 0 */
	char path[PATH_MAX]; /* both end with a NUL */
	char sub_path[PATH_MAX]; /* "": the path itself is looked at */
};

static int
open_resolved(int at, const char *path, uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve };
	int i, fd = -1;

	for (i = 0; i < OPEN_TRIES; i++) {
		fd = (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
		if (fd != -1 || errno != EAGAIN)
			break;
	}
	return (fd);
}

/* One folder of the path, made with the permissions of the volume. */
static int
step_down(int at, const char *name, mode_t mode)
{
	int fd;

	fd = openat(at, name, OPEN_STEP);
	if (fd != -1 || errno != ENOENT)
		return (fd);
	if (mkdirat(at, name, mode) == -1 && errno != EEXIST)
		return (-1);
	return (openat(at, name, OPEN_STEP));
}

/* Makes what is missing, following no link while it does. */
static int
make_beneath(int root, const char *path)
{
	char buf[PATH_MAX], *name, *next;
	struct stat st;
	int at, fd;

	(void)snprintf(buf, sizeof(buf), "%s", path); /* fits */
	if (fstat(root, &st) == -1 || (at = openat(root, ".", OPEN_STEP)) == -1)
		return (-1);
	for (name = strtok_r(buf, "/", &next); name != NULL;
	     name = strtok_r(NULL, "/", &next)) {
		fd = step_down(at, name, st.st_mode & 0777);
		(void)close(at); /* only a reference */
		if ((at = fd) == -1)
			return (-1);
	}
	(void)close(at); /* only a reference */
	return (0);
}

static int
find(const struct helper_job *job, const struct request *r)
{
	int fd, root;

	root = r->path[0] == '/'
	    ? open(r->path, O_PATH | O_CLOEXEC)
	    : open_resolved(job->folder, r->path, RESOLVE_NO_SYMLINKS);
	if (root == -1)
		return (-1);
	/* The kernel follows links, but none that leads out of the volume. */
	fd = open_resolved(root, r->sub_path, 0);
	if (fd == -1 && errno == ENOENT && make_beneath(root, r->sub_path) == 0)
		fd = open_resolved(root, r->sub_path, 0);
	return (fd); /* root is closed afterwards */
}

static int
check(const struct request *r, struct stat *st)
{
	if (stat(r->path, st) == 0)
		return (0);
	if (errno != ENOENT)
		return (-1);
	if (r->make == S_IFDIR)
		(void)disk_make_path(AT_FDCWD, r->path, 0755);
	else if (r->make == S_IFREG)
		(void)mknod(r->path, S_IFREG | 0644, 0);
	/* Whether that worked is seen now. */
	return (stat(r->path, st));
}

static void
work(struct helper_job *job)
{
	const struct request *r = job->request;
	struct found *found = job->answer;
	struct stat st;
	int rc;

	if (r->sub_path[0] != '\0')
		rc = (job->fd[0] = find(job, r)) == -1 ? -1
						       : fstat(job->fd[0], &st);
	else
		rc = check(r, &st);
	found->error = rc == -1 ? errno : 0;
	found->mode = rc == -1 ? 0 : st.st_mode;
}

/*
 * The owner of a folder above may be anybody; landlock leaves of the
 * capability that empty files and folders are made.
 */
const struct helper_kind finder_kind = { .name = "finder",
	.request = sizeof(struct request),
	.answer = sizeof(struct found),
	.work = work,
	.capabilities = UINT64_C(1) << CAP_DAC_OVERRIDE,
	.beneath = SANDBOX_MAKE,
	.rules = finder_rules,
	.nrules = &finder_nrules };

static void
ask(struct helper *h, const char *key, const struct request *r,
    errand_done done, void *ctx)
{
	helper_ask(h, key, r, -1, done, ctx);
}

void
finder_check(struct helper *h, const char *key, const Tripod__HostPath *hp,
    errand_done done, void *ctx)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	if (hp->type == TRIPOD__HOST_PATH__TYPE__DIRECTORY_OR_CREATE)
		r.make = S_IFDIR;
	else if (hp->type == TRIPOD__HOST_PATH__TYPE__FILE_OR_CREATE)
		r.make = S_IFREG;
	/* A longer one is none, by the kernel: cut off it would be another. */
	if (strlen(hp->path) < sizeof(r.path))
		(void)snprintf(r.path, sizeof(r.path), "%s", hp->path);
	ask(h, key, &r, done, ctx);
}

void
finder_find(struct helper *h, const char *key, const char *volume,
    const char *sub_path, errand_done done, void *ctx)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	if (strlen(volume) < sizeof(r.path) &&
	    strlen(sub_path) < sizeof(r.sub_path)) {
		(void)snprintf(r.path, sizeof(r.path), "%s", volume);
		(void)snprintf(r.sub_path, sizeof(r.sub_path), "%s", sub_path);
	}
	ask(h, key, &r, done, ctx);
}
