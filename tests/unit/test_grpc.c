#include "reconciled/grpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/mtime.h"
#include "cri.pb-c.h"
#include "reconciled/grpcmsg.h"
#include "tests/unit/grpcworld.h"

static const struct grpc_method exec_method = {
	.path = "/runtime.v1.RuntimeService/ExecSync",
	.request = &runtime__v1__exec_sync_request__descriptor,
	.response = &runtime__v1__exec_sync_response__descriptor,
};

/* --- answers, good and bad --- */

struct answer_case {
	const char *name;
	struct h2server_answer answer;
	enum grpc_code code;
	const char *message;
	int uncertain;
};

static const struct answer_case answers[] = {
	{ "good", { BODY(GOOD), .status = "0" }, GRPC_OK, "", 0 },
	{ "good, content type with parameter",
	    { BODY(GOOD), .status = "0",
		.content_type = "application/grpc+proto" },
	    GRPC_OK, "", 0 },
	{ "empty message", { BODY("\0\0\0\0\0"), .status = "0" }, GRPC_OK, "",
	    0 },
	{ "trailers only",
	    { .trailers_only = 1,
		.status = "5",
		.message = "no %22caf%C3%A9%22 %zz" },
	    GRPC_NOT_FOUND, "no \"caf\303\251\" %zz", 0 },
	{ "trailers only, server's deadline",
	    { .trailers_only = 1, .status = "4" }, GRPC_DEADLINE_EXCEEDED, "",
	    1 },
	{ "trailers only without error", { .trailers_only = 1, .status = "0" },
	    GRPC_INTERNAL, "answer is missing", 1 },
	{ "error after a message",
	    { BODY(GOOD), .status = "2", .message = "late" }, GRPC_UNKNOWN,
	    "late", 0 },
	{ "two messages", { BODY(GOOD GOOD), .status = "0" }, GRPC_INTERNAL,
	    "more than one answer", 1 },
	{ "no message", { .status = "0" }, GRPC_INTERNAL, "answer is missing",
	    1 },
	{ "no trailers", { BODY(GOOD) }, GRPC_UNAVAILABLE,
	    "answer has no status", 1 },
	{ "message cut off", { BODY("\0\0\0\0\7\n\0050"), .status = "0" },
	    GRPC_INTERNAL, "answer is cut off", 1 },
	{ "unknown status", { .status = "77" }, GRPC_UNKNOWN, "", 0 },
	{ "reset", { BODY("\0\0"), .rst = 1, .rst_error = 2 }, GRPC_UNAVAILABLE,
	    "request was cut off", 1 },
	{ "refused", { .rst = 1, .rst_error = NGHTTP2_REFUSED_STREAM },
	    GRPC_UNAVAILABLE, "request was refused", 0 },
	{ "HTTP error", { BODY("oops"), .http = "503" }, GRPC_UNKNOWN,
	    "HTTP status is not 200", 1 },
	{ "HTTP error with status",
	    { .http = "503", .status = "14", .message = "busy" },
	    GRPC_UNAVAILABLE, "busy", 1 },
	{ "a web page",
	    { BODY(GOOD), .content_type = "text/html", .status = "0" },
	    GRPC_UNKNOWN, "not a gRPC answer", 1 },
	{ "compressed", { BODY("\1\0\0\0\1x"), .status = "0" }, GRPC_INTERNAL,
	    "answer is compressed", 1 },
	{ "too big", { BODY("\0\0\1\0\1xxx"), .open = 1 },
	    GRPC_RESOURCE_EXHAUSTED, "answer is too big", 1 },
	{ "not a message", { BODY("\0\0\0\0\2\n\377"), .status = "0" },
	    GRPC_INTERNAL, "answer is malformed or takes too much memory", 1 },
};

static void
check_answer(struct world *w, const struct answer_case *c)
{
	const void *p;
	const Runtime__V1__VersionResponse *r;

	w->answer = c->answer;
	w->done = 0;
	world_call_version(w, GRPC_NO_DEADLINE);
	assert_int_equal(w->done, 0);
	world_await(w, &w->done, 1);
	if (w->code != c->code || strcmp(w->message, c->message) != 0 ||
	    w->uncertain != c->uncertain)
		fail_msg("%s: %s \"%s\" %d", c->name, grpc_code_str(w->code),
		    w->message, w->uncertain);
	if (w->code == GRPC_OK && c->answer.len > GRPCMSG_PREFIX) {
		p = w->response;
		r = p;
		assert_string_equal(r->version, "0.1.0");
	}
	world_settle(w);
	assert_int_equal(w->done, 1);
	assert_int_equal(w->down, 0);
}

static void
test_answers(void **state)
{
	static const size_t slices[] = { 65536, 7, 1 };
	struct world *w = *state;
	size_t i, j;

	for (j = 0; j < sizeof(slices) / sizeof(slices[0]); j++) {
		h2server_slice(w->server, slices[j]);
		for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
			check_answer(w, &answers[i]);
	}
}

/* Many small objects out of few bytes. */
static void
test_memory(void **state)
{
	static const struct grpc_method method = {
		.path = PATH,
		.request = &runtime__v1__version_request__descriptor,
		.response = &runtime__v1__list_containers_response__descriptor,
		.max_memory = 256 * 1024,
	};
	Runtime__V1__VersionRequest req = RUNTIME__V1__VERSION_REQUEST__INIT;
	struct world *w = *state;
	uint8_t *body = xcalloc(1, GRPCMSG_PREFIX + 20000);
	size_t i;

	body[3] = 20000 >> 8;
	body[4] = 20000 & 255;
	for (i = 0; i < 20000; i += 2)
		body[GRPCMSG_PREFIX + i] = 012; /* an empty container */
	w->answer = (struct h2server_answer){
		.body = body, .len = GRPCMSG_PREFIX + 20000, .status = "0"
	};
	(void)grpc_unary(
	    w->grpc, &method, &req.base, GRPC_NO_DEADLINE, world_done, w);
	world_await(w, &w->done, 1);
	assert_int_equal(w->code, GRPC_INTERNAL);
	free(body);
}

static void
test_request(void **state)
{
	static const uint8_t body[] = { 0, 0, 0, 0, 7, 0x0a, 5, '0', '.', '1',
		'.', '0' };
	struct world *w = *state;

	w->hold = 1;
	world_call_version(w, 1500);
	world_await(w, &w->nrequests, 1);
	assert_string_equal(w->request.method, "POST");
	assert_string_equal(w->request.path, PATH);
	assert_string_equal(w->request.authority, "localhost");
	assert_string_equal(w->request.content_type, "application/grpc");
	assert_string_equal(w->request.te, "trailers");
	assert_string_equal(w->request.timeout, "1500m");
	assert_string_equal(w->request.ns, "k8s.io");
	assert_int_equal(w->request.len, sizeof(body));
	assert_memory_equal(w->request.body, body, sizeof(body));
}

/* More than the windows begin with, in both directions. */
static void
test_flow_control(void **state)
{
	struct world *w = *state;
	Runtime__V1__ExecSyncRequest req = RUNTIME__V1__EXEC_SYNC_REQUEST__INIT;
	Runtime__V1__ExecSyncResponse big =
	    RUNTIME__V1__EXEC_SYNC_RESPONSE__INIT;
	const Runtime__V1__ExecSyncResponse *r;
	const void *p;
	size_t i;

	big.stdout.len = 9 * 1024 * 1024;
	big.stdout.data = xmalloc(big.stdout.len);
	for (i = 0; i < big.stdout.len; i++)
		big.stdout.data[i] = (uint8_t)(i % 251);
	req.container_id = xmalloc(300001);
	memset(req.container_id, 'x', 300000);
	req.container_id[300000] = '\0';
	w->hold = 1;
	(void)grpc_unary(
	    w->grpc, &exec_method, &req.base, GRPC_NO_DEADLINE, world_done, w);
	world_await(w, &w->nrequests, 1);
	assert_true(w->request.len > 300000);
	h2server_message(w->server, w->request.stream, &big.base);
	world_await(w, &w->done, 1);
	assert_int_equal(w->code, GRPC_OK);
	p = w->response;
	r = p;
	assert_int_equal(r->stdout.len, big.stdout.len);
	assert_memory_equal(r->stdout.data, big.stdout.data, big.stdout.len);
	free(big.stdout.data);
	free(req.container_id);
}

/* --- the life of a call --- */

static void
test_deadline(void **state)
{
	struct world *w = *state;
	struct mtime start = mtime_now();

	w->hold = 1;
	world_call_version(w, 60);
	world_await(w, &w->done, 1);
	assert_int_equal(w->code, GRPC_DEADLINE_EXCEEDED);
	assert_true(w->uncertain);
	assert_true(mtime_diff(mtime_now(), start) >=
	    50); /* the loop's clock is coarse */
	world_settle(w);
	assert_int_equal(h2server_reset(w->server), NGHTTP2_CANCEL);
	/* The connection is as good as before. */
	world_check_good(w);
}

static void
test_cancel(void **state)
{
	struct world *w = *state;

	w->hold = 1;
	world_call_version(w, 60);
	grpc_cancel(w->call); /* before anything was sent */
	world_call_version(w, 60);
	world_await(w, &w->nrequests, 1);
	grpc_cancel(w->call);
	world_settle(w);
	assert_int_equal(h2server_reset(w->server), NGHTTP2_CANCEL);
	usleep(80 * 1000); /* past the deadlines */
	world_settle(w);
	assert_int_equal(w->done, 0);
	world_check_good(w);
}

/* Finished, but not told yet. */
static void
test_cancel_late(void **state)
{
	struct world *w = *state;

	h2server_drop(w->server);
	world_await(w, &w->down, 1);
	world_call_version(w, 60);
	grpc_cancel(w->call);
	world_settle(w);
	assert_int_equal(w->done, 0);
}

/* More calls than streams allowed at once: they queue and all end. */
static void
test_many(void **state)
{
	struct world *w = *state;
	int i;

	w->answer = answers[0].answer;
	for (i = 0; i < 500; i++)
		world_call_version(w, GRPC_NO_DEADLINE);
	grpc_cancel(w->call); /* one that waits */
	world_await(w, &w->done, 499);
	world_settle(w);
	assert_int_equal(w->done, 499);
	assert_int_equal(w->code, GRPC_OK);
	assert_int_equal(w->down, 0);
}

static void
test_stream(void **state)
{
	static const char two[] = "\0\0\0\0\3\n\1b\0\0\0\0\3\n\1c\0\0";
	struct world *w = *state;

	w->answer = (struct h2server_answer){ BODY("\0\0\0\0\3\n\1a"),
		.open = 1 };
	world_call_stream(w);
	world_await(w, &w->nmessages, 1);
	h2server_more(w->server, w->request.stream, (const uint8_t *)two,
	    sizeof(two) - 1);
	world_await(w, &w->nmessages, 3);
	h2server_more(
	    w->server, w->request.stream, (const uint8_t *)"\0\0\3\n\1d", 6);
	world_await(w, &w->nmessages, 4);
	assert_string_equal(w->messages[0], "a");
	assert_string_equal(w->messages[1], "b");
	assert_string_equal(w->messages[2], "c");
	assert_string_equal(w->messages[3], "d");
	assert_int_equal(w->done, 0);
	h2server_end(w->server, w->request.stream, "0");
	world_await(w, &w->done, 1);
	assert_int_equal(w->code, GRPC_OK);
	assert_null(w->response);
}

static void
test_stream_cancel(void **state)
{
	struct world *w = *state;

	w->answer = (struct h2server_answer){
		BODY("\0\0\0\0\3\n\1a\0\0\0\0\3\n\1b"), .open = 1
	};
	w->cancel_in_message = 1;
	world_call_stream(w);
	world_await(w, &w->nmessages, 1);
	world_settle(w);
	assert_int_equal(w->nmessages, 1);
	assert_int_equal(w->done, 0);
	assert_int_equal(h2server_reset(w->server), NGHTTP2_CANCEL);
}

static void
test_code_str(void **state)
{
	(void)state;
	assert_string_equal(grpc_code_str(GRPC_OK), "OK");
	assert_string_equal(grpc_code_str(GRPC_NOT_FOUND), "NOT_FOUND");
	assert_string_equal(
	    grpc_code_str(GRPC_UNAUTHENTICATED), "UNAUTHENTICATED");
	assert_string_equal(grpc_code_str((enum grpc_code)17), "UNKNOWN");
}

#define UP(f) cmocka_unit_test_setup_teardown(f, world_setup_up, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UP(test_answers),
		UP(test_memory),
		UP(test_request),
		UP(test_flow_control),
		UP(test_deadline),
		UP(test_cancel),
		UP(test_cancel_late),
		UP(test_many),
		UP(test_stream),
		UP(test_stream_cancel),
		cmocka_unit_test(test_code_str),
	};

	log_init("test_grpc");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
