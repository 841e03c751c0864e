#include "reconciled/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "reconciled/message.h"

void
records_init(struct records *r)
{
	TAILQ_INIT(&r->list);
	r->n = 0;
	r->number = r->dropped = 0;
	r->last_ns = 0;
}

static void
record_drop(struct records *r, struct record *e)
{
	TAILQ_REMOVE(&r->list, e, entry);
	r->n--;
	free(e->uid);
	free(e->namespace_);
	free(e->pod);
	free(e->container);
	free(e->hash);
	free(e);
}

void
records_release(struct records *r)
{
	struct record *e;

	while ((e = TAILQ_FIRST(&r->list)) != NULL)
		record_drop(r, e);
}

static const char *
hash_of(const struct record_object *o)
{
	return (o->hash == NULL ? "" : o->hash);
}

static struct record *
record_new(struct records *r, const struct record_object *o)
{
	struct record *e = xcalloc(1, sizeof(*e));

	if (r->n == RECORDS_MAX) {
		r->dropped = TAILQ_LAST(&r->list, record_list)->number;
		record_drop(r, TAILQ_LAST(&r->list, record_list));
	}
	e->uid = xstrdup(o->uid);
	e->namespace_ = xstrdup(o->namespace_);
	e->pod = xstrdup(o->pod);
	e->container = xstrdup(o->container);
	e->hash = xstrdup(hash_of(o));
	TAILQ_INSERT_HEAD(&r->list, e, entry);
	r->n++;
	return (e);
}

/* As it would be kept, so that long ones are found again. */
static struct record *
record_find(struct records *r, const struct record_object *o,
    const char *reason, const char *message)
{
	struct record *e;

	TAILQ_FOREACH (e, &r->list, entry)
		if (strcmp(e->uid, o->uid) == 0 &&
		    strcmp(e->hash, hash_of(o)) == 0 &&
		    strcmp(e->container, o->container) == 0 &&
		    strncmp(e->reason, reason, sizeof(e->reason) - 1) == 0 &&
		    strncmp(e->message, message, sizeof(e->message) - 1) == 0)
			return (e);
	return (NULL);
}

const struct record *
records_add(struct records *r, const struct record_object *o, int warning,
    const char *reason, const char *message, int64_t now_ns)
{
	struct record *e = record_find(r, o, reason, message);

	if (e != NULL) {
		TAILQ_REMOVE(&r->list, e, entry);
		TAILQ_INSERT_HEAD(&r->list, e, entry);
	} else {
		e = record_new(r, o);
		e->first_ns = now_ns > r->last_ns ? now_ns : r->last_ns + 1;
		r->last_ns = e->first_ns;
		(void)snprintf(e->reason, sizeof(e->reason), "%s", reason);
		(void)snprintf(e->message, sizeof(e->message), "%s", message);
	}
	e->warning = warning;
	e->count++;
	e->last_ns = now_ns;
	e->number = ++r->number;
	return (e);
}

const struct record *
records_after(const struct records *r, uint64_t number)
{
	const struct record *e, *found = NULL;

	TAILQ_FOREACH (e, &r->list, entry) {
		if (e->number <= number)
			break;
		found = e;
	}
	return (found);
}

Tripod__EventItem *
record_item(struct arena *a, const struct record *e)
{
	Tripod__EventItem *i = message_new(a, &tripod__event_item__descriptor);

	i->number = e->number;
	i->uid = e->uid;
	i->namespace_ = e->namespace_;
	i->name = e->pod;
	i->field = e->container;
	i->hash = e->hash;
	i->warning = e->warning;
	i->reason = must_strdup(a, e->reason);
	i->message = must_strdup(a, e->message);
	i->count = e->count;
	i->first_ns = e->first_ns;
	i->last_ns = e->last_ns;
	return (i);
}

int
record_is_of(const struct record *e, const char *pod)
{
	size_t len = strlen(e->namespace_);

	return (strncmp(pod, e->namespace_, len) == 0 && pod[len] == '/' &&
	    strcmp(pod + len + 1, e->pod) == 0);
}
