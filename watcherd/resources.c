#include "watcherd/resources.h"

#include <string.h>

int
resources_get(const struct node *owner, const char *which, const char *resource,
    struct quantity *out)
{
	const struct node *resources = node_get(owner, "resources");
	const char *text = node_get_str(node_get(resources, which), resource);

	return (text != NULL && quantity_parse(text, out, NULL) == 0);
}

int
container_is_sidecar(const struct node *container)
{
	const char *policy = node_get_str(container, "restartPolicy");

	return (policy != NULL && strcmp(policy, "Always") == 0);
}

/* Adds up what a list requests; returns how many of it do. */
static size_t
sum_requests(
    const struct node *list, const char *resource, struct quantity *sum)
{
	struct quantity q;
	size_t i, n = 0;

	for (i = 0; list != NULL && i < list->n; i++) {
		if (!resources_get(list->item[i], "requests", resource, &q))
			continue;
		if (n++ == 0)
			sum->form = q.form;
		quantity_add(sum, &q);
	}
	return (n);
}

int
resources_effective(
    const struct node *spec, const char *resource, struct quantity *out)
{
	const struct node *list = node_get_kind(spec, "containers", NODE_LIST);
	const struct node *init;
	struct quantity sidecars = { 0, QUANTITY_DECIMAL }, use, own;
	struct quantity peak = { 0, QUANTITY_DECIMAL };
	size_t i, n;

	*out = (struct quantity){ 0, QUANTITY_DECIMAL };
	n = sum_requests(list, resource, out);
	init = node_get_kind(spec, "initContainers", NODE_LIST);
	for (i = 0; init != NULL && i < init->n; i++) {
		if (!resources_get(init->item[i], "requests", resource, &own))
			continue;
		if (n++ == 0)
			out->form = own.form;
		use = sidecars;
		quantity_add(&use, &own);
		if (container_is_sidecar(init->item[i]))
			sidecars = use;
		if (quantity_compare(&use, &peak) > 0)
			peak = use;
	}
	quantity_add(out, &sidecars);
	if (quantity_compare(&peak, out) > 0)
		out->nano = peak.nano;
	return (n > 0);
}

static int
set_quantity(struct arena *arena, struct node *map, const char *key,
    const struct quantity *q)
{
	char text[QUANTITY_TEXT_MAX];
	struct node *node;
	const char *copy;

	quantity_format(q, text);
	if ((copy = arena_strdup(arena, text)) == NULL ||
	    (node = node_string(arena, map->at, copy, strlen(copy))) == NULL)
		return (-1);
	return (node_set(arena, map, key, node));
}

static int
default_from_containers(
    struct arena *arena, const struct node *spec, struct node *requests)
{
	static const char *const names[] = { "cpu", "memory" };
	struct quantity q;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (node_get(requests, names[i]) == NULL &&
		    resources_effective(spec, names[i], &q) &&
		    set_quantity(arena, requests, names[i], &q) == -1)
			return (-1);
	}
	return (0);
}

static int
default_from_limits(
    struct arena *arena, const struct node *limits, struct node *requests)
{
	size_t i;

	for (i = 0; i < limits->n; i++) {
		if (node_get(requests, limits->member[i].key) == NULL &&
		    node_set(arena, requests, limits->member[i].key,
			limits->member[i].value) == -1)
			return (-1);
	}
	return (0);
}

int
resources_default(struct arena *arena, struct node *spec)
{
	struct node *resources = node_get_kind(spec, "resources", NODE_MAP);
	struct node *limits = node_get_kind(resources, "limits", NODE_MAP);
	struct node *requests = node_get(resources, "requests");

	if (limits == NULL || limits->n == 0 ||
	    (requests != NULL && requests->kind != NODE_MAP))
		return (0);
	if (requests == NULL) {
		requests = node_new(arena, NODE_MAP, limits->at);
		if (requests == NULL ||
		    node_set(arena, resources, "requests", requests) == -1)
			return (-1);
	}
	if (default_from_containers(arena, spec, requests) == -1)
		return (-1);
	return (default_from_limits(arena, limits, requests));
}
