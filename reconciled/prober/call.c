#include "reconciled/prober/call.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/log.h"
#include "common/mtime.h"
#include "common/multi.h"
#include "reconciled/prober/request.h"

struct call {
	TAILQ_ENTRY(call) entry;
	struct calls *calls;
	uint32_t id;
	struct arena *arena;
	const Tripod__ProbeRequest *req;
	struct mtime deadline;
	unsigned int requests;	/* made so far */
	struct event *refuse;	/* it is over before it began */
	struct request request; /* the present one; .easy NULL: none */
};

TAILQ_HEAD(call_list, call);

struct calls {
	struct event_base *base;
	struct multi *multi;
	struct call_list active, waiting;
	size_t nactive, nwaiting;
	call_done done;
	void *ctx;
};

size_t
calls_count(const struct calls *cs)
{
	return (cs->nactive + cs->nwaiting);
}

static void
call_free(struct call *c)
{
	if (c->request.easy != NULL)
		multi_remove(c->calls->multi, c->request.easy);
	request_release(&c->request);
	if (c->refuse != NULL)
		event_free(c->refuse);
	arena_free(c->arena);
	free(c);
}

static void
call_detach(struct call *c)
{
	TAILQ_REMOVE(&c->calls->active, c, entry);
	c->calls->nactive--;
}

static void calls_next(struct calls *);

static void
call_end(struct call *c, Tripod__ProbeResult__Outcome outcome, const char *text)
{
	Tripod__ProbeResult res = TRIPOD__PROBE_RESULT__INIT;
	char message[CALL_TEXT_MAX];
	struct calls *cs = c->calls;

	(void)snprintf(message, sizeof(message), "%s", text);
	res.outcome = outcome;
	res.message = message;
	cs->done(cs->ctx, c->id, &res);
	call_detach(c);
	call_free(c);
	calls_next(cs);
}

static void
on_refuse(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	call_end(c, TRIPOD__PROBE_RESULT__OUTCOME__ERROR,
	    c->request.text[0] != '\0' ? c->request.text
				       : "too many probes at once");
}

/* It ends in the next turn of the loop, with the request's text. */
static void
call_refuse(struct call *c)
{
	c->refuse = event_new(c->calls->base, -1, 0, on_refuse, c);
	if (c->refuse == NULL)
		fatalx("event_new");
	event_active(c->refuse, EV_TIMEOUT, 0);
}

/* One request: to the pod, or, with a URL, where it led us. */
static int
call_request(struct call *c, const char *url)
{
	int64_t left = mtime_diff(c->deadline, mtime_now());

	c->requests++;
	if (request_make(&c->request, c->req, url, left < 1 ? 1 : left) == -1)
		return (-1);
	(void)curl_easy_setopt(c->request.easy, CURLOPT_PRIVATE, c);
	multi_add(c->calls->multi, c->request.easy);
	return (0);
}

static void
call_begin(struct call *c)
{
	c->deadline = mtime_add(mtime_now(), c->req->timeout_ms);
	if (call_request(c, NULL) == -1)
		call_refuse(c);
}

/* The next one from the queue has its turn. */
static void
calls_next(struct calls *cs)
{
	struct call *c;

	while (cs->nactive < CALLS_ACTIVE_MAX &&
	    (c = TAILQ_FIRST(&cs->waiting)) != NULL) {
		TAILQ_REMOVE(&cs->waiting, c, entry);
		cs->nwaiting--;
		TAILQ_INSERT_TAIL(&cs->active, c, entry);
		cs->nactive++;
		call_begin(c);
	}
}

/* Asks again, elsewhere; the first answer does not count. */
static void
call_follow(struct call *c, char *url)
{
	char *again = xstrdup(url);

	multi_remove(c->calls->multi, c->request.easy);
	request_release(&c->request);
	if (c->requests >= CALL_REQUESTS_MAX)
		call_end(c, TRIPOD__PROBE_RESULT__OUTCOME__FAILURE,
		    "stopped after 10 redirects");
	else if (call_request(c, again) == -1)
		call_end(
		    c, TRIPOD__PROBE_RESULT__OUTCOME__FAILURE, c->request.text);
	free(again);
}

static void
on_transfer(CURL *easy, CURLcode rc)
{
	Tripod__ProbeResult__Outcome outcome;
	char *ctx = NULL, *url;
	struct call *c;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ctx);
	c = (struct call *)(void *)ctx;
	url = NULL;
	outcome = request_judge(&c->request, rc, &url);
	if (url != NULL)
		call_follow(c, url);
	else
		call_end(c, outcome, c->request.text);
}

struct calls *
calls_new(struct event_base *base, call_done done, void *ctx)
{
	struct calls *cs = xcalloc(1, sizeof(*cs));

	cs->base = base;
	cs->done = done;
	cs->ctx = ctx;
	TAILQ_INIT(&cs->active);
	TAILQ_INIT(&cs->waiting);
	cs->multi = multi_new(base, 0, on_transfer);
	return (cs);
}

void
calls_free(struct calls *cs)
{
	struct call *c;

	if (cs == NULL)
		return;
	while ((c = TAILQ_FIRST(&cs->waiting)) != NULL) {
		TAILQ_REMOVE(&cs->waiting, c, entry);
		call_free(c);
	}
	while ((c = TAILQ_FIRST(&cs->active)) != NULL) {
		call_detach(c);
		call_free(c);
	}
	multi_free(cs->multi);
	free(cs);
}

void
calls_start(struct calls *cs, uint32_t id, struct arena *arena,
    const Tripod__ProbeRequest *req)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->calls = cs;
	c->id = id;
	c->arena = arena;
	c->req = req;
	if (cs->nwaiting >= CALLS_WAITING_MAX) {
		TAILQ_INSERT_TAIL(&cs->active, c, entry);
		cs->nactive++;
		call_refuse(c);
		return;
	}
	TAILQ_INSERT_TAIL(&cs->waiting, c, entry);
	cs->nwaiting++;
	calls_next(cs);
}

void
calls_cancel(struct calls *cs, uint32_t id)
{
	struct call *c;

	TAILQ_FOREACH (c, &cs->waiting, entry) {
		if (c->id != id)
			continue;
		TAILQ_REMOVE(&cs->waiting, c, entry);
		cs->nwaiting--;
		call_free(c);
		return;
	}
	TAILQ_FOREACH (c, &cs->active, entry) {
		if (c->id != id)
			continue;
		call_detach(c);
		call_free(c);
		calls_next(cs);
		return;
	}
}
