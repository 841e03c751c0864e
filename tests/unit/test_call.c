/*
 * The prober against pods that answer well, badly, slowly and without end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "common/log.h"
#include "common/mtime.h"
#include "tests/unit/callworld.h"
#include "tests/unit/hostile.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define HTTP TRIPOD__HANDLER__ACTION_HTTP_GET
#define TCP TRIPOD__HANDLER__ACTION_TCP_SOCKET
#define GRPC TRIPOD__HANDLER__ACTION_GRPC

#define ERROR TRIPOD__PROBE_RESULT__OUTCOME__ERROR
#define SUCCESS TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS
#define WARNING TRIPOD__PROBE_RESULT__OUTCOME__WARNING
#define FAILURE TRIPOD__PROBE_RESULT__OUTCOME__FAILURE
#define TIMEOUT TRIPOD__PROBE_RESULT__OUTCOME__TIMEOUT

#define BLOCK                                                              \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define OK "HTTP/1.1 200 OK\r\n"
#define LENGTH "Content-Length: 0\r\n\r\n"
#define PATIENT 5000 /* ms; none of these tests takes that long */

/* clang-format off */
static const struct {
	const char *name;
	Tripod__Handler__ActionCase kind;
	int https, hook;
	int64_t timeout_ms;
	struct hostile_script script;
	Tripod__ProbeResult__Outcome outcome;
	const char *message; /* a part of it */
	unsigned int connections; /* 0: any number */
} answers[] = {
	{ "good", HTTP, 0, 0, PATIENT, { .first = OK LENGTH },
	    SUCCESS, "", 1 },
	{ "no content", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 204 No\r\n\r\n" }, SUCCESS, "", 1 },
	{ "not modified", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 304 Same\r\n\r\n" }, SUCCESS, "", 1 },
	{ "not found", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 404 No\r\n" LENGTH },
	    FAILURE, "statuscode: 404", 1 },
	{ "unavailable", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 503 No\r\n" LENGTH },
	    FAILURE, "statuscode: 503", 1 },
	{ "no HTTP", HTTP, 0, 0, PATIENT,
	    { .first = "SSH-2.0-OpenSSH_9.2\r\n", .close = 1 },
	    FAILURE, "", 1 },
	{ "a status that is none", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 9999999999 OK\r\n\r\n", .close = 1 },
	    FAILURE, "", 1 },
	{ "binary", HTTP, 0, 0, PATIENT,
	    { .first = "\0\377\0\377\0\r\n\r\n", .len = 9, .close = 1 },
	    FAILURE, "", 1 },
	{ "headers without end", HTTP, 0, 0, PATIENT,
	    { .first = OK, .again = "X: " BLOCK "\r\n" },
	    FAILURE, "too large", 1 },
	{ "one header line without end", HTTP, 0, 0, PATIENT,
	    { .first = OK "X: ", .again = BLOCK },
	    FAILURE, "too long", 1 },
	{ "a status line without end", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 200 ", .again = BLOCK },
	    FAILURE, "", 1 },
	{ "continue without end", HTTP, 0, 0, PATIENT,
	    { .again = "HTTP/1.1 100 Continue\r\n\r\n" },
	    FAILURE, "too large", 1 },
	{ "body without end", HTTP, 0, 0, PATIENT,
	    { .first = OK "\r\n", .again = BLOCK }, SUCCESS, "", 1 },
	{ "error page without end", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 500 No\r\n\r\n", .again = BLOCK },
	    FAILURE, "statuscode: 500", 1 },
	{ "chunks without end", HTTP, 0, 0, PATIENT,
	    { .first = OK "Transfer-Encoding: chunked\r\n\r\n",
		.again = "10\r\nxxxxxxxxxxxxxxxx\r\n" },
	    SUCCESS, "", 1 },
	{ "a chunk that is none", HTTP, 0, 0, PATIENT,
	    { .first = OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
		.close = 1 }, ERROR, "", 1 },
	{ "a body that is cut off", HTTP, 0, 0, PATIENT,
	    { .first = OK "Content-Length: 100\r\n\r\nxxx",
		.close = 1 }, ERROR, "", 1 },
	{ "silent", HTTP, 0, 0, 200, { .first = NULL },
	    TIMEOUT, "no whole answer", 1 },
	{ "a byte at a time", HTTP, 0, 0, 300,
	    { .first = "HTTP/1.1 ", .again = "2", .interval_ms = 20 },
	    TIMEOUT, "no whole answer", 1 },
	{ "headers one by one", HTTP, 0, 0, 300,
	    { .first = OK, .again = "X: y\r\n", .interval_ms = 20 },
	    TIMEOUT, "no whole answer", 1 },
	{ "a body one by one", HTTP, 0, 0, 300,
	    { .first = OK "\r\n", .again = "x", .interval_ms = 20 },
	    TIMEOUT, "no whole answer", 1 },
	{ "closes at once", HTTP, 0, 0, PATIENT, { .close = 1 },
	    FAILURE, "", 1 },
	{ "closes after the request", HTTP, 0, 0, PATIENT,
	    { .first = "\r\n", .close = 1 }, FAILURE, "", 1 },
	{ "resets at once", HTTP, 0, 0, PATIENT, { .reset = 1 },
	    FAILURE, "", 1 },
	{ "led in circles", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 302 F\r\nLocation: /\r\n" LENGTH },
	    FAILURE, "10 redirects", 10 },
	{ "led to another host", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 301 F\r\nLocation: "
		"http://192.0.2.1/there\r\n" LENGTH },
	    WARNING, "http://192.0.2.1/there", 1 },
	{ "led to another name", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 307 F\r\nLocation: "
		"https://localhost/\r\n" LENGTH },
	    WARNING, "https://localhost/", 1 },
	{ "led to another port, which is closed", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 308 F\r\nLocation: "
		"http://127.0.0.1:1/\r\n" LENGTH },
	    FAILURE, "Connection refused", 1 },
	{ "led to another protocol", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 302 F\r\nLocation: "
		    "ftp://127.0.0.1/\r\n" LENGTH },
	    FAILURE, "", 1 },
	{ "led nowhere", HTTP, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 302 F\r\n" LENGTH }, SUCCESS, "", 1 },
	{ "HTTPS, a certificate of no worth", HTTP, 1, 0, PATIENT,
	    { .first = OK LENGTH, .tls = 1 }, SUCCESS, "", 1 },
	{ "HTTPS, and a bad answer", HTTP, 1, 0, PATIENT,
	    { .first = "HTTP/1.1 500 No\r\n" LENGTH, .tls = 1 },
	    FAILURE, "statuscode: 500", 1 },
	{ "no TLS", HTTP, 1, 0, PATIENT,
	    { .first = "HTTP/1.1 400 No\r\n" LENGTH }, FAILURE, "", 1 },
	{ "TLS that does not go on", HTTP, 1, 0, 200,
	    { .first = "\26\3\3" }, TIMEOUT, "", 1 },
	{ "TLS asked for HTTP", HTTP, 0, 0, PATIENT,
	    { .first = OK LENGTH, .tls = 1 }, FAILURE, "", 1 },
	{ "hook: any answer will do", HTTP, 0, 1, PATIENT,
	    { .first = "HTTP/1.1 500 No\r\n" LENGTH }, SUCCESS, "", 1 },
	{ "hook: even half of one", HTTP, 0, 1, PATIENT,
	    { .first = OK "Content-Length: 100\r\n\r\nxxx",
		.close = 1 }, SUCCESS, "", 1 },
	{ "hook: not led anywhere", HTTP, 0, 1, PATIENT,
	    { .first = "HTTP/1.1 302 F\r\nLocation: /\r\n" LENGTH },
	    SUCCESS, "", 1 },
	{ "hook: nothing is no answer", HTTP, 0, 1, PATIENT,
	    { .close = 1 }, FAILURE, "", 1 },
	{ "hook: HTTP after no TLS", HTTP, 1, 1, PATIENT,
	    { .first = OK LENGTH }, WARNING, "HTTP was used", 2 },
	{ "hook: neither", HTTP, 1, 1, PATIENT,
	    { .first = "xxxxxxxxxxxxxxxx\r\n\r\n", .close = 1 },
	    FAILURE, "", 2 },
	{ "tcp: accepted", TCP, 0, 0, PATIENT, { .first = NULL },
	    SUCCESS, "", 1 },
	{ "tcp: closed at once", TCP, 0, 0, PATIENT, { .close = 1 },
	    SUCCESS, "", 1 },
	{ "grpc: HTTP/1", GRPC, 0, 0, PATIENT,
	    { .first = "HTTP/1.1 400 Bad\r\n" LENGTH, .close = 1 },
	    FAILURE, "", 1 },
	{ "grpc: garbage", GRPC, 0, 0, PATIENT,
	    { .first = BLOCK, .again = BLOCK }, FAILURE, "", 1 },
	{ "grpc: silent", GRPC, 0, 0, 200, { .first = NULL },
	    TIMEOUT, "no whole answer", 1 },
	{ "grpc: frames that never end", GRPC, 0, 0, 300,
	    { .first = "\0\0\0\4\0\0\0\0\0", .len = 9,
		.again = "\1\1\1" }, FAILURE, "", 1 },
	{ "grpc: closes at once", GRPC, 0, 0, PATIENT, { .close = 1 },
	    FAILURE, "", 1 },
};
/* clang-format on */

static void
test_answers(void **state)
{
	struct callworld w;
	struct callhandler h;
	struct hostile *server;
	struct mtime began;
	size_t i;
	int port;

	(void)state;
	callworld_init(&w);
	for (i = 0; i < LEN(answers); i++) {
		print_message("%s\n", answers[i].name);
		server = hostile_new(w.base, &answers[i].script, &port);
		callhandler_init(&h, answers[i].kind, port);
		h.http.https = answers[i].https;
		began = mtime_now();
		callworld_try(
		    &w, &h.handler, answers[i].timeout_ms, answers[i].hook);
		print_message("\t%s\n", w.message);
		assert_int_equal(w.id, CALLWORLD_ID);
		assert_int_equal(w.outcome, answers[i].outcome);
		assert_non_null(strstr(w.message, answers[i].message));
		assert_true(mtime_diff(mtime_now(), began) < PATIENT);
		if (answers[i].connections > 0 && answers[i].kind != TCP)
			assert_int_equal(hostile_connections(server),
			    answers[i].connections);
		hostile_free(server);
	}
	assert_int_equal(calls_count(w.calls), 0);
	callworld_release(&w);
}

/* Nobody is there, or it is not said where. */
static void
test_nowhere(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *host;
		int port;
		Tripod__ProbeResult__Outcome outcome;
		const char *message;
	} rows[] = {
		{ "refused", "", 1, FAILURE, "Connection refused" },
		{ "refused by name", "localhost", 1, FAILURE,
		    "Connection refused" },
		{ "a name", "example.org", 80, ERROR,
		    "host must be an IP address" },
		{ "an address and more", "127.0.0.1@192.0.2.1", 80, ERROR,
		    "host must be an IP address" },
		{ "no port", "", 0, ERROR, "port must be 1..65535, got 0" },
		{ "no such port", "", 65536, ERROR, "got 65536" },
	};
	/* clang-format on */
	static const Tripod__Handler__ActionCase kinds[] = { HTTP, TCP };
	struct callworld w;
	struct callhandler h;
	size_t i, k;

	(void)state;
	callworld_init(&w);
	for (i = 0; i < LEN(rows); i++) {
		for (k = 0; k < LEN(kinds); k++) {
			callhandler_init(&h, kinds[k], rows[i].port);
			h.http.host = h.tcp.host = TEXT(rows[i].host);
			callworld_try(&w, &h.handler, PATIENT, 0);
			print_message("%s: %s\n", rows[i].name, w.message);
			assert_int_equal(w.outcome, rows[i].outcome);
			assert_non_null(strstr(w.message, rows[i].message));
		}
	}
	callworld_release(&w);
}

/* What is sent, with the headers that a handler has. */
static void
test_request(void **state)
{
	static const struct {
		const char *key, *value;
	} given[] = {
		{ "Host", "example.org" },
		{ "X-Twice", "one" },
		{ "X-Twice", "two" },
		{ "X-Empty", "" },
		{ "Accept", "" },
	};
	static const char *const lines[] = { "GET /a%20b?c=%41 HTTP/1.1\r\n",
		"\r\nHost: example.org\r\n", "\r\nX-Twice: one\r\n",
		"\r\nX-Twice: two\r\n", "\r\nX-Empty:\r\n",
		"\r\nConnection: close\r\n",
		("\r\nUser-Agent: kube-probe/" VERSION) };
	const struct hostile_script script = { .first = OK LENGTH };
	Tripod__KeyValue kv[LEN(given)], *header[LEN(given)];
	struct callworld w;
	struct callhandler h;
	struct hostile *server;
	size_t i;
	int port;

	(void)state;
	callworld_init(&w);
	server = hostile_new(w.base, &script, &port);
	callhandler_init(&h, HTTP, port);
	h.http.path = TEXT("a b?c=%41#there");
	for (i = 0; i < LEN(given); i++) {
		tripod__key_value__init(&kv[i]);
		kv[i].key = TEXT(given[i].key);
		kv[i].value = TEXT(given[i].value);
		header[i] = &kv[i];
	}
	h.http.header = header;
	h.http.n_header = LEN(given);
	callworld_try(&w, &h.handler, PATIENT, 0);
	assert_int_equal(w.outcome, SUCCESS);
	for (i = 0; i < LEN(lines); i++) {
		print_message("%s", lines[i]);
		assert_non_null(strstr(hostile_request(server), lines[i]));
	}
	assert_null(strcasestr(hostile_request(server), "\r\nAccept:"));
	callworld_try(&w, &h.handler, PATIENT, 1);
	assert_non_null(strstr(hostile_request(server), "kube-lifecycle/"));
	/* Headers that would be more than one. */
	kv[1].value = TEXT("one\r\nX-Evil: two");
	callworld_try(&w, &h.handler, PATIENT, 0);
	assert_int_equal(w.outcome, ERROR);
	kv[1].value = TEXT("one");
	kv[1].key = TEXT("X-Evil: x\r\nY");
	callworld_try(&w, &h.handler, PATIENT, 0);
	assert_int_equal(w.outcome, ERROR);
	assert_int_equal(hostile_connections(server), 2);
	hostile_free(server);
	callworld_release(&w);
}

/* Secrets stay at home when TLS has to be done without. */
static void
test_fallback(void **state)
{
	const struct hostile_script script = { .first = OK LENGTH };
	Tripod__KeyValue kv, *header[] = { &kv };
	struct callworld w;
	struct callhandler h;
	struct hostile *server;
	int port;

	(void)state;
	callworld_init(&w);
	server = hostile_new(w.base, &script, &port);
	callhandler_init(&h, HTTP, port);
	tripod__key_value__init(&kv);
	kv.key = TEXT("authorization");
	kv.value = TEXT("Basic cGFzc3dvcmQ=");
	h.http.header = header;
	h.http.n_header = 1;
	h.http.https = 1;
	callworld_try(&w, &h.handler, PATIENT, 1);
	assert_int_equal(w.outcome, WARNING);
	assert_non_null(strstr(hostile_request(server), "GET / HTTP/1.1\r\n"));
	assert_null(strcasestr(hostile_request(server), "authorization"));
	hostile_free(server);
	callworld_release(&w);
}

/* Many at once: a bounded number, the others wait, all end. */
static void
test_many(void **state)
{
	const struct hostile_script silent = { .first = NULL };
	const unsigned int n = CALLS_ACTIVE_MAX * 2 + 3;
	struct callworld w;
	struct callhandler h;
	struct hostile *server;
	unsigned int i;
	int port;

	(void)state;
	callworld_init(&w);
	server = hostile_new(w.base, &silent, &port);
	callhandler_init(&h, HTTP, port);
	for (i = 0; i < n; i++)
		callworld_start(&w, i, &h.handler, 300, 0);
	assert_int_equal(calls_count(w.calls), n);
	callworld_await(&w, n);
	assert_int_equal(calls_count(w.calls), 0);
	assert_int_equal(hostile_connections(server), n);
	assert_true(hostile_most(server) <= CALLS_ACTIVE_MAX + 1);
	assert_int_equal(w.outcome, TIMEOUT);
	/* More than there is room for. */
	for (i = 0; i < CALLS_ACTIVE_MAX + CALLS_WAITING_MAX + 1; i++)
		callworld_start(&w, i, &h.handler, PATIENT, 0);
	w.results = 0;
	callworld_await(&w, 1);
	assert_int_equal(w.id, i - 1);
	assert_int_equal(w.outcome, ERROR);
	assert_string_equal(w.message, "too many probes at once");
	hostile_free(server);
	callworld_release(&w); /* with all of them under way */
}

static void
test_cancel(void **state)
{
	const struct hostile_script silent = { .first = NULL };
	struct callworld w;
	struct callhandler h;
	struct hostile *server;
	unsigned int i;
	int port;

	(void)state;
	callworld_init(&w);
	server = hostile_new(w.base, &silent, &port);
	callhandler_init(&h, HTTP, port);
	for (i = 0; i < CALLS_ACTIVE_MAX + 2; i++)
		callworld_start(&w, i, &h.handler, 200, 0);
	calls_cancel(w.calls, 0);		     /* under way */
	calls_cancel(w.calls, CALLS_ACTIVE_MAX + 1); /* waiting */
	calls_cancel(w.calls, 12345);		     /* nobody */
	assert_int_equal(calls_count(w.calls), CALLS_ACTIVE_MAX);
	callworld_await(&w, CALLS_ACTIVE_MAX);
	assert_int_equal(calls_count(w.calls), 0);
	assert_int_equal(w.results, CALLS_ACTIVE_MAX);
	hostile_free(server);
	callworld_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_cancel),
	};

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatalx("curl_global_init");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
