/*
 * Requests for Events.  One at a time, and after those for pods: nothing
 * waits for them.
 */
#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "mirrord/act.h"

#define ANSWER_MAX (64 * 1024)

/* Once: a role may lack the right for them, which is no trouble. */
static void
note(struct act *a, const struct api_result *r)
{
	char text[ERR_MAX];

	if (r->class == API_OK || r->class == API_EXISTS)
		return;
	api_result_text(r, text, sizeof(text));
	if (r->class == API_FORBIDDEN && !a->events_refused) {
		log_warnx("events are not told to the API server: %s", text);
		a->events_refused = 1;
	} else {
		log_debug("event: %s", text);
	}
}

static void
on_done(void *ctx, const struct http_answer *ans)
{
	struct act *a = ctx;
	struct api_result r;

	answer_classify(&r, ans);
	act_answer(a, &r);
	note(a, &r);
	eventqueue_done(&a->events, &r, mtime_now());
	act_kick(a);
}

void
events_add(struct act *a, const Tripod__EventItem *item)
{
	struct err err;

	if (eventqueue_add(&a->events, item, mtime_now(), &err) == -1)
		log_warnx("reconciled: %s", err.text);
	act_kick(a);
}

struct mtime
events_run(struct act *a, struct mtime now)
{
	struct http_request req = { .lane = HTTP_REQUESTS,
		.method = "POST",
		.type = "application/json",
		.max = ANSWER_MAX,
		.timeout_s = ACT_HEARTBEAT_S,
		.on_done = on_done,
		.ctx = a };
	struct mtime wake = MTIME_NEVER;
	const struct queued_event *e;

	if ((e = eventqueue_next(&a->events, now, &wake)) == NULL)
		return (wake);
	if (e->told == 0) {
		(void)xasprintf(&req.path, "/api/v1/namespaces/%s/events",
		    e->namespace); /* never fails */
		req.body = json_body(event_post(e, a->node));
	} else {
		req.method = "PATCH";
		req.type = "application/strategic-merge-patch+json";
		(void)xasprintf(&req.path, "/api/v1/namespaces/%s/events/%s",
		    e->namespace, e->name); /* never fails */
		req.body = json_body(event_patch(e));
	}
	(void)http_start(a->http, &req); /* ends in on_done */
	return (wake);
}
