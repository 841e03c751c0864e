/*
 * Runs the plans: holds what is wanted and seen, asks plan_pod() and
 * plan_node() whenever something changed, sends the requests they ask
 * for and notes the results.  No policy of its own.
 *
 * At most one request is under way for a pod name, one for the Node and
 * one for the Lease.  Requests for pods are limited in number and rate;
 * heartbeats are not.
 */
#ifndef ACT_H
#define ACT_H

#include <event2/event.h>

#include "mirrord/eventqueue.h"
#include "mirrord/http.h"
#include "mirrord/model.h"
#include "mirrord/node.h"
#include "mirrord/nodeplan.h"
#include "mirrord/watch.h"

#define ACT_FLIGHT 8	   /* requests for pods at one time */
#define ACT_TIMEOUT_S 35   /* a mutating request runs at most 34 s there */
#define ACT_HEARTBEAT_S 10 /* of Node and Lease requests */

/* What the rest of the program has to do for it. */
struct act_callbacks {
	void (*mirror)(void *ctx, const Tripod__MirrorItem *);
	void (*api)(void *ctx, const Tripod__ApiItem *);
	/* 401: the credentials may be old. */
	void (*denied)(void *ctx);
	/* The server was not reached for so long: addresses may be old. */
	void (*lost)(void *ctx);
};

struct act_policy {
	enum plan_drift drift;
	struct node_policy node;
	int64_t rate;	     /* pod requests per second; burst twice that */
	int64_t patience_ms; /* before lost() */
};

struct act {
	struct event_base *base;
	struct http *http;
	const char *node; /* our name */
	const char *server;
	const struct hostinfo *host;
	struct act_policy policy;
	const struct act_callbacks *cb;
	void *ctx;
	struct event *run; /* deferred, and the next wake-up */
	struct model model;
	unsigned int flight;
	int64_t tokens_ms; /* credit: 1000 / rate each */
	struct mtime tokens_at;
	struct watch *pods, *nodes;
	/* register.c */
	json_t *node_want;
	struct seen_node *node_seen;
	int nodes_complete;
	struct node_memo node_memo;
	struct lease_memo lease_memo;
	/* events.c */
	struct eventqueue events;
	int events_refused; /* that was logged */
	/* Reachability, as last reported. */
	int reachable;
	struct mtime unreachable_since;
	char *api_reason;
	char trouble[ERR_MAX]; /* what a watch was refused for */
};

/*
 * Begins to list and watch.  Everything handed over must outlive it.
 * reconciled's side is reported through the functions below.
 */
void act_init(struct act *, struct event_base *, struct http *,
    const struct act_policy *, const struct act_callbacks *, void *ctx);
void act_start(struct act *, const char *node, const struct hostinfo *,
    const char *server);
void act_release(struct act *);

/* From reconciled. */
void act_node(struct act *, const Tripod__NodeItem *);
void events_add(struct act *, const Tripod__EventItem *);
/* Something in the model changed. */
void act_kick(struct act *);

/* For the parts of act. */
/* Every answer passes here first: 401, reachability. */
void act_answer(struct act *, const struct api_result *);
/* pods.c: starts the request a plan asks for. */
void pods_request(struct act *, struct record *, const struct plan *);
/* register.c: plans for Node and Lease; returns when to ask again. */
struct mtime register_run(struct act *, struct mtime now);
void register_release(struct act *);
/* events.c: tells the next one, if it may; returns when to ask again. */
struct mtime events_run(struct act *, struct mtime now);
extern const struct watch_ops register_watch_ops;

#endif
