/*
 * Reading the logs of a container through descriptors that reconciled
 * lends: of the folder, of what watches it, and of each file.
 */
#ifndef LOGS_H
#define LOGS_H

#include "ctl/session.h"

#define LOGS_TAIL_ALL UINT64_MAX

struct logs_wish {
	const char *uid, *container; /* what is meant */
	const char *pod;	     /* "namespace/name" */
	int follow, previous, stamps;
	uint64_t tail;	  /* lines, or LOGS_TAIL_ALL */
	int64_t since_ns; /* 0: all */
};

/*
 * Writes them to standard output; with follow, over rotations and
 * restarts, until the container has ended for good.  0, or -1 and err.
 */
int logs_write(struct session *, const struct logs_wish *, struct err *);

#endif
