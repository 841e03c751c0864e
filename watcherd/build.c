#include "watcherd/build.h"

#include <stdlib.h>
#include <string.h>

struct build_entry {
	struct member member;
	size_t order;
	int merge;  /* the key was "<<" */
	int merged; /* came from a map that was merged */
};

void
build_init(struct build *b, struct arena *arena, struct problems *problems)
{
	memset(b, 0, sizeof(*b));
	b->arena = arena;
	b->problems = problems;
}

void
build_release(struct build *b)
{
	free(b->entry);
	b->entry = NULL;
	b->nentries = b->size = 0;
}

static struct build_frame *
build_top(struct build *b)
{
	return (b->depth > 0 ? &b->frame[b->depth - 1] : NULL);
}

int
build_wants_key(const struct build *b)
{
	const struct build_frame *f;

	if (b->depth == 0)
		return (0);
	f = &b->frame[b->depth - 1];
	return (f->node->kind == NODE_MAP && !f->want_value);
}

static struct build_entry *
build_entry_new(struct build *b)
{
	struct build_entry *e;

	if (b->nentries == b->size) {
		b->size = b->size == 0 ? 64 : b->size * 2;
		b->entry = xreallocarray(
		    b->entry, b->size, sizeof(b->entry[0]));
	}
	e = &b->entry[b->nentries];
	memset(e, 0, sizeof(*e));
	e->order = b->nentries++;
	return (e);
}

/* Counts what a node stands for against the limits. */
static int
build_count(struct build *b, const struct node *node, struct place at)
{
	b->nodes += node->weight;
	b->bytes += node->bytes;
	if (b->nodes > TREE_NODES_MAX) {
		problem_add(b->problems, at, NULL,
		    "more than %d values, aliases written out", TREE_NODES_MAX);
		return (-1);
	}
	if (b->bytes > TREE_BYTES_MAX) {
		problem_add(b->problems, at, NULL,
		    "more than %d bytes of text, aliases written out",
		    TREE_BYTES_MAX);
		return (-1);
	}
	return (0);
}

/* Text of a key; the reference's reader turns these into strings too. */
static const char *
key_text(const struct node *node)
{
	switch (node->kind) {
	case NODE_STRING:
	case NODE_NUMBER:
		return (node->str);
	case NODE_BOOL:
		return (node->num ? "true" : "false");
	case NODE_NULL:
	case NODE_LIST:
	case NODE_MAP:
	case NODE_BAD:
		break;
	}
	return (NULL);
}

static int
build_key(struct build *b, struct build_frame *f, const struct node *node)
{
	struct build_entry *e;
	const char *key;

	if ((key = key_text(node)) == NULL) {
		problem_add(b->problems, node->at, NULL,
		    "a key must be a string, got %s",
		    node_kind_str(node->kind));
		return (-1);
	}
	e = build_entry_new(b);
	e->member.key = key;
	e->member.at = node->at;
	f->want_value = 1;
	return (0);
}

int
build_add_merge(struct build *b, struct place at)
{
	struct build_entry *e = build_entry_new(b);

	e->member.key = "<<";
	e->member.at = at;
	e->merge = 1;
	build_top(b)->want_value = 1;
	return (0);
}

/* Takes over the members of one map, as if they stood here. */
static int
merge_map(struct build *b, const struct node *map, struct place at)
{
	struct build_entry *e;
	size_t i;

	for (i = 0; i < map->n; i++) {
		if (build_count(b, map->member[i].value, at) == -1)
			return (-1);
		e = build_entry_new(b);
		e->member = map->member[i];
		e->merged = 1;
	}
	return (0);
}

/* The entry of "<<" gives way to the members of its value. */
static int
merge_value(struct build *b, struct place at, const struct node *value)
{
	size_t i;

	b->nentries--;
	if (value->kind == NODE_MAP)
		return (merge_map(b, value, at));
	if (value->kind != NODE_LIST)
		goto bad;
	/* Backwards: in a list of maps the first one has the last word. */
	for (i = value->n; i > 0; i--) {
		if (value->item[i - 1]->kind != NODE_MAP)
			goto bad;
		if (merge_map(b, value->item[i - 1], at) == -1)
			return (-1);
	}
	return (0);
bad:
	problem_add(b->problems, at, NULL,
	    "the value of a merge key must be a mapping or a list of mappings");
	return (-1);
}

static int
build_put(struct build *b, struct node *node)
{
	struct build_frame *f = build_top(b);
	struct build_entry *e;

	if (f == NULL) {
		b->root = node;
		return (0);
	}
	if (f->node->kind == NODE_LIST) {
		build_entry_new(b)->member.value = node;
		return (0);
	}
	f->want_value = 0;
	e = &b->entry[b->nentries - 1];
	if (e->merge)
		return (merge_value(b, e->member.at, node));
	e->member.value = node;
	return (0);
}

int
build_add(struct build *b, struct node *node)
{
	if (build_count(b, node, node->at) == -1)
		return (-1);
	if (build_wants_key(b))
		return (build_key(b, build_top(b), node));
	return (build_put(b, node));
}

int
build_open(
    struct build *b, enum node_kind kind, struct place at, struct node **opened)
{
	struct build_frame *f;

	if (b->depth == TREE_DEPTH_MAX) {
		problem_add(b->problems, at, NULL,
		    "nested deeper than %d levels", TREE_DEPTH_MAX);
		return (-1);
	}
	if (build_wants_key(b)) {
		problem_add(b->problems, at, NULL,
		    "a key must be a string, got %s", node_kind_str(kind));
		return (-1);
	}
	f = &b->frame[b->depth];
	memset(f, 0, sizeof(*f));
	if ((f->node = node_new(b->arena, kind, at)) == NULL)
		return (problem_nomem(b->problems));
	f->node->weight = 0;
	f->first = b->nentries;
	b->depth++;
	if (opened != NULL)
		*opened = f->node;
	return (0);
}

static int
entry_compare(const void *a, const void *b)
{
	const struct build_entry *ea = a, *eb = b;
	int c;

	if ((c = strcmp(ea->member.key, eb->member.key)) != 0)
		return (c);
	return (ea->order < eb->order ? -1 : 1);
}

/* Two entries of one key: the later one counts, if both may stand. */
static void
build_clash(struct build *b, struct build_frame *f,
    const struct build_entry *early, const struct build_entry *late)
{
	char q[QUOTE_MAX];

	if (!early->merged && !late->merged) {
		problem_add(b->problems, late->member.at, NULL,
		    "duplicate key %s, first given in line %u",
		    quote(q, late->member.key), early->member.at.line);
	} else if (!early->merged && !f->warned) {
		f->warned = 1;
		problem_warn(b->problems, early->member.at, NULL,
		    "%s is overwritten by the merge key that follows; put "
		    "\"<<\" first",
		    quote(q, early->member.key));
	}
}

static int
close_map(struct build *b, struct build_frame *f)
{
	struct build_entry *e;
	struct node *node = f->node;
	size_t i, n = b->nentries - f->first;

	if (n == 0)
		return (0);
	if ((node->member = arena_array(
		 b->arena, n, sizeof(node->member[0]))) == NULL)
		return (problem_nomem(b->problems));
	e = b->entry + f->first;
	qsort(e, n, sizeof(*e), entry_compare);
	for (i = 0; i < n; i++) {
		if (node->n > 0 &&
		    strcmp(e[i].member.key, e[i - 1].member.key) == 0) {
			build_clash(b, f, &e[i - 1], &e[i]);
			node->n--;
		}
		node->member[node->n++] = e[i].member;
	}
	for (i = 0; i < node->n; i++) {
		node->weight += 1 + node->member[i].value->weight;
		node->bytes += node->member[i].value->bytes +
		    (uint32_t)strlen(node->member[i].key);
	}
	return (0);
}

static int
close_list(struct build *b, struct build_frame *f)
{
	struct node *node = f->node;
	size_t i;

	node->n = b->nentries - f->first;
	if (node->n == 0)
		return (0);
	if ((node->item = arena_array(
		 b->arena, node->n, sizeof(node->item[0]))) == NULL)
		return (problem_nomem(b->problems));
	for (i = 0; i < node->n; i++) {
		node->item[i] = b->entry[f->first + i].member.value;
		node->weight += node->item[i]->weight;
		node->bytes += node->item[i]->bytes;
	}
	return (0);
}

int
build_close(struct build *b)
{
	struct build_frame *f = build_top(b);
	int rc;

	rc = f->node->kind == NODE_MAP ? close_map(b, f) : close_list(b, f);
	if (rc == -1)
		return (-1);
	f->node->weight++;
	if (++b->nodes > TREE_NODES_MAX) {
		b->nodes = TREE_NODES_MAX;
		return (build_count(b, f->node, f->node->at));
	}
	b->nentries = f->first;
	b->depth--;
	return (build_put(b, f->node));
}
