/*
 * A pod as reconciled keeps it: what is wanted, what was seen in the
 * runtime, and what is remembered between two looks.  Pure data with
 * small helpers; who decides is plan.c, who affects is act.c.
 */
#ifndef POD_H
#define POD_H

#include <stdint.h>
#include <sys/queue.h>

#include "common/mem.h"
#include "common/mtime.h"
#include "reconciled/health.h"
#include "tripod.pb-c.h"

#define POD_CONTAINERS_MAX 64 /* of one pod */
#define POD_CONDITIONS 5
#define POD_REASON_MAX 64
#define POD_MESSAGE_MAX 512

/* When something that failed may be tried again. */
struct retry {
	unsigned int fails;
	struct mtime not_before;
};

/*
 * The kubelet's crash-loop back-off: 10 s doubling to 5 min, forgotten
 * ten minutes after the last start (runtime.md 5.6).
 */
struct backoff {
	int64_t delay_ms; /* 0: never started */
	struct mtime last;
};

enum seen_state {
	SEEN_CREATED,
	SEEN_RUNNING,
	SEEN_EXITED,
	SEEN_UNKNOWN
};

struct seen_container {
	TAILQ_ENTRY(seen_container) entry;
	char *id, *sandbox_id, *name;
	uint32_t attempt;
	enum seen_state state;
	int64_t created_ns, started_ns, finished_ns; /* since the epoch */
	struct mtime finished;
	int32_t exit_code;
	char *reason, *message, *image, *image_ref;
	int detailed; /* ContainerStatus has answered for this state */
	int asked;    /* ContainerStatus is on its way */
	int ended;    /* an event said so; its state may be behind */
	int busy;     /* an action on it is in flight */
	int listed;   /* was in the list being merged */
	struct retry retry;
};

struct seen_sandbox {
	TAILQ_ENTRY(seen_sandbox) entry;
	char *id;
	uint32_t attempt;
	int ready;
	int host_network;
	int64_t created_ns;
	char *ip; /* "" while unknown or on the host's network */
	int detailed, asked, busy, listed;
	struct retry retry;
};

TAILQ_HEAD(seen_containers, seen_container);
TAILQ_HEAD(seen_sandboxes, seen_sandbox);

/* Newest first, by attempt and time of creation. */
struct pod_seen {
	struct seen_sandboxes sandboxes;
	struct seen_containers containers;
	int stale; /* something is unknown: wait for the next list */
};

/* Remembered per container of the wanted pod, in its order. */
struct memo_container {
	struct backoff crash;
	char *image_ref; /* what to create from; NULL: not looked up */
	int busy;	 /* image look-up, pull or creation in flight */
	struct retry image;
	struct retry create;
	char reason[POD_REASON_MAX]; /* of the last failure, or "" */
	char message[POD_MESSAGE_MAX];
	struct health health; /* what its probes say */
};

struct memo_condition {
	int known;
	int value;
	int64_t transition_ns;
};

struct pod_memo {
	struct memo_container container[POD_CONTAINERS_MAX];
	struct retry sandbox;
	int sandbox_busy;
	char message[POD_MESSAGE_MAX]; /* why there is no sandbox, or "" */
	int cleaned;		       /* nothing is left on the disk */
	struct memo_condition condition[POD_CONDITIONS];
	int64_t start_ns;
};

/* What is decided outside of plan_pod() about one pod. */
struct pod_want {
	const Tripod__Pod *pod; /* definition; NULL: none is known */
	int wanted;		/* by a manifest, and no policy against it */
	int blocked;		/* a pod of the same name must end first */
	int hold;		/* not wanted, but its successor's images are
				 * not here yet: keep it going */
	int terminating;	/* its end has begun; it will be finished */
	int network_ready;	/* the runtime can make pod networks */
	int64_t grace_seconds;	/* for its end */
};

struct pod {
	TAILQ_ENTRY(pod) entry;
	char *uid, *namespace_, *name, *hash, *file;
	int64_t seen_ns;     /* kubernetes.io/config.seen */
	struct arena *arena; /* holds definition; NULL: only seen */
	Tripod__Definition *definition;
	struct pod_want want;
	struct pod_seen seen;
	struct pod_memo memo;
	unsigned int inflight; /* actions and questions under way */
	unsigned int pulling;  /* images being looked up or pulled */
	int told_gone;	       /* mirrord knows that it has ended */
	int again;	       /* watcherd must repeat what it said about it */
	uint64_t touched;      /* number of the last change by an action */
	int dirty;	       /* its status may have changed */
	uint8_t *published;    /* last status sent to mirrord */
	size_t published_len;
	char refused[POD_MESSAGE_MAX]; /* policy's reason, or "" */
	Tripod__MirrorItem__State mirror_state;
	char mirror_reason[POD_MESSAGE_MAX];
};

TAILQ_HEAD(pods, pod);

struct pod *pod_new(const char *uid, const char *ns, const char *name);
/* Takes NULL.  Nothing may be in flight. */
void pod_free(struct pod *);
/*
 * Forgets images, failures and back-offs, which belong to one definition:
 * for a pod that gets another one.  Nothing may be in flight.
 */
void memo_forget(struct pod_memo *);
struct pod *pods_find(const struct pods *, const char *uid);

/* Whether anything of it runs, or holds its network. */
int pod_is_live(const struct pod_seen *);
/* Whether a process of it may run. */
int pod_has_running(const struct pod_seen *);
/* True when nothing of it is left in the runtime. */
int pod_is_gone(const struct pod_seen *);

struct seen_sandbox *sandbox_newest(const struct pod_seen *);
struct seen_sandbox *sandbox_find(const struct pod_seen *, const char *id);
/* Adds in order; strings are copied. */
struct seen_sandbox *sandbox_add(
    struct pod_seen *, const char *id, uint32_t attempt, int64_t created_ns);
void sandbox_drop(struct pod_seen *, struct seen_sandbox *);

/* The newest instance of a container, or the one before it. */
struct seen_container *container_newest(
    const struct pod_seen *, const char *name);
struct seen_container *container_previous(
    const struct pod_seen *, const char *name);
struct seen_container *container_find(const struct pod_seen *, const char *id);
struct seen_container *container_add(struct pod_seen *, const char *id,
    const char *name, uint32_t attempt, int64_t created_ns);
void container_drop(struct pod_seen *, struct seen_container *);

/* Counts a failure: 1 s doubling to 60 s, up to jitter/256 of it more. */
void retry_fail(struct retry *, struct mtime now, uint8_t jitter);
void retry_clear(struct retry *);
int retry_waits(const struct retry *, struct mtime now);

/* End of the wait after an exit; MTIME_ZERO when there is none. */
struct mtime backoff_until(const struct backoff *, struct mtime finished);
/* Counts a start. */
void backoff_start(struct backoff *, struct mtime finished, struct mtime now);

/* Whether the policy has a container run again after that exit. */
int restart_wanted(Tripod__RestartPolicy, int32_t exit_code);

/* Replaces a string that pods own. */
void text_set(char **, const char *);

#endif
