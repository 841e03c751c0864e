/*
 * References to images: "[HOST[:PORT]/]PATH[:TAG][@DIGEST]", as container
 * runtimes read them.  Pure.
 */
#ifndef IMAGEREF_H
#define IMAGEREF_H

/* Whether it is one, so that asking the runtime makes sense. */
int imageref_is_valid(const char *);

#endif
