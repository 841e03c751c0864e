#include "mirrord/model.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"

void
model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
}

void
pending_release(struct pending *p)
{
	free(p->uid);
	free(p->ending);
	json_decref(p->status);
	memset(p, 0, sizeof(*p));
}

static void
record_free(struct record *r)
{
	free(r->namespace);
	free(r->name);
	free(r->reason);
	free(r->uid);
	want_item_free(r->current);
	want_item_free(r->ending);
	seen_pod_free(r->seen);
	memo_release(&r->memo);
	pending_release(&r->pending);
	free(r);
}

static void
staged_release(struct model *m)
{
	size_t i;

	for (i = 0; i < m->nstaged; i++)
		want_item_free(m->staged[i]);
	m->nstaged = 0;
}

void
model_release(struct model *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		record_free(m->rec[i]);
	staged_release(m);
	free(m->rec);
	free(m->staged);
	model_init(m);
}

/* Index of the name, or of where it would stand. */
static size_t
model_index(const struct model *m, const char *ns, const char *name, int *found)
{
	size_t lo = 0, hi = m->n, mid;
	int c;

	*found = 0;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		c = strcmp(ns, m->rec[mid]->namespace);
		if (c == 0)
			c = strcmp(name, m->rec[mid]->name);
		if (c == 0) {
			*found = 1;
			return (mid);
		}
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return (lo);
}

struct record *
model_find(const struct model *m, const char *ns, const char *name)
{
	int found;
	size_t i = model_index(m, ns, name, &found);

	return (found ? m->rec[i] : NULL);
}

/* Finds or makes; NULL when there are too many. */
static struct record *
model_get(struct model *m, const char *ns, const char *name)
{
	struct record *r;
	int found;
	size_t i = model_index(m, ns, name, &found);

	if (found)
		return (m->rec[i]);
	if (m->n == MODEL_MAX) {
		log_warnx("more than %d pods: %s/%s is left alone", MODEL_MAX,
		    ns, name);
		return (NULL);
	}
	if (m->n == m->size) {
		m->size = m->size == 0 ? 16 : m->size * 2;
		m->rec = xreallocarray(m->rec, m->size, sizeof(*m->rec));
	}
	r = xcalloc(1, sizeof(*r));
	r->namespace = xstrdup(ns);
	r->name = xstrdup(name);
	r->wake = MTIME_NEVER;
	memmove(&m->rec[i + 1], &m->rec[i], (m->n - i) * sizeof(*m->rec));
	m->rec[i] = r;
	m->n++;
	return (r);
}

void
model_sweep(struct model *m)
{
	struct record *r;
	size_t i, n = 0;

	for (i = 0; i < m->n; i++) {
		r = m->rec[i];
		if (r->current == NULL && r->ending == NULL &&
		    r->seen == NULL && r->memo.busy == PLAN_NONE)
			record_free(r);
		else
			m->rec[n++] = r;
	}
	m->n = n;
}

void
model_touch_all(struct model *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		m->rec[i]->dirty = 1;
}

static int
same_uid(const struct want_item *it, const char *uid)
{
	return (it != NULL && strcmp(it->uid, uid) == 0);
}

/* Puts an item in its place: the one that wants to be, or that ends. */
static void
record_want(struct record *r, struct want_item *it)
{
	int was_current = same_uid(r->current, it->uid);

	/*
	 * With a fixed metadata.uid a changed manifest keeps its uid; a
	 * refusal or back-off of the old content says nothing of the new.
	 */
	if (r->current == NULL || strcmp(r->current->hash, it->hash) != 0)
		memo_touch(&r->memo);
	if (was_current) {
		want_item_free(r->current);
		r->current = NULL;
	}
	if (same_uid(r->ending, it->uid)) {
		want_item_free(r->ending);
		r->ending = NULL;
	}
	if (it->terminating) {
		want_item_free(r->ending);
		r->ending = it;
	} else {
		want_item_free(r->current);
		r->current = it;
	}
	r->dirty = 1;
}

static void
model_install(struct model *m, struct want_item *it)
{
	struct record *r = model_get(m, it->namespace, it->name);

	if (r == NULL)
		want_item_free(it);
	else
		record_want(r, it);
}

void
model_want_begin(struct model *m)
{
	staged_release(m);
	m->staging = 1;
}

void
model_want(struct model *m, struct want_item *it)
{
	if (!m->staging) {
		model_install(m, it);
		return;
	}
	if (m->nstaged == 2 * MODEL_MAX) {
		want_item_free(it); /* model_get() says so for the rest */
		return;
	}
	if (m->nstaged == m->staged_size) {
		m->staged_size = m->staged_size == 0 ? 16 : m->staged_size * 2;
		m->staged = xreallocarray(
		    m->staged, m->staged_size, sizeof(*m->staged));
	}
	m->staged[m->nstaged++] = it;
}

void
model_want_end(struct model *m)
{
	struct record *r;
	size_t i;

	m->staging = 0;
	for (i = 0; i < m->n; i++) {
		r = m->rec[i];
		want_item_free(r->current);
		r->current = NULL;
		if (r->ending != NULL && !r->ending->gone) {
			want_item_free(r->ending);
			r->ending = NULL;
		}
	}
	for (i = 0; i < m->nstaged; i++)
		model_install(m, m->staged[i]);
	m->nstaged = 0;
	m->want_complete = 1;
	model_touch_all(m);
}

void
model_gone(struct model *m, const char *ns, const char *name, const char *uid)
{
	struct record *r = model_find(m, ns, name);

	if (r == NULL)
		return;
	if (same_uid(r->current, uid) && !same_uid(r->ending, uid)) {
		if (r->ending == NULL) {
			r->ending = r->current;
		} else
			want_item_free(r->current);
		r->current = NULL;
	}
	if (same_uid(r->ending, uid))
		r->ending->gone = 1;
	r->dirty = 1;
}

void
record_forget(struct record *r)
{
	want_item_free(r->ending);
	r->ending = NULL;
}

/* An event that tells of the past. */
static int
is_stale(const struct record *r, const struct seen_pod *p)
{
	if (r->memo.deleted != NULL && strcmp(r->memo.deleted, p->uid) == 0)
		return (1);
	return (r->seen != NULL && r->seen->version != -1 && p->version != -1 &&
	    p->version < r->seen->version);
}

/* More than a new status: what failed before may work now. */
static int
is_relevant(const struct seen_pod *a, const struct seen_pod *b)
{
	return (a == NULL || strcmp(a->uid, b->uid) != 0 ||
	    a->deleting != b->deleting || a->generation != b->generation ||
	    !json_same(a->labels, b->labels) ||
	    !json_same(a->annotations, b->annotations));
}

void
model_seen(struct model *m, struct seen_pod *p)
{
	struct record *r = model_get(m, p->namespace, p->name);

	if (r == NULL) {
		seen_pod_free(p);
		return;
	}
	r->listed = m->generation;
	if (is_stale(r, p)) {
		seen_pod_free(p);
		return;
	}
	if (is_relevant(r->seen, p))
		memo_touch(&r->memo);
	r->memo.unsure = 0;
	seen_pod_free(r->seen);
	r->seen = p;
	r->dirty = 1;
}

static void
record_unseen(struct record *r)
{
	seen_pod_free(r->seen);
	r->seen = NULL;
	r->memo.unsure = 0;
	memo_touch(&r->memo);
	r->dirty = 1;
}

void
model_unseen(struct model *m, const char *ns, const char *name, const char *uid)
{
	struct record *r = model_find(m, ns, name);

	/* The one that is known may be the successor already. */
	if (r != NULL && r->seen != NULL && strcmp(r->seen->uid, uid) == 0)
		record_unseen(r);
}

void
model_list_begin(struct model *m)
{
	m->generation++;
}

void
model_list_end(struct model *m, const char *version)
{
	int64_t v = api_version_number(version);
	struct record *r;
	size_t i;

	for (i = 0; i < m->n; i++) {
		r = m->rec[i];
		if (r->seen == NULL || r->listed == m->generation)
			continue;
		/* Created by us after the list was made. */
		if (v != -1 && r->seen->version > v)
			continue;
		record_unseen(r);
	}
	m->seen_complete = 1;
	model_touch_all(m);
}
