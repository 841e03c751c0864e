#include "watcherd/yaml.h"

#include <stdio.h>
#include <string.h>

#include "watcherd/indent.h"
#include "watcherd/yaml_reader.h"

#define YAML_REPAIRED_MAX (1 << 20) /* bytes that are read again */
#define YAML_DIRECTIVES_MAX 100
#define YAML_WORK_MAX 10000000 /* values times the depth of flow style */
#define YAML_AHEAD 512	       /* bytes that libyaml gets at once */

static struct place
place_of(const struct yaml_reader *r, const yaml_mark_t *mark)
{
	return ((struct place){
	    r->line + (uint32_t)mark->line + 1, (uint32_t)mark->column + 1 });
}

/* libyaml's decoder tells a byte offset only. */
static struct place
place_of_offset(const struct yaml_reader *r, size_t offset)
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

/*
 * Rewrites what the kubelet's reader takes; then all must be read again.
 */
static int
reader_repair(struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct yaml_fault fault;
	size_t done = (size_t)(r->bytes - r->text.bytes);

	if (!r->can_repair || p->error != YAML_SCANNER_ERROR ||
	    p->encoding != YAML_UTF8_ENCODING)
		return (0);
	r->chars = r->byte = 0;
	fault.start = done + yaml_byte_of(r, p->context_mark.index);
	fault.at = done + yaml_byte_of(r, p->problem_mark.index);
	return (repair(r->arena, &r->text, &fault));
}

#define INDENT "; is it indented as its neighbours are?"

/* What to do about what libyaml says, in its words. */
static const struct hint {
	const char *problem;
	const char *hint;
	enum {
		WHERE_HERE,
		WHERE_OPENED, /* the place is where it began */
		WHERE_ABOVE   /* another line may be the one that is wrong */
	} where;
} hints[] = {
	{ "mapping values are not allowed in this context",
	    INDENT " Text with \": \" in it needs quotes", WHERE_ABOVE },
	{ "did not find expected key", INDENT, WHERE_ABOVE },
	{ "did not find expected '-' indicator", INDENT, WHERE_ABOVE },
	{ "block sequence entries are not allowed in this context",
	    "; \"- \" begins a line of its own", WHERE_HERE },
	{ "could not find expected ':'", "; a blank must follow the ':'",
	    WHERE_OPENED },
	{ "found unexpected end of stream", "; are the quotes closed?",
	    WHERE_OPENED },
	{ "did not find expected ',' or ']'", "; is it closed?", WHERE_OPENED },
	{ "did not find expected ',' or '}'", "; is it closed?", WHERE_OPENED },
	{ "found character that cannot start any token",
	    "; put such a text in quotes", WHERE_HERE },
	{ "found unknown escape character",
	    "; use single quotes, or \\\\ for a backslash", WHERE_HERE },
	{ "found a tab character that violates indentation",
	    "; indent with blanks", WHERE_HERE },
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

#define MORE_MAX 160

/* A hint, with the lines above that may be meant. */
static const char *
hint_more(const struct yaml_reader *r, const struct hint *hint, char *buf)
{
	struct indent_suspects s = { INDENT_NONE, INDENT_NONE };
	size_t line = r->line + 1;
	const char *dot;

	if (hint == NULL)
		return ("");
	if (hint->where == WHERE_ABOVE)
		s = indent_suspects(
		    r->bytes, r->len, r->parser.problem_mark.line);
	if (s.first == INDENT_NONE)
		return (hint->hint);
	dot = hint->hint[strlen(hint->hint) - 1] == '?' ? "" : ".";
	if (s.second == INDENT_NONE)
		(void)snprintf(buf, MORE_MAX, "%s%s Look at line %zu as well",
		    hint->hint, dot, s.first + line);
	else
		(void)snprintf(buf, MORE_MAX,
		    "%s%s Look at lines %zu and %zu as well", hint->hint, dot,
		    s.first + line, s.second + line);
	return (buf);
}

/* What the scanner or the parser does not understand. */
static void
syntax_error(struct yaml_reader *r, const char *text)
{
	const yaml_parser_t *p = &r->parser;
	const struct hint *hint = hint_find(text);
	char buf[MORE_MAX];
	const char *more = hint_more(r, hint, buf);
	struct place at = place_of(r, &p->problem_mark);
	size_t i;

	r->chars = r->byte = 0;
	i = yaml_byte_of(r, p->problem_mark.index);
	if (i < r->len && r->bytes[i] == '\t')
		problem_add(r->problems, at, NULL,
		    "%s (a tab; indent with blanks)", text);
	else if (p->context == NULL)
		problem_add(r->problems, at, NULL, "%s%s", text, more);
	else if (hint != NULL && hint->where == WHERE_OPENED)
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
reader_error(struct yaml_reader *r)
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

static uint32_t
hash_of(const char *name)
{
	uint32_t hash = 2166136261; /* FNV-1a */

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return (hash);
}

/* Remembers a node that carries an anchor. */
static int
anchor_add(struct yaml_reader *r, const yaml_char_t *name, struct node *node)
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
	a->hash = hash_of(a->name);
	a->node = node;
	r->nanchors++;
	return (0);
}

/* The node that was last called so; NULL: none. */
static struct node *
anchor_find(const struct yaml_reader *r, const char *name)
{
	uint32_t hash = hash_of(name);
	size_t i;

	for (i = r->nanchors; i > 0; i--) {
		if (r->anchor[i - 1].hash == hash &&
		    strcmp(r->anchor[i - 1].name, name) == 0)
			return (r->anchor[i - 1].node);
	}
	return (NULL);
}

/* Stands for a value that was refused, so that others are looked at. */
static int
add_bad(struct yaml_reader *r, struct place at)
{
	struct node *node;

	/* Without its key no member is left. */
	if (build_wants_key(&r->build))
		return (-1);
	if ((node = node_new(r->arena, NODE_BAD, at)) == NULL)
		return (problem_nomem(r->problems));
	return (build_add(&r->build, node));
}

static int
on_alias(struct yaml_reader *r, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct place at = place_of(r, &ev->start_mark);
	struct node *node = anchor_find(r, name);
	char q[QUOTE_MAX];

	/* An open collection weighs nothing. */
	if (node != NULL && node->weight > 0)
		return (build_add_alias(&r->build, node, at));
	problem_add(r->problems, at, NULL,
	    node == NULL ? "alias of an anchor that is not defined: %s"
			 : "the alias %s stands within its own anchor",
	    quote(q, name));
	return (add_bad(r, at));
}

static int
is_merge(const yaml_event_t *ev)
{
	const char *tag = (const char *)ev->data.scalar.tag;

	if (strcmp((const char *)ev->data.scalar.value, "<<") != 0)
		return (0);
	if (tag == NULL)
		return (ev->data.scalar.plain_implicit);
	return (strcmp(tag, TAG_CORE "merge") == 0 || strcmp(tag, "!") == 0);
}

static int
on_scalar(struct yaml_reader *r, const yaml_event_t *ev)
{
	struct place at = place_of(r, &ev->start_mark);
	struct node *node;

	if (build_wants_key(&r->build) && is_merge(ev))
		return (build_add_merge(&r->build, at));
	if (yaml_scalar_refuse(r, ev, at))
		return (-1);
	if ((node = yaml_scalar_node(r, ev, at)) == NULL)
		return (r->problems->exhausted ? -1 : add_bad(r, at));
	if (anchor_add(r, ev->data.scalar.anchor, node) == -1)
		return (-1);
	return (build_add(&r->build, node));
}

static int
on_open(struct yaml_reader *r, const yaml_event_t *ev, enum node_kind kind,
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
on_close(struct yaml_reader *r)
{
	if (r->flow > 0)
		r->flow--;
	return (build_close(&r->build));
}

/* libyaml knows 1.2 as well, and reads it as 1.1. */
static int
on_document_start(struct yaml_reader *r, const yaml_event_t *ev)
{
	const yaml_version_directive_t *v =
	    ev->data.document_start.version_directive;

	if (v == NULL || (v->major == 1 && v->minor == 1))
		return (0);
	problem_add(r->problems, place_of(r, &ev->start_mark), NULL,
	    "only YAML 1.1 can be read, got %%YAML %d.%d", v->major, v->minor);
	return (-1);
}

/* 1: enough was read. */
static int
on_document_end(struct yaml_reader *r)
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

/* libyaml looks at all open brackets for each value. */
static int
reader_work(struct yaml_reader *r, const yaml_event_t *ev)
{
	r->work += r->flow;
	if (r->work <= YAML_WORK_MAX)
		return (0);
	problem_add(r->problems, place_of(r, &ev->start_mark), NULL,
	    "too many values nested too deep");
	return (-1);
}

/* 1: the end. */
static int
reader_event(struct yaml_reader *r, const yaml_event_t *ev)
{
	if (reader_work(r, ev) == -1)
		return (-1);
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
	case YAML_DOCUMENT_START_EVENT:
		return (on_document_start(r, ev));
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
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
	struct yaml_reader *r = arg;

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
reader_run(struct yaml_reader *r)
{
	yaml_event_t ev;
	int rc = 0;

	while (rc == 0) {
		if (!yaml_parser_parse(&r->parser, &ev)) {
			if ((r->repaired = reader_repair(r)) == 0)
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
reader_parse(struct yaml_reader *r)
{
	int rc;

	r->taken = r->chars = r->byte = 0;
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
reader_skip(struct yaml_reader *r)
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

/* Reads all documents.  1: not yet, the text was repaired. */
static int
reader_read(struct yaml_reader *r)
{
	r->bytes = r->text.bytes;
	r->len = r->text.len;
	r->line = 0;
	r->repaired = 0;
	r->documents->form = DOCUMENT_YAML;
	r->documents->n = 0;
	build_init(&r->build, r->arena, r->problems, BUILD_LAST_WINS);
	while (reader_parse(r) == -1 && !r->repaired && reader_skip(r))
		continue;
	build_release(&r->build);
	return (r->repaired);
}

/*
 * libyaml compares each directive with all others.  In UTF-16 there are
 * zeros in between; 0x85, 0xa8 and 0xa9 end the other line breaks.
 */
static int
has_few_directives(const struct yaml_text *text)
{
	const unsigned char *p = text->bytes, *end = p + text->len, *last;
	size_t n = 0;

	for (; (p = memchr(p, '%', (size_t)(end - p))) != NULL; p++) {
		last = p;
		while (last > text->bytes && *--last == '\0')
			continue;
		n += last == p || memchr("\r\n\x85\xa8\xa9", *last, 5) != NULL;
	}
	return (n <= YAML_DIRECTIVES_MAX);
}

void
yaml_read(const void *bytes, size_t len, struct arena *arena,
    struct problems *problems, struct documents *documents)
{
	const struct problems before = *problems;
	size_t total = 0;
	struct yaml_reader r;

	memset(&r, 0, sizeof(r));
	r.text = (struct yaml_text){ bytes, len };
	r.arena = arena;
	r.problems = problems;
	r.documents = documents;
	documents->n = 0;
	if (!has_few_directives(&r.text)) {
		problem_add(problems, (struct place){ 1, 1 }, NULL,
		    "more than %d directives", YAML_DIRECTIVES_MAX);
		return;
	}
	do {
		*problems = before;
		total += r.text.len;
		r.can_repair = total < YAML_REPAIRED_MAX;
	} while (reader_read(&r));
	if (documents->n == 0 && problems->errors == 0)
		problem_add(problems, (struct place){ 1, 1 }, NULL,
		    "the file is empty: expected a Pod");
}
