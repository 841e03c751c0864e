/*
 * What the prober may do once it runs: the system calls of its sandbox.
 */
#ifndef PROBER_FILTER_H
#define PROBER_FILTER_H

#include "common/sandbox.h"

extern const struct sandbox_rule prober_rules[];
extern const size_t prober_rules_n;

#endif
