#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/goal.h"
#include "ctl/pods.h"

#define NOW INT64_C(1000000000000)
#define SECOND INT64_C(1000000000)

/* A pod with one container, and all that a status has of it. */
struct world {
	Tripod__PodItem pod;
	Tripod__PodStatus status;
	Tripod__Condition ready, *conditions[1];
	Tripod__ContainerStatus c, *containers[1];
	Tripod__ContainerState state, last;
	Tripod__PodDetail detail;
	Tripod__ContainerDetail d, *details[1];
};

static char name[] = "main", hash[] = "0123456789abcdef", type[] = "Ready",
	    reason[] = "CrashLoopBackOff", error[] = "OOMKilled", bye[] = "bye",
	    loop[] = "it keeps ending: back-off",
	    net[] = "the network is not ready";

static void
world_init(struct world *w)
{
	tripod__pod_item__init(&w->pod);
	tripod__pod_status__init(&w->status);
	tripod__condition__init(&w->ready);
	tripod__container_status__init(&w->c);
	tripod__container_state__init(&w->state);
	tripod__container_state__init(&w->last);
	tripod__pod_detail__init(&w->detail);
	tripod__container_detail__init(&w->d);
	w->pod.hash = hash;
	w->pod.status = &w->status;
	w->pod.detail = &w->detail;
	w->ready.type = type;
	w->conditions[0] = &w->ready;
	w->status.condition = w->conditions;
	w->status.n_condition = 1;
	w->c.name = w->d.name = name;
	w->containers[0] = &w->c;
	w->status.container = w->containers;
	w->status.n_container = 1;
	w->c.state = &w->state;
	w->c.last_state = &w->last;
	w->last.kind = TRIPOD__CONTAINER_STATE__KIND__NONE;
	w->details[0] = &w->d;
	w->detail.container = w->details;
	w->detail.n_container = 1;
}

static int
reached(const char *text, const Tripod__PodItem *p, struct err *why)
{
	struct goal g;

	assert_int_equal(goal_parse(&g, text), 0);
	return (goal_reached(&g, p, NOW, why));
}

static void
test_parse(void **state)
{
	static const char *const bad[] = { "", "Ready", "readyy",
		"hash=", "hash=0123456", "hash=0123456g", "hash=0123456 ",
		"hash" };
	struct goal g;
	size_t i;

	(void)state;
	assert_int_equal(goal_parse(&g, "gone"), 0);
	assert_int_equal(g.kind, GOAL_GONE);
	assert_int_equal(goal_parse(&g, "hash=01234567"), 0);
	assert_int_equal(g.kind, GOAL_HASH);
	assert_string_equal(g.hash, "01234567");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (goal_parse(&g, bad[i]) == 0)
			fail_msg("%s", bad[i]);
}

static void
test_reached(void **state)
{
	struct world w;
	struct err why;

	(void)state;
	world_init(&w);
	assert_int_equal(reached("ready", &w.pod, &why), 0);
	assert_string_equal(why.text, "it is Pending");
	assert_int_equal(reached("running", &w.pod, &why), 0);
	w.status.phase = TRIPOD__PHASE__PHASE_RUNNING;
	assert_int_equal(reached("running", &w.pod, &why), 1);
	assert_int_equal(reached("ready", &w.pod, &why), 0);
	w.ready.status = 1;
	assert_int_equal(reached("ready", &w.pod, &why), 1);
	assert_int_equal(reached("hash=01234567", &w.pod, &why), 1);
	assert_int_equal(reached("hash=11234567", &w.pod, &why), 0);
	assert_string_equal(why.text, "its hash is 0123456789abcdef");
	w.pod.terminating = 1;
	assert_int_equal(reached("ready", &w.pod, &why), 0);
	assert_int_equal(reached("running", &w.pod, &why), 0);
	assert_int_equal(reached("gone", &w.pod, &why), 0);
	assert_string_equal(why.text, "it is Terminating");
	assert_int_equal(reached("gone", NULL, &why), 1);
	assert_int_equal(reached("ready", NULL, &why), 0);
	assert_string_equal(why.text, "there is no such pod");
}

static void
test_why(void **state)
{
	char text[PODS_TEXT_MAX];
	struct world w;

	(void)state;
	world_init(&w);
	pod_why(&w.pod, NOW, text);
	assert_string_equal(text, "");
	w.d.waits = loop;
	w.d.until_ns = NOW + 11 * SECOND + 1;
	pod_why(&w.pod, NOW, text);
	assert_string_equal(
	    text, "container main: it keeps ending: back-off, again in 12s");
	w.state.reason = reason;
	w.last.kind = TRIPOD__CONTAINER_STATE__KIND__TERMINATED;
	w.last.exit_code = 137;
	w.last.reason = error;
	w.last.message = bye;
	pod_why(&w.pod, NOW, text);
	assert_string_equal(text,
	    "container main: it keeps ending: back-off, again in 12s; it last "
	    "ended with code 137 (SIGKILL), OOMKilled: bye");
	assert_string_equal(pod_state(&w.pod), "CrashLoopBackOff");
	/* What holds up the pod holds up its containers. */
	w.detail.waits = net;
	pod_why(&w.pod, NOW, text);
	assert_string_equal(text, "the network is not ready");
}

static void
test_texts(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = { { -5, "0s" }, { 0, "0s" }, { 119, "119s" }, { 120, "2m" },
		{ 7200, "2h" }, { 2 * 86400, "2d" } };
	char text[PODS_AGE_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		age_text(text, NOW - rows[i].seconds * SECOND, NOW);
		assert_string_equal(text, rows[i].text);
	}
	age_text(text, 0, NOW);
	assert_string_equal(text, "-");
	exit_text(text, 3);
	assert_string_equal(text, "code 3");
	exit_text(text, 143);
	assert_string_equal(text, "code 143 (SIGTERM)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_reached),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_texts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
