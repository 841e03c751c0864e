#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

#define CRASH_MIN_MS 10000
#define CRASH_FORGET_MS 600000
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
	world_say(w, "BROKEN: %s", w->broken);
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

static void
define_container(struct world *w, struct def *d, size_t i)
{
	Tripod__Container *c = &d->container[i];

	tripod__container__init(c);
	(void)snprintf(
	    d->names[i], sizeof(d->names[i]), "c%u", (unsigned int)i % 10);
	c->name = d->names[i];
	if (world_random(w, 4) == 0)
		c->restart = (Tripod__ContainerRestart)world_random(w, 4);
	if (world_random(w, 5) == 0) {
		c->restart_rule = d->rules;
		c->n_restart_rule = 1;
	}
	/* Only sidecars may have those among init containers. */
	if (i < DEF_INIT &&
	    c->restart != TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS)
		return;
	if (world_random(w, 3) == 0)
		c->post_start = &d->hook;
	if (world_random(w, 3) == 0)
		c->pre_stop = &d->hook;
	if (world_random(w, 4) == 0)
		c->startup = &d->probe;
	if (world_random(w, 2) == 0)
		c->liveness = &d->probe;
}

static void
define_containers(struct world *w, struct def *d)
{
	size_t i;

	tripod__handler__init(&d->hook);
	tripod__probe__init(&d->probe);
	tripod__restart_rule__init(&d->rule);
	d->probe.grace_seconds = world_random(w, 4);
	d->codes[0] = EXIT_RULE;
	d->rule.exit_code = d->codes;
	d->rule.n_exit_code = 1;
	d->rule.all = world_random(w, 2) == 0;
	d->rules[0] = &d->rule;
	d->pod.init_container = d->init;
	d->pod.container = d->regular;
	if (world_random(w, 2) == 0)
		d->pod.n_init_container = world_random(w, DEF_INIT + 1);
	d->pod.n_container = 1 + world_random(w, DEF_REGULAR);
	for (i = 0; i < d->pod.n_init_container; i++) {
		define_container(w, d, i);
		d->init[i] = &d->container[i];
	}
	for (i = 0; i < d->pod.n_container; i++) {
		define_container(w, d, DEF_INIT + i);
		d->regular[i] = &d->container[DEF_INIT + i];
	}
}

struct def *
world_define(struct world *w, const char *name)
{
	struct def *d;

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
	d->pod.grace_seconds = world_random(w, 20);
	d->pod.host_network = world_random(w, 4) == 0;
	d->pod.restart_policy = (Tripod__RestartPolicy)world_random(w, 3);
	if (world_random(w, 8) == 0)
		d->pod.active_deadline_seconds = 1 + world_random(w, 200);
	define_containers(w, d);
	d->definition.pod = &d->pod;
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

struct ctr *
ctr_next(const struct world *w)
{
	struct ctr *c, *first = NULL;

	TAILQ_FOREACH (c, &w->ctrs, entry)
		if (c->state == SEEN_RUNNING && c->exit_at != INT64_MAX &&
		    (first == NULL || c->exit_at < first->exit_at))
			first = c;
	return (first);
}

int
ctr_lives(const struct world *w, const char *uid, const char *name)
{
	const struct ctr *c;

	TAILQ_FOREACH (c, &w->ctrs, entry)
		if ((c->state == SEEN_RUNNING || c->state == SEEN_UNKNOWN) &&
		    strcmp(c->uid, uid) == 0 && strcmp(c->name, name) == 0)
			return (1);
	return (0);
}

/* Notes that init container i of the box is done, in that round. */
static void
box_done(struct world *w, const struct ctr *c)
{
	struct box *b = box_find(w, c->box);
	size_t i = spec_find(&world_def(w, c->uid)->pod, c->name);

	if (b == NULL || c->round < b->round)
		return;
	if (c->round > b->round)
		b->done = 0;
	b->round = c->round;
	b->done |= 1U << i;
}

void
ctr_exit(struct world *w, struct ctr *c, int code)
{
	const Tripod__Pod *pod = &world_def(w, c->uid)->pod;

	c->state = SEEN_EXITED;
	c->exit_code = code;
	c->finished = w->now + w->wall;
	if (code == 0 && spec_kind(pod, spec_find(pod, c->name)) == SPEC_INIT)
		box_done(w, c);
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

void
world_jump(struct world *w)
{
	w->jumps = 1;
	w->wall += (int64_t)world_random(w, 7200) * 1000 - 3600 * 1000;
	world_say(w, "the wall clock is set");
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
	b->created = w->now + w->wall;
	TAILQ_INSERT_TAIL(&w->boxes, b, entry);
	COPY(l->id, b->id);
	return (0);
}

/* It has waited for as long as it must, whoever remembers it. */
static void
check_crash_loop(struct world *w, const struct call *l)
{
	const struct ctr *c, *last = NULL;
	int64_t wait;

	TAILQ_FOREACH (c, &w->ctrs, entry)
		if (strcmp(c->uid, l->uid) == 0 &&
		    strcmp(c->name, l->name) == 0 &&
		    (last == NULL || c->attempt > last->attempt))
			last = c;
	if (w->jumps || last == NULL || !last->ran ||
	    last->state != SEEN_EXITED)
		return;
	wait = last->finished - last->created > CRASH_FORGET_MS
	    ? 0
	    : last->crash_delay;
	if (w->now + w->wall - last->finished < wait)
		world_broken(w, "%s: %s is created too early", l->uid, l->name);
	if (l->crash_delay < CRASH_MIN_MS || l->crash_delay < wait)
		world_broken(w, "%s: %s has no back-off", l->uid, l->name);
}

static int
apply_create(struct world *w, struct call *l)
{
	struct box *b = box_find(w, l->id);
	struct ctr *c;

	if (b == NULL || !b->ready || name_is_taken(w, l))
		return (-1);
	if (!l->orphan)
		check_crash_loop(w, l);
	c = xcalloc(1, sizeof(*c));
	(void)snprintf(c->id, sizeof(c->id), "ctr%" PRIu64, ++w->ids);
	COPY(c->uid, l->uid);
	COPY(c->name, l->name);
	COPY(c->box, l->id);
	c->attempt = l->attempt;
	c->round = l->round;
	c->crash_delay = l->crash_delay;
	c->exit_at = INT64_MAX;
	c->state = SEEN_CREATED;
	c->created = w->now + w->wall;
	TAILQ_INSERT_TAIL(&w->ctrs, c, entry);
	COPY(l->id, c->id);
	return (0);
}

/* What must have happened in this sandbox and round before i starts. */
static void
check_order(struct world *w, const struct ctr *c, size_t i)
{
	const Tripod__Pod *pod = &world_def(w, c->uid)->pod;
	const struct box *b = box_find(w, c->box);
	unsigned int done = b->round == c->round ? b->done : 0;
	size_t j;

	for (j = 0; j < i && j < pod->n_init_container; j++)
		if (!(done & 1U << j))
			world_broken(w, "%s: %s starts before %s is through",
			    c->uid, c->name, spec_container(pod, j)->name);
}

/* One that may run once only, and has. */
static void
check_once(struct world *w, const struct ctr *c, size_t i)
{
	const Tripod__Pod *pod = &world_def(w, c->uid)->pod;
	const struct ctr *o;
	size_t j;

	if (pod->restart_policy != TRIPOD__RESTART_POLICY__RESTART_NEVER)
		return;
	for (j = 0; j < spec_count(pod); j++)
		if (spec_container(pod, j)->n_restart_rule > 0)
			return; /* by a rule it may */
	if (spec_container(pod, i)->restart !=
	    TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_AS_POD)
		return;
	TAILQ_FOREACH (o, &w->ctrs, entry)
		if (o != c && o->ran && strcmp(o->uid, c->uid) == 0 &&
		    strcmp(o->name, c->name) == 0)
			world_broken(w, "%s: %s runs twice", c->uid, c->name);
}

static int
apply_start(struct world *w, struct call *l)
{
	struct ctr *c = ctr_find(w, l->id);
	const struct box *b = c == NULL ? NULL : box_find(w, c->box);
	const Tripod__Pod *pod;
	size_t i;

	if (b == NULL || !b->ready || c->state != SEEN_CREATED)
		return (-1);
	if (ctr_lives(w, c->uid, c->name))
		world_broken(w, "%s: %s lives twice", c->uid, c->name);
	pod = &world_def(w, c->uid)->pod;
	i = spec_find(pod, c->name);
	check_order(w, c, i);
	check_once(w, c, i);
	c->state = SEEN_RUNNING;
	c->ran = 1;
	if (spec_kind(pod, i) == SPEC_SIDECAR)
		box_done(w, c);
	if (spec_kind(pod, i) == SPEC_INIT)
		c->exit_at = w->now + 1 + world_random(w, 4000);
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
		if ((b = box_find(w, l->id)) != NULL) {
			box_die(w, b);
			b->stopped = 1;
		}
		return (0);
	case ACT_REMOVE:
	case ACT_REMOVE_SANDBOX:
		return (apply_remove(w, l));
	case ACT_POST_START:
		if ((c = ctr_find(w, l->id)) == NULL ||
		    c->state != SEEN_RUNNING)
			return (-1);
		if (c->hooked++)
			world_broken(w, "%s: postStart twice", l->id);
		return (0);
	case ACT_PRE_STOP:
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
