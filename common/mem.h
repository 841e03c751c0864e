/*
 * Memory: allocation that cannot fail, and arenas with a hard limit.
 *
 * Ordinary allocation failure ends the process (state is rebuilt from
 * files and the runtime).  What a peer's bytes ask for is different: it
 * comes out of an arena whose limit is fixed beforehand, and NULL is an
 * answer the caller must handle.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

/* As malloc(3) and friends; fatal on failure or overflow. */
void *xmalloc(size_t);
void *xcalloc(size_t, size_t);
void *xreallocarray(void *, size_t, size_t);
char *xstrdup(const char *);
char *xstrndup(const char *, size_t);
int xasprintf(char **, const char *, ...) __attribute__((format(printf, 2, 3)));

struct arena_block;

/*
 * A bump allocator: many small objects, released at once.  The limit
 * counts every byte handed out, alignment included.
 */
struct arena {
	struct arena_block *blocks;
	size_t used;		      /* bytes handed out */
	size_t limit;		      /* bytes that may be */
	ProtobufCAllocator allocator; /* for protobuf_c_*_unpack */
};

/*
 * Prepares an empty arena; allocates nothing.  An arena must not move
 * after this: its allocator points at it.
 */
void arena_init(struct arena *, size_t limit);
/* Frees everything that came out of the arena; it may be used again. */
void arena_release(struct arena *);
/* Makes an arena on the heap; arena_free takes NULL. */
struct arena *arena_new(size_t limit);
void arena_free(struct arena *);

/* Zeroed memory aligned for any type; NULL beyond the limit. */
void *arena_alloc(struct arena *, size_t);
/* The same for an array; NULL also on overflow. */
void *arena_array(struct arena *, size_t count, size_t size);
/* Copies; the result is NUL-terminated.  NULL beyond the limit. */
char *arena_strdup(struct arena *, const char *);
char *arena_memdup(struct arena *, const void *, size_t);
char *arena_printf(struct arena *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

#endif
