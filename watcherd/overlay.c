#include "watcherd/overlay.h"

struct node *
overlay_null(const struct field *f, struct node *early)
{
	if (early == NULL || f->shape != SHAPE_ONE ||
	    (f->flags & FIELD_OPTIONAL))
		return (NULL);
	switch (f->json) {
	case JSON_STRING:
	case JSON_BOOL:
	case JSON_INT32:
	case JSON_INT64:
		return (early);
	case JSON_INT_OR_STRING:
		return (early->kind == NODE_NUMBER ? early : NULL);
	case JSON_OBJECT:
		return (f->flags & FIELD_ALWAYS ? early : NULL);
	case JSON_QUANTITY:
	case JSON_RESOURCE:
	case JSON_TIME:
	case JSON_ANY:
		break;
	}
	return (NULL);
}

/* What becomes of an early member. */
static int
overlay_member(struct arena *arena, const struct type *type,
    const struct member *early, struct node *late, const struct node *raw)
{
	const struct field *f = type_field(type, early->key);
	const struct member *given = node_member(raw, early->key);
	struct node *value = node_get(late, early->key);

	if (f == NULL || given == NULL)
		value = early->value;
	else if (value == NULL)
		value = overlay_null(f, early->value);
	else if ((value = overlay(
		      arena, f, early->value, value, given->value)) == NULL)
		return (-1);
	if (value == NULL)
		return (0);
	return (node_set(arena, late, early->key, value));
}

static struct node *
overlay_object(struct arena *arena, const struct type *type,
    const struct node *early, struct node *late, const struct node *raw)
{
	size_t i;

	if (early->kind != NODE_MAP || late->kind != NODE_MAP)
		return (late);
	for (i = 0; i < early->n; i++) {
		if (overlay_member(arena, type, &early->member[i], late, raw) ==
		    -1)
			return (NULL);
	}
	return (late);
}

/* Elements that both have. */
static struct node *
overlay_list(struct arena *arena, const struct field *f,
    const struct node *early, struct node *late, const struct node *raw)
{
	size_t i;

	for (i = 0; i < late->n && i < early->n; i++) {
		if (raw->item[i]->kind == NODE_NULL)
			late->item[i] = early->item[i];
		else if (f->json == JSON_OBJECT &&
		    overlay_object(arena, f->type, early->item[i],
			late->item[i], raw->item[i]) == NULL)
			return (NULL);
	}
	return (late);
}

static struct node *
overlay_map(struct arena *arena, const struct node *early, struct node *late)
{
	size_t i;

	for (i = 0; i < early->n; i++) {
		if (node_get(late, early->member[i].key) == NULL &&
		    node_set(arena, late, early->member[i].key,
			early->member[i].value) == -1)
			return (NULL);
	}
	return (late);
}

struct node *
overlay(struct arena *arena, const struct field *f, struct node *early,
    struct node *late, const struct node *raw)
{
	if (early == NULL || early->kind != late->kind)
		return (late);
	if (f->shape == SHAPE_LIST && late->kind == NODE_LIST)
		return (overlay_list(arena, f, early, late, raw));
	if (f->shape == SHAPE_MAP && late->kind == NODE_MAP)
		return (overlay_map(arena, early, late));
	if (f->shape == SHAPE_ONE && f->json == JSON_OBJECT)
		return (overlay_object(arena, f->type, early, late, raw));
	return (late);
}
