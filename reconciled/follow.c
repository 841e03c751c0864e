/*
 * Telling those who asked for it of changes and events.
 */
#include <stdlib.h>
#include <string.h>

#include "reconciled/control_parts.h"

#define EVENT_MAX (64 * 1024) /* memory for one */

static int
is_follower(const struct link *l)
{
	return (l->peer != NULL && (l->follower.changes || l->follower.events));
}

int
follow_allowed(const struct link *self)
{
	const struct peers *ps = self->r->peers;
	size_t i, n = 0;

	for (i = 0; i < CONTROL_PEERS_MAX; i++)
		n += &ps->control[i] != self && is_follower(&ps->control[i]);
	return (n < CONTROL_FOLLOWERS_MAX ? 0 : -1);
}

void
follow_changed(struct peers *ps)
{
	struct link *l;
	size_t i;

	for (i = 0; i < CONTROL_PEERS_MAX; i++) {
		l = &ps->control[i];
		if (l->peer == NULL || !l->follower.changes)
			continue;
		l->follower.changes = 0;
		(void)peer_send(l->peer, TRIPOD__MSG__MSG_CHANGED, 0, -1,
		    NULL); /* or it is dropped */
	}
}

static void
send_event(struct peer *to, const struct record *e, int lost)
{
	Tripod__EventItem *item;
	struct arena arena;

	arena_init(&arena, EVENT_MAX);
	item = record_item(&arena, e);
	item->lost = lost;
	(void)peer_send(to, TRIPOD__MSG__MSG_EVENT, 0, -1,
	    &item->base); /* or it is dropped */
	arena_release(&arena);
}

/* All that came after number, as far as there is room. */
static void
send_events(
    const struct records *r, struct peer *to, const char *pod, uint64_t *number)
{
	const struct record *e;
	int lost;

	while (!peer_congested(to) && (e = records_after(r, *number)) != NULL) {
		lost = *number < r->dropped;
		*number = e->number;
		if (pod == NULL || record_is_of(e, pod))
			send_event(to, e, lost);
	}
}

void
follow_events(struct peers *ps)
{
	const struct records *r = &ps->r->records;
	struct link *l;
	size_t i;

	if (ps->mirror.peer != NULL && ps->mirror.peer->phase != PHASE_NEW)
		send_events(r, ps->mirror.peer, NULL, &ps->mirror_event);
	for (i = 0; i < CONTROL_PEERS_MAX; i++) {
		l = &ps->control[i];
		if (l->peer != NULL && l->follower.events)
			send_events(
			    r, l->peer, l->follower.pod, &l->follower.number);
	}
}

void
follow_release(struct follower *f)
{
	free(f->pod);
	memset(f, 0, sizeof(*f));
}

static int
refuse(struct link *l, const struct ipc_msg *m)
{
	struct err err;

	(void)err_set(&err, "too many others follow what happens");
	return (control_done(l, m, &err));
}

int
control_follow(void *ctx, struct ipc_msg *m)
{
	struct link *l = ctx;

	if (follow_allowed(l) == -1)
		return (refuse(l, m));
	l->follower.changes = 1;
	return (0);
}

int
control_events(void *ctx, struct ipc_msg *m)
{
	const Tripod__EventQuery *q = (const Tripod__EventQuery *)(void *)
					  m->payload;
	struct link *l = ctx;
	const struct records *r = &l->r->records;
	const struct record *e;
	uint64_t number = 0;

	if (q->follow && follow_allowed(l) == -1)
		return (refuse(l, m));
	while ((e = records_after(r, number)) != NULL) {
		number = e->number;
		if (e->last_ns >= q->since_ns &&
		    (q->pod[0] == '\0' || record_is_of(e, q->pod)))
			send_event(l->peer, e, 0);
	}
	follow_release(&l->follower);
	l->follower.events = q->follow;
	l->follower.number = number;
	if (q->pod[0] != '\0')
		text_set(&l->follower.pod, q->pod);
	return (peer_send(l->peer, TRIPOD__MSG__MSG_STATUS_END, 0, -1, NULL));
}
