/*
 * The container runtime as reconciled sees it: typed calls over one
 * connection, with the deadlines, checks and meanings of the CRI.
 *
 *	Runtime__V1__StopContainerRequest req =
 *	    RUNTIME__V1__STOP_CONTAINER_REQUEST__INIT;
 *
 *	req.container_id = id;
 *	req.timeout = 30;
 *	call = cri_call(cri, CRI_STOP_CONTAINER, &req.base, on_stopped, pod);
 *
 *	static void
 *	on_stopped(void *ctx, struct cri_result *res)
 *	{
 *		const Runtime__V1__StopContainerResponse *r = res->response;
 *		...
 *
 * Requests are copied at once: they may live on the stack, their strings
 * be borrowed.  Callbacks come from the event loop, never from within
 * cri_call().  runtime.md 1.2 to 1.9.
 */
#ifndef CRI_H
#define CRI_H

#include <event2/event.h>
#include <stdint.h>

#include "common/mem.h"
#include "cri.pb-c.h"
#include "reconciled/grpc.h"

#define CRI_DEADLINE_DEFAULT INT64_C(-2) /* that of the method */

/* Messages are Runtime__V1__<Method>Request and ...Response. */
enum cri_method {
	CRI_VERSION,
	CRI_STATUS,
	CRI_RUNTIME_CONFIG,
	CRI_RUN_POD_SANDBOX,
	CRI_STOP_POD_SANDBOX,
	CRI_REMOVE_POD_SANDBOX,
	CRI_POD_SANDBOX_STATUS,
	CRI_LIST_POD_SANDBOX,
	CRI_CREATE_CONTAINER,
	CRI_START_CONTAINER,
	CRI_STOP_CONTAINER,
	CRI_REMOVE_CONTAINER,
	CRI_LIST_CONTAINERS,
	CRI_CONTAINER_STATUS,
	CRI_EXEC_SYNC,
	CRI_REOPEN_CONTAINER_LOG,
	CRI_LIST_IMAGES,
	CRI_IMAGE_STATUS,
	CRI_PULL_IMAGE,
	CRI_REMOVE_IMAGE,
	CRI_IMAGE_FS_INFO,
	/* Streams, for events.c. */
	CRI_GET_CONTAINER_EVENTS, /* GetEventsRequest,
				   * ContainerEventResponse */
	CRI_CONTAINERD_SUBSCRIBE, /* containerd.pb-c.h: SubscribeRequest,
				   * Envelope */
	CRI_METHODS
};

/* "StopContainer" */
const char *cri_method_str(enum cri_method);

enum cri_state {
	CRI_DOWN,	 /* no connection; retried with back-off for ever */
	CRI_HANDSHAKING, /* connected, not yet known to be usable */
	CRI_UP		 /* calls may be made */
};

const char *cri_state_str(enum cri_state);

enum cri_cgroup_driver {
	CRI_CGROUP_UNKNOWN, /* the runtime does not say: configuration rules */
	CRI_CGROUP_SYSTEMD,
	CRI_CGROUP_CGROUPFS
};

/*
 * What is known about the runtime.  Texts are "" until the first
 * handshake and stay as they were while the runtime is away.
 */
struct cri_info {
	enum cri_state state;
	char *runtime_name; /* "containerd"; the scheme of container ids */
	char *runtime_version;
	/*
	 * Conditions of the last Status, asked for every 5 s (every second
	 * while one is 0); 0 unless the state is CRI_UP, and when no Status
	 * came for 30 s.
	 */
	int runtime_ready;
	int network_ready;
	/* What sandboxes are made of; "" if its verbose Status has no word. */
	char *sandbox_image;
	char *reason; /* why not up or not ready; "" if all is well */
	/*
	 * From RuntimeConfig; where a runtime lacks that (containerd before
	 * 2.0), from the word SystemdCgroup in its verbose Status.
	 */
	enum cri_cgroup_driver cgroup_driver;
	/*
	 * What a pod must not ask for when it is 0: older runtimes drop such
	 * fields silently.
	 */
	int has_recursive_read_only;
	int has_supplemental_groups_policy;
};

/* How a call ended.  Valid until the callback returns. */
struct cri_result {
	enum cri_method method;
	/*
	 * GRPC_OK also when StopContainer or StopPodSandbox found nothing to
	 * stop.  An answer that lacks what it must have (an id, ...) has
	 * become GRPC_INTERNAL.
	 */
	enum grpc_code code;
	const char *message; /* never NULL; the runtime's words, untrusted */
	/*
	 * Not GRPC_OK, and it may have happened nevertheless (connection
	 * lost, deadline passed): look before doing it again.  Never read
	 * it as "the containers are gone".
	 */
	int uncertain;
	/* The method's response message; NULL exactly if not GRPC_OK. */
	const void *response;
	/* Holds the response; may be taken as in struct grpc_result. */
	struct arena *arena;
};

typedef void (*cri_done)(void *ctx, struct cri_result *);

struct cri;
struct cri_call;

/*
 * Called after every change of struct cri_info.  When the connection is
 * lost this comes first, then every call in flight ends (UNAVAILABLE).
 */
typedef void (*cri_on_state)(void *ctx, const struct cri_info *);

/*
 * Starts to connect to a runtime's socket, does the handshake (Version,
 * ImageFsInfo, Status, RuntimeConfig; failed ones are retried with
 * back-off) and keeps both going until cri_free().  NULL: errno
 * ENAMETOOLONG.
 */
struct cri *cri_new(
    struct event_base *, const char *socket, cri_on_state, void *ctx);
/*
 * Drops calls in flight without callbacks; takes NULL.  Not to be called
 * from a callback.
 */
void cri_free(struct cri *);
const struct cri_info *cri_info(const struct cri *);

/*
 * Calls a unary method.  The request must be of the method's type.  The
 * callback comes exactly once unless the call is cancelled before; the
 * handle is valid until then.  Without a connection the result is
 * UNAVAILABLE; wait for CRI_UP before calling.
 *
 * Deadlines (runtime.md 1.3): 2 min; RunPodSandbox 4 min; StopContainer and
 * ExecSync 2 min and what their request allows (ExecSync with timeout 0:
 * none); PullImage none.
 */
struct cri_call *cri_call(struct cri *, enum cri_method,
    const ProtobufCMessage *request, cri_done, void *ctx);
/* The same with a deadline in milliseconds, or one of the constants. */
struct cri_call *cri_call_deadline(struct cri *, enum cri_method,
    const ProtobufCMessage *request, int64_t deadline_ms, cri_done, void *ctx);
/*
 * Calls a streaming method: on_message for each message, done at the end
 * (response is NULL then, whatever the code).
 */
struct cri_call *cri_stream(struct cri *, enum cri_method,
    const ProtobufCMessage *request,
    void (*on_message)(void *ctx, const ProtobufCMessage *), cri_done,
    void *ctx);
/* Ends a call without callback; the runtime is told.  Takes NULL. */
void cri_cancel(struct cri_call *);

#endif
