#include "reconciled/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void
text_set(char **to, const char *from)
{
	char *copy = from == NULL ? NULL : xstrdup(from);

	free(*to);
	*to = copy;
}

const char *
stop_cause_str(enum stop_cause cause)
{
	switch (cause) {
	case STOP_NONE:
		break;
	case STOP_END:
		return ("the pod ends");
	case STOP_SURPLUS:
		return ("unknown state, or no place in the manifest");
	case STOP_SANDBOX:
		return ("its sandbox must be replaced");
	case STOP_UNHEALTHY:
		return ("a probe has failed");
	case STOP_POST_START:
		return ("its postStart hook has failed");
	case STOP_RESTART_ALL:
		return ("all containers begin anew");
	case STOP_ASKED:
		return ("a restart was asked for");
	}
	return ("");
}

int
container_may_run(const struct seen_container *c)
{
	return (c->state == SEEN_RUNNING || c->state == SEEN_UNKNOWN);
}

int
container_is_starting(const struct seen_container *c)
{
	return (c->state == SEEN_CREATED && c->busy);
}

int
pod_has_running(const struct pod_seen *seen)
{
	const struct seen_container *c;

	TAILQ_FOREACH (c, &seen->containers, entry)
		if (container_may_run(c))
			return (1);
	return (0);
}

int
pod_will_run(const struct pod_seen *seen)
{
	const struct seen_container *c;

	TAILQ_FOREACH (c, &seen->containers, entry)
		if (container_is_starting(c))
			return (1);
	return (pod_has_running(seen));
}

int
pod_is_live(const struct pod_seen *seen)
{
	const struct seen_sandbox *s;

	TAILQ_FOREACH (s, &seen->sandboxes, entry)
		if (s->ready)
			return (1);
	return (pod_has_running(seen));
}

int
pod_holds_network(const struct pod_seen *seen)
{
	const struct seen_sandbox *s;

	TAILQ_FOREACH (s, &seen->sandboxes, entry)
		if (!s->stopped)
			return (1);
	return (pod_is_live(seen));
}

int
pod_is_gone(const struct pod_seen *seen)
{
	return (
	    TAILQ_EMPTY(&seen->sandboxes) && TAILQ_EMPTY(&seen->containers));
}

struct seen_sandbox *
sandbox_newest(const struct pod_seen *seen)
{
	return (TAILQ_FIRST(&seen->sandboxes));
}

struct seen_sandbox *
sandbox_find(const struct pod_seen *seen, const char *id)
{
	struct seen_sandbox *s;

	TAILQ_FOREACH (s, &seen->sandboxes, entry)
		if (strcmp(s->id, id) == 0)
			return (s);
	return (NULL);
}

/* Order of instances: attempt, then time. */
static int
is_newer(uint32_t attempt, int64_t created, uint32_t than, int64_t than_created)
{
	return (attempt > than || (attempt == than && created > than_created));
}

struct seen_sandbox *
sandbox_add(
    struct pod_seen *seen, const char *id, uint32_t attempt, int64_t created_ns)
{
	struct seen_sandbox *s = xcalloc(1, sizeof(*s)), *o;

	s->id = xstrdup(id);
	s->hash = xstrdup("");
	s->attempt = attempt;
	s->created_ns = created_ns;
	TAILQ_FOREACH (o, &seen->sandboxes, entry)
		if (is_newer(attempt, created_ns, o->attempt, o->created_ns))
			break;
	if (o != NULL)
		TAILQ_INSERT_BEFORE(o, s, entry);
	else
		TAILQ_INSERT_TAIL(&seen->sandboxes, s, entry);
	return (s);
}

void
sandbox_drop(struct pod_seen *seen, struct seen_sandbox *s)
{
	TAILQ_REMOVE(&seen->sandboxes, s, entry);
	free(s->id);
	free(s->hash);
	sandbox_set_ips(s, NULL, 0);
	free(s);
}

void
sandbox_set_ips(struct seen_sandbox *s, char *const *ip, size_t n)
{
	size_t i;

	for (i = 0; i < s->n_ip; i++)
		free(s->ip[i]);
	s->n_ip = 0;
	for (i = 0; i < n && s->n_ip < SANDBOX_IPS_MAX; i++)
		if (ip[i][0] != '\0')
			s->ip[s->n_ip++] = xstrdup(ip[i]);
}

struct seen_container *
container_newest(const struct pod_seen *seen, const char *name)
{
	struct seen_container *c;

	TAILQ_FOREACH (c, &seen->containers, entry)
		if (strcmp(c->name, name) == 0)
			return (c);
	return (NULL);
}

struct seen_container *
container_previous(const struct pod_seen *seen, const char *name)
{
	struct seen_container *c = container_newest(seen, name);

	while (c != NULL && (c = TAILQ_NEXT(c, entry)) != NULL)
		if (strcmp(c->name, name) == 0)
			return (c);
	return (NULL);
}

struct seen_container *
container_find(const struct pod_seen *seen, const char *id)
{
	struct seen_container *c;

	TAILQ_FOREACH (c, &seen->containers, entry)
		if (strcmp(c->id, id) == 0)
			return (c);
	return (NULL);
}

struct seen_container *
container_add(struct pod_seen *seen, const char *id, const char *name,
    uint32_t attempt, int64_t created_ns)
{
	struct seen_container *c = xcalloc(1, sizeof(*c)), *o;

	c->id = xstrdup(id);
	c->name = xstrdup(name);
	c->sandbox_id = xstrdup("");
	c->reason = xstrdup("");
	c->message = xstrdup("");
	c->image = xstrdup("");
	c->image_ref = xstrdup("");
	c->attempt = attempt;
	c->created_ns = created_ns;
	TAILQ_FOREACH (o, &seen->containers, entry)
		if (is_newer(attempt, created_ns, o->attempt, o->created_ns))
			break;
	if (o != NULL)
		TAILQ_INSERT_BEFORE(o, c, entry);
	else
		TAILQ_INSERT_TAIL(&seen->containers, c, entry);
	return (c);
}

void
container_drop(struct pod_seen *seen, struct seen_container *c)
{
	TAILQ_REMOVE(&seen->containers, c, entry);
	free(c->id);
	free(c->name);
	free(c->sandbox_id);
	free(c->reason);
	free(c->message);
	free(c->image);
	free(c->image_ref);
	free(c);
}
