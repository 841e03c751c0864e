/*
 * decode COUNT FILE: reads a manifest so many times, from its bytes to a
 * decided pod and its mirror, and prints what that takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/log.h"
#include "watcherd/canonical.h"
#include "watcherd/manifest.h"

static double
now_s(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == -1)
		fatal("clock_gettime");
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
decode(const struct manifest_source *src)
{
	struct arena arena;
	Tripod__Manifest *m;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(src, &arena);
	if (m == NULL || m->state != TRIPOD__MANIFEST__STATE__VALID)
		fatalx("%s", m != NULL ? m->problem[0]->message : "no memory");
	arena_release(&arena);
}

int
main(int argc, char *argv[])
{
	static char bytes[MANIFEST_SIZE_DEFAULT];
	struct manifest_source src = { "a.yaml", "node1", bytes, 0,
		MANIFEST_STRICT };
	double took;
	long i, n;
	FILE *fp;

	log_init("decode");
	if (argc != 3)
		fatalx("usage: decode COUNT FILE");
	if ((fp = fopen(argv[2], "re")) == NULL)
		fatal("%s", argv[2]);
	src.len = fread(bytes, 1, sizeof(bytes), fp);
	(void)fclose(fp); /* was only read */
	n = strtol(argv[1], NULL, 10);
	digest_init();
	took = now_s();
	for (i = 0; i < n; i++)
		decode(&src);
	took = now_s() - took;
	(void)printf("decode manifests=%ld bytes=%zu us_each=%.1f MB/s=%.1f\n",
	    n, src.len, took * 1e6 / (double)n,
	    (double)src.len * (double)n / took / 1e6);
	return (0);
}
