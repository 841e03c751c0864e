/*
 * Looking images up, and pulling them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/act_parts.h"
#include "reconciled/collect.h"
#include "reconciled/imageref.h"
#include "reconciled/message.h"
#include "reconciled/order.h"

/* A pull that gets nowhere; what it has got so far is kept by containerd. */
#define PULL_DEADLINE_MS (3600 * 1000)
#define PULLS_MAX 4 /* at once: more of them share one link and one disk */
#define PULL_SLOW_MS 60000 /* then it does not keep others waiting */

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

/* It is shown, and tried again after the back-off that has been set. */
static void
image_waits(struct op *op, const char *reason, const char *message)
{
	struct memo_container *m = op_memo(op);

	m->busy = 0;
	event_warning(
	    op->r, op->pod, op_spec(op)->name, "Failed", "Error: %s", reason);
	memo_failed(m, reason, message);
	op_free(op);
}

/* The image is at fault: that takes its time. */
static void
image_failed(struct op *op, const char *reason, const char *message)
{
	retry_fail_pull(&op_memo(op)->image, mtime_now());
	image_waits(op, reason, message);
}

/* The runtime is, or its connection. */
static void
runtime_failed(struct op *op, const char *reason, const struct cri_result *res)
{
	retry_fail(&op_memo(op)->image, mtime_now(), act_jitter());
	image_waits(op, reason, res->message);
}

/* The runtime may say why in front of its text (runtime.md 1.5). */
static const char *
pull_reason(const char *message)
{
	static const char *const known[] = { "RegistryUnavailable",
		"SignatureValidationFailed" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncmp(message, known[i], strlen(known[i])) == 0)
			return (known[i]);
	return ("ErrImagePull");
}

static void on_pulled(void *, struct cri_result *);

static void
pull_begin(struct op *op)
{
	Runtime__V1__PullImageRequest req =
	    RUNTIME__V1__PULL_IMAGE_REQUEST__INIT;
	const Tripod__Container *spec = op_spec(op);
	struct arena arena;

	event_normal(op->r, op->pod, spec->name, "Pulling",
	    "Pulling image \"%s\"", spec->image);
	arena_init(&arena, REQUEST_MAX);
	req.image = translate_image(&arena, op->pod, spec->image);
	req.sandbox_config = prepare_sandbox(&arena, op->r, op->pod, 0);
	op->began = mtime_now();
	op->call = cri_call_deadline(op->r->cri, CRI_PULL_IMAGE, &req.base,
	    PULL_DEADLINE_MS, on_pulled, op);
	arena_release(&arena);
}

/* There is room, and nobody pulls the same image already. */
static int
pull_may_begin(const struct op *op)
{
	struct mtime now = mtime_now();
	const struct op *o;
	size_t n = 0;

	TAILQ_FOREACH (o, &op->r->pulls, turn) {
		if (o->call == NULL)
			continue;
		n += mtime_diff(now, o->began) < PULL_SLOW_MS;
		if (strcmp(op_spec(o)->image, op_spec(op)->image) == 0)
			return (0);
	}
	return (n < PULLS_MAX);
}

/* The most important one that waits and may begin; NULL: there is none. */
static struct op *
pull_next(const struct reconciled *r)
{
	struct op *op, *next = NULL;

	TAILQ_FOREACH (op, &r->pulls, turn)
		if (op->call == NULL && pull_may_begin(op) &&
		    (next == NULL || order_outranks(op->pod, next->pod)))
			next = op;
	return (next);
}

static void
pull_unlist(struct op *op)
{
	TAILQ_REMOVE(&op->r->pulls, op, turn);
	op_memo(op)->pull = NULL;
	op->call = NULL;
}

/* Whoever has waited looks again, since that may have been his image. */
void
act_pulls(struct reconciled *r)
{
	struct op *op;

	while ((op = pull_next(r)) != NULL) {
		if (op_spec(op)->pull_policy ==
		    TRIPOD__PULL_POLICY__PULL_ALWAYS) {
			pull_begin(op);
		} else {
			pull_unlist(op);
			act_image(op);
		}
	}
}

static void
pull_leave(struct op *op)
{
	pull_unlist(op);
	act_pulls(op->r);
}

static void
on_pulled(void *ctx, struct cri_result *res)
{
	struct op *op = ctx;
	const Tripod__Container *spec = op_spec(op);

	pull_leave(op);
	if (res->code != GRPC_OK) {
		event_warning(op->r, op->pod, spec->name, "Failed",
		    "Failed to pull image \"%s\": %s", spec->image,
		    res->message);
		if (res->code == GRPC_UNAVAILABLE)
			runtime_failed(op, "ErrImagePull", res);
		else
			image_failed(
			    op, pull_reason(res->message), res->message);
		return;
	}
	event_normal(op->r, op->pod, spec->name, "Pulled",
	    "Successfully pulled image \"%s\" in %" PRId64 " ms", spec->image,
	    mtime_diff(mtime_now(), op->began));
	collect_soon(op->r->collect);
	/* Whose user it is to run as the answer does not say. */
	op->pulled = 1;
	act_image(op);
}

/* Pulls, or waits until there is room for that. */
static void
image_pull(struct op *op)
{
	int now = pull_may_begin(op);

	TAILQ_INSERT_TAIL(&op->r->pulls, op, turn);
	op_memo(op)->pull = op;
	if (now)
		pull_begin(op);
}

static void
image_present(struct op *op, const Runtime__V1__Image *image)
{
	const Tripod__Container *spec = op_spec(op);

	if (!op->pulled)
		event_normal(op->r, op->pod, spec->name, "Pulled",
		    "Container image \"%s\" already present on machine",
		    spec->image);
	image_found(op, image);
}

static void
image_never(struct op *op)
{
	const Tripod__Container *spec = op_spec(op);

	event_warning(op->r, op->pod, spec->name, "ErrImageNeverPull",
	    "Container image \"%s\" is not present with pull policy of Never",
	    spec->image);
	image_failed(op, "ErrImageNeverPull",
	    "the image is not there and may not be pulled");
}

static void
image_step(struct op *op, const Runtime__V1__Image *image)
{
	int present = image != NULL && image->id[0] != '\0';

	switch (plan_image(op_spec(op)->pull_policy, present, op->pulled)) {
	case IMAGE_USE:
		log_assert(image != NULL); /* it is present */
		image_present(op, image);
		break;
	case IMAGE_PULL:
		image_pull(op);
		break;
	case IMAGE_NEVER:
		image_never(op);
		break;
	case IMAGE_LOST:
		image_failed(op, "ErrImagePull",
		    "the image is not there after its pull");
		break;
	}
}

static void
on_image_status(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ImageStatusResponse *a = res->response;
	struct op *op = ctx;
	const Tripod__Container *spec = op_spec(op);

	if (res->code == GRPC_OK) {
		image_step(op, a->image);
		return;
	}
	event_warning(op->r, op->pod, spec->name, "InspectFailed",
	    "Failed to inspect image \"%s\": %s", spec->image, res->message);
	runtime_failed(op, "ImageInspectError", res);
}

void
act_image(struct op *op)
{
	Runtime__V1__ImageStatusRequest req =
	    RUNTIME__V1__IMAGE_STATUS_REQUEST__INIT;
	const Tripod__Container *spec = op_spec(op);
	struct arena arena;

	if (!imageref_is_valid(spec->image)) {
		event_warning(op->r, op->pod, spec->name, "InspectFailed",
		    "\"%s\" is no reference to an image", spec->image);
		image_failed(
		    op, "InvalidImageName", "it is no reference to an image");
		return;
	}
	op_memo(op)->busy = 1;
	arena_init(&arena, REQUEST_MAX);
	req.image = translate_image(&arena, op->pod, spec->image);
	(void)cri_call(
	    op->r->cri, CRI_IMAGE_STATUS, &req.base, on_image_status, op);
	arena_release(&arena);
}

void
act_cancel_pulls(struct pod *p)
{
	struct op *op;
	size_t i;

	for (i = 0; i < p->memo.n_container; i++) {
		if ((op = p->memo.container[i].pull) == NULL)
			continue;
		if (op->call != NULL)
			cri_cancel(op->call);
		p->memo.container[i].busy = 0;
		pull_leave(op);
		op_free(op);
	}
}
