/*
 * Reading tests/cases/NAME.cases: many small manifests with all that is said
 * about each.  For tests only; errors end the program.
 *
 * A file is a list of cases.  Lines before the first, and between an empty
 * line and the next "===", are comments.
 *
 *	=== BASE VERDICT NAME
 *	the manifest, or a part of one
 *	--- FIELD
 *	LINE:COLUMN: FIELD: message
 *
 * BASE says what is put around the text (cases.c has them):
 *	file		nothing: it is a whole file, YAML or JSON
 *	pod		apiVersion and kind stand before it
 *	meta		fields of metadata; the spec has one container
 *	spec		fields of the spec; containers are added
 *	container	fields of spec.containers[0]; name, image and the
 *			volume "v" are added
 *	init		the same of spec.initContainers[0]
 *	volume		fields of spec.volumes[0]; the name is added
 * What is added is left out where the text has a line that begins with it.
 *
 * VERDICT is "valid" or "invalid"; "invalid/valid" is strict/lenient where
 * they differ.  NAME is what the case shows.
 *
 * "---" begins what is said, one problem a line in the order in which they
 * are told, "warning: " before the field where it is one.  Places count from
 * the text's own first line and column; what is outside is 0:0 (but
 * lines within a message count from the composed manifest's first).  A second
 * list behind "--- lenient" is for lenient mode; without it the first one
 * holds if the verdicts agree, and else nothing is said.  "---" is left out
 * if nothing is said at all.
 *
 * Warnings count only in lists that expect some, and what is "not supported
 * yet" only in lists that expect that: rules hold whatever is supported.
 */
#ifndef CASES_H
#define CASES_H

#include <stddef.h>

#include "watcherd/problem.h"

#define CASES_FOLDER "tests/cases"

#define CASE_MODES (MANIFEST_LENIENT + 1)

struct manifest_case {
	const char *file; /* base name */
	unsigned int line;
	char *comment; /* the lines before it */
	char *base;
	char *name; /* "FILE: NAME" */
	int invalid[CASE_MODES];
	char *text;		  /* as it stands in the file */
	char *expect[CASE_MODES]; /* NULL: no list of its own */
};

struct cases {
	struct manifest_case *item;
	size_t n;
};

/* All cases of a file, or of all files of the folder (file is NULL). */
void cases_read(struct cases *, const char *file);
void cases_release(struct cases *);

/* The manifest of a case, and where its own text is in it. */
struct case_manifest {
	char *bytes; /* the caller frees it */
	unsigned int first, lines, indent;
};

void case_compose(const struct manifest_case *, struct case_manifest *);

/*
 * All that is said about a case, in the form of its lists; the verdict is
 * set.  The caller frees it.
 */
char *case_said(const struct manifest_case *, enum manifest_mode, int *invalid);
/* What is expected, in the same form. */
const char *case_expected(const struct manifest_case *, enum manifest_mode);

#endif
