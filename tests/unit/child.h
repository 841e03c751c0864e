/*
 * Children of tests: what changes a process for good is tried in one.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stddef.h>
#include <sys/types.h>

#define CHILD_TEXT 4096 /* what is kept of a child's stderr */

struct child {
	pid_t pid;
	int hold; /* closing it lets the child end */
	int text; /* its stderr */
};

/* Runs fn(arg) in a child; with 0 it exits if fn returns. */
struct child child_start(void (*fn)(const void *), const void *);
/*
 * Waits until fn has returned; the child then waits for child_end().
 * Fails the test if it ended instead.
 */
void child_ready(struct child *);
/* Lets the child end; its stderr goes into buf.  Returns the status. */
int child_end(struct child *, char buf[static CHILD_TEXT]);

/* The same at once, for a child that nobody looks at. */
int child_run(
    void (*fn)(const void *), const void *, char buf[static CHILD_TEXT]);
/* Fails the test unless the child exited with that code; says more. */
void child_check_exit(int status, int code, const char *what, const char *text);

/* In the child: ends it with status 2 unless the condition holds. */
#define CHILD_CHECK(cond)                                      \
	do {                                                   \
		if (!(cond))                                   \
			child_fail(__FILE__, __LINE__, #cond); \
	} while (0)
void child_fail(const char *, int, const char *) __attribute__((noreturn));

#endif
