/*
 * What happened to pods, for people: the events that a kubelet would send
 * to the API server (runtime.md 7.6).  Not events.h, which is what the
 * runtime tells.
 *
 * A ring in memory; the oldest is dropped.  The same thing about the same
 * object counts up in place.  No two have the same first time, which so
 * identifies them.  Pure: time comes in.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>
#include <sys/queue.h>

#include "common/mem.h"
#include "tripod.pb-c.h"

#define RECORDS_MAX 512
#define RECORD_REASON_MAX 32
#define RECORD_MESSAGE_MAX 512

struct record {
	TAILQ_ENTRY(record) entry;
	uint64_t number; /* of the last change; grows */
	char *uid, *namespace_, *pod, *hash;
	char *container; /* "spec.containers{web}", or "" */
	int warning;
	char reason[RECORD_REASON_MAX];
	char message[RECORD_MESSAGE_MAX];
	uint32_t count;
	int64_t first_ns, last_ns;
};

TAILQ_HEAD(record_list, record);

/* Latest change first. */
struct records {
	struct record_list list;
	unsigned int n;
	uint64_t number;
	uint64_t dropped; /* largest number of those that were dropped */
	int64_t last_ns;  /* when the newest one was first seen */
};

/* What a record is about. */
struct record_object {
	const char *uid, *namespace_, *pod;
	const char *container; /* field path, or "" */
	const char *hash;      /* of the pod's definition; NULL: none */
};

void records_init(struct records *);
void records_release(struct records *);
/*
 * Adds, or counts up; too long texts are cut.  The result is valid until
 * the next call.
 */
const struct record *records_add(struct records *, const struct record_object *,
    int warning, const char *reason, const char *message, int64_t now_ns);
/*
 * The oldest one that has changed after that number; NULL if there is none.
 * Whoever follows the ring keeps the number of the last one it got: it then
 * needs no queue, and what it is too slow for is counted up or dropped here.
 */
const struct record *records_after(const struct records *, uint64_t number);
/* In the arena; pods are "namespace/name". */
Tripod__EventItem *record_item(struct arena *, const struct record *);
int record_is_of(const struct record *, const char *pod);

#endif
