/*
 * What the files validate_*.c share: rules between the fields of one object
 * and those between objects.
 *
 * A rule looks at one object of its type, wherever that stands, and adds a
 * fault for each thing that is wrong.  What decode.h refused (NODE_BAD) is
 * passed over, and so is what the schema's columns say already.
 */
#ifndef VALIDATE_RULES_H
#define VALIDATE_RULES_H

#include "watcherd/problem.h"
#include "watcherd/schema.h"
#include "watcherd/tree.h"

/* Texts of a field in the elements of a list, sorted. */
struct named {
	const char *text;
	size_t index;
};

struct names {
	struct named *item;
	size_t n;
};

struct validate {
	struct problems *problems;
	const char *node_name;
	const struct node *meta, *spec;
	struct names volumes;
};

/* What every rule gets: the object, and the way to it. */
typedef void rule_fn(
    struct validate *, const struct node *, const struct path *);

/* Rules from tables: validate_relation.c. */
void validate_relations(struct validate *, const struct type *,
    const struct node *, const struct path *);

/* What the schema says of a value of a field: validate.c. */
void check_field(struct validate *, const struct field *,
    const struct node *value, const struct path *);
/* The annotation that once was spec.tolerations. */
void check_tolerations(
    struct validate *, const struct member *, const struct path *);

/* validate_meta.c, validate_annotation.c */
rule_fn rule_meta, rule_owner, rule_annotations;
/* validate_pod.c */
rule_fn rule_spec, rule_os;
/* validate_security.c, validate_windows.c */
rule_fn rule_security, rule_pod_security, rule_windows, rule_host_process;
/* validate_container.c */
rule_fn rule_containers, rule_container;
/* validate_advice.c */
rule_fn rule_advice, rule_host_path;
/* validate_port.c */
rule_fn rule_ports;
/* validate_probe.c */
rule_fn rule_probe, rule_lifecycle, rule_handler;
/* validate_volume.c */
rule_fn rule_projected, rule_empty_dir;
rule_fn rule_iscsi, rule_fc, rule_flocker, rule_flex, rule_quobyte;
/* validate_downward.c */
rule_fn rule_env_source, rule_file_key, rule_downward_file;
/* validate_resources.c */
rule_fn rule_resources, rule_pod_resources;
/* validate_affinity.c */
rule_fn rule_node_requirement, rule_pod_affinity_term, rule_toleration;

/* Was a field written down without a value? */
int is_null(const struct node *map, const char *field);
/*
 * The place of a field's value; of its key, if that is null; of the object, if
 * it is not there.
 */
struct place field_place(const struct node *map, const char *field);
/* Adds a fault of one field of an object, at that place. */
void fault(struct validate *, const struct node *map, const struct path *,
    const char *field, const char *, ...) __attribute__((format(printf, 5, 6)));

/* A list of an object; NULL if it is not there. */
const struct node *list_of(const struct node *, const char *);
/* True if a field is there with that text. */
int node_says(const struct node *, const char *field, const char *text);
/* True if a switch is there and on. */
int node_on(const struct node *, const char *field);
/* The last named part of a way, such as "livenessProbe". */
int path_is(const struct path *, const char *name);
/* True if a way leads through a field. */
int path_has(const struct path *, const char *name);

/*
 * Texts of "key" in the elements of a list, or of the elements themselves
 * (NULL).  Empty ones are left out.  names_release() frees them.
 */
void names_of(struct names *, const struct node *list, const char *key);
/* The first element that has the text; NULL: none. */
const struct named *names_find(const struct names *, const char *);
void names_release(struct names *);

#endif
