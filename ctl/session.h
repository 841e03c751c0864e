/*
 * tripodctl's side of the control socket: questions and their answers, one
 * after the other, and what comes without being asked for.
 */
#ifndef SESSION_H
#define SESSION_H

#include <event2/event.h>

#include "common/err.h"
#include "common/mem.h"
#include "common/mtime.h"
#include "tripod.pb-c.h"

#define SESSION_ITEMS_MAX 4096
#define SESSION_ANSWER_MS 10000
#define SESSION_AWAY_MS 30000 /* without reconciled, before it is given up */

/* A whole answer to STATUS or PLAN; everything lives in the arenas. */
struct answer {
	Tripod__DaemonItem *daemon[16];
	size_t ndaemon;
	Tripod__FileItem *file[SESSION_ITEMS_MAX];
	size_t nfile;
	Tripod__PodItem *pod[SESSION_ITEMS_MAX];
	size_t npod;
	Tripod__PlanItem *plan[SESSION_ITEMS_MAX];
	size_t nplan;
	struct arena *arena[SESSION_ITEMS_MAX];
	size_t narena;
};

void answer_release(struct answer *);

/* What has come since the last question. */
enum session_got {
	GOT_WELCOME = 1,
	GOT_END = 2, /* of an answer */
	GOT_DONE = 4,
	GOT_CHANGED = 8,
	GOT_FOLDER = 16,
	GOT_FILE = 32,
	GOT_WATCHED = 64 /* the watched descriptor can be read */
};

/* -1 ends the session. */
typedef int (*session_event)(void *ctx, const Tripod__EventItem *);

struct session {
	const char *socket;
	struct event_base *base;
	struct event *timer, *watch;
	struct peer *peer;
	int gone; /* and err says why */
	struct err err;
	char *node, *folder; /* from WELCOME: its name, the manifests */
	unsigned int got;    /* enum session_got */
	struct answer *answer;
	int done_ok; /* with GOT_DONE; done says why not */
	struct err done;
	int fd_folder, fd_file; /* -1, or for the caller to take */
	uint32_t file_error;	/* with GOT_FILE; errno */
	session_event on_event; /* NULL: they are dropped */
	void *ctx;
};

/* Connects and exchanges HELLO and WELCOME; -1 and err. */
int session_open(struct session *, const char *socket, struct err *);
void session_close(struct session *);
/*
 * After the connection was lost: another one, once reconciled is back, but
 * for no longer than until then, and SESSION_AWAY_MS.  What was subscribed
 * must be asked for again; a watched descriptor goes on.  -1 and err.
 */
int session_reopen(struct session *, struct mtime until, struct err *);
/*
 * Begins a question: what came before is forgotten, but for GOT_CHANGED,
 * which FOLLOW begins anew.  -1 and err.
 */
int session_send(
    struct session *, Tripod__Msg, const ProtobufCMessage *, struct err *);
/*
 * Waits until any of these has come.  1: it has; 0: the time is up; -1 and
 * err: the connection is lost.
 */
int session_wait(
    struct session *, unsigned int got, struct mtime until, struct err *);
/*
 * A question that ends with any of these, or is refused (DONE, not ok);
 * 0, or -1 and err, also when there is no answer in time.
 */
int session_ask(struct session *, Tripod__Msg, const ProtobufCMessage *,
    unsigned int got, struct err *);
/*
 * Whether a pod that the answer does not have is none; before the runtime
 * has told what runs, nobody knows.
 */
int session_knows_pods(const struct session *);
/* The whole status, or of what the query names; into answer. */
int session_status(struct session *, const Tripod__Query *, struct err *);

/* From now on a descriptor gives GOT_WATCHED while it can be read. */
void session_watch(struct session *, int fd);
void session_unwatch(struct session *);

/* Whether an answer is what is waited for. */
typedef int (*session_reached)(void *ctx, const struct session *);

/*
 * Asks for the status after every change until it is what is waited for,
 * over restarts of reconciled.  1: it is; 0: the time is up; the last answer
 * is there in both cases.  -1 and err.
 */
int session_until(struct session *, const Tripod__Query *, session_reached,
    struct mtime until, struct err *);

#endif
