/*
 * The prober's calls in an event loop of a test, and what has come of them.
 */
#ifndef CALLWORLD_H
#define CALLWORLD_H

#include "reconciled/prober/call.h"

#define CALLWORLD_ID 7

struct callworld {
	struct event_base *base;
	struct calls *calls;
	unsigned int results;
	uint32_t id; /* of the last one */
	Tripod__ProbeResult__Outcome outcome;
	char message[CALL_TEXT_MAX];
};

/* Handlers to be filled in further. */
struct callhandler {
	Tripod__Handler handler;
	Tripod__HttpGet http;
	Tripod__TcpSocket tcp;
	Tripod__Grpc grpc;
};

void callworld_init(struct callworld *);
void callworld_release(struct callworld *);
/* A handler of that kind for a port of 127.0.0.1. */
void callhandler_init(
    struct callhandler *, Tripod__Handler__ActionCase, int port);
/* Starts a call. */
void callworld_start(struct callworld *, uint32_t id, Tripod__Handler *,
    int64_t timeout_ms, int hook);
/* Runs the loop until there are so many results; fails after 20 s. */
void callworld_await(struct callworld *, unsigned int results);
/* Both, for one call. */
void callworld_try(
    struct callworld *, Tripod__Handler *, int64_t timeout_ms, int hook);

#endif
