/*
 * What was seen of a pod in the runtime: its sandboxes, and the instances
 * of its containers.  Pure data with small helpers.
 */
#ifndef SEEN_H
#define SEEN_H

#include <stdint.h>
#include <sys/queue.h>

#include "reconciled/backoff.h"

#define SANDBOX_IPS_MAX 4

enum seen_state {
	SEEN_CREATED,
	SEEN_RUNNING,
	SEEN_EXITED,
	SEEN_UNKNOWN
};

/* A hook of one instance. */
enum hook_state {
	HOOK_NONE, /* there is none, or it has not been its time */
	HOOK_DUE,  /* to be run now */
	HOOK_RUNNING,
	HOOK_DONE,
	HOOK_FAILED
};

/* Why an instance is stopped. */
enum stop_cause {
	STOP_NONE,
	STOP_END,	  /* the pod ends */
	STOP_SURPLUS,	  /* no place in the manifest, or in its sandbox */
	STOP_SANDBOX,	  /* its sandbox must be replaced */
	STOP_UNHEALTHY,	  /* a probe has failed */
	STOP_POST_START,  /* its hook has failed */
	STOP_RESTART_ALL, /* the pod begins anew */
	STOP_ASKED	  /* the operator wants it started again */
};

/* "failed a probe" and the like, for people. */
const char *stop_cause_str(enum stop_cause);

struct op;
struct question;

struct seen_container {
	TAILQ_ENTRY(seen_container) entry;
	char *id, *sandbox_id, *name;
	uint32_t attempt;
	uint32_t round; /* how often all had begun anew (plan.h, rule 9) */
	enum seen_state state;
	int64_t created_ns, started_ns, finished_ns; /* since the epoch */
	struct mtime finished;
	/* Its crash-loop back-off: what its start has made of it. */
	struct backoff crash;
	int32_t exit_code;
	char *reason, *message, *image, *image_ref;
	enum hook_state post_start, pre_stop;
	struct op *hook; /* the one that runs; act.c's, or NULL */
	/* ContainerStatus is on its way; observe_one.c's, or NULL. */
	struct question *asked;
	enum stop_cause stop; /* its stop has begun ... */
	struct mtime stop_at; /* ... then */
	/* When its preStop hook or StopContainer under way runs out of time. */
	struct mtime stop_until;
	int detailed; /* ContainerStatus has answered for this state */
	int ended;    /* an event said so; its state may be behind */
	int restart;  /* asked for by the operator */
	int busy;     /* actions on it in flight */
	int listed;   /* was in the list being merged */
	struct retry retry;
	struct retry question; /* ContainerStatus has failed */
};

struct seen_sandbox {
	TAILQ_ENTRY(seen_sandbox) entry;
	char *id;
	char *hash; /* of the definition it was made for; "": unknown */
	uint32_t attempt;
	int ready;
	int stopped; /* StopPodSandbox has released its network */
	int host_network;
	int64_t created_ns;
	char *ip[SANDBOX_IPS_MAX]; /* the primary one first */
	size_t n_ip;		   /* 0 while unknown, or the host's */
	int ended;		   /* an event said so; see above */
	int detailed, busy, listed;
	struct question *asked;
	struct retry retry;
	struct retry question; /* PodSandboxStatus has failed */
};

TAILQ_HEAD(seen_containers, seen_container);
TAILQ_HEAD(seen_sandboxes, seen_sandbox);

/* Newest first, by attempt and time of creation. */
struct pod_seen {
	struct seen_sandboxes sandboxes;
	struct seen_containers containers;
	int stale;  /* something is unknown: wait for the next list */
	int unsure; /* how something ended is being asked */
};

/* Whether a process of it runs, or a sandbox is ready. */
int pod_is_live(const struct pod_seen *);
/* The same, or the network of a dead sandbox is not released. */
int pod_holds_network(const struct pod_seen *);
/* Whether a process of it may run. */
int pod_has_running(const struct pod_seen *);
/* The same, or will as soon as a start that is under way is through. */
int pod_will_run(const struct pod_seen *);
/* True when nothing of it is left in the runtime. */
int pod_is_gone(const struct pod_seen *);

struct seen_sandbox *sandbox_newest(const struct pod_seen *);
struct seen_sandbox *sandbox_find(const struct pod_seen *, const char *id);
/* Adds in order; strings are copied. */
struct seen_sandbox *sandbox_add(
    struct pod_seen *, const char *id, uint32_t attempt, int64_t created_ns);
void sandbox_drop(struct pod_seen *, struct seen_sandbox *);
/* Empty ones, and more than there is room for, are left out. */
void sandbox_set_ips(struct seen_sandbox *, char *const *ip, size_t n);

/* The newest instance of a container, or the one before it. */
struct seen_container *container_newest(
    const struct pod_seen *, const char *name);
struct seen_container *container_previous(
    const struct pod_seen *, const char *name);
struct seen_container *container_find(const struct pod_seen *, const char *id);
struct seen_container *container_add(struct pod_seen *, const char *id,
    const char *name, uint32_t attempt, int64_t created_ns);
void container_drop(struct pod_seen *, struct seen_container *);
/* It runs, or nobody knows. */
int container_may_run(const struct seen_container *);
int container_is_starting(const struct seen_container *);

/* Replaces a string that pods own. */
void text_set(char **, const char *);

#endif
