#include "common/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

#define WATCHDOG_MAX_US (UINT64_C(24) * 3600 * 1000000)

/* The length for connect(2); 0: it is neither a path nor an abstract name. */
static socklen_t
address_set(struct sockaddr_un *to, const char *name)
{
	size_t len = strlen(name);

	memset(to, 0, sizeof(*to));
	to->sun_family = AF_UNIX;
	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(to->sun_path))
		return (0);
	memcpy(to->sun_path, name, len);
	if (name[0] == '/')
		return (sizeof(*to));
	to->sun_path[0] = '\0'; /* every byte that follows counts */
	return ((socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

void
notify_open(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun;
	socklen_t len;

	n->fd = -1;
	n->ev = NULL;
	if (name == NULL)
		return;
	if ((len = address_set(&sun, name)) == 0) {
		log_warnx("NOTIFY_SOCKET: \"%s\" is no socket", name);
	} else {
		n->fd = socket(
		    AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (n->fd == -1 ||
		    connect(n->fd, (struct sockaddr *)&sun, len) == -1) {
			log_warn("NOTIFY_SOCKET: %s", name);
			notify_close(n);
		}
	}
	(void)unsetenv("NOTIFY_SOCKET"); /* cannot fail for this name */
}

void
notify_send(const struct notify *n, const char *fmt, ...)
{
	char text[NOTIFY_MAX];
	va_list ap;

	if (n->fd == -1)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (send(n->fd, text, strlen(text), MSG_NOSIGNAL) == -1)
		log_debug("NOTIFY_SOCKET: %s", strerror(errno));
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	notify_send(arg, "WATCHDOG=1");
}

/* Microseconds between two signs of life; 0: none are wanted of us. */
static uint64_t
watchdog_us(void)
{
	const char *interval = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	unsigned long long us;
	char *end;

	if (interval == NULL ||
	    (pid != NULL && strtol(pid, NULL, 10) != (long)getpid()))
		return (0);
	errno = 0;
	us = strtoull(interval, &end, 10);
	if (errno != 0 || *end != '\0' || us < 2 || us > WATCHDOG_MAX_US)
		return (0);
	return (us / 2);
}

void
notify_watch(struct notify *n, struct event_base *base)
{
	uint64_t us = watchdog_us();
	struct timeval tv = { (time_t)(us / 1000000),
		(suseconds_t)(us % 1000000) };

	if (n->fd == -1 || us == 0)
		return;
	n->ev = event_new(base, -1, EV_PERSIST, on_watchdog, n);
	if (n->ev == NULL || event_add(n->ev, &tv) == -1)
		fatalx("event_new");
}

void
notify_close(struct notify *n)
{
	if (n->ev != NULL)
		event_free(n->ev);
	if (n->fd != -1)
		(void)close(n->fd); /* nothing is under way */
	n->ev = NULL;
	n->fd = -1;
}
