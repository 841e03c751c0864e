#include "watcherd/validate_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

/* Null, which decoding leaves out. */
static const struct member *
null_member(const struct node *map, const char *field)
{
	if (map->kind != NODE_MAP || node_get(map, field) != NULL)
		return (NULL);
	return (node_member(map->source, field));
}

int
is_null(const struct node *map, const char *field)
{
	return (null_member(map, field) != NULL);
}

struct place
field_place(const struct node *map, const char *field)
{
	const struct node *value = node_get(map, field);
	const struct member *null = null_member(map, field);

	if (value != NULL)
		return (value->at);
	return (null != NULL ? null->at : map->at);
}

void
fault(struct validate *v, const struct node *map, const struct path *up,
    const char *field, const char *fmt, ...)
{
	struct path path = { up, field, 0, 0 };
	const struct node *value = node_get(map, field);
	char text[PROBLEM_TEXT_MAX];
	va_list ap;

	if (value != NULL && value->kind == NODE_BAD)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut off */
	va_end(ap);
	problem_add(v->problems, field_place(map, field), &path, "%s", text);
}

const struct node *
list_of(const struct node *map, const char *name)
{
	return (node_get_kind(map, name, NODE_LIST));
}

int
node_says(const struct node *map, const char *field, const char *text)
{
	const char *value = node_get_str(map, field);

	return (value != NULL && strcmp(value, text) == 0);
}

int
node_on(const struct node *map, const char *field)
{
	const struct node *value = node_get_kind(map, field, NODE_BOOL);

	return (value != NULL && value->num);
}

int
path_is(const struct path *path, const char *name)
{
	while (path != NULL && path->name == NULL)
		path = path->up;
	return (path != NULL && strcmp(path->name, name) == 0);
}

int
path_has(const struct path *path, const char *name)
{
	for (; path != NULL; path = path->up) {
		if (path->name != NULL && strcmp(path->name, name) == 0)
			return (1);
	}
	return (0);
}

static int
named_compare(const void *a, const void *b)
{
	const struct named *na = a, *nb = b;
	int c = strcmp(na->text, nb->text);

	if (c != 0)
		return (c);
	return (na->index < nb->index ? -1 : na->index > nb->index);
}

void
names_of(struct names *names, const struct node *list, const char *key)
{
	const struct node *element;
	size_t i;

	names->item = NULL;
	names->n = 0;
	if (list == NULL || list->n == 0)
		return;
	names->item = xcalloc(list->n, sizeof(*names->item));
	for (i = 0; i < list->n; i++) {
		element = list->item[i];
		if (key != NULL)
			element = node_get(element, key);
		if (element != NULL && element->kind == NODE_STRING &&
		    element->n > 0)
			names->item[names->n++] = (struct named){ element->str,
				i };
	}
	qsort(names->item, names->n, sizeof(*names->item), named_compare);
}

const struct named *
names_find(const struct names *names, const char *text)
{
	size_t low = 0, high = names->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(names->item[mid].text, text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == names->n || strcmp(names->item[low].text, text) != 0)
		return (NULL);
	return (&names->item[low]);
}

void
names_release(struct names *names)
{
	free(names->item);
	names->item = NULL;
	names->n = 0;
}
