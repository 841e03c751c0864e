/*
 * Doing what the plan says: one action, one call, its result into seen
 * and memo.  No policy here.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/message.h"
#include "reconciled/prepare.h"
#include "reconciled/reconcile.h"

#define REQUEST_MAX (32 * 1024 * 1024) /* far above a manifest's limit */

/* An action under way. */
struct op {
	struct reconciled *r;
	struct pod *pod;
	enum action_kind kind;
	size_t index;
	uint32_t attempt;
	char *id;
	int pulled; /* its image, just now */
};

/* A pod may have got another definition; its containers then differ. */
static struct memo_container *
op_memo(struct op *op)
{
	return (&op->pod->memo.container[op->index]);
}

static const Tripod__Container *
op_spec(const struct op *op)
{
	return (spec_container(op->pod->definition->pod, op->index));
}

static struct instance_of
op_instance(const struct op *op)
{
	struct instance_of of = { op->pod, op->index, op->attempt };

	return (of);
}

static struct op *
op_new(struct reconciled *r, struct pod *p, const struct action *a)
{
	struct op *op = xcalloc(1, sizeof(*op));

	op->r = r;
	op->pod = p;
	op->kind = a->kind;
	op->index = a->index;
	op->attempt = a->attempt;
	text_set(&op->id, a->id);
	/* A pull may take for ever and changes nothing that lists show. */
	if (op->kind == ACT_IMAGE) {
		p->pulling++;
	} else {
		p->inflight++;
		p->touched = ++r->clock;
	}
	return (op);
}

/* Every action ends here. */
static void
op_free(struct op *op)
{
	struct reconciled *r = op->r;

	if (op->kind == ACT_IMAGE) {
		op->pod->pulling--;
	} else {
		op->pod->inflight--;
		op->pod->touched = ++r->clock;
	}
	op->pod->dirty = 1;
	free(op->id);
	free(op);
	reconcile_kick(r);
}

static uint8_t
jitter(void)
{
	return ((uint8_t)(mtime_now().ms * 131));
}

/* What an action is about, for people. */
static const char *
op_object(const struct op *op)
{
	if (op->kind == ACT_IMAGE)
		return (op_spec(op)->image);
	return (op->id != NULL ? op->id : "");
}

/* Logs a failure and, when it may have worked after all, looks. */
static void
op_failed(struct op *op, const struct cri_result *res, struct retry *retry)
{
	log_warnx("pod %s/%s: %s %s: %s: %s", op->pod->namespace_,
	    op->pod->name, action_kind_str(op->kind), op_object(op),
	    grpc_code_str(res->code), res->message);
	retry_fail(retry, mtime_now(), jitter());
	if (res->uncertain || op->kind == ACT_CREATE ||
	    op->kind == ACT_RUN_SANDBOX) {
		op->pod->seen.stale = 1;
		observe_after(op->r, 0);
	}
}

static void
memo_failed(struct memo_container *m, const char *reason, const char *message)
{
	(void)snprintf(m->reason, sizeof(m->reason), "%s", reason);
	(void)snprintf(m->message, sizeof(m->message), "%s", message);
}

static void
memo_worked(struct memo_container *m, struct retry *retry)
{
	retry_clear(retry);
	m->reason[0] = m->message[0] = '\0';
}

/* --- images --- */

static void
image_found(struct op *op, const Runtime__V1__Image *image)
{
	struct memo_container *m = op_memo(op);

	m->busy = 0;
	text_set(&m->image_ref, image->id);
	m->image_uid = image->uid == NULL ? -1 : image->uid->value;
	text_set(&m->image_user, image->username);
	memo_worked(m, &m->image);
	op_free(op);
}

static void
image_failed(struct op *op, const struct cri_result *res, const char *reason)
{
	struct memo_container *m = op_memo(op);

	m->busy = 0;
	op_failed(op, res, &m->image);
	if (strcmp(reason, "ErrImagePull") == 0 && m->image.fails > 1)
		reason = "ImagePullBackOff";
	memo_failed(m, reason, res->message);
	op_free(op);
}

static void act_image(struct op *);

static void
on_pulled(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;

	if (res->code != GRPC_OK) {
		image_failed(op, res, "ErrImagePull");
		return;
	}
	/* Whose user it is to run as the answer does not say. */
	op->pulled = 1;
	act_image(op);
}

static void
image_pull(struct op *op)
{
	Runtime__V1__PullImageRequest req =
	    RUNTIME__V1__PULL_IMAGE_REQUEST__INIT;
	struct arena arena;

	log_info("pod %s/%s: pulling %s", op->pod->namespace_, op->pod->name,
	    op_spec(op)->image);
	arena_init(&arena, REQUEST_MAX);
	req.image = translate_image(&arena, op_spec(op)->image);
	req.sandbox_config = prepare_sandbox(&arena, op->r, op->pod, 0);
	(void)cri_call(op->r->cri, CRI_PULL_IMAGE, &req.base, on_pulled, op);
	arena_release(&arena);
}

static void
on_image_status(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ImageStatusResponse *a = res->response;
	struct op *op = ctx;
	Tripod__PullPolicy policy = op_spec(op)->pull_policy;
	struct cri_result never = { .code = GRPC_NOT_FOUND,
		.message = "the image is not there and may not be pulled" };
	struct cri_result lost = { .code = GRPC_NOT_FOUND,
		.message = "the image is not there after its pull" };
	int present;

	if (res->code != GRPC_OK) {
		image_failed(op, res, "ImageInspectError");
		return;
	}
	present = a->image != NULL && a->image->id[0] != '\0';
	if (present &&
	    (op->pulled || policy != TRIPOD__PULL_POLICY__PULL_ALWAYS))
		image_found(op, a->image);
	else if (op->pulled)
		image_failed(op, &lost, "ErrImagePull");
	else if (policy == TRIPOD__PULL_POLICY__PULL_NEVER)
		image_failed(op, &never, "ErrImageNeverPull");
	else
		image_pull(op);
}

static void
act_image(struct op *op)
{
	Runtime__V1__ImageStatusRequest req =
	    RUNTIME__V1__IMAGE_STATUS_REQUEST__INIT;
	struct arena arena;

	op_memo(op)->busy = 1;
	arena_init(&arena, REQUEST_MAX);
	req.image = translate_image(&arena, op_spec(op)->image);
	(void)cri_call(
	    op->r->cri, CRI_IMAGE_STATUS, &req.base, on_image_status, op);
	arena_release(&arena);
}

/* --- sandboxes --- */

static void
on_sandbox_run(void *ctx, struct cri_result *res)
{
	const Runtime__V1__RunPodSandboxResponse *a = res->response;
	struct op *op = ctx;
	struct pod_memo *m = &op->pod->memo;
	struct seen_sandbox *s;

	m->sandbox_busy = 0;
	op->r->sandboxes_starting--;
	if (res->code != GRPC_OK) {
		op_failed(op, res, &m->sandbox);
		(void)snprintf(
		    m->message, sizeof(m->message), "%s", res->message);
		op_free(op);
		return;
	}
	retry_clear(&m->sandbox);
	m->message[0] = '\0';
	s = sandbox_add(
	    &op->pod->seen, a->pod_sandbox_id, op->attempt, wall_now_ns());
	s->ready = 1;
	s->host_network = s->detailed = op->pod->definition->pod->host_network;
	if (!s->detailed)
		observe_sandbox(op->r, op->pod, s);
	op_free(op);
}

static void
act_run_sandbox(struct op *op)
{
	Runtime__V1__RunPodSandboxRequest req =
	    RUNTIME__V1__RUN_POD_SANDBOX_REQUEST__INIT;
	struct pod_memo *m = &op->pod->memo;
	struct arena arena;
	struct err err;

	m->cleaned = 0; /* from here on there are folders */
	if (files_prepare_pod(&op->r->files, op->pod, &err) == -1) {
		log_warnx("pod %s/%s: FailedMount: %s", op->pod->namespace_,
		    op->pod->name, err.text);
		(void)snprintf(m->message, sizeof(m->message), "%s", err.text);
		retry_fail(&m->sandbox, mtime_now(), jitter());
		op_free(op);
		return;
	}
	m->sandbox_busy = 1;
	op->r->sandboxes_starting++;
	arena_init(&arena, REQUEST_MAX);
	req.config = prepare_sandbox(&arena, op->r, op->pod, op->attempt);
	(void)cri_call(
	    op->r->cri, CRI_RUN_POD_SANDBOX, &req.base, on_sandbox_run, op);
	arena_release(&arena);
}

static void
on_sandbox_stopped(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_sandbox *s = sandbox_find(&op->pod->seen, op->id);

	if (s != NULL) {
		s->busy = 0;
		if (res->code != GRPC_OK)
			op_failed(op, res, &s->retry);
		else
			s->ready = 0;
	}
	op_free(op);
}

static void
act_stop_sandbox(struct op *op)
{
	Runtime__V1__StopPodSandboxRequest req =
	    RUNTIME__V1__STOP_POD_SANDBOX_REQUEST__INIT;

	sandbox_find(&op->pod->seen, op->id)->busy = 1;
	req.pod_sandbox_id = op->id;
	(void)cri_call(op->r->cri, CRI_STOP_POD_SANDBOX, &req.base,
	    on_sandbox_stopped, op);
}

static void
on_sandbox_removed(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_sandbox *s = sandbox_find(&op->pod->seen, op->id);

	if (s != NULL && res->code != GRPC_OK) {
		s->busy = 0;
		op_failed(op, res, &s->retry);
	} else if (s != NULL) {
		sandbox_drop(&op->pod->seen, s);
	}
	op_free(op);
}

static void
act_remove_sandbox(struct op *op)
{
	Runtime__V1__RemovePodSandboxRequest req =
	    RUNTIME__V1__REMOVE_POD_SANDBOX_REQUEST__INIT;

	sandbox_find(&op->pod->seen, op->id)->busy = 1;
	req.pod_sandbox_id = op->id;
	(void)cri_call(op->r->cri, CRI_REMOVE_POD_SANDBOX, &req.base,
	    on_sandbox_removed, op);
}

/* --- containers --- */

static void
on_created(void *ctx, struct cri_result *res)
{
	const Runtime__V1__CreateContainerResponse *a = res->response;
	struct op *op = ctx;
	struct memo_container *m = op_memo(op);
	const struct instance_of of = op_instance(op);
	const char *name = op_spec(op)->name;
	struct seen_container *c, *last;
	struct mtime now;

	m->busy = 0;
	/* The next creation looks the image up again: it may be gone. */
	text_set(&m->image_ref, NULL);
	if (res->code != GRPC_OK) {
		prepare_done(op->r, &of);
		op_failed(op, res, &m->create);
		memo_failed(m, "CreateContainerError", res->message);
		op_free(op);
		return;
	}
	memo_worked(m, &m->create);
	last = container_newest(&op->pod->seen, name);
	now = mtime_now();
	c = container_add(
	    &op->pod->seen, a->container_id, name, op->attempt, wall_now_ns());
	c->state = SEEN_CREATED;
	c->crash.last = now;
	if (last != NULL)
		c->crash = backoff_next(&last->crash, last->finished, now);
	text_set(&c->sandbox_id, op->id);
	op_free(op);
}

static void
act_create(struct op *op)
{
	Runtime__V1__CreateContainerRequest req =
	    RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;
	struct memo_container *m = op_memo(op);
	const struct instance_of of = op_instance(op);
	struct seen_sandbox *s = sandbox_newest(&op->pod->seen);
	struct arena arena;
	struct err err;

	arena_init(&arena, REQUEST_MAX);
	req.config = prepare_container(&arena, op->r, &of, &err);
	if (req.config == NULL) {
		log_warnx("pod %s/%s: container %s: %s", op->pod->namespace_,
		    op->pod->name, op_spec(op)->name, err.text);
		memo_failed(m, "CreateContainerConfigError", err.text);
		retry_fail(&m->create, mtime_now(), jitter());
		arena_release(&arena);
		op_free(op);
		return;
	}
	m->busy = 1;
	text_set(&op->id, s->id);
	req.pod_sandbox_id = op->id;
	req.sandbox_config = prepare_sandbox(
	    &arena, op->r, op->pod, s->attempt);
	(void)cri_call(
	    op->r->cri, CRI_CREATE_CONTAINER, &req.base, on_created, op);
	arena_release(&arena);
}

static void act_remove(struct op *);

static void
on_started(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct memo_container *m = op_memo(op);
	struct seen_container *c = container_find(&op->pod->seen, op->id);
	const struct instance_of of = op_instance(op);

	prepare_done(op->r, &of);
	if (c == NULL) {
		op_free(op);
		return;
	}
	c->busy = 0;
	if (res->code != GRPC_OK) {
		op_failed(op, res, &c->retry);
		memo_failed(m, "RunContainerError", res->message);
	} else {
		/* Its end may have been seen before this answer. */
		if (c->state == SEEN_CREATED) {
			c->state = SEEN_RUNNING;
			c->started_ns = wall_now_ns();
		}
		memo_worked(m, &c->retry);
		files_link_log(&op->r->files, op->pod, c);
		log_info("pod %s/%s: container %s started (restart %u)",
		    op->pod->namespace_, op->pod->name, c->name, c->attempt);
	}
	observe_container(op->r, op->pod, c);
	op_free(op);
}

static void
act_start(struct op *op)
{
	Runtime__V1__StartContainerRequest req =
	    RUNTIME__V1__START_CONTAINER_REQUEST__INIT;

	struct seen_container *c = container_find(&op->pod->seen, op->id);
	struct instance_of of;

	op->attempt = c->attempt;
	of = op_instance(op);
	if (!prepare_is_startable(op->r, &of)) {
		log_info("pod %s/%s: container %s is made anew: what it mounts "
			 "may have changed",
		    op->pod->namespace_, op->pod->name, c->name);
		act_remove(op);
		return;
	}
	c->busy = 1;
	req.container_id = op->id;
	(void)cri_call(
	    op->r->cri, CRI_START_CONTAINER, &req.base, on_started, op);
}

static void
on_stopped(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_container *c = container_find(&op->pod->seen, op->id);

	if (c != NULL) {
		c->busy = 0;
		if (res->code != GRPC_OK) {
			op_failed(op, res, &c->retry);
		} else if (c->state != SEEN_EXITED) {
			/* How it ended is asked before the next plan. */
			c->state = SEEN_EXITED;
			c->detailed = 0;
		}
	}
	op_free(op);
}

static void
act_stop(struct op *op, int64_t grace_seconds)
{
	Runtime__V1__StopContainerRequest req =
	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;

	container_find(&op->pod->seen, op->id)->busy = 1;
	req.container_id = op->id;
	req.timeout = grace_seconds < 1 ? 1 : grace_seconds;
	(void)cri_call(
	    op->r->cri, CRI_STOP_CONTAINER, &req.base, on_stopped, op);
}

static void
on_removed(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_container *c = container_find(&op->pod->seen, op->id);

	if (c != NULL && res->code != GRPC_OK) {
		c->busy = 0;
		op_failed(op, res, &c->retry);
	} else if (c != NULL) {
		container_drop(&op->pod->seen, c);
	}
	op_free(op);
}

static void
act_remove(struct op *op)
{
	Runtime__V1__RemoveContainerRequest req =
	    RUNTIME__V1__REMOVE_CONTAINER_REQUEST__INIT;
	struct seen_container *c = container_find(&op->pod->seen, op->id);

	c->busy = 1;
	files_remove_log(&op->r->files, op->pod, c);
	req.container_id = op->id;
	(void)cri_call(
	    op->r->cri, CRI_REMOVE_CONTAINER, &req.base, on_removed, op);
}

static void
act_clean(struct op *op)
{
	files_clean_pod(&op->r->files, op->pod);
	op->pod->memo.cleaned = 1;
	log_info("pod %s/%s (%s) is gone", op->pod->namespace_, op->pod->name,
	    op->pod->uid);
	op_free(op);
}

void
act_run(struct reconciled *r, struct pod *p, const struct action *a)
{
	struct op *op = op_new(r, p, a);

	log_debug("pod %s/%s: %s %s: %s", p->namespace_, p->name,
	    action_kind_str(a->kind), a->id != NULL ? a->id : "", a->reason);
	switch (a->kind) {
	case ACT_IMAGE:
		act_image(op);
		break;
	case ACT_RUN_SANDBOX:
		act_run_sandbox(op);
		break;
	case ACT_CREATE:
		act_create(op);
		break;
	case ACT_START:
		act_start(op);
		break;
	case ACT_STOP:
		act_stop(op, a->grace_seconds);
		break;
	case ACT_STOP_SANDBOX:
		act_stop_sandbox(op);
		break;
	case ACT_REMOVE:
		act_remove(op);
		break;
	case ACT_REMOVE_SANDBOX:
		act_remove_sandbox(op);
		break;
	case ACT_CLEAN:
		act_clean(op);
		break;
	}
}
