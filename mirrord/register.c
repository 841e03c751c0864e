/*
 * Requests for the Node object and its Lease, and what their answers
 * mean.  plan_node() decides.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "mirrord/act.h"

#define LEASES "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

static void
node_set(struct act *a, struct seen_node *n)
{
	struct node_memo *m = &a->node_memo;
	int changed = n == NULL || a->node_seen == NULL ||
	    strcmp(n->uid, a->node_seen->uid) != 0 ||
	    n->deleting != a->node_seen->deleting;

	if (n == NULL && a->node_seen != NULL) {
		log_warnx("the Node object %s was deleted", a->node);
		m->missing = mtime_now();
		m->existed = 1;
	}
	if (n != NULL)
		m->existed = 0;
	seen_node_free(a->node_seen);
	a->node_seen = n;
	/* Every mirror has the Node for its owner. */
	if (changed)
		model_touch_all(&a->model);
	act_kick(a);
}

/* An event may be older than the answer to a request. */
static void
node_news(struct act *a, struct seen_node *n)
{
	if (a->node_seen != NULL && n->version != -1 &&
	    a->node_seen->version != -1 && n->version < a->node_seen->version) {
		seen_node_free(n);
		return;
	}
	node_set(a, n);
}

static int
on_node_list(void *ctx, const struct api_list *list)
{
	struct act *a = ctx;
	struct seen_node *n = NULL;
	struct err err;

	if (json_array_size(list->items) > 0) {
		n = seen_node_new(
		    json_array_get(list->items, 0), a->node, &err);
		if (n == NULL) {
			log_warnx("nodes: %s", err.text);
			return (-1);
		}
	}
	a->nodes_complete = 1;
	if (n != NULL)
		node_news(a, n);
	else if (a->node_seen != NULL)
		node_set(a, NULL);
	act_kick(a);
	return (0);
}

static void
on_node_event(void *ctx, const struct api_event *ev)
{
	struct act *a = ctx;
	struct err err;
	struct seen_node *n = seen_node_new(ev->object, a->node, &err);

	if (n == NULL) {
		log_warnx("nodes: %s", err.text);
		return;
	}
	if (ev->type != API_DELETED)
		node_news(a, n);
	else {
		if (a->node_seen != NULL &&
		    strcmp(n->uid, a->node_seen->uid) == 0)
			node_set(a, NULL);
		seen_node_free(n);
	}
}

static void
on_watch_state(void *ctx, const struct api_result *r)
{
	static const struct api_result fine = { .class = API_OK };

	act_answer(ctx, r == NULL ? &fine : r);
	act_kick(ctx);
}

const struct watch_ops register_watch_ops = { "nodes", "/api/v1/nodes",
	"metadata.name", on_node_list, on_node_event, on_watch_state };

static struct seen_node *
answer_node(const struct act *a, const struct http_answer *ans)
{
	json_t *object = answer_object(ans);
	struct seen_node *n = NULL;
	struct err err;

	if (object != NULL)
		n = seen_node_new(object, a->node, &err);
	json_decref(object);
	return (n);
}

static void
node_failure(struct act *a, const struct api_result *r)
{
	struct node_memo *m = &a->node_memo;
	char text[ERR_MAX];

	api_result_text(r, text, sizeof(text));
	if (m->failures == 0)
		log_warnx("node %s: %s failed: %s", a->node,
		    node_kind_str(m->busy), text);
	node_failed(m, r, mtime_now(), arc4random());
}

static void
on_node_done(void *ctx, const struct http_answer *ans)
{
	struct act *a = ctx;
	struct node_memo *m = &a->node_memo;
	enum node_kind kind = m->busy;
	struct seen_node *n;
	struct api_result r;

	answer_classify(&r, ans);
	act_answer(a, &r);
	if (r.class == API_OK) {
		n = answer_node(a, ans);
		node_done(m);
		/* What was not asked for by us is compared again. */
		if (kind != NODE_GET)
			m->patched_at = mtime_now();
		if (n != NULL)
			node_news(a, n);
		else
			m->exists = 1;
	} else if (kind == NODE_CREATE &&
	    (r.class == API_EXISTS || r.class == API_FORBIDDEN)) {
		/* An administrator may have made it beforehand. */
		node_failure(a, &r);
		m->exists = 1;
	} else if (kind == NODE_PATCH && r.class == API_NOT_FOUND) {
		node_done(m);
		node_set(a, NULL);
	} else {
		node_failure(a, &r);
		m->exists = 0;
	}
	act_kick(a);
}

static void
node_request(struct act *a, enum node_kind kind)
{
	struct node_memo *m = &a->node_memo;
	struct http_request req = { .lane = HTTP_REQUESTS,
		.type = "application/json",
		.max = API_OBJECT_MAX,
		.timeout_s = ACT_HEARTBEAT_S,
		.on_done = on_node_done,
		.ctx = a };

	switch (kind) {
	case NODE_NONE:
		return;
	case NODE_GET:
		req.method = "GET";
		(void)xasprintf(&req.path, "/api/v1/nodes/%s", a->node);
		break;
	case NODE_CREATE:
		log_info("node %s: create", a->node);
		req.method = "POST";
		req.path = xstrdup("/api/v1/nodes");
		req.body = json_body(node_post(a->node_want, wall_now_ns()));
		break;
	case NODE_PATCH:
		req.method = "PATCH";
		(void)xasprintf(&req.path, "/api/v1/nodes/%s/status", a->node);
		req.type = "application/strategic-merge-patch+json";
		req.body = json_body(node_patch(
		    a->node_want, a->node_seen->status, wall_now_ns()));
		json_decref(m->patched);
		m->patched = json_incref(a->node_want);
		break;
	}
	m->busy = kind;
	(void)http_start(a->http, &req); /* ends in on_node_done */
}

static void
lease_failure(struct act *a, const struct api_result *r)
{
	struct lease_memo *m = &a->lease_memo;
	char text[ERR_MAX];

	api_result_text(r, text, sizeof(text));
	if (m->failures == 0)
		log_warnx("lease %s: %s failed: %s", a->node,
		    lease_kind_str(m->busy), text);
	lease_failed(m, r, mtime_now(), arc4random());
}

static void
on_lease_done(void *ctx, const struct http_answer *ans)
{
	struct act *a = ctx;
	struct lease_memo *m = &a->lease_memo;
	enum lease_kind kind = m->busy;
	struct api_result r;
	json_t *object;
	int64_t us;

	answer_classify(&r, ans);
	act_answer(a, &r);
	if (r.class == API_OK) {
		object = answer_object(ans);
		us = seen_lease_renewed_us(object);
		json_decref(object);
		m->last_us = us > m->last_us ? us : m->last_us;
		m->known = m->exists = 1;
		lease_done(m, kind == LEASE_GET ? 0 : a->policy.node.lease_ms,
		    mtime_now(), arc4random());
	} else if (r.class == API_NOT_FOUND && kind != LEASE_CREATE) {
		m->known = 1;
		m->exists = 0;
		lease_done(m, 0, mtime_now(), 0);
	} else {
		if (r.class == API_EXISTS)
			m->known = 0;
		lease_failure(a, &r);
	}
	act_kick(a);
}

static void
lease_request(struct act *a, enum lease_kind kind)
{
	struct lease_memo *m = &a->lease_memo;
	struct http_request req = { .lane = HTTP_REQUESTS,
		.type = "application/json",
		.max = API_OBJECT_MAX,
		.timeout_s = ACT_HEARTBEAT_S,
		.on_done = on_lease_done,
		.ctx = a };

	if (kind == LEASE_CREATE || kind == LEASE_RENEW)
		m->last_us = lease_next_us(m->last_us, wall_now_ns());
	switch (kind) {
	case LEASE_NONE:
		return;
	case LEASE_GET:
		req.method = "GET";
		(void)xasprintf(&req.path, LEASES "/%s", a->node);
		break;
	case LEASE_CREATE:
		req.method = "POST";
		req.path = xstrdup(LEASES);
		req.body = json_body(
		    lease_post(a->node, a->node_seen->uid, m->last_us));
		break;
	case LEASE_RENEW:
		req.method = "PATCH";
		(void)xasprintf(&req.path, LEASES "/%s", a->node);
		req.type = "application/merge-patch+json";
		req.body = json_body(lease_patch(a->node, m->last_us));
		break;
	}
	m->busy = kind;
	(void)http_start(a->http, &req); /* ends in on_lease_done */
}

struct mtime
register_run(struct act *a, struct mtime now)
{
	const struct node_env env = { .want_complete = a->model.want_complete,
		.seen_complete = a->nodes_complete,
		.want = a->node_want,
		.seen = a->node_seen,
		.policy = a->policy.node,
		.now = now };
	struct node_plan p;

	plan_node(&env, &a->node_memo, &a->lease_memo, &p);
	node_request(a, p.node);
	lease_request(a, p.lease);
	return (p.wake);
}

void
register_release(struct act *a)
{
	seen_node_free(a->node_seen);
	json_decref(a->node_want);
	json_decref(a->node_memo.patched);
}
