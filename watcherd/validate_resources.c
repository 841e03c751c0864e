#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/name.h"
#include "watcherd/grammar.h"
#include "watcherd/resources.h"
#include "watcherd/validate_rules.h"

#define NANO 1000000000LL
#define HUGE_PREFIX "hugepages-"
#define NATIVE_DOMAIN "kubernetes.io/"
#define QUOTA_PREFIX "requests."
#define NAME_SIZE 400

/* What kind of resource a name is. */
enum resource {
	RESOURCE_BASIC,	   /* cpu, memory, ephemeral-storage */
	RESOURCE_HUGE,	   /* hugepages-SIZE */
	RESOURCE_NATIVE,   /* of a domain of kubernetes.io: anything goes */
	RESOURCE_EXTENDED, /* of another domain: whole numbers */
	RESOURCE_UNKNOWN
};

static enum resource
resource_kind(const char *name)
{
	char quota[NAME_SIZE];
	int n;

	if (choices_match("cpu memory ephemeral-storage", name))
		return (RESOURCE_BASIC);
	if (!name_is_qualified(name))
		return (RESOURCE_UNKNOWN);
	if (strchr(name, '/') == NULL)
		return (strncmp(name, HUGE_PREFIX, strlen(HUGE_PREFIX)) == 0
			? RESOURCE_HUGE
			: RESOURCE_UNKNOWN);
	if (strstr(name, NATIVE_DOMAIN) != NULL)
		return (RESOURCE_NATIVE);
	n = snprintf(quota, sizeof(quota), QUOTA_PREFIX "%s", name);
	if (n < 0 || (size_t)n >= sizeof(quota) || !name_is_qualified(quota) ||
	    strncmp(name, QUOTA_PREFIX, strlen(QUOTA_PREFIX)) == 0)
		return (RESOURCE_UNKNOWN);
	return (RESOURCE_EXTENDED);
}

/* What is looked at: the lists of one container, or of the pod. */
struct lists {
	const struct node *limits, *requests;
	const struct path *limits_path, *requests_path;
	int pod; /* of the whole pod */
};

static int
amount_of(const struct node *map, const char *name, struct quantity *out)
{
	const char *text = node_get_str(map, name);

	return (text != NULL && quantity_parse(text, out, NULL) == 0);
}

static void __attribute__((format(printf, 4, 5))) wrong(struct validate *v,
    const struct member *m, const struct path *up, const char *fmt, ...)
{
	struct path path = { up, m->key, 0, 1 };
	char text[PROBLEM_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut off */
	va_end(ap);
	problem_add(v->problems, m->value->at, &path, "%s", text);
}

static void
check_huge(struct validate *v, const struct member *m, const struct path *path,
    const struct quantity *amount)
{
	struct quantity size;

	if (quantity_parse(m->key + strlen(HUGE_PREFIX), &size, NULL) == -1 ||
	    size.nano <= 0 || size.nano % NANO != 0)
		wrong(v, m, path,
		    "the name must be hugepages- and a size in bytes");
	else if (quantity_whole(amount) % quantity_whole(&size) != 0)
		wrong(v, m, path, "must be a multiple of %s, got %s",
		    m->key + strlen(HUGE_PREFIX), m->value->str);
}

static void
check_amount(struct validate *v, const struct member *m,
    const struct path *path, int pod)
{
	enum resource kind = resource_kind(m->key);
	struct quantity amount;
	struct path up = *path;
	char q[QUOTE_MAX];

	if (kind == RESOURCE_UNKNOWN ||
	    (pod && kind != RESOURCE_HUGE &&
		!choices_match("cpu memory", m->key))) {
		problem_add(v->problems, m->at, &up,
		    "a name must be %s, got %s",
		    pod ? "cpu, memory or hugepages-SIZE"
			: "cpu, memory, ephemeral-storage, hugepages-SIZE or "
			  "have a domain (example.com/gpu)",
		    quote(q, m->key));
		return;
	}
	if (m->value->kind != NODE_STRING ||
	    quantity_parse(m->value->str, &amount, NULL) == -1)
		return;
	if (amount.nano < 0)
		wrong(
		    v, m, path, "must not be negative, got %s", m->value->str);
	else if (kind == RESOURCE_HUGE)
		check_huge(v, m, path, &amount);
	else if (kind == RESOURCE_EXTENDED && amount.nano % NANO != 0)
		wrong(v, m, path, "must be a whole number, got %s",
		    m->value->str);
}

static void
check_request(struct validate *v, const struct member *m, const struct lists *l)
{
	enum resource kind = resource_kind(m->key);
	struct quantity request, limit;
	int limited = amount_of(l->limits, m->key, &limit), c;

	if (!amount_of(l->requests, m->key, &request) ||
	    node_get_kind(l->limits, m->key, NODE_BAD) != NULL)
		return;
	if (kind == RESOURCE_HUGE || kind == RESOURCE_EXTENDED) {
		if (!limited)
			wrong(v, m, l->requests_path, "needs an equal limit");
		else if (quantity_compare(&request, &limit) != 0)
			wrong(v, m, l->requests_path,
			    "must equal its limit (%s), got %s",
			    node_get_str(l->limits, m->key), m->value->str);
		return;
	}
	c = limited ? quantity_compare(&request, &limit) : 0;
	if (c > 0)
		wrong(v, m, l->requests_path,
		    "must be at most its limit (%s), got %s",
		    node_get_str(l->limits, m->key), m->value->str);
}

/* The first huge pages of a list; NULL: none. */
static const struct member *
huge_of(const struct node *map)
{
	size_t i;

	for (i = 0; map != NULL && i < map->n; i++) {
		if (resource_kind(map->member[i].key) == RESOURCE_HUGE)
			return (&map->member[i]);
	}
	return (NULL);
}

static int
has_either(const struct node *map)
{
	return (
	    node_get(map, "cpu") != NULL || node_get(map, "memory") != NULL);
}

/* A request that is the limit, because none was written down. */
static int
is_defaulted(const struct lists *l, const struct member *request)
{
	return (request->value == node_get(l->limits, request->key));
}

static void
check_lists(struct validate *v, const struct lists *l)
{
	const struct member *huge;
	size_t i;

	for (i = 0; l->limits != NULL && i < l->limits->n; i++)
		check_amount(v, &l->limits->member[i], l->limits_path, l->pod);
	for (i = 0; l->requests != NULL && i < l->requests->n; i++) {
		if (is_defaulted(l, &l->requests->member[i]))
			continue;
		check_amount(
		    v, &l->requests->member[i], l->requests_path, l->pod);
		check_request(v, &l->requests->member[i], l);
	}
	huge = huge_of(l->limits);
	if (huge == NULL)
		huge = huge_of(l->requests);
	if (huge != NULL && !has_either(l->limits) && !has_either(l->requests))
		wrong(v, huge,
		    huge_of(l->limits) != NULL ? l->limits_path
					       : l->requests_path,
		    "needs cpu or memory in limits or requests as well");
}

void
rule_resources(
    struct validate *v, const struct node *owner, const struct path *up)
{
	struct path path = { up, "resources", 0, 0 };
	struct path limits = { &path, "limits", 0, 0 };
	struct path requests = { &path, "requests", 0, 0 };
	const struct node *resources = node_get(owner, path.name);
	struct lists l = { node_get_kind(resources, limits.name, NODE_MAP),
		node_get_kind(resources, requests.name, NODE_MAP), &limits,
		&requests, up->up == NULL };

	check_lists(v, &l);
}

/* What the containers need must fit into what the pod has. */
static void
check_pod_request(
    struct validate *v, const struct member *m, const struct path *path)
{
	struct quantity pod, need;
	char text[QUANTITY_TEXT_MAX];

	if (m->value->kind != NODE_STRING ||
	    quantity_parse(m->value->str, &pod, NULL) == -1 ||
	    !resources_effective(v->spec, m->key, &need) ||
	    quantity_compare(&need, &pod) <= 0)
		return;
	quantity_format(&need, text);
	wrong(v, m, path,
	    "must be at least what the containers request (%s), got %s", text,
	    m->value->str);
}

static void
check_pod_limit(
    struct validate *v, const struct member *m, const struct path *path)
{
	const struct node *list = list_of(v->spec, "containers");
	struct quantity pod, limit, sum = { 0, QUANTITY_BINARY };
	char text[QUANTITY_TEXT_MAX];
	size_t i;

	if (m->value->kind != NODE_STRING ||
	    quantity_parse(m->value->str, &pod, NULL) == -1)
		return;
	for (i = 0; list != NULL && i < list->n; i++) {
		if (!resources_get(list->item[i], "limits", m->key, &limit))
			continue;
		quantity_add(&sum, &limit);
		if (resource_kind(m->key) != RESOURCE_HUGE &&
		    quantity_compare(&limit, &pod) > 0)
			wrong(v, m, path,
			    "must be at least the limit of each container, "
			    "see line %u",
			    list->item[i]->at.line);
	}
	quantity_format(&sum, text);
	if (resource_kind(m->key) == RESOURCE_HUGE &&
	    quantity_compare(&sum, &pod) > 0)
		wrong(v, m, path,
		    "must be at least the limits of all containers (%s), "
		    "got %s",
		    text, m->value->str);
}

void
rule_pod_resources(
    struct validate *v, const struct node *spec, const struct path *up)
{
	struct path path = { up, "resources", 0, 0 };
	struct path overhead = { up, "overhead", 0, 0 };
	struct path list = { &path, "requests", 0, 0 };
	const struct node *resources = node_get(spec, path.name), *map;
	struct lists l = { node_get_kind(spec, overhead.name, NODE_MAP), NULL,
		&overhead, &overhead, 0 };
	size_t i;

	check_lists(v, &l);
	rule_resources(v, spec, up);
	map = node_get_kind(resources, list.name, NODE_MAP);
	for (i = 0; map != NULL && i < map->n; i++)
		check_pod_request(v, &map->member[i], &list);
	list.name = "limits";
	map = node_get_kind(resources, list.name, NODE_MAP);
	for (i = 0; map != NULL && i < map->n; i++)
		check_pod_limit(v, &map->member[i], &list);
}
