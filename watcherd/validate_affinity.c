/*
 * Where a pod may be scheduled.  A static pod is where it is; what is said
 * must be valid all the same, for the mirror's sake.
 */
#include <string.h>

#include "common/name.h"
#include "watcherd/grammar.h"
#include "watcherd/validate_rules.h"

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"

/* Each element of a list of strings that does not follow a grammar. */
static void
check_values(struct validate *v, const struct node *map, const struct path *up,
    enum grammar grammar)
{
	struct path list = { up, "values", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *values = list_of(map, list.name), *value;
	char q[QUOTE_MAX];

	for (; values != NULL && here.index < values->n; here.index++) {
		value = values->item[here.index];
		if (value->kind == NODE_STRING &&
		    !grammar_matches(grammar, value->str))
			problem_add(v->problems, value->at, &here,
			    "must be %s, got %s", grammar_str(grammar),
			    quote(q, value->str));
	}
}

/* Of the fields of a node only its name can be asked for. */
static void
check_match_field(
    struct validate *v, const struct node *map, const struct path *path)
{
	const struct node *values = list_of(map, "values");
	const char *key = node_get_str(map, "key");
	const char *operator= node_get_str(map, "operator");
	char q[QUOTE_MAX];

	if (key != NULL && *key != '\0' && strcmp(key, "metadata.name") != 0)
		fault(v, map, path, "key", "must be \"metadata.name\", got %s",
		    quote(q, key));
	if (operator!= NULL && * operator!=
	    '\0' && !choices_match("In NotIn", operator))
		fault(v, map, path, "operator", "must be In or NotIn, got %s",
		    quote(q, operator));
	else if (values != NULL && values->n > 1)
		fault(
		    v, map, path, "values", "must be one, got %zu", values->n);
	check_values(v, map, path, GRAMMAR_SUBDOMAIN);
}

void
rule_node_requirement(
    struct validate *v, const struct node *map, const struct path *path)
{
	const struct node *values = list_of(map, "values");
	const char *operator= node_get_str(map, "operator");

	if (path_is(path, "matchFields")) {
		check_match_field(v, map, path);
		return;
	}
	if (operator!= NULL && choices_match("Gt Lt", operator) &&
	    values != NULL && values->n > 1)
		fault(v, map, path, "values",
		    "must be one with operator %s, got %zu", operator,
		    values->n);
	if (path_has(path, REQUIRED))
		check_values(v, map, path, GRAMMAR_LABEL_VALUE);
}

void
rule_pod_affinity_term(
    struct validate *v, const struct node *map, const struct path *up)
{
	struct path list = { up, "mismatchLabelKeys", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *keys = list_of(map, list.name);
	struct names match;
	char q[QUOTE_MAX];

	names_of(&match, list_of(map, "matchLabelKeys"), NULL);
	for (; keys != NULL && here.index < keys->n; here.index++) {
		if (keys->item[here.index]->kind == NODE_STRING &&
		    names_find(&match, keys->item[here.index]->str))
			problem_add(v->problems, keys->item[here.index]->at,
			    &here, "must not be in matchLabelKeys too, got %s",
			    quote(q, keys->item[here.index]->str));
	}
	names_release(&match);
}

void
rule_toleration(
    struct validate *v, const struct node *map, const struct path *path)
{
	const char *operator= node_get_str(map, "operator");
	const char *value = node_get_str(map, "value");
	char q[QUOTE_MAX];

	if (value == NULL || grammar_matches(GRAMMAR_LABEL_VALUE, value))
		return;
	if (operator== NULL || * operator== '\0' ||
	    strcmp(operator, "Equal") == 0)
		fault(v, map, path, "value", "must be %s, got %s",
		    grammar_str(GRAMMAR_LABEL_VALUE), quote(q, value));
}
