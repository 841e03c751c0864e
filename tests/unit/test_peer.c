/*
 * Peers: dispatch, back-pressure and the end of a link, on a socket pair
 * with a plain buffer at the other end.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "ipc/peer.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define BIG (64 * 1024)

struct rig {
	struct event_base *base;
	struct peer *peer;
	struct imsgbuf far;
	int messages, gone, drained;
	size_t answer; /* bytes sent for each message */
	char why[ERR_MAX];
};

static int
on_open(void *ctx, struct ipc_msg *m)
{
	struct rig *r = ctx;
	Tripod__Opened o = TRIPOD__OPENED__INIT;
	char *text;
	int rc = 0;

	(void)m;
	r->messages++;
	if (r->answer > 0) {
		text = calloc(1, r->answer + 1);
		assert_non_null(text);
		memset(text, 'x', r->answer);
		o.reason = text;
		rc = peer_send(
		    r->peer, TRIPOD__MSG__MSG_OPENED, m->id, -1, &o.base);
		free(text);
	}
	return (rc);
}

static int
on_done(void *ctx, struct ipc_msg *m)
{
	struct rig *r = ctx;

	(void)m;
	peer_drop(r->peer, "said %s", "enough");
	peer_drop(r->peer, "never heard");
	return (0);
}

/* clang-format off */
static const struct ipc_op ops[] = {
	{ TRIPOD__MSG__MSG_OPEN, PHASE_NEW, 100, 1000, IPC_FD_NONE,
	    &tripod__open__descriptor, on_open },
	{ TRIPOD__MSG__MSG_DONE, PHASE_NEW, 0, 0, IPC_FD_NONE, NULL, on_done },
};
/* clang-format on */

static const struct ipc_table table = { "test", ops, LEN(ops) };

static void
on_gone(struct peer *p, const struct err *err, void *ctx)
{
	struct rig *r = ctx;

	r->gone++;
	(void)snprintf(r->why, sizeof(r->why), "%s", err->text);
	assert_ptr_equal(p, r->peer);
	peer_free(p);
	r->peer = NULL;
}

static void
on_drained(struct peer *p, void *ctx)
{
	struct rig *r = ctx;

	assert_true(p->ibuf.queued < p->ibuf.limits.low);
	r->drained++;
}

static const struct peer_callbacks callbacks = { on_gone, on_drained };

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	int fds[2];

	assert_non_null(r);
	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	r->base = event_base_new();
	r->peer = peer_new(r->base, fds[0], &table, &callbacks, r);
	assert_non_null(r->peer);
	imsgbuf_init(&r->far, fds[1], &ipc_limits);
	*state = r;
	return (0);
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	peer_free(r->peer);
	imsgbuf_release(&r->far);
	event_base_free(r->base);
	free(r);
	return (0);
}

/* Everything that can happen now. */
static void
turn(struct rig *r)
{
	int i;

	for (i = 0; i < 5; i++)
		(void)event_base_loop(r->base, EVLOOP_NONBLOCK);
}

/* What has arrived at the other end; -1: its end. */
static int
far_read(struct rig *r)
{
	struct imsg m;
	int n = 0;

	while (imsgbuf_read(&r->far) == 1)
		while (imsg_get(&r->far, &m) == 1)
			n++;
	return (n);
}

static void
far_send(struct rig *r, uint32_t type, int n)
{
	while (n-- > 0)
		assert_int_equal(
		    imsg_compose(&r->far, type, 9, -1, NULL, 0), 0);
	assert_int_equal(imsgbuf_write(&r->far), 1);
}

static void
test_credentials(void **state)
{
	struct rig *r = *state;

	assert_int_equal(r->peer->uid, getuid());
	assert_int_equal(r->peer->pid, getpid());
}

static void
test_messages(void **state)
{
	struct rig *r = *state;

	r->answer = 10;
	far_send(r, TRIPOD__MSG__MSG_OPEN, 5);
	turn(r);
	assert_int_equal(r->messages, 5);
	assert_int_equal(far_read(r), 5);
	assert_true(r->drained > 0);
	assert_int_equal(r->gone, 0);
}

/* Who does not read is not read either, and loses nothing. */
static void
test_high_water(void **state)
{
	struct rig *r = *state;
	int answers = 0, before;

	r->answer = BIG;
	far_send(r, TRIPOD__MSG__MSG_OPEN, 100);
	turn(r);
	before = r->messages;
	assert_true(before < 100);
	assert_true(r->peer->ibuf.queued > ipc_limits.low);
	assert_false(r->peer->reading);
	assert_true(r->peer->ibuf.queued < 2 * ipc_limits.high);
	turn(r);
	assert_int_equal(r->messages, before);
	while (answers < 100) {
		before = answers;
		answers += far_read(r);
		turn(r);
		assert_true(answers > before || r->messages == 100);
	}
	assert_int_equal(r->messages, 100);
	assert_int_equal(answers, 100);
	assert_true(r->peer->reading);
	assert_int_equal(r->gone, 0);
}

static void
test_hard_limit(void **state)
{
	static char text[4 * 1024 * 1024 - 64];
	Tripod__Opened o = TRIPOD__OPENED__INIT;
	struct rig *r = *state;
	int i, rc = 0, fd = dup(0);

	memset(text, 'x', sizeof(text) - 1);
	o.reason = text;
	for (i = 0; i < 20 && rc == 0; i++)
		rc = peer_send(
		    r->peer, TRIPOD__MSG__MSG_OPENED, 0, -1, &o.base);
	assert_int_equal(rc, -1);
	assert_int_equal(i, 17);
	/* Dropped, but not from within; later messages are refused. */
	assert_int_equal(r->gone, 0);
	assert_int_equal(
	    peer_send(r->peer, TRIPOD__MSG__MSG_OPENED, 0, fd, NULL), -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	turn(r);
	assert_int_equal(r->gone, 1);
	assert_non_null(strstr(r->why, "MSG_OPENED"));
}

static void
test_drop(void **state)
{
	struct rig *r = *state;

	far_send(r, TRIPOD__MSG__MSG_DONE, 1);
	far_send(r, TRIPOD__MSG__MSG_OPEN, 1);
	turn(r);
	assert_int_equal(r->gone, 1);
	assert_string_equal(r->why, "said enough");
	assert_int_equal(r->messages, 0);
}

static void
test_closed(void **state)
{
	struct rig *r = *state;

	far_send(r, TRIPOD__MSG__MSG_OPEN, 2);
	imsgbuf_release(&r->far);
	turn(r);
	assert_int_equal(r->messages, 2);
	assert_int_equal(r->gone, 1);
	assert_string_equal(r->why, "");
}

static void
test_bad_messages(void **state)
{
	struct rig *r = *state;
	const uint8_t frame[IMSG_HEADER_SIZE] = { 0 };

	far_send(r, TRIPOD__MSG__MSG_STATUS, 1);
	turn(r);
	assert_int_equal(r->gone, 1);
	assert_non_null(strstr(r->why, "MSG_STATUS"));
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(state), 0);
	r = *state;
	assert_int_equal(
	    write(r->far.fd, frame, sizeof(frame)), (ssize_t)sizeof(frame));
	turn(r);
	assert_int_equal(r->gone, 1);
	assert_non_null(strstr(r->why, "bad frame"));
}

static void
test_hello(void **state)
{
	Tripod__Hello h = TRIPOD__HELLO__INIT;
	Tripod__Welcome w = TRIPOD__WELCOME__INIT;
	char role[] = "mirrord", version[] = "1", empty[] = "";
	struct err err;

	(void)state;
	h.protocol = w.protocol = TRIPOD_PROTOCOL;
	h.role = role;
	h.version = w.version = version;
	assert_int_equal(hello_check(&h, "mirrord", &err), 0);
	assert_int_equal(hello_check(&h, "watcherd", &err), -1);
	assert_int_equal(welcome_check(&w, &err), 0);
	h.protocol = w.protocol = TRIPOD_PROTOCOL + 1;
	assert_int_equal(hello_check(&h, "mirrord", &err), -1);
	assert_int_equal(welcome_check(&w, &err), -1);
	h.protocol = TRIPOD_PROTOCOL;
	h.version = empty;
	assert_int_equal(hello_check(&h, "mirrord", &err), -1);
	assert_non_null(strstr(err.text, "version"));
}

static void
test_listen(void **state)
{
	char dir[] = "/tmp/test_peer.XXXXXX", path[64], deep[200];
	struct stat st;
	struct err err;
	int fd, again, client;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(ipc_connect_once(path, &err), -1);
	fd = ipc_listen(path, getgid(), 0620, &err);
	assert_int_not_equal(fd, -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0620);
	/* What another run left behind is replaced. */
	again = ipc_listen(path, getgid(), 0600, &err);
	assert_int_not_equal(again, -1);
	client = ipc_connect_once(path, &err);
	assert_int_not_equal(client, -1);
	assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
	assert_int_equal(close(client), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(again), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	memset(deep, 'd', sizeof(deep) - 1);
	deep[0] = '/';
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(ipc_listen(deep, 0, 0600, &err), -1);
	assert_non_null(strstr(err.text, "longer than"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_credentials, setup, teardown),
		cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_high_water, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_hard_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_bad_messages, setup, teardown),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_listen),
	};

	log_init("test_peer");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
