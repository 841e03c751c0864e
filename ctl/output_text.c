#include <string.h>

#include "common/mtime.h"
#include "ctl/output.h"

#define CELL_MAX 128
#define COLUMNS 7

struct row {
	char cell[COLUMNS][CELL_MAX];
};

static void
pod_row(struct row *r, const Tripod__PodItem *p)
{
	const Tripod__PodStatus *s = p->status;
	size_t i, ready = 0;
	uint32_t restarts = 0;

	for (i = 0; s != NULL && i < s->n_container; i++) {
		ready += s->container[i]->ready;
		restarts += s->container[i]->restart_count;
	}
	(void)snprintf(r->cell[0], CELL_MAX, "%s/%s", p->namespace_, p->name);
	(void)snprintf(r->cell[1], CELL_MAX, "%s", pod_state(p));
	(void)snprintf(r->cell[2], CELL_MAX, "%zu/%zu", ready,
	    s == NULL ? 0 : s->n_container);
	(void)snprintf(r->cell[3], CELL_MAX, "%u", restarts);
	age_text(r->cell[4], s == NULL ? 0 : s->start_ns, wall_now_ns());
	(void)snprintf(
	    r->cell[5], CELL_MAX, "%s", p->file[0] == '\0' ? "-" : p->file);
	(void)snprintf(r->cell[6], CELL_MAX, "%s",
	    p->mirror == NULL ? "-" : mirror_str(p->mirror->state));
}

static void
widen(size_t width[static COLUMNS], const struct row *r)
{
	size_t i, n;

	for (i = 0; i < COLUMNS; i++)
		if ((n = strlen(r->cell[i])) > width[i])
			width[i] = n;
}

static void
print_row(const struct row *r, const size_t width[static COLUMNS], FILE *to)
{
	size_t i;

	for (i = 0; i < COLUMNS - 1; i++)
		(void)fprintf(to, "%-*s  ", (int)width[i], r->cell[i]);
	(void)fprintf(to, "%s\n", r->cell[i]);
}

static void
print_pods(const struct answer *a, FILE *to)
{
	static const struct row head = { { "POD", "STATE", "READY", "RESTARTS",
	    "AGE", "MANIFEST", "MIRROR" } };
	size_t i, width[COLUMNS] = { 0 };
	struct row r;

	widen(width, &head);
	for (i = 0; i < a->npod; i++) {
		pod_row(&r, a->pod[i]);
		widen(width, &r);
	}
	print_row(&head, width, to);
	for (i = 0; i < a->npod; i++) {
		pod_row(&r, a->pod[i]);
		print_row(&r, width, to);
	}
	if (a->npod == 0)
		(void)fprintf(to, "no pods\n");
}

/* Why pods and mirrors are not as they should be. */
static void
print_reasons(const struct answer *a, FILE *to)
{
	const Tripod__ContainerStatus *c;
	const Tripod__PodItem *p;
	size_t i, j;

	for (i = 0; i < a->npod; i++) {
		p = a->pod[i];
		if (p->status != NULL && p->status->message[0] != '\0')
			(void)fprintf(to, "%s/%s: %s\n", p->namespace_, p->name,
			    p->status->message);
		for (j = 0; p->status && j < p->status->n_container; j++) {
			c = p->status->container[j];
			if (c->state != NULL && c->state->message[0] != '\0')
				(void)fprintf(to,
				    "%s/%s: container %s: %s: "
				    "%s\n",
				    p->namespace_, p->name, c->name,
				    c->state->reason, c->state->message);
		}
		if (p->mirror != NULL && p->mirror->reason[0] != '\0')
			(void)fprintf(to, "%s/%s: mirror: %s\n", p->namespace_,
			    p->name, p->mirror->reason);
	}
}

void
output_problem(const char *file, const Tripod__Problem *p, FILE *to)
{
	(void)fprintf(to, "%s:", file);
	if (p->line > 0) /* else it is about the file as a whole */
		(void)fprintf(to, "%u:%u:", p->line, p->column);
	(void)fprintf(to, " %s%s%s%s\n",
	    p->severity == TRIPOD__PROBLEM__SEVERITY__WARNING ? "warning: "
							      : "",
	    p->field, p->field[0] != '\0' ? ": " : "", p->message);
}

/* Does another file have one of its pods?  Its others are as it says. */
static int
has_rival(const Tripod__FileItem *f)
{
	size_t i;

	for (i = 0; i < f->n_pod; i++)
		if (f->pod[i]->taken_by[0] != '\0')
			return (1);
	return (0);
}

/* What becomes of the pods of a file that is refused. */
static void
print_refused(const Tripod__FileItem *f, FILE *to)
{
	size_t i;

	if (f->n_pod == 0)
		(void)fprintf(to, "%s: refused\n", f->file);
	for (i = 0; i < f->n_pod; i++)
		(void)fprintf(to,
		    "%s: refused; pod %s/%s goes on as last defined\n", f->file,
		    f->pod[i]->namespace_, f->pod[i]->name);
}

static void
print_problems(const struct answer *a, FILE *to)
{
	const Tripod__FileItem *f;
	const Tripod__Problem *p;
	size_t i, j;

	for (i = 0; i < a->nfile; i++) {
		f = a->file[i];
		for (j = 0; j < f->n_problem; j++) {
			p = f->problem[j];
			if (f->state == TRIPOD__MANIFEST__STATE__IGNORED)
				(void)fprintf(to, "%s: ignored: %s\n", f->file,
				    p->message);
			else
				output_problem(f->file, p, to);
		}
		if (f->state == TRIPOD__MANIFEST__STATE__INVALID &&
		    !has_rival(f))
			print_refused(f, to);
	}
}

static void
print_daemons(const struct answer *a, FILE *to)
{
	const Tripod__DaemonItem *d;
	size_t i;

	for (i = 0; i < a->ndaemon; i++) {
		d = a->daemon[i];
		(void)fprintf(to, "%s%s %s%s%s", i > 0 ? ", " : "", d->name,
		    d->up ? "up" : "down", d->note[0] != '\0' ? ": " : "",
		    d->note);
	}
	(void)fprintf(to, "\n");
}

void
output_text(const struct answer *a, FILE *to)
{
	print_pods(a, to);
	print_reasons(a, to);
	print_problems(a, to);
	print_daemons(a, to);
}
