/*
 * Rules between the fields of one object, as data.
 */
#include <string.h>

#include "watcherd/defaults.h"
#include "watcherd/grammar.h"
#include "watcherd/validate_rules.h"

/* Exactly one of these fields must be there. */
static const struct {
	const struct type *type;
	const char *fields; /* NULL: all but the name */
} one_of[] = {
	{ &type_probe, "exec grpc httpGet tcpSocket" },
	{ &type_lifecycle_handler, "exec httpGet sleep tcpSocket" },
	{ &type_env_var_source,
	    "configMapKeyRef fieldRef fileKeyRef resourceFieldRef "
	    "secretKeyRef" },
	{ &type_env_from_source, "configMapRef secretRef" },
	{ &type_downward_api_file, "fieldRef resourceFieldRef" },
	{ &type_volume_projection,
	    "clusterTrustBundle configMap downwardAPI podCertificate secret "
	    "serviceAccountToken" },
	{ &type_volume, NULL },
	{ &type_fc, "targetWWNs wwids" },
	{ &type_flocker, "datasetName datasetUUID" },
};

enum relation {
	REQUIRED_WITH,	 /* when the other field says one of the words */
	REQUIRED_UNLESS, /* ... does not */
	FORBIDDEN_WITH,
	ONLY_WITH /* as FORBIDDEN_WITH, for all other words and none */
};

static const struct dependence {
	const struct type *type;
	const char *field;
	enum relation relation;
	const char *other;
	const char *words; /* NULL: that it is there at all */
} dependences[] = {
	{ &type_seccomp_profile, "localhostProfile", REQUIRED_WITH, "type",
	    "Localhost" },
	{ &type_seccomp_profile, "localhostProfile", ONLY_WITH, "type",
	    "Localhost" },
	{ &type_app_armor_profile, "localhostProfile", REQUIRED_WITH, "type",
	    "Localhost" },
	{ &type_app_armor_profile, "localhostProfile", ONLY_WITH, "type",
	    "Localhost" },
	{ &type_toleration, "key", REQUIRED_UNLESS, "operator", "Exists" },
	{ &type_toleration, "value", FORBIDDEN_WITH, "operator", "Exists" },
	{ &type_toleration, "tolerationSeconds", ONLY_WITH, "effect",
	    "NoExecute" },
	{ &type_node_selector_requirement, "values", REQUIRED_WITH, "operator",
	    "In NotIn Gt Lt" },
	{ &type_node_selector_requirement, "values", FORBIDDEN_WITH, "operator",
	    "Exists DoesNotExist" },
	{ &type_label_selector_requirement, "values", REQUIRED_WITH, "operator",
	    "In NotIn" },
	{ &type_label_selector_requirement, "values", FORBIDDEN_WITH,
	    "operator", "Exists DoesNotExist" },
	{ &type_topology_spread_constraint, "minDomains", ONLY_WITH,
	    "whenUnsatisfiable", "DoNotSchedule" },
	{ &type_topology_spread_constraint, "matchLabelKeys", ONLY_WITH,
	    "labelSelector", NULL },
	{ &type_pod_affinity_term, "matchLabelKeys", ONLY_WITH, "labelSelector",
	    NULL },
	{ &type_pod_affinity_term, "mismatchLabelKeys", ONLY_WITH,
	    "labelSelector", NULL },
	{ &type_container, "restartPolicyRules", ONLY_WITH, "restartPolicy",
	    NULL },
	{ &type_volume_mount, "subPathExpr", FORBIDDEN_WITH, "subPath", NULL },
	{ &type_env_var, "valueFrom", FORBIDDEN_WITH, "value", NULL },
	{ &type_pod_spec, "hostnameOverride", FORBIDDEN_WITH, "hostNetwork",
	    "true" },
	{ &type_pod_spec, "hostnameOverride", FORBIDDEN_WITH,
	    "setHostnameAsFQDN", "true" },
	{ &type_fc, "lun", REQUIRED_WITH, "targetWWNs", NULL },
};

static int
is_set(const struct type *type, const struct node *map, const char *name)
{
	return (!field_is_unset(type_field(type, name), node_get(map, name)));
}

/* Is a field among those that exclude each other? */
static int
is_alternative(const char *fields, const char *name)
{
	return (fields != NULL ? choices_match(fields, name)
			       : strcmp(name, "name") != 0);
}

static void
check_one_of(struct validate *v, size_t rule, const struct node *map,
    const struct path *path)
{
	const char *fields = one_of[rule].fields;
	const struct member *first = NULL, *m;
	size_t i;

	for (i = 0; i < map->n; i++) {
		m = &map->member[i];
		if (!is_alternative(fields, m->key) ||
		    !is_set(one_of[rule].type, map, m->key))
			continue;
		if (first != NULL)
			problem_add(v->problems, m->at, path,
			    "must have only one %s%s, got %s and %s",
			    fields != NULL ? "of " : "source",
			    fields != NULL ? fields : "", first->key, m->key);
		else
			first = m;
	}
	if (first == NULL)
		problem_add(v->problems, map->at, path,
		    "must have one of %s, got none",
		    fields != NULL ? fields : "the kinds of sources");
}

/* The text of a word or switch; NULL: it is neither, or not there. */
static const char *
word_of(const struct node *value)
{
	if (value == NULL)
		return (NULL);
	if (value->kind == NODE_BOOL)
		return (value->num ? "true" : "false");
	return (value->kind == NODE_STRING ? value->str : NULL);
}

static int
is_met(const struct dependence *d, const struct node *map)
{
	const char *word;

	if (d->words == NULL)
		return (is_set(d->type, map, d->other));
	word = word_of(node_get(map, d->other));
	return (word != NULL && choices_match(d->words, word));
}

/* The other field has a fault of its own, which is told already. */
static int
is_faulty(const struct dependence *d, const struct node *map)
{
	const struct field *other = type_field(d->type, d->other);
	const struct node *value = node_get(map, d->other);
	const char *word = word_of(value);

	if (value != NULL && value->kind == NODE_BAD)
		return (1);
	if ((other->flags & FIELD_REQUIRED) && field_is_unset(other, value))
		return (1);
	return (word != NULL && *word != '\0' && other->choices != NULL &&
	    !choices_match(other->choices, word));
}

static void
check_dependence(struct validate *v, const struct dependence *d,
    const struct node *map, const struct path *path)
{
	int set = is_set(d->type, map, d->field), met;
	const char *words = d->words != NULL ? d->words : "";
	const char *blank = d->words != NULL ? " " : "";

	if (is_faulty(d, map))
		return;
	met = is_met(d, map);
	switch (d->relation) {
	case REQUIRED_WITH:
		if (!set && met)
			fault(v, map, path, d->field, "is required with %s%s%s",
			    d->other, blank,
			    d->words != NULL ? word_of(node_get(map, d->other))
					     : "");
		return;
	case REQUIRED_UNLESS:
		if (!set && !met)
			fault(v, map, path, d->field,
			    "is required unless %s is %s", d->other, words);
		return;
	case FORBIDDEN_WITH:
		if (set && met)
			fault(v, map, path, d->field,
			    "must be left out with %s%s%s", d->other, blank,
			    d->words != NULL ? word_of(node_get(map, d->other))
					     : "");
		return;
	case ONLY_WITH:
		if (set && !met)
			fault(v, map, path, d->field,
			    "may be given only with %s%s%s", d->other, blank,
			    words);
		return;
	}
}

void
validate_relations(struct validate *v, const struct type *type,
    const struct node *map, const struct path *path)
{
	size_t i;

	for (i = 0; i < sizeof(one_of) / sizeof(one_of[0]); i++) {
		if (one_of[i].type == type)
			check_one_of(v, i, map, path);
	}
	for (i = 0; i < sizeof(dependences) / sizeof(dependences[0]); i++) {
		if (dependences[i].type == type)
			check_dependence(v, &dependences[i], map, path);
	}
}
