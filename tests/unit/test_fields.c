/*
 * Each field of the schema with each wrong type of value, and with a name
 * that is not quite its own: told at the field, and nowhere else taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/canonical.h"
#include "watcherd/manifest.h"
#include "watcherd/schema.h"

#define TYPES_MAX 300
#define TEXT_MAX 4096

/* The way to an object of a type, as JSON and as messages have it. */
struct way {
	const struct type *type;
	char before[TEXT_MAX / 4], after[TEXT_MAX / 4];
	char path[TEXT_MAX / 4];
};

struct ways {
	struct way way[TYPES_MAX];
	size_t n;
};

static void __attribute__((format(printf, 3, 4)))
put(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < size);
}

static void
ways_collect(struct ways *ways, const struct way *to)
{
	const struct field *f;
	struct way way;
	size_t i;

	for (i = 0; i < ways->n; i++) {
		if (ways->way[i].type == to->type)
			return;
	}
	assert_true(ways->n < TYPES_MAX);
	ways->way[ways->n++] = *to;
	for (i = 0; i < to->type->n; i++) {
		f = &to->type->field[i];
		if (f->type == NULL || strcmp(f->name, "status") == 0)
			continue;
		way.type = f->type;
		put(way.before, sizeof(way.before), "%s\"%s\":%s{", to->before,
		    f->name, f->shape == SHAPE_LIST ? "[" : "");
		put(way.after, sizeof(way.after), "}%s%s",
		    f->shape == SHAPE_LIST ? "]" : "", to->after);
		put(way.path, sizeof(way.path), "%s%s%s.", to->path, f->name,
		    f->shape == SHAPE_LIST ? "[0]" : "");
		ways_collect(ways, &way);
	}
}

/* True if a problem of the field begins like that. */
static int
says(const char *text, const char *field, const char *begin)
{
	struct manifest_source src = { "a.json", "node1", text, strlen(text),
		MANIFEST_STRICT };
	Tripod__Manifest *m;
	struct arena arena;
	size_t i;
	int found = 0;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	assert_non_null(m);
	for (i = 0; i < m->n_problem; i++) {
		if (strcmp(m->problem[i]->field, field) == 0 &&
		    strncmp(m->problem[i]->message, begin, strlen(begin)) == 0)
			found = 1;
	}
	arena_release(&arena);
	return (found);
}

/* A manifest with one thing in one object. */
static void
compose(char text[static TEXT_MAX], const struct way *way, const char *name,
    const char *value)
{
	put(text, TEXT_MAX,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",%s\"%s\":%s%s}",
	    way->before, name, value, way->after);
}

enum literal {
	LIT_STRING,
	LIT_INTEGER,
	LIT_REAL,
	LIT_BOOL,
	LIT_LIST,
	LIT_MAP
};

static const char *const literals[] = { [LIT_STRING] = "\"x\"",
	[LIT_INTEGER] = "1",
	[LIT_REAL] = "1.5",
	[LIT_BOOL] = "true",
	[LIT_LIST] = "[]",
	[LIT_MAP] = "{}" };
#define NLITERALS (sizeof(literals) / sizeof(literals[0]))

static int
takes(enum json_type json, enum literal literal)
{
	switch (json) {
	case JSON_STRING:
		return (literal == LIT_STRING);
	case JSON_BOOL:
		return (literal == LIT_BOOL);
	case JSON_INT32:
	case JSON_INT64:
		return (literal == LIT_INTEGER);
	case JSON_QUANTITY:
	case JSON_RESOURCE:
		return (literal == LIT_INTEGER || literal == LIT_REAL);
	case JSON_TIME:
		return (0); /* "x" is none */
	case JSON_INT_OR_STRING:
		return (literal == LIT_STRING || literal == LIT_INTEGER);
	case JSON_OBJECT:
		return (literal == LIT_MAP);
	case JSON_ANY:
		return (1);
	}
	return (0);
}

static const char *
wants(const struct field *f)
{
	struct field one = *f;

	one.shape = SHAPE_ONE;
	return (field_wants(&one));
}

/* One value, bare or as the only one of a list or mapping. */
static void
check_value(const struct way *way, const struct field *f, enum literal literal,
    enum json_shape within)
{
	static const char *const forms[] = { [SHAPE_ONE] = "%s",
		[SHAPE_LIST] = "[%s]",
		[SHAPE_MAP] = "{\"k\":%s}" };
	static const char *const ends[] = {
		[SHAPE_ONE] = "", [SHAPE_LIST] = "[0]", [SHAPE_MAP] = "[\"k\"]"
	};
	char text[TEXT_MAX], value[64], path[TEXT_MAX], begin[128];
	int taken;

	put(value, sizeof(value), forms[within], literals[literal]);
	put(path, sizeof(path), "%s%s%s", way->path, f->name, ends[within]);
	if (within == f->shape) {
		put(begin, sizeof(begin), "must be %s", wants(f));
		taken = takes(f->json, literal);
	} else {
		put(begin, sizeof(begin), "must be %s, got", field_wants(f));
		taken = f->shape == SHAPE_LIST ? literal == LIT_LIST
					       : literal == LIT_MAP;
	}
	if (literal == LIT_REAL && within == f->shape &&
	    f->json == JSON_INT_OR_STRING)
		put(begin, sizeof(begin), "must be an integer");
	compose(text, way, f->name, value);
	if (says(text, path, begin) == taken)
		fail_msg("%s\n  %s \"%s: %s\"", text,
		    taken ? "says" : "does not say", path, begin);
}

static void
test_types(void **state)
{
	const struct ways *ways = *state;
	const struct way *way;
	const struct field *f;
	size_t i, j, k;

	for (i = 0; i < ways->n; i++) {
		way = &ways->way[i];
		for (j = 0; j < way->type->n; j++) {
			f = &way->type->field[j];
			if (way->type == &type_pod && f->json != JSON_OBJECT)
				continue; /* apiVersion and kind */
			for (k = 0; k < NLITERALS; k++) {
				check_value(way, f, (enum literal)k, f->shape);
				if (f->shape != SHAPE_ONE)
					check_value(
					    way, f, (enum literal)k, SHAPE_ONE);
			}
		}
	}
}

static void
check_name(
    const struct way *way, const char *name, const char *begin, const char *end)
{
	char text[TEXT_MAX], path[TEXT_MAX], message[256];

	put(path, sizeof(path), "%s%s", way->path, name);
	put(message, sizeof(message), "%s%s", begin, end);
	compose(text, way, name, "{}");
	if (!says(text, path, message))
		fail_msg("%s\n  does not say \"%s: %s\"", text, path, message);
}

static void
test_names(void **state)
{
	const struct ways *ways = *state;
	const struct way *way;
	const char *name;
	char wrong[128];
	size_t i, j;

	for (i = 0; i < ways->n; i++) {
		way = &ways->way[i];
		for (j = 0; j < way->type->n; j++) {
			name = way->type->field[j].name;
			if (way->type == &type_pod)
				continue;
			put(wrong, sizeof(wrong), "%sqq", name);
			check_name(way, wrong, "unknown field", "");
			put(wrong, sizeof(wrong), "%c%s",
			    toupper((unsigned char)*name), name + 1);
			check_name(way, wrong,
			    "unknown field; it is written \"", name);
		}
	}
}

int
main(void)
{
	static const struct way root = { &type_pod, "", "", "" };
	static struct ways ways;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_types, &ways),
		cmocka_unit_test_prestate(test_names, &ways),
	};

	digest_init();
	ways_collect(&ways, &root);
	assert_true(ways.n > 90);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
