/*
 * Files of the manifest folder: order, look-up, limits, what a file said,
 * and whose each pod is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/desired.h"
#include "reconciled/message.h"
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

/*
 * Claims by a text: "name" or "name=uid" (uid: else "FILE-name"), with
 * blanks between.  The result of desired_claim().
 */
static int
claim(struct desired *d, const char *file, const char *pods, struct err *err)
{
	struct desired_file *f = desired_get(d, file);
	Tripod__Manifest *m;
	struct arena a;
	char *copy, *word, *rest, *uid;
	int rc;

	arena_init(&a, 65536);
	m = message_new(&a, &tripod__manifest__descriptor);
	m->definition = must_alloc(&a, 16, sizeof(*m->definition));
	copy = must_strdup(&a, pods);
	for (word = strtok_r(copy, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		Tripod__Definition *def = message_new(
		    &a, &tripod__definition__descriptor);

		if ((uid = strchr(word, '=')) != NULL)
			*uid++ = '\0';
		else
			uid = arena_printf(&a, "%s-%s", file, word);
		def->pod = message_new(&a, &tripod__pod__descriptor);
		def->pod->namespace_ = must_strdup(&a, "ns");
		def->pod->name = word;
		def->pod->uid = uid;
		/* One that an earlier version has kept knows no place. */
		def->line = strcmp(file, "old") == 0
		    ? 0
		    : (uint32_t)m->n_definition + 3;
		m->definition[m->n_definition++] = def;
	}
	rc = desired_claim(d, f, m, err);
	arena_release(&a);
	return (rc);
}

/* The file that has a pod, or "". */
static const char *
owner(struct desired *d, const char *pod)
{
	const struct claim *c;
	char key[64];

	(void)snprintf(key, sizeof(key), "ns/%s", pod);
	c = desired_winner(d, key);
	return (c == NULL ? "" : c->file->name);
}

static void
test_claims(void **state)
{
	static const struct {
		const char *file, *pods; /* said, in this order; NULL: gone */
		const char *x, *y, *z;	 /* who has them then */
	} rows[] = {
		{ "b", "x", "b", "", "" },
		{ "c", "x y", "b", "c", "" },
		{ "a", "x", "a", "c", "" },
		{ "a", "z", "b", "c", "a" },
		{ "b", NULL, "c", "c", "a" },
		{ "b", "y x", "b", "b", "a" },
		{ "a", "x y z", "a", "a", "a" },
		{ "a", NULL, "b", "b", "" },
		/* By uid: another pod cannot have it. */
		{ "a", "z=b-x", "c", "b", "a" },
		{ "c", "x", "c", "b", "a" },
		{ "a", NULL, "b", "b", "" },
	};
	struct desired d;
	struct err err;
	size_t i;

	(void)state;
	desired_init(&d);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].pods == NULL)
			desired_drop(&d, desired_find(&d, rows[i].file));
		else
			assert_int_equal(
			    claim(&d, rows[i].file, rows[i].pods, &err), 1);
		desired_settle(&d);
		if (strcmp(owner(&d, "x"), rows[i].x) != 0 ||
		    strcmp(owner(&d, "y"), rows[i].y) != 0 ||
		    strcmp(owner(&d, "z"), rows[i].z) != 0)
			fail_msg("row %zu: x %s, y %s, z %s", i, owner(&d, "x"),
			    owner(&d, "y"), owner(&d, "z"));
	}
	desired_release(&d);
}

static void
test_last_wins(void **state)
{
	struct desired d;
	struct err err;

	(void)state;
	desired_init(&d);
	d.last = 1;
	assert_int_equal(claim(&d, "a", "x y", &err), 1);
	assert_int_equal(claim(&d, "b", "x", &err), 1);
	desired_settle(&d);
	assert_string_equal(owner(&d, "x"), "b");
	assert_string_equal(owner(&d, "y"), "a");
	desired_release(&d);
}

static void
test_conflict_text(void **state)
{
	struct desired d;
	struct arena a;
	struct err err;

	(void)state;
	arena_init(&a, 4096);
	desired_init(&d);
	assert_int_equal(claim(&d, "a", "x y=1", &err), 1);
	assert_int_equal(claim(&d, "b", "x z=1 q", &err), 1);
	desired_settle(&d);
	assert_string_equal(
	    claim_conflict(&desired_find(&d, "b")->claim[0], &a),
	    "a defines the pod ns/x already, in line 3");
	assert_string_equal(
	    claim_conflict(&desired_find(&d, "b")->claim[1], &a),
	    "a gives the uid 1 to the pod ns/y already, in line 4");
	assert_null(desired_find(&d, "b")->claim[2].rival);
	assert_int_equal(claim(&d, "old", "v", &err), 1);
	assert_int_equal(claim(&d, "z", "v", &err), 1);
	desired_settle(&d);
	assert_string_equal(
	    claim_conflict(&desired_find(&d, "z")->claim[0], &a),
	    "old defines the pod ns/v already");
	desired_release(&d);
	arena_release(&a);
}

/* What is refused leaves everything as it was. */
static void
test_claims_refused(void **state)
{
	struct desired d;
	struct err err;

	(void)state;
	desired_init(&d);
	assert_int_equal(claim(&d, "a", "x y", &err), 1);
	assert_int_equal(claim(&d, "a", "x y", &err), 0);
	assert_int_equal(claim(&d, "a", "", &err), -1);
	assert_int_equal(claim(&d, "a", "x z x", &err), -1);
	assert_string_equal(err.text, "pod ns/x, uid a-x, is defined twice");
	assert_int_equal(claim(&d, "a", "x=1 z=1", &err), -1);
	d.npods += DESIRED_PODS_MAX - 2;
	assert_int_equal(claim(&d, "a", "x y z", &err), -1);
	assert_string_equal(err.text, "more than 1000 pods in all files");
	assert_int_equal(claim(&d, "b", "z", &err), -1);
	d.npods -= DESIRED_PODS_MAX - 2;
	desired_settle(&d);
	assert_string_equal(owner(&d, "x"), "a");
	assert_string_equal(owner(&d, "y"), "a");
	assert_string_equal(owner(&d, "z"), "");
	desired_release(&d);
}

/* What comes out is what went in. */
static void
test_kept(void **state)
{
	struct desired_file *f;
	Tripod__Manifest *m;
	struct desired d;
	struct arena *a = arena_new(65536);
	struct err err;

	(void)state;
	desired_init(&d);
	assert_int_equal(claim(&d, "a", "x y", &err), 1);
	f = desired_find(&d, "a");
	text_set(&f->digest, "123");
	assert_int_equal(f->kept, 0);
	m = desired_manifest(f, a);
	assert_non_null(m);
	assert_string_equal(m->file, "a");
	assert_string_equal(m->digest, "123");
	assert_int_equal(m->n_definition, 2);
	assert_string_equal(m->definition[1]->pod->name, "y");
	assert_non_null(desired_own(f, "a-y"));
	assert_null(desired_own(f, "a-z"));
	f->kept = 1;
	assert_int_equal(desired_claim(&d, f, m, &err), 0);
	assert_int_equal(f->kept, 1);
	m->n_definition = 1;
	assert_int_equal(desired_claim(&d, f, m, &err), 1);
	assert_int_equal(f->kept, 0);
	arena_free(a);
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
	desired_release(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_conflict_text),
		cmocka_unit_test(test_claims_refused),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_note),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
