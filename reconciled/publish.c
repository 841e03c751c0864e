/*
 * Telling about pods: statuses to mirrord, events for people.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/message.h"
#include "reconciled/peers.h"
#include "reconciled/reconcile.h"

#define STATUS_MAX (4 * 1024 * 1024) /* memory for one pod's status */
#define FIELD_PATH_MAX 128
#define TRANSFER_WAIT_MS 5000 /* for statuses that are late */

/* "spec.containers{web}" as in the API's events. */
static void
field_path(char *buf, size_t size, const struct pod *p, const char *container)
{
	const Tripod__Pod *pod;
	const char *list = "containers";

	buf[0] = '\0';
	if (container == NULL)
		return;
	pod = p->definition == NULL ? NULL : p->definition->pod;
	if (pod != NULL && spec_find(pod, container) < pod->n_init_container)
		list = "initContainers";
	(void)snprintf(buf, size, "spec.%s{%s}", list, container);
}

/* Keeps it, and tells those who follow. */
static const struct record *
event_note(struct reconciled *r, const struct record_object *o, int warning,
    const char *reason, const char *message)
{
	const struct record *e;

	e = records_add(
	    &r->records, o, warning, reason, message, wall_now_ns());
	follow_events(r->peers);
	return (e);
}

/* What event_normal() and event_warning() have in common. */
static const struct record *
event_keep(struct reconciled *r, const struct pod *p, const char *container,
    int warning, const char *reason, const char *message)
{
	struct record_object o = { p->uid, p->namespace_, p->name, NULL,
		p->hash };
	char path[FIELD_PATH_MAX];

	field_path(path, sizeof(path), p, container);
	o.container = path;
	return (event_note(r, &o, warning, reason, message));
}

#define EVENT_FORMAT "pod %s/%s: %s%s%s: %s"
#define EVENT_ARGUMENTS                                             \
	p->namespace_, p->name, container == NULL ? "" : container, \
	    container == NULL ? "" : ": ", reason, message

void
event_normal(struct reconciled *r, const struct pod *p, const char *container,
    const char *reason, const char *fmt, ...)
{
	char message[RECORD_MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (event_keep(r, p, container, 0, reason, message)->count == 1)
		log_info(EVENT_FORMAT, EVENT_ARGUMENTS);
}

void
event_warning(struct reconciled *r, const struct pod *p, const char *container,
    const char *reason, const char *fmt, ...)
{
	char message[RECORD_MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (event_keep(r, p, container, 1, reason, message)->count == 1)
		log_warnx(EVENT_FORMAT, EVENT_ARGUMENTS);
}

void
event_node(struct reconciled *r, const char *reason, const char *fmt, ...)
{
	struct record_object o = { r->node, "", r->node, "", NULL };
	char message[RECORD_MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (event_note(r, &o, 1, reason, message)->count == 1)
		log_warnx("node %s: %s: %s", r->node, reason, message);
}

void
event_node_normal(struct reconciled *r, const char *reason, const char *text)
{
	struct record_object o = { r->node, "", r->node, "", NULL };

	if (event_note(r, &o, 0, reason, text)->count == 1)
		log_info("node %s: %s: %s", r->node, reason, text);
}

Tripod__PodItem *
reconcile_item(struct arena *a, struct reconciled *r, const struct pod *p)
{
	struct status_env env;
	Tripod__PodItem *item;

	env.runtime_name = cri_info(r->cri)->runtime_name;
	env.addresses = &r->addresses;
	env.now = mtime_now();
	env.now_ns = wall_now_ns();
	item = message_new(a, &tripod__pod_item__descriptor);
	item->uid = p->uid;
	item->namespace_ = p->namespace_;
	item->name = p->name;
	item->hash = p->hash;
	item->file = p->file;
	item->terminating = p->want.terminating;
	item->seen_ns = p->seen_ns;
	if (r->known) /* else nobody knows */
		item->status = status_build(a, &env, p);
	return (item);
}

static void
note_wait(
    struct reconciled *r, const struct pod *p, const Tripod__ContainerStatus *c)
{
	if (strcmp(c->state->reason, "CrashLoopBackOff") == 0)
		event_warning(r, p, c->name, "BackOff",
		    "Back-off restarting failed container %s", c->name);
	else if (strcmp(c->state->reason, "ImagePullBackOff") == 0)
		event_normal(r, p, c->name, "BackOff",
		    "Back-off pulling image \"%s\"", c->image);
}

/* Containers that wait before they are tried again. */
static void
note_waits(
    struct reconciled *r, const struct pod *p, const Tripod__PodStatus *st)
{
	size_t i;

	for (i = 0; i < st->n_init_container; i++)
		note_wait(r, p, st->init_container[i]);
	for (i = 0; i < st->n_container; i++)
		note_wait(r, p, st->container[i]);
}

/*
 * When a container is tried again is only for those who ask: it is worked out
 * from two clocks, and a little different each time.
 */
static void
status_untime(Tripod__PodStatus *st)
{
	size_t i;

	for (i = 0; i < st->n_init_container; i++)
		st->init_container[i]->retry_ns = 0;
	for (i = 0; i < st->n_container; i++)
		st->container[i]->retry_ns = 0;
}

/* Sends a status that changed, and the end of a pod as soon as it is. */
static void
publish_pod(struct reconciled *r, struct pod *p)
{
	struct arena arena;
	Tripod__PodItem *item;
	uint8_t *packed;
	size_t len;

	if (p->definition == NULL || (p->want.wanted && p->want.blocked))
		return; /* the one before still stands for it */
	if (p->want.wanted)
		p->told_gone = 0;
	/* Its last status is the one with all containers in it. */
	if (p->want.terminating && !p->want.wanted &&
	    (p->told_gone || TAILQ_EMPTY(&p->seen.containers)))
		return;
	arena_init(&arena, STATUS_MAX);
	item = reconcile_item(&arena, r, p);
	status_remember(&p->memo, item->status);
	status_untime(item->status);
	len = tripod__pod_item__get_packed_size(item);
	packed = xmalloc(len);
	(void)tripod__pod_item__pack(item, packed);
	if (len == p->published_len && memcmp(packed, p->published, len) == 0) {
		free(packed);
	} else {
		free(p->published);
		p->published = packed;
		p->published_len = len;
		note_waits(r, p, item->status);
		peers_pod(r->peers, p, item);
	}
	arena_release(&arena);
	/* What is still to be cleaned up does not show. */
	if (p->want.terminating && !p->want.wanted && r->listed &&
	    !p->seen.stale && !pod_will_run(&p->seen))
		peers_pod_gone(r->peers, p);
}

/*
 * Whether all that a status says is known; what is not is asked for.  Right
 * after a start nothing is: then the last one that was told still stands.
 * While the runtime is away what was seen last counts.
 */
static int
is_known(struct reconciled *r, struct pod *p)
{
	struct seen_sandbox *s = sandbox_newest(&p->seen);
	struct seen_container *c;
	int known = 1;

	if (!r->listed)
		return (r->known);
	TAILQ_FOREACH (c, &p->seen.containers, entry) {
		if (c->detailed || c->state == SEEN_CREATED ||
		    c->state == SEEN_UNKNOWN)
			continue;
		known = 0;
		if (!p->seen.stale)
			observe_container(r, p, c);
	}
	if (s != NULL && s->ready && !s->detailed) {
		known = 0;
		if (!p->seen.stale)
			observe_sandbox(r, p, s);
	}
	return (known);
}

/* A peer that has just come must not take what is late for what is gone. */
static void
transfer(struct reconciled *r)
{
	struct mtime now = mtime_now();
	struct pod *p;

	if (!r->transfer_due || !r->known)
		return;
	TAILQ_FOREACH (p, &r->pods, entry)
		if (p->definition != NULL && p->want.wanted &&
		    !p->want.blocked && p->published == NULL &&
		    mtime_diff(now, r->known_since) < TRANSFER_WAIT_MS)
			return;
	r->transfer_due = 0;
	mirror_transfer(r->peers);
}

void
publish(struct reconciled *r)
{
	struct pod *p;

	TAILQ_FOREACH (p, &r->pods, entry) {
		if (!p->dirty || !is_known(r, p))
			continue;
		p->dirty = 0;
		publish_pod(r, p);
	}
	transfer(r);
}
