#include "watcherd/defaults.h"

#include <stdlib.h>
#include <string.h>

#include "watcherd/image.h"
#include "watcherd/resources.h"

int
field_is_unset(const struct field *f, const struct node *node)
{
	if (node == NULL)
		return (1);
	if (!field_omits_zero(f))
		return (0);
	if (f->shape != SHAPE_ONE)
		return ((node->kind == NODE_LIST || node->kind == NODE_MAP) &&
		    node->n == 0);
	switch (f->json) {
	case JSON_STRING:
	case JSON_TIME:
		return (node->kind == NODE_STRING && node->n == 0);
	case JSON_BOOL:
		return (node->kind == NODE_BOOL && !node->num);
	case JSON_INT32:
	case JSON_INT64:
		return (node->kind == NODE_NUMBER && node->num == 0);
	case JSON_QUANTITY:
	case JSON_RESOURCE:
	case JSON_INT_OR_STRING:
	case JSON_OBJECT:
	case JSON_ANY:
		break;
	}
	return (0);
}

/* The default of a field, as the schema writes it. */
static struct node *
fallback_node(struct arena *arena, const struct field *f, struct place at)
{
	switch (f->json) {
	case JSON_BOOL:
		return (node_bool(arena, at, *f->fallback == 't'));
	case JSON_INT32:
	case JSON_INT64:
		return (node_number(arena, at, strtoll(f->fallback, NULL, 10)));
	case JSON_OBJECT:
	case JSON_ANY:
		return (node_new(arena, NODE_MAP, at));
	case JSON_STRING:
	case JSON_QUANTITY:
	case JSON_RESOURCE:
	case JSON_TIME:
	case JSON_INT_OR_STRING:
		break;
	}
	return (node_string(arena, at, f->fallback, strlen(f->fallback)));
}

/* The policy of an image, in a container or a volume. */
static int
default_pull_policy(struct arena *arena, struct node *owner, const char *policy,
    const char *image)
{
	const struct node *given = node_get(owner, policy);
	const char *reference = node_get_str(owner, image);

	if (given != NULL && (given->kind != NODE_STRING || given->n > 0))
		return (0);
	return (node_set_text(arena, owner, policy,
	    image_pull_policy(reference != NULL ? reference : "")));
}

/* Requests that are not given are the limits. */
static int
default_requests(struct arena *arena, struct node *container)
{
	struct node *resources, *limits, *requests;
	size_t i;

	resources = node_get_kind(container, "resources", NODE_MAP);
	limits = node_get_kind(resources, "limits", NODE_MAP);
	if (limits == NULL || limits->n == 0)
		return (0);
	if ((requests = node_get(resources, "requests")) == NULL) {
		requests = node_new(arena, NODE_MAP, limits->at);
		if (requests == NULL ||
		    node_set(arena, resources, "requests", requests) == -1)
			return (-1);
	}
	if (requests->kind != NODE_MAP)
		return (0);
	for (i = 0; i < limits->n; i++) {
		if (node_get(requests, limits->member[i].key) == NULL &&
		    node_set(arena, requests, limits->member[i].key,
			limits->member[i].value) == -1)
			return (-1);
	}
	return (0);
}

static int
is_port(int64_t number)
{
	return (number > 0 && number <= UINT16_MAX);
}

/* With the host's network a container's port is the host's port. */
static int
default_host_ports(struct arena *arena, const struct node *container)
{
	const struct node *ports = node_get_kind(container, "ports", NODE_LIST);
	struct node *number, *port;
	size_t i;

	for (i = 0; ports != NULL && i < ports->n; i++) {
		port = ports->item[i];
		number = node_get_kind(port, "containerPort", NODE_NUMBER);
		if (number == NULL || node_get_num(port, "hostPort", 0) != 0)
			continue;
		/* What is wrong is told once. */
		if (!is_port(node_get_num(port, "containerPort", 0)))
			continue;
		if (node_set(arena, port, "hostPort", number) == -1)
			return (-1);
	}
	return (0);
}

static int
default_container(
    struct arena *arena, const struct node *spec, struct node *container)
{
	if (container->kind != NODE_MAP)
		return (0);
	if (default_requests(arena, container) == -1)
		return (-1);
	if (node_get_num(spec, "hostNetwork", 0) &&
	    default_host_ports(arena, container) == -1)
		return (-1);
	return (
	    default_pull_policy(arena, container, "imagePullPolicy", "image"));
}

static int
default_containers(
    struct arena *arena, const struct node *spec, const char *name)
{
	const struct node *list = node_get_kind(spec, name, NODE_LIST);
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		if (default_container(arena, spec, list->item[i]) == -1)
			return (-1);
	}
	return (0);
}

static int
default_volume(struct arena *arena, struct node *volume)
{
	struct node *image, *empty;
	size_t i;

	if (volume->kind != NODE_MAP)
		return (0);
	for (i = 0; i < volume->n; i++) {
		if (strcmp(volume->member[i].key, "name") != 0)
			break;
	}
	if (i == volume->n) {
		empty = node_new(arena, NODE_MAP, volume->at);
		return (empty == NULL
			? -1
			: node_set(arena, volume, "emptyDir", empty));
	}
	image = node_get_kind(volume, "image", NODE_MAP);
	if (image == NULL)
		return (0);
	return (default_pull_policy(arena, image, "pullPolicy", "reference"));
}

static int
default_volumes(struct arena *arena, const struct node *spec)
{
	const struct node *list = node_get_kind(spec, "volumes", NODE_LIST);
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		if (default_volume(arena, list->item[i]) == -1)
			return (-1);
	}
	return (0);
}

static int default_object(struct arena *, const struct type *, struct node *);

static int
default_field(struct arena *arena, const struct field *f, struct node *map)
{
	struct node *value = node_get(map, f->name);
	size_t i;

	if (f->fallback != NULL && field_is_unset(f, value)) {
		if ((value = fallback_node(arena, f, map->at)) == NULL ||
		    node_set(arena, map, f->name, value) == -1)
			return (-1);
	}
	if (f->json != JSON_OBJECT || value == NULL)
		return (0);
	if (f->shape == SHAPE_ONE)
		return (default_object(arena, f->type, value));
	for (i = 0; value->kind == NODE_LIST && i < value->n; i++) {
		if (default_object(arena, f->type, value->item[i]) == -1)
			return (-1);
	}
	return (0);
}

/* The constant defaults of an object and of everything in it. */
static int
default_object(struct arena *arena, const struct type *type, struct node *map)
{
	size_t i;

	if (map->kind != NODE_MAP)
		return (0);
	for (i = 0; i < type->n; i++) {
		if (default_field(arena, &type->field[i], map) == -1)
			return (-1);
	}
	return (0);
}

/* The reference turns a negative grace period into 1 as it decodes. */
static int
default_grace(struct arena *arena, struct node *spec)
{
	static const char name[] = "terminationGracePeriodSeconds";
	struct node *grace = node_get_kind(spec, name, NODE_NUMBER);

	if (grace == NULL || grace->num >= 0)
		return (0);
	if ((grace = node_number(arena, grace->at, 1)) == NULL)
		return (-1);
	return (node_set(arena, spec, name, grace));
}

/*
 * Annotations that say nothing in a manifest: Tripod sets the first three
 * itself, and readers have dropped the others since Kubernetes 1.8.
 */
static void
drop_annotations(struct node *meta)
{
	static const char *const names[] = {
		"kubernetes.io/config.hash",
		"kubernetes.io/config.seen",
		"kubernetes.io/config.source",
		"pod.alpha.kubernetes.io/init-container-statuses",
		"pod.alpha.kubernetes.io/init-containers",
		"pod.beta.kubernetes.io/init-container-statuses",
		"pod.beta.kubernetes.io/init-containers",
	};
	struct node *map = node_get_kind(meta, "annotations", NODE_MAP);
	size_t i;

	for (i = 0; map != NULL && i < sizeof(names) / sizeof(*names); i++)
		node_unset(map, names[i]);
}

static int
default_spec(struct arena *arena, struct node *spec)
{
	if (default_grace(arena, spec) == -1 ||
	    default_containers(arena, spec, "initContainers") == -1 ||
	    default_containers(arena, spec, "containers") == -1 ||
	    default_volumes(arena, spec) == -1)
		return (-1);
	return (resources_default(arena, spec));
}

int
defaults_apply(struct node *pod, struct arena *arena, struct problems *problems)
{
	struct node *spec = node_get_kind(pod, "spec", NODE_MAP);

	drop_annotations(node_get_kind(pod, "metadata", NODE_MAP));
	if ((spec != NULL && default_spec(arena, spec) == -1) ||
	    default_object(arena, &type_pod, pod) == -1)
		return (problem_nomem(problems));
	return (0);
}
