/*
 * The status of one container (runtime.md 7.4).
 */
#include <stdio.h>
#include <string.h>

#include "reconciled/message.h"
#include "reconciled/status_parts.h"

#define LOST_CODE 137 /* of what ended nobody knows how */

static char *
container_url(const struct builder *b, const char *id)
{
	char *s = arena_printf(b->arena, "%s://%s", b->env->runtime_name, id);

	log_assert(s != NULL);
	return (s);
}

/* The status of container i that was told last; NULL: none was. */
static const Tripod__ContainerStatus *
told(const struct builder *b, size_t i)
{
	const Tripod__PodStatus *s = b->before;
	size_t n = b->spec->n_init_container;

	if (s == NULL || s->n_init_container != n ||
	    s->n_container != b->spec->n_container)
		return (NULL);
	return (i < n ? s->init_container[i] : s->container[i - n]);
}

/* It ran, and how it ended nobody knows. */
static Tripod__ContainerState *
lost(const struct builder *b, char *container_id, int64_t started_ns)
{
	Tripod__ContainerState *s;

	s = message_new(b->arena, &tripod__container_state__descriptor);
	s->kind = TRIPOD__CONTAINER_STATE__KIND__TERMINATED;
	s->reason = must_strdup(b->arena, "ContainerStatusUnknown");
	s->message = must_strdup(
	    b->arena, "it ran; the runtime does not know how it ended");
	s->exit_code = LOST_CODE;
	s->started_ns = started_ns;
	s->container_id = container_id;
	return (s);
}

/* It was seen running, and now the runtime does not know what it does. */
static int
is_lost(const struct seen_container *c)
{
	return (c->state == SEEN_UNKNOWN && c->started_ns != 0);
}

/* The state that an instance is in by itself. */
static Tripod__ContainerState *
state_of(const struct builder *b, const struct seen_container *c)
{
	Tripod__ContainerState *s;

	s = message_new(b->arena, &tripod__container_state__descriptor);
	s->kind = TRIPOD__CONTAINER_STATE__KIND__NONE;
	if (c == NULL)
		return (s);
	switch (c->state) {
	case SEEN_RUNNING:
		s->kind = TRIPOD__CONTAINER_STATE__KIND__RUNNING;
		s->started_ns = c->started_ns;
		break;
	case SEEN_EXITED:
		s->kind = TRIPOD__CONTAINER_STATE__KIND__TERMINATED;
		s->reason = must_strdup(b->arena, c->reason);
		s->message = must_strdup(b->arena, c->message);
		s->started_ns = c->started_ns;
		s->finished_ns = c->finished_ns;
		s->exit_code = c->exit_code;
		s->container_id = container_url(b, c->id);
		break;
	case SEEN_UNKNOWN:
		if (is_lost(c))
			return (
			    lost(b, container_url(b, c->id), c->started_ns));
		/* FALLTHROUGH */
	case SEEN_CREATED:
		s->kind = TRIPOD__CONTAINER_STATE__KIND__WAITING;
		break;
	}
	return (s);
}

static Tripod__ContainerState *
waiting(const struct builder *b, const char *reason, const char *message)
{
	Tripod__ContainerState *s;

	s = message_new(b->arena, &tripod__container_state__descriptor);
	s->kind = TRIPOD__CONTAINER_STATE__KIND__WAITING;
	s->reason = must_strdup(b->arena, reason);
	s->message = must_strdup(b->arena, message);
	return (s);
}

/* Wall clock of a monotonic time, for "next try" in tripodctl. */
static int64_t
wall_of(const struct builder *b, struct mtime t)
{
	return (b->env->now_ns + mtime_diff(t, b->env->now) * 1000000);
}

/* In a crash loop: until when it waits; NULL if it does not. */
static Tripod__ContainerState *
crash_loop(
    const struct builder *b, const struct seen_container *c, int64_t *retry_ns)
{
	struct mtime until;

	if (c == NULL || c->state != SEEN_EXITED)
		return (NULL);
	until = backoff_until(&c->crash, c->finished);
	if (mtime_cmp(b->env->now, until) >= 0)
		return (NULL);
	*retry_ns = wall_of(b, until);
	return (waiting(b, "CrashLoopBackOff",
	    "it ended and is started again "
	    "after a back-off"));
}

/* What the last attempt to start it came to; NULL if it was well. */
static Tripod__ContainerState *
failure(const struct builder *b, size_t i, int64_t *retry_ns)
{
	const struct memo_container *m = &b->pod->memo.container[i];
	const char *reason = m->reason;

	if (reason[0] == '\0')
		return (NULL);
	if (m->image.fails > 0)
		*retry_ns = wall_of(b, m->image.not_before);
	else if (m->create.fails > 0)
		*retry_ns = wall_of(b, m->create.not_before);
	if (m->image.fails > 1 && strcmp(reason, "ErrImagePull") == 0)
		reason = "ImagePullBackOff";
	return (waiting(b, reason, m->message));
}

static int
will_start(const struct builder *b, size_t i)
{
	return (b->pod->want.wanted && !pod_is_ending(&b->pod->want) &&
	    look_is_due(b->spec, &b->pod->seen, i, b->round));
}

/* Why nothing of it is there. */
static Tripod__ContainerState *
absent(const struct builder *b, size_t i)
{
	Tripod__ContainerState *s;

	if (spec_kind(b->spec, i) == SPEC_INIT && status_is_passed(b, i)) {
		s = waiting(b, "Completed",
		    "its instance is gone; what had to wait for its end has "
		    "been started");
		s->kind = TRIPOD__CONTAINER_STATE__KIND__TERMINATED;
		return (s);
	}
	return (waiting(b,
	    b->spec->n_init_container > 0 ? "PodInitializing"
					  : "ContainerCreating",
	    b->pod->memo.message));
}

/* Without an instance the status goes on from the one before. */
static void
fill_vanished(const struct builder *b, size_t i, Tripod__ContainerStatus *s)
{
	const Tripod__ContainerStatus *old = told(b, i);

	s->state = absent(b, i);
	s->last_state = state_of(b, NULL);
	if (old == NULL || old->state == NULL || old->last_state == NULL)
		return;
	s->restart_count = old->restart_count;
	s->last_state = old->last_state;
	switch (old->state->kind) {
	case TRIPOD__CONTAINER_STATE__KIND__TERMINATED:
		s->state = old->state;
		s->image = old->image;
		s->image_id = old->image_id;
		s->container_id = old->container_id;
		break;
	case TRIPOD__CONTAINER_STATE__KIND__RUNNING:
		if (s->state->kind != TRIPOD__CONTAINER_STATE__KIND__WAITING)
			break; /* it has been passed, too */
		s->last_state = lost(
		    b, old->container_id, old->state->started_ns);
		s->restart_count++;
		break;
	case TRIPOD__CONTAINER_STATE__KIND__NONE:
	case TRIPOD__CONTAINER_STATE__KIND__WAITING:
	case _TRIPOD__CONTAINER_STATE__KIND_IS_INT_SIZE:
		break;
	}
}

/* What the runtime says of an instance, and of the one before it. */
static void
fill_seen(const struct builder *b, size_t i, Tripod__ContainerStatus *s,
    const struct seen_container *c)
{
	const struct seen_container *previous;
	const Tripod__ContainerStatus *old = told(b, i);

	if (c->image[0] != '\0')
		s->image = must_strdup(b->arena, c->image);
	s->image_id = must_strdup(b->arena, c->image_ref);
	s->container_id = container_url(b, c->id);
	s->restart_count = c->attempt + (is_lost(c) ? 1 : 0);
	if (old != NULL && old->restart_count > s->restart_count)
		s->restart_count = old->restart_count;
	s->state = state_of(b, c);
	previous = container_previous(&b->pod->seen, s->name);
	if (previous != NULL && previous->state != SEEN_EXITED)
		previous = NULL; /* it never ran, or still may */
	s->last_state = state_of(b, previous);
}

/* What ran in a sandbox or round of the past is only what it was last. */
static int
is_of_the_past(
    const struct builder *b, size_t i, const struct seen_container *c)
{
	return (c != NULL && c->state == SEEN_EXITED &&
	    spec_kind(b->spec, i) == SPEC_INIT && !status_is_passed(b, i) &&
	    !look_is_current(&b->pod->seen, b->round, c));
}

/* Why it does not run. */
static void
container_state(const struct builder *b, size_t i, Tripod__ContainerStatus *s,
    const struct seen_container *c)
{
	Tripod__ContainerState *f = NULL;

	if (c != NULL && container_may_run(c))
		return;
	if (will_start(b, i) || (c != NULL && c->state == SEEN_CREATED)) {
		f = crash_loop(b, c, &s->retry_ns);
		if (f == NULL)
			f = failure(b, i, &s->retry_ns);
	}
	if (f == NULL && is_of_the_past(b, i, c))
		f = absent(b, i);
	if (f == NULL)
		return;
	if (s->state->kind == TRIPOD__CONTAINER_STATE__KIND__TERMINATED)
		s->last_state = s->state;
	s->state = f;
}

/* An ordinary init container is ready when it has succeeded. */
static void
container_health(const struct builder *b, size_t i, Tripod__ContainerStatus *s,
    const struct seen_container *c)
{
	const struct health *h = &b->pod->memo.container[i].health;
	const Tripod__Container *spec = spec_container(b->spec, i);

	if (spec_kind(b->spec, i) == SPEC_INIT) {
		s->ready = status_is_passed(b, i);
	} else if (c != NULL && c->state == SEEN_RUNNING) {
		s->started = health_started(spec, h, c->id);
		s->ready = health_ready(spec, h, c->id);
	}
}

int
status_is_passed(const struct builder *b, size_t i)
{
	const struct pod *p = b->pod;

	return (look_is_passed(b->spec, &p->seen, i, b->round) ||
	    look_is_through(b->spec, &p->seen, &p->memo, i));
}

Tripod__ContainerStatus *
status_container(const struct builder *b, size_t i)
{
	const Tripod__Container *spec = spec_container(b->spec, i);
	const struct seen_container *c;
	Tripod__ContainerStatus *s;

	c = container_newest(&b->pod->seen, spec->name);
	s = message_new(b->arena, &tripod__container_status__descriptor);
	s->name = spec->name;
	s->image = spec->image;
	if (c != NULL)
		fill_seen(b, i, s, c);
	else
		fill_vanished(b, i, s);
	container_health(b, i, s, c);
	container_state(b, i, s, c);
	return (s);
}
