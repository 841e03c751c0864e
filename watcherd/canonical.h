/*
 * The canonical form of a pod: what its identity and its mirror are made
 * of.  Pure.
 *
 * Two manifests that mean the same have the same canonical JSON: null,
 * zero values, empty lists and empty maps are left out where they mean
 * "not given"; defaults are written out; quantities are in canonical
 * text; keys are sorted by their bytes; there are no blanks.  Strings
 * escape only '"', '\' and characters below U+0020 (\b \f \n \r \t, others
 * as \u00xx in lower case).
 */
#ifndef CANONICAL_H
#define CANONICAL_H

#include <stddef.h>

#include "common/mem.h"
#include "watcherd/schema.h"
#include "watcherd/tree.h"

#define DIGEST_SIZE 32			      /* SHA-256 */
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1) /* with the NUL */

/* Takes out of a valid pod what canonical JSON leaves out, in place. */
void canonical_prune(const struct type *, struct node *);

/*
 * The JSON text of a tree, followed by a NUL that len does not count;
 * NULL if the arena is exhausted.
 */
char *canonical_json(struct arena *, const struct node *, size_t *len);

/* A digest in hex.  The parts are hashed one after another. */
struct digest_part {
	const void *data;
	size_t len;
};
void digest_hex(
    const struct digest_part *, size_t n, char[static DIGEST_HEX_SIZE]);
/* Loads what libcrypto needs; call before the sandbox.  Fatal on failure. */
void digest_init(void);

#endif
