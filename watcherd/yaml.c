#include "watcherd/yaml.h"

#include <string.h>
#include <yaml.h>

#include "watcherd/build.h"
#include "watcherd/scalar.h"

#define TAG_CORE "tag:yaml.org,2002:"

struct anchor {
	const char *name;
	struct node *node;
};

struct reader {
	yaml_parser_t parser;
	const unsigned char *bytes;
	size_t len;
	struct arena *arena;
	struct problems *problems;
	struct build build;
	struct anchor *anchor; /* latest last: names may be used again */
	size_t nanchors;
	size_t documents;
};

static struct place
place_of(const yaml_mark_t *mark)
{
	return ((struct place){
	    (uint32_t)mark->line + 1, (uint32_t)mark->column + 1 });
}

/* libyaml's decoder tells a byte offset only. */
static struct place
place_of_offset(const struct reader *r, size_t offset)
{
	struct place at = { 1, 1 };
	size_t i;

	for (i = 0; i < offset && i < r->len; i++) {
		if (r->bytes[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if ((r->bytes[i] & 0xc0) != 0x80)
			at.column++;
	}
	return (at);
}

static void
reader_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *text = p->problem != NULL ? p->problem : "malformed YAML";
	struct place at;

	switch (p->error) {
	case YAML_READER_ERROR:
		at = place_of_offset(r, p->problem_offset);
		if (p->problem_value >= 0)
			problem_add(r->problems, at, NULL, "%s (0x%02x)", text,
			    (unsigned int)p->problem_value);
		else
			problem_add(r->problems, at, NULL, "%s", text);
		return;
	case YAML_MEMORY_ERROR:
		(void)problem_nomem(r->problems); /* the caller stops anyway */
		return;
	case YAML_NO_ERROR:
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
	case YAML_COMPOSER_ERROR:
	case YAML_WRITER_ERROR:
	case YAML_EMITTER_ERROR:
		break;
	}
	at = place_of(&p->problem_mark);
	/* The index counts characters, so it may miss the byte: no hint. */
	if (p->problem_mark.index < r->len &&
	    r->bytes[p->problem_mark.index] == '\t')
		problem_add(r->problems, at, NULL,
		    "%s (a tab; indent with blanks)", text);
	else if (p->context != NULL)
		problem_add(r->problems, at, NULL,
		    "%s, %s that starts in line %zu", text, p->context,
		    p->context_mark.line + 1);
	else
		problem_add(r->problems, at, NULL, "%s", text);
}

/* Remembers a node that carries an anchor. */
static int
anchor_add(struct reader *r, const yaml_char_t *name, struct node *node)
{
	struct anchor *a;

	if (name == NULL)
		return (0);
	if (r->nanchors == YAML_ANCHORS_MAX) {
		problem_add(r->problems, node->at, NULL, "more than %d anchors",
		    YAML_ANCHORS_MAX);
		return (-1);
	}
	if (r->anchor == NULL &&
	    (r->anchor = arena_array(r->arena, YAML_ANCHORS_MAX, sizeof(*a))) ==
		NULL)
		return (problem_nomem(r->problems));
	a = &r->anchor[r->nanchors];
	if ((a->name = arena_strdup(r->arena, (const char *)name)) == NULL)
		return (problem_nomem(r->problems));
	a->node = node;
	r->nanchors++;
	return (0);
}

static int
on_alias(struct reader *r, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct place at = place_of(&ev->start_mark);
	char q[QUOTE_MAX];
	size_t i;

	for (i = r->nanchors; i > 0; i--) {
		if (strcmp(r->anchor[i - 1].name, name) == 0)
			break;
	}
	if (i == 0) {
		problem_add(r->problems, at, NULL,
		    "alias of an anchor that is not defined: %s",
		    quote(q, name));
		return (-1);
	}
	if (r->anchor[i - 1].node->weight == 0) {
		problem_add(r->problems, at, NULL,
		    "the alias %s stands within its own anchor",
		    quote(q, name));
		return (-1);
	}
	return (build_add(&r->build, r->anchor[i - 1].node));
}

/* What the text of a scalar means.  -1: err. */
static int
scalar_decide(const yaml_event_t *ev, struct scalar *out, struct err *err)
{
	const char *text = (const char *)ev->data.scalar.value;
	const char *tag = (const char *)ev->data.scalar.tag;
	size_t len = ev->data.scalar.length;

	out->kind = SCALAR_STRING;
	if (tag != NULL) {
		if (strncmp(tag, TAG_CORE, strlen(TAG_CORE)) != 0)
			return (0);
		tag += strlen(TAG_CORE);
		if (strcmp(tag, "binary") == 0)
			return (err_set(err, "!!binary is not supported"));
		return (scalar_tagged(tag, text, len, out, err));
	}
	if (!ev->data.scalar.plain_implicit)
		return (0);
	return (scalar_resolve(text, len, out, err));
}

static struct node *
scalar_node(struct reader *r, const yaml_event_t *ev, struct place at,
    const struct scalar *s)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	enum node_kind kind = NODE_STRING;
	struct node *node;

	switch (s->kind) {
	case SCALAR_NULL:
		return (node_new(r->arena, NODE_NULL, at));
	case SCALAR_FALSE:
	case SCALAR_TRUE:
		return (node_bool(r->arena, at, s->kind == SCALAR_TRUE));
	case SCALAR_NUMBER:
		kind = NODE_NUMBER;
		text = s->number;
		len = strlen(text);
		break;
	case SCALAR_STRING:
		break;
	}
	if ((text = arena_memdup(r->arena, text, len)) == NULL ||
	    (node = node_string(r->arena, at, text, len)) == NULL)
		return (NULL);
	node->kind = kind;
	return (node);
}

static int
is_merge(const yaml_event_t *ev)
{
	const char *tag = (const char *)ev->data.scalar.tag;

	if (tag != NULL)
		return (strcmp(tag, TAG_CORE "merge") == 0);
	return (ev->data.scalar.plain_implicit &&
	    strcmp((const char *)ev->data.scalar.value, "<<") == 0);
}

static int
on_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct place at = place_of(&ev->start_mark);
	struct scalar s;
	struct err err;
	struct node *node;

	if (build_wants_key(&r->build) && is_merge(ev))
		return (build_add_merge(&r->build, at));
	if (memchr(ev->data.scalar.value, '\0', ev->data.scalar.length)) {
		problem_add(r->problems, at, NULL, "contains a NUL character");
		return (-1);
	}
	if (scalar_decide(ev, &s, &err) == -1) {
		problem_add(r->problems, at, NULL, "%s", err.text);
		return (-1);
	}
	if ((node = scalar_node(r, ev, at, &s)) == NULL)
		return (problem_nomem(r->problems));
	if (anchor_add(r, ev->data.scalar.anchor, node) == -1)
		return (-1);
	return (build_add(&r->build, node));
}

static int
on_open(struct reader *r, const yaml_event_t *ev, enum node_kind kind,
    const yaml_char_t *anchor)
{
	struct node *node;

	if (build_open(&r->build, kind, place_of(&ev->start_mark), &node) == -1)
		return (-1);
	return (anchor_add(r, anchor, node));
}

/* The first document is the manifest; others may only be empty. */
static int
on_document_end(struct reader *r, struct node **first)
{
	struct node *root = r->build.root;

	r->build.root = NULL;
	r->nanchors = 0;
	if (r->documents++ == 0) {
		*first = root;
		return (0);
	}
	if (root == NULL || root->kind == NODE_NULL)
		return (0);
	problem_add(r->problems, root->at, NULL,
	    "a second document: one file holds one Pod");
	return (-1);
}

static int
reader_event(struct reader *r, const yaml_event_t *ev, struct node **first)
{
	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return (on_alias(r, ev));
	case YAML_SCALAR_EVENT:
		return (on_scalar(r, ev));
	case YAML_SEQUENCE_START_EVENT:
		return (
		    on_open(r, ev, NODE_LIST, ev->data.sequence_start.anchor));
	case YAML_MAPPING_START_EVENT:
		return (
		    on_open(r, ev, NODE_MAP, ev->data.mapping_start.anchor));
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return (build_close(&r->build));
	case YAML_DOCUMENT_END_EVENT:
		return (on_document_end(r, first));
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		break;
	}
	return (0);
}

static int
reader_run(struct reader *r, struct node **first)
{
	yaml_event_t ev;
	int done = 0, rc = 0;

	while (!done && rc == 0) {
		if (!yaml_parser_parse(&r->parser, &ev)) {
			reader_error(r);
			return (-1);
		}
		done = ev.type == YAML_STREAM_END_EVENT;
		rc = reader_event(r, &ev, first);
		yaml_event_delete(&ev);
	}
	return (rc);
}

struct node *
yaml_read(const void *bytes, size_t len, struct arena *arena,
    struct problems *problems)
{
	struct reader r;
	struct node *first = NULL;
	int rc;

	memset(&r, 0, sizeof(r));
	r.bytes = bytes;
	r.len = len;
	r.arena = arena;
	r.problems = problems;
	if (!yaml_parser_initialize(&r.parser)) {
		(void)problem_nomem(problems); /* told by NULL as well */
		return (NULL);
	}
	yaml_parser_set_input_string(&r.parser, bytes, len);
	build_init(&r.build, arena, problems);
	rc = reader_run(&r, &first);
	build_release(&r.build);
	yaml_parser_delete(&r.parser);
	if (rc == -1)
		return (NULL);
	if (first == NULL)
		problem_add(problems, (struct place){ 1, 1 }, NULL,
		    "the file is empty: expected a Pod");
	return (first);
}
