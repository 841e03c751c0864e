/*
 * From a pod to the requests of the CRI (runtime.md 2 to 4).
 *
 * Pure and deterministic: the same pod and attempt give the same
 * configuration, as containerd demands of the copies in later calls.
 * Results live in the arena and borrow from their arguments.  What is
 * translated has passed policy_check(), which bounds all of it.
 */
#ifndef TRANSLATE_H
#define TRANSLATE_H

#include "common/conf.h"
#include "common/err.h"
#include "cri.pb-c.h"
#include "reconciled/dns.h"
#include "reconciled/machine.h"
#include "reconciled/pod.h"
#include "reconciled/qos.h"

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
#define ANNOTATION_MESSAGE_POLICY \
	"io.kubernetes.container.terminationMessagePolicy"
#define MESSAGE_FROM_LOG "FallbackToLogsOnError"

/* The same for all pods: what is configured, and what the machine is. */
struct translate_env {
	const char *pod_logs;	 /* folder, "/var/log/pods" */
	const char *state;	 /* folder, "/var/lib/tripod" */
	const char *cgroup_root; /* "" or a path in front of kubepods */
	int systemd_cgroups;	 /* form of cgroup_parent */
	const char *node;	 /* name */
	const char *addresses;	 /* of the node, "192.0.2.1,2001:db8::1" */
	struct dns_env dns;
	struct machine machine;
	const char *seccomp_profiles; /* folder of "Localhost" ones */
	int seccomp_runtime;	      /* default profile: the runtime's */
	/* What the runtime says that it can do. */
	int has_recursive_read_only, has_groups_policy;
};

/* What is particular to one instance of a container. */
struct instance {
	const Tripod__Container *spec; /* of the pod's definition */
	uint32_t attempt;
	const char *image_ref;	/* what to make it from */
	int64_t image_uid;	/* the image's user; -1: not a number */
	const char *image_user; /* its name, "" if there is none */
	const char *ips; /* of the pod, "10.0.0.2,fd00::2"; "" if unknown */
	const char *hosts_file;	  /* on the host, for /etc/hosts; or NULL */
	const char *message_file; /* for the termination message; or NULL */
};

Runtime__V1__PodSandboxConfig *translate_sandbox(struct arena *,
    const struct translate_env *, const struct pod *, uint32_t attempt);
/*
 * NULL and err when the container cannot be made as it is wanted, which
 * is a CreateContainerConfigError.  The first mounts are those of the
 * definition, in its order; their host paths are those of the volumes.
 */
Runtime__V1__ContainerConfig *translate_container(struct arena *,
    const struct translate_env *, const struct pod *, const struct instance *,
    struct err *);
/*
 * An image as PullImage and ImageStatus take it: with the pod's annotations
 * (runtime.md 4.12).
 */
Runtime__V1__ImageSpec *translate_image(
    struct arena *, const struct pod *, const char *image);
/*
 * Where below its volume mount i of the definition begins: sub_path or
 * the expanded sub_path_expr, "" for neither.  NULL and err.
 */
const char *translate_sub_path(struct arena *,
    const Runtime__V1__ContainerConfig *, const Tripod__VolumeMount *,
    struct err *);

/* "NAMESPACE_NAME_UID", a pod's folder below pod_logs. */
char *translate_log_folder(struct arena *, const struct pod *);
/* "kubepods/besteffort/podUID" and its like, without leading '/'. */
char *translate_cgroup(
    struct arena *, const struct translate_env *, const struct pod *, enum qos);
/*
 * Host name and domain of a pod (runtime.md 3.1); "" where it has none.
 */
void translate_hostname(struct arena *, const struct translate_env *,
    const struct pod *, char **name, char **domain);
/* The file for /etc/hosts; base is the host's own, for its network. */
char *translate_hosts(struct arena *, const struct translate_env *,
    const struct pod *, const char *ips, const char *base);
/* A sysctl's name as the kernel's: "net/ipv4/x" is "net.ipv4.x". */
char *translate_sysctl(struct arena *, const char *);
/* What a file about the pod says (runtime.md 4.6); NULL and err. */
char *translate_file(struct arena *, const struct translate_env *,
    const struct pod *, const Tripod__DownwardFile *, struct err *);

/* Bound on environment, command and arguments of a container together. */
#define TRANSLATE_TEXT_MAX (2 * 1024 * 1024)

/* Variables by name, so that thousands may refer to thousands. */
struct variables {
	struct variable {
		const char *name, *value; /* NULL: it has none yet */
	} * sorted;
	size_t n;
};

/*
 * All the names of a list, with values where they are there already; of two
 * the later one counts.  In the arena, borrows; -1: it is too small.
 */
int variables_init(struct variables *, struct arena *,
    Runtime__V1__KeyValue *const *, size_t n);
/* The value of one of them from now on; borrowed. */
void variables_set(struct variables *, const char *name, const char *value);
/* NULL: there is none of that name, or it has no value yet. */
const char *variables_get(
    const struct variables *, const char *name, size_t len);

/*
 * Replaces $(NAME) by the value of that variable; "$$" is "$", unknown
 * names stay as they are (runtime.md 4.2).  NULL when the result is longer
 * than TRANSLATE_TEXT_MAX or does not fit into the arena.
 */
char *translate_expand(struct arena *, const char *, const struct variables *);
/*
 * Whether environment, command and arguments of a container, expanded, take
 * no more than TRANSLATE_TEXT_MAX altogether; about what execve(2) takes.
 * Values from elsewhere count as empty.
 */
int translate_fits(const Tripod__Container *);

#endif
