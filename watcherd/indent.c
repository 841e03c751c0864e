#include "watcherd/indent.h"

#include <ctype.h>
#include <string.h>

#define NOTHING ((size_t)-1) /* a blank line, or a comment */

struct cursor {
	const unsigned char *bytes;
	size_t len;
	size_t at; /* where the line begins */
	size_t line;
};

static int
cursor_set(struct cursor *c, size_t line)
{
	const unsigned char *end;

	for (c->at = c->line = 0; c->line < line; c->line++) {
		end = memchr(c->bytes + c->at, '\n', c->len - c->at);
		if (end == NULL)
			return (-1);
		c->at = (size_t)(end - c->bytes) + 1;
	}
	return (0);
}

static size_t
cursor_indent(const struct cursor *c)
{
	size_t i = c->at;

	while (i < c->len && c->bytes[i] == ' ')
		i++;
	if (i == c->len || memchr("\r\n#", c->bytes[i], 3) != NULL)
		return (NOTHING);
	return (i - c->at);
}

/* The line above that says something.  -1: there is none. */
static int
cursor_up(struct cursor *c)
{
	do {
		if (c->at == 0)
			return (-1);
		c->line--;
		for (c->at--; c->at > 0 && c->bytes[c->at - 1] != '\n';)
			c->at--;
	} while (cursor_indent(c) == NOTHING);
	return (0);
}

/* Was a block of that indent open when the line came? */
static int
was_open(struct cursor c, size_t indent)
{
	size_t own = cursor_indent(&c);

	while (cursor_up(&c) == 0) {
		if (cursor_indent(&c) == indent)
			return (1);
		if (cursor_indent(&c) <= own)
			break;
	}
	return (0);
}

static int
is_item(const struct cursor *c)
{
	size_t at = c->at + cursor_indent(c);

	return (c->bytes[at] == '-' &&
	    (at + 1 == c->len || memchr(" \r\n", c->bytes[at + 1], 3)));
}

/* Can what is indented more be a part of the line? */
static int
is_parent(const struct cursor *c)
{
	size_t i = c->at + cursor_indent(c);

	if (is_item(c) &&
	    (i + 1 == c->len || memchr("\r\n", c->bytes[i + 1], 2)))
		return (1);
	for (; i < c->len && c->bytes[i] != '\n'; i++) {
		if (c->bytes[i] == ':' &&
		    (i + 1 == c->len || memchr(" \r\n", c->bytes[i + 1], 3)))
			return (1);
	}
	return (0);
}

struct indent_suspects
indent_suspects(const unsigned char *bytes, size_t len, size_t line)
{
	struct indent_suspects s = { INDENT_NONE, INDENT_NONE };
	struct cursor here = { bytes, len, 0, 0 }, up, below;
	size_t indent;

	if (cursor_set(&here, line) == -1 ||
	    (indent = cursor_indent(&here)) == NOTHING)
		return (s);
	for (up = here;;) {
		below = up;
		if (cursor_up(&up) == -1)
			return (s);
		if (cursor_indent(&up) < indent)
			break;
	}
	if (below.line == line)
		return (s);
	if (was_open(up, indent) || !is_parent(&up) ||
	    (is_item(&below) && !is_item(&here)))
		s.first = up.line;
	else if (cursor_indent(&below) > indent) {
		s.first = up.line;
		s.second = below.line;
	}
	return (s);
}

/* Is it "key:value"?  An address with "://" is not. */
static int
lacks_blank(const struct cursor *c, size_t at)
{
	size_t i = at;

	while (i < c->len && (isalnum(c->bytes[i]) || c->bytes[i] == '_'))
		i++;
	if (i == at || i + 2 >= c->len || c->bytes[i] != ':')
		return (0);
	return (memchr(" \t\r\n", c->bytes[i + 1], 4) == NULL &&
	    memcmp(c->bytes + i + 1, "//", 2) != 0);
}

struct indent_glued
indent_glued(const unsigned char *bytes, size_t len, size_t line)
{
	struct indent_glued g = { INDENT_NONE, INDENT_NONE, ':' };
	struct cursor c = { bytes, len, 0, 0 };
	size_t at;

	if (cursor_set(&c, line) == -1 || cursor_indent(&c) == NOTHING ||
	    is_item(&c) || cursor_up(&c) == -1)
		return (g);
	at = c.at + cursor_indent(&c);
	if (is_parent(&c)) {
		g.mark = '-';
		if (bytes[at] != '-' || at + 1 == len ||
		    !isalpha(bytes[at + 1]))
			return (g);
	} else {
		if (is_item(&c))
			for (at++; at < len && bytes[at] == ' ';)
				at++;
		if (!lacks_blank(&c, at))
			return (g);
	}
	g.line = c.line;
	g.column = at - c.at;
	return (g);
}
