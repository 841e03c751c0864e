/*
 * Images: looked up, pulled by their policy, and how many pulls at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cri.pb-c.h"
#include "reconciled/act_parts.h"
#include "reconciled/collect.h"
#include "reconciled/message.h"

#define TEXT(s) ((char *)(uintptr_t)(s))
#define HOUR_MS (3600 * 1000)
#define PODS 6
#define AT_ONCE 4 /* pulls */
#define SLOW_MS 60000

/* A pod of one container, and the call that its action waits for. */
struct one {
	struct op op;
	struct pod *p;
	Tripod__Definition definition;
	Tripod__Pod pod;
	Tripod__Container container, *containers[1];
	int done; /* the action has ended */
	enum cri_method method;
	cri_done answer; /* NULL: there is no call */
	int64_t deadline_ms;
};

struct world {
	struct reconciled r;
	struct one one[PODS];
	const char *event; /* the last one's reason */
};

static struct world *here;

/* --- what surrounds the file under test --- */

struct cri_call *
cri_call_deadline(struct cri *cri, enum cri_method method,
    const ProtobufCMessage *req, int64_t deadline_ms, cri_done done, void *ctx)
{
	struct one *o = ctx; /* its op is the first member */

	(void)cri;
	(void)req;
	assert_null(o->answer);
	o->method = method;
	o->answer = done;
	o->deadline_ms = deadline_ms;
	return (ctx);
}

struct cri_call *
cri_call(struct cri *cri, enum cri_method method, const ProtobufCMessage *req,
    cri_done done, void *ctx)
{
	return (cri_call_deadline(cri, method, req, 0, done, ctx));
}

void
cri_cancel(struct cri_call *call)
{
	struct one *o = (void *)call;

	assert_non_null(o->answer);
	o->answer = NULL;
}

void
event_normal(struct reconciled *r, const struct pod *p, const char *container,
    const char *reason, const char *fmt, ...)
{
	(void)r;
	(void)p;
	(void)container;
	(void)fmt;
	here->event = reason;
}

void
event_warning(struct reconciled *r, const struct pod *p, const char *container,
    const char *reason, const char *fmt, ...)
{
	(void)r;
	(void)p;
	(void)container;
	(void)fmt;
	here->event = reason;
}

void
op_free(struct op *op)
{
	struct one *o = (void *)op;

	assert_null(o->answer);
	assert_false(o->done);
	o->done = 1;
}

struct memo_container *
op_memo(const struct op *op)
{
	return (&op->pod->memo.container[0]);
}

const Tripod__Container *
op_spec(const struct op *op)
{
	return (op->pod->definition->pod->container[0]);
}

void
memo_failed(struct memo_container *m, const char *reason, const char *message)
{
	(void)message;
	(void)snprintf(m->reason, sizeof(m->reason), "%s", reason);
}

void
memo_worked(struct memo_container *m, struct retry *retry)
{
	retry_clear(retry);
	m->reason[0] = '\0';
}

uint8_t
act_jitter(void)
{
	return (0);
}

void
collect_soon(struct collect *c)
{
	(void)c;
}

Runtime__V1__PodSandboxConfig *
prepare_sandbox(struct arena *a, struct reconciled *r, const struct pod *p,
    uint32_t attempt)
{
	(void)r;
	(void)p;
	(void)attempt;
	return (message_new(a, &runtime__v1__pod_sandbox_config__descriptor));
}

Runtime__V1__ImageSpec *
translate_image(struct arena *a, const struct pod *p, const char *image)
{
	(void)p;
	(void)image;
	return (message_new(a, &runtime__v1__image_spec__descriptor));
}

/* --- the world --- */

static void
one_init(struct world *w, struct one *o, const char *image)
{
	tripod__definition__init(&o->definition);
	tripod__pod__init(&o->pod);
	tripod__container__init(&o->container);
	o->definition.pod = &o->pod;
	o->containers[0] = &o->container;
	o->pod.container = o->containers;
	o->pod.n_container = 1;
	o->container.name = TEXT("main");
	o->container.image = TEXT(image);
	o->p = pod_new("u", "default", "web");
	o->p->definition = &o->definition;
	pod_make_room(o->p, 1);
	o->op.r = &w->r;
	o->op.pod = o->p;
	o->done = 1;
}

static int
setup(void **state)
{
	static const char *const images[PODS] = { "a:1", "b:1", "c:1", "d:1",
		"e:1", "f:1" };
	struct world *w = xcalloc(1, sizeof(*w));
	size_t i;

	here = w;
	TAILQ_INIT(&w->r.pulls);
	for (i = 0; i < PODS; i++)
		one_init(w, &w->one[i], images[i]);
	*state = w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;
	size_t i;

	assert_true(TAILQ_EMPTY(&w->r.pulls));
	for (i = 0; i < PODS; i++) {
		assert_true(w->one[i].done);
		assert_false(w->one[i].p->memo.container[0].busy);
		assert_null(w->one[i].p->memo.container[0].pull);
		pod_free(w->one[i].p);
	}
	free(w);
	return (0);
}

static struct memo_container *
memo(struct one *o)
{
	return (&o->p->memo.container[0]);
}

static void
begin(struct one *o)
{
	o->done = o->op.pulled = 0;
	act_image(&o->op);
}

static void
answer(struct one *o, enum cri_method method, enum grpc_code code,
    const void *response)
{
	struct cri_result res = { .method = method,
		.code = code,
		.message = code == GRPC_OK ? "" : "what?",
		.response = response };
	cri_done done = o->answer;

	assert_non_null(done);
	assert_int_equal(o->method, method);
	o->answer = NULL;
	done(&o->op, &res);
}

/* Of ImageStatus: an image of that id, or NULL for none. */
static void
looked(struct one *o, const char *id)
{
	Runtime__V1__ImageStatusResponse a =
	    RUNTIME__V1__IMAGE_STATUS_RESPONSE__INIT;
	Runtime__V1__Image image = RUNTIME__V1__IMAGE__INIT;

	image.id = TEXT(id);
	a.image = id == NULL ? NULL : &image;
	answer(o, CRI_IMAGE_STATUS, GRPC_OK, &a);
}

static void
pulled(struct one *o)
{
	answer(o, CRI_PULL_IMAGE, GRPC_OK, NULL);
	looked(o, "sha256:1");
	assert_true(o->done);
}

static int
pulls(const struct one *o)
{
	return (o->answer != NULL && o->method == CRI_PULL_IMAGE);
}

/* --- tests --- */

static void
test_pull(void **state)
{
	struct world *w = *state;
	struct one *o = &w->one[0];

	begin(o);
	assert_true(memo(o)->busy);
	looked(o, NULL);
	assert_true(pulls(o));
	assert_int_equal(o->deadline_ms, HOUR_MS);
	pulled(o);
	assert_string_equal(memo(o)->image_ref, "sha256:1");
	assert_int_equal(memo(o)->image.fails, 0);
}

/* It is there, and not pulled again; or pulled, and not there. */
static void
test_no_pull(void **state)
{
	struct world *w = *state;
	struct one *o = &w->one[0];

	begin(o);
	looked(o, "sha256:1");
	assert_string_equal(memo(o)->image_ref, "sha256:1");
	o->container.pull_policy = TRIPOD__PULL_POLICY__PULL_ALWAYS;
	begin(o);
	looked(o, "sha256:1");
	answer(o, CRI_PULL_IMAGE, GRPC_OK, NULL);
	looked(o, NULL);
	assert_string_equal(memo(o)->reason, "ErrImagePull");
	assert_int_equal(memo(o)->image.fails, 1);
	o->container.pull_policy = TRIPOD__PULL_POLICY__PULL_NEVER;
	begin(o);
	looked(o, NULL);
	assert_string_equal(memo(o)->reason, "ErrImageNeverPull");
	assert_int_equal(memo(o)->image.fails, 2);
}

/* One that gets nowhere is given up, and backed off as an image's fault. */
static void
test_deadline(void **state)
{
	struct world *w = *state;
	struct one *o = &w->one[0];
	struct mtime now = mtime_now();

	begin(o);
	looked(o, NULL);
	answer(o, CRI_PULL_IMAGE, GRPC_DEADLINE_EXCEEDED, NULL);
	assert_string_equal(memo(o)->reason, "ErrImagePull");
	assert_true(mtime_diff(memo(o)->image.not_before, now) >= 10000);
	/* A runtime that is away is back sooner. */
	retry_clear(&memo(o)->image);
	begin(o);
	looked(o, NULL);
	answer(o, CRI_PULL_IMAGE, GRPC_UNAVAILABLE, NULL);
	assert_true(mtime_diff(memo(o)->image.not_before, now) < 10000);
}

static void
test_cancelled(void **state)
{
	struct world *w = *state;
	struct one *o = &w->one[0];

	begin(o);
	act_cancel_pulls(o->p); /* only asked for so far */
	assert_non_null(o->answer);
	looked(o, NULL);
	act_cancel_pulls(o->p);
	assert_true(o->done);
	assert_int_equal(memo(o)->image.fails, 0);
	act_cancel_pulls(o->p); /* there is nothing any more */
}

/* More than some wait; the most important one of them comes next. */
static void
test_turns(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i < PODS; i++) {
		begin(&w->one[i]);
		looked(&w->one[i], NULL);
		assert_int_equal(pulls(&w->one[i]), i < AT_ONCE);
	}
	w->one[5].pod.priority_class = TEXT("system-node-critical");
	w->one[5].container.pull_policy = TRIPOD__PULL_POLICY__PULL_ALWAYS;
	pulled(&w->one[0]);
	assert_true(pulls(&w->one[5]));
	assert_null(w->one[4].answer);
	/* Whoever may use what is there looks again. */
	act_cancel_pulls(w->one[1].p);
	looked(&w->one[4], NULL);
	assert_true(pulls(&w->one[4]));
	for (i = 2; i < PODS; i++)
		pulled(&w->one[i]);
}

/* Those that get nowhere hold up nobody. */
static void
test_slow(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i <= AT_ONCE; i++) {
		begin(&w->one[i]);
		looked(&w->one[i], NULL);
	}
	act_pulls(&w->r);
	assert_null(w->one[AT_ONCE].answer);
	w->one[2].op.began.ms -= SLOW_MS;
	act_pulls(&w->r);
	looked(&w->one[AT_ONCE], NULL);
	for (i = 0; i <= AT_ONCE; i++)
		pulled(&w->one[i]);
}

/* What somebody pulls already is waited for, and then there. */
static void
test_same(void **state)
{
	struct world *w = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		w->one[i].container.image = TEXT("a:1");
		begin(&w->one[i]);
		looked(&w->one[i], NULL);
		assert_int_equal(pulls(&w->one[i]), i == 0);
	}
	act_cancel_pulls(w->one[2].p); /* one that waits */
	assert_true(w->one[2].done);
	pulled(&w->one[0]);
	looked(&w->one[1], "sha256:1");
	assert_string_equal(w->event, "Pulled");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pull),
		TEST(test_no_pull),
		TEST(test_deadline),
		TEST(test_cancelled),
		TEST(test_turns),
		TEST(test_slow),
		TEST(test_same),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
