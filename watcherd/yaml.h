/*
 * YAML bytes to trees, with libyaml and the scalar rules of scalar.h.
 *
 * UTF-8, or UTF-16 with a byte order mark.  Where libyaml takes more than
 * the kubelet's reader, which is of the same descent, what is more is
 * refused.
 *
 * Strict: all documents count, and those behind a syntax error are read
 * too.  Lenient: the first one counts, also if it is empty, and at most
 * the next 512 bytes are looked at.
 */
#ifndef YAML_READER_H
#define YAML_READER_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

#define YAML_ANCHORS_MAX 1000 /* anchors in one document */

/*
 * Adds what can be read; with none there is at least one problem.  There
 * may be problems all the same.
 */
void yaml_read(const void *, size_t len, struct arena *, struct problems *,
    struct documents *);

#endif
