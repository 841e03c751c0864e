/*
 * The order in which pods end when the machine goes down (reconciled/down.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/down.h"
#include "reconciled/plan.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define START 1000000
#define TOTAL_S 60
#define GRACE 30

struct world {
	struct pods pods;
	struct down down;
	struct mtime now, wake;
};

/* A name, a class (n, c or "-"), a priority; x: it does not run. */
static void
add_pod(struct world *w, const char *text)
{
	Tripod__Definition *d = calloc(1, sizeof(*d));
	Tripod__Pod *pod = calloc(1, sizeof(*pod));
	char name[2] = { text[0], '\0' }, *end;
	struct pod *p = pod_new(name, "default", name);

	assert_true(d != NULL && pod != NULL);
	tripod__definition__init(d);
	tripod__pod__init(pod);
	pod->priority_class = TEXT(text[1] == 'n' ? "system-node-critical"
		: text[1] == 'c'		  ? "system-cluster-critical"
						  : "");
	pod->priority = (int32_t)strtol(text + 2, &end, 10);
	d->pod = pod;
	p->definition = text[1] == '?' ? NULL : d;
	if (p->definition == NULL) {
		free(d);
		free(pod);
	}
	p->want.grace_seconds = GRACE;
	if (*end != 'x')
		sandbox_add(&p->seen, "s", 0, 1)->ready = 1;
	TAILQ_INSERT_TAIL(&w->pods, p, entry);
}

static void
world_init(struct world *w, const char *text)
{
	char buf[256], *next = buf, *word;

	TAILQ_INIT(&w->pods);
	w->now.ms = START;
	(void)snprintf(buf, sizeof(buf), "%s", text);
	while ((word = strsep(&next, " ")) != NULL)
		if (*word != '\0')
			add_pod(w, word);
	down_begin(&w->down, w->now, TOTAL_S * 1000);
}

static void
world_release(struct world *w)
{
	struct pod *p;

	while ((p = TAILQ_FIRST(&w->pods)) != NULL) {
		TAILQ_REMOVE(&w->pods, p, entry);
		if (p->definition != NULL)
			free(p->definition->pod);
		free(p->definition);
		p->definition = NULL;
		pod_free(p);
	}
}

static int
resolve(struct world *w)
{
	w->wake = MTIME_NEVER;
	return (down_resolve(&w->down, &w->pods, w->now, &w->wake));
}

/* Ends what is to end, and prints its names. */
static void
end_group(struct world *w, char *out)
{
	struct pod *p;

	TAILQ_FOREACH (p, &w->pods, entry)
		if (p->want.down == DOWN_ENDS && pod_is_live(&p->seen)) {
			sandbox_newest(&p->seen)->ready = 0;
			*out++ = p->name[0];
		}
	*out = '\0';
}

static void
test_order(void **state)
{
	static const struct {
		const char *name, *pods, *groups;
	} rows[] = {
		{ "nothing runs", "a-0x b-0x", "" },
		{ "all are equal", "a-0 b-0 c-0x", "ab " },
		{ "critical ones last", "a-0 bn0 cc0 d-7 e-7 f--1",
		    "f a de c b " },
		{ "unknown ones first", "a-0 b?0", "b a " },
	};
	char group[16], all[64];
	struct world w;
	size_t i, n;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		world_init(&w, rows[i].pods);
		all[0] = '\0';
		for (n = 0; !resolve(&w); n++) {
			assert_true(n < 10);
			end_group(&w, group);
			(void)snprintf(all + strlen(all),
			    sizeof(all) - strlen(all), "%s ", group);
		}
		if (strcmp(all, rows[i].groups) != 0)
			fail_msg("%s: \"%s\"", rows[i].name, all);
		world_release(&w);
	}
}

/* Nobody ends: everybody gets a share, and the total is kept. */
static void
test_bounds(void **state)
{
	struct world w;
	struct pod *p, *first;
	int turns = 0;

	(void)state;
	world_init(&w, "a-0 b-1 c-2 dn0");
	first = TAILQ_FIRST(&w.pods);
	assert_false(resolve(&w));
	/* A quarter for each, with room for the signal that ends all. */
	assert_int_equal(first->want.grace_seconds, TOTAL_S / 4 - 2);
	assert_int_equal(first->want.end_since.ms, START);
	assert_int_equal(w.wake.ms, START + TOTAL_S * 1000 / 4);
	assert_true(pod_is_ending(&first->want));
	while (!resolve(&w)) {
		assert_true(++turns < 10);
		w.now = w.wake;
	}
	TAILQ_FOREACH (p, &w.pods, entry)
		assert_int_equal(p->want.down, DOWN_ENDS);
	assert_true(w.now.ms <= START + TOTAL_S * 1000 + 2000);
	world_release(&w);
}

/* The time of a group that was quick is for the others. */
static void
test_share(void **state)
{
	struct world w;
	struct pod *last;
	char group[16];

	(void)state;
	world_init(&w, "a-0 b-1");
	assert_false(resolve(&w));
	end_group(&w, group);
	assert_false(resolve(&w));
	last = TAILQ_LAST(&w.pods, pods);
	assert_int_equal(last->want.grace_seconds, GRACE);
	assert_int_equal(last->want.down_seconds, TOTAL_S - 2);
	/* One that appears now does not start. */
	add_pod(&w, "z-0x");
	end_group(&w, group);
	assert_true(resolve(&w));
	assert_int_equal(TAILQ_LAST(&w.pods, pods)->want.down, DOWN_WAITS);
	assert_true(resolve(&w));
	world_release(&w);
}

/* What has begun to end before has no less time than the others. */
static void
test_ending(void **state)
{
	struct world w;
	struct pod *p;

	(void)state;
	world_init(&w, "a-0");
	p = TAILQ_FIRST(&w.pods);
	p->want.terminating = 1;
	p->want.grace_seconds = 3600;
	p->want.end_since.ms = START - 100 * 1000;
	assert_false(resolve(&w));
	assert_int_equal(p->want.grace_seconds, 100 + TOTAL_S - 2);
	assert_int_equal(p->want.end_since.ms, START - 100 * 1000);
	world_release(&w);
}

static size_t
plan(struct pod *p, struct action act[static PLAN_MAX])
{
	struct mtime wake, now = { START };

	p->want.pod = p->definition->pod;
	p->want.wanted = 1;
	return (plan_pod(&p->want, &p->seen, &p->memo, now, act, &wake));
}

/* What is planned for a pod without containers. */
static void
test_plan(void **state)
{
	struct action act[PLAN_MAX];
	struct world w;
	struct pod *p;

	(void)state;
	world_init(&w, "a-0 b-0x");
	p = TAILQ_FIRST(&w.pods);
	assert_false(resolve(&w));
	assert_int_equal(plan(p, act), 1);
	assert_int_equal(act[0].kind, ACT_STOP_SANDBOX);
	sandbox_newest(&p->seen)->ready = 0;
	sandbox_newest(&p->seen)->stopped = 1;
	assert_true(resolve(&w));
	/* Neither removed nor started again; nor is the other started. */
	assert_int_equal(plan(p, act), 0);
	assert_int_equal(plan(TAILQ_NEXT(p, entry), act), 0);
	world_release(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_ending),
		cmocka_unit_test(test_plan),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
