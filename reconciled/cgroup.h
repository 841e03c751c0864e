/*
 * The cgroups of pods on the disk (runtime.md 3.5): makes them, with the
 * values of podgroup.h, and removes them with what is left in them.
 *
 * Made are those of a runtime that uses the file system itself.  Where they
 * are slices of systemd, it makes them for the runtime; nothing in them is
 * written to or killed here, and only empty ones are removed.
 * What cannot be had is as the runtime makes it; whether a pod may run so is
 * for the caller to say.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include "common/err.h"
#include "reconciled/pod.h"
#include "reconciled/podgroup.h"
#include "reconciled/translate.h"

#define CGROUP_TOP "/sys/fs/cgroup"

struct cgroups {
	int top; /* -1: there are none */
	/*
	 * "kubepods" where each controller is: in one place with v2.  -1:
	 * it is not there, or not ours to write to.
	 */
	int folder[CONTROLLERS];
	const struct translate_env *env; /* borrowed */
	int64_t burstable;		 /* last weighed; -1: never */
};

/* As if there were none. */
void cgroup_init(struct cgroups *);
/*
 * Makes "kubepods" and the groups of the classes below top, or warns once
 * why it cannot.  Before the process is confined; the machine is known.
 */
void cgroup_open(
    struct cgroups *, const char *top, const struct translate_env *);
void cgroup_close(struct cgroups *);

/*
 * Makes a pod's group, for its sandbox, where groups are made.  -1 and err:
 * it lacks a value, or the pod has a limit of its own and there is no group.
 */
int cgroup_make(const struct cgroups *, const struct pod *, struct err *);
/* What all burstable pods ask for; written when it has changed. */
void cgroup_weigh(struct cgroups *, int64_t milli);
/*
 * Removes the groups of a pod of which nothing is known to run, in the places
 * of all classes, after killing what is left there.  -1: something is, and
 * needs a moment to end, so try again.
 */
int cgroup_remove(const struct cgroups *, const struct pod *);

#endif
