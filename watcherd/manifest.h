/*
 * The bytes of one file to what is known about it: a pod, or problems.
 * The one interface that the daemon, the offline check and the fuzzer
 * use.  Pure: no I/O, no clock; time and memory are bounded by the
 * limits of tree.h and problem.h whatever the bytes say.
 */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <stddef.h>
#include <stdio.h>

#include "common/mem.h"
#include "tripod.pb-c.h"
#include "watcherd/problem.h"

#define MANIFEST_SIZE_DEFAULT (1024 * 1024)	/* bytes of a file */
#define MANIFEST_SIZE_LENIENT 10485759		/* a kubelet's limit */
#define MANIFEST_SIZE_MAX MANIFEST_SIZE_LENIENT /* that may be configured */
#define MANIFEST_PODS_MAX 100			/* in one file */
#define MANIFEST_MESSAGE_MAX (4000 * 1024) /* bytes of all that it defines */

/*
 * No file takes more than 32 MiB: itself and the arena that it is parsed
 * into, and 10 MiB for what is on the heap for a while: buffers of
 * libyaml, open collections (build.h), the text of an identity.
 */
#define MANIFEST_MEMORY_MAX (32 * 1024 * 1024)
#define MANIFEST_HEAP_MAX (10 * 1024 * 1024)
#define MANIFEST_ARENA_MAX (MANIFEST_MEMORY_MAX - MANIFEST_HEAP_MAX)

struct manifest_source {
	const char *file; /* base name: part of the pod's identity */
	const char *node; /* name of the node, valid and in lower case */
	const void *bytes;
	size_t len;
	enum manifest_mode mode;
};

/*
 * Parses, decodes, defaults, validates.  The result lives in the arena,
 * which should be fresh and have MANIFEST_ARENA_MAX, off which the bytes
 * of the file are taken; its state is VALID
 * (with its definition; there may be warnings) or INVALID (at
 * least one error).  NULL only if the arena is too small for any answer.
 */
Tripod__Manifest *manifest_parse(
    const struct manifest_source *, struct arena *);

/*
 * A result for a file that cannot be read at all, or must not be used:
 * INVALID, with one error about the whole file.  The same contract.
 */
Tripod__Manifest *manifest_invalid(struct arena *, const char *file,
    const char *, ...) __attribute__((format(printf, 3, 4)));

/* How a valid file can be written again. */
enum manifest_form {
	FORM_YAML,    /* documents of YAML, render.h */
	FORM_JSON,    /* canonical JSON, a line for each pod */
	FORM_IDENTITY /* the bytes that the digest of the only pod covers */
};
/*
 * Writes the pods of a file as manifests again, with all defaults written
 * out: the form that identity.h defines.  The arena is as for
 * manifest_parse.  -1: not valid, several pods where one is wanted, memory
 * ran out, or the stream took no more.
 */
int manifest_render(
    const struct manifest_source *, enum manifest_form, struct arena *, FILE *);

/* A result for a file that is not there any more. */
Tripod__Manifest *manifest_gone(struct arena *, const char *file);

#endif
