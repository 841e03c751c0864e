#include "watcherd/tree.h"

#include <stdlib.h>
#include <string.h>

#include "watcherd/utf8.h"

const char *
node_kind_str(enum node_kind kind)
{
	switch (kind) {
	case NODE_NULL:
		return ("null");
	case NODE_BOOL:
		return ("a boolean");
	case NODE_NUMBER:
		return ("a number");
	case NODE_STRING:
		return ("a string");
	case NODE_LIST:
		return ("a list");
	case NODE_MAP:
		return ("a mapping");
	case NODE_BAD:
		return ("something refused");
	}
	return ("something unknown");
}

struct node *
node_new(struct arena *arena, enum node_kind kind, struct place at)
{
	struct node *node;

	if ((node = arena_alloc(arena, sizeof(*node))) == NULL)
		return (NULL);
	node->kind = kind;
	node->at = at;
	node->weight = 1;
	return (node);
}

struct node *
node_string(struct arena *arena, struct place at, const char *str, size_t len)
{
	struct node *node;

	if ((node = node_new(arena, NODE_STRING, at)) == NULL)
		return (NULL);
	node->str = str;
	node->n = len;
	node->bytes = (uint32_t)len;
	return (node);
}

struct node *
node_text(struct arena *arena, struct place at, const unsigned char *bytes,
    size_t len)
{
	size_t size;
	char *text;

	if (utf8_is_plain(bytes, len)) {
		text = arena_memdup(arena, bytes, len);
		return (
		    text == NULL ? NULL : node_string(arena, at, text, len));
	}
	size = utf8_clean(bytes, len, NULL);
	if ((text = arena_alloc(arena, size + 1)) == NULL)
		return (NULL);
	(void)utf8_clean(bytes, len, text); /* as long as it said */
	return (node_string(arena, at, text, size));
}

struct node *
node_number(struct arena *arena, struct place at, int64_t num)
{
	struct node *node;

	if ((node = node_new(arena, NODE_NUMBER, at)) == NULL ||
	    (node->str = arena_printf(arena, "%lld", (long long)num)) == NULL)
		return (NULL);
	node->n = strlen(node->str);
	node->num = num;
	return (node);
}

struct node *
node_bad(struct arena *arena, struct place at, const char *why)
{
	struct node *node;

	if ((node = node_new(arena, NODE_BAD, at)) == NULL ||
	    (node->str = arena_strdup(arena, why)) == NULL)
		return (NULL);
	return (node);
}

struct node *
node_bool(struct arena *arena, struct place at, int truth)
{
	struct node *node;

	if ((node = node_new(arena, NODE_BOOL, at)) == NULL)
		return (NULL);
	node->num = truth != 0;
	return (node);
}

/* Index of the first member whose key is not below the given one. */
static size_t
member_index(const struct node *map, const char *key)
{
	size_t low = 0, high = map->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(map->member[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

const struct member *
node_member(const struct node *map, const char *key)
{
	size_t i;

	if (map == NULL || map->kind != NODE_MAP)
		return (NULL);
	i = member_index(map, key);
	if (i == map->n || strcmp(map->member[i].key, key) != 0)
		return (NULL);
	return (&map->member[i]);
}

struct node *
node_get(const struct node *map, const char *key)
{
	const struct member *m = node_member(map, key);

	return (m != NULL ? m->value : NULL);
}

struct node *
node_get_kind(const struct node *map, const char *key, enum node_kind kind)
{
	struct node *node = node_get(map, key);

	return (node != NULL && node->kind == kind ? node : NULL);
}

const char *
node_get_str(const struct node *map, const char *key)
{
	const struct node *node = node_get_kind(map, key, NODE_STRING);

	return (node != NULL ? node->str : NULL);
}

int64_t
node_get_num(const struct node *map, const char *key, int64_t fallback)
{
	const struct node *node = node_get(map, key);

	if (node == NULL ||
	    (node->kind != NODE_NUMBER && node->kind != NODE_BOOL))
		return (fallback);
	return (node->num);
}

/* Room for one more of the given size behind n of them; NULL: none. */
static void *
node_grow(struct arena *arena, struct node *node, void *old, size_t size)
{
	size_t room = node->n < 4 ? 4 : 2 * node->n;
	void *grown;

	if (node->n < node->room)
		return (old);
	if ((grown = arena_array(arena, room, size)) == NULL)
		return (NULL);
	if (node->n > 0)
		memcpy(grown, old, node->n * size);
	node->room = (uint32_t)room;
	return (grown);
}

int
node_set(
    struct arena *arena, struct node *map, const char *key, struct node *value)
{
	struct member *grown;
	size_t i = member_index(map, key);

	if (i < map->n && strcmp(map->member[i].key, key) == 0) {
		map->member[i].value = value;
		return (0);
	}
	if ((grown = node_grow(arena, map, map->member, sizeof(*grown))) ==
	    NULL)
		return (-1);
	memmove(grown + i + 1, grown + i, (map->n - i) * sizeof(*grown));
	grown[i] = (struct member){ key, value->at, value, NULL };
	map->member = grown;
	map->n++;
	return (0);
}

int
node_set_text(
    struct arena *arena, struct node *map, const char *key, const char *text)
{
	struct node *node;

	if ((node = node_string(arena, map->at, text, strlen(text))) == NULL)
		return (-1);
	return (node_set(arena, map, key, node));
}

int
node_append(struct arena *arena, struct node *list, struct node *value)
{
	struct node **grown;

	if ((grown = node_grow(arena, list, list->item, sizeof(*grown))) ==
	    NULL)
		return (-1);
	grown[list->n++] = value;
	list->item = grown;
	return (0);
}

void
node_unset(struct node *map, const char *key)
{
	size_t i = member_index(map, key);

	if (i == map->n || strcmp(map->member[i].key, key) != 0)
		return;
	memmove(map->member + i, map->member + i + 1,
	    (map->n - i - 1) * sizeof(*map->member));
	map->n--;
}
