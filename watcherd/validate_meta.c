#include <stdio.h>
#include <string.h>

#include "common/name.h"
#include "watcherd/grammar.h"
#include "watcherd/validate.h"
#include "watcherd/validate_rules.h"

#define NAME_SIZE 512
#define HASH_KEY "kubernetes.io/config.hash"
#define HASH_LEN 32

static void
name_missing(
    struct validate *v, const struct node *meta, const struct path *path)
{
	const struct member *m = node_member(node_get(meta, "labels"), "name");

	if (node_get(meta, "generateName") != NULL)
		fault(v, meta, path, "name",
		    "is required; generateName is no replacement");
	else if (m != NULL)
		fault(v, meta, path, "name",
		    "is required; the name in line %u is a label, is it "
		    "indented too far?",
		    m->at.line);
	else
		fault(v, meta, path, "name", "is required");
}

static void
check_name(struct validate *v, const struct node *meta, const struct path *path)
{
	const struct node *name = node_get(meta, "name");
	char full[NAME_SIZE], q[QUOTE_MAX];
	int n;

	if (name == NULL || (name->kind == NODE_STRING && name->n == 0)) {
		name_missing(v, meta, path);
		return;
	}
	if (name->kind != NODE_STRING)
		return;
	n = snprintf(full, sizeof(full), "%s-%s", name->str, v->node_name);
	if (n < 0 || (size_t)n >= sizeof(full) || !name_is_subdomain(full))
		fault(v, meta, path, "name",
		    "with \"-%s\" behind it must be a DNS name of at most 253 "
		    "(a-z, 0-9, '-' and '.'), got %s",
		    v->node_name, quote(q, name->str));
}

/* Keys and values together; the pod's hash is one of them by then. */
static void
check_annotations(
    struct validate *v, const struct node *meta, const struct path *path)
{
	const struct node *map = node_get_kind(meta, "annotations", NODE_MAP);
	const char *uid = node_get_str(meta, "uid");
	size_t i, bytes = strlen(HASH_KEY);

	if (map == NULL)
		return;
	bytes += uid != NULL && *uid != '\0' ? strlen(uid) : HASH_LEN;
	for (i = 0; i < map->n; i++) {
		if (strcmp(map->member[i].key, HASH_KEY) != 0)
			bytes += strlen(map->member[i].key) +
			    map->member[i].value->n;
	}
	if (bytes > ANNOTATIONS_MAX)
		fault(v, meta, path, "annotations",
		    "must be at most %d bytes together, got %zu",
		    ANNOTATIONS_MAX, bytes);
}

/*
 * A kubelet takes "labels:" within the annotations for one without a text,
 * and what follows for others.
 */
static void
check_swallowed(
    struct validate *v, const struct node *meta, const struct path *up)
{
	static const char *const maps[] = { "annotations", "labels" };
	const struct node *map;
	const struct field *f;
	size_t i, j;

	for (i = 0; i < 2; i++) {
		struct path path = { up, maps[i], 0, 0 };

		map = node_get_kind(meta, maps[i], NODE_MAP);
		for (j = 0; map != NULL && j < map->n; j++) {
			f = type_field(&type_object_meta, map->member[j].key);
			if (f == NULL || f->shape == SHAPE_ONE ||
			    map->member[j].value->n > 0)
				continue;
			problem_flaw(v->problems, map->member[j].at, &path,
			    "%s is a field of metadata, is it indented too "
			    "far?",
			    f->name);
		}
	}
}

static void
check_finalizers(
    struct validate *v, const struct node *meta, const struct path *path)
{
	const struct node *list = list_of(meta, "finalizers");
	int orphan = 0, foreground = 0;
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		if (list->item[i]->kind != NODE_STRING)
			continue;
		orphan |= strcmp(list->item[i]->str, "orphan") == 0;
		foreground |= strcmp(list->item[i]->str,
				  "foregroundDeletion") == 0;
	}
	if (orphan && foreground)
		fault(v, meta, path, "finalizers",
		    "must not have both orphan and foregroundDeletion");
}

static void
check_controllers(
    struct validate *v, const struct node *meta, const struct path *up)
{
	struct path list = { up, "ownerReferences", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *owners = list_of(meta, list.name), *first = NULL;

	for (; owners != NULL && here.index < owners->n; here.index++) {
		if (!node_on(owners->item[here.index], "controller"))
			continue;
		if (first != NULL)
			fault(v, owners->item[here.index], &here, "controller",
			    "must be true once only, see line %u",
			    node_get(first, "controller")->at.line);
		else
			first = owners->item[here.index];
	}
}

void
rule_meta(struct validate *v, const struct node *meta, const struct path *path)
{
	if (path->up != NULL)
		return; /* of a template within the spec */
	check_name(v, meta, path);
	check_annotations(v, meta, path);
	check_swallowed(v, meta, path);
	check_finalizers(v, meta, path);
	check_controllers(v, meta, path);
}

/* "VERSION" or "GROUP/VERSION". */
static int
has_version(const char *text)
{
	const char *slash = strchr(text, '/');

	if (slash == NULL)
		return (*text != '\0');
	return (slash[1] != '\0' && strchr(slash + 1, '/') == NULL);
}

void
rule_owner(
    struct validate *v, const struct node *owner, const struct path *path)
{
	const char *version = node_get_str(owner, "apiVersion");
	char q[QUOTE_MAX];

	if (version == NULL || *version == '\0')
		return;
	if (!has_version(version))
		fault(v, owner, path, "apiVersion",
		    "must be \"VERSION\" or \"GROUP/VERSION\", got %s",
		    quote(q, version));
	else if (choices_match("v1 /v1", version) &&
	    node_says(owner, "kind", "Event"))
		fault(v, owner, path, "kind", "must not be Event");
}
