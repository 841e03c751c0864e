/*
 * The three sockets that reconciled listens on, and who is connected.
 */
#ifndef PEERS_H
#define PEERS_H

#include "common/err.h"
#include "ipc/peer.h"
#include "reconciled/reconcile.h"

#define CONTROL_PEERS_MAX 32
#define CONTROL_FOLLOWERS_MAX 24 /* the others get an answer and go */

enum channel {
	CHANNEL_WATCH,
	CHANNEL_MIRROR,
	CHANNEL_CONTROL,
	CHANNELS
};

/* What a connection of the control channel is told without asking again. */
struct follower {
	int changes;	 /* CHANGED is due at the next change, once */
	int events;	 /* EVENT of each that comes */
	char *pod;	 /* only of that one, "namespace/name"; or NULL */
	uint64_t number; /* of the last event it was sent, or not meant for */
};

/* One connection; ctx of its handlers. */
struct link {
	struct reconciled *r;
	enum channel channel;
	struct peer *peer; /* NULL: the slot is free */
	char *version;	   /* from its HELLO; "" before */
	int64_t since_ns;
	struct follower follower;
	int awaits_shutdown; /* an answer to that frame is due: */
	uint32_t shutdown;
};

struct listener {
	struct reconciled *r;
	enum channel channel;
	int fd;
	struct event *ev;
	uid_t uid; /* the only one that may connect: watch, mirror */
	gid_t gid; /* whose members may: control */
};

struct peers {
	struct reconciled *r;
	struct listener listener[CHANNELS];
	struct link watch, mirror, control[CONTROL_PEERS_MAX];
	int api_reachable;
	char *api_server, *api_reason; /* "" until mirrord has said */
	uint64_t mirror_event;	       /* number of the last one it was sent */
};

/* Tables of the channels, in their files. */
extern const struct ipc_table watch_table, mirror_table, control_table;

/* Creates and listens on the sockets; needs privilege.  -1 and err. */
struct peers *peers_new(struct reconciled *, struct err *);
/* Starts to accept. */
void peers_run(struct peers *);
void peers_free(struct peers *);

/* Answers a HELLO: checks it, sends WELCOME.  0 or -1 (logged). */
int link_hello(struct link *, const struct ipc_msg *, const char *role);

/* watch.c: lends the folder as it is now. */
void watch_lend(struct peers *);
/* Timer: keeps one manifest that is not on the disk yet. */
void watch_keep(evutil_socket_t, short, void *r);
/* Accepts a stored manifest at the start (takes the arena). */
void watch_restore(void *r, Tripod__Manifest *, struct arena *);

/*
 * follow.c: who has asked to be told.  Nothing is queued for a reader that
 * is slower than what it is told; it gets the rest, counted up, later.
 */
/* 0, or -1 when there are too many followers. */
int follow_allowed(const struct link *);
/* Something that a status shows may have changed. */
void follow_changed(struct peers *);
/* There are new events, or room for them. */
void follow_events(struct peers *);
void follow_release(struct follower *);

/* To mirrord, if it is there. */
void peers_pod(struct peers *, struct pod *, Tripod__PodItem *);
void peers_pod_gone(struct peers *, struct pod *);
void peers_node(struct peers *);
/* Everything; when it is due, and mirrord is there. */
void mirror_transfer(struct peers *);

#endif
