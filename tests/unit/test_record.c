#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/record.h"

static const struct record_object web = { "u1", "default", "web",
	"spec.containers{a}", "h1" };
static const struct record_object db = { "u2", "default", "db", "", NULL };

static void
test_counts(void **state)
{
	const struct record *e;
	struct records r;

	(void)state;
	records_init(&r);
	(void)records_add(&r, &web, 1, "BackOff", "waits", 10);
	(void)records_add(&r, &db, 0, "Started", "started", 20);
	e = records_add(&r, &web, 1, "BackOff", "waits", 30);
	assert_int_equal(e->count, 2);
	assert_int_equal(e->first_ns, 10);
	assert_int_equal(e->last_ns, 30);
	assert_int_equal(e->number, 3);
	assert_ptr_equal(e, TAILQ_FIRST(&r.list));
	assert_int_equal(r.n, 2);
	/* Another message, reason or object is another thing. */
	assert_int_equal(
	    records_add(&r, &web, 1, "BackOff", "again", 40)->count, 1);
	assert_int_equal(
	    records_add(&r, &web, 1, "Failed", "waits", 40)->count, 1);
	assert_int_equal(
	    records_add(&r, &db, 1, "BackOff", "waits", 40)->count, 1);
	records_release(&r);
}

static void
test_bounds(void **state)
{
	char text[2 * RECORD_MESSAGE_MAX];
	const struct record *e;
	struct records r;
	size_t i;

	(void)state;
	records_init(&r);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	e = records_add(&r, &web, 0, text, text, 1);
	assert_int_equal(strlen(e->reason), RECORD_REASON_MAX - 1);
	assert_int_equal(strlen(e->message), RECORD_MESSAGE_MAX - 1);
	assert_int_equal(records_add(&r, &web, 0, text, text, 1)->count, 2);
	for (i = 0; i < RECORDS_MAX + 5; i++) {
		(void)snprintf(text, sizeof(text), "%zu", i);
		(void)records_add(&r, &db, 0, "Started", text, 2);
	}
	assert_int_equal(r.n, RECORDS_MAX);
	/* The oldest went. */
	assert_string_equal(TAILQ_LAST(&r.list, record_list)->message, "5");
	records_release(&r);
}

static void
test_follow(void **state)
{
	const struct record *e;
	Tripod__EventItem *item;
	struct record_object again = web;
	struct arena arena;
	struct records r;
	uint64_t number;
	size_t i;

	(void)state;
	records_init(&r);
	assert_null(records_after(&r, 0));
	(void)records_add(&r, &web, 1, "BackOff", "waits", 10);
	(void)records_add(&r, &db, 0, "Started", "started", 10);
	e = records_after(&r, 0);
	assert_string_equal(e->pod, "web");
	number = e->number;
	e = records_after(&r, number);
	assert_string_equal(e->pod, "db");
	/* First times identify them. */
	assert_int_equal(e->first_ns, 11);
	assert_null(records_after(&r, e->number));
	/* What was counted up is told again, once. */
	(void)records_add(&r, &web, 1, "BackOff", "waits", 20);
	(void)records_add(&r, &web, 1, "BackOff", "waits", 30);
	number = e->number;
	e = records_after(&r, number);
	assert_int_equal(e->count, 3);
	assert_null(records_after(&r, e->number));
	/* Another definition of the pod is another thing. */
	again.hash = "h2";
	assert_int_equal(
	    records_add(&r, &again, 1, "BackOff", "waits", 40)->count, 1);

	arena_init(&arena, 65536);
	item = record_item(&arena, e);
	assert_string_equal(item->hash, "h1");
	assert_string_equal(item->field, "spec.containers{a}");
	assert_true(item->warning);
	assert_int_equal(item->first_ns, 10);
	arena_release(&arena);
	assert_true(record_is_of(e, "default/web"));
	assert_false(record_is_of(e, "default/we"));
	assert_false(record_is_of(e, "default/web1"));
	assert_false(record_is_of(e, "web"));

	/* Who is too slow can tell that something was dropped. */
	number = r.number;
	assert_int_equal(r.dropped, 0);
	for (i = 0; i < RECORDS_MAX; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%zu", i);
		(void)records_add(&r, &db, 0, "Pulled", text, 50);
	}
	assert_int_equal(r.dropped, number);
	records_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_follow),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
