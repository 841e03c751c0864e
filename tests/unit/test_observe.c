/*
 * What is asked of the runtime and when, what its answers change, and that
 * no status goes out before all of it is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cri.pb-c.h"
#include "reconciled/peers.h"
#include "reconciled/reconcile.h"
#include "reconciled/termination.h"

#define CALLS_MAX 8
#define TEXT(s) ((char *)(uintptr_t)(s))
#define LOOKS_MAX 60 /* more than there may be */
#define NET_MS 10000 /* between lists without reason (runtime.md 10.1) */

/* A call that is not answered yet. */
struct asked {
	enum cri_method method;
	cri_done done;
	void *ctx;
};

struct world {
	struct reconciled r;
	struct pod *p;
	struct seen_sandbox *s;
	struct seen_container *c;
	struct asked asked[CALLS_MAX];
	size_t n;
	int told; /* statuses */
	int gone; /* ends of pods */
};

/* The functions below have no other way to it. */
static struct world *here;
static struct cri_info info = { .state = CRI_UP };

/* --- what surrounds the files under test --- */

struct cri_call *
cri_call(struct cri *cri, enum cri_method method, const ProtobufCMessage *req,
    cri_done done, void *ctx)
{
	(void)cri;
	(void)req;
	assert_true(here->n < CALLS_MAX);
	here->asked[here->n++] = (struct asked){ method, done, ctx };
	return (NULL);
}

const struct cri_info *
cri_info(const struct cri *cri)
{
	(void)cri;
	return (&info);
}

void
reconcile_kick(struct reconciled *r)
{
	(void)r;
}

void
peers_pod(struct peers *peers, struct pod *p, Tripod__PodItem *item)
{
	(void)peers;
	(void)p;
	(void)item;
	here->told++;
}

void
peers_pod_gone(struct peers *peers, struct pod *p)
{
	(void)peers;
	(void)p;
	here->gone++;
}

void
follow_events(struct peers *peers)
{
	(void)peers;
}

void
mirror_transfer(struct peers *peers)
{
	(void)peers;
}

void
files_link_log(
    const struct files *f, const struct pod *p, const struct seen_container *c)
{
	(void)f;
	(void)p;
	(void)c;
}

char *
message_read(struct arena *a, int pods, const struct pod *p,
    const struct seen_container *c)
{
	(void)a;
	(void)pods;
	(void)p;
	(void)c;
	return (TEXT("said"));
}

char *
message_from_log(struct arena *a, int logs, const struct pod *p,
    const struct seen_container *c)
{
	(void)a;
	(void)logs;
	(void)p;
	(void)c;
	return (TEXT(""));
}

char *
message_join(struct arena *a, const char *runtime, const char *own, size_t max)
{
	(void)a;
	(void)runtime;
	(void)max;
	return (TEXT(own));
}

/* --- the world --- */

static void
on_observe(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static int
setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct reconciled *r = &w->r;

	here = w;
	TAILQ_INIT(&r->pods);
	records_init(&r->records);
	r->base = event_base_new();
	r->ev_observe = evtimer_new(r->base, on_observe, r);
	r->listed = r->known = 1;
	w->p = pod_new("u", "default", "web");
	TAILQ_INSERT_TAIL(&r->pods, w->p, entry);
	w->s = sandbox_add(&w->p->seen, "s", 0, 1);
	w->s->ready = w->s->detailed = 1;
	w->c = container_add(&w->p->seen, "c", "main", 0, 1);
	text_set(&w->c->sandbox_id, "s");
	w->c->state = SEEN_RUNNING;
	w->c->detailed = 1;
	*state = w;
	return (0);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	assert_int_equal(w->p->inflight, 0);
	pod_free(w->p);
	records_release(&w->r.records);
	event_free(w->r.ev_observe);
	event_base_free(w->r.base);
	free(w);
	return (0);
}

/* The only call that waits has this answer. */
static void
answer(struct world *w, enum cri_method method, enum grpc_code code,
    const void *response)
{
	struct asked a = w->asked[0];
	struct cri_result res = { .method = method,
		.code = code,
		.message = code == GRPC_OK ? "" : "what?",
		.response = response };

	assert_int_equal(w->n, 1);
	assert_int_equal(a.method, method);
	w->n = 0;
	a.done(a.ctx, &res);
	arena_free(res.arena);
}

static void
answer_container(struct world *w, Runtime__V1__ContainerState state)
{
	Runtime__V1__ContainerStatusResponse a =
	    RUNTIME__V1__CONTAINER_STATUS_RESPONSE__INIT;
	Runtime__V1__ContainerStatus st = RUNTIME__V1__CONTAINER_STATUS__INIT;

	st.state = state;
	a.status = &st;
	answer(w, CRI_CONTAINER_STATUS, GRPC_OK, &a);
}

static void
answer_sandbox(struct world *w, int ready)
{
	Runtime__V1__PodSandboxStatusResponse a =
	    RUNTIME__V1__POD_SANDBOX_STATUS_RESPONSE__INIT;
	Runtime__V1__PodSandboxStatus st =
	    RUNTIME__V1__POD_SANDBOX_STATUS__INIT;
	Runtime__V1__PodSandboxNetworkStatus net =
	    RUNTIME__V1__POD_SANDBOX_NETWORK_STATUS__INIT;

	st.state = ready ? RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY
			 : RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_NOTREADY;
	net.ip = TEXT(ready ? "10.0.0.1" : "");
	st.network = &net;
	a.status = &st;
	answer(w, CRI_POD_SANDBOX_STATUS, GRPC_OK, &a);
}

/* A list of the world's sandbox and, in that state, its container. */
static void
answer_list(struct world *w, Runtime__V1__ContainerState state)
{
	Runtime__V1__ListPodSandboxResponse sl =
	    RUNTIME__V1__LIST_POD_SANDBOX_RESPONSE__INIT;
	Runtime__V1__ListContainersResponse cl =
	    RUNTIME__V1__LIST_CONTAINERS_RESPONSE__INIT;
	Runtime__V1__PodSandbox s = RUNTIME__V1__POD_SANDBOX__INIT,
				*ss[] = { &s };
	Runtime__V1__Container c = RUNTIME__V1__CONTAINER__INIT, *cs[] = { &c };
	Runtime__V1__PodSandboxMetadata sm =
	    RUNTIME__V1__POD_SANDBOX_METADATA__INIT;
	Runtime__V1__ContainerMetadata cm =
	    RUNTIME__V1__CONTAINER_METADATA__INIT;
	Runtime__V1__PodSandbox__LabelsEntry l[] = {
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT,
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT,
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT,
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT
	};
	Runtime__V1__PodSandbox__LabelsEntry *ls[] = { &l[0], &l[1], &l[2],
		&l[3] };
	const char *const text[] = { LABEL_MANAGED, LABEL_MANAGED_VALUE,
		LABEL_POD_UID, "u", LABEL_POD_NAMESPACE, "default",
		LABEL_POD_NAME, "web" };
	size_t i;

	for (i = 0; i < 4; i++) {
		l[i].key = TEXT(text[2 * i]);
		l[i].value = TEXT(text[2 * i + 1]);
	}
	s.id = TEXT("s");
	s.metadata = &sm;
	s.labels = ls;
	s.n_labels = 4;
	sl.items = ss;
	sl.n_items = 1;
	answer(w, CRI_LIST_POD_SANDBOX, GRPC_OK, &sl);
	c.id = TEXT("c");
	cm.name = TEXT("main");
	c.metadata = &cm;
	c.state = state;
	/* Maps of all messages have one shape. */
	c.labels = (Runtime__V1__Container__LabelsEntry **)(void *)ls;
	c.n_labels = 4;
	cl.containers = cs;
	cl.n_containers = 1;
	answer(w, CRI_LIST_CONTAINERS, GRPC_OK, &cl);
}

static void
hint(struct world *w, const char *id)
{
	struct hint h = { .kind = HINT_EXITED, .id = id };

	observe_hint(&w->r, &h);
}

/* --- tests --- */

/* An end is told before CRI knows of it. */
static void
test_container_ends(void **state)
{
	struct world *w = *state;

	hint(w, "c");
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	assert_int_equal(w->c->state, SEEN_RUNNING);
	event_base_loop(w->r.base, EVLOOP_ONCE);
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	/* More news while it waits is a reason to ask at once. */
	hint(w, "c");
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED);
	assert_int_equal(w->c->state, SEEN_EXITED);
	assert_string_equal(w->c->message, "said");
	/* Once more is once too often. */
	hint(w, "c");
	assert_int_equal(w->n, 0);
}

static void
test_sandbox_ends(void **state)
{
	struct world *w = *state;
	char *ip[] = { TEXT("10.0.0.1") };

	sandbox_set_ips(w->s, ip, 1);
	hint(w, "s");
	answer_sandbox(w, 1);
	assert_true(w->s->ready);
	event_base_loop(w->r.base, EVLOOP_ONCE);
	answer_sandbox(w, 0);
	assert_false(w->s->ready);
	assert_int_equal(w->s->n_ip, 1);
	hint(w, "s");
	assert_int_equal(w->n, 0);
}

/* One that was for nothing is not believed for ever. */
static void
test_false_hint(void **state)
{
	struct world *w = *state;
	int looks;

	hint(w, "s");
	for (looks = 0; w->p->inflight > 0; looks++) {
		assert_true(looks < LOOKS_MAX);
		answer_sandbox(w, 1);
		if (w->p->inflight > 0)
			event_base_loop(w->r.base, EVLOOP_ONCE);
	}
	assert_true(w->s->ready);
	assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, NULL));
}

/* The answer to a question overtaken by a stop. */
static void
test_stopped(void **state)
{
	struct world *w = *state;

	observe_sandbox(&w->r, w->p, w->s);
	w->s->ready = 0;
	w->s->stopped = 1;
	answer_sandbox(w, 1);
	assert_false(w->s->ready);
}

/* What cannot be told is asked again after a list, not for ever at once. */
static void
test_no_answer(void **state)
{
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct world *w = *state;

	d.pod = &pod;
	w->p->definition = &d;
	w->p->dirty = 1;
	w->s->detailed = 0;
	publish(&w->r);
	assert_int_equal(w->told, 0);
	answer(w, CRI_POD_SANDBOX_STATUS, GRPC_NOT_FOUND, NULL);
	assert_true(w->p->seen.stale);
	assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, NULL));
	publish(&w->r);
	assert_int_equal(w->n, 0);
	w->s->question.not_before = MTIME_ZERO; /* the time passes */
	observe_all(&w->r);
	answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	assert_false(w->p->seen.stale);
	answer_sandbox(w, 1);
	assert_int_equal(w->told, 0);
	publish(&w->r);
	assert_int_equal(w->told, 1);
}

/* What is there and cannot be told is asked less and less often. */
static void
test_never_told(void **state)
{
	struct world *w = *state;
	int64_t wait = 0;
	int i;

	w->c->detailed = 0;
	observe_container(&w->r, w->p, w->c);
	for (i = 0; i < 12; i++) {
		answer(w, CRI_CONTAINER_STATUS, GRPC_UNKNOWN, NULL);
		assert_true(i == 0 ? w->p->seen.stale : !w->p->seen.stale);
		wait = mtime_diff(w->c->question.not_before, mtime_now());
		/* A list that comes for another reason is none to ask. */
		observe_all(&w->r);
		answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
		assert_int_equal(w->n, 0);
		assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, NULL));
		w->c->question.not_before = MTIME_ZERO;
		observe_container(&w->r, w->p, w->c);
	}
	assert_true(wait > 50000);
	assert_string_equal(
	    TAILQ_FIRST(&w->r.records.list)->reason, "FailedSync");
	answer(w, CRI_CONTAINER_STATUS, GRPC_UNKNOWN, NULL);
	/* What is said of a sandbox. */
	w->c->detailed = 1;
	w->s->detailed = 0;
	w->s->question.fails = 1;
	observe_sandbox(&w->r, w->p, w->s);
	answer(w, CRI_POD_SANDBOX_STATUS, GRPC_UNKNOWN, NULL);
	assert_string_equal(
	    TAILQ_FIRST(&w->r.records.list)->reason, "FailedPodSandBoxStatus");
	/* An event is a reason. */
	hint(w, "c");
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED);
	assert_int_equal(w->c->question.fails, 0);
}

/* Nothing is told of a container before its details are here. */
static void
test_gate(void **state)
{
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct world *w = *state;

	d.pod = &pod;
	w->p->definition = &d;
	w->p->dirty = 1;
	w->r.listed = w->r.known = 0;
	publish(&w->r);
	assert_int_equal(w->told, 0);
	w->r.listed = w->r.known = 1;
	w->c->detailed = 0;
	publish(&w->r);
	publish(&w->r);
	assert_int_equal(w->told, 0);
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	publish(&w->r);
	assert_int_equal(w->told, 1);
	/* While the runtime is away what was seen last counts. */
	w->r.listed = 0;
	w->c->detailed = 0;
	w->p->want.wanted = 1;
	w->p->want.terminating = 1;
	w->p->dirty = 1;
	publish(&w->r);
	assert_int_equal(w->told, 2);
	/* One that waits for another one's end is not told. */
	w->p->want.blocked = 1;
	w->p->want.terminating = 0;
	w->p->dirty = 1;
	publish(&w->r);
	assert_int_equal(w->told, 2);
}

/* One that waits for its restart is told of once, not at each look. */
static void
test_back_off(void **state)
{
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	Tripod__Container spec = TRIPOD__CONTAINER__INIT, *specs[] = { &spec };
	struct world *w = *state;
	int64_t before;

	spec.name = TEXT("main");
	pod.container = specs;
	pod.n_container = 1;
	d.pod = &pod;
	w->p->definition = &d;
	pod_make_room(w->p, 1);
	w->p->want.wanted = 1;
	w->p->want.pod = &pod;
	w->c->state = SEEN_EXITED;
	w->c->finished = w->c->crash.last = mtime_now();
	w->c->crash.delay_ms = 10000;
	for (before = wall_now_ns(); wall_now_ns() - before < 5000000;) {
		w->p->dirty = 1;
		publish(&w->r);
	}
	assert_int_equal(w->told, 1);
	assert_string_equal(TAILQ_FIRST(&w->r.records.list)->reason, "BackOff");
}

/* Its end is told when nothing of it runs, before all is cleaned up. */
static void
test_gone(void **state)
{
	const struct {
		enum seen_state state;
		int busy, stale, wanted, gone;
	} rows[] = {
		{ SEEN_EXITED, 0, 0, 0, 1 },
		{ SEEN_EXITED, 1, 0, 0, 1 }, /* it is being removed */
		{ SEEN_EXITED, 0, 1, 0, 0 }, { SEEN_EXITED, 0, 0, 1, 0 },
		{ SEEN_RUNNING, 0, 0, 0, 0 },
		{ SEEN_RUNNING, 1, 0, 0, 0 }, /* it is being stopped */
		{ SEEN_UNKNOWN, 0, 0, 0, 0 }, { SEEN_CREATED, 0, 0, 0, 1 },
		{ SEEN_CREATED, 1, 0, 0, 0 }, /* it is being started */
	};
	Tripod__Definition d = TRIPOD__DEFINITION__INIT;
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct world *w = *state;
	size_t i;

	d.pod = &pod;
	w->p->definition = &d;
	w->p->want.terminating = 1;
	w->p->inflight++; /* the stop of its sandbox, say */
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w->c->state = rows[i].state;
		w->c->busy = rows[i].busy;
		w->p->seen.stale = rows[i].stale;
		w->p->want.wanted = rows[i].wanted;
		w->p->dirty = 1;
		w->gone = 0;
		publish(&w->r);
		if (w->gone != rows[i].gone)
			fail_msg("row %zu: %d", i, w->gone);
	}
	w->p->inflight--;
}

/*
 * Milliseconds until the next list, give or take what the two clocks that
 * libevent converts between have drifted apart.
 */
#define DRIFT_MS 50
static int64_t
next_list(struct world *w)
{
	struct timeval due, now;

	assert_true(event_pending(w->r.ev_observe, EV_TIMEOUT, &due));
	assert_int_equal(evutil_gettimeofday(&now, NULL), 0);
	evutil_timersub(&due, &now, &due);
	(void)event_del(w->r.ev_observe);
	return (due.tv_sec * 1000 + due.tv_usec / 1000);
}

/* Lists that fail are backed off, up to the pace of those without reason. */
static void
test_list_fails(void **state)
{
	struct world *w = *state;
	int64_t wait, before = 100;
	int i;

	for (i = 0; i < 10; i++) {
		observe_all(&w->r);
		answer(w, CRI_LIST_POD_SANDBOX, GRPC_RESOURCE_EXHAUSTED, NULL);
		wait = next_list(w);
		assert_true(wait > before || wait > NET_MS / 2);
		assert_true(wait <= NET_MS + DRIFT_MS);
		before = wait;
	}
	observe_all(&w->r);
	answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	wait = next_list(w);
	assert_true(wait > NET_MS / 2 && wait <= NET_MS + DRIFT_MS);
	observe_all(&w->r);
	answer(w, CRI_LIST_POD_SANDBOX, GRPC_UNKNOWN, NULL);
	assert_true(next_list(w) <= 200);
}

/* A list that was taken before an end that is known. */
static void
test_old_list(void **state)
{
	struct world *w = *state;

	observe_all(&w->r);
	hint(w, "c");
	w->asked[2] = w->asked[0];
	w->asked[0] = w->asked[1];
	w->n = 1;
	answer_container(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED);
	w->asked[0] = w->asked[2];
	w->n = 1;
	answer_list(w, RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING);
	assert_int_equal(w->c->state, SEEN_EXITED);
	assert_int_equal(w->n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_container_ends),
		TEST(test_sandbox_ends),
		TEST(test_false_hint),
		TEST(test_stopped),
		TEST(test_no_answer),
		TEST(test_never_told),
		TEST(test_gate),
		TEST(test_back_off),
		TEST(test_gone),
		TEST(test_list_fails),
		TEST(test_old_list),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
