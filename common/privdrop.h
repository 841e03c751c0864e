/*
 * Giving up identity: user, groups, root directory, capabilities.
 */
#ifndef PRIVDROP_H
#define PRIVDROP_H

#include <sys/types.h>

#include <stdint.h>

#include "err.h"

struct identity {
	uid_t uid;
	gid_t gid;
};

/*
 * Resolves a user: a name from the password database, or a decimal uid
 * (then the gid is the same number).  Root and its group are refused.
 * Call before the root directory changes.
 */
int identity_user(const char *, struct identity *, struct err *);
/* Resolves a group's name or decimal gid. */
int identity_group(const char *, gid_t *, struct err *);

/*
 * Enters an empty root directory, takes on the identity without
 * supplementary groups, empties all capability sets, sets no_new_privs,
 * forbids core dumps, and proves that neither ids nor capabilities can
 * come back.  Fatal on failure.
 *
 * The root directory is a new one below "run" that is unlinked before
 * it is entered, so that nothing can ever appear in it, by nobody.
 *
 * Started as that user already (by a service manager), ids and groups
 * are left alone, and the root directory is run/empty, which must be
 * there, belong to root, be writable by root only, and be empty; this
 * needs CAP_SYS_CHROOT.  The bounding set then stays if CAP_SETPCAP is
 * missing: no_new_privs makes it meaningless.
 *
 * run == NULL keeps the root directory.
 */
void privdrop(const struct identity *, const char *run);
/*
 * For the process that must stay root: keeps the capabilities of the mask
 * (a bit is a number of linux/capability.h) effective and permitted, as
 * far as it has them, and no others; empties the inheritable, ambient and
 * bounding sets, sets no_new_privs and forbids core dumps.  Fatal on
 * failure.  Returns what of the mask was missing.
 */
uint64_t privdrop_capabilities(uint64_t keep);

#endif
