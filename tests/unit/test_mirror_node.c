/* node.c, nodeplan.c: the Node object and its Lease. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mirrord/apijson.h"
#include "mirrord/node.h"
#include "mirrord/nodeplan.h"
#include "mirrord/seen.h"

#define T0 INT64_C(1795420886500000000)
#define NOW ((struct mtime){ 5000000 })

static const struct hostinfo host = { .machine_id = "m",
	.system_uuid = "s",
	.boot_id = "b",
	.kernel = "6",
	.os_image = "Debian \xff",
	.arch = "amd64",
	.cpus = 2,
	.memory_kib = 2048,
	.storage_kib = 1025 };

static json_t *
want(int ready)
{
	char *address[] = { (char *)(uintptr_t) "10.0.0.5" };
	Tripod__NodeItem item = TRIPOD__NODE_ITEM__INIT;

	item.runtime_ready = item.network_ready = ready;
	item.address = address;
	item.n_address = 1;
	return (node_build("n1", &host, &item));
}

/* What the server has after the POST. */
static struct seen_node *
stored(const json_t *w)
{
	json_t *shared = node_post(w, T0), *post = json_deep_copy(shared);
	struct seen_node *n;
	struct err err = { "" };

	(void)json_object_set_new(
	    json_object_get(post, "metadata"), "uid", json_string("u"));
	n = seen_node_new(post, "n1", &err);
	if (n == NULL)
		fail_msg("%s", err.text);
	json_decref(post);
	json_decref(shared);
	return (n);
}

static const char *
text_at(const json_t *o, const char *a, const char *b, const char *c)
{
	o = json_object_get(json_object_get(o, a), b);
	return (json_text(o, c));
}

static void
test_build(void **state)
{
	json_t *w = node_build("n1", &host, NULL), *last;
	const json_t *conds;

	(void)state;
	assert_string_equal(text_at(w, "status", "capacity", "cpu"), "2");
	/* Canonical, or the server's answer would never be equal. */
	assert_string_equal(text_at(w, "status", "capacity", "memory"), "2Mi");
	assert_string_equal(
	    text_at(w, "status", "capacity", "ephemeral-storage"), "1025Ki");
	assert_string_equal(text_at(w, "status", "allocatable", "pods"), "0");
	assert_string_equal(
	    text_at(w, "status", "nodeInfo", "osImage"), "Debian ?");
	assert_null(text_at(w, "metadata", "labels", "kubernetes.io/os"));
	conds = json_object_get(json_object_get(w, "status"), "conditions");
	assert_int_equal(json_array_size(conds), 4);
	last = json_array_get(conds, 3);
	assert_string_equal(json_text(last, "type"), "Ready");
	assert_string_equal(json_text(last, "status"), "False");
	json_decref(w);
}

static void
test_differs(void **state)
{
	json_t *w = want(1), *other = want(0), *patch, *c;
	struct seen_node *n = stored(w);

	(void)state;
	assert_false(node_differs(w, n->labels, n->status));
	assert_true(node_differs(other, n->labels, n->status));
	/* What others add is theirs. */
	(void)json_object_set_new(n->labels, "other", json_string("x"));
	(void)json_array_append_new(json_object_get(n->status, "conditions"),
	    json_pack("{s:s,s:s}", "type", "Other", "status", "True"));
	assert_false(node_differs(w, n->labels, n->status));
	(void)json_object_set_new(
	    n->labels, "kubernetes.io/hostname", json_string("x"));
	assert_true(node_differs(w, n->labels, n->status));

	/* Ready changes, so its transition does; the others keep theirs. */
	patch = node_patch(other, n->status, T0 + 3000000000);
	c = json_object_get(json_object_get(patch, "status"), "conditions");
	assert_string_equal(
	    json_text(json_array_get(c, 0), "lastTransitionTime"),
	    "2026-11-23T08:01:26Z");
	assert_string_equal(
	    json_text(json_array_get(c, 0), "lastHeartbeatTime"),
	    "2026-11-23T08:01:29Z");
	assert_string_equal(
	    json_text(json_array_get(c, 3), "lastTransitionTime"),
	    "2026-11-23T08:01:29Z");
	assert_null(
	    json_object_get(json_object_get(patch, "status"), "addresses"));
	json_decref(patch);

	(void)json_object_set_new(n->status, "addresses", json_array());
	patch = node_patch(w, n->status, T0);
	c = json_object_get(json_object_get(patch, "status"), "addresses");
	assert_string_equal(
	    json_text(json_array_get(c, 0), "$patch"), "replace");
	assert_int_equal(json_array_size(c), 3);
	json_decref(patch);
	seen_node_free(n);
	json_decref(w);
	json_decref(other);
}

static void
test_lease(void **state)
{
	json_t *lease;

	(void)state;
	assert_int_equal(lease_next_us(0, 5000), 5);
	assert_int_equal(lease_next_us(4, 5000), 5);
	assert_int_equal(lease_next_us(5, 5000), 6);
	/* The clock went back. */
	assert_int_equal(lease_next_us(1000, 5000), 1001);
	lease = lease_patch("n1", T0 / 1000);
	assert_string_equal(
	    json_text(json_object_get(lease, "spec"), "renewTime"),
	    "2026-11-23T08:01:26.500000Z");
	assert_int_equal(seen_lease_renewed_us(lease), T0 / 1000);
	json_decref(lease);
}

static void
test_time(void **state)
{
	static const struct {
		const char *text;
		int64_t us; /* -1: refused */
	} rows[] = {
		{ "1970-01-01T00:00:01Z", 1000000 },
		{ "1970-01-01T00:00:01.5Z", 1500000 },
		{ "1970-01-01T00:00:01.123456789Z", 1123456 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1969-12-31T23:30:00.000001-00:30", 1 },
		{ "1970-01-01T00:00:01", -1 },
		{ "1970-01-01T00:00:01+1", -1 },
		{ "1970-01-01T00:00:01Zx", -1 },
		{ "1970-01-01 00:00:01Z", -1 },
		{ "", -1 },
		{ "now", -1 },
	};
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		us = -1;
		if (rfc3339_parse_us(rows[i].text, &us) == -1)
			us = -1;
		if (us != rows[i].us)
			fail_msg("%s: %lld", rows[i].text, (long long)us);
	}
}

/* --- decisions --- */

struct row {
	const char *name;
	int incomplete, missing, deleting, differs, existing, no_reregister;
	int exists, existed;	 /* memo */
	int64_t missing_ms;	 /* ago */
	int64_t patched_ms;	 /* ago; 0: never */
	int patched_same;	 /* that was what is wanted now */
	int64_t retry_ms;	 /* from now */
	int known, lease_exists; /* lease */
	int64_t next_ms;	 /* from now */
	enum node_kind node;
	enum lease_kind lease;
	int64_t wake_ms; /* from now; 0: never */
};

#define HOUR 3600000
#define FINE .patched_ms = 1000, .known = 1, .lease_exists = 1

static const struct row rows[] = {
	{ "incomplete", .incomplete = 1, .missing = 1 },
	{ "not there: create", .missing = 1, .node = NODE_CREATE },
	{ "creation said it exists", .missing = 1, .exists = 1,
	    .node = NODE_GET },
	{ "back-off", .missing = 1, .retry_ms = 300, .wake_ms = 300 },
	{ "deleted a moment ago", .missing = 1, .existed = 1,
	    .missing_ms = 4000, .wake_ms = 6000 },
	{ "deleted long ago", .missing = 1, .existed = 1, .missing_ms = 10000,
	    .node = NODE_CREATE },
	{ "deleted, and meant so", .missing = 1, .existed = 1,
	    .missing_ms = HOUR, .no_reregister = 1 },
	{ "somebody else's, not there", .missing = 1, .existing = 1 },
	{ "somebody else's", .differs = 1, .existing = 1 },
	{ "being deleted", .deleting = 1, .differs = 1 },
	{ "differs", FINE, .differs = 1, .next_ms = 700, .node = NODE_PATCH,
	    .wake_ms = 700 },
	{ "changed by others a moment ago", FINE, .differs = 1,
	    .patched_same = 1, .next_ms = 20000, .wake_ms = 9000 },
	{ "changed by others", .patched_ms = 10000, .known = 1,
	    .lease_exists = 1, .differs = 1, .patched_same = 1, .next_ms = 700,
	    .node = NODE_PATCH, .wake_ms = 700 },
	{ "heartbeat", .patched_ms = 300000, .known = 1, .lease_exists = 1,
	    .next_ms = 700, .node = NODE_PATCH, .wake_ms = 700 },
	{ "fine", FINE, .next_ms = 700, .wake_ms = 700 },
	{ "lease unknown", .patched_ms = 1000, .lease = LEASE_GET,
	    .wake_ms = 299000 },
	{ "no lease", .patched_ms = 1000, .known = 1, .lease = LEASE_CREATE,
	    .wake_ms = 299000 },
	{ "renewal is due", FINE, .lease = LEASE_RENEW, .wake_ms = 299000 },
};

static void
test_plan(void **state)
{
	json_t *w = want(1), *other = want(0);
	const struct row *r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seen_node *n;
		struct node_env env = {
			.want_complete = 1, .want = w, .now = NOW
		};
		struct node_memo m = { 0 };
		struct lease_memo l = { 0 };
		struct node_plan p;

		r = &rows[i];
		n = stored(r->differs ? other : w);
		n->deleting = r->deleting;
		env.seen_complete = !r->incomplete;
		env.seen = r->missing ? NULL : n;
		env.policy = (struct node_policy){ r->existing,
			!r->no_reregister, 10000, 10000 };
		m.exists = r->exists;
		m.existed = r->existed;
		m.missing = mtime_add(NOW, -r->missing_ms);
		m.retry = mtime_add(NOW, r->retry_ms);
		if (r->patched_ms != 0)
			m.patched_at = mtime_add(NOW, -r->patched_ms);
		m.patched = r->patched_same ? w : other;
		l.known = r->known;
		l.exists = r->lease_exists;
		l.next = mtime_add(NOW, r->next_ms);
		plan_node(&env, &m, &l, &p);
		if (p.node != r->node)
			fail_msg("%s: node %s", r->name, node_kind_str(p.node));
		if (p.lease != r->lease)
			fail_msg(
			    "%s: lease %s", r->name, lease_kind_str(p.lease));
		if (r->wake_ms == 0 ? p.wake.ms != INT64_MAX
				    : p.wake.ms != NOW.ms + r->wake_ms)
			fail_msg("%s: wake", r->name);
		seen_node_free(n);
	}
	json_decref(w);
	json_decref(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_plan),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
