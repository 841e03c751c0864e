/*
 * Asking the runtime about one container or sandbox.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/message.h"
#include "reconciled/observe_parts.h"
#include "reconciled/termination.h"

#define MESSAGE_ARENA_MAX (4 * 1024 * 1024)
#define TEXT_MAX 2048 /* bytes of what the runtime says; the rest is cut */
/*
 * An event of an end may come long before CRI knows of it: containerd cleans
 * up first.  It is asked again after that much, and later after an eighth of
 * the time that has passed: a look is late by as much at most.
 */
#define LOOK_FIRST_MS 4
#define LOOK_LIMIT_MS 2500

/* A question about one container or sandbox. */
struct question {
	struct reconciled *r;
	struct pod *pod;
	char *id;
	void (*ask)(struct question *);
	struct mtime since; /* it was asked first, or hastened */
	struct event *ev;   /* it is asked again then */
};

static struct question *
question_new(struct reconciled *r, struct pod *p, const char *id,
    void (*ask)(struct question *))
{
	struct question *q = xcalloc(1, sizeof(*q));

	q->r = r;
	q->pod = p;
	q->id = xstrdup(id);
	q->ask = ask;
	q->since = mtime_now();
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

/* No status has room for as much as an answer may be long. */
static void
text_take(char **to, const char *s)
{
	size_t n = strnlen(s, TEXT_MAX + 1);
	char *cut;

	if (n <= TEXT_MAX) {
		text_set(to, s);
		return;
	}
	for (n = TEXT_MAX; n > 0 && (s[n] & 0xc0) == 0x80; n--)
		continue; /* not within a letter */
	cut = xstrndup(s, n);
	text_set(to, cut);
	free(cut);
}

static void
container_fill(struct seen_container *c, const Runtime__V1__ContainerStatus *st)
{
	/* Answers may overtake each other: a start is not taken back. */
	if (st->state == RUNTIME__V1__CONTAINER_STATE__CONTAINER_CREATED)
		return;
	c->state = observe_state(st->state);
	c->detailed = 1;
	/* A runtime that has lost it does not know that either. */
	if (st->started_at != 0)
		c->started_ns = st->started_at;
	c->finished_ns = st->finished_at;
	c->exit_code = st->exit_code;
	if (c->state == SEEN_EXITED)
		c->finished = observe_time(st->finished_at);
	text_take(&c->reason, st->reason);
	text_take(&c->message, st->message);
	text_take(&c->image, st->image == NULL ? "" : st->image->image);
	text_take(&c->image_ref, st->image_ref);
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

static void
on_look_again(evutil_socket_t fd, short what, void *arg)
{
	struct question *q = arg;

	(void)fd;
	(void)what;
	q->ask(q);
}

/* Waits a little longer each time; true while there is another try. */
static int
question_again(struct question *q)
{
	int64_t passed = mtime_diff(mtime_now(), q->since), wait = passed / 8;
	struct timeval tv = { 0, 0 };

	if (passed > LOOK_LIMIT_MS) {
		observe_after(q->r, LIST_NO_EVENTS_MS); /* once more */
		return (0);
	}
	tv.tv_usec = (wait > LOOK_FIRST_MS ? wait : LOOK_FIRST_MS) * 1000;
	if (q->ev == NULL)
		q->ev = evtimer_new(q->r->base, on_look_again, q);
	if (q->ev == NULL || event_add(q->ev, &tv) == -1)
		fatalx("event_add");
	return (1);
}

/* There is news: what waits to be asked again is asked now. */
static void
question_hasten(struct question *q)
{
	if (q->ev == NULL || !event_pending(q->ev, EV_TIMEOUT, NULL))
		return;
	(void)event_del(q->ev); /* cannot fail */
	q->since = mtime_now();
	q->ask(q);
}

/*
 * Gone, or the runtime is: the next list knows; it asks again.  What that
 * list still has, and nobody can tell of, is asked less and less often; what
 * lists say of it must do meanwhile.
 */
static void
question_failed(struct question *q, const struct cri_result *res,
    const char *reason, const char *container, struct retry *retry)
{
	if (retry == NULL || retry->fails == 0) {
		q->pod->seen.stale = 1;
		observe_after(q->r, LIST_SOON_MS);
	} else if (res->code != GRPC_NOT_FOUND &&
	    res->code != GRPC_UNAVAILABLE) {
		event_warning(q->r, q->pod, container, reason,
		    "error determining status: %s", res->message);
	}
	if (retry != NULL)
		retry_fail_question(retry, mtime_now());
}

/* True while a failure is backed off; the list after it asks again. */
static int
question_waits(struct reconciled *r, const struct retry *retry)
{
	struct mtime now = mtime_now();

	if (!retry_waits(retry, now))
		return (0);
	observe_after(r, (int)mtime_diff(retry->not_before, now));
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
		c->asked = NULL;
	if (res->code != GRPC_OK) {
		question_failed(q, res, "FailedSync",
		    c == NULL ? NULL : c->name,
		    c == NULL ? NULL : &c->question);
	} else if (c != NULL) {
		retry_clear(&c->question);
		container_fill(c, a->status);
		if (c->detailed)
			files_link_log(&r->files, q->pod, c);
		if (c->state == SEEN_EXITED)
			fill_message(r, q->pod, c, a->status);
		q->pod->dirty = 1;
		if (c->ended && c->state != SEEN_EXITED && question_again(q)) {
			c->asked = q;
			return;
		}
	}
	question_free(q);
	reconcile_kick(r);
}

static void
ask_container(struct question *q)
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
	if (c->asked != NULL || question_waits(r, &c->question))
		return;
	c->asked = question_new(r, p, c->id, ask_container);
	ask_container(c->asked);
}

void
observe_end(struct reconciled *r, struct pod *p, struct seen_container *c)
{
	retry_clear(&c->question);
	if (c->asked != NULL)
		question_hasten(c->asked);
	else
		observe_container(r, p, c);
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
		s->asked = NULL;
	if (res->code != GRPC_OK) {
		question_failed(q, res, "FailedPodSandBoxStatus", NULL,
		    s == NULL ? NULL : &s->question);
	} else if (s != NULL) {
		retry_clear(&s->question);
		s->detailed = 1;
		s->ready = !s->stopped &&
		    a->status->state ==
			RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;
		/* A dead one's are shown until there are others. */
		if (s->ready && a->status->network != NULL)
			sandbox_fill_ips(s, a->status->network);
		q->pod->dirty = 1;
		if (s->ended && s->ready && question_again(q)) {
			s->asked = q;
			return;
		}
	}
	question_free(q);
	reconcile_kick(r);
}

static void
ask_sandbox(struct question *q)
{
	Runtime__V1__PodSandboxStatusRequest req =
	    RUNTIME__V1__POD_SANDBOX_STATUS_REQUEST__INIT;

	req.pod_sandbox_id = q->id;
	(void)cri_call(
	    q->r->cri, CRI_POD_SANDBOX_STATUS, &req.base, on_sandbox_status, q);
}

void
observe_sandbox(struct reconciled *r, struct pod *p, struct seen_sandbox *s)
{
	if (s->asked != NULL || question_waits(r, &s->question))
		return;
	s->asked = question_new(r, p, s->id, ask_sandbox);
	ask_sandbox(s->asked);
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
			observe_end(r, p, c);
		}
		s = sandbox_find(&p->seen, hint->id);
		if (s != NULL && s->ready && !s->busy) {
			s->ended = 1;
			retry_clear(&s->question);
			observe_sandbox(r, p, s);
		}
		if (c != NULL || s != NULL)
			return;
	}
}
