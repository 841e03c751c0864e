#include "reconciled/prober.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "ipc/peer.h"

#define RESULT_MAX 4096
#define SLACK_MS 30000 /* for its queue; then it is stuck */
#define CHANNEL_FD 3   /* where tripod-spawner expects its socket */

struct prober_call {
	TAILQ_ENTRY(prober_call) entry;
	struct prober *prober;
	uint32_t id;
	struct event *timer; /* the guard, or the end that is due */
	const char *failed;  /* why it ends unsent; NULL: it was sent */
	handler_done done;
	void *ctx;
};

TAILQ_HEAD(prober_calls, prober_call);

struct prober {
	struct event_base *base;
	struct peer *control; /* the spawner */
	struct peer *peer;    /* the prober; NULL: there is none now */
	struct prober_calls calls;
	size_t ncalls;
	uint32_t last_id;
	void (*on_lost)(void *);
	void *ctx;
};

void
prober_clean(char *to, size_t size, const char *from, size_t len)
{
	size_t i;

	for (i = 0; i < len && i + 1 < size; i++) {
		to[i] = from[i];
		if (from[i] == '\n' || from[i] == '\t' || from[i] == '\r')
			to[i] = ' ';
		else if (from[i] < ' ' || from[i] > '~')
			to[i] = '?';
	}
	while (i > 0 && to[i - 1] == ' ')
		i--; /* the end of a last line */
	to[i] = '\0';
}

/* --- calls --- */

static void
call_detach(struct prober_call *c)
{
	TAILQ_REMOVE(&c->prober->calls, c, entry);
	c->prober->ncalls--;
	event_free(c->timer);
}

static void
call_end(struct prober_call *c, enum handler_outcome outcome, const char *text)
{
	const struct handler_result res = { outcome, text };

	call_detach(c);
	c->done(c->ctx, &res);
	free(c);
}

/* Whoever was asked does not answer any more. */
static void
calls_fail(struct prober *p, const char *why)
{
	struct prober_call *c;
	size_t n;

	/* Their callbacks may start new ones, at the end of the list. */
	for (n = p->ncalls; n > 0 && (c = TAILQ_FIRST(&p->calls)) != NULL; n--)
		call_end(c, HANDLER_ERROR, why);
}

static void
on_call_timer(evutil_socket_t fd, short what, void *arg)
{
	struct prober_call *c = arg;
	struct prober *p = c->prober;
	int unsent = c->failed != NULL;

	(void)fd;
	(void)what;
	call_end(c, HANDLER_ERROR,
	    unsent ? c->failed : "the prober does not answer");
	if (!unsent && p->peer != NULL)
		peer_drop(p->peer, "no answer in time");
}

struct prober_call *
prober_call(struct prober *p, const Tripod__ProbeRequest *req,
    handler_done done, void *ctx)
{
	struct prober_call *c = xcalloc(1, sizeof(*c));
	struct timeval tv = { 0, 0 };
	int64_t ms = req->timeout_ms + SLACK_MS;

	c->prober = p;
	c->id = ++p->last_id;
	c->done = done;
	c->ctx = ctx;
	c->timer = evtimer_new(p->base, on_call_timer, c);
	if (p->peer == NULL)
		c->failed = "the prober is not running";
	else if (p->ncalls >= PROBER_CALLS_MAX)
		c->failed = "too many probes at once";
	else if (tripod__probe_request__get_packed_size(req) > IPC_PROBE_MAX)
		c->failed = "the handler is too large to be probed";
	else if (peer_send(p->peer, TRIPOD__MSG__MSG_PROBE, c->id, -1,
		     &req->base) == -1)
		c->failed = "the prober takes no requests";
	if (c->failed == NULL)
		tv = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	if (c->timer == NULL || event_add(c->timer, &tv) == -1)
		fatalx("event_add");
	TAILQ_INSERT_TAIL(&p->calls, c, entry);
	p->ncalls++;
	return (c);
}

void
prober_cancel(struct prober_call *c)
{
	if (c->failed == NULL && c->prober->peer != NULL)
		(void)peer_send(c->prober->peer, TRIPOD__MSG__MSG_PROBE_CANCEL,
		    c->id, -1, NULL); /* without it nothing is left to cancel */
	call_detach(c);
	free(c);
}

/* --- what comes from the prober --- */

static enum handler_outcome
outcome_of(Tripod__ProbeResult__Outcome o)
{
	switch (o) {
	case TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS:
		return (HANDLER_SUCCESS);
	case TRIPOD__PROBE_RESULT__OUTCOME__WARNING:
		return (HANDLER_WARNING);
	case TRIPOD__PROBE_RESULT__OUTCOME__FAILURE:
		return (HANDLER_FAILURE);
	case TRIPOD__PROBE_RESULT__OUTCOME__TIMEOUT:
		return (HANDLER_TIMEOUT);
	case TRIPOD__PROBE_RESULT__OUTCOME__ERROR:
	default: /* a number from the wire */
		return (HANDLER_ERROR);
	}
}

static int
on_result(void *ctx, struct ipc_msg *m)
{
	const Tripod__ProbeResult *r = (const Tripod__ProbeResult *)(void *)
					   m->payload;
	char text[HANDLER_MESSAGE_MAX];
	struct prober *p = ctx;
	struct prober_call *c;

	prober_clean(text, sizeof(text), r->message, strlen(r->message));
	TAILQ_FOREACH (c, &p->calls, entry) {
		if (c->id != m->id || c->failed != NULL)
			continue;
		call_end(c, outcome_of(r->outcome), text);
		break;
	}
	return (0); /* unknown: cancelled while it was on its way */
}

static void
on_prober_gone(struct peer *peer, const struct err *err, void *ctx)
{
	struct prober *p = ctx;

	log_warnx("the prober has ended%s%s; another one follows",
	    err->text[0] != '\0' ? ": " : "", err->text);
	peer_free(peer);
	p->peer = NULL;
	calls_fail(p, "the prober has ended");
}

static const struct peer_callbacks prober_callbacks = { on_prober_gone, NULL };

/* --- what comes from its spawner --- */

static int
on_prober(void *ctx, struct ipc_msg *m)
{
	struct prober *p = ctx;

	if (p->peer != NULL) {
		peer_free(p->peer);
		p->peer = NULL;
		calls_fail(p, "the prober has ended");
	}
	p->peer = peer_new(p->base, m->fd, &prober_table, &prober_callbacks, p);
	m->fd = -1; /* taken */
	if (p->peer == NULL) {
		log_warn("socket of the prober");
		return (-1);
	}
	p->peer->phase = PHASE_READY;
	log_debug("a prober is there");
	return (0);
}

static void
on_control_gone(struct peer *peer, const struct err *err, void *ctx)
{
	struct prober *p = ctx;

	log_warnx("the prober's spawner has ended%s%s",
	    err->text[0] != '\0' ? ": " : "", err->text);
	peer_free(peer);
	p->control = NULL;
	p->on_lost(p->ctx);
}

static const struct peer_callbacks control_callbacks = { on_control_gone,
	NULL };

/* clang-format off */
static const struct ipc_op control_ops[] = {
	{ TRIPOD__MSG__MSG_PROBER, PHASE_READY, 0, 0, IPC_FD_REQUIRED, NULL,
	    on_prober },
};

static const struct ipc_op prober_ops[] = {
	{ TRIPOD__MSG__MSG_PROBE_RESULT, PHASE_READY, RESULT_MAX,
	    RESULT_MAX * 4, IPC_FD_NONE, &tripod__probe_result__descriptor,
	    on_result },
};
/* clang-format on */

const struct ipc_table prober_control_table = { "prober control", control_ops,
	sizeof(control_ops) / sizeof(control_ops[0]) };
const struct ipc_table prober_table = { "prober", prober_ops,
	sizeof(prober_ops) / sizeof(prober_ops[0]) };

struct prober *
prober_new(struct event_base *base, int fd, void (*on_lost)(void *), void *ctx)
{
	struct prober *p = xcalloc(1, sizeof(*p));

	p->base = base;
	p->on_lost = on_lost;
	p->ctx = ctx;
	TAILQ_INIT(&p->calls);
	p->control = peer_new(
	    base, fd, &prober_control_table, &control_callbacks, p);
	if (p->control == NULL)
		fatal("socket of the prober's spawner");
	p->control->phase = PHASE_READY;
	return (p);
}

void
prober_free(struct prober *p)
{
	struct prober_call *c;

	if (p == NULL)
		return;
	while ((c = TAILQ_FIRST(&p->calls)) != NULL) {
		call_detach(c);
		free(c);
	}
	peer_free(p->peer);
	peer_free(p->control);
	free(p);
}

/* --- starting it --- */

/* It stands beside the program that it is to run. */
static void
spawner_path(char *path, size_t size, const char *prober)
{
	const char *slash = strrchr(prober, '/');

	(void)snprintf(path, size, "%.*s/tripod-spawner",
	    slash == NULL ? 0 : (int)(slash - prober), prober);
}

static void __attribute__((noreturn))
spawner_exec(const struct prober_conf *conf, int fd)
{
	char name[] = "tripod-spawner", u[] = "-u", o[] = "-o";
	char *user = xstrdup(conf->user), *prober = xstrdup(conf->path);
	char *argv[] = { name, u, user, prober, NULL, NULL };
	char path[PATH_MAX], *envp[] = { NULL };

	if (conf->optional) {
		argv[3] = o;
		argv[4] = prober;
	}
	spawner_path(path, sizeof(path), conf->path);
	/* Descriptors are close-on-exec, but for the copy made here. */
	if (fd != CHANNEL_FD ? dup2(fd, CHANNEL_FD) == -1
			     : fcntl(fd, F_SETFD, 0) == -1)
		fatal("dup2");
	(void)execve(path, argv, envp);
	fatal("%s", path);
}

int
prober_spawn(const struct prober_conf *conf, struct err *err)
{
	char path[PATH_MAX];
	struct identity id;
	int fd[2];

	/* Here the reasons are seen. */
	if (identity_user(conf->user, &id, err) == -1)
		return (-1);
	spawner_path(path, sizeof(path), conf->path);
	if (access(conf->path, X_OK) == -1)
		return (err_sys(err, "prober: %s", conf->path));
	if (access(path, X_OK) == -1)
		return (err_sys(err, "prober: %s", path));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		fd) == -1)
		return (err_sys(err, "prober: socketpair"));
	switch (fork()) {
	case -1:
		(void)close(fd[0]);
		(void)close(fd[1]);
		return (err_sys(err, "prober: fork"));
	case 0:
		spawner_exec(conf, fd[1]);
	default:
		(void)close(fd[1]); /* the child's */
	}
	return (fd[0]);
}
