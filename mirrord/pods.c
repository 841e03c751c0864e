/*
 * Requests for mirror pods, and what their answers mean.  Answers go
 * into the memo of the record and into the picture of what the server
 * has; plan_pod() decides what comes next.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "mirrord/act.h"

static char *
pod_path(const struct record *r, const char *sub)
{
	char *path;

	(void)xasprintf(&path, "/api/v1/namespaces/%s/pods/%s%s", r->namespace,
	    r->name, sub);
	return (path);
}

/* The pod of an answer, if it is one of this record. */
static struct seen_pod *
answer_pod(const struct record *r, const struct http_answer *a)
{
	const struct act *act = r->pending.act;
	json_t *object = answer_object(a);
	struct seen_pod *p = NULL;
	struct err err;

	if (object != NULL)
		p = seen_pod_new(object, act->node, &err);
	json_decref(object);
	if (p != NULL &&
	    (strcmp(p->namespace, r->namespace) != 0 ||
		strcmp(p->name, r->name) != 0)) {
		seen_pod_free(p);
		p = NULL;
	}
	return (p);
}

/* Logs a failure once for each distinct text. */
static void
failed(struct record *r, const struct api_result *res)
{
	char now[ERR_MAX], before[ERR_MAX];
	enum plan_kind kind = r->memo.busy;

	api_result_text(res, now, sizeof(now));
	api_result_text(&r->memo.last, before, sizeof(before));
	if (r->memo.failures == 0 || strcmp(now, before) != 0)
		log_warnx("mirror %s/%s: %s failed: %s", r->namespace, r->name,
		    plan_kind_str(kind), now);
	else
		log_debug("mirror %s/%s: %s failed again: %s", r->namespace,
		    r->name, plan_kind_str(kind), now);
	memo_failed(&r->memo, res, mtime_now(), arc4random());
}

/* The pod is not there (any more). */
static void
gone(struct record *r, const char *uid)
{
	struct act *a = r->pending.act;

	if (uid != NULL)
		model_unseen(&a->model, r->namespace, r->name, uid);
	r->dirty = 1;
}

static void
created(struct record *r, const struct api_result *res,
    const struct http_answer *ans)
{
	struct act *a = r->pending.act;
	struct seen_pod *p;

	if (res->class == API_EXISTS) {
		log_info("mirror %s/%s: exists already", r->namespace, r->name);
		memo_failed(&r->memo, res, mtime_now(), arc4random());
		r->memo.unsure = 1;
		return;
	}
	if (res->class != API_OK) {
		failed(r, res);
		return;
	}
	memo_done(&r->memo);
	if ((p = answer_pod(r, ans)) == NULL) {
		r->memo.unsure = 1;
		return;
	}
	memo_born(&r->memo, p);
	model_seen(&a->model, p);
}

/* A name that belongs to a pod elsewhere will not soon be free. */
static void
foreign(struct record *r)
{
	struct api_result res = { .class = API_CONFLICT, .code = 409 };

	r->memo.foreign = 1;
	(void)snprintf(res.message, sizeof(res.message),
	    "a pod of this name is bound to another node");
	failed(r, &res);
}

/*
 * A node identity is forbidden to see what is not there, but also what
 * the authorizer has not heard of yet: only "not found" is believed.
 */
static void
absent(struct record *r, const struct api_result *res)
{
	struct api_result lag = *res;

	if (res->class == API_NOT_FOUND && r->seen != NULL) {
		memo_done(&r->memo);
		gone(r, r->pending.uid);
		return;
	}
	lag.class = API_NOT_FOUND;
	memo_failed(&r->memo, &lag, mtime_now(), arc4random());
}

static void
fetched(struct record *r, const struct api_result *res,
    const struct http_answer *ans)
{
	struct act *a = r->pending.act;
	struct seen_pod *p;

	if (res->class == API_NOT_FOUND || res->class == API_FORBIDDEN) {
		r->memo.unsure = 0;
		absent(r, res);
		return;
	}
	if (res->class != API_OK) {
		failed(r, res);
		return;
	}
	r->memo.unsure = 0;
	if ((p = answer_pod(r, ans)) == NULL) {
		foreign(r);
		return;
	}
	r->memo.busy = PLAN_NONE;
	r->memo.retry = MTIME_ZERO;
	/* It is there whatever we thought of it. */
	if (r->memo.deleted != NULL && strcmp(r->memo.deleted, p->uid) == 0)
		memo_deleted(&r->memo, NULL);
	model_seen(&a->model, p);
}

/* It was accepted, but somebody's finalizer keeps the pod. */
static void
kept(struct record *r, struct seen_pod *p)
{
	struct api_result res = { .class = API_CONFLICT, .code = 409 };
	struct act *a = r->pending.act;

	model_seen(&a->model, p);
	(void)snprintf(res.message, sizeof(res.message),
	    "a finalizer keeps the old mirror");
	failed(r, &res);
}

static void
deleted(struct record *r, const struct api_result *res,
    const struct http_answer *ans)
{
	struct seen_pod *p;

	if (res->class == API_CONFLICT)
		r->memo.unsure = 1;
	/*
	 * Not found is no proof: to a node identity it also says that
	 * NodeRestriction has not heard of a new pod yet.  If the pod is
	 * gone the watch will tell.
	 */
	if (res->class != API_OK) {
		failed(r, res);
		return;
	}
	p = answer_pod(r, ans);
	if (p != NULL && p->finalizers && p->deleting &&
	    strcmp(p->uid, r->pending.uid) == 0) {
		kept(r, p);
		return;
	}
	seen_pod_free(p);
	memo_done(&r->memo);
	memo_deleted(&r->memo, r->pending.uid);
	if (r->pending.drift)
		memo_repaired(&r->memo, mtime_now());
	gone(r, r->pending.uid);
}

/* The last status of a pod is tried a few times, then it may go. */
static void
flushed(struct record *r, const struct api_result *res)
{
	int again = (res->class == API_UNREACHABLE || res->class == API_BUSY) &&
	    r->memo.failures < 3;

	if (r->pending.ending != NULL && r->ending != NULL && !again &&
	    strcmp(r->ending->uid, r->pending.ending) == 0)
		r->ending->flushed = 1;
}

static int
about_uid(const struct api_result *res)
{
	return (strstr(res->field, "uid") != NULL);
}

static void
published(struct record *r, const struct api_result *res,
    const struct http_answer *ans)
{
	struct act *a = r->pending.act;
	struct seen_pod *p;

	flushed(r, res);
	if (res->class == API_OK) {
		memo_done(&r->memo);
		memo_patched(
		    &r->memo, r->pending.uid, r->pending.status, mtime_now());
		if ((p = answer_pod(r, ans)) != NULL)
			model_seen(&a->model, p);
		return;
	}
	if (res->class == API_CONFLICT ||
	    (res->class == API_INVALID && about_uid(res)))
		r->memo.unsure = 1;
	if (res->class == API_INVALID && !about_uid(res)) {
		log_warnx("mirror %s/%s: status refused: %s: %s", r->namespace,
		    r->name, res->field, res->message);
		memo_done(&r->memo);
		memo_refused(&r->memo, r->pending.status);
		return;
	}
	failed(r, res);
}

static void
on_done(void *ctx, const struct http_answer *ans)
{
	struct record *r = ctx;
	struct act *a = r->pending.act;
	struct api_result res;

	answer_classify(&res, ans);
	a->flight--;
	act_answer(a, &res);
	switch (r->memo.busy) {
	case PLAN_NONE:
		break;
	case PLAN_GET:
		fetched(r, &res, ans);
		break;
	case PLAN_CREATE:
		created(r, &res, ans);
		break;
	case PLAN_DELETE:
		deleted(r, &res, ans);
		break;
	case PLAN_STATUS:
		published(r, &res, ans);
		break;
	}
	r->memo.busy = PLAN_NONE;
	r->dirty = 1;
	pending_release(&r->pending);
	act_kick(a);
}

static json_t *
delete_options(const char *uid)
{
	return (json_pack("{s:s,s:s,s:i,s:{s:s}}", "apiVersion", "v1", "kind",
	    "DeleteOptions", "gracePeriodSeconds", 0, "preconditions", "uid",
	    uid));
}

static void
request_status(struct record *r, const struct plan *p, struct http_request *req)
{
	log_assert(r->seen != NULL);
	req->method = "PATCH";
	req->path = pod_path(r, "/status");
	req->type = "application/strategic-merge-patch+json";
	req->body = json_body(
	    status_patch(p->item->status, r->seen->status, r->seen->uid));
	r->pending.status = json_incref(p->item->status);
	if (p->item->gone)
		r->pending.ending = xstrdup(p->item->uid);
}

static void
request_create(struct act *a, struct record *r, const struct plan *p,
    struct http_request *req)
{
	req->method = "POST";
	(void)xasprintf(&req->path, "/api/v1/namespaces/%s/pods", r->namespace);
	req->body = json_body(want_post(p->item, a->node, a->node_seen->uid));
}

void
pods_request(struct act *a, struct record *r, const struct plan *p)
{
	struct http_request req = { .lane = HTTP_REQUESTS,
		.type = "application/json",
		.max = API_OBJECT_MAX,
		.timeout_s = ACT_TIMEOUT_S,
		.on_done = on_done,
		.ctx = r };

	r->pending.act = a;
	r->pending.drift = p->drift;
	if (r->seen != NULL)
		r->pending.uid = xstrdup(r->seen->uid);
	switch (p->kind) {
	case PLAN_NONE:
		return;
	case PLAN_GET:
		req.method = "GET";
		req.path = pod_path(r, "");
		break;
	case PLAN_CREATE:
		request_create(a, r, p, &req);
		break;
	case PLAN_DELETE:
		log_assert(r->seen != NULL);
		req.method = "DELETE";
		req.path = pod_path(r, "");
		req.body = json_body(delete_options(r->seen->uid));
		break;
	case PLAN_STATUS:
		request_status(r, p, &req);
		break;
	}
	r->memo.busy = p->kind;
	a->flight++;
	(void)http_start(a->http, &req); /* ends in on_done */
}
