#include "watcherd/filter.h"

/* clang-format off */
const struct sandbox_rule watcherd_rules[] = {
	{ "getdents64", SANDBOX_ANY, 0, 0, "names in the lent folder" },
};
/* clang-format on */

const size_t watcherd_nrules = sizeof(watcherd_rules) /
    sizeof(watcherd_rules[0]);
