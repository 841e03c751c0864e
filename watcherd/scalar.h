/*
 * YAML scalars, resolved as the kubelet's reader does: YAML 1.1 with some
 * exceptions (no base 60, dates stay text).  Pure.
 */
#ifndef SCALAR_H
#define SCALAR_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define SCALAR_NUMBER_MAX 48 /* text of a number and its NUL */

enum scalar_kind {
	SCALAR_STRING,
	SCALAR_NULL,
	SCALAR_FALSE,
	SCALAR_TRUE,
	SCALAR_INTEGER,
	SCALAR_FLOAT,
	SCALAR_BINARY /* the text is base64 */
};

struct scalar {
	enum scalar_kind kind;
	int negative;	    /* INTEGER: which is not 0 */
	uint64_t magnitude; /* INTEGER: at most 2^63 if it is negative */
	double real;	    /* FLOAT: perhaps infinite, or not a number */
};

/* Resolves a plain scalar without a tag.  The text ends with a NUL. */
void scalar_resolve(const char *, size_t len, struct scalar *);
/*
 * Resolves a scalar with an explicit tag, plain or quoted; the tag is
 * what stands behind "tag:yaml.org,2002:".  Those that are not known make
 * a string.  -1 and err if the text does not fit the tag.
 */
int scalar_tagged(
    const char *tag, const char *, size_t len, struct scalar *, struct err *);

/*
 * The JSON text of a number: integers in decimal, floats in the shortest
 * form that reads back to the same double, without exponent from 1e-6 up
 * to 1e21.  -1: JSON cannot say it.
 */
int scalar_number(const struct scalar *, char[static SCALAR_NUMBER_MAX]);
/*
 * The same as the key of a mapping: floats in the shortest form that reads
 * back to the same float, with exponent below 1e-4 and from 1e6; ".inf".
 * -1: an integer above those of int64_t, which cannot be a key.
 */
int scalar_key(const struct scalar *, char[static SCALAR_NUMBER_MAX]);

/*
 * Decodes base64, with line breaks anywhere.  The output, at most as long
 * as the input, may not overlap it.  -1: it is no base64.
 */
int scalar_base64(const char *, size_t len, unsigned char *, size_t *outlen);

#endif
