#include "reconciled/desired.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "reconciled/message.h"
#include "reconciled/pod.h"

void
desired_init(struct desired *d)
{
	memset(d, 0, sizeof(*d));
	TAILQ_INIT(&d->files);
}

static void
claims_free(struct claim *claim, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(claim[i].uid);
		free(claim[i].hash);
		free(claim[i].name);
		free(claim[i].packed);
	}
	free(claim);
}

/* The index points into claims, so it goes before any of them. */
static void
unsettle(struct desired *d)
{
	if (d->won == NULL)
		return;
	hdestroy_r(d->won);
	free(d->won);
	d->won = NULL;
}

void
desired_drop(struct desired *d, struct desired_file *f)
{
	unsettle(d);
	TAILQ_REMOVE(&d->files, f, entry);
	d->n--;
	d->npods -= f->nclaim;
	claims_free(f->claim, f->nclaim);
	arena_free(f->arena);
	free(f->name);
	free(f->digest);
	free(f);
}

void
desired_release(struct desired *d)
{
	struct desired_file *f;

	while ((f = TAILQ_FIRST(&d->files)) != NULL)
		desired_drop(d, f);
	unsettle(d);
}

struct desired_file *
desired_find(const struct desired *d, const char *name)
{
	struct desired_file *f;

	TAILQ_FOREACH (f, &d->files, entry)
		if (strcmp(f->name, name) == 0)
			return (f);
	return (NULL);
}

/*
 * Kept in the order of names, in which they come, too: so the search
 * starts at the end.
 */
struct desired_file *
desired_get(struct desired *d, const char *name)
{
	struct desired_file *f, *o;
	int order = 1;

	TAILQ_FOREACH_REVERSE(o, &d->files, desired_files, entry)
	if ((order = strcmp(name, o->name)) >= 0)
		break;
	if (o != NULL && order == 0)
		return (o);
	if (d->n == DESIRED_FILES_MAX)
		return (NULL);
	f = xcalloc(1, sizeof(*f));
	f->name = xstrdup(name);
	f->digest = xstrdup("");
	if (o != NULL)
		TAILQ_INSERT_AFTER(&d->files, o, f, entry);
	else
		TAILQ_INSERT_HEAD(&d->files, f, entry);
	d->n++;
	return (f);
}

static void
claim_fill(
    struct claim *c, const struct desired_file *f, const Tripod__Definition *d)
{
	c->file = f;
	c->line = d->line;
	c->column = d->column;
	c->seen_ns = d->seen_ns;
	c->uid = xstrdup(d->pod->uid);
	c->hash = xstrdup(d->pod->hash);
	/* Fatal instead of failing. */
	(void)xasprintf(&c->name, "%s/%s", d->pod->namespace_, d->pod->name);
	c->len = tripod__definition__get_packed_size(d);
	c->packed = xmalloc(c->len);
	(void)tripod__definition__pack(d, c->packed); /* as long as it said */
}

static int
claims_equal(const struct claim *a, const struct claim *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (a[i].len != b[i].len ||
		    memcmp(a[i].packed, b[i].packed, a[i].len) != 0)
			return (0);
	return (1);
}

static int
claims_distinct(const struct claim *c, size_t n, struct err *err)
{
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			if (strcmp(c[i].name, c[j].name) == 0 ||
			    strcmp(c[i].uid, c[j].uid) == 0)
				return (err_set(err,
				    "pod %s, uid %s, is defined twice",
				    c[i].name, c[i].uid));
	return (0);
}

int
desired_claim(struct desired *d, struct desired_file *f,
    const Tripod__Manifest *m, struct err *err)
{
	size_t i, n = m->n_definition, others = d->npods - f->nclaim;
	struct claim *claim;

	if (n == 0)
		return (err_set(err, "watcherd sent no pod"));
	if (n > DESIRED_PODS_MAX - others)
		return (err_set(
		    err, "more than %d pods in all files", DESIRED_PODS_MAX));
	claim = xcalloc(n, sizeof(*claim));
	for (i = 0; i < n; i++) {
		claim_fill(&claim[i], f, m->definition[i]);
		claim[i].serial = ++d->serial;
	}
	if (claims_distinct(claim, n, err) == -1) {
		claims_free(claim, n);
		return (-1);
	}
	if (n == f->nclaim && claims_equal(claim, f->claim, n)) {
		claims_free(claim, n);
		return (0);
	}
	unsettle(d);
	claims_free(f->claim, f->nclaim);
	f->claim = claim;
	f->nclaim = n;
	f->kept = 0;
	d->npods = others + n;
	return (1);
}

const struct claim *
desired_own(const struct desired_file *f, const char *uid)
{
	size_t i;

	for (i = 0; i < f->nclaim; i++)
		if (strcmp(f->claim[i].uid, uid) == 0)
			return (&f->claim[i]);
	return (NULL);
}

static struct claim *
won_find(struct desired *d, const char *key)
{
	ENTRY item = { (char *)(uintptr_t)key, NULL }, *found;

	/* Fails only when there is none. */
	if (hsearch_r(item, FIND, &found, d->won) == 0)
		return (NULL);
	return (found->data);
}

static void
won_add(struct desired *d, char *key, struct claim *c)
{
	ENTRY item = { key, c }, *added;

	if (hsearch_r(item, ENTER, &added, d->won) == 0)
		log_assert(!"the table was made large enough");
}

/* A uid has no slash, a name has one: they share the table. */
static void
settle_file(struct desired *d, struct desired_file *f)
{
	struct claim *c;
	size_t i;

	for (i = 0; i < f->nclaim; i++) {
		c = &f->claim[i];
		c->pod = NULL;
		c->rival = won_find(d, c->name);
		if (c->rival == NULL)
			c->rival = won_find(d, c->uid);
		if (c->rival != NULL)
			continue;
		won_add(d, c->name, c);
		won_add(d, c->uid, c);
	}
}

void
desired_settle(struct desired *d)
{
	struct desired_file *f;

	unsettle(d);
	d->won = xcalloc(1, sizeof(*d->won));
	/* Two keys for each, in a table that stays half empty. */
	if (hcreate_r(4 * d->npods + 1, d->won) == 0)
		log_assert(!"memory for the index");
	if (d->last) {
		TAILQ_FOREACH_REVERSE(f, &d->files, desired_files, entry)
		settle_file(d, f);
	} else {
		TAILQ_FOREACH (f, &d->files, entry)
			settle_file(d, f);
	}
}

struct claim *
desired_winner(struct desired *d, const char *key)
{
	log_assert(d->won != NULL);
	return (won_find(d, key));
}

Tripod__Definition *
claim_unpack(const struct claim *c, struct arena *a)
{
	return (tripod__definition__unpack(&a->allocator, c->len, c->packed));
}

Tripod__Manifest *
desired_manifest(const struct desired_file *f, struct arena *a)
{
	Tripod__Manifest *m = message_new(a, &tripod__manifest__descriptor);
	size_t i;

	m->file = f->name;
	m->digest = f->digest;
	m->state = TRIPOD__MANIFEST__STATE__VALID;
	m->definition = must_alloc(a, f->nclaim, sizeof(*m->definition));
	for (i = 0; i < f->nclaim; i++) {
		m->definition[i] = claim_unpack(&f->claim[i], a);
		if (m->definition[i] == NULL)
			return (NULL);
	}
	m->n_definition = f->nclaim;
	return (m);
}

const char *
claim_conflict(const struct claim *c, struct arena *a)
{
	const struct claim *o = c->rival;
	char *text, *where;

	text = strcmp(c->name, o->name) == 0
	    ? arena_printf(
		  a, "%s defines the pod %s already", o->file->name, c->name)
	    : arena_printf(a, "%s gives the uid %s to the pod %s already",
		  o->file->name, c->uid, o->name);
	log_assert(text != NULL);
	if (o->line == 0)
		return (text);
	where = arena_printf(a, "%s, in line %u", text, o->line);
	log_assert(where != NULL);
	return (where);
}

void
desired_note(struct desired_file *f, const Tripod__Manifest *m,
    struct arena *arena, int64_t now_ns)
{
	Tripod__Manifest *copy;

	if (f->since_ns == 0 || f->state != m->state ||
	    strcmp(f->digest, m->digest) != 0)
		f->since_ns = now_ns;
	f->state = m->state;
	text_set(&f->digest, m->digest);
	/* Only the problems are looked at later. */
	copy = arena_alloc(arena, sizeof(*copy));
	if (copy != NULL) {
		*copy = *m;
		copy->definition = NULL;
		copy->n_definition = 0;
	}
	arena_free(f->arena);
	f->arena = arena;
	f->last = copy;
}
