#include "watcherd/identity.h"

#include <stdio.h>
#include <string.h>

#include "common/name.h"
#include "watcherd/canonical.h"
#include "watcherd/quantity.h"

#define PRIORITY_NODE 2000001000    /* system-node-critical */
#define PRIORITY_CLUSTER 2000000000 /* system-cluster-critical */

#define NAMESPACE_DEFAULT "default"

/* One value has one text, however it was written. */
static struct node *
settle_quantity(struct arena *arena, struct node *value)
{
	char text[QUANTITY_TEXT_MAX];
	struct quantity q;
	const char *copy;

	if (value->kind != NODE_STRING ||
	    quantity_parse(value->str, &q, NULL) == -1)
		return (value);
	quantity_settle(&q);
	quantity_format(&q, text);
	if (strcmp(text, value->str) == 0)
		return (value);
	if ((copy = arena_strdup(arena, text)) == NULL)
		return (NULL);
	return (node_string(arena, value->at, copy, strlen(copy)));
}

static struct node *copy_object(
    struct arena *, const struct type *, const struct node *);

static struct node *
copy_one(struct arena *arena, const struct field *f, struct node *value)
{
	if (f->json == JSON_OBJECT)
		return (copy_object(arena, f->type, value));
	if (f->json == JSON_QUANTITY || f->json == JSON_RESOURCE)
		return (settle_quantity(arena, value));
	return (value);
}

/* A list, or a mapping whose members all are of one field. */
static struct node *
copy_collection(
    struct arena *arena, const struct field *f, const struct node *from)
{
	struct node *out = node_new(arena, from->kind, from->at), **slot;
	size_t i;

	if (out == NULL)
		return (NULL);
	if (from->kind == NODE_LIST)
		out->item = arena_array(arena, from->n, sizeof(*out->item));
	else
		out->member = arena_array(arena, from->n, sizeof(*out->member));
	if (from->n > 0 && out->item == NULL)
		return (NULL);
	out->n = from->n;
	for (i = 0; i < from->n; i++) {
		if (from->kind == NODE_MAP)
			out->member[i] = from->member[i];
		else
			out->item[i] = from->item[i];
		slot = from->kind == NODE_MAP ? &out->member[i].value
					      : &out->item[i];
		if ((*slot = copy_one(arena, f, *slot)) == NULL)
			return (NULL);
	}
	return (out);
}

static struct node *
copy_field(struct arena *arena, const struct field *f, struct node *value)
{
	if (f->shape == SHAPE_ONE)
		return (copy_one(arena, f, value));
	return (copy_collection(arena, f, value));
}

/*
 * A mirror has it all the same, as its server would.  Not every empty mapping
 * is one: an emptyDir, a selector of everything and options that take the
 * place of the pod's say something by being there.
 */
static int
says_nothing(const struct field *f, const struct node *value)
{
	return ((f->flags & FIELD_NO_EMPTY) && value->kind == NODE_MAP &&
	    value->n == 0);
}

static struct node *
copy_object(
    struct arena *arena, const struct type *type, const struct node *from)
{
	struct node *out = node_new(arena, NODE_MAP, from->at);
	const struct field *f;
	struct member *m;
	size_t i;

	if (out == NULL ||
	    (from->n > 0 &&
		(out->member = arena_array(
		     arena, from->n, sizeof(*out->member))) == NULL))
		return (NULL);
	for (i = 0; i < from->n; i++) {
		m = &out->member[out->n];
		*m = from->member[i];
		f = type_field(type, m->key);
		if ((m->value = copy_field(arena, f, m->value)) == NULL)
			return (NULL);
		out->n += !says_nothing(f, m->value);
	}
	return (out);
}

struct node *
identity_meaning(struct arena *arena, const struct node *pod)
{
	struct node *out, *meta;
	const char *ns;

	if ((out = copy_object(arena, &type_pod, pod)) == NULL ||
	    node_set_text(arena, out, "apiVersion", "v1") == -1 ||
	    node_set_text(arena, out, "kind", "Pod") == -1)
		return (NULL);
	meta = node_get(out, "metadata");
	ns = node_get_str(meta, "namespace");
	if (ns != NULL && strcmp(ns, NAMESPACE_DEFAULT) == 0)
		node_unset(meta, "namespace");
	return (out);
}

/* The uid that a manifest gives; NULL: none, or no name of a folder. */
static const char *
own_uid(const struct node *pod)
{
	const char *uid = node_get_str(node_get(pod, "metadata"), "uid");

	return (uid != NULL && name_is_uid(uid) ? uid : NULL);
}

char *
identity_input(struct arena *arena, const struct node *pod,
    const struct identity_place *place, size_t *len)
{
	static const char version[] = "tripod-uid-v1";
	static const char host[] = "host:", from[] = "file:";
	const char *file = own_uid(pod) != NULL ? "" : place->file;
	struct node *meaning;
	size_t njson, n = 0, size;
	char *json, *out;

	if ((meaning = identity_meaning(arena, pod)) == NULL ||
	    (json = canonical_json(arena, meaning, &njson)) == NULL)
		return (NULL);
	size = sizeof(version) + njson + sizeof(host) + strlen(place->node) +
	    sizeof(from) + strlen(file) + 1;
	if ((out = arena_alloc(arena, size)) == NULL)
		return (NULL);
	n = sizeof(version);
	memcpy(out, version, n);
	memcpy(out + n, json, njson);
	n += njson + 1;
	n += (size_t)snprintf(out + n, size - n, "%s%s", host, place->node) + 1;
	n += (size_t)snprintf(out + n, size - n, "%s%s", from, file);
	*len = n;
	return (out);
}

int
identity_make(const struct node *pod, const struct identity_place *place,
    struct identity_of *out)
{
	const struct node *meta = node_get(pod, "metadata");
	const char *uid = own_uid(pod), *text;
	struct digest_part part;
	struct arena scratch;
	char hex[DIGEST_HEX_SIZE];

	arena_init(&scratch, IDENTITY_MEMORY_MAX);
	part.data = identity_input(&scratch, pod, place, &part.len);
	if (part.data == NULL) {
		arena_release(&scratch);
		return (-1);
	}
	digest_hex(&part, 1, hex);
	arena_release(&scratch);
	/* Validation bounds what is printed here. */
	(void)snprintf(out->hash, sizeof(out->hash), "%.32s", hex);
	(void)snprintf(
	    out->uid, sizeof(out->uid), "%s", uid != NULL ? uid : out->hash);
	(void)snprintf(out->name, sizeof(out->name), "%s-%s",
	    node_get_str(meta, "name"), place->node);
	text = node_get_str(meta, "namespace");
	out->ns = text != NULL ? text : NAMESPACE_DEFAULT;
	return (0);
}

static struct node *
mirror_annotations(
    struct arena *arena, const struct node *meta, const struct identity_of *id)
{
	const struct node *own = node_get(meta, "annotations");
	struct node *map;

	if ((map = node_new(arena, NODE_MAP, meta->at)) == NULL)
		return (NULL);
	if (own != NULL && own->n > 0) {
		if ((map->member = arena_array(
			 arena, own->n, sizeof(map->member[0]))) == NULL)
			return (NULL);
		memcpy(
		    map->member, own->member, own->n * sizeof(map->member[0]));
		map->n = own->n;
	}
	if (node_set_text(arena, map, "kubernetes.io/config.hash", id->hash) ==
		-1 ||
	    node_set_text(arena, map, "kubernetes.io/config.source", "file") ==
		-1)
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
	    node_set_text(arena, out, "name", id->name) == -1 ||
	    node_set_text(arena, out, "namespace", id->ns) == -1 ||
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
	int found = 0;
	size_t i;

	if ((own = node_new(arena, NODE_MAP, spec->at)) == NULL ||
	    node_set_text(arena, own, "operator", "Exists") == -1 ||
	    node_set_text(arena, own, "effect", "NoExecute") == -1)
		return (-1);
	for (i = 0; list != NULL && i < list->n; i++) {
		if (text_is(list->item[i], "operator", "Exists") &&
		    text_is(list->item[i], "effect", "NoExecute") &&
		    text_is(list->item[i], "key", "") &&
		    text_is(list->item[i], "value", "")) {
			list->item[i] = own;
			found = 1;
		}
	}
	if (found)
		return (0);
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

	if (node_set_text(arena, spec, "nodeName", node) == -1 ||
	    mirror_toleration(arena, spec) == -1 ||
	    mirror_priority(arena, spec) == -1)
		return (NULL);
	meta = mirror_metadata(arena, node_get(pod, "metadata"), id);
	if (meta == NULL ||
	    (out = node_new(arena, NODE_MAP, pod->at)) == NULL ||
	    node_set_text(arena, out, "apiVersion", "v1") == -1 ||
	    node_set_text(arena, out, "kind", "Pod") == -1 ||
	    node_set(arena, out, "metadata", meta) == -1 ||
	    node_set(arena, out, "spec", spec) == -1)
		return (NULL);
	return (out);
}
