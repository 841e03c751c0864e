/*
 * What people do to a manifest by mistake, to each line of the four that
 * kubeadm writes: the fault must be told in the line where it was made,
 * or the manifest must mean the same as before, or the line must be one
 * where anything may stand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/canonical.h"
#include "watcherd/manifest.h"

#define FOLDER "tests/fixtures/kubeadm/"
#define TEXT_MAX 65536
#define LINES_MAX 400
#define WIDTH_MAX 256

struct lines {
	char line[LINES_MAX][WIDTH_MAX];
	size_t n;
};

static void
lines_read(struct lines *l, const char *file)
{
	char path[128];
	FILE *fp;

	(void)snprintf(path, sizeof(path), FOLDER "%s", file);
	if ((fp = fopen(path, "re")) == NULL)
		fail_msg("no %s", path);
	for (l->n = 0; l->n < LINES_MAX - 1 &&
	     fgets(l->line[l->n], WIDTH_MAX, fp) != NULL;
	     l->n++)
		l->line[l->n][strcspn(l->line[l->n], "\n")] = '\0';
	assert_true(feof(fp));
	assert_int_equal(fclose(fp), 0);
}

static size_t
indent_of(const char *line)
{
	return (strspn(line, " "));
}

/* Where the key of a line begins, behind "- "; NULL: it has none. */
static char *
key_of(char *line)
{
	char *key = line + indent_of(line), *colon;

	if (strncmp(key, "- ", 2) == 0)
		key += 2;
	colon = strchr(key, ':');
	if (colon == NULL || (colon[1] != ' ' && colon[1] != '\0') ||
	    *key == '-')
		return (NULL);
	return (key);
}

/* The value of a line; NULL: it has none of its own. */
static char *
value_of(char *line)
{
	char *key = key_of(line), *colon;

	if (key == NULL)
		return (NULL);
	colon = strchr(key, ':');
	return (colon[1] == '\0' ? NULL : colon + 2);
}

/*
 * A mistake: changes line i, if it can be made there, and returns 1.  The
 * fault may then be told in lines i to i + *span.
 */
typedef int mistake_fn(struct lines *, size_t i, size_t *span);

static void
shift(char *line, size_t at, int by)
{
	size_t len = strlen(line);

	assert_true(len + 8 < WIDTH_MAX);
	if (by > 0) {
		memmove(line + at + by, line + at, len - at + 1);
		memset(line + at, ' ', (size_t)by);
	} else
		memmove(line + at, line + at - by, len - at + by + 1);
}

static int
mistake_key_short(struct lines *l, size_t i, size_t *span)
{
	char *key = key_of(l->line[i]);

	(void)span;
	if (key == NULL || strcspn(key, ":") < 2)
		return (0);
	shift(key, strcspn(key, ":") - 1, -1);
	return (1);
}

static int
mistake_key_twice(struct lines *l, size_t i, size_t *span)
{
	char *key = key_of(l->line[i]);

	(void)span;
	if (key == NULL)
		return (0);
	shift(key, 1, 1);
	key[1] = key[0];
	return (1);
}

static int
mistake_key_swapped(struct lines *l, size_t i, size_t *span)
{
	char *key = key_of(l->line[i]), c;

	(void)span;
	if (key == NULL || strcspn(key, ":") < 3 || key[1] == key[2])
		return (0);
	c = key[1];
	key[1] = key[2];
	key[2] = c;
	return (1);
}

static int
mistake_key_case(struct lines *l, size_t i, size_t *span)
{
	char *key = key_of(l->line[i]);

	(void)span;
	if (key == NULL)
		return (0);
	*key = (char)toupper((unsigned char)*key);
	return (1);
}

static int
mistake_indent(struct lines *l, size_t i, int by)
{
	if ((int)indent_of(l->line[i]) + by < 0)
		return (0);
	shift(l->line[i], 0, by);
	return (1);
}

/* What becomes of the line may show only in the next. */
static int
mistake_in_one(struct lines *l, size_t i, size_t *span)
{
	*span = 1;
	return (mistake_indent(l, i, 1));
}

static int
mistake_in_two(struct lines *l, size_t i, size_t *span)
{
	*span = 1;
	return (mistake_indent(l, i, 2));
}

static int
mistake_out_one(struct lines *l, size_t i, size_t *span)
{
	*span = 1;
	return (mistake_indent(l, i, -1));
}

static int
mistake_out_two(struct lines *l, size_t i, size_t *span)
{
	*span = 1;
	return (mistake_indent(l, i, -2));
}

static int
mistake_tab(struct lines *l, size_t i, size_t *span)
{
	(void)span;
	if (indent_of(l->line[i]) < 2)
		return (0);
	shift(l->line[i], 0, -1);
	l->line[i][0] = '\t';
	return (1);
}

static int
mistake_no_blank(struct lines *l, size_t i, size_t *span)
{
	char *value = value_of(l->line[i]);

	*span = 1;
	if (value == NULL)
		return (0);
	shift(value, 0, 0);
	memmove(value - 1, value, strlen(value) + 1);
	return (1);
}

static int
mistake_no_colon(struct lines *l, size_t i, size_t *span)
{
	char *key = key_of(l->line[i]);

	*span = 1;
	if (key == NULL)
		return (0);
	shift(key, strcspn(key, ":"), -1);
	return (1);
}

static int
mistake_twice(struct lines *l, size_t i, size_t *span)
{
	*span = 1;
	memmove(l->line[i + 1], l->line[i], (l->n - i) * sizeof(l->line[0]));
	l->n++;
	return (1);
}

/* A string for a number or a switch, and the other way round. */
static int
mistake_type(struct lines *l, size_t i, size_t *span)
{
	char *value = value_of(l->line[i]), copy[WIDTH_MAX];
	size_t left;

	(void)span;
	if (value == NULL || *value == '{' || strcmp(value, "null") == 0)
		return (0);
	left = (size_t)(l->line[i] + WIDTH_MAX - value);
	(void)snprintf(copy, sizeof(copy), "%s", value);
	if (value[strspn(value, "0123456789")] == '\0' ||
	    strcmp(value, "true") == 0)
		(void)snprintf(value, left, "\"%.*s\"", WIDTH_MAX - 80, copy);
	else
		(void)snprintf(value, left, "[1]");
	return (1);
}

static int
mistake_empty(struct lines *l, size_t i, size_t *span)
{
	char *value = value_of(l->line[i]);

	(void)span;
	if (value == NULL)
		return (0);
	(void)snprintf(value, 4, "'x ");
	return (1);
}

static int
mistake_swapped(struct lines *l, size_t i, size_t *span)
{
	char copy[WIDTH_MAX];
	const char *next = l->line[i + 1];

	*span = 2;
	if (i + 1 == l->n)
		return (0);
	/* The last field of an item becomes one of the next: as good. */
	if (indent_of(next) + 2 == indent_of(l->line[i]) &&
	    strncmp(next + indent_of(next), "- ", 2) == 0)
		return (0);
	memcpy(copy, l->line[i], sizeof(copy));
	memcpy(l->line[i], l->line[i + 1], sizeof(copy));
	memcpy(l->line[i + 1], copy, sizeof(copy));
	return (1);
}

static const struct {
	const char *name;
	mistake_fn *make;
} mistakes[] = {
	{ "two lines swapped", mistake_swapped },
	{ "a letter less in the key", mistake_key_short },
	{ "a letter more in the key", mistake_key_twice },
	{ "two letters of the key swapped", mistake_key_swapped },
	{ "the key in other case", mistake_key_case },
	{ "indented by one more", mistake_in_one },
	{ "indented by two more", mistake_in_two },
	{ "indented by one less", mistake_out_one },
	{ "indented by two less", mistake_out_two },
	{ "indented by a tab", mistake_tab },
	{ "no blank behind the colon", mistake_no_blank },
	{ "no colon", mistake_no_colon },
	{ "the line twice", mistake_twice },
	{ "another type", mistake_type },
	{ "a quote that is not closed", mistake_empty },
};

/* What is said about a manifest. */
struct said {
	int valid;
	char uid[64];
	char text[8192];
	unsigned int line[64];
	size_t n;
};

static void
judge(const struct lines *l, struct said *said)
{
	static char text[TEXT_MAX];
	struct manifest_source src = { "a.yaml", "node1", text, 0,
		MANIFEST_STRICT };
	Tripod__Manifest *m;
	struct arena arena;
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		src.len += (size_t)snprintf(
		    text + src.len, sizeof(text) - src.len, "%s\n", l->line[i]);
	memset(said, 0, sizeof(*said));
	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	assert_non_null(m);
	said->valid = m->state == TRIPOD__MANIFEST__STATE__VALID;
	if (said->valid)
		(void)snprintf(said->uid, sizeof(said->uid), "%s",
		    m->definition[0]->pod->uid);
	for (i = 0; i < m->n_problem; i++) {
		if (m->problem[i]->severity)
			continue;
		n += (size_t)snprintf(said->text + n, sizeof(said->text) - n,
		    "  %u:%u: %s: %s\n", m->problem[i]->line,
		    m->problem[i]->column, m->problem[i]->field,
		    m->problem[i]->message);
		assert_true(n < sizeof(said->text));
		said->line[said->n++] = m->problem[i]->line;
	}
	arena_release(&arena);
}

/* Free text: arguments, labels and annotations. */
static int
is_free(const struct lines *l, size_t i)
{
	size_t j, indent = indent_of(l->line[i]);

	if (strncmp(l->line[i] + indent, "- ", 2) == 0 &&
	    key_of((char *)(uintptr_t)l->line[i]) == NULL)
		return (1);
	for (j = i; j > 0; j--) {
		if (indent_of(l->line[j]) < indent)
			return (strstr(l->line[j], "labels:") != NULL ||
			    strstr(l->line[j], "annotations:") != NULL);
	}
	return (0);
}

/* At the line, or by its number. */
static int
is_told(const struct said *said, size_t line)
{
	char one[48], first[48], second[48];
	const char *p;
	size_t j;

	for (j = 0; j < said->n; j++) {
		if (said->line[j] == line)
			return (1);
	}
	(void)snprintf(one, sizeof(one), "line %zu", line);
	for (p = said->text; (p = strstr(p, one)) != NULL; p++) {
		if (!isdigit((unsigned char)p[strlen(one)]))
			return (1);
	}
	(void)snprintf(first, sizeof(first), "lines %zu and", line);
	(void)snprintf(second, sizeof(second), "and %zu as well", line);
	return (strstr(said->text, first) != NULL ||
	    strstr(said->text, second) != NULL);
}

/* Is a mistake in line i handled well? */
static int
is_well(const struct lines *good, const struct lines *bad, size_t i,
    const struct said *before, const struct said *after, size_t span)
{
	size_t line;

	if (after->valid)
		return (is_free(good, i) || is_free(bad, i) ||
		    strcmp(before->uid, after->uid) == 0);
	for (line = i + 1; line <= i + 1 + span; line++) {
		if (is_told(after, line))
			return (1);
	}
	return (0);
}

/* Makes each mistake in each line; returns how many are told badly. */
static size_t
try_file(const char *file)
{
	static struct lines good, bad;
	static struct said before, after;
	size_t i, m, span, n = 0, tried = 0;

	lines_read(&good, file);
	judge(&good, &before);
	if (!before.valid)
		fail_msg("%s is not valid:\n%s", file, before.text);
	for (m = 0; m < sizeof(mistakes) / sizeof(mistakes[0]); m++) {
		for (i = 0; i < good.n; i++) {
			memcpy(&bad, &good, sizeof(bad));
			span = 0;
			if (!mistakes[m].make(&bad, i, &span))
				continue;
			tried++;
			judge(&bad, &after);
			if (is_well(&good, &bad, i, &before, &after, span))
				continue;
			print_error("%s:%zu: %s:\n  |%s\n%s", file, i + 1,
			    mistakes[m].name, bad.line[i],
			    after.valid ? "  is valid\n" : after.text);
			n++;
		}
	}
	assert_true(tried > 500);
	return (n);
}

static void
test_mistakes(void **state)
{
	static const char *const files[] = { "etcd.yaml", "kube-apiserver.yaml",
		"kube-controller-manager.yaml", "kube-scheduler.yaml" };
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		n += try_file(files[i]);
	if (n > 0)
		fail_msg("%zu mistakes are not told where they are", n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mistakes),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
