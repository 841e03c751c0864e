/*
 * YAML that the kubelet's reader takes and libyaml does not, rewritten so
 * that libyaml takes it, too.  Pure.
 *
 *  - "\\'" in double quotes, which becomes "\\x27";
 *  - a tag with brackets or commas in it, which become "%5B" and the like;
 *  - a plain scalar in flow style that ends with ':' right before one of
 *    ",[]{}", which gets single quotes.
 */
#ifndef REPAIR_H
#define REPAIR_H

#include <stddef.h>

#include "common/mem.h"

struct yaml_text {
	const unsigned char *bytes;
	size_t len;
};

/* Where libyaml stopped, in bytes of the text. */
struct yaml_fault {
	size_t start; /* of the scalar, or tag */
	size_t at;
};

/*
 * Rewrites the scalar in a copy of the text.  0: it has no such fault, or
 * the arena is exhausted; nothing was changed.
 */
int repair(struct arena *, struct yaml_text *, const struct yaml_fault *);

#endif
