#include <inttypes.h>
#include <string.h>

#include "common/mtime.h"
#include "ctl/output.h"

#define CELL_MAX 128
#define COLUMNS 7

const char *
phase_str(Tripod__Phase phase)
{
	switch (phase) {
	case TRIPOD__PHASE__PHASE_PENDING:
		return ("Pending");
	case TRIPOD__PHASE__PHASE_RUNNING:
		return ("Running");
	case TRIPOD__PHASE__PHASE_SUCCEEDED:
		return ("Succeeded");
	case TRIPOD__PHASE__PHASE_FAILED:
		return ("Failed");
	case _TRIPOD__PHASE_IS_INT_SIZE:
		break;
	}
	return ("Unknown");
}

const char *
mirror_str(Tripod__MirrorItem__State state)
{
	switch (state) {
	case TRIPOD__MIRROR_ITEM__STATE__NONE:
		return ("-");
	case TRIPOD__MIRROR_ITEM__STATE__PENDING:
		return ("pending");
	case TRIPOD__MIRROR_ITEM__STATE__PRESENT:
		return ("present");
	case TRIPOD__MIRROR_ITEM__STATE__REFUSED:
		return ("refused");
	case TRIPOD__MIRROR_ITEM__STATE__CONFLICT:
		return ("conflict");
	case _TRIPOD__MIRROR_ITEM__STATE_IS_INT_SIZE:
		break;
	}
	return ("?");
}

/* Why a container waits, beyond the usual; or NULL. */
static const char *
wait_reason(const Tripod__ContainerStatus *c)
{
	if (c->state == NULL ||
	    c->state->kind != TRIPOD__CONTAINER_STATE__KIND__WAITING ||
	    c->state->reason[0] == '\0' ||
	    strcmp(c->state->reason, "ContainerCreating") == 0 ||
	    strcmp(c->state->reason, "PodInitializing") == 0)
		return (NULL);
	return (c->state->reason);
}

static int
is_initializing(const Tripod__PodStatus *s)
{
	size_t i;

	for (i = 0; i < s->n_condition; i++)
		if (strcmp(s->condition[i]->type, "Initialized") == 0)
			return (!s->condition[i]->status);
	return (0);
}

const char *
pod_state(const Tripod__PodItem *p)
{
	const Tripod__PodStatus *s = p->status;
	const char *reason;
	size_t i;

	if (p->terminating)
		return ("Terminating");
	if (s == NULL)
		return ("Unknown");
	if (s->phase == TRIPOD__PHASE__PHASE_FAILED && s->reason[0] != '\0')
		return (s->reason);
	for (i = 0; i < s->n_init_container; i++)
		if ((reason = wait_reason(s->init_container[i])) != NULL)
			return (reason);
	for (i = 0; i < s->n_container; i++)
		if ((reason = wait_reason(s->container[i])) != NULL)
			return (reason);
	if (s->phase == TRIPOD__PHASE__PHASE_PENDING && is_initializing(s))
		return ("Initializing");
	return (phase_str(s->phase));
}

/* "5s", "12m", "3h", "9d" */
static void
age(char buf[static CELL_MAX], int64_t since_ns)
{
	static const struct {
		int64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	int64_t s = (wall_now_ns() - since_ns) / 1000000000;
	size_t i;

	if (since_ns == 0) {
		(void)snprintf(buf, CELL_MAX, "-");
		return;
	}
	if (s < 0)
		s = 0;
	for (i = 0; i < 3 && s < 2 * units[i].seconds; i++)
		;
	(void)snprintf(buf, CELL_MAX, "%" PRId64 "%c", s / units[i].seconds,
	    units[i].unit);
}

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
	age(r->cell[4], s == NULL ? 0 : s->start_ns);
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

static void
print_problem(const char *file, const Tripod__Problem *p, FILE *to)
{
	(void)fprintf(to, "%s:", file);
	if (p->line > 0) /* else it is about the file as a whole */
		(void)fprintf(to, "%u:%u:", p->line, p->column);
	(void)fprintf(to, " %s%s%s%s\n",
	    p->severity == TRIPOD__PROBLEM__SEVERITY__WARNING ? "warning: "
							      : "",
	    p->field, p->field[0] != '\0' ? ": " : "", p->message);
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
				print_problem(f->file, p, to);
		}
		if (f->state != TRIPOD__MANIFEST__STATE__INVALID)
			continue;
		if (f->n_pod == 0)
			(void)fprintf(to, "%s: refused\n", f->file);
		for (j = 0; j < f->n_pod; j++) {
			if (f->pod[j]->taken_by[0] == '\0')
				(void)fprintf(to,
				    "%s: refused; pod %s/%s goes on as "
				    "last defined\n",
				    f->file, f->pod[j]->namespace_,
				    f->pod[j]->name);
		}
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
