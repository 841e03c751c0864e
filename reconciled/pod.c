#include "reconciled/pod.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000
#define CRASH_MIN_MS 10000
#define CRASH_MAX_MS 300000
#define CRASH_FORGET_MS 600000

void
text_set(char **to, const char *from)
{
	char *copy = from == NULL ? NULL : xstrdup(from);

	free(*to);
	*to = copy;
}

struct pod *
pod_new(const char *uid, const char *ns, const char *name)
{
	struct pod *p = xcalloc(1, sizeof(*p));

	p->uid = xstrdup(uid);
	p->namespace_ = xstrdup(ns);
	p->name = xstrdup(name);
	p->hash = xstrdup("");
	p->file = xstrdup("");
	TAILQ_INIT(&p->seen.sandboxes);
	TAILQ_INIT(&p->seen.containers);
	return (p);
}

void
pod_free(struct pod *p)
{
	struct seen_container *c;
	struct seen_sandbox *s;

	if (p == NULL)
		return;
	while ((c = TAILQ_FIRST(&p->seen.containers)) != NULL)
		container_drop(&p->seen, c);
	while ((s = TAILQ_FIRST(&p->seen.sandboxes)) != NULL)
		sandbox_drop(&p->seen, s);
	memo_forget(&p->memo);
	arena_free(p->arena);
	free(p->uid);
	free(p->namespace_);
	free(p->name);
	free(p->hash);
	free(p->file);
	free(p->published);
	free(p);
}

void
memo_forget(struct pod_memo *m)
{
	size_t i;

	for (i = 0; i < POD_CONTAINERS_MAX; i++) {
		free(m->container[i].image_ref);
		health_forget(&m->container[i].health);
		memset(&m->container[i], 0, sizeof(m->container[i]));
	}
	retry_clear(&m->sandbox);
	m->message[0] = '\0';
}

struct pod *
pods_find(const struct pods *pods, const char *uid)
{
	struct pod *p;

	TAILQ_FOREACH (p, pods, entry)
		if (strcmp(p->uid, uid) == 0)
			return (p);
	return (NULL);
}

int
pod_has_running(const struct pod_seen *seen)
{
	const struct seen_container *c;

	TAILQ_FOREACH (c, &seen->containers, entry)
		if (c->state == SEEN_RUNNING || c->state == SEEN_UNKNOWN)
			return (1);
	return (0);
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
	s->ip = xstrdup("");
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
	free(s->ip);
	free(s);
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

void
retry_fail(struct retry *r, struct mtime now, uint8_t jitter)
{
	int64_t ms = RETRY_MIN_MS;
	unsigned int i;

	for (i = 0; i < r->fails && ms < RETRY_MAX_MS; i++)
		ms *= 2;
	if (ms > RETRY_MAX_MS)
		ms = RETRY_MAX_MS;
	r->fails++;
	r->not_before = mtime_add(now, ms + ms * jitter / 256 / 4);
}

void
retry_clear(struct retry *r)
{
	r->fails = 0;
	r->not_before = MTIME_ZERO;
}

int
retry_waits(const struct retry *r, struct mtime now)
{
	return (r->fails > 0 && mtime_cmp(now, r->not_before) < 0);
}

/* Whether the entry still counts for a container that ended then. */
static int
backoff_holds(const struct backoff *b, struct mtime finished)
{
	return (b->delay_ms != 0 &&
	    mtime_diff(finished, b->last) <= CRASH_FORGET_MS);
}

struct mtime
backoff_until(const struct backoff *b, struct mtime finished)
{
	if (!backoff_holds(b, finished))
		return (MTIME_ZERO);
	return (mtime_add(finished, b->delay_ms));
}

void
backoff_start(struct backoff *b, struct mtime finished, struct mtime now)
{
	if (!backoff_holds(b, finished))
		b->delay_ms = CRASH_MIN_MS;
	else if ((b->delay_ms *= 2) > CRASH_MAX_MS)
		b->delay_ms = CRASH_MAX_MS;
	b->last = now;
}

int
restart_wanted(Tripod__RestartPolicy policy, int32_t exit_code)
{
	switch (policy) {
	case TRIPOD__RESTART_POLICY__RESTART_ALWAYS:
		return (1);
	case TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE:
		return (exit_code != 0);
	case TRIPOD__RESTART_POLICY__RESTART_NEVER:
	case _TRIPOD__RESTART_POLICY_IS_INT_SIZE:
		break;
	}
	return (0);
}
