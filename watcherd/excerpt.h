/*
 * The place of a problem in the text of a manifest, for people's eyes:
 * the line, and a mark below it.  Text from a file never plays with the
 * terminal.
 */
#ifndef EXCERPT_H
#define EXCERPT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXCERPT_TEXT_MAX (1 << 20) /* bytes in which places are shown */
#define EXCERPT_AROUND_MAX 1024	   /* bytes on either side of one */

struct excerpt {
	const unsigned char *line; /* borrowed; without its end */
	size_t len;
	int cut_before, cut_after; /* the line is longer at that end */
	size_t mark;		   /* bytes before what is meant */
	size_t nmark;	 /* bytes of what is meant; 0: it is not known */
	uint32_t column; /* from 1, in characters, of what is meant */
	uint32_t end;	 /* of what follows it; 0: it is not known */
};

/*
 * Finds a place, lines and columns as problem.h has them.  -1: the text
 * has no such place, not so far at its start, or is not UTF-8.
 */
int excerpt_find(struct excerpt *, const void *bytes, size_t len, uint32_t line,
    uint32_t column);
/*
 * Prints the line, a long one cut around the place, and a caret line
 * below.  Tabs are written out, what is not printable is escaped.  Of an
 * empty line nothing is printed.
 */
void excerpt_print(const struct excerpt *, int color, FILE *);

/* Prints one line of text; what is not printable is escaped. */
void clean_print(const char *, FILE *);

#endif
