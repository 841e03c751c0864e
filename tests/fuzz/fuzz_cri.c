/*
 * Answers of a container runtime.  The first byte chooses: 'F' means that
 * the rest is what a server writes to its socket, while calls of all
 * kinds are waiting; anything else is the number of a method, and the
 * rest one message of its answer.
 */
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "containerd.pb-c.h"
#include "reconciled/cri.h"
#include "reconciled/criinfo.h"
#include "reconciled/crimethod.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX (8 * 1024 * 1024)
#define CHUNK 1000 /* so that frames come in pieces */

/* --- one message --- */

static void
read_status(const void *message)
{
	struct cri_info info;

	criinfo_init(&info);
	(void)criinfo_status(&info, message); /* either answer is fine */
	criinfo_features(&info, message);
	(void)criinfo_driver(message); /* the same */
	criinfo_release(&info);
}

static void
fuzz_message(enum cri_method method, const uint8_t *data, size_t len)
{
	const struct cri_method_desc *m = cri_method_desc(method);
	ProtobufCMessage *message;
	struct arena arena;

	arena_init(&arena, MEMORY_MAX);
	message = protobuf_c_message_unpack(
	    m->grpc.response, &arena.allocator, len, data);
	if (message != NULL && m->missing != NULL)
		(void)m->missing(message); /* either answer is fine */
	if (message != NULL && method == CRI_STATUS)
		read_status(message);
	arena_release(&arena);
}

/* --- a connection --- */

struct server {
	struct event_base *base;
	int fd;
	unsigned int ends; /* of calls: each may come once */
};

static void
on_up(void *ctx)
{
	(void)ctx;
}

static void
on_down(void *ctx, const char *reason)
{
	(void)ctx;
	(void)reason;
}

static const struct grpc_callbacks callbacks = { on_up, on_down };

static void
on_done(void *ctx, struct grpc_result *res)
{
	struct server *s = ctx;

	s->ends++;
	log_assert(res->message != NULL);
	log_assert(res->code == GRPC_OK || res->response == NULL);
}

static void
on_message(void *ctx, const ProtobufCMessage *message)
{
	(void)ctx;
	log_assert(protobuf_c_message_check(message));
}

static const struct grpc_stream_callbacks stream_callbacks = {
	.on_message = on_message,
	.on_done = on_done,
};

/* Reads away what the client says, so that it never has to wait. */
static void
turn(struct server *s)
{
	uint8_t sink[4096];
	int i;

	for (i = 0; i < 4; i++) {
		(void)event_base_loop(s->base, EVLOOP_NONBLOCK);
		while (recv(s->fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
			continue;
	}
}

static void
feed(struct server *s, const uint8_t *data, size_t len)
{
	size_t n;

	while (len > 0) {
		n = len < CHUNK ? len : CHUNK;
		/* A client that hung up is an answer, too. */
		if (send(s->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    (ssize_t)n)
			return;
		data += n;
		len -= n;
		turn(s);
	}
}

/* Streams 1, 3, 5 and 7 of the connection. */
static void
call(struct server *s, struct grpc *grpc)
{
	Runtime__V1__ListContainersRequest list =
	    RUNTIME__V1__LIST_CONTAINERS_REQUEST__INIT;
	Runtime__V1__ExecSyncRequest exec =
	    RUNTIME__V1__EXEC_SYNC_REQUEST__INIT;
	Runtime__V1__GetEventsRequest events =
	    RUNTIME__V1__GET_EVENTS_REQUEST__INIT;
	Containerd__SubscribeRequest subscribe =
	    CONTAINERD__SUBSCRIBE_REQUEST__INIT;

	(void)grpc_unary(grpc, &cri_method_desc(CRI_LIST_CONTAINERS)->grpc,
	    &list.base, 60000, on_done, s);
	(void)grpc_stream(grpc,
	    &cri_method_desc(CRI_CONTAINERD_SUBSCRIBE)->grpc, &subscribe.base,
	    &stream_callbacks, s);
	(void)grpc_unary(grpc, &cri_method_desc(CRI_EXEC_SYNC)->grpc,
	    &exec.base, GRPC_NO_DEADLINE, on_done, s);
	(void)grpc_stream(grpc,
	    &cri_method_desc(CRI_GET_CONTAINER_EVENTS)->grpc, &events.base,
	    &stream_callbacks, s);
}

static void
fuzz_connection(const uint8_t *data, size_t len)
{
	static const uint8_t settings[] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
	struct server s = { .base = event_base_new() };
	struct grpc *grpc;
	int fds[2];

	log_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	s.fd = fds[1];
	grpc = grpc_new_fd(s.base, fds[0], &callbacks, &s);
	feed(&s, settings, sizeof(settings));
	log_assert(grpc_is_up(grpc));
	call(&s, grpc);
	turn(&s);
	feed(&s, data, len);
	(void)close(s.fd); /* the last thing that can happen */
	(void)event_base_loop(s.base, EVLOOP_NONBLOCK);
	(void)event_base_loop(s.base, EVLOOP_NONBLOCK);
	(void)event_base_loop(s.base, EVLOOP_NONBLOCK);
	log_assert(s.ends == 4);
	grpc_free(grpc);
	event_base_free(s.base);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	log_set_level(LOG_LEVEL_WARN);
	if (len == 0)
		return (0);
	if (data[0] == 'F')
		fuzz_connection(data + 1, len - 1);
	else
		fuzz_message((enum cri_method)(data[0] % CRI_METHODS), data + 1,
		    len - 1);
	return (0);
}
