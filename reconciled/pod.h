/*
 * A pod as reconciled keeps it: what is wanted, what was seen in the
 * runtime, and what is remembered between two looks.  Pure data with
 * small helpers; who decides is plan.c, who affects is act.c.
 */
#ifndef POD_H
#define POD_H

#include "common/mem.h"
#include "reconciled/health.h"
#include "reconciled/seen.h"
#include "reconciled/spec.h"

#define POD_CONDITIONS 5
#define POD_REASON_MAX 64
#define POD_MESSAGE_MAX 512

/* Why a pod that is wanted has ended all the same; never taken back. */
enum pod_over {
	OVER_NOT,
	OVER_COMPLETED, /* no container will run again */
	OVER_INIT,	/* an init container has failed for good */
	OVER_DEADLINE	/* activeDeadlineSeconds */
};

/* Remembered per container of the wanted pod, by its index (spec.h). */
struct memo_container {
	char *image_ref;   /* what to create from; NULL: not looked up */
	int64_t image_uid; /* user of the image; -1: not a number */
	char *image_user;  /* its name, or NULL or "" */
	int busy;	   /* image look-up, pull or creation in flight */
	struct op *pull;   /* PullImage, or its wait; act.c's, or NULL */
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
	struct memo_container *container; /* by index; see pod_make_room */
	size_t n_container;
	struct retry sandbox;
	int sandbox_busy;	       /* RunPodSandbox is under way ... */
	struct mtime sandbox_since;    /* ... since then */
	char message[POD_MESSAGE_MAX]; /* why there is no sandbox, or "" */
	int cleaned;		       /* nothing is left on the disk */
	int cleaning;		       /* that is under way */
	struct retry clean;
	struct memo_condition condition[POD_CONDITIONS];
	enum pod_over over; /* as last told */
	int down;	    /* its end for that was told */
	int64_t start_ns;
};

/* When the machine goes down. */
enum pod_down {
	DOWN_NOT,
	DOWN_WAITS, /* its turn will come; it goes on if it runs */
	DOWN_ENDS
};

/* What is decided outside of plan_pod() about one pod. */
struct pod_want {
	const Tripod__Pod *pod; /* definition; NULL: none is known */
	int wanted;		/* by a manifest, and no policy against it */
	int blocked;		/* a pod of its name must end first */
	int replaces;		/* it had to wait so */
	int queued;		/* its sandbox waits for its turn */
	int hold;		/* not wanted, but its successor's images are
				 * not here yet: keep it going */
	int terminating;	/* its end has begun; it will be finished */
	int returned;		/* it has ended, and begins anew */
	int network_ready;	/* the runtime can make pod networks */
	int64_t grace_seconds;	/* for its end */
	struct mtime deadline;	/* activeDeadlineSeconds; or MTIME_NEVER */
	enum pod_over over;
	enum pod_down down;
	int64_t down_seconds;	/* of grace, at most */
	struct mtime end_since; /* of terminating, over or down */
};

/* Whether it ends: what of it runs is stopped, and nothing started. */
int pod_is_ending(const struct pod_want *);

struct probes;

struct pod {
	TAILQ_ENTRY(pod) entry;
	char *uid, *namespace_, *name, *hash, *file;
	int64_t seen_ns;     /* kubernetes.io/config.seen */
	struct arena *arena; /* holds definition; NULL: only seen */
	Tripod__Definition *definition;
	int64_t burstable; /* podgroup.h */
	struct pod_want want;
	struct pod_seen seen;
	struct pod_memo memo;
	struct probes *probes; /* of probes.c; NULL: it has none */
	/*
	 * Another definition of its uid, which waits for its images and then
	 * for the end of what runs; NULL: there is none.  Definition, memo
	 * and what is under way are its own; nothing of it is seen.
	 */
	struct pod *next;
	unsigned int inflight; /* actions and questions under way */
	unsigned int pulling;  /* pulls and hooks under way: they may take
				* long and change nothing that lists show */
	int told_gone;	       /* mirrord knows that it has ended */
	int again;	    /* another definition waits for the end of these */
	uint64_t defined;   /* serial of the claim it was defined by */
	uint64_t touched;   /* number of the last change by an action */
	int dirty;	    /* its status may have changed */
	uint8_t *published; /* last status sent to mirrord */
	size_t published_len;
	Tripod__MirrorItem__State mirror_state;
	char mirror_reason[POD_MESSAGE_MAX];
};

TAILQ_HEAD(pods, pod);

struct pod *pod_new(const char *uid, const char *ns, const char *name);
/* Takes NULL.  Nothing may be in flight, nor its probes be there. */
void pod_free(struct pod *);
/*
 * Forgets images, failures, back-offs and that it is over, which belong to
 * one definition: for a pod that gets another one.  Nothing may be in
 * flight.
 */
void pod_forget(struct pod *);
/* Forgets what was told of it, which the next status would go on from. */
void pod_untell(struct pod *);
/* Makes room in its memo for that many containers, unless there is some. */
void pod_make_room(struct pod *, size_t containers);
struct pod *pods_find(const struct pods *, const char *uid);

#endif
