/*
 * Containers: create, start, stop, remove.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/act_parts.h"
#include "reconciled/mark.h"
#include "reconciled/message.h"
#include "reconciled/subpath.h"

/* A step of its start has failed; it is shown until something works. */
static void
start_failed(struct op *op, const char *reason, const char *message)
{
	event_warning(op->r, op->pod, op_spec(op)->name, "Failed", "Error: %s",
	    message[0] != '\0' ? message : reason);
	memo_failed(op_memo(op), reason, message);
}

static void
on_created(void *ctx, struct cri_result *res)
{
	const Runtime__V1__CreateContainerResponse *a = res->response;
	struct op *op = ctx;
	struct memo_container *m = op_memo(op);
	const char *name = op_spec(op)->name;
	struct seen_container *c;

	m->busy = 0;
	/* The next creation looks the image up again: it may be gone. */
	text_set(&m->image_ref, NULL);
	if (res->code != GRPC_OK) {
		start_failed(op, "CreateContainerError", res->message);
		op_failed(op, res, &m->create);
		op_free(op);
		return;
	}
	memo_worked(m, &m->create);
	event_normal(
	    op->r, op->pod, name, "Created", "Created container %s", name);
	c = container_add(&op->pod->seen, a->container_id, name,
	    op->act.attempt, wall_now_ns());
	c->state = SEEN_CREATED;
	c->round = op->act.round;
	c->crash = op->crash;
	text_set(&c->sandbox_id, op->id);
	op_free(op);
}

/* What its start makes of its crash-loop back-off. */
static struct backoff
crash_next(const struct op *op)
{
	const struct seen_container *last;
	struct backoff none = { 0, mtime_now() };

	last = container_newest(&op->pod->seen, op_spec(op)->name);
	if (last == NULL)
		return (none);
	if (last->state != SEEN_EXITED)
		return (last->crash); /* it never ran: nothing has crashed */
	return (backoff_next(&last->crash, last->finished, none.last));
}

static void
create_refused(struct op *op, const char *message)
{
	start_failed(op, "CreateContainerConfigError", message);
	retry_fail(&op_memo(op)->create, mtime_now(), act_jitter());
	op_free(op);
}

/* What a creation needs until it is asked for. */
struct creation {
	struct op *op;
	struct arena arena;
	Runtime__V1__CreateContainerRequest req;
};

static void
creation_free(struct creation *c)
{
	arena_release(&c->arena);
	free(c);
}

static void
on_mounted(void *ctx, const struct err *err)
{
	struct creation *c = ctx;
	struct op *op = c->op;

	if (err != NULL) {
		op_memo(op)->busy = 0;
		create_refused(op, err->text);
	} else if (pod_is_ending(&op->pod->want)) {
		op_memo(op)->busy = 0; /* it was meanwhile */
		op_free(op);
	} else {
		(void)cri_call(op->r->cri, CRI_CREATE_CONTAINER, &c->req.base,
		    on_created, op);
	}
	creation_free(c);
}

/* The request, but for sub-paths; -1 and err. */
static int
creation_prepare(struct creation *c, struct err *err)
{
	struct op *op = c->op;
	struct instance_of of;
	struct seen_sandbox *s = sandbox_newest(&op->pod->seen);
	struct mark mark;

	/* Its instances may be gone, and their logs be there all the same. */
	if (op->act.attempt == 0)
		op->act.attempt = files_next_attempt(
		    &op->r->files, op->pod, op_spec(op)->name);
	of = op_instance(op, op->act.attempt);
	c->req.config = prepare_container(&c->arena, op->r, &of, err);
	if (c->req.config == NULL)
		return (-1);
	op->crash = crash_next(op);
	mark.round = op->act.round;
	mark.crash_delay_ms = op->crash.delay_ms;
	mark_put(&c->arena, c->req.config, &mark);
	text_set(&op->id, s->id);
	c->req.pod_sandbox_id = op->id;
	c->req.sandbox_config = prepare_sandbox(
	    &c->arena, op->r, op->pod, s->attempt);
	return (0);
}

void
act_create(struct op *op)
{
	struct creation *c = xcalloc(1, sizeof(*c));
	struct subpaths of;
	struct err err;

	c->op = op;
	arena_init(&c->arena, REQUEST_MAX);
	runtime__v1__create_container_request__init(&c->req);
	if (creation_prepare(c, &err) == -1) {
		create_refused(op, err.text);
		creation_free(c);
		return;
	}
	op_memo(op)->busy = 1;
	of = (struct subpaths){ op->pod, op_spec(op), c->req.config,
		&c->arena };
	subpaths_mount(&op->r->files, &of, on_mounted, c);
}

static void
container_started(struct op *op, struct seen_container *c)
{
	/* Its end may have been seen before this answer. */
	if (c->state == SEEN_CREATED) {
		c->state = SEEN_RUNNING;
		c->started_ns = wall_now_ns();
	}
	memo_worked(op_memo(op), &c->retry);
	hook_begin(op_spec(op), c);
	event_normal(op->r, op->pod, c->name, "Started",
	    "Started container %s (restart %u)", c->name, c->attempt);
}

static void
on_started(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_container *c = op_container(op);

	if (c == NULL) {
		op_free(op);
		return;
	}
	c->busy = 0;
	if (res->code != GRPC_OK) {
		start_failed(op, "RunContainerError", res->message);
		op_failed(op, res, &c->retry);
		if (res->uncertain)
			hook_begin(op_spec(op), c); /* due if it runs */
	} else {
		container_started(op, c);
	}
	observe_container(op->r, op->pod, c);
	op_free(op);
}

void
act_start(struct op *op)
{
	Runtime__V1__StartContainerRequest req =
	    RUNTIME__V1__START_CONTAINER_REQUEST__INIT;
	struct seen_container *c = op_container(op);

	c->busy = 1;
	req.container_id = op->id;
	(void)cri_call(
	    op->r->cri, CRI_START_CONTAINER, &req.base, on_started, op);
}

static void
on_stopped(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_container *c = op_container(op);

	if (c != NULL) {
		c->busy--;
		if (res->code != GRPC_OK) {
			event_warning(op->r, op->pod, c->name, "FailedKillPod",
			    "error killing container %s: %s", c->name,
			    res->message);
			op_failed(op, res, &c->retry);
		} else if (c->state != SEEN_EXITED) {
			c->state = SEEN_EXITED;
			c->detailed = 0;
			observe_end(op->r, op->pod, c);
		}
	}
	op_free(op);
}

void
act_stop(struct op *op)
{
	Runtime__V1__StopContainerRequest req =
	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;
	struct seen_container *c = op_container(op);

	stop_begin(op, c);
	c->busy++; /* one with less time may join another */
	req.container_id = op->id;
	req.timeout = op->act.grace_seconds;
	(void)cri_call(
	    op->r->cri, CRI_STOP_CONTAINER, &req.base, on_stopped, op);
}

static void
on_removed(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_container *c = op_container(op);

	if (c != NULL && res->code != GRPC_OK) {
		c->busy = 0;
		removal_failed(op, res);
		op_failed(op, res, &c->retry);
	} else if (c != NULL) {
		container_drop(&op->pod->seen, c);
	}
	op_free(op);
}

void
act_remove(struct op *op)
{
	Runtime__V1__RemoveContainerRequest req =
	    RUNTIME__V1__REMOVE_CONTAINER_REQUEST__INIT;
	struct seen_container *c = op_container(op);

	c->busy = 1;
	files_remove_log(&op->r->files, op->pod, c);
	req.container_id = op->id;
	(void)cri_call(
	    op->r->cri, CRI_REMOVE_CONTAINER, &req.base, on_removed, op);
}
