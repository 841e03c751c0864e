#include "watcherd/manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/defaults.h"
#include "watcherd/identity.h"
#include "watcherd/json.h"
#include "watcherd/pod.h"
#include "watcherd/validate.h"
#include "watcherd/yaml.h"

/* A file's answer without its pod; NULL: memory ran out. */
static Tripod__Manifest *
manifest_new(struct arena *arena, const char *file)
{
	Tripod__Manifest *m;

	if ((m = arena_alloc(arena, sizeof(*m))) == NULL)
		return (NULL);
	tripod__manifest__init(m);
	if ((m->file = arena_strdup(arena, file)) == NULL)
		return (NULL);
	return (m);
}

/* A tree that is a valid, defaulted pod, or NULL and problems. */
static struct node *
manifest_tree(
    const struct manifest_source *src, struct arena *arena, struct problems *p)
{
	struct node *tree, *pod;

	if (json_is(src->bytes, src->len))
		tree = json_read(src->bytes, src->len, arena, p);
	else
		tree = yaml_read(src->bytes, src->len, arena, p);
	if (tree == NULL || (pod = decode_pod(tree, arena, p)) == NULL)
		return (NULL);
	validate_support(pod, p);
	if (defaults_apply(pod, arena, p) == -1)
		return (NULL);
	validate_pod(pod, src->node, p);
	if (p->errors > 0)
		return (NULL);
	return (pod);
}

/* Fills the pod in; -1: memory ran out. */
static int
manifest_fill(Tripod__Manifest *m, const struct manifest_source *src,
    struct node *pod, struct arena *arena)
{
	Tripod__Definition *d, **list;
	const struct identity_place place = { src->node, src->file };
	struct identity_of id;
	struct node *mirror;
	char *json;
	size_t len;

	canonical_prune(&type_pod, pod);
	if ((d = arena_alloc(arena, sizeof(*d))) == NULL ||
	    (list = arena_alloc(arena, sizeof(*list))) == NULL)
		return (-1);
	tripod__definition__init(d);
	if (identity_make(arena, pod, &place, &id) == -1 ||
	    (d->pod = pod_message(arena, pod, &id)) == NULL ||
	    (mirror = identity_mirror(arena, pod, src->node, &id)) == NULL ||
	    (json = canonical_json(arena, mirror, &len)) == NULL)
		return (-1);
	d->mirror_json.data = (uint8_t *)json;
	d->mirror_json.len = len;
	list[0] = d;
	m->definition = list;
	m->n_definition = 1;
	return (0);
}

Tripod__Manifest *
manifest_parse(const struct manifest_source *src, struct arena *arena)
{
	const struct digest_part whole = { src->bytes, src->len };
	struct problems *p;
	struct node *pod;
	Tripod__Manifest *m;
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&whole, 1, hex);
	if ((p = arena_alloc(arena, sizeof(*p))) == NULL ||
	    (m = manifest_new(arena, src->file)) == NULL ||
	    (m->digest = arena_strdup(arena, hex)) == NULL)
		return (NULL);
	problems_init(p, arena, src->mode);
	pod = manifest_tree(src, arena, p);
	if (pod != NULL && manifest_fill(m, src, pod, arena) == -1)
		(void)problem_nomem(p); /* makes it invalid below */
	problems_finish(p);
	m->state = p->errors > 0 ? TRIPOD__MANIFEST__STATE__INVALID
				 : TRIPOD__MANIFEST__STATE__VALID;
	m->problem = p->item;
	m->n_problem = p->n;
	return (m);
}

Tripod__Manifest *
manifest_invalid(struct arena *arena, const char *file, const char *fmt, ...)
{
	Tripod__Manifest *m;
	struct problems *p;
	char text[PROBLEM_TEXT_MAX];
	va_list ap;

	if ((p = arena_alloc(arena, sizeof(*p))) == NULL ||
	    (m = manifest_new(arena, file)) == NULL)
		return (NULL);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut off */
	va_end(ap);
	problems_init(p, arena, MANIFEST_STRICT);
	problem_add(p, (struct place){ 0, 0 }, NULL, "%s", text);
	problems_finish(p);
	m->state = TRIPOD__MANIFEST__STATE__INVALID;
	m->problem = p->item;
	m->n_problem = p->n;
	return (m);
}

Tripod__Manifest *
manifest_gone(struct arena *arena, const char *file)
{
	return (manifest_new(arena, file));
}
