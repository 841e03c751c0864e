/*
 * A pretended container runtime whose faults can be chosen, a client of
 * it, and what the client has seen.
 */
#ifndef RUNTIMEWORLD_H
#define RUNTIMEWORLD_H

#include "reconciled/events.h"
#include "tests/unit/h2server.h"

#define HINTS_MAX 16

/* What becomes of an event stream. */
enum stream_mode {
	STREAM_UNIMPLEMENTED,
	STREAM_OPEN,
	STREAM_ENDS /* at once, without error */
};

struct seen_hint {
	enum hint_kind kind;
	char id[32];
	uint32_t pid, exit_status;
	int64_t exited_ns;
};

struct runtimeworld {
	char dir[64], path[96];
	struct event_base *base;
	struct event *tick; /* lets the waits see the time */
	struct h2server *server;
	struct cri *cri;
	struct events *events; /* NULL unless the test wants some */
	/* The runtime. */
	const char *runtime_name;
	int no_version, no_image_service, no_conditions, no_network;
	int no_runtime_config;
	enum stream_mode cri_events, containerd_events;
	int32_t stream; /* of events, if open */
	int streams;	/* asked for so far */
	/* The client. */
	int done;
	enum grpc_code code;
	int uncertain, had_response;
	struct seen_hint hints[HINTS_MAX];
	int nhints;
	int resyncs;
	enum events_source source;
};

int runtimeworld_setup(void **state);
int runtimeworld_teardown(void **state);
/* Makes the client. */
void runtimeworld_begin(struct runtimeworld *);
/* And its events. */
void runtimeworld_begin_events(struct runtimeworld *);
void runtimeworld_await(struct runtimeworld *, const int *value, int n);
void runtimeworld_await_state(struct runtimeworld *, enum cri_state);
void runtimeworld_await_reason(struct runtimeworld *, const char *);
/* A call and its end. */
void runtimeworld_call(
    struct runtimeworld *, enum cri_method, const ProtobufCMessage *);
/* Sends one message on the event stream. */
void runtimeworld_event(struct runtimeworld *, const ProtobufCMessage *);

#endif
