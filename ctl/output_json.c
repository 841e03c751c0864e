#include <jansson.h>

#include "common/mtime.h"
#include "ctl/output.h"
#include "ipc/words.h"

/* A stamp, or null when there is none. */
static json_t *
stamp(int64_t ns)
{
	char buf[RFC3339_MAX];

	if (ns == 0)
		return (json_null());
	rfc3339_nano(buf, ns);
	return (json_string(buf));
}

static json_t *
daemon_json(const Tripod__DaemonItem *d)
{
	return (json_pack("{s:s, s:b, s:s, s:i, s:o, s:s}", "name", d->name,
	    "up", d->up, "version", d->version, "pid", (int)d->pid, "since",
	    stamp(d->since_ns), "note", d->note));
}

static json_t *
problem_json(const Tripod__Problem *p)
{
	return (json_pack("{s:s, s:i, s:i, s:s, s:s}", "severity",
	    p->severity == TRIPOD__PROBLEM__SEVERITY__WARNING ? "warning"
							      : "error",
	    "line", (int)p->line, "column", (int)p->column, "field", p->field,
	    "message", p->message));
}

static json_t *
file_json(const Tripod__FileItem *f)
{
	static const char *const states[] = { "gone", "valid", "invalid",
		"ignored" };
	json_t *problems = json_array(), *pods = json_array();
	size_t i;

	for (i = 0; i < f->n_problem; i++)
		(void)json_array_append_new(
		    problems, problem_json(f->problem[i]));
	for (i = 0; i < f->n_pod; i++)
		(void)json_array_append_new(pods,
		    json_pack("{s:s, s:s, s:s, s:s}", "namespace",
			f->pod[i]->namespace_, "name", f->pod[i]->name, "uid",
			f->pod[i]->uid, "takenBy", f->pod[i]->taken_by));
	return (json_pack("{s:s, s:b, s:s, s:o, s:o, s:o}", "file", f->file,
	    "valid", f->state == TRIPOD__MANIFEST__STATE__VALID, "state",
	    f->state < sizeof(states) / sizeof(states[0]) ? states[f->state]
							  : "?",
	    "since", stamp(f->since_ns), "problems", problems, "pods", pods));
}

static json_t *
state_json(const Tripod__ContainerState *s)
{
	static const char *const kinds[] = { "waiting", "running",
		"terminated" };

	if (s == NULL || s->kind > TRIPOD__CONTAINER_STATE__KIND__TERMINATED)
		return (json_null());
	return (json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:o}", "kind",
	    kinds[s->kind], "reason", s->reason, "message", s->message,
	    "startedAt", stamp(s->started_ns), "finishedAt",
	    stamp(s->finished_ns), "exitCode", (int)s->exit_code, "signal",
	    s->exit_code > 128 && s->exit_code <= 128 + 64
		? json_integer(s->exit_code - 128)
		: json_null()));
}

static json_t *
container_json(const Tripod__ContainerStatus *c)
{
	return (json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:o, s:o, s:o}",
	    "name", c->name, "image", c->image, "imageID", c->image_id,
	    "containerID", c->container_id, "restartCount",
	    (int)c->restart_count, "ready", c->ready, "started", c->started,
	    "state", state_json(c->state), "lastState",
	    state_json(c->last_state), "nextTry", stamp(c->retry_ns)));
}

static json_t *
containers_json(Tripod__ContainerStatus *const *list, size_t n)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		(void)json_array_append_new(out, container_json(list[i]));
	return (out);
}

/* Of each condition whether it holds, by its type. */
static json_t *
conditions_json(const Tripod__PodStatus *s)
{
	json_t *out = json_object();
	size_t i;

	for (i = 0; s != NULL && i < s->n_condition; i++)
		(void)json_object_set_new(out, s->condition[i]->type,
		    json_boolean(s->condition[i]->status));
	return (out);
}

/* The same with all that is known of each. */
static json_t *
condition_list_json(const Tripod__PodStatus *s)
{
	json_t *out = json_array();
	const Tripod__Condition *c;
	size_t i;

	for (i = 0; s != NULL && i < s->n_condition; i++) {
		c = s->condition[i];
		(void)json_array_append_new(out,
		    json_pack("{s:s, s:b, s:s, s:s, s:o}", "type", c->type,
			"status", c->status, "reason", c->reason, "message",
			c->message, "since", stamp(c->transition_ns)));
	}
	return (out);
}

static json_t *
probes_json(const Tripod__ContainerDetail *d)
{
	json_t *out = json_array();
	const Tripod__ProbeDetail *p;
	size_t i;

	for (i = 0; i < d->n_probe; i++) {
		p = d->probe[i];
		(void)json_array_append_new(out,
		    json_pack("{s:s, s:o, s:s, s:o}", "kind", p->kind, "good",
			p->known ? json_boolean(p->good) : json_null(),
			"message", p->message, "triedAt", stamp(p->tried_ns)));
	}
	return (out);
}

/* What holds up the pod and its containers, by their names. */
static json_t *
detail_json(const Tripod__PodDetail *d)
{
	json_t *containers = json_object();
	const Tripod__ContainerDetail *c;
	size_t i;

	if (d == NULL)
		return (json_null());
	for (i = 0; i < d->n_container; i++) {
		c = d->container[i];
		(void)json_object_set_new(containers, c->name,
		    json_pack("{s:s, s:o, s:o}", "waits", c->waits, "until",
			stamp(c->until_ns), "probes", probes_json(c)));
	}
	return (json_pack("{s:s, s:o, s:o}", "waits", d->waits, "until",
	    stamp(d->until_ns), "containers", containers));
}

static json_t *
pod_json(const Tripod__PodItem *p)
{
	json_t *ips = json_array();
	const Tripod__PodStatus *s = p->status;
	size_t i;

	for (i = 0; s != NULL && i < s->n_pod_ip; i++)
		(void)json_array_append_new(ips, json_string(s->pod_ip[i]));
	return (json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, "
			  "s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:s}}",
	    "namespace", p->namespace_, "name", p->name, "uid", p->uid, "hash",
	    p->hash, "manifest", p->file, "phase",
	    s == NULL ? "Unknown" : phase_str(s->phase), "state", pod_state(p),
	    "terminating", p->terminating, "ready", pod_is_ready(p), "qosClass",
	    s == NULL ? "" : s->qos_class, "detail", detail_json(p->detail),
	    "conditionList", condition_list_json(s), "startTime",
	    stamp(s == NULL ? 0 : s->start_ns), "podIPs", ips, "conditions",
	    conditions_json(s), "initContainers",
	    containers_json(s == NULL ? NULL : s->init_container,
		s == NULL ? 0 : s->n_init_container),
	    "containers",
	    containers_json(s == NULL ? NULL : s->container,
		s == NULL ? 0 : s->n_container),
	    "mirror", "state",
	    p->mirror == NULL ? "-" : mirror_str(p->mirror->state), "reason",
	    p->mirror == NULL ? "" : p->mirror->reason));
}

/* Takes the value; -1: there is none, or the output failed. */
static int
dump(json_t *all, size_t flags, FILE *to)
{
	int rc = all == NULL ? -1 : json_dumpf(all, to, flags);

	if (fputc('\n', to) == EOF)
		rc = -1;
	json_decref(all);
	return (rc);
}

int
output_pod_json(const Tripod__PodItem *p, const Tripod__FileItem *f, FILE *to)
{
	json_t *pod = pod_json(p);

	if (json_object_set_new(
		pod, "file", f == NULL ? json_null() : file_json(f)) == -1) {
		json_decref(pod);
		pod = NULL;
	}
	return (dump(pod, JSON_INDENT(2), to));
}

int
output_event_json(const Tripod__EventItem *e, FILE *to)
{
	return (dump(
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o, "
		      "s:o, s:b}",
		"namespace", e->namespace_, "pod", e->name, "uid", e->uid,
		"field", e->field, "type", e->warning ? "Warning" : "Normal",
		"reason", e->reason, "message", e->message, "count",
		(int)e->count, "first", stamp(e->first_ns), "last",
		stamp(e->last_ns), "lost", e->lost),
	    JSON_COMPACT, to));
}

static json_t *
plan_json(const Tripod__PlanItem *p)
{
	json_t *actions = json_array();
	const Tripod__PlanAction *a;
	size_t i;

	for (i = 0; i < p->n_action; i++) {
		a = p->action[i];
		(void)json_array_append_new(actions,
		    json_pack("{s:s, s:s, s:s, s:i, s:I, s:s}", "kind", a->kind,
			"container", a->container, "id", a->id, "attempt",
			(int)a->attempt, "graceSeconds",
			(json_int_t)a->grace_seconds, "reason", a->reason));
	}
	return (json_pack("{s:s, s:s, s:s, s:o, s:i, s:s, s:o}", "namespace",
	    p->namespace_, "name", p->name, "uid", p->uid, "actions", actions,
	    "underWay", (int)p->under_way, "waits", p->waits, "nextLook",
	    stamp(p->wake_ns)));
}

int
output_plan_json(const struct answer *a, FILE *to)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < a->nplan; i++)
		(void)json_array_append_new(all, plan_json(a->plan[i]));
	return (dump(all, JSON_INDENT(2), to));
}

int
output_json(const struct answer *a, FILE *to)
{
	json_t *daemons = json_array(), *files = json_array();
	json_t *pods = json_array(), *all;
	size_t i;

	for (i = 0; i < a->ndaemon; i++)
		(void)json_array_append_new(daemons, daemon_json(a->daemon[i]));
	for (i = 0; i < a->nfile; i++)
		(void)json_array_append_new(files, file_json(a->file[i]));
	for (i = 0; i < a->npod; i++)
		(void)json_array_append_new(pods, pod_json(a->pod[i]));
	all = json_pack("{s:o, s:o, s:o}", "pods", pods, "files", files,
	    "daemons", daemons);
	return (dump(all, JSON_INDENT(2), to));
}
