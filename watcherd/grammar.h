/*
 * The grammars of the schema: does a text follow one, and how is it put
 * into words.  Pure.
 */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include "watcherd/schema.h"

/* True if the text follows the grammar; lengths are in bytes. */
int grammar_matches(enum grammar, const char *);
/* "a DNS label (...)", to stand behind "must be". */
const char *grammar_str(enum grammar);
/* True if a word is among those with blanks between. */
int choices_match(const char *choices, const char *);

#endif
