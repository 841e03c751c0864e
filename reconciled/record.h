/*
 * What happened to pods, for people: the events that a kubelet would send
 * to the API server (runtime.md 7.6).  Not events.h, which is what the
 * runtime tells.
 *
 * A ring in memory; the oldest is dropped.  The same thing about the same
 * object counts up in place.  Pure: time comes in.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>
#include <sys/queue.h>

#define RECORDS_MAX 512
#define RECORD_REASON_MAX 32
#define RECORD_MESSAGE_MAX 512

struct record {
	TAILQ_ENTRY(record) entry;
	uint64_t number; /* of the last change; grows */
	char *uid, *namespace_, *pod;
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
};

/* What a record is about. */
struct record_object {
	const char *uid, *namespace_, *pod;
	const char *container; /* field path, or "" */
};

void records_init(struct records *);
void records_release(struct records *);
/*
 * Adds, or counts up; too long texts are cut.  The result is valid until
 * the next call.
 */
const struct record *records_add(struct records *, const struct record_object *,
    int warning, const char *reason, const char *message, int64_t now_ns);

#endif
