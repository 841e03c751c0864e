/*
 * The control channel: answers tripodctl.
 */
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/message.h"
#include "reconciled/peers.h"

#define ANSWER_MAX (64 * 1024 * 1024) /* memory for a whole answer */

static int
send_daemon(struct link *to, Tripod__DaemonItem *d)
{
	return (peer_send(
	    to->peer, TRIPOD__MSG__MSG_STATUS_DAEMON, 0, -1, &d->base));
}

static int
send_link(
    struct link *to, struct arena *a, const struct link *l, const char *name)
{
	Tripod__DaemonItem *d;

	d = message_new(a, &tripod__daemon_item__descriptor);
	d->name = must_strdup(a, name);
	d->up = l->peer != NULL && l->peer->phase != PHASE_NEW;
	if (d->up) {
		d->version = l->version;
		d->pid = l->peer->pid;
		d->since_ns = l->since_ns;
	}
	return (send_daemon(to, d));
}

static int
send_daemons(struct link *to, struct arena *a)
{
	struct reconciled *r = to->r;
	const struct cri_info *info = cri_info(r->cri);
	struct peers *ps = r->peers;
	Tripod__DaemonItem *d;

	d = message_new(a, &tripod__daemon_item__descriptor);
	d->name = must_strdup(a, "reconciled");
	d->up = 1;
	d->version = must_strdup(a, VERSION);
	d->pid = getpid();
	d->since_ns = r->started_ns;
	d->note = must_strdup(a, lend_note(r->lend));
	if (send_daemon(to, d) == -1 ||
	    send_link(to, a, &ps->watch, "watcherd") == -1 ||
	    send_link(to, a, &ps->mirror, "mirrord") == -1)
		return (-1);
	d = message_new(a, &tripod__daemon_item__descriptor);
	d->name = must_strdup(a, "runtime");
	d->up = info->state == CRI_UP && info->runtime_ready;
	d->version = arena_printf(
	    a, "%s %s", info->runtime_name, info->runtime_version);
	d->note = info->reason;
	if (d->version == NULL || send_daemon(to, d) == -1)
		return (-1);
	d = message_new(a, &tripod__daemon_item__descriptor);
	d->name = must_strdup(a, "api");
	d->up = ps->api_reachable && ps->mirror.peer != NULL;
	d->note = ps->api_reason[0] != '\0' ? ps->api_reason : ps->api_server;
	return (send_daemon(to, d));
}

static Tripod__FilePod *
file_pod(struct arena *a, const struct claim *c)
{
	Tripod__FilePod *p = message_new(a, &tripod__file_pod__descriptor);
	char *slash;

	p->namespace_ = must_strdup(a, c->name);
	slash = strchr(p->namespace_, '/');
	*slash = '\0';
	p->name = slash + 1;
	p->uid = c->uid;
	if (c->rival != NULL)
		p->taken_by = c->rival->file->name;
	return (p);
}

/* A pod that another file has is a problem of this one. */
static void
file_conflict(Tripod__FileItem *i, struct arena *a, const struct claim *c)
{
	Tripod__Problem *p = message_new(a, &tripod__problem__descriptor);

	p->message = must_strdup(a, claim_conflict(c, a));
	i->problem[i->n_problem++] = p;
	i->state = TRIPOD__MANIFEST__STATE__INVALID;
}

static int
send_file(struct link *to, struct arena *a, const struct desired_file *f)
{
	Tripod__FileItem *i = message_new(a, &tripod__file_item__descriptor);
	size_t j, n = f->last == NULL ? 0 : f->last->n_problem;

	i->file = f->name;
	i->state = f->state;
	i->since_ns = f->since_ns;
	i->problem = must_alloc(a, n + f->nclaim, sizeof(*i->problem));
	for (j = 0; j < n; j++)
		i->problem[i->n_problem++] = f->last->problem[j];
	i->pod = must_alloc(a, f->nclaim, sizeof(*i->pod));
	for (j = 0; j < f->nclaim; j++) {
		i->pod[i->n_pod++] = file_pod(a, &f->claim[j]);
		if (f->claim[j].rival != NULL)
			file_conflict(i, a, &f->claim[j]);
	}
	return (
	    peer_send(to->peer, TRIPOD__MSG__MSG_STATUS_FILE, 0, -1, &i->base));
}

static int
send_ignored_one(
    struct link *to, struct arena *a, const char *name, const char *reason)
{
	Tripod__FileItem *i = message_new(a, &tripod__file_item__descriptor);
	Tripod__Problem *p = message_new(a, &tripod__problem__descriptor);

	p->severity = TRIPOD__PROBLEM__SEVERITY__WARNING;
	p->message = must_strdup(a, reason);
	i->file = must_strdup(a, name);
	i->state = TRIPOD__MANIFEST__STATE__IGNORED;
	i->problem = must_alloc(a, 1, sizeof(*i->problem));
	i->problem[i->n_problem++] = p;
	return (
	    peer_send(to->peer, TRIPOD__MSG__MSG_STATUS_FILE, 0, -1, &i->base));
}

static int
send_ignored(struct link *to, struct arena *a, const Tripod__Ignored *m)
{
	char more[64];
	size_t i;

	for (i = 0; m != NULL && i < m->n_name; i++)
		if (send_ignored_one(
			to, a, m->name[i]->name, m->name[i]->reason) == -1)
			return (-1);
	if (m == NULL || m->more == 0)
		return (0);
	(void)snprintf(
	    more, sizeof(more), "%u more names do not count", m->more);
	return (send_ignored_one(to, a, "...", more));
}

static int
send_pod(struct link *to, struct arena *a, struct pod *p)
{
	static char queued[] = "waits for pods of higher priority to start";
	Tripod__PodItem *i = reconcile_item(a, to->r, p);

	if (p->want.queued && i->status != NULL &&
	    i->status->message[0] == '\0')
		i->status->message = queued;
	i->mirror = message_new(a, &tripod__mirror_item__descriptor);
	i->mirror->state = p->mirror_state;
	i->mirror->reason = p->mirror_reason;
	return (
	    peer_send(to->peer, TRIPOD__MSG__MSG_STATUS_POD, 0, -1, &i->base));
}

static int
send_status(struct link *to, struct arena *a)
{
	const struct desired_file *f;
	struct pod *p;

	if (send_daemons(to, a) == -1)
		return (-1);
	if (to->r->desired.won == NULL)
		desired_settle(&to->r->desired);
	TAILQ_FOREACH (f, &to->r->desired.files, entry) {
		arena_release(a); /* each item is on its way already */
		if (send_file(to, a, f) == -1)
			return (-1);
	}
	arena_release(a);
	if (send_ignored(to, a, to->r->ignored) == -1)
		return (-1);
	TAILQ_FOREACH (p, &to->r->pods, entry) {
		arena_release(a);
		if (send_pod(to, a, p) == -1)
			return (-1);
	}
	return (peer_send(to->peer, TRIPOD__MSG__MSG_STATUS_END, 0, -1, NULL));
}

static int
on_status(void *ctx, struct ipc_msg *m)
{
	struct arena arena;
	int rc;

	(void)m;
	arena_init(&arena, ANSWER_MAX);
	rc = send_status(ctx, &arena);
	arena_release(&arena);
	return (rc);
}

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

/* clang-format off */
static const struct ipc_op control_ops[] = {
	{ TRIPOD__MSG__MSG_HELLO, PHASE_NEW, IPC_SMALL_MAX, IPC_SMALL_MAX * 4,
	    IPC_FD_NONE, &tripod__hello__descriptor, on_hello },
	{ TRIPOD__MSG__MSG_STATUS, PHASE_READY, 0, 0, IPC_FD_NONE, NULL,
	    on_status },
	{ TRIPOD__MSG__MSG_LOG_LEVEL, PHASE_READY, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__log_level__descriptor,
	    on_log_level },
};
/* clang-format on */

const struct ipc_table control_table = { "control", control_ops,
	sizeof(control_ops) / sizeof(control_ops[0]) };
