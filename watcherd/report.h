/*
 * What a check found, for people or for programs.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "tripod.pb-c.h"

enum verdict {
	VERDICT_VALID,
	VERDICT_REFUSED,
	VERDICT_UNREADABLE,
	VERDICT_IGNORED, /* the daemon leaves such a name alone */
	VERDICTS
};

/* What was found about one file. */
struct result {
	const char *path; /* as the user named it */
	enum verdict verdict;
	const Tripod__Manifest *manifest; /* VALID and REFUSED */
	const void *bytes;		  /* of the file, for excerpts */
	size_t len;
	const char *why; /* UNREADABLE, IGNORED */
};

struct report {
	FILE *to;			 /* of the text form */
	int json, quiet, verbose, color; /* the caller's wishes */
	size_t count[VERDICTS];		 /* files */
	size_t warnings;

	/* JSON only: the list of files follows that of problems. */
	FILE *files;
	char *files_text;
	size_t files_len, nproblems, nfiles;
};

const char *verdict_str(enum verdict);

/* The caller flushes in the end. */
void report_begin(struct report *);
void report_add(struct report *, const struct result *);
/* The summary of the text form goes to standard error. */
void report_end(struct report *);

/* The JSON form of the same; for report.c. */
void report_json_begin(struct report *);
void report_json_add(struct report *, const struct result *);
void report_json_end(struct report *);

/* A JSON string; what is not UTF-8 is replaced. */
void json_string_print(const char *, FILE *);

#endif
