/*
 * One pod as it was seen, and a runtime that answers what the test says.
 */
#ifndef OBSERVEWORLD_H
#define OBSERVEWORLD_H

#include "cri.pb-c.h"
#include "reconciled/peers.h"
#include "reconciled/reconcile.h"

#define CALLS_MAX 8
#define TEXT(s) ((char *)(uintptr_t)(s))

/* A call that is not answered yet. */
struct asked {
	enum cri_method method;
	cri_done done;
	void *ctx;
};

struct world {
	struct reconciled r;
	struct pod *p;
	struct seen_sandbox *s;
	struct seen_container *c;
	struct asked asked[CALLS_MAX];
	size_t n;
	int told; /* statuses */
	int gone; /* ends of pods */
};

int world_setup(void **state);
int world_teardown(void **state);

/* The only call that waits has this answer. */
void answer(
    struct world *, enum cri_method, enum grpc_code, const void *response);
/* The same for the questions of observe; the lists have both, ready. */
void answer_container(struct world *, Runtime__V1__ContainerState);
void answer_sandbox(struct world *, int ready);
void answer_list(struct world *, Runtime__V1__ContainerState);

/* The runtime tells of the end of what has this id. */
void hint(struct world *, const char *id);

#endif
