#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "watcherd/validate_rules.h"

struct host_port {
	const struct node *port;
	size_t container, index;
};

struct host_ports {
	struct host_port *item;
	size_t n;
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

/* Room for the ports of containers i to n - 1 of a list. */
static void
host_ports_init(
    struct host_ports *all, const struct node *containers, size_t i, size_t n)
{
	const struct node *ports;
	size_t size = 1;

	for (; i < n; i++) {
		ports = list_of(containers->item[i], "ports");
		size += ports != NULL ? ports->n : 0;
	}
	all->item = xcalloc(size, sizeof(*all->item));
	all->n = 0;
}

static void
host_ports_take(
    struct host_ports *all, const struct node *container, size_t index)
{
	const struct node *ports = list_of(container, "ports");
	size_t j;

	for (j = 0; ports != NULL && j < ports->n; j++) {
		if (node_get_num(ports->item[j], "hostPort", 0) > 0)
			all->item[all->n++] = (struct host_port){
				ports->item[j], index, j
			};
	}
}

static void
clash(struct validate *v, const struct host_port *a, const struct host_port *b,
    const struct path *list)
{
	struct path container = { list, NULL, b->container, 0 };
	struct path ports = { &container, "ports", 0, 0 };
	struct path port = { &ports, NULL, b->index, 0 };

	fault(v, b->port, &port, "hostPort",
	    "port %lld of the host is taken by the port in line %u",
	    (long long)node_get_num(b->port, "hostPort", 0), a->port->at.line);
}

/* No two ports of containers i to n - 1 may be the same of the host's. */
static void
check_clashes(struct validate *v, const struct node *containers,
    const struct path *list, size_t i, size_t n)
{
	struct host_ports all;
	size_t j;

	host_ports_init(&all, containers, i, n);
	for (; i < n; i++)
		host_ports_take(&all, containers->item[i], i);
	qsort(all.item, all.n, sizeof(all.item[0]), host_port_compare);
	for (j = 1; j < all.n; j++) {
		if (host_port_clash(&all.item[j - 1], &all.item[j]) == 0)
			clash(v, &all.item[j - 1], &all.item[j], list);
	}
	free(all.item);
}

/* With the host's network both numbers of a port are the same. */
static void
check_host_network(
    struct validate *v, const struct node *container, const struct path *up)
{
	struct path list = { up, "ports", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *ports = list_of(container, list.name), *port;
	int64_t host, inside;

	for (; ports != NULL && here.index < ports->n; here.index++) {
		port = ports->item[here.index];
		host = node_get_num(port, "hostPort", 0);
		inside = node_get_num(port, "containerPort", 0);
		if (host != 0 && inside != 0 && host != inside)
			fault(v, port, &here, "hostPort",
			    "must equal containerPort (%lld) with "
			    "hostNetwork, got %lld",
			    (long long)inside, (long long)host);
	}
}

void
rule_ports(struct validate *v, const struct node *spec, const struct path *up)
{
	struct path path = { up, "containers", 0, 0 };
	struct path here = { &path, NULL, 0, 0 };
	const struct node *list = list_of(spec, path.name);
	size_t i;

	if (list != NULL) {
		check_clashes(v, list, &path, 0, list->n);
		for (; here.index < list->n; here.index++) {
			if (node_on(spec, "hostNetwork"))
				check_host_network(
				    v, list->item[here.index], &here);
		}
	}
	/* Init containers have a port to themselves while they run. */
	path.name = "initContainers";
	list = list_of(spec, path.name);
	for (i = 0; list != NULL && i < list->n; i++)
		check_clashes(v, list, &path, i, i + 1);
}
