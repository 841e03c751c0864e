#include "ipc/imsg.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"

/* A mark in the length of a header: a descriptor travels with it. */
#define IMSG_FD_MARK 0x80000000U

#define IMSG_IN_START (16 * 1024) /* first size of the input buffer */
#define IMSG_IOV_MAX 64		  /* frames written with one call */

struct imsg_out {
	TAILQ_ENTRY(imsg_out) entry;
	int fd;	     /* -1 when there is none, or it is sent */
	size_t len;  /* of header and payload */
	size_t sent; /* bytes of it that are gone */
	uint8_t data[];
};

void
imsgbuf_init(struct imsgbuf *b, int fd, const struct imsg_limits *limits)
{
	memset(b, 0, sizeof(*b));
	b->fd = fd;
	b->limits = *limits;
	TAILQ_INIT(&b->out);
}

static void
out_free(struct imsgbuf *b, struct imsg_out *o)
{
	TAILQ_REMOVE(&b->out, o, entry);
	b->queued -= o->len;
	if (o->fd != -1) {
		(void)close(o->fd); /* only a reference of ours */
		b->out_fds--;
	}
	free(o);
}

void
imsgbuf_release(struct imsgbuf *b)
{
	struct imsg_out *o;
	size_t i;

	while ((o = TAILQ_FIRST(&b->out)) != NULL)
		out_free(b, o);
	for (i = 0; i < b->nfds; i++)
		(void)close(b->fds[i]); /* nobody wanted it */
	b->nfds = 0;
	free(b->in);
	b->in = NULL;
	b->in_len = b->in_size = b->in_pos = 0;
	if (b->fd != -1)
		(void)close(b->fd); /* nothing to be done about errors */
	b->fd = -1;
}

/* Moves what is unread to the front and makes room for one frame more. */
static void
in_make_room(struct imsgbuf *b)
{
	struct imsg_hdr hdr;
	size_t need = IMSG_IN_START;

	if (b->in_pos > 0) {
		memmove(b->in, b->in + b->in_pos, b->in_len - b->in_pos);
		b->in_len -= b->in_pos;
		b->in_pos = 0;
	}
	if (b->in_len >= IMSG_HEADER_SIZE) {
		memcpy(&hdr, b->in, sizeof(hdr));
		need = hdr.len & ~IMSG_FD_MARK;
	}
	/* imsg_get() need not have judged this length yet. */
	if (need > b->limits.message)
		need = b->limits.message;
	if (need < IMSG_IN_START)
		need = IMSG_IN_START;
	if (b->in_size < need) {
		b->in = xreallocarray(b->in, need, 1);
		b->in_size = need;
	}
}

/* Stores received descriptors; -1 and errno when there are too many. */
static int
in_take_fds(struct imsgbuf *b, struct msghdr *msg)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd, rc = 0;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (n == 1 && b->nfds < IMSG_FD_MAX) {
				b->fds[b->nfds++] = fd;
			} else {
				(void)close(fd); /* one too many */
				rc = -1;
			}
		}
	}
	if (msg->msg_flags & MSG_CTRUNC)
		rc = -1;
	if (rc == -1)
		errno = EBADMSG;
	return (rc);
}

int
imsgbuf_read(struct imsgbuf *b)
{
	union {
		struct cmsghdr align;
		uint8_t buf[CMSG_SPACE(sizeof(int) * 4)];
	} control;
	struct msghdr msg;
	struct iovec iov;
	ssize_t n;

	in_make_room(b);
	iov.iov_base = b->in + b->in_len;
	iov.iov_len = b->in_size - b->in_len;
	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.buf;
	msg.msg_controllen = sizeof(control.buf);

	do
		n = recvmsg(b->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return (-1);
	if (in_take_fds(b, &msg) == -1)
		return (-1);
	if (n == 0)
		return (0);
	b->in_len += (size_t)n;
	return (1);
}

/* Hands out the oldest received descriptor. */
static int
in_next_fd(struct imsgbuf *b)
{
	int fd;

	if (b->nfds == 0)
		return (-1);
	fd = b->fds[0];
	b->nfds--;
	memmove(b->fds, b->fds + 1, b->nfds * sizeof(b->fds[0]));
	return (fd);
}

int
imsg_get(struct imsgbuf *b, struct imsg *m)
{
	struct imsg_hdr hdr;
	size_t have = b->in_len - b->in_pos;
	int marked;

	if (have < IMSG_HEADER_SIZE)
		return (0);
	memcpy(&hdr, b->in + b->in_pos, sizeof(hdr));
	marked = (hdr.len & IMSG_FD_MARK) != 0;
	hdr.len &= ~IMSG_FD_MARK;
	if (hdr.len < IMSG_HEADER_SIZE) {
		errno = EBADMSG;
		return (-1);
	}
	if (hdr.len > b->limits.message) {
		errno = EMSGSIZE;
		return (-1);
	}
	if (have < hdr.len)
		return (0);

	m->fd = -1;
	if (marked && (m->fd = in_next_fd(b)) == -1) {
		errno = EBADMSG;
		return (-1);
	}
	m->hdr = hdr;
	m->data = b->in + b->in_pos + IMSG_HEADER_SIZE;
	m->len = hdr.len - IMSG_HEADER_SIZE;
	b->in_pos += hdr.len;
	return (1);
}

int
imsg_get_fd(struct imsg *m)
{
	int fd = m->fd;

	m->fd = -1;
	return (fd);
}

void
imsg_release(struct imsg *m)
{
	if (m->fd != -1)
		(void)close(m->fd); /* nobody wanted it */
	m->fd = -1;
}

void *
imsg_reserve(struct imsgbuf *b, uint32_t type, uint32_t id, int fd, size_t len)
{
	struct imsg_hdr hdr;
	struct imsg_out *o;
	size_t total = IMSG_HEADER_SIZE + len;

	if (len > b->limits.message - IMSG_HEADER_SIZE) {
		errno = EMSGSIZE;
		goto refuse;
	}
	if (b->queued + total > b->limits.hard) {
		errno = ENOBUFS;
		goto refuse;
	}
	hdr.type = type;
	hdr.len = (uint32_t)total | (fd != -1 ? IMSG_FD_MARK : 0);
	hdr.id = id;
	hdr.pid = (uint32_t)getpid();

	o = xmalloc(sizeof(*o) + total);
	o->fd = fd;
	o->len = total;
	o->sent = 0;
	memcpy(o->data, &hdr, sizeof(hdr));
	TAILQ_INSERT_TAIL(&b->out, o, entry);
	b->queued += total;
	b->out_fds += fd != -1;
	return (o->data + IMSG_HEADER_SIZE);

refuse:
	if (fd != -1) {
		int saved = errno;

		(void)close(fd); /* taken, even when refused */
		errno = saved;
	}
	return (NULL);
}

int
imsg_compose(struct imsgbuf *b, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	void *room;

	if ((room = imsg_reserve(b, type, id, fd, len)) == NULL)
		return (-1);
	if (len > 0)
		memcpy(room, data, len);
	return (0);
}

/*
 * Collects frames for one sendmsg(2).  A descriptor arrives with the
 * first byte of a call, so a frame that carries one always leads.
 */
static int
out_collect(const struct imsgbuf *b, struct iovec *iov)
{
	struct imsg_out *o;
	int n = 0;

	TAILQ_FOREACH (o, &b->out, entry) {
		if (n == IMSG_IOV_MAX || (n > 0 && o->fd != -1))
			break;
		iov[n].iov_base = o->data + o->sent;
		iov[n].iov_len = o->len - o->sent;
		n++;
	}
	return (n);
}

/* Accounts for bytes the socket took. */
static void
out_sent(struct imsgbuf *b, size_t n)
{
	struct imsg_out *o;
	size_t left;

	while (n > 0 && (o = TAILQ_FIRST(&b->out)) != NULL) {
		if (o->fd != -1) {
			(void)close(o->fd); /* the kernel holds its own */
			o->fd = -1;
			b->out_fds--;
		}
		left = o->len - o->sent;
		if (n < left) {
			o->sent += n;
			return;
		}
		n -= left;
		out_free(b, o);
	}
}

static ssize_t
out_send(struct imsgbuf *b)
{
	union {
		struct cmsghdr align;
		uint8_t buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov[IMSG_IOV_MAX];
	struct imsg_out *first = TAILQ_FIRST(&b->out);
	struct msghdr msg;
	struct cmsghdr *c;
	ssize_t n;

	memset(&msg, 0, sizeof(msg));
	msg.msg_iov = iov;
	msg.msg_iovlen = (size_t)out_collect(b, iov);
	if (first->fd != -1) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &first->fd, sizeof(int));
	}
	do
		n = sendmsg(b->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return (n);
}

int
imsgbuf_write(struct imsgbuf *b)
{
	ssize_t n;

	while (!TAILQ_EMPTY(&b->out)) {
		if ((n = out_send(b)) == -1) {
			if (errno == EAGAIN || errno == ENOBUFS)
				return (0);
			return (-1);
		}
		out_sent(b, (size_t)n);
	}
	return (1);
}
