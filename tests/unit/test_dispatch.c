/*
 * Op tables: every reason for which a message is refused.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/dispatch.h"
#include "tripod.pb-c.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))

/* What the handler saw, and what it is to do. */
struct seen {
	int calls;
	int rc;
	int take;
	int fd;
	struct arena *arena;
	char name[16];
};

static int
on_message(void *ctx, struct ipc_msg *m)
{
	const Tripod__Open *o = (const Tripod__Open *)(void *)m->payload;
	struct seen *s = ctx;

	s->calls++;
	if (o != NULL)
		(void)snprintf(s->name, sizeof(s->name), "%s", o->name);
	if (s->take) {
		s->fd = m->fd;
		m->fd = -1;
		s->arena = m->arena;
		m->arena = NULL;
	}
	return (s->rc);
}

#define MSG(x) TRIPOD__MSG__MSG_##x

/* clang-format off */
static const struct ipc_op ops[] = {
	{ MSG(HELLO), PHASE_NEW, 100, 1000, IPC_FD_NONE,
	    &tripod__open__descriptor, on_message },
	{ MSG(OPEN), PHASE_READY | PHASE_SYNC, 100, 1000, IPC_FD_OPTIONAL,
	    &tripod__open__descriptor, on_message },
	{ MSG(OPENED), PHASE_READY, 0, 0, IPC_FD_REQUIRED, NULL, on_message },
	{ MSG(FOLDER), PHASE_READY, 100, 8, IPC_FD_NONE,
	    &tripod__open__descriptor, on_message },
};
/* clang-format on */

static const struct ipc_table table = { "test", ops, LEN(ops) };

static const uint8_t good[] = { 0x0a, 3, 'a', '.', 'b' };
static const uint8_t bad[] = { 0x0a, 9, 'a' };
static const uint8_t zeros[101];

static void
test_rules(void **state)
{
	static const struct {
		uint32_t type;
		enum ipc_phase phase;
		const uint8_t *data;
		size_t len;
		int fd;
		const char *error; /* NULL: accepted */
	} rows[] = {
		{ MSG(HELLO), PHASE_NEW, good, sizeof(good), 0, NULL },
		{ MSG(HELLO), PHASE_NEW, good, 0, 0, NULL },
		{ MSG(HELLO), PHASE_READY, good, sizeof(good), 0,
		    "test channel: message MSG_HELLO (1): out of phase" },
		{ MSG(HELLO), PHASE_SYNC, good, sizeof(good), 0, "phase" },
		{ MSG(HELLO), PHASE_NEW, good, sizeof(good), 1,
		    "carries a descriptor" },
		{ MSG(HELLO), PHASE_NEW, zeros, 101, 0,
		    "101 bytes, at most 100" },
		{ MSG(HELLO), PHASE_NEW, bad, sizeof(bad), 0,
		    "does not decode" },
		{ MSG(FOLDER), PHASE_READY, good, sizeof(good), 0,
		    "does not decode" }, /* beyond its memory */
		{ MSG(OPEN), PHASE_SYNC, good, sizeof(good), 1, NULL },
		{ MSG(OPEN), PHASE_READY, good, sizeof(good), 0, NULL },
		{ MSG(OPEN), PHASE_NEW, good, sizeof(good), 0, "phase" },
		{ MSG(OPENED), PHASE_READY, NULL, 0, 1, NULL },
		{ MSG(OPENED), PHASE_READY, NULL, 0, 0,
		    "lacks its descriptor" },
		{ MSG(OPENED), PHASE_READY, good, 1, 1, "at most 0" },
		{ MSG(STATUS), PHASE_READY, NULL, 0, 0,
		    "not a message of this channel" },
		{ 0, PHASE_NEW, NULL, 0, 0, "not a message" },
		{ 0xffffffff, PHASE_READY, NULL, 0, 1,
		    "message unknown (4294967295): not a message" },
	};
	struct seen s;
	struct imsg m;
	struct err err;
	size_t i;
	int fd, rc;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		memset(&s, 0, sizeof(s));
		fd = rows[i].fd ? dup(0) : -1;
		m.hdr.type = rows[i].type;
		m.hdr.id = 1;
		m.data = rows[i].data;
		m.len = rows[i].len;
		m.fd = fd;
		err.text[0] = '\0';
		rc = ipc_dispatch(&table, rows[i].phase, &m, &s, &err);
		assert_int_equal(rc, rows[i].error == NULL ? 0 : -1);
		assert_int_equal(s.calls, rows[i].error == NULL);
		if (rows[i].error != NULL &&
		    strstr(err.text, rows[i].error) == NULL)
			fail_msg("row %zu: %s", i, err.text);
		if (rc == 0 && rows[i].len > 0)
			assert_string_equal(s.name, "a.b");
		/* Nobody took it: closed in every case. */
		assert_int_equal(m.fd, -1);
		if (fd != -1)
			assert_int_equal(fcntl(fd, F_GETFD), -1);
	}
}

static void
test_taking(void **state)
{
	struct seen s = { .take = 1 };
	struct imsg m = { .data = good, .len = sizeof(good), .fd = dup(0) };
	struct err err;
	int fd = m.fd;

	(void)state;
	m.hdr.type = MSG(OPEN);
	assert_int_equal(ipc_dispatch(&table, PHASE_READY, &m, &s, &err), 0);
	assert_int_equal(s.fd, fd);
	assert_int_equal(close(fd), 0);
	assert_non_null(s.arena);
	arena_free(s.arena);
}

static void
test_refusal(void **state)
{
	struct seen s = { .rc = -1 };
	struct imsg m = { .data = good, .len = sizeof(good), .fd = -1 };
	struct err err;

	(void)state;
	m.hdr.type = MSG(OPEN);
	assert_int_equal(ipc_dispatch(&table, PHASE_READY, &m, &s, &err), -1);
	assert_string_equal(
	    err.text, "test channel: message MSG_OPEN (12): refused");
	assert_int_equal(s.calls, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_taking),
		cmocka_unit_test(test_refusal),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
