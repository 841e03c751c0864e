/*
 * Sandboxes: run, stop, remove.
 */
#include <stdio.h>

#include "common/log.h"
#include "reconciled/act_parts.h"
#include "reconciled/message.h"

static void
sandbox_failed(struct op *op, const char *reason, const char *message)
{
	struct pod_memo *m = &op->pod->memo;

	event_warning(op->r, op->pod, NULL, reason, "%s", message);
	(void)snprintf(m->message, sizeof(m->message), "%s", message);
}

static void
on_sandbox_run(void *ctx, struct cri_result *res)
{
	const Runtime__V1__RunPodSandboxResponse *a = res->response;
	struct op *op = ctx;
	struct pod_memo *m = &op->pod->memo;
	struct seen_sandbox *s;

	m->sandbox_busy = 0;
	if (res->code != GRPC_OK) {
		sandbox_failed(op, "FailedCreatePodSandBox", res->message);
		op_failed(op, res, &m->sandbox);
		op_free(op);
		return;
	}
	retry_clear(&m->sandbox);
	m->message[0] = '\0';
	s = sandbox_add(
	    &op->pod->seen, a->pod_sandbox_id, op->act.attempt, wall_now_ns());
	text_set(&s->hash, op->pod->hash);
	s->ready = 1;
	s->host_network = s->detailed = op->pod->definition->pod->host_network;
	if (!s->detailed)
		observe_sandbox(op->r, op->pod, s);
	op_free(op);
}

/*
 * Limits that stand nowhere else must not be left out; the others are the
 * containers' as well.
 */
static int
make_group(struct op *op, struct err *err)
{
	if (cgroup_make(&op->r->files.cgroups, op->pod, err) == 0)
		return (0);
	if (podgroup_is_needed(op->pod->definition->pod))
		return (-1);
	event_warning(
	    op->r, op->pod, NULL, "FailedCreatePodContainer", "%s", err->text);
	return (0);
}

/* Nothing was asked of the runtime. */
static void
sandbox_refused(struct op *op, const char *reason, const char *message)
{
	op->pod->memo.sandbox_busy = 0;
	sandbox_failed(op, reason, message);
	retry_fail(&op->pod->memo.sandbox, mtime_now(), act_jitter());
	op_free(op);
}

static void
sandbox_run(struct op *op)
{
	Runtime__V1__RunPodSandboxRequest req =
	    RUNTIME__V1__RUN_POD_SANDBOX_REQUEST__INIT;
	const char *handler;
	struct arena arena;

	prepare_warn(op->r, op->pod);
	arena_init(&arena, REQUEST_MAX);
	req.config = prepare_sandbox(&arena, op->r, op->pod, op->act.attempt);
	handler = policy_handler(
	    &op->r->conf.policy, op->pod->definition->pod->runtime_class);
	log_assert(handler != NULL); /* by the policy */
	req.runtime_handler = must_strdup(&arena, handler);
	(void)cri_call(
	    op->r->cri, CRI_RUN_POD_SANDBOX, &req.base, on_sandbox_run, op);
	arena_release(&arena);
}

static void
on_prepared(void *ctx, const struct err *err)
{
	struct op *op = ctx;
	struct err why;

	if (err != NULL) {
		sandbox_refused(op, "FailedMount", err->text);
	} else if (pod_is_ending(&op->pod->want)) {
		op->pod->memo.sandbox_busy = 0; /* it was meanwhile */
		op_free(op);
	} else if (make_group(op, &why) == -1) {
		sandbox_refused(op, "FailedCreatePodContainer", why.text);
	} else {
		sandbox_run(op);
	}
}

void
act_run_sandbox(struct op *op)
{
	struct pod_memo *m = &op->pod->memo;
	struct err err;

	if (op->act.attempt > 0)
		event_normal(op->r, op->pod, NULL, "SandboxChanged",
		    "Pod sandbox changed, it will be killed and re-created.");
	m->cleaned = 0; /* from here on there are folders */
	if (prepare_admit(op->r, op->pod, &err) == -1) {
		sandbox_refused(op, "NodePorts", err.text);
		return;
	}
	m->sandbox_busy = 1;
	m->sandbox_since = mtime_now();
	files_prepare_pod(&op->r->files, op->pod, on_prepared, op);
}

static void
on_sandbox_stopped(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	struct seen_sandbox *s = sandbox_find(&op->pod->seen, op->id);

	if (s != NULL) {
		s->busy = 0;
		if (res->code != GRPC_OK) {
			event_warning(op->r, op->pod, NULL, "FailedKillPod",
			    "error killing pod: %s", res->message);
			op_failed(op, res, &s->retry);
		} else {
			s->ready = 0;
			s->stopped = 1;
		}
	}
	op_free(op);
}

void
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
		removal_failed(op, res);
		op_failed(op, res, &s->retry);
	} else if (s != NULL) {
		sandbox_drop(&op->pod->seen, s);
	}
	op_free(op);
}

void
act_remove_sandbox(struct op *op)
{
	Runtime__V1__RemovePodSandboxRequest req =
	    RUNTIME__V1__REMOVE_POD_SANDBOX_REQUEST__INIT;

	sandbox_find(&op->pod->seen, op->id)->busy = 1;
	req.pod_sandbox_id = op->id;
	(void)cri_call(op->r->cri, CRI_REMOVE_POD_SANDBOX, &req.base,
	    on_sandbox_removed, op);
}
