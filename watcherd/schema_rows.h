/*
 * Short forms for the rows of the schema's tables; see schema.h.  For
 * schema_*.c only.
 */
#ifndef SCHEMA_ROWS_H
#define SCHEMA_ROWS_H

#include "watcherd/schema.h"

/* FIELD("name", type, column ...) */
#define FIELD(n, ...)                            \
	{                                        \
		.name = (n), .json = __VA_ARGS__ \
	}

/* Types. */
#define LIST(t) t, .shape = SHAPE_LIST
#define MAP(t) t, .shape = SHAPE_MAP
#define OBJECT(t) JSON_OBJECT, .type = &type_##t
#define OBJECTS(t) OBJECT(t), .shape = SHAPE_LIST

/* Columns. */
#define FLAGS(f) .flags = (f)
#define ACTED .support = SUPPORT_ACTED
#define WARNED .support = SUPPORT_WARNED
#define LATER .support = SUPPORT_LATER
#define NEVER(why) .support = SUPPORT_LATER, .note = (why)
#define REFERS(kind) .support = SUPPORT_REFERS, .note = (kind)
#define REFUSED(why) .support = SUPPORT_REFUSED, .note = (why)
#define ONE_OF(words) .choices = (words)
#define IS(g) .grammar = GRAMMAR_##g
#define KEYS(g) .keys = GRAMMAR_##g
#define RANGE(a, b) .ranged = 1, .min = (a), .max = (b)
#define LONGEST(n) .longest = (n)
#define MOST(n) .most = (n)
#define UNIQUE(name) .unique = (name)
#define DEFAULT(json) .fallback = (json)
#define DEFAULT_WORDS(text) .fallback_words = (text)
#define SINCE(version) .since = (version)
#define BUT(text) .but = (text)

/* A type of the rows before it. */
#define TYPE(t, n)                                    \
	const struct type type_##t = { n, fields_##t, \
		sizeof(fields_##t) / sizeof(fields_##t[0]) };
#define STATIC_TYPE(t, n) static TYPE(t, n)

#endif
