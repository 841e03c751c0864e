#include "ctl/session.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "ctl/clean.h"
#include "ipc/peer.h"

#define ITEM_DECODE_MAX (8 * 1024 * 1024)
#define AGAIN_MS 100 /* between two tries to connect */

static void
came(struct session *s, enum session_got got)
{
	s->got |= got;
	(void)event_base_loopbreak(s->base); /* cannot fail here */
}

static int
on_welcome(void *ctx, struct ipc_msg *m)
{
	const Tripod__Welcome *w = (const Tripod__Welcome *)(void *)m->payload;
	struct session *s = ctx;

	if (welcome_check(w, &s->err) == -1)
		return (-1);
	s->node = xstrdup(w->node);
	s->folder = xstrdup(w->folder);
	clean_text(s->node);
	clean_text(s->folder);
	s->peer->phase = PHASE_READY;
	came(s, GOT_WELCOME);
	return (0);
}

/* Keeps the memory of an item; -1 when there are too many. */
static int
keep(struct session *s, struct ipc_msg *m)
{
	struct answer *a = s->answer;

	if (a->narena == SESSION_ITEMS_MAX)
		return (err_set(&s->err, "reconciled sends too many items"));
	clean_message(m->payload);
	a->arena[a->narena++] = m->arena;
	m->arena = NULL;
	return (0);
}

static int
on_daemon(void *ctx, struct ipc_msg *m)
{
	struct session *s = ctx;
	struct answer *a = s->answer;

	if (keep(s, m) == -1 ||
	    a->ndaemon == sizeof(a->daemon) / sizeof(a->daemon[0]))
		return (-1);
	a->daemon[a->ndaemon++] = (Tripod__DaemonItem *)(void *)m->payload;
	return (0);
}

static int
on_file(void *ctx, struct ipc_msg *m)
{
	struct session *s = ctx;

	if (keep(s, m) == -1)
		return (-1);
	s->answer->file[s->answer->nfile++] = (Tripod__FileItem *)(void *)
						  m->payload;
	return (0);
}

static int
on_pod(void *ctx, struct ipc_msg *m)
{
	struct session *s = ctx;

	if (keep(s, m) == -1)
		return (-1);
	s->answer->pod[s->answer->npod++] = (Tripod__PodItem *)(void *)
						m->payload;
	return (0);
}

static int
on_plan(void *ctx, struct ipc_msg *m)
{
	struct session *s = ctx;

	if (keep(s, m) == -1)
		return (-1);
	s->answer->plan[s->answer->nplan++] = (Tripod__PlanItem *)(void *)
						  m->payload;
	return (0);
}

static int
on_end(void *ctx, struct ipc_msg *m)
{
	(void)m;
	came(ctx, GOT_END);
	return (0);
}

static int
on_changed(void *ctx, struct ipc_msg *m)
{
	(void)m;
	came(ctx, GOT_CHANGED);
	return (0);
}

static int
on_done(void *ctx, struct ipc_msg *m)
{
	const Tripod__Done *d = (const Tripod__Done *)(void *)m->payload;
	struct session *s = ctx;

	s->done_ok = d->ok;
	(void)err_set(&s->done, "%s", d->message);
	clean_text(s->done.text);
	came(s, GOT_DONE);
	return (0);
}

static int
on_event(void *ctx, struct ipc_msg *m)
{
	struct session *s = ctx;

	clean_message(m->payload);
	if (s->on_event == NULL)
		return (0);
	return (
	    s->on_event(s->ctx, (const Tripod__EventItem *)(void *)m->payload));
}

static void
take_fd(int *to, struct ipc_msg *m)
{
	if (*to != -1)
		(void)close(*to); /* nobody wanted it */
	*to = m->fd;
	m->fd = -1;
}

static int
on_folder(void *ctx, struct ipc_msg *m)
{
	struct session *s = ctx;

	take_fd(&s->fd_folder, m);
	came(s, GOT_FOLDER);
	return (0);
}

static int
on_opened(void *ctx, struct ipc_msg *m)
{
	const Tripod__Opened *o = (const Tripod__Opened *)(void *)m->payload;
	struct session *s = ctx;

	take_fd(&s->fd_file, m);
	s->file_error = o->error;
	came(s, GOT_FILE);
	return (0);
}

/* clang-format off */
static const struct ipc_op ops[] = {
	{ TRIPOD__MSG__MSG_WELCOME, PHASE_NEW, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__welcome__descriptor,
	    on_welcome },
	{ TRIPOD__MSG__MSG_STATUS_DAEMON, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__daemon_item__descriptor,
	    on_daemon },
	{ TRIPOD__MSG__MSG_STATUS_FILE, PHASE_READY, IPC_MANIFEST_MAX,
	    ITEM_DECODE_MAX, IPC_FD_NONE, &tripod__file_item__descriptor,
	    on_file },
	{ TRIPOD__MSG__MSG_STATUS_POD, PHASE_READY, IPC_MANIFEST_MAX,
	    ITEM_DECODE_MAX, IPC_FD_NONE, &tripod__pod_item__descriptor,
	    on_pod },
	{ TRIPOD__MSG__MSG_PLAN_POD, PHASE_READY, IPC_MANIFEST_MAX,
	    ITEM_DECODE_MAX, IPC_FD_NONE, &tripod__plan_item__descriptor,
	    on_plan },
	{ TRIPOD__MSG__MSG_STATUS_END, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    on_end },
	{ TRIPOD__MSG__MSG_CHANGED, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    on_changed },
	{ TRIPOD__MSG__MSG_EVENT, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__event_item__descriptor,
	    on_event },
	{ TRIPOD__MSG__MSG_LOG_FOLDER, PHASE_READY, 0, 0, IPC_FD_REQUIRED,
	    NULL, on_folder },
	{ TRIPOD__MSG__MSG_OPENED, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_OPTIONAL, &tripod__opened__descriptor,
	    on_opened },
	{ TRIPOD__MSG__MSG_DONE, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__done__descriptor,
	    on_done },
};
/* clang-format on */

static const struct ipc_table table = { "control", ops,
	sizeof(ops) / sizeof(ops[0]) };

static void
on_gone(struct peer *p, const struct err *err, void *ctx)
{
	struct session *s = ctx;

	(void)p;
	s->gone = 1;
	if (s->err.text[0] == '\0')
		(void)err_set(&s->err, "%s",
		    err->text[0] != '\0' ? err->text
					 : "reconciled closed the connection");
	(void)event_base_loopbreak(s->base); /* cannot fail here */
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct session *s = ctx;

	(void)fd;
	(void)what;
	(void)event_base_loopbreak(s->base); /* cannot fail here */
}

static const struct peer_callbacks callbacks = { on_gone, NULL };

/* A connection with HELLO and WELCOME. */
static int
link_open(struct session *s, struct err *err)
{
	int fd, rc;

	if ((fd = ipc_connect_once(s->socket, err)) == -1)
		return (err_prefix(err, "is reconciled running?"));
	if ((s->peer = peer_new(s->base, fd, &table, &callbacks, s)) == NULL)
		fatal("%s", s->socket);
	(void)peer_hello(s->peer, "tripodctl"); /* on_gone tells of failure */
	rc = session_wait(
	    s, GOT_WELCOME, mtime_add(mtime_now(), SESSION_ANSWER_MS), err);
	if (rc == 0)
		return (err_set(err, "%s: no answer", s->socket));
	return (rc == -1 ? -1 : 0);
}

static void
link_close(struct session *s)
{
	peer_free(s->peer);
	free(s->node);
	free(s->folder);
	s->peer = NULL;
	s->node = s->folder = NULL;
}

int
session_open(struct session *s, const char *socket, struct err *err)
{
	memset(s, 0, sizeof(*s));
	s->socket = socket;
	s->fd_folder = s->fd_file = -1;
	s->answer = xcalloc(1, sizeof(*s->answer));
	if ((s->base = event_base_new()) == NULL ||
	    (s->timer = evtimer_new(s->base, on_timer, s)) == NULL)
		fatalx("event_base_new");
	if (link_open(s, err) == 0)
		return (0);
	session_close(s);
	return (-1);
}

int
session_reopen(struct session *s, struct mtime until, struct err *err)
{
	struct mtime end = mtime_add(mtime_now(), SESSION_AWAY_MS);
	int rc;

	end = mtime_min(end, until);
	if (s->watch != NULL)
		(void)event_del(s->watch); /* never fails */
	for (;;) {
		link_close(s);
		s->gone = 0;
		s->got = 0;
		s->err.text[0] = '\0';
		if ((rc = link_open(s, err)) == 0 ||
		    mtime_cmp(mtime_now(), end) >= 0)
			break;
		(void)poll(NULL, 0, AGAIN_MS); /* only to pass the time */
	}
	s->gone = rc == -1;
	if (s->watch != NULL && event_add(s->watch, NULL) == -1)
		fatalx("event_add");
	return (rc);
}

void
session_close(struct session *s)
{
	if (s->base == NULL)
		return;
	link_close(s);
	event_free(s->timer);
	session_unwatch(s);
	event_base_free(s->base);
	answer_release(s->answer);
	free(s->answer);
	if (s->fd_folder != -1)
		(void)close(s->fd_folder); /* only read */
	if (s->fd_file != -1)
		(void)close(s->fd_file); /* only read */
	memset(s, 0, sizeof(*s));
}

static void
on_watch(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	came(ctx, GOT_WATCHED);
}

void
session_watch(struct session *s, int fd)
{
	s->watch = event_new(s->base, fd, EV_READ | EV_PERSIST, on_watch, s);
	if (s->watch == NULL || event_add(s->watch, NULL) == -1)
		fatalx("event_new");
}

void
session_unwatch(struct session *s)
{
	if (s->watch != NULL)
		event_free(s->watch);
	s->watch = NULL;
}

int
session_send(struct session *s, Tripod__Msg type, const ProtobufCMessage *m,
    struct err *err)
{
	if (s->gone)
		return (err_set(err, "%s: %s", s->socket, s->err.text));
	/* A change stays one until the next is asked for. */
	s->got &= type == TRIPOD__MSG__MSG_FOLLOW ? 0 : GOT_CHANGED;
	if (peer_send(s->peer, type, 0, -1, m) == -1)
		return (
		    err_set(err, "%s: the question is too large", s->socket));
	return (0);
}

int
session_wait(
    struct session *s, unsigned int got, struct mtime until, struct err *err)
{
	struct mtime now = mtime_now();
	struct timeval tv;

	(void)event_del(s->timer); /* of the wait before; never fails */
	while ((s->got & got) == 0 && !s->gone) {
		if (mtime_cmp(now, until) >= 0)
			return (0);
		if (mtime_cmp(until, MTIME_NEVER) != 0) {
			tv = mtime_wait(now, until);
			if (event_add(s->timer, &tv) == -1)
				fatalx("event_add");
		}
		if (event_base_dispatch(s->base) == -1)
			fatalx("event_base_dispatch");
		now = mtime_now();
	}
	if (s->got & got)
		return (1);
	return (err_set(err, "%s: %s", s->socket, s->err.text));
}

int
session_ask(struct session *s, Tripod__Msg type, const ProtobufCMessage *m,
    unsigned int got, struct err *err)
{
	int rc;

	if (session_send(s, type, m, err) == -1)
		return (-1);
	rc = session_wait(
	    s, got | GOT_DONE, mtime_add(mtime_now(), SESSION_ANSWER_MS), err);
	if (rc == 0)
		return (
		    err_set(err, "%s: no answer within 10 seconds", s->socket));
	if (rc == 1 && (s->got & GOT_DONE) && !s->done_ok)
		return (err_set(err, "refused: %s", s->done.text));
	return (rc == -1 ? -1 : 0);
}

int
session_knows_pods(const struct session *s)
{
	const struct answer *a = s->answer;
	size_t i;

	for (i = 0; i < a->ndaemon; i++)
		if (strcmp(a->daemon[i]->name, "runtime") == 0)
			return (a->daemon[i]->up);
	return (0);
}

int
session_status(struct session *s, const Tripod__Query *q, struct err *err)
{
	const Tripod__Query all = TRIPOD__QUERY__INIT;

	answer_release(s->answer);
	return (session_ask(s, TRIPOD__MSG__MSG_STATUS,
	    q == NULL ? &all.base : &q->base, GOT_END, err));
}

/* session_until() on one connection. */
static int
until(struct session *s, const Tripod__Query *q, session_reached reached,
    struct mtime end, struct err *err)
{
	int rc;

	for (;;) {
		/* First, so that nothing between the two is missed. */
		if (session_send(s, TRIPOD__MSG__MSG_FOLLOW, NULL, err) == -1)
			return (-1);
		if (session_status(s, q, err) == -1)
			return (-1);
		if (reached(s->ctx, s))
			return (1);
		if ((rc = session_wait(s, GOT_CHANGED, end, err)) != 1)
			return (rc);
	}
}

int
session_until(struct session *s, const Tripod__Query *q,
    session_reached reached, struct mtime end, struct err *err)
{
	int rc;

	do
		rc = until(s, q, reached, end, err);
	while (rc == -1 && s->gone && session_reopen(s, end, err) == 0);
	return (rc);
}

void
answer_release(struct answer *a)
{
	size_t i;

	for (i = 0; i < a->narena; i++)
		arena_free(a->arena[i]);
	a->narena = a->ndaemon = a->nfile = a->npod = a->nplan = 0;
}
