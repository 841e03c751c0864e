/*
 * The link to reconciled: takes the lent folder, asks for files, sends
 * what they say.
 *
 * After each FOLDER all files are sent as one transfer (begin, items,
 * end); it ends once every file has been looked at.  Afterwards single
 * changes follow.  Without a folder nothing is sent, so nothing is taken
 * for gone.
 */
#ifndef SYNC_H
#define SYNC_H

#include <event2/event.h>

#include "common/notify.h"
#include "ipc/peer.h"
#include "watcherd/files.h"
#include "watcherd/problem.h"
#include "watcherd/watch.h"

#define RESCAN_IGNORED_MAX 32

/* See rescan.h. */
struct rescan {
	struct mtime last;   /* listing */
	int64_t period_ms;   /* between them, unless one is wanted earlier */
	int asked;	     /* STAT under way */
	uint32_t generation; /* ties its answer to the folder */
	/* Names that do not count, of the listing under way. */
	Tripod__IgnoredName *ignored[RESCAN_IGNORED_MAX];
	size_t nignored, more;
	struct arena arena;	    /* holds them */
	char sent[DIGEST_HEX_SIZE]; /* what was said of them last */
};

#define SYNC_ASKED_MAX 8  /* OPENs under way */
#define SYNC_NODE_MAX 254 /* node name and NUL */

struct sync {
	struct event_base *base;
	struct peer *peer;
	struct event *ev_look, *ev_rescan;
	const struct notify *notify;
	struct rescan rescan;
	struct watch watch;
	struct files files;
	enum manifest_mode mode;
	size_t size_max;  /* bytes of a manifest */
	int all_names;	  /* not only those of manifests */
	int64_t rescan_s; /* seconds between listings */
	char node[SYNC_NODE_MAX];
	int transferring; /* begin was sent, end not yet */
	uint32_t last_id;
	struct {
		uint32_t id; /* 0: free */
		struct file *file;
	} asked[SYNC_ASKED_MAX];
};

/*
 * Takes the connected socket and says HELLO.  Before it, notify, mode,
 * size_max, all_names and rescan_s are set, and everything else is zero.
 * Call before the sandbox; fatal on failure.
 */
void sync_init(struct sync *, struct event_base *, int fd);
void sync_release(struct sync *);

/* Asks for what is due, as far as there is room for answers. */
void sync_look(struct sync *);
/*
 * The folder has ceased to exist: everything that is known is forgotten,
 * and nothing is said until another one is lent.
 */
void sync_lost(struct sync *);

#endif
