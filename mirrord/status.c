#include "mirrord/status.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/mtime.h"
#include "ipc/words.h"
#include "mirrord/apijson.h"

static void
put_text(json_t *object, const char *key, const char *s, size_t max)
{
	if (s != NULL && *s != '\0')
		(void)json_object_set_new(object, key, json_safe(s, max));
}

/* Zero is "unknown" and left out. */
static void
put_time(json_t *object, const char *key, int64_t ns)
{
	char stamp[RFC3339_MAX];

	if (ns == 0)
		return;
	rfc3339(stamp, ns);
	(void)json_object_set_new(object, key, json_string(stamp));
}

static json_t *
terminated_build(const Tripod__ContainerState *st, size_t message_max)
{
	json_t *t = json_object();

	(void)json_object_set_new(t, "exitCode", json_integer(st->exit_code));
	put_text(t, "reason", st->reason, STATUS_TEXT_MAX);
	put_text(t, "message", st->message, message_max);
	put_time(t, "startedAt", st->started_ns);
	put_time(t, "finishedAt", st->finished_ns);
	put_text(t, "containerID", st->container_id, STATUS_TEXT_MAX);
	return (t);
}

static json_t *
state_build(const Tripod__ContainerState *st, size_t message_max)
{
	json_t *out = json_object(), *inner;

	if (st == NULL)
		return (out);
	switch (st->kind) {
	case TRIPOD__CONTAINER_STATE__KIND__WAITING:
		inner = json_object();
		/* An empty object would look like no state at all. */
		put_text(inner, "reason",
		    *st->reason != '\0' ? st->reason : "ContainerCreating",
		    STATUS_TEXT_MAX);
		put_text(inner, "message", st->message, STATUS_TEXT_MAX);
		(void)json_object_set_new(out, "waiting", inner);
		break;
	case TRIPOD__CONTAINER_STATE__KIND__RUNNING:
		inner = json_object();
		put_time(inner, "startedAt", st->started_ns);
		(void)json_object_set_new(out, "running", inner);
		break;
	case TRIPOD__CONTAINER_STATE__KIND__TERMINATED:
		(void)json_object_set_new(
		    out, "terminated", terminated_build(st, message_max));
		break;
	default: /* NONE */
		break;
	}
	return (out);
}

static json_t *
container_build(const Tripod__ContainerStatus *c, size_t message_max)
{
	json_t *out = json_object();

	(void)json_object_set_new(
	    out, "name", json_safe(c->name, STATUS_TEXT_MAX));
	(void)json_object_set_new(
	    out, "image", json_safe(c->image, STATUS_TEXT_MAX));
	(void)json_object_set_new(
	    out, "imageID", json_safe(c->image_id, STATUS_TEXT_MAX));
	put_text(out, "containerID", c->container_id, STATUS_TEXT_MAX);
	(void)json_object_set_new(
	    out, "restartCount", json_integer(c->restart_count));
	(void)json_object_set_new(out, "ready", json_boolean(c->ready));
	(void)json_object_set_new(out, "started", json_boolean(c->started));
	(void)json_object_set_new(
	    out, "state", state_build(c->state, message_max));
	(void)json_object_set_new(
	    out, "lastState", state_build(c->last_state, message_max));
	return (out);
}

static int
by_name(const void *a, const void *b)
{
	const Tripod__ContainerStatus *const *x = a, *const *y = b;

	return (strcmp((*x)->name, (*y)->name));
}

/* In the order given; all messages of a pod share one limit. */
static json_t *
containers_build(
    Tripod__ContainerStatus *const *list, size_t n, size_t message_max)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		(void)json_array_append_new(
		    out, container_build(list[i], message_max));
	return (out);
}

/* Init containers have the order of the manifest, others are sorted. */
static void
put_containers(json_t *out, const Tripod__PodStatus *st)
{
	Tripod__ContainerStatus **sorted;
	size_t n = st->n_container + st->n_init_container, max;

	max = n == 0 ? 0 : STATUS_MESSAGES_MAX / n;
	sorted = xcalloc(st->n_container + 1, sizeof(*sorted));
	if (st->n_container > 0)
		memcpy(
		    sorted, st->container, st->n_container * sizeof(*sorted));
	qsort(sorted, st->n_container, sizeof(*sorted), by_name);
	(void)json_object_set_new(out, "containerStatuses",
	    containers_build(sorted, st->n_container, max));
	if (st->n_init_container > 0)
		(void)json_object_set_new(out, "initContainerStatuses",
		    containers_build(
			st->init_container, st->n_init_container, max));
	free(sorted);
}

static json_t *
conditions_build(const Tripod__PodStatus *st)
{
	json_t *out = json_array(), *c;
	const Tripod__Condition *in;
	size_t i;

	for (i = 0; i < st->n_condition; i++) {
		in = st->condition[i];
		c = json_object();
		(void)json_object_set_new(
		    c, "type", json_safe(in->type, STATUS_TEXT_MAX));
		(void)json_object_set_new(
		    c, "status", json_string(in->status ? "True" : "False"));
		put_time(c, "lastTransitionTime", in->transition_ns);
		put_text(c, "reason", in->reason, STATUS_TEXT_MAX);
		put_text(c, "message", in->message, STATUS_TEXT_MAX);
		(void)json_array_append_new(out, c);
	}
	return (out);
}

/* One address and the list of all, at most one more (3.5). */
static void
put_addresses(
    json_t *out, const char *one, const char *many, char *const *ip, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n && i < 2; i++)
		(void)json_array_append_new(
		    list, json_pack("{s:o}", "ip", json_safe(ip[i], 64)));
	if (n > 0)
		(void)json_object_set_new(out, one, json_safe(ip[0], 64));
	(void)json_object_set_new(out, many, list);
}

json_t *
status_build(const Tripod__PodStatus *st)
{
	json_t *out = json_object();

	(void)json_object_set_new(
	    out, "phase", json_string(phase_str(st->phase)));
	put_text(out, "reason", st->reason, STATUS_TEXT_MAX);
	put_text(out, "message", st->message, STATUS_TEXT_MAX);
	put_addresses(out, "hostIP", "hostIPs", st->host_ip, st->n_host_ip);
	put_addresses(out, "podIP", "podIPs", st->pod_ip, st->n_pod_ip);
	put_time(out, "startTime", st->start_ns);
	(void)json_object_set_new(out, "conditions", conditions_build(st));
	put_containers(out, st);
	return (out);
}

static const json_t *
condition_find(const json_t *conditions, const char *type)
{
	const json_t *c;
	const char *t;
	size_t i;

	for (i = 0; i < json_array_size(conditions); i++) {
		c = json_array_get(conditions, i);
		t = json_text(c, "type");
		if (t != NULL && strcmp(t, type) == 0)
			return (c);
	}
	return (NULL);
}

static int
member_same(const json_t *a, const json_t *b, const char *key)
{
	return (json_same(json_object_get(a, key), json_object_get(b, key)));
}

/* Only types we own; times do not count. */
static int
conditions_differ(const json_t *want, const json_t *seen)
{
	const json_t *w, *s;
	size_t i;

	for (i = 0; i < json_array_size(want); i++) {
		w = json_array_get(want, i);
		s = condition_find(seen, json_text(w, "type"));
		if (!member_same(w, s, "status") ||
		    !member_same(w, s, "reason") ||
		    !member_same(w, s, "message"))
			return (1);
	}
	return (0);
}

/* Replaced as a whole or not at all. */
static const char *const plain_members[] = { "phase", "reason", "message",
	"hostIP", "hostIPs", "podIP", "podIPs", "containerStatuses",
	"initContainerStatuses" };
#define PLAIN_MEMBERS (sizeof(plain_members) / sizeof(plain_members[0]))

int
status_differs(const json_t *want, const json_t *seen)
{
	size_t i;

	for (i = 0; i < PLAIN_MEMBERS; i++)
		if (!member_same(want, seen, plain_members[i]))
			return (1);
	if (json_object_get(want, "startTime") != NULL &&
	    json_text(seen, "startTime") == NULL)
		return (1);
	return (conditions_differ(json_object_get(want, "conditions"),
	    json_object_get(seen, "conditions")));
}

static json_t *
member_or_null(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	return (v == NULL ? json_null() : json_incref(v));
}

/* Merged by type: what shall go must be null. */
static json_t *
conditions_patch(const json_t *want, const json_t *seen)
{
	json_t *out = json_array(), *c;
	const json_t *w, *s;
	const char *when;
	size_t i;

	for (i = 0; i < json_array_size(want); i++) {
		w = json_array_get(want, i);
		s = condition_find(seen, json_text(w, "type"));
		c = json_object();
		(void)json_object_update(c, json_array_get(want, i));
		(void)json_object_set_new(
		    c, "reason", member_or_null(w, "reason"));
		(void)json_object_set_new(
		    c, "message", member_or_null(w, "message"));
		when = json_text(s, "lastTransitionTime");
		if (when != NULL && member_same(w, s, "status"))
			(void)json_object_set_new(
			    c, "lastTransitionTime", json_string(when));
		(void)json_array_append_new(out, c);
	}
	return (out);
}

/* Lists merged by their key need a directive to lose an element. */
static json_t *
list_patch(const json_t *want)
{
	json_t *out = json_array();

	(void)json_array_append_new(
	    out, json_pack("{s:s}", "$patch", "replace"));
	if (want != NULL)
		(void)json_array_extend(out, json_unconst(want));
	return (out);
}

static int
is_merged_list(const char *key)
{
	return (strcmp(key, "hostIPs") == 0 || strcmp(key, "podIPs") == 0);
}

json_t *
status_patch(const json_t *want, const json_t *seen, const char *uid)
{
	json_t *out = json_object();
	const char *key;
	size_t i;

	for (i = 0; i < PLAIN_MEMBERS; i++) {
		key = plain_members[i];
		if (member_same(want, seen, key))
			continue;
		(void)json_object_set_new(out, key,
		    is_merged_list(key) ? list_patch(json_object_get(want, key))
					: member_or_null(want, key));
	}
	if (json_object_get(want, "startTime") != NULL &&
	    json_text(seen, "startTime") == NULL)
		(void)json_object_set_new(
		    out, "startTime", member_or_null(want, "startTime"));
	if (conditions_differ(json_object_get(want, "conditions"),
		json_object_get(seen, "conditions")))
		(void)json_object_set_new(out, "conditions",
		    conditions_patch(json_object_get(want, "conditions"),
			json_object_get(seen, "conditions")));
	return (
	    json_pack("{s:{s:s},s:o}", "metadata", "uid", uid, "status", out));
}

static const json_t *
container_find(const json_t *list, const char *name)
{
	const json_t *c;
	const char *n;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		c = json_array_get(list, i);
		n = json_text(c, "name");
		if (n != NULL && name != NULL && strcmp(n, name) == 0)
			return (c);
	}
	return (NULL);
}

/* How it ended at the server, if it shall live again; else NULL. */
static const json_t *
revived(const json_t *want, const json_t *seen)
{
	const json_t *ended = json_object_get(
	    json_object_get(seen, "state"), "terminated");

	if (!json_is_object(ended) ||
	    json_is_object(
		json_object_get(json_object_get(want, "state"), "terminated")))
		return (NULL);
	return (ended);
}

/* Of an init container: one that has succeeded is ready, a sidecar not. */
static int
init_is_forbidden(const json_t *want, const json_t *seen)
{
	return (revived(want, seen) != NULL &&
	    json_is_true(json_object_get(seen, "ready")));
}

static int
container_is_forbidden(
    const json_t *want, const json_t *seen, enum status_restart policy)
{
	const json_t *ended = revived(want, seen);

	return (ended != NULL &&
	    (policy == STATUS_NEVER ||
		json_integer_value(json_object_get(ended, "exitCode")) == 0));
}

int
status_forbidden(
    const json_t *want, const json_t *seen, enum status_restart policy)
{
	static const char *const lists[] = { "containerStatuses",
		"initContainerStatuses" };
	const json_t *list, *w, *s;
	size_t i, kind;

	if (policy == STATUS_ALWAYS)
		return (0);
	for (kind = 0; kind < 2; kind++) {
		list = json_object_get(want, lists[kind]);
		for (i = 0; i < json_array_size(list); i++) {
			w = json_array_get(list, i);
			s = container_find(json_object_get(seen, lists[kind]),
			    json_text(w, "name"));
			if (kind == 0 ? container_is_forbidden(w, s, policy)
				      : init_is_forbidden(w, s))
				return (1);
		}
	}
	return (0);
}
