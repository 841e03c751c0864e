#include "reconciled/peers.h"

#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privdrop.h"
#include "reconciled/message.h"

#define IDLE_MS 1000 /* silence after which a control connection may go */

static const struct {
	const char *name, *file;
	const struct ipc_table *table;
} channels[CHANNELS] = {
	[CHANNEL_WATCH] = { "watch", "watch.sock", &watch_table },
	[CHANNEL_MIRROR] = { "mirror", "mirror.sock", &mirror_table },
	[CHANNEL_CONTROL] = { "control", "control.sock", &control_table },
};

static void
on_gone(struct peer *peer, const struct err *err, void *ctx)
{
	struct link *l = ctx;

	if (err->text[0] != '\0')
		log_warnx("%s peer (pid %d): dropped: %s",
		    channels[l->channel].name, (int)peer->pid, err->text);
	else if (l->channel != CHANNEL_CONTROL)
		log_info("%s peer (pid %d) has gone", channels[l->channel].name,
		    (int)peer->pid);
	peer_free(peer);
	l->peer = NULL;
	follow_release(&l->follower);
}

static void
on_drained(struct peer *peer, void *ctx)
{
	struct link *l = ctx;

	(void)peer;
	follow_events(l->r->peers);
}

static const struct peer_callbacks link_callbacks = { on_gone, on_drained };

/* The slot for a new connection; NULL when all are taken. */
static struct link *
slot_find(struct peers *ps, enum channel channel)
{
	size_t i;

	if (channel == CHANNEL_WATCH)
		return (ps->watch.peer == NULL ? &ps->watch : NULL);
	if (channel == CHANNEL_MIRROR)
		return (ps->mirror.peer == NULL ? &ps->mirror : NULL);
	for (i = 0; i < CONTROL_PEERS_MAX; i++)
		if (ps->control[i].peer == NULL)
			return (&ps->control[i]);
	return (NULL);
}

/* Whether a control connection has not been promised anything. */
static int
is_idle(const struct link *l)
{
	return (
	    !l->follower.changes && !l->follower.events && !l->awaits_shutdown);
}

/*
 * Whether one who comes may take the place of a control connection.  Root
 * always gets in; nobody else drives out root, nor who has just asked.
 */
static int
may_replace(const struct link *l, uid_t uid, struct mtime now)
{
	if (uid == 0)
		return (l->peer->uid != 0 || is_idle(l));
	return (l->peer->uid != 0 && is_idle(l) &&
	    mtime_diff(now, l->peer->heard) > IDLE_MS);
}

/* Of two that could go, whether the first one does: the idle, the silent. */
static int
goes_before(const struct link *a, const struct link *b)
{
	if (is_idle(a) != is_idle(b))
		return (is_idle(a));
	return (mtime_cmp(a->peer->heard, b->peer->heard) < 0);
}

/* The slot of somebody who has nothing to do here; NULL: there is none. */
static struct link *
slot_clear(struct peers *ps, uid_t uid)
{
	struct mtime now = mtime_now();
	struct link *l, *found = NULL;

	for (l = ps->control; l < ps->control + CONTROL_PEERS_MAX; l++)
		if (may_replace(l, uid, now) &&
		    (found == NULL || goes_before(l, found)))
			found = l;
	if (found == NULL)
		return (NULL);
	log_info("control peer (pid %d): dropped: it is idle, and another one "
		 "comes",
	    (int)found->peer->pid);
	peer_free(found->peer);
	found->peer = NULL;
	follow_release(&found->follower);
	return (found);
}

/* The kernel's word on supplementary groups of the one who connected. */
static int
has_group(int fd, gid_t gid)
{
	gid_t groups[NGROUPS_MAX];
	socklen_t len = sizeof(groups);
	size_t i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		return (0);
	for (i = 0; i < len / sizeof(gid_t); i++)
		if (groups[i] == gid)
			return (1);
	return (0);
}

static int
may_connect(const struct listener *ls, int fd, struct ucred *cred)
{
	socklen_t len = sizeof(*cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, cred, &len) == -1)
		return (0);
	if (ls->channel != CHANNEL_CONTROL)
		return (cred->uid == ls->uid);
	return (
	    cred->uid == 0 || cred->gid == ls->gid || has_group(fd, ls->gid));
}

static void
on_accept(evutil_socket_t sock, short what, void *arg)
{
	struct listener *ls = arg;
	struct peers *ps = ls->r->peers;
	const char *name = channels[ls->channel].name;
	struct ucred cred = { 0, 0, 0 };
	struct link *l;
	int fd;

	(void)what;
	fd = accept4(sock, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1) {
		if (errno != EAGAIN && errno != ECONNABORTED)
			log_warn("%s socket: accept", name);
		return;
	}
	if (!may_connect(ls, fd, &cred)) {
		log_warnx("%s socket: uid %u (pid %d) is refused", name,
		    (unsigned int)cred.uid, (int)cred.pid);
		(void)close(fd); /* nothing was said */
		return;
	}
	l = slot_find(ps, ls->channel);
	if (l == NULL && ls->channel == CHANNEL_CONTROL)
		l = slot_clear(ps, cred.uid);
	if (l == NULL) {
		log_warnx("%s socket: pid %d is refused: no room for another "
			  "peer",
		    name, (int)cred.pid);
		(void)close(fd); /* nothing was said */
		return;
	}
	l->r = ls->r;
	l->channel = ls->channel;
	l->since_ns = wall_now_ns();
	l->awaits_shutdown = 0;
	text_set(&l->version, "");
	l->peer = peer_new(
	    ls->r->base, fd, channels[ls->channel].table, &link_callbacks, l);
	if (l->peer == NULL)
		log_warn("%s socket", name);
}

int
link_hello(struct link *l, const struct ipc_msg *m, const char *role)
{
	const Tripod__Hello *h = (const Tripod__Hello *)(void *)m->payload;
	Tripod__Welcome w = TRIPOD__WELCOME__INIT;
	char version[] = VERSION;
	struct err err;

	if (hello_check(h, role, &err) == -1) {
		log_warnx("%s peer: %s", channels[l->channel].name, err.text);
		return (-1);
	}
	text_set(&l->version, h->version);
	l->peer->phase = PHASE_READY;
	w.protocol = TRIPOD_PROTOCOL;
	w.version = version;
	w.node = l->r->node;
	w.folder = l->r->conf.manifests;
	w.log_level = (uint32_t)log_get_level();
	if (l->channel != CHANNEL_CONTROL)
		log_info("%s is here (pid %d, version %s)", role,
		    (int)l->peer->pid, l->version);
	return (peer_send(l->peer, TRIPOD__MSG__MSG_WELCOME, 0, -1, &w.base));
}

static int
listener_open(
    struct peers *ps, enum channel channel, gid_t gid, struct err *err)
{
	struct listener *ls = &ps->listener[channel];
	char path[PATH_MAX];

	ls->r = ps->r;
	ls->channel = channel;
	ls->gid = gid;
	(void)snprintf(path, sizeof(path), "%s/%s", ps->r->conf.sockets,
	    channels[channel].file); /* ipc_listen() limits it further */
	ls->fd = ipc_listen(path, gid, 0660, err);
	return (ls->fd == -1 ? -1 : 0);
}

struct peers *
peers_new(struct reconciled *r, struct err *err)
{
	struct peers *ps = xcalloc(1, sizeof(*ps));
	struct identity watch, mirror;
	gid_t control;
	size_t i;

	ps->r = r;
	for (i = 0; i < CHANNELS; i++)
		ps->listener[i].fd = -1;
	text_set(&ps->api_server, "");
	text_set(&ps->api_reason, "");
	if (identity_user(r->conf.watch_user, &watch, err) == -1 ||
	    identity_user(r->conf.mirror_user, &mirror, err) == -1 ||
	    identity_group(r->conf.control_group, &control, err) == -1 ||
	    listener_open(ps, CHANNEL_WATCH, watch.gid, err) == -1 ||
	    listener_open(ps, CHANNEL_MIRROR, mirror.gid, err) == -1 ||
	    listener_open(ps, CHANNEL_CONTROL, control, err) == -1) {
		peers_free(ps);
		return (NULL);
	}
	ps->listener[CHANNEL_WATCH].uid = watch.uid;
	ps->listener[CHANNEL_MIRROR].uid = mirror.uid;
	return (ps);
}

void
peers_run(struct peers *ps)
{
	struct listener *ls;
	size_t i;

	for (i = 0; i < CHANNELS; i++) {
		ls = &ps->listener[i];
		ls->ev = event_new(
		    ps->r->base, ls->fd, EV_READ | EV_PERSIST, on_accept, ls);
		if (ls->ev == NULL || event_add(ls->ev, NULL) == -1)
			fatalx("event_new");
	}
}

static void
link_release(struct link *l)
{
	peer_free(l->peer);
	follow_release(&l->follower);
	free(l->version);
}

void
peers_free(struct peers *ps)
{
	size_t i;

	if (ps == NULL)
		return;
	for (i = 0; i < CHANNELS; i++) {
		if (ps->listener[i].ev != NULL)
			event_free(ps->listener[i].ev);
		if (ps->listener[i].fd != -1)
			(void)close(ps->listener[i].fd); /* only listened */
	}
	link_release(&ps->watch);
	link_release(&ps->mirror);
	for (i = 0; i < CONTROL_PEERS_MAX; i++)
		link_release(&ps->control[i]);
	free(ps->api_server);
	free(ps->api_reason);
	free(ps);
}
