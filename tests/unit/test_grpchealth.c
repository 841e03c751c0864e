/*
 * grpc probes: judging answers, and asking a real HTTP/2 server that is
 * good, bad or strange.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "common/log.h"
#include "reconciled/prober/health.h"
#include "tests/unit/callworld.h"
#include "tests/unit/h2server.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define DATA(s) .body = (const uint8_t *)(s), .len = sizeof(s) - 1
#define BODY(s) (const uint8_t *)(s), sizeof(s) - 1

#define SUCCESS TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS
#define FAILURE TRIPOD__PROBE_RESULT__OUTCOME__FAILURE
#define TIMEOUT TRIPOD__PROBE_RESULT__OUTCOME__TIMEOUT

static void
test_judge(void **state)
{
	/* clang-format off */
	static const struct {
		const char *header; /* one line */
		long http;
		const uint8_t *body;
		size_t len;
		Tripod__ProbeResult__Outcome outcome;
		const char *text; /* a part of it */
	} rows[] = {
		{ "grpc-status: 0\r\n", 200, BODY("\0\0\0\0\2\10\1"),
		    SUCCESS, "" },
		{ "Grpc-Status:0", 200, BODY("\0\0\0\0\2\10\1"), SUCCESS, "" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\2\10\2"),
		    FAILURE, "NOT_SERVING" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\2\10\3"),
		    FAILURE, "SERVICE_UNKNOWN" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\0"),
		    FAILURE, "UNKNOWN" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\2\10\7"),
		    FAILURE, "a status that is none" },
		/* A field of a later version does no harm. */
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\5\10\1\22\1x"),
		    SUCCESS, "" },
		{ "grpc-status: 0", 200, BODY(""), FAILURE, "is not one of" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\3\10\1"),
		    FAILURE, "is not one of" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\2\10\1\0"),
		    FAILURE, "is not one of" },
		{ "grpc-status: 0", 200, BODY("\0\377\377\377\377\10\1"),
		    FAILURE, "is not one of" },
		{ "grpc-status: 0", 200, BODY("\1\0\0\0\2\10\1"),
		    FAILURE, "is not one of" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\2\10\377"),
		    FAILURE, "is not one of" },
		{ "grpc-status: 0", 200, BODY("\0\0\0\0\2\12\1"),
		    FAILURE, "is not one of" },
		{ "grpc-status: 5", 200, BODY(""),
		    FAILURE, "know the service" },
		{ "grpc-status: 12", 200, BODY(""), FAILURE, "implement" },
		{ "grpc-status: 14", 200, BODY(""), FAILURE, "status 14" },
		{ "grpc-status: ", 200, BODY("\0\0\0\0\2\10\1"),
		    FAILURE, "status 2" },
		{ "grpc-status: 0x", 200, BODY("\0\0\0\0\2\10\1"),
		    FAILURE, "status 2" },
		{ "grpc-status: 000", 200, BODY("\0\0\0\0\2\10\1"),
		    FAILURE, "status 2" },
		{ "grpc-status", 200, BODY("\0\0\0\0\2\10\1"),
		    FAILURE, "no gRPC status" },
		{ "grpc-message: no", 200, BODY("\0\0\0\0\2\10\1"),
		    FAILURE, "no gRPC status: no" },
		{ "", 404, BODY(""), FAILURE, "HTTP status 404" },
		{ "grpc-status: 0", 500, BODY("\0\0\0\0\2\10\1"),
		    FAILURE, "HTTP status 500" },
	};
	/* clang-format on */
	char text[HEALTH_TEXT_MAX];
	struct health_answer h;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		health_init(&h);
		health_header(&h, rows[i].header, strlen(rows[i].header));
		assert_int_equal(health_judge(&h, rows[i].http, rows[i].body,
				     rows[i].len, text),
		    rows[i].outcome);
		print_message("%s: %s\n", rows[i].header, text);
		assert_non_null(strstr(text, rows[i].text));
	}
}

/* Of a message longer than there is room for, and with a NUL in it. */
static void
test_long_message(void **state)
{
	char line[HEALTH_TEXT_MAX * 2] = "grpc-message: ";
	char text[HEALTH_TEXT_MAX];
	struct health_answer h;
	size_t n = strlen(line);

	(void)state;
	memset(line + n, 'x', sizeof(line) - n);
	health_init(&h);
	health_header(&h, line, sizeof(line));
	assert_int_equal(strlen(h.text), HEALTH_TEXT_MAX - 1);
	(void)health_judge(&h, 200, NULL, 0, text);
	assert_true(strlen(text) < HEALTH_TEXT_MAX);
}

#define LOOPBACK                                                              \
	{                                                                     \
		.sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } \
	}

struct server {
	struct h2server_answer answer;
	struct h2server_request request;
	uint8_t body[64];
};

static void
on_request(
    void *ctx, struct h2server *s, const struct h2server_request *request)
{
	struct server *want = ctx;

	want->request = *request;
	log_assert(request->len <= sizeof(want->body));
	memcpy(want->body, request->body, request->len);
	h2server_answer(s, request->stream, &want->answer);
}

static void
test_server(void **state)
{
	static uint8_t large[HEALTH_ANSWER_MAX + 1];
	/* clang-format off */
	static const struct {
		const char *name;
		struct h2server_answer answer;
		Tripod__ProbeResult__Outcome outcome;
		const char *text;
	} rows[] = {
		{ "serving", { DATA("\0\0\0\0\2\10\1"), .status = "0" },
		    SUCCESS, "" },
		{ "not serving", { DATA("\0\0\0\0\2\10\2"), .status = "0" },
		    FAILURE, "NOT_SERVING" },
		{ "no such service, trailers only", { .status = "5",
			.message = "unknown", .trailers_only = 1 },
		    FAILURE, "know the service" },
		{ "not implemented, trailers only", { .status = "12",
			.trailers_only = 1 }, FAILURE, "implement" },
		{ "good, but trailers only", { .status = "0",
			.trailers_only = 1 }, FAILURE, "is not one of" },
		{ "an error after the body", { DATA("\0\0\0\0\2\10\1"),
			.status = "13", .message = "oh no" },
		    FAILURE, "status 13: oh" },
		{ "no trailers", { DATA("\0\0\0\0\2\10\1") },
		    FAILURE, "no gRPC status" },
		{ "HTTP status", { "502", "text/html", DATA("bad"),
			.status = "0" },
		    FAILURE, "HTTP status 502" },
		{ "not gRPC at all", { "200", "text/html", DATA("hello") },
		    FAILURE, "no gRPC status" },
		{ "reset", { DATA("\0\0\0\0\2\10\1"), .rst = 1,
			.rst_error = 2 }, FAILURE, "" },
		{ "never ends", { DATA("\0\0\0\0\2\10\1"), .status = "0",
			.open = 1 }, TIMEOUT, "in time" },
		{ "too large", { .body = large, .len = sizeof(large),
			.status = "0" },
		    FAILURE, "too large" },
	};
	/* clang-format on */
	struct sockaddr_in addr = LOOPBACK;
	struct h2server *server;
	struct callworld w;
	struct callhandler h;
	struct server want;
	size_t i;
	int port;

	(void)state;
	callworld_init(&w);
	server = h2server_new_tcp(w.base, &addr, on_request, &want);
	port = ntohs(addr.sin_port);
	for (i = 0; i < LEN(rows); i++) {
		print_message("%s\n", rows[i].name);
		want.answer = rows[i].answer;
		callhandler_init(&h, TRIPOD__HANDLER__ACTION_GRPC, port);
		callworld_try(&w, &h.handler, 500, 0);
		print_message("\t%s\n", w.message);
		assert_int_equal(w.outcome, rows[i].outcome);
		assert_non_null(strstr(w.message, rows[i].text));
		h2server_drop(server); /* it has room for one */
	}
	h2server_free(server);
	callworld_release(&w);
}

static void
test_request(void **state)
{
	struct server want = { .answer = {
				   DATA("\0\0\0\0\2\10\1"), .status = "0" } };
	struct sockaddr_in addr = LOOPBACK;
	struct h2server *server;
	struct callworld w;
	struct callhandler h;
	char authority[32];
	int port;

	(void)state;
	callworld_init(&w);
	server = h2server_new_tcp(w.base, &addr, on_request, &want);
	port = ntohs(addr.sin_port);
	callhandler_init(&h, TRIPOD__HANDLER__ACTION_GRPC, port);
	h.grpc.service = TEXT("etcd");
	callworld_try(&w, &h.handler, 5000, 0);
	assert_int_equal(w.outcome, SUCCESS);
	assert_string_equal(want.request.method, "POST");
	assert_string_equal(want.request.path, HEALTH_PATH);
	assert_string_equal(want.request.content_type, "application/grpc");
	assert_string_equal(want.request.te, "trailers");
	(void)snprintf(authority, sizeof(authority), "127.0.0.1:%d", port);
	assert_string_equal(want.request.authority, authority);
	assert_int_equal(want.request.len, 11);
	assert_memory_equal(want.body, "\0\0\0\0\6\n\4etcd", 11);
	h2server_free(server);
	callworld_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_request),
	};

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatalx("curl_global_init");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
