/*
 * A pod that the policy accepts, and its parts for a test to break.
 */
#ifndef POLICYPARTS_H
#define POLICYPARTS_H

#include "reconciled/pod.h"
#include "reconciled/policy.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))

/* A good pod, and its parts for a row to break. */
struct parts {
	struct policy policy;
	struct machine machine;
	Tripod__Pod pod;
	Tripod__Container container[POD_CONTAINERS_MAX + 1];
	Tripod__Container *containers[POD_CONTAINERS_MAX + 1];
	Tripod__Volume volume;
	Tripod__Volume *volumes[1];
	Tripod__VolumeMount mount;
	Tripod__VolumeMount *mounts[1];
	Tripod__HostPath path;
	Tripod__EmptyDir dir;
	Tripod__Security security;
	Tripod__PodSecurity pod_security;
	Tripod__Profile profile;
	Tripod__Number number;
};

void parts_init(struct parts *);

/* One change to it, and what the policy says then. */
struct policy_row {
	void (*change)(struct parts *);
	const char *error; /* part of it; NULL: accepted */
};

/* Fails the test if a row does not hold. */
void policy_rows(const struct policy_row *, size_t n);

#endif
