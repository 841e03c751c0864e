/*
 * Between the files of plan; see plan.h.
 */
#ifndef PLAN_PARTS_H
#define PLAN_PARTS_H

#include "reconciled/look.h"
#include "reconciled/plan.h"

/* What the rules work on. */
struct planner {
	const struct pod_want *want;
	const struct pod_seen *seen;
	const struct pod_memo *memo;
	struct mtime now;
	struct action *act;
	size_t n;
	struct mtime *wake;
	uint32_t round; /* the one that counts (rule 8) */
};

void plan_add(struct planner *, struct action);
/* True, and remembered as wake-up, while a failure is backed off. */
int plan_waits(struct planner *, const struct retry *);

/* --- plan_stop.c --- */

void plan_stop(
    struct planner *, const struct seen_container *, enum stop_cause);
/* Stop every process, or every sandbox; true while there are any. */
int plan_stop_containers(struct planner *, enum stop_cause);
int plan_stop_sandboxes(struct planner *, const char *reason);
void plan_remove(struct planner *, const struct seen_container *);
void plan_remove_sandbox(struct planner *, const struct seen_sandbox *);
/* Rule 2. */
void plan_end(struct planner *);
void plan_over(struct planner *);
/* Rules 7 and 8; the latter is true until nothing of old rounds runs. */
void plan_stop_wrong(struct planner *);
int plan_restart_all(struct planner *);
/* Rule 11. */
void plan_prune(struct planner *);

/* --- plan_start.c --- */

/* Rule 5; all: of all containers (rule 4). */
void plan_images(struct planner *, int all);
/* Rules 9 and 10. */
void plan_containers(struct planner *);

#endif
