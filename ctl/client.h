/*
 * tripodctl's side of the control socket: one question, its answer.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "common/err.h"
#include "common/mem.h"
#include "tripod.pb-c.h"

#define CLIENT_ITEMS_MAX 4096

/* A whole answer to MSG_STATUS; everything lives in the arenas. */
struct answer {
	Tripod__DaemonItem *daemon[16];
	size_t ndaemon;
	Tripod__FileItem *file[CLIENT_ITEMS_MAX];
	size_t nfile;
	Tripod__PodItem *pod[CLIENT_ITEMS_MAX];
	size_t npod;
	struct arena *arena[CLIENT_ITEMS_MAX];
	size_t narena;
};

/* Asks reconciled at that socket; -1 and err. */
int client_status(const char *socket, struct answer *, struct err *);
void answer_release(struct answer *);
/* Sets the verbosity of all daemons (enum log_level). */
int client_log_level(const char *socket, uint32_t level, struct err *);

#endif
