/*
 * What is checked without a daemon: files, folders, standard input.
 * Everything is opened first, before the sandbox, and read later.
 */
#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>

#include "common/err.h"

#define INPUTS_MAX 1000 /* files that are opened */

struct input {
	char *path;	  /* as it is shown */
	const char *name; /* the last part of it, or a given one */
	int fd;		  /* -1: why says why not */
	int stream;	  /* standard input */
	int ignored;	  /* a name that the daemon leaves alone; see why */
	size_t limit;	  /* bytes that are read */
	size_t folder;	  /* files of one are rivals; 0: of none */
	int refused;	  /* the daemon would refuse what cannot be read */
	struct err why;
};

struct inputs {
	struct input *input;
	size_t n, nopen, folders;
	int lenient; /* names and sizes as a kubelet takes them */
};

/*
 * Adds what a word of the command line names: a file, the files of a
 * folder in the order of their names, or "-", which gets the name given.
 * What cannot be opened is an input too.
 */
void inputs_add(struct inputs *, const char *word, const char *stdin_name);
void inputs_release(struct inputs *);

/*
 * Reads all of it into memory that the caller frees; at most its
 * limit.  -1: "why" says why not, and "refused" whose fault it is:
 * of a file in a folder all but a lack of rights counts against the file.
 */
int input_read(struct input *, void **bytes, size_t *len);

#endif
