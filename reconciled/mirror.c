/*
 * The mirror channel: tells mirrord about pods and the node, hears what
 * became of the mirrors.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/message.h"
#include "reconciled/peers.h"

#define ITEM_MAX (4 * 1024 * 1024) /* memory for one item's status */

static struct peer *
mirror_peer(struct peers *ps)
{
	struct peer *p = ps->mirror.peer;

	return (p == NULL || p->phase == PHASE_NEW ? NULL : p);
}

void
peers_pod(struct peers *ps, struct pod *p, Tripod__PodItem *item)
{
	struct peer *peer = mirror_peer(ps);

	if (peer == NULL || ps->r->transfer_due)
		return; /* it gets everything */
	item->mirror_json = p->definition->mirror_json;
	/* On failure the peer is dropped; the next one gets everything. */
	(void)peer_send(peer, TRIPOD__MSG__MSG_POD, 0, -1, &item->base);
	item->mirror_json.data = NULL;
	item->mirror_json.len = 0;
}

void
peers_pod_gone(struct peers *ps, struct pod *p)
{
	Tripod__PodGone gone = TRIPOD__POD_GONE__INIT;
	struct peer *peer = mirror_peer(ps);

	if (p->published == NULL)
		return; /* never told, or told already */
	p->told_gone = 1;
	pod_untell(p);
	if (peer == NULL || ps->r->transfer_due)
		return;
	gone.uid = p->uid;
	gone.namespace_ = p->namespace_;
	gone.name = p->name;
	(void)peer_send(peer, TRIPOD__MSG__MSG_POD_GONE, 0, -1, &gone.base);
}

void
peers_node(struct peers *ps)
{
	const struct cri_info *info = cri_info(ps->r->cri);
	Tripod__NodeItem n = TRIPOD__NODE_ITEM__INIT;
	struct peer *peer = mirror_peer(ps);

	if (peer == NULL)
		return;
	n.runtime_ready = info->runtime_ready;
	n.network_ready = info->network_ready;
	n.runtime_name = info->runtime_name;
	n.runtime_version = info->runtime_version;
	n.address = ps->r->addresses.value;
	n.n_address = ps->r->addresses.n;
	n.message = info->reason;
	(void)peer_send(peer, TRIPOD__MSG__MSG_NODE, 0, -1, &n.base);
}

void
mirror_transfer(struct peers *ps)
{
	struct reconciled *r = ps->r;
	struct peer *peer = mirror_peer(ps);
	struct pod *p;

	if (peer == NULL)
		return;
	(void)peer_send(peer, TRIPOD__MSG__MSG_POD_BEGIN, 0, -1, NULL);
	TAILQ_FOREACH (p, &r->pods, entry) {
		struct arena arena;

		if (p->definition == NULL || p->published == NULL)
			continue;
		arena_init(&arena, ITEM_MAX);
		peers_pod(r->peers, p, reconcile_item(&arena, r, p));
		arena_release(&arena);
	}
	(void)peer_send(peer, TRIPOD__MSG__MSG_POD_END, 0, -1, NULL);
}

static int
on_hello(void *ctx, struct ipc_msg *m)
{
	struct link *l = ctx;

	if (link_hello(l, m, "mirrord") == -1)
		return (-1);
	peers_node(l->r->peers);
	follow_events(l->r->peers);
	l->r->transfer_due = 1;
	reconcile_kick(l->r);
	return (0);
}

static int
on_mirror(void *ctx, struct ipc_msg *m)
{
	const Tripod__MirrorItem *i = (const Tripod__MirrorItem *)(void *)
					  m->payload;
	struct link *l = ctx;
	struct pod *p;

	TAILQ_FOREACH (p, &l->r->pods, entry) {
		if (strcmp(p->namespace_, i->namespace_) != 0 ||
		    strcmp(p->name, i->name) != 0)
			continue;
		p->mirror_state = i->state;
		(void)snprintf(p->mirror_reason, sizeof(p->mirror_reason), "%s",
		    i->reason);
	}
	follow_changed(l->r->peers);
	return (0);
}

static int
on_api(void *ctx, struct ipc_msg *m)
{
	const Tripod__ApiItem *i = (const Tripod__ApiItem *)(void *)m->payload;
	struct link *l = ctx;
	struct peers *ps = l->r->peers;

	ps->api_reachable = i->reachable;
	text_set(&ps->api_server, i->server);
	text_set(&ps->api_reason, i->reason);
	follow_changed(ps);
	return (0);
}

/* clang-format off */
static const struct ipc_op mirror_ops[] = {
	{ TRIPOD__MSG__MSG_HELLO, PHASE_NEW, IPC_SMALL_MAX, IPC_SMALL_MAX * 4,
	    IPC_FD_NONE, &tripod__hello__descriptor, on_hello },
	{ TRIPOD__MSG__MSG_MIRROR, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__mirror_item__descriptor,
	    on_mirror },
	{ TRIPOD__MSG__MSG_API, PHASE_READY, IPC_SMALL_MAX, IPC_SMALL_MAX * 4,
	    IPC_FD_NONE, &tripod__api_item__descriptor, on_api },
};
/* clang-format on */

const struct ipc_table mirror_table = { "mirror", mirror_ops,
	sizeof(mirror_ops) / sizeof(mirror_ops[0]) };
