/*
 * What the service manager is told (common/notify.h).
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
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

#include "common/notify.h"

/* A service manager's end; '@' is an abstract name. */
static int
manager(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    strlen(name));
	int fd;

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", name);
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, len), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return (fd);
}

static void
assert_told(int fd, const char *text)
{
	char buf[NOTIFY_MAX * 2];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	assert_int_not_equal(n, -1);
	buf[n] = '\0';
	assert_string_equal(buf, text);
}

static void
talk(const char *name)
{
	struct notify n;
	int fd = manager(name);

	notify_open(&n);
	assert_int_not_equal(n.fd, -1);
	/* Nobody who inherits the environment shall speak for us. */
	assert_null(getenv("NOTIFY_SOCKET"));
	notify_send(&n, "READY=1\nSTATUS=%d pods", 3);
	assert_told(fd, "READY=1\nSTATUS=3 pods");
	assert_true(fcntl(n.fd, F_GETFD) & FD_CLOEXEC);
	(void)close(fd);
	notify_send(&n, "STOPPING=1"); /* nobody there: no matter */
	notify_close(&n);
}

static void
test_path(void **state)
{
	char name[64];

	(void)state;
	(void)snprintf(
	    name, sizeof(name), "/tmp/test_notify.%d", (int)getpid());
	talk(name);
	assert_int_equal(unlink(name), 0);
}

static void
test_abstract(void **state)
{
	char name[64];

	(void)state;
	(void)snprintf(name, sizeof(name), "@test_notify.%d", (int)getpid());
	talk(name);
}

/* None, relative, empty, too long, not there: then nothing is sent. */
static void
test_none(void **state)
{
	static const char *const names[] = { NULL, "", "@", "/", "notify",
		"/nowhere/at/all" };
	char name[2 * sizeof(struct sockaddr_un)];
	struct notify n;
	size_t i;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	for (i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
		(void)unsetenv("NOTIFY_SOCKET");
		if (i == sizeof(names) / sizeof(names[0]))
			assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
		else if (names[i] != NULL)
			assert_int_equal(
			    setenv("NOTIFY_SOCKET", names[i], 1), 0);
		notify_open(&n);
		assert_int_equal(n.fd, -1);
		notify_send(&n, "READY=1");
		notify_watch(&n, NULL);
		notify_close(&n);
	}
}

static void
test_cut(void **state)
{
	char name[64], text[NOTIFY_MAX * 2], buf[NOTIFY_MAX * 2];
	struct notify n;
	int fd;

	(void)state;
	(void)snprintf(name, sizeof(name), "@test_notify.%d", (int)getpid());
	fd = manager(name);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	notify_open(&n);
	notify_send(&n, "STATUS=%s", text);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), NOTIFY_MAX - 1);
	notify_close(&n);
	(void)close(fd);
}

/* Whether anything is told with these settings. */
static int
watched(const char *us, const char *pid)
{
	struct timeval tv = { 0, 100000 };
	struct event_base *base = event_base_new();
	char name[64], buf[NOTIFY_MAX];
	struct notify n;
	ssize_t len;
	int fd;

	(void)snprintf(name, sizeof(name), "@test_notify.%d", (int)getpid());
	fd = manager(name);
	notify_open(&n);
	assert_int_equal(setenv("WATCHDOG_USEC", us, 1), 0);
	if (pid != NULL)
		assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_non_null(base);
	notify_watch(&n, base);
	assert_int_equal(event_base_loopexit(base, &tv), 0);
	(void)event_base_dispatch(base);
	len = recv(fd, buf, sizeof(buf), 0);
	if (len != -1)
		assert_memory_equal(buf, "WATCHDOG=1", (size_t)len);
	notify_close(&n);
	event_base_free(base);
	(void)close(fd);
	(void)unsetenv("WATCHDOG_PID");
	return (len != -1);
}

static void
test_watchdog(void **state)
{
	char pid[16];

	(void)state;
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_true(watched("20000", NULL));
	assert_true(watched("20000", pid));
	assert_false(watched("20000", "1"));
	assert_false(watched("0", NULL));
	assert_false(watched("soon", NULL));
	assert_false(watched("99999999999999999999999", NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_watchdog),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
