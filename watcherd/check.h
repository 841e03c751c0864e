/*
 * watcherd -t: what is wrong with these files?  Works without any socket,
 * confined like the daemon.
 */
#ifndef CHECK_H
#define CHECK_H

#define CHECK_FILES_MAX 1000

/*
 * Opens all files, enters the sandbox, parses them and prints each
 * problem as "FILE:LINE:COLUMN: field: message" on standard output.
 * Returns an exit status: 0 all are valid, 1 some are not, 66
 * (EX_NOINPUT) some cannot be read.
 */
int check_files(const char *node, char *const *files, int n);

#endif
