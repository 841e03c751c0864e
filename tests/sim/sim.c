/*
 * Simulator of the plan: random manifests, faults and crashes on a virtual
 * clock, many times over.  For a while things go wrong; afterwards all must
 * come to rest in what the manifests say.
 *
 *	sim [-v] [COUNT [FIRST]]	seeds FIRST..FIRST+COUNT-1
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/agent.h"

#define SEEDS 10000
#define FAULTS_MS (300 * 1000)	/* things go wrong */
#define SETTLE_MS (1200 * 1000) /* longer than any back-off */
#define STEPS_MAX 10000		/* without the clock going on */
#define FAULT_GAP_MS 2000	/* between two of them, on average */

static void
fault_manifest(struct agent *a, size_t i)
{
	static const char *const names[NAMES] = { "web", "db" };
	struct world *w = a->w;
	const struct def *d;

	switch (world_random(w, 4)) {
	case 0:
		a->desired[i] = NULL;
		break;
	case 1: /* one from before, which may still be ending */
		if (w->ndefs == 0)
			return;
		d = &w->def[world_random(w, (uint32_t)w->ndefs)];
		if (strcmp(d->name, names[i]) == 0)
			a->desired[i] = d;
		break;
	default:
		if ((d = world_define(w, names[i])) != NULL)
			a->desired[i] = d;
	}
	world_say(w, "%s: now %s", names[i],
	    a->desired[i] == NULL ? "not wanted" : a->desired[i]->uid);
}

/* Hints get lost, and come for nothing. */
static void
hint(struct agent *a)
{
	if (!world_unlucky(a->w, 4))
		agent_list_soon(a, world_random(a->w, 300));
}

static int
exit_code(struct world *w)
{
	static const int codes[] = { 0, 0, 1, 137, EXIT_RULE };

	return (w->faults ? codes[world_random(w, 5)] : 0);
}

/* A liveness probe reaches its threshold. */
static void
fault_probe(struct agent *a)
{
	struct health *h;
	struct pod *p;
	size_t i;

	TAILQ_FOREACH (p, &a->pods, entry) {
		i = world_random(a->w, 4);
		if (i >= p->memo.n_container)
			continue;
		h = &p->memo.container[i].health;
		if (h->id != NULL && world_random(a->w, 2) == 0)
			h->verdict[PROBE_LIVENESS] = VERDICT_BAD;
	}
}

static void
fault_container(struct agent *a)
{
	struct ctr *c;

	TAILQ_FOREACH (c, &a->w->ctrs, entry) {
		if (c->state != SEEN_RUNNING || world_random(a->w, 3) != 0)
			continue;
		if (world_random(a->w, 10) == 0)
			c->state = SEEN_UNKNOWN;
		else
			ctr_exit(a->w, c, exit_code(a->w));
		hint(a);
		return;
	}
}

static void
fault_sandbox(struct agent *a)
{
	struct box *b;

	TAILQ_FOREACH (b, &a->w->boxes, entry) {
		if (!b->ready || world_random(a->w, 3) != 0)
			continue;
		world_say(a->w, "%s dies", b->id);
		box_die(a->w, b);
		hint(a);
		return;
	}
}

static void
fault(struct agent *a)
{
	switch (world_random(a->w, 16)) {
	case 0:
		agent_crash(a);
		break;
	case 1:
		fault_sandbox(a);
		break;
	case 2:
		a->network = !a->network;
		break;
	case 3:
	case 4:
		hint(a);
		break;
	case 12:
	case 13:
		fault_probe(a);
		break;
	case 14:
		if (a->w->random & 1024)
			world_jump(a->w);
		break;
	case 5:
	case 6:
	case 7:
		fault_manifest(a, world_random(a->w, NAMES));
		break;
	default:
		fault_container(a);
	}
}

static struct call *
call_next(const struct world *w)
{
	struct call *l, *first = NULL;

	TAILQ_FOREACH (l, &w->calls, entry)
		if (first == NULL || l->end < first->end)
			first = l;
	return (first);
}

/* Lets everything happen that happens before a time, in order. */
static void
run_until(struct agent *a, int64_t end)
{
	struct world *w = a->w;
	struct call *l;
	struct ctr *c;
	int64_t next, since = w->now;
	unsigned int steps = 0;

	while (w->broken[0] == '\0') {
		if (w->now > since) {
			since = w->now;
			steps = 0;
		} else if (++steps > STEPS_MAX) {
			world_broken(w, "it spins");
		}
		l = call_next(w);
		c = ctr_next(w);
		next = a->list_at < a->wake_at ? a->list_at : a->wake_at;
		if (l != NULL && l->end < next)
			next = l->end;
		if (c != NULL && c->exit_at < next)
			next = c->exit_at;
		if (next >= end)
			break;
		if (w->now < next)
			w->now = next;
		if (l != NULL && l->end <= w->now) {
			agent_result(a, l);
		} else if (c != NULL && c->exit_at <= w->now) {
			ctr_exit(w, c, exit_code(w));
			hint(a);
		} else if (a->list_at <= w->now)
			agent_list(a);
		agent_reconcile(a);
		agent_check_awake(a);
		world_check_names(w);
	}
	w->now = end;
}

/* --- what must hold at rest --- */

static const struct ctr *
ctr_newest(const struct world *w, const struct def *d, size_t i)
{
	const struct ctr *c, *newest = NULL;

	TAILQ_FOREACH (c, &w->ctrs, entry)
		if (strcmp(c->uid, d->uid) == 0 &&
		    strcmp(c->name, spec_container(&d->pod, i)->name) == 0 &&
		    (newest == NULL || c->attempt > newest->attempt))
			newest = c;
	return (newest);
}

/* Whether container i has ended and is not to run again. */
static int
has_ended(const struct world *w, const struct def *d, size_t i)
{
	const struct ctr *c = ctr_newest(w, d, i);

	return (c != NULL && c->state == SEEN_EXITED &&
	    spec_restart(&d->pod, i, c->exit_code, c->exit_code != 0) ==
		SPEC_RESTART_NO);
}

static void
check_container(
    struct world *w, const struct def *d, const struct box *b, size_t i)
{
	const struct ctr *c = ctr_newest(w, d, i);

	if (spec_kind(&d->pod, i) == SPEC_INIT ||
	    (spec_kind(&d->pod, i) == SPEC_REGULAR && has_ended(w, d, i)))
		return;
	if (c == NULL || c->state != SEEN_RUNNING || b == NULL ||
	    strcmp(c->box, b->id) != 0)
		world_broken(w, "%s: %s does not run", d->uid,
		    spec_container(&d->pod, i)->name);
}

/* It says that it is over: it must be right, and nothing may be left. */
static void
check_over(struct world *w, const struct def *d, const struct box *newest,
    const struct pod *p)
{
	size_t i;
	int left = 0, init = 0;

	for (i = 0; i < spec_count(&d->pod); i++) {
		if (ctr_lives(w, d->uid, spec_container(&d->pod, i)->name))
			world_broken(w, "%s: runs although it is over", d->uid);
		if (spec_kind(&d->pod, i) == SPEC_REGULAR)
			left |= !has_ended(w, d, i);
		else if (spec_kind(&d->pod, i) == SPEC_INIT)
			init |= has_ended(w, d, i);
	}
	if (newest != NULL && !newest->stopped)
		world_broken(w, "%s: its sandbox is left", d->uid);
	if (p->want.over == OVER_COMPLETED && left &&
	    d->pod.restart_policy != TRIPOD__RESTART_POLICY__RESTART_NEVER)
		world_broken(w, "%s: is not over", d->uid);
	if (p->want.over == OVER_INIT && !init)
		world_broken(w, "%s: init containers are well", d->uid);
	if (p->want.over == OVER_DEADLINE && w->now < p->want.deadline.ms)
		world_broken(w, "%s: has time", d->uid);
}

static void
check_pod(struct agent *a, const struct def *d)
{
	const struct pod *p = pods_find(&a->pods, d->uid);
	const struct box *b, *newest = NULL;
	struct world *w = a->w;
	size_t i, ready = 0;

	TAILQ_FOREACH (b, &w->boxes, entry) {
		if (strcmp(b->uid, d->uid) != 0)
			continue;
		ready += b->ready != 0;
		if (newest == NULL || b->attempt > newest->attempt)
			newest = b;
	}
	if (ready > 1)
		world_broken(w, "%s: %zu sandboxes", d->uid, ready);
	if (p != NULL && p->want.over != OVER_NOT) {
		check_over(w, d, newest, p);
		return;
	}
	for (i = 0; i < spec_count(&d->pod); i++)
		check_container(w, d, newest, i);
}

static int
is_desired(const struct agent *a, const char *uid)
{
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (a->desired[i] != NULL &&
		    strcmp(a->desired[i]->uid, uid) == 0)
			return (1);
	return (0);
}

static void
check_rest(struct agent *a)
{
	struct world *w = a->w;
	const struct box *b;
	const struct ctr *c;
	const struct pod *p;
	size_t i;

	agent_list(a);
	agent_reconcile(a);
	if (a->planned > 0 || !TAILQ_EMPTY(&w->calls))
		world_broken(w, "the plan never becomes empty");
	if (a->wake_at != INT64_MAX)
		world_broken(w, "something is still backed off");
	TAILQ_FOREACH (b, &w->boxes, entry)
		if (!is_desired(a, b->uid))
			world_broken(w, "%s of %s is left", b->id, b->uid);
	TAILQ_FOREACH (c, &w->ctrs, entry)
		if (!is_desired(a, c->uid))
			world_broken(w, "%s of %s is left", c->id, c->uid);
	TAILQ_FOREACH (p, &a->pods, entry)
		if (!is_desired(a, p->uid))
			world_broken(w, "%s is not forgotten", p->uid);
	for (i = 0; i < NAMES; i++)
		if (a->desired[i] != NULL)
			check_pod(a, a->desired[i]);
}

static int
run_seed(uint64_t seed, int verbose)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct agent *a = xcalloc(1, sizeof(*a));
	struct call *l;
	int64_t end;
	int rc;

	world_init(w, seed);
	w->verbose = verbose;
	agent_init(a, w);
	end = w->now + FAULTS_MS;
	while (w->now < end && w->broken[0] == '\0') {
		run_until(a, w->now + 1 + world_random(w, FAULT_GAP_MS * 2));
		fault(a);
		agent_reconcile(a);
	}
	w->faults = 0;
	a->network = 1;
	world_say(w, "no more faults");
	agent_reconcile(a);
	run_until(a, w->now + SETTLE_MS);
	if (w->broken[0] == '\0')
		check_rest(a);
	rc = w->broken[0] == '\0' ? 0 : -1;
	if (rc == -1)
		printf("not ok - seed %" PRIu64 " at %" PRId64 ": %s\n", seed,
		    w->now, w->broken);
	TAILQ_FOREACH (l, &w->calls, entry)
		l->orphan = 1;
	agent_crash(a);
	world_release(w);
	free(a);
	free(w);
	return (rc);
}

int
main(int argc, char **argv)
{
	uint64_t count = SEEDS, first = 1, seed, failed = 0;
	int verbose = 0;

	if (argc > 1 && strcmp(argv[1], "-v") == 0) {
		verbose = 1;
		argc--;
		argv++;
	}
	if (argc > 1)
		count = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		first = strtoull(argv[2], NULL, 10);
	for (seed = first; seed < first + count && failed < 10; seed++)
		failed += run_seed(seed, verbose) == -1;
	if (failed == 0)
		printf(
		    "ok - %" PRIu64 " seeds from %" PRIu64 "\n", count, first);
	return (failed == 0 ? 0 : 1);
}
