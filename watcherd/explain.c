#include "watcherd/explain.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/mem.h"
#include "watcherd/excerpt.h"

/* The names of a path, without indexes. */
struct names {
	char text[EXPLAIN_PATH_MAX];
	const char *name[EXPLAIN_NAMES_MAX];
	size_t n;
};

struct matches {
	const struct names *wanted;
	struct subject *subject;
	size_t n;
};

static const struct subject root = { "", NULL, NULL,
	{ SUPPORT_ACTED, 0, NULL, NULL } };

/* -1: too long, too deep, or nothing in it. */
static int
names_read(struct names *names, const char *text)
{
	size_t len = 0;
	int inside = 0, starts = 1;

	memset(names, 0, sizeof(*names));
	for (; *text != '\0'; text++) {
		if (len + 1 == sizeof(names->text))
			return (-1);
		if (*text == '[' || *text == ']') {
			inside = *text == '[';
			names->text[len++] = '\0';
		} else if (!inside && *text == '.') {
			names->text[len++] = '\0';
			starts = 1;
		} else if (!inside) {
			if (starts && names->n == EXPLAIN_NAMES_MAX)
				return (-1);
			if (starts)
				names->name[names->n++] = names->text + len;
			starts = 0;
			names->text[len++] = *text;
		}
	}
	return (names->n > 0 ? 0 : -1);
}

static int
type_acts(const struct type *type)
{
	size_t i;

	for (i = 0; i < type->n; i++) {
		if (type->field[i].support == SUPPORT_ACTED)
			return (1);
	}
	return (0);
}

static int
is_refused(enum support support)
{
	return (support == SUPPORT_LATER || support == SUPPORT_REFERS ||
	    support == SUPPORT_REFUSED);
}

/*
 * What holds for a field holds for all that is in it.  A type without any
 * row that says "acted on" is acted on where it is used.
 */
static void
fate_inherit(struct fate *fate, const struct subject *up, const struct type *in,
    const struct field *f)
{
	*fate = up->fate;
	if (fate->by == NULL && up->field != NULL)
		fate->by = up->field->name;
	/* A reference inside says more than "not yet". */
	if (fate->cleared ||
	    (is_refused(fate->support) &&
		(fate->support != SUPPORT_LATER || !is_refused(f->support) ||
		    f->support == SUPPORT_LATER)))
		return;
	if (f->flags & FIELD_CLEARED || is_refused(f->support) ||
	    (f->support == SUPPORT_WARNED && fate->support != SUPPORT_WARNED)) {
		fate->cleared = (f->flags & FIELD_CLEARED) != 0;
		fate->support = f->support;
		fate->note = f->note;
		fate->by = NULL;
	} else if (fate->support == SUPPORT_ACTED) {
		fate->by = NULL;
		if (f->support == SUPPORT_KEPT && type_acts(in))
			fate->support = SUPPORT_KEPT;
	}
}

const struct type *
subject_type(const struct subject *s)
{
	return (s->field == NULL ? s->in : s->field->type);
}

static void
subject_below(
    struct subject *out, const struct subject *up, const struct field *f)
{
	const struct type *in = subject_type(up);
	size_t len = strlen(up->path);

	memcpy(out->path, up->path, len + 1);
	(void)snprintf(out->path + len, sizeof(out->path) - len, "%s%s",
	    len > 0 ? "." : "", f->name);
	out->in = in;
	out->field = f;
	fate_inherit(&out->fate, up, in, f);
}

int
explain_child(const struct subject *up, size_t i, struct subject *out)
{
	const struct type *in = subject_type(up);

	if (in == NULL || i >= in->n)
		return (0);
	subject_below(out, up, &in->field[i]);
	return (1);
}

void
explain_walk(const struct subject *up, explain_visit *visit, void *arg)
{
	struct subject below;
	size_t i;

	for (i = 0; explain_child(up, i, &below); i++) {
		if (visit(arg, &below))
			explain_walk(&below, visit, arg);
	}
}

/* Does the path end with these names? */
static int
ends_with(const char *path, const struct names *names)
{
	size_t i, len, end = strlen(path);

	for (i = names->n; i > 0; i--) {
		len = strlen(names->name[i - 1]);
		if (end < len ||
		    strncmp(path + end - len, names->name[i - 1], len) != 0)
			return (0);
		end -= len;
		if (end > 0 && path[--end] != '.')
			return (0);
	}
	return (1);
}

static void
matches_add(struct matches *m, const struct subject *s)
{
	m->subject = xreallocarray(m->subject, m->n + 1, sizeof(m->subject[0]));
	m->subject[m->n++] = *s;
}

static int
match_end(void *arg, const struct subject *s)
{
	struct matches *m = arg;

	if (ends_with(s->path, m->wanted))
		matches_add(m, s);
	return (1);
}

/* The first place of a type. */
static int
match_type(void *arg, const struct subject *s)
{
	struct matches *m = arg;
	const struct type *type = subject_type(s);

	if (m->n == 0 && type != NULL &&
	    strcmp(type->name, m->wanted->name[0]) == 0) {
		matches_add(m, s);
		m->subject[0].in = type;
		m->subject[0].field = NULL;
		(void)snprintf(m->subject[0].path, sizeof(m->subject[0].path),
		    "%s", type->name);
	}
	return (m->n == 0);
}

/* What was meant by a name that is nowhere. */
struct guess {
	const char *name, *best;
};

static int
guess_visit(void *arg, const struct subject *s)
{
	struct guess *g = arg;
	const struct type *type = subject_type(s);
	const struct field *f;

	if (type != NULL && strcasecmp(type->name, g->name) == 0)
		g->best = type->name;
	else if (type != NULL && (f = type_guess(type, g->name)) != NULL &&
	    (g->best == NULL || strcasecmp(f->name, g->name) == 0))
		g->best = f->name;
	return (1);
}

static void
say_unknown(const struct subject *up, const char *name, const char *best)
{
	if (up != NULL && up->path[0] != '\0')
		(void)fprintf(stderr, "%s ", up->path);
	(void)fprintf(stderr, "%s ",
	    up != NULL && up->path[0] != '\0' ? "has no field" : "no field");
	clean_print(name, stderr);
	if (best != NULL)
		(void)fprintf(stderr, ", did you mean %s?", best);
	(void)fputc('\n', stderr);
}

/* Goes down from a subject; -1: there is no such field, which was said. */
static int
descend(struct subject *s, const struct names *names, size_t i)
{
	struct subject up;
	const struct field *f;

	for (; i < names->n; i++) {
		/* What follows a mapping's name is a key of it. */
		if (s->field != NULL && s->field->shape == SHAPE_MAP)
			return (0);
		up = *s;
		if (subject_type(&up) == NULL) {
			say_unknown(&up, names->name[i], NULL);
			return (-1);
		}
		f = type_field(subject_type(&up), names->name[i]);
		if (f == NULL) {
			f = type_guess(subject_type(&up), names->name[i]);
			say_unknown(
			    &up, names->name[i], f != NULL ? f->name : NULL);
			return (-1);
		}
		subject_below(s, &up, f);
	}
	return (0);
}

/* All that a name may stand for; -1: nothing, which was said. */
static int
find(struct matches *m, const struct names *names, const char *text)
{
	struct subject pod = root;
	struct guess guess = { names->name[names->n - 1], NULL };

	pod.in = &type_pod;
	/* As people know it from kubectl. */
	if (strcasecmp(names->name[0], "pod") == 0 ||
	    strcasecmp(names->name[0], "pods") == 0) {
		matches_add(m, &pod);
		return (descend(&m->subject[0], names, 1));
	}
	if (type_field(&type_pod, names->name[0]) != NULL) {
		matches_add(m, &pod);
		return (descend(&m->subject[0], names, 0));
	}
	explain_walk(&pod, match_type, m);
	if (m->n > 0)
		return (descend(&m->subject[0], names, 1));
	explain_walk(&pod, match_end, m);
	if (m->n > 0)
		return (0);
	(void)guess_visit(&guess, &pod);
	explain_walk(&pod, guess_visit, &guess);
	say_unknown(NULL, text, guess.best);
	return (-1);
}

static void
print_paths(const char *name, const struct matches *m)
{
	size_t i;

	clean_print(name, stdout);
	(void)printf(" is at:\n");
	for (i = 0; i < m->n; i++)
		(void)printf("  %s\n", m->subject[i].path);
}

int
explain(const struct explain *e, const char *name)
{
	struct matches m = { NULL, NULL, 0 };
	struct names names;
	int rc = EX_OK;

	if (e->form == EXPLAIN_MARKDOWN)
		explain_markdown(stdout);
	else if (names_read(&names, name) == -1) {
		say_unknown(NULL, name, NULL);
		rc = 1;
	} else {
		m.wanted = &names;
		if (find(&m, &names, name) == -1)
			rc = 1;
		else if (e->form == EXPLAIN_JSON)
			explain_json(e, m.subject, m.n);
		else if (m.n > 1)
			print_paths(name, &m);
		else
			explain_text(e, m.subject);
		free(m.subject);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		rc = EX_IOERR;
	return (rc);
}
