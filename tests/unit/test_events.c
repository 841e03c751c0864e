#include "reconciled/events.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/log.h"
#include "containerd.pb-c.h"
#include "tests/unit/runtimeworld.h"

#define UNIMPL STREAM_UNIMPLEMENTED

static const struct {
	const char *runtime;
	enum stream_mode cri, containerd;
	enum events_source source;
} sources[] = {
	{ "containerd", STREAM_OPEN, UNIMPL, EVENTS_CRI },
	{ "containerd", UNIMPL, STREAM_OPEN, EVENTS_CONTAINERD },
	{ "containerd", UNIMPL, UNIMPL, EVENTS_NONE },
	{ "cri-o", STREAM_OPEN, UNIMPL, EVENTS_CRI },
	{ "cri-o", STREAM_ENDS, STREAM_OPEN, EVENTS_NONE },
	{ "cri-o", UNIMPL, STREAM_OPEN, EVENTS_NONE },
};

static void
check_source(size_t i)
{
	void *state;
	struct runtimeworld *w;

	(void)runtimeworld_setup(&state);
	w = state;
	w->runtime_name = sources[i].runtime;
	w->cri_events = sources[i].cri;
	w->containerd_events = sources[i].containerd;
	runtimeworld_begin_events(w);
	runtimeworld_await(w, &w->resyncs, 1);
	assert_int_equal(w->source, sources[i].source);
	/* Once more for every connection. */
	h2server_drop(w->server);
	runtimeworld_await(w, &w->resyncs, 2);
	assert_int_equal(w->source, sources[i].source);
	(void)runtimeworld_teardown(&state);
}

static void
test_sources(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		check_source(i);
}

static void
send_envelope(
    struct runtimeworld *w, const char *type, const ProtobufCMessage *inner)
{
	Containerd__Envelope env = CONTAINERD__ENVELOPE__INIT;
	Containerd__Any any = CONTAINERD__ANY__INIT;

	env.event = &any;
	any.type_url = (char *)(uintptr_t)type;
	any.value.len = protobuf_c_message_get_packed_size(inner);
	any.value.data = xmalloc(any.value.len);
	(void)protobuf_c_message_pack(inner, any.value.data);
	runtimeworld_event(w, &env.base);
	free(any.value.data);
}

static void
test_containerd_hints(void **state)
{
	struct runtimeworld *w = *state;
	Containerd__TaskExit exit = CONTAINERD__TASK_EXIT__INIT;
	Containerd__TaskOOM oom = CONTAINERD__TASK_OOM__INIT;
	Containerd__Timestamp at = CONTAINERD__TIMESTAMP__INIT;
	Containerd__Envelope nothing = CONTAINERD__ENVELOPE__INIT;
	char c1[] = "c1", c2[] = "c2", e1[] = "e1";

	w->containerd_events = STREAM_OPEN;
	runtimeworld_begin_events(w);
	runtimeworld_await(w, &w->resyncs, 1);
	at.seconds = 1700000000;
	at.nanos = 5;
	exit.container_id = c1;
	exit.id = e1; /* an exec: nobody's business */
	send_envelope(w, "containerd.events.TaskExit", &exit.base);
	runtimeworld_event(w, &nothing.base);
	send_envelope(w, "containerd.events.TaskStart", &exit.base);
	exit.id = c1;
	exit.pid = 42;
	exit.exit_status = 137;
	exit.exited_at = &at;
	send_envelope(
	    w, "types.containerd.io/containerd.events.TaskExit", &exit.base);
	oom.container_id = c2;
	send_envelope(w, "containerd.events.TaskOOM", &oom.base);
	runtimeworld_await(w, &w->nhints, 2);
	assert_int_equal(w->nhints, 2);
	assert_int_equal(w->hints[0].kind, HINT_EXITED);
	assert_string_equal(w->hints[0].id, "c1");
	assert_int_equal(w->hints[0].pid, 42);
	assert_int_equal(w->hints[0].exit_status, 137);
	assert_true(w->hints[0].exited_ns == INT64_C(1700000000000000005));
	assert_int_equal(w->hints[1].kind, HINT_OOM);
	assert_string_equal(w->hints[1].id, "c2");
}

static void
test_cri_hints(void **state)
{
	struct runtimeworld *w = *state;
	Runtime__V1__ContainerEventResponse event =
	    RUNTIME__V1__CONTAINER_EVENT_RESPONSE__INIT;
	static const enum hint_kind kinds[] = { HINT_CREATED, HINT_STARTED,
		HINT_EXITED, HINT_DELETED };
	char id[] = "c1";
	int i;

	w->cri_events = STREAM_OPEN;
	runtimeworld_begin_events(w);
	runtimeworld_await(w, &w->resyncs, 1);
	event.container_id = id;
	event.container_event_type =
	    (Runtime__V1__ContainerEventType)77; /* from the future */
	runtimeworld_event(w, &event.base);
	for (i = 0; i < 4; i++) {
		event.container_event_type = (Runtime__V1__ContainerEventType)i;
		runtimeworld_event(w, &event.base);
	}
	runtimeworld_await(w, &w->nhints, 4);
	assert_int_equal(w->nhints, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(w->hints[i].kind, kinds[i]);
		assert_string_equal(w->hints[i].id, "c1");
		assert_int_equal(w->hints[i].pid, 0);
	}
}

/* The stream ends with an error, the connection stays. */
static void
test_stream_lost(void **state)
{
	struct runtimeworld *w = *state;

	w->cri_events = STREAM_OPEN;
	runtimeworld_begin_events(w);
	runtimeworld_await(w, &w->resyncs, 1);
	assert_int_equal(w->source, EVENTS_CRI);
	h2server_end(w->server, w->stream, "2");
	runtimeworld_await(w, &w->resyncs, 2);
	assert_int_equal(w->source, EVENTS_NONE);
	runtimeworld_await(w, &w->resyncs, 3);
	assert_int_equal(w->source, EVENTS_CRI);
	assert_int_equal(w->streams, 2);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(events_source_str(EVENTS_CONTAINERD), "containerd");
	assert_string_equal(hint_kind_str(HINT_OOM), "oom");
}

#define WORLD(f)                         \
	cmocka_unit_test_setup_teardown( \
	    f, runtimeworld_setup, runtimeworld_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		WORLD(test_containerd_hints),
		WORLD(test_cri_hints),
		WORLD(test_stream_lost),
		cmocka_unit_test(test_names),
	};

	log_init("test_events");
	log_set_level(LOG_LEVEL_WARN);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
