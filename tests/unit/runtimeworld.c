#include "tests/unit/runtimeworld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mtime.h"
#include "reconciled/grpcmsg.h"

#define WAIT_MS 10000

/* --- the runtime --- */

static void
refuse(struct h2server *s, int32_t stream, const char *status)
{
	const struct h2server_answer a = {
		.trailers_only = 1, .status = status, .message = "what?"
	};

	h2server_answer(s, stream, &a);
}

static void
answer_version(struct runtimeworld *w, int32_t stream)
{
	Runtime__V1__VersionResponse r = RUNTIME__V1__VERSION_RESPONSE__INIT;
	char version[] = "0.1.0", v1[] = "v1", number[] = "9.9";

	r.version = version;
	r.runtime_api_version = v1;
	r.runtime_version = number;
	if (!w->no_version)
		r.runtime_name = (char *)(uintptr_t)w->runtime_name;
	h2server_message(w->server, stream, &r.base);
}

static void
answer_status(struct runtimeworld *w, int32_t stream)
{
	char runtime[] = "RuntimeReady", network[] = "NetworkReady";
	char why[] = "no CNI", key[] = "config";
	char json[] = "{\"options\":{\"SystemdCgroup\":false}}";
	Runtime__V1__RuntimeCondition a = RUNTIME__V1__RUNTIME_CONDITION__INIT;
	Runtime__V1__RuntimeCondition b = a, *conditions[] = { &a, &b };
	Runtime__V1__RuntimeStatus status = RUNTIME__V1__RUNTIME_STATUS__INIT;
	Runtime__V1__StatusResponse__InfoEntry entry =
	    RUNTIME__V1__STATUS_RESPONSE__INFO_ENTRY__INIT;
	Runtime__V1__StatusResponse__InfoEntry *entries[] = { &entry };
	Runtime__V1__StatusResponse r = RUNTIME__V1__STATUS_RESPONSE__INIT;

	a.type = runtime;
	a.status = 1;
	b.type = network;
	b.status = !w->no_network;
	b.message = why;
	status.n_conditions = w->no_conditions ? 1 : 2;
	status.conditions = conditions;
	r.status = &status;
	entry.key = key;
	entry.value = json;
	r.n_info = 1;
	r.info = entries;
	h2server_message(w->server, stream, &r.base);
}

static void
answer_runtime_config(struct runtimeworld *w, int32_t stream)
{
	Runtime__V1__LinuxRuntimeConfiguration linux_config =
	    RUNTIME__V1__LINUX_RUNTIME_CONFIGURATION__INIT;
	Runtime__V1__RuntimeConfigResponse r =
	    RUNTIME__V1__RUNTIME_CONFIG_RESPONSE__INIT;

	if (w->no_runtime_config) {
		refuse(w->server, stream, "12");
		return;
	}
	r.linux = &linux_config;
	h2server_message(w->server, stream, &r.base);
}

static void
answer_stream(struct runtimeworld *w, int32_t stream, enum stream_mode mode)
{
	static const struct h2server_answer open = { .open = 1 };
	static const struct h2server_answer end = { .status = "0" };

	w->streams++;
	w->stream = stream;
	switch (mode) {
	case STREAM_UNIMPLEMENTED:
		refuse(w->server, stream, "12");
		break;
	case STREAM_OPEN:
		h2server_answer(w->server, stream, &open);
		break;
	case STREAM_ENDS:
		h2server_answer(w->server, stream, &end);
		break;
	}
}

static void
on_request(void *ctx, struct h2server *s, const struct h2server_request *req)
{
	struct runtimeworld *w = ctx;
	static const struct h2server_answer empty = {
		.body = (const uint8_t *)"\0\0\0\0",
		.len = GRPCMSG_PREFIX,
		.status = "0",
	};
	const char *name = strrchr(req->path, '/') + 1;

	if (strcmp(name, "Version") == 0)
		answer_version(w, req->stream);
	else if (strcmp(name, "Status") == 0)
		answer_status(w, req->stream);
	else if (strcmp(name, "RuntimeConfig") == 0)
		answer_runtime_config(w, req->stream);
	else if (strcmp(name, "ImageFsInfo") == 0 && w->no_image_service)
		refuse(s, req->stream, "12");
	else if (strcmp(name, "GetContainerEvents") == 0)
		answer_stream(w, req->stream, w->cri_events);
	else if (strcmp(name, "Subscribe") == 0) {
		assert_string_equal(req->ns, "k8s.io");
		answer_stream(w, req->stream, w->containerd_events);
	} else if (strncmp(name, "Stop", 4) == 0 ||
	    strcmp(name, "ContainerStatus") == 0)
		refuse(s, req->stream, "5");
	else
		h2server_answer(s, req->stream, &empty);
}

/* --- the client --- */

static void
on_state(void *ctx, const struct cri_info *info)
{
	struct runtimeworld *w = ctx;

	(void)info;
	if (w->events != NULL)
		events_update(w->events);
}

static void
on_hint(void *ctx, const struct hint *hint)
{
	struct runtimeworld *w = ctx;
	struct seen_hint *seen;

	assert_true(w->nhints < HINTS_MAX);
	seen = &w->hints[w->nhints++];
	seen->kind = hint->kind;
	(void)snprintf(seen->id, sizeof(seen->id), "%s", hint->id);
	seen->pid = hint->pid;
	seen->exit_status = hint->exit_status;
	seen->exited_ns = hint->exited_ns;
}

static void
on_resync(void *ctx, enum events_source source)
{
	struct runtimeworld *w = ctx;

	w->resyncs++;
	w->source = source;
}

static const struct events_callbacks events_cb = {
	.on_hint = on_hint,
	.on_resync = on_resync,
};

static void
on_done(void *ctx, struct cri_result *res)
{
	struct runtimeworld *w = ctx;

	w->done = 1;
	w->code = res->code;
	w->uncertain = res->uncertain;
	w->had_response = res->response != NULL;
}

static void
on_tick(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* --- interface --- */

int
runtimeworld_setup(void **state)
{
	static const struct timeval period = { 0, 20000 };
	struct runtimeworld *w = xcalloc(1, sizeof(*w));

	w->runtime_name = "containerd";
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/cri.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(w->path, sizeof(w->path), "%s/s", w->dir);
	w->base = event_base_new();
	w->tick = event_new(w->base, -1, EV_PERSIST, on_tick, NULL);
	assert_int_equal(event_add(w->tick, &period), 0);
	w->server = h2server_new(w->base, w->path, on_request, w);
	*state = w;
	return (0);
}

int
runtimeworld_teardown(void **state)
{
	struct runtimeworld *w = *state;

	events_free(w->events);
	cri_free(w->cri);
	h2server_free(w->server);
	event_free(w->tick);
	event_base_free(w->base);
	(void)rmdir(w->dir);
	free(w);
	return (0);
}

void
runtimeworld_begin(struct runtimeworld *w)
{
	w->cri = cri_new(w->base, w->path, on_state, w);
	assert_non_null(w->cri);
}

void
runtimeworld_begin_events(struct runtimeworld *w)
{
	runtimeworld_begin(w);
	w->events = events_new(w->base, w->cri, &events_cb, w);
}

static void
turn(struct runtimeworld *w, struct mtime end)
{
	if (mtime_cmp(mtime_now(), end) >= 0)
		fail_msg("nothing came in %d ms; %s", WAIT_MS,
		    cri_info(w->cri)->reason);
	assert_int_not_equal(event_base_loop(w->base, EVLOOP_ONCE), -1);
}

void
runtimeworld_await(struct runtimeworld *w, const int *value, int n)
{
	struct mtime end = mtime_add(mtime_now(), WAIT_MS);

	while (*value < n)
		turn(w, end);
}

void
runtimeworld_await_state(struct runtimeworld *w, enum cri_state state)
{
	struct mtime end = mtime_add(mtime_now(), WAIT_MS);

	while (cri_info(w->cri)->state != state)
		turn(w, end);
}

void
runtimeworld_await_reason(struct runtimeworld *w, const char *reason)
{
	struct mtime end = mtime_add(mtime_now(), WAIT_MS);

	while (strcmp(cri_info(w->cri)->reason, reason) != 0)
		turn(w, end);
}

void
runtimeworld_call(
    struct runtimeworld *w, enum cri_method method, const ProtobufCMessage *req)
{
	w->done = 0;
	(void)cri_call(w->cri, method, req, on_done, w);
	runtimeworld_await(w, &w->done, 1);
}

void
runtimeworld_event(struct runtimeworld *w, const ProtobufCMessage *message)
{
	size_t len;
	uint8_t *bytes = grpcmsg_pack(message, &len);

	h2server_more(w->server, w->stream, bytes, len);
	free(bytes);
}
