#include "reconciled/imagegc.h"

#include <stdio.h>
#include <string.h>

#include "reconciled/imageref.h"

#define REFERENCE_MAX 1024    /* far above what runtimes take */
#define REGISTRY "docker.io/" /* of names without one */

static int
is_any(char *const *list, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], text) == 0)
			return (1);
	return (0);
}

/* As runtimes write it out; -1: it does not fit. */
static int
write_out(char buf[static REFERENCE_MAX], const char *reference)
{
	const char *slash = strchr(reference, '/'), *at, *colon;
	const char *prefix = "", *suffix = "";
	int n;

	if (slash == NULL)
		prefix = REGISTRY "library/";
	else if (!imageref_is_host(reference, (size_t)(slash - reference)))
		prefix = REGISTRY;
	at = strchr(reference, '@');
	slash = strrchr(reference, '/');
	colon = strchr(slash == NULL ? reference : slash, ':');
	if (at == NULL && colon == NULL)
		suffix = ":latest";
	n = snprintf(buf, REFERENCE_MAX, "%s%s%s", prefix, reference, suffix);
	if (n < 0 || n >= REFERENCE_MAX)
		return (-1);
	/* What has a digest is known by that, whatever its tag. */
	at = strchr(buf, '@');
	colon = strchr(strrchr(buf, '/'), ':');
	if (at != NULL && colon != NULL && colon < at)
		memmove(buf + (colon - buf), at, strlen(at) + 1);
	return (0);
}

static int
is_called(const struct imagegc_image *image, const char *name)
{
	return (strcmp(image->id, name) == 0 ||
	    is_any(image->tag, image->n_tag, name) ||
	    is_any(image->digest, image->n_digest, name));
}

void
imagegc_need(struct imagegc_image *image, size_t n, const char *reference,
    unsigned int by)
{
	char full[REFERENCE_MAX];
	struct imagegc_image *i;
	int fits;

	if (reference[0] == '\0')
		return;
	fits = write_out(full, reference) == 0;
	for (i = image; i < image + n; i++)
		if (is_called(i, reference) || (fits && is_called(i, full)))
			i->needed |= by;
}

int
imagegc_is_pause(const struct imagegc_image *image)
{
	const char *name;
	size_t i;

	for (i = 0; i < image->n_tag; i++) {
		name = strrchr(image->tag[i], '/');
		name = name == NULL ? image->tag[i] : name + 1;
		if (strcspn(name, ":") == strlen("pause") &&
		    strncmp(name, "pause", strlen("pause")) == 0)
			return (1);
	}
	return (0);
}

/* Without overflow: file systems are large. */
static uint64_t
per_cent(uint64_t of, int64_t n)
{
	return (of / 100 * (uint64_t)n + of % 100 * (uint64_t)n / 100);
}

uint64_t
imagegc_excess(const struct imagegc_conf *conf, uint64_t capacity,
    uint64_t available, int begun)
{
	uint64_t free_at_high, free_at_low;

	if (conf->high >= 100 || capacity == 0)
		return (0);
	free_at_high = per_cent(capacity, 100 - conf->high);
	free_at_low = per_cent(capacity, 100 - conf->low);
	if (!begun && available > free_at_high)
		return (0);
	return (available < free_at_low ? free_at_low - available : 0);
}

/* Whether a goes before b. */
static int
is_older(const struct imagegc_image *a, const struct imagegc_image *b)
{
	int c = mtime_cmp(a->last, b->last);

	if (c == 0)
		c = mtime_cmp(a->first, b->first);
	if (c == 0)
		c = strcmp(a->id, b->id);
	return (c < 0);
}

struct imagegc_image *
imagegc_choose(struct imagegc_image *image, size_t n,
    const struct imagegc_conf *conf, struct mtime now)
{
	struct imagegc_image *i, *first = NULL;

	for (i = image; i < image + n; i++) {
		if (i->pinned || i->needed != 0 || i->tried ||
		    mtime_diff(now, i->first) < conf->min_age_s * 1000)
			continue;
		if (first == NULL || is_older(i, first))
			first = i;
	}
	return (first);
}
