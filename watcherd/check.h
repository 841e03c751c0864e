/*
 * watcherd -t: what is wrong with these files?  Works without any socket,
 * confined like the daemon.
 */
#ifndef CHECK_H
#define CHECK_H

#include "watcherd/problem.h"

#define CHECK_FILES_MAX 1000

/*
 * Opens all files, enters the sandbox, parses them and prints each
 * problem as "FILE:LINE:COLUMN: field: message" on standard output.
 * Returns an exit status: 0 all are valid, 1 some are not, 66
 * (EX_NOINPUT) some cannot be read.
 */
struct check {
	const char *node;
	enum manifest_mode mode;
};
int check_files(const struct check *, char *const *files, int n);

#endif
