/*
 * JSON bytes (RFC 8259) to a tree.
 *
 * An own reader, because libyaml's idea of JSON is too wide (comments,
 * trailing commas, plain words) and too narrow (surrogate pairs).  As the
 * kubelet's reader does, unpaired surrogate escapes become U+FFFD;
 * unlike there, invalid UTF-8 is an error and a NUL in a string too.
 */
#ifndef JSON_READER_H
#define JSON_READER_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

/* True if the first byte behind white space is a '{'. */
int json_is(const void *, size_t len);
/* The root of the tree; NULL after adding at least one problem. */
struct node *json_read(
    const void *, size_t len, struct arena *, struct problems *);

#endif
