#include "watcherd/identity.h"

#include <stdio.h>
#include <string.h>

#include "watcherd/canonical.h"

#define PRIORITY_NODE 2000001000    /* system-node-critical */
#define PRIORITY_CLUSTER 2000000000 /* system-cluster-critical */

/* Set by Tripod, or dropped by every reader since Kubernetes 1.8. */
static const char *const meaningless[] = {
	"kubernetes.io/config.hash",
	"kubernetes.io/config.seen",
	"kubernetes.io/config.source",
	"pod.alpha.kubernetes.io/init-container-statuses",
	"pod.alpha.kubernetes.io/init-containers",
	"pod.beta.kubernetes.io/init-container-statuses",
	"pod.beta.kubernetes.io/init-containers",
};

static void
drop_annotations(struct node *meta)
{
	struct node *map = node_get_kind(meta, "annotations", NODE_MAP);
	size_t i;

	if (map == NULL)
		return;
	for (i = 0; i < sizeof(meaningless) / sizeof(meaningless[0]); i++)
		node_unset(map, meaningless[i]);
	if (map->n == 0)
		node_unset(meta, "annotations");
}

int
identity_make(struct arena *arena, struct node *pod, const char *node,
    const char *file, struct identity_of *out)
{
	static const char version[] = "tripod-uid-v1";
	static const char host[] = "\0host:", from[] = "\0file:";
	struct node *meta = node_get(pod, "metadata");
	struct digest_part part[6];
	const char *text;
	char hex[DIGEST_HEX_SIZE];
	size_t len;

	drop_annotations(meta);
	if ((text = canonical_json(arena, pod, &len)) == NULL)
		return (-1);
	part[0] = (struct digest_part){ version, sizeof(version) };
	part[1] = (struct digest_part){ text, len };
	part[2] = (struct digest_part){ host, sizeof(host) - 1 };
	part[3] = (struct digest_part){ node, strlen(node) };
	part[4] = (struct digest_part){ from, sizeof(from) - 1 };
	part[5] = (struct digest_part){ file, strlen(file) };
	digest_hex(part, 6, hex);
	text = node_get_str(meta, "uid");
	/* Validation bounds what is printed here. */
	(void)snprintf(out->hash, sizeof(out->hash), "%.32s", hex);
	(void)snprintf(
	    out->uid, sizeof(out->uid), "%s", text != NULL ? text : out->hash);
	(void)snprintf(out->name, sizeof(out->name), "%s-%s",
	    node_get_str(meta, "name"), node);
	text = node_get_str(meta, "namespace");
	out->ns = text != NULL ? text : "default";
	return (0);
}

static int
set_string(
    struct arena *arena, struct node *map, const char *key, const char *text)
{
	struct node *node;

	if ((node = node_string(arena, map->at, text, strlen(text))) == NULL)
		return (-1);
	return (node_set(arena, map, key, node));
}

static struct node *
mirror_annotations(
    struct arena *arena, const struct node *meta, const struct identity_of *id)
{
	const struct node *own = node_get(meta, "annotations");
	struct node *map;
	size_t i;

	if ((map = node_new(arena, NODE_MAP, meta->at)) == NULL)
		return (NULL);
	for (i = 0; own != NULL && i < own->n; i++) {
		if (node_set(arena, map, own->member[i].key,
			own->member[i].value) == -1)
			return (NULL);
	}
	if (set_string(arena, map, "kubernetes.io/config.hash", id->hash) ==
		-1 ||
	    set_string(arena, map, "kubernetes.io/config.source", "file") == -1)
		return (NULL);
	return (map);
}

static struct node *
mirror_metadata(
    struct arena *arena, const struct node *meta, const struct identity_of *id)
{
	struct node *out, *labels, *annotations;

	annotations = mirror_annotations(arena, meta, id);
	if (annotations == NULL ||
	    (out = node_new(arena, NODE_MAP, meta->at)) == NULL ||
	    set_string(arena, out, "name", id->name) == -1 ||
	    set_string(arena, out, "namespace", id->ns) == -1 ||
	    node_set(arena, out, "annotations", annotations) == -1)
		return (NULL);
	labels = node_get(meta, "labels");
	if (labels != NULL && node_set(arena, out, "labels", labels) == -1)
		return (NULL);
	return (out);
}

static int
text_is(const struct node *map, const char *key, const char *text)
{
	const char *value = node_get_str(map, key);

	return (strcmp(value != NULL ? value : "", text) == 0);
}

/* Static pods stay where they are, whatever befalls the node. */
static int
mirror_toleration(struct arena *arena, struct node *spec)
{
	struct node *list = node_get(spec, "tolerations"), *own;
	size_t i;

	if ((own = node_new(arena, NODE_MAP, spec->at)) == NULL ||
	    set_string(arena, own, "operator", "Exists") == -1 ||
	    set_string(arena, own, "effect", "NoExecute") == -1)
		return (-1);
	for (i = 0; list != NULL && i < list->n; i++) {
		if (text_is(list->item[i], "operator", "Exists") &&
		    text_is(list->item[i], "effect", "NoExecute") &&
		    text_is(list->item[i], "key", "") &&
		    text_is(list->item[i], "value", "")) {
			list->item[i] = own;
			return (0);
		}
	}
	if (list != NULL)
		return (node_append(arena, list, own));
	if ((list = node_new(arena, NODE_LIST, spec->at)) == NULL ||
	    node_append(arena, list, own) == -1)
		return (-1);
	return (node_set(arena, spec, "tolerations", list));
}

int64_t
identity_priority(const struct node *spec)
{
	int64_t value = 0;

	if (text_is(spec, "priorityClassName", "system-node-critical"))
		value = PRIORITY_NODE;
	else if (text_is(spec, "priorityClassName", "system-cluster-critical"))
		value = PRIORITY_CLUSTER;
	return (node_get_num(spec, "priority", value));
}

static int
mirror_priority(struct arena *arena, struct node *spec)
{
	int64_t value = identity_priority(spec);
	struct node *number;

	if (value == 0 || node_get(spec, "priority") != NULL)
		return (0);
	if ((number = node_number(arena, spec->at, value)) == NULL)
		return (-1);
	return (node_set(arena, spec, "priority", number));
}

struct node *
identity_mirror(struct arena *arena, struct node *pod, const char *node,
    const struct identity_of *id)
{
	struct node *spec = node_get(pod, "spec"), *out, *meta;

	if (set_string(arena, spec, "nodeName", node) == -1 ||
	    mirror_toleration(arena, spec) == -1 ||
	    mirror_priority(arena, spec) == -1)
		return (NULL);
	meta = mirror_metadata(arena, node_get(pod, "metadata"), id);
	if (meta == NULL ||
	    (out = node_new(arena, NODE_MAP, pod->at)) == NULL ||
	    set_string(arena, out, "apiVersion", "v1") == -1 ||
	    set_string(arena, out, "kind", "Pod") == -1 ||
	    node_set(arena, out, "metadata", meta) == -1 ||
	    node_set(arena, out, "spec", spec) == -1)
		return (NULL);
	return (out);
}
