/*
 * What the probes of a container have found out about one instance of it:
 * part of the pod's memo.  probes.c writes it, plan.c and status.c read it
 * through the functions below.  Pure.
 *
 * A finding counts only for the instance that it names, so nothing has to
 * be reset when a container is started again.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "tripod.pb-c.h"

enum probe_kind {
	PROBE_STARTUP,
	PROBE_LIVENESS,
	PROBE_READINESS,
	PROBE_KINDS
};

/* "Startup", "Liveness", "Readiness", as texts for people begin. */
const char *probe_kind_str(enum probe_kind);
/* The container's probe of that kind; NULL if it has none. */
const Tripod__Probe *probe_of(const Tripod__Container *, enum probe_kind);

/* What a probe has found, its thresholds considered. */
enum verdict {
	VERDICT_NONE, /* not yet enough to say */
	VERDICT_GOOD,
	VERDICT_BAD
};

/* The last attempt, for people. */
struct health_try {
	char *message; /* NULL: there was nothing to say */
	int64_t ns;    /* since the epoch; 0: there was none */
};

struct health {
	char *id; /* of the instance; NULL: of none */
	/*
	 * It ran long before reconciled was started.  Until its probes have
	 * found something it counts as what it most likely was: started and
	 * ready (runtime.md 6.4; the kubelet has it unready).
	 */
	int adopted;
	enum verdict verdict[PROBE_KINDS];
	struct health_try last[PROBE_KINDS];
};

/* Begins anew, for that instance. */
void health_begin(struct health *, const char *id, int adopted);
/* Frees what it holds and names no instance. */
void health_forget(struct health *);
int health_is_of(const struct health *, const char *id);
/* Notes what an attempt said, and when. */
void health_note(
    struct health *, enum probe_kind, const char *message, int64_t now_ns);

/* Whether the probe of that kind is content with it, or is none. */
int health_is_good(const Tripod__Container *, const struct health *,
    const char *id, enum probe_kind);
/*
 * Of the container's instance id, which runs: whether it has started, and
 * whether it is ready, as in its status.  Without a probe it is.
 */
int health_started(
    const Tripod__Container *, const struct health *, const char *id);
int health_ready(
    const Tripod__Container *, const struct health *, const char *id);
/*
 * The probe for whose sake the running instance must be stopped, and as
 * restart policy says started again: its startup or liveness probe, which
 * failed.  NULL: none.  Its grace_seconds, if not 0, stands for the pod's;
 * why becomes a constant text.
 */
const Tripod__Probe *health_failed(const Tripod__Container *,
    const struct health *, const char *id, const char **why);

#endif
