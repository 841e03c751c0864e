/* An explanation for programs; its form is described in tripodctl(8). */
#include <inttypes.h>
#include <string.h>

#include "watcherd/explain.h"
#include "watcherd/grammar.h"
#include "watcherd/report.h"

static const char *
support_str(const struct fate *fate)
{
	static const char *const names[] = { [SUPPORT_KEPT] = "mirror",
		[SUPPORT_ACTED] = "acted",
		[SUPPORT_WARNED] = "mirror-warned",
		[SUPPORT_LATER] = "refused-for-now",
		[SUPPORT_REFERS] = "refused",
		[SUPPORT_REFUSED] = "refused" };

	if (fate->support == SUPPORT_LATER && fate->note != NULL)
		return ("refused");
	return (fate->cleared ? "left-out" : names[fate->support]);
}

/* A member behind others; nothing if there is no text. */
static void
print_text(const char *name, const char *text)
{
	if (text == NULL)
		return;
	(void)printf(", \"%s\": ", name);
	json_string_print(text, stdout);
}

static void
print_choices(const char *choices)
{
	size_t n;

	if (choices == NULL)
		return;
	(void)printf(", \"enum\": [");
	for (;; choices += n + 1) {
		n = strcspn(choices, " ");
		(void)printf("\"%.*s\"", (int)n, choices);
		if (choices[n] == '\0')
			break;
		(void)printf(", ");
	}
	(void)putchar(']');
}

static void
print_default(const struct field *f)
{
	int quoted = f->json == JSON_STRING || f->json == JSON_QUANTITY ||
	    f->json == JSON_RESOURCE;

	if (f->fallback != NULL && quoted)
		print_text("default", f->fallback);
	else if (f->fallback != NULL)
		(void)printf(", \"default\": %s", f->fallback);
	print_text("defaultFrom", f->fallback_words);
}

static void
print_field(const struct subject *s)
{
	const struct field *f = s->field;
	char buf[EXPLAIN_WORDS_MAX];

	print_text("name", f->name);
	print_text("type", words_type(f, buf));
	(void)printf(", \"required\": %s",
	    words_required(f)[0] == 'y' ? "true" : "false");
	print_default(f);
	print_choices(f->choices);
	if (f->ranged)
		(void)printf(", \"minimum\": %" PRId64
			     ", \"maximum\": %" PRId64,
		    f->min, f->max);
	if (f->grammar != GRAMMAR_NONE)
		print_text("grammar", grammar_str(f->grammar));
	if (f->keys != GRAMMAR_NONE)
		print_text("keys", grammar_str(f->keys));
	if (f->longest > 0)
		(void)printf(", \"maxBytes\": %zu", f->longest);
	if (f->most > 0)
		(void)printf(", \"maxItems\": %zu", f->most);
	print_text("unique", f->unique);
	print_text("since", f->since);
	print_text("support", support_str(&s->fate));
	print_text("supportText", words_fate(&s->fate, buf));
	print_text("but", words_but(s));
}

/* Fields of what is asked for, and below these only if that was, too. */
static void
print_subject(const struct explain *e, const struct subject *s, int depth)
{
	const struct type *type = subject_type(s);
	struct subject below;
	size_t i;

	(void)printf("\n%*s{\"path\": \"%s\"", 2 * depth + 2, "", s->path);
	if (s->field != NULL)
		print_field(s);
	else
		print_text("type", type->name);
	if (type != NULL && (depth == 0 || e->recursive)) {
		(void)printf(", \"fields\": [");
		for (i = 0; explain_child(s, i, &below); i++) {
			(void)printf("%s", i > 0 ? "," : "");
			print_subject(e, &below, depth + 1);
		}
		(void)putchar(']');
	}
	(void)putchar('}');
}

void
explain_json(const struct explain *e, const struct subject *s, size_t n)
{
	size_t i;

	(void)putchar('[');
	for (i = 0; i < n; i++) {
		(void)printf("%s", i > 0 ? "," : "");
		print_subject(e, &s[i], 0);
	}
	(void)printf("\n]\n");
}
