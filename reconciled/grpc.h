/*
 * A gRPC client: unary and server-streaming calls over HTTP/2 on one Unix
 * stream socket, driven by libevent.
 *
 * The connection is made at once and, when it is lost, again and again
 * with exponential back-off (100 ms to 3 s).  Nothing here blocks.  Every
 * callback is called from the event loop, never from within a function of
 * this header, so a caller need not expect answers before it has stored
 * the handle of its call.
 *
 * Limits: one message at most grpc_method.max_message bytes as received
 * and grpc_method.max_memory bytes when decoded; more ends the call with
 * RESOURCE_EXHAUSTED.  Compressed messages are refused.
 *
 * gRPC over HTTP/2 (PROTOCOL-HTTP2), RFC 9113; runtime.md 1.1.
 */
#ifndef GRPC_H
#define GRPC_H

#include <event2/event.h>
#include <stdint.h>

#include "common/mem.h"

#define GRPC_MESSAGE_MAX (16 * 1024 * 1024) /* what kubelet accepts */
#define GRPC_MEMORY_MAX (64 * 1024 * 1024)  /* decoded */
#define GRPC_NO_DEADLINE INT64_C(-1)

/* Status codes of gRPC; the numbers are on the wire. */
enum grpc_code {
	GRPC_OK,
	GRPC_CANCELLED,
	GRPC_UNKNOWN,
	GRPC_INVALID_ARGUMENT,
	GRPC_DEADLINE_EXCEEDED,
	GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS,
	GRPC_PERMISSION_DENIED,
	GRPC_RESOURCE_EXHAUSTED,
	GRPC_FAILED_PRECONDITION,
	GRPC_ABORTED,
	GRPC_OUT_OF_RANGE,
	GRPC_UNIMPLEMENTED,
	GRPC_INTERNAL,
	GRPC_UNAVAILABLE,
	GRPC_DATA_LOSS,
	GRPC_UNAUTHENTICATED
};

/* "NOT_FOUND"; numbers that are not in the list read "UNKNOWN". */
const char *grpc_code_str(enum grpc_code);

struct grpc;
struct grpc_call;

struct grpc_callbacks {
	/* The server has spoken HTTP/2: calls may be made. */
	void (*on_up)(void *ctx);
	/*
	 * The connection is gone or takes no more calls; comes before the
	 * failures of the calls it carried.  Also after each attempt to
	 * connect that failed.
	 */
	void (*on_down)(void *ctx, const char *reason);
};

/* What a call asks for; usually a constant. */
struct grpc_method {
	const char *path; /* "/package.Service/Method" */
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *response;
	const char *ns; /* value of header containerd-namespace; NULL: none */
	size_t max_message; /* bytes; 0: GRPC_MESSAGE_MAX */
	size_t max_memory;  /* bytes; 0: GRPC_MEMORY_MAX */
};

/* How a call ended.  Valid until the callback returns. */
struct grpc_result {
	enum grpc_code code;
	const char *message; /* never NULL; the server's words, untrusted */
	/*
	 * The call failed, but the server may have done what was asked.
	 * False if it said itself why not, or never saw the request.
	 */
	int uncertain;
	/* A unary call's answer, set exactly if code is GRPC_OK. */
	const ProtobufCMessage *response;
	/*
	 * Holds the response.  The callback may take it (set it to NULL
	 * here and arena_free() it later): then the response lives on.
	 */
	struct arena *arena;
};

typedef void (*grpc_done)(void *ctx, struct grpc_result *);

struct grpc_stream_callbacks {
	/* One message; it lives until the callback returns. */
	void (*on_message)(void *ctx, const ProtobufCMessage *);
	/* The stream has ended; the call is freed afterwards. */
	void (*on_done)(void *ctx, struct grpc_result *);
};

/*
 * Starts to connect.  The path is that of a Unix socket; nothing else can
 * be reached.  NULL: errno ENAMETOOLONG.
 */
struct grpc *grpc_new(struct event_base *, const char *path,
    const struct grpc_callbacks *, void *ctx);
/*
 * The same over a connected stream socket, which it takes; there is no
 * second connection when it is lost.
 */
struct grpc *grpc_new_fd(
    struct event_base *, int fd, const struct grpc_callbacks *, void *ctx);
/*
 * Closes and frees; takes NULL.  Calls in flight are dropped without a
 * callback.  Not to be called from a callback of this client.
 */
void grpc_free(struct grpc *);
/* True between on_up and on_down. */
int grpc_is_up(const struct grpc *);

/*
 * Starts a unary call; the request is copied.  The callback is called
 * exactly once unless the call is cancelled before; the handle is valid
 * until then.  Without a connection the answer is UNAVAILABLE.
 *
 * The deadline is told to the server and kept here as well.
 */
struct grpc_call *grpc_unary(struct grpc *, const struct grpc_method *,
    const ProtobufCMessage *request, int64_t deadline_ms, grpc_done, void *ctx);
/* Starts a call that is answered by any number of messages; no deadline. */
struct grpc_call *grpc_stream(struct grpc *, const struct grpc_method *,
    const ProtobufCMessage *request, const struct grpc_stream_callbacks *,
    void *ctx);
/*
 * Ends a call, telling the server (RST_STREAM CANCEL), and frees it.  Its
 * callbacks are not called any more.  May be called from any callback.
 */
void grpc_cancel(struct grpc_call *);

#endif
