#include <string.h>

#include "watcherd/defaults.h"
#include "watcherd/grammar.h"
#include "watcherd/validate_rules.h"

#define SEARCHES_BYTES_MAX 2048

static void
check_dns(struct validate *v, const struct node *spec, const struct path *up)
{
	struct path path = { up, "dnsConfig", 0, 0 };
	const struct node *config = node_get(spec, path.name);
	const struct node *servers = node_get(config, "nameservers");
	const struct node *searches = list_of(config, "searches");
	size_t i, bytes = 0;

	if (node_says(spec, "dnsPolicy", "None") &&
	    (config == NULL || config->kind == NODE_MAP) &&
	    (servers == NULL || (servers->kind == NODE_LIST && !servers->n)))
		fault(v, config != NULL ? config : spec, &path, "nameservers",
		    "is required with dnsPolicy None");
	for (i = 0; searches != NULL && i < searches->n; i++)
		bytes += searches->item[i]->n + (i > 0);
	if (bytes > SEARCHES_BYTES_MAX)
		fault(v, config, &path, "searches",
		    "must be at most %d bytes together, got %zu",
		    SEARCHES_BYTES_MAX, bytes);
}

/* Namespaces that exclude each other. */
static void
check_namespaces(
    struct validate *v, const struct node *spec, const struct path *path)
{
	static const char *const host[] = { "hostIPC", "hostNetwork",
		"hostPID" };
	const struct node *users = node_get_kind(spec, "hostUsers", NODE_BOOL);
	size_t i;

	if (node_on(spec, "shareProcessNamespace") && node_on(spec, "hostPID"))
		fault(v, spec, path, "shareProcessNamespace",
		    "must not be true together with hostPID");
	for (i = 0; users != NULL && !users->num && i < 3; i++) {
		if (node_on(spec, host[i]))
			fault(v, spec, path, host[i],
			    "must not be true with hostUsers false");
	}
}

/* A key may be spread over with each of the two policies once. */
static void
check_spreads(
    struct validate *v, const struct node *spec, const struct path *up)
{
	struct path list = { up, "topologySpreadConstraints", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *spreads = list_of(spec, list.name), *spread;
	const struct node *first[2] = { NULL, NULL };
	struct names keys;
	size_t i;
	int any;

	names_of(&keys, spreads, "topologyKey");
	for (i = 0; i < keys.n; i++) {
		if (i > 0 &&
		    strcmp(keys.item[i].text, keys.item[i - 1].text) != 0)
			first[0] = first[1] = NULL;
		here.index = keys.item[i].index;
		spread = spreads->item[here.index];
		any = node_says(spread, "whenUnsatisfiable", "ScheduleAnyway");
		if (!any &&
		    !node_says(spread, "whenUnsatisfiable", "DoNotSchedule"))
			continue;
		if (first[any] != NULL)
			fault(v, spread, &here, "topologyKey",
			    "must be unique with %s, see line %u",
			    any ? "ScheduleAnyway" : "DoNotSchedule",
			    node_get(first[any], "topologyKey")->at.line);
		else
			first[any] = spread;
	}
	names_release(&keys);
}

void
rule_spec(struct validate *v, const struct node *spec, const struct path *path)
{
	check_dns(v, spec, path);
	check_namespaces(v, spec, path);
	check_spreads(v, spec, path);
}

/* Fields with a blank between that mean nothing to an operating system. */
static void
forbid(struct validate *v, const struct type *type, const struct node *map,
    const struct path *path, const char *fields)
{
	struct path here = { path, NULL, 0, 0 };
	const struct member *m;
	size_t i;

	for (i = 0; map != NULL && map->kind == NODE_MAP && i < map->n; i++) {
		m = &map->member[i];
		if (!choices_match(fields, m->key) ||
		    field_is_unset(type_field(type, m->key), m->value))
			continue;
		here.name = m->key;
		problem_add(v->problems, m->at, &here,
		    "must be left out with os.name %s",
		    node_get_str(node_get(v->spec, "os"), "name"));
	}
}

static void
forbid_contexts(struct validate *v, const struct node *spec,
    const struct path *up, const char *os)
{
	static const char *const lists[] = { "initContainers", "containers" };
	const char *fields = strcmp(os, "linux") == 0
	    ? "windowsOptions"
	    : "allowPrivilegeEscalation appArmorProfile capabilities "
	      "privileged procMount readOnlyRootFilesystem runAsGroup "
	      "runAsUser seLinuxOptions seccompProfile";
	const struct node *containers;
	size_t i;

	for (i = 0; i < 2; i++) {
		struct path list = { up, lists[i], 0, 0 };
		struct path here = { &list, NULL, 0, 0 };
		struct path path = { &here, "securityContext", 0, 0 };

		containers = list_of(spec, lists[i]);
		for (; containers != NULL && here.index < containers->n;
		     here.index++)
			forbid(v, &type_security_context,
			    node_get(containers->item[here.index], path.name),
			    &path, fields);
	}
}

void
rule_os(struct validate *v, const struct node *spec, const struct path *up)
{
	struct path path = { up, "securityContext", 0, 0 };
	const struct node *context = node_get(spec, path.name);
	const char *os = node_get_str(node_get(spec, "os"), "name");

	if (os == NULL || !choices_match("linux windows", os))
		return;
	forbid_contexts(v, spec, up, os);
	if (strcmp(os, "linux") == 0) {
		forbid(v, &type_pod_security_context, context, &path,
		    "windowsOptions");
		return;
	}
	forbid(v, &type_pod_security_context, context, &path,
	    "appArmorProfile fsGroup fsGroupChangePolicy runAsGroup runAsUser "
	    "seLinuxChangePolicy seLinuxOptions seccompProfile "
	    "supplementalGroups supplementalGroupsPolicy sysctls");
	forbid(v, &type_pod_spec, spec, up,
	    "hostIPC hostPID hostUsers resources shareProcessNamespace");
}
