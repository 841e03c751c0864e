#include "watcherd/sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/name.h"
#include "watcherd/answer.h"
#include "watcherd/manifest.h"
#include "watcherd/rescan.h"

/* Ends the transfer once everything was said. */
static void
sync_settle(struct sync *s)
{
	if (!s->transferring || !files_known(&s->files))
		return;
	if (s->files.dropped > 0) {
		/* What was not even looked at must not be taken for gone. */
		log_warnx("more than %d manifests: the transfer stays open",
		    FILES_KNOWN_MAX);
		return;
	}
	s->transferring = 0;
	log_info("manifests transferred files=%zu", s->files.n);
	(void)peer_send(s->peer, TRIPOD__MSG__MSG_MANIFEST_END, 0, -1, NULL);
}

/* A slot of a request; NULL: there is none. */
static struct file **
asked_take(struct sync *s, uint32_t id)
{
	size_t i;

	for (i = 0; i < SYNC_ASKED_MAX; i++) {
		if (s->asked[i].id == id) {
			s->asked[i].id = 0;
			return (&s->asked[i].file);
		}
	}
	return (NULL);
}

static int
asked_free(const struct sync *s)
{
	size_t i;

	for (i = 0; i < SYNC_ASKED_MAX; i++) {
		if (s->asked[i].id == 0)
			return ((int)i);
	}
	return (-1);
}

static void
sync_ask(struct sync *s, struct file *f, int slot)
{
	Tripod__Open open = TRIPOD__OPEN__INIT;

	if (++s->last_id == 0)
		s->last_id = 1;
	s->asked[slot].id = s->last_id;
	s->asked[slot].file = f;
	file_ask(f, mtime_now());
	open.name = f->name;
	(void)peer_send(
	    s->peer, TRIPOD__MSG__MSG_OPEN, s->last_id, -1, &open.base);
}

static void
look_later(struct sync *s, struct mtime now, struct mtime wake)
{
	struct timeval tv = mtime_wait(now, wake);

	(void)event_del(s->ev_look); /* it may not be pending */
	if (mtime_cmp(wake, MTIME_NEVER) != 0 &&
	    event_add(s->ev_look, &tv) == -1)
		fatalx("event_add");
}

void
sync_look(struct sync *s)
{
	struct mtime now = mtime_now(), wake = MTIME_NEVER;
	struct file *f;
	int slot;

	if (s->watch.dir == NULL)
		return;
	while (!peer_congested(s->peer) && (slot = asked_free(s)) != -1 &&
	    (f = files_next(&s->files, now, &wake)) != NULL)
		sync_ask(s, f, slot);
	look_later(s, now, wake);
	sync_settle(s);
}

/* Nothing is known any more, and nothing may be said. */
static void
sync_freeze(struct sync *s)
{
	memset(s->asked, 0, sizeof(s->asked));
	files_release(&s->files);
	files_init(&s->files);
	watch_close(&s->watch);
	s->transferring = 0;
	(void)event_del(s->ev_look); /* it may not be pending */
}

void
sync_lost(struct sync *s)
{
	log_warnx("the folder is gone: nothing changes until it is back");
	sync_freeze(s);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	sync_look(arg);
}

/* All events that were read together lead to one round of looks. */
static void
on_file(void *ctx, enum file_event event, const char *name)
{
	struct sync *s = ctx;

	files_event(&s->files, event, name, mtime_now());
	event_active(s->ev_look, EV_TIMEOUT, 0);
}

static void
on_muddle(void *ctx)
{
	rescan_soon(ctx);
}

static void
on_lost(void *ctx)
{
	sync_lost(ctx);
}

static const struct watch_callbacks watch_cb = { on_file, on_muddle, on_lost };

/* messages */

static int
on_welcome(void *ctx, struct ipc_msg *m)
{
	const Tripod__Welcome *w = (const Tripod__Welcome *)(void *)m->payload;
	struct sync *s = ctx;
	struct err err;

	if (welcome_check(w, &err) == -1) {
		log_warnx("reconciled %s", err.text);
		return (-1);
	}
	if (!name_is_subdomain(w->node)) {
		log_warnx("reconciled names no valid node");
		return (-1);
	}
	(void)snprintf(s->node, sizeof(s->node), "%s", w->node); /* fits */
	if (w->log_level <= LOG_LEVEL_DEBUG)
		log_set_level((enum log_level)w->log_level);
	s->peer->phase = PHASE_READY;
	log_info("connected reconciled=%s node=%s folder=%s", w->version,
	    w->node, w->folder);
	notify_send(
	    s->notify, "READY=1\nSTATUS=reads manifests of node %s", s->node);
	return (0);
}

static int
on_log_level(void *ctx, struct ipc_msg *m)
{
	const Tripod__LogLevel *l = (const Tripod__LogLevel *)(void *)
					m->payload;

	(void)ctx;
	if (l->level <= LOG_LEVEL_DEBUG)
		log_set_level((enum log_level)l->level);
	return (0);
}

/* Now that nothing can be missed, the transfer starts. */
static void
sync_begin(struct sync *s)
{
	s->transferring = 1;
	if (peer_send(s->peer, TRIPOD__MSG__MSG_MANIFEST_BEGIN, 0, -1, NULL) ==
	    0)
		rescan_run(s);
}

static int
on_folder(void *ctx, struct ipc_msg *m)
{
	const Tripod__Folder *f = (const Tripod__Folder *)(void *)m->payload;
	struct sync *s = ctx;
	struct err err;

	sync_freeze(s);
	rescan_reset(s, f->silent || !f->watched);
	if (!f->present || m->fd == -1) {
		log_warnx("no manifest folder: %s", f->reason);
		return (0);
	}
	s->watch.rule.all = s->all_names || s->mode == MANIFEST_LENIENT;
	(void)snprintf(s->watch.rule.only, sizeof(s->watch.rule.only), "%s",
	    f->only); /* a longer one would never be found */
	if (watch_set_folder(&s->watch, m->fd, &err) == -1)
		log_warnx("%s", err.text);
	m->fd = -1;
	if (s->watch.dir != NULL && !f->watched)
		sync_begin(s);
	return (0);
}

static int
on_inotify(void *ctx, struct ipc_msg *m)
{
	struct sync *s = ctx;

	if (s->watch.dir == NULL || s->transferring || s->watch.fd != -1)
		return (0);
	watch_set_events(&s->watch, m->fd);
	m->fd = -1;
	sync_begin(s);
	return (0);
}

static int
on_stats(void *ctx, struct ipc_msg *m)
{
	rescan_checked(ctx, m->id, (const Tripod__Stats *)(void *)m->payload);
	return (0);
}

static int
on_opened(void *ctx, struct ipc_msg *m)
{
	const Tripod__Opened *o = (const Tripod__Opened *)(void *)m->payload;
	struct sync *s = ctx;
	struct file **slot, *f;

	/* An answer about a folder that was lent before means nothing. */
	if (m->id == 0 || (slot = asked_take(s, m->id)) == NULL)
		return (0);
	f = *slot;
	if (f->again)
		file_done(f);
	else if (o->error == 0 && m->fd != -1)
		answer_opened(s, f, m->fd);
	else
		answer_error(s, f, (int)o->error, o->reason);
	sync_look(s);
	return (0);
}

/* clang-format off */
static const struct ipc_op ops[] = {
	{ TRIPOD__MSG__MSG_WELCOME, PHASE_NEW, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__welcome__descriptor,
	    on_welcome },
	{ TRIPOD__MSG__MSG_LOG_LEVEL, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__log_level__descriptor,
	    on_log_level },
	{ TRIPOD__MSG__MSG_FOLDER, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_OPTIONAL, &tripod__folder__descriptor,
	    on_folder },
	{ TRIPOD__MSG__MSG_INOTIFY, PHASE_READY, 0, 0, IPC_FD_REQUIRED, NULL,
	    on_inotify },
	{ TRIPOD__MSG__MSG_STATS, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__stats__descriptor,
	    on_stats },
	{ TRIPOD__MSG__MSG_OPENED, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_OPTIONAL, &tripod__opened__descriptor,
	    on_opened },
};
/* clang-format on */

static const struct ipc_table sync_table = { "watch", ops,
	sizeof(ops) / sizeof(ops[0]) };

static void
on_gone(struct peer *peer, const struct err *err, void *ctx)
{
	struct sync *s = ctx;

	(void)peer;
	if (err->text[0] != '\0')
		log_warnx("reconciled: %s", err->text);
	log_info("the link to reconciled is gone: leaving");
	(void)event_base_loopbreak(s->base); /* cannot fail */
}

static void
on_drained(struct peer *peer, void *ctx)
{
	(void)peer;
	sync_look(ctx);
}

static const struct peer_callbacks peer_cb = { on_gone, on_drained };

void
sync_init(struct sync *s, struct event_base *base, int fd)
{
	s->base = base;
	files_init(&s->files);
	watch_init(&s->watch, base, &watch_cb, s);
	s->ev_look = evtimer_new(base, on_look, s);
	if (s->ev_look == NULL)
		fatalx("evtimer_new");
	rescan_init(s);
	if ((s->peer = peer_new(base, fd, &sync_table, &peer_cb, s)) == NULL)
		fatal("peer_new");
	if (peer_hello(s->peer, "watcherd") == -1)
		fatalx("cannot say hello");
}

void
sync_release(struct sync *s)
{
	watch_release(&s->watch);
	files_release(&s->files);
	rescan_release(s);
	event_free(s->ev_look);
	peer_free(s->peer);
}
