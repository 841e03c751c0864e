#include "watcherd/repair.h"

#include <ctype.h>
#include <string.h>

struct sink {
	unsigned char *bytes;
	size_t len;
};

static void
put(struct sink *s, const void *bytes, size_t len)
{
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
}

/* The rest of a scalar in double quotes, from an escape to its end. */
static size_t
repair_escapes(struct sink *s, const unsigned char *p, size_t len)
{
	size_t i, n;

	for (i = 0; i < len && p[i] != '"'; i += n) {
		n = p[i] == '\\' && i + 1 < len ? 2 : 1;
		if (n == 2 && p[i + 1] == '\'')
			put(s, "\\x27", 4);
		else
			put(s, p + i, n);
	}
	return (i);
}

/* A plain scalar with its ':'. */
static size_t
repair_plain(struct sink *s, const unsigned char *p, size_t len)
{
	size_t i;

	put(s, "'", 1);
	for (i = 0; i < len; i++)
		put(s, p[i] == '\'' ? "''" : (const char *)p + i,
		    p[i] == '\'' ? 2 : 1);
	put(s, "'", 1);
	return (len);
}

/* Bytes of a tag, with brackets and commas; 0: it is none, or in <>. */
static size_t
tag_length(const unsigned char *p, size_t len)
{
	static const char extra[] = "_-;/?:@&=+$.!~*'()%,[]";
	size_t i = 0;

	if (len < 2 || p[0] != '!' || p[1] == '<')
		return (0);
	while (i < len && (isalnum(p[i]) || memchr(extra, p[i], 22) != NULL))
		i++;
	return (i);
}

static size_t
repair_tag(struct sink *s, const unsigned char *p, size_t len)
{
	size_t i, n = tag_length(p, len);

	for (i = 0; i < n; i++) {
		if (p[i] == ',')
			put(s, "%2C", 3);
		else if (p[i] == '[')
			put(s, "%5B", 3);
		else if (p[i] == ']')
			put(s, "%5D", 3);
		else
			put(s, p + i, 1);
	}
	return (n);
}

/* Is there a tag with something in it that libyaml takes for its end? */
static int
is_tag(const struct yaml_text *t, size_t start)
{
	const unsigned char *p = t->bytes + start;
	size_t n = start < t->len ? tag_length(p, t->len - start) : 0;

	return (n > 0 &&
	    (memchr(p, ',', n) != NULL || memchr(p, '[', n) != NULL ||
		memchr(p, ']', n) != NULL));
}

static int
is_escape(const struct yaml_text *t, size_t at)
{
	return (at + 1 < t->len && t->bytes[at] == '\\' &&
	    t->bytes[at + 1] == '\'');
}

static int
is_colon(const struct yaml_text *t, size_t at)
{
	return (at + 1 < t->len && t->bytes[at] == ':' &&
	    memchr(",[]{}", t->bytes[at + 1], 5) != NULL);
}

int
repair(
    struct arena *arena, struct yaml_text *text, const struct yaml_fault *fault)
{
	const unsigned char *p = text->bytes;
	struct sink s = { NULL, 0 };
	size_t from = fault->start, n;
	int escape = is_escape(text, fault->at),
	    tag = is_tag(text, fault->start);

	if (fault->start > fault->at ||
	    (!tag && !escape && !is_colon(text, fault->at)))
		return (0);
	if (escape)
		from = fault->at;
	/* Each byte becomes three at most, and a plain scalar gets two more. */
	if ((s.bytes = arena_alloc(arena, text->len * 3 + 2)) == NULL)
		return (0);
	put(&s, p, from);
	if (tag)
		n = repair_tag(&s, p + from, text->len - from);
	else if (escape)
		n = repair_escapes(&s, p + from, text->len - from);
	else
		n = repair_plain(&s, p + from, fault->at + 1 - from);
	n += from;
	put(&s, p + n, text->len - n);
	text->bytes = s.bytes;
	text->len = s.len;
	return (1);
}
