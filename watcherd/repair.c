#include "watcherd/repair.h"

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
	int escape = is_escape(text, fault->at);

	if (fault->start > fault->at || (!escape && !is_colon(text, fault->at)))
		return (0);
	if (escape)
		from = fault->at;
	/* Each byte becomes two at most, and a plain scalar gets two more. */
	if ((s.bytes = arena_alloc(arena, text->len * 2 + 2)) == NULL)
		return (0);
	put(&s, p, from);
	n = from +
	    (escape ? repair_escapes(&s, p + from, text->len - from)
		    : repair_plain(&s, p + from, fault->at + 1 - from));
	put(&s, p + n, text->len - n);
	text->bytes = s.bytes;
	text->len = s.len;
	return (1);
}
