#include "tests/unit/h2server.h"

#include <errno.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "reconciled/grpcmsg.h"

#define BODY_MAX (16 * 1024 * 1024)
#define OUT_MAX (256 * 1024)

struct stream {
	LIST_ENTRY(stream) entry;
	struct h2server_request req;
	/* The answer's DATA. */
	uint8_t *out;
	size_t len, sent;
	int open;	 /* more will come */
	char status[16]; /* of the trailers; empty: none */
	char message[64];
	int rst;
	uint32_t rst_error;
};
LIST_HEAD(streams, stream);

struct h2server {
	struct event_base *base;
	h2server_handler handler;
	void *ctx;
	char path[H2SERVER_TEXT];
	int listener, fd;
	struct event *ev_accept, *ev_read, *ev_write;
	nghttp2_session *session;
	struct streams streams;
	size_t slice;
	uint8_t *out;
	size_t out_len;
	unsigned int connections;
	int64_t reset;
};

static void
wait_writable(struct h2server *s)
{
	log_assert(event_add(s->ev_write, NULL) == 0);
}

/* --- sending --- */

static void
on_writable(int fd, short what, void *arg)
{
	struct h2server *s = arg;
	const uint8_t *data;
	ssize_t n = 0;
	size_t len;

	(void)what;
	while (s->out_len < OUT_MAX / 2 &&
	    (n = nghttp2_session_mem_send(s->session, &data)) > 0) {
		memcpy(s->out + s->out_len, data, (size_t)n);
		s->out_len += (size_t)n;
	}
	log_assert(n >= 0);
	if (s->out_len == 0)
		return;
	len = s->out_len < s->slice ? s->out_len : s->slice;
	n = send(fd, s->out, len, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN) {
		h2server_drop(s);
		return;
	}
	if (n > 0) {
		memmove(s->out, s->out + n, s->out_len - (size_t)n);
		s->out_len -= (size_t)n;
	}
	wait_writable(s);
}

static nghttp2_nv
nv(const char *name, const char *value)
{
	return ((nghttp2_nv){
	    .name = (uint8_t *)(uintptr_t)name,
	    .value = (uint8_t *)(uintptr_t)value,
	    .namelen = strlen(name),
	    .valuelen = strlen(value),
	});
}

static void
finish(struct h2server *s, struct stream *st)
{
	nghttp2_nv trailers[] = { nv("grpc-status", st->status),
		nv("grpc-message", st->message) };

	if (st->rst)
		(void)nghttp2_submit_rst_stream(
		    s->session, 0, st->req.stream, st->rst_error);
	else if (st->status[0] != '\0')
		(void)nghttp2_submit_trailer(s->session, st->req.stream,
		    trailers, st->message[0] != '\0' ? 2 : 1);
}

static ssize_t
out_read(nghttp2_session *session, int32_t id, uint8_t *buf, size_t len,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct stream *st = source->ptr;

	(void)session;
	(void)id;
	if (len > st->len - st->sent)
		len = st->len - st->sent;
	if (len == 0 && st->open)
		return (NGHTTP2_ERR_DEFERRED);
	if (len > 0)
		memcpy(buf, st->out + st->sent, len);
	st->sent += len;
	if (st->sent == st->len && !st->open) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (st->status[0] != '\0' || st->rst)
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		finish(arg, st);
	}
	return ((ssize_t)len);
}

/* --- receiving --- */

static struct stream *
stream_of(struct h2server *s, int32_t id)
{
	struct stream *st;

	LIST_FOREACH (st, &s->streams, entry)
		if (st->req.stream == id)
			return (st);
	return (NULL);
}

static int
on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2server *s = arg;
	struct stream *st = xcalloc(1, sizeof(*st));

	(void)session;
	st->req.stream = frame->hd.stream_id;
	LIST_INSERT_HEAD(&s->streams, st, entry);
	return (0);
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *arg)
{
	struct h2server_request *r = &stream_of(arg, frame->hd.stream_id)->req;
	const struct {
		const char *name;
		char *to;
	} known[] = {
		{ ":method", r->method },
		{ ":path", r->path },
		{ ":authority", r->authority },
		{ "content-type", r->content_type },
		{ "te", r->te },
		{ "grpc-timeout", r->timeout },
		{ "containerd-namespace", r->ns },
	};
	size_t i;

	(void)session;
	(void)name_len;
	(void)value_len;
	(void)flags;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp((const char *)name, known[i].name) == 0)
			(void)snprintf(known[i].to, H2SERVER_TEXT, "%s",
			    (const char *)value);
	return (0);
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *data, size_t len, void *arg)
{
	struct h2server_request *r = &stream_of(arg, id)->req;

	(void)session;
	(void)flags;
	log_assert(r->len + len <= BODY_MAX);
	r->body = xreallocarray(r->body, r->len + len, 1);
	memcpy(r->body + r->len, data, len);
	r->len += len;
	return (0);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2server *s = arg;
	struct stream *st = stream_of(s, frame->hd.stream_id);

	(void)session;
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		s->reset = frame->rst_stream.error_code;
	if (st != NULL && frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
	    (frame->hd.type == NGHTTP2_DATA ||
		frame->hd.type == NGHTTP2_HEADERS))
		s->handler(s->ctx, s, &st->req);
	return (0);
}

static void
stream_free(struct stream *st)
{
	LIST_REMOVE(st, entry);
	free(st->req.body);
	free(st->out);
	free(st);
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
	struct stream *st = stream_of(arg, id);

	(void)session;
	(void)error;
	if (st != NULL)
		stream_free(st);
	return (0);
}

static void
on_readable(int fd, short what, void *arg)
{
	struct h2server *s = arg;
	uint8_t buf[16384];
	ssize_t n;

	(void)what;
	if ((n = recv(fd, buf, sizeof(buf), 0)) <= 0) {
		if (n == 0 || errno != EAGAIN)
			h2server_drop(s);
		return;
	}
	log_assert(nghttp2_session_mem_recv(s->session, buf, (size_t)n) == n);
	if (s->session != NULL)
		wait_writable(s);
}

/* --- connections --- */

static void
session_begin(struct h2server *s)
{
	nghttp2_session_callbacks *cb;

	log_assert(nghttp2_session_callbacks_new(&cb) == 0);
	nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	log_assert(nghttp2_session_server_new(&s->session, cb, s) == 0);
	nghttp2_session_callbacks_del(cb);
	log_assert(nghttp2_submit_settings(s->session, 0, NULL, 0) == 0);
}

static void
on_accept(int fd, short what, void *arg)
{
	struct h2server *s = arg;

	(void)what;
	if (s->fd != -1)
		return;
	s->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	log_assert(s->fd != -1);
	s->connections++;
	session_begin(s);
	s->ev_read = event_new(
	    s->base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
	s->ev_write = event_new(s->base, s->fd, EV_WRITE, on_writable, s);
	log_assert(event_add(s->ev_read, NULL) == 0);
	wait_writable(s);
}

void
h2server_drop(struct h2server *s)
{
	struct stream *st;

	if (s->fd == -1)
		return;
	nghttp2_session_del(s->session);
	s->session = NULL;
	while ((st = LIST_FIRST(&s->streams)) != NULL)
		stream_free(st);
	event_free(s->ev_read);
	event_free(s->ev_write);
	(void)close(s->fd);
	s->fd = -1;
	s->out_len = 0;
}

/* On a bound socket. */
static struct h2server *
server_start(
    struct event_base *base, int listener, h2server_handler handler, void *ctx)
{
	struct h2server *s = xcalloc(1, sizeof(*s));

	s->base = base;
	s->handler = handler;
	s->ctx = ctx;
	s->fd = -1;
	s->reset = -1;
	s->slice = OUT_MAX;
	s->out = xmalloc(OUT_MAX);
	LIST_INIT(&s->streams);
	s->listener = listener;
	log_assert(listen(s->listener, 8) == 0);
	s->ev_accept = event_new(
	    base, s->listener, EV_READ | EV_PERSIST, on_accept, s);
	log_assert(event_add(s->ev_accept, NULL) == 0);
	return (s);
}

struct h2server *
h2server_new(struct event_base *base, const char *path,
    h2server_handler handler, void *ctx)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct h2server *s;
	int fd;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	log_assert(bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	s = server_start(base, fd, handler, ctx);
	(void)snprintf(s->path, sizeof(s->path), "%s", path);
	return (s);
}

struct h2server *
h2server_new_tcp(struct event_base *base, struct sockaddr_in *addr,
    h2server_handler handler, void *ctx)
{
	socklen_t len = sizeof(*addr);
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	log_assert(bind(fd, (struct sockaddr *)addr, len) == 0);
	log_assert(getsockname(fd, (struct sockaddr *)addr, &len) == 0);
	return (server_start(base, fd, handler, ctx));
}

void
h2server_free(struct h2server *s)
{
	if (s == NULL)
		return;
	h2server_drop(s);
	event_free(s->ev_accept);
	(void)close(s->listener);
	if (s->path[0] != '\0')
		(void)unlink(s->path);
	free(s->out);
	free(s);
}

void
h2server_slice(struct h2server *s, size_t n)
{
	s->slice = n;
}

/* --- answers --- */

static void
append(struct stream *st, const uint8_t *data, size_t len)
{
	if (len == 0)
		return;
	st->out = xreallocarray(st->out, st->len + len, 1);
	memcpy(st->out + st->len, data, len);
	st->len += len;
}

static void
trailers_only(
    struct h2server *s, int32_t stream, const struct h2server_answer *a)
{
	nghttp2_nv h[] = { nv(":status", "200"),
		nv("content-type", "application/grpc"),
		nv("grpc-status", a->status),
		nv("grpc-message", a->message != NULL ? a->message : "") };

	log_assert(nghttp2_submit_response(s->session, stream, h,
		       a->message != NULL ? 4 : 3, NULL) == 0);
	wait_writable(s);
}

void
h2server_answer(
    struct h2server *s, int32_t stream, const struct h2server_answer *a)
{
	struct stream *st = stream_of(s, stream);
	nghttp2_data_provider source = { .source.ptr = st,
		.read_callback = out_read };
	nghttp2_nv h[] = { nv(":status", a->http != NULL ? a->http : "200"),
		nv("content-type",
		    a->content_type != NULL ? a->content_type
					    : "application/grpc") };

	if (a->trailers_only) {
		trailers_only(s, stream, a);
		return;
	}
	append(st, a->body, a->len);
	st->open = a->open;
	st->rst = a->rst;
	st->rst_error = a->rst_error;
	(void)snprintf(st->status, sizeof(st->status), "%s",
	    a->status != NULL ? a->status : "");
	(void)snprintf(st->message, sizeof(st->message), "%s",
	    a->message != NULL ? a->message : "");
	log_assert(
	    nghttp2_submit_response(s->session, stream, h, 2, &source) == 0);
	wait_writable(s);
}

void
h2server_message(
    struct h2server *s, int32_t stream, const ProtobufCMessage *message)
{
	struct h2server_answer a = { .status = "0" };
	uint8_t *body = grpcmsg_pack(message, &a.len);

	a.body = body;
	h2server_answer(s, stream, &a);
	free(body);
}

void
h2server_more(
    struct h2server *s, int32_t stream, const uint8_t *data, size_t len)
{
	append(stream_of(s, stream), data, len);
	/* Fails if it does not wait for more yet; that is as good. */
	(void)nghttp2_session_resume_data(s->session, stream);
	wait_writable(s);
}

void
h2server_end(struct h2server *s, int32_t stream, const char *status)
{
	struct stream *st = stream_of(s, stream);

	st->open = 0;
	(void)snprintf(st->status, sizeof(st->status), "%s", status);
	/* Fails if it does not wait for more yet; that is as good. */
	(void)nghttp2_session_resume_data(s->session, stream);
	wait_writable(s);
}

void
h2server_goaway(struct h2server *s, int32_t last, uint32_t error)
{
	log_assert(nghttp2_submit_goaway(s->session, 0, last, error,
		       (const uint8_t *)"bye", 3) == 0);
	wait_writable(s);
}

void
h2server_raw(struct h2server *s, const uint8_t *data, size_t len)
{
	log_assert(s->out_len + len <= OUT_MAX);
	memcpy(s->out + s->out_len, data, len);
	s->out_len += len;
	wait_writable(s);
}

int
h2server_connected(const struct h2server *s)
{
	return (s->fd != -1);
}

unsigned int
h2server_connections(const struct h2server *s)
{
	return (s->connections);
}

int64_t
h2server_reset(const struct h2server *s)
{
	return (s->reset);
}
