/*
 * Which line is likely to be indented wrongly, where YAML makes no sense
 * further down.  Pure.
 */
#ifndef INDENT_H
#define INDENT_H

#include <stddef.h>

#define INDENT_NONE ((size_t)-1)

/* Lines from 0; INDENT_NONE: no other than the one asked about. */
struct indent_suspects {
	size_t first, second;
};

/*
 * A line that continues a block although it is closed: it was closed by
 * the line above that is indented less.  Either that one was to be in the
 * block, or what is below it is indented too far.
 */
struct indent_suspects indent_suspects(
    const unsigned char *, size_t len, size_t line);

/* What lacks a blank behind its ':', or its '-' as the first of a line. */
struct indent_glued {
	size_t line, column; /* where it starts, from 0; INDENT_NONE */
	char mark;	     /* what the blank is to follow */
};

/*
 * A line with a key that is none, as it continues the text of the line
 * above: does that one lack a blank?
 */
struct indent_glued indent_glued(
    const unsigned char *, size_t len, size_t line);

#endif
