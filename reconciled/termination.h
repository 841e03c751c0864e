/*
 * Termination messages: a file per instance, which the container sees at
 * its terminationMessagePath (runtime.md 4.8).
 */
#ifndef TERMINATION_H
#define TERMINATION_H

#include <limits.h>

#include "common/err.h"
#include "reconciled/pod.h"

#define MESSAGE_MAX 4096     /* bytes of the file that count: the last ones */
#define MESSAGE_LOG_MAX 2048 /* of the log, instead of them */
#define MESSAGE_LOG_LINES 80
#define MESSAGES_MAX 12288 /* of all containers of a pod together */

/*
 * Makes the empty file of an instance; path gets its name below the pods'
 * folder.  -1 and err.
 */
int message_make(int pods, const struct pod *, const char *container,
    uint32_t attempt, char path[static PATH_MAX], struct err *);
/* What an instance has left there, as clean UTF-8; "" for nothing. */
char *message_read(struct arena *, int pods, const struct pod *,
    const struct seen_container *);
/* The end of an instance's log, without what the runtime adds to it. */
char *message_from_log(struct arena *, int pod_logs, const struct pod *,
    const struct seen_container *);
/*
 * The message that a status shows: the runtime's and, after it, what the
 * container left; at most max bytes.
 */
char *message_join(
    struct arena *, const char *runtime, const char *own, size_t max);
void message_remove(
    int pods, const struct pod *, const char *container, uint32_t attempt);
/* Lines of a log in the runtime's format, out of a piece of it. */
char *message_of_lines(struct arena *, char *text, size_t len, int whole);

#endif
