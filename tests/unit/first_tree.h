/*
 * The first document of a text, for tests that need one tree.
 */
#ifndef FIRST_TREE_H
#define FIRST_TREE_H

#include "watcherd/json.h"
#include "watcherd/yaml.h"

/* NULL if nothing could be read, or something is wrong with it. */
static inline struct node *
first_tree(
    const void *text, size_t len, struct arena *arena, struct problems *p)
{
	struct documents docs;

	if (json_is(text, len))
		json_read(text, len, arena, p, &docs);
	else
		yaml_read(text, len, arena, p, &docs);
	return (docs.n > 0 && p->errors == 0 ? docs.root[0] : NULL);
}

#endif
