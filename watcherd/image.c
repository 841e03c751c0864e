#include "watcherd/image.h"

#include <stddef.h>
#include <string.h>

#define NAME_MAX_BYTES 255 /* of domain and path */
#define TAG_MAX_BYTES 128

/* Part of a reference. */
struct slice {
	const char *p;
	size_t n;
};

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static int
slice_is(struct slice s, const char *text)
{
	return (s.n == strlen(text) && memcmp(s.p, text, s.n) == 0);
}

static int
slice_only(struct slice s, const char *set)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (strchr(set, s.p[i]) == NULL)
			return (0);
	}
	return (1);
}

static int
slice_any(struct slice s, const char *set)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (strchr(set, s.p[i]) != NULL)
			return (1);
	}
	return (0);
}

/* Cuts s at the first c; the part behind it, or one with p == NULL. */
static struct slice
slice_cut(struct slice *s, char c)
{
	struct slice rest = { NULL, 0 };
	const char *hit = s->n > 0 ? memchr(s->p, c, s->n) : NULL;

	if (hit == NULL)
		return (rest);
	rest.p = hit + 1;
	rest.n = s->n - (size_t)(hit - s->p) - 1;
	s->n = (size_t)(hit - s->p);
	return (rest);
}

/* Words joined by single '.', one or two '_', or any number of '-'. */
static int
component_valid(struct slice s)
{
	size_t i = 0, run;

	while (i < s.n) {
		for (run = 0; i < s.n && strchr(LOWER DIGIT, s.p[i]); run++)
			i++;
		if (run == 0)
			return (0);
		if (i == s.n)
			return (1);
		if (s.p[i] == '-') {
			while (i < s.n && s.p[i] == '-')
				i++;
		} else if (s.p[i] == '_')
			i += i + 1 < s.n && s.p[i + 1] == '_' ? 2 : 1;
		else if (s.p[i] == '.')
			i++;
		else
			return (0);
	}
	return (0);
}

static int
path_valid(struct slice path)
{
	struct slice rest;

	for (;;) {
		rest = slice_cut(&path, '/');
		if (!component_valid(path))
			return (0);
		if (rest.p == NULL)
			return (1);
		path = rest;
	}
}

/* "[::1]" or "[::1]:5000". */
static int
address_valid(struct slice domain)
{
	struct slice rest = slice_cut(&domain, ']'), inside = domain;

	inside.p++;
	inside.n--;
	return (rest.p != NULL && inside.n > 0 &&
	    slice_only(inside, DIGIT "abcdefABCDEF:") &&
	    (rest.n == 0 ||
		(rest.n > 1 && *rest.p == ':' &&
		    slice_only(
			(struct slice){ rest.p + 1, rest.n - 1 }, DIGIT))));
}

static int
domain_valid(struct slice domain)
{
	struct slice port, rest;

	if (domain.n > 0 && domain.p[0] == '[')
		return (address_valid(domain));
	port = slice_cut(&domain, ':');
	if (port.p != NULL && (port.n == 0 || !slice_only(port, DIGIT)))
		return (0);
	for (;;) {
		rest = slice_cut(&domain, '.');
		if (domain.n == 0 ||
		    !slice_only(domain, LOWER UPPER DIGIT "-") ||
		    domain.p[0] == '-' || domain.p[domain.n - 1] == '-')
			return (0);
		if (rest.p == NULL)
			return (1);
		domain = rest;
	}
}

static int
tag_valid(struct slice tag)
{
	return (tag.n > 0 && tag.n <= TAG_MAX_BYTES &&
	    slice_only(tag, LOWER UPPER DIGIT "_.-") && tag.p[0] != '.' &&
	    tag.p[0] != '-');
}

static int
digest_valid(struct slice digest)
{
	struct slice hex = slice_cut(&digest, ':');
	size_t want;

	want = slice_is(digest, "sha256") ? 64
	    : slice_is(digest, "sha384")  ? 96
	    : slice_is(digest, "sha512")  ? 128
					  : 0;
	return (hex.p != NULL && want > 0 && hex.n == want &&
	    slice_only(hex, DIGIT "abcdef"));
}

/* Takes the domain off a reference, if it starts with one. */
static struct slice
domain_cut(struct slice *ref)
{
	struct slice domain = *ref, none = { NULL, 0 };
	struct slice rest = slice_cut(&domain, '/');

	if (rest.p == NULL ||
	    (!slice_any(domain, ".:" UPPER) && !slice_is(domain, "localhost")))
		return (none);
	*ref = rest;
	return (domain);
}

/* Its tag and digest, NULL if it has none.  0: it is no reference. */
static int
image_parse(const char *image, struct slice *tag, struct slice *digest)
{
	struct slice ref = { image, strlen(image) };
	struct slice domain;

	if (ref.n == 64 && slice_only(ref, DIGIT "abcdef"))
		return (0);
	domain = domain_cut(&ref);
	*digest = slice_cut(&ref, '@');
	*tag = slice_cut(&ref, ':');
	return ((domain.p == NULL || domain_valid(domain)) && path_valid(ref) &&
	    domain.n + ref.n + 1 <= NAME_MAX_BYTES &&
	    (tag->p == NULL || tag_valid(*tag)) &&
	    (digest->p == NULL || digest_valid(*digest)));
}

int
image_is_reference(const char *image)
{
	struct slice tag, digest;

	return (image_parse(image, &tag, &digest));
}

const char *
image_pull_policy(const char *image)
{
	struct slice tag, digest;

	if (!image_parse(image, &tag, &digest))
		return ("IfNotPresent");
	if (tag.p != NULL ? slice_is(tag, "latest") : digest.p == NULL)
		return ("Always");
	return ("IfNotPresent");
}
