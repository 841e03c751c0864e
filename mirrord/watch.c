#include "mirrord/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/mtime.h"
#include "mirrord/backoff.h"

#define VERSION_MAX 64

struct watch {
	const struct watch_ops *ops;
	struct http *http;
	const char *node;
	void *ctx;
	struct event *retry;
	struct http_call *call;
	struct jframe frame;
	char version[VERSION_MAX]; /* "": list first */
	char resume[VERSION_MAX];  /* of the last list, for the next */
	int bookmarks;		   /* this server sends them */
	unsigned int failures;
	enum api_class waiting_for; /* why the timer runs */
	/* Of the present stream. */
	struct mtime started;
	int opened;		 /* a good answer began */
	unsigned int quick;	 /* streams in a row that ended at once */
	struct api_result ended; /* code 0 and no message: nothing said */
};

/*
 * Shorter than client-go's 30 s: a refused connection costs nothing, and
 * after a long absence the mirrors should be true again soon.  The wait
 * is spread over one to two times.
 */
static const struct backoff backoff_watch = { 1200, 15000, 33 };

static void watch_go(struct watch *);

json_t *
answer_object(const struct http_answer *a)
{
	if (a->code == 0 || !a->is_json || a->len == 0)
		return (NULL);
	return (api_parse(a->body, a->len, NULL));
}

void
answer_classify(struct api_result *r, const struct http_answer *a)
{
	json_t *body = NULL;

	/* A good answer may be a large object; only refusals are read. */
	if (a->code >= 300)
		body = answer_object(a);
	api_classify(r, a->code, body);
	json_decref(body);
	if (a->code == 0)
		(void)snprintf(r->message, sizeof(r->message), "%s", a->error);
	if (r->retry_after_s == 0)
		r->retry_after_s = api_retry_after(a->retry_after_s);
}

/* It becomes part of a URL. */
static int
version_set(char to[VERSION_MAX], const char *version)
{
	size_t len = strlen(version);

	if (len == 0 || len >= VERSION_MAX ||
	    strspn(version,
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"._-") != len)
		return (-1);
	memcpy(to, version, len + 1);
	return (0);
}

static void
watch_wait(struct watch *w, int64_t ms, enum api_class why)
{
	struct timeval tv = { ms / 1000, (ms % 1000) * 1000 };

	w->waiting_for = why;
	(void)event_add(w->retry, &tv);
}

static void
watch_failed(struct watch *w, const struct api_result *r)
{
	char text[256];
	int64_t ms;

	w->failures++;
	ms = backoff_ms(
	    &backoff_watch, w->failures, r->retry_after_s * 1000, arc4random());
	/* The credentials were read again; see whether that helped. */
	if (r->class == API_DENIED && w->failures == 1)
		ms = 0;
	api_result_text(r, text, sizeof(text));
	if (w->failures == 1)
		log_info("%s: %s; trying again", w->ops->name, text);
	else
		log_debug("%s: %s; next try in %lld ms", w->ops->name, text,
		    (long long)ms);
	w->ops->on_state(w->ctx, r);
	watch_wait(w, ms, r->class);
}

static void
result_garbage(struct api_result *r, const char *what)
{
	memset(r, 0, sizeof(*r));
	r->class = API_BUSY;
	(void)snprintf(r->message, sizeof(r->message), "%s", what);
}

static void
watch_works(struct watch *w)
{
	if (w->failures > 0)
		log_info("%s: works again", w->ops->name);
	w->failures = 0;
	w->ops->on_state(w->ctx, NULL);
}

static int
list_take(struct watch *w, const struct http_answer *a, struct err *err)
{
	struct api_list list;
	json_t *root = NULL;
	int rc = -1;

	if (!a->is_json)
		return (err_set(err, "list is not JSON"));
	if ((root = api_parse(a->body, a->len, err)) == NULL)
		return (-1);
	if (api_list_parse(&list, root, err) == 0) {
		if (version_set(w->version, list.version) == -1)
			(void)err_set(err, "odd resourceVersion");
		else if ((rc = w->ops->on_list(w->ctx, &list)) == -1)
			(void)err_set(err, "list makes no sense");
	}
	json_decref(root);
	return (rc);
}

static void
on_listed(void *ctx, const struct http_answer *a)
{
	struct watch *w = ctx;
	struct api_result r;
	struct err err = { "" };

	w->call = NULL;
	answer_classify(&r, a);
	if (r.class != API_OK) {
		/* The place is unknown there: ask without one (quorum read). */
		if (r.class == API_EXPIRED || r.code == 504)
			w->resume[0] = '\0';
		watch_failed(w, &r);
		return;
	}
	if (list_take(w, a, &err) == -1) {
		w->version[0] = '\0';
		result_garbage(&r, err.text);
		watch_failed(w, &r);
		return;
	}
	memcpy(w->resume, w->version, sizeof(w->resume));
	watch_works(w);
	watch_go(w);
}

/* An ERROR event ends the stream; 410 says: list again. */
static int
event_error(struct watch *w, const struct api_event *ev)
{
	const json_t *code = json_object_get(ev->object, "code");
	json_int_t n = json_integer_value(code);

	if (n < 300 || n > 599)
		n = 500;
	api_classify(&w->ended, (int)n, ev->object);
	if (w->ended.class != API_BUSY || n == 500)
		w->version[0] = '\0';
	return (-1);
}

static int
event_take(struct watch *w, const struct api_event *ev)
{
	if (ev->type == API_ERROR)
		return (event_error(w, ev));
	if (version_set(w->version, api_version(ev->object)) == -1) {
		result_garbage(&w->ended, "odd resourceVersion");
		w->version[0] = '\0';
		return (-1);
	}
	if (ev->type == API_BOOKMARK)
		w->bookmarks = 1;
	else
		w->ops->on_event(w->ctx, ev);
	return (0);
}

static int
on_value(void *ctx, const char *data, size_t len)
{
	struct watch *w = ctx;
	struct api_event ev;
	struct err err = { "" };
	int rc;

	if (api_event_parse(&ev, data, len, &err) == -1) {
		result_garbage(&w->ended, err.text);
		w->version[0] = '\0';
		return (-1);
	}
	rc = event_take(w, &ev);
	api_event_release(&ev);
	return (rc);
}

static int
on_stream(void *ctx, const char *data, size_t len)
{
	struct watch *w = ctx;

	if (jframe_feed(&w->frame, data, len, on_value, w) == 0)
		return (0);
	if (errno != ECANCELED) {
		result_garbage(&w->ended,
		    errno == EMSGSIZE ? "watch event is too large"
				      : "watch stream makes no sense");
		w->version[0] = '\0';
	}
	return (-1);
}

/* Streams may end at any time, but not all of them at once. */
static int
ends_too_quickly(struct watch *w)
{
	if (mtime_diff(mtime_now(), w->started) >= 1000)
		w->quick = 0;
	else
		w->quick++;
	return (w->quick > WATCH_QUICK);
}

static void
on_watched(void *ctx, const struct http_answer *a)
{
	struct watch *w = ctx;
	struct api_result r = w->ended;
	int quickly = ends_too_quickly(w);

	w->call = NULL;
	jframe_release(&w->frame);
	if (r.code == 0 && r.message[0] == '\0')
		answer_classify(&r, a);
	if (r.class == API_EXPIRED)
		w->version[0] = '\0';
	/* Nothing arrived since it failed: that is not a broken stream. */
	if (r.class == API_UNREACHABLE && !w->opened)
		quickly = 1;
	if (!quickly &&
	    (r.class == API_OK || r.class == API_EXPIRED ||
		r.class == API_UNREACHABLE)) {
		log_debug("%s: watch ended, going on", w->ops->name);
		watch_go(w);
		return;
	}
	if (r.class == API_OK)
		result_garbage(&r, "watch ended at once");
	watch_failed(w, &r);
}

static void
on_opened(void *ctx)
{
	struct watch *w = ctx;

	w->opened = 1;
	watch_works(w);
}

static void
list_start(struct watch *w)
{
	struct http_request req = { .lane = HTTP_WATCHES,
		.method = "GET",
		.max = API_LIST_MAX,
		.timeout_s = WATCH_LIST_S,
		.on_done = on_listed,
		.ctx = w };

	(void)xasprintf(&req.path,
	    "%s?fieldSelector=%s%%3D%s&resourceVersion=%s", w->ops->collection,
	    w->ops->selector, w->node, w->resume);
	w->call = http_start(w->http, &req);
}

static void
stream_start(struct watch *w)
{
	struct http_request req = { .lane = HTTP_WATCHES,
		.method = "GET",
		.max = WATCH_REFUSAL_MAX,
		.on_open = on_opened,
		.on_data = on_stream,
		.on_done = on_watched,
		.ctx = w };
	int seconds = WATCH_MIN_S +
	    (int)arc4random_uniform(WATCH_MAX_S - WATCH_MIN_S + 1);

	req.idle_s = w->bookmarks ? WATCH_SILENCE_S : seconds + WATCH_GRACE_S;
	(void)xasprintf(&req.path,
	    "%s?watch=1&fieldSelector=%s%%3D%s&resourceVersion=%s"
	    "&allowWatchBookmarks=true&timeoutSeconds=%d",
	    w->ops->collection, w->ops->selector, w->node, w->version, seconds);
	w->started = mtime_now();
	w->opened = 0;
	memset(&w->ended, 0, sizeof(w->ended));
	jframe_init(&w->frame, API_OBJECT_MAX);
	w->call = http_start(w->http, &req);
}

static void
watch_go(struct watch *w)
{
	if (w->version[0] == '\0')
		list_start(w);
	else
		stream_start(w);
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	watch_go(ctx);
}

struct watch *
watch_new(struct event_base *base, struct http *http,
    const struct watch_ops *ops, const char *node, void *ctx)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->ops = ops;
	w->http = http;
	w->node = node;
	w->ctx = ctx;
	w->resume[0] = '0'; /* any state the server has at hand will do */
	jframe_init(&w->frame, API_OBJECT_MAX);
	if ((w->retry = evtimer_new(base, on_retry, w)) == NULL)
		fatalx("evtimer_new");
	watch_go(w);
	return (w);
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	http_cancel(w->call);
	event_free(w->retry);
	jframe_release(&w->frame);
	free(w);
}

void
watch_kick(struct watch *w)
{
	if (w->call != NULL || w->waiting_for != API_UNREACHABLE)
		return;
	if (!event_pending(w->retry, EV_TIMEOUT, NULL))
		return;
	/* Not from here: the caller may be within another transfer. */
	event_active(w->retry, EV_TIMEOUT, 0);
}
