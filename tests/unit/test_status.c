/*
 * The status of a pod: phases, reasons, conditions (runtime.md 7).
 *
 * A row gives what was seen of containers a and b: '-' nothing, 'c' created,
 * 'r' running, 'x' exited with 0, 'f' failed; a second letter is the instance
 * before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/words.h"
#include "reconciled/status.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define ARENA_MAX (1024 * 1024)
#define NOW_MS 1000000
#define NOW_NS 5000000000000LL

struct fixture {
	struct arena arena;
	struct conf_list addresses;
	struct status_env env;
	struct pod *p;
	Tripod__Definition definition;
	Tripod__Pod pod;
	Tripod__Container container[2];
	Tripod__Container *list[2];
};

static int
setup(void **state)
{
	static struct fixture f;
	size_t i;

	memset(&f, 0, sizeof(f));
	arena_init(&f.arena, ARENA_MAX);
	f.addresses.n = 1;
	f.addresses.value[0] = TEXT("192.0.2.1");
	f.env.runtime_name = "containerd";
	f.env.addresses = &f.addresses;
	f.env.now.ms = NOW_MS;
	f.env.now_ns = NOW_NS;
	tripod__definition__init(&f.definition);
	tripod__pod__init(&f.pod);
	for (i = 0; i < LEN(f.list); i++) {
		tripod__container__init(&f.container[i]);
		f.list[i] = &f.container[i];
	}
	f.container[0].name = TEXT("a");
	f.container[1].name = TEXT("b");
	f.container[0].image = f.container[1].image = TEXT("bb:1");
	f.pod.container = f.list;
	f.pod.n_container = 2;
	f.definition.pod = &f.pod;
	f.p = pod_new("u", "default", "web");
	f.p->definition = &f.definition;
	pod_make_room(f.p, POD_CONTAINERS_MAX);
	f.p->want.wanted = 1;
	f.p->memo.start_ns = 77;
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	pod_free(f->p);
	arena_release(&f->arena);
	return (0);
}

static void
renew(void **state)
{
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(state), 0);
}

static void
see_one(struct fixture *f, const char *name, char what, uint32_t attempt)
{
	struct seen_container *c;
	char id[16];

	(void)snprintf(id, sizeof(id), "%s%u", name, attempt);
	c = container_add(&f->p->seen, id, name, attempt, 1);
	c->started_ns = 10;
	c->finished_ns = 20;
	c->finished.ms = NOW_MS;
	switch (what) {
	case 'c':
		c->state = SEEN_CREATED;
		break;
	case 'r':
		c->state = SEEN_RUNNING;
		break;
	default:
		c->state = SEEN_EXITED;
		c->exit_code = what == 'f';
		text_set(&c->reason, what == 'f' ? "Error" : "Completed");
	}
}

static void
see(struct fixture *f, const char *name, const char *text)
{
	if (text[0] == '-')
		return;
	if (text[1] != '\0')
		see_one(f, name, text[1], 0);
	see_one(f, name, text[0], text[1] != '\0');
}

static void
see_sandbox(struct fixture *f, const char *ip, int ready)
{
	struct seen_sandbox *s = sandbox_add(&f->p->seen, "s", 0, 1);

	s->ready = ready;
	sandbox_set_ips(s, (char *[]){ (char *)(uintptr_t)ip }, 1);
}

static Tripod__PodStatus *
build(struct fixture *f)
{
	return (status_build(&f->arena, &f->env, f->p));
}

static void
test_phase(void **state)
{
	enum {
		A = TRIPOD__RESTART_POLICY__RESTART_ALWAYS,
		F = TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE,
		N = TRIPOD__RESTART_POLICY__RESTART_NEVER
	};
	static const struct {
		int policy;
		const char *a, *b, *phase;
	} rows[] = {
		{ A, "-", "-", "Pending" },
		{ A, "r", "-", "Pending" },
		{ A, "r", "c", "Pending" },
		{ A, "r", "cf", "Running" },
		{ A, "r", "r", "Running" },
		{ A, "r", "f", "Running" },
		{ A, "f", "f", "Running" },
		{ A, "x", "x", "Running" },
		{ F, "x", "x", "Succeeded" },
		{ F, "x", "f", "Running" },
		{ F, "x", "r", "Running" },
		{ N, "x", "f", "Failed" },
		{ N, "x", "x", "Succeeded" },
		{ N, "r", "f", "Running" },
	};
	struct fixture *f;
	const char *phase;
	size_t i;

	for (i = 0; i < LEN(rows); i++) {
		f = *state;
		f->pod.restart_policy = (Tripod__RestartPolicy)rows[i].policy;
		see(f, "a", rows[i].a);
		see(f, "b", rows[i].b);
		phase = phase_str(build(f)->phase);
		if (strcmp(phase, rows[i].phase) != 0)
			fail_msg("row %zu: %s", i, phase);
		renew(state);
	}
}

static void
test_running(void **state)
{
	struct fixture *f = *state;
	const Tripod__ContainerStatus *s;

	see(f, "a", "rf");
	s = build(f)->container[0];
	assert_string_equal(s->name, "a");
	assert_string_equal(s->image, "bb:1");
	assert_string_equal(s->container_id, "containerd://a1");
	assert_int_equal(s->restart_count, 1);
	assert_true(s->ready && s->started);
	assert_int_equal(
	    s->state->kind, TRIPOD__CONTAINER_STATE__KIND__RUNNING);
	assert_int_equal(s->state->started_ns, 10);
	assert_int_equal(
	    s->last_state->kind, TRIPOD__CONTAINER_STATE__KIND__TERMINATED);
	assert_int_equal(s->last_state->exit_code, 1);
	assert_string_equal(s->last_state->reason, "Error");
	assert_string_equal(s->last_state->container_id, "containerd://a0");
}

static void
test_waiting(void **state)
{
	struct fixture *f = *state;
	struct memo_container *m = &f->p->memo.container[0];
	const Tripod__ContainerStatus *s;

	s = build(f)->container[0];
	assert_int_equal(
	    s->state->kind, TRIPOD__CONTAINER_STATE__KIND__WAITING);
	assert_string_equal(s->state->reason, "ContainerCreating");
	assert_int_equal(
	    s->last_state->kind, TRIPOD__CONTAINER_STATE__KIND__NONE);
	/* Why there is no sandbox. */
	(void)snprintf(f->p->memo.message, POD_MESSAGE_MAX, "no network");
	assert_string_equal(
	    build(f)->container[0]->state->message, "no network");
	/* A failure says more. */
	(void)snprintf(m->reason, sizeof(m->reason), "ErrImagePull");
	(void)snprintf(m->message, sizeof(m->message), "not found");
	m->image.fails = 1;
	m->image.not_before.ms = NOW_MS + 2000;
	s = build(f)->container[0];
	assert_string_equal(s->state->reason, "ErrImagePull");
	assert_string_equal(s->state->message, "not found");
	assert_int_equal(s->retry_ns, NOW_NS + 2000 * 1000000LL);
	/* What runs is not waiting, whatever failed before. */
	see(f, "a", "r");
	assert_int_equal(build(f)->container[0]->state->kind,
	    TRIPOD__CONTAINER_STATE__KIND__RUNNING);
}

static void
test_crash_loop(void **state)
{
	struct fixture *f = *state;
	const Tripod__ContainerStatus *s;
	struct seen_container *c;

	see(f, "a", "f");
	c = container_newest(&f->p->seen, "a");
	c->crash.delay_ms = 20000;
	c->crash.last.ms = NOW_MS - 1000;
	s = build(f)->container[0];
	assert_string_equal(s->state->reason, "CrashLoopBackOff");
	assert_int_equal(s->last_state->exit_code, 1);
	assert_int_equal(s->retry_ns, NOW_NS + 20000 * 1000000LL);
	assert_false(s->ready);
	/* After the wait it shows how it ended. */
	f->env.now.ms += 20000;
	s = build(f)->container[0];
	assert_int_equal(
	    s->state->kind, TRIPOD__CONTAINER_STATE__KIND__TERMINATED);
	f->env.now.ms -= 20000;
	/* Neither does one loop that is not started again. */
	f->pod.restart_policy = TRIPOD__RESTART_POLICY__RESTART_NEVER;
	s = build(f)->container[0];
	assert_int_equal(
	    s->state->kind, TRIPOD__CONTAINER_STATE__KIND__TERMINATED);
	f->pod.restart_policy = TRIPOD__RESTART_POLICY__RESTART_ALWAYS;
	f->p->want.terminating = 1;
	s = build(f)->container[0];
	assert_int_equal(
	    s->state->kind, TRIPOD__CONTAINER_STATE__KIND__TERMINATED);
}

/* One that was never started is no last state. */
static void
test_last_state(void **state)
{
	struct fixture *f = *state;

	see(f, "a", "rc");
	assert_int_equal(build(f)->container[0]->last_state->kind,
	    TRIPOD__CONTAINER_STATE__KIND__NONE);
}

static const Tripod__Condition *
condition(const Tripod__PodStatus *s, const char *type)
{
	size_t i;

	for (i = 0; i < s->n_condition; i++)
		if (strcmp(s->condition[i]->type, type) == 0)
			return (s->condition[i]);
	fail_msg("no condition %s", type);
	return (NULL);
}

static void
test_conditions(void **state)
{
	static const struct {
		int policy;
		const char *a, *b;
		int ready;
		const char *reason, *message;
	} rows[] = {
		{ TRIPOD__RESTART_POLICY__RESTART_ALWAYS, "r", "r", 1, "", "" },
		{ TRIPOD__RESTART_POLICY__RESTART_ALWAYS, "-", "-", 0,
		    "ContainersNotReady",
		    "containers with unready status: [a b]" },
		{ TRIPOD__RESTART_POLICY__RESTART_ALWAYS, "r", "f", 0,
		    "ContainersNotReady",
		    "containers with unready status: [b]" },
		{ TRIPOD__RESTART_POLICY__RESTART_NEVER, "x", "x", 0,
		    "PodCompleted", "" },
		{ TRIPOD__RESTART_POLICY__RESTART_NEVER, "x", "f", 0,
		    "PodFailed", "" },
	};
	const Tripod__PodStatus *s;
	const Tripod__Condition *c;
	struct fixture *f;
	size_t i;

	for (i = 0; i < LEN(rows); i++) {
		f = *state;
		f->pod.restart_policy = (Tripod__RestartPolicy)rows[i].policy;
		see(f, "a", rows[i].a);
		see(f, "b", rows[i].b);
		s = build(f);
		assert_int_equal(s->n_condition, POD_CONDITIONS);
		c = condition(s, "Ready");
		assert_int_equal(c->status, rows[i].ready);
		assert_string_equal(c->reason, rows[i].reason);
		assert_string_equal(c->message, rows[i].message);
		c = condition(s, "ContainersReady");
		assert_int_equal(c->status, rows[i].ready);
		assert_true(condition(s, "PodScheduled")->status);
		c = condition(s, "Initialized");
		assert_true(c->status);
		assert_string_equal(c->reason,
		    s->phase == TRIPOD__PHASE__PHASE_SUCCEEDED ? "PodCompleted"
							       : "");
		assert_false(condition(s, "PodReadyToStartContainers")->status);
		renew(state);
	}
}

/* Times change with the value only. */
static void
test_transitions(void **state)
{
	struct fixture *f = *state;
	const Tripod__PodStatus *s;

	s = build(f);
	assert_int_equal(condition(s, "Ready")->transition_ns, NOW_NS);
	status_remember(&f->p->memo, s);
	f->env.now_ns += 5;
	s = build(f);
	assert_int_equal(condition(s, "Ready")->transition_ns, NOW_NS);
	status_remember(&f->p->memo, s);
	see(f, "a", "r");
	see(f, "b", "r");
	f->env.now_ns += 5;
	s = build(f);
	assert_int_equal(condition(s, "Ready")->transition_ns, NOW_NS + 10);
	assert_int_equal(condition(s, "PodScheduled")->transition_ns, 77);
}

static void
test_addresses(void **state)
{
	struct fixture *f = *state;
	const Tripod__PodStatus *s;

	see_sandbox(f, "10.0.0.2", 1);
	s = build(f);
	assert_int_equal(s->start_ns, 77);
	assert_int_equal(s->n_host_ip, 1);
	assert_string_equal(s->host_ip[0], "192.0.2.1");
	assert_int_equal(s->n_pod_ip, 1);
	assert_string_equal(s->pod_ip[0], "10.0.0.2");
	assert_true(condition(s, "PodReadyToStartContainers")->status);
	f->pod.host_network = 1;
	s = build(f);
	assert_string_equal(s->pod_ip[0], "192.0.2.1");
	renew(state);
	f = *state;
	see_sandbox(f, "", 1);
	s = build(f);
	assert_int_equal(s->n_pod_ip, 0);
	assert_false(condition(s, "PodReadyToStartContainers")->status);
}

/* Only known from the runtime. */
static void
test_unknown(void **state)
{
	struct fixture *f = *state;
	const Tripod__PodStatus *s;

	f->p->definition = NULL;
	s = build(f);
	assert_int_equal(s->n_container, 0);
	assert_int_equal(s->start_ns, 77);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_phase),
		TEST(test_running),
		TEST(test_waiting),
		TEST(test_crash_loop),
		TEST(test_last_state),
		TEST(test_conditions),
		TEST(test_transitions),
		TEST(test_addresses),
		TEST(test_unknown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
