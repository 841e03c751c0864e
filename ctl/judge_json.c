/*
 * What watcherd says about a manifest, for programs.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "ctl/command.h"

/* A copy of files[0].digest; NULL. */
static char *
digest_of(FILE *from)
{
	json_error_t error;
	json_t *all = json_loadf(from, 0, &error);
	const char *digest = NULL;
	char *copy;

	/* Takes what it finds; NULL finds nothing. */
	(void)json_unpack(all, "{s:[{s:s}]}", "files", "digest", &digest);
	copy = digest == NULL ? NULL : xstrdup(digest);
	json_decref(all);
	return (copy);
}

char *
judge_digest(const struct options *o, struct judge *j, int input)
{
	char *digest;
	FILE *answer = tmpfile();

	if (answer == NULL) {
		(void)fprintf(stderr, "tripodctl: no temporary file\n");
		return (NULL);
	}
	j->output = fileno(answer);
	(void)judge_child(o, j, input); /* the answer tells */
	rewind(answer);
	digest = digest_of(answer);
	(void)fclose(answer); /* only read */
	if (digest == NULL)
		(void)fprintf(stderr,
		    "tripodctl: watcherd does not tell the "
		    "digest of the manifest\n");
	return (digest);
}
