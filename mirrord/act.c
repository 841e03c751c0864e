#include "mirrord/act.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"

void
act_kick(struct act *a)
{
	event_active(a->run, EV_TIMEOUT, 0);
}

static void
text_set(char **to, const char *text)
{
	char *copy = xstrdup(text);

	free(*to);
	*to = copy;
}

/* Tells reconciled once when it changed. */
static void
report_api(struct act *a, int reachable, const char *reason)
{
	Tripod__ApiItem item = TRIPOD__API_ITEM__INIT;
	char *server = xstrdup(a->server), *why = xstrdup(reason);

	if (a->api_reason == NULL || a->reachable != reachable ||
	    strcmp(a->api_reason, reason) != 0) {
		item.reachable = reachable;
		item.server = server;
		item.reason = why;
		a->cb->api(a->ctx, &item);
		text_set(&a->api_reason, reason);
		a->reachable = reachable;
	}
	free(server);
	free(why);
}

void
act_answer(struct act *a, const struct api_result *r)
{
	char text[ERR_MAX];

	if (r->class == API_DENIED)
		a->cb->denied(a->ctx);
	if (r->class == API_UNREACHABLE || r->class == API_DENIED) {
		if (a->reachable || a->unreachable_since.ms == 0)
			a->unreachable_since = mtime_now();
		api_result_text(r, text, sizeof(text));
		report_api(a, 0, text);
		return;
	}
	a->unreachable_since = MTIME_ZERO;
	report_api(a, 1, a->trouble);
	if (a->pods != NULL)
		watch_kick(a->pods);
	if (a->nodes != NULL)
		watch_kick(a->nodes);
}

static int
same_or_null(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (strcmp(a, b) == 0);
}

/* Tells reconciled what became of a mirror, once when it changed. */
static void
report_mirror(struct act *a, struct record *r, const struct plan *p)
{
	Tripod__MirrorItem item = TRIPOD__MIRROR_ITEM__INIT;
	const char *uid = r->seen == NULL ? NULL : r->seen->uid;
	char *reason;

	if (!p->known || (r->current == NULL && r->ending == NULL))
		return;
	if (r->reported && r->state == p->state &&
	    same_or_null(r->reason, p->reason) && same_or_null(r->uid, uid))
		return;
	item.namespace_ = r->namespace;
	item.name = r->name;
	item.state = p->state;
	reason = xstrdup(p->reason);
	item.reason = reason;
	if (uid != NULL)
		item.uid = r->seen->uid;
	a->cb->mirror(a->ctx, &item);
	r->reported = 1;
	r->state = p->state;
	free(r->reason);
	r->reason = reason;
	free(r->uid);
	r->uid = uid == NULL ? NULL : xstrdup(uid);
}

/* Takes a token, or says when there will be one. */
static int
token_take(struct act *a, struct mtime now, struct mtime *wake)
{
	int64_t cost = 1000 / a->policy.rate, most = 2000;

	a->tokens_ms += mtime_diff(now, a->tokens_at);
	a->tokens_at = now;
	if (a->tokens_ms > most)
		a->tokens_ms = most;
	if (a->tokens_ms < cost) {
		*wake = mtime_min(*wake, mtime_add(now, cost - a->tokens_ms));
		return (-1);
	}
	a->tokens_ms -= cost;
	return (0);
}

static void
log_plan(const struct record *r, const struct plan *p)
{
	if (p->kind == PLAN_STATUS || p->kind == PLAN_GET)
		log_debug("mirror %s/%s: %s: %s", r->namespace, r->name,
		    plan_kind_str(p->kind), p->why);
	else
		log_info("mirror %s/%s: %s: %s%s", r->namespace, r->name,
		    plan_kind_str(p->kind), p->drift ? "edited: " : "", p->why);
}

/* Plans for one name and starts what it asks for. */
static void
record_run(struct act *a, struct record *r, const struct plan_env *env,
    struct mtime *wake)
{
	const struct plan_pod pod = { r->current, r->ending, r->seen };
	struct plan p;

	plan_pod(env, &pod, &r->memo, &p);
	report_mirror(a, r, &p);
	if (p.kind == PLAN_NONE) {
		r->dirty = 0;
		r->wake = p.wake;
	} else {
		/* Stays dirty: it is planned again when this is done. */
		r->dirty = 1;
		if (a->flight < ACT_FLIGHT &&
		    token_take(a, env->now, wake) == 0) {
			log_plan(r, &p);
			pods_request(a, r, &p);
		}
	}
	if (p.forget)
		record_forget(r);
}

static struct mtime
pods_run(struct act *a, struct mtime now)
{
	const struct plan_env env = { .want_complete = a->model.want_complete,
		.seen_complete = a->model.seen_complete,
		.node = a->node_seen,
		.drift = a->policy.drift,
		.now = now };
	struct mtime wake = MTIME_NEVER;
	struct record *r;
	size_t i;

	for (i = 0; i < a->model.n; i++) {
		r = a->model.rec[i];
		if (r->memo.busy != PLAN_NONE)
			continue;
		if (r->dirty || mtime_cmp(r->wake, now) <= 0)
			record_run(a, r, &env, &wake);
		if (!r->dirty)
			wake = mtime_min(wake, r->wake);
	}
	model_sweep(&a->model);
	return (wake);
}

static void
lost_check(struct act *a, struct mtime now, struct mtime *wake)
{
	struct mtime due;

	if (a->unreachable_since.ms == 0)
		return;
	due = mtime_add(a->unreachable_since, a->policy.patience_ms);
	if (mtime_cmp(due, now) <= 0)
		a->cb->lost(a->ctx);
	else
		*wake = mtime_min(*wake, due);
}

static void
on_run(evutil_socket_t fd, short what, void *ctx)
{
	struct act *a = ctx;
	struct mtime now = mtime_now(), wake;
	struct timeval tv;

	(void)fd;
	(void)what;
	wake = register_run(a, now);
	wake = mtime_min(wake, pods_run(a, now));
	wake = mtime_min(wake, events_run(a, now));
	lost_check(a, now, &wake);
	if (wake.ms == MTIME_NEVER.ms) {
		(void)event_del(a->run);
		return;
	}
	tv = mtime_wait(now, wake);
	(void)event_add(a->run, &tv);
}

static int
on_pod_list(void *ctx, const struct api_list *list)
{
	struct act *a = ctx;
	struct seen_pod *p;
	struct err err;
	size_t i;

	model_list_begin(&a->model);
	for (i = 0; i < json_array_size(list->items); i++) {
		p = seen_pod_new(json_array_get(list->items, i), a->node, &err);
		if (p == NULL)
			log_warnx("pods: %s", err.text);
		else
			model_seen(&a->model, p);
	}
	model_list_end(&a->model, list->version);
	log_debug("pods: %zu listed", json_array_size(list->items));
	act_kick(a);
	return (0);
}

static void
on_pod_event(void *ctx, const struct api_event *ev)
{
	struct act *a = ctx;
	struct err err;
	struct seen_pod *p = seen_pod_new(ev->object, a->node, &err);

	if (p == NULL) {
		log_warnx("pods: %s", err.text);
		return;
	}
	if (ev->type == API_DELETED) {
		model_unseen(&a->model, p->namespace, p->name, p->uid);
		seen_pod_free(p);
	} else
		model_seen(&a->model, p);
	act_kick(a);
}

static void
on_watch_state(void *ctx, const struct api_result *r)
{
	static const struct api_result fine = { .class = API_OK };
	struct act *a = ctx;

	a->trouble[0] = '\0';
	if (r != NULL && r->code != 0)
		api_result_text(r, a->trouble, sizeof(a->trouble));
	act_answer(a, r == NULL ? &fine : r);
	act_kick(a);
}

static const struct watch_ops pod_watch_ops = { "pods", "/api/v1/pods",
	"spec.nodeName", on_pod_list, on_pod_event, on_watch_state };

void
act_init(struct act *a, struct event_base *base, struct http *http,
    const struct act_policy *policy, const struct act_callbacks *cb, void *ctx)
{
	memset(a, 0, sizeof(*a));
	a->base = base;
	a->http = http;
	a->policy = *policy;
	a->cb = cb;
	a->ctx = ctx;
	model_init(&a->model);
	eventqueue_init(&a->events, mtime_now());
	if ((a->run = evtimer_new(base, on_run, a)) == NULL)
		fatalx("evtimer_new");
}

void
act_start(struct act *a, const char *node, const struct hostinfo *host,
    const char *server)
{
	a->node = node;
	a->host = host;
	a->server = server;
	a->tokens_ms = 2000;
	a->tokens_at = mtime_now();
	a->node_want = node_build(node, host, NULL);
	a->pods = watch_new(a->base, a->http, &pod_watch_ops, node, a);
	a->nodes = watch_new(a->base, a->http, &register_watch_ops, node, a);
}

void
act_release(struct act *a)
{
	watch_free(a->pods);
	watch_free(a->nodes);
	register_release(a);
	eventqueue_release(&a->events);
	model_release(&a->model);
	if (a->run != NULL)
		event_free(a->run);
	free(a->api_reason);
	memset(a, 0, sizeof(*a));
}

void
act_node(struct act *a, const Tripod__NodeItem *item)
{
	json_decref(a->node_want);
	a->node_want = node_build(a->node, a->host, item);
	act_kick(a);
}
