/*
 * One pod, and what happened, for people.
 */
#include <inttypes.h>
#include <string.h>

#include "common/mtime.h"
#include "ctl/output.h"

#define LABEL "  %-12s "

static void
line(FILE *to, const char *label, const char *value)
{
	if (value[0] != '\0')
		(void)fprintf(to, LABEL "%s\n", label, value);
}

/* "5s ago" */
static void
ago(FILE *to, int64_t ns)
{
	char age[PODS_AGE_MAX];

	age_text(age, ns, wall_now_ns());
	(void)fprintf(to, "%s ago", age);
}

static void
print_state(const Tripod__ContainerStatus *c, FILE *to)
{
	const Tripod__ContainerState *s = c->state;
	char code[PODS_AGE_MAX];

	(void)fprintf(to, LABEL, "state");
	switch (s->kind) {
	case TRIPOD__CONTAINER_STATE__KIND__RUNNING:
		(void)fprintf(to, "running, %s%s, started ",
		    c->started ? "started" : "not started yet",
		    c->ready ? ", ready" : ", not ready");
		ago(to, s->started_ns);
		break;
	case TRIPOD__CONTAINER_STATE__KIND__TERMINATED:
		exit_text(code, s->exit_code);
		(void)fprintf(to, "ended with %s%s%s", code,
		    s->reason[0] != '\0' ? ", " : "", s->reason);
		if (s->finished_ns != 0) {
			(void)fprintf(to, ", ");
			ago(to, s->finished_ns);
		}
		break;
	case TRIPOD__CONTAINER_STATE__KIND__WAITING:
		(void)fprintf(to, "waiting%s%s",
		    s->reason[0] != '\0' ? ": " : "", s->reason);
		break;
	case TRIPOD__CONTAINER_STATE__KIND__NONE:
	case _TRIPOD__CONTAINER_STATE__KIND_IS_INT_SIZE:
		(void)fprintf(to, "unknown");
		break;
	}
	(void)fprintf(to, "\n");
	line(to, "message", s->message);
}

static void
print_last(const Tripod__ContainerState *s, FILE *to)
{
	char code[PODS_AGE_MAX];

	if (s == NULL || s->kind != TRIPOD__CONTAINER_STATE__KIND__TERMINATED)
		return;
	exit_text(code, s->exit_code);
	(void)fprintf(to, LABEL "%s%s%s, ", "last exit", code,
	    s->reason[0] != '\0' ? ", " : "", s->reason);
	ago(to, s->finished_ns);
	(void)fprintf(to, ", ran for %" PRId64 "s%s%s\n",
	    (s->finished_ns - s->started_ns) / 1000000000,
	    s->message[0] != '\0' ? ": " : "", s->message);
}

static void
print_probe(const Tripod__ProbeDetail *p, FILE *to)
{
	(void)fprintf(to, LABEL "%s: %s", "probe", p->kind,
	    !p->known	  ? "no verdict yet"
		: p->good ? "good"
			  : "bad");
	if (p->tried_ns != 0) {
		(void)fprintf(to, ", tried ");
		ago(to, p->tried_ns);
	}
	(void)fprintf(
	    to, "%s%s\n", p->message[0] != '\0' ? ": " : "", p->message);
}

static void
print_waits(const char *waits, int64_t until_ns, FILE *to)
{
	char until[RFC3339_MAX];

	if (waits[0] == '\0')
		return;
	(void)fprintf(to, LABEL "%s", "because", waits);
	if (until_ns != 0) {
		rfc3339(until, until_ns);
		(void)fprintf(to, ", again at %s", until);
	}
	(void)fprintf(to, "\n");
}

static const char *
kind_str(Tripod__ContainerDetail__Kind kind)
{
	switch (kind) {
	case TRIPOD__CONTAINER_DETAIL__KIND__INIT:
		return ("init container");
	case TRIPOD__CONTAINER_DETAIL__KIND__SIDECAR:
		return ("sidecar");
	case TRIPOD__CONTAINER_DETAIL__KIND__REGULAR:
	case _TRIPOD__CONTAINER_DETAIL__KIND_IS_INT_SIZE:
		break;
	}
	return ("container");
}

static void
print_container(
    const Tripod__PodItem *p, const Tripod__ContainerDetail *d, FILE *to)
{
	const Tripod__ContainerStatus *c = pod_container(p, d->name);
	size_t i;

	(void)fprintf(to, "\n%s %s\n", kind_str(d->kind), d->name);
	if (c != NULL && c->state != NULL)
		print_state(c, to);
	print_waits(d->waits, d->until_ns, to);
	if (c != NULL) {
		(void)fprintf(to, LABEL "%u\n", "restarts", c->restart_count);
		print_last(c->last_state, to);
	}
	for (i = 0; i < d->n_probe; i++)
		print_probe(d->probe[i], to);
	if (c == NULL)
		return;
	line(to, "image", c->image);
	line(to, "image id", c->image_id);
	line(to, "id", c->container_id);
}

static void
print_conditions(const Tripod__PodStatus *s, FILE *to)
{
	const Tripod__Condition *c;
	size_t i;

	for (i = 0; i < s->n_condition; i++) {
		c = s->condition[i];
		(void)fprintf(to, LABEL "%s: %s", i == 0 ? "conditions" : "",
		    c->type, c->status ? "yes" : "no");
		if (c->reason[0] != '\0')
			(void)fprintf(to, ", %s", c->reason);
		if (c->message[0] != '\0')
			(void)fprintf(to, ": %s", c->message);
		(void)fprintf(to, ", since ");
		ago(to, c->transition_ns);
		(void)fprintf(to, "\n");
	}
}

static void
print_list(const char *label, char *const *value, size_t n, FILE *to)
{
	size_t i;

	if (n > 0)
		(void)fprintf(to, LABEL, label);
	for (i = 0; i < n; i++)
		(void)fprintf(to, "%s%s", value[i], i + 1 < n ? ", " : "\n");
}

static void
print_status(const Tripod__PodStatus *s, FILE *to)
{
	line(to, "reason", s->reason);
	line(to, "message", s->message);
	print_list("pod ip", s->pod_ip, s->n_pod_ip, to);
	print_list("host ip", s->host_ip, s->n_host_ip, to);
	line(to, "qos class", s->qos_class);
	if (s->start_ns != 0) {
		(void)fprintf(to, LABEL, "started");
		ago(to, s->start_ns);
		(void)fprintf(to, "\n");
	}
	print_conditions(s, to);
}

static void
print_file(const Tripod__FileItem *f, FILE *to)
{
	size_t i;

	if (f == NULL || f->n_problem == 0)
		return;
	(void)fprintf(to, "\n");
	for (i = 0; i < f->n_problem; i++)
		output_problem(f->file, f->problem[i], to);
	if (f->state == TRIPOD__MANIFEST__STATE__INVALID)
		(void)fprintf(to,
		    "%s: refused; the pod goes on as last defined\n", f->file);
}

void
output_pod(const Tripod__PodItem *p, const Tripod__FileItem *f, FILE *to)
{
	size_t i;

	(void)fprintf(to, "%s/%s\n", p->namespace_, p->name);
	(void)fprintf(to, LABEL "%s%s\n", "state", pod_state(p),
	    pod_is_ready(p) ? ", ready" : "");
	if (p->detail != NULL)
		print_waits(p->detail->waits, p->detail->until_ns, to);
	line(to, "manifest", p->file);
	line(to, "uid", p->uid);
	line(to, "hash", p->hash);
	if (p->mirror != NULL)
		(void)fprintf(to, LABEL "%s%s%s\n", "mirror",
		    mirror_str(p->mirror->state),
		    p->mirror->reason[0] != '\0' ? ": " : "",
		    p->mirror->reason);
	if (p->status != NULL)
		print_status(p->status, to);
	for (i = 0; p->detail != NULL && i < p->detail->n_container; i++)
		print_container(p, p->detail->container[i], to);
	print_file(f, to);
}

/* The name in "spec.containers{name}". */
static const char *
field_container(const char *field, int *len)
{
	const char *open = strchr(field, '{');

	*len = 0;
	if (open == NULL)
		return ("");
	*len = (int)strcspn(open + 1, "}");
	return (open + 1);
}

void
output_event(const Tripod__EventItem *e, FILE *to)
{
	char when[RFC3339_MAX];
	const char *container;
	int len;

	rfc3339(when, e->last_ns);
	container = field_container(e->field, &len);
	if (e->lost)
		(void)fprintf(to,
		    "(some events before this one are not kept "
		    "any more)\n");
	(void)fprintf(to, "%s  %-7s  %-16s  %s%s%s%s%.*s: %s", when,
	    e->warning ? "Warning" : "Normal", e->reason,
	    e->namespace_[0] == '\0' ? "node" : e->namespace_,
	    e->namespace_[0] == '\0' ? " " : "/", e->name, len > 0 ? " " : "",
	    len, container, e->message);
	if (e->count > 1) {
		rfc3339(when, e->first_ns);
		(void)fprintf(to, " (%u times since %s)", e->count, when);
	}
	(void)fprintf(to, "\n");
}

static void
print_action(const Tripod__PlanAction *a, FILE *to)
{
	(void)fprintf(to, "  %s", a->kind);
	if (a->container[0] != '\0')
		(void)fprintf(to, " container %s", a->container);
	if (strcmp(a->kind, "create") == 0 ||
	    strcmp(a->kind, "run sandbox") == 0)
		(void)fprintf(to, " (attempt %u)", a->attempt);
	if (a->grace_seconds > 0)
		(void)fprintf(to, " (within %" PRId64 "s)", a->grace_seconds);
	(void)fprintf(to, ": %s\n", a->reason);
}

void
output_plan(const Tripod__PlanItem *p, FILE *to)
{
	char when[RFC3339_MAX];
	size_t i;

	(void)fprintf(to, "%s/%s (%.8s)\n", p->namespace_, p->name, p->uid);
	for (i = 0; i < p->n_action; i++)
		print_action(p->action[i], to);
	if (p->under_way > 0)
		(void)fprintf(to, "  %u under way\n", p->under_way);
	else if (p->n_action == 0)
		(void)fprintf(to, "  nothing is to be done\n");
	if (p->waits[0] != '\0')
		(void)fprintf(to, "  because %s\n", p->waits);
	if (p->wake_ns == 0) {
		(void)fprintf(to, "  looks again when something happens\n");
		return;
	}
	rfc3339(when, p->wake_ns);
	(void)fprintf(to, "  looks again at %s at the latest\n", when);
}
