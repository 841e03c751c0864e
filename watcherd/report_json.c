/* The report for programs; its form is described in tripodctl(8). */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "watcherd/excerpt.h"
#include "watcherd/report.h"
#include "watcherd/utf8.h"

void
json_string_print(const char *text, FILE *to)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = strlen(text), n;

	(void)fputc('"', to);
	for (; left > 0; left -= n, p += n) {
		if ((n = utf8_length(p, left)) == 0) {
			(void)fputs("\\ufffd", to);
			n = 1;
		} else if (*p < 0x20 || *p == 0x7f)
			(void)fprintf(to, "\\u%04x", *p);
		else if (*p == '"' || *p == '\\')
			(void)fprintf(to, "\\%c", *p);
		else
			(void)fwrite(p, 1, n, to);
	}
	(void)fputc('"', to);
}

static void
print_member(const char *name, const char *text, FILE *to)
{
	(void)fprintf(to, ", \"%s\": ", name);
	json_string_print(text, to);
}

static void
print_problem(
    struct report *r, const struct result *of, const Tripod__Problem *p)
{
	int warning = p->severity == TRIPOD__PROBLEM__SEVERITY__WARNING;
	struct excerpt e;

	(void)printf("%s\n    {\"file\": ", r->nproblems++ > 0 ? "," : "");
	json_string_print(of->path, stdout);
	if (p->line > 0)
		(void)printf(
		    ", \"line\": %u, \"column\": %u", p->line, p->column);
	if (excerpt_find(&e, of->bytes, of->len, p->line, p->column) == 0 &&
	    e.end > 0)
		(void)printf(", \"endColumn\": %u", e.end);
	print_member("severity", warning ? "warning" : "error", stdout);
	print_member("field", p->field, stdout);
	print_member("message", p->message, stdout);
	(void)putchar('}');
}

static void
print_pods(const Tripod__Manifest *m, FILE *to)
{
	size_t i;

	(void)fprintf(to, ", \"pods\": [");
	for (i = 0; m != NULL && i < m->n_definition; i++) {
		(void)fprintf(to, "%s{\"namespace\": ", i > 0 ? ", " : "");
		json_string_print(m->definition[i]->pod->namespace_, to);
		print_member("name", m->definition[i]->pod->name, to);
		print_member("uid", m->definition[i]->pod->uid, to);
		(void)fputc('}', to);
	}
	(void)fputc(']', to);
}

void
report_json_begin(struct report *r)
{
	/* In memory, so that it can follow what is printed at once. */
	r->files = open_memstream(&r->files_text, &r->files_len);
	if (r->files == NULL)
		fatal("open_memstream");
	(void)printf("{\n  \"problems\": [");
}

void
report_json_add(struct report *r, const struct result *of)
{
	const Tripod__Manifest *m = of->manifest;
	size_t i;

	for (i = 0; m != NULL && i < m->n_problem; i++)
		print_problem(r, of, m->problem[i]);
	(void)fprintf(
	    r->files, "%s\n    {\"file\": ", r->nfiles++ > 0 ? "," : "");
	json_string_print(of->path, r->files);
	print_member("verdict", verdict_str(of->verdict), r->files);
	if (of->why != NULL)
		print_member("message", of->why, r->files);
	if (m != NULL && m->digest[0] != '\0')
		print_member("digest", m->digest, r->files);
	print_pods(of->verdict == VERDICT_VALID ? m : NULL, r->files);
	(void)fputc('}', r->files);
}

void
report_json_end(struct report *r)
{
	if (fclose(r->files) == EOF)
		fatal("open_memstream");
	(void)printf("%s],\n  \"files\": [", r->nproblems > 0 ? "\n  " : "");
	(void)fwrite(r->files_text, 1, r->files_len, stdout);
	(void)printf("%s]\n}\n", r->nfiles > 0 ? "\n  " : "");
	free(r->files_text);
}
