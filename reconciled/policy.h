/*
 * What reconciled runs, whatever watcherd says.
 *
 * The runtime's socket is worth root, so nothing here trusts that a
 * manifest was validated: identities become labels, directories and
 * cgroups, paths become mounts.  Pure.
 */
#ifndef POLICY_H
#define POLICY_H

#include "common/conf.h"
#include "common/err.h"
#include "tripod.pb-c.h"

struct policy {
	struct conf_list host_paths; /* prefixes; none: every path */
	int host_network;
};

/* 0, or -1 and err says what is against it. */
int policy_check(const struct policy *, const Tripod__Pod *, struct err *);

#endif
