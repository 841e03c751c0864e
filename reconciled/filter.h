/*
 * What reconciled and its helpers may do once they run: the system calls of
 * their sandboxes.  Those of all helpers are in helper.h.
 */
#ifndef FILTER_H
#define FILTER_H

#include "common/sandbox.h"

extern const struct sandbox_rule reconciled_rules[];
extern const size_t reconciled_nrules;
extern const struct sandbox_rule mounter_rules[];
extern const size_t mounter_nrules;
extern const struct sandbox_rule finder_rules[];
extern const size_t finder_nrules;
extern const struct sandbox_rule lender_rules[];
extern const size_t lender_nrules;

#endif
