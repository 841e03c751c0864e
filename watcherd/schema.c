#include "watcherd/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watcherd/guess.h"

#define START_MIN 3 /* letters of a name that are enough to know it */

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

/* The only field whose name begins so, whatever the case; NULL: none. */
static const struct field *
type_starting(const struct type *type, const char *name)
{
	const struct field *found = NULL;
	size_t i, len = strlen(name);

	for (i = 0; len >= START_MIN && i < type->n; i++) {
		if (strncasecmp(type->field[i].name, name, len) != 0)
			continue;
		if (found != NULL)
			return (NULL);
		found = &type->field[i];
	}
	return (found);
}

const struct field *
type_guess(const struct type *type, const char *name)
{
	const struct field *guess = NULL;
	size_t i, distance, best;

	best = guess_limit(name);
	for (i = 0; i < type->n; i++) {
		if (strcasecmp(type->field[i].name, name) == 0)
			return (&type->field[i]);
		distance = guess_distance(name, type->field[i].name);
		if (distance < best) {
			best = distance;
			guess = &type->field[i];
		}
	}
	return (guess != NULL ? guess : type_starting(type, name));
}

const struct field *
type_ending(const struct type *type, const char *name)
{
	const struct field *f;
	size_t i, n, len = strlen(name);

	for (i = 0; len > 2 && i < type->n; i++) {
		f = &type->field[i];
		n = strlen(f->name);
		if ((f->flags & FIELD_REQUIRED) && n > len &&
		    strcasecmp(f->name + n - len, name) == 0)
			return (f);
	}
	return (NULL);
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
