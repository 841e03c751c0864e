#include "ctl/client.h"

#include <string.h>

#include "common/log.h"
#include "ctl/clean.h"
#include "ipc/peer.h"

#define ANSWER_SECONDS 10
#define ITEM_DECODE_MAX (8 * 1024 * 1024)

/* A question on its way. */
struct client {
	struct event_base *base;
	struct peer *peer;
	uint32_t ask; /* type sent after WELCOME */
	uint32_t level;
	struct answer *answer;
	int done;
	struct err err;
};

static void
finish(struct client *c)
{
	c->done = 1;
	(void)event_base_loopbreak(c->base); /* cannot fail here */
}

static int
on_welcome(void *ctx, struct ipc_msg *m)
{
	struct client *c = ctx;
	Tripod__LogLevel level = TRIPOD__LOG_LEVEL__INIT;

	if (welcome_check(
		(const Tripod__Welcome *)(void *)m->payload, &c->err) == -1)
		return (-1);
	c->peer->phase = PHASE_READY;
	level.level = c->level;
	return (peer_send(c->peer, c->ask, 0, -1,
	    c->ask == TRIPOD__MSG__MSG_LOG_LEVEL ? &level.base : NULL));
}

/* Keeps the memory of an item; -1 when there are too many. */
static int
keep(struct client *c, struct ipc_msg *m)
{
	struct answer *a = c->answer;

	if (a == NULL || a->narena == CLIENT_ITEMS_MAX)
		return (err_set(&c->err, "reconciled sends too many items"));
	clean_message(m->payload);
	a->arena[a->narena++] = m->arena;
	m->arena = NULL;
	return (0);
}

static int
on_daemon(void *ctx, struct ipc_msg *m)
{
	struct client *c = ctx;
	struct answer *a = c->answer;

	if (keep(c, m) == -1 ||
	    a->ndaemon == sizeof(a->daemon) / sizeof(a->daemon[0]))
		return (-1);
	a->daemon[a->ndaemon++] = (Tripod__DaemonItem *)(void *)m->payload;
	return (0);
}

static int
on_file(void *ctx, struct ipc_msg *m)
{
	struct client *c = ctx;

	if (keep(c, m) == -1)
		return (-1);
	c->answer->file[c->answer->nfile++] = (Tripod__FileItem *)(void *)
						  m->payload;
	return (0);
}

static int
on_pod(void *ctx, struct ipc_msg *m)
{
	struct client *c = ctx;

	if (keep(c, m) == -1)
		return (-1);
	c->answer->pod[c->answer->npod++] = (Tripod__PodItem *)(void *)
						m->payload;
	return (0);
}

static int
on_end(void *ctx, struct ipc_msg *m)
{
	(void)m;
	finish(ctx);
	return (0);
}

static int
on_done(void *ctx, struct ipc_msg *m)
{
	const Tripod__Done *d = (const Tripod__Done *)(void *)m->payload;
	struct client *c = ctx;

	if (!d->ok)
		return (err_set(&c->err, "refused: %s", d->message));
	finish(c);
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
	{ TRIPOD__MSG__MSG_STATUS_END, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    on_end },
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
	struct client *c = ctx;

	(void)p;
	if (c->err.text[0] == '\0')
		(void)err_set(&c->err, "%s",
		    err->text[0] != '\0' ? err->text
					 : "reconciled closed the connection");
	(void)event_base_loopbreak(c->base); /* cannot fail here */
}

static const struct peer_callbacks callbacks = { on_gone, NULL };

/* Connects, asks, waits for the end of the answer. */
static int
client_run(struct client *c, const char *socket, struct err *err)
{
	struct timeval tv = { ANSWER_SECONDS, 0 };
	int fd;

	if ((fd = ipc_connect_once(socket, err)) == -1)
		return (err_prefix(err, "is reconciled running?"));
	if ((c->base = event_base_new()) == NULL)
		fatalx("event_base_new");
	c->peer = peer_new(c->base, fd, &table, &callbacks, c);
	if (c->peer == NULL)
		fatal("%s", socket);
	if (peer_hello(c->peer, "tripodctl") == 0 &&
	    event_base_loopexit(c->base, &tv) == 0)
		(void)event_base_dispatch(c->base); /* done tells the end */
	peer_free(c->peer);
	event_base_free(c->base);
	if (c->done)
		return (0);
	return (err_set(err, "%s: %s", socket,
	    c->err.text[0] != '\0' ? c->err.text
				   : "no answer within 10 seconds"));
}

int
client_status(const char *socket, struct answer *answer, struct err *err)
{
	struct client c;

	memset(answer, 0, sizeof(*answer));
	memset(&c, 0, sizeof(c));
	c.ask = TRIPOD__MSG__MSG_STATUS;
	c.answer = answer;
	return (client_run(&c, socket, err));
}

void
answer_release(struct answer *a)
{
	size_t i;

	for (i = 0; i < a->narena; i++)
		arena_free(a->arena[i]);
	a->narena = 0;
}

int
client_log_level(const char *socket, uint32_t level, struct err *err)
{
	struct client c;

	memset(&c, 0, sizeof(c));
	c.ask = TRIPOD__MSG__MSG_LOG_LEVEL;
	c.level = level;
	return (client_run(&c, socket, err));
}
