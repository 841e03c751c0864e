/*
 * What is decided between two pods of one name (plan_resolve()): the first,
 * old, and the second, new.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/plan.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))

/* A pod before; and what comes out. */
#define LIVE 0x01
#define WANTED 0x02
#define ENDING 0x04
#define BUSY 0x08   /* an action on it is in flight */
#define IMAGES 0x10 /* has its images */
#define BLOCKED 0x20
#define HELD 0x40

struct row {
	const char *name;
	int synced;
	unsigned int old, new; /* before */
	unsigned int old_out, new_out;
};

static struct pod *
make_pod(const char *uid, Tripod__Definition *m, unsigned int bits)
{
	struct pod *p = pod_new(uid, "default", "web");

	p->definition = m;
	p->want.wanted = (bits & WANTED) != 0;
	p->want.terminating = (bits & ENDING) != 0;
	p->inflight = (bits & BUSY) != 0;
	if (bits & LIVE)
		sandbox_add(&p->seen, "s", 0, 1)->ready = 1;
	if (bits & IMAGES)
		text_set(&p->memo.container[0].image_ref, "image");
	return (p);
}

static unsigned int
outcome(const struct pod *p)
{
	assert_int_equal(p->want.grace_seconds, 9);
	assert_true(p->want.network_ready);
	assert_non_null(p->want.pod);
	return ((p->want.blocked ? BLOCKED : 0) | (p->want.hold ? HELD : 0) |
	    (p->want.terminating ? ENDING : 0));
}

static void
check_row(const struct row *row)
{
	Tripod__Container c = TRIPOD__CONTAINER__INIT, *list[] = { &c };
	Tripod__Definition m = TRIPOD__DEFINITION__INIT;
	Tripod__Pod def = TRIPOD__POD__INIT;
	struct pods pods = TAILQ_HEAD_INITIALIZER(pods);
	struct pod *old, *new, *other;

	def.container = list;
	def.n_container = 1;
	def.grace_seconds = 9;
	m.pod = &def;
	old = make_pod("old", &m, row->old);
	new = make_pod("new", &m, row->new);
	/* One of another name is no concern of theirs. */
	other = make_pod("other", &m, LIVE | WANTED | BUSY);
	text_set(&other->name, "db");
	TAILQ_INSERT_TAIL(&pods, other, entry);
	TAILQ_INSERT_TAIL(&pods, old, entry);
	TAILQ_INSERT_TAIL(&pods, new, entry);
	plan_resolve(&pods, &(struct plan_env){ row->synced, 1, { 1000 } });
	if (outcome(old) != row->old_out || outcome(new) != row->new_out)
		fail_msg("%s: old 0x%x, new 0x%x", row->name, outcome(old),
		    outcome(new));
	assert_int_equal(outcome(other), 0);
	pod_free(old);
	pod_free(new);
	pod_free(other);
}

static void
test_rows(void **state)
{
	static const struct row rows[] = {
		{ "held for images", 1, LIVE, WANTED, HELD, BLOCKED },
		{ "images are there", 1, LIVE, WANTED | IMAGES, ENDING,
		    BLOCKED },
		{ "its end goes on", 1, LIVE | ENDING, WANTED, ENDING,
		    BLOCKED },
		{ "nothing runs: nothing is held", 1, 0, WANTED, ENDING, 0 },
		{ "an action under way blocks", 1, BUSY, WANTED, ENDING,
		    BLOCKED },
		{ "nothing wants either", 1, LIVE, LIVE, ENDING, ENDING },
		{ "nobody knows yet", 0, LIVE, 0, HELD, HELD },
		{ "an end has begun all the same", 0, LIVE | ENDING, 0, ENDING,
		    HELD },
		{ "it comes back while it ends", 1, LIVE | WANTED | ENDING, 0,
		    ENDING, ENDING },
		{ "it comes back and has ended", 1, WANTED | ENDING, 0, 0,
		    ENDING },
		{ "alone", 1, LIVE | WANTED, 0, 0, ENDING },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++)
		check_row(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
