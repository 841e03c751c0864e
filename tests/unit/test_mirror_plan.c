/* plan.c, memo.c, backoff.c: what is done about one mirror pod. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/mem.h"
#include "mirrord/backoff.h"
#include "mirrord/plan.h"

#define NODE "n1"
#define NOW ((struct mtime){ 1000000 })
#define STATE(s) TRIPOD__MIRROR_ITEM__STATE__##s

/* --- building blocks --- */

static struct want_item *
item(const char *hash, const char *phase)
{
	Tripod__PodItem msg = TRIPOD__POD_ITEM__INIT;
	Tripod__PodStatus st = TRIPOD__POD_STATUS__INIT;
	struct want_item *it;
	struct err err;
	char *json, ns[] = "default", name[] = "web-n1", *h = xstrdup(hash);

	(void)xasprintf(&json,
	    "{\"metadata\":{\"name\":\"web-n1\",\"namespace\":\"default\","
	    "\"labels\":{\"app\":\"web\"},\"annotations\":{\"my\":\"note\"}},"
	    "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i:1\"}]}}");
	if (strcmp(phase, "Running") == 0)
		st.phase = TRIPOD__PHASE__PHASE_RUNNING;
	msg.uid = msg.hash = h;
	msg.namespace_ = ns;
	msg.name = name;
	msg.status = &st;
	msg.mirror_json.data = (uint8_t *)json;
	msg.mirror_json.len = strlen(json);
	it = want_item_new(&msg, NODE, &err);
	assert_non_null(it);
	assert_non_null(it->object);
	free(json);
	free(h);
	return (it);
}

struct server {
	const char *hash; /* "": an ordinary pod */
	const char *uid, *owner, *app, *note, *image, *phase, *extra;
	int deleting, no_owner;
	int64_t generation; /* 0: 1; -1: absent */
};

static const char *
either(const char *a, const char *b)
{
	return (a != NULL ? a : b);
}

static struct seen_pod *
seen(const struct server *s)
{
	struct seen_pod *p;
	struct err err = { "" };
	json_t *o, *meta;

	o = json_pack("{s:{s:s,s:s,s:s,s:s,s:{s:s},s:{s:s}},"
		      "s:{s:s,s:[{s:s,s:s}]},s:{s:s}}",
	    "metadata", "namespace", "default", "name", "web-n1", "uid",
	    either(s->uid, "m1"), "resourceVersion", "5", "labels", "app",
	    either(s->app, "web"), "annotations", "my", either(s->note, "note"),
	    "spec", "nodeName", NODE, "containers", "name", "c", "image",
	    either(s->image, "i:1"), "status", "phase",
	    either(s->phase, "Running"));
	assert_non_null(o);
	meta = json_object_get(o, "metadata");
	if (*s->hash != '\0') {
		json_t *a = json_object_get(meta, "annotations");

		(void)json_object_set_new(
		    a, ANNOTATION_MIRROR, json_string(s->hash));
		(void)json_object_set_new(
		    a, ANNOTATION_HASH, json_string(s->hash));
		(void)json_object_set_new(
		    a, ANNOTATION_SOURCE, json_string("file"));
	}
	if (s->extra != NULL)
		(void)json_object_set_new(json_object_get(meta, "labels"),
		    s->extra, json_string("x"));
	if (!s->no_owner)
		(void)json_object_set_new(meta, "ownerReferences",
		    json_pack("[{s:s,s:s,s:s,s:s,s:b}]", "apiVersion", "v1",
			"kind", "Node", "name", NODE, "uid",
			either(s->owner, "node-uid"), "controller", 1));
	if (s->deleting)
		(void)json_object_set_new(meta, "deletionTimestamp",
		    json_string("2026-01-01T00:00:00Z"));
	if (s->generation != -1)
		(void)json_object_set_new(meta, "generation",
		    json_integer(s->generation == 0 ? 1 : s->generation));
	p = seen_pod_new(o, NODE, &err);
	if (p == NULL)
		fail_msg("%s", err.text);
	json_decref(o);
	return (p);
}

/* --- the table --- */

struct row {
	const char *name;
	/* Input.  Hashes; NULL: none. */
	const char *current, *ending;
	const char *phase; /* wanted; default Running */
	int gone, flushed;
	const struct server *server;
	int no_node, node_deleting;
	int incomplete; /* 1: want, 2: seen */
	int busy, unsure;
	int64_t retry_ms, hold_ms; /* from now */
	enum plan_drift drift;
	/* Output. */
	enum plan_kind kind;
	Tripod__MirrorItem__State state;
	const char *why; /* part of the reason of plan or verdict */
	int64_t wake_ms; /* from now; 0: never */
	int forget;
};

#define SERVER(...) (&(const struct server){ .hash = "h1", __VA_ARGS__ })
#define ORDINARY(...) (&(const struct server){ .hash = "", __VA_ARGS__ })

static const struct row rows[] = {
	/* Rule 1: incomplete pictures, requests under way. */
	{ "wanted side incomplete: no orphans", .server = SERVER(),
	    .incomplete = 1, .kind = PLAN_NONE, .state = STATE(NONE) },
	{ "server side incomplete: no creation", .current = "h1",
	    .incomplete = 2, .kind = PLAN_NONE, .state = STATE(NONE),
	    .why = "waiting for the API" },
	{ "one request at a time", .current = "h1", .busy = 1,
	    .kind = PLAN_NONE },
	/* Rule 2. */
	{ "not before the retry time", .current = "h1", .retry_ms = 700,
	    .kind = PLAN_NONE, .state = STATE(PENDING), .wake_ms = 700 },
	{ "at the retry time", .current = "h1", .retry_ms = 0,
	    .kind = PLAN_CREATE, .state = STATE(PENDING) },
	/* Rule 3. */
	{ "unsure: look", .current = "h1", .unsure = 1, .kind = PLAN_GET,
	    .state = STATE(PENDING) },
	/* Rule 4. */
	{ "ordinary pod of our name", .current = "h1", .server = ORDINARY(),
	    .kind = PLAN_NONE, .state = STATE(CONFLICT) },
	{ "ordinary pod, nothing wanted", .server = ORDINARY(),
	    .kind = PLAN_NONE, .state = STATE(NONE) },
	{ "ordinary pod being deleted", .server = ORDINARY(.deleting = 1),
	    .kind = PLAN_DELETE, .state = STATE(NONE) },
	{ "ordinary pod of our name being deleted", .current = "h1",
	    .server = ORDINARY(.deleting = 1), .kind = PLAN_DELETE,
	    .state = STATE(CONFLICT) },
	/* Rule 5. */
	{ "last status first", .ending = "h1", .gone = 1,
	    .server = SERVER(.phase = "Pending"), .kind = PLAN_STATUS,
	    .state = STATE(NONE), .why = "last status" },
	{ "last status is out: delete", .ending = "h1", .gone = 1,
	    .server = SERVER(), .kind = PLAN_DELETE, .state = STATE(NONE),
	    .forget = 1 },
	{ "last status cannot be had", .ending = "h1", .gone = 1, .flushed = 1,
	    .server = SERVER(.phase = "Pending"), .kind = PLAN_DELETE,
	    .state = STATE(NONE), .forget = 1 },
	{ "gone, and no mirror either", .ending = "h1", .gone = 1,
	    .kind = PLAN_NONE, .state = STATE(NONE), .forget = 1 },
	{ "gone, the mirror is of another", .ending = "h0", .gone = 1,
	    .server = SERVER(.phase = "Pending"), .kind = PLAN_DELETE,
	    .state = STATE(NONE), .forget = 1 },
	{ "gone, the successor waits for its status", .ending = "h1",
	    .current = "h2", .gone = 1, .server = SERVER(.phase = "Pending"),
	    .kind = PLAN_STATUS, .state = STATE(NONE) },
	{ "gone, the successor takes over", .ending = "h1", .current = "h2",
	    .gone = 1, .flushed = 1, .server = SERVER(), .kind = PLAN_DELETE,
	    .state = STATE(PENDING), .forget = 1 },
	{ "removed and added unchanged: the mirror stays", .ending = "h1",
	    .current = "h1", .gone = 1, .server = SERVER(), .kind = PLAN_NONE,
	    .state = STATE(PRESENT), .forget = 1 },
	/* Rule 6. */
	{ "ending: the mirror stays", .ending = "h1", .server = SERVER(),
	    .kind = PLAN_NONE, .state = STATE(PRESENT) },
	{ "ending: status goes on", .ending = "h1",
	    .server = SERVER(.phase = "Pending"), .kind = PLAN_STATUS,
	    .state = STATE(PRESENT) },
	{ "ending: the successor waits", .ending = "h1", .current = "h2",
	    .server = SERVER(), .kind = PLAN_NONE, .state = STATE(PRESENT) },
	{ "ending: a deleted mirror stays away", .ending = "h1",
	    .kind = PLAN_NONE, .state = STATE(NONE) },
	{ "ending: one being deleted is kept to the end", .ending = "h1",
	    .server = SERVER(.deleting = 1), .kind = PLAN_NONE,
	    .state = STATE(PRESENT) },
	/* Rule 7. */
	{ "orphan", .server = SERVER(), .kind = PLAN_DELETE,
	    .state = STATE(NONE), .why = "no manifest" },
	/* Rule 8. */
	{ "being deleted: replace", .current = "h1",
	    .server = SERVER(.deleting = 1), .kind = PLAN_DELETE,
	    .state = STATE(PENDING) },
	{ "other hash: replace", .current = "h2", .server = SERVER(),
	    .kind = PLAN_DELETE, .state = STATE(PENDING),
	    .why = "manifest has changed" },
	{ "other node object: replace", .current = "h1",
	    .server = SERVER(.owner = "old"), .kind = PLAN_DELETE,
	    .state = STATE(PENDING), .why = "Node object" },
	{ "node unknown: the owner is not judged", .current = "h1",
	    .no_node = 1, .server = SERVER(.owner = "old"), .kind = PLAN_NONE,
	    .state = STATE(PRESENT) },
	{ "image edited", .current = "h1",
	    .server = SERVER(.image = "evil", .generation = 2),
	    .kind = PLAN_DELETE, .state = STATE(PRESENT), .why = "spec" },
	{ "image edited, server does not count", .current = "h1",
	    .server = SERVER(.image = "evil", .generation = -1),
	    .kind = PLAN_DELETE, .state = STATE(PRESENT), .why = "spec" },
	{ "not edited, server does not count", .current = "h1",
	    .server = SERVER(.generation = -1), .kind = PLAN_NONE,
	    .state = STATE(PRESENT) },
	{ "label edited", .current = "h1", .server = SERVER(.app = "x"),
	    .kind = PLAN_DELETE, .state = STATE(PRESENT), .why = "label" },
	{ "annotation edited", .current = "h1", .server = SERVER(.note = "x"),
	    .kind = PLAN_DELETE, .state = STATE(PRESENT), .why = "annotation" },
	{ "owner removed", .current = "h1", .server = SERVER(.no_owner = 1),
	    .kind = PLAN_DELETE, .state = STATE(PRESENT), .why = "owner" },
	{ "label added", .current = "h1", .server = SERVER(.extra = "y"),
	    .kind = PLAN_NONE, .state = STATE(PRESENT) },
	{ "drift report", .current = "h1", .server = SERVER(.app = "x"),
	    .drift = DRIFT_REPORT, .kind = PLAN_NONE, .state = STATE(PRESENT),
	    .why = "edited: label" },
	{ "drift ignore", .current = "h1", .server = SERVER(.app = "x"),
	    .drift = DRIFT_IGNORE, .kind = PLAN_NONE, .state = STATE(PRESENT) },
	{ "held after too many repairs", .current = "h1",
	    .server = SERVER(.app = "x"), .hold_ms = 500, .kind = PLAN_NONE,
	    .state = STATE(PRESENT), .why = "again and again", .wake_ms = 500 },
	{ "held, the status goes out all the same", .current = "h1",
	    .server = SERVER(.app = "x", .phase = "Pending"), .hold_ms = 500,
	    .kind = PLAN_STATUS, .state = STATE(PRESENT), .wake_ms = 500 },
	/* Rule 9. */
	{ "no mirror: create", .current = "h1", .kind = PLAN_CREATE,
	    .state = STATE(PENDING) },
	{ "no node yet", .current = "h1", .no_node = 1, .kind = PLAN_NONE,
	    .state = STATE(PENDING), .why = "Node object" },
	{ "node is being deleted", .current = "h1", .node_deleting = 1,
	    .kind = PLAN_NONE, .state = STATE(PENDING), .why = "Node object" },
	{ "a finished pod has a mirror too", .current = "h1",
	    .phase = "Pending", .kind = PLAN_CREATE, .state = STATE(PENDING) },
	/* Rule 10. */
	{ "up to date", .current = "h1", .server = SERVER(), .kind = PLAN_NONE,
	    .state = STATE(PRESENT) },
	{ "status differs", .current = "h1",
	    .server = SERVER(.phase = "Pending"), .kind = PLAN_STATUS,
	    .state = STATE(PRESENT) },
	{ "nothing at all", .kind = PLAN_NONE, .state = STATE(NONE) },
};

static void
run_row(const struct row *r)
{
	struct seen_node node = { .uid = (char *)(uintptr_t) "node-uid",
		.deleting = r->node_deleting };
	struct plan_env env = { .want_complete = r->incomplete != 1,
		.seen_complete = r->incomplete != 2,
		.node = r->no_node ? NULL : &node,
		.drift = r->drift,
		.now = NOW };
	const char *phase = either(r->phase, "Running");
	struct want_item *cur = r->current == NULL ? NULL
						   : item(r->current, phase);
	struct want_item *end = r->ending == NULL ? NULL
						  : item(r->ending, phase);
	struct seen_pod *s = r->server == NULL ? NULL : seen(r->server);
	const struct plan_pod pod = { cur, end, s };
	struct memo m = { .busy = r->busy ? PLAN_STATUS : PLAN_NONE,
		.unsure = r->unsure };
	struct plan p, again;

	m.retry = mtime_add(NOW, r->retry_ms);
	m.hold = mtime_add(NOW, r->hold_ms);
	if (end != NULL) {
		end->terminating = 1;
		end->gone = r->gone;
		end->flushed = r->flushed;
	}
	plan_pod(&env, &pod, &m, &p);
	plan_pod(&env, &pod, &m, &again);
	if (p.kind != r->kind)
		fail_msg("%s: %s (%s)", r->name, plan_kind_str(p.kind), p.why);
	assert_int_equal(p.known, !r->busy);
	if (p.known && p.state != r->state)
		fail_msg("%s: state %d (%s)", r->name, p.state, p.reason);
	if (r->why != NULL && strstr(p.why, r->why) == NULL &&
	    strstr(p.reason, r->why) == NULL)
		fail_msg(
		    "%s: because of \"%s\"/\"%s\"", r->name, p.why, p.reason);
	if (p.forget != r->forget)
		fail_msg("%s: forget is %d", r->name, p.forget);
	if (r->wake_ms == 0 ? p.wake.ms != INT64_MAX
			    : p.wake.ms != NOW.ms + r->wake_ms)
		fail_msg("%s: wake", r->name);
	if (p.kind == PLAN_CREATE || p.kind == PLAN_STATUS)
		assert_non_null(p.item);
	assert_memory_equal(&p, &again, sizeof(p));
	want_item_free(cur);
	want_item_free(end);
	seen_pod_free(s);
}

static void
test_rules(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_row(&rows[i]);
}

/* --- what was published, and what others made of it --- */

static enum plan_kind
plan_with(const struct memo *m, const struct want_item *it,
    const struct seen_pod *s, struct mtime now, struct mtime *wake)
{
	struct seen_node node = { .uid = (char *)(uintptr_t) "node-uid" };
	struct plan_env env = { 1, 1, &node, DRIFT_REVERT, now };
	const struct plan_pod pod = { it, NULL, s };
	struct plan p;

	plan_pod(&env, &pod, m, &p);
	*wake = p.wake;
	return (p.kind);
}

static void
test_status_repair(void **state)
{
	struct want_item *it = item("h1", "Running");
	struct seen_pod *s = seen(SERVER(.phase = "Pending"));
	struct memo m = { 0 };
	struct mtime wake;

	(void)state;
	memo_patched(&m, "m1", it->status, NOW);
	/* It was accepted a moment ago: somebody else writes too. */
	assert_int_equal(plan_with(&m, it, s, NOW, &wake), PLAN_NONE);
	assert_int_equal(wake.ms, NOW.ms + PLAN_STATUS_REPAIR_MS);
	assert_int_equal(plan_with(&m, it, s, wake, &wake), PLAN_STATUS);
	/* Another mirror has never had it. */
	memo_patched(&m, "m0", it->status, NOW);
	assert_int_equal(plan_with(&m, it, s, NOW, &wake), PLAN_STATUS);
	/* What was refused is not sent again. */
	memo_refused(&m, it->status);
	assert_int_equal(plan_with(&m, it, s, wake, &wake), PLAN_NONE);
	memo_release(&m);
	seen_pod_free(s);
	want_item_free(it);
}

/* --- drift against what the server returned --- */

static void
test_drift_born(void **state)
{
	struct want_item *it = item("h1", "Running");
	/* Admission changed a label and the image. */
	struct seen_pod *born = seen(
	    SERVER(.app = "admitted", .image = "registry/i:1"));
	struct seen_pod *edited = seen(SERVER(.app = "web"));
	struct seen_pod *added = seen(
	    SERVER(.app = "admitted", .extra = "more"));
	struct memo m = { 0 };

	(void)state;
	assert_string_equal(drift_find(it, born, &m, 0), "label");
	memo_born(&m, born);
	assert_null(drift_find(it, born, &m, 0));
	assert_null(drift_find(it, born, &m, 1));
	assert_string_equal(drift_find(it, edited, &m, 0), "label");
	assert_null(drift_find(it, added, &m, 0));
	assert_string_equal(drift_find(it, added, &m, 1), "label");
	memo_release(&m);
	seen_pod_free(born);
	seen_pod_free(edited);
	seen_pod_free(added);
	want_item_free(it);
}

static void
test_loop_guard(void **state)
{
	struct memo m = { 0 };
	struct mtime now = NOW;
	int64_t want[] = { 60000, 120000, 240000, 480000, 600000, 600000 };
	size_t i;

	(void)state;
	for (i = 0; i < MEMO_REPAIRS; i++) {
		assert_true(mtime_cmp(m.hold, now) <= 0);
		memo_repaired(&m, now);
		now = mtime_add(now, 1000);
	}
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(mtime_diff(m.hold, m.repair[0]), want[i]);
		now = m.hold;
		memo_repaired(&m, now);
	}
	/* Quiet for long enough: it begins anew. */
	now = mtime_add(now, 2 * MEMO_HOLD_CAP_MS + 1);
	memo_repaired(&m, now);
	assert_true(mtime_cmp(m.hold, now) < 0);
	/* Six in more than a minute are no loop. */
	memset(&m, 0, sizeof(m));
	for (i = 0; i < 20; i++) {
		now = mtime_add(now, 13000);
		memo_repaired(&m, now);
		assert_true(mtime_cmp(m.hold, now) < 0);
	}
}

/* --- back-off --- */

static void
test_retry(void **state)
{
	static const struct {
		enum plan_kind busy;
		enum api_class class;
		unsigned int failures;
		int64_t after_s;
		const char *kind;
		int64_t least, most;
	} table[] = {
		{ PLAN_CREATE, API_UNREACHABLE, 0, 0, "", 800, 1200 },
		{ PLAN_CREATE, API_BUSY, 2, 0, "", 3200, 4800 },
		{ PLAN_CREATE, API_BUSY, 50, 0, "", 48000, 72000 },
		{ PLAN_CREATE, API_BUSY, 0, 7, "", 7000, 7000 },
		{ PLAN_CREATE, API_FORBIDDEN, 0, 0, "", 800, 1200 },
		{ PLAN_CREATE, API_FORBIDDEN, 50, 0, "", 240000, 360000 },
		{ PLAN_CREATE, API_INVALID, 0, 0, "", 480000, 720000 },
		{ PLAN_CREATE, API_NOT_FOUND, 0, 0, "namespaces", 800, 1200 },
		{ PLAN_CREATE, API_NOT_FOUND, 50, 0, "nodes", 800, 1200 },
		{ PLAN_CREATE, API_EXISTS, 0, 0, "", 0, 0 },
		{ PLAN_CREATE, API_EXISTS, 1, 0, "", 1600, 2400 },
		{ PLAN_DELETE, API_DENIED, 0, 0, "", 0, 0 },
		{ PLAN_DELETE, API_DENIED, 1, 0, "", 16000, 24000 },
		{ PLAN_DELETE, API_NOT_FOUND, 0, 0, "pods", 200, 300 },
	};
	static const uint32_t rnd[] = { 0, 1, 1000, 0x7fffffff, UINT32_MAX };
	struct api_result r;
	struct memo m;
	int64_t wait;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (k = 0; k < sizeof(rnd) / sizeof(rnd[0]); k++) {
			memset(&m, 0, sizeof(m));
			memset(&r, 0, sizeof(r));
			m.busy = table[i].busy;
			m.failures = table[i].failures;
			r.class = table[i].class;
			r.retry_after_s = table[i].after_s;
			(void)snprintf(
			    r.kind, sizeof(r.kind), "%s", table[i].kind);
			memo_failed(&m, &r, NOW, rnd[k]);
			wait = mtime_diff(m.retry, NOW);
			if (wait < table[i].least || wait > table[i].most)
				fail_msg(
				    "row %zu: %lld ms", i, (long long)wait);
			assert_int_equal(m.busy, PLAN_NONE);
		}
}

static void
test_backoff(void **state)
{
	const struct backoff b = { 100, 1000, 0 };
	static const int64_t want[] = { 100, 200, 400, 800, 1000, 1000 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 6; i++)
		assert_int_equal(backoff_ms(&b, i + 1, 0, 5), want[i]);
	assert_int_equal(backoff_ms(&b, 0, 0, 5), 100);
	assert_int_equal(backoff_ms(&b, UINT32_MAX, 0, 5), 1000);
	assert_int_equal(backoff_ms(&b, 1, 5000, 5), 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_status_repair),
		cmocka_unit_test(test_drift_born),
		cmocka_unit_test(test_loop_guard),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_backoff),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
