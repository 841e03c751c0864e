/*
 * Where a handler's request goes: its URL, and the address to connect to.
 * Pure.
 */
#ifndef PROBER_TARGET_H
#define PROBER_TARGET_H

#include "common/err.h"
#include "common/mem.h"
#include "tripod.pb-c.h"

struct target {
	char *url; /* "http://10.88.0.2:80/healthz?full=1" */
	/*
	 * Without brackets.  It holds for redirects, too: they are
	 * followed only while the host stays the same.
	 */
	char *address;
};

/*
 * Strings live in the arena.  -1 and err: the handler names no address
 * (names of hosts are not looked up, but for "localhost"), or it is not
 * one that goes over the network.
 */
int target_make(struct arena *, const Tripod__ProbeRequest *, struct target *,
    struct err *);

#endif
