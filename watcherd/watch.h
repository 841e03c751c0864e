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
	/*
	 * Something happened that only a listing can make sense of: events
	 * were lost, a name that does not count came or went, or a link that
	 * others may lead through was replaced.
	 */
	void (*on_muddle)(void *ctx);
	/* The folder was removed, renamed or unmounted. */
	void (*on_lost)(void *ctx);
};

struct watch {
	struct event_base *base;
	const struct watch_callbacks *cb;
	void *ctx;
	DIR *dir; /* NULL: no folder */
	int fd;	  /* inotify, or -1 */
	struct name_rule rule;
	struct event *ev, *ev_pause;
};

void watch_init(struct watch *, struct event_base *,
    const struct watch_callbacks *, void *ctx);
void watch_release(struct watch *);
/* Gives both descriptors back. */
void watch_close(struct watch *);
/* Takes the descriptor of a folder; -1: it is none, err. */
int watch_set_folder(struct watch *, int fd, struct err *);
/* Takes an inotify descriptor and begins to read it. */
void watch_set_events(struct watch *, int fd);

/* Whether the folder has ceased to exist: it has no link any more. */
int watch_is_lost(const struct watch *);
/*
 * Calls back with every name that is worth a word, in order; the reason
 * says why one does not count, or is NULL.  -1: err, and nothing was
 * called.
 */
int watch_list(struct watch *,
    void (*)(void *ctx, const char *name, const char *reason), void *ctx,
    struct err *);

#endif
