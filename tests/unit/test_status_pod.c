/*
 * Statuses of pods with init containers, sidecars, hooks and probes; what is
 * wanted and seen is written as planrow.h says.
 *
 * A container's status is text: W, R or T for its state with the reason or
 * exit code behind, + if it is ready, * if it has started, and the exit code
 * of its last state in brackets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/words.h"
#include "reconciled/status.h"
#include "tests/unit/planrow.h"

#define TEXT 512
#define NOW_NS 5000000000000LL
#define STATUS_MAX (1024 * 1024)

struct status_row {
	unsigned int want;
	const char *pod, *seen;
	const char *containers; /* init containers, then the others */
	const char *phase;
	int initialized, ready;
};

static void
print_container(char *out, size_t size, const Tripod__ContainerStatus *s)
{
	char last[16] = "", state[64];

	if (s->last_state->kind == TRIPOD__CONTAINER_STATE__KIND__TERMINATED)
		(void)snprintf(
		    last, sizeof(last), "[%d]", s->last_state->exit_code);
	if (s->state->kind == TRIPOD__CONTAINER_STATE__KIND__RUNNING)
		(void)snprintf(state, sizeof(state), "R");
	else if (s->state->kind == TRIPOD__CONTAINER_STATE__KIND__TERMINATED)
		(void)snprintf(
		    state, sizeof(state), "T%d", s->state->exit_code);
	else
		(void)snprintf(state, sizeof(state), "W%s", s->state->reason);
	(void)snprintf(out, size, "%s=%s%s%s%s", s->name, state,
	    s->ready ? "+" : "", s->started ? "*" : "", last);
}

static void
print_containers(char *out, const Tripod__PodStatus *st)
{
	size_t i, len = 0;

	for (i = 0; i < st->n_init_container + st->n_container; i++) {
		if (i > 0)
			len += (size_t)snprintf(out + len, TEXT - len, " ");
		print_container(out + len, TEXT - len,
		    i < st->n_init_container
			? st->init_container[i]
			: st->container[i - st->n_init_container]);
		len += strlen(out + len);
	}
}

static const Tripod__Condition *
condition(const Tripod__PodStatus *st, const char *type)
{
	size_t i;

	for (i = 0; i < st->n_condition; i++)
		if (strcmp(st->condition[i]->type, type) == 0)
			return (st->condition[i]);
	fail_msg("no condition %s", type);
	return (NULL);
}

static const Tripod__PodStatus *
build(struct arena *a, const struct planned *f)
{
	static char runtime[] = "containerd";
	static const struct conf_list addresses;
	struct status_env env = { .runtime_name = runtime,
		.addresses = &addresses,
		.now = { NOW },
		.now_ns = NOW_NS };

	return (status_build(a, &env, f->pod));
}

static void
check_row(size_t i, const struct status_row *row)
{
	struct planned *f = planned_new(row->pod, row->seen, row->want, 0);
	const Tripod__PodStatus *st;
	char text[TEXT];
	struct arena arena;

	arena_init(&arena, STATUS_MAX);
	st = build(&arena, f);
	print_containers(text, st);
	if (strcmp(text, row->containers) != 0 ||
	    strcmp(phase_str(st->phase), row->phase) != 0 ||
	    condition(st, "Initialized")->status != row->initialized ||
	    condition(st, "Ready")->status != row->ready)
		fail_msg("row %zu: %s: \"%s\", %s, initialized %d, ready %d", i,
		    row->seen, text, phase_str(st->phase),
		    condition(st, "Initialized")->status,
		    condition(st, "Ready")->status);
	arena_release(&arena);
	planned_free(f);
}

/* clang-format off */
static void
test_rows(void **state)
{
	static const struct status_row rows[] = {
		{ W_WANTED, "ia sb c", "",
		    "a=WPodInitializing b=WPodInitializing "
		    "c=WPodInitializing", "Pending", 0, 0 },
		{ W_WANTED, "a", "", "a=WContainerCreating", "Pending", 1, 0 },
		{ W_WANTED, "ia sb c", "s0 a0=r0",
		    "a=R b=WPodInitializing c=WPodInitializing",
		    "Pending", 0, 0 },
		{ W_WANTED, "ia sb c", "s0 a0=x0",
		    "a=T0+ b=WPodInitializing c=WPodInitializing",
		    "Pending", 0, 0 },
		{ W_WANTED, "ia sb c", "s0 a0=x0 b0=r0",
		    "a=T0+ b=R+* c=WPodInitializing", "Pending", 1, 0 },
		{ W_WANTED, "ia sb? c", "s0 a0=x0 b0=r0?",
		    "a=T0+ b=R c=WPodInitializing", "Pending", 0, 0 },
		{ W_WANTED, "ia sb c", "s0 a0=x0 b0=r0 c0=r0",
		    "a=T0+ b=R+* c=R+*", "Running", 1, 1 },
		/* A sidecar counts for readiness. */
		{ W_WANTED, "sb c", "s0 b0=f0% c0=r0",
		    "b=WCrashLoopBackOff[1] c=R+*", "Running", 1, 0 },
		/* Records of init containers may be gone. */
		{ W_WANTED, "ia c", "s0 c0=r0", "a=T0+ c=R+*", "Running", 1,
		    1 },
		/* Or there is only that of a sandbox of the past. */
		{ W_WANTED, "ia c", "s1 S0 a0=x0 c1=r1", "a=T0+ c=R+*",
		    "Running", 1, 1 },
		/* In a new sandbox they run again. */
		{ W_WANTED, "ia c", "s1 S0 a0=x0 c0=f0",
		    "a=WPodInitializing[0] c=T1", "Running", 1, 0 },
		/* Crash loops, and failures for good. */
		{ W_WANTED, "ia c", "s0 a0=f0%",
		    "a=WCrashLoopBackOff[1] c=WPodInitializing", "Pending",
		    0, 0 },
		{ W_WANTED | W_NEVER | W_OVER, "ia c", "s0 a0=f0",
		    "a=T1 c=WPodInitializing", "Failed", 0, 0 },
		/* Over, but the sidecar still runs. */
		{ W_WANTED | W_NEVER | W_OVER, "sa c", "s0 a0=r0 c0=x0",
		    "a=R+* c=T0", "Running", 1, 0 },
		{ W_WANTED | W_NEVER | W_OVER, "sa c", "s0 a0=f0 c0=x0",
		    "a=T1 c=T0", "Succeeded", 1, 0 },
		{ W_WANTED | W_NEVER | W_OVER, NULL, "S0 a0=x0",
		    "a=T0 b=WContainerCreating", "Failed", 1, 0 },
		/* Another instance is there, and about to be started. */
		{ W_WANTED, "a", "s0 a1=c0 a0=f0", "a=W[1]", "Running", 1, 0 },
		/* Policies of their own. */
		{ W_WANTED, "aN b", "s0 a0=f0 b0=r0", "a=T1 b=R+*",
		    "Running", 1, 0 },
		{ W_WANTED, "a@ b", "s0 a0=q0 b0=x0", "a=T42 b=T0",
		    "Running", 1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++)
		check_row(i, &rows[i]);
}
/* clang-format on */

/* What is told of it now is the status that was told last from now on. */
static const Tripod__PodStatus *
tell(struct arena *a, const struct planned *f, struct pod *to)
{
	Tripod__PodItem item = TRIPOD__POD_ITEM__INIT;
	Tripod__PodStatus *st = (Tripod__PodStatus *)(uintptr_t)build(a, f);
	uint8_t *packed;

	item.status = st;
	item.hash = to->hash;
	packed = xmalloc(tripod__pod_item__get_packed_size(&item));
	to->published_len = tripod__pod_item__pack(&item, packed);
	free(to->published);
	to->published = packed;
	return (st);
}

/* clang-format off */
static const struct {
	unsigned int want;
	const char *pod, *before, *now;
	const char *containers; /* of now */
	const char *phase;
	uint32_t restarts; /* of the first one */
} lost_rows[] = {
	/* The runtime has lost what ran. */
	{ W_WANTED, "a", "s0 a0=r0", "s0 a0=u0", "a=T137", "Running", 1 },
	{ W_WANTED, "a", "s0 a1=r0 a0=f0", "s0 a1=u0 a0=f0", "a=T137[1]",
	    "Running", 2 },
	/* It has found it again: a count is not taken back. */
	{ W_WANTED, "a", "s0 a0=u0", "s0 a0=f0", "a=T1", "Running", 1 },
	{ W_WANTED, "a", "s0 a0=u0", "s0 a1=r0 a0=f0", "a=R+*[1]", "Running",
	    1 },
	/* Nothing is left of what ran. */
	{ W_WANTED, "a", "s0 a0=r0", "s0", "a=WContainerCreating[137]",
	    "Running", 1 },
	{ W_WANTED, "a", "s0 a1=r0 a0=f0", "s0", "a=WContainerCreating[137]",
	    "Running", 2 },
	{ W_WANTED, "ia c", "s0 a0=r0", "s0",
	    "a=WPodInitializing[137] c=WPodInitializing", "Pending", 1 },
	/* Of what had ended; or had not begun. */
	{ W_WANTED, "a", "s0 a1=f0", "s0", "a=T1", "Running", 1 },
	{ W_WANTED | W_NEVER | W_OVER, "a", "S0 a0=x0", "S0", "a=T0",
	    "Succeeded", 0 },
	{ W_WANTED | W_NEVER | W_OVER, "a", "S0 a0=f0", "S0", "a=T1",
	    "Failed", 0 },
	{ W_WANTED, "a", "s0", "s0", "a=WContainerCreating", "Pending", 0 },
	{ W_WANTED, "a", "s0 a0=c0", "s0", "a=WContainerCreating", "Pending",
	    0 },
	/* An init container that was passed. */
	{ W_WANTED, "ia c", "", "s0 c0=r0", "a=T0+ c=R+*", "Running", 0 },
	{ W_WANTED, "ia c", "s0 a0=x0", "s0 c0=r0", "a=T0+ c=R+*", "Running",
	    0 },
};
/* clang-format on */

/* Instances of which less is known than was told (runtime.md 7.4). */
static void
test_lost(void **state)
{
	const Tripod__PodStatus *st, *again;
	struct seen_container *c;
	struct planned *before, *now;
	char text[TEXT];
	struct arena a;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(lost_rows); i++) {
		before = planned_new(lost_rows[i].pod, lost_rows[i].before,
		    lost_rows[i].want, 0);
		now = planned_new(
		    lost_rows[i].pod, lost_rows[i].now, lost_rows[i].want, 0);
		TAILQ_FOREACH (c, &before->pod->seen.containers, entry)
			c->started_ns = 10;
		TAILQ_FOREACH (c, &now->pod->seen.containers, entry)
			c->started_ns = 10;
		arena_init(&a, STATUS_MAX);
		(void)tell(&a, before, now->pod);
		st = tell(&a, now, now->pod);
		print_containers(text, st);
		if (strcmp(text, lost_rows[i].containers) != 0 ||
		    strcmp(phase_str(st->phase), lost_rows[i].phase) != 0)
			fail_msg("row %zu: \"%s\", %s", i, text,
			    phase_str(st->phase));
		assert_int_equal(
		    (st->n_init_container > 0 ? st->init_container[0]
					      : st->container[0])
			->restart_count,
		    lost_rows[i].restarts);
		/* The same again: nothing has happened. */
		again = build(&a, now);
		assert_int_equal(tripod__pod_status__get_packed_size(again),
		    tripod__pod_status__get_packed_size(st));
		arena_release(&a);
		planned_free(before);
		planned_free(now);
	}
}

/* What is told of how it was lost; what is no reason to say so. */
static void
test_lost_why(void **state)
{
	struct planned *now = planned_new("ia b", "s0 b0=u0", W_WANTED, 0);
	struct seen_container *b = container_newest(&now->pod->seen, "b");
	const Tripod__ContainerStatus *s;
	const Tripod__PodStatus *st;
	struct arena a;

	(void)state;
	arena_init(&a, STATUS_MAX);
	/* It was never seen to run. */
	s = build(&a, now)->container[0];
	assert_int_equal(
	    s->state->kind, TRIPOD__CONTAINER_STATE__KIND__WAITING);
	assert_int_equal(s->restart_count, 0);
	b->started_ns = 10;
	st = tell(&a, now, now->pod);
	assert_string_equal(
	    st->container[0]->state->reason, "ContainerStatusUnknown");
	assert_string_equal(
	    st->container[0]->state->container_id, "containerd://b0");
	assert_string_equal(st->init_container[0]->state->reason, "Completed");
	assert_true(st->init_container[0]->state->message[0] != '\0');
	/* Of another definition of the same uid nothing counts. */
	container_drop(&now->pod->seen, b);
	text_set(&now->pod->hash, "other");
	s = build(&a, now)->container[0];
	assert_string_equal(s->state->reason, "PodInitializing");
	assert_int_equal(s->restart_count, 0);
	arena_release(&a);
	planned_free(now);
}

/* When the machine goes down a pod fails as soon as nothing of it runs. */
static void
test_down(void **state)
{
	/* clang-format off */
	static const struct {
		unsigned int want;
		enum pod_down down;
		const char *before, *now, *phase, *reason;
	} rows[] = {
		{ 0, DOWN_WAITS, "s0 a0=r0", "s0 a0=r0", "Running", "" },
		{ 0, DOWN_ENDS, "s0 a0=r0", "s0 a0=r0", "Running",
		    "Terminated" },
		{ 0, DOWN_ENDS, "s0 a0=r0", "s0 a0=x0", "Failed",
		    "Terminated" },
		{ 0, DOWN_ENDS, "s0 a0=r0", "S0 a0=f0", "Failed",
		    "Terminated" },
		{ 0, DOWN_ENDS, "s0", "S0", "Failed", "Terminated" },
		{ W_NEVER | W_OVER, DOWN_ENDS, "s0 a0=x0", "S0 a0=x0",
		    "Succeeded", "Terminated" },
		{ W_NEVER | W_OVER, DOWN_WAITS, "S0 a0=f0", "S0 a0=f0",
		    "Failed", "" },
	};
	/* clang-format on */
	struct planned *before, *now;
	const Tripod__PodStatus *st;
	struct arena a;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		before = planned_new(
		    "a", rows[i].before, W_WANTED | rows[i].want, 0);
		now = planned_new("a", rows[i].now, W_WANTED | rows[i].want, 0);
		arena_init(&a, STATUS_MAX);
		(void)tell(&a, before, now->pod);
		now->pod->want.down = rows[i].down;
		st = build(&a, now);
		if (strcmp(phase_str(st->phase), rows[i].phase) != 0 ||
		    strcmp(st->reason, rows[i].reason) != 0)
			fail_msg("row %zu: %s, %s", i, phase_str(st->phase),
			    st->reason);
		arena_release(&a);
		planned_free(before);
		planned_free(now);
	}
}

static void
test_messages(void **state)
{
	struct planned *f = planned_new("ia sb c", "s0 a0=r0", W_WANTED, 0);
	const Tripod__PodStatus *st;
	struct arena arena;

	(void)state;
	arena_init(&arena, STATUS_MAX);
	st = build(&arena, f);
	assert_string_equal(
	    condition(st, "Initialized")->reason, "ContainersNotInitialized");
	assert_string_equal(condition(st, "Initialized")->message,
	    "containers with incomplete status: [a b]");
	assert_string_equal(condition(st, "ContainersReady")->message,
	    "containers with unready status: [b c]");
	assert_string_equal(st->qos_class, "BestEffort");
	arena_release(&arena);
	planned_free(f);
}

/* Initialized is not taken back when init containers run again. */
static void
test_initialized(void **state)
{
	struct planned *before, *after;
	struct arena arena;

	(void)state;
	before = planned_new("ia c", "s0 a0=x0 c0=r0", W_WANTED, 0);
	after = planned_new("ia c", "s1 S0 a0=x0", W_WANTED, 0);
	arena_init(&arena, STATUS_MAX);
	assert_false(condition(build(&arena, after), "Initialized")->status);
	status_remember(&after->pod->memo, build(&arena, before));
	assert_true(condition(build(&arena, after), "Initialized")->status);
	arena_release(&arena);
	planned_free(before);
	planned_free(after);
}

static void
test_deadline(void **state)
{
	struct planned *f = planned_new(
	    NULL, "S0 a0=f0 b0=f0", W_WANTED | W_OVER, 0);
	const Tripod__PodStatus *st;
	struct arena arena;

	(void)state;
	f->pod->want.over = OVER_DEADLINE;
	arena_init(&arena, STATUS_MAX);
	st = build(&arena, f);
	assert_int_equal(st->phase, TRIPOD__PHASE__PHASE_FAILED);
	assert_string_equal(st->reason, "DeadlineExceeded");
	assert_string_equal(condition(st, "Ready")->reason, "PodFailed");
	arena_release(&arena);
	planned_free(f);
}

/* A gate that nobody opens. */
static void
test_gate(void **state)
{
	static char name[] = "example.com/gate";
	static char *gates[] = { name };
	struct planned *f = planned_new("c", "s0 c0=r0", W_WANTED, 0);
	const Tripod__PodStatus *st;
	struct arena arena;

	(void)state;
	f->def.readiness_gate = gates;
	f->def.n_readiness_gate = 1;
	arena_init(&arena, STATUS_MAX);
	st = build(&arena, f);
	assert_true(condition(st, "ContainersReady")->status);
	assert_false(condition(st, "Ready")->status);
	assert_string_equal(
	    condition(st, "Ready")->reason, "ReadinessGatesNotReady");
	arena_release(&arena);
	f->def.n_readiness_gate = 0;
	planned_free(f);
}

/* A restart is no change: times are those that the runtime knows. */
static void
test_after_restart(void **state)
{
	struct planned *f = planned_new("ia c", "s0 a0=x0 c0=r0", W_WANTED, 0);
	struct pod_seen *seen = &f->pod->seen;
	const Tripod__PodStatus *st;
	struct arena arena;

	(void)state;
	f->pod->memo.start_ns = 100;
	container_newest(seen, "a")->finished_ns = 200;
	container_newest(seen, "c")->started_ns = 300;
	arena_init(&arena, STATUS_MAX);
	st = build(&arena, f);
	assert_int_equal(condition(st, "PodScheduled")->transition_ns, 100);
	assert_int_equal(condition(st, "Initialized")->transition_ns, 200);
	assert_int_equal(condition(st, "Ready")->transition_ns, 300);
	/* Later ones are changes. */
	status_remember(&f->pod->memo, st);
	container_newest(seen, "c")->state = SEEN_UNKNOWN;
	st = build(&arena, f);
	assert_int_equal(condition(st, "Ready")->transition_ns, NOW_NS);
	assert_int_equal(condition(st, "Initialized")->transition_ns, 200);
	arena_release(&arena);
	planned_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lost_why),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_initialized),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_after_restart),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
