#include "watcherd/build.h"

#include <stdlib.h>
#include <string.h>

/* The kubelet's reader: no more than 99 % of the steps within aliases. */
#define ALIASED_FREE 100 /* up to here, or up to that many steps in all */
#define STEPS_FREE 1000
#define ALIASED_PERCENT 99

#define KEY_BAD "\xff" /* begins what is no key, and stands behind all */

struct build_frame {
	struct node *node;
	size_t first;	/* of its entries among all pending ones */
	int want_value; /* MAP: a key was given */
	int warned;	/* told of a merge that overwrites */
};

struct build_entry {
	struct member member;
	size_t order;
	int alias;
	int merge;  /* the key was "<<" */
	int merged; /* came from a map that was merged */
};

void
build_init(struct build *b, struct arena *arena, struct problems *problems,
    enum build_duplicates duplicates)
{
	memset(b, 0, sizeof(*b));
	b->arena = arena;
	b->problems = problems;
	b->duplicates = duplicates;
}

void
build_release(struct build *b)
{
	free(b->frame);
	free(b->entry);
	b->frame = NULL;
	b->entry = NULL;
}

void
build_next(struct build *b)
{
	b->root = NULL;
	b->depth = 0;
	b->nentries = 0;
}

static struct build_frame *
build_top(const struct build *b)
{
	return (b->depth > 0 ? &b->frame[b->depth - 1] : NULL);
}

enum node_kind
build_kind(const struct build *b)
{
	return (b->depth > 0 ? build_top(b)->node->kind : NODE_NULL);
}

int
build_wants_key(const struct build *b)
{
	return (build_kind(b) == NODE_MAP && !build_top(b)->want_value);
}

/* Room for one more in an array that doubles. */
static void *
grow(void *array, size_t n, size_t *size, size_t one)
{
	if (n < *size)
		return (array);
	*size = *size == 0 ? 64 : *size * 2;
	return (xreallocarray(array, *size, one));
}

static struct build_entry *
build_entry_new(struct build *b)
{
	struct build_entry *e;

	b->entry = grow(b->entry, b->nentries, &b->entries, sizeof(*e));
	e = &b->entry[b->nentries];
	memset(e, 0, sizeof(*e));
	e->order = b->nentries++;
	return (e);
}

/* Counts what a node stands for against the limits. */
static int
build_count(struct build *b, size_t nodes, size_t bytes, struct place at)
{
	b->nodes += nodes;
	b->bytes += bytes;
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

/* A key as text; NULL if it cannot be one. */
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

/* What is no key takes the place of its value.  NULL: a problem was added. */
static struct node *
key_bad(struct build *b, struct node *node)
{
	struct node *bad = node;

	if (node->kind == NODE_LIST || node->kind == NODE_MAP) {
		problem_add(b->problems, node->at, NULL,
		    "a key must be a string, got %s",
		    node_kind_str(node->kind));
		return (NULL);
	}
	if (node->kind == NODE_NULL)
		bad = node_bad(
		    b->arena, node->at, "a key must be a string, got null");
	if (bad == NULL)
		(void)problem_nomem(b->problems); /* told by NULL as well */
	b->doubtful = 1;
	return (bad);
}

static int
build_key(struct build *b, struct build_frame *f, struct node *node)
{
	struct build_entry *e;
	const char *key = key_text(node);
	struct node *bad = NULL;

	if (key == NULL) {
		if ((bad = key_bad(b, node)) == NULL)
			return (-1);
		key = arena_printf(
		    b->arena, KEY_BAD "%s", bad->str != NULL ? bad->str : "");
		if (key == NULL)
			return (problem_nomem(b->problems));
	}
	e = build_entry_new(b);
	e->member.key = key;
	e->member.at = node->at;
	e->member.value = bad;
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
static void
merge_map(struct build *b, const struct node *map)
{
	struct build_entry *e;
	size_t i;

	for (i = 0; i < map->n; i++) {
		e = build_entry_new(b);
		e->member = map->member[i];
		e->merged = 1;
	}
}

/*
 * The entry of "<<" gives way to the members of its value: of a map, or
 * of a list of maps, which no alias may stand for.
 */
static int
merge_value(
    struct build *b, struct place at, const struct node *value, int alias)
{
	size_t i;

	b->nentries--;
	if (value->kind == NODE_MAP) {
		merge_map(b, value);
		return (0);
	}
	if (value->kind != NODE_LIST || alias)
		goto bad;
	/* Backwards: in a list of maps the first one has the last word. */
	for (i = value->n; i > 0; i--) {
		if (value->item[i - 1]->kind != NODE_MAP)
			goto bad;
		merge_map(b, value->item[i - 1]);
	}
	return (0);
bad:
	problem_add(b->problems, at, NULL,
	    "the value of a merge key must be a mapping or a list of mappings");
	return (-1);
}

static int
build_put(struct build *b, struct node *node, int alias)
{
	struct build_frame *f = build_top(b);
	struct build_entry *e;

	b->doubtful |= node->kind == NODE_BAD;
	if (f == NULL) {
		b->root = node;
		return (0);
	}
	if (f->node->kind == NODE_LIST) {
		e = build_entry_new(b);
	} else {
		f->want_value = 0;
		e = &b->entry[b->nentries - 1];
		if (e->merge)
			return (merge_value(b, e->member.at, node, alias));
	}
	if (e->member.value == NULL) /* its key is not bad */
		e->member.value = node;
	e->alias = alias;
	return (0);
}

int
build_add(struct build *b, struct node *node)
{
	if (build_count(b, node->weight, node->bytes, node->at) == -1)
		return (-1);
	if (build_wants_key(b))
		return (build_key(b, build_top(b), node));
	return (build_put(b, node, 0));
}

static size_t
node_height(const struct node *node)
{
	return (node->kind == NODE_LIST || node->kind == NODE_MAP ? node->height
								  : 0);
}

static int
build_too_deep(struct build *b, struct place at)
{
	problem_add(b->problems, at, NULL, "nested deeper than %d levels",
	    TREE_DEPTH_MAX);
	return (-1);
}

int
build_add_alias(struct build *b, struct node *node, struct place at)
{
	if (b->depth + node_height(node) > TREE_DEPTH_MAX)
		return (build_too_deep(b, at));
	if (build_count(b, 1 + (size_t)node->weight, node->bytes, at) == -1)
		return (-1);
	b->aliased += node->weight;
	if (b->aliased > ALIASED_FREE && b->nodes > STEPS_FREE &&
	    b->aliased * 100 > b->nodes * ALIASED_PERCENT) {
		problem_add(b->problems, at, NULL,
		    "aliases of aliases make this too large");
		return (-1);
	}
	if (build_wants_key(b))
		return (build_key(b, build_top(b), node));
	return (build_put(b, node, 1));
}

int
build_open(
    struct build *b, enum node_kind kind, struct place at, struct node **opened)
{
	struct build_frame *f;

	if (b->depth == TREE_DEPTH_MAX)
		return (build_too_deep(b, at));
	if (build_wants_key(b)) {
		/* Most often "{{ ... }}", and nobody filled it in. */
		problem_add(b->problems, at, NULL,
		    "a key must be a string, got %s%s", node_kind_str(kind),
		    kind == NODE_MAP ? "; text with braces needs quotes" : "");
		return (-1);
	}
	b->frame = grow(b->frame, b->depth, &b->frames, sizeof(*f));
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

/*
 * Two entries of one key, the earlier one in "early": the later one
 * counts.  -1: memory ran out.
 */
static int
build_clash(struct build *b, struct build_frame *f, const struct member *early,
    int early_merged, struct build_entry *late)
{
	struct member *kept;
	char q[QUOTE_MAX];

	if (*early->key == *KEY_BAD)
		return (0);
	if (!early_merged && !late->merged)
		problem_flaw(b->problems, late->member.at, NULL,
		    "duplicate key %s, first given in line %u",
		    quote(q, late->member.key), early->at.line);
	else if (!early_merged && !f->warned) {
		f->warned = 1;
		problem_warn(b->problems, early->at, NULL,
		    "%s is overwritten by the merge key that follows; put "
		    "\"<<\" first",
		    quote(q, early->key));
	}
	if (b->duplicates == BUILD_LAST_WINS)
		return (0);
	if ((kept = arena_alloc(b->arena, sizeof(*kept))) == NULL)
		return (problem_nomem(b->problems));
	*kept = *early;
	late->member.earlier = kept;
	return (0);
}

/* Counts a child in. */
static void
node_take(struct node *node, const struct node *child)
{
	node->weight += child->weight;
	node->bytes += child->bytes;
	if (node->height < node_height(child))
		node->height = node_height(child);
}

/* Sorted, each key once. */
static int
map_members(struct build *b, struct build_frame *f, size_t n)
{
	struct build_entry *e = b->entry + f->first;
	struct node *node = f->node;
	size_t i;

	if ((node->member = arena_array(
		 b->arena, n, sizeof(node->member[0]))) == NULL)
		return (problem_nomem(b->problems));
	for (i = 1; i < n; i++) {
		if (entry_compare(&e[i - 1], &e[i]) > 0) {
			qsort(e, n, sizeof(*e), entry_compare);
			break;
		}
	}
	for (i = 0; i < n; i++) {
		if (node->n > 0 &&
		    strcmp(e[i].member.key, e[i - 1].member.key) == 0 &&
		    build_clash(b, f, &node->member[--node->n], e[i - 1].merged,
			&e[i]) == -1)
			return (-1);
		node->member[node->n] = e[i].member;
		node->n++;
		node->weight += 1 + (uint32_t)e[i].alias;
	}
	return (0);
}

static int
close_map(struct build *b, struct build_frame *f)
{
	struct node *node = f->node;
	size_t i, n = b->nentries - f->first;

	if (n == 0)
		return (0);
	if (map_members(b, f, n) == -1)
		return (-1);
	for (i = 0; i < node->n; i++) {
		node_take(node, node->member[i].value);
		node->bytes += (uint32_t)strlen(node->member[i].key);
	}
	return (0);
}

static int
close_list(struct build *b, struct build_frame *f)
{
	const struct build_entry *e;
	struct node *node = f->node;
	size_t i;

	node->n = b->nentries - f->first;
	if (node->n == 0)
		return (0);
	e = b->entry + f->first;
	if ((node->item = arena_array(
		 b->arena, node->n, sizeof(node->item[0]))) == NULL)
		return (problem_nomem(b->problems));
	for (i = 0; i < node->n; i++) {
		node->item[i] = e[i].member.value;
		node->weight += (uint32_t)e[i].alias;
		node_take(node, node->item[i]);
	}
	return (0);
}

int
build_close(struct build *b)
{
	struct build_frame *f = build_top(b);
	struct node *node = f->node;
	int rc;

	rc = node->kind == NODE_MAP ? close_map(b, f) : close_list(b, f);
	if (rc == -1 || build_count(b, 1, 0, node->at) == -1)
		return (-1);
	node->weight++;
	node->height++;
	b->nentries = f->first;
	b->depth--;
	return (build_put(b, node, 0));
}

/* No deeper than TREE_DEPTH_MAX. */
static void
check_node(struct build *b, struct node *node)
{
	size_t i;

	if (node->kind == NODE_BAD && node->str != NULL) {
		problem_add(b->problems, node->at, NULL, "%s", node->str);
		node->str = NULL;
	}
	for (i = 0; node->kind == NODE_LIST && i < node->n; i++)
		check_node(b, node->item[i]);
	if (node->kind != NODE_MAP)
		return;
	for (i = 0; i < node->n; i++)
		check_node(b, node->member[i].value);
	while (node->n > 0 && *node->member[node->n - 1].key == *KEY_BAD)
		node->n--;
}

void
build_check(struct build *b)
{
	if (b->doubtful)
		check_node(b, b->root);
	b->doubtful = 0;
}
