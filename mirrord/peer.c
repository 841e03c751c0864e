/*
 * The link to reconciled: what arrives goes into the model, what became
 * of it goes back.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/name.h"
#include "mirrord/mirrord.h"

#define SMALL_DECODE_MAX (4 * IPC_SMALL_MAX)

static int
on_welcome(void *ctx, struct ipc_msg *msg)
{
	const Tripod__Welcome *w = (const void *)msg->payload;
	struct mirrord *m = ctx;
	struct err err;

	if (welcome_check(w, &err) == -1) {
		log_warnx("reconciled: %s", err.text);
		return (-1);
	}
	/* It becomes part of URLs. */
	if (!name_is_subdomain(w->node)) {
		log_warnx("reconciled: no proper node name");
		return (-1);
	}
	m->node = xstrdup(w->node);
	m->peer->phase = PHASE_READY;
	log_info("node %s, reconciled %s", m->node, w->version);
	mirrord_begin(m);
	return (0);
}

static int
on_log_level(void *ctx, struct ipc_msg *msg)
{
	const Tripod__LogLevel *l = (const void *)msg->payload;

	(void)ctx;
	if (l->level > LOG_LEVEL_DEBUG)
		return (-1);
	log_set_level((enum log_level)l->level);
	return (0);
}

static int
on_pod_begin(void *ctx, struct ipc_msg *msg)
{
	struct mirrord *m = ctx;

	(void)msg;
	m->peer->phase = PHASE_SYNC;
	if (m->acting)
		model_want_begin(&m->act.model);
	return (0);
}

static int
on_pod(void *ctx, struct ipc_msg *msg)
{
	struct mirrord *m = ctx;
	struct want_item *it;
	struct err err;

	if (!m->acting)
		return (0);
	it = want_item_new((const void *)msg->payload, m->node, &err);
	if (it == NULL) {
		/* One odd pod must not cost the mirrors of the others. */
		log_warnx("reconciled: %s", err.text);
		return (0);
	}
	if (it->object == NULL)
		log_warnx("pod %s/%s cannot be mirrored: %s", it->namespace,
		    it->name, it->problem.text);
	model_want(&m->act.model, it);
	act_kick(&m->act);
	return (0);
}

static int
on_pod_end(void *ctx, struct ipc_msg *msg)
{
	struct mirrord *m = ctx;

	(void)msg;
	m->peer->phase = PHASE_READY;
	if (m->acting) {
		model_want_end(&m->act.model);
		act_kick(&m->act);
	}
	return (0);
}

static int
on_pod_gone(void *ctx, struct ipc_msg *msg)
{
	const Tripod__PodGone *g = (const void *)msg->payload;
	struct mirrord *m = ctx;

	if (!m->acting)
		return (0);
	model_gone(&m->act.model, g->namespace_, g->name, g->uid);
	act_kick(&m->act);
	return (0);
}

static int
on_node(void *ctx, struct ipc_msg *msg)
{
	struct mirrord *m = ctx;

	if (m->acting)
		act_node(&m->act, (const void *)msg->payload);
	return (0);
}

static int
on_event(void *ctx, struct ipc_msg *msg)
{
	struct mirrord *m = ctx;

	if (m->acting)
		events_add(&m->act, (const void *)msg->payload);
	return (0);
}

/* clang-format off */
static const struct ipc_op mirror_ops[] = {
	{ TRIPOD__MSG__MSG_WELCOME, PHASE_NEW, IPC_SMALL_MAX, SMALL_DECODE_MAX,
	    IPC_FD_NONE, &tripod__welcome__descriptor, on_welcome },
	{ TRIPOD__MSG__MSG_LOG_LEVEL, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    SMALL_DECODE_MAX, IPC_FD_NONE, &tripod__log_level__descriptor,
	    on_log_level },
	{ TRIPOD__MSG__MSG_POD_BEGIN, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    on_pod_begin },
	{ TRIPOD__MSG__MSG_POD, PHASE_READY | PHASE_SYNC, IPC_MANIFEST_MAX,
	    IPC_DECODE_MAX, IPC_FD_NONE, &tripod__pod_item__descriptor,
	    on_pod },
	{ TRIPOD__MSG__MSG_POD_END, PHASE_SYNC, 0, 0, IPC_FD_NONE, NULL,
	    on_pod_end },
	{ TRIPOD__MSG__MSG_POD_GONE, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    SMALL_DECODE_MAX, IPC_FD_NONE, &tripod__pod_gone__descriptor,
	    on_pod_gone },
	{ TRIPOD__MSG__MSG_NODE, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    SMALL_DECODE_MAX, IPC_FD_NONE, &tripod__node_item__descriptor,
	    on_node },
	{ TRIPOD__MSG__MSG_EVENT, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    SMALL_DECODE_MAX, IPC_FD_NONE, &tripod__event_item__descriptor,
	    on_event },
};
/* clang-format on */

static const struct ipc_table mirror_table = { "mirror", mirror_ops,
	sizeof(mirror_ops) / sizeof(mirror_ops[0]) };

/* Nobody may reach for the socket again: a fresh process will. */
static void
on_gone(struct peer *p, const struct err *err, void *ctx)
{
	struct mirrord *m = ctx;

	(void)p;
	log_info("link to reconciled lost%s%s",
	    err->text[0] != '\0' ? ": " : "", err->text);
	mirrord_end(m, 0);
}

static const struct peer_callbacks link_callbacks = { .on_gone = on_gone };

void
link_open(struct mirrord *m, int fd)
{
	m->peer = peer_new(m->base, fd, &mirror_table, &link_callbacks, m);
	if (m->peer == NULL)
		fatal("peer_new");
	(void)peer_hello(m->peer, "mirrord"); /* on_gone tells of failure */
}

void
link_close(struct mirrord *m)
{
	peer_free(m->peer);
	m->peer = NULL;
}

void
link_mirror(struct mirrord *m, const Tripod__MirrorItem *item)
{
	/* A failure drops the link, which ends the process. */
	(void)peer_send(m->peer, TRIPOD__MSG__MSG_MIRROR, 0, -1, &item->base);
}

void
link_api(struct mirrord *m, const Tripod__ApiItem *item)
{
	/* A failure drops the link, which ends the process. */
	(void)peer_send(m->peer, TRIPOD__MSG__MSG_API, 0, -1, &item->base);
}
