/*
 * Reading a lent file: bounded, and only while nobody writes to it.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"

/* What tells that a file is still the one that was read. */
struct fingerprint {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t mtime_ns, ctime_ns;
};

int fingerprint_equal(const struct fingerprint *, const struct fingerprint *);

/* -1 and err: no regular file, or fstat(2) failed. */
int load_fingerprint(int fd, struct fingerprint *, struct err *);

enum load_result {
	LOAD_DONE,
	LOAD_CHANGED, /* it was written to meanwhile: try again later */
	LOAD_FAILED   /* err says why */
};

/*
 * Reads a whole file of at most limit bytes, from its start, into memory
 * that the caller frees.  The fingerprint is the one taken before, and
 * must still hold afterwards.
 */
enum load_result load_read(int fd, const struct fingerprint *, size_t limit,
    void **bytes, size_t *len, struct err *);

#endif
