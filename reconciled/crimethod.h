/*
 * The table of CRI methods: what each is called, how long it may take,
 * what its answer must have.  Pure.  runtime.md 1.3 to 1.6.
 */
#ifndef CRIMETHOD_H
#define CRIMETHOD_H

#include "reconciled/cri.h"

/* What a command in a container prints is the container's to choose. */
#define CRI_EXEC_OUTPUT_MAX (1024 * 1024)

struct cri_method_desc {
	struct grpc_method grpc;
	/* Milliseconds, or GRPC_NO_DEADLINE; the request is of its type. */
	int64_t (*deadline)(const ProtobufCMessage *request);
	/* Says what an answer lacks; NULL: nothing.  May be NULL itself. */
	const char *(*missing)(const void *response);
	int absence_is_success; /* NOT_FOUND: it is gone, as was wished */
};

const struct cri_method_desc *cri_method_desc(enum cri_method);

#endif
