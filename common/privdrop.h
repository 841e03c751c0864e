/*
 * Giving up identity: user, groups, root directory, capabilities.
 */
#ifndef PRIVDROP_H
#define PRIVDROP_H

#include <sys/types.h>

#include "err.h"

struct identity {
	uid_t uid;
	gid_t gid;
};

/*
 * Resolves a user: a name from the password database, or a decimal uid
 * (then the gid is the same number).  Root is refused.
 */
int identity_user(const char *, struct identity *, struct err *);
/* Resolves a group's name or decimal gid. */
int identity_group(const char *, gid_t *, struct err *);

/*
 * Enters an empty root directory (an unlinked temporary directory made
 * below "run", so that nothing can ever appear in it), then takes on the
 * identity without supplementary groups, and proves that neither ids nor
 * capabilities can come back.  Started as that user already, only the
 * root directory is changed, which needs CAP_SYS_CHROOT.  run == NULL
 * keeps the root directory.  Fatal on failure.
 */
void privdrop(const struct identity *, const char *run);
/*
 * For the process that must stay root: empties the effective,
 * permitted, inheritable, ambient and bounding capability sets, sets
 * no_new_privs and forbids core dumps.  Fatal on failure.
 */
void privdrop_capabilities(void);

#endif
