/*
 * watcherd -t: what is wrong with these files?  Works without any socket,
 * confined like the daemon.
 */
#ifndef CHECK_H
#define CHECK_H

#include "watcherd/manifest.h"
#include "watcherd/report.h"

struct check {
	const char *node; /* valid, in lower case */
	enum manifest_mode mode;
	const char *stdin_name; /* of "-" */
	struct report report;	/* how it is told */
};

/*
 * Opens all files and folders, enters the sandbox, parses and reports on
 * standard output.  Files of one folder are judged as the daemon judges
 * its own: two may not define the same pod.  Returns an exit status: 0
 * all are valid, 1 some are not, 66 (EX_NOINPUT) some cannot be read, 74
 * (EX_IOERR) the output cannot be written.
 */
int check_files(struct check *, char *const *words, int n);

/*
 * Writes one file on standard output as it is understood; what is wrong
 * with it goes to standard error.  Returns an exit status as above.
 */
int check_render(struct check *, const char *word, enum manifest_form);

/* Gives up what reading and printing does not need; for all of -t. */
void offline_confine(size_t descriptors);

#endif
