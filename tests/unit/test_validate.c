/*
 * What the corpus of cases cannot show: that it leaves out no rule of the
 * schema, and what happens at the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cases.h"
#include "tests/unit/first_tree.h"
#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/grammar.h"
#include "watcherd/manifest.h"
#include "watcherd/validate.h"
#include "watcherd/yaml.h"

#define SAID_MAX 1024
#define ROWS_MAX 2000
#define LONG 1000 /* longer texts are not for the corpus */

/* What a row says, and what a case has shown of it. */
enum {
	SHOWS_REQUIRED = 0x001,
	SHOWS_CHOICES = 0x002,
	SHOWS_RANGE = 0x004,
	SHOWS_GRAMMAR = 0x008,
	SHOWS_KEYS = 0x010,
	SHOWS_LONGEST = 0x020,
	SHOWS_MOST = 0x040,
	SHOWS_UNIQUE = 0x080,
	SHOWS_REFUSAL = 0x100,
	SHOWS_VALID = 0x200
};

static const struct {
	unsigned int bit;
	const char *what;
} shown[] = {
	{ SHOWS_REQUIRED, "that it is required" },
	{ SHOWS_CHOICES, "a word that is none of its own" },
	{ SHOWS_RANGE, "a number out of its range" },
	{ SHOWS_GRAMMAR, "text that does not follow its grammar" },
	{ SHOWS_KEYS, "a key that does not follow its grammar" },
	{ SHOWS_LONGEST, "text that is too long" },
	{ SHOWS_MOST, "too many elements" },
	{ SHOWS_UNIQUE, "elements that are the same" },
	{ SHOWS_REFUSAL, "that it is refused" },
	{ SHOWS_VALID, "a valid value" },
};

struct row {
	const struct type *type;
	const struct field *field;
	unsigned int shows;
};

struct rows {
	struct row row[ROWS_MAX];
	size_t n;
};

static int
is_refused(const struct field *f)
{
	return (f->support == SUPPORT_REFERS || f->support == SUPPORT_REFUSED);
}

/* All rows that validation looks at. */
static void
rows_collect(struct rows *rows, const struct type *type)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		if (rows->row[i].type == type)
			return;
	}
	for (i = 0; i < type->n; i++) {
		assert_true(rows->n < ROWS_MAX);
		rows->row[rows->n++] = (struct row){ type, &type->field[i], 0 };
	}
	for (i = 0; i < type->n; i++) {
		if (type->field[i].type != NULL && !is_refused(&type->field[i]))
			rows_collect(rows, type->field[i].type);
	}
}

static void
rows_show(struct rows *rows, const struct field *f, unsigned int bit)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		if (rows->row[i].field == f)
			rows->row[i].shows |= bit;
	}
}

static unsigned int
wants(const struct field *f)
{
	unsigned int bits = 0;

	if (is_refused(f))
		return (SHOWS_REFUSAL);
	if ((f->flags & (FIELD_REQUIRED | FIELD_NEEDED)) &&
	    !(f->flags & FIELD_MAY_LACK))
		bits |= SHOWS_REQUIRED;
	bits |= f->choices != NULL ? SHOWS_CHOICES : 0;
	bits |= f->ranged ? SHOWS_RANGE : 0;
	bits |= f->grammar != GRAMMAR_NONE ? SHOWS_GRAMMAR : 0;
	bits |= f->keys != GRAMMAR_NONE ? SHOWS_KEYS : 0;
	bits |= f->longest > 0 && f->longest < LONG ? SHOWS_LONGEST : 0;
	bits |= f->most > 0 ? SHOWS_MOST : 0;
	bits |= f->unique != NULL ? SHOWS_UNIQUE : 0;
	/* No entry of envFrom is, so no prefix of one can be. */
	if (f == type_field(&type_env_from_source, "prefix"))
		return (bits);
	return (bits | SHOWS_VALID);
}

/* The row of a path as messages have it, and the one before. */
static const struct field *
row_of(const char *path, const struct field **before)
{
	const struct type *type = &type_pod;
	const struct field *f = NULL;
	char name[128];
	size_t n;

	for (*before = NULL; *path != '\0' && *path != '['; path += n) {
		n = strcspn(path, ".[");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, path);
		*before = f;
		if (type == NULL || (f = type_field(type, name)) == NULL)
			return (NULL);
		type = f->type;
		while (path[n] == '[' && path[n + 1] != '"')
			n += strcspn(path + n, "]") + 1;
		n += path[n] == '.';
	}
	return (f);
}

static int
begins(const char *text, const char *with)
{
	return (strncmp(text, with, strlen(with)) == 0);
}

static unsigned int
shows(const struct field *f, const char *message)
{
	char range[64], grammar[512], most[64];

	(void)snprintf(
	    range, sizeof(range), "must be %lld..", (long long)f->min);
	(void)snprintf(grammar, sizeof(grammar), "must be %s, got",
	    grammar_str(f->grammar));
	(void)snprintf(most, sizeof(most), "must be at most %zu", f->most);
	if (is_refused(f) && strstr(message, f->note) != NULL)
		return (SHOWS_REFUSAL);
	if (strcmp(message, "is required") == 0)
		return (SHOWS_REQUIRED);
	if (begins(message, "must be one of "))
		return (SHOWS_CHOICES);
	if (f->ranged &&
	    (begins(message, range) || begins(message, "must be at least ")))
		return (SHOWS_RANGE);
	if (begins(message, grammar))
		return (SHOWS_GRAMMAR);
	if (begins(message, "a key must be "))
		return (SHOWS_KEYS);
	if (f->longest > 0 && strstr(message, " bytes, got ") != NULL)
		return (SHOWS_LONGEST);
	return (f->most > 0 && begins(message, most) ? SHOWS_MOST : 0);
}

/* What is told about a manifest shows something of a row each. */
static void
show_problems(struct rows *rows, const struct manifest_source *src)
{
	const struct field *f, *before;
	Tripod__Manifest *m;
	struct arena arena;
	size_t i;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(src, &arena);
	assert_non_null(m);
	for (i = 0; i < m->n_problem; i++) {
		if ((f = row_of(m->problem[i]->field, &before)) == NULL)
			continue;
		rows_show(rows, f, shows(f, m->problem[i]->message));
		if (before != NULL &&
		    begins(m->problem[i]->message, "must be unique, "))
			rows_show(rows, before, SHOWS_UNIQUE);
	}
	arena_release(&arena);
}

/* All that a valid manifest sets is valid. */
static void
show_valid(struct rows *rows, const struct type *type, const struct node *map)
{
	const struct field *f;
	const struct node *value;
	size_t i, j;

	for (i = 0; map->kind == NODE_MAP && i < map->n; i++) {
		if ((f = type_field(type, map->member[i].key)) == NULL)
			continue;
		value = map->member[i].value;
		rows_show(rows, f, SHOWS_VALID);
		if (f->type == NULL)
			continue;
		if (value->kind == NODE_MAP)
			show_valid(rows, f->type, value);
		for (j = 0; value->kind == NODE_LIST && j < value->n; j++)
			show_valid(rows, f->type, value->item[j]);
	}
}

static void
show_tree(struct rows *rows, const struct manifest_source *src)
{
	struct problems problems;
	struct arena arena;
	struct node *tree;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	problems_init(&problems, &arena, MANIFEST_LENIENT);
	tree = first_tree(src->bytes, src->len, &arena, &problems);
	if (tree != NULL)
		show_valid(rows, &type_pod, tree);
	arena_release(&arena);
}

static void
show_case(struct rows *rows, const struct manifest_case *c)
{
	struct manifest_source src = { "a.yaml", "node1", NULL, 0,
		MANIFEST_STRICT };
	struct case_manifest composed;

	case_compose(c, &composed);
	src.bytes = composed.bytes;
	src.len = strlen(composed.bytes);
	if (c->invalid[MANIFEST_STRICT])
		show_problems(rows, &src);
	if (!c->invalid[MANIFEST_LENIENT])
		show_tree(rows, &src);
	free(composed.bytes);
}

/* Each column of each row has a case that it refuses, and a valid one. */
static void
test_rows_shown(void **state)
{
	static struct rows rows;
	struct cases cases;
	unsigned int missing;
	size_t i, j;
	int n = 0;

	(void)state;
	rows_collect(&rows, &type_object_meta);
	rows_collect(&rows, &type_pod_spec);
	cases_read(&cases, NULL);
	for (i = 0; i < cases.n; i++)
		show_case(&rows, &cases.item[i]);
	cases_release(&cases);
	for (i = 0; i < rows.n; i++) {
		missing = wants(rows.row[i].field) & ~rows.row[i].shows;
		for (j = 0; j < sizeof(shown) / sizeof(shown[0]); j++) {
			if (!(missing & shown[j].bit))
				continue;
			print_error("%s.%s: no case shows %s\n",
			    rows.row[i].type->name, rows.row[i].field->name,
			    shown[j].what);
			n++;
		}
	}
	if (n > 0)
		fail_msg("%d columns of the schema have no case", n);
}

/* Parses and tells of the first error, "FIELD: TEXT", or "". */
static void
first_error(const char *text, size_t len, char said[static SAID_MAX])
{
	const struct manifest_source src = { "a.yaml", "node1", text, len,
		MANIFEST_STRICT };
	const Tripod__Problem *p;
	Tripod__Manifest *m;
	struct arena arena;

	said[0] = '\0';
	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	assert_non_null(m);
	if (m->state != TRIPOD__MANIFEST__STATE__VALID) {
		p = m->problem[0];
		(void)snprintf(said, SAID_MAX, "%s: %s", p->field, p->message);
	}
	arena_release(&arena);
}

#define HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
#define TEXT_MAX (1 << 20)

/* Many of one kind: refused by number, not by patience. */
static void
test_numbers(void **state)
{
	static const struct {
		const char *list, *item, *error;
		int max;
	} rows[] = {
		{ "containers:\n", "  - {name: c%d, image: x}\n",
		    "spec.containers: must be at most", CONTAINERS_MAX },
		{ "containers: [{name: c, image: x}]\n  volumes:\n",
		    "  - {name: v%d}\n", "spec.volumes: must be at most",
		    VOLUMES_MAX },
	};
	char *text = malloc(TEXT_MAX), said[SAID_MAX];
	size_t i, n;
	int over, j;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (over = 0; over <= 1; over++) {
			n = (size_t)snprintf(
			    text, TEXT_MAX, HEAD "  %s", rows[i].list);
			for (j = 0; j < rows[i].max + over; j++)
				n += (size_t)snprintf(
				    text + n, TEXT_MAX - n, rows[i].item, j);
			first_error(text, n, said);
			assert_int_equal(begins(said, rows[i].error), over);
		}
	}
	free(text);
}

/* All annotations together; the hash is one of them. */
static void
test_annotations(void **state)
{
	static const char head[] =
	    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
	    "  annotations: {a: ";
	static const char tail[] =
	    "}\nspec: {containers: [{name: c, image: x}]}\n";
	const size_t room = ANNOTATIONS_MAX - 1 -
	    (sizeof("kubernetes.io/config.hash") - 1) - 32;
	char *text = malloc(TEXT_MAX), said[SAID_MAX];
	size_t over, n;

	(void)state;
	assert_non_null(text);
	for (over = 0; over <= 1; over++) {
		n = (size_t)snprintf(text, TEXT_MAX, "%s", head);
		memset(text + n, 'b', room + over);
		n += room + over;
		n += (size_t)snprintf(text + n, TEXT_MAX - n, "%s", tail);
		first_error(text, n, said);
		assert_string_equal(said,
		    over ? "metadata.annotations: must be at most 262144 "
			   "bytes together, got 262145"
			 : "");
	}
	free(text);
}

/* Texts as long as they may be, and one byte more. */
static void
test_long(void **state)
{
	static const struct {
		const char *before;
		size_t most;
	} rows[] = {
		{ "appArmorProfile: {type: Localhost, localhostProfile: ",
		    4095 },
		{ "windowsOptions: {gmsaCredentialSpec: ", 65536 },
	};
	char *text = malloc(TEXT_MAX), said[SAID_MAX];
	size_t i, n, over;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (over = 0; over <= 1; over++) {
			n = (size_t)snprintf(text, TEXT_MAX,
			    HEAD "  containers: [{name: c, image: x}]\n"
				 "  securityContext: {%s",
			    rows[i].before);
			memset(text + n, 'a', rows[i].most + over);
			n += rows[i].most + over;
			n += (size_t)snprintf(text + n, TEXT_MAX - n, "}}\n");
			first_error(text, n, said);
			assert_int_equal(
			    strstr(said, "must be at most ") != NULL, over);
		}
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_shown),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_long),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
