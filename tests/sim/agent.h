/*
 * What surrounds the plan in reconciled, in a model: the list of pods, calls
 * and their results as act.c treats them, lists as observe.c merges them.
 */
#ifndef AGENT_H
#define AGENT_H

#include "tests/sim/world.h"

#define NAMES 2	      /* pods of different names */
#define FAILURES 128  /* remembered failures */
#define LIST_MS 30000 /* a list without any reason */
#define FAILURE_KEY 80

/* When an action on something last failed. */
struct failure {
	char key[FAILURE_KEY];
	int64_t at;
};

struct agent {
	struct world *w;
	struct pods pods;
	const struct def *desired[NAMES];
	int synced;
	int network;
	int64_t list_at, wake_at;
	struct failure failure[FAILURES];
	size_t nfailures;
	size_t planned; /* actions of the last look at everything */
};

void agent_init(struct agent *, struct world *);
/* It dies: all that it knew is lost, its calls go on without it. */
void agent_crash(struct agent *);
/* A list is taken after some milliseconds at most. */
void agent_list_soon(struct agent *, int64_t ms);
/* Takes a list. */
void agent_list(struct agent *);
/* Looks at everything, plans, starts calls. */
void agent_reconcile(struct agent *);
/* Of all that is not as it shall be, something must be under way. */
void agent_check_awake(struct agent *);
/* Looks at one container. */
void agent_look(struct agent *, struct pod *, const char *id);
struct mtime agent_now(const struct agent *);
/* Starts a call, for an action of the plan. */
void agent_call(struct agent *, struct pod *, const struct action *);
/* A call has ended; it is freed. */
void agent_result(struct agent *, struct call *);

#endif
