/*
 * Reads texts from standard input, each behind its length in a line of its
 * own, and prints what watcherd's YAML reader makes of each when it reads
 * leniently: JSON, or "error: ...".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "watcherd/canonical.h"
#include "watcherd/yaml.h"

#define ARENA (32 << 20)
#define TEXT_MAX (4 << 20)

static void
answer(const char *text, size_t len)
{
	struct problems problems;
	struct documents docs;
	struct arena arena;
	const char *json;
	size_t n;

	arena_init(&arena, ARENA);
	problems_init(&problems, &arena, MANIFEST_LENIENT);
	yaml_read(text, len, &arena, &problems, &docs);
	if (docs.n == 0 || problems.errors > 0) {
		problems_finish(&problems);
		(void)printf("error: %s\n",
		    problems.n > 0 ? problems.item[0]->message : "none");
	} else {
		json = canonical_json(&arena, docs.root[0], &n);
		if (json == NULL)
			fatalx("the arena is too small");
		(void)printf("%s\n", json);
	}
	arena_release(&arena);
}

int
main(void)
{
	char line[32], *text;
	size_t len;

	log_init("yamldiff");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		len = strtoul(line, NULL, 10);
		if (len > TEXT_MAX || (text = malloc(len + 1)) == NULL)
			fatalx("too long");
		if (fread(text, 1, len, stdin) != len)
			fatalx("cut off");
		answer(text, len);
		free(text);
	}
	return (0);
}
