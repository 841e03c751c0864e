/*
 * What values of messages are called in the API, for all who tell of them.
 * Pure.
 */
#ifndef WORDS_H
#define WORDS_H

#include "tripod.pb-c.h"

/* "Running" and the like; "Unknown" for a value that is none. */
const char *phase_str(Tripod__Phase);

#endif
