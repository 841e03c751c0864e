/*
 * Events for those who follow them: a reader that is too slow costs nothing
 * but itself, and gets the rest later.
 */
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/control_parts.h"

#define EVENTS 20000

/* Of other files, which nobody calls here. */
int
control_done(struct link *l, const struct ipc_msg *m, const struct err *err)
{
	(void)l;
	(void)m;
	fail_msg("%s", err->text);
	return (-1);
}

struct world {
	struct reconciled r;
	struct peers ps;
	struct peer *far; /* the reader */
	/* What it got. */
	size_t n, lost, changed;
	uint64_t number;
};

static int
on_event(void *ctx, struct ipc_msg *m)
{
	const Tripod__EventItem *e = (const Tripod__EventItem *)(void *)
					 m->payload;
	struct world *w = ctx;

	assert_true(e->number > w->number);
	w->number = e->number;
	w->n++;
	w->lost += e->lost;
	return (0);
}

static int
on_changed(void *ctx, struct ipc_msg *m)
{
	struct world *w = ctx;

	(void)m;
	w->changed++;
	return (0);
}

static const struct ipc_op ops[] = {
	{ TRIPOD__MSG__MSG_EVENT, PHASE_NEW, IPC_SMALL_MAX, IPC_SMALL_MAX * 4,
	    IPC_FD_NONE, &tripod__event_item__descriptor, on_event },
	{ TRIPOD__MSG__MSG_CHANGED, PHASE_NEW, 0, 0, IPC_FD_NONE, NULL,
	    on_changed },
};

static const struct ipc_table table = { "control", ops, 2 };

static void
on_gone(struct peer *p, const struct err *err, void *ctx)
{
	(void)p;
	(void)ctx;
	fail_msg("dropped: %s", err->text);
}

static void
on_drained(struct peer *p, void *ctx)
{
	struct world *w = ctx;

	(void)p;
	follow_events(&w->ps);
}

static const struct peer_callbacks callbacks = { on_gone, on_drained };

static void
world_init(struct world *w)
{
	int fds[2];

	memset(w, 0, sizeof(*w));
	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	w->r.base = event_base_new();
	assert_non_null(w->r.base);
	w->ps.r = &w->r;
	w->r.peers = &w->ps;
	records_init(&w->r.records);
	w->ps.control[0].r = &w->r;
	w->ps.control[0].peer = peer_new(
	    w->r.base, fds[0], &table, &callbacks, w);
	w->far = peer_new(w->r.base, fds[1], &table, &callbacks, w);
	assert_non_null(w->far);
}

static void
world_release(struct world *w)
{
	follow_release(&w->ps.control[0].follower);
	peer_free(w->ps.control[0].peer);
	peer_free(w->far);
	records_release(&w->r.records);
	event_base_free(w->r.base);
}

static void
happens(struct world *w, const char *pod, int i)
{
	const struct record_object o = { "u", "default", pod, "", NULL };
	char message[400];

	(void)snprintf(message, sizeof(message), "%0390d", i);
	(void)records_add(&w->r.records, &o, 0, "Started", message, i);
	follow_events(&w->ps);
}

static void
settle(struct world *w)
{
	int turns = 0;

	while (w->number < w->r.records.number && turns++ < 100000)
		assert_int_equal(
		    event_base_loop(w->r.base, EVLOOP_NONBLOCK | EVLOOP_ONCE),
		    0);
}

static void
test_slow(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct follower *f;
	size_t most = 0;
	int i;

	(void)state;
	assert_non_null(w);
	world_init(w);
	f = &w->ps.control[0].follower;
	f->events = 1;
	/* The loop does not run: nothing is read, or even written. */
	for (i = 0; i < EVENTS; i++) {
		happens(w, "web", i);
		if (w->ps.control[0].peer->ibuf.queued > most)
			most = w->ps.control[0].peer->ibuf.queued;
	}
	assert_true(most < ipc_limits.high + 64 * 1024);
	assert_true(f->number < w->r.records.number);
	settle(w);
	/* It knows the newest, and that some are missing. */
	assert_int_equal(w->number, w->r.records.number);
	assert_true(w->n < EVENTS);
	assert_int_equal(w->lost, 1);
	world_release(w);
	free(w);
}

static void
test_one_pod(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct follower *f;

	(void)state;
	assert_non_null(w);
	world_init(w);
	f = &w->ps.control[0].follower;
	happens(w, "web", 1);
	f->events = 1;
	f->number = w->r.records.number;
	f->pod = strdup("default/web");
	happens(w, "db", 2);
	happens(w, "web", 3);
	happens(w, "web", 3);
	settle(w);
	assert_int_equal(w->n, 2);
	assert_int_equal(w->lost, 0);
	world_release(w);
	free(w);
}

static void
test_changed(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct follower *f;
	int i;

	(void)state;
	assert_non_null(w);
	world_init(w);
	f = &w->ps.control[0].follower;
	follow_changed(&w->ps);
	f->changes = 1;
	for (i = 0; i < 100; i++)
		follow_changed(&w->ps);
	assert_int_equal(f->changes, 0);
	for (i = 0; i < 10; i++)
		assert_int_equal(
		    event_base_loop(w->r.base, EVLOOP_NONBLOCK | EVLOOP_ONCE),
		    0);
	/* Once for each time that it was asked for. */
	assert_int_equal(w->changed, 1);
	world_release(w);
	free(w);
}

static void
test_followers(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct link *l;
	int i;

	(void)state;
	assert_non_null(w);
	world_init(w);
	for (i = 1; i <= CONTROL_FOLLOWERS_MAX; i++) {
		l = &w->ps.control[i];
		l->r = &w->r;
		assert_int_equal(follow_allowed(l), 0);
		l->peer = w->far;
		l->follower.changes = 1;
	}
	assert_int_equal(follow_allowed(&w->ps.control[0]), -1);
	/* One of them may ask again. */
	assert_int_equal(follow_allowed(&w->ps.control[1]), 0);
	for (i = 1; i <= CONTROL_FOLLOWERS_MAX; i++)
		w->ps.control[i].peer = NULL;
	world_release(w);
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_one_pod),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_followers),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
