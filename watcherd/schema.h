/*
 * The schema of a Pod (Kubernetes 1.36) as data: every field that can
 * stand in a manifest, its type, and what is done with it.  Decoding,
 * defaults, validation and canonical JSON are driven by it.
 *
 * The rows are in schema_pod.c, schema_container.c, schema_volume.c and
 * schema_status.c, by type; fields are sorted by name.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include <stddef.h>
#include <stdint.h>

enum json_type {
	JSON_STRING,
	JSON_BOOL,
	JSON_INT32,
	JSON_INT64,
	JSON_QUANTITY,	    /* "500m", 0.5 */
	JSON_RESOURCE,	    /* a quantity, rounded up to a thousandth */
	JSON_TIME,	    /* RFC 3339 */
	JSON_INT_OR_STRING, /* a port's number or name */
	JSON_OBJECT,	    /* of the type given */
	JSON_ANY	    /* whatever */
};

enum json_shape {
	SHAPE_ONE,
	SHAPE_LIST, /* a list of these */
	SHAPE_MAP   /* a mapping of free keys to these */
};

/* What becomes of a field that says something (is not empty or zero). */
enum support {
	SUPPORT_KEPT,	/* for the mirror, and needs no action here */
	SUPPORT_ACTED,	/* Tripod does what it says */
	SUPPORT_WARNED, /* for the mirror; told that it is not acted on */
	SUPPORT_LATER,	/* refused here only: not supported yet, or a reason */
	SUPPORT_REFERS, /* refused: a static pod may not refer to ... */
	SUPPORT_REFUSED /* refused by a kubelet too: see the field's text */
};

/* Grammars of strings; spec names as in the Kubernetes API. */
enum grammar {
	GRAMMAR_NONE,
	GRAMMAR_LABEL,
	GRAMMAR_SUBDOMAIN,
	GRAMMAR_QUALIFIED,
	GRAMMAR_ANNOTATION, /* a qualified name once in lower case */
	GRAMMAR_LABEL_VALUE,
	GRAMMAR_PORT_NAME,
	GRAMMAR_ENV_NAME,
	GRAMMAR_HEADER_NAME,
	GRAMMAR_UID,
	GRAMMAR_IP,
	GRAMMAR_SYSCTL,
	GRAMMAR_NO_DOTS,  /* no component ".." */
	GRAMMAR_RELATIVE, /* that, and not absolute */
	GRAMMAR_KEY_PATH, /* that, and not starting with ".." */
	GRAMMAR_ABSOLUTE,
	GRAMMAR_TRIMMED,   /* no white space around it */
	GRAMMAR_PRINTABLE, /* characters that can be seen, and blanks */
	GRAMMAR_SEARCH,	   /* a domain to search, "." too */
	GRAMMAR_PREFIX,	   /* generateName: a subdomain, maybe with "-" */
	GRAMMAR_FINALIZER  /* qualified, or one of the standard ones */
};

#define FIELD_REQUIRED 0x01 /* the API lists it as required */
#define FIELD_OPTIONAL 0x02 /* unset differs from zero */
#define FIELD_NEEDED 0x10   /* not listed so, and yet checked */
#define FIELD_BY_CODE 0x20  /* required, and checked by its own code */
#define FIELD_MAY_LACK 0x04 /* required, and yet nobody checks */
#define FIELD_CLEARED 0x08  /* left out of the pod: no meaning here */
#define FIELD_ALWAYS 0x80   /* an object that null does not unset */
#define FIELD_NO_EMPTY 0x40 /* an empty mapping means the same as none */

struct type;

struct field {
	const char *name;
	enum json_type json;
	enum json_shape shape;
	const struct type *type; /* OBJECT */
	unsigned int flags;	 /* FIELD_* */
	enum support support;
	const char *note;     /* REFERS: the kind; LATER, REFUSED: why */
	const char *choices;  /* words with blanks between; NULL: free */
	enum grammar grammar; /* of each string that is not empty */
	enum grammar keys;    /* of a map's keys */
	int ranged;	      /* min and max count */
	int64_t min, max;     /* of each number */
	size_t longest;	      /* bytes of each string; 0: free */
	size_t most;	      /* elements of a list; 0: free */
	const char *unique;   /* field in which elements must differ */
	const char *fallback; /* default, as JSON: "TCP" "30" "{}" ... */

	/* For people only; NULL: nothing to say. */
	const char *fallback_words; /* default that depends on others */
	const char *since; /* first version of Kubernetes that had it, "1.29",
			    * if that is later than 1.15 */
	const char *but;   /* values that are not supported */
};

struct type {
	const char *name;
	const struct field *field;
	size_t n;
};

extern const struct type type_pod, type_pod_list;

/* Types that code asks for by name; the rest hangs on type_pod. */
extern const struct type type_object_meta, type_pod_spec, type_container,
    type_ephemeral_container, type_volume, type_pod_status,
    type_resource_requirements, type_local_object_reference,
    type_label_selector, type_se_linux_options, type_seccomp_profile,
    type_app_armor_profile, type_windows_security_context_options,
    type_object_field_selector, type_resource_field_selector, type_toleration,
    type_container_port, type_volume_mount, type_env_var, type_env_var_source,
    type_env_from_source, type_probe, type_lifecycle_handler, type_lifecycle,
    type_downward_api_file, type_volume_projection, type_projected,
    type_empty_dir, type_node_selector_requirement,
    type_label_selector_requirement, type_pod_affinity_term,
    type_topology_spread_constraint, type_pod_security_context,
    type_security_context, type_owner_reference, type_file_key_selector,
    type_iscsi, type_fc, type_flocker, type_flex, type_quobyte, type_host_path;

/* NULL if the type has no such field; case matters. */
const struct field *type_field(const struct type *, const char *);
/*
 * The field most likely meant by a name that the type does not have:
 * wrong case, one or two letters wrong, or its end left out.  NULL: no idea.
 */
const struct field *type_guess(const struct type *, const char *);
/*
 * The required field whose name ends with another name, whatever the case:
 * containerPort for "port".  NULL: there is none.
 */
const struct field *type_ending(const struct type *, const char *);
/*
 * True if a value of the field may be left out of canonical JSON when it
 * is zero, false or "".
 */
int field_omits_zero(const struct field *);
/* "a string", "a list of mappings" ... for messages. */
const char *field_wants(const struct field *);

#endif
