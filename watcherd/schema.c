#include "watcherd/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GUESS_MAX 40 /* longer names are not guessed at */

static int
field_compare(const void *name, const void *field)
{
	return (strcmp(name, ((const struct field *)field)->name));
}

const struct field *
type_field(const struct type *type, const char *name)
{
	return (bsearch(
	    name, type->field, type->n, sizeof(type->field[0]), field_compare));
}

/*
 * Letters to insert, delete, replace or swap with a neighbour to make
 * one word of the other (optimal string alignment).
 */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[3][GUESS_MAX + 1], *older, *old, *new, *spare;
	size_t i, j, best, la = strlen(a), lb = strlen(b);

	if (la > GUESS_MAX || lb > GUESS_MAX)
		return (GUESS_MAX);
	older = row[0];
	old = row[1];
	new = row[2];
	for (j = 0; j <= lb; j++)
		older[j] = old[j] = j;
	for (i = 1; i <= la; i++) {
		new[0] = i;
		for (j = 1; j <= lb; j++) {
			best = old[j - 1] + (a[i - 1] != b[j - 1]);
			if (old[j] + 1 < best)
				best = old[j] + 1;
			if (new[j - 1] + 1 < best)
				best = new[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && older[j - 2] + 1 < best)
				best = older[j - 2] + 1;
			new[j] = best;
		}
		spare = older;
		older = old;
		old = new;
		new = spare;
	}
	return (old[lb]);
}

const struct field *
type_guess(const struct type *type, const char *name)
{
	const struct field *guess = NULL;
	size_t i, distance, best;

	/* A short word has many neighbours. */
	best = strlen(name) > 5 ? 3 : 2;
	for (i = 0; i < type->n; i++) {
		if (strcasecmp(type->field[i].name, name) == 0)
			return (&type->field[i]);
		distance = edit_distance(name, type->field[i].name);
		if (distance < best) {
			best = distance;
			guess = &type->field[i];
		}
	}
	return (guess);
}

int
field_omits_zero(const struct field *f)
{
	return (f->shape != SHAPE_ONE || !(f->flags & FIELD_OPTIONAL));
}

static const char *const wants[][3] = {
	[JSON_STRING] = { "a string", "a list of strings",
	    "a mapping of names to strings" },
	[JSON_BOOL] = { "true or false", "a list of booleans",
	    "a mapping of names to booleans" },
	[JSON_INT32] = { "an integer", "a list of integers",
	    "a mapping of names to integers" },
	[JSON_INT64] = { "an integer", "a list of integers",
	    "a mapping of names to integers" },
	[JSON_QUANTITY] = { "a quantity like 500m or 64Mi",
	    "a list of quantities", "a mapping of names to quantities" },
	[JSON_RESOURCE] = { "a quantity like 500m or 64Mi",
	    "a list of quantities", "a mapping of names to quantities" },
	[JSON_TIME] = { "a time like \"2026-11-23T08:00:00Z\"",
	    "a list of times", "a mapping of names to times" },
	[JSON_INT_OR_STRING] = { "a port's number or name",
	    "a list of numbers or names", "a mapping of numbers or names" },
	[JSON_OBJECT] = { "a mapping", "a list of mappings",
	    "a mapping of names to mappings" },
	[JSON_ANY] = { "a mapping", "a list of mappings",
	    "a mapping of names to mappings" },
};

const char *
field_wants(const struct field *f)
{
	return (wants[f->json][f->shape]);
}
