#include "mirrord/eventqueue.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/name.h"

#define COMPONENT "tripod"
#define MESSAGE_MAX 1024 /* bytes; as the kubelet's */
#define POD_PART_MAX 230 /* of a name of 253, with 17 for the time */

void
eventqueue_init(struct eventqueue *q, struct mtime now)
{
	memset(q, 0, sizeof(*q));
	TAILQ_INIT(&q->events);
	TAILQ_INIT(&q->pods);
	q->credit_ms = EVENT_PACE_MS * EVENT_PACE_BURST;
	q->at = now;
}

static void
event_drop(struct eventqueue *q, struct queued_event *e)
{
	TAILQ_REMOVE(&q->events, e, entry);
	q->n--;
	free(e->namespace);
	free(e->pod);
	free(e->uid);
	free(e->field);
	free(e->reason);
	free(e->message);
	free(e->name);
	free(e);
}

static void
pod_drop(struct eventqueue *q, struct event_pod *p)
{
	TAILQ_REMOVE(&q->pods, p, entry);
	q->npods--;
	free(p->uid);
	free(p);
}

void
eventqueue_release(struct eventqueue *q)
{
	struct queued_event *e;
	struct event_pod *p;

	while ((e = TAILQ_FIRST(&q->events)) != NULL)
		event_drop(q, e);
	while ((p = TAILQ_FIRST(&q->pods)) != NULL)
		pod_drop(q, p);
	q->busy = NULL;
}

/* "web-node1.17f3..."; the same after a restart of ours. */
static char *
event_name(const Tripod__EventItem *i)
{
	size_t len = strlen(i->name);
	char *name;

	if (len > POD_PART_MAX)
		len = POD_PART_MAX;
	while (len > 0 && !isalnum((unsigned char)i->name[len - 1]))
		len--;
	(void)xasprintf(&name, "%.*s.%" PRIx64, (int)len, i->name,
	    (uint64_t)i->first_ns); /* never fails */
	return (name);
}

/* Where the Event object goes; those of the node go to "default". */
static const char *
namespace_of(const Tripod__EventItem *i)
{
	return (i->namespace_[0] == '\0' ? "default" : i->namespace_);
}

static struct queued_event *
event_find(struct eventqueue *q, const char *ns, const char *name)
{
	struct queued_event *e;

	TAILQ_FOREACH (e, &q->events, entry)
		if (strcmp(e->name, name) == 0 && strcmp(e->namespace, ns) == 0)
			return (e);
	return (NULL);
}

static void
make_room(struct eventqueue *q)
{
	struct queued_event *e = TAILQ_FIRST(&q->events);

	if (q->n < EVENTS_MAX)
		return;
	event_drop(q, e == q->busy ? TAILQ_NEXT(e, entry) : e);
}

/* Takes the name. */
static struct queued_event *
event_new(struct eventqueue *q, const Tripod__EventItem *i, char *name)
{
	struct queued_event *e = xcalloc(1, sizeof(*e));

	make_room(q);
	e->namespace = xstrdup(namespace_of(i));
	e->about_node = i->namespace_[0] == '\0';
	e->pod = xstrdup(i->name);
	/* kubectl looks by the mirror's annotation, which is the hash. */
	e->uid = xstrdup(i->hash[0] != '\0' ? i->hash : i->uid);
	e->field = xstrdup(i->field);
	e->reason = xstrdup(i->reason);
	e->message = xstrdup(i->message);
	e->name = name;
	e->warning = i->warning;
	e->first_ns = i->first_ns;
	TAILQ_INSERT_TAIL(&q->events, e, entry);
	q->n++;
	return (e);
}

int
eventqueue_add(struct eventqueue *q, const Tripod__EventItem *i,
    struct mtime now, struct err *err)
{
	struct queued_event *e;
	char *name;

	/* They become parts of URLs. */
	if (!name_is_label(namespace_of(i)) || !name_is_subdomain(i->name))
		return (err_set(err, "event without a proper object"));
	name = event_name(i);
	if ((e = event_find(q, namespace_of(i), name)) == NULL)
		e = event_new(q, i, name);
	else
		free(name);
	if (i->count <= e->count)
		return (0); /* it is known already */
	e->count = i->count;
	e->last_ns = i->last_ns;
	if (!e->due)
		e->due_since = now;
	e->due = 1;
	return (0);
}

/* Adds what time has earned. */
static void
earn(int64_t *credit_ms, struct mtime *at, struct mtime now, int64_t most)
{
	*credit_ms += mtime_diff(now, *at);
	if (*credit_ms > most)
		*credit_ms = most;
	*at = now;
}

static struct event_pod *
event_pod(struct eventqueue *q, const char *uid, struct mtime now)
{
	struct event_pod *p;

	TAILQ_FOREACH (p, &q->pods, entry)
		if (strcmp(p->uid, uid) == 0)
			break;
	if (p == NULL) {
		if (q->npods == EVENT_PODS_MAX)
			pod_drop(q, TAILQ_FIRST(&q->pods));
		p = xcalloc(1, sizeof(*p));
		p->uid = xstrdup(uid);
		p->credit_ms = EVENT_BURST * (int64_t)EVENT_REFILL_MS;
		p->at = now;
		q->npods++;
	} else {
		TAILQ_REMOVE(&q->pods, p, entry);
	}
	TAILQ_INSERT_TAIL(&q->pods, p, entry);
	return (p);
}

/* Whether the pod's allowance has room for one more; takes it. */
static int
is_allowed(struct eventqueue *q, const char *uid, struct mtime now)
{
	struct event_pod *p = event_pod(q, uid, now);

	earn(
	    &p->credit_ms, &p->at, now, EVENT_BURST * (int64_t)EVENT_REFILL_MS);
	if (p->credit_ms < EVENT_REFILL_MS)
		return (0);
	p->credit_ms -= EVENT_REFILL_MS;
	return (1);
}

static struct queued_event *
first_due(struct eventqueue *q, struct mtime now)
{
	struct queued_event *e;

	TAILQ_FOREACH (e, &q->events, entry) {
		if (!e->due)
			continue;
		if (mtime_diff(now, e->due_since) <= EVENT_STALE_MS)
			return (e);
		e->due = 0; /* nobody waits for it any more */
	}
	return (NULL);
}

struct queued_event *
eventqueue_next(struct eventqueue *q, struct mtime now, struct mtime *wake)
{
	struct queued_event *e;

	if (q->busy != NULL)
		return (NULL);
	while ((e = first_due(q, now)) != NULL) {
		if (mtime_cmp(now, q->retry) < 0) {
			*wake = mtime_min(*wake, q->retry);
			return (NULL);
		}
		earn(&q->credit_ms, &q->at, now,
		    EVENT_PACE_MS * EVENT_PACE_BURST);
		if (q->credit_ms < EVENT_PACE_MS) {
			*wake = mtime_min(*wake,
			    mtime_add(now, EVENT_PACE_MS - q->credit_ms));
			return (NULL);
		}
		e->due = 0;
		if (!is_allowed(q, e->uid, now))
			continue; /* what it counts is told with the next */
		q->credit_ms -= EVENT_PACE_MS;
		q->busy = e;
		return (e);
	}
	return (NULL);
}

static void
again(struct eventqueue *q, struct queued_event *e, struct mtime now,
    int64_t wait_ms)
{
	e->due = 1;
	q->retry = mtime_add(now, wait_ms);
}

void
eventqueue_done(
    struct eventqueue *q, const struct api_result *r, struct mtime now)
{
	struct queued_event *e = q->busy;
	int64_t wait_ms = r->retry_after_s * 1000;

	q->busy = NULL;
	switch (r->class) {
	case API_OK:
		e->told = e->told == 0 ? 1 : e->count;
		e->due |= e->told < e->count;
		break;
	case API_EXISTS:
		/* Created by the mirrord before us, or the answer was lost. */
		e->told = 1;
		e->due |= e->count > 1;
		break;
	case API_UNREACHABLE:
	case API_BUSY:
	case API_DENIED:
		again(q, e, now,
		    wait_ms > EVENT_RETRY_MS ? wait_ms : EVENT_RETRY_MS);
		break;
	case API_NOT_FOUND:
		/* The server has forgotten it; or has no such namespace. */
		e->due |= e->told > 0;
		e->told = 0;
		break;
	case API_FORBIDDEN:
	case API_CONFLICT:
	case API_EXPIRED:
	case API_INVALID:
		break; /* it would be no better the next time */
	}
}

static json_t *
stamp(int64_t ns)
{
	char text[RFC3339_MAX];

	rfc3339(text, ns);
	return (json_string(text));
}

static json_t *
involved(const struct queued_event *e)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:o}", "apiVersion", "v1",
	    "kind", e->about_node ? "Node" : "Pod", "name", e->pod, "uid",
	    json_safe(e->uid, 128));

	/* Its uid is its name: so does the kubelet, and kubectl looks. */
	if (!e->about_node)
		(void)json_object_set_new(
		    o, "namespace", json_string(e->namespace));

	if (e->field[0] != '\0')
		(void)json_object_set_new(
		    o, "fieldPath", json_safe(e->field, 256));
	return (o);
}

json_t *
event_post(const struct queued_event *e, const char *node)
{
	return (json_pack("{s:s, s:s, s:{s:s, s:s}, s:o, s:s, s:o, s:o, "
			  "s:{s:s, s:s}, s:s, s:s, s:o, s:o, s:i}",
	    "apiVersion", "v1", "kind", "Event", "metadata", "name", e->name,
	    "namespace", e->namespace, "involvedObject", involved(e), "type",
	    e->warning ? "Warning" : "Normal", "reason",
	    json_safe(e->reason, 128), "message",
	    json_safe(e->message, MESSAGE_MAX), "source", "component",
	    COMPONENT, "host", node, "reportingComponent", COMPONENT,
	    "reportingInstance", node, "firstTimestamp", stamp(e->first_ns),
	    "lastTimestamp", stamp(e->count == 1 ? e->last_ns : e->first_ns),
	    "count", 1));
}

json_t *
event_patch(const struct queued_event *e)
{
	return (json_pack("{s:i, s:o, s:o}", "count", (int)e->count,
	    "lastTimestamp", stamp(e->last_ns), "message",
	    json_safe(e->message, MESSAGE_MAX)));
}
