/*
 * Quantities of the Kubernetes API: "500m", "1.5", "64Mi", "1e3".
 * Exact up to 2e28, in steps of 1e-9; what is larger is kept as that.
 * Pure.
 */
#ifndef QUANTITY_H
#define QUANTITY_H

#include <stdint.h>

#include "common/err.h"

#define QUANTITY_TEXT_MAX 64 /* canonical text, with the NUL */

/* How it was written, which canonical text keeps to. */
enum quantity_form {
	QUANTITY_DECIMAL, /* n u m k M G T P E, or none */
	QUANTITY_BINARY,  /* Ki Mi Gi Ti Pi Ei */
	QUANTITY_EXPONENT /* e3 */
};

struct quantity {
	__int128 nano; /* in units of 1e-9, rounded away from zero */
	enum quantity_form form;
};

/*
 * Reads one; blanks at both ends are ignored.  Text beyond 200 bytes is
 * an error.  -1 and err.
 */
int quantity_parse(const char *, struct quantity *, struct err *);
/* Rounds up, away from zero, to a multiple of 1e-9 * unit. */
void quantity_round(struct quantity *, int64_t unit);
/* The canonical text: "1024Ki" is "1Mi", "0.5" is "500m". */
void quantity_format(const struct quantity *, char[static QUANTITY_TEXT_MAX]);
/*
 * Forgets how it was written: the form is BINARY for whole multiples of
 * 1024 below 2^63 and DECIMAL for all else, so that one value has one
 * text, which is read as the same value.
 */
void quantity_settle(struct quantity *);
/* -1, 0 or 1. */
int quantity_compare(const struct quantity *, const struct quantity *);
/*
 * Sum, its magnitude no larger than the largest; the form of the first that
 * is not 0.
 */
void quantity_add(struct quantity *, const struct quantity *);
/* In whole units, rounded up; INT64_MAX if it is more. */
int64_t quantity_whole(const struct quantity *);
/* The same in thousandths. */
int64_t quantity_milli(const struct quantity *);

#endif
