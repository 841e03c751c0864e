/*
 * The prober's side of its socket: takes requests, sends results.
 */
#ifndef PROBER_SERVE_H
#define PROBER_SERVE_H

#include "ipc/dispatch.h"

struct serve;

/* Takes the socket; makes everything that needs files.  Fatal on failure. */
struct serve *serve_new(int fd);
/* Returns when the other side has gone; frees all. */
void serve_run(struct serve *);

/* What may come. */
extern const struct ipc_table serve_table;

#endif
