/*
 * The CRI client against a real runtime.  Started by cri.sh:
 *
 *	cri SOCKET LOGDIR STOP-COMMAND START-COMMAND
 *
 * where the commands stop and start the runtime.  The tests run in order;
 * each uses what the one before has left.
 */
#include "reconciled/cri.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/mtime.h"
#include "reconciled/events.h"
#include "tests/component/cripod.h"

#define IMAGE "localhost/bb:1"
#define HINTS_MAX 64
#define WAIT_S 30

struct seen_hint {
	enum hint_kind kind;
	char id[CRIPOD_TEXT];
	uint32_t pid, exit_status;
	int64_t exited_ns;
};

struct rig {
	const char *socket, *stop, *start;
	struct event_base *base;
	struct event *tick; /* lets await() see the time */
	struct cri *cri;
	struct events *events;
	struct cripod pod;
	/* What the callbacks saw. */
	int done;
	enum grpc_code code;
	char message[256];
	int uncertain;
	struct arena *arena;
	const void *response;
	struct seen_hint hints[HINTS_MAX];
	size_t nhints;
	int resyncs;
	enum events_source source;
	enum cri_state state_at_done;
};

/* --- callbacks --- */

static void
on_state(void *ctx, const struct cri_info *info)
{
	struct rig *r = ctx;

	(void)info;
	if (r->events != NULL)
		events_update(r->events);
}

static void
on_hint(void *ctx, const struct hint *hint)
{
	struct rig *r = ctx;
	struct seen_hint *seen;

	if (r->nhints == HINTS_MAX)
		return;
	seen = &r->hints[r->nhints++];
	seen->kind = hint->kind;
	cripod_id(seen->id, hint->id);
	seen->pid = hint->pid;
	seen->exit_status = hint->exit_status;
	seen->exited_ns = hint->exited_ns;
}

static void
on_resync(void *ctx, enum events_source source)
{
	struct rig *r = ctx;

	r->resyncs++;
	r->source = source;
}

static void
on_done(void *ctx, struct cri_result *res)
{
	struct rig *r = ctx;

	r->done = 1;
	r->code = res->code;
	r->uncertain = res->uncertain;
	r->state_at_done = cri_info(r->cri)->state;
	(void)snprintf(r->message, sizeof(r->message), "%s", res->message);
	arena_free(r->arena);
	r->response = res->response;
	r->arena = res->arena;
	res->arena = NULL;
}

static void
on_tick(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* --- waiting --- */

static void
await(struct rig *r, int (*met)(const struct rig *))
{
	struct mtime end = mtime_add(mtime_now(), WAIT_S * 1000);

	while (!met(r)) {
		if (mtime_cmp(mtime_now(), end) >= 0)
			fail_msg("waited for %d s; last answer %s %s", WAIT_S,
			    grpc_code_str(r->code), r->message);
		if (event_base_loop(r->base, EVLOOP_ONCE) == -1)
			fail_msg("event loop");
	}
}

static int
is_up(const struct rig *r)
{
	return (cri_info(r->cri)->state == CRI_UP);
}

static int
is_down(const struct rig *r)
{
	return (cri_info(r->cri)->state == CRI_DOWN);
}

static int
is_done(const struct rig *r)
{
	return (r->done);
}

static int
is_resynced(const struct rig *r)
{
	return (r->resyncs > 0);
}

static int
has_exit_hint(const struct rig *r)
{
	size_t i;

	for (i = 0; i < r->nhints; i++)
		if (r->hints[i].kind == HINT_EXITED &&
		    strcmp(r->hints[i].id, r->pod.container_id) == 0)
			return (1);
	return (0);
}

static void
await_code(struct rig *r, enum grpc_code code)
{
	await(r, is_done);
	if (r->code != code)
		fail_msg("%s: %s", grpc_code_str(r->code), r->message);
	r->done = 0;
}

static void
call(struct rig *r, enum cri_method method, const ProtobufCMessage *req)
{
	(void)cri_call(r->cri, method, req, on_done, r);
	await_code(r, GRPC_OK);
}

/* --- tests --- */

static void
test_connect(void **state)
{
	struct rig *r = *state;
	const struct cri_info *info;

	await(r, is_up);
	info = cri_info(r->cri);
	assert_string_equal(info->runtime_name, "containerd");
	assert_true(info->runtime_version[0] != '\0');
	assert_true(info->runtime_ready);
	assert_int_equal(info->cgroup_driver, CRI_CGROUP_CGROUPFS);
	await(r, is_resynced);
	assert_int_not_equal(r->source, EVENTS_NONE);
}

static void
test_image(void **state)
{
	struct rig *r = *state;
	Runtime__V1__ImageStatusRequest req =
	    RUNTIME__V1__IMAGE_STATUS_REQUEST__INIT;
	Runtime__V1__ImageSpec image = RUNTIME__V1__IMAGE_SPEC__INIT;
	const Runtime__V1__ImageStatusResponse *res;
	char there[] = IMAGE, absent[] = "localhost/absent:1";

	req.image = &image;
	image.image = there;
	call(r, CRI_IMAGE_STATUS, &req.base);
	res = r->response;
	assert_non_null(res->image);
	image.image = absent;
	call(r, CRI_IMAGE_STATUS, &req.base);
	res = r->response;
	assert_null(res->image);
}

static void
test_start(void **state)
{
	struct rig *r = *state;
	const Runtime__V1__RunPodSandboxResponse *run;
	const Runtime__V1__CreateContainerResponse *create;

	(void)cripod_run(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_OK);
	run = r->response;
	cripod_id(r->pod.sandbox_id, run->pod_sandbox_id);
	(void)cripod_create(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_OK);
	create = r->response;
	cripod_id(r->pod.container_id, create->container_id);
	(void)cripod_start(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_OK);
}

/* A name that is taken: the runtime's own words come through. */
static void
test_reserved(void **state)
{
	struct rig *r = *state;

	(void)cripod_run(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_UNKNOWN);
	assert_non_null(strstr(r->message, "is reserved"));
	assert_false(r->uncertain);
}

static void
container_status(struct rig *r)
{
	Runtime__V1__ContainerStatusRequest req =
	    RUNTIME__V1__CONTAINER_STATUS_REQUEST__INIT;

	req.container_id = r->pod.container_id;
	call(r, CRI_CONTAINER_STATUS, &req.base);
}

static void
test_status(void **state)
{
	struct rig *r = *state;
	Runtime__V1__PodSandboxStatusRequest req =
	    RUNTIME__V1__POD_SANDBOX_STATUS_REQUEST__INIT;
	const Runtime__V1__ContainerStatusResponse *c;
	const Runtime__V1__PodSandboxStatusResponse *s;

	container_status(r);
	c = r->response;
	assert_int_equal(
	    c->status->state, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	assert_string_equal(c->status->metadata->name, "main");
	req.pod_sandbox_id = r->pod.sandbox_id;
	call(r, CRI_POD_SANDBOX_STATUS, &req.base);
	s = r->response;
	assert_string_equal(s->status->metadata->namespace_, CRIPOD_NAMESPACE);
	assert_int_equal(s->status->linux->namespaces->options->network,
	    RUNTIME__V1__NAMESPACE_MODE__NODE);
}

static void
exec(struct rig *r, const char *script, int64_t timeout)
{
	Runtime__V1__ExecSyncRequest req = RUNTIME__V1__EXEC_SYNC_REQUEST__INIT;
	char sh[] = "/bin/sh", c[] = "-c", copy[128];
	char *cmd[] = { sh, c, copy };

	(void)snprintf(copy, sizeof(copy), "%s", script);
	req.container_id = r->pod.container_id;
	req.n_cmd = 3;
	req.cmd = cmd;
	req.timeout = timeout;
	(void)cri_call(r->cri, CRI_EXEC_SYNC, &req.base, on_done, r);
}

static void
test_exec(void **state)
{
	struct rig *r = *state;
	const Runtime__V1__ExecSyncResponse *res;

	exec(r, "echo out; echo err >&2; exit 3", 10);
	await_code(r, GRPC_OK);
	res = r->response;
	assert_int_equal(res->exit_code, 3);
	assert_int_equal(res->stdout.len, 4);
	assert_memory_equal(res->stdout.data, "out\n", 4);
	assert_memory_equal(res->stderr.data, "err\n", 4);
	/* More than the windows of HTTP/2 begin with. */
	exec(r, "dd if=/dev/zero bs=100k count=9 2>/dev/null", 10);
	await_code(r, GRPC_OK);
	res = r->response;
	assert_int_equal(res->stdout.len, 9 * 100 * 1024);
	exec(r, "dd if=/dev/zero bs=1M count=6 2>/dev/null", 10);
	await_code(r, GRPC_RESOURCE_EXHAUSTED);
	exec(r, "exec sleep 60", 1);
	await_code(r, GRPC_DEADLINE_EXCEEDED);
	/* None of this was the container's own end. */
	assert_int_equal(r->nhints, 0);
}

static void
test_exit(void **state)
{
	struct rig *r = *state;
	Runtime__V1__StopContainerRequest req =
	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;
	const Runtime__V1__ContainerStatusResponse *c;
	int64_t before = wall_now_ns();

	req.container_id = r->pod.container_id;
	req.timeout = 10;
	call(r, CRI_STOP_CONTAINER, &req.base);
	await(r, has_exit_hint);
	if (r->source == EVENTS_CONTAINERD) {
		assert_int_not_equal(r->hints[0].pid, 0);
		assert_int_equal(r->hints[0].exit_status, 7);
		assert_true(r->hints[0].exited_ns >= before);
	}
	container_status(r);
	c = r->response;
	assert_int_equal(c->status->exit_code, 7);
}

/* Something that is not there is stopped already, and has no status. */
static void
test_absent(void **state)
{
	struct rig *r = *state;
	Runtime__V1__StopContainerRequest stop =
	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;
	Runtime__V1__ContainerStatusRequest status =
	    RUNTIME__V1__CONTAINER_STATUS_REQUEST__INIT;
	char absent[] = "0123456789abcdef";

	stop.container_id = absent;
	call(r, CRI_STOP_CONTAINER, &stop.base);
	assert_non_null(r->response);
	status.container_id = absent;
	(void)cri_call(r->cri, CRI_CONTAINER_STATUS, &status.base, on_done, r);
	await_code(r, GRPC_NOT_FOUND);
	assert_null(r->response);
}

/* The call that is cut off fails, the pod lives, the client comes back. */
static void
test_restart(void **state)
{
	struct rig *r = *state;
	Runtime__V1__ListPodSandboxRequest req =
	    RUNTIME__V1__LIST_POD_SANDBOX_REQUEST__INIT;
	const Runtime__V1__ListPodSandboxResponse *list;

	r->pod.container_meta.attempt = 1;
	(void)cripod_create(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_OK);
	cripod_id(r->pod.container_id,
	    ((const Runtime__V1__CreateContainerResponse *)r->response)
		->container_id);
	(void)cripod_start(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_OK);
	exec(r, "exec sleep 300", 0);
	assert_int_equal(system(r->stop), 0);
	await_code(r, GRPC_UNAVAILABLE);
	assert_int_equal(r->state_at_done, CRI_DOWN);
	assert_true(r->uncertain);
	await(r, is_down);
	r->resyncs = 0;
	assert_int_equal(system(r->start), 0);
	await(r, is_up);
	await(r, is_resynced);
	assert_int_not_equal(r->source, EVENTS_NONE);
	call(r, CRI_LIST_POD_SANDBOX, &req.base);
	list = r->response;
	assert_int_equal(list->n_items, 1);
	assert_int_equal(list->items[0]->state,
	    RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY);
}

static void
test_remove(void **state)
{
	struct rig *r = *state;
	Runtime__V1__ListContainersRequest req =
	    RUNTIME__V1__LIST_CONTAINERS_REQUEST__INIT;
	const Runtime__V1__ListContainersResponse *list;

	r->nhints = 0;
	(void)cripod_stop(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_OK);
	await(r, has_exit_hint);
	(void)cripod_remove(&r->pod, r->cri, on_done, r);
	await_code(r, GRPC_OK);
	call(r, CRI_LIST_CONTAINERS, &req.base);
	list = r->response;
	assert_int_equal(list->n_containers, 0);
}

/* --- frame --- */

static const struct events_callbacks events_cb = {
	.on_hint = on_hint,
	.on_resync = on_resync,
};

static int
rig_begin(void **state)
{
	static const struct timeval period = { 0, 100000 };
	struct rig *r = *state;

	if ((r->base = event_base_new()) == NULL)
		return (-1);
	r->tick = event_new(r->base, -1, EV_PERSIST, on_tick, NULL);
	if (r->tick == NULL || event_add(r->tick, &period) == -1)
		return (-1);
	r->cri = cri_new(r->base, r->socket, on_state, r);
	if (r->cri == NULL)
		return (-1);
	r->events = events_new(r->base, r->cri, &events_cb, r);
	return (0);
}

static int
rig_end(void **state)
{
	struct rig *r = *state;

	events_free(r->events);
	cri_free(r->cri);
	event_free(r->tick);
	event_base_free(r->base);
	arena_free(r->arena);
	return (0);
}

int
main(int argc, char *argv[])
{
	struct rig rig = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_connect, &rig),
		cmocka_unit_test_prestate(test_image, &rig),
		cmocka_unit_test_prestate(test_start, &rig),
		cmocka_unit_test_prestate(test_reserved, &rig),
		cmocka_unit_test_prestate(test_status, &rig),
		cmocka_unit_test_prestate(test_exec, &rig),
		cmocka_unit_test_prestate(test_exit, &rig),
		cmocka_unit_test_prestate(test_absent, &rig),
		cmocka_unit_test_prestate(test_restart, &rig),
		cmocka_unit_test_prestate(test_remove, &rig),
	};
	void *state = &rig;
	int failed;

	if (argc != 5) {
		(void)fprintf(stderr, "usage: cri socket logdir stop start\n");
		return (64);
	}
	log_init("cri");
	rig.socket = argv[1];
	rig.stop = argv[3];
	rig.start = argv[4];
	cripod_init(&rig.pod, "cri", argv[2], IMAGE,
	    "trap 'exit 7' TERM; while :; do sleep 1 & wait $!; done");
	if (rig_begin(&state) == -1)
		return (1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rig_end(&state);
	return (failed != 0);
}
