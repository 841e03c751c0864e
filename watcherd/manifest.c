#include "watcherd/manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "watcherd/canonical.h"
#include "watcherd/decode.h"
#include "watcherd/defaults.h"
#include "watcherd/identity.h"
#include "watcherd/json.h"
#include "watcherd/kind.h"
#include "watcherd/pod.h"
#include "watcherd/render.h"
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

struct found {
	struct node *pod; /* decoded and defaulted */
	struct marks marks;
};

/* What is known of a file while it is read. */
struct intake {
	const struct manifest_source *src;
	struct arena *arena;
	struct problems *problems;
	struct documents documents;
	struct found *found[MANIFEST_PODS_MAX];
	size_t nfound;
};

static const struct node *
pod_meta(const struct node *pod, const char *field)
{
	return (node_get_kind(node_get(pod, "metadata"), field, NODE_STRING));
}

static const char *
pod_namespace(const struct node *pod)
{
	const struct node *ns = pod_meta(pod, "namespace");

	return (ns != NULL && ns->n > 0 ? ns->str : "default");
}

static int
is_same(const struct node *a, const struct node *b, const char *field)
{
	const struct node *one = pod_meta(a, field), *two = pod_meta(b, field);

	return (one != NULL && two != NULL && one->n > 0 &&
	    strcmp(one->str, two->str) == 0);
}

/* The field of metadata by which two pods are the same; NULL: they differ. */
static const char *
pod_clash(const struct node *a, const struct node *b)
{
	if (is_same(a, b, "uid"))
		return ("uid");
	if (is_same(a, b, "name") &&
	    strcmp(pod_namespace(a), pod_namespace(b)) == 0)
		return ("name");
	return (NULL);
}

/* Two pods of one name, or of one uid, cannot both run. */
static void
intake_unique(struct intake *in, const struct node *pod)
{
	const struct path meta = { NULL, "metadata", 0, 0 };
	struct path path = { &meta, NULL, 0, 0 };
	const struct node *other;
	size_t i;

	for (i = 0; i < in->nfound; i++) {
		other = in->found[i]->pod;
		if ((path.name = pod_clash(pod, other)) == NULL)
			continue;
		problem_add(in->problems, pod_meta(pod, path.name)->at, &path,
		    "must be unique%s, a pod above in line %u has the same",
		    strcmp(path.name, "name") == 0 ? " in its namespace" : "",
		    pod_meta(other, path.name)->at.line);
		return;
	}
}

/* Decodes, defaults and judges one pod. */
static void
intake_pod(struct intake *in, const struct node *root)
{
	struct problems *p = in->problems;
	struct found *f;

	if (in->nfound == MANIFEST_PODS_MAX) {
		problem_add(p, root->at, NULL, "more than %d pods in one file",
		    MANIFEST_PODS_MAX);
		return;
	}
	if ((f = arena_alloc(in->arena, sizeof(*f))) == NULL) {
		(void)problem_nomem(p); /* remembered there */
		return;
	}
	f->marks.arena = in->arena;
	if ((f->pod = decode_pod(root, in->arena, p)) == NULL)
		return;
	validate_support(f->pod, p, &f->marks);
	if (defaults_apply(f->pod, in->arena, p) == -1)
		return;
	validate_pod(f->pod, in->src->node, p);
	intake_unique(in, f->pod);
	in->found[in->nfound++] = f;
}

/* The items of a PodList need not say what they are. */
static void
intake_item(struct intake *in, const struct node *item, enum kind list)
{
	enum kind kind = KIND_POD;

	if (item->kind == NODE_BAD || problems_full(in->problems))
		return;
	if (list != KIND_POD_LIST || node_get(item, "kind") != NULL ||
	    node_get(item, "apiVersion") != NULL)
		kind = kind_of(item, in->documents.form, in->problems);
	if (kind == KIND_POD)
		intake_pod(in, item);
	else if (kind != KIND_WRONG)
		problem_add(in->problems, item->at, NULL,
		    "a list within a list: must be a Pod");
}

static void
intake_list(struct intake *in, const struct node *root, enum kind kind)
{
	struct path items = { NULL, "items", 0, 0 };
	struct path path = { &items, NULL, 0, 0 };
	const struct node *list;

	if ((root = decode_pod_list(root, in->arena, in->problems)) == NULL)
		return;
	list = node_get_kind(root, items.name, NODE_LIST);
	in->problems->within = &path;
	for (; list != NULL && path.index < list->n; path.index++)
		intake_item(in, list->item[path.index], kind);
	in->problems->within = NULL;
}

/* All that the file defines, or problems. */
static void
intake_file(struct intake *in)
{
	const struct manifest_source *src = in->src;
	const struct node *root;
	enum kind kind;
	size_t i;

	if (json_is(src->bytes, src->len))
		json_read(src->bytes, src->len, in->arena, in->problems,
		    &in->documents);
	else
		yaml_read(src->bytes, src->len, in->arena, in->problems,
		    &in->documents);
	for (i = 0; i < in->documents.n && !problems_full(in->problems); i++) {
		root = in->documents.root[i];
		kind = kind_of(root, in->documents.form, in->problems);
		if (kind == KIND_POD)
			intake_pod(in, root);
		else if (kind != KIND_WRONG)
			intake_list(in, root, kind);
	}
	if (in->nfound == 0 && in->problems->errors == 0)
		problem_add(in->problems, (struct place){ 1, 1 }, NULL,
		    "the list has no pods");
}

/* Reads a whole file; NULL: memory ran out before anything was read. */
static struct intake *
intake_new(const struct manifest_source *src, struct arena *arena)
{
	struct problems *p;
	struct intake *in;

	arena->limit -= src->len < arena->limit ? src->len : arena->limit;
	if ((p = arena_alloc(arena, sizeof(*p))) == NULL ||
	    (in = arena_alloc(arena, sizeof(*in))) == NULL)
		return (NULL);
	problems_init(p, arena, src->mode);
	in->src = src;
	in->arena = arena;
	in->problems = p;
	intake_file(in);
	return (in);
}

/* NULL: memory ran out. */
static Tripod__Definition *
definition_make(const struct intake *in, const struct found *f)
{
	struct arena *arena = in->arena;
	const struct identity_place place = { in->src->node, in->src->file };
	Tripod__Definition *d;
	const struct node *name = pod_meta(f->pod, "name");
	struct identity_of id;
	struct node *mirror;
	char *json;
	size_t len;

	canonical_prune(&type_pod, f->pod);
	if ((d = arena_alloc(arena, sizeof(*d))) == NULL)
		return (NULL);
	tripod__definition__init(d);
	d->line = name->at.line;
	d->column = name->at.column;
	if (identity_make(f->pod, &place, &id) == -1 ||
	    (d->pod = pod_message(arena, f->pod, &id)) == NULL ||
	    (mirror = identity_mirror(arena, f->pod, in->src->node, &id)) ==
		NULL ||
	    (json = canonical_json(arena, mirror, &len)) == NULL ||
	    (d->pod->unsupported = arena_array(
		 arena, f->marks.n, sizeof(char *))) == NULL)
		return (NULL);
	memcpy(
	    d->pod->unsupported, f->marks.field, f->marks.n * sizeof(char *));
	d->pod->n_unsupported = f->marks.n;
	d->mirror_json.data = (uint8_t *)json;
	d->mirror_json.len = len;
	return (d);
}

/* Fills the pods in; -1: memory ran out. */
static int
manifest_fill(Tripod__Manifest *m, const struct intake *in)
{
	Tripod__Definition **list;
	size_t i;

	if ((list = arena_array(in->arena, in->nfound, sizeof(*list))) == NULL)
		return (-1);
	for (i = 0; i < in->nfound; i++) {
		if ((list[i] = definition_make(in, in->found[i])) == NULL)
			return (-1);
	}
	m->definition = list;
	m->n_definition = in->nfound;
	return (0);
}

/* What it defines must fit into one message. */
static void
check_size(const Tripod__Manifest *m, struct problems *p)
{
	size_t len = tripod__manifest__get_packed_size(m);

	if (len > MANIFEST_MESSAGE_MAX)
		problem_add(p, (struct place){ 0, 0 }, NULL,
		    "what it defines takes %zu bytes, more than %d", len,
		    MANIFEST_MESSAGE_MAX);
}

Tripod__Manifest *
manifest_parse(const struct manifest_source *src, struct arena *arena)
{
	const struct digest_part whole = { src->bytes, src->len };
	struct problems *p;
	struct intake *in;
	Tripod__Manifest *m;
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&whole, 1, hex);
	if ((m = manifest_new(arena, src->file)) == NULL ||
	    (m->digest = arena_strdup(arena, hex)) == NULL ||
	    (in = intake_new(src, arena)) == NULL)
		return (NULL);
	p = in->problems;
	if (p->errors == 0 && manifest_fill(m, in) == -1)
		(void)problem_nomem(p); /* makes it invalid below */
	else if (p->errors == 0)
		check_size(m, p);
	problems_finish(p);
	if (p->errors > 0)
		m->n_definition = 0;
	m->state = p->errors > 0 ? TRIPOD__MANIFEST__STATE__INVALID
				 : TRIPOD__MANIFEST__STATE__VALID;
	m->problem = p->item;
	m->n_problem = p->n;
	return (m);
}

static int
render_pod(const struct intake *in, const struct node *pod,
    enum manifest_form form, FILE *fp)
{
	const struct identity_place place = { in->src->node, in->src->file };
	struct node *meaning;
	struct arena scratch;
	char *text = NULL;
	size_t len;
	int rc = -1;

	arena_init(&scratch, IDENTITY_MEMORY_MAX);
	if (form == FORM_IDENTITY)
		text = identity_input(&scratch, pod, &place, &len);
	else if ((meaning = identity_meaning(&scratch, pod)) != NULL &&
	    form == FORM_YAML)
		rc = render_yaml(fp, meaning);
	else if (meaning != NULL &&
	    (text = canonical_json(&scratch, meaning, &len)) != NULL)
		text[len++] = '\n'; /* where the NUL was */
	if (text != NULL && fwrite(text, 1, len, fp) == len)
		rc = 0;
	arena_release(&scratch);
	return (rc);
}

int
manifest_render(const struct manifest_source *src, enum manifest_form form,
    struct arena *arena, FILE *fp)
{
	struct intake *in = intake_new(src, arena);
	size_t i;

	if (in == NULL || in->problems->errors > 0)
		return (-1);
	if (form == FORM_IDENTITY && in->nfound > 1)
		return (-1);
	for (i = 0; i < in->nfound; i++) {
		if (form == FORM_YAML && i > 0 && fputs("---\n", fp) == EOF)
			return (-1);
		canonical_prune(&type_pod, in->found[i]->pod);
		if (render_pod(in, in->found[i]->pod, form, fp) == -1)
			return (-1);
	}
	return (0);
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
