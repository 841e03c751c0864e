#include "reconciled/desired.h"

#include <stdlib.h>
#include <string.h>

#include "reconciled/pod.h"

void
desired_init(struct desired *d)
{
	memset(d, 0, sizeof(*d));
	TAILQ_INIT(&d->files);
}

void
desired_drop(struct desired *d, struct desired_file *f)
{
	TAILQ_REMOVE(&d->files, f, entry);
	d->n--;
	arena_free(f->arena);
	free(f->name);
	free(f->digest);
	free(f->uid);
	free(f->namespace_);
	free(f->pod);
	free(f);
}

void
desired_release(struct desired *d)
{
	struct desired_file *f;

	while ((f = TAILQ_FIRST(&d->files)) != NULL)
		desired_drop(d, f);
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

/* Kept in the order of names, which is how people read them. */
struct desired_file *
desired_get(struct desired *d, const char *name)
{
	struct desired_file *f, *o;

	if ((f = desired_find(d, name)) != NULL)
		return (f);
	if (d->n == DESIRED_FILES_MAX)
		return (NULL);
	f = xcalloc(1, sizeof(*f));
	f->name = xstrdup(name);
	f->digest = xstrdup("");
	TAILQ_FOREACH (o, &d->files, entry)
		if (strcmp(o->name, name) > 0)
			break;
	if (o != NULL)
		TAILQ_INSERT_BEFORE(o, f, entry);
	else
		TAILQ_INSERT_TAIL(&d->files, f, entry);
	d->n++;
	return (f);
}

const struct desired_file *
desired_by_uid(const struct desired *d, const char *uid)
{
	const struct desired_file *f;

	TAILQ_FOREACH (f, &d->files, entry)
		if (f->uid != NULL && strcmp(f->uid, uid) == 0)
			return (f);
	return (NULL);
}

const struct desired_file *
desired_other(const struct desired *d, const struct desired_file *self,
    const char *ns, const char *pod)
{
	const struct desired_file *f;

	TAILQ_FOREACH (f, &d->files, entry)
		if (f != self && f->uid != NULL &&
		    strcmp(f->namespace_, ns) == 0 && strcmp(f->pod, pod) == 0)
			return (f);
	return (NULL);
}

int
desired_has_conflict(const struct desired *d)
{
	const struct desired_file *f;

	TAILQ_FOREACH (f, &d->files, entry)
		if (f->conflict)
			return (1);
	return (0);
}

void
desired_disclaim(struct desired_file *f)
{
	text_set(&f->uid, NULL);
	text_set(&f->namespace_, NULL);
	text_set(&f->pod, NULL);
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
