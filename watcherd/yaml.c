#include "watcherd/yaml.h"

#include <string.h>

#include "watcherd/yaml_reader.h"

#define YAML_REPAIRED_MAX (1 << 20) /* bytes that are read again */
#define YAML_DIRECTIVES_MAX 100
#define YAML_AHEAD 512 /* bytes that libyaml gets at once */

/*
 * Rewrites what the kubelet's reader takes; then all must be read again.
 */
static int
reader_repair(struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct yaml_cursor c = { 0, 0 };
	struct yaml_fault fault;
	size_t done = (size_t)(r->bytes - r->text.bytes);

	if (!r->can_repair || p->error != YAML_SCANNER_ERROR ||
	    p->encoding != YAML_UTF8_ENCODING)
		return (0);
	fault.start = done + yaml_byte_of(r, &c, p->context_mark.index);
	fault.at = done + yaml_byte_of(r, &c, p->problem_mark.index);
	return (repair(r->arena, &r->text, &fault));
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

/*
 * libyaml ends a tag at a bracket or comma, which to the kubelet's reader
 * are a part of it.  1: it is rewritten so that all must be read again.
 */
static int
tag_repair(struct yaml_reader *r, const yaml_event_t *ev, const void *tag)
{
	struct yaml_fault fault;
	const unsigned char *p;
	size_t left;

	if (tag == NULL || r->flow == 0 || !r->can_repair ||
	    r->parser.encoding != YAML_UTF8_ENCODING)
		return (0);
	p = r->bytes + yaml_byte_of(r, &r->events, ev->start_mark.index);
	left = r->len - (size_t)(p - r->bytes);
	if (left > 0 && *p == '&')
		for (; left > 0 && *p != '!'; p++)
			left--;
	fault.start = fault.at = (size_t)(p - r->text.bytes);
	r->repaired = repair(r->arena, &r->text, &fault);
	return (r->repaired);
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
	struct place at = yaml_place(r, &ev->start_mark);
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
	struct place at = yaml_place(r, &ev->start_mark);
	struct node *node;

	if (tag_repair(r, ev, ev->data.scalar.tag))
		return (-1);
	yaml_scalar_marks(r, ev, at);
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

	if (build_open(
		&r->build, kind, yaml_place(r, &ev->start_mark), &node) == -1)
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
	problem_add(r->problems, yaml_place(r, &ev->start_mark), NULL,
	    "only YAML 1.1 can be read, got %%YAML %d.%d", v->major, v->minor);
	return (-1);
}

/* Is there more on the line than the end of a document, or a comment? */
static int
is_content(const unsigned char *p, size_t len)
{
	if (len >= 3 &&
	    (memcmp(p, "---", 3) == 0 || memcmp(p, "...", 3) == 0)) {
		p += 3;
		len -= 3;
	}
	while (len > 0 && memchr(" \t\r", *p, 3) != NULL) {
		p++;
		len--;
	}
	return (len > 0 && *p != '#');
}

/* Whoever reads leniently should know what does not count. */
static void
warn_of_rest(struct yaml_reader *r, const yaml_event_t *ev)
{
	size_t i, n;
	const unsigned char *end;

	if (r->parser.encoding != YAML_UTF8_ENCODING)
		return;
	i = yaml_byte_of(r, &r->events, ev->end_mark.index);
	for (; i < r->len; i += n + 1) {
		end = memchr(r->bytes + i, '\n', r->len - i);
		n = end == NULL ? r->len - i : (size_t)(end - (r->bytes + i));
		if (!is_content(r->bytes + i, n))
			continue;
		problem_warn(r->problems, yaml_place_of_byte(r, i), NULL,
		    "only the first document counts");
		return;
	}
}

/* 1: enough was read. */
static int
on_document_end(struct yaml_reader *r, const yaml_event_t *ev)
{
	struct documents *docs = r->documents;
	struct node *root = r->build.root;
	int lenient = r->problems->mode == MANIFEST_LENIENT;

	build_check(&r->build);
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
	if (lenient)
		warn_of_rest(r, ev);
	return (lenient);
}

/*
 * libyaml looks at all open brackets for each token, several times for what
 * may be a key; there is but one token to a bracket that opens first in
 * another, or closes.
 */
static int
reader_work(struct yaml_reader *r, const yaml_event_t *ev)
{
	int opens = ev->type == YAML_SEQUENCE_START_EVENT ||
	    ev->type == YAML_MAPPING_START_EVENT;
	int closes = ev->type == YAML_SEQUENCE_END_EVENT ||
	    ev->type == YAML_MAPPING_END_EVENT;
	size_t looks = closes || (opens && r->opened) ? YAML_WORK_LOOK
						      : YAML_WORK_LOOKS;

	r->opened = opens;
	r->work += YAML_WORK_VALUE + r->flow * looks;
	if (r->work <= YAML_WORK_MAX)
		return (0);
	problem_add(r->problems, yaml_place(r, &ev->start_mark), NULL,
	    "too much to read: too many values, or nested too deep");
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
		return (on_document_end(r, ev));
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
 * Moves on to the token that libyaml is reading, over what may be any
 * number of blanks and comments.
 */
static void
token_find(struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const unsigned char *end;
	size_t i = r->token;

	if (p->tokens.tail != p->tokens.head)
		i = yaml_byte_of(
		    r, &r->ahead, p->tokens.tail[-1].end_mark.index);
	if (i < r->token)
		i = r->token;
	for (; i < r->len && memchr(" \t\r\n#", r->bytes[i], 5) != NULL; i++) {
		if (r->bytes[i] != '#')
			continue;
		end = memchr(r->bytes + i, '\n', r->len - i);
		i = end == NULL ? r->len : (size_t)(end - r->bytes);
	}
	r->token = i;
}

/* libyaml gathers it in buffers that double. */
static int
token_is_long(struct yaml_reader *r)
{
	if (r->taken < r->token + TREE_VALUE_MAX)
		return (0);
	if (r->parser.encoding == YAML_UTF8_ENCODING)
		token_find(r);
	r->too_long = r->taken >= r->token + TREE_VALUE_MAX;
	return (r->too_long);
}

/* Byte order marks that are not the first, perhaps cut in two. */
static void
marks_hide(struct yaml_reader *r, unsigned char *buf, size_t n)
{
	const unsigned char *p = r->bytes + (r->taken < 2 ? 0 : r->taken - 2);
	const unsigned char *from = r->bytes + r->taken, *end = from + n;
	size_t i;

	if (r->len < 3 || *r->bytes >= 0xfe) /* UTF-16 */
		return;
	if (p == r->bytes && r->line == 0 && memcmp(p, YAML_MARK, 3) == 0)
		p += 3;
	for (; p < end && (p = memchr(p, 0xef, (size_t)(end - p))) != NULL;
	     p++) {
		if (r->bytes + r->len - p < 3 || memcmp(p, YAML_MARK, 3) != 0)
			continue;
		r->marks++;
		for (i = 0; i < 3; i++) {
			if (p + i >= from && p + i < end)
				buf[p + i - from] = (unsigned char)
				    YAML_MARK_SHOWN[i];
		}
	}
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
	if (token_is_long(r))
		return (0);
	r->work += *n * YAML_WORK_BYTE;
	memcpy(buf, r->bytes + r->taken, *n);
	marks_hide(r, buf, *n);
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
				yaml_error(r);
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

	r->taken = r->token = 0;
	r->events = r->ahead = (struct yaml_cursor){ 0, 0 };
	r->too_long = 0;
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

/* The kubelet's reader loses a character of every line then. */
static int
has_two_marks(const struct yaml_text *text)
{
	static const char two[] = YAML_MARK YAML_MARK;

	return (text->len >= strlen(two) &&
	    memcmp(text->bytes, two, strlen(two)) == 0);
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
	r.work = len * YAML_WORK_LOADED;
	documents->n = 0;
	if (has_two_marks(&r.text)) {
		problem_add(problems, (struct place){ 1, 1 }, NULL,
		    "begins with two byte order marks: remove them");
		return;
	}
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
