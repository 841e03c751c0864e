/*
 * What pods, files and daemons are like, and what the plan would do.
 */
#include <string.h>
#include <unistd.h>

#include "reconciled/control_parts.h"

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
	d->up = info->state == CRI_UP && info->runtime_ready && r->listed;
	d->version = arena_printf(
	    a, "%s %s", info->runtime_name, info->runtime_version);
	d->note = info->reason[0] != '\0' || d->up
	    ? info->reason
	    : must_strdup(a, "it has not told yet what runs");
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
	p->hash = c->hash;
	if (c->rival != NULL)
		p->taken_by = c->rival->file->name;
	return (p);
}

/* A pod that another file has is a problem of this one. */
static void
file_conflict(Tripod__FileItem *i, struct arena *a, const struct claim *c)
{
	Tripod__Problem *p = message_new(a, &tripod__problem__descriptor);

	p->line = c->line;
	p->column = c->column;
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
	i->digest = f->digest;
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

int
control_is_pod(const struct pod *p, const char *name)
{
	size_t len = strlen(p->namespace_);

	return (strncmp(name, p->namespace_, len) == 0 && name[len] == '/' &&
	    strcmp(name + len + 1, p->name) == 0);
}

struct detail_env
control_env(const struct reconciled *r)
{
	const struct cri_info *info = cri_info(r->cri);
	struct detail_env env = { { "", "", mtime_now() }, wall_now_ns() };

	if (info->state != CRI_UP || !r->listed)
		env.why.runtime = info->reason[0] != '\0'
		    ? info->reason
		    : "it has not told yet what runs";
	else
		env.why.network = info->reason;
	return (env);
}

static int
send_pod(struct link *to, struct arena *a, struct pod *p)
{
	static char queued[] = "waits for pods of higher priority to start";
	const struct detail_env env = control_env(to->r);
	Tripod__PodItem *i = reconcile_item(a, to->r, p);

	if (p->want.queued && i->status != NULL &&
	    i->status->message[0] == '\0')
		i->status->message = queued;
	i->mirror = message_new(a, &tripod__mirror_item__descriptor);
	i->mirror->state = p->mirror_state;
	i->mirror->reason = p->mirror_reason;
	i->detail = detail_build(a, &env, p);
	return (
	    peer_send(to->peer, TRIPOD__MSG__MSG_STATUS_POD, 0, -1, &i->base));
}

static int
file_is_meant(const Tripod__Query *q, const struct desired_file *f)
{
	size_t i;

	if (q->file[0] != '\0')
		return (strcmp(q->file, f->name) == 0);
	for (i = 0; i < f->nclaim && q->pod[0] != '\0'; i++)
		if (strcmp(f->claim[i].name, q->pod) == 0)
			return (1);
	return (q->pod[0] == '\0');
}

static int
pod_is_meant(const Tripod__Query *q, const struct pod *p)
{
	if (q->file[0] != '\0')
		return (strcmp(q->file, p->file) == 0);
	return (q->pod[0] == '\0' || control_is_pod(p, q->pod));
}

static int
send_files(struct link *to, struct arena *a, const Tripod__Query *q)
{
	const struct desired_file *f;

	if (to->r->desired.won == NULL)
		desired_settle(&to->r->desired);
	TAILQ_FOREACH (f, &to->r->desired.files, entry) {
		arena_release(a); /* each item is on its way already */
		if (file_is_meant(q, f) && send_file(to, a, f) == -1)
			return (-1);
	}
	arena_release(a);
	return (q->pod[0] == '\0' ? send_ignored(to, a, to->r->ignored) : 0);
}

static int
send_status(struct link *to, struct arena *a, const Tripod__Query *q)
{
	struct pod *p;

	if (send_daemons(to, a) == -1 || send_files(to, a, q) == -1)
		return (-1);
	TAILQ_FOREACH (p, &to->r->pods, entry) {
		arena_release(a);
		if (pod_is_meant(q, p) && send_pod(to, a, p) == -1)
			return (-1);
	}
	return (peer_send(to->peer, TRIPOD__MSG__MSG_STATUS_END, 0, -1, NULL));
}

int
control_status(void *ctx, struct ipc_msg *m)
{
	struct arena arena;
	int rc;

	arena_init(&arena, ANSWER_MAX);
	rc = send_status(
	    ctx, &arena, (const Tripod__Query *)(void *)m->payload);
	arena_release(&arena);
	return (rc);
}

static int
send_plan(struct link *to, struct arena *a, const Tripod__Query *q)
{
	const struct detail_env env = control_env(to->r);
	Tripod__PlanItem *i;
	struct pod *p;

	TAILQ_FOREACH (p, &to->r->pods, entry) {
		arena_release(a);
		if (!pod_is_meant(q, p))
			continue;
		i = detail_plan(a, &env, p);
		if (peer_send(to->peer, TRIPOD__MSG__MSG_PLAN_POD, 0, -1,
			&i->base) == -1)
			return (-1);
	}
	return (peer_send(to->peer, TRIPOD__MSG__MSG_STATUS_END, 0, -1, NULL));
}

int
control_plan(void *ctx, struct ipc_msg *m)
{
	struct arena arena;
	int rc;

	arena_init(&arena, ANSWER_MAX);
	rc = send_plan(ctx, &arena, (const Tripod__Query *)(void *)m->payload);
	arena_release(&arena);
	return (rc);
}
