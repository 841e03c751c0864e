#include "common/multi.h"

#include "common/log.h"
#include "common/mem.h"

struct multi {
	struct event_base *base;
	CURLM *curl;
	struct event *timer;
	multi_done done;
};

/* Hands over what has ended; a callback may start new transfers. */
static void
multi_reap(struct multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left)) != NULL)
		if (msg->msg == CURLMSG_DONE)
			m->done(msg->easy_handle, msg->data.result);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct multi *m = arg;
	int running, action = 0;

	if (what & EV_READ)
		action |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		action |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(m->curl, fd, action, &running);
	multi_reap(m);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct multi *m = arg;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(
	    m->curl, CURL_SOCKET_TIMEOUT, 0, &running);
	multi_reap(m);
}

/* curl wants to know when a socket is ready. */
static int
on_curl_socket(
    CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct event *ev = assigned;
	struct multi *m = arg;
	short events = EV_PERSIST;

	(void)easy;
	if (ev != NULL)
		event_free(ev);
	ev = NULL;
	if (what != CURL_POLL_REMOVE) {
		if (what & CURL_POLL_IN)
			events |= EV_READ;
		if (what & CURL_POLL_OUT)
			events |= EV_WRITE;
		ev = event_new(m->base, fd, events, on_ready, m);
		if (ev == NULL || event_add(ev, NULL) == -1)
			fatalx("event_new");
	}
	(void)curl_multi_assign(m->curl, fd, ev); /* NULL forgets it */
	return (0);
}

/* curl wants to be called at a time. */
static int
on_curl_timer(CURLM *curl, long ms, void *arg)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	struct multi *m = arg;

	(void)curl;
	if (ms == -1)
		(void)event_del(m->timer); /* cannot fail */
	else if (event_add(m->timer, &tv) == -1)
		fatalx("event_add");
	return (0);
}

struct multi *
multi_new(struct event_base *base, long connections, multi_done done)
{
	struct multi *m = xcalloc(1, sizeof(*m));

	m->base = base;
	m->done = done;
	m->curl = curl_multi_init();
	m->timer = evtimer_new(base, on_timer, m);
	if (m->curl == NULL || m->timer == NULL)
		fatalx("curl_multi_init");
	(void)curl_multi_setopt(
	    m->curl, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	(void)curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	(void)curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	(void)curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	(void)curl_multi_setopt(
	    m->curl, CURLMOPT_MAX_HOST_CONNECTIONS, connections);
	(void)curl_multi_setopt(
	    m->curl, CURLMOPT_MAXCONNECTS, connections > 0 ? connections : 1);
	return (m);
}

void
multi_free(struct multi *m)
{
	if (m == NULL)
		return;
	(void)curl_multi_cleanup(m->curl);
	event_free(m->timer);
	free(m);
}

void
multi_add(struct multi *m, CURL *easy)
{
	if (curl_multi_add_handle(m->curl, easy) != CURLM_OK)
		fatalx("curl_multi_add_handle");
}

void
multi_remove(struct multi *m, CURL *easy)
{
	(void)curl_multi_remove_handle(m->curl, easy);
}
