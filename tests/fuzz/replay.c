/*
 * Feeds a corpus to a fuzz target without libFuzzer: what once broke must
 * not break again.  Linked as replay_NAME; reads tests/corpus/NAME below
 * the current folder, or the files given.  One TAP line per file.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>

#include "tests/fuzz/fuzz.h"

#define FILE_MAX (16 * 1024 * 1024)

static int
replay(const char *path)
{
	uint8_t *data = malloc(FILE_MAX);
	FILE *f = fopen(path, "re");
	size_t len;

	if (data == NULL || f == NULL) {
		(void)printf("not ok - %s: %s\n", path, strerror(errno));
		free(data);
		return (-1);
	}
	len = fread(data, 1, FILE_MAX, f);
	(void)fclose(f); /* was only read */
	/* A copy of the exact size lets sanitizers see the end. */
	data = realloc(data, len > 0 ? len : 1);
	(void)LLVMFuzzerTestOneInput(data, len); /* always 0 */
	free(data);
	(void)printf("ok - %s\n", path);
	return (0);
}

static int
replay_folder(const char *dir)
{
	struct dirent **entries;
	char path[4096];
	int i, n, files = 0, failed = 0;

	if ((n = scandir(dir, &entries, NULL, alphasort)) == -1)
		n = 0;
	for (i = 0; i < n; i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			files++;
			failed |= replay(path);
		}
		free(entries[i]);
	}
	if (n > 0)
		free(entries);
	if (files == 0)
		(void)printf("not ok - %s: no corpus\n", dir);
	return (failed != 0 || files == 0);
}

int
main(int argc, char *argv[])
{
	const char *name = strstr(argv[0], "replay_");
	char dir[256];
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	if (argc > 1)
		return (failed != 0);
	(void)snprintf(dir, sizeof(dir), "tests/corpus/%s",
	    name != NULL ? name + strlen("replay_") : "");
	return (replay_folder(dir));
}
