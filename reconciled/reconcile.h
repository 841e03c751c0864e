/*
 * The heart of reconciled: brings what is wanted and what was seen
 * together, has plan.c decide, act.c do, and tells the peers.
 *
 * Level-triggered: whatever happens only leads to reconcile_kick(), and
 * the next turn of the event loop looks at everything anew.
 */
#ifndef RECONCILE_H
#define RECONCILE_H

#include <event2/event.h>

#include "common/conf.h"
#include "reconciled/cri.h"
#include "reconciled/desired.h"
#include "reconciled/down.h"
#include "reconciled/events.h"
#include "reconciled/files.h"
#include "reconciled/imagegc.h"
#include "reconciled/lend.h"
#include "reconciled/logs.h"
#include "reconciled/plan.h"
#include "reconciled/policy.h"
#include "reconciled/ready.h"
#include "reconciled/record.h"
#include "reconciled/status.h"

#define NODE_MAX 254

/* reconciled.conf(5) */
struct reconciled_conf {
	char *runtime, *manifests, *node, *node_address, *sockets, *state;
	char *pod_logs, *container_logs, *cgroup_root;
	char *watch_user, *mirror_user, *control_group;
	char *prober, *probe_user;
	char *cluster_domain, *resolver, *seccomp_profiles;
	int conflict, strict_modes, cgroup_driver, sandbox, log_level;
	int seccomp_runtime; /* default profile: the runtime's */
	struct conf_list cluster_dns;
	struct policy policy;
	struct imagegc_conf image_gc;
	int stop_pods; /* when the machine goes down */
	int64_t shutdown_s;
	struct log_limits logs;
};

struct peers;
struct prober;
struct collect;

TAILQ_HEAD(ops, op);

struct reconciled {
	struct event_base *base;
	struct reconciled_conf conf;
	char node[NODE_MAX];
	struct conf_list addresses; /* of the node */
	struct translate_env env;
	char *address_text; /* all of addresses, with commas */
	struct files files;
	struct helper *lender;
	struct lend *lend;
	struct desired desired;
	Tripod__Ignored *ignored; /* names; NULL: watcherd has not said */
	struct arena *ignored_arena;
	struct pods pods;
	struct records records;
	struct cri *cri;
	struct events *events;
	struct peers *peers;
	struct prober *prober;
	struct ready ready;
	struct collect *collect;
	struct down down;
	int down_told;
	struct event *ev_reconcile, *ev_wake, *ev_observe, *ev_keep;
	struct event *ev_rotate;
	uint64_t clock; /* counts actions, to date lists by */
	int listed;	/* a whole list since the runtime came up */
	int known;	/* one since the start, then ... */
	int node_ready; /* as last said in an event */
	struct mtime known_since;
	int transfer_due; /* mirrord is to be told everything */
	int listing;	  /* one is on its way */
	int list_again;	  /* and another one is due after it */
	int list_wait_ms; /* after it has failed again and again */
	int no_events;	  /* the runtime has none: list often */
	size_t places;	  /* for sandboxes being started */
	struct ops pulls; /* act_image.c's: under way, or waiting */
	int redefine;	  /* what files want, or may have, has changed */
	int exit_code;
	int64_t started_ns;
};

/* Has everything looked at in the next turn of the loop. */
void reconcile_kick(struct reconciled *);
/* Makes the events; the rest of r is filled in. */
void reconcile_init(struct reconciled *);
/* The runtime came, went or changed. */
void reconcile_on_state(void *, const struct cri_info *);
/* Status of a pod for a peer, in the arena; NULL mirror_json. */
Tripod__PodItem *reconcile_item(
    struct arena *, struct reconciled *, const struct pod *);

/*
 * Notes for people what happened to a pod, or to a container of it (its
 * name, else NULL); reasons are those of runtime.md 7.6.  It is logged when
 * it is new, and kept in records.
 */
void event_normal(struct reconciled *, const struct pod *,
    const char *container, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
void event_warning(struct reconciled *, const struct pod *,
    const char *container, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* The same about the node; the first is a warning. */
void event_node(struct reconciled *, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void event_node_normal(
    struct reconciled *, const char *reason, const char *text);

/* publish.c: tells mirrord what has changed, as far as it is known. */
void publish(struct reconciled *);

/* observe.c: asks for everything, now or after some milliseconds. */
void observe_all(struct reconciled *);
void observe_after(struct reconciled *, int ms);
/* observe_one.c: asks for the details of one container or sandbox. */
void observe_container(
    struct reconciled *, struct pod *, struct seen_container *);
void observe_sandbox(struct reconciled *, struct pod *, struct seen_sandbox *);
/*
 * It has ended, or will be known to have in a moment: asks how, now, also
 * when it was asked a moment ago or could not be told.
 */
void observe_end(struct reconciled *, struct pod *, struct seen_container *);
/* A hint from the runtime: the thing with this id has changed. */
void observe_hint(struct reconciled *, const struct hint *);

/* act.c: starts an action; its result ends in the pod's seen and memo. */
void act_run(struct reconciled *, struct pod *, const struct action *);
/* Begins pulls that had to wait for others, now that these are slow. */
void act_pulls(struct reconciled *);
/* Ends the pulls for a pod that does not need them any more. */
void act_cancel_pulls(struct pod *);
/* Ends hooks of containers that have ended, or all of a pod. */
void act_cancel_hooks(struct pod *, int all);

#endif
