#include "watcherd/excerpt.h"

#include <string.h>

#include "watcherd/json.h"
#include "watcherd/utf8.h"

#define TAB 8
#define MARGIN "    "	/* before an excerpt */
#define SHOWN 72	/* columns of a line that are shown */
#define SHOWN_BEFORE 40 /* of these, before the place */
#define DOTS "..."
#define COLOR_MARK "\033[1;31m"
#define COLOR_END "\033[0m"

/* One character as it is shown. */
struct cell {
	char text[12];
	size_t width; /* columns */
	size_t bytes; /* that it stands for */
};

struct range {
	unsigned int first, last;
};

/* Not shown as they are: controls, and what turns the direction round. */
static const struct range hidden[] = { { 0x00, 0x1f }, { 0x7f, 0x9f },
	{ 0x061c, 0x061c }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
	{ 0x2066, 0x2069 }, { 0xfeff, 0xfeff } };
/* Two columns wide, and none; the usual ones. */
static const struct range wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0xa4cf },
	{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
	{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };
static const struct range none[] = { { 0x0300, 0x036f }, { 0x200b, 0x200d },
	{ 0xfe00, 0xfe0f } };

#define IN(code, ranges) \
	is_in((code), (ranges), sizeof(ranges) / sizeof((ranges)[0]))

static int
is_in(unsigned int code, const struct range *r, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (code >= r[i].first && code <= r[i].last)
			return (1);
	}
	return (0);
}

/* The character at p, to be shown at a column (from 0). */
static void
cell_read(struct cell *c, const unsigned char *p, size_t len, size_t column)
{
	unsigned int code;

	memset(c, 0, sizeof(*c));
	if (*p >= 0x20 && *p < 0x7f) {
		c->text[0] = (char)*p;
		c->width = c->bytes = 1;
		return;
	}
	c->bytes = utf8_length(p, len);
	code = c->bytes == 0 ? *p : utf8_code(p, c->bytes);
	if (code == '\t') {
		c->width = TAB - column % TAB;
		memset(c->text, ' ', c->width);
		return;
	}
	if (c->bytes == 0 || IN(code, hidden)) {
		(void)snprintf(c->text, sizeof(c->text),
		    code < 0x100 ? "\\x%02x" : "\\u%04x", code);
		c->bytes += c->bytes == 0;
		c->width = strlen(c->text);
		return;
	}
	memcpy(c->text, p, c->bytes);
	c->width = IN(code, wide) ? 2 : !IN(code, none);
}

void
clean_print(const char *text, FILE *to)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = strlen(text);
	struct cell c;

	for (; left > 0; left -= c.bytes, p += c.bytes) {
		cell_read(&c, p, left, 0);
		(void)fputs(*p == '\t' ? "\\t" : c.text, to);
	}
}

/* Bytes of the line's end at p, as the readers count lines; 0: none. */
static size_t
line_end(const unsigned char *p, size_t len, int json)
{
	if (*p == '\n')
		return (1);
	if (json)
		return (0);
	if (*p == '\r')
		return (len > 1 && p[1] == '\n' ? 2 : 1);
	if (len > 1 && memcmp(p, "\xc2\x85", 2) == 0)
		return (2);
	if (len > 2 &&
	    (memcmp(p, "\xe2\x80\xa8", 3) == 0 ||
		memcmp(p, "\xe2\x80\xa9", 3) == 0))
		return (3);
	return (0);
}

/* Bytes of the quoted text at p; 0: it does not end here. */
static size_t
quoted_length(const unsigned char *p, size_t len)
{
	size_t i;

	for (i = 1; i < len; i++) {
		if (*p == '"' && p[i] == '\\')
			i++;
		else if (p[i] == *p && *p == '\'' && i + 1 < len &&
		    p[i + 1] == *p)
			i++;
		else if (p[i] == *p)
			return (i + 1);
	}
	return (0);
}

/* Bytes of the plain text at p. */
static size_t
plain_length(const unsigned char *p, size_t len, int flow)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (flow && memchr(",[]{}", p[i], 5) != NULL)
			break;
		if (p[i] == ':' && (i + 1 == len || p[i + 1] == ' '))
			break;
		if (p[i] == '#' && i > 0 && p[i - 1] == ' ')
			break;
	}
	while (i > 0 && memchr(" \t\r", p[i - 1], 3) != NULL)
		i--;
	return (i);
}

/* Bytes of the key or value that begins at the mark; 0: not known. */
static size_t
token_length(const struct excerpt *e, int flow)
{
	const unsigned char *p = e->line + e->mark;
	size_t len = e->len - e->mark;

	if (len == 0 || memchr("&*!|>[]{},", *p, 10) != NULL ||
	    (*p == '-' && (len == 1 || p[1] == ' ')))
		return (0);
	if (*p == '"' || *p == '\'')
		return (quoted_length(p, len));
	return (plain_length(p, len, flow));
}

/* Bytes of so many characters. */
static size_t
characters(const unsigned char *p, size_t len, uint32_t count)
{
	size_t i = 0, n = 1;

	for (; count > 0 && i < len; count--) {
		if (p[i] >= 0x80)
			n = utf8_length(p + i, len - i);
		i += n > 0 ? n : 1;
		n = 1;
	}
	return (i);
}

static uint32_t
character_count(const unsigned char *p, size_t len)
{
	uint32_t count = 0;
	size_t i, n;

	for (i = 0; i < len; count++)
		i += (n = utf8_length(p + i, len - i)) > 0 ? n : 1;
	return (count);
}

/* The line of that number; its end may be missing.  -1: there is none. */
static int
line_find(struct excerpt *e, const unsigned char *p, size_t len, uint32_t line,
    int json)
{
	const unsigned char *end = p + len;
	size_t n;

	for (; line > 1 && p<end; p += n> 0 ? n : 1) {
		n = line_end(p, (size_t)(end - p), json);
		line -= n > 0;
	}
	if (line > 1)
		return (-1);
	for (e->line = p; p < end; p++) {
		if (line_end(p, (size_t)(end - p), json) > 0)
			break;
	}
	e->len = (size_t)(p - e->line);
	return (0);
}

/* Leaves of a long line what is near the mark. */
static void
line_cut(struct excerpt *e)
{
	size_t n;

	if (e->mark > EXCERPT_AROUND_MAX) {
		n = e->mark - EXCERPT_AROUND_MAX;
		while (n < e->mark && (e->line[n] & 0xc0) == 0x80)
			n++;
		e->line += n;
		e->len -= n;
		e->mark -= n;
		e->cut_before = 1;
	}
	n = e->mark + EXCERPT_AROUND_MAX;
	if (e->len > n) {
		while (n > e->mark && (e->line[n] & 0xc0) == 0x80)
			n--;
		e->len = n;
		e->cut_after = 1;
	}
}

int
excerpt_find(struct excerpt *e, const void *bytes, size_t len, uint32_t line,
    uint32_t column)
{
	const unsigned char *p = bytes;
	int json = json_is(bytes, len), flow;

	memset(e, 0, sizeof(*e));
	if (line == 0 || column == 0 ||
	    (len > 1 &&
		(memcmp(p, "\xff\xfe", 2) == 0 ||
		    memcmp(p, "\xfe\xff", 2) == 0)))
		return (-1);
	if (len > EXCERPT_TEXT_MAX) {
		len = EXCERPT_TEXT_MAX;
		e->cut_after = 1;
	}
	if (len > 2 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		len -= 3;
	}
	if (line_find(e, p, len, line, json) == -1)
		return (-1);
	e->cut_after = e->cut_after && e->line + e->len == p + len;
	e->mark = characters(e->line, e->len, column - 1);
	if (e->mark == e->len && e->cut_after)
		return (-1);
	flow = json || memchr(e->line, '{', e->mark) != NULL ||
	    memchr(e->line, '[', e->mark) != NULL;
	line_cut(e);
	e->nmark = token_length(e, flow);
	e->column = column;
	if (e->nmark > 0 && !(e->cut_after && e->mark + e->nmark == e->len))
		e->end = column + character_count(e->line + e->mark, e->nmark);
	return (0);
}

/* Columns that a part of the line takes, from its start on. */
static size_t
columns(const struct excerpt *e, size_t bytes)
{
	size_t column = 0, i;
	struct cell c;

	for (i = 0; i < bytes; i += c.bytes) {
		cell_read(&c, e->line + i, e->len - i, column);
		column += c.width;
	}
	return (column);
}

/* Prints the columns from first to before last. */
static void
print_columns(const struct excerpt *e, size_t first, size_t last, FILE *to)
{
	size_t column = 0, i;
	struct cell c;

	for (i = 0; i < e->len && column < last; i += c.bytes) {
		cell_read(&c, e->line + i, e->len - i, column);
		/* Half of it may be cut off; what is left has its width. */
		if (column >= first && column + c.width <= last)
			(void)fputs(c.text, to);
		else if (column + c.width > first && column < first)
			(void)fprintf(
			    to, "%*s", (int)(column + c.width - first), "");
		column += c.width;
	}
}

static void
print_mark(size_t before, size_t width, int color, FILE *to)
{
	(void)fprintf(
	    to, MARGIN "%*s%s^", (int)before, "", color ? COLOR_MARK : "");
	for (; width > 1; width--)
		(void)fputc('~', to);
	(void)fprintf(to, "%s\n", color ? COLOR_END : "");
}

void
excerpt_print(const struct excerpt *e, int color, FILE *to)
{
	size_t at = columns(e, e->mark), first = 0, last;
	size_t end = columns(e, e->mark + e->nmark);
	size_t all = columns(e, e->len);
	int dots;

	if (e->len == 0)
		return;
	if (all > SHOWN && at + SHOWN - SHOWN_BEFORE > SHOWN)
		first = at - SHOWN_BEFORE;
	last = all > first + SHOWN ? first + SHOWN : all;
	dots = first > 0 || e->cut_before;
	(void)fprintf(to, MARGIN "%s", dots ? DOTS : "");
	print_columns(e, first, last, to);
	(void)fprintf(to, "%s\n", last < all || e->cut_after ? DOTS : "");
	if (end > last)
		end = last;
	print_mark(at - first + (dots ? strlen(DOTS) : 0),
	    end > at ? end - at : 1, color, to);
}
