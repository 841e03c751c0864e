#include "mirrord/want.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/mtime.h"
#include "common/name.h"
#include "mirrord/apijson.h"
#include "mirrord/seen.h"

static int
put_annotations(json_t *meta, const Tripod__PodItem *msg)
{
	json_t *a = json_object_get(meta, "annotations");
	char seen[RFC3339_MAX];

	if (a == NULL) {
		a = json_object();
		(void)json_object_set_new(meta, "annotations", a);
	}
	if (!json_is_object(a))
		return (-1);
	rfc3339_nano(seen, msg->seen_ns);
	if (json_object_get(a, ANNOTATION_SOURCE) == NULL)
		(void)json_object_set_new(
		    a, ANNOTATION_SOURCE, json_string("file"));
	(void)json_object_set_new(a, ANNOTATION_SEEN, json_string(seen));
	(void)json_object_set_new(
	    a, ANNOTATION_HASH, json_safe(msg->hash, STATUS_TEXT_MAX));
	return (json_object_set_new(
	    a, ANNOTATION_MIRROR, json_safe(msg->hash, STATUS_TEXT_MAX)));
}

/*
 * Only what a mirror may carry: finalizers would make it undeletable,
 * the rest belongs to the server.
 */
static json_t *
metadata_build(const json_t *in, const Tripod__PodItem *msg)
{
	static const char *const kept[] = { "labels", "annotations" };
	json_t *meta = json_pack(
	    "{s:s,s:s}", "name", msg->name, "namespace", msg->namespace_);
	json_t *v;
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		v = json_object_get(in, kept[i]);
		if (v != NULL && !json_is_null(v))
			(void)json_object_set_new(
			    meta, kept[i], json_deep_copy(v));
	}
	if (put_annotations(meta, msg) == -1) {
		json_decref(meta);
		return (NULL);
	}
	return (meta);
}

static int
is_no_execute(const json_t *t)
{
	const char *key = json_text(t, "key");
	const char *op = json_text(t, "operator");
	const char *effect = json_text(t, "effect");

	return ((key == NULL || *key == '\0') && op != NULL && effect != NULL &&
	    strcmp(op, "Exists") == 0 && strcmp(effect, "NoExecute") == 0);
}

/* Without this toleration, taint eviction would delete the mirror. */
static void
put_toleration(json_t *spec)
{
	json_t *list = json_object_get(spec, "tolerations");
	size_t i;

	if (!json_is_array(list)) {
		list = json_array();
		(void)json_object_set_new(spec, "tolerations", list);
	}
	for (i = 0; i < json_array_size(list); i++)
		if (is_no_execute(json_array_get(list, i)))
			return;
	(void)json_array_append_new(list,
	    json_pack(
		"{s:s,s:s}", "operator", "Exists", "effect", "NoExecute"));
}

static int
text_is(const json_t *object, const char *key, const char *value)
{
	const char *s = json_text(object, key);

	return (s != NULL && strcmp(s, value) == 0);
}

static int
object_build(struct want_item *it, const Tripod__PodItem *msg, const char *node)
{
	const json_t *in_meta;
	json_t *in, *spec, *meta;

	if (msg->mirror_json.len > WANT_JSON_MAX)
		return (err_set(
		    &it->problem, "larger than %d bytes", WANT_JSON_MAX));
	in = api_parse((const char *)msg->mirror_json.data,
	    msg->mirror_json.len, &it->problem);
	if (in == NULL)
		return (-1);
	in_meta = json_object_get(in, "metadata");
	spec = json_object_get(in, "spec");
	if (!text_is(in_meta, "name", msg->name) ||
	    !text_is(in_meta, "namespace", msg->namespace_) ||
	    !json_is_object(spec) ||
	    (meta = metadata_build(in_meta, msg)) == NULL) {
		json_decref(in);
		return (err_set(&it->problem, "not the JSON of this pod"));
	}
	(void)json_object_set_new(spec, "nodeName", json_string(node));
	put_toleration(spec);
	it->object = json_pack("{s:s,s:s,s:o,s:O}", "apiVersion", "v1", "kind",
	    "Pod", "metadata", meta, "spec", spec);
	it->editable = spec_editable(spec);
	if (text_is(spec, "restartPolicy", "Never"))
		it->restart = STATUS_NEVER;
	else if (text_is(spec, "restartPolicy", "OnFailure"))
		it->restart = STATUS_ON_FAILURE;
	json_decref(in);
	return (0);
}

struct want_item *
want_item_new(const Tripod__PodItem *msg, const char *node, struct err *err)
{
	const Tripod__PodStatus none = TRIPOD__POD_STATUS__INIT;
	struct want_item *it;

	/* These become part of a URL. */
	if (!name_is_label(msg->namespace_) || !name_is_subdomain(msg->name) ||
	    *msg->uid == '\0' || *msg->hash == '\0') {
		(void)err_set(err, "pod without a usable identity: %s/%s",
		    msg->namespace_, msg->name);
		return (NULL);
	}
	it = xcalloc(1, sizeof(*it));
	it->uid = xstrdup(msg->uid);
	it->namespace = xstrdup(msg->namespace_);
	it->name = xstrdup(msg->name);
	it->hash = xstrdup(msg->hash);
	it->terminating = msg->terminating;
	it->status = status_build(msg->status != NULL ? msg->status : &none);
	(void)object_build(it, msg, node); /* the item says what is wrong */
	return (it);
}

void
want_item_free(struct want_item *it)
{
	if (it == NULL)
		return;
	free(it->uid);
	free(it->namespace);
	free(it->name);
	free(it->hash);
	json_decref(it->object);
	json_decref(it->editable);
	json_decref(it->status);
	free(it);
}

json_t *
want_post(const struct want_item *it, const char *node, const char *node_uid)
{
	json_t *body = json_copy(it->object);
	json_t *meta = json_copy(json_object_get(body, "metadata"));
	json_t *owner = json_pack("{s:s,s:s,s:s,s:s,s:b}", "apiVersion", "v1",
	    "kind", "Node", "name", node, "uid", node_uid, "controller", 1);

	(void)json_object_set_new(
	    meta, "ownerReferences", json_pack("[o]", owner));
	(void)json_object_set_new(body, "metadata", meta);
	return (body);
}
