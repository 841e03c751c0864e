#include "ipc/peer.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

#define CONNECT_WAIT_MIN_MS 50
#define CONNECT_WAIT_MAX_MS 2000
#define LISTEN_BACKLOG 16
#define VERSION_TEXT_MAX 64

const struct imsg_limits ipc_limits = {
	.message = IPC_MANIFEST_MAX + IMSG_HEADER_SIZE,
	.high = 1024 * 1024,
	.low = 256 * 1024,
	.hard = 64 * 1024 * 1024,
};

static void peer_on_read(evutil_socket_t, short, void *);
static void peer_on_write(evutil_socket_t, short, void *);

struct peer *
peer_new(struct event_base *base, int fd, const struct ipc_table *table,
    const struct peer_callbacks *cb, void *ctx)
{
	struct ucred cred;
	struct peer *p;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1) {
		int saved = errno;

		(void)close(fd); /* taken, even on failure */
		errno = saved;
		return (NULL);
	}
	p = xcalloc(1, sizeof(*p));
	imsgbuf_init(&p->ibuf, fd, &ipc_limits);
	p->table = table;
	p->cb = cb;
	p->ctx = ctx;
	p->phase = PHASE_NEW;
	p->heard = mtime_now();
	p->uid = cred.uid;
	p->gid = cred.gid;
	p->pid = cred.pid;
	p->reading = 1;
	p->ev_read = event_new(base, fd, EV_READ | EV_PERSIST, peer_on_read, p);
	p->ev_write = event_new(base, fd, EV_WRITE, peer_on_write, p);
	if (p->ev_read == NULL || p->ev_write == NULL ||
	    event_add(p->ev_read, NULL) == -1)
		fatalx("event_new");
	return (p);
}

void
peer_free(struct peer *p)
{
	if (p == NULL)
		return;
	event_free(p->ev_read);
	event_free(p->ev_write);
	imsgbuf_release(&p->ibuf);
	free(p);
}

void
peer_drop(struct peer *p, const char *fmt, ...)
{
	va_list ap;

	if (p->dropping)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(p->gone.text, sizeof(p->gone.text), fmt, ap);
	va_end(ap);
	p->dropping = 1;
	(void)event_del(p->ev_read); /* cannot fail for a live event */
	event_active(p->ev_write, EV_WRITE, 0);
}

int
peer_congested(const struct peer *p)
{
	/* A peer that only asks for descriptors must not use them all up. */
	return (p->ibuf.queued > p->ibuf.limits.high ||
	    p->ibuf.out_fds > IMSG_FD_MAX);
}

int
peer_send(struct peer *p, uint32_t type, uint32_t id, int fd,
    const ProtobufCMessage *payload)
{
	size_t len = 0;
	void *room;

	if (payload != NULL)
		len = protobuf_c_message_get_packed_size(payload);
	if (p->dropping) {
		if (fd != -1)
			(void)close(fd); /* taken */
		return (-1);
	}
	room = imsg_reserve(&p->ibuf, type, id, fd, len);
	if (room == NULL) {
		peer_drop(p, "sending %s of %zu bytes: %s", ipc_type_str(type),
		    len, strerror(errno));
		return (-1);
	}
	if (payload != NULL)
		(void)protobuf_c_message_pack(payload, room);
	if (event_add(p->ev_write, NULL) == -1)
		fatalx("event_add");
	return (0);
}

/* Handles every whole message that has arrived, unless told to stop. */
static void
peer_dispatch(struct peer *p)
{
	struct err err;
	struct imsg m;
	int rc = 0;

	while (
	    !p->dropping && p->reading && (rc = imsg_get(&p->ibuf, &m)) == 1) {
		if (ipc_dispatch(p->table, p->phase, &m, p->ctx, &err) == -1)
			peer_drop(p, "%s", err.text);
		if (peer_congested(p)) {
			p->reading = 0;
			(void)event_del(p->ev_read); /* back in on_write */
		}
	}
	if (rc == -1)
		peer_drop(p, "%s channel: bad frame: %s", p->table->name,
		    strerror(errno));
}

static void
peer_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd;
	(void)what;
	switch (imsgbuf_read(&p->ibuf)) {
	case 1:
		p->heard = mtime_now();
		peer_dispatch(p);
		break;
	case 0:
		peer_drop(p, "%s", "");
		break;
	default:
		if (errno == EAGAIN)
			peer_dispatch(p); /* what a stop left over */
		else
			peer_drop(p, "%s channel: %s", p->table->name,
			    strerror(errno));
	}
}

/* The queue has shrunk: reading may go on, the sender may refill it. */
static void
peer_drained(struct peer *p)
{
	if (p->ibuf.queued >= p->ibuf.limits.low ||
	    p->ibuf.out_fds > IMSG_FD_MAX / 2)
		return;
	if (!p->reading) {
		p->reading = 1;
		if (event_add(p->ev_read, NULL) == -1)
			fatalx("event_add");
		event_active(p->ev_read, EV_READ, 0);
	}
	if (p->cb->on_drained != NULL)
		p->cb->on_drained(p, p->ctx);
}

static void
peer_on_write(evutil_socket_t fd, short what, void *arg)
{
	struct peer *p = arg;

	(void)fd;
	(void)what;
	if (p->dropping) {
		p->cb->on_gone(p, &p->gone, p->ctx);
		return;
	}
	switch (imsgbuf_write(&p->ibuf)) {
	case 1:
		break;
	case 0:
		if (event_add(p->ev_write, NULL) == -1)
			fatalx("event_add");
		break;
	default:
		peer_drop(p, "%s channel: %s", p->table->name, strerror(errno));
		return;
	}
	peer_drained(p);
}

static int
address_fill(struct sockaddr_un *sun, const char *path, struct err *err)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun->sun_path))
		return (err_set(err, "%s: longer than %zu bytes", path,
		    sizeof(sun->sun_path) - 1));
	memcpy(sun->sun_path, path, strlen(path));
	return (0);
}

int
ipc_listen(const char *path, gid_t gid, mode_t mode, struct err *err)
{
	struct sockaddr_un sun;
	mode_t old;
	int fd, rc;

	if (address_fill(&sun, path, err) == -1)
		return (-1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return (err_sys(err, "socket"));
	if (unlink(path) == -1 && errno != ENOENT) {
		(void)err_sys(err, "%s", path);
		goto fail;
	}
	old = umask(0177);
	rc = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	(void)umask(old); /* cannot fail */
	if (rc == -1 || chown(path, (uid_t)-1, gid) == -1 ||
	    chmod(path, mode) == -1 || listen(fd, LISTEN_BACKLOG) == -1) {
		(void)err_sys(err, "%s", path);
		goto fail;
	}
	return (fd);
fail:
	(void)close(fd); /* it never listened */
	return (-1);
}

/* One try: a descriptor, or -1 with errno. */
static int
connect_try(const struct sockaddr_un *sun)
{
	int fd, flags, saved;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return (-1);
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 &&
	    (flags = fcntl(fd, F_GETFL)) != -1 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)
		return (fd);
	saved = errno;
	(void)close(fd); /* it never connected */
	errno = saved;
	return (-1);
}

int
ipc_connect_once(const char *path, struct err *err)
{
	struct sockaddr_un sun;
	int fd;

	if (address_fill(&sun, path, err) == -1)
		return (-1);
	if ((fd = connect_try(&sun)) == -1)
		return (err_sys(err, "%s", path));
	return (fd);
}

/* One try in the name of an identity; fatal if root cannot come back. */
static int
connect_as(const struct sockaddr_un *sun, const struct identity *id)
{
	int fd, saved;

	if (geteuid() != 0)
		return (connect_try(sun));
	if (setegid(id->gid) == -1 || seteuid(id->uid) == -1)
		fatal("cannot connect as uid %u", (unsigned int)id->uid);
	fd = connect_try(sun);
	saved = errno;
	if (seteuid(0) == -1 || setegid(0) == -1)
		fatal("seteuid");
	errno = saved;
	return (fd);
}

int
ipc_connect(const char *path, const struct identity *id, struct err *err)
{
	struct sockaddr_un sun;
	struct timespec ts;
	long ms = CONNECT_WAIT_MIN_MS;
	int fd, waited = 0;

	if (address_fill(&sun, path, err) == -1)
		return (-1);
	while ((fd = connect_as(&sun, id)) == -1) {
		if (errno != ENOENT && errno != ECONNREFUSED &&
		    errno != EAGAIN && errno != EINTR)
			return (err_sys(err, "%s", path));
		if (!waited++)
			log_info("waiting for %s", path);
		ts.tv_sec = ms / 1000;
		ts.tv_nsec = ms % 1000 * 1000000;
		(void)nanosleep(&ts, NULL); /* cut short: tried sooner */
		if ((ms *= 2) > CONNECT_WAIT_MAX_MS)
			ms = CONNECT_WAIT_MAX_MS;
	}
	return (fd);
}

int
peer_hello(struct peer *p, const char *role)
{
	Tripod__Hello hello = TRIPOD__HELLO__INIT;
	char buf[VERSION_TEXT_MAX], name[VERSION_TEXT_MAX];

	(void)snprintf(name, sizeof(name), "%s", role);	 /* fits */
	(void)snprintf(buf, sizeof(buf), "%s", VERSION); /* fits */
	hello.protocol = TRIPOD_PROTOCOL;
	hello.role = name;
	hello.version = buf;
	return (peer_send(p, TRIPOD__MSG__MSG_HELLO, 0, -1, &hello.base));
}

static int
versions_check(uint32_t protocol, const char *version, struct err *err)
{
	if (protocol != TRIPOD_PROTOCOL)
		return (err_set(err, "speaks protocol %u, this is %u", protocol,
		    TRIPOD_PROTOCOL));
	if (version[0] == '\0' || strlen(version) >= VERSION_TEXT_MAX)
		return (err_set(err, "names no version"));
	return (0);
}

int
hello_check(const Tripod__Hello *h, const char *role, struct err *err)
{
	if (strcmp(h->role, role) != 0)
		return (err_set(
		    err, "says it is \"%.32s\", not %s", h->role, role));
	return (versions_check(h->protocol, h->version, err));
}

int
welcome_check(const Tripod__Welcome *w, struct err *err)
{
	return (versions_check(w->protocol, w->version, err));
}
