#include "reconciled/prober/serve.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "ipc/peer.h"
#include "reconciled/prober/call.h"

/*
 * Should a library hang in a loop over a pod's bytes, the alarm ends the
 * process; it is put off while the event loop turns.
 */
#define ALARM_S 30
#define TURN_S 10

struct serve {
	struct event_base *base;
	struct peer *peer;
	struct calls *calls;
	struct event *turn;
};

static void
turn_set(struct serve *s)
{
	const struct timeval tv = { TURN_S, 0 };

	if (calls_count(s->calls) == 0) {
		(void)alarm(0);
		(void)event_del(s->turn); /* cannot fail */
		return;
	}
	if (event_pending(s->turn, EV_TIMEOUT, NULL))
		return;
	(void)alarm(ALARM_S);
	if (event_add(s->turn, &tv) == -1)
		fatalx("event_add");
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn_set(arg);
}

static void
on_result(void *ctx, uint32_t id, const Tripod__ProbeResult *res)
{
	struct serve *s = ctx;

	(void)peer_send(s->peer, TRIPOD__MSG__MSG_PROBE_RESULT, id, -1,
	    &res->base); /* a lost peer ends the process */
}

static int
on_probe(void *ctx, struct ipc_msg *m)
{
	const Tripod__ProbeRequest *req = (const Tripod__ProbeRequest *)(void *)
					      m->payload;
	struct serve *s = ctx;

	if (req->timeout_ms < 1 || req->handler == NULL) {
		log_warnx("a request without handler or timeout");
		return (-1);
	}
	calls_start(s->calls, m->id, m->arena, req);
	m->arena = NULL; /* taken */
	turn_set(s);
	return (0);
}

static int
on_cancel(void *ctx, struct ipc_msg *m)
{
	struct serve *s = ctx;

	calls_cancel(s->calls, m->id);
	return (0);
}

static void
on_gone(struct peer *peer, const struct err *err, void *ctx)
{
	struct serve *s = ctx;

	(void)peer; /* freed with the rest */
	if (err->text[0] != '\0')
		log_warnx("%s", err->text);
	(void)event_base_loopbreak(s->base); /* cannot fail here */
}

static const struct peer_callbacks callbacks = { on_gone, NULL };

/* clang-format off */
static const struct ipc_op ops[] = {
	{ TRIPOD__MSG__MSG_PROBE, PHASE_READY, IPC_PROBE_MAX,
	    IPC_PROBE_MAX * 16, IPC_FD_NONE,
	    &tripod__probe_request__descriptor, on_probe },
	{ TRIPOD__MSG__MSG_PROBE_CANCEL, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    on_cancel },
};
/* clang-format on */

const struct ipc_table serve_table = { "prober", ops,
	sizeof(ops) / sizeof(ops[0]) };

struct serve *
serve_new(int fd)
{
	struct serve *s = xcalloc(1, sizeof(*s));

	if ((s->base = event_base_new()) == NULL)
		fatalx("event_base_new");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatalx("curl_global_init");
	if ((s->turn = evtimer_new(s->base, on_turn, s)) == NULL)
		fatalx("evtimer_new");
	s->calls = calls_new(s->base, on_result, s);
	s->peer = peer_new(s->base, fd, &serve_table, &callbacks, s);
	if (s->peer == NULL)
		fatal("socket of reconciled");
	s->peer->phase = PHASE_READY;
	return (s);
}

void
serve_run(struct serve *s)
{
	(void)event_base_dispatch(s->base); /* ends by on_gone() */
	calls_free(s->calls);
	peer_free(s->peer);
	event_free(s->turn);
	event_base_free(s->base);
	curl_global_cleanup();
	free(s);
}
