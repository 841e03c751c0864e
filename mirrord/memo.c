#include "mirrord/memo.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "mirrord/backoff.h"

const char *
plan_kind_str(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_NONE:
		return ("none");
	case PLAN_GET:
		return ("get");
	case PLAN_CREATE:
		return ("create");
	case PLAN_DELETE:
		return ("delete");
	case PLAN_STATUS:
		return ("status");
	}
	return ("?");
}

static void
text_set(char **to, const char *text)
{
	char *copy = text == NULL ? NULL : xstrdup(text);

	free(*to);
	*to = copy;
}

static void
json_set(json_t **to, json_t *v)
{
	json_incref(v);
	json_decref(*to);
	*to = v;
}

/* A map the server left out is an empty one, not an unknown one. */
static void
map_set(json_t **to, json_t *v)
{
	json_decref(*to);
	*to = v == NULL ? json_object() : json_incref(v);
}

void
memo_release(struct memo *m)
{
	free(m->deleted);
	free(m->born_uid);
	free(m->patched_uid);
	json_decref(m->born_labels);
	json_decref(m->born_annotations);
	json_decref(m->born_editable);
	json_decref(m->patched);
	json_decref(m->refused);
	memset(m, 0, sizeof(*m));
}

void
memo_done(struct memo *m)
{
	m->busy = PLAN_NONE;
	m->unsure = 0;
	m->foreign = 0;
	m->failures = 0;
	m->retry = MTIME_ZERO;
	memset(&m->last, 0, sizeof(m->last));
}

static const struct backoff backoff_usual = { 1000, 60000, 20 };
static const struct backoff backoff_refused = { 1000, 300000, 20 };
static const struct backoff backoff_invalid = { 600000, 600000, 20 };
/* The server's caches learn of a new Node or pod within a second or so. */
static const struct backoff backoff_node = { 250, 1000, 20 };
static const struct backoff backoff_lag = { 250, 60000, 20 };
static const struct backoff backoff_denied = { 10000, 60000, 20 };

static const struct backoff *
backoff_for(const struct memo *m, const struct api_result *r)
{
	switch (r->class) {
	case API_FORBIDDEN:
		return (&backoff_refused);
	case API_INVALID:
		return (&backoff_invalid);
	case API_NOT_FOUND:
		/* NodeRestriction has not heard of our Node yet. */
		if (m->busy == PLAN_CREATE && strcmp(r->kind, "nodes") == 0)
			return (&backoff_node);
		if (m->busy != PLAN_CREATE)
			return (&backoff_lag);
		return (&backoff_usual);
	case API_DENIED:
		return (&backoff_denied);
	case API_OK:
	case API_EXISTS:
	case API_CONFLICT:
		return (m->foreign ? &backoff_refused : &backoff_usual);
	case API_UNREACHABLE:
	case API_BUSY:
	case API_EXPIRED:
		break;
	}
	return (&backoff_usual);
}

void
memo_failed(
    struct memo *m, const struct api_result *r, struct mtime now, uint32_t rnd)
{
	const struct backoff *b = backoff_for(m, r);
	int64_t wait;

	m->failures++;
	wait = backoff_ms(b, m->failures, r->retry_after_s * 1000, rnd);
	/* The credentials were just read again: one try without waiting.
	 * What exists is looked at without waiting, once. */
	if ((r->class == API_DENIED || r->class == API_EXISTS) &&
	    m->failures == 1)
		wait = 0;
	m->retry = mtime_add(now, wait);
	m->last = *r;
	m->busy = PLAN_NONE;
}

void
memo_touch(struct memo *m)
{
	m->failures = 0;
	m->retry = MTIME_ZERO;
}

void
memo_repaired(struct memo *m, struct mtime now)
{
	struct mtime *oldest = &m->repair[MEMO_REPAIRS - 1];
	int64_t wait = MEMO_REPAIR_WINDOW_MS;
	unsigned int i;

	if (m->repairs > 0 &&
	    mtime_diff(now, m->repair[0]) > 2 * MEMO_HOLD_CAP_MS)
		m->repairs = m->holds = 0;
	memmove(&m->repair[1], &m->repair[0],
	    sizeof(m->repair) - sizeof(m->repair[0]));
	m->repair[0] = now;
	if (m->repairs < MEMO_REPAIRS)
		m->repairs++;
	/* Once held, each further repair is held until it was quiet. */
	if (m->holds == 0 &&
	    (m->repairs < MEMO_REPAIRS ||
		mtime_diff(now, *oldest) > MEMO_REPAIR_WINDOW_MS))
		return;
	for (i = 0; i < m->holds && wait < MEMO_HOLD_CAP_MS; i++)
		wait *= 2;
	if (wait > MEMO_HOLD_CAP_MS)
		wait = MEMO_HOLD_CAP_MS;
	m->holds++;
	m->hold = mtime_add(now, wait);
}

void
memo_born(struct memo *m, const struct seen_pod *seen)
{
	text_set(&m->born_uid, seen->uid);
	map_set(&m->born_labels, seen->labels);
	map_set(&m->born_annotations, seen->annotations);
	json_set(&m->born_editable, seen->editable);
}

void
memo_deleted(struct memo *m, const char *uid)
{
	text_set(&m->deleted, uid);
}

void
memo_patched(struct memo *m, const char *uid, json_t *status, struct mtime now)
{
	text_set(&m->patched_uid, uid);
	json_set(&m->patched, status);
	m->patched_at = now;
	json_set(&m->refused, NULL);
}

void
memo_refused(struct memo *m, json_t *status)
{
	json_set(&m->refused, status);
}

/*
 * A map of ours was edited: a key we set is gone or has another value
 * than it had at creation.
 */
static int
map_edited(const json_t *ours, const json_t *seen, const json_t *born,
    const char *except)
{
	const json_t *expected;
	const char *key;
	json_t *v;

	json_object_foreach (json_unconst(ours), key, v) {
		if (except != NULL && strcmp(key, except) == 0)
			continue;
		expected = born == NULL ? v : json_object_get(born, key);
		if (!json_same(expected, json_object_get(seen, key)))
			return (1);
	}
	return (0);
}

static int
member_differs(const json_t *a, const json_t *b, const char *key)
{
	return (!json_same(json_object_get(a, key), json_object_get(b, key)));
}

/* Servers before 1.33 do not count changes of a pod's spec. */
static int
spec_edited(const json_t *measure, const json_t *seen, int born)
{
	return (member_differs(measure, seen, "images") ||
	    member_differs(measure, seen, "initImages") ||
	    member_differs(measure, seen, "activeDeadlineSeconds") ||
	    (born && member_differs(measure, seen, "tolerations")));
}

const char *
drift_find(const struct want_item *it, const struct seen_pod *seen,
    const struct memo *m, int strict)
{
	const json_t *meta = json_object_get(it->object, "metadata");
	int born = m->born_uid != NULL && strcmp(m->born_uid, seen->uid) == 0;
	const json_t *labels = json_object_get(meta, "labels");
	const json_t *annotations = json_object_get(meta, "annotations");

	if (it->object == NULL)
		return (NULL); /* nothing to put in its place */
	if (seen->owner == NULL)
		return ("owner");
	if (seen->generation > 1)
		return ("spec");
	if (seen->generation == 0 &&
	    spec_edited(
		born ? m->born_editable : it->editable, seen->editable, born))
		return ("spec");
	if (map_edited(
		labels, seen->labels, born ? m->born_labels : NULL, NULL) ||
	    (strict && born && !json_same(m->born_labels, seen->labels)))
		return ("label");
	/* config.seen is ours to change: reconciled was started afresh. */
	if (map_edited(annotations, seen->annotations,
		born ? m->born_annotations : NULL,
		born ? NULL : ANNOTATION_SEEN) ||
	    (strict && born &&
		!json_same(m->born_annotations, seen->annotations)))
		return ("annotation");
	return (NULL);
}
