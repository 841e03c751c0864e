#include "watcherd/yaml.h"

#include <string.h>
#include <yaml.h>

#include "watcherd/build.h"
#include "watcherd/scalar.h"

#define TAG_CORE "tag:yaml.org,2002:"
#define YAML_AHEAD 512 /* bytes that libyaml gets at once */

struct anchor {
	const char *name;
	struct node *node;
};

struct reader {
	yaml_parser_t parser;
	const unsigned char *bytes; /* what is parsed: the rest of the file */
	size_t len, taken;	    /* by libyaml */
	uint32_t line;		    /* lines before it */
	size_t lines;		    /* in it, up to where the parser got */
	size_t flow;		    /* open collections in flow style */
	struct arena *arena;
	struct problems *problems;
	struct documents *documents;
	struct build build;
	struct anchor *anchor; /* latest last: names may be used again */
	size_t nanchors;
};

static struct place
place_of(const struct reader *r, const yaml_mark_t *mark)
{
	return ((struct place){
	    r->line + (uint32_t)mark->line + 1, (uint32_t)mark->column + 1 });
}

/* libyaml's decoder tells a byte offset only. */
static struct place
place_of_offset(const struct reader *r, size_t offset)
{
	struct place at = { r->line + 1, 1 };
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

#define INDENT "; is it indented as its neighbours are?"

/* What to do about what libyaml says, in its words. */
static const struct hint {
	const char *problem;
	const char *hint;
	int opening; /* the place is where it began, not where it failed */
} hints[] = {
	{ "mapping values are not allowed in this context",
	    INDENT " Text with \": \" in it needs quotes", 0 },
	{ "did not find expected key", INDENT, 0 },
	{ "did not find expected '-' indicator", INDENT, 0 },
	{ "block sequence entries are not allowed in this context",
	    "; \"- \" begins a line of its own", 0 },
	{ "could not find expected ':'", "; a blank must follow the ':'", 1 },
	{ "found unexpected end of stream", "; are the quotes closed?", 1 },
	{ "did not find expected ',' or ']'", "; is it closed?", 1 },
	{ "did not find expected ',' or '}'", "; is it closed?", 1 },
	{ "found character that cannot start any token",
	    "; put such a text in quotes", 0 },
	{ "found unknown escape character",
	    "; use single quotes, or \\\\ for a backslash", 0 },
	{ "found a tab character that violates indentation",
	    "; indent with blanks", 0 },
};

static const struct hint *
hint_find(const char *problem)
{
	size_t i;

	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (strcmp(hints[i].problem, problem) == 0)
			return (&hints[i]);
	}
	return (NULL);
}

/* What the scanner or the parser does not understand. */
static void
syntax_error(struct reader *r, const char *text)
{
	const yaml_parser_t *p = &r->parser;
	const struct hint *hint = hint_find(text);
	const char *more = hint != NULL ? hint->hint : "";
	struct place at = place_of(r, &p->problem_mark);

	/* The index counts characters, so it may miss the byte: no hint. */
	if (p->problem_mark.index < r->len &&
	    r->bytes[p->problem_mark.index] == '\t')
		problem_add(r->problems, at, NULL,
		    "%s (a tab; indent with blanks)", text);
	else if (p->context == NULL)
		problem_add(r->problems, at, NULL, "%s%s", text, more);
	else if (hint != NULL && hint->opening)
		problem_add(r->problems, place_of(r, &p->context_mark), NULL,
		    "%s, %s that starts here%s", text, p->context, more);
	else if (p->context_mark.line == p->problem_mark.line)
		problem_add(
		    r->problems, at, NULL, "%s, %s%s", text, p->context, more);
	else
		problem_add(r->problems, at, NULL,
		    "%s, %s that starts in line %zu%s", text, p->context,
		    p->context_mark.line + 1 + r->line, more);
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
	syntax_error(r, text);
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
	struct place at = place_of(r, &ev->start_mark);
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
	return (build_add_alias(&r->build, r->anchor[i - 1].node, at));
}

/*
 * In flow style libyaml's plain scalars may hold '?' and start with ':',
 * which either ends them in the kubelet's reader or starts something else.
 */
static int
is_only_ours(const struct reader *r, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;

	return (r->flow > 0 &&
	    ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (*text == ':' || strchr(text, '?') != NULL));
}

/* What the text of a scalar means.  -1: err. */
static int
scalar_decide(const yaml_event_t *ev, struct scalar *out, struct err *err)
{
	const char *tag = (const char *)ev->data.scalar.tag;
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;

	out->kind = SCALAR_STRING;
	if (tag != NULL) {
		if (strncmp(tag, TAG_CORE, strlen(TAG_CORE)) != 0)
			return (0);
		return (
		    scalar_tagged(tag + strlen(TAG_CORE), text, len, out, err));
	}
	if (!ev->data.scalar.plain_implicit)
		return (0);
	scalar_resolve(text, len, out);
	return (0);
}

/* A string of any bytes.  NULL: memory ran out. */
static struct node *
string_node(
    struct reader *r, struct place at, const unsigned char *bytes, size_t len)
{
	struct node *node;

	if (memchr(bytes, '\0', len) != NULL)
		problem_flaw(r->problems, at, NULL, "contains a NUL character");
	if ((node = node_text(r->arena, at, bytes, len)) == NULL)
		(void)problem_nomem(r->problems); /* told by NULL as well */
	return (node);
}

/* What stands in base64. */
static struct node *
binary_node(struct reader *r, const yaml_event_t *ev, struct place at)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	unsigned char *bytes;

	if ((bytes = arena_alloc(r->arena, len)) == NULL) {
		(void)problem_nomem(r->problems); /* told by NULL as well */
		return (NULL);
	}
	if (scalar_base64(text, len, bytes, &len) == -1) {
		problem_add(r->problems, at, NULL,
		    "what is tagged !!binary must be base64");
		return (NULL);
	}
	return (string_node(r, at, bytes, len));
}

static struct node *
number_node(struct reader *r, const yaml_event_t *ev, struct place at,
    const struct scalar *s)
{
	char text[SCALAR_NUMBER_MAX], q[QUOTE_MAX];
	const char *copy;
	struct node *node;
	int rc;

	rc = build_wants_key(&r->build) ? scalar_key(s, text)
					: scalar_number(s, text);
	if (rc == -1) {
		problem_add(r->problems, at, NULL,
		    "%s is a number that JSON cannot say here; quote it if it "
		    "is text",
		    quote(q, (const char *)ev->data.scalar.value));
		return (NULL);
	}
	if ((copy = arena_strdup(r->arena, text)) == NULL ||
	    (node = node_string(r->arena, at, copy, strlen(copy))) == NULL) {
		(void)problem_nomem(r->problems); /* told by NULL as well */
		return (NULL);
	}
	node->kind = NODE_NUMBER;
	return (node);
}

static struct node *
scalar_node(struct reader *r, const yaml_event_t *ev, struct place at,
    const struct scalar *s)
{
	struct node *node = NULL;

	switch (s->kind) {
	case SCALAR_NULL:
		node = node_new(r->arena, NODE_NULL, at);
		break;
	case SCALAR_FALSE:
	case SCALAR_TRUE:
		node = node_bool(r->arena, at, s->kind == SCALAR_TRUE);
		break;
	case SCALAR_STRING:
		return (string_node(
		    r, at, ev->data.scalar.value, ev->data.scalar.length));
	case SCALAR_BINARY:
		return (binary_node(r, ev, at));
	case SCALAR_INTEGER:
	case SCALAR_FLOAT:
		return (number_node(r, ev, at, s));
	}
	if (node == NULL)
		(void)problem_nomem(r->problems); /* told by NULL as well */
	return (node);
}

static int
is_merge(const yaml_event_t *ev)
{
	const char *tag = (const char *)ev->data.scalar.tag;

	return ((tag == NULL ? ev->data.scalar.plain_implicit
			     : strcmp(tag, TAG_CORE "merge") == 0) &&
	    strcmp((const char *)ev->data.scalar.value, "<<") == 0);
}

static int
on_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct place at = place_of(r, &ev->start_mark);
	struct scalar s;
	struct err err;
	struct node *node;

	if (build_wants_key(&r->build) && is_merge(ev))
		return (build_add_merge(&r->build, at));
	if (is_only_ours(r, ev)) {
		problem_add(r->problems, at, NULL,
		    "a plain scalar within [] or {} cannot have '?' or start "
		    "with ':'; quote it");
		return (-1);
	}
	if (scalar_decide(ev, &s, &err) == -1) {
		problem_add(r->problems, at, NULL, "%s", err.text);
		return (-1);
	}
	if ((node = scalar_node(r, ev, at, &s)) == NULL)
		return (-1);
	if (anchor_add(r, ev->data.scalar.anchor, node) == -1)
		return (-1);
	return (build_add(&r->build, node));
}

static int
on_open(struct reader *r, const yaml_event_t *ev, enum node_kind kind,
    int is_flow, const yaml_char_t *anchor)
{
	struct node *node;

	if (build_open(&r->build, kind, place_of(r, &ev->start_mark), &node) ==
	    -1)
		return (-1);
	r->flow += is_flow || r->flow > 0;
	return (anchor_add(r, anchor, node));
}

static int
on_close(struct reader *r)
{
	if (r->flow > 0)
		r->flow--;
	return (build_close(&r->build));
}

/* 1: enough was read. */
static int
on_document_end(struct reader *r)
{
	struct documents *docs = r->documents;
	struct node *root = r->build.root;
	int lenient = r->problems->mode == MANIFEST_LENIENT;

	build_next(&r->build);
	r->nanchors = 0;
	if (root->kind == NODE_NULL && !lenient)
		return (0);
	if (docs->n == DOCUMENTS_MAX) {
		problem_add(r->problems, root->at, NULL,
		    "more than %d documents", DOCUMENTS_MAX);
		return (1);
	}
	docs->root[docs->n++] = root;
	return (lenient);
}

/* 1: the end. */
static int
reader_event(struct reader *r, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		return (on_alias(r, ev));
	case YAML_SCALAR_EVENT:
		return (on_scalar(r, ev));
	case YAML_SEQUENCE_START_EVENT:
		return (on_open(r, ev, NODE_LIST,
		    ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
		    ev->data.sequence_start.anchor));
	case YAML_MAPPING_START_EVENT:
		return (on_open(r, ev, NODE_MAP,
		    ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
		    ev->data.mapping_start.anchor));
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return (on_close(r));
	case YAML_DOCUMENT_END_EVENT:
		return (on_document_end(r));
	case YAML_STREAM_END_EVENT:
		return (1);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		break;
	}
	return (0);
}

/*
 * In pieces: libyaml decodes all that it is given, and a bad byte far
 * behind the first document is no fault of that one.
 */
static int
on_read(void *arg, unsigned char *buf, size_t size, size_t *n)
{
	struct reader *r = arg;

	*n = r->len - r->taken;
	if (*n > size)
		*n = size;
	if (*n > YAML_AHEAD)
		*n = YAML_AHEAD;
	memcpy(buf, r->bytes + r->taken, *n);
	r->taken += *n;
	return (1);
}

/* -1: a problem was added, and the document ends there. */
static int
reader_run(struct reader *r)
{
	yaml_event_t ev;
	int rc = 0;

	while (rc == 0) {
		if (!yaml_parser_parse(&r->parser, &ev)) {
			reader_error(r);
			return (-1);
		}
		rc = reader_event(r, &ev);
		yaml_event_delete(&ev);
	}
	return (rc == 1 ? 0 : -1);
}

/* One run of libyaml's parser.  0: all is read; -1: a problem came. */
static int
reader_parse(struct reader *r)
{
	int rc;

	r->taken = 0;
	r->flow = 0;
	r->nanchors = 0;
	build_next(&r->build);
	if (!yaml_parser_initialize(&r->parser))
		return (problem_nomem(r->problems));
	yaml_parser_set_input(&r->parser, on_read, r);
	rc = reader_run(r);
	r->lines = r->parser.mark.line;
	yaml_parser_delete(&r->parser);
	return (rc);
}

/* Is this a line that starts a document? */
static int
is_marker(const unsigned char *p, size_t len)
{
	return (len > 3 && memcmp(p, "---", 3) == 0 &&
	    memchr(" \t\r\n", p[3], 4) != NULL);
}

/* Goes on at the next document behind a fault.  0: there is none. */
static int
reader_skip(struct reader *r)
{
	const unsigned char *p = r->bytes, *end = p + r->len;
	size_t line;

	if (r->problems->mode == MANIFEST_LENIENT ||
	    problems_full(r->problems) || r->len == 0 || *p >= 0xfe)
		return (0);
	for (line = 0;
	     line == 0 || line < r->lines || !is_marker(p, (size_t)(end - p));
	     line++) {
		if ((p = memchr(p, '\n', (size_t)(end - p))) == NULL)
			return (0);
		p++;
	}
	r->line += (uint32_t)line;
	r->len = (size_t)(end - p);
	r->bytes = p;
	return (1);
}

void
yaml_read(const void *bytes, size_t len, struct arena *arena,
    struct problems *problems, struct documents *documents)
{
	struct reader r;

	memset(&r, 0, sizeof(r));
	r.bytes = bytes;
	r.len = len;
	r.arena = arena;
	r.problems = problems;
	r.documents = documents;
	documents->form = DOCUMENT_YAML;
	documents->n = 0;
	build_init(&r.build, arena, problems, BUILD_LAST_WINS);
	while (reader_parse(&r) == -1 && reader_skip(&r))
		continue;
	build_release(&r.build);
	if (documents->n == 0 && problems->errors == 0)
		problem_add(problems, (struct place){ 1, 1 }, NULL,
		    "the file is empty: expected a Pod");
}
