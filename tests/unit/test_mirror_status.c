/* status.c: what the API shall show, and the patch that gets it there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mirrord/apijson.h"
#include "mirrord/status.h"

/* 2026-11-23T08:01:26.5Z */
#define T0 INT64_C(1795420886500000000)
#define T0_TEXT "2026-11-23T08:01:26Z"

#define TEXT(s) ((char *)(uintptr_t)(s))

static json_t *
load(const char *text)
{
	json_error_t err;
	json_t *v = json_loads(text, 0, &err);

	if (v == NULL)
		fail_msg("%s: %s", err.text, text);
	return (v);
}

static void
assert_json(const json_t *got, const char *want)
{
	json_t *w = load(want);
	char *text = json_dumps(got, JSON_COMPACT);

	if (!json_equal(got, w))
		fail_msg("%s\nis not\n%s", text, want);
	free(text);
	json_decref(w);
}

/* A Running pod of two containers, told in the wrong order. */
static json_t *
build(void)
{
	Tripod__PodStatus st = TRIPOD__POD_STATUS__INIT;
	Tripod__ContainerStatus b = TRIPOD__CONTAINER_STATUS__INIT;
	Tripod__ContainerStatus a = TRIPOD__CONTAINER_STATUS__INIT;
	Tripod__ContainerState run = TRIPOD__CONTAINER_STATE__INIT;
	Tripod__ContainerState end = TRIPOD__CONTAINER_STATE__INIT;
	Tripod__ContainerState wait = TRIPOD__CONTAINER_STATE__INIT;
	Tripod__Condition ready = TRIPOD__CONDITION__INIT;
	Tripod__ContainerStatus *cs[] = { &b, &a };
	Tripod__Condition *conds[] = { &ready };
	char *ips[] = { TEXT("10.0.0.5"), TEXT("fd00::5"), TEXT("10.0.0.6") };

	run.kind = TRIPOD__CONTAINER_STATE__KIND__RUNNING;
	run.started_ns = T0;
	end.kind = TRIPOD__CONTAINER_STATE__KIND__TERMINATED;
	end.exit_code = 3;
	end.reason = TEXT("Error");
	end.finished_ns = T0;
	end.container_id = TEXT("containerd://x");
	b.name = TEXT("b");
	b.image = TEXT("i:b");
	b.state = &run;
	b.last_state = &end;
	b.restart_count = 2;
	b.ready = b.started = 1;
	a.name = TEXT("a");
	a.state = &wait;
	ready.type = TEXT("Ready");
	ready.reason = TEXT("ContainersNotReady");
	ready.transition_ns = T0;
	st.phase = TRIPOD__PHASE__PHASE_RUNNING;
	st.start_ns = T0;
	st.container = cs;
	st.n_container = 2;
	st.condition = conds;
	st.n_condition = 1;
	st.pod_ip = ips;
	st.n_pod_ip = 3;
	return (status_build(&st));
}

#define BUILT                                                                \
	"{\"phase\":\"Running\",\"podIP\":\"10.0.0.5\",\"podIPs\":[{\"ip\":" \
	"\"10.0.0.5\"},{\"ip\":\"fd00::5\"}],\"hostIPs\":[],"                \
	"\"startTime\":\"" T0_TEXT "\",\"conditions\":[{\"type\":"           \
	"\"Ready\",\"status\":\"False\",\"lastTransitionTime\":\"" T0_TEXT   \
	"\",\"reason\":\"ContainersNotReady\"}],\"containerStatuses\":["     \
	"{\"name\":\"a\",\"image\":\"\",\"imageID\":\"\",\"restartCount\":"  \
	"0,\"ready\":false,\"started\":false,\"state\":{\"waiting\":"        \
	"{\"reason\":\"ContainerCreating\"}},\"lastState\":{}},"             \
	"{\"name\":\"b\",\"image\":\"i:b\",\"imageID\":\"\","                \
	"\"restartCount\":2,\"ready\":true,\"started\":true,\"state\":"      \
	"{\"running\":{\"startedAt\":\"" T0_TEXT "\"}},\"lastState\":"       \
	"{\"terminated\":{\"exitCode\":3,\"reason\":\"Error\","              \
	"\"finishedAt\":\"" T0_TEXT "\",\"containerID\":"                    \
	"\"containerd://x\"}}}]}"

static void
test_build(void **state)
{
	json_t *got = build();

	(void)state;
	assert_json(got, BUILT);
	json_decref(got);
}

/* Init containers keep the order of the manifest. */
static void
test_init(void **state)
{
	Tripod__PodStatus st = TRIPOD__POD_STATUS__INIT;
	Tripod__ContainerStatus z = TRIPOD__CONTAINER_STATUS__INIT;
	Tripod__ContainerStatus a = TRIPOD__CONTAINER_STATUS__INIT;
	Tripod__ContainerStatus *list[] = { &z, &a };
	const json_t *got;
	json_t *built;

	(void)state;
	z.name = TEXT("z");
	z.ready = 1;
	a.name = TEXT("a");
	st.init_container = list;
	st.n_init_container = 2;
	built = status_build(&st);
	got = json_object_get(built, "initContainerStatuses");
	assert_int_equal(json_array_size(got), 2);
	assert_string_equal(json_text(json_array_get(got, 0), "name"), "z");
	assert_true(
	    json_is_true(json_object_get(json_array_get(got, 0), "ready")));
	assert_string_equal(json_text(json_array_get(got, 1), "name"), "a");
	json_decref(built);
}

static void
test_messages(void **state)
{
	static char message[20000];
	Tripod__PodStatus st = TRIPOD__POD_STATUS__INIT;
	Tripod__ContainerStatus c[3] = { TRIPOD__CONTAINER_STATUS__INIT,
		TRIPOD__CONTAINER_STATUS__INIT,
		TRIPOD__CONTAINER_STATUS__INIT };
	Tripod__ContainerState end = TRIPOD__CONTAINER_STATE__INIT;
	Tripod__ContainerStatus *cs[] = { &c[0], &c[1], &c[2] };
	json_t *got, *first;

	(void)state;
	memset(message, 'm', sizeof(message) - 1);
	end.kind = TRIPOD__CONTAINER_STATE__KIND__TERMINATED;
	end.message = message;
	c[0].state = c[1].state = c[2].state = &end;
	st.container = cs;
	st.n_container = 3;
	got = status_build(&st);
	first = json_array_get(json_object_get(got, "containerStatuses"), 0);
	first = json_object_get(json_object_get(first, "state"), "terminated");
	assert_int_equal(
	    strlen(json_text(first, "message")), STATUS_MESSAGES_MAX / 3);
	json_decref(got);
}

/* Differences: what the server may add or lack without a patch. */
static const struct {
	const char *seen;
	int differs;
} differences[] = {
	{ BUILT, 0 },
	/* Kept by the server: its own, and what is sticky. */
	{ "{\"phase\":\"Running\",\"qosClass\":\"Burstable\","
	  "\"podIP\":\"10.0.0.5\",\"podIPs\":[{\"ip\":\"10.0.0.5\"},{\"ip\":"
	  "\"fd00::5\"}],\"startTime\":\"2020-01-01T00:00:00Z\","
	  "\"conditions\":[{\"type\":\"Other\",\"status\":\"True\"},{\"type\":"
	  "\"Ready\",\"status\":\"False\",\"lastProbeTime\":null,"
	  "\"lastTransitionTime\":\"2020-01-01T00:00:00Z\",\"reason\":"
	  "\"ContainersNotReady\"}],\"containerStatuses\":"
	  "[{\"name\":\"a\",\"image\":\"\",\"imageID\":\"\","
	  "\"restartCount\":0,\"ready\":false,\"started\":false,\"state\":"
	  "{\"waiting\":{\"reason\":\"ContainerCreating\"}},"
	  "\"lastState\":{}},{\"name\":\"b\",\"image\":\"i:b\","
	  "\"imageID\":\"\",\"restartCount\":2,\"ready\":true,"
	  "\"started\":true,\"state\":{\"running\":{\"startedAt\":"
	  "\"" T0_TEXT "\"}},\"lastState\":{\"terminated\":{\"exitCode\":3,"
	  "\"reason\":\"Error\",\"startedAt\":null,\"finishedAt\":\"" T0_TEXT
	  "\",\"containerID\":\"containerd://x\"}}}]}",
	    0 },
	{ "{\"phase\":\"Pending\"}", 1 },
	{ "{}", 1 },
};

static void
test_differs(void **state)
{
	json_t *want = build(), *seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		seen = load(differences[i].seen);
		if (status_differs(want, seen) != differences[i].differs)
			fail_msg("row %zu", i);
		json_decref(seen);
	}
	assert_int_equal(status_differs(want, NULL), 1);
	json_decref(want);
}

/* One member at a time is changed; each is noticed. */
static void
test_differs_each(void **state)
{
	static const struct {
		const char *member, *value;
		int differs;
	} rows[] = {
		{ "phase", "\"Failed\"", 1 },
		{ "reason", "\"x\"", 1 },
		{ "message", "\"x\"", 1 },
		{ "hostIP", "\"1.2.3.4\"", 1 },
		{ "podIP", "\"1.2.3.4\"", 1 },
		{ "podIPs", "[]", 1 },
		{ "containerStatuses", "[]", 1 },
		{ "conditions", "[]", 1 },
		{ "conditions", "[{\"type\":\"Ready\",\"status\":\"True\"}]",
		    1 },
		{ "startTime", "null", 1 },
		{ "startTime", "\"2020-01-01T00:00:00Z\"", 0 },
		{ "qosClass", "\"BestEffort\"", 0 },
		{ "nominatedNodeName", "\"x\"", 0 },
	};
	json_t *want = build(), *seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		seen = json_deep_copy(want);
		(void)json_object_set_new(seen, rows[i].member,
		    json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		if (status_differs(want, seen) != rows[i].differs)
			fail_msg("row %zu: %s", i, rows[i].member);
		json_decref(seen);
	}
	json_decref(want);
}

static const struct {
	const char *want, *seen, *patch;
} patches[] = {
	/* Equal members stay out; null clears. */
	{ "{\"phase\":\"Running\"}", "{\"phase\":\"Pending\",\"reason\":\"x\"}",
	    "{\"metadata\":{\"uid\":\"m\"},\"status\":{\"phase\":\"Running\","
	    "\"reason\":null}}" },
	/* Lists that merge by key are replaced. */
	{ "{\"podIP\":\"1.1.1.1\",\"podIPs\":[{\"ip\":\"1.1.1.1\"}]}",
	    "{\"podIP\":\"2.2.2.2\",\"podIPs\":[{\"ip\":\"2.2.2.2\"}]}",
	    "{\"metadata\":{\"uid\":\"m\"},\"status\":{\"podIP\":\"1.1.1.1\","
	    "\"podIPs\":[{\"$patch\":\"replace\"},{\"ip\":\"1.1.1.1\"}]}}" },
	{ "{\"podIPs\":[]}",
	    "{\"podIP\":\"2.2.2.2\",\"podIPs\":[{\"ip\":"
	    "\"2.2.2.2\"}]}",
	    "{\"metadata\":{\"uid\":\"m\"},\"status\":{\"podIP\":null,"
	    "\"podIPs\":[{\"$patch\":\"replace\"}]}}" },
	/* The transition time moves only with the status. */
	{ "{\"conditions\":[{\"type\":\"A\",\"status\":\"True\",\"reason\":"
	  "\"r\",\"lastTransitionTime\":\"T2\"}]}",
	    "{\"conditions\":[{\"type\":\"A\",\"status\":\"True\","
	    "\"lastTransitionTime\":\"T1\"}]}",
	    "{\"metadata\":{\"uid\":\"m\"},\"status\":{\"conditions\":["
	    "{\"type\":\"A\",\"status\":\"True\",\"reason\":\"r\",\"message\":"
	    "null,\"lastTransitionTime\":\"T1\"}]}}" },
	{ "{\"conditions\":[{\"type\":\"A\",\"status\":\"True\","
	  "\"lastTransitionTime\":\"T2\"}]}",
	    "{\"conditions\":[{\"type\":\"A\",\"status\":\"False\","
	    "\"lastTransitionTime\":\"T1\"}]}",
	    "{\"metadata\":{\"uid\":\"m\"},\"status\":{\"conditions\":["
	    "{\"type\":\"A\",\"status\":\"True\",\"reason\":null,\"message\":"
	    "null,\"lastTransitionTime\":\"T2\"}]}}" },
	/* The start is told once. */
	{ "{\"startTime\":\"T2\",\"phase\":\"Running\"}",
	    "{\"startTime\":\"T1\"}",
	    "{\"metadata\":{\"uid\":\"m\"},\"status\":{\"phase\":"
	    "\"Running\"}}" },
	{ "{\"startTime\":\"T2\"}", "{}",
	    "{\"metadata\":{\"uid\":\"m\"},\"status\":{\"startTime\":"
	    "\"T2\"}}" },
};

static void
test_patch(void **state)
{
	json_t *want, *seen, *patch;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		want = load(patches[i].want);
		seen = load(patches[i].seen);
		patch = status_patch(want, seen, "m");
		assert_json(patch, patches[i].patch);
		json_decref(patch);
		json_decref(want);
		json_decref(seen);
	}
}

#define ENDED(code)                                                          \
	"{\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"terminated\":" \
	"{\"exitCode\":" code "}}}]}"
#define INIT(ready)                                                    \
	"{\"initContainerStatuses\":[{\"name\":\"c\",\"ready\":" ready \
	",\"state\":{\"terminated\":{\"exitCode\":0}}}]}"
#define INIT_WAITS                                     \
	"{\"initContainerStatuses\":[{\"name\":\"c\"," \
	"\"state\":{\"waiting\":{}}}]}"
#define RUNS \
	"{\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"running\":{}}}]}"

static void
test_forbidden(void **state)
{
	static const struct {
		const char *want, *seen;
		enum status_restart policy;
		int forbidden;
	} rows[] = {
		{ RUNS, ENDED("0"), STATUS_ALWAYS, 0 },
		{ RUNS, ENDED("1"), STATUS_ON_FAILURE, 0 },
		{ RUNS, ENDED("0"), STATUS_ON_FAILURE, 1 },
		{ RUNS, ENDED("1"), STATUS_NEVER, 1 },
		{ ENDED("0"), ENDED("1"), STATUS_NEVER, 0 },
		{ ENDED("0"), RUNS, STATUS_NEVER, 0 },
		{ RUNS, RUNS, STATUS_NEVER, 0 },
		{ RUNS, "{}", STATUS_NEVER, 0 },
		{ INIT_WAITS, INIT("true"), STATUS_ON_FAILURE, 1 },
		{ INIT_WAITS, INIT("true"), STATUS_ALWAYS, 0 },
		{ INIT_WAITS, INIT("false"), STATUS_NEVER, 0 },
		{ INIT("true"), INIT("true"), STATUS_NEVER, 0 },
	};
	json_t *want, *seen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		want = load(rows[i].want);
		seen = load(rows[i].seen);
		if (status_forbidden(want, seen, rows[i].policy) !=
		    rows[i].forbidden)
			fail_msg("row %zu", i);
		json_decref(want);
		json_decref(seen);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_differs_each),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_forbidden),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
