/*
 * reconciled's side of the prober: this test plays spawner and prober,
 * well and badly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "ipc/peer.h"
#include "reconciled/prober.h"

#define TEXT(s) ((char *)(uintptr_t)(s))
#define TURNS_MAX 1000

struct world {
	struct event_base *base;
	struct prober *prober;
	struct imsgbuf control; /* the spawner's end */
	struct imsgbuf peer;	/* the prober's end */
	int lost;
	unsigned int results;
	enum handler_outcome outcome;
	char message[HANDLER_MESSAGE_MAX];
	struct prober_call *call;
	int again; /* a result leads to another call */
};

static void
on_lost(void *ctx)
{
	struct world *w = ctx;

	w->lost++;
}

static void call(struct world *);

static void
on_done(void *ctx, const struct handler_result *res)
{
	struct world *w = ctx;

	w->results++;
	w->outcome = res->outcome;
	(void)snprintf(w->message, sizeof(w->message), "%s", res->message);
	if (w->again) {
		w->again = 0;
		call(w);
	}
}

static void
call_with(struct world *w, char *path)
{
	Tripod__ProbeRequest req = TRIPOD__PROBE_REQUEST__INIT;
	Tripod__Handler handler = TRIPOD__HANDLER__INIT;
	Tripod__HttpGet get = TRIPOD__HTTP_GET__INIT;
	char address[] = "192.0.2.1";
	unsigned int results = w->results;

	get.port = 80;
	get.path = path;
	handler.action_case = TRIPOD__HANDLER__ACTION_HTTP_GET;
	handler.http_get = &get;
	req.handler = &handler;
	req.address = address;
	req.timeout_ms = 1000;
	w->call = prober_call(w->prober, &req, on_done, w);
	assert_int_equal(w->results, results); /* never from within */
}

static void
call(struct world *w)
{
	char path[] = "/";

	call_with(w, path);
}

static void
pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd),
	    0);
}

static void
turn(struct world *w)
{
	(void)event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static void
await(struct world *w, const unsigned int *value, unsigned int n)
{
	int i;

	for (i = 0; i < TURNS_MAX && *value < n; i++)
		turn(w);
	assert_int_equal(*value, n);
}

/* The spawner has started a prober. */
static void
prober_comes(struct world *w)
{
	int fd[2], i;

	pair(fd);
	imsgbuf_init(&w->peer, fd[1], &ipc_limits);
	assert_int_equal(imsg_compose(&w->control, TRIPOD__MSG__MSG_PROBER, 0,
			     fd[0], NULL, 0),
	    0);
	assert_int_equal(imsgbuf_write(&w->control), 1);
	for (i = 0; i < 5; i++)
		turn(w);
}

static int
setup(void **state)
{
	static struct world w;
	int fd[2];

	memset(&w, 0, sizeof(w));
	w.base = event_base_new();
	pair(fd);
	imsgbuf_init(&w.control, fd[1], &ipc_limits);
	w.prober = prober_new(w.base, fd[0], on_lost, &w);
	w.peer.fd = -1;
	*state = &w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	prober_free(w->prober);
	imsgbuf_release(&w->control);
	if (w->peer.fd != -1)
		imsgbuf_release(&w->peer);
	event_base_free(w->base);
	return (0);
}

/* The next request that has arrived at the prober. */
static uint32_t
take(struct world *w, uint32_t type)
{
	struct imsg m;
	uint32_t id;
	int i, rc;

	for (i = 0; i < TURNS_MAX; i++) {
		turn(w);
		rc = imsg_get(&w->peer, &m);
		if (rc == 0) {
			(void)imsgbuf_read(&w->peer); /* maybe nothing yet */
			continue;
		}
		assert_int_equal(rc, 1);
		assert_int_equal(m.hdr.type, type);
		id = m.hdr.id;
		imsg_release(&m);
		return (id);
	}
	fail();
	return (0);
}

static void
result(struct world *w, uint32_t id, Tripod__ProbeResult__Outcome outcome,
    const char *message)
{
	Tripod__ProbeResult res = TRIPOD__PROBE_RESULT__INIT;
	uint8_t buf[16384];
	size_t len;

	res.outcome = outcome;
	res.message = TEXT(message);
	len = tripod__probe_result__get_packed_size(&res);
	assert_true(len <= sizeof(buf));
	(void)tripod__probe_result__pack(&res, buf);
	assert_int_equal(imsg_compose(&w->peer, TRIPOD__MSG__MSG_PROBE_RESULT,
			     id, -1, buf, len),
	    0);
	assert_int_equal(imsgbuf_write(&w->peer), 1);
}

static void
test_outcomes(void **state)
{
	static const struct {
		int sent;
		enum handler_outcome outcome;
	} rows[] = {
		{ TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS, HANDLER_SUCCESS },
		{ TRIPOD__PROBE_RESULT__OUTCOME__WARNING, HANDLER_WARNING },
		{ TRIPOD__PROBE_RESULT__OUTCOME__FAILURE, HANDLER_FAILURE },
		{ TRIPOD__PROBE_RESULT__OUTCOME__TIMEOUT, HANDLER_TIMEOUT },
		{ TRIPOD__PROBE_RESULT__OUTCOME__ERROR, HANDLER_ERROR },
		{ 77, HANDLER_ERROR },
		{ -1, HANDLER_ERROR },
	};
	struct world *w = *state;
	uint32_t id;
	size_t i;

	prober_comes(w);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		call(w);
		id = take(w, TRIPOD__MSG__MSG_PROBE);
		result(w, id + 1000, TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS,
		    "of nobody");
		result(w, id, (Tripod__ProbeResult__Outcome)rows[i].sent,
		    "bell \a, tab\t, \303\244\n");
		await(w, &w->results, (unsigned int)i + 1);
		assert_int_equal(w->outcome, rows[i].outcome);
		assert_string_equal(w->message, "bell ?, tab , ??");
	}
}

static void
test_no_prober(void **state)
{
	struct world *w = *state;

	call(w);
	await(w, &w->results, 1);
	assert_int_equal(w->outcome, HANDLER_ERROR);
	assert_string_equal(w->message, "the prober is not running");
	/* And one that is cancelled before it ends so. */
	call(w);
	prober_cancel(w->call);
	turn(w);
	assert_int_equal(w->results, 1);
}

/* What was under way ends, also when more is asked from within. */
static void
test_dies(void **state)
{
	struct world *w = *state;

	prober_comes(w);
	call(w);
	call(w);
	w->again = 1;
	(void)take(w, TRIPOD__MSG__MSG_PROBE);
	imsgbuf_release(&w->peer);
	w->peer.fd = -1;
	await(w, &w->results, 3);
	assert_int_equal(w->outcome, HANDLER_ERROR);
	assert_int_equal(w->lost, 0);
	/* The next one takes over. */
	prober_comes(w);
	call(w);
	result(w, take(w, TRIPOD__MSG__MSG_PROBE),
	    TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS, "");
	await(w, &w->results, 4);
	assert_int_equal(w->outcome, HANDLER_SUCCESS);
}

/* Another one while the first is believed to be there. */
static void
test_replaced(void **state)
{
	struct world *w = *state;
	struct imsgbuf old;

	prober_comes(w);
	call(w);
	(void)take(w, TRIPOD__MSG__MSG_PROBE);
	old = w->peer;
	TAILQ_INIT(&old.out);
	prober_comes(w);
	assert_int_equal(w->results, 1);
	assert_int_equal(w->outcome, HANDLER_ERROR);
	call(w);
	(void)take(w, TRIPOD__MSG__MSG_PROBE);
	imsgbuf_release(&old);
}

static void
test_cancel(void **state)
{
	struct world *w = *state;
	uint32_t id;

	prober_comes(w);
	call(w);
	id = take(w, TRIPOD__MSG__MSG_PROBE);
	prober_cancel(w->call);
	assert_int_equal(take(w, TRIPOD__MSG__MSG_PROBE_CANCEL), id);
	/* Its result was on its way. */
	result(w, id, TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS, "");
	call(w);
	result(w, take(w, TRIPOD__MSG__MSG_PROBE),
	    TRIPOD__PROBE_RESULT__OUTCOME__FAILURE, "");
	await(w, &w->results, 1);
	assert_int_equal(w->outcome, HANDLER_FAILURE);
}

/* A prober that says what it must not is dropped. */
static void
test_garbage(void **state)
{
	static char large[8192];
	struct world *w = *state;
	uint32_t id;
	int i;

	memset(large, 'x', sizeof(large) - 1);
	for (i = 0; i < 3; i++) {
		prober_comes(w);
		call(w);
		id = take(w, TRIPOD__MSG__MSG_PROBE);
		if (i == 0)
			result(w, id, TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS,
			    large);
		else if (i == 1)
			(void)imsg_compose(
			    &w->peer, TRIPOD__MSG__MSG_MANIFEST, id, -1, "", 0);
		else
			(void)imsg_compose(&w->peer,
			    TRIPOD__MSG__MSG_PROBE_RESULT, id, -1, "\377", 1);
		(void)imsgbuf_write(&w->peer);
		await(w, &w->results, (unsigned int)i + 1);
		assert_int_equal(w->outcome, HANDLER_ERROR);
		assert_int_equal(w->lost, 0);
		imsgbuf_release(&w->peer);
		w->peer.fd = -1;
	}
}

static void
test_large_request(void **state)
{
	static char path[IPC_PROBE_MAX + 1];
	struct world *w = *state;

	memset(path, 'x', sizeof(path) - 1);
	prober_comes(w);
	call_with(w, path);
	await(w, &w->results, 1);
	assert_int_equal(w->outcome, HANDLER_ERROR);
	assert_string_equal(
	    w->message, "the handler is too large to be probed");
}

static void
test_spawner_goes(void **state)
{
	struct world *w = *state;
	unsigned int lost;
	int i;

	prober_comes(w);
	assert_int_equal(shutdown(w->control.fd, SHUT_RDWR), 0);
	for (i = 0; i < TURNS_MAX && w->lost == 0; i++)
		turn(w);
	lost = (unsigned int)w->lost;
	assert_int_equal(lost, 1);
}

static void
test_clean(void **state)
{
	static const struct {
		const char *from, *to;
		size_t size;
	} rows[] = {
		{ "", "", 10 },
		{ "plain", "plain", 10 },
		{ "plain", "pla", 4 },
		{ "plain", "", 1 },
		{ "end\n", "end", 10 },
		{ "\n \n", "", 10 },
		{ "two\nlines", "two lines", 10 },
		{ "\033[31mred", "?[31mred", 10 },
		{ "\177\377", "??", 10 },
	};
	char to[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		prober_clean(
		    to, rows[i].size, rows[i].from, strlen(rows[i].from));
		assert_string_equal(to, rows[i].to);
	}
	prober_clean(to, sizeof(to), "a\0b", 3);
	assert_string_equal(to, "a?b");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_outcomes),
		TEST(test_no_prober),
		TEST(test_dies),
		TEST(test_replaced),
		TEST(test_cancel),
		TEST(test_garbage),
		TEST(test_large_request),
		TEST(test_spawner_goes),
		cmocka_unit_test(test_clean),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
