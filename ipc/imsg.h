/*
 * Framing after imsg(3): messages with a fixed header over a stream
 * socket, at most one descriptor with each, bounded in both directions.
 *
 * The header is 16 bytes in host byte order: type, length (header
 * included), id (ties an answer to its question; 0 otherwise) and the
 * sender's pid (for log lines only, never trusted).
 */
#ifndef IMSG_H
#define IMSG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#define IMSG_HEADER_SIZE 16
#define IMSG_READ_MAX 65535 /* bytes taken from the socket at once */
#define IMSG_FD_MAX 16	    /* received descriptors nobody asked for yet */

struct imsg_hdr {
	uint32_t type;
	uint32_t len; /* of header and payload */
	uint32_t id;
	uint32_t pid;
};

/* A received message; the payload belongs to the imsgbuf it came from. */
struct imsg {
	struct imsg_hdr hdr;
	const uint8_t *data; /* payload */
	size_t len;	     /* of the payload */
	int fd;		     /* -1: none; see imsg_get_fd() */
};

/* What one channel may hold. */
struct imsg_limits {
	size_t message; /* largest frame, header included */
	size_t high;	/* queued output above which reading stops */
	size_t low;	/* queued output below which it starts again */
	size_t hard;	/* queued output that drops the peer */
};

struct imsg_out;
TAILQ_HEAD(imsg_queue, imsg_out);

struct imsgbuf {
	int fd;
	struct imsg_limits limits;
	uint8_t *in; /* received bytes */
	size_t in_len, in_size, in_pos;
	int fds[IMSG_FD_MAX]; /* received descriptors, oldest first */
	size_t nfds;
	struct imsg_queue out;
	size_t queued;	/* bytes in out */
	size_t out_fds; /* descriptors in out */
};

/* Takes the descriptor (non-blocking, close-on-exec).  Allocates little. */
void imsgbuf_init(struct imsgbuf *, int fd, const struct imsg_limits *);
/* Closes the socket and every descriptor in it; frees the queues. */
void imsgbuf_release(struct imsgbuf *);

/*
 * Reads what is there, once.  1: something came; 0: end of file; -1:
 * errno (EAGAIN: nothing now; EBADMSG: a descriptor too many or control
 * data cut off; the peer must be dropped).
 */
int imsgbuf_read(struct imsgbuf *);
/*
 * Takes the next whole message.  1: m is set, valid until the next call
 * of imsgbuf_read(); its descriptor, unless taken, is closed by
 * imsg_release().  0: none yet.  -1: errno EBADMSG (length out of
 * range) or EMSGSIZE; the peer must be dropped.
 */
int imsg_get(struct imsgbuf *, struct imsg *);
/* Hands the descriptor over to the caller; -1 if there is none. */
int imsg_get_fd(struct imsg *);
/* Closes a descriptor nobody took. */
void imsg_release(struct imsg *);

/*
 * Queues a message.  Takes fd (or -1) in every case, copies the data.
 * -1 with errno EMSGSIZE or ENOBUFS (hard limit): the peer must be
 * dropped.
 */
int imsg_compose(
    struct imsgbuf *, uint32_t type, uint32_t id, int fd, const void *, size_t);
/*
 * As imsg_compose for a payload that is written in place: returns room
 * for len bytes or NULL; the caller fills it before anything else
 * happens to the buffer.
 */
void *imsg_reserve(
    struct imsgbuf *, uint32_t type, uint32_t id, int fd, size_t len);
/*
 * Writes as much as the socket takes.  1: the queue is empty; 0: more to
 * do; -1: errno (EPIPE, ECONNRESET ...).
 */
int imsgbuf_write(struct imsgbuf *);

#endif
