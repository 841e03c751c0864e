/*
 * What to make of a look at one file: reads it, parses it, and tells
 * reconciled if that is news.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "watcherd/sync.h"

/*
 * All of these are about a file that was asked for; the first two end the
 * look and may remove the file.
 */

/* It was opened; fd is borrowed. */
void answer_opened(struct sync *, struct file *, int fd);
/* It could not be opened, for a reason of errno and text. */
void answer_error(struct sync *, struct file *, int error, const char *reason);
/* It is not to be used, for the reason given. */
void answer_refuse(struct sync *, struct file *, const char *, ...)
    __attribute__((format(printf, 3, 4)));

#endif
