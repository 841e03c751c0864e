#include "mirrord/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"
#include "common/name.h"
#include "mirrord/apijson.h"

static char *
text_copy(const json_t *object, const char *key)
{
	const char *s = json_text(object, key);

	return (s == NULL ? NULL : xstrdup(s));
}

static json_t *
keep(const json_t *object, const char *key)
{
	return (json_incref(json_object_get(object, key)));
}

static int
is_deleting(const json_t *meta)
{
	return (json_text(meta, "deletionTimestamp") != NULL);
}

/*
 * The uid of the Node that owns a mirror, if there is exactly the one
 * owner reference that NodeRestriction demands.
 */
static char *
owner_uid(const json_t *meta, const char *node)
{
	const json_t *refs = json_object_get(meta, "ownerReferences");
	const json_t *ref = json_array_get(refs, 0);
	const char *kind = json_text(ref, "kind");
	const char *name = json_text(ref, "name");
	const char *version = json_text(ref, "apiVersion");

	if (json_array_size(refs) != 1 || kind == NULL || name == NULL ||
	    version == NULL)
		return (NULL);
	if (strcmp(kind, "Node") != 0 || strcmp(version, "v1") != 0 ||
	    strcmp(name, node) != 0 ||
	    !json_is_true(json_object_get(ref, "controller")))
		return (NULL);
	return (text_copy(ref, "uid"));
}

static json_t *
images(const json_t *containers)
{
	json_t *out = json_object();
	const json_t *c;
	const char *name, *image;
	size_t i;

	for (i = 0; i < json_array_size(containers); i++) {
		c = json_array_get(containers, i);
		name = json_text(c, "name");
		image = json_text(c, "image");
		if (name != NULL && image != NULL)
			(void)json_object_set_new(out, name,
			    json_string(image)); /* NULL cannot be: it is one */
	}
	return (out);
}

json_t *
spec_editable(const json_t *spec)
{
	json_t *out = json_object();

	(void)json_object_set_new(
	    out, "images", images(json_object_get(spec, "containers")));
	(void)json_object_set_new(
	    out, "initImages", images(json_object_get(spec, "initContainers")));
	if (json_object_get(spec, "activeDeadlineSeconds") != NULL)
		(void)json_object_set_new(out, "activeDeadlineSeconds",
		    keep(spec, "activeDeadlineSeconds"));
	if (json_object_get(spec, "tolerations") != NULL)
		(void)json_object_set_new(
		    out, "tolerations", keep(spec, "tolerations"));
	return (out);
}

/* The three that every object must have. */
static int
identity_check(const json_t *meta, int namespaced, struct err *err)
{
	const char *ns = json_text(meta, "namespace");
	const char *name = json_text(meta, "name");
	const char *uid = json_text(meta, "uid");

	if (name == NULL || !name_is_subdomain(name))
		return (err_set(err, "object without a proper name"));
	if (namespaced && (ns == NULL || !name_is_label(ns)))
		return (err_set(err, "%s: no proper namespace", name));
	if (uid == NULL || *uid == '\0' || strlen(uid) > 128)
		return (err_set(err, "%s: no proper uid", name));
	return (0);
}

struct seen_pod *
seen_pod_new(const json_t *object, const char *node, struct err *err)
{
	const json_t *meta = json_object_get(object, "metadata");
	const json_t *spec = json_object_get(object, "spec");
	const char *bound = json_text(spec, "nodeName");
	struct seen_pod *p;

	if (identity_check(meta, 1, err) == -1)
		return (NULL);
	/* The selector asked for ours only; nothing else is touched. */
	if (bound == NULL || strcmp(bound, node) != 0) {
		(void)err_set(
		    err, "pod %s is not on this node", json_text(meta, "name"));
		return (NULL);
	}
	p = xcalloc(1, sizeof(*p));
	p->namespace = text_copy(meta, "namespace");
	p->name = text_copy(meta, "name");
	p->uid = text_copy(meta, "uid");
	p->labels = keep(meta, "labels");
	p->annotations = keep(meta, "annotations");
	p->status = keep(object, "status");
	p->hash = text_copy(p->annotations, ANNOTATION_MIRROR);
	p->owner = owner_uid(meta, node);
	p->deleting = is_deleting(meta);
	p->finalizers = json_array_size(json_object_get(meta, "finalizers")) >
	    0;
	p->generation = json_integer_value(json_object_get(meta, "generation"));
	p->version = api_version_number(api_version(object));
	p->editable = spec_editable(spec);
	return (p);
}

void
seen_pod_free(struct seen_pod *p)
{
	if (p == NULL)
		return;
	free(p->namespace);
	free(p->name);
	free(p->uid);
	free(p->hash);
	free(p->owner);
	json_decref(p->labels);
	json_decref(p->annotations);
	json_decref(p->status);
	json_decref(p->editable);
	free(p);
}

struct seen_node *
seen_node_new(const json_t *object, const char *node, struct err *err)
{
	const json_t *meta = json_object_get(object, "metadata");
	struct seen_node *n;

	if (identity_check(meta, 0, err) == -1)
		return (NULL);
	if (strcmp(json_text(meta, "name"), node) != 0) {
		(void)err_set(
		    err, "node %s is not this one", json_text(meta, "name"));
		return (NULL);
	}
	n = xcalloc(1, sizeof(*n));
	n->uid = text_copy(meta, "uid");
	n->deleting = is_deleting(meta);
	n->version = api_version_number(api_version(object));
	n->labels = keep(meta, "labels");
	n->status = keep(object, "status");
	return (n);
}

void
seen_node_free(struct seen_node *n)
{
	if (n == NULL)
		return;
	free(n->uid);
	json_decref(n->labels);
	json_decref(n->status);
	free(n);
}

/* ".123456789" in microseconds; moves on behind it. */
static int64_t
fraction_us(const char **pos)
{
	const char *p = *pos;
	int64_t us = 0, unit = 100000;

	if (*p != '.')
		return (0);
	for (p++; *p >= '0' && *p <= '9'; p++) {
		us += (*p - '0') * unit;
		unit /= 10;
	}
	*pos = p;
	return (us);
}

int
rfc3339_parse_us(const char *s, int64_t *out)
{
	struct tm tm = { 0 };
	int hours, minutes, end = 0;
	int64_t us, offset = 0;
	const char *p;

	if (strlen(s) > 64)
		return (-1);
	p = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
	if (p == NULL)
		return (-1);
	us = fraction_us(&p);
	if (*p == '+' || *p == '-') {
		if (sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &end) != 2 ||
		    hours < 0 || minutes < 0 || p[1 + end] != '\0')
			return (-1);
		offset = (hours * 3600 + minutes * 60) * (*p == '-' ? -1 : 1);
	} else if (strcmp(p, "Z") != 0)
		return (-1);
	*out = ((int64_t)timegm(&tm) - offset) * 1000000 + us;
	return (0);
}

int64_t
seen_lease_renewed_us(const json_t *object)
{
	const char *s = json_text(json_object_get(object, "spec"), "renewTime");
	int64_t us;

	if (s == NULL || rfc3339_parse_us(s, &us) == -1 || us < 0 ||
	    us > INT64_MAX / 1000 - 1000000)
		return (0); /* as good as none: it could not be written back */
	return (us);
}
