/*
 * The folder as it was lent: a descriptor to list names with, and an
 * inotify descriptor that nobody else reads.  Without any right to the
 * folder, both still work.
 */
#ifndef WATCH_H
#define WATCH_H

#include <dirent.h>
#include <event2/event.h>

#include "common/err.h"
#include "watcherd/files.h"

struct watch_callbacks {
	/* Something happened to a name that counts. */
	void (*on_file)(void *ctx, enum file_event, const char *name);
	/* Events were lost: list the folder. */
	void (*on_overflow)(void *ctx);
	/* The folder was removed, renamed or unmounted. */
	void (*on_lost)(void *ctx);
};

struct watch {
	struct event_base *base;
	const struct watch_callbacks *cb;
	void *ctx;
	DIR *dir; /* NULL: no folder */
	int fd;	  /* inotify, or -1 */
	struct event *ev;
};

void watch_init(struct watch *, struct event_base *,
    const struct watch_callbacks *, void *ctx);
/* Gives both descriptors back. */
void watch_close(struct watch *);
/* Takes the descriptor of a folder; -1: it is none, err. */
int watch_set_folder(struct watch *, int fd, struct err *);
/* Takes an inotify descriptor and begins to read it. */
void watch_set_events(struct watch *, int fd);

/*
 * Calls back with every name that counts, in order.  1: the folder has
 * ceased to exist (it has no link any more), and nothing was called; -1:
 * err.
 */
int watch_list(
    struct watch *, void (*)(void *ctx, const char *), void *ctx, struct err *);
enum watch_answer {
	WATCH_LACKS, /* the name does not stand in the folder */
	WATCH_HAS,
	WATCH_LOST,  /* the folder has ceased to exist */
	WATCH_FAILED /* err */
};
enum watch_answer watch_has(struct watch *, const char *name, struct err *);

#endif
