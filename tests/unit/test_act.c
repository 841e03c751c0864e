/*
 * What actions call, and what their results leave in the pod.
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
#include "reconciled/subpath.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

struct world {
	struct reconciled r;
	struct pod *p;
	Tripod__Definition definition;
	Tripod__Pod pod;
	Tripod__Container container, *containers[1];
	Tripod__Handler hook;
	/* The last call, as long as it waits. */
	enum cri_method method;
	cri_done done;
	void *ctx;
	work_done waits;
	void *waits_ctx;
	int observed, ends, listed;
	const char *event; /* the last one's reason */
	handler_done hooked;
	void *hook_ctx;
	uint32_t next_attempt; /* as logs say */
	uint32_t attempt;      /* of the last creation */
};

static struct world *here;
static char some_call;

/* --- what surrounds the files under test --- */

struct cri_call *
cri_call_deadline(struct cri *cri, enum cri_method method,
    const ProtobufCMessage *req, int64_t deadline_ms, cri_done done, void *ctx)
{
	(void)cri;
	(void)req;
	assert_null(here->done);
	here->method = method;
	(void)deadline_ms;
	here->done = done;
	here->ctx = ctx;
	return ((struct cri_call *)(void *)&some_call);
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
	assert_ptr_equal(call, &some_call);
	here->done = NULL;
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
event_node(struct reconciled *r, const char *reason, const char *fmt, ...)
{
	(void)r;
	(void)fmt;
	here->event = reason;
}

uint32_t
files_next_attempt(
    const struct files *f, const struct pod *p, const char *container)
{
	(void)f;
	(void)p;
	assert_string_equal(container, "main");
	return (here->next_attempt);
}

/* Whoever waits for volumes, until wait_end(). */
static void
wait_begin(work_done done, void *ctx)
{
	assert_null(here->waits);
	here->waits = done;
	here->waits_ctx = ctx;
}

void
files_prepare_pod(
    const struct files *f, const struct pod *p, work_done done, void *ctx)
{
	(void)f;
	(void)p;
	wait_begin(done, ctx);
}

void
subpaths_mount(
    const struct files *f, const struct subpaths *of, work_done done, void *ctx)
{
	(void)f;
	(void)of;
	wait_begin(done, ctx);
}

struct handler_run *
handler_start(
    struct reconciled *r, const struct handler *h, handler_done done, void *ctx)
{
	(void)r;
	(void)h;
	here->hooked = done;
	here->hook_ctx = ctx;
	return (NULL);
}

void
observe_after(struct reconciled *r, int ms)
{
	(void)r;
	(void)ms;
	here->listed++;
}

void
observe_container(struct reconciled *r, struct pod *p, struct seen_container *c)
{
	(void)r;
	(void)p;
	(void)c;
	here->observed++;
}

void
observe_end(struct reconciled *r, struct pod *p, struct seen_container *c)
{
	(void)r;
	(void)p;
	(void)c;
	here->ends++;
}

Runtime__V1__ContainerConfig *
prepare_container(struct arena *a, struct reconciled *r,
    const struct instance_of *of, struct err *err)
{
	(void)r;
	(void)err;
	here->attempt = of->attempt;
	return (message_new(a, &runtime__v1__container_config__descriptor));
}

void
files_clean_pod(
    const struct files *f, const struct pod *p, work_done done, void *ctx)
{
	(void)f;
	(void)p;
	wait_begin(done, ctx);
}

/* --- the world --- */

static int
setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct seen_sandbox *s;

	here = w;
	tripod__definition__init(&w->definition);
	tripod__pod__init(&w->pod);
	tripod__container__init(&w->container);
	tripod__handler__init(&w->hook);
	w->definition.pod = &w->pod;
	w->containers[0] = &w->container;
	w->pod.container = w->containers;
	w->pod.n_container = 1;
	w->container.name = TEXT("main");
	w->container.image = TEXT("localhost/bb:1");
	w->container.post_start = &w->hook;
	w->p = pod_new("u", "default", "web");
	w->p->definition = &w->definition;
	pod_make_room(w->p, 1);
	s = sandbox_add(&w->p->seen, "s", 0, 1);
	s->ready = s->detailed = 1;
	*state = w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	assert_null(w->done);
	assert_null(w->waits);
	assert_int_equal(w->p->inflight, 0);
	assert_int_equal(w->p->pulling, 0);
	pod_free(w->p);
	free(w);
	return (0);
}

static void
run(struct world *w, enum action_kind kind, const char *id)
{
	struct action a = { .kind = kind, .id = id, .reason = "test" };

	act_run(&w->r, w->p, &a);
}

/* The call that waits has this result; it must be of that method. */
static void
answer(struct world *w, enum cri_method method, enum grpc_code code,
    int uncertain, const void *response)
{
	cri_done done = w->done;
	struct cri_result res = { .method = method,
		.code = code,
		.message = code == GRPC_OK ? "" : "what?",
		.uncertain = uncertain,
		.response = response };

	assert_non_null(done);
	assert_int_equal(w->method, method);
	w->done = NULL;
	done(w->ctx, &res);
}

/* Volumes are as they should be, or not (a reason). */
static void
wait_end(struct world *w, const char *why)
{
	work_done done = w->waits;
	struct err err;

	assert_non_null(done);
	assert_null(w->done); /* the runtime was not asked */
	w->waits = NULL;
	if (why != NULL)
		(void)err_set(&err, "%s", why);
	done(w->waits_ctx, why == NULL ? NULL : &err);
}

static struct seen_container *
created(struct world *w)
{
	struct seen_container *c;

	c = container_add(&w->p->seen, "c", "main", 0, 1);
	text_set(&c->sandbox_id, "s");
	return (c);
}

/* --- tests --- */

/* The number of an instance whose elders only logs tell of. */
static void
test_attempt(void **state)
{
	Runtime__V1__CreateContainerResponse a =
	    RUNTIME__V1__CREATE_CONTAINER_RESPONSE__INIT;
	struct world *w = *state;

	w->next_attempt = 7;
	a.container_id = TEXT("c7");
	run(w, ACT_CREATE, NULL);
	wait_end(w, NULL);
	answer(w, CRI_CREATE_CONTAINER, GRPC_OK, 0, &a);
	assert_int_equal(w->attempt, 7);
	assert_int_equal(container_find(&w->p->seen, "c7")->attempt, 7);
	/* What is left of them says it better. */
	act_run(&w->r, w->p,
	    &(struct action){
		.kind = ACT_CREATE, .attempt = 3, .reason = "test" });
	wait_end(w, NULL);
	answer(w, CRI_CREATE_CONTAINER, GRPC_UNKNOWN, 0, NULL);
	assert_int_equal(w->attempt, 3);
	assert_true(w->p->seen.stale);
	assert_int_equal(w->listed, 1);
}

/* A start whose answer is lost may have been one: its hook is due then. */
static void
test_start(void **state)
{
	static const struct {
		enum grpc_code code;
		int uncertain;
		enum hook_state hook;
		int stale;
	} rows[] = {
		{ GRPC_OK, 0, HOOK_DUE, 0 },
		{ GRPC_UNKNOWN, 0, HOOK_NONE, 0 },
		{ GRPC_DEADLINE_EXCEEDED, 1, HOOK_DUE, 1 },
	};
	struct world *w = *state;
	struct seen_container *c;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = created(w);
		w->observed = w->p->seen.stale = 0;
		run(w, ACT_START, "c");
		assert_true(c->busy);
		answer(w, CRI_START_CONTAINER, rows[i].code, rows[i].uncertain,
		    NULL);
		assert_false(c->busy);
		assert_int_equal(c->post_start, rows[i].hook);
		assert_int_equal(w->p->seen.stale, rows[i].stale);
		assert_int_equal(w->observed, 1);
		container_drop(&w->p->seen, c);
	}
}

static void
test_removal_fails(void **state)
{
	struct world *w = *state;
	struct seen_container *c = created(w);

	run(w, ACT_REMOVE, "c");
	answer(w, CRI_REMOVE_CONTAINER, GRPC_UNKNOWN, 0, NULL);
	assert_string_equal(w->event, "ContainerGCFailed");
	assert_false(c->busy);
	assert_int_equal(c->retry.fails, 1);
	w->event = NULL;
	run(w, ACT_REMOVE_SANDBOX, "s");
	answer(w, CRI_REMOVE_POD_SANDBOX, GRPC_UNKNOWN, 0, NULL);
	assert_string_equal(w->event, "ContainerGCFailed");
}

/* What hooks come to, and what is said of it. */
static void
test_hooks(void **state)
{
	static const struct {
		enum handler_outcome outcome;
		enum hook_state hook;
		const char *event;
	} rows[] = {
		{ HANDLER_SUCCESS, HOOK_DONE, "" },
		{ HANDLER_WARNING, HOOK_DONE, "LifecycleHTTPFallback" },
		{ HANDLER_FAILURE, HOOK_FAILED, "FailedPostStartHook" },
		{ HANDLER_TIMEOUT, HOOK_FAILED, "FailedPostStartHook" },
	};
	struct handler_result res = { HANDLER_SUCCESS, "so" };
	struct world *w = *state;
	struct seen_container *c = created(w);
	size_t i;

	c->state = SEEN_RUNNING;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run(w, ACT_POST_START, "c");
		w->event = "";
		res.outcome = rows[i].outcome;
		w->hooked(w->hook_ctx, &res);
		assert_int_equal(c->post_start, rows[i].hook);
		assert_string_equal(w->event, rows[i].event);
	}
}

/* A stop with less time joins the one under way; it is over with both. */
static void
test_stop_twice(void **state)
{
	const Runtime__V1__StopContainerResponse a =
	    RUNTIME__V1__STOP_CONTAINER_RESPONSE__INIT;
	struct world *w = *state;
	struct seen_container *c = created(w);
	struct action stop = { .kind = ACT_STOP,
		.id = "c",
		.cause = STOP_UNHEALTHY,
		.grace_seconds = 60,
		.reason = "test" };
	cri_done first;
	void *ctx;

	c->state = SEEN_RUNNING;
	act_run(&w->r, w->p, &stop);
	assert_true(mtime_diff(c->stop_until, mtime_now()) > 50000);
	first = w->done;
	ctx = w->ctx;
	w->done = NULL;
	stop.cause = STOP_END;
	stop.grace_seconds = 2;
	act_run(&w->r, w->p, &stop);
	assert_true(mtime_diff(c->stop_until, mtime_now()) <= 2000);
	answer(w, CRI_STOP_CONTAINER, GRPC_OK, 0, &a);
	assert_int_equal(c->state, SEEN_EXITED);
	assert_int_equal(w->ends, 1);
	assert_true(c->busy);
	w->done = first;
	w->ctx = ctx;
	answer(w, CRI_STOP_CONTAINER, GRPC_OK, 0, &a);
	assert_false(c->busy);
}

/* Volumes that do not answer: nothing is asked of the runtime. */
static void
test_hung_volumes(void **state)
{
	struct world *w = *state;
	struct pod_memo *m = &w->p->memo;

	run(w, ACT_RUN_SANDBOX, NULL);
	assert_true(m->sandbox_busy);
	wait_end(w, "host path /x: no answer");
	assert_false(m->sandbox_busy);
	assert_string_equal(m->message, "host path /x: no answer");
	assert_int_equal(m->sandbox.fails, 1);
	run(w, ACT_CREATE, NULL);
	assert_true(m->container[0].busy);
	wait_end(w, "sub-path x: no answer");
	assert_false(m->container[0].busy);
	assert_string_equal(
	    m->container[0].reason, "CreateContainerConfigError");
	assert_int_equal(m->container[0].create.fails, 1);
	/* An end meanwhile is obeyed. */
	run(w, ACT_RUN_SANDBOX, NULL);
	w->p->want.terminating = 1;
	wait_end(w, NULL);
	assert_false(m->sandbox_busy);
	assert_int_equal(w->p->inflight, 0);
}

/* While a volume cannot be unmounted nothing else is planned. */
static void
test_clean(void **state)
{
	struct world *w = *state;
	struct pod_memo *m = &w->p->memo;

	run(w, ACT_CLEAN, NULL);
	assert_true(m->cleaning);
	wait_end(w, "mount x: busy");
	assert_false(m->cleaning);
	assert_false(m->cleaned);
	assert_int_equal(m->clean.fails, 1);
	run(w, ACT_CLEAN, NULL);
	wait_end(w, NULL);
	assert_true(m->cleaned);
	assert_int_equal(m->clean.fails, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_attempt),
		TEST(test_start),
		TEST(test_stop_twice),
		TEST(test_removal_fails),
		TEST(test_hooks),
		TEST(test_hung_volumes),
		TEST(test_clean),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
