#include <string.h>

#include "watcherd/grammar.h"
#include "watcherd/resources.h"
#include "watcherd/validate_rules.h"

/* Init containers share the names of the regular ones. */
void
rule_containers(
    struct validate *v, const struct node *spec, const struct path *up)
{
	struct path list = { up, "initContainers", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *init = list_of(spec, list.name);
	const struct node *regular = list_of(spec, "containers");
	const struct named *same;
	struct names names;
	const char *name;

	names_of(&names, regular, "name");
	for (; init != NULL && here.index < init->n; here.index++) {
		name = node_get_str(init->item[here.index], "name");
		if (name == NULL || (same = names_find(&names, name)) == NULL)
			continue;
		fault(v, init->item[here.index], &here, "name",
		    "must be unique, the container in line %u has it too",
		    node_get(regular->item[same->index], "name")->at.line);
	}
	names_release(&names);
}

static void
check_read_only(
    struct validate *v, const struct node *mount, const struct path *path)
{
	const char *recursive = node_get_str(mount, "recursiveReadOnly");
	const char *propagation = node_get_str(mount, "mountPropagation");

	if (recursive == NULL ||
	    !choices_match("IfPossible Enabled", recursive))
		return;
	if (!node_on(mount, "readOnly"))
		fault(v, mount, path, "recursiveReadOnly",
		    "may be %s only with readOnly true", recursive);
	if (propagation != NULL && strcmp(propagation, "None") != 0)
		fault(v, mount, path, "recursiveReadOnly",
		    "may be %s only with mountPropagation None", recursive);
}

static void
check_mount(struct validate *v, const struct node *mount,
    const struct path *path, int privileged)
{
	const char *name = node_get_str(mount, "name");
	char q[QUOTE_MAX];

	if (name != NULL && *name != '\0' &&
	    node_get_kind(v->spec, "volumes", NODE_BAD) == NULL &&
	    names_find(&v->volumes, name) == NULL)
		fault(v, mount, path, "name",
		    "must name one of spec.volumes, got %s", quote(q, name));
	if (node_says(mount, "mountPropagation", "Bidirectional") &&
	    !privileged)
		fault(v, mount, path, "mountPropagation",
		    "may be Bidirectional only in a privileged container");
	check_read_only(v, mount, path);
}

static void
check_mounts(
    struct validate *v, const struct node *container, const struct path *up)
{
	struct path list = { up, "volumeMounts", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *mounts = list_of(container, list.name);
	int privileged = node_on(
	    node_get(container, "securityContext"), "privileged");

	for (; mounts != NULL && here.index < mounts->n; here.index++)
		check_mount(v, mounts->item[here.index], &here, privileged);
}

/* A container that is not there when resources change, or need not be. */
static void
check_resize(struct validate *v, const struct node *container,
    const struct path *up, int ends)
{
	struct path list = { up, "resizePolicy", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	const struct node *policies = list_of(container, list.name);
	int never = node_says(v->spec, "restartPolicy", "Never");

	if (!never && !ends)
		return;
	for (; policies != NULL && here.index < policies->n; here.index++) {
		if (node_says(policies->item[here.index], "restartPolicy",
			"RestartContainer"))
			fault(v, policies->item[here.index], &here,
			    "restartPolicy", "must be NotRequired %s",
			    ends ? "in an init container that is no sidecar"
				 : "with spec.restartPolicy Never");
	}
}

/* What watches a container that stays, or ends it. */
static void
check_ending(
    struct validate *v, const struct node *container, const struct path *up)
{
	static const char *const names[] = { "lifecycle", "livenessProbe",
		"readinessProbe", "startupProbe" };
	struct path path = { up, NULL, 0, 0 };
	const struct member *m;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((m = node_member(container, names[i])) == NULL)
			continue;
		path.name = names[i];
		problem_add(v->problems, m->at, &path,
		    "must be left out of an init container, unless its "
		    "restartPolicy is Always");
	}
}

void
rule_container(
    struct validate *v, const struct node *container, const struct path *path)
{
	int ends = path_is(path, "initContainers") &&
	    !container_is_sidecar(container);

	check_mounts(v, container, path);
	check_resize(v, container, path, ends);
	if (ends)
		check_ending(v, container, path);
}
