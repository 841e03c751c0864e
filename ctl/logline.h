/*
 * Lines of a container's log as a CRI runtime writes them: a time, the
 * stream, tags ("P": the line goes on in the next one), the text.  Pure.
 */
#ifndef LOGLINE_H
#define LOGLINE_H

#include <stddef.h>
#include <stdint.h>

struct logline {
	const char *stamp; /* RFC 3339; borrowed */
	size_t stamp_len;
	int64_t ns; /* the same since the epoch */
	int is_stderr;
	int partial;
	const char *text; /* borrowed, without the newline */
	size_t len;
};

/* Takes one line without its newline; -1: it is no such line. */
int logline_parse(struct logline *, const char *, size_t);

/* What the name of a log says: "3.log", or "3.log.20261127-101500". */
struct logname {
	uint32_t attempt;
	const char *rotated; /* what follows ".log.", or NULL */
};

/* -1: it is none, or one that cannot be read ("3.log.20261127-101500.gz"). */
int logname_parse(struct logname *, const char *);
/* Oldest first. */
int logname_compare(const char *, const char *);

/*
 * Where the last *lines lines of a buffer begin; *lines becomes the number
 * of those that are still missing.  at_end: nothing follows the buffer, so
 * a newline at its end ends a line rather than beginning one.
 */
size_t loglines_tail(const char *, size_t len, int at_end, uint64_t *lines);

#endif
