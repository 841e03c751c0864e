#include "watcherd/report.h"

#include <string.h>

#include "watcherd/excerpt.h"

#define COLOR_PLACE "\033[1m"
#define COLOR_WARNING "\033[1;35m"
#define COLOR_END "\033[0m"

const char *
verdict_str(enum verdict v)
{
	static const char *const names[] = { [VERDICT_VALID] = "valid",
		[VERDICT_REFUSED] = "refused",
		[VERDICT_UNREADABLE] = "unreadable",
		[VERDICT_IGNORED] = "ignored" };

	return (names[v]);
}

static void
print_place(const struct report *r, const char *path, const Tripod__Problem *p)
{
	(void)fputs(r->color ? COLOR_PLACE : "", r->to);
	clean_print(path, r->to);
	if (p->line > 0)
		(void)fprintf(r->to, ":%u:%u", p->line, p->column);
	(void)fprintf(r->to, ":%s ", r->color ? COLOR_END : "");
}

static void
print_problem(
    const struct report *r, const struct result *of, const Tripod__Problem *p)
{
	struct excerpt e;

	print_place(r, of->path, p);
	if (p->severity == TRIPOD__PROBLEM__SEVERITY__WARNING)
		(void)fprintf(r->to, "%swarning:%s ",
		    r->color ? COLOR_WARNING : "", r->color ? COLOR_END : "");
	if (p->field[0] != '\0') {
		clean_print(p->field, r->to);
		(void)fprintf(r->to, ": ");
	}
	clean_print(p->message, r->to);
	(void)fputc('\n', r->to);
	if (excerpt_find(&e, of->bytes, of->len, p->line, p->column) == 0)
		excerpt_print(&e, r->color, r->to);
}

static void
print_unreadable(const struct report *r, const struct result *of)
{
	(void)fflush(r->to); /* the caller looks at its errors */
	clean_print(of->path, stderr);
	(void)fprintf(stderr, ": %s\n", of->why);
}

static void
print_ignored(const struct report *r, const struct result *of)
{
	clean_print(of->path, r->to);
	(void)fprintf(r->to, ": ignored: %s\n", of->why);
}

static void
print_pod(
    const struct report *r, const struct result *of, const Tripod__Pod *pod)
{
	clean_print(of->path, r->to);
	(void)fprintf(r->to, ": valid: pod %s/%s, uid %s\n", pod->namespace_,
	    pod->name, pod->uid);
}

static void
text_add(const struct report *r, const struct result *of)
{
	const Tripod__Manifest *m = of->manifest;
	size_t i;

	if (of->verdict == VERDICT_UNREADABLE)
		print_unreadable(r, of);
	if (of->verdict == VERDICT_IGNORED && r->verbose)
		print_ignored(r, of);
	if (m == NULL)
		return;
	for (i = 0; i < m->n_problem; i++)
		print_problem(r, of, m->problem[i]);
	if (!r->verbose || of->verdict != VERDICT_VALID)
		return;
	for (i = 0; i < m->n_definition; i++)
		print_pod(r, of, m->definition[i]->pod);
}

void
report_begin(struct report *r)
{
	if (r->json && !r->quiet)
		report_json_begin(r);
}

void
report_add(struct report *r, const struct result *of)
{
	size_t i;

	r->count[of->verdict]++;
	for (i = 0; of->manifest != NULL && i < of->manifest->n_problem; i++)
		r->warnings += of->manifest->problem[i]->severity ==
		    TRIPOD__PROBLEM__SEVERITY__WARNING;
	if (r->quiet) {
		if (of->verdict == VERDICT_UNREADABLE)
			print_unreadable(r, of);
	} else if (r->json)
		report_json_add(r, of);
	else
		text_add(r, of);
}

static void
print_count(size_t n, const char *what)
{
	if (n > 0)
		(void)fprintf(stderr, ", %zu %s", n, what);
}

void
report_end(struct report *r)
{
	size_t n = r->count[VERDICT_VALID] + r->count[VERDICT_REFUSED] +
	    r->count[VERDICT_UNREADABLE];

	if (r->quiet)
		return;
	if (r->json) {
		report_json_end(r);
		return;
	}
	(void)fflush(r->to); /* the caller looks at its errors */
	(void)fprintf(stderr, "%zu file%s, %zu refused", n, n == 1 ? "" : "s",
	    r->count[VERDICT_REFUSED]);
	print_count(r->count[VERDICT_UNREADABLE], "unreadable");
	print_count(r->count[VERDICT_IGNORED], "ignored");
	print_count(r->warnings, r->warnings == 1 ? "warning" : "warnings");
	(void)fputc('\n', stderr);
}
