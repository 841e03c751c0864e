/* The life of a connection, as its user sees it. */
#include "reconciled/h2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "tests/unit/grpcworld.h"

static void
test_absent_server(void **state)
{
	struct world *w = *state;
	int i;

	w->inside = 1;
	w->grpc = grpc_new(w->base, w->path, &world_callbacks, w);
	w->inside = 0;
	world_await(w, &w->down, 2);
	assert_string_equal(w->reason, "No such file or directory");
	world_call_version(w, GRPC_NO_DEADLINE);
	world_await(w, &w->done, 1);
	assert_int_equal(w->code, GRPC_UNAVAILABLE);
	assert_false(w->uncertain);
	/* Comes, goes, and comes back. */
	for (i = 1; i <= 2; i++) {
		h2server_free(w->server);
		world_begin_server(w);
		world_await(w, &w->up, i);
		world_check_good(w);
	}
}

static void
test_loss(void **state)
{
	struct world *w = *state;

	w->hold = 1;
	world_call_version(w, GRPC_NO_DEADLINE);
	world_call_stream(w);
	world_await(w, &w->nrequests, 2);
	h2server_drop(w->server);
	world_await(w, &w->down, 1);
	assert_false(grpc_is_up(w->grpc));
	world_await(w, &w->done, 2);
	assert_int_equal(w->code, GRPC_UNAVAILABLE);
	assert_true(w->uncertain);
	world_await(w, &w->up, 2);
	world_check_good(w);
}

/*
 * Of three calls the server has not looked at the last; the first goes on
 * and is answered; a stream would last for ever and is ended.
 */
static void
test_goaway(void **state)
{
	struct world *w = *state;
	int32_t first;

	w->hold = 1;
	world_call_version(w, GRPC_NO_DEADLINE);
	world_await(w, &w->nrequests, 1);
	first = w->request.stream;
	world_call_stream(w);
	world_await(w, &w->nrequests, 2);
	h2server_goaway(w->server, w->request.stream, NGHTTP2_NO_ERROR);
	world_call_version(w, GRPC_NO_DEADLINE);
	world_await(w, &w->done, 2);
	assert_int_equal(w->code, GRPC_UNAVAILABLE);
	assert_int_equal(w->down, 1);
	assert_string_equal(w->reason, "GOAWAY NO_ERROR bye");
	world_call_version(w, GRPC_NO_DEADLINE);
	world_await(w, &w->done, 3);
	assert_int_equal(w->code, GRPC_UNAVAILABLE);
	assert_false(w->uncertain);
	assert_int_equal(w->up, 1);
	h2server_answer(w->server, first, &GOOD_ANSWER);
	world_await(w, &w->done, 4);
	assert_int_equal(w->code, GRPC_OK);
	world_await(w, &w->up, 2);
	assert_int_equal(h2server_connections(w->server), 2);
	world_check_good(w);
}

static void
test_garbage(void **state)
{
	static const uint8_t junk[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	struct world *w = *state;

	w->hold = 1;
	world_call_version(w, GRPC_NO_DEADLINE);
	world_await(w, &w->nrequests, 1);
	h2server_raw(w->server, junk, sizeof(junk) - 1);
	world_await(w, &w->done, 1);
	assert_int_equal(w->code, GRPC_UNAVAILABLE);
	assert_int_equal(w->down, 1);
	assert_string_equal(w->reason, "HTTP/2 protocol error");
	world_await(w, &w->up, 2);
}

static void
test_free_in_flight(void **state)
{
	struct world *w = *state;

	w->hold = 1;
	world_call_version(w, 1000);
	world_call_stream(w);
	world_await(w, &w->nrequests, 2);
	world_call_version(w, 1000);
	grpc_free(w->grpc);
	w->grpc = NULL;
	world_settle(w);
	assert_int_equal(w->done, 0);
	assert_int_equal(w->down, 0);
}

static void
test_long_path(void **state)
{
	struct world *w = *state;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(grpc_new(w->base, path, &world_callbacks, w));
	assert_null(grpc_new(w->base, "", &world_callbacks, w));
}

#define UP(f) cmocka_unit_test_setup_teardown(f, world_setup_up, world_teardown)
#define DOWN(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DOWN(test_absent_server),
		UP(test_loss),
		UP(test_goaway),
		UP(test_garbage),
		UP(test_free_in_flight),
		DOWN(test_long_path),
	};

	log_init("test_h2");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
