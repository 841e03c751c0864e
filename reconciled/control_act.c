/*
 * What tripodctl may have done: containers started again, logs read.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/openat2.h>
#include <linux/sock_diag.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/name.h"
#include "reconciled/control_parts.h"

/* Answers that a peer has not read, above which no descriptor is lent. */
#define UNREAD_MAX 16384

/* Ends the back-offs of a container that does not run. */
static void
hurry(struct pod *p, size_t i, struct seen_container *c)
{
	struct memo_container *m = &p->memo.container[i];

	if (c != NULL)
		c->crash.delay_ms = 0;
	m->image.not_before = m->create.not_before = MTIME_ZERO;
}

static void
restart_one(struct pod *p, size_t i)
{
	const char *name = spec_container(p->definition->pod, i)->name;
	struct seen_container *c = container_newest(&p->seen, name);

	hurry(p, i, c);
	if (c != NULL && c->state == SEEN_RUNNING)
		c->restart = 1;
}

/* Whether a restart of the pod is also one of this container. */
static int
is_lasting(const struct pod *p, size_t i)
{
	return (spec_kind(p->definition->pod, i) != SPEC_INIT &&
	    why_no_restart(p, i) == NULL);
}

static int
restart_all(struct pod *p, struct err *err)
{
	const Tripod__Pod *pod = p->definition->pod;
	const char *why = "it has no container";
	size_t i, n = 0;

	for (i = 0; i < spec_count(pod); i++) {
		if (is_lasting(p, i)) {
			restart_one(p, i);
			n++;
		} else if (spec_kind(pod, i) != SPEC_INIT) {
			why = why_no_restart(p, i);
		}
	}
	return (n > 0 ? 0 : err_set(err, "%s", why));
}

static int
restart(struct pod *p, const char *container, struct err *err)
{
	const Tripod__Pod *pod;
	const char *why;
	size_t i;

	if (p == NULL || p->definition == NULL)
		return (err_set(err, "there is no such pod"));
	pod = p->definition->pod;
	if (container[0] == '\0')
		return (restart_all(p, err));
	if ((i = spec_find(pod, container)) == spec_count(pod))
		return (err_set(err, "the pod has no such container"));
	if ((why = why_no_restart(p, i)) != NULL)
		return (err_set(err, "%s", why));
	restart_one(p, i);
	return (0);
}

int
control_restart(void *ctx, struct ipc_msg *m)
{
	const Tripod__Restart *q = (const Tripod__Restart *)(void *)m->payload;
	struct link *l = ctx;
	struct pod *p = pods_find(&l->r->pods, q->uid);
	Tripod__Done done = TRIPOD__DONE__INIT;
	struct err err;

	if (restart(p, q->container, &err) == -1)
		return (control_done(l, m, &err));
	log_info("pod %s/%s: uid %u (pid %d) asks for a restart%s%s",
	    p->namespace_, p->name, (unsigned int)l->peer->uid,
	    (int)l->peer->pid, q->container[0] == '\0' ? "" : " of ",
	    q->container);
	reconcile_kick(l->r);
	done.ok = 1;
	return (
	    peer_send(l->peer, TRIPOD__MSG__MSG_DONE, m->id, -1, &done.base));
}

/* "3.log" and what was rotated away from it, "3.log.20261127-101500". */
static int
is_log_name(const char *name)
{
	size_t n = strspn(name, "0123456789");

	return (name_is_file(name, strlen(name)) && n > 0 &&
	    strncmp(name + n, ".log", 4) == 0 &&
	    (name[n + 4] == '\0' || name[n + 4] == '.'));
}

/* A container's name only if it is one: it becomes part of a path. */
static int
has_container(const struct pod *p, const char *name)
{
	const Tripod__Pod *pod = p->definition == NULL ? NULL
						       : p->definition->pod;

	return (container_newest(&p->seen, name) != NULL ||
	    (pod != NULL && spec_find(pod, name) < spec_count(pod)));
}

/* Pods may be able to put links there: none is followed. */
static int
open_log(const struct reconciled *r, const char *path, int flags)
{
	struct open_how how;

	memset(&how, 0, sizeof(how));
	how.flags = (uint64_t)(O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	return ((int)syscall(
	    SYS_openat2, r->files.pod_logs, path, &how, sizeof(how)));
}

static int
log_path(char path[static PATH_MAX], const struct reconciled *r,
    const Tripod__LogQuery *q, struct err *err)
{
	const struct pod *p = pods_find(&r->pods, q->uid);

	if (p == NULL)
		return (err_set(err, "there is no such pod"));
	if (!has_container(p, q->container))
		return (err_set(err, "the pod has no such container"));
	if (q->file[0] != '\0' && !is_log_name(q->file))
		return (err_set(err, "not the name of a log"));
	(void)snprintf(path, PATH_MAX, "%s_%s_%s/%s%s%s", p->namespace_,
	    p->name, p->uid, q->container, q->file[0] == '\0' ? "" : "/",
	    q->file); /* checked parts, far below PATH_MAX */
	return (0);
}

/*
 * Descriptors on their way count against us until they are taken, ours and
 * those of the whole user: who does not read gets no more.
 */
static int
has_read(const struct link *l)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);

	return (l->peer->ibuf.out_fds == 0 &&
	    getsockopt(l->peer->ibuf.fd, SOL_SOCKET, SO_MEMINFO, mem, &len) ==
		0 &&
	    mem[SK_MEMINFO_WMEM_ALLOC] <= UNREAD_MAX);
}

static int
send_log(struct link *l, const struct ipc_msg *m, int fd)
{
	Tripod__Opened answer = TRIPOD__OPENED__INIT;
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		(void)close(fd); /* only to be lent */
		fd = -1;
		answer.error = EINVAL;
	}
	return (peer_send(
	    l->peer, TRIPOD__MSG__MSG_OPENED, m->id, fd, &answer.base));
}

int
control_logs(void *ctx, struct ipc_msg *m)
{
	const Tripod__LogQuery *q = (const Tripod__LogQuery *)(void *)
					m->payload;
	Tripod__Opened answer = TRIPOD__OPENED__INIT;
	struct link *l = ctx;
	char path[PATH_MAX];
	struct err err;
	int fd;

	if (!has_read(l)) {
		log_warnx("control peer (pid %d): asks for logs and takes "
			  "none",
		    (int)l->peer->pid);
		return (-1);
	}
	if (log_path(path, l->r, q, &err) == -1)
		return (control_done(l, m, &err));
	fd = open_log(l->r, path, q->file[0] == '\0' ? O_DIRECTORY : 0);
	if (fd != -1 && q->file[0] == '\0')
		return (peer_send(
		    l->peer, TRIPOD__MSG__MSG_LOG_FOLDER, m->id, fd, NULL));
	if (fd != -1)
		return (send_log(l, m, fd));
	if (q->file[0] != '\0') {
		answer.error = (uint32_t)errno;
		return (peer_send(
		    l->peer, TRIPOD__MSG__MSG_OPENED, m->id, -1, &answer.base));
	}
	(void)(errno == ENOENT ? err_set(&err, "it has no log yet")
			       : err_sys(&err, "the logs of %s", q->container));
	return (control_done(l, m, &err));
}
