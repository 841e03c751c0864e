#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/name.h"
#include "watcherd/quantity.h"
#include "watcherd/resources.h"
#include "watcherd/validate.h"

#define NAME_SIZE 512
#define DNS_SERVERS_MAX 3
#define DNS_SEARCHES_MAX 32
#define MIRROR_KEY "kubernetes.io/config.mirror"

/* A list of the spec; NULL if it is not there. */
static const struct node *
list_of(const struct node *map, const char *name)
{
	return (node_get_kind(map, name, NODE_LIST));
}

static struct place
place_in(const struct node *map, const char *name)
{
	const struct node *value = node_get(map, name);

	return (value != NULL ? value->at : map->at);
}

/* metadata */

static void
check_name(struct problems *p, const struct node *meta, const char *node_name,
    struct place at)
{
	struct path up = { NULL, "metadata", 0, 0 };
	struct path path = { &up, "name", 0, 0 };
	const struct node *name = node_get(meta, "name");
	char full[NAME_SIZE], q[QUOTE_MAX];
	int n;

	if (name != NULL && name->kind == NODE_BAD)
		return;
	if (name == NULL || name->n == 0) {
		problem_add(p, name != NULL ? name->at : at, &path,
		    node_get(meta, "generateName") != NULL
			? "is required; generateName is no replacement"
			: "is required");
		return;
	}
	n = snprintf(full, sizeof(full), "%s-%s", name->str, node_name);
	if (n < 0 || (size_t)n >= sizeof(full) || !name_is_subdomain(full))
		problem_add(p, name->at, &path,
		    "with \"-%s\" behind it must be a DNS name of at most 253 "
		    "(a-z, 0-9, '-' and '.'), got %s",
		    node_name, quote(q, name->str));
}

static void
check_annotations(struct problems *p, const struct node *meta)
{
	struct path up = { NULL, "metadata", 0, 0 };
	struct path path = { &up, "annotations", 0, 0 };
	const struct node *map = node_get_kind(meta, "annotations", NODE_MAP);
	size_t i, bytes = 0;

	if (map == NULL)
		return;
	for (i = 0; i < map->n; i++)
		bytes += strlen(map->member[i].key) + map->member[i].value->n;
	if (bytes > ANNOTATIONS_MAX)
		problem_add(p, map->at, &path,
		    "must be at most %d bytes together, got %zu",
		    ANNOTATIONS_MAX, bytes);
	if (node_get(map, MIRROR_KEY) != NULL)
		problem_add(p, node_member(map, MIRROR_KEY)->at, &path,
		    "%s marks the API server's copy of a pod, which cannot "
		    "be a manifest",
		    MIRROR_KEY);
}

/* containers */

/* A text and which element of a list has it. */
struct named {
	const char *text;
	size_t index;
};

static int
named_compare(const void *a, const void *b)
{
	const struct named *na = a, *nb = b;
	int c = strcmp(na->text, nb->text);

	if (c != 0)
		return (c);
	return (na->index < nb->index ? -1 : na->index > nb->index);
}

/* The texts of "key" in a list, sorted; the caller frees them. */
static struct named *
named_list(const struct node *list, const char *key, size_t *n)
{
	struct named *all;
	const char *text;
	size_t i;

	*n = 0;
	if (list == NULL)
		return (NULL);
	all = xcalloc(list->n, sizeof(*all));
	for (i = 0; i < list->n; i++) {
		text = node_get_str(list->item[i], key);
		if (text != NULL && *text != '\0')
			all[(*n)++] = (struct named){ text, i };
	}
	qsort(all, *n, sizeof(*all), named_compare);
	return (all);
}

/* Tells of each element whose "key" an earlier one had. */
static void
check_unique(struct problems *p, const struct node *list, const char *key,
    const struct path *up)
{
	struct path here = { up, NULL, 0, 0 };
	struct path path = { &here, key, 0, 0 };
	struct named *all;
	char q[QUOTE_MAX];
	size_t i, n;

	all = named_list(list, key, &n);
	for (i = 1; i < n; i++) {
		if (strcmp(all[i].text, all[i - 1].text) != 0)
			continue;
		here.index = all[i].index;
		problem_add(p, place_in(list->item[here.index], key), &path,
		    "must be unique, %s was used in line %u",
		    quote(q, all[i].text),
		    place_in(list->item[all[i - 1].index], key).line);
	}
	free(all);
}

static int
named_find(const struct named *all, size_t n, const char *text)
{
	size_t low = 0, high = n, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		if ((c = strcmp(text, all[mid].text)) == 0)
			return (1);
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return (0);
}

/* Init containers share the names of the regular ones. */
static void
check_init_names(
    struct problems *p, const struct node *spec, const struct path *up)
{
	struct path list = { up, "initContainers", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	struct path path = { &here, "name", 0, 0 };
	const struct node *init = list_of(spec, "initContainers");
	struct named *regular;
	const char *name;
	size_t n;

	check_unique(p, init, "name", &list);
	regular = named_list(list_of(spec, "containers"), "name", &n);
	for (; init != NULL && here.index < init->n; here.index++) {
		name = node_get_str(init->item[here.index], "name");
		if (name != NULL && named_find(regular, n, name))
			problem_add(p, place_in(init->item[here.index], "name"),
			    &path,
			    "must be unique, a regular container has it too");
	}
	free(regular);
}

struct host_port {
	const struct node *port;
	size_t container, index;
};

static int
text_compare(const struct node *a, const struct node *b, const char *key)
{
	const char *ta = node_get_str(a, key), *tb = node_get_str(b, key);

	return (strcmp(ta != NULL ? ta : "", tb != NULL ? tb : ""));
}

/* What must not be the same twice: number, protocol, address. */
static int
host_port_clash(const struct host_port *a, const struct host_port *b)
{
	int64_t na = node_get_num(a->port, "hostPort", 0);
	int64_t nb = node_get_num(b->port, "hostPort", 0);
	int c;

	if (na != nb)
		return (na < nb ? -1 : 1);
	if ((c = text_compare(a->port, b->port, "protocol")) != 0)
		return (c);
	return (text_compare(a->port, b->port, "hostIP"));
}

static int
host_port_compare(const void *a, const void *b)
{
	const struct host_port *ha = a, *hb = b;
	int c;

	if ((c = host_port_clash(ha, hb)) != 0)
		return (c);
	if (ha->container != hb->container)
		return (ha->container < hb->container ? -1 : 1);
	return (ha->index < hb->index ? -1 : ha->index > hb->index);
}

static void
host_port_problem(
    struct problems *p, const struct host_port *a, const struct host_port *b)
{
	struct path spec = { NULL, "spec", 0, 0 };
	struct path list = { &spec, "containers", 0, 0 };
	struct path container = { &list, NULL, b->container, 0 };
	struct path ports = { &container, "ports", 0, 0 };
	struct path port = { &ports, NULL, b->index, 0 };
	struct path path = { &port, "hostPort", 0, 0 };

	problem_add(p, place_in(b->port, "hostPort"), &path,
	    "port %lld of the host is taken by the port in line %u",
	    (long long)node_get_num(b->port, "hostPort", 0), a->port->at.line);
}

static void
check_host_ports(struct problems *p, const struct node *spec)
{
	const struct node *containers = list_of(spec, "containers"), *ports;
	struct host_port *all;
	size_t i, j, n = 0, size = 0;

	for (i = 0; containers != NULL && i < containers->n; i++) {
		ports = list_of(containers->item[i], "ports");
		size += ports != NULL ? ports->n : 0;
	}
	if (size == 0)
		return;
	all = xcalloc(size, sizeof(*all));
	for (i = 0; i < containers->n; i++) {
		ports = list_of(containers->item[i], "ports");
		for (j = 0; ports != NULL && j < ports->n; j++) {
			if (node_get_num(ports->item[j], "hostPort", 0) > 0)
				all[n++] = (struct host_port){ ports->item[j],
					i, j };
		}
	}
	qsort(all, n, sizeof(*all), host_port_compare);
	for (i = 1; i < n; i++) {
		if (host_port_clash(&all[i - 1], &all[i]) == 0)
			host_port_problem(p, &all[i - 1], &all[i]);
	}
	free(all);
}

/* With the host's network both numbers of a port are the same. */
static void
check_host_network(
    struct problems *p, const struct node *ports, const struct path *up)
{
	struct path here = { up, NULL, 0, 0 };
	struct path path = { &here, "hostPort", 0, 0 };
	const struct node *port;
	int64_t host, inside;

	for (; ports != NULL && here.index < ports->n; here.index++) {
		port = ports->item[here.index];
		host = node_get_num(port, "hostPort", 0);
		inside = node_get_num(port, "containerPort", 0);
		if (host != 0 && inside != 0 && host != inside)
			problem_add(p, place_in(port, "hostPort"), &path,
			    "must equal containerPort (%lld) with "
			    "hostNetwork, got %lld",
			    (long long)inside, (long long)host);
	}
}

static void
check_mounts(struct problems *p, const struct node *spec,
    const struct node *mounts, const struct path *up)
{
	struct path here = { up, NULL, 0, 0 };
	struct path path = { &here, "name", 0, 0 };
	struct named *volumes;
	const char *name;
	char q[QUOTE_MAX];
	size_t n;

	check_unique(p, mounts, "mountPath", up);
	volumes = named_list(list_of(spec, "volumes"), "name", &n);
	for (; mounts != NULL && here.index < mounts->n; here.index++) {
		name = node_get_str(mounts->item[here.index], "name");
		if (name == NULL || *name == '\0' ||
		    named_find(volumes, n, name))
			continue;
		problem_add(p, place_in(mounts->item[here.index], "name"),
		    &path, "must name one of spec.volumes, got %s",
		    quote(q, name));
	}
	free(volumes);
}

/* cpu, memory and the like: not negative, request at most limit. */
static void
check_resources(
    struct problems *p, const struct node *container, const struct path *up)
{
	struct path path = { up, "resources", 0, 0 };
	const struct node *resources = node_get(container, path.name);
	const struct node *requests, *value;
	struct quantity request, limit;
	size_t i;

	requests = node_get_kind(resources, "requests", NODE_MAP);
	for (i = 0; requests != NULL && i < requests->n; i++) {
		value = requests->member[i].value;
		if (!resources_get(container, "requests",
			requests->member[i].key, &request))
			continue;
		if (request.nano < 0)
			problem_add(p, value->at, &path,
			    "must not be negative, got %s", value->str);
		else if (resources_get(container, "limits",
			     requests->member[i].key, &limit) &&
		    quantity_compare(&request, &limit) > 0)
			problem_add(p, value->at, &path,
			    "the request of %.64s must be at most its limit",
			    requests->member[i].key);
	}
}

static void
check_container(struct problems *p, const struct node *spec,
    const struct node *container, const struct path *up)
{
	struct path path = { up, "ports", 0, 0 };
	const struct node *ports = list_of(container, "ports");

	check_unique(p, ports, "name", &path);
	if (node_get_num(spec, "hostNetwork", 0))
		check_host_network(p, ports, &path);
	path.name = "volumeMounts";
	check_mounts(p, spec, list_of(container, "volumeMounts"), &path);
	check_resources(p, container, up);
}

static void
check_containers(
    struct problems *p, const struct node *spec, const struct path *up)
{
	struct path list = { up, "containers", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *containers = list_of(spec, list.name);

	if (containers == NULL)
		return;
	if (containers->n > CONTAINERS_MAX) {
		problem_add(p, containers->at, &list,
		    "must be at most %d, got %zu", CONTAINERS_MAX,
		    containers->n);
		return;
	}
	check_unique(p, containers, "name", &list);
	for (; here.index < containers->n; here.index++)
		check_container(p, spec, containers->item[here.index], &here);
	check_host_ports(p, spec);
}

/* volumes */

static void
check_size_limit(
    struct problems *p, const struct node *volume, const struct path *up)
{
	struct path source = { up, "emptyDir", 0, 0 };
	struct path path = { &source, "sizeLimit", 0, 0 };
	const struct node *empty = node_get(volume, source.name);
	const char *text = node_get_str(empty, path.name);
	struct quantity q;

	if (text != NULL && quantity_parse(text, &q, NULL) == 0 && q.nano < 0)
		problem_add(p, place_in(empty, path.name), &path,
		    "must not be negative, got %s", text);
}

static void
check_volume(
    struct problems *p, const struct node *volume, const struct path *path)
{
	const struct member *first = NULL, *m;
	size_t i;

	for (i = 0; volume->kind == NODE_MAP && i < volume->n; i++) {
		m = &volume->member[i];
		if (strcmp(m->key, "name") == 0)
			continue;
		if (first != NULL)
			problem_add(p, m->at, path,
			    "must have one source only, got %s and %s",
			    first->key, m->key);
		first = m;
	}
	check_size_limit(p, volume, path);
}

static void
check_volumes(
    struct problems *p, const struct node *spec, const struct path *up)
{
	struct path list = { up, "volumes", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *volumes = list_of(spec, list.name);

	if (volumes == NULL)
		return;
	if (volumes->n > VOLUMES_MAX) {
		problem_add(p, volumes->at, &list,
		    "must be at most %d, got %zu", VOLUMES_MAX, volumes->n);
		return;
	}
	check_unique(p, volumes, "name", &list);
	for (; here.index < volumes->n; here.index++)
		check_volume(p, volumes->item[here.index], &here);
}

static void
check_dns(struct problems *p, const struct node *spec, const struct path *up)
{
	struct path config = { up, "dnsConfig", 0, 0 };
	struct path path = { &config, "nameservers", 0, 0 };
	const struct node *dns = node_get(spec, config.name);
	const struct node *servers = list_of(dns, "nameservers");
	const struct node *searches = list_of(dns, "searches");
	const char *policy = node_get_str(spec, "dnsPolicy");
	size_t n = servers != NULL ? servers->n : 0;

	if (n == 0 && policy != NULL && strcmp(policy, "None") == 0)
		problem_add(p, place_in(spec, "dnsPolicy"), &path,
		    "is required with dnsPolicy None");
	if (n > DNS_SERVERS_MAX)
		problem_add(p, servers->at, &path,
		    "must be at most %d, got %zu", DNS_SERVERS_MAX, n);
	path.name = "searches";
	if (searches != NULL && searches->n > DNS_SEARCHES_MAX)
		problem_add(p, searches->at, &path,
		    "must be at most %d, got %zu", DNS_SEARCHES_MAX,
		    searches->n);
}

void
validate_pod(const struct node *pod, const char *node_name, struct problems *p)
{
	struct path path = { NULL, "spec", 0, 0 };
	const struct node *spec = node_get_kind(pod, "spec", NODE_MAP);
	const struct node *meta = node_get(pod, "metadata");

	if (meta == NULL || meta->kind != NODE_BAD)
		check_name(
		    p, meta, node_name, meta != NULL ? meta->at : pod->at);
	check_annotations(p, meta);
	if (spec == NULL)
		return;
	check_containers(p, spec, &path);
	check_init_names(p, spec, &path);
	check_volumes(p, spec, &path);
	check_dns(p, spec, &path);
}
