/*
 * What reconciled may do once it runs: the system calls of its sandbox.
 */
#ifndef FILTER_H
#define FILTER_H

#include "common/sandbox.h"

extern const struct sandbox_rule reconciled_rules[];
extern const size_t reconciled_nrules;
extern const struct sandbox_rule mounter_rules[];
extern const size_t mounter_nrules;

#endif
