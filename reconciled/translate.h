/*
 * From a pod to the requests of the CRI (runtime.md 2 to 4).
 *
 * Pure and deterministic: the same pod and attempt give the same
 * configuration, as containerd demands of the copies in later calls.
 * Results live in the arena and borrow from the pod.
 */
#ifndef TRANSLATE_H
#define TRANSLATE_H

#include "cri.pb-c.h"
#include "reconciled/pod.h"

/* Marks what is ours; what lacks it is never touched. */
#define LABEL_MANAGED "tripod.managed"
#define LABEL_MANAGED_VALUE "1"
#define LABEL_POD_NAME "io.kubernetes.pod.name"
#define LABEL_POD_NAMESPACE "io.kubernetes.pod.namespace"
#define LABEL_POD_UID "io.kubernetes.pod.uid"
#define LABEL_CONTAINER_NAME "io.kubernetes.container.name"
#define ANNOTATION_HASH "kubernetes.io/config.hash"
#define ANNOTATION_SOURCE "kubernetes.io/config.source"
#define ANNOTATION_SEEN "kubernetes.io/config.seen"
#define ANNOTATION_FILE "tripod.file"
#define ANNOTATION_GRACE "io.kubernetes.pod.terminationGracePeriod"
#define ANNOTATION_HOST_NETWORK "tripod.host-network"

struct translate_env {
	const char *pod_logs;	 /* folder, "/var/log/pods" */
	const char *state;	 /* folder, "/var/lib/tripod" */
	const char *cgroup_root; /* "" or a path in front of kubepods */
	int systemd_cgroups;	 /* form of cgroup_parent */
};

Runtime__V1__PodSandboxConfig *translate_sandbox(struct arena *,
    const struct translate_env *, const struct pod *, uint32_t attempt);
/* For container i of the pod, made from the image image_ref. */
Runtime__V1__ContainerConfig *translate_container(struct arena *,
    const struct translate_env *, const struct pod *, size_t i,
    uint32_t attempt, const char *image_ref);
/* The image of container i as PullImage and ImageStatus take it. */
Runtime__V1__ImageSpec *translate_image(
    struct arena *, const struct pod *, size_t i);

/* "NAMESPACE_NAME_UID", a pod's folder below pod_logs. */
char *translate_log_folder(struct arena *, const struct pod *);
/* "kubepods/besteffort/podUID" and its like, without leading '/'. */
char *translate_cgroup(
    struct arena *, const struct translate_env *, const struct pod *);
#define TRANSLATE_TEXT_MAX (2 * 1024 * 1024)

/*
 * Replaces $(NAME) by the value of that variable; "$$" is "$", unknown
 * names stay as they are (runtime.md 4.2).  NULL when the result is longer
 * than TRANSLATE_TEXT_MAX or does not fit into the arena.
 */
char *translate_expand(
    struct arena *, const char *, Runtime__V1__KeyValue *const *env, size_t n);
/*
 * Whether environment, command and arguments of a container, expanded, take
 * no more than TRANSLATE_TEXT_MAX altogether; about what execve(2) takes.
 * Must hold for every pod that is translated: policy_check() sees to it.
 */
int translate_fits(const Tripod__Container *);
/* A host name out of a pod's name: at most 63 bytes (runtime.md 3.1). */
char *translate_hostname(struct arena *, const char *);

#endif
