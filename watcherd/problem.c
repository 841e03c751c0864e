#include "watcherd/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/utf8.h"

#define QUOTE_BYTES 40

void
problems_init(struct problems *p, struct arena *arena, enum manifest_mode mode)
{
	memset(p, 0, sizeof(*p));
	p->arena = arena;
	p->mode = mode;
}

int
problem_nomem(struct problems *p)
{
	if (!p->exhausted)
		p->errors++;
	p->exhausted = 1;
	return (-1);
}

int
problems_full(const struct problems *p)
{
	return (p->exhausted || p->errors >= PROBLEMS_MAX);
}

static void
path_append(const struct path *path, char *buf, size_t size)
{
	size_t len;

	if (path == NULL)
		return;
	path_append(path->up, buf, size);
	len = strlen(buf);
	if (path->name == NULL)
		(void)snprintf(buf + len, size - len, "[%zu]", path->index);
	else if (path->quoted)
		(void)snprintf(buf + len, size - len, "[\"%s\"]", path->name);
	else
		(void)snprintf(buf + len, size - len, "%s%s",
		    len > 0 ? "." : "", path->name);
}

void
path_format(const struct path *path, char *buf, size_t size)
{
	buf[0] = '\0';
	path_append(path, buf, size);
}

static Tripod__Problem *
problem_new(
    struct arena *arena, struct place at, const char *field, const char *text)
{
	Tripod__Problem *item;

	if ((item = arena_alloc(arena, sizeof(*item))) == NULL)
		return (NULL);
	tripod__problem__init(item);
	item->line = at.line;
	item->column = at.column;
	if ((item->field = arena_strdup(arena, field)) == NULL ||
	    (item->message = arena_strdup(arena, text)) == NULL)
		return (NULL);
	return (item);
}

/* The same fault at the same place is told once (a node with two parents). */
static int
problem_known(const struct problems *p, const Tripod__Problem *item)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->item[i]->line == item->line &&
		    p->item[i]->column == item->column &&
		    strcmp(p->item[i]->field, item->field) == 0 &&
		    strcmp(p->item[i]->message, item->message) == 0)
			return (1);
	}
	return (0);
}

/* An error takes the place of the last warning. */
static int
warning_replace(struct problems *p, Tripod__Problem *item)
{
	size_t i;

	for (i = p->n; i > 0; i--) {
		if (p->item[i - 1]->severity ==
		    TRIPOD__PROBLEM__SEVERITY__WARNING) {
			p->item[i - 1] = item;
			return (1);
		}
	}
	return (0);
}

static void
problem_put(struct problems *p, Tripod__Problem__Severity severity,
    Tripod__Problem *item)
{
	int error = severity == TRIPOD__PROBLEM__SEVERITY__ERROR;

	item->severity = severity;
	if (problem_known(p, item))
		return;
	p->errors += (size_t)error;
	if (p->n < PROBLEMS_MAX)
		p->item[p->n++] = item;
	else if (!error || !warning_replace(p, item))
		p->dropped += (size_t)error;
}

/* Texts of problems are UTF-8. */
static void
show_nul(char *text)
{
	while ((text = strstr(text, UTF8_NUL)) != NULL)
		memcpy(text, "\\0", 2);
}

static void __attribute__((format(printf, 5, 0)))
problem_vadd(struct problems *p, Tripod__Problem__Severity severity,
    struct place at, const struct path *path, const char *fmt, va_list ap)
{
	Tripod__Problem *item;
	char field[PROBLEM_FIELD_MAX], text[PROBLEM_TEXT_MAX];
	int error = severity == TRIPOD__PROBLEM__SEVERITY__ERROR;

	/* What is only counted needs no memory, and may be said twice. */
	if (p->n == PROBLEMS_MAX && (!error || problems_full(p))) {
		p->errors += (size_t)error;
		p->dropped += (size_t)error;
		return;
	}
	path_format(p->within, field, sizeof(field));
	path_append(path, field, sizeof(field));
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut off */
	show_nul(field);
	show_nul(text);
	if ((item = problem_new(p->arena, at, field, text)) == NULL)
		(void)problem_nomem(p); /* remembered in p */
	else
		problem_put(p, severity, item);
}

void
problem_add(struct problems *p, struct place at, const struct path *path,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_vadd(p, TRIPOD__PROBLEM__SEVERITY__ERROR, at, path, fmt, ap);
	va_end(ap);
}

void
problem_warn(struct problems *p, struct place at, const struct path *path,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_vadd(p, TRIPOD__PROBLEM__SEVERITY__WARNING, at, path, fmt, ap);
	va_end(ap);
}

void
problem_flaw(struct problems *p, struct place at, const struct path *path,
    const char *fmt, ...)
{
	Tripod__Problem__Severity severity = p->mode == MANIFEST_LENIENT
	    ? TRIPOD__PROBLEM__SEVERITY__WARNING
	    : TRIPOD__PROBLEM__SEVERITY__ERROR;
	va_list ap;

	va_start(ap, fmt);
	problem_vadd(p, severity, at, path, fmt, ap);
	va_end(ap);
}

static int
problem_compare(const void *a, const void *b)
{
	const Tripod__Problem *pa = *(Tripod__Problem *const *)a;
	const Tripod__Problem *pb = *(Tripod__Problem *const *)b;

	if (pa->severity != pb->severity)
		return (pa->severity < pb->severity ? -1 : 1);
	if (pa->line != pb->line)
		return (pa->line < pb->line ? -1 : 1);
	if (pa->column != pb->column)
		return (pa->column < pb->column ? -1 : 1);
	if (strcmp(pa->field, pb->field) != 0)
		return (strcmp(pa->field, pb->field));
	return (strcmp(pa->message, pb->message));
}

void
problems_finish(struct problems *p)
{
	static char nowhere[] = "";

	qsort(p->item, p->n, sizeof(p->item[0]), problem_compare);
	if (p->exhausted)
		(void)snprintf(p->last_text, sizeof(p->last_text),
		    "needs more memory than a manifest may take");
	else if (p->dropped > 0)
		(void)snprintf(p->last_text, sizeof(p->last_text),
		    "%zu more errors", p->dropped);
	else
		return;
	tripod__problem__init(&p->last);
	p->last.field = nowhere;
	p->last.message = p->last_text;
	p->item[p->n++] = &p->last;
}

const char *
quote(char buf[static QUOTE_MAX], const char *text)
{
	size_t len = strlen(text);
	int cut = len > QUOTE_BYTES;

	if (cut) {
		len = QUOTE_BYTES;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	(void)snprintf(
	    buf, QUOTE_MAX, "\"%.*s%s\"", (int)len, text, cut ? "..." : "");
	return (buf);
}
