/*
 * YAML bytes to a tree, with libyaml and the scalar rules of scalar.h.
 *
 * UTF-8, or UTF-16 with a byte order mark.  One document counts; further
 * ones must be empty.  Strings may not contain NUL (also not escaped).
 */
#ifndef YAML_READER_H
#define YAML_READER_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

#define YAML_ANCHORS_MAX 1000 /* anchors in one file */

/*
 * The root of the tree; NULL after adding at least one problem.  Problems
 * that do not stop the reader (duplicate keys) may be added all the same.
 */
struct node *yaml_read(
    const void *, size_t len, struct arena *, struct problems *);

#endif
