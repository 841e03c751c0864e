#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/act_parts.h"
#include "reconciled/collect.h"

static struct op *
op_new(struct reconciled *r, struct pod *p, const struct action *a)
{
	struct op *op = xcalloc(1, sizeof(*op));

	op->r = r;
	op->pod = p;
	op->act = *a;
	text_set(&op->id, a->id);
	return (op);
}

/* What may take long and changes nothing that lists show. */
static int
op_is_slow(const struct op *op)
{
	return (op->act.kind == ACT_IMAGE || op->act.kind == ACT_POST_START ||
	    op->act.kind == ACT_PRE_STOP);
}

static void
op_begin(struct op *op)
{
	if (op_is_slow(op)) {
		op->pod->pulling++;
	} else {
		op->pod->inflight++;
		op->pod->touched = ++op->r->clock;
	}
}

void
op_free(struct op *op)
{
	struct reconciled *r = op->r;

	if (op_is_slow(op)) {
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

struct memo_container *
op_memo(const struct op *op)
{
	return (&op->pod->memo.container[op->act.index]);
}

const Tripod__Container *
op_spec(const struct op *op)
{
	return (spec_container(op->pod->definition->pod, op->act.index));
}

struct instance_of
op_instance(const struct op *op, uint32_t attempt)
{
	struct instance_of of = { op->pod, op->act.index, attempt };

	return (of);
}

struct seen_container *
op_container(const struct op *op)
{
	return (container_find(&op->pod->seen, op->id));
}

uint8_t
act_jitter(void)
{
	return ((uint8_t)(mtime_now().ms * 131));
}

/* What an action is about, for people. */
static const char *
op_object(const struct op *op)
{
	if (op->act.kind == ACT_IMAGE)
		return (op_spec(op)->image);
	return (op->id != NULL ? op->id : "");
}

void
op_log(const struct op *op, const struct cri_result *res)
{
	log_warnx("pod %s/%s: %s %s: %s: %s", op->pod->namespace_,
	    op->pod->name, action_kind_str(op->act.kind), op_object(op),
	    grpc_code_str(res->code), res->message);
}

void
op_failed(struct op *op, const struct cri_result *res, struct retry *retry)
{
	op_log(op, res);
	retry_fail(retry, mtime_now(), act_jitter());
	if (res->uncertain || op->act.kind == ACT_CREATE ||
	    op->act.kind == ACT_RUN_SANDBOX) {
		op->pod->seen.stale = 1;
		observe_after(op->r, 0);
	}
}

void
removal_failed(const struct op *op, const struct cri_result *res)
{
	event_node(op->r, "ContainerGCFailed", "pod %s/%s: cannot %s %.12s: %s",
	    op->pod->namespace_, op->pod->name, action_kind_str(op->act.kind),
	    op->id, res->message);
}

void
memo_failed(struct memo_container *m, const char *reason, const char *message)
{
	(void)snprintf(m->reason, sizeof(m->reason), "%s", reason);
	(void)snprintf(m->message, sizeof(m->message), "%s", message);
}

void
memo_worked(struct memo_container *m, struct retry *retry)
{
	retry_clear(retry);
	m->reason[0] = m->message[0] = '\0';
}

static void
on_cleaned(void *ctx, const struct err *err)
{
	struct op *op = ctx;
	struct pod *p = op->pod;

	p->memo.cleaning = 0;
	collect_trash(op->r->collect);
	if (err != NULL) {
		event_warning(op->r, p, NULL, "FailedKillPod",
		    "error cleaning up: %s", err->text);
		retry_fail(&p->memo.clean, mtime_now(), act_jitter());
	} else {
		retry_clear(&p->memo.clean);
		p->memo.cleaned = 1;
		log_info(
		    "pod %s/%s (%s) is gone", p->namespace_, p->name, p->uid);
	}
	op_free(op);
}

static void
act_clean(struct op *op)
{
	op->pod->memo.cleaning = 1;
	files_clean_pod(&op->r->files, op->pod, on_cleaned, op);
}

void
act_run(struct reconciled *r, struct pod *p, const struct action *a)
{
	static void (*const acts[])(struct op *) = {
		[ACT_IMAGE] = act_image,
		[ACT_RUN_SANDBOX] = act_run_sandbox,
		[ACT_CREATE] = act_create,
		[ACT_START] = act_start,
		[ACT_POST_START] = act_post_start,
		[ACT_PRE_STOP] = act_pre_stop,
		[ACT_STOP] = act_stop,
		[ACT_STOP_SANDBOX] = act_stop_sandbox,
		[ACT_REMOVE] = act_remove,
		[ACT_REMOVE_SANDBOX] = act_remove_sandbox,
		[ACT_CLEAN] = act_clean,
	};
	struct op *op = op_new(r, p, a);

	log_debug("pod %s/%s: %s %s: %s", p->namespace_, p->name,
	    action_kind_str(a->kind), a->id != NULL ? a->id : "", a->reason);
	op_begin(op);
	acts[a->kind](op);
}
