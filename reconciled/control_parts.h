/*
 * Between the files of the control channel.
 */
#ifndef CONTROL_PARTS_H
#define CONTROL_PARTS_H

#include "reconciled/detail.h"
#include "reconciled/message.h"
#include "reconciled/peers.h"

#define ANSWER_MAX (64 * 1024 * 1024) /* memory for a whole answer */

/* Refuses what was asked, for that reason. */
int control_done(struct link *, const struct ipc_msg *, const struct err *);
/* Whether a pod is "namespace/name". */
int control_is_pod(const struct pod *, const char *name);
struct detail_env control_env(const struct reconciled *);

/* Handlers; ctx is a struct link. */
int control_status(void *ctx, struct ipc_msg *);
int control_follow(void *ctx, struct ipc_msg *);
int control_plan(void *ctx, struct ipc_msg *);
int control_events(void *ctx, struct ipc_msg *);
int control_restart(void *ctx, struct ipc_msg *);
int control_logs(void *ctx, struct ipc_msg *);

#endif
