/*
 * Plain YAML scalars, resolved as the kubelet's reader does: YAML 1.1
 * with some exceptions (no base 60, dates stay text).  Pure.
 */
#ifndef SCALAR_H
#define SCALAR_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define SCALAR_NUMBER_MAX 400 /* text of a JSON number */

enum scalar_kind {
	SCALAR_STRING,
	SCALAR_NULL,
	SCALAR_FALSE,
	SCALAR_TRUE,
	SCALAR_NUMBER
};

struct scalar {
	enum scalar_kind kind;
	char number[SCALAR_NUMBER_MAX]; /* NUMBER: its JSON text */
};

/*
 * Resolves a plain scalar without a tag.  Numbers become JSON text:
 * integers in decimal, floats in the shortest form that reads back to the
 * same double, without exponent from 1e-6 up to 1e21.  -1 and err:
 * infinity and NaN, which JSON cannot say.
 */
int scalar_resolve(const char *, size_t len, struct scalar *, struct err *);
/*
 * The same for a scalar with an explicit tag, plain or quoted: "int",
 * "float", "bool", "null", "str" or "timestamp" (the part behind
 * "tag:yaml.org,2002:").  -1 and err if the text does not fit the tag.
 */
int scalar_tagged(
    const char *tag, const char *, size_t len, struct scalar *, struct err *);

#endif
