/*
 * The manifests whose verdict by a kubelet is known: lenient mode must
 * give the same.  Strict mode may refuse more, for reasons of its own.
 *
 * They are not part of this tree; without them this is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/canonical.h"
#include "watcherd/manifest.h"

#define FOLDER "../shared/spec/manifest-cases"
#define EXPECT FOLDER "/expect.tsv"
#define FILE_MAX (1 << 20)

/* Strict mode reads more of these: further documents, lists. */
static const char *const longer[] = {
	"doc-list-kind.yaml",
	"doc-second-broken.yaml",
	"doc-second-pod-ignored.yaml",
};

/* What strict mode alone objects to: the start of a message. */
static const char *const objections[] = {
	"unknown field",
	"duplicate key",
	"contains a NUL character",
	"not supported",
	"volumes on other machines are not mounted",
	"kubelets have it switched off",
	"false is not supported",
	"must be \"Pod\", got nothing",
	"the escape before this",
	"must be 1 to 128 of",
	"must be empty or Memory",
};

struct verdict {
	int valid;
	char reason[512]; /* of the first error */
};

static void
judge(const char *file, enum manifest_mode mode, struct verdict *verdict)
{
	char path[512], *bytes = malloc(FILE_MAX);
	struct manifest_source src = { file, "node1", bytes, 0, mode };
	Tripod__Manifest *m;
	struct arena arena;
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/%s", FOLDER, file);
	assert_non_null(bytes);
	if ((fp = fopen(path, "re")) == NULL)
		fail_msg("no %s", path);
	src.len = fread(bytes, 1, FILE_MAX, fp);
	assert_int_equal(fclose(fp), 0);
	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	assert_non_null(m);
	verdict->valid = m->state == TRIPOD__MANIFEST__STATE__VALID;
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "%s",
	    verdict->valid ? "" : m->problem[0]->message);
	arena_release(&arena);
	free(bytes);
}

static int
is_among(const char *text, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (list[i] != NULL &&
		    strncmp(text, list[i], strlen(list[i])) == 0)
			return (1);
	}
	return (0);
}

#define IS_AMONG(text, list) \
	is_among(text, list, sizeof(list) / sizeof(list[0]))

/* Returns how many verdicts are wrong. */
static int
check_file(const char *file, int accept, const char *why)
{
	struct verdict lenient, strict;

	judge(file, MANIFEST_LENIENT, &lenient);
	judge(file, MANIFEST_STRICT, &strict);
	if (lenient.valid != accept) {
		print_error("%s (%s): %s\n", file, why,
		    lenient.valid ? "is valid" : lenient.reason);
		return (1);
	}
	if (IS_AMONG(file, longer))
		return (0);
	if (lenient.valid && !strict.valid &&
	    !IS_AMONG(strict.reason, objections)) {
		print_error("%s (%s), strict: %s\n", file, why, strict.reason);
		return (1);
	}
	if (!lenient.valid && strict.valid) {
		print_error("%s (%s): valid only if strict\n", file, why);
		return (1);
	}
	return (0);
}

static void
test_verdicts(void **state)
{
	FILE *fp = fopen(EXPECT, "re");
	char line[512], *file, *verdict, *why;
	int wrong = 0, n = 0;

	(void)state;
	if (fp == NULL) {
		print_message("cannot run on this machine: no %s\n", EXPECT);
		skip();
	}
	while (fgets(line, sizeof(line), fp) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		file = line;
		verdict = file + strcspn(file, "\t");
		*verdict++ = '\0';
		why = verdict + strcspn(verdict, "\t");
		*why++ = '\0';
		wrong += check_file(file, strcmp(verdict, "accept") == 0, why);
		n++;
	}
	assert_int_equal(fclose(fp), 0);
	assert_true(n > 0);
	if (wrong > 0)
		fail_msg("%d of %d verdicts are wrong", wrong, n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
