#include "reconciled/grpc.h"

#include <sys/queue.h>

#include "common/log.h"
#include "reconciled/grpcmsg.h"
#include "reconciled/h2.h"

#define REASON_MAX 160

/* A decoded message that waits for its callback. */
struct item {
	TAILQ_ENTRY(item) entry;
	ProtobufCMessage *message;
	struct arena *arena;
};
TAILQ_HEAD(item_queue, item);

struct grpc_call {
	TAILQ_ENTRY(grpc_call) entry; /* in grpc.open or grpc.ready */
	struct grpc *grpc;
	const struct grpc_method *method;
	grpc_done done;
	void (*on_message)(void *, const ProtobufCMessage *); /* streams */
	void *ctx;
	int32_t stream; /* -1: none (any more) */
	int ready;	/* which queue it is in */
	struct event *deadline;
	struct grpcmsg reader;
	struct item_queue items;
	size_t nitems; /* messages received */
	/* From the headers. */
	int http_ok, type_ok, have_status;
	enum grpc_code status;
	char *text; /* grpc-message */
	/* The end, once finished. */
	int finished;
	enum grpc_code code;
	const char *reason; /* a constant, or text */
	int uncertain;
};
TAILQ_HEAD(call_queue, grpc_call);

struct grpc {
	struct event_base *base;
	const struct grpc_callbacks *cb;
	void *ctx;
	struct h2 *h2;
	struct call_queue open;	 /* nothing to tell about them */
	struct call_queue ready; /* have messages or an end to deliver */
	struct event *deliver;
	struct grpc_call *current; /* whose callback is running */
	int up_pending, down_pending;
	char down_reason[REASON_MAX];
};

const char *
grpc_code_str(enum grpc_code code)
{
	static const char *const names[] = { "OK", "CANCELLED", "UNKNOWN",
		"INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
		"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
		"FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
		"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
		"UNAUTHENTICATED" };

	if ((size_t)code >= sizeof(names) / sizeof(names[0]))
		return ("UNKNOWN");
	return (names[code]);
}

/* --- calls --- */

/* Callbacks wait for the next turn of the loop, after pending input. */
static void
deliver_soon(struct grpc *g)
{
	static const struct timeval now = { 0, 0 };

	if (!evtimer_pending(g->deliver, NULL) &&
	    evtimer_add(g->deliver, &now) == -1)
		fatalx("grpc: cannot start a timer");
}

static void
call_unlink(struct grpc_call *c)
{
	if (c->ready)
		TAILQ_REMOVE(&c->grpc->ready, c, entry);
	else
		TAILQ_REMOVE(&c->grpc->open, c, entry);
}

static void
call_ready(struct grpc_call *c)
{
	if (!c->ready) {
		call_unlink(c);
		c->ready = 1;
		TAILQ_INSERT_TAIL(&c->grpc->ready, c, entry);
	}
	deliver_soon(c->grpc);
}

static void
item_free(struct item *item)
{
	arena_free(item->arena);
	free(item);
}

static void
call_free(struct grpc_call *c)
{
	struct item *item;

	while ((item = TAILQ_FIRST(&c->items)) != NULL) {
		TAILQ_REMOVE(&c->items, item, entry);
		item_free(item);
	}
	grpcmsg_release(&c->reader);
	if (c->deadline != NULL)
		event_free(c->deadline);
	free(c->text);
	free(c);
}

static void
call_finish(
    struct grpc_call *c, enum grpc_code code, const char *reason, int uncertain)
{
	if (c->finished)
		return;
	if (c->stream != -1)
		h2_reset(c->grpc->h2, c->stream);
	c->stream = -1;
	if (c->deadline != NULL)
		(void)evtimer_del(c->deadline); /* may be the one running */
	c->finished = 1;
	c->code = code;
	c->reason = reason;
	c->uncertain = uncertain;
	call_ready(c);
}

static struct grpc_call *
queue_find(struct call_queue *q, int32_t stream)
{
	struct grpc_call *c;

	TAILQ_FOREACH (c, q, entry)
		if (c->stream == stream)
			return (c);
	return (NULL);
}

static struct grpc_call *
call_find(struct grpc *g, int32_t stream)
{
	struct grpc_call *c = queue_find(&g->open, stream);

	return (c != NULL ? c : queue_find(&g->ready, stream));
}

/* --- what comes in --- */

static int
bytes_equal(struct h2_bytes b, const char *s)
{
	return (b.len == strlen(s) && memcmp(b.data, s, b.len) == 0);
}

static int
bytes_begin(struct h2_bytes b, const char *s)
{
	return (b.len >= strlen(s) && memcmp(b.data, s, strlen(s)) == 0);
}

static void
on_header(
    void *arg, int32_t stream, struct h2_bytes name, struct h2_bytes value)
{
	struct grpc_call *c = call_find(arg, stream);

	if (c == NULL)
		return;
	if (bytes_equal(name, ":status"))
		c->http_ok = bytes_equal(value, "200");
	else if (bytes_equal(name, "content-type"))
		c->type_ok = bytes_begin(value, "application/grpc");
	else if (bytes_equal(name, "grpc-status")) {
		c->have_status = 1;
		c->status = (enum grpc_code)grpcmsg_status(
		    value.data, value.len);
	} else if (bytes_equal(name, "grpc-message")) {
		free(c->text);
		c->text = grpcmsg_text(value.data, value.len);
	}
}

static void
call_message(struct grpc_call *c, struct grpcmsg_bytes msg)
{
	size_t max = c->method->max_memory;
	struct item *item = xcalloc(1, sizeof(*item));

	item->arena = arena_new(max != 0 ? max : GRPC_MEMORY_MAX);
	item->message = protobuf_c_message_unpack(
	    c->method->response, &item->arena->allocator, msg.len, msg.data);
	if (item->message == NULL) {
		item_free(item);
		call_finish(c, GRPC_INTERNAL,
		    "answer is malformed or takes too much memory", 1);
		return;
	}
	TAILQ_INSERT_TAIL(&c->items, item, entry);
	c->nitems++;
	if (c->on_message != NULL)
		call_ready(c);
	else if (c->nitems > 1)
		call_finish(c, GRPC_INTERNAL, "more than one answer", 1);
}

static void
on_data(void *arg, int32_t stream, struct h2_bytes data)
{
	struct grpc_call *c = call_find(arg, stream);
	struct grpcmsg_bytes in = { data.data, data.len }, msg;
	enum grpcmsg_next next;

	if (c == NULL)
		return;
	do {
		next = grpcmsg_next(&c->reader, &in, &msg);
		if (next == GRPCMSG_WHOLE)
			call_message(c, msg);
	} while (next == GRPCMSG_WHOLE && !c->finished);
	if (next == GRPCMSG_TOO_BIG)
		call_finish(c, GRPC_RESOURCE_EXHAUSTED, "answer is too big", 1);
	else if (next == GRPCMSG_COMPRESSED)
		call_finish(c, GRPC_INTERNAL, "answer is compressed", 1);
}

/* The server may have stopped half-way for one of these reasons. */
static int
code_uncertain(enum grpc_code code)
{
	return (code == GRPC_CANCELLED || code == GRPC_DEADLINE_EXCEEDED ||
	    code == GRPC_UNAVAILABLE);
}

static void
call_end_whole(struct grpc_call *c)
{
	const char *text = c->text != NULL ? c->text : "";

	if (c->have_status && c->status != GRPC_OK)
		call_finish(c, c->status, text, code_uncertain(c->status));
	else if (!c->http_ok)
		call_finish(c, GRPC_UNKNOWN, "HTTP status is not 200", 1);
	else if (!c->type_ok)
		call_finish(c, GRPC_UNKNOWN, "not a gRPC answer", 1);
	else if (!c->have_status)
		call_finish(c, GRPC_UNAVAILABLE, "answer has no status", 1);
	else if (!grpcmsg_empty(&c->reader))
		call_finish(c, GRPC_INTERNAL, "answer is cut off", 1);
	else if (c->on_message == NULL && c->nitems != 1)
		call_finish(c, GRPC_INTERNAL, "answer is missing", 1);
	else
		call_finish(c, GRPC_OK, text, 0);
}

static void
on_end(void *arg, int32_t stream, enum h2_end end)
{
	struct grpc_call *c = call_find(arg, stream);

	if (c == NULL)
		return;
	c->stream = -1;
	switch (end) {
	case H2_END_WHOLE:
		call_end_whole(c);
		break;
	case H2_END_REFUSED:
		call_finish(c, GRPC_UNAVAILABLE, "request was refused", 0);
		break;
	case H2_END_RESET:
		call_finish(c, GRPC_UNAVAILABLE, "request was cut off", 1);
		break;
	case H2_END_LOST:
		call_finish(c, GRPC_UNAVAILABLE, "connection lost", 1);
		break;
	}
}

static void
on_up(void *arg)
{
	struct grpc *g = arg;

	g->up_pending = 1;
	deliver_soon(g);
}

static void
queue_end_streams(struct call_queue *q)
{
	struct grpc_call *c, *next;

	for (c = TAILQ_FIRST(q); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->on_message != NULL)
			call_finish(c, GRPC_UNAVAILABLE, "connection lost", 1);
	}
}

/*
 * After a GOAWAY unary calls may go on; streams would keep the connection
 * open for ever.
 */
static void
on_down(void *arg, const char *reason)
{
	struct grpc *g = arg;

	g->up_pending = 0;
	g->down_pending = 1;
	(void)snprintf(g->down_reason, sizeof(g->down_reason), "%s",
	    reason); /* may be cut */
	queue_end_streams(&g->open);
	queue_end_streams(&g->ready);
	deliver_soon(g);
}

static const struct h2_callbacks h2_cb = {
	.on_up = on_up,
	.on_down = on_down,
	.on_header = on_header,
	.on_data = on_data,
	.on_end = on_end,
};

/* --- what goes out to the callers --- */

static void
call_deliver_end(struct grpc_call *c)
{
	struct grpc_result res = {
		.code = c->code,
		.message = c->reason,
		.uncertain = c->uncertain,
	};
	struct item *item = TAILQ_FIRST(&c->items);

	call_unlink(c);
	if (item != NULL && c->code == GRPC_OK) {
		res.response = item->message;
		res.arena = item->arena;
		item->arena = NULL;
	}
	c->done(c->ctx, &res);
	arena_free(res.arena);
	call_free(c);
}

/* The callback may cancel its own call: current is NULL afterwards. */
static void
call_deliver(struct grpc *g, struct grpc_call *c)
{
	struct item *item;

	g->current = c;
	while (g->current != NULL && c->on_message != NULL &&
	    (item = TAILQ_FIRST(&c->items)) != NULL) {
		TAILQ_REMOVE(&c->items, item, entry);
		c->on_message(c->ctx, item->message);
		item_free(item);
	}
	if (g->current == NULL)
		return;
	g->current = NULL;
	if (c->finished) {
		call_deliver_end(c);
		return;
	}
	call_unlink(c);
	c->ready = 0;
	TAILQ_INSERT_TAIL(&g->open, c, entry);
}

/*
 * Delivers what was ready when it began; what the callbacks add has to
 * wait for the next turn, so that input is never starved.
 */
static void
on_deliver(int fd, short what, void *arg)
{
	struct grpc *g = arg;
	struct grpc_call *c;
	size_t n = 0;

	(void)fd;
	(void)what;
	TAILQ_FOREACH (c, &g->ready, entry)
		n++;
	if (g->down_pending) {
		g->down_pending = 0;
		g->cb->on_down(g->ctx, g->down_reason);
	}
	if (g->up_pending) {
		g->up_pending = 0;
		g->cb->on_up(g->ctx);
	}
	while (n-- > 0 && (c = TAILQ_FIRST(&g->ready)) != NULL)
		call_deliver(g, c);
	if (!TAILQ_EMPTY(&g->ready))
		deliver_soon(g);
}

/* --- interface --- */

static struct grpc *
grpc_alloc(struct event_base *base, const struct grpc_callbacks *cb, void *ctx)
{
	struct grpc *g = xcalloc(1, sizeof(*g));

	g->base = base;
	g->cb = cb;
	g->ctx = ctx;
	TAILQ_INIT(&g->open);
	TAILQ_INIT(&g->ready);
	if ((g->deliver = evtimer_new(base, on_deliver, g)) == NULL)
		fatalx("grpc: cannot make a timer");
	return (g);
}

struct grpc *
grpc_new(struct event_base *base, const char *path,
    const struct grpc_callbacks *cb, void *ctx)
{
	struct grpc *g = grpc_alloc(base, cb, ctx);

	if ((g->h2 = h2_new(base, path, &h2_cb, g)) == NULL) {
		event_free(g->deliver);
		free(g);
		return (NULL);
	}
	return (g);
}

struct grpc *
grpc_new_fd(
    struct event_base *base, int fd, const struct grpc_callbacks *cb, void *ctx)
{
	struct grpc *g = grpc_alloc(base, cb, ctx);

	g->h2 = h2_new_fd(base, fd, &h2_cb, g);
	return (g);
}

static void
queue_free(struct call_queue *q)
{
	struct grpc_call *c;

	while ((c = TAILQ_FIRST(q)) != NULL) {
		TAILQ_REMOVE(q, c, entry);
		call_free(c);
	}
}

void
grpc_free(struct grpc *g)
{
	if (g == NULL)
		return;
	queue_free(&g->open);
	queue_free(&g->ready);
	h2_free(g->h2);
	event_free(g->deliver);
	free(g);
}

int
grpc_is_up(const struct grpc *g)
{
	return (h2_is_up(g->h2) && !g->up_pending);
}

static void
on_deadline(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	call_finish(arg, GRPC_DEADLINE_EXCEEDED, "deadline exceeded", 1);
}

static void
call_start_deadline(struct grpc_call *c, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };

	c->deadline = evtimer_new(c->grpc->base, on_deadline, c);
	if (c->deadline == NULL || evtimer_add(c->deadline, &tv) == -1)
		fatalx("grpc: cannot start a timer");
}

/* Sends the request; the order of the headers follows the gRPC text. */
static int32_t
call_send(
    struct grpc_call *c, const ProtobufCMessage *request, int64_t deadline_ms)
{
	char timeout[GRPCMSG_TIMEOUT_MAX];
	struct h2_header h[10] = {
		{ ":method", "POST" },
		{ ":scheme", "http" },
		{ ":path", c->method->path },
		{ ":authority", "localhost" },
		{ "content-type", "application/grpc" },
		{ "te", "trailers" },
		{ "user-agent", "tripod/" VERSION },
	};
	size_t n = 7, len;
	uint8_t *body;

	if (deadline_ms >= 0) {
		grpcmsg_timeout(timeout, deadline_ms);
		h[n++] = (struct h2_header){ "grpc-timeout", timeout };
	}
	if (c->method->ns != NULL)
		h[n++] = (struct h2_header){ "containerd-namespace",
			c->method->ns };
	body = grpcmsg_pack(request, &len);
	return (h2_request(c->grpc->h2, h, n, body, len));
}

static struct grpc_call *
call_start(
    struct grpc_call *c, const ProtobufCMessage *request, int64_t deadline_ms)
{
	size_t max = c->method->max_message;

	log_assert(request->descriptor == c->method->request);
	TAILQ_INIT(&c->items);
	grpcmsg_init(&c->reader, max != 0 ? max : GRPC_MESSAGE_MAX);
	TAILQ_INSERT_TAIL(&c->grpc->open, c, entry);
	c->stream = call_send(c, request, deadline_ms);
	if (c->stream == -1)
		call_finish(c, GRPC_UNAVAILABLE, "not connected", 0);
	else if (deadline_ms >= 0)
		call_start_deadline(c, deadline_ms);
	return (c);
}

struct grpc_call *
grpc_unary(struct grpc *g, const struct grpc_method *method,
    const ProtobufCMessage *request, int64_t deadline_ms, grpc_done done,
    void *ctx)
{
	struct grpc_call *c = xcalloc(1, sizeof(*c));

	c->grpc = g;
	c->method = method;
	c->done = done;
	c->ctx = ctx;
	return (call_start(c, request, deadline_ms));
}

struct grpc_call *
grpc_stream(struct grpc *g, const struct grpc_method *method,
    const ProtobufCMessage *request, const struct grpc_stream_callbacks *cb,
    void *ctx)
{
	struct grpc_call *c = xcalloc(1, sizeof(*c));

	c->grpc = g;
	c->method = method;
	c->done = cb->on_done;
	c->on_message = cb->on_message;
	c->ctx = ctx;
	return (call_start(c, request, GRPC_NO_DEADLINE));
}

void
grpc_cancel(struct grpc_call *c)
{
	struct grpc *g = c->grpc;

	if (g->current == c)
		g->current = NULL;
	if (c->stream != -1)
		h2_reset(g->h2, c->stream);
	call_unlink(c);
	call_free(c);
}
