#include "watcherd/render.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/mem.h"
#include "watcherd/scalar.h"
#include "watcherd/utf8.h"

struct writer {
	yaml_emitter_t emitter;
	FILE *fp;
};

/* Keys that stand before all others, in this order. */
static const char *const first[] = { "name", "namespace", "labels",
	"annotations", "image", "command", "args" };
#define NFIRST (sizeof(first) / sizeof(first[0]))

static int put_node(struct writer *, const struct node *);

/* The emitter owns and releases the event in any case. */
static int
put(struct writer *w, yaml_event_t *event, int made)
{
	return (made && yaml_emitter_emit(&w->emitter, event) ? 0 : -1);
}

static size_t
digits(const char **p)
{
	size_t n = 0;

	while (isdigit((unsigned char)**p)) {
		(*p)++;
		n++;
	}
	return (n);
}

/*
 * Dates, and numbers to the base of 60: text to Kubernetes, but not to all
 * other readers of YAML 1.1.
 */
static int
is_ambiguous(const char *text)
{
	const char *p = text + (*text == '-' || *text == '+');
	size_t n = digits(&p);

	if (n == 0)
		return (0);
	if (n == 4 && *p == '-' && isdigit((unsigned char)p[1]))
		return (1);
	while (*p == ':') {
		p++;
		if (digits(&p) == 0)
			return (0);
		if (*p == '\0' || *p == '.')
			return (1);
	}
	return (0);
}

static int
needs_quotes(const char *text)
{
	struct scalar scalar;

	scalar_resolve(text, strlen(text), &scalar);
	return (scalar.kind != SCALAR_STRING || strcmp(text, "<<") == 0 ||
	    strcmp(text, "=") == 0 || is_ambiguous(text));
}

/* Line breaks that a reader makes '\n' of. */
static int
has_odd_break(const char *text)
{
	return (strchr(text, '\r') != NULL || strstr(text, "\xc2\x85") ||
	    strstr(text, "\xe2\x80\xa8") || strstr(text, "\xe2\x80\xa9"));
}

/*
 * Can it be a literal block?  The emitter itself takes back what has
 * characters that cannot be printed, or blanks at the end of a line.
 */
static int
is_block(const char *text)
{
	size_t len = strlen(text);

	return (strchr(" \t\n", text[0]) == NULL && !has_odd_break(text) &&
	    (len < 2 || strcmp(text + len - 2, "\n\n") != 0));
}

static yaml_scalar_style_t
style_of(const char *text)
{
	if (has_odd_break(text) || strchr(text, '\n') != NULL)
		return (is_block(text) ? YAML_LITERAL_SCALAR_STYLE
				       : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	return (needs_quotes(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
				   : YAML_PLAIN_SCALAR_STYLE);
}

static int
put_scalar(
    struct writer *w, const char *text, size_t len, yaml_scalar_style_t style)
{
	yaml_event_t event;

	return (put(w, &event,
	    yaml_scalar_event_initialize(&event, NULL, NULL,
		(const yaml_char_t *)text, (int)len, 1, 1, style)));
}

static int
put_word(struct writer *w, const char *word)
{
	return (put_scalar(w, word, strlen(word), YAML_PLAIN_SCALAR_STYLE));
}

/* The text with NUL where the tree writes it otherwise. */
static int
put_with_nul(struct writer *w, const char *text)
{
	char *copy = xstrdup(text), *to = copy;
	const char *hit;
	int rc;

	for (; (hit = strstr(text, UTF8_NUL)) != NULL; text = hit + 2) {
		memcpy(to, text, (size_t)(hit - text));
		to += hit - text;
		*to++ = '\0';
	}
	memcpy(to, text, strlen(text));
	rc = put_scalar(w, copy, (size_t)(to - copy) + strlen(text),
	    YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	free(copy);
	return (rc);
}

static int
put_string(struct writer *w, const char *text, int key)
{
	yaml_scalar_style_t style;

	if (strstr(text, UTF8_NUL) != NULL)
		return (put_with_nul(w, text));
	style = style_of(text);
	if (key && style == YAML_LITERAL_SCALAR_STYLE)
		style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return (put_scalar(w, text, strlen(text), style));
}

static int
put_list(struct writer *w, const struct node *list)
{
	yaml_event_t event;
	size_t i;

	if (put(w, &event,
		yaml_sequence_start_event_initialize(
		    &event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE)) == -1)
		return (-1);
	for (i = 0; i < list->n; i++) {
		if (put_node(w, list->item[i]) == -1)
			return (-1);
	}
	return (put(w, &event, yaml_sequence_end_event_initialize(&event)));
}

static int
put_member(struct writer *w, const struct member *m)
{
	if (put_string(w, m->key, 1) == -1)
		return (-1);
	return (put_node(w, m->value));
}

static int
is_first(const char *key)
{
	size_t i;

	for (i = 0; i < NFIRST; i++) {
		if (strcmp(key, first[i]) == 0)
			return (1);
	}
	return (0);
}

static int
put_map(struct writer *w, const struct node *map)
{
	const struct member *m;
	yaml_event_t event;
	size_t i;

	if (put(w, &event,
		yaml_mapping_start_event_initialize(
		    &event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE)) == -1)
		return (-1);
	for (i = 0; i < NFIRST; i++) {
		m = node_member(map, first[i]);
		if (m != NULL && put_member(w, m) == -1)
			return (-1);
	}
	for (i = 0; i < map->n; i++) {
		m = &map->member[i];
		if (!is_first(m->key) && put_member(w, m) == -1)
			return (-1);
	}
	return (put(w, &event, yaml_mapping_end_event_initialize(&event)));
}

static int
put_node(struct writer *w, const struct node *node)
{
	switch (node->kind) {
	case NODE_BAD:
	case NODE_NULL:
		return (put_word(w, "null"));
	case NODE_BOOL:
		return (put_word(w, node->num ? "true" : "false"));
	case NODE_NUMBER:
		return (put_word(w, node->str));
	case NODE_STRING:
		return (put_string(w, node->str, 0));
	case NODE_LIST:
		return (put_list(w, node));
	case NODE_MAP:
		return (put_map(w, node));
	}
	return (-1);
}

static int
put_document(struct writer *w, const struct node *root)
{
	yaml_event_t event;

	if (put(w, &event,
		yaml_stream_start_event_initialize(
		    &event, YAML_UTF8_ENCODING)) == -1 ||
	    put(w, &event,
		yaml_document_start_event_initialize(
		    &event, NULL, NULL, NULL, 1)) == -1 ||
	    put_node(w, root) == -1 ||
	    put(w, &event, yaml_document_end_event_initialize(&event, 1)) == -1)
		return (-1);
	return (put(w, &event, yaml_stream_end_event_initialize(&event)));
}

static int
on_write(void *arg, unsigned char *bytes, size_t len)
{
	struct writer *w = arg;

	return (fwrite(bytes, 1, len, w->fp) == len);
}

int
render_yaml(FILE *fp, const struct node *root)
{
	struct writer w;
	int rc;

	w.fp = fp;
	if (!yaml_emitter_initialize(&w.emitter))
		return (-1);
	yaml_emitter_set_output(&w.emitter, on_write, &w);
	yaml_emitter_set_unicode(&w.emitter, 1);
	yaml_emitter_set_width(&w.emitter, -1); /* fold no line */
	rc = put_document(&w, root);
	yaml_emitter_delete(&w.emitter);
	return (rc);
}
