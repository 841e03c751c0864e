/* All fields in one table: FIELDS.md. */
#include <string.h>

#include "common/log.h"
#include "watcherd/explain.h"

#define TYPES_MAX 256
#define FIELDS_MAX 1024

struct table {
	const struct type *type[TYPES_MAX]; /* in the order of a walk */
	size_t ntype;
	/* Each field where the best becomes of it. */
	struct subject row[FIELDS_MAX];
	size_t nrow;
};

static void
table_type(struct table *t, const struct type *type)
{
	size_t i;

	for (i = 0; i < t->ntype; i++) {
		if (t->type[i] == type)
			return;
	}
	log_assert(t->ntype < TYPES_MAX);
	t->type[t->ntype++] = type;
}

static struct subject *
table_row(struct table *t, const struct field *f)
{
	size_t i;

	for (i = 0; i < t->nrow; i++) {
		if (t->row[i].field == f)
			return (&t->row[i]);
	}
	return (NULL);
}

static int
fate_rank(const struct fate *fate)
{
	static const int ranks[] = { [SUPPORT_ACTED] = 6,
		[SUPPORT_KEPT] = 5,
		[SUPPORT_WARNED] = 4,
		[SUPPORT_LATER] = 2,
		[SUPPORT_REFERS] = 1,
		[SUPPORT_REFUSED] = 0 };

	return (fate->cleared ? 3 : ranks[fate->support]);
}

/* What is left out of the pod is not looked into. */
static int
visit(void *arg, const struct subject *s)
{
	struct table *t = arg;
	struct subject *row = table_row(t, s->field);

	if (row == NULL) {
		log_assert(t->nrow < FIELDS_MAX);
		t->row[t->nrow++] = *s;
	} else if (fate_rank(&s->fate) > fate_rank(&row->fate))
		*row = *s;
	if (s->field->type != NULL && !s->fate.cleared)
		table_type(t, s->field->type);
	return (!s->fate.cleared);
}

/* Without the details, which stand in parentheses. */
static void
print_rule(const struct field *f)
{
	char buf[EXPLAIN_WORDS_MAX];
	const char *p;
	int depth = 0;

	for (p = words_rule(f, buf); *p != '\0'; p++) {
		depth += *p == '(';
		if (depth == 0 && !(*p == ' ' && p[1] == '('))
			(void)putchar(*p);
		depth -= *p == ')';
	}
}

static void
print_row(const struct subject *s)
{
	const struct field *f = s->field;
	const char *note = s->fate.cleared ? NULL : s->fate.note;
	char buf[EXPLAIN_WORDS_MAX];

	(void)printf("| %s | %s | ", f->name, words_type(f, buf));
	(void)printf("%s | %s | ", words_required(f)[0] == 'y' ? "yes" : "",
	    words_default(f, buf));
	print_rule(f);
	(void)printf(" | %s | %s", f->since != NULL ? f->since : "",
	    words_support(&s->fate));
	if (s->fate.by == NULL && note != NULL)
		(void)printf(": %s%s",
		    s->fate.support == SUPPORT_REFERS ? "refers to " : "",
		    note);
	if (words_but(s) != NULL)
		(void)printf("; %s", words_but(s));
	(void)printf(" |\n");
}

static void
print_type(struct table *t, const struct type *type)
{
	size_t i;

	(void)printf("\n## %s\n\n", type->name);
	(void)printf("| field | type | required | default | rule | since | "
		     "support |\n|---|---|---|---|---|---|---|\n");
	for (i = 0; i < type->n; i++)
		print_row(table_row(t, &type->field[i]));
}

static const char intro[] =
    "# Fields of a manifest\n"
    "\n"
    "Made by `make fields` from the tables in `watcherd/schema_*.c`; do not\n"
    "edit. `tripodctl explain FIELD` says the same about one field, and its\n"
    "rule in full.\n"
    "\n"
    "*since* is the first version of Kubernetes that has the field, perhaps\n"
    "behind a feature gate; none: 1.15 or older. *support* is what Tripod\n"
    "does with a field that says something:\n"
    "\n"
    "- **acted on**: what it says is done.\n"
    "- **mirror only**: it needs no action on the node, and is passed to the\n"
    "  mirror pod; *warned*: it does, is not acted on yet, and told so.\n"
    "- **refused for now**: not supported yet.\n"
    "- **refused**: never possible; refers to other objects, or the reason.\n"
    "- **left out**: read, and means nothing in a manifest.\n"
    "\n"
    "What holds for a field holds for all that is in it. A type that is used\n"
    "in several places is shown as in the best supported of them.\n";

void
explain_markdown(FILE *to)
{
	static struct table t;
	struct subject pod;
	size_t i;

	memset(&t, 0, sizeof(t));
	memset(&pod, 0, sizeof(pod));
	pod.in = &type_pod;
	pod.fate.support = SUPPORT_ACTED;
	table_type(&t, &type_pod);
	explain_walk(&pod, visit, &t);
	(void)fputs(intro, to);
	for (i = 0; i < t.ntype; i++)
		print_type(&t, t.type[i]);
}
