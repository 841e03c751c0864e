/*
 * Decides about the Node object and its Lease.  Pure.
 *
 * Node:
 *  1. Nothing while a request is under way, before the retry time, or
 *     while either side's picture was never complete.
 *  2. A node that somebody else maintains is only looked at.
 *  3. Creation said that it exists: GET it.
 *  4. It is not there: create it.  If it was there before, somebody has
 *     deleted it: wait, and create it again if so configured.
 *  5. It is being deleted: wait for the end.
 *  6. Labels or status differ, or the last patch is five minutes old:
 *     patch it.
 * Lease:
 *  1. None without the Node (a Lease that is renewed while the Node is
 *     gone lies), nor for one that is being deleted.
 *  2. Look for it once, so that renewTime goes on from the last value.
 *  3. Create it when it is missing, else renew it when it is time.
 */
#ifndef NODEPLAN_H
#define NODEPLAN_H

#include <jansson.h>
#include <stdint.h>

#include "common/mtime.h"
#include "mirrord/apijson.h"
#include "mirrord/seen.h"

/* A status changed by others is put back after at least this. */
#define NODE_REPAIR_MS 10000

enum node_kind {
	NODE_NONE,
	NODE_GET,
	NODE_CREATE,
	NODE_PATCH
};
enum lease_kind {
	LEASE_NONE,
	LEASE_GET,
	LEASE_CREATE,
	LEASE_RENEW
};

/* Settings of mirrord.conf. */
struct node_policy {
	int existing;	       /* somebody else maintains the Node */
	int reregister;	       /* create a deleted Node again */
	int64_t reregister_ms; /* after this */
	int64_t lease_ms;      /* between two renewals */
};

struct node_env {
	int want_complete, seen_complete;
	const json_t *want; /* node_build() */
	const struct seen_node *seen;
	struct node_policy policy;
	struct mtime now;
};

/* Written by register.c from results. */
struct node_memo {
	enum node_kind busy;
	int exists;	      /* rule 3 */
	int existed;	      /* it was there in the life of this process */
	struct mtime missing; /* since when, if existed */
	unsigned int failures;
	struct mtime retry;
	struct api_result last;
	json_t *patched; /* what was last accepted */
	struct mtime patched_at;
};

struct lease_memo {
	enum lease_kind busy;
	int known, exists;
	int64_t last_us; /* renewTime */
	struct mtime next;
	unsigned int failures;
	struct mtime retry;
};

struct node_plan {
	enum node_kind node;
	enum lease_kind lease;
	struct mtime wake;
};

void plan_node(const struct node_env *, const struct node_memo *,
    const struct lease_memo *, struct node_plan *);

/* Results of requests.  rnd is any random number. */
void node_failed(struct node_memo *, const struct api_result *,
    struct mtime now, uint32_t rnd);
void node_done(struct node_memo *);
void lease_failed(struct lease_memo *, const struct api_result *,
    struct mtime now, uint32_t rnd);
/* It is renewed until now; the next time is one interval on (4 % jitter). */
void lease_done(
    struct lease_memo *, int64_t lease_ms, struct mtime now, uint32_t rnd);

const char *node_kind_str(enum node_kind);
const char *lease_kind_str(enum lease_kind);

#endif
