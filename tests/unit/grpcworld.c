#include "tests/unit/grpcworld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mtime.h"
#include "cri.pb-c.h"

#define WAIT_MS 10000

static const struct grpc_method version_method = {
	.path = PATH,
	.request = &runtime__v1__version_request__descriptor,
	.response = &runtime__v1__version_response__descriptor,
	.ns = "k8s.io",
	.max_message = 64 * 1024,
	.max_memory = 256 * 1024,
};

/* --- both sides' callbacks --- */

static void
on_request(
    void *ctx, struct h2server *server, const struct h2server_request *req)
{
	struct world *w = ctx;

	w->request = *req;
	w->nrequests++;
	if (!w->hold)
		h2server_answer(server, req->stream, &w->answer);
}

static void
on_up(void *ctx)
{
	struct world *w = ctx;

	assert_false(w->inside);
	w->up++;
}

static void
on_down(void *ctx, const char *reason)
{
	struct world *w = ctx;

	assert_false(w->inside);
	w->down++;
	(void)snprintf(w->reason, sizeof(w->reason), "%s", reason);
}

const struct grpc_callbacks world_callbacks = { on_up, on_down };

void
world_done(void *ctx, struct grpc_result *res)
{
	struct world *w = ctx;

	assert_false(w->inside);
	assert_true((res->response != NULL) ==
	    (res->code == GRPC_OK && res->arena != NULL));
	w->done++;
	w->call = NULL;
	w->code = res->code;
	w->uncertain = res->uncertain;
	(void)snprintf(w->message, sizeof(w->message), "%s", res->message);
	arena_free(w->arena);
	w->response = res->response;
	w->arena = res->arena;
	res->arena = NULL;
}

static void
on_message(void *ctx, const ProtobufCMessage *message)
{
	struct world *w = ctx;
	const void *p = message;
	const Runtime__V1__VersionResponse *r = p;

	assert_false(w->inside);
	assert_true(w->nmessages < MESSAGES_MAX);
	(void)snprintf(w->messages[w->nmessages++], sizeof(w->messages[0]),
	    "%s", r->version);
	if (w->cancel_in_message) {
		grpc_cancel(w->call);
		w->call = NULL;
	}
}

static const struct grpc_stream_callbacks stream_callbacks = {
	.on_message = on_message,
	.on_done = world_done,
};

static void
on_tick(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* --- steps --- */

void
world_await(struct world *w, const int *value, int n)
{
	struct mtime end = mtime_add(mtime_now(), WAIT_MS);

	while (*value < n) {
		if (mtime_cmp(mtime_now(), end) >= 0)
			fail_msg("nothing came in %d ms", WAIT_MS);
		assert_int_not_equal(event_base_loop(w->base, EVLOOP_ONCE), -1);
	}
}

void
world_settle(struct world *w)
{
	int i;

	for (i = 0; i < 50; i++)
		(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
}

void
world_begin_server(struct world *w)
{
	w->server = h2server_new(w->base, w->path, on_request, w);
}

void
world_call_version(struct world *w, int64_t deadline_ms)
{
	Runtime__V1__VersionRequest req = RUNTIME__V1__VERSION_REQUEST__INIT;
	char version[] = "0.1.0";

	req.version = version;
	w->inside = 1;
	w->call = grpc_unary(
	    w->grpc, &version_method, &req.base, deadline_ms, world_done, w);
	w->inside = 0;
	assert_non_null(w->call);
}

void
world_call_stream(struct world *w)
{
	Runtime__V1__VersionRequest req = RUNTIME__V1__VERSION_REQUEST__INIT;

	w->inside = 1;
	w->call = grpc_stream(
	    w->grpc, &version_method, &req.base, &stream_callbacks, w);
	w->inside = 0;
}

int
world_setup(void **state)
{
	static const struct timeval period = { 0, 20000 };
	struct world *w = xcalloc(1, sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/grpc.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/s", w->dir);
	w->base = event_base_new();
	w->tick = event_new(w->base, -1, EV_PERSIST, on_tick, NULL);
	assert_int_equal(event_add(w->tick, &period), 0);
	*state = w;
	return (0);
}

int
world_setup_up(void **state)
{
	struct world *w;

	(void)world_setup(state);
	w = *state;
	world_begin_server(w);
	w->grpc = grpc_new(w->base, w->path, &world_callbacks, w);
	assert_false(grpc_is_up(w->grpc));
	world_await(w, &w->up, 1);
	assert_true(grpc_is_up(w->grpc));
	return (0);
}

int
world_teardown(void **state)
{
	struct world *w = *state;

	grpc_free(w->grpc);
	h2server_free(w->server);
	event_free(w->tick);
	event_base_free(w->base);
	arena_free(w->arena);
	(void)rmdir(w->dir);
	free(w);
	return (0);
}

void
world_check_good(struct world *w)
{
	const void *p;
	const Runtime__V1__VersionResponse *r;

	w->hold = 0;
	w->answer = GOOD_ANSWER;
	w->done = 0;
	world_call_version(w, GRPC_NO_DEADLINE);
	world_await(w, &w->done, 1);
	assert_int_equal(w->code, GRPC_OK);
	p = w->response;
	r = p;
	assert_string_equal(r->version, "0.1.0");
}
