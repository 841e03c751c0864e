/*
 * Puts together what a sandbox or a container needs before the runtime can
 * make it: files on the disk, and the request.
 */
#ifndef PREPARE_H
#define PREPARE_H

#include "common/err.h"
#include "reconciled/reconcile.h"

/* The sandbox's configuration as of now; also for pulls. */
Runtime__V1__PodSandboxConfig *prepare_sandbox(
    struct arena *, struct reconciled *, const struct pod *, uint32_t attempt);

/*
 * Whether a sandbox of the pod may be made beside those that are there; -1
 * and err: NodePorts.
 */
int prepare_admit(const struct reconciled *, const struct pod *, struct err *);
/* Tells of resolver settings that are not what the pod asks for. */
void prepare_warn(struct reconciled *, const struct pod *);

/* An instance of a container of a pod. */
struct instance_of {
	const struct pod *pod;
	size_t index; /* spec.h */
	uint32_t attempt;
};

/*
 * What CreateContainer takes, but for sub-paths, see subpath.h; NULL and err:
 * CreateContainerConfigError.
 */
Runtime__V1__ContainerConfig *prepare_container(struct arena *,
    struct reconciled *, const struct instance_of *, struct err *);

#endif
