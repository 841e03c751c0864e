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
#define LATE 0x80 /* its deadline has passed */

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
	pod_make_room(p, 1);
	p->want.wanted = (bits & WANTED) != 0;
	p->want.terminating = (bits & ENDING) != 0;
	p->inflight = (bits & BUSY) != 0;
	if (bits & LATE)
		p->want.deadline = MTIME_ZERO;
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
		{ "the new one is over before", 1, LIVE, WANTED | LATE, ENDING,
		    BLOCKED },
		{ "images are there", 1, LIVE, WANTED | IMAGES, ENDING,
		    BLOCKED },
		{ "its end goes on", 1, LIVE | ENDING, WANTED, ENDING,
		    BLOCKED },
		{ "nothing runs: nothing is held", 1, 0, WANTED, ENDING, 0 },
		{ "an action under way blocks", 1, BUSY, WANTED, ENDING,
		    BLOCKED },
		{ "nothing wants either", 1, LIVE, LIVE, ENDING, ENDING },
		{ "nobody knows yet", 0, LIVE, 0, HELD, HELD | BLOCKED },
		{ "an end has begun all the same", 0, LIVE | ENDING, 0, ENDING,
		    HELD | BLOCKED },
		{ "its successor was never started, and is succeeded", 0,
		    IMAGES, WANTED | IMAGES, HELD | BLOCKED, 0 },
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

/* One pod, wanted by definition "new"; its newest sandbox is of another. */
struct content_row {
	const char *name;
	int policy;	  /* Tripod__RestartPolicy */
	const char *hash; /* of the newest sandbox */
	int ready, stopped, images, ending;
	unsigned int out;
};

static void
check_content(const struct content_row *row)
{
	Tripod__Container c = TRIPOD__CONTAINER__INIT, *list[] = { &c };
	Tripod__Definition m = TRIPOD__DEFINITION__INIT;
	Tripod__Pod def = TRIPOD__POD__INIT;
	struct pods pods = TAILQ_HEAD_INITIALIZER(pods);
	struct seen_container *old;
	struct seen_sandbox *s;
	struct pod *p;

	def.container = list;
	def.n_container = 1;
	def.grace_seconds = 9;
	def.restart_policy = (Tripod__RestartPolicy)row->policy;
	c.name = (char *)(uintptr_t) "c";
	m.pod = &def;
	p = make_pod("u", &m,
	    WANTED | (row->images ? IMAGES : 0) | (row->ending ? ENDING : 0));
	text_set(&p->hash, "new");
	/* What is left of the one before stays for a while. */
	s = sandbox_add(&p->seen, "s0", 0, 1);
	s->stopped = 1;
	text_set(&s->hash, "old");
	s = sandbox_add(&p->seen, "s1", 1, 2);
	s->ready = row->ready;
	s->stopped = row->stopped;
	text_set(&s->hash, row->hash);
	old = container_add(&p->seen, "c0", "c", 0, 1);
	old->state = SEEN_EXITED;
	text_set(&old->sandbox_id, "s0");
	TAILQ_INSERT_TAIL(&pods, p, entry);
	plan_resolve(&pods, &(struct plan_env){ 1, 1, { 1000 } });
	if (outcome(p) != row->out)
		fail_msg("%s: 0x%x", row->name, outcome(p));
	/* What has ended has done so for the definition before. */
	if (row->out != 0)
		assert_int_equal(p->want.over, OVER_NOT);
	pod_free(p);
}

static void
test_content(void **state)
{
	enum {
		ALWAYS = TRIPOD__RESTART_POLICY__RESTART_ALWAYS,
		NEVER = TRIPOD__RESTART_POLICY__RESTART_NEVER
	};
	static const struct content_row rows[] = {
		{ "it runs", ALWAYS, "new", 1, 0, 0, 0, 0 },
		{ "of nobody knows what", ALWAYS, "", 1, 0, 0, 0, 0 },
		{ "waits for its images", ALWAYS, "old", 1, 0, 0, 0, BLOCKED },
		{ "waits, what ran once", NEVER, "old", 1, 0, 0, 0, BLOCKED },
		{ "has its images", ALWAYS, "old", 1, 0, 1, 0, ENDING },
		{ "nothing runs any more", ALWAYS, "old", 0, 0, 0, 0, ENDING },
		{ "its end goes on", ALWAYS, "old", 1, 0, 0, 1, ENDING },
		{ "its end is through", ALWAYS, "old", 0, 1, 1, 1, 0 },
		{ "and stays so", ALWAYS, "old", 0, 1, 1, 0, 0 },
		{ "has finished", NEVER, "old", 0, 1, 0, 0, ENDING },
		{ "must be removed first", NEVER, "old", 0, 1, 1, 1, ENDING },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++)
		check_content(&rows[i]);
}

/* One that has another definition to come goes on until that has its images. */
static void
test_next(void **state)
{
	static const struct {
		int ready, images;
		unsigned int out;
	} rows[] = { { 1, 0, 0 }, { 1, 1, ENDING }, { 0, 0, 0 } };
	Tripod__Container c = TRIPOD__CONTAINER__INIT, *list[] = { &c };
	Tripod__Definition m = TRIPOD__DEFINITION__INIT;
	Tripod__Pod def = TRIPOD__POD__INIT;
	struct pods pods = TAILQ_HEAD_INITIALIZER(pods);
	struct seen_sandbox *s;
	struct pod *p;
	size_t i;

	(void)state;
	def.container = list;
	def.n_container = 1;
	def.grace_seconds = 9;
	m.pod = &def;
	for (i = 0; i < LEN(rows); i++) {
		p = make_pod("u", &m, WANTED);
		p->next = make_pod("u", &m, rows[i].images ? IMAGES : 0);
		s = sandbox_add(&p->seen, "s", 0, 1);
		s->ready = rows[i].ready;
		TAILQ_INIT(&pods);
		TAILQ_INSERT_TAIL(&pods, p, entry);
		plan_resolve(&pods, &(struct plan_env){ 1, 1, { 1000 } });
		assert_int_equal(outcome(p), rows[i].out);
		pod_free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_next),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
