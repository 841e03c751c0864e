/*
 * The only place where a received message is checked: type, phase, size,
 * descriptor, payload.  What is not in the table of a channel is refused.
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include <protobuf-c/protobuf-c.h>

#include "common/err.h"
#include "common/mem.h"
#include "ipc/imsg.h"

/* Phases of a connection, as bits so that an op can name several. */
enum ipc_phase {
	PHASE_NEW = 1,	 /* nothing was said yet */
	PHASE_READY = 2, /* HELLO and WELCOME are exchanged */
	PHASE_SYNC = 4	 /* between a begin and its end */
};

enum ipc_fd {
	IPC_FD_NONE,	 /* a descriptor is an error */
	IPC_FD_OPTIONAL, /* one may come */
	IPC_FD_REQUIRED	 /* one must come */
};

/* A checked message, as its handler gets it. */
struct ipc_msg {
	uint32_t type;
	uint32_t id;
	int fd;			   /* -1, or the handler may take it:
				    * set to -1 then */
	ProtobufCMessage *payload; /* NULL for an empty message */
	struct arena *arena;	   /* holds the payload; the handler may
				    * take it: set to NULL then */
};

/*
 * Handlers return 0, or -1 to have the peer dropped (they have logged
 * why).  ctx is the one given to ipc_dispatch().
 */
typedef int (*ipc_handler)(void *ctx, struct ipc_msg *);

struct ipc_op {
	uint32_t type;
	unsigned int phases; /* enum ipc_phase bits in which it is legal */
	size_t max;	     /* largest payload in bytes; 0: empty */
	size_t decode_max;   /* memory that its decoding may take */
	enum ipc_fd fd;
	const ProtobufCMessageDescriptor *payload; /* NULL: empty */
	ipc_handler handler;
};

struct ipc_table {
	const char *name; /* of the channel, for texts */
	const struct ipc_op *ops;
	size_t n;
};

/*
 * Checks one message and calls its handler.  0: done; -1: err says why
 * the peer must be dropped.
 */
int ipc_dispatch(const struct ipc_table *, enum ipc_phase, struct imsg *,
    void *ctx, struct err *);

/* Name of a message type, "MSG_HELLO"; "unknown" for others. */
const char *ipc_type_str(uint32_t);

#endif
