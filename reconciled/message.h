/*
 * Building protobuf messages in an arena.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <string.h>

#include "common/log.h"
#include "common/mem.h"

/*
 * Memory that bounded input cannot exhaust: running out is a broken
 * invariant, so no caller has to check.
 */
static inline void *
must_alloc(struct arena *a, size_t n, size_t size)
{
	void *p = arena_array(a, n == 0 ? 1 : n, size);

	log_assert(p != NULL);
	return (p);
}

static inline char *
must_strdup(struct arena *a, const char *s)
{
	char *p = arena_strdup(a, s);

	log_assert(p != NULL);
	return (p);
}

/* As arena_printf(), for text of bounded parts. */
#define must_printf(a, ...) must_text(arena_printf((a), __VA_ARGS__))

static inline char *
must_text(char *s)
{
	log_assert(s != NULL);
	return (s);
}

/* A message with its defaults; cast to the generated type. */
static inline void *
message_new(struct arena *a, const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *m = must_alloc(a, 1, d->sizeof_message);

	protobuf_c_message_init(d, m);
	return (m);
}

#endif
