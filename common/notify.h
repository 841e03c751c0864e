/*
 * Telling the service manager how we are: datagrams to the socket that it
 * names in NOTIFY_SOCKET (sd_notify(3)), without its library.
 *
 * The socket is connected before rights are given up; afterwards nothing but
 * send(2) is needed.  Nobody is waited for: what cannot be sent at once is
 * lost.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <event2/event.h>

#define NOTIFY_MAX 512 /* bytes of one message */

struct notify {
	int fd; /* -1: nobody wants to know */
	struct event *ev;
};

/*
 * Connects to the socket of the environment, a path or ("@NAME") an abstract
 * name, and takes it out of the environment.  Where there is none, or it
 * cannot be had (logged), everything below does nothing.
 */
void notify_open(struct notify *);
/* "READY=1", "STATUS=text" and so on, several of them in lines. */
void notify_send(const struct notify *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Starts to send WATCHDOG=1, twice in each of the intervals that the service
 * manager asks for in WATCHDOG_USEC, from the event loop, so that one that
 * hangs is noticed.
 */
void notify_watch(struct notify *, struct event_base *);
void notify_close(struct notify *);

#endif
