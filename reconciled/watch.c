/*
 * The watch channel: lends the folder, takes manifests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/name.h"
#include "reconciled/message.h"
#include "reconciled/peers.h"

#define MANIFEST_DECODE_MAX (16 * 1024 * 1024)
#define DIGEST_MAX 128
#define REFUSAL_MAX 4096 /* memory for a problem of our own */

void
watch_lend(struct peers *ps)
{
	struct lend *lend = ps->r->lend;
	Tripod__Folder f = TRIPOD__FOLDER__INIT;
	struct peer *peer = ps->watch.peer;
	const char *reason;
	char *text;
	int fd, events;

	if (peer == NULL || peer->phase == PHASE_NEW)
		return;
	fd = lend_folder(lend, &reason);
	events = fd == -1 ? -1 : lend_inotify(lend);
	if (fd != -1 && events == -1) {
		log_warn("inotify on the manifest folder");
		(void)close(fd); /* not lent */
		fd = -1;
		reason = "it cannot be watched";
	}
	text = xstrdup(reason);
	f.present = fd != -1;
	f.generation = lend_generation(lend);
	f.reason = text;
	(void)peer_send(peer, TRIPOD__MSG__MSG_FOLDER, 0, fd, &f.base);
	if (events != -1)
		(void)peer_send(
		    peer, TRIPOD__MSG__MSG_INOTIFY, 0, events, NULL);
	free(text);
}

static int
on_hello(void *ctx, struct ipc_msg *m)
{
	struct link *l = ctx;

	if (link_hello(l, m, "watcherd") == -1)
		return (-1);
	watch_lend(l->r->peers);
	return (0);
}

static int
on_open(void *ctx, struct ipc_msg *m)
{
	const Tripod__Open *o = (const Tripod__Open *)(void *)m->payload;
	Tripod__Opened answer = TRIPOD__OPENED__INIT;
	struct link *l = ctx;
	struct err err = { "" };
	int fd;

	fd = lend_open(l->r->lend, o->name, &err);
	if (fd == -1) {
		answer.error = errno == 0 ? EINVAL : (uint32_t)errno;
		answer.reason = err.text;
	}
	return (peer_send(
	    l->peer, TRIPOD__MSG__MSG_OPENED, m->id, fd, &answer.base));
}

/* A valid manifest that reconciled does not take becomes an invalid one. */
static void
manifest_refuse(Tripod__Manifest *m, struct arena *a, const char *why)
{
	Tripod__Problem *p;

	/* The peer may have filled the arena to its limit. */
	a->limit += REFUSAL_MAX;
	p = message_new(a, &tripod__problem__descriptor);
	p->message = must_strdup(a, why);
	m->problem = must_alloc(a, 1, sizeof(*m->problem));
	m->problem[0] = p;
	m->n_problem = 1;
	m->state = TRIPOD__MANIFEST__STATE__INVALID;
}

/*
 * A claim to the pod by somebody else; -1 and err.  Who has a pod keeps
 * it: no other file may cost it its container.
 */
static int
judge_claims(struct reconciled *r, struct desired_file *f,
    const Tripod__Pod *pod, struct err *err)
{
	const struct desired_file *o;
	const struct pod *p;

	TAILQ_FOREACH (o, &r->desired.files, entry) {
		if (o == f || o->uid == NULL ||
		    (strcmp(o->uid, pod->uid) != 0 &&
			(strcmp(o->namespace_, pod->namespace_) != 0 ||
			    strcmp(o->pod, pod->name) != 0)))
			continue;
		return (
		    err_set(err, "pod %s/%s, uid %s, is defined by %s already",
			pod->namespace_, pod->name, pod->uid, o->name));
	}
	p = pods_find(&r->pods, pod->uid);
	if (p != NULL &&
	    (strcmp(p->namespace_, pod->namespace_) != 0 ||
		strcmp(p->name, pod->name) != 0)) {
		desired_disclaim(f); /* the edit ends the one before */
		return (err_set(err, "uid %s still belongs to pod %s/%s",
		    pod->uid, p->namespace_, p->name));
	}
	return (0);
}

/* What speaks against a manifest that watcherd found valid; -1 and err. */
static int
manifest_judge(struct reconciled *r, struct desired_file *f,
    const Tripod__Manifest *m, struct err *err)
{
	const Tripod__Pod *pod;

	f->conflict = 0;
	if (m->n_definition != 1 || (pod = m->definition[0]->pod) == NULL)
		return (err_set(err, "watcherd sent no pod"));
	if (policy_check(&r->policy, pod, err) == -1)
		return (-1);
	if (judge_claims(r, f, pod, err) == -1) {
		f->conflict = 1;
		return (-1);
	}
	return (0);
}

/*
 * Gives a pod its definition; takes the arena.  False if it has to wait
 * for what is under way by the one before; it is asked for again then.
 */
static int
pod_define(struct reconciled *r, struct desired_file *f, Tripod__Manifest *m,
    struct arena *a)
{
	Tripod__Definition *d = m->definition[0];
	struct pod *p = pods_find(&r->pods, d->pod->uid);
	int changed;

	if (p == NULL) {
		p = pod_new(d->pod->uid, d->pod->namespace_, d->pod->name);
		TAILQ_INSERT_TAIL(&r->pods, p, entry);
	}
	if (p->seen_ns == 0)
		p->seen_ns = d->seen_ns != 0 ? d->seen_ns : wall_now_ns();
	if (p->memo.start_ns == 0)
		p->memo.start_ns = wall_now_ns();
	text_set(&p->file, f->name);
	text_set(&f->uid, p->uid);
	text_set(&f->namespace_, p->namespace_);
	text_set(&f->pod, p->name);
	d->seen_ns = p->seen_ns;
	changed = p->definition == NULL || strcmp(p->hash, d->pod->hash) != 0;
	if (!changed ||
	    (p->definition != NULL && (p->inflight > 0 || p->pulling > 0))) {
		p->again |= changed;
		arena_free(a);
		return (!changed);
	}
	if (p->definition != NULL) {
		p->want.terminating = 1; /* a fixed uid: from the start */
		memo_forget(&p->memo);
	}
	text_set(&p->hash, d->pod->hash);
	arena_free(p->arena);
	p->arena = a;
	p->definition = d;
	p->dirty = 1;
	return (1);
}

/* A copy with a life of its own, in the arena; NULL beyond its limit. */
static Tripod__Manifest *
manifest_copy(const Tripod__Manifest *m, struct arena *a)
{
	size_t len = tripod__manifest__get_packed_size(m);
	uint8_t *packed = xmalloc(len);
	Tripod__Manifest *copy;

	(void)tripod__manifest__pack(m, packed);
	copy = tripod__manifest__unpack(&a->allocator, len, packed);
	free(packed);
	return (copy);
}

static void
accept_valid(struct reconciled *r, struct desired_file *f, Tripod__Manifest *m)
{
	struct arena *a = arena_new(MANIFEST_DECODE_MAX);
	Tripod__Manifest *copy = manifest_copy(m, a);
	struct err err;

	if (copy == NULL) {
		arena_free(a);
		log_warnx("manifest %s: does not fit into memory", f->name);
		return;
	}
	if (!pod_define(r, f, copy, a))
		return;
	m->definition[0]->seen_ns =
	    pods_find(&r->pods, m->definition[0]->pod->uid)->seen_ns;
	if (files_store(&r->files, m, &err) == -1)
		log_warnx("%s", err.text);
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
		    f->uid != NULL ? "; its pod stays as it is" : "");
}

static void
file_gone(struct reconciled *r, struct desired_file *f)
{
	log_info("manifest %s is gone", f->name);
	files_forget(&r->files, f->name);
	desired_drop(&r->desired, f);
	r->ask_again |= desired_has_conflict(&r->desired);
}

static int
on_manifest(void *ctx, struct ipc_msg *msg)
{
	Tripod__Manifest *m = (Tripod__Manifest *)(void *)msg->payload;
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
		log_warnx("manifest %s: more than %d files", m->file,
		    DESIRED_FILES_MAX);
		return (0);
	}
	f->named = 1;
	if (m->state == TRIPOD__MANIFEST__STATE__VALID &&
	    manifest_judge(r, f, m, &err) == -1)
		manifest_refuse(m, msg->arena, err.text);
	log_problems(f, m);
	if (m->state == TRIPOD__MANIFEST__STATE__VALID)
		accept_valid(r, f, m);
	desired_note(f, m, msg->arena, wall_now_ns());
	msg->arena = NULL;
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
	r->desired.synced = 1;
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
	if (manifest_judge(r, f, m, &err) == -1) {
		log_warnx("kept manifest %s: %s", m->file, err.text);
		desired_drop(&r->desired, f);
		arena_free(a);
		return;
	}
	f->since_ns = wall_now_ns();
	f->state = TRIPOD__MANIFEST__STATE__VALID;
	text_set(&f->digest, m->digest);
	(void)pod_define(r, f, m, a); /* nothing is under way yet */
}

/* clang-format off */
static const struct ipc_op watch_ops[] = {
	{ TRIPOD__MSG__MSG_HELLO, PHASE_NEW, IPC_SMALL_MAX, IPC_SMALL_MAX * 4,
	    IPC_FD_NONE, &tripod__hello__descriptor, on_hello },
	{ TRIPOD__MSG__MSG_OPEN, PHASE_READY | PHASE_SYNC, IPC_SMALL_MAX,
	    IPC_SMALL_MAX * 4, IPC_FD_NONE, &tripod__open__descriptor,
	    on_open },
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
