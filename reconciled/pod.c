#include "reconciled/pod.h"

#include <stdlib.h>
#include <string.h>

struct pod *
pod_new(const char *uid, const char *ns, const char *name)
{
	struct pod *p = xcalloc(1, sizeof(*p));

	p->uid = xstrdup(uid);
	p->namespace_ = xstrdup(ns);
	p->name = xstrdup(name);
	p->hash = xstrdup("");
	p->file = xstrdup("");
	p->want.deadline = MTIME_NEVER;
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
	pod_forget(p);
	arena_free(p->arena);
	free(p->uid);
	free(p->namespace_);
	free(p->name);
	free(p->hash);
	free(p->file);
	pod_untell(p);
	pod_free(p->next);
	free(p);
}

void
pod_forget(struct pod *p)
{
	struct pod_memo *m = &p->memo;
	struct seen_container *c;
	size_t i;

	TAILQ_FOREACH (c, &p->seen.containers, entry)
		c->crash.delay_ms = 0;
	p->want.over = m->over = OVER_NOT;
	p->want.deadline = MTIME_NEVER;
	for (i = 0; i < m->n_container; i++) {
		free(m->container[i].image_ref);
		free(m->container[i].image_user);
		health_forget(&m->container[i].health);
	}
	free(m->container);
	m->container = NULL;
	m->n_container = 0;
	retry_clear(&m->sandbox);
	m->message[0] = '\0';
}

void
pod_untell(struct pod *p)
{
	free(p->published);
	p->published = NULL;
	p->published_len = 0;
}

void
pod_make_room(struct pod *p, size_t containers)
{
	if (p->memo.container != NULL)
		return;
	p->memo.container = xcalloc(containers, sizeof(*p->memo.container));
	p->memo.n_container = containers;
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
pod_is_ending(const struct pod_want *w)
{
	return (w->terminating || w->over != OVER_NOT || w->down == DOWN_ENDS);
}
