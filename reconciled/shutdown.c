#include "reconciled/shutdown.h"

#include <stdlib.h>

#include "common/log.h"
#include "reconciled/peers.h"

static int
answer(struct link *l, uint32_t id, int ok, const char *text)
{
	Tripod__Done done = TRIPOD__DONE__INIT;
	char *message = xstrdup(text);
	int rc;

	done.ok = ok;
	done.message = message;
	rc = peer_send(l->peer, TRIPOD__MSG__MSG_DONE, id, -1, &done.base);
	free(message);
	return (rc);
}

int
shutdown_ask(void *ctx, struct ipc_msg *m)
{
	struct link *l = ctx;
	struct reconciled *r = l->r;

	if (l->peer->uid != 0)
		return (answer(l, m->id, 0, "this is for root alone"));
	if (!r->conf.stop_pods)
		return (answer(l, m->id, 1,
		    "pods stay: \"stop pods on shutdown\" is not set"));
	l->shutdown = m->id;
	l->awaits_shutdown = 1;
	if (!r->down.on) {
		log_info("the machine goes down: all pods end");
		down_begin(&r->down, mtime_now(), r->conf.shutdown_s * 1000);
	}
	reconcile_kick(r);
	return (0);
}

static void
tell(struct reconciled *r)
{
	struct peers *ps = r->peers;
	struct link *l;

	for (l = ps->control; l < ps->control + CONTROL_PEERS_MAX; l++) {
		if (l->peer == NULL || !l->awaits_shutdown)
			continue;
		l->awaits_shutdown = 0;
		(void)answer(l, l->shutdown, 1, ""); /* or it has gone */
	}
}

static void
note_ends(struct reconciled *r)
{
	struct pod *p;

	TAILQ_FOREACH (p, &r->pods, entry) {
		if (p->want.down != DOWN_ENDS || p->memo.down)
			continue;
		p->memo.down = 1;
		p->dirty = 1;
		event_normal(r, p, NULL, "Terminated",
		    "Pod is terminated, the machine goes down; grace period "
		    "%llds",
		    (long long)p->want.grace_seconds);
	}
}

void
shutdown_resolve(
    struct reconciled *r, int resolved, struct mtime now, struct mtime *wake)
{
	struct down *d = &r->down;
	int done;

	if (!d->on)
		return;
	if (resolved) {
		done = down_resolve(d, &r->pods, now, wake);
		note_ends(r);
	} else {
		/* Without the runtime nobody can be stopped. */
		done = mtime_cmp(now, d->until) >= 0;
		*wake = mtime_min(*wake, d->until);
	}
	if (!done)
		return;
	if (!r->down_told)
		log_info("all pods have ended, or had their time");
	r->down_told = 1;
	tell(r);
}
