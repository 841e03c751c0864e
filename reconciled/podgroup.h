/*
 * What the cgroups of pods, and those above them, are given: which value
 * into which file (runtime.md 3.5).  Pure.
 */
#ifndef PODGROUP_H
#define PODGROUP_H

#include "reconciled/machine.h"
#include "reconciled/qos.h"

enum controller {
	CONTROLLER_CPU,
	CONTROLLER_MEMORY,
	CONTROLLER_HUGETLB
};
#define CONTROLLERS 3

#define GROUP_FILE_MAX (MACHINE_PAGE_NAME_MAX + 24)
#define GROUP_TEXT_MAX 48
#define GROUP_VALUES_MAX (3 + MACHINE_PAGE_SIZES_MAX)

struct group_value {
	enum controller controller;
	char file[GROUP_FILE_MAX]; /* of the machine's version of cgroups */
	char text[GROUP_TEXT_MAX];
};

/*
 * Each fills in the values of one group and returns how many they are.
 * Every value that a group may have is there, be it that there is no
 * limit: the group may have been another one's before.
 *
 * A pod's: weight by its request, and as limits what all its containers
 * may use together; none where one of them has none.
 */
size_t podgroup_pod(struct group_value v[static GROUP_VALUES_MAX],
    const Tripod__Pod *, const struct machine *);
/* "kubepods": the whole machine. */
size_t podgroup_all(
    struct group_value v[static GROUP_VALUES_MAX], const struct machine *);
/* "burstable" and "besteffort": weight by thousandths of processors. */
size_t podgroup_class(struct group_value v[static GROUP_VALUES_MAX],
    int64_t milli, const struct machine *);

/*
 * What a pod adds to the weight of the burstable ones, which is that of all
 * together; 0 for the others.  Sums of 1000 pods do not overflow.
 */
int64_t podgroup_burstable(const Tripod__Pod *);
/* The manifest sets a limit that containers do not have each: one, any. */
int podgroup_has_limit(const Tripod__Pod *, enum controller);
int podgroup_is_needed(const Tripod__Pod *);
/* "cpu" and so on. */
const char *controller_str(enum controller);

#endif
