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

/* An amount that grows, and whether anybody asks for it at all. */
struct total {
	struct quantity q;
	int given;
};

static void
total_add(struct total *t, const struct quantity *q)
{
	quantity_add(&t->q, q);
	t->given = 1;
}

static void
total_max(struct total *t, const struct total *other)
{
	if (!t->given || quantity_compare(&other->q, &t->q) > 0)
		t->q = other->q;
	t->given |= other->given;
}

/* What init containers need at most while they run, and what stays. */
static void
total_init(const struct node *init, const char *which, const char *resource,
    struct total *sum, struct total *peak)
{
	struct total sidecars = { { 0, QUANTITY_DECIMAL }, 0 }, use;
	struct quantity own;
	size_t i;

	for (i = 0; init != NULL && i < init->n; i++) {
		if (!resources_get(init->item[i], which, resource, &own))
			continue;
		if (container_is_sidecar(init->item[i])) {
			total_add(sum, &own);
			total_add(&sidecars, &own);
			use = sidecars;
		} else {
			use = (struct total){ own, 1 };
			quantity_add(&use.q, &sidecars.q);
		}
		total_max(peak, &use);
	}
}

static int
effective(const struct node *spec, const char *which, const char *resource,
    struct quantity *out)
{
	const struct node *list = node_get_kind(spec, "containers", NODE_LIST);
	struct total sum = { { 0, QUANTITY_DECIMAL }, 0 }, peak = sum;
	struct quantity own;
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		if (resources_get(list->item[i], which, resource, &own))
			total_add(&sum, &own);
	}
	total_init(node_get_kind(spec, "initContainers", NODE_LIST), which,
	    resource, &sum, &peak);
	if (peak.given)
		total_max(&sum, &peak);
	*out = sum.q;
	return (sum.given);
}

int
resources_effective(
    const struct node *spec, const char *resource, struct quantity *out)
{
	return (effective(spec, "requests", resource, out));
}

static int
set_quantity(struct arena *arena, struct node *map, const char *key,
    const struct quantity *q)
{
	char text[QUANTITY_TEXT_MAX];
	const char *copy;

	quantity_format(q, text);
	if ((copy = arena_strdup(arena, text)) == NULL)
		return (-1);
	return (node_set_text(arena, map, key, copy));
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

/* A member of a pod's resources; made if it is not there. */
static struct node *
resources_map(struct arena *arena, struct node *resources, const char *name)
{
	struct node *map = node_get(resources, name);

	if (map == NULL) {
		map = node_new(arena, NODE_MAP, resources->at);
		if (map == NULL || node_set(arena, resources, name, map) == -1)
			return (NULL);
	}
	return (map);
}

/* Limits on huge pages that a container has, and the pod does not. */
static int
default_huge_pages(
    struct arena *arena, const struct node *spec, const struct node *container)
{
	static const char prefix[] = "hugepages-";
	struct node *resources = node_get(spec, "resources"), *limits;
	const struct node *own = node_get_kind(
	    node_get(container, "resources"), "limits", NODE_MAP);
	struct quantity q;
	const char *name;
	size_t i;

	for (i = 0; own != NULL && i < own->n; i++) {
		name = own->member[i].key;
		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 ||
		    node_get(node_get(resources, "limits"), name) != NULL ||
		    node_get(node_get(resources, "requests"), name) != NULL ||
		    !effective(spec, "limits", name, &q))
			continue;
		limits = resources_map(arena, resources, "limits");
		if (limits == NULL ||
		    set_quantity(arena, limits, name, &q) == -1)
			return (-1);
	}
	return (0);
}

static int
default_limits(struct arena *arena, const struct node *spec, const char *name)
{
	const struct node *list = node_get_kind(spec, name, NODE_LIST);
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		if (default_huge_pages(arena, spec, list->item[i]) == -1)
			return (-1);
	}
	return (0);
}

static int
is_refused(const struct node *map)
{
	return (map != NULL && map->kind != NODE_MAP);
}

int
resources_default(struct arena *arena, struct node *spec)
{
	struct node *resources = node_get_kind(spec, "resources", NODE_MAP);
	struct node *limits = node_get(resources, "limits");
	struct node *requests = node_get(resources, "requests");

	if (is_refused(limits) || is_refused(requests) ||
	    ((limits == NULL || limits->n == 0) &&
		(requests == NULL || requests->n == 0)))
		return (0);
	if (default_limits(arena, spec, "containers") == -1 ||
	    default_limits(arena, spec, "initContainers") == -1)
		return (-1);
	limits = node_get(resources, "limits");
	if (limits == NULL || limits->n == 0)
		return (0);
	requests = resources_map(arena, resources, "requests");
	if (requests == NULL ||
	    default_from_containers(arena, spec, requests) == -1)
		return (-1);
	return (default_from_limits(arena, limits, requests));
}
