#include <jansson.h>

#include "common/mtime.h"
#include "ctl/output.h"

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
	return (json_pack("{s:s, s:s, s:s, s:o, s:o, s:i}", "kind",
	    kinds[s->kind], "reason", s->reason, "message", s->message,
	    "startedAt", stamp(s->started_ns), "finishedAt",
	    stamp(s->finished_ns), "exitCode", (int)s->exit_code));
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

static json_t *
pod_json(const Tripod__PodItem *p)
{
	json_t *ips = json_array();
	const Tripod__PodStatus *s = p->status;
	size_t i;

	for (i = 0; s != NULL && i < s->n_pod_ip; i++)
		(void)json_array_append_new(ips, json_string(s->pod_ip[i]));
	return (json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o, "
			  "s:o, s:o, s:o, s:{s:s, s:s}}",
	    "namespace", p->namespace_, "name", p->name, "uid", p->uid, "hash",
	    p->hash, "manifest", p->file, "phase",
	    s == NULL ? "Unknown" : phase_str(s->phase), "state", pod_state(p),
	    "terminating", p->terminating, "startTime",
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

int
output_json(const struct answer *a, FILE *to)
{
	json_t *daemons = json_array(), *files = json_array();
	json_t *pods = json_array(), *all;
	size_t i;
	int rc;

	for (i = 0; i < a->ndaemon; i++)
		(void)json_array_append_new(daemons, daemon_json(a->daemon[i]));
	for (i = 0; i < a->nfile; i++)
		(void)json_array_append_new(files, file_json(a->file[i]));
	for (i = 0; i < a->npod; i++)
		(void)json_array_append_new(pods, pod_json(a->pod[i]));
	all = json_pack("{s:o, s:o, s:o}", "pods", pods, "files", files,
	    "daemons", daemons);
	rc = all == NULL ? -1 : json_dumpf(all, to, JSON_INDENT(2));
	(void)fputc('\n', to); /* json_dumpf() told of trouble */
	json_decref(all);
	return (rc);
}
