#include "reconciled/define.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/message.h"
#include "reconciled/podgroup.h"
#include "reconciled/probes.h"

#define CONFLICT_MAX 4096 /* memory for one text */

/* The pod that is there is told of it: the other one is nowhere. */
static void
note_conflict(struct reconciled *r, const struct claim *c)
{
	const struct pod *p = pods_find(&r->pods, c->rival->uid);
	const char *file = c->file->name;
	char place[64] = "", *text;
	struct arena arena;

	arena_init(&arena, CONFLICT_MAX);
	text = must_strdup(&arena, claim_conflict(c, &arena));
	if (c->line != 0)
		(void)snprintf(
		    place, sizeof(place), ":%u:%u", c->line, c->column);
	log_warnx("%s%s: %s", file, place, text);
	if (p != NULL)
		event_warning(r, p, NULL, "FailedValidation", "%s%s: %s", file,
		    place, text);
	arena_release(&arena);
}

static void
note_conflicts(struct reconciled *r)
{
	struct desired_file *f;
	struct claim *c;
	size_t i;

	TAILQ_FOREACH (f, &r->desired.files, entry) {
		for (i = 0; i < f->nclaim; i++) {
			c = &f->claim[i];
			if (c->rival != NULL && !c->told)
				note_conflict(r, c);
			c->told = c->rival != NULL;
		}
	}
}

static int
pod_is_named(const struct pod *p, const char *name)
{
	size_t len = strlen(p->namespace_);

	return (strncmp(p->namespace_, name, len) == 0 && name[len] == '/' &&
	    strcmp(p->name, name + len + 1) == 0);
}

/* Takes the arena that holds the definition. */
static void
pod_take(struct pod *p, Tripod__Definition *d, struct arena *a)
{
	if (p->definition != NULL && strcmp(p->hash, d->pod->hash) != 0)
		pod_forget(p); /* a fixed uid */
	probes_forget(p);      /* they go by the one before */
	text_set(&p->hash, d->pod->hash);
	arena_free(p->arena);
	p->arena = a;
	p->definition = d;
	p->burstable = podgroup_burstable(d->pod);
	pod_make_room(p, spec_count(d->pod));
	p->dirty = 1;
}

/* Whether it has this very definition already. */
static int
pod_has(const struct pod *p, const Tripod__Definition *d)
{
	const Tripod__Definition *o = p->definition;

	return (o != NULL && strcmp(p->hash, d->pod->hash) == 0 &&
	    o->mirror_json.len == d->mirror_json.len &&
	    (d->mirror_json.len == 0 ||
		memcmp(o->mirror_json.data, d->mirror_json.data,
		    d->mirror_json.len) == 0));
}

/* What is under way for it ends with the definition it began with. */
static void
define_later(struct pod *p, struct pod *busy, struct arena *a)
{
	busy->again = 1;
	p->defined = 0;
	arena_free(a);
}

/* Has a definition come after what runs; takes its arena, or NULL: none. */
static void
next_take(struct pod *p, Tripod__Definition *d, struct arena *a)
{
	struct pod *n = p->next;

	if (n != NULL && (a == NULL || !pod_has(n, d))) {
		if (n->pulling > 0) {
			define_later(p, n, a);
			return;
		}
		pod_free(n);
		n = NULL;
	}
	p->next = n;
	if (n != NULL) {
		n->again = 0;
		arena_free(a);
	} else if (a != NULL) {
		n = p->next = pod_new(p->uid, p->namespace_, p->name);
		n->seen_ns = p->seen_ns;
		text_set(&n->file, p->file);
		pod_take(n, d, a);
	}
}

/* Whether the newest sandbox was made for that definition. */
static int
is_made_by(const struct pod *p, const char *hash)
{
	const struct seen_sandbox *s = sandbox_newest(&p->seen);

	return (s != NULL && strcmp(s->hash, hash) == 0);
}

/* Whether what runs, or may, has to end by the definition there is. */
static int
goes_on(const struct reconciled *r, const struct pod *p,
    const Tripod__Definition *d)
{
	if (p->definition == NULL || strcmp(p->hash, d->pod->hash) == 0)
		return (0);
	return (!r->known ||
	    (pod_holds_network(&p->seen) && !is_made_by(p, d->pod->hash)));
}

static void
pod_define(const struct reconciled *r, struct pod *p, const struct claim *c)
{
	struct arena *a;
	Tripod__Definition *d;

	if (p->defined == c->serial)
		return;
	a = arena_new(DESIRED_DECODE_MAX);
	d = claim_unpack(c, a);
	log_assert(d != NULL); /* it has been unpacked before */
	if (p->seen_ns == 0)
		p->seen_ns = d->seen_ns;
	d->seen_ns = p->seen_ns;
	if (p->memo.start_ns == 0)
		p->memo.start_ns = p->seen_ns;
	if (strcmp(p->file, c->file->name) != 0) {
		text_set(&p->file, c->file->name);
		p->dirty = 1;
	}
	p->again = 0;
	p->defined = c->serial;
	if (goes_on(r, p, d)) {
		next_take(p, d, a);
		return;
	}
	next_take(p, NULL, NULL);
	if (pod_has(p, d))
		arena_free(a);
	else if (p->definition != NULL && (p->inflight > 0 || p->pulling > 0))
		define_later(p, p, a);
	else
		pod_take(p, d, a);
}

static void
pod_succeed(struct pod *p)
{
	struct pod *n = p->next;

	if (n == NULL || p->inflight > 0 || p->pulling > 0 || n->pulling > 0)
		return;
	if (pod_holds_network(&p->seen) && !is_made_by(p, n->hash))
		return;
	pod_take(p, n->definition, n->arena);
	free(p->memo.container);
	p->memo.container = n->memo.container;
	p->memo.n_container = n->memo.n_container;
	n->memo.container = NULL;
	n->memo.n_container = 0;
	n->definition = NULL;
	n->arena = NULL;
	p->next = NULL;
	pod_free(n);
}

void
define_successors(struct pods *pods)
{
	struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		pod_succeed(p);
}

/* The pod of a claim, new if there is none; NULL: its uid is in use. */
static struct pod *
pod_get(struct reconciled *r, const struct claim *c)
{
	const char *slash = strchr(c->name, '/');
	struct pod *p;
	char *ns;

	if (c->pod != NULL)
		return (pod_is_named(c->pod, c->name) ? c->pod : NULL);
	ns = xstrndup(c->name, (size_t)(slash - c->name));
	p = pod_new(c->uid, ns, slash + 1);
	free(ns);
	TAILQ_INSERT_TAIL(&r->pods, p, entry);
	return (p);
}

static void
file_define(struct reconciled *r, struct desired_file *f)
{
	struct pod *p;
	size_t i;

	for (i = 0; i < f->nclaim; i++) {
		if (f->claim[i].rival != NULL ||
		    (p = pod_get(r, &f->claim[i])) == NULL)
			continue;
		p->want.wanted = 1;
		pod_define(r, p, &f->claim[i]);
	}
}

/*
 * Whether somebody wants a pod that was wanted; the claim has its uid.
 * While a transfer goes on, a pod that nobody names yet may still be
 * named, by another file than before.
 */
static int
is_wanted(struct reconciled *r, const struct pod *p, const struct claim *c)
{
	char *name;

	if (c != NULL)
		return (pod_is_named(p, c->name));
	if (!r->desired.staging)
		return (0);
	(void)xasprintf(&name, "%s/%s", p->namespace_, p->name); /* or fatal */
	c = desired_winner(&r->desired, name);
	free(name);
	return (c == NULL);
}

void
define_pods(struct reconciled *r)
{
	struct desired_file *f;
	struct claim *c;
	struct pod *p;

	desired_settle(&r->desired);
	TAILQ_FOREACH (p, &r->pods, entry) {
		c = desired_winner(&r->desired, p->uid);
		if (c != NULL)
			c->pod = p;
		p->want.wanted = p->want.wanted && is_wanted(r, p, c);
	}
	TAILQ_FOREACH (f, &r->desired.files, entry)
		file_define(r, f);
	note_conflicts(r);
}
