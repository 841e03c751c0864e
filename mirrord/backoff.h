/*
 * How long to wait after a failure.  Pure; randomness is an input.
 */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t first_ms; /* after the first failure, then doubled */
	int64_t cap_ms;
	int spread_percent; /* 20: the wait is 80 % to 120 % */
};

/*
 * The wait after the nth failure (from 1).  rnd is any random number;
 * the result is never shorter than floor_ms (what a server asked for).
 */
int64_t backoff_ms(
    const struct backoff *, unsigned int n, int64_t floor_ms, uint32_t rnd);

#endif
