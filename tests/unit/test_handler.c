/*
 * Running handlers: commands by a runtime that this test plays, sleeps,
 * and what the prober is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "ipc/peer.h"
#include "reconciled/handler.h"
#include "reconciled/prober.h"
#include "reconciled/reconcile.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define COMMAND_TEXT 256
#define TURNS_MAX 1000

struct world {
	struct reconciled r;
	struct pod *pod;
	Tripod__Container container;
	Tripod__Handler handler;
	Tripod__Exec exec;
	int lost;
	unsigned int results;
	enum handler_outcome outcome;
	char message[HANDLER_MESSAGE_MAX];
	/* The prober's end, and what it was asked. */
	struct imsgbuf control, peer;
};

/* The call that the runtime has got; one at a time. */
static struct {
	int open, cancelled;
	char command[COMMAND_TEXT]; /* words with '|' between */
	char id[COMMAND_TEXT];
	int64_t timeout_s;
	cri_done done;
	void *ctx;
} runtime;

struct cri_call *
cri_call(struct cri *cri, enum cri_method method,
    const ProtobufCMessage *request, cri_done done, void *ctx)
{
	const Runtime__V1__ExecSyncRequest *req =
	    (const Runtime__V1__ExecSyncRequest *)(const void *)request;
	size_t i, n = 0;

	(void)cri;
	assert_int_equal(method, CRI_EXEC_SYNC);
	assert_false(runtime.open);
	memset(&runtime, 0, sizeof(runtime));
	runtime.open = 1;
	runtime.done = done;
	runtime.ctx = ctx;
	runtime.timeout_s = req->timeout;
	(void)snprintf(runtime.id, sizeof(runtime.id), "%s", req->container_id);
	for (i = 0; i < req->n_cmd; i++)
		n += (size_t)snprintf(runtime.command + n,
		    sizeof(runtime.command) - n, "%s%s", i > 0 ? "|" : "",
		    req->cmd[i]);
	return ((struct cri_call *)(void *)&runtime);
}

void
cri_cancel(struct cri_call *call)
{
	assert_ptr_equal(call, &runtime);
	assert_true(runtime.open);
	runtime.open = 0;
	runtime.cancelled = 1;
}

static void
runtime_answers(enum grpc_code code, const char *message,
    const Runtime__V1__ExecSyncResponse *response)
{
	struct cri_result res = { .method = CRI_EXEC_SYNC,
		.code = code,
		.message = message,
		.response = code == GRPC_OK ? response : NULL };

	assert_true(runtime.open);
	runtime.open = 0;
	runtime.done(runtime.ctx, &res);
}

static void
on_done(void *ctx, const struct handler_result *res)
{
	struct world *w = ctx;

	w->results++;
	w->outcome = res->outcome;
	(void)snprintf(w->message, sizeof(w->message), "%s", res->message);
}

static void
on_lost(void *ctx)
{
	struct world *w = ctx;

	w->lost = 1;
}

static int
setup(void **state)
{
	static struct world w;
	int fd[2];

	memset(&w, 0, sizeof(w));
	memset(&runtime, 0, sizeof(runtime));
	w.r.base = event_base_new();
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd),
	    0);
	imsgbuf_init(&w.control, fd[1], &ipc_limits);
	w.peer.fd = -1;
	w.r.prober = prober_new(w.r.base, fd[0], on_lost, &w);
	w.pod = pod_new("uid", "default", "web");
	tripod__container__init(&w.container);
	tripod__handler__init(&w.handler);
	*state = &w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	prober_free(w->r.prober);
	imsgbuf_release(&w->control);
	if (w->peer.fd != -1)
		imsgbuf_release(&w->peer);
	pod_free(w->pod);
	event_base_free(w->r.base);
	return (0);
}

static struct handler_run *
start(struct world *w, int64_t timeout_ms, int is_hook)
{
	const struct handler h = { .handler = &w->handler,
		.container = &w->container,
		.pod = w->pod,
		.id = "c1",
		.timeout_ms = timeout_ms,
		.is_hook = is_hook };
	unsigned int results = w->results;
	struct handler_run *run;

	run = handler_start(&w->r, &h, on_done, w);
	assert_int_equal(w->results, results); /* never from within */
	return (run);
}

static void
await(struct world *w, unsigned int results)
{
	int i;

	for (i = 0; i < TURNS_MAX && w->results < results; i++)
		(void)event_base_loop(w->r.base, EVLOOP_ONCE);
	assert_int_equal(w->results, results);
}

static void
use_command(struct world *w, char **command, size_t n)
{
	tripod__exec__init(&w->exec);
	w->exec.command = command;
	w->exec.n_command = n;
	w->handler.action_case = TRIPOD__HANDLER__ACTION_EXEC;
	w->handler.exec = &w->exec;
}

static void
test_command_ends(void **state)
{
	/* clang-format off */
	static const struct {
		enum grpc_code code;
		const char *error, *out, *err;
		int32_t exit_code;
		enum handler_outcome outcome;
		const char *message;
	} rows[] = {
		{ GRPC_OK, "", "", "", 0, HANDLER_SUCCESS, "" },
		{ GRPC_OK, "", "fine\n", "", 0, HANDLER_SUCCESS, "fine" },
		{ GRPC_OK, "", "", "", 3, HANDLER_FAILURE,
		    "the command ended with status 3" },
		{ GRPC_OK, "", "out\n", "err\033\n", 1, HANDLER_FAILURE,
		    "out err?" },
		{ GRPC_OK, "", "", "only err", -1, HANDLER_FAILURE,
		    "only err" },
		{ GRPC_DEADLINE_EXCEEDED, "too late", "", "", 0,
		    HANDLER_TIMEOUT, "too late" },
		{ GRPC_UNAVAILABLE, "no runtime", "", "", 0, HANDLER_ERROR,
		    "no runtime" },
		{ GRPC_NOT_FOUND, "no container", "", "", 0, HANDLER_ERROR,
		    "no container" },
	};
	/* clang-format on */
	Runtime__V1__ExecSyncResponse res =
	    RUNTIME__V1__EXEC_SYNC_RESPONSE__INIT;
	char word[] = "true", *words[] = { word };
	struct world *w = *state;
	size_t i;

	use_command(w, words, LEN(words));
	for (i = 0; i < LEN(rows); i++) {
		(void)start(w, 1500, 0);
		assert_string_equal(runtime.command, "true");
		assert_string_equal(runtime.id, "c1");
		assert_int_equal(runtime.timeout_s, 2);
		res.exit_code = rows[i].exit_code;
		res.stdout.data = (uint8_t *)(uintptr_t)rows[i].out;
		res.stdout.len = strlen(rows[i].out);
		res.stderr.data = (uint8_t *)(uintptr_t)rows[i].err;
		res.stderr.len = strlen(rows[i].err);
		runtime_answers(rows[i].code, rows[i].error, &res);
		assert_int_equal(w->results, i + 1);
		assert_int_equal(w->outcome, rows[i].outcome);
		assert_string_equal(w->message, rows[i].message);
	}
}

/* More output than there is room for. */
static void
test_command_talks(void **state)
{
	static char much[64 * 1024];
	Runtime__V1__ExecSyncResponse res =
	    RUNTIME__V1__EXEC_SYNC_RESPONSE__INIT;
	char word[] = "yes", *words[] = { word };
	struct world *w = *state;

	memset(much, 'y', sizeof(much));
	use_command(w, words, LEN(words));
	(void)start(w, 1000, 0);
	res.exit_code = 1;
	res.stdout.data = res.stderr.data = (uint8_t *)much;
	res.stdout.len = res.stderr.len = sizeof(much);
	runtime_answers(GRPC_OK, "", &res);
	assert_int_equal(strlen(w->message), HANDLER_MESSAGE_MAX - 1);
}

/* runtime.md 4.2: literal variables in probes, none in hooks. */
static void
test_command_variables(void **state)
{
	char word[] = "$(A) $(B) $$(A) $(C)", *words[] = { word };
	Tripod__Env a = TRIPOD__ENV__INIT, b = a, *env[] = { &a, &b };
	Tripod__FieldRef field = TRIPOD__FIELD_REF__INIT;
	struct world *w = *state;

	a.name = TEXT("A");
	a.value = TEXT("$(B)");
	b.name = TEXT("B");
	b.field = &field;
	w->container.env = env;
	w->container.n_env = LEN(env);
	use_command(w, words, LEN(words));
	handler_cancel(start(w, 1000, 0));
	assert_string_equal(runtime.command, "$(B) $(B) $(A) $(C)");
	handler_cancel(start(w, 0, 1));
	assert_string_equal(runtime.command, word);
	assert_int_equal(runtime.timeout_s, 0);
}

/* A runtime that does not end it itself; and a cancellation. */
static void
test_command_hangs(void **state)
{
	char word[] = "sleep", *words[] = { word };
	struct world *w = *state;

	use_command(w, words, LEN(words));
	(void)start(w, 1, 0);
	await(w, 1);
	assert_int_equal(w->outcome, HANDLER_TIMEOUT);
	assert_true(runtime.cancelled);
	handler_cancel(start(w, 0, 1));
	assert_true(runtime.cancelled);
	assert_int_equal(w->results, 1);
	handler_cancel(NULL);
}

static void
test_sleep(void **state)
{
	Tripod__Sleep nap = TRIPOD__SLEEP__INIT;
	struct world *w = *state;

	w->handler.action_case = TRIPOD__HANDLER__ACTION_SLEEP;
	w->handler.sleep = &nap;
	(void)start(w, 0, 1);
	await(w, 1);
	assert_int_equal(w->outcome, HANDLER_SUCCESS);
	nap.seconds = 1000;
	(void)start(w, 10, 1);
	await(w, 2);
	assert_int_equal(w->outcome, HANDLER_TIMEOUT);
	nap.seconds = -5;
	(void)start(w, 0, 1);
	await(w, 3);
	nap.seconds = INT64_MAX;
	handler_cancel(start(w, 0, 1));
}

/* What is not worth asking the prober. */
static void
test_refusals(void **state)
{
	Tripod__HttpGet http = TRIPOD__HTTP_GET__INIT;
	Tripod__TcpSocket tcp = TRIPOD__TCP_SOCKET__INIT;
	struct world *w = *state;

	(void)start(w, 1000, 0);
	await(w, 1);
	assert_string_equal(w->message, "there is no handler");
	assert_int_equal(w->outcome, HANDLER_ERROR);
	w->handler.action_case = TRIPOD__HANDLER__ACTION_TCP_SOCKET;
	w->handler.tcp_socket = &tcp;
	(void)start(w, 1000, 1);
	await(w, 2);
	assert_int_equal(w->outcome, HANDLER_FAILURE);
	w->handler.action_case = TRIPOD__HANDLER__ACTION_HTTP_GET;
	w->handler.http_get = &http;
	(void)start(w, 1000, 0);
	await(w, 3);
	assert_int_equal(w->outcome, HANDLER_ERROR);
	assert_string_equal(
	    w->message, "the container has no port of that name");
	http.port = 80;
	(void)start(w, 1000, 0);
	await(w, 4);
	assert_string_equal(w->message, "the pod has no address yet");
	assert_int_equal(w->lost, 0);
}

static void
prober_comes(struct world *w)
{
	int fd[2], i;

	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd),
	    0);
	imsgbuf_init(&w->peer, fd[1], &ipc_limits);
	assert_int_equal(imsg_compose(&w->control, TRIPOD__MSG__MSG_PROBER, 0,
			     fd[0], NULL, 0),
	    0);
	assert_int_equal(imsgbuf_write(&w->control), 1);
	for (i = 0; i < 5; i++)
		(void)event_base_loop(w->r.base, EVLOOP_NONBLOCK);
}

/* The address that the prober is given, and for how long. */
static void
check_asked(struct world *w, const char *address, int64_t timeout_ms, int hook)
{
	Tripod__ProbeRequest *req;
	struct imsg m;
	int i;

	for (i = 0; i < TURNS_MAX; i++) {
		(void)event_base_loop(w->r.base, EVLOOP_NONBLOCK);
		(void)imsgbuf_read(&w->peer); /* maybe nothing yet */
		if (imsg_get(&w->peer, &m) == 1)
			break;
	}
	assert_true(i < TURNS_MAX);
	if (m.hdr.type == TRIPOD__MSG__MSG_PROBE_CANCEL)
		assert_int_equal(imsg_get(&w->peer, &m), 1);
	assert_int_equal(m.hdr.type, TRIPOD__MSG__MSG_PROBE);
	req = tripod__probe_request__unpack(NULL, m.len, m.data);
	assert_non_null(req);
	assert_string_equal(req->address, address);
	assert_int_equal(req->timeout_ms, timeout_ms);
	assert_int_equal(req->hook, hook);
	assert_int_equal(req->handler->http_get->port, 80);
	tripod__probe_request__free_unpacked(req, NULL);
	imsg_release(&m);
}

static void
test_addresses(void **state)
{
	Tripod__HttpGet http = TRIPOD__HTTP_GET__INIT;
	char own[] = "10.88.0.2", second[] = "fd00::2",
	     *ips[] = { own, second };
	char node[] = "192.0.2.7";
	struct world *w = *state;
	struct seen_sandbox *s;

	http.port = 80;
	w->handler.action_case = TRIPOD__HANDLER__ACTION_HTTP_GET;
	w->handler.http_get = &http;
	s = sandbox_add(&w->pod->seen, "s1", 0, 0);
	sandbox_set_ips(s, ips, LEN(ips));
	prober_comes(w);
	handler_cancel(start(w, 1000, 0));
	check_asked(w, own, 1000, 0);
	/* In the host's network: the node's address, or at least this one. */
	s->host_network = 1;
	handler_cancel(start(w, 1000, 0));
	check_asked(w, "127.0.0.1", 1000, 0);
	w->r.addresses.value[w->r.addresses.n++] = node;
	handler_cancel(start(w, 0, 1));
	check_asked(w, node, PROBER_TIMEOUT_MAX_MS, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_command_ends),
		TEST(test_command_talks),
		TEST(test_command_variables),
		TEST(test_command_hangs),
		TEST(test_sleep),
		TEST(test_refusals),
		TEST(test_addresses),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
