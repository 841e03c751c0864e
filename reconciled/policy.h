/*
 * What reconciled runs, whatever watcherd says.
 *
 * The runtime's socket is worth root, so nothing here trusts that a
 * manifest was validated: identities become labels, directories and
 * cgroups, paths become mounts, texts become lines of files.  Pure.
 */
#ifndef POLICY_H
#define POLICY_H

#include "common/conf.h"
#include "common/err.h"
#include "reconciled/machine.h"
#include "tripod.pb-c.h"

struct policy {
	struct conf_list host_paths;   /* prefixes; none: every path */
	struct conf_list capabilities; /* that may be added; none: all */
	struct conf_list sysctls; /* beside the safe ones; may end in '*' */
	struct conf_list labels;  /* of the node: "KEY=VALUE" */
	struct conf_list classes; /* of the runtime: "NAME=HANDLER" */
	int host_network, host_pid, host_ipc, host_port;
	int privileged;
	int unconfined; /* profiles, labels, /proc without restriction */
	/* What the node is; borrowed. */
	const char *node;
	const char *cluster_domain;
	const struct machine *machine;
};

/* 0, or -1 and err says what is against it. */
int policy_check(const struct policy *, const Tripod__Pod *, struct err *);
/* The part of it about one container. */
int policy_container(const struct policy *, const Tripod__Pod *,
    const Tripod__Container *, struct err *);

/*
 * What the runtime calls a class of it: "" for none; NULL: nobody knows
 * that class.  Borrowed.
 */
const char *policy_handler(const struct policy *, const char *name);

/* Helpers of both. */
#define POLICY_GRACE_MAX (366LL * 24 * 3600) /* seconds; more is a mistake */
#define POLICY_LIST_MAX 4096	 /* labels, environment, arguments ... */
#define POLICY_SUB_PATHS_MAX 256 /* of a pod; each is a mount of the host */
int policy_amounts(Tripod__Resource *const *, size_t, struct err *);
/* Whether it may have these labels; they may be NULL. */
int policy_selinux(
    const struct policy *, const Tripod__SELinux *, struct err *);
/* Neither empty nor with blanks or control characters in it. */
int policy_is_word(const char *);

#endif
