#include "reconciled/mounter.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/openat2.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privdrop.h"
#include "reconciled/filter.h"

#define TARGET_MAX 512
#define MOUNTS_MAX 64 /* one upon the other at one place */
#define FILES_MAX 64
#define OPEN_MAX_AT_FORK 1024

enum operation {
	OP_BIND = 1,
	OP_TMPFS,
	OP_UNMOUNT
};

struct request {
	uint32_t operation;
	uint32_t mode, group;
	uint64_t size;
	char target[TARGET_MAX]; /* ends with a NUL */
};

/* Room for one descriptor, aligned. */
union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int))];
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
	if (set_option(fs, "size", "%llu", r->size) == 0 &&
	    set_option(fs, "mode", "%llo", r->mode) == 0 &&
	    set_option(fs, "gid", "%llu", r->group) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNTER_ATTRIBUTES);
	(void)close(fs); /* only a context */
	return (mount == -1 ? -1 : attach(mount, target));
}

/* The one on top; 0: nothing is mounted there. */
static int
unmount_top(int pods, const char *target)
{
	char path[32];
	int fd, rc;

	if ((fd = (int)sys_openat2(pods, target, O_PATH)) == -1)
		return (-1);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fits */
	rc = umount2(path, MNT_DETACH);
	(void)close(fd); /* only a reference */
	if (rc == -1 && errno == EINVAL)
		return (0);
	return (rc == -1 ? -1 : 1);
}

static int
do_unmount(int pods, const char *target)
{
	int i, rc = 1;

	for (i = 0; rc == 1 && i < MOUNTS_MAX; i++)
		rc = unmount_top(pods, target);
	return (rc == -1 && errno != ENOENT ? -1 : 0);
}

/* The answer: 0 or an errno. */
static int
obey(int pods, const struct request *r, int source)
{
	int target, rc = -1;

	if (r->target[TARGET_MAX - 1] != '\0' || r->target[0] == '\0' ||
	    (r->operation == OP_BIND) != (source != -1))
		return (EINVAL);
	if (r->operation == OP_UNMOUNT)
		return (do_unmount(pods, r->target) == -1 ? errno : 0);
	if ((target = (int)sys_openat2(pods, r->target, O_PATH)) == -1)
		return (errno);
	errno = EINVAL;
	if (r->operation == OP_BIND)
		rc = do_bind(source, target);
	else if (r->operation == OP_TMPFS)
		rc = do_tmpfs(r, target);
	rc = rc == -1 ? errno : 0;
	(void)close(target); /* only a reference */
	return (rc);
}

/* False at the end. */
static int
receive(int fd, struct request *r, int *source)
{
	struct iovec iov = { r, sizeof(*r) };
	union control control;
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c;
	ssize_t n;

	*source = -1;
	memset(r, 0, sizeof(*r));
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n <= 0)
		return (0);
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(source, CMSG_DATA(c), sizeof(int));
	if (n != (ssize_t)sizeof(*r))
		r->operation = 0; /* refused */
	return (1);
}

static void
enter_sandbox(int optional)
{
	struct sandbox s;

	memset(&s, 0, sizeof(s));
	s.name = "mounter";
	s.rules = mounter_rules;
	s.nrules = mounter_nrules;
	s.files = FILES_MAX;
	s.mounts = 1;
	s.optional = optional;
	(void)privdrop_capabilities(UINT64_C(1) << CAP_SYS_ADMIN);
	sandbox_enter(&s);
}

static void
serve(int fd, int pods)
{
	struct request r;
	int32_t answer;
	int source;

	while (receive(fd, &r, &source)) {
		answer = obey(pods, &r, source);
		if (source != -1)
			(void)close(source); /* only a reference */
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) !=
		    (ssize_t)sizeof(answer))
			break;
	}
}

/* Ends with its parent, of which it is told by the socket. */
static void
child(int fd, int pods, int optional)
{
	(void)signal(SIGINT, SIG_IGN); /* cannot fail */
	(void)signal(SIGTERM, SIG_IGN);
	(void)prctl(PR_SET_NAME, "mounter"); /* for people only */
	enter_sandbox(optional);
	serve(fd, pods);
	_exit(0);
}

static void
close_others(int fd, int pods)
{
	int i;

	for (i = STDERR_FILENO + 1; i < OPEN_MAX_AT_FORK; i++)
		if (i != fd && i != pods)
			(void)close(i); /* most of them are not open */
}

int
mounter_start(struct mounter *m, int pods, int optional, struct err *err)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return (err_sys(err, "mounter"));
	if ((pid = fork()) == -1) {
		(void)err_sys(err, "mounter");
		(void)close(pair[0]);
		(void)close(pair[1]);
		return (-1);
	}
	if (pid == 0) {
		close_others(pair[1], pods);
		child(pair[1], pods, optional);
	}
	(void)close(pair[1]); /* the child's */
	m->fd = pair[0];
	return (0);
}

void
mounter_stop(struct mounter *m)
{
	if (m->fd != -1)
		(void)close(m->fd); /* nothing is on its way */
	m->fd = -1;
}

static int
ask(const struct mounter *m, const struct request *r, int source,
    struct err *err)
{
	struct iovec iov = { (void *)(uintptr_t)r, sizeof(*r) };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int32_t answer = 0;
	ssize_t n;

	if (source != -1) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &source, sizeof(int));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
	}
	if (sendmsg(m->fd, &msg, MSG_NOSIGNAL) != (ssize_t)sizeof(*r))
		return (err_sys(err, "the mounter is gone"));
	do
		n = recv(m->fd, &answer, sizeof(answer), 0);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(answer))
		return (err_set(err, "the mounter is gone"));
	if (answer != 0) {
		errno = answer;
		return (err_sys(err, "mount %s", r->target));
	}
	return (0);
}

static int
request_fill(
    struct request *r, enum operation op, const char *target, struct err *err)
{
	size_t len = strlen(target);

	memset(r, 0, sizeof(*r));
	r->operation = op;
	if (len >= sizeof(r->target))
		return (err_set(err, "mount: the name is too long"));
	memcpy(r->target, target, len);
	return (0);
}

int
mounter_bind(
    const struct mounter *m, int source, const char *target, struct err *err)
{
	struct request r;

	if (request_fill(&r, OP_BIND, target, err) == -1)
		return (-1);
	return (ask(m, &r, source, err));
}

int
mounter_tmpfs(const struct mounter *m, const struct mounter_memory *memory,
    const char *target, struct err *err)
{
	struct request r;

	if (request_fill(&r, OP_TMPFS, target, err) == -1)
		return (-1);
	r.size = memory->size;
	r.mode = memory->mode;
	r.group = memory->group;
	return (ask(m, &r, -1, err));
}

int
mounter_unmount(const struct mounter *m, const char *target, struct err *err)
{
	struct request r;

	if (request_fill(&r, OP_UNMOUNT, target, err) == -1)
		return (-1);
	return (ask(m, &r, -1, err));
}
