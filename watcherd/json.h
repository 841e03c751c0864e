/*
 * JSON bytes (RFC 8259) to a tree.
 *
 * An own reader, because libyaml's idea of JSON is too wide (comments,
 * trailing commas, plain words) and too narrow (surrogate pairs).  Invalid
 * UTF-8 and half surrogate pairs, which are errors, become U+FFFD when
 * read leniently, and a NUL in a string stays there.
 */
#ifndef JSON_READER_H
#define JSON_READER_H

#include "watcherd/problem.h"
#include "watcherd/tree.h"

/* True if the first byte behind white space is a '{'. */
int json_is(const void *, size_t len);
/* Adds its one document, or at least one problem. */
void json_read(const void *, size_t len, struct arena *, struct problems *,
    struct documents *);

#endif
