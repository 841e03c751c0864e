/*
 * Hooks of containers, and what is noted when one is stopped.
 */
#include <string.h>

#include "reconciled/act_parts.h"

/* For people; the cause in the kubelet's words. */
static void
note_killing(struct op *op, const struct seen_container *c)
{
	const Tripod__Container *spec;
	const char *why = "";
	size_t i;

	switch (op->act.cause) {
	case STOP_UNHEALTHY:
		i = spec_find(op->pod->definition->pod, c->name);
		spec = spec_container(op->pod->definition->pod, i);
		(void)health_failed(
		    spec, &op->pod->memo.container[i].health, c->id, &why);
		event_normal(op->r, op->pod, c->name, "Killing",
		    "Container %s will be restarted: %s", c->name, why);
		return;
	case STOP_POST_START:
		event_normal(
		    op->r, op->pod, c->name, "Killing", "FailedPostStartHook");
		return;
	case STOP_NONE:
	case STOP_END:
	case STOP_SURPLUS:
	case STOP_SANDBOX:
	case STOP_RESTART_ALL:
	case STOP_ASKED:
		break;
	}
	event_normal(op->r, op->pod, c->name, "Killing",
	    "Stopping container %s: %s", c->name,
	    stop_cause_str(op->act.cause));
}

/* The hook ends without result. */
static void
hook_cancel(struct seen_container *c)
{
	struct op *op = c->hook;

	if (op == NULL)
		return;
	if (op->act.kind == ACT_POST_START)
		c->post_start = HOOK_DONE;
	else
		c->pre_stop = HOOK_DONE;
	c->hook = NULL;
	handler_cancel(op->run);
	op_free(op);
}

void
act_cancel_hooks(struct pod *p, int all)
{
	struct seen_container *c;

	TAILQ_FOREACH (c, &p->seen.containers, entry)
		if (all || !container_may_run(c))
			hook_cancel(c);
}

void
stop_begin(struct op *op, struct seen_container *c)
{
	if (c->stop == STOP_NONE) {
		c->stop_at = mtime_now();
		note_killing(op, c);
	}
	c->stop = op->act.cause;
	c->stop_until = mtime_add(mtime_now(), op->act.grace_seconds * 1000);
	hook_cancel(c);
}

void
hook_begin(const Tripod__Container *spec, struct seen_container *c)
{
	if (spec->post_start != NULL)
		c->post_start = HOOK_DUE;
}

static void
hook_run(struct op *op, const Tripod__Handler *handler, handler_done done)
{
	struct handler h = { .handler = handler,
		.container = op_spec(op),
		.pod = op->pod,
		.id = op->id,
		.timeout_ms = op->act.grace_seconds * 1000,
		.is_hook = 1 };

	op_container(op)->hook = op;
	op->run = handler_start(op->r, &h, done, op);
}

static int
hook_worked(const struct op *op, const struct handler_result *res)
{
	if (res->outcome == HANDLER_WARNING)
		event_warning(op->r, op->pod, op_spec(op)->name,
		    "LifecycleHTTPFallback", "%s: %s",
		    action_kind_str(op->act.kind), res->message);
	return (
	    res->outcome == HANDLER_SUCCESS || res->outcome == HANDLER_WARNING);
}

static void
on_post_started(void *ctx, const struct handler_result *res)
{
	struct op *op = ctx;
	struct seen_container *c = op_container(op);
	int worked = hook_worked(op, res);

	if (c != NULL) {
		c->hook = NULL;
		c->post_start = worked ? HOOK_DONE : HOOK_FAILED;
	}
	if (!worked) {
		event_warning(op->r, op->pod, op_spec(op)->name,
		    "FailedPostStartHook", "PostStartHook failed: %s",
		    res->message);
		memo_failed(op_memo(op), "PostStartHookError", res->message);
	}
	op_free(op);
}

void
act_post_start(struct op *op)
{
	op_container(op)->post_start = HOOK_RUNNING;
	hook_run(op, op_spec(op)->post_start, on_post_started);
}

static void
on_pre_stopped(void *ctx, const struct handler_result *res)
{
	struct op *op = ctx;
	struct seen_container *c = op_container(op);

	if (c != NULL) {
		c->hook = NULL;
		c->pre_stop = HOOK_DONE;
	}
	if (!hook_worked(op, res))
		event_warning(op->r, op->pod, op_spec(op)->name,
		    "FailedPreStopHook", "PreStopHook failed: %s",
		    res->message);
	op_free(op);
}

void
act_pre_stop(struct op *op)
{
	struct seen_container *c = op_container(op);

	stop_begin(op, c);
	c->pre_stop = HOOK_RUNNING;
	hook_run(op, op_spec(op)->pre_stop, on_pre_stopped);
}
