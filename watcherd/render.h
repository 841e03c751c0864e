/*
 * A pod written as a manifest again, for people to read.  Pure but for the
 * stream that is written to.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdio.h>

#include "watcherd/tree.h"

/*
 * Writes a document of YAML in block style, without a "---" before it:
 * what names a thing first, then the other keys in alphabetical order.
 * Strings are quoted where they would be read as something else; text of
 * several lines is a literal block where that keeps every character.
 * yaml.h reads the same tree from it.  -1: memory ran out, or the stream
 * took no more.
 */
int render_yaml(FILE *, const struct node *);

#endif
