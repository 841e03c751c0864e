/*
 * The watch channel: lends the folder, takes manifests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/name.h"
#include "reconciled/kept.h"
#include "reconciled/message.h"
#include "reconciled/peers.h"

#define DIGEST_MAX 128
#define REFUSAL_MAX 4096 /* memory for a problem of our own */
#define KEEP_MS 100	 /* pods come first */
#define KEEP_NEXT_MS 50	 /* a slow disk must not hold up the rest */
#define KEEP_RETRY_MS 60000
#define STAT_ANSWER_MAX (64 * 1024)

void
watch_lend(struct peers *ps)
{
	struct lend *lend = ps->r->lend;
	Tripod__Folder f = TRIPOD__FOLDER__INIT;
	struct peer *peer = ps->watch.peer;
	const char *reason;
	char *text, *only;
	int fd, events;

	events = lend_inotify(lend);
	if (peer == NULL || peer->phase == PHASE_NEW) {
		if (events != -1)
			(void)close(events); /* whoever comes gets another */
		return;
	}
	fd = lend_folder(lend, &reason);
	text = xstrdup(reason);
	only = xstrdup(lend_only(lend));
	f.present = fd != -1;
	f.generation = lend_generation(lend);
	f.reason = text;
	f.only = only;
	f.watched = events != -1;
	f.silent = lend_is_silent(lend);
	(void)peer_send(peer, TRIPOD__MSG__MSG_FOLDER, 0, fd, &f.base);
	if (events != -1)
		(void)peer_send(
		    peer, TRIPOD__MSG__MSG_INOTIFY, 0, events, NULL);
	free(only);
	free(text);
}

static int
on_hello(void *ctx, struct ipc_msg *m)
{
	struct link *l = ctx;

	if (link_hello(l, m, "watcherd") == -1)
		return (-1);
	lend_renew(l->r->lend); /* it leads to watch_lend() */
	return (0);
}

/* A question of the peer; it may have gone when there is an answer. */
struct asked {
	struct link *link;
	int64_t since_ns; /* of the connection */
	uint32_t id;
	char **name; /* STAT */
	size_t n;
};

static struct asked *
asked_new(struct link *l, uint32_t id, char *const *name, size_t n)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	a->link = l;
	a->since_ns = l->since_ns;
	a->id = id;
	a->name = xcalloc(n == 0 ? 1 : n, sizeof(*a->name));
	for (; a->n < n; a->n++)
		a->name[a->n] = xstrdup(name[a->n]);
	return (a);
}

static void
asked_free(struct asked *a)
{
	while (a->n > 0)
		free(a->name[--a->n]);
	free(a->name);
	free(a);
}

static struct peer *
asked_peer(const struct asked *a)
{
	const struct link *l = a->link;

	return (l->since_ns == a->since_ns ? l->peer : NULL);
}

static void
on_opened(void *ctx, const struct lend_file *file)
{
	Tripod__Opened answer = TRIPOD__OPENED__INIT;
	struct asked *a = ctx;
	struct peer *peer = asked_peer(a);
	char *reason = xstrdup(file->reason);

	if (file->fd == -1) {
		answer.error = file->error == 0 ? EINVAL
						: (uint32_t)file->error;
		answer.reason = reason;
	}
	if (peer != NULL)
		(void)peer_send(peer, TRIPOD__MSG__MSG_OPENED, a->id, file->fd,
		    &answer.base);
	else if (file->fd != -1)
		(void)close(file->fd); /* nobody wants it any more */
	free(reason);
	asked_free(a);
}

static int
on_open(void *ctx, struct ipc_msg *m)
{
	const Tripod__Open *o = (const Tripod__Open *)(void *)m->payload;
	struct link *l = ctx;

	lend_open(l->r->lend, o->name, on_opened, asked_new(l, m->id, NULL, 0));
	return (0);
}

static void
stat_fill(const struct lender_stat *st, Tripod__FileStat *out)
{
	out->error = (uint32_t)st->error;
	out->dev = st->dev;
	out->ino = st->ino;
	out->size = st->size;
	out->mtime_ns = st->mtime_ns;
	out->ctime_ns = st->ctime_ns;
}

static void
on_stats(void *ctx, const struct lender_stat *st, size_t n)
{
	Tripod__Stats answer = TRIPOD__STATS__INIT;
	struct asked *a = ctx;
	struct peer *peer = asked_peer(a);
	struct arena arena;
	size_t i;

	arena_init(&arena, STAT_ANSWER_MAX);
	answer.file = must_alloc(&arena, n, sizeof(*answer.file));
	for (i = 0; i < n; i++) {
		answer.file[i] = message_new(
		    &arena, &tripod__file_stat__descriptor);
		answer.file[i]->name = a->name[i];
		stat_fill(&st[i], answer.file[i]);
	}
	answer.n_file = n;
	if (peer != NULL)
		(void)peer_send(
		    peer, TRIPOD__MSG__MSG_STATS, a->id, -1, &answer.base);
	arena_release(&arena);
	asked_free(a);
}

static int
on_stat(void *ctx, struct ipc_msg *m)
{
	const Tripod__Stat *s = (const Tripod__Stat *)(void *)m->payload;
	struct link *l = ctx;

	if (s->n_name > LENDER_STATS_MAX) {
		log_warnx("watcherd asks about too many names");
		return (-1);
	}
	lend_stats(l->r->lend, s->name, s->n_name, on_stats,
	    asked_new(l, m->id, s->name, s->n_name));
	return (0);
}

static int
on_ignored(void *ctx, struct ipc_msg *m)
{
	struct link *l = ctx;

	arena_free(l->r->ignored_arena);
	l->r->ignored = (Tripod__Ignored *)(void *)m->payload;
	l->r->ignored_arena = m->arena;
	m->arena = NULL;
	return (0);
}

/*
 * A valid manifest that reconciled does not take becomes an invalid one, be it
 * for one of its pods, or as a whole (NULL).
 */
static void
manifest_refuse(Tripod__Manifest *m, struct arena *a,
    const Tripod__Definition *d, const char *why)
{
	Tripod__Problem *p;

	/* The peer may have filled the arena to its limit. */
	a->limit += REFUSAL_MAX;
	p = message_new(a, &tripod__problem__descriptor);
	p->message = must_strdup(a, why);
	p->line = d != NULL ? d->line : 0;
	p->column = d != NULL ? d->column : 0;
	m->problem = must_alloc(a, 1, sizeof(*m->problem));
	m->problem[0] = p;
	m->n_problem = 1;
	m->state = TRIPOD__MANIFEST__STATE__INVALID;
}

/* When a pod was first seen: as a claim, or in the runtime. */
static int64_t
first_seen(
    const struct reconciled *r, const struct desired_file *f, const char *uid)
{
	const struct pod *p = pods_find(&r->pods, uid);
	const struct claim *c = desired_own(f, uid);

	if (p != NULL && p->seen_ns != 0)
		return (p->seen_ns);
	return (c != NULL ? c->seen_ns : wall_now_ns());
}

/* The first pod that may not be; NULL: none.  Otherwise err says why. */
static const Tripod__Definition *
manifest_forbidden(
    const struct reconciled *r, const Tripod__Manifest *m, struct err *err)
{
	const Tripod__Definition *d;
	size_t i;

	for (i = 0; i < m->n_definition; i++) {
		d = m->definition[i];
		if (d->pod == NULL) {
			(void)err_set(err, "watcherd sent no pod");
			return (d);
		}
		if (policy_check(&r->conf.policy, d->pod, err) == -1) {
			if (m->n_definition > 1)
				(void)err_prefix(err, "pod %s", d->pod->name);
			return (d);
		}
	}
	return (NULL);
}

/* Takes what nothing forbids, or has something against it: -1, err. */
static int
manifest_accept(struct reconciled *r, struct desired_file *f,
    Tripod__Manifest *m, struct err *err)
{
	Tripod__Definition *d;
	size_t i;

	for (i = 0; i < m->n_definition; i++) {
		d = m->definition[i];
		if (d->seen_ns == 0)
			d->seen_ns = first_seen(r, f, d->pod->uid);
	}
	return (desired_claim(&r->desired, f, m, err));
}

static void
log_problems(const struct desired_file *f, const Tripod__Manifest *m)
{
	const Tripod__Problem *p;
	size_t i;

	if (strcmp(f->digest, m->digest) == 0 && f->state == m->state)
		return; /* said before */
	for (i = 0; i < m->n_problem; i++) {
		p = m->problem[i];
		if (p->line == 0) /* about the file as a whole */
			log_warnx("%s: %s", f->name, p->message);
		else
			log_warnx("%s:%u:%u: %s%s%s", f->name, p->line,
			    p->column, p->field,
			    p->field[0] != '\0' ? ": " : "", p->message);
	}
	if (m->state == TRIPOD__MANIFEST__STATE__INVALID)
		log_warnx("manifest %s is refused%s", f->name,
		    f->nclaim > 0 ? "; what it defined stays" : "");
}

static void
file_gone(struct reconciled *r, struct desired_file *f)
{
	log_info("manifest %s is gone", f->name);
	kept_forget(r->files.manifests, f->name);
	desired_drop(&r->desired, f);
	r->redefine = 1;
}

static int
file_keep(struct reconciled *r, struct desired_file *f, struct err *err)
{
	struct arena *a = arena_new(KEPT_DECODE_MAX);
	Tripod__Manifest *m = desired_manifest(f, a);
	int rc = 0;

	if (m == NULL)
		log_warnx("manifest %s: too large to be kept", f->name);
	else
		rc = kept_store(r->files.manifests, m, err);
	arena_free(a);
	f->kept = rc == 0;
	return (rc);
}

static void
keep_later(struct reconciled *r, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (!evtimer_pending(r->ev_keep, NULL) &&
	    event_add(r->ev_keep, &tv) == -1)
		fatalx("event_add");
}

void
watch_keep(evutil_socket_t fd, short what, void *arg)
{
	struct reconciled *r = arg;
	struct desired_file *f;
	struct err err;

	(void)fd;
	(void)what;
	if (r->desired.staging)
		return; /* its end leads here again */
	TAILQ_FOREACH (f, &r->desired.files, entry) {
		if (f->nclaim == 0 || f->kept)
			continue;
		/* One at a time. */
		if (file_keep(r, f, &err) == -1) {
			log_warnx("%s", err.text);
			keep_later(r, KEEP_RETRY_MS);
		} else {
			keep_later(r, KEEP_NEXT_MS);
		}
		return;
	}
}

static int
on_manifest(void *ctx, struct ipc_msg *msg)
{
	Tripod__Manifest *m = (Tripod__Manifest *)(void *)msg->payload;
	const Tripod__Definition *bad = NULL;
	struct link *l = ctx;
	struct reconciled *r = l->r;
	struct desired_file *f;
	struct err err;

	if (!name_is_file(m->file, strlen(m->file)) || m->file[0] == '.' ||
	    strlen(m->digest) > DIGEST_MAX) {
		log_warnx("watcherd names a bad file");
		return (-1);
	}
	if (m->state == TRIPOD__MANIFEST__STATE__GONE) {
		if ((f = desired_find(&r->desired, m->file)) != NULL)
			file_gone(r, f);
		reconcile_kick(r);
		return (0);
	}
	if ((f = desired_get(&r->desired, m->file)) == NULL) {
		if (!r->desired.over)
			log_warnx("manifest %s and others: more than %d files",
			    m->file, DESIRED_FILES_MAX);
		r->desired.over = 1;
		return (0);
	}
	f->named = 1;
	if (m->state == TRIPOD__MANIFEST__STATE__VALID &&
	    ((bad = manifest_forbidden(r, m, &err)) != NULL ||
		manifest_accept(r, f, m, &err) == -1))
		manifest_refuse(m, msg->arena, bad, err.text);
	log_problems(f, m);
	desired_note(f, m, msg->arena, wall_now_ns());
	msg->arena = NULL;
	r->redefine = 1;
	keep_later(r, KEEP_MS);
	reconcile_kick(r);
	return (0);
}

static int
on_begin(void *ctx, struct ipc_msg *msg)
{
	struct link *l = ctx;
	struct desired_file *f;

	(void)msg;
	TAILQ_FOREACH (f, &l->r->desired.files, entry)
		f->named = 0;
	l->r->desired.staging = 1;
	l->r->desired.over = 0;
	l->peer->phase = PHASE_SYNC;
	return (0);
}

static int
on_end(void *ctx, struct ipc_msg *msg)
{
	struct link *l = ctx;
	struct reconciled *r = l->r;
	struct desired_file *f, *next;

	(void)msg;
	for (f = TAILQ_FIRST(&r->desired.files); f != NULL; f = next) {
		next = TAILQ_NEXT(f, entry);
		if (!f->named)
			file_gone(r, f);
	}
	l->peer->phase = PHASE_READY;
	r->desired.staging = 0;
	r->desired.synced = 1;
	r->redefine = 1;
	keep_later(r, KEEP_MS);
	reconcile_kick(r);
	return (0);
}

void
watch_restore(void *ctx, Tripod__Manifest *m, struct arena *a)
{
	struct reconciled *r = ctx;
	struct desired_file *f;
	struct err err;

	if (!name_is_file(m->file, strlen(m->file)) ||
	    (f = desired_get(&r->desired, m->file)) == NULL) {
		arena_free(a);
		return;
	}
	if (manifest_forbidden(r, m, &err) != NULL ||
	    manifest_accept(r, f, m, &err) == -1) {
		log_warnx("kept manifest %s: %s", m->file, err.text);
		desired_drop(&r->desired, f);
	} else {
		f->since_ns = wall_now_ns();
		f->state = TRIPOD__MANIFEST__STATE__VALID;
		text_set(&f->digest, m->digest);
		f->kept = 1;
		r->redefine = 1;
	}
	arena_free(a);
}

/* clang-format off */
static const struct ipc_op watch_ops[] = {
	{ TRIPOD__MSG__MSG_HELLO, PHASE_NEW, IPC_SMALL_MAX, IPC_SMALL_MAX * 4,
	    IPC_FD_NONE, &tripod__hello__descriptor, on_hello },
	{ TRIPOD__MSG__MSG_OPEN, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__open__descriptor,
	    on_open },
	{ TRIPOD__MSG__MSG_STAT, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__stat__descriptor,
	    on_stat },
	{ TRIPOD__MSG__MSG_IGNORED, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__ignored__descriptor,
	    on_ignored },
	{ TRIPOD__MSG__MSG_MANIFEST_BEGIN, PHASE_READY | PHASE_SYNC, 0, 0,
	    IPC_FD_NONE, NULL, on_begin },
	{ TRIPOD__MSG__MSG_MANIFEST, PHASE_READY | PHASE_SYNC,
	    IPC_MANIFEST_MAX, IPC_DECODE_MAX, IPC_FD_NONE,
	    &tripod__manifest__descriptor, on_manifest },
	{ TRIPOD__MSG__MSG_MANIFEST_END, PHASE_SYNC, 0, 0, IPC_FD_NONE, NULL,
	    on_end },
};
/* clang-format on */

const struct ipc_table watch_table = { "watch", watch_ops,
	sizeof(watch_ops) / sizeof(watch_ops[0]) };
