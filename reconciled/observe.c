/*
 * Asking the runtime, and writing its answers into the pods.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/name.h"
#include "reconciled/mark.h"
#include "reconciled/message.h"
#include "reconciled/reconcile.h"
#include "reconciled/termination.h"

#define MESSAGE_ARENA_MAX (4 * 1024 * 1024) /* the runtime's may be long */
#define LIST_NET_MS 30000      /* a whole list without any reason */
#define LIST_NO_EVENTS_MS 1000 /* the same where there are no events */
#define LIST_SOON_MS 200
#define LOOK_FIRST_MS 5 /* an exit event may come before CRI knows */
#define LOOK_LAST_MS 1280

/* Two lists that make one picture. */
struct picture {
	struct reconciled *r;
	uint64_t clock; /* of r when it was asked for */
	struct arena *sandboxes_arena, *containers_arena;
	const Runtime__V1__ListPodSandboxResponse *sandboxes;
	const Runtime__V1__ListContainersResponse *containers;
};

/* A question about one container or sandbox. */
struct question {
	struct reconciled *r;
	struct pod *pod;
	char *id;
	int wait_ms; /* before it was asked again, to let CRI catch up */
	struct event *ev;
};

/* An entry of any labels or annotations map; all have one shape. */
struct entry {
	ProtobufCMessage base;
	const char *key;
	const char *value;
};

static const char *
map_get(const void *entries, size_t n, const char *key)
{
	struct entry *const *e = entries;
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(e[i]->key, key) == 0)
			return (e[i]->value);
	return ("");
}

/* The pod an object belongs to, made if it is new; NULL: not ours. */
static struct pod *
pod_of(struct reconciled *r, const void *labels, size_t n)
{
	const char *uid = map_get(labels, n, LABEL_POD_UID);
	const char *ns = map_get(labels, n, LABEL_POD_NAMESPACE);
	const char *name = map_get(labels, n, LABEL_POD_NAME);
	struct pod *p;

	if (strcmp(map_get(labels, n, LABEL_MANAGED), LABEL_MANAGED_VALUE) != 0)
		return (NULL);
	if (!name_is_uid(uid) || !name_is_label(ns) || !name_is_subdomain(name))
		return (NULL);
	if ((p = pods_find(&r->pods, uid)) == NULL) {
		p = pod_new(uid, ns, name);
		p->want.grace_seconds = 30;
		TAILQ_INSERT_TAIL(&r->pods, p, entry);
	}
	return (p);
}

/* Whether the picture is older than what we did to the pod. */
static int
is_outdated(const struct picture *pic, const struct pod *p)
{
	return (p->inflight > 0 || p->touched > pic->clock);
}

static void
merge_sandbox(struct picture *pic, const Runtime__V1__PodSandbox *in)
{
	struct seen_sandbox *s;
	struct pod *p;
	const char *text;
	int ready = in->state == RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;

	p = pod_of(pic->r, in->labels, in->n_labels);
	if (p == NULL || in->metadata == NULL || is_outdated(pic, p))
		return;
	if ((s = sandbox_find(&p->seen, in->id)) == NULL) {
		s = sandbox_add(
		    &p->seen, in->id, in->metadata->attempt, in->created_at);
		text = map_get(in->annotations, in->n_annotations,
		    ANNOTATION_HOST_NETWORK);
		s->host_network = s->detailed = strcmp(text, "1") == 0;
		text_set(&s->hash,
		    map_get(
			in->annotations, in->n_annotations, ANNOTATION_HASH));
	}
	s->listed = 1;
	if (s->ready != ready)
		p->dirty = 1;
	s->ready = ready;
	if (p->definition == NULL) {
		text = map_get(
		    in->annotations, in->n_annotations, ANNOTATION_GRACE);
		if (*text != '\0')
			p->want.grace_seconds = strtoll(text, NULL, 10);
		text_set(&p->hash, s->hash);
	}
}

/* Monotonic time of a wall-clock stamp, never in the future. */
static struct mtime
mtime_of(int64_t ns)
{
	struct mtime now = mtime_now();
	int64_t ago_ms = (wall_now_ns() - ns) / 1000000;

	return (mtime_add(now, ago_ms > 0 ? -ago_ms : 0));
}

static enum seen_state
state_from(Runtime__V1__ContainerState state)
{
	switch (state) {
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_CREATED:
		return (SEEN_CREATED);
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING:
		return (SEEN_RUNNING);
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED:
		return (SEEN_EXITED);
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_UNKNOWN:
	case _RUNTIME__V1__CONTAINER_STATE_IS_INT_SIZE:
		break;
	}
	return (SEEN_UNKNOWN);
}

static void
merge_container(struct picture *pic, const Runtime__V1__Container *in)
{
	struct seen_container *c;
	struct pod *p;
	enum seen_state state = state_from(in->state);

	p = pod_of(pic->r, in->labels, in->n_labels);
	if (p == NULL || in->metadata == NULL || is_outdated(pic, p))
		return;
	/* It becomes part of paths. */
	if (!name_is_label(in->metadata->name))
		return;
	if ((c = container_find(&p->seen, in->id)) == NULL) {
		c = container_add(&p->seen, in->id, in->metadata->name,
		    in->metadata->attempt, in->created_at);
		text_set(&c->sandbox_id, in->pod_sandbox_id);
		c->round = mark_get(in).round;
		c->crash.delay_ms = mark_get(in).crash_delay_ms;
		c->crash.last = mtime_of(in->created_at);
		c->state = state;
		p->dirty = 1;
	}
	c->listed = 1;
	if (c->state != state) {
		c->state = state;
		c->detailed = 0;
		p->dirty = 1;
	}
}

/* What is missing from the list is gone; what is new has details. */
static void
settle_pod(struct reconciled *r, struct pod *p)
{
	struct seen_container *c, *cn;
	struct seen_sandbox *s, *sn;

	p->seen.stale = 0;
	for (c = TAILQ_FIRST(&p->seen.containers); c != NULL; c = cn) {
		cn = TAILQ_NEXT(c, entry);
		if (!c->listed) {
			container_drop(&p->seen, c);
			p->dirty = 1;
		} else if (!c->detailed && c->state != SEEN_CREATED) {
			observe_container(r, p, c);
		}
	}
	for (s = TAILQ_FIRST(&p->seen.sandboxes); s != NULL; s = sn) {
		sn = TAILQ_NEXT(s, entry);
		if (!s->listed) {
			sandbox_drop(&p->seen, s);
			p->dirty = 1;
		} else if (!s->detailed && s->ready) {
			observe_sandbox(r, p, s);
		}
	}
}

static void
unmark(struct pods *pods)
{
	struct seen_container *c;
	struct seen_sandbox *s;
	struct pod *p;

	TAILQ_FOREACH (p, pods, entry) {
		TAILQ_FOREACH (c, &p->seen.containers, entry)
			c->listed = 0;
		TAILQ_FOREACH (s, &p->seen.sandboxes, entry)
			s->listed = 0;
	}
}

static void
picture_merge(struct picture *pic)
{
	struct reconciled *r = pic->r;
	struct pod *p;
	size_t i;

	unmark(&r->pods);
	for (i = 0; i < pic->sandboxes->n_items; i++)
		merge_sandbox(pic, pic->sandboxes->items[i]);
	for (i = 0; i < pic->containers->n_containers; i++)
		merge_container(pic, pic->containers->containers[i]);
	TAILQ_FOREACH (p, &r->pods, entry) {
		if (!is_outdated(pic, p))
			settle_pod(r, p);
		else if (p->seen.stale)
			r->list_again = 1;
	}
	r->listed = 1;
	if (!r->known)
		r->known_since = mtime_now();
	r->known = 1;
	reconcile_kick(r);
}

static void
picture_free(struct picture *pic)
{
	arena_free(pic->sandboxes_arena);
	arena_free(pic->containers_arena);
	free(pic);
}

static void
picture_done(struct picture *pic, int ok)
{
	struct reconciled *r = pic->r;

	r->listing = 0;
	if (ok)
		picture_merge(pic);
	picture_free(pic);
	if (r->list_again || !ok) {
		r->list_again = 0;
		observe_after(r, LIST_SOON_MS);
	} else {
		observe_after(
		    r, r->no_events ? LIST_NO_EVENTS_MS : LIST_NET_MS);
	}
}

static void
on_containers(void *ctx, struct cri_result *res)
{
	struct picture *pic = ctx;

	if (res->code != GRPC_OK) {
		log_debug("listing containers: %s", res->message);
		picture_done(pic, 0);
		return;
	}
	pic->containers = res->response;
	pic->containers_arena = res->arena;
	res->arena = NULL;
	picture_done(pic, 1);
}

static void
on_sandboxes(void *ctx, struct cri_result *res)
{
	Runtime__V1__ListContainersRequest req =
	    RUNTIME__V1__LIST_CONTAINERS_REQUEST__INIT;
	Runtime__V1__ContainerFilter filter =
	    RUNTIME__V1__CONTAINER_FILTER__INIT;
	Runtime__V1__ContainerFilter__LabelSelectorEntry label =
	    RUNTIME__V1__CONTAINER_FILTER__LABEL_SELECTOR_ENTRY__INIT;
	Runtime__V1__ContainerFilter__LabelSelectorEntry *labels[] = { &label };
	char key[] = LABEL_MANAGED, value[] = LABEL_MANAGED_VALUE;
	struct picture *pic = ctx;

	if (res->code != GRPC_OK) {
		log_debug("listing sandboxes: %s", res->message);
		picture_done(pic, 0);
		return;
	}
	pic->sandboxes = res->response;
	pic->sandboxes_arena = res->arena;
	res->arena = NULL;
	label.key = key;
	label.value = value;
	filter.label_selector = labels;
	filter.n_label_selector = 1;
	req.filter = &filter;
	(void)cri_call(
	    pic->r->cri, CRI_LIST_CONTAINERS, &req.base, on_containers, pic);
}

void
observe_all(struct reconciled *r)
{
	Runtime__V1__ListPodSandboxRequest req =
	    RUNTIME__V1__LIST_POD_SANDBOX_REQUEST__INIT;
	Runtime__V1__PodSandboxFilter filter =
	    RUNTIME__V1__POD_SANDBOX_FILTER__INIT;
	Runtime__V1__PodSandboxFilter__LabelSelectorEntry label =
	    RUNTIME__V1__POD_SANDBOX_FILTER__LABEL_SELECTOR_ENTRY__INIT;
	Runtime__V1__PodSandboxFilter__LabelSelectorEntry *labels[] = {
		&label
	};
	char key[] = LABEL_MANAGED, value[] = LABEL_MANAGED_VALUE;
	struct picture *pic;

	if (cri_info(r->cri)->state != CRI_UP)
		return; /* asked again when it comes up */
	if (r->listing) {
		r->list_again = 1;
		return;
	}
	r->listing = 1;
	pic = xcalloc(1, sizeof(*pic));
	pic->r = r;
	pic->clock = r->clock;
	label.key = key;
	label.value = value;
	filter.label_selector = labels;
	filter.n_label_selector = 1;
	req.filter = &filter;
	(void)cri_call(
	    r->cri, CRI_LIST_POD_SANDBOX, &req.base, on_sandboxes, pic);
}

void
observe_after(struct reconciled *r, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 }, due, now;

	/* What is due sooner stays so. */
	if (event_pending(r->ev_observe, EV_TIMEOUT, &due)) {
		(void)evutil_gettimeofday(&now, NULL); /* cannot fail */
		evutil_timeradd(&now, &tv, &now);
		if (evutil_timercmp(&due, &now, <=))
			return;
	}

	if (event_add(r->ev_observe, &tv) == -1)
		fatalx("event_add");
}

static struct question *
question_new(struct reconciled *r, struct pod *p, const char *id)
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->r = r;
	q->pod = p;
	q->id = xstrdup(id);
	p->inflight++;
	return (q);
}

static void
question_free(struct question *q)
{
	q->pod->inflight--;
	if (q->ev != NULL)
		event_free(q->ev);
	free(q->id);
	free(q);
}

static void
container_fill(struct seen_container *c, const Runtime__V1__ContainerStatus *st)
{
	/* Answers may overtake each other: a start is not taken back. */
	if (st->state == RUNTIME__V1__CONTAINER_STATE__CONTAINER_CREATED)
		return;
	c->state = state_from(st->state);
	c->detailed = 1;
	c->started_ns = st->started_at;
	c->finished_ns = st->finished_at;
	c->exit_code = st->exit_code;
	if (c->state == SEEN_EXITED)
		c->finished = mtime_of(st->finished_at);
	text_set(&c->reason, st->reason);
	text_set(&c->message, st->message);
	text_set(&c->image, st->image == NULL ? "" : st->image->image);
	text_set(&c->image_ref, st->image_ref);
}

static int
is_message_from_log(const Runtime__V1__ContainerStatus *st)
{
	size_t i;

	for (i = 0; i < st->n_annotations; i++)
		if (strcmp(st->annotations[i]->key,
			ANNOTATION_MESSAGE_POLICY) == 0)
			return (strcmp(st->annotations[i]->value,
				    MESSAGE_FROM_LOG) == 0);
	return (0);
}

/* What an instance that has ended left to say (runtime.md 4.8). */
static void
fill_message(struct reconciled *r, const struct pod *p,
    struct seen_container *c, const Runtime__V1__ContainerStatus *st)
{
	size_t n = p->definition == NULL ? 1 : spec_count(p->definition->pod);
	struct arena a;
	char *own;

	arena_init(&a, MESSAGE_ARENA_MAX);
	own = message_read(&a, r->files.pods, p, c);
	if (own[0] == '\0' && st->exit_code != 0 && is_message_from_log(st) &&
	    strcmp(st->reason, "ContainerCannotRun") != 0)
		own = message_from_log(&a, r->files.pod_logs, p, c);
	text_set(&c->message,
	    message_join(&a, c->message, own, MESSAGES_MAX / (n == 0 ? 1 : n)));
	arena_release(&a);
}

static void question_ask(struct question *);

static void
on_look_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	question_ask(arg);
}

/* Waits a little longer each time; true while there is another try. */
static int
question_again(struct question *q)
{
	struct timeval tv;

	q->wait_ms = q->wait_ms == 0 ? LOOK_FIRST_MS : q->wait_ms * 2;
	if (q->wait_ms > LOOK_LAST_MS)
		return (0);
	tv.tv_sec = q->wait_ms / 1000;
	tv.tv_usec = q->wait_ms % 1000 * 1000;
	if (q->ev == NULL)
		q->ev = evtimer_new(q->r->base, on_look_again, q);
	if (q->ev == NULL || event_add(q->ev, &tv) == -1)
		fatalx("event_add");
	return (1);
}

static void
on_container_status(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ContainerStatusResponse *a = res->response;
	struct question *q = ctx;
	struct reconciled *r = q->r;
	struct seen_container *c;

	c = container_find(&q->pod->seen, q->id);
	if (c != NULL)
		c->asked = 0;
	if (res->code != GRPC_OK) {
		/* Gone, or the runtime is: the next list knows. */
		q->pod->seen.stale = 1;
		observe_after(r, LIST_SOON_MS);
	} else if (c != NULL) {
		container_fill(c, a->status);
		if (c->state == SEEN_EXITED)
			fill_message(r, q->pod, c, a->status);
		q->pod->dirty = 1;
		if (c->ended && c->state != SEEN_EXITED && question_again(q)) {
			c->asked = 1;
			return;
		}
	}
	question_free(q);
	reconcile_kick(r);
}

static void
question_ask(struct question *q)
{
	Runtime__V1__ContainerStatusRequest req =
	    RUNTIME__V1__CONTAINER_STATUS_REQUEST__INIT;

	req.container_id = q->id;
	(void)cri_call(
	    q->r->cri, CRI_CONTAINER_STATUS, &req.base, on_container_status, q);
}

void
observe_container(struct reconciled *r, struct pod *p, struct seen_container *c)
{
	if (c->asked)
		return;
	c->asked = 1;
	question_ask(question_new(r, p, c->id));
}

static void
sandbox_fill_ips(
    struct seen_sandbox *s, const Runtime__V1__PodSandboxNetworkStatus *net)
{
	char *ip[SANDBOX_IPS_MAX];
	size_t i, n = 0;

	ip[n++] = net->ip;
	for (i = 0; i < net->n_additional_ips && n < SANDBOX_IPS_MAX; i++)
		ip[n++] = net->additional_ips[i]->ip;
	sandbox_set_ips(s, ip, n);
}

static void
on_sandbox_status(void *ctx, struct cri_result *res)
{
	const Runtime__V1__PodSandboxStatusResponse *a = res->response;
	struct question *q = ctx;
	struct reconciled *r = q->r;
	struct seen_sandbox *s;

	s = sandbox_find(&q->pod->seen, q->id);
	if (s != NULL)
		s->asked = 0;
	if (res->code != GRPC_OK) {
		observe_after(r, LIST_SOON_MS);
	} else if (s != NULL) {
		s->detailed = 1;
		s->ready = a->status->state ==
		    RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;
		if (a->status->network != NULL)
			sandbox_fill_ips(s, a->status->network);
		q->pod->dirty = 1;
	}
	question_free(q);
	reconcile_kick(r);
}

void
observe_sandbox(struct reconciled *r, struct pod *p, struct seen_sandbox *s)
{
	Runtime__V1__PodSandboxStatusRequest req =
	    RUNTIME__V1__POD_SANDBOX_STATUS_REQUEST__INIT;

	if (s->asked)
		return;
	s->asked = 1;
	req.pod_sandbox_id = s->id;
	(void)cri_call(r->cri, CRI_POD_SANDBOX_STATUS, &req.base,
	    on_sandbox_status, question_new(r, p, s->id));
}

void
observe_hint(struct reconciled *r, const struct hint *hint)
{
	struct seen_container *c;
	struct seen_sandbox *s;
	struct pod *p;

	if (hint->kind != HINT_EXITED && hint->kind != HINT_DELETED)
		return;
	TAILQ_FOREACH (p, &r->pods, entry) {
		c = container_find(&p->seen, hint->id);
		if (c != NULL && c->state != SEEN_EXITED) {
			c->ended = 1;
			observe_container(r, p, c);
		}
		s = sandbox_find(&p->seen, hint->id);
		if (s != NULL && s->ready)
			observe_after(r, LIST_SOON_MS);
		if (c != NULL || s != NULL)
			return;
	}
}
