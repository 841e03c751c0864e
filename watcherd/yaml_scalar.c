#include <string.h>

#include "watcherd/scalar.h"
#include "watcherd/yaml_reader.h"

size_t
yaml_byte_of(const struct yaml_reader *r, struct yaml_cursor *c, size_t index)
{
	if (c->chars == 0 && r->len >= 3 &&
	    memcmp(r->bytes, "\xef\xbb\xbf", 3) == 0)
		c->byte = 3;
	while (c->chars < index && c->byte < r->len) {
		c->byte++;
		while (c->byte < r->len && (r->bytes[c->byte] & 0xc0) == 0x80)
			c->byte++;
		c->chars++;
	}
	return (c->byte);
}

/*
 * In flow style libyaml's plain scalars may hold '?', which ends them in
 * the kubelet's reader.
 */
static int
is_flow_only(const struct yaml_reader *r, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;

	return (r->flow > 0 &&
	    ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strchr(text, '?') != NULL);
}

void
yaml_scalar_marks(
    struct yaml_reader *r, const yaml_event_t *ev, struct place at)
{
	yaml_char_t *text = ev->data.scalar.value, *p = text;
	size_t len = ev->data.scalar.length;

	if (r->marks == 0)
		return;
	while ((p = memmem(p, len - (size_t)(p - text), YAML_MARK_SHOWN,
		    strlen(YAML_MARK_SHOWN))) != NULL)
		memcpy(p, YAML_MARK, strlen(YAML_MARK));
	if (len >= strlen(YAML_MARK) &&
	    memcmp(text, YAML_MARK, strlen(YAML_MARK)) == 0)
		problem_flaw(r->problems, at, NULL,
		    "begins with a byte order mark, which nobody sees; remove "
		    "it");
}

/* In double quotes libyaml knows an escaped slash, others do not. */
static int
has_slash_escape(struct yaml_reader *r, const yaml_event_t *ev)
{
	size_t i, end;

	if (ev->data.scalar.style != YAML_DOUBLE_QUOTED_SCALAR_STYLE ||
	    memchr(ev->data.scalar.value, '/', ev->data.scalar.length) ==
		NULL ||
	    r->parser.encoding != YAML_UTF8_ENCODING)
		return (0);
	i = yaml_byte_of(r, &r->events, ev->start_mark.index);
	end = yaml_byte_of(r, &r->events, ev->end_mark.index);
	for (; i + 1 < end; i++) {
		if (r->bytes[i] == '\\' && r->bytes[++i] == '/')
			return (1);
	}
	return (0);
}

int
yaml_scalar_refuse(
    struct yaml_reader *r, const yaml_event_t *ev, struct place at)
{
	if (is_flow_only(r, ev))
		problem_add(r->problems, at, NULL,
		    "a plain scalar within [] or {} cannot have '?'; quote "
		    "it");
	else if (has_slash_escape(r, ev))
		problem_add(
		    r->problems, at, NULL, "\"\\/\" is no escape in YAML");
	else
		return (0);
	return (1);
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
string_node(struct yaml_reader *r, struct place at, const unsigned char *bytes,
    size_t len)
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
binary_node(struct yaml_reader *r, const yaml_event_t *ev, struct place at)
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
number_node(struct yaml_reader *r, const yaml_event_t *ev, struct place at,
    const struct scalar *s)
{
	char text[SCALAR_NUMBER_MAX], q[QUOTE_MAX];
	const char *copy;
	struct node *node;
	int rc;

	if (s->kind == SCALAR_FLOAT)
		r->work += YAML_WORK_FRACTION;
	rc = build_wants_key(&r->build) ? scalar_key(s, text)
					: scalar_number(s, text);
	if (rc == -1) {
		copy = arena_printf(r->arena,
		    "%s is a number that JSON cannot say here; quote it if it "
		    "is text",
		    quote(q, (const char *)ev->data.scalar.value));
		if (copy == NULL ||
		    (node = node_bad(r->arena, at, copy)) == NULL)
			(void)problem_nomem(r->problems); /* by NULL as well */
		return (copy != NULL ? node : NULL);
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
decided_node(struct yaml_reader *r, const yaml_event_t *ev, struct place at,
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

struct node *
yaml_scalar_node(struct yaml_reader *r, const yaml_event_t *ev, struct place at)
{
	struct scalar s;
	struct err err;

	if (scalar_decide(ev, &s, &err) == 0)
		return (decided_node(r, ev, at, &s));
	problem_add(r->problems, at, NULL, "%s", err.text);
	return (NULL);
}
