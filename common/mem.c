#include "common/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

#define ARENA_ALIGN alignof(max_align_t)
#define ARENA_BLOCK_MIN 1024	    /* data of the first block */
#define ARENA_BLOCK_MAX (64 * 1024) /* where doubling ends */

struct arena_block {
	struct arena_block *next; /* older blocks */
	size_t size, used;	  /* bytes of data */
	max_align_t data[];
};

void *
xmalloc(size_t size)
{
	void *p;

	if ((p = malloc(size == 0 ? 1 : size)) == NULL)
		fatal("malloc %zu bytes", size);
	return (p);
}

/* Not left to libc: sanitizers abort there instead of failing. */
static void
check_product(size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		fatalx("%zu * %zu bytes are too many", n, size);
}

void *
xcalloc(size_t n, size_t size)
{
	void *p;

	check_product(n, size);
	if (n == 0 || size == 0)
		n = size = 1;
	if ((p = calloc(n, size)) == NULL)
		fatal("calloc %zu * %zu bytes", n, size);
	return (p);
}

void *
xreallocarray(void *old, size_t n, size_t size)
{
	void *p;

	check_product(n, size);
	if (n == 0 || size == 0)
		n = size = 1;
	if ((p = reallocarray(old, n, size)) == NULL)
		fatal("reallocarray %zu * %zu bytes", n, size);
	return (p);
}

char *
xstrdup(const char *s)
{
	char *p;

	if ((p = strdup(s)) == NULL)
		fatal("strdup");
	return (p);
}

char *
xstrndup(const char *s, size_t n)
{
	char *p;

	if ((p = strndup(s, n)) == NULL)
		fatal("strndup");
	return (p);
}

int
xasprintf(char **ret, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(ret, fmt, ap);
	va_end(ap);
	if (n == -1)
		fatal("vasprintf");
	return (n);
}

static void *
on_protobuf_alloc(void *ctx, size_t size)
{
	return (arena_alloc(ctx, size));
}

/* protobuf-c frees one by one; an arena only as a whole. */
static void
on_protobuf_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

void
arena_init(struct arena *a, size_t limit)
{
	a->blocks = NULL;
	a->used = 0;
	a->limit = limit;
	a->allocator.alloc = on_protobuf_alloc;
	a->allocator.free = on_protobuf_free;
	a->allocator.allocator_data = a;
}

void
arena_release(struct arena *a)
{
	struct arena_block *b;

	while ((b = a->blocks) != NULL) {
		a->blocks = b->next;
		free(b);
	}
	a->used = 0;
}

struct arena *
arena_new(size_t limit)
{
	struct arena *a = xmalloc(sizeof(*a));

	arena_init(a, limit);
	return (a);
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_release(a);
	free(a);
}

/*
 * A new block with room for size bytes.  Blocks double, so that small
 * messages stay small and large ones need few; none is made larger than
 * what the limit still allows.
 */
static struct arena_block *
arena_grow(struct arena *a, size_t size)
{
	struct arena_block *b;
	size_t want = ARENA_BLOCK_MIN;

	if (a->blocks != NULL && a->blocks->size >= ARENA_BLOCK_MAX / 2)
		want = ARENA_BLOCK_MAX;
	else if (a->blocks != NULL)
		want = a->blocks->size * 2;
	if (want > a->limit - a->used)
		want = a->limit - a->used;
	if (want < size)
		want = size;
	if (want > SIZE_MAX - sizeof(*b))
		return (NULL);
	if ((b = calloc(1, sizeof(*b) + want)) == NULL)
		return (NULL);
	b->size = want;
	b->next = a->blocks;
	a->blocks = b;
	return (b);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	void *p;

	/* No object is free of charge, or their number had no limit. */
	if (size == 0)
		size = 1;
	if (size > SIZE_MAX - (ARENA_ALIGN - 1))
		return (NULL);
	size = (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (size > a->limit - a->used)
		return (NULL);
	if (b == NULL || size > b->size - b->used) {
		if ((b = arena_grow(a, size)) == NULL)
			return (NULL);
	}
	p = (char *)b->data + b->used;
	b->used += size;
	a->used += size;
	return (p);
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return (NULL);
	return (arena_alloc(a, total));
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return (arena_memdup(a, s, strlen(s)));
}

char *
arena_memdup(struct arena *a, const void *data, size_t len)
{
	char *p;

	if (len == SIZE_MAX || (p = arena_alloc(a, len + 1)) == NULL)
		return (NULL);
	if (len > 0)
		memcpy(p, data, len);
	p[len] = '\0';
	return (p);
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (p = arena_alloc(a, (size_t)n + 1)) == NULL)
		return (NULL);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (p);
}
