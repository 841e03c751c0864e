/*
 * Files of the manifest folder: order, look-up, limits, what a file said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/desired.h"
#include "reconciled/pod.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

static void
test_order(void **state)
{
	static const char *const names[] = { "b", "a", "c", "b" };
	struct desired d;
	struct desired_file *f;
	char order[8] = "";
	size_t i, n = 0;

	(void)state;
	desired_init(&d);
	for (i = 0; i < 4; i++)
		assert_non_null(desired_get(&d, names[i]));
	assert_int_equal(d.n, 3);
	TAILQ_FOREACH (f, &d.files, entry)
		order[n++] = f->name[0];
	assert_string_equal(order, "abc");
	assert_null(desired_find(&d, "d"));
	desired_drop(&d, desired_find(&d, "b"));
	assert_null(desired_find(&d, "b"));
	assert_int_equal(d.n, 2);
	desired_release(&d);
	assert_int_equal(d.n, 0);
}

static void
test_limit(void **state)
{
	struct desired d;
	char name[16];
	int i;

	(void)state;
	desired_init(&d);
	for (i = 0; i < DESIRED_FILES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "f%04d", i);
		assert_non_null(desired_get(&d, name));
	}
	assert_null(desired_get(&d, "one-more"));
	/* What is there already can still be had. */
	assert_non_null(desired_get(&d, "f0000"));
	desired_release(&d);
}

static void
test_pods(void **state)
{
	struct desired d;
	struct desired_file *a, *b;

	(void)state;
	desired_init(&d);
	a = desired_get(&d, "a");
	b = desired_get(&d, "b");
	text_set(&a->uid, "u1");
	text_set(&a->namespace_, "ns");
	text_set(&a->pod, "web");
	assert_ptr_equal(desired_by_uid(&d, "u1"), a);
	assert_null(desired_by_uid(&d, "u2"));
	assert_ptr_equal(desired_other(&d, b, "ns", "web"), a);
	assert_null(desired_other(&d, a, "ns", "web"));
	assert_null(desired_other(&d, b, "ns", "db"));
	assert_null(desired_other(&d, b, "default", "web"));
	desired_release(&d);
}

static void
note(struct desired_file *f, Tripod__Manifest__State state, const char *digest,
    int64_t now)
{
	struct arena *a = arena_new(65536);
	Tripod__Manifest *m = arena_alloc(a, sizeof(*m));
	Tripod__Definition *d[1] = { NULL };

	assert_non_null(m);
	tripod__manifest__init(m);
	m->state = state;
	m->digest = TEXT(digest);
	m->definition = d;
	m->n_definition = 1;
	desired_note(f, m, a, now);
}

static void
test_note(void **state)
{
	struct desired d;
	struct desired_file *f;

	(void)state;
	desired_init(&d);
	f = desired_get(&d, "a");
	text_set(&f->uid, "u1");
	note(f, TRIPOD__MANIFEST__STATE__VALID, "1", 100);
	assert_int_equal(f->since_ns, 100);
	assert_non_null(f->last);
	assert_int_equal(f->last->n_definition, 0);
	/* The same again is no change; another text or state is. */
	note(f, TRIPOD__MANIFEST__STATE__VALID, "1", 200);
	assert_int_equal(f->since_ns, 100);
	note(f, TRIPOD__MANIFEST__STATE__VALID, "2", 300);
	assert_int_equal(f->since_ns, 300);
	note(f, TRIPOD__MANIFEST__STATE__INVALID, "2", 400);
	assert_int_equal(f->since_ns, 400);
	assert_int_equal(f->state, TRIPOD__MANIFEST__STATE__INVALID);
	/* What it wanted, it still wants. */
	assert_string_equal(f->uid, "u1");
	desired_release(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_note),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
