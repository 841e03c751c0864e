/*
 * A model of the container runtime on a virtual clock: what exists, which
 * calls are under way, and what goes wrong.  It knows nothing of plans.
 */
#ifndef WORLD_H
#define WORLD_H

#include <stdint.h>
#include <sys/queue.h>

#include "reconciled/plan.h"

#define ID_SIZE 24
#define DEFS_MAX 64   /* definitions that one run may see */
#define DEF_REGULAR 3 /* containers of one, at most */
#define DEF_INIT 3    /* init containers of one, at most */
#define DEF_CONTAINERS (DEF_INIT + DEF_REGULAR)
#define EXIT_RULE 42 /* the exit code that rules are about */

/* One definition of a pod; its number is in its uid. */
struct def {
	Tripod__Definition definition;
	Tripod__Pod pod;
	Tripod__Container container[DEF_CONTAINERS];
	Tripod__Container *init[DEF_INIT], *regular[DEF_REGULAR];
	char names[DEF_CONTAINERS][4];
	Tripod__Handler hook;
	Tripod__Probe probe;
	Tripod__RestartRule rule;
	Tripod__RestartRule *rules[1];
	int32_t codes[1];
	char uid[ID_SIZE], name[ID_SIZE], ns[ID_SIZE];
};

struct box {
	TAILQ_ENTRY(box) entry;
	char id[ID_SIZE], uid[ID_SIZE];
	uint32_t attempt;
	int ready, host;
	int stopped; /* StopPodSandbox has been there */
	int64_t created;
	/* Of one round: init containers that are done, sidecars that ran. */
	uint32_t round;
	unsigned int done;
};

struct ctr {
	TAILQ_ENTRY(ctr) entry;
	char id[ID_SIZE], uid[ID_SIZE], box[ID_SIZE], name[ID_SIZE];
	uint32_t attempt, round;
	int64_t crash_delay; /* as its annotation says */
	enum seen_state state;
	int exit_code;
	int ran;
	int hooked;		   /* its postStart hook has been run */
	int64_t created, finished; /* wall clock */
	int64_t exit_at;	   /* by itself; or never */
};

/* A call that is under way. */
struct call {
	TAILQ_ENTRY(call) entry;
	enum action_kind kind;
	char uid[ID_SIZE], id[ID_SIZE], name[ID_SIZE];
	size_t index;
	uint32_t attempt, round;
	int64_t crash_delay;
	int host;
	int64_t end;   /* when it takes effect */
	int orphan;    /* who asked is dead */
	int refuse;    /* it will fail ... */
	int uncertain; /* ... or work but be reported as failed */
};

TAILQ_HEAD(boxes, box);
TAILQ_HEAD(ctrs, ctr);
TAILQ_HEAD(calls, call);

struct world {
	uint64_t random;
	int64_t now;
	int64_t wall; /* what the wall clock is ahead */
	int jumps;    /* the wall clock has ever jumped */
	int faults;   /* things go wrong */
	int verbose;
	uint64_t ids;
	struct boxes boxes;
	struct ctrs ctrs;
	struct calls calls;
	int64_t orphaned; /* when a call of a dead agent last took effect */
	struct def def[DEFS_MAX];
	size_t ndefs;
	char broken[256]; /* the invariant that does not hold, or "" */
};

void world_init(struct world *, uint64_t seed);
void world_release(struct world *);
/* 0..n-1 */
uint32_t world_random(struct world *, uint32_t n);
/* True once in n times, while things go wrong. */
int world_unlucky(struct world *, uint32_t n);
/* Notes the first broken invariant. */
void world_broken(struct world *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* What happens, for a person who looks at one seed. */
void world_say(const struct world *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* A new definition of the pod of one name; NULL when there are too many. */
struct def *world_define(struct world *, const char *name);
const struct def *world_def(const struct world *, const char *uid);

struct ctr *ctr_find(struct world *, const char *id);
/* The pod's process ends. */
void ctr_exit(struct world *, struct ctr *, int code);
/* A sandbox dies with all in it. */
void box_die(struct world *, struct box *);
/*
 * The effect of a call on what exists: 0 or -1; on success the id of what
 * was made is in it.
 */
int call_apply(struct world *, struct call *);
/* The next one that ends by itself, or NULL. */
struct ctr *ctr_next(const struct world *);
/* Whether any instance of that container runs, or may. */
int ctr_lives(const struct world *, const char *uid, const char *name);
/* The wall clock is set. */
void world_jump(struct world *);
/* No two pods of one name run anything. */
void world_check_names(struct world *);

#endif
