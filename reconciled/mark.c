#include "reconciled/mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconciled/message.h"

#define MARKS 2
#define NUMBER_MAX 24 /* digits of a number, with its NUL */

/* The list has room for it. */
static void
put_number(struct arena *a, Runtime__V1__ContainerConfig *c, const char *key,
    int64_t value)
{
	Runtime__V1__ContainerConfig__AnnotationsEntry *e;
	char text[NUMBER_MAX];

	if (value == 0)
		return;
	(void)snprintf(text, sizeof(text), "%" PRId64, value); /* fits */
	e = message_new(
	    a, &runtime__v1__container_config__annotations_entry__descriptor);
	e->key = must_strdup(a, key);
	e->value = must_strdup(a, text);
	c->annotations[c->n_annotations++] = e;
}

void
mark_put(
    struct arena *a, Runtime__V1__ContainerConfig *c, const struct mark *mark)
{
	Runtime__V1__ContainerConfig__AnnotationsEntry **old = c->annotations;

	c->annotations = must_alloc(
	    a, c->n_annotations + MARKS, sizeof(*c->annotations));
	if (c->n_annotations > 0)
		memcpy(c->annotations, old, c->n_annotations * sizeof(*old));
	put_number(a, c, ANNOTATION_ROUND, mark->round);
	put_number(a, c, ANNOTATION_CRASH_DELAY, mark->crash_delay_ms);
}

static int64_t
get_number(const Runtime__V1__Container *c, const char *key, int64_t max)
{
	const char *text = "";
	char *end;
	int64_t value;
	size_t i;

	for (i = 0; i < c->n_annotations; i++)
		if (strcmp(c->annotations[i]->key, key) == 0)
			text = c->annotations[i]->value;
	value = strtoll(text, &end, 10);
	return (*end != '\0' || value < 0 || value > max ? 0 : value);
}

struct mark
mark_get(const Runtime__V1__Container *c)
{
	struct mark m;

	m.round = (uint32_t)get_number(c, ANNOTATION_ROUND, INT32_MAX);
	m.crash_delay_ms = get_number(
	    c, ANNOTATION_CRASH_DELAY, BACKOFF_MAX_MS);
	return (m);
}
