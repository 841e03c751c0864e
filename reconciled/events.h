/*
 * Hints from the runtime: "look at this container or sandbox now".
 *
 * Nothing may depend on them.  They can come before the runtime's own
 * lists have changed (look again after 5, 10, 20 ... ms), twice, or be
 * lost with a connection; after every on_resync the caller lists
 * everything, and from time to time anyway.
 *
 * Sources, in this order: GetContainerEvents where it stays open;
 * otherwise containerd's own event service; otherwise none.
 * runtime.md 1.8, 10.1.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include <event2/event.h>
#include <stdint.h>

#include "reconciled/cri.h"

enum events_source {
	EVENTS_NONE,	  /* list every second instead */
	EVENTS_CRI,	  /* GetContainerEvents */
	EVENTS_CONTAINERD /* containerd.services.events.v1 */
};

const char *events_source_str(enum events_source);

enum hint_kind {
	HINT_CREATED,
	HINT_STARTED,
	HINT_EXITED, /* its first process ended */
	HINT_OOM,    /* the kernel killed one of its processes */
	HINT_DELETED
};

const char *hint_kind_str(enum hint_kind);

struct hint {
	enum hint_kind kind;
	const char *id; /* of a container or a sandbox: the source cannot
			 * tell which; untrusted text */
	/* Only with HINT_EXITED from containerd; otherwise 0. */
	uint32_t pid;
	uint32_t exit_status; /* meaningful only if pid is not 0 */
	int64_t exited_ns;
};

struct events_callbacks {
	void (*on_hint)(void *ctx, const struct hint *);
	/*
	 * A subscription was just made, lost or given up: what happened
	 * before is unknown.  List everything once; with EVENTS_NONE list
	 * every second until the next on_resync.
	 */
	void (*on_resync)(void *ctx, enum events_source);
};

struct events;

struct events *events_new(struct event_base *, struct cri *,
    const struct events_callbacks *, void *ctx);
/* Ends the subscription; takes NULL.  To be freed before the cri. */
void events_free(struct events *);
/*
 * To be called from the cri's on_state: subscribes when the runtime is up
 * and notices when it is not.  Calls no callback itself.
 */
void events_update(struct events *);

#endif
