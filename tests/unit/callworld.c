#include "tests/unit/callworld.h"

#include <string.h>

#include "common/log.h"
#include "common/mtime.h"

#define PATIENCE_MS 20000

static void
on_result(void *ctx, uint32_t id, const Tripod__ProbeResult *res)
{
	struct callworld *w = ctx;

	w->results++;
	w->id = id;
	w->outcome = res->outcome;
	(void)snprintf(w->message, sizeof(w->message), "%s", res->message);
}

void
callworld_init(struct callworld *w)
{
	memset(w, 0, sizeof(*w));
	w->base = event_base_new();
	log_assert(w->base != NULL);
	w->calls = calls_new(w->base, on_result, w);
}

void
callworld_release(struct callworld *w)
{
	calls_free(w->calls);
	event_base_free(w->base);
}

void
callhandler_init(
    struct callhandler *h, Tripod__Handler__ActionCase kind, int port)
{
	static char path[] = "/";

	tripod__handler__init(&h->handler);
	tripod__http_get__init(&h->http);
	tripod__tcp_socket__init(&h->tcp);
	tripod__grpc__init(&h->grpc);
	h->http.path = path;
	h->http.port = h->tcp.port = h->grpc.port = port;
	h->handler.action_case = kind;
	switch (kind) {
	case TRIPOD__HANDLER__ACTION_HTTP_GET:
		h->handler.http_get = &h->http;
		break;
	case TRIPOD__HANDLER__ACTION_TCP_SOCKET:
		h->handler.tcp_socket = &h->tcp;
		break;
	default:
		h->handler.grpc = &h->grpc;
	}
}

/* As it would arrive: packed, and unpacked into an arena of its own. */
void
callworld_start(struct callworld *w, uint32_t id, Tripod__Handler *handler,
    int64_t timeout_ms, int hook)
{
	Tripod__ProbeRequest req = TRIPOD__PROBE_REQUEST__INIT, *copy;
	struct arena *arena = arena_new(1024 * 1024);
	char address[] = "127.0.0.1";
	uint8_t *buf;
	size_t len;

	req.handler = handler;
	req.address = address;
	req.timeout_ms = timeout_ms;
	req.hook = hook;
	len = tripod__probe_request__get_packed_size(&req);
	buf = xmalloc(len);
	(void)tripod__probe_request__pack(&req, buf);
	copy = tripod__probe_request__unpack(&arena->allocator, len, buf);
	free(buf);
	log_assert(copy != NULL);
	calls_start(w->calls, id, arena, copy);
}

void
callworld_await(struct callworld *w, unsigned int results)
{
	struct mtime end = mtime_add(mtime_now(), PATIENCE_MS);
	const struct timeval tick = { 1, 0 };

	while (w->results < results) {
		log_assert(mtime_cmp(mtime_now(), end) < 0);
		(void)event_base_loopexit(w->base, &tick);
		(void)event_base_loop(w->base, EVLOOP_ONCE);
	}
}

void
callworld_try(
    struct callworld *w, Tripod__Handler *handler, int64_t timeout_ms, int hook)
{
	callworld_start(w, CALLWORLD_ID, handler, timeout_ms, hook);
	callworld_await(w, w->results + 1);
}
