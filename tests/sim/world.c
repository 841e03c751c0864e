#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define COPY(to, from) (void)snprintf((to), sizeof(to), "%s", (from))

void
world_init(struct world *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = seed * 0x9e3779b97f4a7c15ULL + 1;
	w->now = 1000000;
	w->faults = 1;
	TAILQ_INIT(&w->boxes);
	TAILQ_INIT(&w->ctrs);
	TAILQ_INIT(&w->calls);
}

void
world_release(struct world *w)
{
	struct box *b;
	struct ctr *c;
	struct call *l;

	while ((b = TAILQ_FIRST(&w->boxes)) != NULL) {
		TAILQ_REMOVE(&w->boxes, b, entry);
		free(b);
	}
	while ((c = TAILQ_FIRST(&w->ctrs)) != NULL) {
		TAILQ_REMOVE(&w->ctrs, c, entry);
		free(c);
	}
	while ((l = TAILQ_FIRST(&w->calls)) != NULL) {
		TAILQ_REMOVE(&w->calls, l, entry);
		free(l);
	}
}

/* xorshift64*: the same everywhere for one seed. */
uint32_t
world_random(struct world *w, uint32_t n)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return ((uint32_t)((w->random * 0x2545f4914f6cdd1dULL) >> 33) % n);
}

int
world_unlucky(struct world *w, uint32_t n)
{
	return (w->faults && world_random(w, n) == 0);
}

void
world_broken(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->broken[0] != '\0')
		return;
	va_start(ap, fmt);
	(void)vsnprintf(w->broken, sizeof(w->broken), fmt, ap);
	va_end(ap);
}

void
world_say(const struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->verbose)
		return;
	printf("# %8" PRId64 " ", w->now);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

struct def *
world_define(struct world *w, const char *name)
{
	struct def *d;
	size_t i;

	if (w->ndefs == DEFS_MAX)
		return (NULL);
	d = &w->def[w->ndefs];
	tripod__definition__init(&d->definition);
	tripod__pod__init(&d->pod);
	(void)snprintf(d->uid, sizeof(d->uid), "u%zu", w->ndefs++);
	COPY(d->name, name);
	COPY(d->ns, "default");
	d->pod.uid = d->uid;
	d->pod.name = d->name;
	d->pod.namespace_ = d->ns;
	d->pod.grace_seconds = world_random(w, 5);
	d->pod.host_network = world_random(w, 4) == 0;
	d->pod.restart_policy = (Tripod__RestartPolicy)world_random(w, 3);
	d->pod.n_container = 1 + world_random(w, DEF_CONTAINERS);
	d->pod.container = d->list;
	d->definition.pod = &d->pod;
	for (i = 0; i < d->pod.n_container; i++) {
		tripod__container__init(&d->container[i]);
		(void)snprintf(d->names[i], sizeof(d->names[i]), "c%u",
		    (unsigned int)i % 10);
		d->container[i].name = d->names[i];
		d->list[i] = &d->container[i];
	}
	return (d);
}

const struct def *
world_def(const struct world *w, const char *uid)
{
	size_t i;

	for (i = 0; i < w->ndefs; i++)
		if (strcmp(w->def[i].uid, uid) == 0)
			return (&w->def[i]);
	return (NULL);
}

static struct box *
box_find(struct world *w, const char *id)
{
	struct box *b;

	TAILQ_FOREACH (b, &w->boxes, entry)
		if (strcmp(b->id, id) == 0)
			return (b);
	return (NULL);
}

struct ctr *
ctr_find(struct world *w, const char *id)
{
	struct ctr *c;

	TAILQ_FOREACH (c, &w->ctrs, entry)
		if (strcmp(c->id, id) == 0)
			return (c);
	return (NULL);
}

void
ctr_exit(struct world *w, struct ctr *c, int code)
{
	c->state = SEEN_EXITED;
	c->exit_code = code;
	c->finished = w->now;
	world_say(w, "%s (%s %s) ends with %d", c->id, c->uid, c->name, code);
}

void
box_die(struct world *w, struct box *b)
{
	struct ctr *c;

	b->ready = 0;
	TAILQ_FOREACH (c, &w->ctrs, entry)
		if (strcmp(c->box, b->id) == 0 &&
		    (c->state == SEEN_RUNNING || c->state == SEEN_UNKNOWN))
			ctr_exit(w, c, 137);
}

/* A name is taken for as long as its owner exists. */
static int
name_is_taken(struct world *w, const struct call *l)
{
	const struct box *b;
	const struct ctr *c;

	if (l->kind == ACT_RUN_SANDBOX) {
		TAILQ_FOREACH (b, &w->boxes, entry)
			if (strcmp(b->uid, l->uid) == 0 &&
			    b->attempt == l->attempt)
				return (1);
		return (0);
	}
	TAILQ_FOREACH (c, &w->ctrs, entry)
		if (strcmp(c->uid, l->uid) == 0 &&
		    strcmp(c->name, l->name) == 0 && c->attempt == l->attempt)
			return (1);
	return (0);
}

static int
apply_run(struct world *w, struct call *l)
{
	struct box *b;

	if (name_is_taken(w, l))
		return (-1);
	b = xcalloc(1, sizeof(*b));
	(void)snprintf(b->id, sizeof(b->id), "box%" PRIu64, ++w->ids);
	COPY(b->uid, l->uid);
	b->attempt = l->attempt;
	b->ready = 1;
	b->host = l->host;
	b->created = w->now;
	TAILQ_INSERT_TAIL(&w->boxes, b, entry);
	COPY(l->id, b->id);
	return (0);
}

static int
apply_create(struct world *w, struct call *l)
{
	struct box *b = box_find(w, l->id);
	struct ctr *c;

	if (b == NULL || !b->ready || name_is_taken(w, l))
		return (-1);
	c = xcalloc(1, sizeof(*c));
	(void)snprintf(c->id, sizeof(c->id), "ctr%" PRIu64, ++w->ids);
	COPY(c->uid, l->uid);
	COPY(c->name, l->name);
	COPY(c->box, l->id);
	c->attempt = l->attempt;
	c->state = SEEN_CREATED;
	c->created = w->now;
	TAILQ_INSERT_TAIL(&w->ctrs, c, entry);
	COPY(l->id, c->id);
	return (0);
}

static int
apply_start(struct world *w, struct call *l)
{
	struct ctr *c = ctr_find(w, l->id);
	const struct box *b = c == NULL ? NULL : box_find(w, c->box);

	if (b == NULL || !b->ready || c->state != SEEN_CREATED)
		return (-1);
	c->state = SEEN_RUNNING;
	return (0);
}

/* As containerd: a running container is not removed, a sandbox is. */
static int
apply_remove(struct world *w, struct call *l)
{
	struct ctr *c = ctr_find(w, l->id), *next;
	struct box *b = box_find(w, l->id);

	if (l->kind == ACT_REMOVE) {
		if (c == NULL)
			return (0);
		if (c->state == SEEN_RUNNING)
			return (-1);
		TAILQ_REMOVE(&w->ctrs, c, entry);
		free(c);
		return (0);
	}
	if (b == NULL)
		return (0);
	box_die(w, b);
	for (c = TAILQ_FIRST(&w->ctrs); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (strcmp(c->box, b->id) != 0)
			continue;
		TAILQ_REMOVE(&w->ctrs, c, entry);
		free(c);
	}
	TAILQ_REMOVE(&w->boxes, b, entry);
	free(b);
	return (0);
}

int
call_apply(struct world *w, struct call *l)
{
	struct box *b;
	struct ctr *c;

	if (l->orphan)
		w->orphaned = w->now;
	switch (l->kind) {
	case ACT_RUN_SANDBOX:
		return (apply_run(w, l));
	case ACT_CREATE:
		return (apply_create(w, l));
	case ACT_START:
		return (apply_start(w, l));
	case ACT_STOP:
		c = ctr_find(w, l->id);
		if (c != NULL &&
		    (c->state == SEEN_RUNNING || c->state == SEEN_UNKNOWN))
			ctr_exit(w, c, 143);
		return (0);
	case ACT_STOP_SANDBOX:
		if ((b = box_find(w, l->id)) != NULL)
			box_die(w, b);
		return (0);
	case ACT_REMOVE:
	case ACT_REMOVE_SANDBOX:
		return (apply_remove(w, l));
	case ACT_IMAGE:
	case ACT_CLEAN:
		break;
	}
	return (0);
}

void
world_check_names(struct world *w)
{
	const struct ctr *c, *o;

	TAILQ_FOREACH (c, &w->ctrs, entry) {
		if (c->state != SEEN_RUNNING)
			continue;
		TAILQ_FOREACH (o, &w->ctrs, entry) {
			if (o->state != SEEN_RUNNING ||
			    strcmp(o->uid, c->uid) == 0)
				continue;
			if (strcmp(world_def(w, o->uid)->name,
				world_def(w, c->uid)->name) == 0)
				world_broken(w, "pods %s and %s of one name",
				    c->uid, o->uid);
		}
	}
}
