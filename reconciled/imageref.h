/*
 * References to images: "[HOST[:PORT]/]PATH[:TAG][@DIGEST]", as container
 * runtimes read them.  Pure.
 */
#ifndef IMAGEREF_H
#define IMAGEREF_H

#include <stddef.h>

/* Whether it is one, so that asking the runtime makes sense. */
int imageref_is_valid(const char *);
/* Whether the part of that length before its first '/' is a HOST. */
int imageref_is_host(const char *, size_t);

#endif
