/*
 * What the identity of a pod covers.  Every field of the schema is tried:
 * what is kept counts with every value, layout never does.
 *
 * The digests in tests/fixtures/identity.tsv are frozen: a change of any
 * of them restarts every pod in the field at the next upgrade.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/first_tree.h"
#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/defaults.h"
#include "watcherd/identity.h"

#define ARENA (32 << 20)
#define TEXT_MAX 4096
#define FIXTURE_MAX 65536

/* A decoded, defaulted, pruned pod; whether it is valid does not matter. */
static struct node *
pod_of(struct arena *arena, const char *text, size_t len)
{
	struct problems p;
	struct node *tree, *pod;

	problems_init(&p, arena, MANIFEST_STRICT);
	tree = first_tree(text, len, arena, &p);
	pod = tree != NULL ? decode_pod(tree, arena, &p) : NULL;
	if (pod == NULL || p.errors > 0)
		fail_msg(
		    "%s: %s: %s", text, p.item[0]->field, p.item[0]->message);
	assert_int_equal(defaults_apply(pod, arena, &p), 0);
	canonical_prune(&type_pod, pod);
	return (pod);
}

/* What the digest covers of a manifest; the caller frees it. */
static char *
meaning_of(const char *text)
{
	struct arena arena;
	struct node *pod;
	char *json, *copy;
	size_t len;

	arena_init(&arena, ARENA);
	pod = identity_meaning(&arena, pod_of(&arena, text, strlen(text)));
	assert_non_null(pod);
	json = canonical_json(&arena, pod, &len);
	assert_non_null(json);
	copy = strdup(json);
	assert_non_null(copy);
	arena_release(&arena);
	return (copy);
}

/* A mapping of a certain type in a manifest, and what is around it. */
struct spot {
	const struct type *type;
	char *before, *after;
	int cleared; /* lies in what has no meaning */
};

static char *
meaning_at(const struct spot *spot, const char *inside)
{
	char *text, *meaning;

	(void)xasprintf(&text, "%s{%s}%s", spot->before, inside, spot->after);
	meaning = meaning_of(text);
	free(text);
	return (meaning);
}

/* Do two contents of the spot mean the same? */
static void
check_pair(const struct spot *spot, const char *one, const char *two, int same)
{
	char *a = meaning_at(spot, one), *b = meaning_at(spot, two);

	if ((strcmp(a, b) == 0) != same)
		fail_msg("%s: {%s} and {%s}: %s: %s", spot->before, one, two,
		    same ? "differ" : "are the same", a);
	free(a);
	free(b);
}

#define VALUES 2

/* Values that are no default of anything. */
static const char *const *
values_of(const struct field *f)
{
	static const char *const strings[] = { "\"v\"", "\"w\"" };
	static const char *const numbers[] = { "7", "8" };
	static const char *const times[] = { "\"2020-01-01T00:00:00Z\"",
		"\"2021-01-01T00:00:00Z\"" };
	static const char *const maps[] = { "{\"a\":1}", "{\"a\":2}" };

	switch (f->json) {
	case JSON_STRING:
		return (strings);
	case JSON_TIME:
		return (times);
	case JSON_ANY:
		return (maps);
	case JSON_BOOL:
	case JSON_OBJECT:
		return (NULL);
	case JSON_INT32:
	case JSON_INT64:
	case JSON_QUANTITY:
	case JSON_RESOURCE:
	case JSON_INT_OR_STRING:
		break;
	}
	return (numbers);
}

static void
check_values(const struct spot *spot, const struct field *f, const char *form)
{
	const char *const *value = values_of(f);
	char one[TEXT_MAX], two[TEXT_MAX];

	(void)snprintf(one, sizeof(one), form, f->name, value[0]);
	(void)snprintf(two, sizeof(two), form, f->name, value[1]);
	check_pair(spot, one, two, spot->cleared);
	check_pair(spot, one, "", spot->cleared);
	check_pair(spot, two, "", spot->cleared);
}

/* Another spelling of a number. */
static void
check_spelling(const struct spot *spot, const struct field *f)
{
	static const char *const forms[] = { "\"%s\":\"2\"", "\"%s\":\"2000m\"",
		"\"%s\":2.0", "\"%s\":\"0.002k\"", "\"%s\":\"2e0\"",
		"\"%s\":\" 2 \"", "\"%s\":\"2000000u\"" };
	static const char *const large[] = { "\"%s\":\"2048\"",
		"\"%s\":\"2Ki\"", "\"%s\":2.048e3", "\"%s\":\"2048000m\"" };
	char one[TEXT_MAX], two[TEXT_MAX];
	size_t i;

	(void)snprintf(two, sizeof(two), "\"%s\":2", f->name);
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		(void)snprintf(one, sizeof(one), forms[i], f->name);
		check_pair(spot, one, two, 1);
	}
	(void)snprintf(two, sizeof(two), "\"%s\":2048", f->name);
	for (i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		(void)snprintf(one, sizeof(one), large[i], f->name);
		check_pair(spot, one, two, 1);
	}
}

/* Null, zero and the default, written out. */
static void
check_unset(const struct spot *spot, const struct field *f)
{
	static const char *const zero[] = {
		[JSON_STRING] = "\"\"",
		[JSON_BOOL] = "false",
		[JSON_INT32] = "0",
		[JSON_INT64] = "0",
		[JSON_TIME] = NULL,
		[JSON_ANY] = NULL,
	};
	char text[TEXT_MAX];
	int quoted = f->json == JSON_STRING || f->json == JSON_QUANTITY;

	(void)snprintf(text, sizeof(text), "\"%s\":null", f->name);
	check_pair(spot, text, "", 1);
	if (f->fallback != NULL) {
		(void)snprintf(text, sizeof(text), "\"%s\":%s%s%s", f->name,
		    quoted ? "\"" : "", f->fallback, quoted ? "\"" : "");
		check_pair(spot, text, "", 1);
	}
	if ((size_t)f->json >= sizeof(zero) / sizeof(zero[0]) ||
	    zero[f->json] == NULL)
		return;
	(void)snprintf(text, sizeof(text), "\"%s\":%s", f->name, zero[f->json]);
	if (f->fallback == NULL)
		check_pair(spot, text, "",
		    spot->cleared || !(f->flags & FIELD_OPTIONAL));
}

/* An empty mapping, with nothing in it or with nothing that says something. */
static void
check_empty(const struct spot *spot, const struct field *f)
{
	const struct type *t = f->type;
	char text[TEXT_MAX];
	int same = spot->cleared || (f->flags & FIELD_NO_EMPTY) != 0 ||
	    f->fallback != NULL || strcmp(f->name, "emptyDir") == 0;
	size_t i;

	(void)snprintf(text, sizeof(text), "\"%s\":{}", f->name);
	check_pair(spot, text, "", same);
	for (i = 0; (f->flags & FIELD_NO_EMPTY) && i < t->n; i++) {
		if (t->field[i].shape != SHAPE_LIST)
			continue;
		(void)snprintf(text, sizeof(text), "\"%s\":{\"%s\":[]}",
		    f->name, t->field[i].name);
		check_pair(spot, text, "", same);
	}
}

static void
check_one(const struct spot *spot, const struct field *f)
{
	char one[TEXT_MAX], two[TEXT_MAX];

	check_unset(spot, f);
	if (f->json == JSON_BOOL) {
		(void)snprintf(one, sizeof(one), "\"%s\":true", f->name);
		(void)snprintf(two, sizeof(two), "\"%s\":false", f->name);
		check_pair(spot, one, two, spot->cleared);
	} else if (f->json == JSON_OBJECT)
		check_empty(spot, f);
	else
		check_values(spot, f, "\"%s\":%s");
	if (f->json == JSON_QUANTITY)
		check_spelling(spot, f);
}

static void
check_list(const struct spot *spot, const struct field *f)
{
	const char *const *value = values_of(f);
	char one[TEXT_MAX], two[TEXT_MAX];

	(void)snprintf(one, sizeof(one), "\"%s\":null", f->name);
	(void)snprintf(two, sizeof(two), "\"%s\":[]", f->name);
	check_pair(spot, one, "", 1);
	check_pair(spot, two, "", 1);
	if (value == NULL)
		return;
	check_values(spot, f, "\"%s\":[%s]");
	(void)snprintf(
	    one, sizeof(one), "\"%s\":[%s,%s]", f->name, value[0], value[1]);
	(void)snprintf(
	    two, sizeof(two), "\"%s\":[%s,%s]", f->name, value[1], value[0]);
	check_pair(spot, one, two, spot->cleared);
	(void)snprintf(two, sizeof(two), "\"%s\":[%s]", f->name, value[0]);
	check_pair(spot, one, two, spot->cleared);
}

static void
check_map(const struct spot *spot, const struct field *f)
{
	const char *const *value = values_of(f);
	char one[TEXT_MAX], two[TEXT_MAX];

	(void)snprintf(one, sizeof(one), "\"%s\":null", f->name);
	(void)snprintf(two, sizeof(two), "\"%s\":{}", f->name);
	check_pair(spot, one, "", 1);
	check_pair(spot, two, "", 1);
	check_values(spot, f, "\"%s\":{\"k\":%s}");
	(void)snprintf(
	    one, sizeof(one), "\"%s\":{\"k\":%s}", f->name, value[0]);
	(void)snprintf(
	    two, sizeof(two), "\"%s\":{\"l\":%s}", f->name, value[0]);
	check_pair(spot, one, two, spot->cleared);
	if (f->json != JSON_RESOURCE)
		return;
	(void)snprintf(
	    one, sizeof(one), "\"%s\":{\"k\":\"1Ki\",\"l\":0.5}", f->name);
	(void)snprintf(
	    two, sizeof(two), "\"%s\":{\"l\":\"500m\",\"k\":1024}", f->name);
	check_pair(spot, one, two, 1);
	/* Rounded up to a thousandth. */
	(void)snprintf(one, sizeof(one), "\"%s\":{\"k\":\"1u\"}", f->name);
	(void)snprintf(two, sizeof(two), "\"%s\":{\"k\":\"0.001\"}", f->name);
	check_pair(spot, one, two, 1);
}

static size_t check_spot(const struct spot *);

/* Returns how many fields were looked at. */
static size_t
check_field(const struct spot *spot, const struct field *f)
{
	int list = f->shape == SHAPE_LIST;
	struct spot here = *spot;
	size_t n;

	here.cleared |= (f->flags & FIELD_CLEARED) != 0;
	switch (f->shape) {
	case SHAPE_ONE:
		check_one(&here, f);
		break;
	case SHAPE_LIST:
		check_list(&here, f);
		break;
	case SHAPE_MAP:
		check_map(&here, f);
		break;
	}
	if (f->json != JSON_OBJECT)
		return (1);
	here.type = f->type;
	(void)xasprintf(&here.before, "%s{\"%s\":%s", spot->before, f->name,
	    list ? "[" : "");
	(void)xasprintf(&here.after, "%s}%s", list ? "]" : "", spot->after);
	n = 1 + check_spot(&here);
	free(here.before);
	free(here.after);
	return (n);
}

static size_t
check_spot(const struct spot *spot)
{
	size_t i, n = 0;

	for (i = 0; i < spot->type->n; i++)
		n += check_field(spot, &spot->type->field[i]);
	return (n);
}

/* A part of the pod at a time, so that no test lasts long. */
static void
check_part(const char *name, size_t min)
{
	static const char head[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"";
	const struct field *f = type_field(&type_pod, name);
	struct spot spot;

	assert_non_null(f);
	memset(&spot, 0, sizeof(spot));
	spot.type = f->type;
	spot.cleared = (f->flags & FIELD_CLEARED) != 0;
	(void)xasprintf(&spot.before, "%s,\"%s\":", head, name);
	spot.after = xstrdup("}");
	assert_true(check_spot(&spot) >= min);
	free(spot.before);
	free(spot.after);
}

static void
test_metadata(void **state)
{
	(void)state;
	check_part("metadata", 25);
}

static void
test_spec(void **state)
{
	(void)state;
	check_part("spec", 1000);
}

static void
test_status(void **state)
{
	(void)state;
	check_part("status", 50);
}

static void
test_place(void **state)
{
	static const char text[] = "apiVersion: v1\nkind: Pod\n"
				   "metadata: {name: a}\nspec: {}\n";
	static const struct identity_place places[] = {
		{ "node1", "a.yaml" },
		{ "node1", "b.yaml" },
		{ "node2", "a.yaml" },
		{ "node1file:a.yaml", "" },
	};
	struct identity_of id[4];
	struct arena arena;
	size_t i, j;

	(void)state;
	arena_init(&arena, ARENA);
	for (i = 0; i < 4; i++) {
		assert_int_equal(
		    identity_make(
			pod_of(&arena, text, strlen(text)), &places[i], &id[i]),
		    0);
		for (j = 0; j < i; j++)
			assert_string_not_equal(id[i].hash, id[j].hash);
	}
	arena_release(&arena);
}

/*
 * Only what may become a folder is taken over; such a pod is the same one in
 * whatever file.
 */
static void
test_uid(void **state)
{
	static const struct {
		const char *uid;
		int taken;
	} rows[] = { { "a", 1 }, { "A-b_c.9", 1 }, { "../../x", 0 },
		{ ".a", 0 }, { "a b", 0 }, { "", 0 }, { "a/b", 0 } };
	const struct identity_place place = { "node1", "a.yaml" };
	const struct identity_place moved = { "node1", "b.yaml" };
	struct identity_of id, other;
	struct arena arena;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		arena_init(&arena, ARENA);
		(void)snprintf(text, sizeof(text),
		    "apiVersion: v1\nkind: Pod\n"
		    "metadata: {name: a, uid: '%s'}\n",
		    rows[i].uid);
		assert_int_equal(
		    identity_make(
			pod_of(&arena, text, strlen(text)), &place, &id),
		    0);
		assert_string_equal(
		    id.uid, rows[i].taken ? rows[i].uid : id.hash);
		assert_int_equal(
		    identity_make(
			pod_of(&arena, text, strlen(text)), &moved, &other),
		    0);
		assert_int_equal(
		    strcmp(id.hash, other.hash) == 0, rows[i].taken);
		arena_release(&arena);
	}
}

/* What the node adds to a spec. */
static void
test_environment(void **state)
{
#define OWN "{\"effect\":\"NoExecute\",\"operator\":\"Exists\"}"
	static const struct {
		const char *spec, *want, *never;
	} rows[] = {
		{ "", "\"nodeName\":\"node1\"", "priority" },
		{ "nodeName: other", "\"nodeName\":\"node1\"", "other" },
		{ "", "\"tolerations\":[" OWN "]", NULL },
		{ "tolerations: [{key: k, operator: Exists}]",
		    "[{\"key\":\"k\",\"operator\":\"Exists\"}," OWN "]", NULL },
		{ "tolerations: [{operator: Exists, effect: NoExecute, "
		  "tolerationSeconds: 5}, {key: k, operator: Exists}, "
		  "{effect: NoExecute, operator: Exists}]",
		    "[" OWN ",{\"key\":\"k\",\"operator\":\"Exists\"}," OWN "]",
		    "tolerationSeconds" },
		{ "tolerations: [{operator: Exists}]",
		    "[{\"operator\":\"Exists\"}," OWN "]", NULL },
		{ "priorityClassName: system-node-critical",
		    "\"priority\":2000001000", NULL },
		{ "priorityClassName: system-cluster-critical",
		    "\"priority\":2000000000", NULL },
		{ "priorityClassName: system-node-critical, priority: 7",
		    "\"priority\":7", NULL },
		{ "priorityClassName: mine", "\"priorityClassName\":\"mine\"",
		    "\"priority\"" },
	};
	const struct identity_place place = { "node1", "a.yaml" };
	struct identity_of id;
	struct arena arena;
	struct node *pod, *mirror;
	const char *json;
	char *text;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		arena_init(&arena, ARENA);
		text = arena_printf(&arena,
		    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
		    "spec: {%s}\n",
		    rows[i].spec);
		pod = pod_of(&arena, text, strlen(text));
		assert_int_equal(identity_make(pod, &place, &id), 0);
		assert_string_equal(id.name, "a-node1");
		assert_string_equal(id.ns, "default");
		mirror = identity_mirror(&arena, pod, "node1", &id);
		assert_non_null(mirror);
		json = canonical_json(&arena, mirror, &len);
		if (strstr(json, rows[i].want) == NULL ||
		    (rows[i].never != NULL &&
			strstr(json, rows[i].never) != NULL))
			fail_msg("%s: %s", rows[i].spec, json);
		arena_release(&arena);
	}
}

static size_t
fixture(const char *name, char buf[static FIXTURE_MAX])
{
	char path[256];
	size_t len;
	FILE *fp;

	(void)snprintf(path, sizeof(path), "tests/fixtures/%s", name);
	if ((fp = fopen(path, "re")) == NULL)
		fail_msg("no %s", path);
	len = fread(buf, 1, FIXTURE_MAX - 1, fp);
	buf[len] = '\0';
	assert_int_equal(fclose(fp), 0);
	return (len);
}

/* One line: fixture, name of the file, of the node, digest. */
static void
check_vector(char *line)
{
	static char text[FIXTURE_MAX];
	const char *name = strsep(&line, "\t");
	struct identity_place place;
	struct identity_of id;
	struct arena arena;
	size_t len;

	place.file = strsep(&line, "\t");
	place.node = strsep(&line, "\t");
	assert_non_null(line);
	len = fixture(name, text);
	arena_init(&arena, ARENA);
	assert_int_equal(
	    identity_make(pod_of(&arena, text, len), &place, &id), 0);
	if (strcmp(id.hash, line) != 0)
		fail_msg(
		    "%s\t%s\t%s\t%s", name, place.file, place.node, id.hash);
	arena_release(&arena);
}

static void
test_vectors(void **state)
{
	static char table[FIXTURE_MAX];
	char *rest = table, *line;
	size_t n = 0;

	(void)state;
	(void)fixture("identity.tsv", table);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0' || *line == '#')
			continue;
		check_vector(line);
		n++;
	}
	assert_true(n >= 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_uid),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_vectors),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
