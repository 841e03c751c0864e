#include <stdio.h>
#include <string.h>

#include "watcherd/indent.h"
#include "watcherd/yaml_reader.h"

struct place
yaml_place(const struct yaml_reader *r, const yaml_mark_t *mark)
{
	return ((struct place){
	    r->line + (uint32_t)mark->line + 1, (uint32_t)mark->column + 1 });
}

struct place
yaml_place_of_byte(const struct yaml_reader *r, size_t offset)
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

#define NO_MAPPING "mapping values are not allowed in this context"
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
	{ NO_MAPPING, INDENT " Text with \": \" in it needs quotes",
	    WHERE_ABOVE },
	{ "did not find expected key", INDENT, WHERE_ABOVE },
	{ "did not find expected '-' indicator", INDENT, WHERE_ABOVE },
	{ "block sequence entries are not allowed in this context",
	    "; \"- \" begins a line of its own", WHERE_HERE },
	{ "could not find expected ':'", "; a blank must follow the ':'",
	    WHERE_OPENED },
	{ "found unexpected end of stream", "; are the quotes closed?",
	    WHERE_OPENED },
	{ "did not find expected node content", "; is a bracket closed above?",
	    WHERE_HERE },
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

/* A ':' in a text that began a line above, for want of a blank there? */
static int
glued_error(struct yaml_reader *r, const char *text)
{
	size_t line = r->parser.problem_mark.line;
	struct indent_glued g;

	if (strcmp(text, NO_MAPPING) != 0)
		return (0);
	g = indent_glued(r->bytes, r->len, line);
	if (g.line == INDENT_NONE)
		return (0);
	problem_add(r->problems,
	    (struct place){
		r->line + (uint32_t)g.line + 1, (uint32_t)g.column + 1 },
	    NULL,
	    "a blank must follow the '%c'; without it, line %zu continues "
	    "this one",
	    g.mark, r->line + line + 1);
	return (1);
}

/* What the scanner or the parser does not understand. */
static void
syntax_error(struct yaml_reader *r, const char *text)
{
	const yaml_parser_t *p = &r->parser;
	const struct hint *hint = hint_find(text);
	char buf[MORE_MAX];
	const char *more = hint_more(r, hint, buf);
	struct place at = yaml_place(r, &p->problem_mark);
	struct yaml_cursor c = { 0, 0 };
	size_t i = yaml_byte_of(r, &c, p->problem_mark.index);

	if (glued_error(r, text))
		return;
	if (i < r->len && r->bytes[i] == '\t')
		problem_add(r->problems, at, NULL,
		    "%s (a tab; indent with blanks)", text);
	else if (p->context == NULL)
		problem_add(r->problems, at, NULL, "%s%s", text, more);
	else if (hint != NULL && hint->where == WHERE_OPENED)
		problem_add(r->problems, yaml_place(r, &p->context_mark), NULL,
		    "%s, %s that starts here%s", text, p->context, more);
	else if (p->context_mark.line == p->problem_mark.line)
		problem_add(
		    r->problems, at, NULL, "%s, %s%s", text, p->context, more);
	else
		problem_add(r->problems, at, NULL,
		    "%s, %s that starts in line %zu%s", text, p->context,
		    p->context_mark.line + 1 + r->line, more);
}

void
yaml_error(struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *text = p->problem != NULL ? p->problem : "malformed YAML";
	struct place at;

	switch (p->error) {
	case YAML_READER_ERROR:
		if (r->too_long) {
			problem_add(r->problems,
			    yaml_place_of_byte(r, r->token), NULL,
			    "more than %d bytes of one value", TREE_VALUE_MAX);
			return;
		}
		at = yaml_place_of_byte(r, p->problem_offset);
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
