/*
 * What mirrord may do once it runs: the system calls of its sandbox, on
 * top of what every process needs.
 */
#ifndef FILTER_H
#define FILTER_H

#include "common/sandbox.h"

extern const struct sandbox_rule mirrord_rules[];
extern const size_t mirrord_rules_n;

#endif
