/*
 * The control channel: answers tripodctl.
 */
#include "common/log.h"
#include "reconciled/control_parts.h"
#include "reconciled/shutdown.h"

static int
on_hello(void *ctx, struct ipc_msg *m)
{
	return (link_hello(ctx, m, "tripodctl"));
}

static void
pass_level(const struct link *l, const Tripod__LogLevel *level)
{
	if (l->peer != NULL && l->peer->phase != PHASE_NEW)
		(void)peer_send(l->peer, TRIPOD__MSG__MSG_LOG_LEVEL, 0, -1,
		    &level->base); /* a lost peer starts with it anyway */
}

static int
on_log_level(void *ctx, struct ipc_msg *m)
{
	const Tripod__LogLevel *level = (const Tripod__LogLevel *)(void *)
					    m->payload;
	Tripod__Done done = TRIPOD__DONE__INIT;
	struct link *l = ctx;

	done.ok = level->level <= LOG_LEVEL_DEBUG;
	if (done.ok) {
		log_set_level((enum log_level)level->level);
		log_info("verbosity: %s", log_level_str(log_get_level()));
		pass_level(&l->r->peers->watch, level);
		pass_level(&l->r->peers->mirror, level);
	}
	return (
	    peer_send(l->peer, TRIPOD__MSG__MSG_DONE, m->id, -1, &done.base));
}

int
control_done(struct link *l, const struct ipc_msg *m, const struct err *err)
{
	Tripod__Done done = TRIPOD__DONE__INIT;
	struct err text = *err;

	done.message = text.text;
	return (
	    peer_send(l->peer, TRIPOD__MSG__MSG_DONE, m->id, -1, &done.base));
}

/* clang-format off */
static const struct ipc_op control_ops[] = {
	{ TRIPOD__MSG__MSG_HELLO, PHASE_NEW, IPC_SMALL_MAX, IPC_SMALL_MAX * 4,
	    IPC_FD_NONE, &tripod__hello__descriptor, on_hello },
	{ TRIPOD__MSG__MSG_STATUS, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__query__descriptor,
	    control_status },
	{ TRIPOD__MSG__MSG_FOLLOW, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    control_follow },
	{ TRIPOD__MSG__MSG_PLAN, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__query__descriptor,
	    control_plan },
	{ TRIPOD__MSG__MSG_EVENTS, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__event_query__descriptor,
	    control_events },
	{ TRIPOD__MSG__MSG_RESTART, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__restart__descriptor,
	    control_restart },
	{ TRIPOD__MSG__MSG_LOGS, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__log_query__descriptor,
	    control_logs },
	{ TRIPOD__MSG__MSG_LOG_LEVEL, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__log_level__descriptor,
	    on_log_level },
	{ TRIPOD__MSG__MSG_SHUTDOWN, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    shutdown_ask },
};
/* clang-format on */

const struct ipc_table control_table = { "control", control_ops,
	sizeof(control_ops) / sizeof(control_ops[0]) };
