#include "watcherd/guess.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Optimal string alignment. */
size_t
guess_distance(const char *a, const char *b)
{
	size_t row[3][GUESS_MAX + 1], *older, *old, *new, *spare;
	size_t i, j, best, la = strlen(a), lb = strlen(b);

	if (la > GUESS_MAX || lb > GUESS_MAX)
		return (GUESS_MAX);
	older = row[0];
	old = row[1];
	new = row[2];
	for (j = 0; j <= lb; j++)
		older[j] = old[j] = j;
	for (i = 1; i <= la; i++) {
		new[0] = i;
		for (j = 1; j <= lb; j++) {
			best = old[j - 1] + (a[i - 1] != b[j - 1]);
			if (old[j] + 1 < best)
				best = old[j] + 1;
			if (new[j - 1] + 1 < best)
				best = new[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && older[j - 2] + 1 < best)
				best = older[j - 2] + 1;
			new[j] = best;
		}
		spare = older;
		older = old;
		old = new;
		new = spare;
	}
	return (old[lb]);
}

size_t
guess_limit(const char *word)
{
	/* A short word has many neighbours. */
	return (strlen(word) > 5 ? 3 : 2);
}

const char *
guess_word(const char *words, const char *word, char buf[static GUESS_MAX + 1])
{
	char one[GUESS_MAX + 1];
	size_t n, distance, best = guess_limit(word);
	const char *guess = NULL;

	for (;; words += n + 1) {
		n = strcspn(words, " ");
		(void)snprintf(one, sizeof(one), "%.*s", (int)n, words);
		distance = strcasecmp(one, word) == 0
		    ? 0
		    : guess_distance(one, word);
		if (distance < best) {
			best = distance;
			(void)snprintf(buf, GUESS_MAX + 1, "%s", one);
			guess = buf;
		}
		if (words[n] == '\0')
			return (guess);
	}
}
