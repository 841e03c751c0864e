/*
 * Framing: frames in pieces, descriptors, limits, garbage.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/imsg.h"

#define MARK 0x80000000U /* in a length: a descriptor comes with it */
#define LEN(x) (sizeof(x) / sizeof((x)[0]))

static const struct imsg_limits limits = {
	.message = 40000,
	.high = 1000,
	.low = 100,
	.hard = 100000,
};

/* Two ends: raw bytes go in at one, frames come out at the other. */
struct ends {
	int raw;
	struct imsgbuf b;
};

static int
setup(void **state)
{
	static struct ends e;
	int fds[2];

	assert_int_equal(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	e.raw = fds[0];
	imsgbuf_init(&e.b, fds[1], &limits);
	*state = &e;
	return (0);
}

static int
teardown(void **state)
{
	struct ends *e = *state;

	if (e->raw != -1)
		assert_int_equal(close(e->raw), 0);
	imsgbuf_release(&e->b);
	assert_int_equal(e->b.fd, -1);
	return (0);
}

static void
put_header(uint8_t *buf, uint32_t type, uint32_t len)
{
	struct imsg_hdr hdr = { type, len, 7, 1 };

	memcpy(buf, &hdr, sizeof(hdr));
}

/* Sends bytes, with n descriptors of standard input. */
static void
send_raw(const struct ends *e, const void *data, size_t len, size_t n)
{
	union {
		struct cmsghdr align;
		uint8_t buf[CMSG_SPACE(sizeof(int) * 4)];
	} control;
	uint8_t copy[64];
	struct iovec iov = { copy, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int fds[4] = { 0, 0, 0, 0 };

	assert_true(len <= sizeof(copy) && n <= LEN(fds));
	memcpy(copy, data, len);
	if (n > 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	assert_int_equal(sendmsg(e->raw, &msg, 0), (ssize_t)len);
}

/* Two frames, cut in two at every place. */
static void
test_split(void **state)
{
	struct ends *e = *state;
	uint8_t buf[2 * IMSG_HEADER_SIZE + 3];
	struct imsg m;
	size_t cut;
	int got;

	put_header(buf, 5, IMSG_HEADER_SIZE + 3);
	memcpy(buf + IMSG_HEADER_SIZE, "abc", 3);
	put_header(buf + IMSG_HEADER_SIZE + 3, 6, IMSG_HEADER_SIZE);
	for (cut = 1; cut < sizeof(buf); cut++) {
		send_raw(e, buf, cut, 0);
		assert_int_equal(imsgbuf_read(&e->b), 1);
		got = imsg_get(&e->b, &m);
		assert_int_equal(got, cut >= IMSG_HEADER_SIZE + 3);
		send_raw(e, buf + cut, sizeof(buf) - cut, 0);
		if (!got) {
			assert_int_equal(imsgbuf_read(&e->b), 1);
			assert_int_equal(imsg_get(&e->b, &m), 1);
		}
		assert_int_equal(m.hdr.type, 5);
		assert_int_equal(m.hdr.id, 7);
		assert_int_equal(m.len, 3);
		assert_memory_equal(m.data, "abc", 3);
		assert_int_equal(m.fd, -1);
		if (got)
			assert_int_equal(imsgbuf_read(&e->b), 1);
		assert_int_equal(imsg_get(&e->b, &m), 1);
		assert_int_equal(m.hdr.type, 6);
		assert_int_equal(m.len, 0);
		assert_int_equal(imsg_get(&e->b, &m), 0);
	}
	assert_int_equal(imsgbuf_read(&e->b), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
test_lengths(void **state)
{
	static const struct {
		uint32_t len;
		int error;
	} rows[] = {
		{ 0, EBADMSG }, { 1, EBADMSG },
		{ IMSG_HEADER_SIZE - 1, EBADMSG }, { MARK, EBADMSG },
		{ 40001, EMSGSIZE }, { 0x7fffffff, EMSGSIZE },
		{ 0xffffffff, EMSGSIZE },
		{ MARK | IMSG_HEADER_SIZE, EBADMSG }, /* no descriptor came */
	};
	uint8_t buf[IMSG_HEADER_SIZE];
	struct ends *e;
	struct imsg m;
	size_t i;

	for (i = 0; i < LEN(rows); i++) {
		e = *state;
		put_header(buf, 1, rows[i].len);
		send_raw(e, buf, sizeof(buf), 0);
		assert_int_equal(imsgbuf_read(&e->b), 1);
		assert_int_equal(imsg_get(&e->b, &m), -1);
		assert_int_equal(errno, rows[i].error);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/* A length nobody has judged yet must not size the buffer. */
static void
test_unjudged_length(void **state)
{
	struct ends *e = *state;
	uint8_t buf[2 * IMSG_HEADER_SIZE];
	struct imsg m;

	put_header(buf, 1, IMSG_HEADER_SIZE);
	put_header(buf + IMSG_HEADER_SIZE, 1, 0x7fffffff);
	send_raw(e, buf, sizeof(buf), 0);
	assert_int_equal(imsgbuf_read(&e->b), 1);
	assert_int_equal(imsg_get(&e->b, &m), 1);
	assert_int_equal(imsgbuf_read(&e->b), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(e->b.in_size <= limits.message);
	assert_int_equal(imsg_get(&e->b, &m), -1);
	assert_int_equal(errno, EMSGSIZE);
}

static void
test_end(void **state)
{
	struct ends *e = *state;

	assert_int_equal(close(e->raw), 0);
	e->raw = -1;
	assert_int_equal(imsgbuf_read(&e->b), 0);
}

/* As large as allowed, and both directions. */
static void
test_large(void **state)
{
	static uint8_t data[40000 - IMSG_HEADER_SIZE];
	struct ends *e = *state;
	struct imsgbuf other;
	struct imsg m;
	int rc;

	memset(data, 'x', sizeof(data));
	imsgbuf_init(&other, e->raw, &limits);
	e->raw = -1;
	assert_int_equal(imsg_compose(&other, 1, 0, -1, data, sizeof(data)), 0);
	assert_int_equal(other.queued, 40000);
	while ((rc = imsg_get(&e->b, &m)) == 0) {
		assert_int_not_equal(imsgbuf_write(&other), -1);
		assert_int_equal(imsgbuf_read(&e->b), 1);
	}
	assert_int_equal(rc, 1);
	assert_int_equal(m.len, sizeof(data));
	assert_memory_equal(m.data, data, sizeof(data));
	assert_int_equal(other.queued, 0);
	assert_int_equal(
	    imsg_compose(&other, 1, 0, -1, data, sizeof(data) + 1), -1);
	assert_int_equal(errno, EMSGSIZE);
	imsgbuf_release(&other);
}

static void
test_hard_limit(void **state)
{
	static const uint8_t data[30000];
	struct ends *e = *state;
	int fd = dup(0);

	assert_int_equal(imsg_compose(&e->b, 1, 0, -1, data, 30000), 0);
	assert_int_equal(imsg_compose(&e->b, 1, 0, -1, data, 30000), 0);
	assert_int_equal(imsg_compose(&e->b, 1, 0, -1, data, 30000), 0);
	assert_int_equal(imsg_compose(&e->b, 1, 0, fd, data, 30000), -1);
	assert_int_equal(errno, ENOBUFS);
	/* Taken even so. */
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

/* Descriptors stay with their frames, whatever is written at once. */
static void
test_descriptors(void **state)
{
	struct ends *e = *state;
	struct imsgbuf other;
	struct imsg m;
	int fd, i;

	imsgbuf_init(&other, e->raw, &limits);
	e->raw = -1;
	for (i = 0; i < 12; i++)
		assert_int_equal(imsg_compose(&other, (uint32_t)i, 0,
				     i % 3 == 0 ? dup(0) : -1, "x", 1),
		    0);
	assert_int_equal(imsgbuf_write(&other), 1);
	for (i = 0; i < 12; i++) {
		while (imsg_get(&e->b, &m) == 0)
			assert_int_equal(imsgbuf_read(&e->b), 1);
		assert_int_equal(m.hdr.type, i);
		assert_int_equal(m.fd != -1, i % 3 == 0);
		if (i % 2 == 0) {
			fd = imsg_get_fd(&m);
			assert_int_equal(m.fd, -1);
			if (fd != -1)
				assert_int_equal(close(fd), 0);
		}
		imsg_release(&m);
		assert_int_equal(m.fd, -1);
	}
	imsgbuf_release(&other);
}

/* One that no frame announces is kept back, and closed in the end. */
static void
test_unmarked(void **state)
{
	struct ends *e = *state;
	uint8_t buf[IMSG_HEADER_SIZE];
	struct imsg m;

	put_header(buf, 1, IMSG_HEADER_SIZE);
	send_raw(e, buf, sizeof(buf), 1);
	assert_int_equal(imsgbuf_read(&e->b), 1);
	assert_int_equal(imsg_get(&e->b, &m), 1);
	assert_int_equal(m.fd, -1);
	assert_int_equal(e->b.nfds, 1);
}

static void
test_too_many_descriptors(void **state)
{
	struct ends *e = *state;
	uint8_t buf[IMSG_HEADER_SIZE];
	size_t i;

	put_header(buf, 1, IMSG_HEADER_SIZE);
	send_raw(e, buf, sizeof(buf), 2);
	assert_int_equal(imsgbuf_read(&e->b), -1);
	assert_int_equal(errno, EBADMSG);
	for (i = 0; i < IMSG_FD_MAX; i++) {
		send_raw(e, buf, sizeof(buf), 1);
		assert_int_equal(imsgbuf_read(&e->b), 1);
	}
	send_raw(e, buf, sizeof(buf), 1);
	assert_int_equal(imsgbuf_read(&e->b), -1);
	assert_int_equal(errno, EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_split, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_unjudged_length, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_hard_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmarked, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_too_many_descriptors, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
