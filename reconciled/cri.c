#include "reconciled/cri.h"

#include <sys/queue.h>

#include "common/log.h"
#include "common/mtime.h"
#include "reconciled/criinfo.h"
#include "reconciled/crimethod.h"

#define INTERFACE_VERSION "0.1.0" /* of Version, since the beginning */
#define HANDSHAKE_MS 10000	  /* for each of its calls */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 3000
#define STATUS_PERIOD_MS 5000
#define STATUS_UNREADY_MS 1000 /* while something waits for a change */
#define STATUS_STALE_MS 30000

struct cri_call {
	LIST_ENTRY(cri_call) entry;
	struct cri *cri;
	enum cri_method method;
	struct grpc_call *grpc;
	void (*on_message)(void *, const ProtobufCMessage *);
	cri_done done;
	void *ctx;
};
LIST_HEAD(cri_calls, cri_call);

struct cri {
	struct event_base *base;
	struct grpc *grpc;
	cri_on_state on_state;
	void *ctx;
	struct cri_info info;
	struct cri_calls calls;
	struct cri_call *own; /* of the handshake or the Status watch */
	struct event *timer;  /* for its next call */
	int64_t retry_ms;
	struct mtime status_time; /* of the last good Status */
};

static void handshake_start(struct cri *);
static void status_poll(struct cri *);

static void
timer_start(struct cri *cri, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000 };

	if (evtimer_add(cri->timer, &tv) == -1)
		fatalx("cri: cannot start a timer");
}

/* --- calls --- */

static void
call_free(struct cri_call *call)
{
	LIST_REMOVE(call, entry);
	free(call);
}

/* A stop that finds nothing to stop has reached its goal. */
static void
result_accept_absence(struct cri_result *res, const struct cri_method_desc *m)
{
	ProtobufCMessage *empty;

	res->arena = arena_new(m->grpc.response->sizeof_message + 64);
	empty = arena_alloc(res->arena, m->grpc.response->sizeof_message);
	log_assert(empty != NULL);
	protobuf_c_message_init(m->grpc.response, empty);
	res->response = empty;
	res->code = GRPC_OK;
}

static void
result_check(struct cri_result *res, const struct cri_method_desc *m)
{
	const char *missing;

	if (res->code == GRPC_NOT_FOUND && m->absence_is_success) {
		result_accept_absence(res, m);
		return;
	}
	if (res->code != GRPC_OK || m->missing == NULL)
		return;
	if ((missing = m->missing(res->response)) == NULL)
		return;
	res->code = GRPC_INTERNAL;
	res->message = missing;
	res->uncertain = 1;
	res->response = NULL;
}

static void
on_grpc_done(void *arg, struct grpc_result *gr)
{
	struct cri_call *call = arg, copy = *call;
	struct cri_result res = {
		.method = call->method,
		.code = gr->code,
		.message = gr->message,
		.uncertain = gr->uncertain,
		.response = gr->response,
		.arena = gr->arena,
	};

	gr->arena = NULL;
	call_free(call);
	if (copy.on_message == NULL)
		result_check(&res, cri_method_desc(res.method));
	copy.done(copy.ctx, &res);
	arena_free(res.arena);
}

static void
on_grpc_message(void *arg, const ProtobufCMessage *message)
{
	struct cri_call *call = arg;

	call->on_message(call->ctx, message);
}

static const struct grpc_stream_callbacks stream_cb = {
	.on_message = on_grpc_message,
	.on_done = on_grpc_done,
};

static struct cri_call *
call_new(struct cri *cri, enum cri_method method, cri_done done, void *ctx)
{
	struct cri_call *call = xcalloc(1, sizeof(*call));

	call->cri = cri;
	call->method = method;
	call->done = done;
	call->ctx = ctx;
	LIST_INSERT_HEAD(&cri->calls, call, entry);
	return (call);
}

struct cri_call *
cri_call_deadline(struct cri *cri, enum cri_method method,
    const ProtobufCMessage *request, int64_t deadline_ms, cri_done done,
    void *ctx)
{
	const struct cri_method_desc *m = cri_method_desc(method);
	struct cri_call *call = call_new(cri, method, done, ctx);

	if (deadline_ms == CRI_DEADLINE_DEFAULT)
		deadline_ms = m->deadline(request);
	call->grpc = grpc_unary(
	    cri->grpc, &m->grpc, request, deadline_ms, on_grpc_done, call);
	return (call);
}

struct cri_call *
cri_call(struct cri *cri, enum cri_method method,
    const ProtobufCMessage *request, cri_done done, void *ctx)
{
	return (cri_call_deadline(
	    cri, method, request, CRI_DEADLINE_DEFAULT, done, ctx));
}

struct cri_call *
cri_stream(struct cri *cri, enum cri_method method,
    const ProtobufCMessage *request,
    void (*on_message)(void *, const ProtobufCMessage *), cri_done done,
    void *ctx)
{
	struct cri_call *call = call_new(cri, method, done, ctx);

	call->on_message = on_message;
	call->grpc = grpc_stream(cri->grpc, &cri_method_desc(method)->grpc,
	    request, &stream_cb, call);
	return (call);
}

void
cri_cancel(struct cri_call *call)
{
	if (call == NULL)
		return;
	grpc_cancel(call->grpc);
	call_free(call);
}

/* --- state --- */

static void
state_notify(struct cri *cri)
{
	cri->on_state(cri->ctx, &cri->info);
}

/* Stops what this module does by itself. */
static void
own_stop(struct cri *cri)
{
	cri_cancel(cri->own);
	cri->own = NULL;
	(void)evtimer_del(cri->timer); /* may not be pending */
}

static void
status_later(struct cri *cri)
{
	timer_start(cri,
	    cri->info.runtime_ready && cri->info.network_ready
		? STATUS_PERIOD_MS
		: STATUS_UNREADY_MS);
}

static void
handshake_failed(struct cri *cri, const char *step, const char *why)
{
	char *reason;

	(void)xasprintf(&reason, "%s: %s", step, why); /* never fails */
	timer_start(cri, cri->retry_ms);
	cri->retry_ms *= 2;
	if (cri->retry_ms > RETRY_MAX_MS)
		cri->retry_ms = RETRY_MAX_MS;
	if (strcmp(reason, cri->info.reason) != 0) {
		log_warnx("runtime handshake failed: %s", reason);
		criinfo_text(&cri->info.reason, reason);
		state_notify(cri);
	}
	free(reason);
}

static void
handshake_done(struct cri *cri)
{
	struct cri_info *info = &cri->info;

	info->state = CRI_UP;
	cri->retry_ms = RETRY_MIN_MS;
	log_info("runtime up name=%s version=%s cgroup_driver=%s ready=%d "
		 "network_ready=%d",
	    info->runtime_name, info->runtime_version,
	    criinfo_driver_str(info->cgroup_driver), info->runtime_ready,
	    info->network_ready);
	status_later(cri);
	state_notify(cri);
}

/* --- Status --- */

static int
cri_take_status(struct cri *cri, const Runtime__V1__StatusResponse *r)
{
	if (criinfo_status(&cri->info, r) == -1)
		return (-1);
	cri->status_time = mtime_now();
	return (0);
}

static void
on_status_polled(void *arg, struct cri_result *res)
{
	struct cri *cri = arg;
	struct cri_info *info = &cri->info;
	int runtime_ready = info->runtime_ready;
	int network_ready = info->network_ready;

	cri->own = NULL;
	if ((res->code != GRPC_OK ||
		cri_take_status(cri, res->response) == -1) &&
	    info->runtime_ready &&
	    mtime_diff(mtime_now(), cri->status_time) >= STATUS_STALE_MS) {
		info->runtime_ready = info->network_ready = 0;
		criinfo_text(
		    &info->reason, "the runtime does not tell its status");
	}
	status_later(cri);
	if (runtime_ready == info->runtime_ready &&
	    network_ready == info->network_ready)
		return;
	if (info->runtime_ready && info->network_ready)
		log_info("runtime ready");
	else
		log_warnx("%s", info->reason);
	state_notify(cri);
}

static void
status_poll(struct cri *cri)
{
	Runtime__V1__StatusRequest req = RUNTIME__V1__STATUS_REQUEST__INIT;

	cri->own = cri_call_deadline(
	    cri, CRI_STATUS, &req.base, HANDSHAKE_MS, on_status_polled, cri);
}

/* --- handshake: Version, ImageFsInfo, Status, RuntimeConfig --- */

static void
on_runtime_config(void *arg, struct cri_result *res)
{
	struct cri *cri = arg;
	const Runtime__V1__RuntimeConfigResponse *r = res->response;

	cri->own = NULL;
	if (res->code != GRPC_OK && res->code != GRPC_UNIMPLEMENTED) {
		handshake_failed(cri, "RuntimeConfig", res->message);
		return;
	}
	if (r != NULL && r->linux != NULL)
		cri->info.cgroup_driver = r->linux->cgroup_driver ==
			RUNTIME__V1__CGROUP_DRIVER__SYSTEMD
		    ? CRI_CGROUP_SYSTEMD
		    : CRI_CGROUP_CGROUPFS;
	handshake_done(cri);
}

static void
on_first_status(void *arg, struct cri_result *res)
{
	Runtime__V1__RuntimeConfigRequest req =
	    RUNTIME__V1__RUNTIME_CONFIG_REQUEST__INIT;
	struct cri *cri = arg;

	cri->own = NULL;
	if (res->code != GRPC_OK) {
		handshake_failed(cri, "Status", res->message);
		return;
	}
	if (cri_take_status(cri, res->response) == -1) {
		handshake_failed(cri, "Status", "conditions are missing");
		return;
	}
	criinfo_features(&cri->info, res->response);
	criinfo_sandbox_image(&cri->info, res->response);
	cri->info.cgroup_driver = criinfo_driver(res->response);
	cri->own = cri_call_deadline(cri, CRI_RUNTIME_CONFIG, &req.base,
	    HANDSHAKE_MS, on_runtime_config, cri);
}

static void
on_image_fs_info(void *arg, struct cri_result *res)
{
	Runtime__V1__StatusRequest req = RUNTIME__V1__STATUS_REQUEST__INIT;
	struct cri *cri = arg;

	cri->own = NULL;
	if (res->code != GRPC_OK) {
		handshake_failed(cri, "ImageFsInfo", res->message);
		return;
	}
	req.verbose = 1;
	cri->own = cri_call_deadline(
	    cri, CRI_STATUS, &req.base, HANDSHAKE_MS, on_first_status, cri);
}

static void
on_version(void *arg, struct cri_result *res)
{
	Runtime__V1__ImageFsInfoRequest req =
	    RUNTIME__V1__IMAGE_FS_INFO_REQUEST__INIT;
	const Runtime__V1__VersionResponse *r = res->response;
	struct cri *cri = arg;

	cri->own = NULL;
	if (r == NULL) {
		handshake_failed(cri, "Version", res->message);
		return;
	}
	if (strcmp(r->version, INTERFACE_VERSION) != 0) {
		handshake_failed(cri, "Version", "not interface 0.1.0");
		return;
	}
	criinfo_text(&cri->info.runtime_name, r->runtime_name);
	criinfo_text(&cri->info.runtime_version, r->runtime_version);
	cri->own = cri_call_deadline(cri, CRI_IMAGE_FS_INFO, &req.base,
	    HANDSHAKE_MS, on_image_fs_info, cri);
}

static void
handshake_start(struct cri *cri)
{
	Runtime__V1__VersionRequest req = RUNTIME__V1__VERSION_REQUEST__INIT;

	req.version = (char *)(uintptr_t)INTERFACE_VERSION;
	cri->own = cri_call_deadline(
	    cri, CRI_VERSION, &req.base, HANDSHAKE_MS, on_version, cri);
}

/* --- connection --- */

static void
on_timer(int fd, short what, void *arg)
{
	struct cri *cri = arg;

	(void)fd;
	(void)what;
	if (cri->info.state == CRI_UP)
		status_poll(cri);
	else
		handshake_start(cri);
}

static void
on_up(void *arg)
{
	struct cri *cri = arg;

	cri->retry_ms = RETRY_MIN_MS;
	cri->info.state = CRI_HANDSHAKING;
	criinfo_text(&cri->info.reason, "");
	state_notify(cri);
	handshake_start(cri);
}

static void
on_down(void *arg, const char *reason)
{
	struct cri *cri = arg;
	struct cri_info *info = &cri->info;

	own_stop(cri);
	info->runtime_ready = info->network_ready = 0;
	if (info->state == CRI_DOWN && strcmp(reason, info->reason) == 0)
		return;
	log_warnx("runtime down: %s", reason);
	info->state = CRI_DOWN;
	criinfo_text(&info->reason, reason);
	state_notify(cri);
}

static const struct grpc_callbacks grpc_cb = {
	.on_up = on_up,
	.on_down = on_down,
};

/* --- interface --- */

struct cri *
cri_new(
    struct event_base *base, const char *path, cri_on_state on_state, void *ctx)
{
	struct cri *cri = xcalloc(1, sizeof(*cri));

	if ((cri->grpc = grpc_new(base, path, &grpc_cb, cri)) == NULL) {
		free(cri);
		return (NULL);
	}
	cri->base = base;
	cri->on_state = on_state;
	cri->ctx = ctx;
	cri->retry_ms = RETRY_MIN_MS;
	criinfo_init(&cri->info);
	LIST_INIT(&cri->calls);
	if ((cri->timer = evtimer_new(base, on_timer, cri)) == NULL)
		fatalx("cri: cannot make a timer");
	return (cri);
}

void
cri_free(struct cri *cri)
{
	struct cri_call *call;

	if (cri == NULL)
		return;
	grpc_free(cri->grpc);
	while ((call = LIST_FIRST(&cri->calls)) != NULL)
		call_free(call);
	event_free(cri->timer);
	criinfo_release(&cri->info);
	free(cri);
}

const struct cri_info *
cri_info(const struct cri *cri)
{
	return (&cri->info);
}
