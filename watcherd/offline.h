/*
 * What watcherd does without any other daemon: -t, -E, -R.  tripodctl
 * executes it for this, so that there is one judge.
 */
#ifndef OFFLINE_H
#define OFFLINE_H

#include <stdio.h>

/* Do the arguments ask for it?  The mode must be the first option. */
int offline_wanted(int argc, char *const argv[]);
void offline_usage(FILE *);
/* Runs; returns an exit status. */
int offline_run(int argc, char *argv[]);

#endif
