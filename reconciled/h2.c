#include "reconciled/h2.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

#define READ_SIZE (64 * 1024)
#define SEND_SIZE (64 * 1024)
#define SEND_ROOM (16384 + 9) /* one frame of the default size */
#define STREAM_WINDOW (4 * 1024 * 1024)
#define CONNECTION_WINDOW (16 * 1024 * 1024)
#define REASON_MAX 160

/* A request under way.  nghttp2 carries a pointer to it by stream id. */
struct h2_stream {
	TAILQ_ENTRY(h2_stream) entry;
	int32_t id;
	uint8_t *body;
	size_t len, sent;
	int ended; /* END_STREAM was received */
};

TAILQ_HEAD(h2_streams, h2_stream);

enum h2_state {
	H2_WAITING, /* for the next attempt, if there is one */
	H2_OPENING, /* connected, no SETTINGS yet */
	H2_UP,
	H2_DRAINING /* no new streams; closed when the last one ends */
};

struct h2 {
	struct event_base *base;
	const struct h2_callbacks *cb;
	void *ctx;
	struct sockaddr_un addr; /* sun_path empty: no second attempt */
	enum h2_state state;
	int64_t backoff_ms;
	int fd;
	struct event *ev_read, *ev_write;
	struct event *timer; /* what for depends on the state */
	nghttp2_session *session;
	struct h2_streams streams;
	uint8_t *in;  /* READ_SIZE bytes */
	uint8_t *out; /* SEND_SIZE bytes, out_len of them waiting */
	size_t out_len;
};

static void h2_connect(struct h2 *);

static void
timer_start(struct h2 *h, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };

	if (evtimer_add(h->timer, &tv) == -1)
		fatalx("h2: cannot start a timer");
}

static void
stream_free(struct h2 *h, struct h2_stream *s)
{
	TAILQ_REMOVE(&h->streams, s, entry);
	free(s->body);
	free(s);
}

static struct h2_stream *
stream_find(struct h2 *h, int32_t id)
{
	struct h2_stream *s;

	TAILQ_FOREACH (s, &h->streams, entry)
		if (s->id == id)
			return (s);
	return (NULL);
}

/* Forgets the connection; streams and callbacks are the caller's matter. */
static void
h2_close(struct h2 *h)
{
	nghttp2_session_del(h->session);
	h->session = NULL;
	if (h->ev_read != NULL)
		event_free(h->ev_read);
	if (h->ev_write != NULL)
		event_free(h->ev_write);
	h->ev_read = h->ev_write = NULL;
	if (h->fd != -1)
		(void)close(h->fd); /* nothing to be done about it */
	h->fd = -1;
	h->out_len = 0;
	(void)evtimer_del(h->timer); /* may not be pending */
}

static void
h2_retry_later(struct h2 *h)
{
	h->state = H2_WAITING;
	if (h->addr.sun_path[0] == '\0')
		return;
	timer_start(h, h->backoff_ms);
	h->backoff_ms *= 2;
	if (h->backoff_ms > H2_BACKOFF_MAX_MS)
		h->backoff_ms = H2_BACKOFF_MAX_MS;
}

/* The connection is of no more use: tell, end all streams, try again. */
static void
h2_lost(struct h2 *h, const char *reason)
{
	enum h2_state old = h->state;
	struct h2_stream *s;
	char copy[REASON_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", reason); /* may be cut */
	h2_close(h);
	h2_retry_later(h);
	if (old != H2_DRAINING)
		h->cb->on_down(h->ctx, copy);
	while ((s = TAILQ_FIRST(&h->streams)) != NULL) {
		int32_t id = s->id;

		stream_free(h, s);
		h->cb->on_end(h->ctx, id, H2_END_LOST);
	}
}

static void
h2_drain(struct h2 *h, const char *reason)
{
	if (h->state != H2_UP)
		return;
	h->state = H2_DRAINING;
	timer_start(h, H2_DRAIN_MS);
	h->cb->on_down(h->ctx, reason);
}

/* Moves frames from the session to the output buffer. */
static int
h2_fill(struct h2 *h)
{
	const uint8_t *data;
	ssize_t n;

	while (h->out_len + SEND_ROOM <= SEND_SIZE) {
		n = nghttp2_session_mem_send(h->session, &data);
		if (n < 0)
			return ((int)n);
		if (n == 0)
			break;
		/* We never ask for frames above the default size. */
		log_assert((size_t)n <= SEND_SIZE - h->out_len);
		memcpy(h->out + h->out_len, data, (size_t)n);
		h->out_len += (size_t)n;
	}
	return (0);
}

static void
h2_wait_writable(struct h2 *h)
{
	if (event_add(h->ev_write, NULL) == -1)
		fatalx("h2: cannot wait for the socket");
}

/* Sends what there is, then closes if a drained connection is empty. */
static void
h2_flush(struct h2 *h)
{
	ssize_t n;
	int rc;

	for (;;) {
		if ((rc = h2_fill(h)) < 0) {
			h2_lost(h, nghttp2_strerror(rc));
			return;
		}
		if (h->out_len == 0)
			break;
		n = send(h->fd, h->out, h->out_len, MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			h2_wait_writable(h);
			return;
		}
		if (n == -1) {
			h2_lost(h, strerror(errno));
			return;
		}
		memmove(h->out, h->out + n, h->out_len - (size_t)n);
		h->out_len -= (size_t)n;
	}
	/* Out of stream ids: only a new connection has some. */
	if (nghttp2_session_get_next_stream_id(h->session) > INT32_MAX)
		h2_drain(h, "all stream ids are used up");
	if (h->state == H2_DRAINING && TAILQ_EMPTY(&h->streams))
		h2_lost(h, "drained");
	else if (!nghttp2_session_want_read(h->session) &&
	    !nghttp2_session_want_write(h->session))
		h2_lost(h, "HTTP/2 protocol error");
}

static void
on_writable(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	h2_flush(arg);
}

static void
on_readable(int fd, short what, void *arg)
{
	struct h2 *h = arg;
	ssize_t n;

	(void)what;
	n = recv(fd, h->in, READ_SIZE, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		h2_lost(h, n == 0 ? "connection closed" : strerror(errno));
		return;
	}
	n = nghttp2_session_mem_recv(h->session, h->in, (size_t)n);
	if (n < 0) {
		h2_lost(h, nghttp2_strerror((int)n));
		return;
	}
	h2_flush(h);
}

static void
on_timer(int fd, short what, void *arg)
{
	struct h2 *h = arg;

	(void)fd;
	(void)what;
	switch (h->state) {
	case H2_WAITING:
		h2_connect(h);
		break;
	case H2_OPENING:
		h2_lost(h, "no HTTP/2 settings from the server");
		break;
	case H2_DRAINING:
		h2_lost(h, "calls did not end after GOAWAY");
		break;
	case H2_UP:
		break;
	}
}

/* --- nghttp2's callbacks --- */

static ssize_t
body_read(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);

	(void)source;
	(void)arg;
	if (s == NULL)
		return (NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);
	if (len > s->len - s->sent)
		len = s->len - s->sent;
	memcpy(buf, s->body + s->sent, len);
	s->sent += len;
	if (s->sent == s->len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return ((ssize_t)len);
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s;

	(void)flags;
	s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (s == NULL)
		return (0);
	h->backoff_ms = H2_BACKOFF_MIN_MS; /* it is really working */
	h->cb->on_header(h->ctx, s->id, (struct h2_bytes){ name, name_len },
	    (struct h2_bytes){ value, value_len });
	return (0);
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *data, size_t len, void *arg)
{
	struct h2 *h = arg;

	(void)flags;
	if (nghttp2_session_get_stream_user_data(session, id) != NULL)
		h->cb->on_data(h->ctx, id, (struct h2_bytes){ data, len });
	return (0);
}

static void
on_goaway(struct h2 *h, const nghttp2_goaway *goaway)
{
	size_t len = goaway->opaque_data_len;
	char reason[REASON_MAX];

	if (len > sizeof(reason))
		len = sizeof(reason);
	(void)snprintf(reason, sizeof(reason), "GOAWAY %s %.*s",
	    nghttp2_http2_strerror(goaway->error_code), (int)len,
	    len > 0 ? (const char *)goaway->opaque_data : ""); /* may be cut */
	h2_drain(h, reason);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s;

	switch (frame->hd.type) {
	case NGHTTP2_SETTINGS:
		if (h->state != H2_OPENING)
			break;
		h->state = H2_UP;
		(void)evtimer_del(h->timer); /* was pending */
		h->cb->on_up(h->ctx);
		break;
	case NGHTTP2_GOAWAY:
		on_goaway(h, &frame->goaway);
		break;
	case NGHTTP2_HEADERS:
	case NGHTTP2_DATA:
		s = nghttp2_session_get_stream_user_data(
		    session, frame->hd.stream_id);
		if (s != NULL && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
			s->ended = 1;
		break;
	}
	return (0);
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
	struct h2 *h = arg;
	struct h2_stream *s = stream_find(h, id);
	enum h2_end end = H2_END_RESET;

	(void)session;
	if (s == NULL)
		return (0);
	if (s->ended)
		end = H2_END_WHOLE;
	else if (error == NGHTTP2_REFUSED_STREAM)
		end = H2_END_REFUSED;
	stream_free(h, s);
	h->cb->on_end(h->ctx, id, end);
	return (0);
}

/* --- connecting --- */

static const nghttp2_settings_entry h2_settings[] = {
	{ NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0 },
	{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
	{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
};

/* Only lack of memory and programming errors can make these fail. */
static void
must(int rc)
{
	if (rc != 0)
		fatalx("nghttp2: %s", nghttp2_strerror(rc));
}

static nghttp2_session *
session_new(struct h2 *h)
{
	nghttp2_session_callbacks *cb;
	nghttp2_option *option;
	nghttp2_session *session;

	must(nghttp2_session_callbacks_new(&cb));
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(
	    cb, on_stream_close);
	must(nghttp2_option_new(&option));
	/* Nothing in a request is worth a shared compression state. */
	nghttp2_option_set_max_deflate_dynamic_table_size(option, 0);
	must(nghttp2_session_client_new2(&session, cb, h, option));
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(cb);
	must(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, h2_settings,
	    sizeof(h2_settings) / sizeof(h2_settings[0])));
	must(nghttp2_session_set_local_window_size(
	    session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW));
	return (session);
}

/* Takes a connected, non-blocking socket. */
static void
h2_open(struct h2 *h, int fd)
{
	h->fd = fd;
	h->state = H2_OPENING;
	h->session = session_new(h);
	h->ev_read = event_new(
	    h->base, fd, EV_READ | EV_PERSIST, on_readable, h);
	h->ev_write = event_new(h->base, fd, EV_WRITE, on_writable, h);
	if (h->ev_read == NULL || h->ev_write == NULL ||
	    event_add(h->ev_read, NULL) == -1)
		fatalx("h2: cannot watch the socket");
	h2_wait_writable(h);
	timer_start(h, H2_OPEN_MS);
}

/*
 * connect(2) to a Unix socket never stays in progress: with a full
 * backlog it fails with EAGAIN.
 */
static void
h2_connect(struct h2 *h)
{
	int fd, saved;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&h->addr, sizeof(h->addr)) ==
		0) {
		h2_open(h, fd);
		return;
	}
	saved = errno;
	if (fd != -1)
		(void)close(fd); /* never connected */
	h2_retry_later(h);
	h->cb->on_down(h->ctx, strerror(saved));
}

static struct h2 *
h2_alloc(struct event_base *base, const struct h2_callbacks *cb, void *ctx)
{
	struct h2 *h = xcalloc(1, sizeof(*h));

	h->base = base;
	h->cb = cb;
	h->ctx = ctx;
	h->fd = -1;
	h->backoff_ms = H2_BACKOFF_MIN_MS;
	h->addr.sun_family = AF_UNIX;
	h->in = xmalloc(READ_SIZE);
	h->out = xmalloc(SEND_SIZE);
	TAILQ_INIT(&h->streams);
	if ((h->timer = evtimer_new(base, on_timer, h)) == NULL)
		fatalx("h2: cannot make a timer");
	return (h);
}

struct h2 *
h2_new(struct event_base *base, const char *path, const struct h2_callbacks *cb,
    void *ctx)
{
	struct h2 *h;
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(h->addr.sun_path)) {
		errno = ENAMETOOLONG;
		return (NULL);
	}
	h = h2_alloc(base, cb, ctx);
	memcpy(h->addr.sun_path, path, len + 1);
	/* From the loop, so that no callback comes from within this call. */
	timer_start(h, 0);
	return (h);
}

struct h2 *
h2_new_fd(
    struct event_base *base, int fd, const struct h2_callbacks *cb, void *ctx)
{
	struct h2 *h = h2_alloc(base, cb, ctx);

	if (evutil_make_socket_nonblocking(fd) == -1)
		fatalx("h2: not a socket");
	h2_open(h, fd);
	return (h);
}

void
h2_free(struct h2 *h)
{
	struct h2_stream *s;

	if (h == NULL)
		return;
	h2_close(h);
	while ((s = TAILQ_FIRST(&h->streams)) != NULL)
		stream_free(h, s);
	event_free(h->timer);
	free(h->in);
	free(h->out);
	free(h);
}

int
h2_is_up(const struct h2 *h)
{
	return (h->state == H2_UP);
}

/* --- requests --- */

#define HEADERS_MAX 16

int32_t
h2_request(struct h2 *h, const struct h2_header *headers, size_t n,
    uint8_t *body, size_t body_len)
{
	nghttp2_nv nv[HEADERS_MAX];
	nghttp2_data_provider body_source = { .read_callback = body_read };
	struct h2_stream *s;
	size_t i;

	log_assert(n <= HEADERS_MAX);
	if (h->state != H2_UP) {
		free(body);
		return (-1);
	}
	for (i = 0; i < n; i++)
		nv[i] = (nghttp2_nv){
			.name = (uint8_t *)(uintptr_t)headers[i].name,
			.namelen = strlen(headers[i].name),
			.value = (uint8_t *)(uintptr_t)headers[i].value,
			.valuelen = strlen(headers[i].value),
			.flags = NGHTTP2_NV_FLAG_NO_INDEX,
		};
	s = xcalloc(1, sizeof(*s));
	s->body = body;
	s->len = body_len;
	TAILQ_INSERT_TAIL(&h->streams, s, entry);
	s->id = nghttp2_submit_request(
	    h->session, NULL, nv, n, &body_source, s);
	h2_wait_writable(h);
	if (s->id < 0) {
		stream_free(h, s);
		return (-1);
	}
	return (s->id);
}

void
h2_reset(struct h2 *h, int32_t id)
{
	struct h2_stream *s = stream_find(h, id);

	if (s == NULL)
		return;
	stream_free(h, s);
	if (h->session == NULL)
		return;
	/* Fails if nghttp2 has closed it already; nothing is lost then. */
	(void)nghttp2_session_set_stream_user_data(h->session, id, NULL);
	must(nghttp2_submit_rst_stream(
	    h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL));
	h2_wait_writable(h);
}
