#include "reconciled/mounter.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/openat2.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/filter.h"

#define TARGET_MAX 512
#define MOUNTS_MAX 64 /* one upon the other at one place */

enum operation {
	OP_BIND = 1,
	OP_TMPFS,
	OP_UNMOUNT
};

struct request {
	uint32_t operation;
	uint32_t mode, group;
	uint64_t size;
	char target[TARGET_MAX]; /* ends with a NUL; "": it was too long */
};

struct answer {
	int32_t error; /* errno, or 0 */
};

static long
sys_openat2(int at, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS };

	return (syscall(SYS_openat2, at, path, &how, sizeof(how)));
}

/* Puts a detached mount there; takes it. */
static int
attach(int mount, int target)
{
	int rc;

	rc = move_mount(mount, "", target, "", MOUNTER_MOVE);
	(void)close(mount); /* attached, or gone with this */
	return (rc);
}

static int
do_bind(int source, int target)
{
	int mount = open_tree(source, "", MOUNTER_TREE);

	return (mount == -1 ? -1 : attach(mount, target));
}

static int
set_option(int fs, const char *key, const char *format, uint64_t value)
{
	char text[32];

	(void)snprintf(
	    text, sizeof(text), format, (unsigned long long)value); /* fits */
	return (fsconfig(fs, FSCONFIG_SET_STRING, key, text, 0));
}

static int
do_tmpfs(const struct request *r, int target)
{
	int fs, mount = -1;

	fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs == -1)
		return (-1);
	/* Linux before 6.4 does not know it. */
	(void)fsconfig(fs, FSCONFIG_SET_FLAG, "noswap", NULL, 0);
	if (set_option(fs, "size", "%llu", r->size) == 0 &&
	    set_option(fs, "mode", "%llo", r->mode) == 0 &&
	    set_option(fs, "gid", "%llu", r->group) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNTER_ATTRIBUTES);
	(void)close(fs); /* only a context */
	return (mount == -1 ? -1 : attach(mount, target));
}

/*
 * By the folder above, for the root of what is mounted could not be opened
 * without its file system.
 */
static int
do_unmount(int pods, char *target)
{
	char path[TARGET_MAX + 32], *slash = strrchr(target, '/');
	int at, i, rc = 0;

	if (slash == NULL) {
		errno = EINVAL;
		return (-1);
	}
	*slash = '\0';
	if ((at = (int)sys_openat2(pods, target, O_PATH | O_DIRECTORY)) == -1)
		return (errno == ENOENT ? 0 : -1);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", at,
	    slash + 1); /* fits */
	for (i = 0; rc == 0 && i < MOUNTS_MAX; i++)
		rc = umount2(path, MOUNTER_UNMOUNT);
	(void)close(at); /* only a reference */
	return (rc == -1 && errno != EINVAL && errno != ENOENT ? -1 : 0);
}

static int
obey(int pods, const struct request *r, int source)
{
	char copy[TARGET_MAX];
	int target;

	if (r->operation == OP_UNMOUNT) {
		memcpy(copy, r->target, sizeof(copy));
		return (do_unmount(pods, copy));
	}
	if ((target = (int)sys_openat2(pods, r->target, O_PATH)) == -1)
		return (-1);
	/* It is closed afterwards. */
	return (r->operation == OP_BIND ? do_bind(source, target)
					: do_tmpfs(r, target));
}

static void
work(struct helper_job *job)
{
	struct answer *a = job->answer;

	a->error = obey(job->folder, job->request, job->source) == -1 ? errno
								      : 0;
}

const struct helper_kind mounter_kind = { .name = "mounter",
	.request = sizeof(struct request),
	.answer = sizeof(struct answer),
	.work = work,
	.capabilities = UINT64_C(1) << CAP_SYS_ADMIN,
	.beneath = 0, /* landlock forbids mounts */
	.rules = mounter_rules,
	.nrules = &mounter_nrules };

static void
request_fill(struct request *r, enum operation op, const char *target)
{
	memset(r, 0, sizeof(*r));
	r->operation = op;
	if (strlen(target) < sizeof(r->target))
		(void)snprintf(r->target, sizeof(r->target), "%s", target);
}

void
mounter_bind(struct helper *h, const char *key, int source, const char *target,
    errand_done done, void *ctx)
{
	struct request r;

	request_fill(&r, OP_BIND, target);
	helper_ask(h, key, &r, source, done, ctx);
}

void
mounter_tmpfs(struct helper *h, const char *key,
    const struct mounter_memory *memory, const char *target, errand_done done,
    void *ctx)
{
	struct request r;

	request_fill(&r, OP_TMPFS, target);
	r.size = memory->size;
	r.mode = memory->mode;
	r.group = memory->group;
	helper_ask(h, key, &r, -1, done, ctx);
}

void
mounter_unmount(struct helper *h, const char *key, const char *target,
    errand_done done, void *ctx)
{
	struct request r;

	request_fill(&r, OP_UNMOUNT, target);
	helper_ask(h, key, &r, -1, done, ctx);
}

int
mounter_result(
    const struct errand_result *res, const char *target, struct err *err)
{
	const struct answer *a = res->answer;

	if (a == NULL)
		return (err_set(err, "mount %s: %s", target, res->why));
	if (a->error == 0)
		return (0);
	errno = a->error;
	return (err_sys(err, "mount %s", target));
}
