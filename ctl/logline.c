#include "ctl/logline.h"

#include <string.h>

#include "ctl/match.h"

/* The next word; NULL when there is none with a blank behind it. */
static const char *
word(const char **s, const char *end, size_t *len)
{
	const char *from = *s, *blank;

	blank = memchr(from, ' ', (size_t)(end - from));
	if (blank == NULL || blank == from)
		return (NULL);
	*len = (size_t)(blank - from);
	*s = blank + 1;
	return (from);
}

int
logline_parse(struct logline *l, const char *s, size_t len)
{
	const char *end = s + len, *stream, *tags;
	size_t nstream, ntags;
	struct logline out;

	if ((out.stamp = word(&s, end, &out.stamp_len)) == NULL ||
	    (out.ns = match_stamp(out.stamp, out.stamp_len)) == -1 ||
	    (stream = word(&s, end, &nstream)) == NULL || nstream != 6 ||
	    (memcmp(stream, "stdout", 6) != 0 &&
		memcmp(stream, "stderr", 6) != 0))
		return (-1);
	/* The blank behind the tags is missing if the text is. */
	if ((tags = word(&s, end, &ntags)) == NULL) {
		tags = s;
		ntags = (size_t)(end - s);
		s = end;
	}
	if (ntags == 0)
		return (-1);
	out.is_stderr = stream[3] == 'e';
	out.partial = tags[0] == 'P' && (ntags == 1 || tags[1] == ':');
	out.text = s;
	out.len = (size_t)(end - s);
	*l = out;
	return (0);
}

int
logname_parse(struct logname *l, const char *name)
{
	const char *s = name;
	uint32_t v = 0;
	size_t len = strlen(name);

	for (; *s >= '0' && *s <= '9' && s - name < 9; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	if (s == name || strncmp(s, ".log", 4) != 0)
		return (-1);
	if (s[4] != '\0' && (s[4] != '.' || s[5] == '\0'))
		return (-1);
	if (len > 3 && strcmp(name + len - 3, ".gz") == 0)
		return (-1);
	if (len > 4 && strcmp(name + len - 4, ".tmp") == 0)
		return (-1);
	l->attempt = v;
	l->rotated = s[4] == '\0' ? NULL : s + 5;
	return (0);
}

int
logname_compare(const char *a, const char *b)
{
	struct logname x, y;

	if (logname_parse(&x, a) == -1 || logname_parse(&y, b) == -1)
		return (strcmp(a, b));
	if (x.attempt != y.attempt)
		return (x.attempt < y.attempt ? -1 : 1);
	if (x.rotated == NULL || y.rotated == NULL)
		return ((x.rotated == NULL) - (y.rotated == NULL));
	return (strcmp(x.rotated, y.rotated));
}

size_t
loglines_tail(const char *s, size_t len, int at_end, uint64_t *lines)
{
	size_t i = len;

	if (*lines == 0)
		return (len);
	if (at_end && len > 0 && s[len - 1] == '\n')
		i--;
	for (; i > 0; i--)
		if (s[i - 1] == '\n' && --*lines == 0)
			return (i);
	return (0);
}
