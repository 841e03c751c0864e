/*
 * A gRPC client and a server it talks to, in one event loop, and what
 * both have seen so far.
 */
#ifndef GRPCWORLD_H
#define GRPCWORLD_H

#include "reconciled/grpc.h"
#include "tests/unit/h2server.h"

#define PATH "/runtime.v1.RuntimeService/Version"
#define MESSAGES_MAX 16

#define BODY(s) .body = (const uint8_t *)(s), .len = sizeof(s) - 1
/* A VersionResponse of version "0.1.0", and how to send it. */
#define GOOD "\0\0\0\0\7\n\0050.1.0"
#define GOOD_ANSWER ((struct h2server_answer){ BODY(GOOD), .status = "0" })

struct world {
	char dir[64], path[96];
	struct event_base *base;
	struct event *tick; /* lets await() see the time */
	struct h2server *server;
	struct grpc *grpc;
	struct grpc_call *call;
	/* What the server shall do. */
	struct h2server_answer answer;
	int hold; /* not answer at all */
	struct h2server_request request;
	int nrequests;
	/* What the client saw. */
	int up, down;
	char reason[200];
	int done;
	enum grpc_code code;
	char message[300];
	int uncertain;
	struct arena *arena;
	const ProtobufCMessage *response;
	char messages[MESSAGES_MAX][32];
	int nmessages;
	int cancel_in_message;
	int inside; /* a function of grpc.h */
};

extern const struct grpc_callbacks world_callbacks;

/* cmocka fixtures: an empty world; one with a connection. */
int world_setup(void **state);
int world_setup_up(void **state);
int world_teardown(void **state);

void world_begin_server(struct world *);
/* A unary call or a stream of VersionResponses. */
void world_call_version(struct world *, int64_t deadline_ms);
void world_call_stream(struct world *);
void world_done(void *, struct grpc_result *);
/* Runs the loop until *value has reached n; fails after 10 s. */
void world_await(struct world *, const int *value, int n);
/* Enough turns for everything that is under way to arrive. */
void world_settle(struct world *);
/* A whole call that must go well. */
void world_check_good(struct world *);

#endif
