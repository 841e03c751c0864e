#include "watcherd/validate.h"

#include <inttypes.h>
#include <string.h>

#include "watcherd/defaults.h"
#include "watcherd/grammar.h"
#include "watcherd/schema.h"

static void
check_string(struct problems *p, const struct field *f, const struct node *node,
    const struct path *path)
{
	char q[QUOTE_MAX];

	if (f->choices != NULL && !choices_match(f->choices, node->str))
		problem_add(p, node->at, path, "must be one of %s, got %s",
		    f->choices, quote(q, node->str));
	if (!grammar_matches(f->grammar, node->str))
		problem_add(p, node->at, path, "must be %s, got %s",
		    grammar_str(f->grammar), quote(q, node->str));
}

static void
check_number(struct problems *p, const struct field *f, const struct node *node,
    const struct path *path)
{
	if (!f->ranged || (node->num >= f->min && node->num <= f->max))
		return;
	if (f->max >= INT32_MAX)
		problem_add(p, node->at, path,
		    f->max == INT64_MAX
			? "must be at least %" PRId64 ", got %" PRId64
			: "must be %" PRId64 "..2147483647, got %" PRId64,
		    f->min, node->num);
	else
		problem_add(p, node->at, path,
		    "must be %" PRId64 "..%" PRId64 ", got %" PRId64, f->min,
		    f->max, node->num);
}

static void check_object(struct problems *, const struct type *,
    const struct node *, const struct path *);

static void
check_one(struct problems *p, const struct field *f, const struct node *node,
    const struct path *path)
{
	if (f->json == JSON_OBJECT)
		check_object(p, f->type, node, path);
	else if (node->kind == NODE_STRING && f->json != JSON_QUANTITY &&
	    f->json != JSON_RESOURCE)
		check_string(p, f, node, path);
	else if (node->kind == NODE_NUMBER)
		check_number(p, f, node, path);
}

static void
check_map(struct problems *p, const struct field *f, const struct node *map,
    const struct path *path)
{
	struct path here = { path, NULL, 0, 1 };
	char q[QUOTE_MAX];
	size_t i;

	for (i = 0; map->kind == NODE_MAP && i < map->n; i++) {
		here.name = map->member[i].key;
		if (!grammar_matches(f->keys, here.name))
			problem_add(p, map->member[i].at, path,
			    "a key must be %s, got %s", grammar_str(f->keys),
			    quote(q, here.name));
		check_one(p, f, map->member[i].value, &here);
	}
}

/* An empty string that was written down counts where it differs. */
static int
is_checked(const struct field *f, const struct node *node)
{
	if (node->kind == NODE_STRING && node->n == 0)
		return ((f->flags & FIELD_OPTIONAL) && f->fallback == NULL);
	return (1);
}

static void
check_field(struct problems *p, const struct field *f, const struct node *value,
    const struct path *path)
{
	struct path here = { path, NULL, 0, 0 };

	switch (f->shape) {
	case SHAPE_ONE:
		if (is_checked(f, value))
			check_one(p, f, value, path);
		return;
	case SHAPE_MAP:
		check_map(p, f, value, path);
		return;
	case SHAPE_LIST:
		break;
	}
	for (; value->kind == NODE_LIST && here.index < value->n; here.index++)
		check_one(p, f, value->item[here.index], &here);
}

static int
is_required(const struct field *f)
{
	return ((f->flags & (FIELD_REQUIRED | FIELD_NEEDED)) &&
	    !(f->flags & FIELD_MAY_LACK));
}

static void
check_object(struct problems *p, const struct type *type,
    const struct node *map, const struct path *path)
{
	struct path here = { path, NULL, 0, 0 };
	const struct node *value;
	size_t i;

	for (i = 0; map->kind == NODE_MAP && i < type->n; i++) {
		here.name = type->field[i].name;
		value = node_get(map, here.name);
		if (is_required(&type->field[i]) &&
		    field_is_unset(&type->field[i], value))
			problem_add(p, value != NULL ? value->at : map->at,
			    &here, "is required");
		else if (value != NULL)
			check_field(p, &type->field[i], value, &here);
	}
}

void
validate_fields(const struct node *pod, struct problems *p)
{
	struct path path = { NULL, "metadata", 0, 0 };
	const struct node *part;

	if ((part = node_get(pod, "metadata")) != NULL)
		check_object(p, &type_object_meta, part, &path);
	path.name = "spec";
	if ((part = node_get(pod, "spec")) != NULL)
		check_object(p, &type_pod_spec, part, &path);
	else
		problem_add(p, pod->at, &path, "is required");
}
