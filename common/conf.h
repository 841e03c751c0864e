/*
 * Configuration files: lines of "key value".
 *
 * One table describes a daemon's file; reading, checking (-n), printing
 * back and defaults are driven by it.  "#" starts a comment where a word
 * could start; a value with blanks stands in double quotes ("\"" and
 * "\\" are the only escapes).  A key may be given once, unless its type
 * is a list; then each line adds a value.
 */
#ifndef CONF_H
#define CONF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "err.h"

#define CONF_FILE_MAX (64 * 1024) /* bytes of a configuration file */
#define CONF_LIST_MAX 64	  /* values of one list */
#define CONF_KEYS_MAX 64	  /* keys of one table */

/* The type of the member that a key fills. */
enum conf_type {
	CONF_STRING,  /* char *, owned by the target */
	CONF_PATH,    /* char *, must be absolute, without ".."; normalised */
	CONF_BOOL,    /* int: yes or no */
	CONF_INT,     /* int64_t within min..max */
	CONF_SECONDS, /* int64_t; "20", "20s", "5m", "1h" */
	CONF_BYTES,   /* int64_t; "1048576", "64K", "1M" */
	CONF_PERCENT, /* int64_t within min..max; "85", "85%" */
	CONF_ENUM,    /* int: index into choices */
	CONF_PATHS,   /* struct conf_list of absolute paths */
	CONF_STRINGS  /* struct conf_list */
};

struct conf_list {
	size_t n;
	char *value[CONF_LIST_MAX];
};

struct conf_key {
	const char *name; /* may hold blanks: "log level" */
	enum conf_type type;
	size_t offset;		    /* of the member in the target */
	const char *fallback;	    /* text of the default; NULL: unset */
	int64_t min, max;	    /* INT, SECONDS, BYTES; both 0:
				     * no limit but not negative */
	const char *const *choices; /* ENUM, ends with NULL */
};

/*
 * Fills the target from a file; what the file does not name gets its
 * default.  A missing file is an error only if "must" is set.  Errors
 * read "FILE:LINE: ...".  The target must be zeroed before; on failure
 * nothing allocated is left in it.  A default that does not parse is a
 * mistake in the table, and fatal.
 */
int conf_load(const struct conf_key *, size_t n, void *target, const char *file,
    int must, struct err *);
/* The same from a text; the name is for error texts. */
int conf_parse(const struct conf_key *, size_t n, void *target,
    const char *name, const char *text, struct err *);
/* Prints every key with its value, as a file that loads to the same. */
void conf_print(const struct conf_key *, size_t n, const void *target, FILE *);
/* Frees what loading allocated. */
void conf_release(const struct conf_key *, size_t n, void *target);

#endif
