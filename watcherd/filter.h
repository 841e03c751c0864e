/*
 * What watcherd may do once it runs: the system calls of its sandbox, on
 * top of those that every process has.  No open, no socket, no exec, no
 * fork.
 */
#ifndef FILTER_H
#define FILTER_H

#include "common/sandbox.h"

extern const struct sandbox_rule watcherd_rules[];
extern const size_t watcherd_nrules;

#endif
