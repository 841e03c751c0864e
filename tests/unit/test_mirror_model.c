/* model.c, want.c, seen.c: what is known, whatever the order of news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mirrord/apijson.h"
#include "mirrord/model.h"

#define NODE "n1"
#define TEXT(s) ((char *)(uintptr_t)(s))

static struct want_item *
item_of(const char *name, const char *uid, const char *hash, int terminating)
{
	Tripod__PodItem msg = TRIPOD__POD_ITEM__INIT;
	struct want_item *it;
	struct err err;

	msg.uid = TEXT(uid);
	msg.hash = TEXT(hash);
	msg.namespace_ = TEXT("default");
	msg.name = TEXT(name);
	msg.terminating = terminating;
	it = want_item_new(&msg, NODE, &err);
	assert_non_null(it);
	return (it);
}

static struct seen_pod *
pod_of(const char *name, const char *uid, const char *version)
{
	json_t *o = json_pack("{s:{s:s,s:s,s:s,s:s},s:{s:s}}", "metadata",
	    "namespace", "default", "name", name, "uid", uid, "resourceVersion",
	    version, "spec", "nodeName", NODE);
	struct seen_pod *p;
	struct err err;

	p = seen_pod_new(o, NODE, &err);
	json_decref(o);
	assert_non_null(p);
	return (p);
}

static struct record *
rec(const struct model *m, const char *name)
{
	return (model_find(m, "default", name));
}

/* --- the wanted side --- */

static void
test_want(void **state)
{
	struct model m;

	(void)state;
	model_init(&m);
	model_want_begin(&m);
	model_want(&m, item_of("a", "a1", "h", 0));
	model_want(&m, item_of("b", "b1", "h", 0));
	/* Nothing counts before the end. */
	assert_null(rec(&m, "a"));
	assert_false(m.want_complete);
	model_want_end(&m);
	assert_true(m.want_complete);
	assert_string_equal(rec(&m, "a")->current->uid, "a1");
	assert_true(rec(&m, "a")->dirty);

	/* A second transfer replaces the first. */
	model_want_begin(&m);
	model_want(&m, item_of("b", "b2", "h2", 0));
	model_want_end(&m);
	assert_null(rec(&m, "a")->current);
	assert_string_equal(rec(&m, "b")->current->uid, "b2");
	model_sweep(&m);
	assert_null(rec(&m, "a"));
	assert_int_equal(m.n, 1);
	model_release(&m);
}

static void
test_update(void **state)
{
	struct model m;
	struct record *r;

	(void)state;
	model_init(&m);
	model_want(&m, item_of("a", "a1", "h1", 0));
	r = rec(&m, "a");
	/* The old one ends, two edits come, the first never ran. */
	model_want(&m, item_of("a", "a1", "h1", 1));
	assert_null(r->current);
	assert_string_equal(r->ending->uid, "a1");
	model_want(&m, item_of("a", "a2", "h2", 0));
	assert_string_equal(r->current->uid, "a2");
	model_gone(&m, "default", "a", "a2");
	assert_null(r->current);
	assert_string_equal(r->ending->uid, "a1");
	assert_false(r->ending->gone);
	model_want(&m, item_of("a", "a3", "h3", 0));
	model_gone(&m, "default", "a", "a1");
	assert_true(r->ending->gone);
	assert_string_equal(r->current->uid, "a3");
	record_forget(r);
	assert_null(r->ending);
	/* One that was not told to end is gone all the same. */
	model_gone(&m, "default", "a", "a3");
	assert_null(r->current);
	assert_true(r->ending->gone);
	/* News of strangers. */
	model_gone(&m, "default", "a", "zz");
	model_gone(&m, "default", "zz", "a3");
	model_release(&m);
}

static void
test_same_uid(void **state)
{
	struct model m;
	struct record *r;

	(void)state;
	model_init(&m);
	/* Removed and added unchanged while it ends. */
	model_want(&m, item_of("a", "a1", "h1", 1));
	model_want(&m, item_of("a", "a1", "h1", 0));
	r = rec(&m, "a");
	assert_null(r->ending);
	assert_non_null(r->current);
	/* A fixed uid, other content: an old refusal does not count. */
	r->memo.failures = 9;
	r->memo.retry = MTIME_NEVER;
	model_want(&m, item_of("a", "a1", "h1", 0));
	assert_int_equal(r->memo.failures, 9);
	model_want(&m, item_of("a", "a1", "h2", 0));
	assert_int_equal(r->memo.failures, 0);
	assert_string_equal(r->current->hash, "h2");
	model_release(&m);
}

/* --- the server's side --- */

static void
test_stale(void **state)
{
	struct model m;
	struct record *r;

	(void)state;
	model_init(&m);
	model_seen(&m, pod_of("a", "m1", "10"));
	r = rec(&m, "a");
	model_seen(&m, pod_of("a", "m1", "9"));
	assert_int_equal(r->seen->version, 10);
	model_seen(&m, pod_of("a", "m2", "12"));
	assert_string_equal(r->seen->uid, "m2");
	/* The end of the predecessor is no news. */
	model_unseen(&m, "default", "a", "m1");
	assert_non_null(r->seen);
	model_seen(&m, pod_of("a", "m1", "11"));
	assert_string_equal(r->seen->uid, "m2");
	/* What we deleted does not come back by a late event. */
	memo_deleted(&r->memo, "m2");
	model_unseen(&m, "default", "a", "m2");
	assert_null(r->seen);
	model_seen(&m, pod_of("a", "m2", "13"));
	assert_null(r->seen);
	/* Versions that are no numbers are believed. */
	model_seen(&m, pod_of("a", "m3", "x"));
	model_seen(&m, pod_of("a", "m3", "1"));
	assert_int_equal(r->seen->version, 1);
	model_release(&m);
}

static void
test_list(void **state)
{
	struct model m;

	(void)state;
	model_init(&m);
	model_seen(&m, pod_of("old", "m1", "5"));
	model_seen(&m, pod_of("fresh", "m2", "30"));
	model_list_begin(&m);
	model_seen(&m, pod_of("listed", "m3", "7"));
	model_list_end(&m, "20");
	assert_true(m.seen_complete);
	assert_null(rec(&m, "old")->seen);
	/* Created by us after the list was made. */
	assert_non_null(rec(&m, "fresh")->seen);
	assert_non_null(rec(&m, "listed")->seen);
	model_release(&m);
}

static void
test_touch(void **state)
{
	struct model m;
	struct record *r;

	(void)state;
	model_init(&m);
	model_seen(&m, pod_of("a", "m1", "1"));
	r = rec(&m, "a");
	/* An event that changes nothing relevant does not cut a back-off. */
	r->memo.retry = MTIME_NEVER;
	r->memo.failures = 3;
	model_seen(&m, pod_of("a", "m1", "2"));
	assert_int_equal(r->memo.failures, 3);
	model_unseen(&m, "default", "a", "m1");
	assert_int_equal(r->memo.failures, 0);
	assert_int_equal(r->memo.retry.ms, 0);
	model_release(&m);
}

static void
test_limit(void **state)
{
	struct model m;
	char name[32];
	int i;

	(void)state;
	model_init(&m);
	for (i = 0; i < MODEL_MAX + 2; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		model_want(&m, item_of(name, name, "h", 0));
	}
	assert_int_equal(m.n, MODEL_MAX);
	for (i = 0; i < (int)m.n - 1; i++)
		assert_true(strcmp(m.rec[i]->name, m.rec[i + 1]->name) < 0);
	model_release(&m);
}

/* --- objects --- */

static struct want_item *
item_json(const char *json, struct err *err)
{
	Tripod__PodItem msg = TRIPOD__POD_ITEM__INIT;

	msg.uid = TEXT("u");
	msg.hash = TEXT("h");
	msg.namespace_ = TEXT("default");
	msg.name = TEXT("web-n1");
	msg.seen_ns = 1;
	msg.mirror_json.data = (uint8_t *)TEXT(json);
	msg.mirror_json.len = strlen(json);
	return (want_item_new(&msg, NODE, err));
}

#define META "\"metadata\":{\"name\":\"web-n1\",\"namespace\":\"default\""

static void
test_object(void **state)
{
	struct err err;
	struct want_item *it = item_json(
	    "{" META ",\"labels\":{\"a\":\"b\"},\"finalizers\":[\"f\"],"
	    "\"uid\":\"x\",\"resourceVersion\":\"1\",\"ownerReferences\":[{}],"
	    "\"generateName\":\"g\",\"annotations\":{\"k\":\"v\"}},"
	    "\"spec\":{\"containers\":[],\"restartPolicy\":\"Never\"},"
	    "\"status\":{\"phase\":\"Running\"}}",
	    &err);
	json_t *post, *want;
	char *text;

	(void)state;
	assert_non_null(it->object);
	assert_int_equal(it->restart, STATUS_NEVER);
	post = want_post(it, NODE, "node-uid");
	want = json_loads(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," META
	    ",\"labels\":{\"a\":\"b\"},\"annotations\":{\"k\":\"v\","
	    "\"kubernetes.io/config.source\":\"file\","
	    "\"kubernetes.io/config.hash\":\"h\","
	    "\"kubernetes.io/config.mirror\":\"h\","
	    "\"kubernetes.io/config.seen\":\"1970-01-01T00:00:00.000000001Z\"},"
	    "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\","
	    "\"name\":\"n1\",\"uid\":\"node-uid\",\"controller\":true}]},"
	    "\"spec\":{\"containers\":[],\"restartPolicy\":\"Never\","
	    "\"nodeName\":\"n1\",\"tolerations\":[{\"operator\":\"Exists\","
	    "\"effect\":\"NoExecute\"}]}}",
	    0, NULL);
	text = json_dumps(post, JSON_COMPACT);
	if (!json_equal(post, want))
		fail_msg("%s", text);
	free(text);
	/* The item itself has no owner: the next Node may be another. */
	assert_null(json_object_get(
	    json_object_get(it->object, "metadata"), "ownerReferences"));
	json_decref(want);
	json_decref(post);
	want_item_free(it);
}

static void
test_object_bad(void **state)
{
	static const char *const rows[] = { "", "[]", "{", "{}", "{" META "}}",
		"{" META "},\"spec\":[]}",
		"{\"metadata\":{\"name\":\"other\",\"namespace\":\"default\"},"
		"\"spec\":{}}",
		"{\"metadata\":{\"name\":\"web-n1\"},\"spec\":{}}",
		"{" META ",\"annotations\":[]},\"spec\":{}}" };
	struct want_item *it;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		it = item_json(rows[i], &err);
		assert_non_null(it);
		if (it->object != NULL || it->problem.text[0] == '\0')
			fail_msg("row %zu", i);
		want_item_free(it);
	}
}

static void
test_identity_bad(void **state)
{
	static const struct {
		const char *ns, *name, *uid, *hash;
	} rows[] = {
		{ "", "a", "u", "h" },
		{ "a/b", "a", "u", "h" },
		{ "d", "", "u", "h" },
		{ "d", "../a", "u", "h" },
		{ "d", "a?x=y", "u", "h" },
		{ "d", "a", "", "h" },
		{ "d", "a", "u", "" },
	};
	Tripod__PodItem msg = TRIPOD__POD_ITEM__INIT;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		msg.namespace_ = TEXT(rows[i].ns);
		msg.name = TEXT(rows[i].name);
		msg.uid = TEXT(rows[i].uid);
		msg.hash = TEXT(rows[i].hash);
		assert_null(want_item_new(&msg, NODE, &err));
	}
}

static void
test_seen_bad(void **state)
{
	static const char *const rows[] = { "{}", "{\"metadata\":{}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"d\"},"
		"\"spec\":{\"nodeName\":\"n1\"}}",
		"{\"metadata\":{\"name\":\"a/b\",\"namespace\":\"d\",\"uid\":"
		"\"u\"},\"spec\":{\"nodeName\":\"n1\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"D\",\"uid\":"
		"\"u\"},\"spec\":{\"nodeName\":\"n1\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"uid\":"
		"\"u\"},\"spec\":{\"nodeName\":\"n2\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"uid\":"
		"\"u\"},\"spec\":{}}",
		"{\"metadata\":{\"name\":1,\"namespace\":[],\"uid\":{}}}" };
	struct err err;
	json_t *o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		o = json_loads(rows[i], 0, NULL);
		assert_non_null(o);
		if (seen_pod_new(o, NODE, &err) != NULL)
			fail_msg("row %zu", i);
		json_decref(o);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_want),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_same_uid),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_touch),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_object),
		cmocka_unit_test(test_object_bad),
		cmocka_unit_test(test_identity_bad),
		cmocka_unit_test(test_seen_bad),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
