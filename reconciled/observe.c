/*
 * Asking the runtime for all that it has.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/name.h"
#include "reconciled/mark.h"
#include "reconciled/observe_parts.h"

#define LIST_NET_MS 10000 /* a whole list without any reason: 10.1 */

/* Two lists that make one picture. */
struct picture {
	struct reconciled *r;
	uint64_t clock; /* of r when it was asked for */
	struct arena *sandboxes_arena, *containers_arena;
	const Runtime__V1__ListPodSandboxResponse *sandboxes;
	const Runtime__V1__ListContainersResponse *containers;
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

struct mtime
observe_time(int64_t ns)
{
	struct mtime now = mtime_now();
	int64_t ago_ms = (wall_now_ns() - ns) / 1000000;

	return (mtime_add(now, ago_ms > 0 ? -ago_ms : 0));
}

enum seen_state
observe_state(Runtime__V1__ContainerState state)
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
	enum seen_state state = observe_state(in->state);

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
		c->crash.last = observe_time(in->created_at);
		c->state = state;
		p->dirty = 1;
	}
	c->listed = 1;
	if (c->state == SEEN_EXITED && c->detailed)
		return; /* a list that was taken before its end */
	if (c->state != state) {
		c->state = state;
		c->detailed = 0;
		retry_clear(&c->question);
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

/* How long to wait before another try; a little longer each time. */
static int
list_failed(struct reconciled *r)
{
	if (r->list_wait_ms == 0)
		r->list_wait_ms = LIST_SOON_MS;
	else if (r->list_wait_ms < LIST_NET_MS / 2)
		r->list_wait_ms *= 2;
	else
		r->list_wait_ms = LIST_NET_MS;
	return (r->list_wait_ms);
}

static void
picture_done(struct picture *pic, int ok)
{
	struct reconciled *r = pic->r;

	r->listing = 0;
	if (ok)
		picture_merge(pic);
	picture_free(pic);
	if (!ok) {
		r->list_again = 0;
		observe_after(r, list_failed(r));
		return;
	}
	r->list_wait_ms = 0;
	if (r->list_again) {
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
