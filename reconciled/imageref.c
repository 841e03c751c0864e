#include "reconciled/imageref.h"

#include <string.h>

#define NAME_MAX_LEN 255 /* host and path */
#define TAG_MAX_LEN 128
#define DIGEST_MIN_LEN 32
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ALNUM LOWER UPPER DIGIT

/* Whether all of it is of a set, and there is something. */
static int
is_all(const char *s, size_t n, const char *set)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] == '\0' || strchr(set, s[i]) == NULL)
			return (0);
	return (n > 0);
}

/* Lower case and digits, with one ".", "_", "__" or many "-" between. */
static int
is_path_part(const char *s, size_t n)
{
	size_t i, run;

	if (!is_all(s, n, LOWER DIGIT "._-") || !is_all(s, 1, LOWER DIGIT) ||
	    !is_all(s + n - 1, 1, LOWER DIGIT))
		return (0);
	for (i = 0; i < n; i += run) {
		run = 1;
		if (strchr("._-", s[i]) == NULL)
			continue;
		while (strchr("._-", s[i + run]) != NULL) {
			if (s[i + run] != s[i])
				return (0);
			run++; /* the last one is no separator */
		}
		if (run > (s[i] == '.' ? 1U : s[i] == '_' ? 2U : n))
			return (0);
	}
	return (1);
}

static int
is_host(const char *s, size_t n)
{
	const char *colon = s[0] == '[' ? memchr(s, ']', n) : s, *p;
	size_t len, part;

	if (colon == NULL)
		return (0);
	colon = memchr(colon, ':', n - (size_t)(colon - s));
	len = colon == NULL ? n : (size_t)(colon - s);
	if (colon != NULL && !is_all(colon + 1, n - len - 1, DIGIT))
		return (0);
	if (s[0] == '[')
		return (len > 2 && s[len - 1] == ']' &&
		    is_all(s + 1, len - 2, DIGIT "abcdefABCDEF:"));
	for (p = s; len > 0; p += part, len -= part) {
		part = strcspn(p, ".:/");
		if (!is_all(p, part, ALNUM "-") || p[0] == '-' ||
		    p[part - 1] == '-')
			return (0);
		if (part < len && ++part == len)
			return (0); /* ends with a dot */
	}
	return (n > 0);
}

int
imageref_is_host(const char *s, size_t n)
{
	return (memchr(s, '.', n) != NULL || memchr(s, ':', n) != NULL ||
	    !is_all(s, n, LOWER DIGIT "_-") ||
	    (n == 9 && memcmp(s, "localhost", n) == 0));
}

static int
is_name(const char *s, size_t n)
{
	const char *slash = memchr(s, '/', n);
	size_t len = slash == NULL ? n : (size_t)(slash - s);

	if (n > NAME_MAX_LEN)
		return (0);
	if (slash != NULL && imageref_is_host(s, len)) {
		if (!is_host(s, len))
			return (0);
		s += len + 1;
		n -= len + 1;
	}
	for (;;) {
		slash = memchr(s, '/', n);
		len = slash == NULL ? n : (size_t)(slash - s);
		if (len == 0 || !is_path_part(s, len))
			return (0);
		if (slash == NULL)
			return (1);
		s += len + 1;
		n -= len + 1;
	}
}

static int
is_tag(const char *s, size_t n)
{
	return (n <= TAG_MAX_LEN && is_all(s, n, ALNUM "_.-") && s[0] != '.' &&
	    s[0] != '-');
}

/* "sha256:HEX" and the like. */
static int
is_digest(const char *s)
{
	size_t n = strcspn(s, ":");

	return (s[n] == ':' && is_all(s, n, ALNUM "+._-") &&
	    is_all(s, 1, LOWER UPPER) && strlen(s + n + 1) >= DIGEST_MIN_LEN &&
	    is_all(s + n + 1, strlen(s + n + 1), DIGIT "abcdefABCDEF"));
}

int
imageref_is_valid(const char *s)
{
	const char *at = strchr(s, '@'), *slash, *colon;
	size_t n = at == NULL ? strlen(s) : (size_t)(at - s);

	if (at != NULL && !is_digest(at + 1))
		return (0);
	slash = memrchr(s, '/', n);
	slash = slash == NULL ? s : slash;
	colon = memchr(slash, ':', n - (size_t)(slash - s));
	if (colon != NULL) {
		if (!is_tag(colon + 1, n - (size_t)(colon + 1 - s)))
			return (0);
		n = (size_t)(colon - s);
	}
	return (is_name(s, n));
}
