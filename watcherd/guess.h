/*
 * What was most likely meant by a word that is not known.  Pure.
 */
#ifndef GUESS_H
#define GUESS_H

#include <stddef.h>

#define GUESS_MAX 40 /* bytes; longer words are not guessed at */

/*
 * Letters to insert, delete, replace or swap with a neighbour to make
 * one word of the other.  GUESS_MAX if a word is too long.
 */
size_t guess_distance(const char *, const char *);
/* The first distance that is too far to be a slip of the word. */
size_t guess_limit(const char *word);
/*
 * The word among those with blanks between that is the same but for its
 * case, or nearest.  Returns buf, or NULL if none is near.
 */
const char *guess_word(
    const char *words, const char *word, char buf[static GUESS_MAX + 1]);

#endif
