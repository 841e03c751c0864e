/*
 * watcherd -E: what a field of a manifest is, from the schema's tables.
 *
 * A field is named by its path, "spec.containers[0].image", with or
 * without indexes; by a path that starts at a type, "Container.image" or
 * "pod.spec"; or by the end of a path, "httpGet.port", "image".
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <stddef.h>
#include <stdio.h>

#include "watcherd/schema.h"

#define EXPLAIN_PATH_MAX 256 /* bytes of a path, with the NUL */
#define EXPLAIN_NAMES_MAX 32 /* names within a path */

/* What becomes of a field at its place. */
struct fate {
	enum support support;
	int cleared;	  /* read, and left out of the pod */
	const char *note; /* as that of the field that decides */
	const char *by;	  /* that field, if it is one further up */
};

/* One field at its place, or the whole of a type. */
struct subject {
	char path[EXPLAIN_PATH_MAX];
	const struct type *in;	   /* the type that has the field */
	const struct field *field; /* NULL: the type itself */
	struct fate fate;
};

enum explain_form {
	EXPLAIN_TEXT,
	EXPLAIN_JSON,
	EXPLAIN_MARKDOWN /* a table of all fields */
};

struct explain {
	enum explain_form form;
	int recursive; /* fields of fields, too */
};

/*
 * Prints what the name stands for on standard output; an exit status: 0,
 * 1 if there is no such field (and then what may have been meant on
 * standard error), 74 (EX_IOERR).
 */
int explain(const struct explain *, const char *name);

/*
 * Calls back for each field at or below a subject, a field before what
 * is in it; the callback says whether to go on below.
 */
typedef int explain_visit(void *, const struct subject *);
void explain_walk(const struct subject *, explain_visit *, void *);

/* The fields right in a subject, one after another; 0: no more. */
int explain_child(const struct subject *, size_t i, struct subject *);
/* The type whose fields a subject has; NULL: none. */
const struct type *subject_type(const struct subject *);

/* Words for people.  Buffers of EXPLAIN_WORDS_MAX; each returns its own. */
#define EXPLAIN_WORDS_MAX 512
const char *words_type(const struct field *, char *);
const char *words_rule(const struct field *, char *);
const char *words_default(const struct field *, char *);
const char *words_fate(const struct fate *, char *);
/* "acted on", "mirror only", "not yet" ... */
const char *words_support(const struct fate *);
/* Values that are not supported although the field is; NULL: none. */
const char *words_but(const struct subject *);
const char *words_required(const struct field *);

void explain_text(const struct explain *, const struct subject *);
void explain_json(const struct explain *, const struct subject *, size_t n);
void explain_markdown(FILE *);

#endif
