#include "watcherd/decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/hint.h"
#include "watcherd/overlay.h"
#include "watcherd/quantity.h"
#include "watcherd/timestamp.h"

#define NANO_PER_MILLI 1000000

/* The objects around the present one, for hints about misplaced fields. */
struct scope {
	const struct scope *up;
	const struct type *type;
	const struct path *path;
};

struct decode {
	struct arena *arena;
	struct problems *problems;
};

#define SEARCH_DEPTH 2 /* levels below, for a misplaced field */

static struct node *
refuse(struct decode *d, const struct node *node, const struct path *path,
    const char *wants, const char *hint)
{
	char buf[HINT_VALUE_MAX];
	struct node *bad;

	if (node->kind != NODE_BAD)
		problem_add(d->problems, node->at, path, "must be %s, got %s%s",
		    wants, hint_value(node, buf), hint);
	if ((bad = node_new(d->arena, NODE_BAD, node->at)) == NULL)
		(void)problem_nomem(d->problems); /* told by NULL as well */
	return (bad);
}

static struct node *
refuse_type(struct decode *d, const struct field *f, const struct node *node,
    const struct path *path)
{
	struct field one = *f;
	char hint[HINT_MAX];

	/* An element of a list or map is asked for by itself. */
	if (path->name == NULL || path->quoted)
		one.shape = SHAPE_ONE;
	return (refuse(
	    d, node, path, field_wants(&one), hint_type(&one, node, hint)));
}

/* An integer without fraction and exponent. */
static int
integer_text(const char *text, int64_t min, int64_t max, int64_t *out)
{
	const char *digits = text + (*text == '-');

	if (strspn(digits, "0123456789") != strlen(digits))
		return (0);
	errno = 0;
	*out = strtoll(text, NULL, 10);
	return (errno == 0 && *out >= min && *out <= max);
}

static struct node *
decode_integer(struct decode *d, const struct field *f, const struct node *node,
    const struct path *path)
{
	int wide = f->json == JSON_INT64;
	struct node *out;
	int64_t num;

	if (node->kind != NODE_NUMBER)
		return (refuse_type(d, f, node, path));
	if (!integer_text(node->str, wide ? INT64_MIN : INT32_MIN,
		wide ? INT64_MAX : INT32_MAX, &num))
		return (refuse(d, node, path,
		    wide ? "an integer of 64 bits" : "an integer of 32 bits",
		    ""));
	if ((out = node_number(d->arena, node->at, num)) == NULL)
		(void)problem_nomem(d->problems); /* told by NULL as well */
	return (out);
}

/* Would JSON write it with escapes?  A kubelet takes them for its text. */
static int
has_escapes(const struct node *node)
{
	const char *p;

	for (p = node->str; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ')
			return (1);
	}
	return (node->kind == NODE_STRING && node->num != 0);
}

static struct node *
decode_quantity(struct decode *d, const struct field *f,
    const struct node *node, const struct path *path)
{
	char text[QUANTITY_TEXT_MAX], hint[HINT_MAX];
	struct quantity q;
	struct node *out = NULL;
	struct err err;
	const char *copy;

	if (node->kind != NODE_STRING && node->kind != NODE_NUMBER)
		return (refuse_type(d, f, node, path));
	if (has_escapes(node))
		return (refuse(d, node, path, "a quantity like 500m or 64Mi",
		    "; write it without escapes and tabs, in one line"));
	if (quantity_parse(node->str, &q, &err) == -1) {
		if (*hint_quantity(node->str, hint) == '\0')
			(void)snprintf(hint, sizeof(hint), " (%.*s)",
			    HINT_MAX - 4, err.text);
		return (refuse(
		    d, node, path, "a quantity like 500m or 64Mi", hint));
	}
	if (f->json == JSON_RESOURCE)
		quantity_round(&q, NANO_PER_MILLI);
	quantity_format(&q, text);
	if ((copy = arena_strdup(d->arena, text)) != NULL)
		out = node_string(d->arena, node->at, copy, strlen(copy));
	if (out == NULL)
		(void)problem_nomem(d->problems); /* told by NULL as well */
	return (out);
}

static struct node *decode_object(struct decode *, const struct type *,
    const struct node *, const struct path *, const struct scope *);

/* A value that is neither list nor map of values. */
static struct node *
decode_one(struct decode *d, const struct field *f, struct node *node,
    const struct path *path, const struct scope *scope)
{
	int fits = 0;

	switch (f->json) {
	case JSON_INT32:
	case JSON_INT64:
		return (decode_integer(d, f, node, path));
	case JSON_QUANTITY:
	case JSON_RESOURCE:
		return (decode_quantity(d, f, node, path));
	case JSON_OBJECT:
		if (node->kind == NODE_MAP)
			return (decode_object(d, f->type, node, path, scope));
		break;
	case JSON_INT_OR_STRING:
		if (node->kind == NODE_NUMBER)
			return (decode_integer(d, f, node, path));
		fits = node->kind == NODE_STRING;
		break;
	case JSON_STRING:
		fits = node->kind == NODE_STRING;
		break;
	case JSON_TIME:
		fits = node->kind == NODE_STRING &&
		    timestamp_matches(node->str);
		break;
	case JSON_BOOL:
		fits = node->kind == NODE_BOOL;
		break;
	case JSON_ANY:
		fits = 1;
		break;
	}
	return (fits ? node : refuse_type(d, f, node, path));
}

/* What null means where a value must be. */
static struct node *
zero_value(struct decode *d, const struct field *f, struct place at)
{
	struct node *node = NULL;

	switch (f->json) {
	case JSON_BOOL:
		node = node_bool(d->arena, at, 0);
		break;
	case JSON_INT32:
	case JSON_INT64:
	case JSON_INT_OR_STRING:
		node = node_number(d->arena, at, 0);
		break;
	case JSON_OBJECT:
	case JSON_ANY:
		node = node_new(d->arena, NODE_MAP, at);
		break;
	case JSON_QUANTITY:
	case JSON_RESOURCE:
		node = node_string(d->arena, at, "0", 1);
		break;
	case JSON_STRING:
	case JSON_TIME:
		node = node_string(d->arena, at, "", 0);
		break;
	}
	if (node == NULL)
		(void)problem_nomem(d->problems); /* told by NULL as well */
	return (node);
}

static struct node *
decode_element(struct decode *d, const struct field *f, struct node *node,
    const struct path *path, const struct scope *scope)
{
	if (node->kind == NODE_NULL)
		return (zero_value(d, f, node->at));
	return (decode_one(d, f, node, path, scope));
}

static struct node *
decode_list(struct decode *d, const struct field *f, const struct node *node,
    const struct path *path, const struct scope *scope)
{
	struct path here = { path, NULL, 0, 0 };
	struct node *out;
	size_t i;

	if (node->kind != NODE_LIST)
		return (refuse_type(d, f, node, path));
	if ((out = node_new(d->arena, NODE_LIST, node->at)) == NULL ||
	    (node->n > 0 &&
		(out->item = arena_array(
		     d->arena, node->n, sizeof(out->item[0]))) == NULL)) {
		(void)problem_nomem(d->problems); /* told by NULL as well */
		return (NULL);
	}
	for (i = 0; i < node->n; i++) {
		here.index = i;
		out->item[i] = decode_element(
		    d, f, node->item[i], &here, scope);
		if (out->item[i] == NULL)
			return (NULL);
	}
	out->n = node->n;
	return (out);
}

static struct node *
decode_map(struct decode *d, const struct field *f, const struct node *node,
    const struct path *path, const struct scope *scope)
{
	struct path here = { path, NULL, 0, 1 };
	const struct member *m;
	struct node *out, *value;
	size_t i;

	if (node->kind != NODE_MAP)
		return (refuse_type(d, f, node, path));
	if ((out = node_new(d->arena, NODE_MAP, node->at)) == NULL ||
	    (node->n > 0 &&
		(out->member = arena_array(
		     d->arena, node->n, sizeof(out->member[0]))) == NULL)) {
		(void)problem_nomem(d->problems); /* told by NULL as well */
		return (NULL);
	}
	for (i = 0; i < node->n; i++) {
		here.name = node->member[i].key;
		out->member[i] = node->member[i];
		/* Of those that JSON gave before only the type counts. */
		for (m = &node->member[i]; m != NULL; m = m->earlier) {
			value = decode_element(d, f, m->value, &here, scope);
			if (value == NULL)
				return (NULL);
			if (m == &node->member[i])
				out->member[i].value = value;
		}
	}
	out->n = node->n;
	return (out);
}

/* A name that is looked for: as it is, or nearly so. */
typedef const struct field *find_fn(const struct type *, const char *);

struct search {
	find_fn *find;
	const char *name;
	const struct field *found, *under; /* and the field that it hangs on */
	char *where;			   /* PROBLEM_FIELD_MAX bytes */
};

static int
search_type(struct search *s, const struct type *type, const struct path *path)
{
	if ((s->found = s->find(type, s->name)) == NULL)
		return (0);
	path_format(path, s->where, PROBLEM_FIELD_MAX);
	if (*s->where == '\0')
		(void)snprintf(s->where, PROBLEM_FIELD_MAX, "the top level");
	return (1);
}

static int
search_children(struct search *s, const struct type *type,
    const struct path *path, int acted, int depth)
{
	const struct field *f;
	struct path child = { path, NULL, 0, 0 };
	size_t i;

	for (i = 0; i < type->n; i++) {
		f = &type->field[i];
		child.name = f->name;
		if (f->json != JSON_OBJECT || (f->flags & FIELD_CLEARED) ||
		    acted != (f->support <= SUPPORT_WARNED))
			continue;
		s->under = f;
		if (depth == 0
			? search_type(s, f->type, &child)
			: search_children(s, f->type, &child, acted, depth - 1))
			return (1);
	}
	return (0);
}

/*
 * Where else the field could belong: upwards, or in what hangs below; of
 * that first what Tripod acts on.
 */
static int
search_places(struct search *s, const struct scope *scope)
{
	const struct scope *up;
	int depth;

	for (up = scope; up != NULL; up = up->up) {
		s->under = NULL;
		if (up != scope && search_type(s, up->type, up->path))
			return (1);
		for (depth = 0; depth < SEARCH_DEPTH; depth++) {
			if (search_children(s, up->type, up->path, 1, depth) ||
			    search_children(s, up->type, up->path, 0, depth))
				return (1);
		}
	}
	return (0);
}

/* Does the field only have one letter more at its end, as in "requests"? */
static int
is_plural(const struct field *f, const char *name)
{
	size_t len = strlen(name);

	return (f != NULL && strncmp(f->name, name, len) == 0 &&
	    strlen(f->name) == len + 1);
}

/*
 * Tells of an unknown field.  Returns the one that was meant, if that
 * seems clear.
 */
static const struct field *
unknown_field(struct decode *d, const struct scope *scope,
    const struct member *m, const struct path *path)
{
	const struct field *guess;
	char where[PROBLEM_FIELD_MAX], hint[HINT_MAX];
	struct search s = { type_field, m->key, NULL, NULL, where };
	struct search near = { type_guess, m->key, NULL, NULL, where };

	if (d->problems->n >= PROBLEMS_MAX) {
		problem_flaw(d->problems, m->at, path, "unknown field");
		return (NULL);
	}
	guess = type_guess(scope->type, m->key);
	if (guess != NULL && strcasecmp(guess->name, m->key) == 0) {
		problem_flaw(d->problems, m->at, path,
		    "unknown field; it is written \"%s\"", guess->name);
		return (guess);
	}
	if (*hint_field(scope->type, m->key, hint) != '\0') {
		problem_flaw(d->problems, m->at, path, "unknown field%s", hint);
		return (type_ending(scope->type, m->key));
	}
	if (!is_plural(guess, m->key) && search_places(&s, scope))
		problem_flaw(d->problems, m->at, path,
		    "unknown field here; it belongs under %s", where);
	else if (guess != NULL)
		problem_flaw(d->problems, m->at, path,
		    "unknown field; did you mean \"%s\"?", guess->name);
	else if (search_places(&near, scope))
		problem_flaw(d->problems, m->at, path,
		    "unknown field here; did you mean \"%s\" under %s?",
		    near.found->name, where);
	else
		problem_flaw(d->problems, m->at, path, "unknown field");
	if (s.found == NULL)
		return (guess);
	/* The field below it is meant as well, if it hangs here. */
	if (s.under == NULL ||
	    type_field(scope->type, s.under->name) != s.under)
		return (NULL);
	return (s.under);
}

/* So that what was misspelt is not missed as well. */
static int
stand_in(
    struct decode *d, struct node *out, const struct field *f, struct place at)
{
	struct node *bad;

	if (f == NULL || d->problems->mode == MANIFEST_LENIENT ||
	    node_get(out, f->name) != NULL)
		return (0);
	if ((bad = node_new(d->arena, NODE_BAD, at)) == NULL ||
	    node_set(d->arena, out, f->name, bad) == -1)
		return (problem_nomem(d->problems));
	return (0);
}

static struct node *
decode_field(struct decode *d, const struct field *f, struct node *node,
    const struct path *path, const struct scope *scope)
{
	switch (f->shape) {
	case SHAPE_LIST:
		return (decode_list(d, f, node, path, scope));
	case SHAPE_MAP:
		return (decode_map(d, f, node, path, scope));
	case SHAPE_ONE:
		break;
	}
	return (decode_one(d, f, node, path, scope));
}

/*
 * The value of a field, which JSON may have given several times; NULL if it
 * is not set.  -1: memory ran out.
 */
static int
decode_member(struct decode *d, const struct field *f, const struct member *m,
    const struct path *path, const struct scope *scope, struct node **out)
{
	const struct member *e, **given;
	struct node *raw, *late;
	size_t n = 0;

	for (e = m; e != NULL; e = e->earlier)
		n++;
	if ((given = arena_array(d->arena, n, sizeof(*given))) == NULL)
		return (problem_nomem(d->problems));
	for (n = 0, e = m; e != NULL; e = e->earlier)
		given[n++] = e;
	for (*out = NULL; n > 0; n--) {
		raw = given[n - 1]->value;
		if (raw->kind == NODE_NULL) {
			*out = overlay_null(f, *out);
			continue;
		}
		if ((late = decode_field(d, f, raw, path, scope)) == NULL)
			return (-1);
		if ((*out = overlay(d->arena, f, *out, late, raw)) == NULL)
			return (problem_nomem(d->problems));
	}
	return (0);
}

static int
decode_known(struct decode *d, struct node *out, const struct node *node,
    const struct scope *scope)
{
	struct path here = { scope->path, NULL, 0, 0 };
	const struct field *f;
	struct member *m;
	size_t i;

	for (i = 0; i < node->n; i++) {
		here.name = node->member[i].key;
		f = type_field(scope->type, here.name);
		if (f == NULL)
			continue;
		m = &out->member[out->n];
		m->key = f->name;
		m->at = node->member[i].at;
		if (decode_member(
			d, f, &node->member[i], &here, scope, &m->value) == -1)
			return (-1);
		out->n += m->value != NULL;
	}
	return (0);
}

static struct node *
decode_object(struct decode *d, const struct type *type,
    const struct node *node, const struct path *path, const struct scope *up)
{
	struct scope scope = { up, type, path };
	struct path here = { path, NULL, 0, 0 };
	struct node *out;
	size_t i;

	if ((out = node_new(d->arena, NODE_MAP, node->at)) == NULL ||
	    (node->n > 0 &&
		(out->member = arena_array(
		     d->arena, node->n, sizeof(out->member[0]))) == NULL)) {
		(void)problem_nomem(d->problems); /* told by NULL as well */
		return (NULL);
	}
	out->source = node;
	out->room = (uint32_t)node->n;
	if (decode_known(d, out, node, &scope) == -1)
		return (NULL);
	for (i = 0; i < node->n; i++) {
		here.name = node->member[i].key;
		if (type_field(type, here.name) != NULL)
			continue;
		if (stand_in(d, out,
			unknown_field(d, &scope, &node->member[i], &here),
			node->member[i].at) == -1)
			return (NULL);
	}
	return (out);
}

/* What counts is what was taken for it. */
static int
set_header(struct decode *d, struct node *map, const char *kind)
{
	if (node_set_text(d->arena, map, "kind", kind) == -1 ||
	    node_set_text(d->arena, map, "apiVersion", "v1") == -1)
		return (problem_nomem(d->problems));
	return (0);
}

struct node *
decode_pod(
    const struct node *root, struct arena *arena, struct problems *problems)
{
	struct decode d = { arena, problems };
	struct node *pod;

	if ((pod = decode_object(&d, &type_pod, root, NULL, NULL)) == NULL ||
	    set_header(&d, pod, "Pod") == -1)
		return (NULL);
	return (pod);
}

struct node *
decode_pod_list(
    const struct node *root, struct arena *arena, struct problems *problems)
{
	struct decode d = { arena, problems };

	return (decode_object(&d, &type_pod_list, root, NULL, NULL));
}
