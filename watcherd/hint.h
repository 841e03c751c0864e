/*
 * What people are told to write instead: the common mistakes in manifests
 * and what was probably meant.  Pure; a hint never changes a verdict.
 *
 * A hint is "" or begins with "; ", and stands behind the message.
 */
#ifndef HINT_H
#define HINT_H

#include "watcherd/schema.h"
#include "watcherd/tree.h"

#define HINT_MAX 200
#define HINT_VALUE_MAX 100

/* A value as a message shows it: the string "x", a list. */
const char *hint_value(const struct node *, char[static HINT_VALUE_MAX]);

/*
 * A value that is not of the field's type; the shape is that of what is
 * wanted there (an element of a list is SHAPE_ONE).  Returns the buffer.
 */
const char *hint_type(
    const struct field *, const struct node *, char[static HINT_MAX]);
/* A name that is none of the type's fields. */
const char *hint_field(
    const struct type *, const char *name, char[static HINT_MAX]);
/* Text that is no quantity: "128MB". */
const char *hint_quantity(const char *, char[static HINT_MAX]);

/* A kind that is none of ours. */
const char *hint_kind(const char *kind, char[static HINT_MAX]);

#endif
