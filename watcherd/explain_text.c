/* The words of an explanation. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "watcherd/explain.h"
#include "watcherd/grammar.h"

#define COLUMNS 78
#define INDENT 12 /* of what follows "support   " and the like */

static void append(char *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds to text of EXPLAIN_WORDS_MAX; what does not fit is cut off. */
static void
append(char *buf, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf + len, EXPLAIN_WORDS_MAX - len, fmt, ap);
	va_end(ap);
}

const char *
words_type(const struct field *f, char *buf)
{
	static const char *const names[] = {
		[JSON_STRING] = "string",
		[JSON_BOOL] = "boolean",
		[JSON_INT32] = "int32",
		[JSON_INT64] = "int64",
		[JSON_QUANTITY] = "quantity",
		[JSON_RESOURCE] = "quantity",
		[JSON_TIME] = "time",
		[JSON_INT_OR_STRING] = "int or string",
		[JSON_ANY] = "anything",
	};
	static const char *const plurals[] = {
		[JSON_STRING] = "strings",
		[JSON_BOOL] = "booleans",
		[JSON_INT32] = "int32",
		[JSON_INT64] = "int64",
		[JSON_QUANTITY] = "quantities",
		[JSON_RESOURCE] = "quantities",
		[JSON_TIME] = "times",
		[JSON_INT_OR_STRING] = "int or string",
		[JSON_ANY] = "anything",
	};
	static const char *const shapes[] = { [SHAPE_ONE] = "",
		[SHAPE_LIST] = "list of ",
		[SHAPE_MAP] = "map of " };

	buf[0] = '\0';
	append(buf, "%s%s", shapes[f->shape],
	    f->type != NULL		? f->type->name
		: f->shape == SHAPE_ONE ? names[f->json]
					: plurals[f->json]);
	return (buf);
}

static void
append_range(const struct field *f, char *buf)
{
	int open = f->max == INT32_MAX || f->max == INT64_MAX;

	if (open)
		append(buf, "at least %" PRId64, f->min);
	else if (f->min == 0 && f->max == 0777)
		append(buf, "0 to 0777 (octal)");
	else
		append(buf, "%" PRId64 " to %" PRId64, f->min, f->max);
}

static void
append_limits(const struct field *f, char *buf)
{
	if (f->longest > 0)
		append(buf, "%sat most %zu bytes", buf[0] != '\0' ? "; " : "",
		    f->longest);
	if (f->most > 0)
		append(buf, "%sat most %zu of them", buf[0] != '\0' ? "; " : "",
		    f->most);
	if (f->unique != NULL)
		append(buf, "%seach with another %s",
		    buf[0] != '\0' ? "; " : "", f->unique);
}

const char *
words_rule(const struct field *f, char *buf)
{
	const char *p;

	buf[0] = '\0';
	if (f->choices != NULL) {
		append(buf, "one of ");
		for (p = f->choices; *p != '\0'; p++)
			append(buf, *p == ' ' ? ", " : "%c", *p);
	}
	if (f->ranged)
		append_range(f, buf);
	if (f->grammar != GRAMMAR_NONE)
		append(buf, "%s%s%s", buf[0] != '\0' ? " or " : "",
		    f->shape == SHAPE_MAP ? "values: " : "",
		    grammar_str(f->grammar));
	if (f->keys != GRAMMAR_NONE)
		append(buf, "%skeys: %s", buf[0] != '\0' ? "; " : "",
		    grammar_str(f->keys));
	append_limits(f, buf);
	return (buf);
}

const char *
words_default(const struct field *f, char *buf)
{
	buf[0] = '\0';
	if (f->fallback_words != NULL)
		append(buf, "%s", f->fallback_words);
	else if (f->fallback != NULL && f->fallback[0] == '\0')
		append(buf, "\"\"");
	else if (f->fallback != NULL && f->max == 0777)
		append(buf, "%s (0644)", f->fallback);
	else if (f->fallback != NULL)
		append(buf, "%s", f->fallback);
	return (buf);
}

const char *
words_required(const struct field *f)
{
	if (f->flags & (FIELD_NEEDED | FIELD_BY_CODE))
		return ("yes");
	if (!(f->flags & FIELD_REQUIRED))
		return ("no");
	return (f->flags & FIELD_MAY_LACK ? "yes, not enforced" : "yes");
}

const char *
words_support(const struct fate *fate)
{
	if (fate->cleared)
		return ("left out");
	switch (fate->support) {
	case SUPPORT_ACTED:
		return ("acted on");
	case SUPPORT_KEPT:
		return ("mirror only");
	case SUPPORT_WARNED:
		return ("mirror only, warned");
	case SUPPORT_LATER:
		return (fate->note != NULL ? "refused" : "refused for now");
	case SUPPORT_REFERS:
	case SUPPORT_REFUSED:
		return ("refused");
	}
	return ("");
}

const char *
words_fate(const struct fate *fate, char *buf)
{
	buf[0] = '\0';
	append(buf, "%s", words_support(fate));
	if (fate->cleared)
		append(buf, ": means nothing in a manifest");
	else if (fate->support == SUPPORT_REFERS)
		append(buf, ": a static pod may not refer to %s", fate->note);
	else if (fate->support == SUPPORT_REFUSED ||
	    (fate->support == SUPPORT_LATER && fate->note != NULL))
		append(buf, ": %s", fate->note);
	if (fate->by != NULL)
		append(buf, ", as all of %s", fate->by);
	return (buf);
}

const char *
words_but(const struct subject *s)
{
	int some = s->fate.support == SUPPORT_ACTED ||
	    s->fate.support == SUPPORT_KEPT;

	return (some && !s->fate.cleared ? s->field->but : NULL);
}

/* "label     text", broken between words. */
static void
print_line(const char *label, const char *text)
{
	size_t column = INDENT, n;

	if (*text == '\0')
		return;
	(void)printf("  %-*s", INDENT - 2, label);
	for (; *text != '\0'; text += n) {
		n = strcspn(text + 1, " ") + 1;
		if (column > INDENT && column + n > COLUMNS) {
			(void)printf("\n%*s", INDENT, "");
			column = INDENT;
			text++;
			n--;
		}
		(void)printf("%.*s", (int)n, text);
		column += n;
	}
	(void)putchar('\n');
}

static void
print_field(const struct subject *s)
{
	const struct field *f = s->field;
	char buf[EXPLAIN_WORDS_MAX];

	print_line("type", words_type(f, buf));
	print_line("required", words_required(f));
	print_line("default", words_default(f, buf));
	print_line("rule", words_rule(f, buf));
	print_line("since", f->since != NULL ? f->since : "");
	(void)words_fate(&s->fate, buf);
	if (words_but(s) != NULL)
		append(buf, "; %s", words_but(s));
	print_line("support", buf);
}

/* One line about a field within another. */
static void
print_short(const struct subject *s, int depth, int width)
{
	const struct field *f = s->field;
	char buf[EXPLAIN_WORDS_MAX];

	(void)printf("%*s%-*s %s", 2 + 2 * depth, "", width, f->name,
	    words_type(f, buf));
	if (words_required(f)[0] == 'y')
		(void)printf(", required");
	if (words_default(f, buf)[0] != '\0')
		(void)printf(", default %s", buf);
	if (f->since != NULL)
		(void)printf(", since %s", f->since);
	(void)printf("; %s\n", words_support(&s->fate));
}

static void
print_fields(const struct subject *up, int recursive, int depth)
{
	struct subject s;
	size_t i, len, width = 0;

	for (i = 0; explain_child(up, i, &s); i++) {
		if ((len = strlen(s.field->name)) > width)
			width = len;
	}
	for (i = 0; explain_child(up, i, &s); i++) {
		print_short(&s, depth, (int)width);
		if (recursive)
			print_fields(&s, recursive, depth + 1);
	}
}

void
explain_text(const struct explain *e, const struct subject *s)
{
	const struct type *type = subject_type(s);

	(void)printf("%s\n", s->field != NULL ? s->path : type->name);
	if (s->field != NULL)
		print_field(s);
	if (type == NULL)
		return;
	(void)printf("fields of %s:\n", type->name);
	print_fields(s, e->recursive, 0);
}
