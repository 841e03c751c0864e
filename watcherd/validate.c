#include "watcherd/validate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/defaults.h"
#include "watcherd/grammar.h"
#include "watcherd/guess.h"
#include "watcherd/schema.h"
#include "watcherd/validate_rules.h"

#define FILE_MODE_MAX 0777 /* the range of permissions */

/* What the columns of the schema cannot say about an object of a type. */
static const struct {
	const struct type *type;
	rule_fn *rule;
} rules[] = {
	{ &type_object_meta, rule_meta },
	{ &type_object_meta, rule_annotations },
	{ &type_owner_reference, rule_owner },
	{ &type_pod_spec, rule_spec },
	{ &type_pod_spec, rule_os },
	{ &type_pod_spec, rule_containers },
	{ &type_pod_spec, rule_ports },
	{ &type_pod_spec, rule_pod_resources },
	{ &type_pod_spec, rule_host_process },
	{ &type_pod_security_context, rule_pod_security },
	{ &type_security_context, rule_security },
	{ &type_windows_security_context_options, rule_windows },
	{ &type_container, rule_container },
	{ &type_container, rule_resources },
	{ &type_container, rule_advice },
	{ &type_host_path, rule_host_path },
	{ &type_env_var_source, rule_env_source },
	{ &type_file_key_selector, rule_file_key },
	{ &type_probe, rule_probe },
	{ &type_lifecycle, rule_lifecycle },
	{ &type_lifecycle_handler, rule_handler },
	{ &type_empty_dir, rule_empty_dir },
	{ &type_downward_api_file, rule_downward_file },
	{ &type_projected, rule_projected },
	{ &type_node_selector_requirement, rule_node_requirement },
	{ &type_pod_affinity_term, rule_pod_affinity_term },
	{ &type_toleration, rule_toleration },
	{ &type_iscsi, rule_iscsi },
	{ &type_fc, rule_fc },
	{ &type_flocker, rule_flocker },
	{ &type_flex, rule_flex },
	{ &type_quobyte, rule_quobyte },
};

static void
check_choice(struct problems *p, const struct field *f, const struct node *node,
    const struct path *path)
{
	char q[QUOTE_MAX], buf[GUESS_MAX + 1];
	const char *guess = guess_word(f->choices, node->str, buf);

	problem_add(p, node->at, path, "must be one of %s, got %s%s%s%s",
	    f->choices, quote(q, node->str),
	    guess != NULL ? "; did you mean \"" : "",
	    guess != NULL ? guess : "", guess != NULL ? "\"?" : "");
}

static int
is_number(const char *text)
{
	return (*text != '\0' && text[strspn(text, "0123456789")] == '\0');
}

static void
check_string(struct problems *p, const struct field *f, const struct node *node,
    const struct path *path)
{
	char q[QUOTE_MAX];

	if (f->choices != NULL && !choices_match(f->choices, node->str))
		check_choice(p, f, node, path);
	else if (f->grammar != GRAMMAR_UID && /* a question of support */
	    !grammar_matches(f->grammar, node->str))
		problem_add(p, node->at, path, "must be %s, got %s%s",
		    grammar_str(f->grammar), quote(q, node->str),
		    f->json == JSON_INT_OR_STRING && is_number(node->str)
			? "; leave out the quotes"
			: "");
	else if (f->longest > 0 && node->n > f->longest)
		problem_add(p, node->at, path,
		    "must be at most %zu bytes, got %zu", f->longest, node->n);
}

static void
check_number(struct problems *p, const struct field *f, const struct node *node,
    const struct path *path)
{
	if (!f->ranged || (node->num >= f->min && node->num <= f->max))
		return;
	if (f->max == FILE_MODE_MAX)
		problem_add(p, node->at, path,
		    "must be 0..%d (0777 octal), got %" PRId64, FILE_MODE_MAX,
		    node->num);
	else if (f->max >= INT32_MAX)
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

static void check_object(struct validate *, const struct type *,
    const struct node *, const struct path *);

static void
check_one(struct validate *v, const struct field *f, const struct node *node,
    const struct path *path)
{
	if (f->json == JSON_OBJECT)
		check_object(v, f->type, node, path);
	else if (node->kind == NODE_STRING && f->json != JSON_QUANTITY &&
	    f->json != JSON_RESOURCE)
		check_string(v->problems, f, node, path);
	else if (node->kind == NODE_NUMBER)
		check_number(v->problems, f, node, path);
}

static void
check_map(struct validate *v, const struct field *f, const struct node *map,
    const struct path *path)
{
	struct path here = { path, NULL, 0, 1 };
	char q[QUOTE_MAX];
	size_t i;

	for (i = 0; map->kind == NODE_MAP && i < map->n; i++) {
		here.name = map->member[i].key;
		if (!grammar_matches(f->keys, here.name))
			problem_add(v->problems, map->member[i].at, path,
			    "a key must be %s, got %s", grammar_str(f->keys),
			    quote(q, here.name));
		check_one(v, f, map->member[i].value, &here);
	}
}

/* Tells of each element whose "key" an earlier one had. */
static void
check_unique(struct validate *v, const struct node *list, const char *key,
    const struct path *up)
{
	struct path here = { up, NULL, 0, 0 };
	const struct node *first;
	struct names names;
	char q[QUOTE_MAX];
	size_t i;

	names_of(&names, list, key);
	for (i = 1; i < names.n; i++) {
		if (strcmp(names.item[i].text, names.item[i - 1].text) != 0)
			continue;
		here.index = names.item[i].index;
		first = list->item[names.item[i - 1].index];
		fault(v, list->item[here.index], &here, key,
		    "must be unique, %s was used in line %u",
		    quote(q, names.item[i].text),
		    node_get(first, key)->at.line);
	}
	names_release(&names);
}

static void
check_list(struct validate *v, const struct field *f, const struct node *list,
    const struct path *path)
{
	struct path here = { path, NULL, 0, 0 };

	if (list->kind != NODE_LIST)
		return;
	if (f->most > 0 && list->n > f->most)
		problem_add(v->problems, list->at, path,
		    "must be at most %zu, got %zu", f->most, list->n);
	if (f->unique != NULL)
		check_unique(v, list, f->unique, path);
	for (; here.index < list->n; here.index++)
		check_one(v, f, list->item[here.index], &here);
}

/* An empty string that was written down counts where it differs. */
static int
is_checked(const struct field *f, const struct node *node)
{
	if (node->kind == NODE_STRING && node->n == 0)
		return (f->json == JSON_INT_OR_STRING ||
		    ((f->flags & FIELD_OPTIONAL) && f->fallback == NULL));
	return (1);
}

void
check_field(struct validate *v, const struct field *f, const struct node *value,
    const struct path *path)
{
	/* Told by validate_support(), whatever is in it. */
	if (f->support == SUPPORT_REFERS || f->support == SUPPORT_REFUSED)
		return;
	switch (f->shape) {
	case SHAPE_ONE:
		if (is_checked(f, value))
			check_one(v, f, value, path);
		return;
	case SHAPE_MAP:
		check_map(v, f, value, path);
		return;
	case SHAPE_LIST:
		check_list(v, f, value, path);
		return;
	}
}

static int
is_required(const struct field *f)
{
	return ((f->flags & (FIELD_REQUIRED | FIELD_NEEDED)) &&
	    !(f->flags & FIELD_MAY_LACK));
}

static void
check_object(struct validate *v, const struct type *type,
    const struct node *map, const struct path *path)
{
	struct path here = { path, NULL, 0, 0 };
	const struct node *value;
	size_t i;

	if (map->kind != NODE_MAP)
		return;
	for (i = 0; i < type->n; i++) {
		here.name = type->field[i].name;
		value = node_get(map, here.name);
		if (is_required(&type->field[i]) &&
		    field_is_unset(&type->field[i], value))
			fault(v, map, path, here.name, "is required%s",
			    is_null(map, here.name) ? ", got null" : "");
		else if (value != NULL)
			check_field(v, &type->field[i], value, &here);
	}
	validate_relations(v, type, map, path);
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].type == type)
			rules[i].rule(v, map, path);
	}
}

/* More of something than Tripod takes, which bounds all that follows. */
static int
check_limits(
    struct validate *v, const struct node *spec, const struct path *path)
{
	static const struct {
		const char *list;
		size_t max;
	} limits[] = {
		{ "containers", CONTAINERS_MAX },
		{ "initContainers", CONTAINERS_MAX },
		{ "volumes", VOLUMES_MAX },
	};
	const struct node *list;
	size_t i, errors = v->problems->errors;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		list = list_of(spec, limits[i].list);
		if (list != NULL && list->n > limits[i].max)
			fault(v, spec, path, limits[i].list,
			    "must be at most %zu, got %zu", limits[i].max,
			    list->n);
	}
	return (v->problems->errors == errors ? 0 : -1);
}

void
validate_pod(const struct node *pod, const char *node_name, struct problems *p)
{
	struct validate v = { p, node_name, node_get(pod, "metadata"),
		node_get(pod, "spec"), { NULL, 0 } };
	const struct node none = { .kind = NODE_MAP, .at = pod->at };
	struct path meta = { NULL, "metadata", 0, 0 };
	struct path spec = { NULL, "spec", 0, 0 };

	if (check_limits(&v, v.spec, &spec) == -1)
		return;
	names_of(&v.volumes, list_of(v.spec, "volumes"), "name");
	check_object(
	    &v, &type_object_meta, v.meta != NULL ? v.meta : &none, &meta);
	if (v.spec != NULL)
		check_object(&v, &type_pod_spec, v.spec, &spec);
	else
		problem_add(p, field_place(pod, spec.name), &spec,
		    "is required%s",
		    is_null(pod, spec.name) ? ", got null" : "");
	names_release(&v.volumes);
}
