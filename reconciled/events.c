#include "reconciled/events.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/mtime.h"
#include "containerd.pb-c.h"

#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 3000
#define AT_ONCE_MS 1000 /* a stream that ends sooner is not offered */
#define PROBES 2
#define EVENT_MEMORY_MAX (64 * 1024)

/* Ends of processes, and of memory; nothing else happens behind our back. */
#define CONTAINERD_FILTER "topic~=\"^/tasks/(exit|oom)$\""

struct events {
	struct cri *cri;
	const struct events_callbacks *cb;
	void *ctx;
	int up;			   /* the runtime is; we have begun */
	enum events_source source; /* tried or in use */
	struct cri_call *stream;   /* NULL: none */
	struct cri_call *probe;	   /* tells when the stream is in place */
	int probes;		   /* still to come */
	struct mtime since;	   /* start of the stream */
	struct event *timer;	   /* for the next attempt */
	int64_t retry_ms;
};

static void subscribe(struct events *);

const char *
events_source_str(enum events_source source)
{
	switch (source) {
	case EVENTS_NONE:
		return ("none");
	case EVENTS_CRI:
		return ("cri");
	case EVENTS_CONTAINERD:
		return ("containerd");
	}
	return ("unknown");
}

const char *
hint_kind_str(enum hint_kind kind)
{
	switch (kind) {
	case HINT_CREATED:
		return ("created");
	case HINT_STARTED:
		return ("started");
	case HINT_EXITED:
		return ("exited");
	case HINT_OOM:
		return ("oom");
	case HINT_DELETED:
		return ("deleted");
	}
	return ("unknown");
}

/* --- messages --- */

static void
on_cri_message(void *arg, const ProtobufCMessage *message)
{
	static const enum hint_kind kinds[] = {
		[RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_CREATED_EVENT] =
		    HINT_CREATED,
		[RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STARTED_EVENT] =
		    HINT_STARTED,
		[RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STOPPED_EVENT] =
		    HINT_EXITED,
		[RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_DELETED_EVENT] =
		    HINT_DELETED,
	};
	struct events *e = arg;
	const void *p = message;
	const Runtime__V1__ContainerEventResponse *r = p;
	struct hint hint = { .id = r->container_id };

	e->retry_ms = RETRY_MIN_MS;
	if ((size_t)r->container_event_type >= sizeof(kinds) / sizeof(kinds[0]))
		return;
	hint.kind = kinds[r->container_event_type];
	e->cb->on_hint(e->ctx, &hint);
}

static int64_t
timestamp_ns(const Containerd__Timestamp *t)
{
	if (t == NULL || t->seconds < 0 ||
	    t->seconds >= INT64_MAX / 1000000000 || t->nanos < 0)
		return (0);
	return (t->seconds * 1000000000 + t->nanos % 1000000000);
}

static void
on_task_exit(struct events *e, const Containerd__Any *any, struct arena *arena)
{
	const Containerd__TaskExit *exit;
	struct hint hint = { .kind = HINT_EXITED };

	exit = containerd__task_exit__unpack(
	    &arena->allocator, any->value.len, any->value.data);
	/* Processes started by ExecSync have ids of their own. */
	if (exit == NULL || strcmp(exit->id, exit->container_id) != 0)
		return;
	hint.id = exit->container_id;
	hint.pid = exit->pid;
	hint.exit_status = exit->exit_status;
	hint.exited_ns = timestamp_ns(exit->exited_at);
	e->cb->on_hint(e->ctx, &hint);
}

static void
on_task_oom(struct events *e, const Containerd__Any *any, struct arena *arena)
{
	const Containerd__TaskOOM *oom;
	struct hint hint = { .kind = HINT_OOM };

	oom = containerd__task_oom__unpack(
	    &arena->allocator, any->value.len, any->value.data);
	if (oom == NULL)
		return;
	hint.id = oom->container_id;
	e->cb->on_hint(e->ctx, &hint);
}

static void
on_containerd_message(void *arg, const ProtobufCMessage *message)
{
	struct events *e = arg;
	const void *p = message;
	const Containerd__Envelope *env = p;
	const char *type;
	struct arena arena;

	e->retry_ms = RETRY_MIN_MS;
	if (env->event == NULL)
		return;
	/* A type URL may have a host in front of the name. */
	type = strrchr(env->event->type_url, '/');
	type = type != NULL ? type + 1 : env->event->type_url;
	arena_init(&arena, EVENT_MEMORY_MAX);
	if (strcmp(type, "containerd.events.TaskExit") == 0)
		on_task_exit(e, env->event, &arena);
	else if (strcmp(type, "containerd.events.TaskOOM") == 0)
		on_task_oom(e, env->event, &arena);
	arena_release(&arena);
}

/* --- subscription --- */

static void
announce(struct events *e)
{
	log_info("runtime events from %s", events_source_str(e->source));
	e->cb->on_resync(e->ctx, e->source);
}

static void on_probe(void *, struct cri_result *);

static void
probe(struct events *e)
{
	Runtime__V1__VersionRequest req = RUNTIME__V1__VERSION_REQUEST__INIT;

	e->probe = cri_call(e->cri, CRI_VERSION, &req.base, on_probe, e);
}

/*
 * No runtime acknowledges a subscription.  Calls that are answered behind
 * it are the best sign that it is in place, so that what is listed from now
 * on misses nothing.  One is not enough: containerd may answer it before it
 * says that it does not know the stream.
 */
static void
on_probe(void *arg, struct cri_result *res)
{
	struct events *e = arg;

	(void)res; /* an error is an answer, too */
	e->probe = NULL;
	if (--e->probes > 0)
		probe(e);
	else
		announce(e);
}

/* The source that is left when this one is not offered. */
static enum events_source
next_source(const struct events *e)
{
	if (e->source == EVENTS_CRI &&
	    strcmp(cri_info(e->cri)->runtime_name, "containerd") == 0)
		return (EVENTS_CONTAINERD);
	return (EVENTS_NONE);
}

static void
retry_later(struct events *e)
{
	struct timeval tv = { .tv_sec = e->retry_ms / 1000,
		.tv_usec = e->retry_ms % 1000 * 1000 };

	if (evtimer_add(e->timer, &tv) == -1)
		fatalx("events: cannot start a timer");
	e->retry_ms *= 2;
	if (e->retry_ms > RETRY_MAX_MS)
		e->retry_ms = RETRY_MAX_MS;
}

/*
 * UNIMPLEMENTED, and with CRI-O an end without error straight away, mean
 * that the runtime does not offer this source.
 */
static int
not_offered(const struct events *e, const struct cri_result *res)
{
	if (res->code == GRPC_UNIMPLEMENTED)
		return (1);
	return (res->code == GRPC_OK && e->source == EVENTS_CRI &&
	    mtime_diff(mtime_now(), e->since) < AT_ONCE_MS);
}

static void
on_stream_done(void *arg, struct cri_result *res)
{
	struct events *e = arg;

	e->stream = NULL;
	cri_cancel(e->probe);
	e->probe = NULL;
	if (not_offered(e, res)) {
		e->source = next_source(e);
		subscribe(e);
		return;
	}
	if (e->retry_ms == RETRY_MIN_MS)
		log_warnx("runtime events from %s ended: %s %s",
		    events_source_str(e->source), grpc_code_str(res->code),
		    res->message);
	retry_later(e);
	e->cb->on_resync(e->ctx, EVENTS_NONE);
}

static void
subscribe(struct events *e)
{
	Runtime__V1__GetEventsRequest cri =
	    RUNTIME__V1__GET_EVENTS_REQUEST__INIT;
	Containerd__SubscribeRequest ctd = CONTAINERD__SUBSCRIBE_REQUEST__INIT;
	char *filters[] = { (char *)(uintptr_t)CONTAINERD_FILTER };

	switch (e->source) {
	case EVENTS_NONE:
		announce(e);
		return;
	case EVENTS_CRI:
		e->stream = cri_stream(e->cri, CRI_GET_CONTAINER_EVENTS,
		    &cri.base, on_cri_message, on_stream_done, e);
		break;
	case EVENTS_CONTAINERD:
		ctd.n_filters = 1;
		ctd.filters = filters;
		e->stream = cri_stream(e->cri, CRI_CONTAINERD_SUBSCRIBE,
		    &ctd.base, on_containerd_message, on_stream_done, e);
		break;
	}
	e->since = mtime_now();
	e->probes = PROBES;
	probe(e);
}

static void
on_timer(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	subscribe(arg);
}

static void
unsubscribe(struct events *e)
{
	cri_cancel(e->stream);
	cri_cancel(e->probe);
	e->stream = e->probe = NULL;
	(void)evtimer_del(e->timer); /* may not be pending */
}

/* --- interface --- */

struct events *
events_new(struct event_base *base, struct cri *cri,
    const struct events_callbacks *cb, void *ctx)
{
	struct events *e = xcalloc(1, sizeof(*e));

	e->cri = cri;
	e->cb = cb;
	e->ctx = ctx;
	if ((e->timer = evtimer_new(base, on_timer, e)) == NULL)
		fatalx("events: cannot make a timer");
	return (e);
}

void
events_free(struct events *e)
{
	if (e == NULL)
		return;
	unsubscribe(e);
	event_free(e->timer);
	free(e);
}

void
events_update(struct events *e)
{
	int up = cri_info(e->cri)->state == CRI_UP;

	if (up == e->up)
		return;
	e->up = up;
	unsubscribe(e);
	if (!up)
		return;
	e->source = EVENTS_CRI;
	e->retry_ms = RETRY_MIN_MS;
	subscribe(e);
}
