#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/record.h"

static const struct record_object web = { "u1", "default", "web",
	"spec.containers{a}" };
static const struct record_object db = { "u2", "default", "db", "" };

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_bounds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
