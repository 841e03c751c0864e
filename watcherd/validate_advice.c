/*
 * What a kubelet takes and what cannot work all the same, or not as it
 * seems: worth a warning.
 */
#include <string.h>

#include "watcherd/grammar.h"
#include "watcherd/image.h"
#include "watcherd/validate_rules.h"

static void
advise(struct validate *v, const struct node *at, const struct path *path,
    const char *text)
{
	char q[QUOTE_MAX];

	problem_warn(
	    v->problems, at->at, path, "%s, got %s", text, quote(q, at->str));
}

/* The last of several variables of one name counts. */
static void
advise_env(
    struct validate *v, const struct node *container, const struct path *up)
{
	struct path list = { up, "env", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	struct path path = { &here, "name", 0, 0 };
	const struct node *env = list_of(container, list.name), *name;
	struct names names;
	char q[QUOTE_MAX];
	size_t i;

	names_of(&names, env, "name");
	for (i = 1; i < names.n; i++) {
		if (strcmp(names.item[i].text, names.item[i - 1].text) != 0)
			continue;
		here.index = names.item[i - 1].index;
		name = node_get(env->item[here.index], "name");
		problem_warn(v->problems, name->at, &path,
		    "%s is given again in line %u, which counts",
		    quote(q, name->str),
		    node_get(env->item[names.item[i].index], "name")->at.line);
	}
	names_release(&names);
}

/* A host by a name: the prober has no files to look it up with. */
static void
advise_host(
    struct validate *v, const struct node *handler, const struct path *up)
{
	struct path path = { up, "host", 0, 0 };
	const struct node *host = node_get_kind(
	    handler, path.name, NODE_STRING);

	if (host != NULL && host->n > 0 &&
	    strcmp(host->str, "localhost") != 0 &&
	    !grammar_matches(GRAMMAR_IP, host->str))
		advise(v, host, &path,
		    "will fail: names are not looked up, only an IP address "
		    "or localhost works");
}

/* A port of a probe or hook by a name that the container has not. */
static void
advise_handler(struct validate *v, const struct names *ports,
    const struct node *handler, const struct path *up)
{
	static const char *const kinds[] = { "httpGet", "tcpSocket" };
	const struct node *port;
	size_t i;

	for (i = 0; i < 2; i++) {
		struct path kind = { up, kinds[i], 0, 0 };
		struct path path = { &kind, "port", 0, 0 };

		advise_host(v, node_get(handler, kind.name), &kind);
		port = node_get(node_get(handler, kind.name), path.name);
		if (port != NULL && port->kind == NODE_STRING && port->n > 0 &&
		    names_find(ports, port->str) == NULL)
			advise(v, port, &path,
			    "is the name of none of the container's ports");
	}
}

static void
advise_handlers(
    struct validate *v, const struct node *container, const struct path *up)
{
	static const char *const probes[] = { "livenessProbe", "readinessProbe",
		"startupProbe" };
	static const char *const hooks[] = { "postStart", "preStop" };
	struct path lifecycle = { up, "lifecycle", 0, 0 };
	struct path path = { up, NULL, 0, 0 };
	struct names ports;
	size_t i;

	names_of(&ports, list_of(container, "ports"), "name");
	for (i = 0; i < 3; i++) {
		path.name = probes[i];
		advise_handler(
		    v, &ports, node_get(container, path.name), &path);
	}
	path.up = &lifecycle;
	for (i = 0; i < 2; i++) {
		path.name = hooks[i];
		advise_handler(v, &ports,
		    node_get(node_get(container, lifecycle.name), path.name),
		    &path);
	}
	names_release(&ports);
}

static void
advise_mounts(
    struct validate *v, const struct node *container, const struct path *up)
{
	struct path list = { up, "volumeMounts", 0, 0 };
	struct path here = { &list, NULL, 0, 0 };
	struct path path = { &here, "mountPath", 0, 0 };
	const struct node *mounts = list_of(container, list.name), *mount;

	for (; mounts != NULL && here.index < mounts->n; here.index++) {
		mount = node_get_kind(
		    mounts->item[here.index], path.name, NODE_STRING);
		if (mount != NULL && mount->n > 0 && mount->str[0] != '/')
			advise(v, mount, &path, "is no absolute path");
	}
}

/* The container's own word, or the pod's. */
static const struct node *
context_get(const struct validate *v, const struct node *container,
    const char *name, enum node_kind kind)
{
	const struct node *own = node_get_kind(
	    node_get(container, "securityContext"), name, kind);

	return (own != NULL
		? own
		: node_get_kind(
		      node_get(v->spec, "securityContext"), name, kind));
}

static void
advise_root(
    struct validate *v, const struct node *container, const struct path *up)
{
	struct path context = { up, "securityContext", 0, 0 };
	struct path path = { &context, "runAsNonRoot", 0, 0 };
	const struct node *not_root = context_get(
	    v, container, path.name, NODE_BOOL);
	const struct node *user = context_get(
	    v, container, "runAsUser", NODE_NUMBER);

	if (not_root != NULL && not_root->num && user != NULL && user->num == 0)
		problem_warn(v->problems, not_root->at, &path,
		    "is true, but runAsUser is 0 in line %u: the container "
		    "will not be started",
		    user->at.line);
}

void
rule_advice(
    struct validate *v, const struct node *container, const struct path *up)
{
	struct path path = { up, "image", 0, 0 };
	const struct node *image = node_get_kind(
	    container, path.name, NODE_STRING);

	if (image != NULL && image->n > 0 &&
	    grammar_matches(GRAMMAR_TRIMMED, image->str) &&
	    !image_is_reference(image->str))
		advise(v, image, &path,
		    "is no reference of an image (NAME:TAG, NAME@DIGEST)");
	advise_env(v, container, up);
	advise_handlers(v, container, up);
	advise_mounts(v, container, up);
	advise_root(v, container, up);
}

void
rule_host_path(
    struct validate *v, const struct node *source, const struct path *up)
{
	struct path path = { up, "path", 0, 0 };
	const struct node *text = node_get_kind(source, path.name, NODE_STRING);

	if (text != NULL && text->n > 0 && text->str[0] != '/')
		advise(v, text, &path, "is no absolute path");
}
