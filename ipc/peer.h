/*
 * A peer on a Unix socket: framing, dispatch and back-pressure driven by
 * libevent.  Used by both sides.
 */
#ifndef PEER_H
#define PEER_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/mtime.h"
#include "common/privdrop.h"
#include "ipc/dispatch.h"
#include "ipc/imsg.h"
#include "tripod.pb-c.h"

#define TRIPOD_PROTOCOL 2

/* Limits of the channels, in bytes. */
#define IPC_MANIFEST_MAX (4 * 1024 * 1024) /* a MANIFEST or POD frame */
#define IPC_PROBE_MAX (64 * 1024)	   /* a PROBE frame */
#define IPC_SMALL_MAX (16 * 1024)	   /* every other frame */
#define IPC_DECODE_MAX (16 * 1024 * 1024)  /* memory to decode one */

extern const struct imsg_limits ipc_limits;

struct peer;

struct peer_callbacks {
	/*
	 * The link is gone (err says why; empty text: closed in order).
	 * The callback may free the peer.
	 */
	void (*on_gone)(struct peer *, const struct err *, void *ctx);
	/* Queued output fell below the low-water mark; may be NULL. */
	void (*on_drained)(struct peer *, void *ctx);
};

struct peer {
	struct imsgbuf ibuf;
	struct event *ev_read, *ev_write;
	const struct ipc_table *table;
	const struct peer_callbacks *cb;
	void *ctx;	      /* handed to handlers and callbacks */
	enum ipc_phase phase; /* handlers move it on */
	uid_t uid;	      /* from the kernel */
	gid_t gid;
	pid_t pid;
	struct mtime heard; /* when it last sent something, or came */
	int reading;	    /* 0: stopped by the high-water mark */
	int dropping;	    /* on_gone is on its way */
	struct err gone;    /* reason for it */
};

/*
 * Wraps a connected socket (takes it) and starts reading.  Credentials
 * come from SO_PEERCRED.  NULL: errno.
 */
struct peer *peer_new(struct event_base *, int fd, const struct ipc_table *,
    const struct peer_callbacks *, void *ctx);
/* Closes and frees; takes NULL.  No callback is called. */
void peer_free(struct peer *);
/*
 * Ends the link from the outside or from a handler: on_gone is called
 * from the event loop, never from within this call.
 */
void peer_drop(struct peer *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Queues a message (payload NULL: empty); takes fd or -1.  0 or, when a
 * limit is passed, -1: the peer is then being dropped already.
 */
int peer_send(struct peer *, uint32_t type, uint32_t id, int fd,
    const ProtobufCMessage *payload);
/* True while more than the high-water mark is queued. */
int peer_congested(const struct peer *);

/*
 * Listens on a path (an old socket there is replaced), with that group
 * and mode; -1 and err on failure.
 */
int ipc_listen(const char *path, gid_t, mode_t, struct err *);
/*
 * Connects to a path, trying again with back-off (50 ms doubling to 2 s)
 * for as long as the socket is missing or refuses; logs the wait once.
 * The other side sees the identity given (SO_PEERCRED tells who called
 * connect(2)), also when root still is root.  Blocks: for use before
 * privileges are given up.  -1 and err for any other failure.
 */
int ipc_connect(const char *path, const struct identity *, struct err *);
/* One try only, for tripodctl. */
int ipc_connect_once(const char *path, struct err *);

/* Sends HELLO for a role. */
int peer_hello(struct peer *, const char *role);
/*
 * Checks a HELLO or WELCOME: protocol number, non-empty version.  0 or
 * -1 and err.
 */
int hello_check(const Tripod__Hello *, const char *role, struct err *);
int welcome_check(const Tripod__Welcome *, struct err *);

#endif
