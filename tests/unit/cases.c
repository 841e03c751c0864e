#include "tests/unit/cases.h"

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/manifest.h"

#define NOT_YET "not supported yet"
#define WARNING "warning: "

static const struct base {
	const char *name;
	const char *before;
	unsigned int indent;
	const char *after[4]; /* without the indent of the first */
} bases[] = {
	{ "file", "", 0, { NULL } },
	{ "pod", "apiVersion: v1\nkind: Pod\n", 0, { NULL } },
	{ "meta", "apiVersion: v1\nkind: Pod\nmetadata:\n", 2,
	    { "\rspec: {containers: [{name: c, image: x}]}", NULL } },
	{ "spec", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n", 2,
	    { "containers: [{name: c, image: x}]", NULL } },
	{ "container",
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
	    "  volumes: [{name: v}]\n  containers:\n  -\n",
	    4, { "name: c", "image: x", NULL } },
	{ "init",
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
	    "  volumes: [{name: v}]\n"
	    "  containers: [{name: c, image: x}]\n  initContainers:\n  -\n",
	    4, { "name: i", "image: x", NULL } },
	{ "volume",
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n"
	    "  containers: [{name: c, image: x}]\n  volumes:\n  -\n",
	    4, { "name: v", NULL } },
};

static const struct base *
base_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		if (strcmp(bases[i].name, name) == 0)
			return (&bases[i]);
	}
	return (NULL);
}

/* Text that grows, made with open_memstream(3). */
struct text {
	FILE *fp;
	char *buf;
	size_t len;
};

static void
text_open(struct text *t)
{
	if ((t->fp = open_memstream(&t->buf, &t->len)) == NULL)
		err(1, "open_memstream");
}

static char *
text_close(struct text *t)
{
	if (fclose(t->fp) != 0)
		err(1, "open_memstream");
	return (t->buf);
}

/* The next line, without its end; NULL: no more. */
static char *
next_line(char **rest)
{
	char *line = *rest, *end;

	if (line == NULL || *line == '\0')
		return (NULL);
	if ((end = strchr(line, '\n')) == NULL)
		*rest = NULL;
	else {
		*end = '\0';
		*rest = end + 1;
	}
	return (line);
}

/* Has the text a line that begins like what would be added? */
static int
is_given(const char *text, const char *line)
{
	size_t n = strcspn(line, ":") + 1;

	for (; text != NULL; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, line, n) == 0)
			return (1);
	}
	return (0);
}

void
case_compose(const struct manifest_case *c, struct case_manifest *m)
{
	const struct base *base = base_find(c->base);
	char *copy = strdup(c->text), *rest = copy, *line;
	const char *const *after, *p;
	struct text t;

	text_open(&t);
	(void)fputs(base->before, t.fp);
	m->first = 1;
	for (p = base->before; (p = strchr(p, '\n')) != NULL; p++)
		m->first++;
	m->indent = base->indent;
	for (m->lines = 0; (line = next_line(&rest)) != NULL; m->lines++)
		(void)fprintf(t.fp, "%*s%s\n",
		    *line != '\0' ? (int)m->indent : 0, "", line);
	for (after = base->after; *after != NULL; after++) {
		if (**after == '\r')
			(void)fprintf(t.fp, "%s\n", *after + 1);
		else if (!is_given(c->text, *after))
			(void)fprintf(
			    t.fp, "%*s%s\n", (int)m->indent, "", *after);
	}
	free(copy);
	m->bytes = text_close(&t);
}

static int
expects(
    const struct manifest_case *c, enum manifest_mode mode, const char *what)
{
	return (strstr(case_expected(c, mode), what) != NULL);
}

static void
say_problem(FILE *fp, const struct case_manifest *m, const Tripod__Problem *p)
{
	unsigned int line = 0, column = 0;

	if (p->line >= m->first && p->line < m->first + m->lines &&
	    p->column > m->indent) {
		line = p->line - m->first + 1;
		column = p->column - m->indent;
	}
	(void)fprintf(fp, "%u:%u: %s%s%s%s\n", line, column,
	    p->severity ? WARNING : "", p->field,
	    p->field[0] != '\0' ? ": " : "", p->message);
}

char *
case_said(const struct manifest_case *c, enum manifest_mode mode, int *invalid)
{
	struct manifest_source src = { "a.yaml", "node1", NULL, 0, mode };
	struct case_manifest composed;
	const Tripod__Problem *p;
	Tripod__Manifest *m;
	struct arena arena;
	struct text t;
	size_t i;

	text_open(&t);
	case_compose(c, &composed);
	src.bytes = composed.bytes;
	src.len = strlen(composed.bytes);
	arena_init(&arena, MANIFEST_ARENA_MAX);
	if ((m = manifest_parse(&src, &arena)) == NULL)
		errx(1, "%s: no answer", c->name);
	*invalid = 0;
	for (i = 0; i < m->n_problem; i++) {
		p = m->problem[i];
		if (strstr(p->message, NOT_YET) != NULL &&
		    !expects(c, mode, NOT_YET))
			continue;
		*invalid |= p->severity == TRIPOD__PROBLEM__SEVERITY__ERROR;
		if (p->severity == TRIPOD__PROBLEM__SEVERITY__ERROR ||
		    expects(c, mode, WARNING))
			say_problem(t.fp, &composed, p);
	}
	arena_release(&arena);
	free(composed.bytes);
	return (text_close(&t));
}

const char *
case_expected(const struct manifest_case *c, enum manifest_mode mode)
{
	if (c->expect[mode] != NULL)
		return (c->expect[mode]);
	if (mode == MANIFEST_LENIENT && c->expect[MANIFEST_STRICT] != NULL &&
	    c->invalid[MANIFEST_LENIENT] == c->invalid[MANIFEST_STRICT])
		return (c->expect[MANIFEST_STRICT]);
	return ("");
}

/* "=== BASE VERDICT NAME" */
static void
read_head(struct manifest_case *c, const char *file, const char *line)
{
	char base[32], verdict[32];
	int n = 0;

	if (sscanf(line, "=== %31s %31s %n", base, verdict, &n) != 2 ||
	    line[n] == '\0' || base_find(base) == NULL)
		errx(1, "%s:%u: expected \"=== BASE VERDICT NAME\", got %s",
		    file, c->line, line);
	c->base = strdup(base);
	if (asprintf(&c->name, "%.*s: %s", (int)strcspn(file, "."), file,
		line + n) == -1)
		err(1, "asprintf");
	c->invalid[MANIFEST_STRICT] = strncmp(verdict, "invalid", 7) == 0;
	c->invalid[MANIFEST_LENIENT] = strchr(verdict, '/') != NULL
	    ? strcmp(strchr(verdict, '/'), "/invalid") == 0
	    : c->invalid[MANIFEST_STRICT];
}

enum part {
	PART_COMMENT,
	PART_TEXT,
	PART_STRICT,
	PART_LENIENT
};

struct reader {
	struct cases *cases;
	const char *file;
	enum part part;
	struct text text; /* of the part */
};

/* Keeps the part that was read, and begins another. */
static void
begin_part(struct reader *r, enum part part)
{
	struct manifest_case *c = &r->cases->item[r->cases->n];
	char *text = text_close(&r->text);

	switch (r->part) {
	case PART_COMMENT:
		c->comment = text; /* of the case that follows */
		break;
	case PART_TEXT:
		c[-1].text = text;
		break;
	case PART_STRICT:
		c[-1].expect[MANIFEST_STRICT] = text;
		break;
	case PART_LENIENT:
		c[-1].expect[MANIFEST_LENIENT] = text;
		break;
	}
	r->part = part;
	text_open(&r->text);
}

#define CASES_MAX 4000 /* of all files */

static void
begin_case(struct reader *r, unsigned int number, const char *line)
{
	struct manifest_case *c;

	if (r->part != PART_COMMENT)
		begin_part(r, PART_COMMENT);
	if (r->cases->n + 1 == CASES_MAX)
		errx(1, "more than %d cases", CASES_MAX - 1);
	begin_part(r, PART_TEXT);
	c = &r->cases->item[r->cases->n++];
	c->file = strdup(r->file);
	c->line = number;
	read_head(c, r->file, line);
}

static void
read_line(struct reader *r, unsigned int number, const char *line)
{
	if (strncmp(line, "=== ", 4) == 0)
		begin_case(r, number, line);
	else if (r->part != PART_COMMENT && strcmp(line, "---") == 0)
		begin_part(r, PART_STRICT);
	else if (r->part != PART_COMMENT && strcmp(line, "--- lenient") == 0)
		begin_part(r, PART_LENIENT);
	else if (*line == '\0' && r->part != PART_TEXT) {
		if (r->part != PART_COMMENT)
			begin_part(r, PART_COMMENT);
		(void)fputs("\n", r->text.fp);
	} else
		(void)fprintf(r->text.fp, "%s\n", line);
}

static void
read_file(struct cases *cases, const char *file)
{
	struct reader r = { cases, file, PART_COMMENT, { NULL, NULL, 0 } };
	char path[512], *line = NULL;
	unsigned int number = 0;
	size_t size = 0;
	ssize_t n;
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/%s", CASES_FOLDER, file);
	if ((fp = fopen(path, "re")) == NULL)
		err(1, "%s", path);
	text_open(&r.text);
	while ((n = getline(&line, &size, fp)) != -1) {
		line[strcspn(line, "\n")] = '\0';
		read_line(&r, ++number, line);
	}
	free(line);
	if (r.part != PART_COMMENT)
		begin_part(&r, PART_COMMENT);
	free(text_close(&r.text));
	(void)fclose(fp);
}

static int
is_case_file(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return (dot != NULL && strcmp(dot, ".cases") == 0);
}

void
cases_read(struct cases *cases, const char *file)
{
	struct dirent **names;
	int i, n;

	cases->n = 0;
	if ((cases->item = calloc(CASES_MAX, sizeof(*cases->item))) == NULL)
		err(1, NULL);
	if (file != NULL) {
		read_file(cases, file);
		return;
	}
	if ((n = scandir(CASES_FOLDER, &names, is_case_file, alphasort)) <= 0)
		errx(1, "no cases in %s", CASES_FOLDER);
	for (i = 0; i < n; i++) {
		read_file(cases, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

void
cases_release(struct cases *cases)
{
	struct manifest_case *c;

	for (c = cases->item; c < cases->item + cases->n; c++) {
		free((char *)(uintptr_t)c->file);
		free(c->comment);
		free(c->base);
		free(c->name);
		free(c->text);
		free(c->expect[MANIFEST_STRICT]);
		free(c->expect[MANIFEST_LENIENT]);
	}
	free(cases->item);
}
