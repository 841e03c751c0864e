#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mirrord/eventqueue.h"

static struct mtime
at(int64_t ms)
{
	return ((struct mtime){ ms });
}

static char ns[] = "default", pod[] = "web-n1", uid[] = "u1", hash[] = "h1",
	    field[] = "spec.containers{main}", reason[] = "BackOff",
	    message[] = "Back-off";

static Tripod__EventItem
item(int64_t first_ns, uint32_t count)
{
	Tripod__EventItem i = TRIPOD__EVENT_ITEM__INIT;

	i.namespace_ = ns;
	i.name = pod;
	i.uid = uid;
	i.hash = hash;
	i.field = field;
	i.reason = reason;
	i.message = message;
	i.warning = 1;
	i.count = count;
	i.first_ns = first_ns;
	i.last_ns = first_ns + count;
	return (i);
}

static void
add(struct eventqueue *q, int64_t first_ns, uint32_t count, int64_t ms)
{
	Tripod__EventItem i = item(first_ns, count);
	struct err err;

	assert_int_equal(eventqueue_add(q, &i, at(ms), &err), 0);
}

static struct queued_event *
next(struct eventqueue *q, int64_t ms)
{
	struct mtime wake = MTIME_NEVER;

	return (eventqueue_next(q, at(ms), &wake));
}

static void
done(struct eventqueue *q, enum api_class class, int64_t ms)
{
	struct api_result r = { .class = class };

	eventqueue_done(q, &r, at(ms));
}

static void
test_life(void **state)
{
	const struct queued_event *e;
	struct eventqueue q;

	(void)state;
	eventqueue_init(&q, at(0));
	assert_null(next(&q, 0));
	add(&q, 1, 1, 0);
	add(&q, 2, 1, 0);
	e = next(&q, 0);
	assert_non_null(e);
	assert_int_equal(e->told, 0);
	assert_int_equal(e->first_ns, 1);
	assert_null(next(&q, 0)); /* one at a time */
	/* Counted up while its request is under way: told afterwards. */
	add(&q, 1, 2, 0);
	add(&q, 1, 3, 0);
	done(&q, API_OK, 0);
	e = next(&q, 0);
	assert_int_equal(e->first_ns, 1);
	assert_int_equal(e->told, 1);
	assert_int_equal(e->count, 3);
	done(&q, API_OK, 0);
	assert_int_equal(e->told, 3);
	e = next(&q, 0);
	assert_int_equal(e->first_ns, 2);
	done(&q, API_OK, 0);
	assert_null(next(&q, 0));
	/* Old news. */
	add(&q, 1, 2, 0);
	assert_null(next(&q, 0));
	eventqueue_release(&q);
}

static void
test_answers(void **state)
{
	const struct queued_event *e;
	struct eventqueue q;

	(void)state;
	eventqueue_init(&q, at(0));
	/* Created by a mirrord before us. */
	add(&q, 1, 4, 0);
	e = next(&q, 0);
	done(&q, API_EXISTS, 0);
	assert_ptr_equal(next(&q, 0), e);
	assert_int_equal(e->told, 1);
	/* The server has forgotten it: created anew. */
	done(&q, API_NOT_FOUND, 0);
	assert_ptr_equal(next(&q, 0), e);
	assert_int_equal(e->told, 0);
	/* There is no such namespace: dropped. */
	done(&q, API_NOT_FOUND, 0);
	assert_null(next(&q, 0));
	add(&q, 2, 1, 0);
	assert_non_null(next(&q, 0));
	done(&q, API_FORBIDDEN, 0);
	assert_null(next(&q, 0));
	add(&q, 3, 1, 0);
	assert_non_null(next(&q, 0));
	done(&q, API_INVALID, 0);
	assert_null(next(&q, 0));
	eventqueue_release(&q);
}

static void
test_away(void **state)
{
	struct mtime wake = MTIME_NEVER;
	struct eventqueue q;

	(void)state;
	eventqueue_init(&q, at(0));
	add(&q, 1, 1, 0);
	assert_non_null(next(&q, 0));
	done(&q, API_UNREACHABLE, 0);
	assert_null(eventqueue_next(&q, at(1), &wake));
	assert_int_equal(wake.ms, EVENT_RETRY_MS);
	assert_non_null(next(&q, EVENT_RETRY_MS));
	done(&q, API_BUSY, EVENT_RETRY_MS);
	/* Too old to be told. */
	wake = MTIME_NEVER;
	assert_null(eventqueue_next(&q, at(EVENT_STALE_MS + 1), &wake));
	assert_int_equal(wake.ms, MTIME_NEVER.ms);
	/* A new occurrence is not. */
	add(&q, 1, 2, EVENT_STALE_MS + 1);
	assert_non_null(next(&q, EVENT_STALE_MS + 1));
	eventqueue_release(&q);
}

static void
test_pace(void **state)
{
	struct mtime wake = MTIME_NEVER;
	struct eventqueue q;
	int i;

	(void)state;
	eventqueue_init(&q, at(0));
	for (i = 1; i <= EVENT_PACE_BURST + 1; i++)
		add(&q, i, 1, 0);
	for (i = 1; i <= EVENT_PACE_BURST; i++) {
		assert_non_null(next(&q, 0));
		done(&q, API_OK, 0);
	}
	assert_null(eventqueue_next(&q, at(0), &wake));
	assert_int_equal(wake.ms, EVENT_PACE_MS);
	assert_non_null(next(&q, EVENT_PACE_MS));
	eventqueue_release(&q);
}

static void
test_allowance(void **state)
{
	struct eventqueue q;
	int64_t ms = 0;
	int i, told = 0;

	(void)state;
	eventqueue_init(&q, at(0));
	for (i = 1; i <= 2 * EVENT_BURST; i++) {
		add(&q, i, 1, ms);
		if (next(&q, ms) != NULL) {
			done(&q, API_OK, ms);
			told++;
		}
		ms += EVENT_PACE_MS;
	}
	assert_int_equal(told, EVENT_BURST);
	add(&q, 1000, 1, EVENT_REFILL_MS + ms);
	assert_non_null(next(&q, EVENT_REFILL_MS + ms));
	done(&q, API_OK, EVENT_REFILL_MS + ms);
	/* Another pod has its own. */
	hash[1] = '2';
	add(&q, 1001, 1, EVENT_REFILL_MS + ms);
	assert_non_null(next(&q, EVENT_REFILL_MS + ms));
	hash[1] = '1';
	eventqueue_release(&q);
}

static void
test_bounds(void **state)
{
	struct queued_event *busy;
	struct eventqueue q;
	char id[32];
	int i;

	(void)state;
	eventqueue_init(&q, at(0));
	add(&q, 1, 1, 0);
	busy = next(&q, 0);
	for (i = 2; i < EVENTS_MAX + 10; i++)
		add(&q, i, 1, 0);
	assert_int_equal(q.n, EVENTS_MAX);
	/* The one under way stays. */
	assert_ptr_equal(q.busy, busy);
	assert_ptr_equal(TAILQ_FIRST(&q.events), busy);
	done(&q, API_OK, 0);
	for (i = 0; i < EVENT_PODS_MAX + 10; i++) {
		Tripod__EventItem it = item(10000 + i, 1);
		struct err err;

		(void)snprintf(id, sizeof(id), "h%d", i);
		it.hash = id;
		assert_int_equal(
		    eventqueue_add(&q, &it, at(i * 1000000), &err), 0);
		while (next(&q, i * 1000000) != NULL)
			done(&q, API_OK, i * 1000000);
	}
	assert_int_equal(q.npods, EVENT_PODS_MAX);
	eventqueue_release(&q);
}

static void
test_odd(void **state)
{
	static char bad[] = "../x", upper[] = "Web", empty[] = "";
	Tripod__EventItem i = item(1, 1);
	struct eventqueue q;
	struct err err;

	(void)state;
	eventqueue_init(&q, at(0));
	i.namespace_ = bad;
	assert_int_equal(eventqueue_add(&q, &i, at(0), &err), -1);
	i = item(1, 1);
	i.name = upper;
	assert_int_equal(eventqueue_add(&q, &i, at(0), &err), -1);
	i.name = empty;
	assert_int_equal(eventqueue_add(&q, &i, at(0), &err), -1);
	assert_int_equal(q.n, 0);
	eventqueue_release(&q);
}

static const char *
text(const json_t *o, const char *path)
{
	char copy[64], *part, *rest = copy;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	while ((part = strsep(&rest, ".")) != NULL)
		o = json_object_get(o, part);
	return (json_string_value(o));
}

static void
test_bodies(void **state)
{
	static const struct {
		const char *path, *value;
	} rows[] = {
		{ "kind", "Event" },
		{ "metadata.name", "web-n1.18d8c7d1b1b5f000" },
		{ "metadata.namespace", "default" },
		{ "involvedObject.kind", "Pod" },
		{ "involvedObject.name", "web-n1" },
		/* What kubectl looks for: config.mirror. */
		{ "involvedObject.uid", "h1" },
		{ "involvedObject.fieldPath", "spec.containers{main}" },
		{ "type", "Warning" },
		{ "reason", "BackOff" },
		{ "message", "Back-off" },
		{ "source.component", "tripod" },
		{ "source.host", "n1" },
		{ "reportingComponent", "tripod" },
		{ "reportingInstance", "n1" },
	};
	Tripod__EventItem i = item(0x18d8c7d1b1b5f000, 3);
	const struct queued_event *e;
	struct eventqueue q;
	struct err err;
	json_t *o;
	size_t j;

	(void)state;
	eventqueue_init(&q, at(0));
	i.last_ns = i.first_ns + INT64_C(60000000000);
	assert_int_equal(eventqueue_add(&q, &i, at(0), &err), 0);
	e = next(&q, 0);
	o = event_post(e, "n1");
	assert_non_null(o);
	for (j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
		assert_string_equal(text(o, rows[j].path), rows[j].value);
	assert_int_equal(json_integer_value(json_object_get(o, "count")), 1);
	json_decref(o);
	o = event_patch(e);
	assert_int_equal(json_integer_value(json_object_get(o, "count")), 3);
	assert_int_equal(strlen(text(o, "lastTimestamp")), 20);
	json_decref(o);
	eventqueue_release(&q);
}

static void
test_node(void **state)
{
	static char none[] = "", node[] = "n1";
	Tripod__EventItem i = item(1, 1);
	struct eventqueue q;
	struct err err;
	json_t *o;

	(void)state;
	i.namespace_ = i.field = i.hash = none;
	i.name = i.uid = node;
	eventqueue_init(&q, at(0));
	assert_int_equal(eventqueue_add(&q, &i, at(0), &err), 0);
	o = event_post(next(&q, 0), "n1");
	assert_string_equal(text(o, "metadata.namespace"), "default");
	assert_string_equal(text(o, "involvedObject.kind"), "Node");
	assert_string_equal(text(o, "involvedObject.name"), "n1");
	assert_string_equal(text(o, "involvedObject.uid"), "n1");
	assert_null(text(o, "involvedObject.namespace"));
	json_decref(o);
	eventqueue_release(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_pace),
		cmocka_unit_test(test_allowance),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_node),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
