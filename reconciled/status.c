#include "reconciled/status.h"

#include <stdio.h>
#include <string.h>

#include "reconciled/message.h"

enum {
	COND_SANDBOX,
	COND_INITIALIZED,
	COND_READY,
	COND_CONTAINERS,
	COND_SCHEDULED
};

static const char *const condition_types[POD_CONDITIONS] = {
	"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady",
	"PodScheduled"
};

/* What the rules work on. */
struct builder {
	struct arena *arena;
	const struct status_env *env;
	const struct pod *pod;
	Tripod__PodStatus *out;
};

const char *
status_phase_str(Tripod__Phase phase)
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

static char *
container_url(const struct builder *b, const char *id)
{
	char *s = arena_printf(b->arena, "%s://%s", b->env->runtime_name, id);

	log_assert(s != NULL);
	return (s);
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
	case SEEN_CREATED:
	case SEEN_UNKNOWN:
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

/*
 * Why a container that should run does not; NULL when nothing is known
 * against it.
 */
static Tripod__ContainerState *
failure(const struct builder *b, size_t i, const struct seen_container *c,
    int64_t *retry_ns)
{
	const struct memo_container *m = &b->pod->memo.container[i];
	struct mtime until;

	if (m->reason[0] != '\0') {
		if (m->image.fails > 0)
			*retry_ns = wall_of(b, m->image.not_before);
		else if (m->create.fails > 0)
			*retry_ns = wall_of(b, m->create.not_before);
		return (waiting(b, m->reason, m->message));
	}
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

static int
is_restartable(
    const struct builder *b, size_t i, const struct seen_container *c)
{
	if (!b->pod->want.wanted || b->pod->want.terminating)
		return (0);
	return (c == NULL || c->state != SEEN_EXITED ||
	    spec_restart(
		b->pod->definition->pod, i, c->exit_code, c->exit_code != 0));
}

static void
container_state(struct builder *b, size_t i, Tripod__ContainerStatus *s,
    const struct seen_container *c)
{
	const struct seen_container *previous;
	Tripod__ContainerState *f = NULL;

	previous = container_previous(&b->pod->seen, s->name);
	s->state = state_of(b, c);
	if (previous != NULL && previous->state != SEEN_EXITED)
		previous = NULL; /* it never ran, or still may */
	s->last_state = state_of(b, previous);
	if (c != NULL && c->state == SEEN_RUNNING)
		return;
	if (is_restartable(b, i, c))
		f = failure(b, i, c, &s->retry_ns);
	if (f != NULL) {
		if (c != NULL && c->state == SEEN_EXITED)
			s->last_state = s->state;
		s->state = f;
	} else if (c == NULL) {
		s->state = waiting(
		    b, "ContainerCreating", b->pod->memo.message);
	}
}

static void
add_container(struct builder *b, size_t i)
{
	const Tripod__Container *spec = b->pod->definition->pod->container[i];
	const struct seen_container *c;
	const struct health *h;
	Tripod__ContainerStatus *s;

	c = container_newest(&b->pod->seen, spec->name);
	s = message_new(b->arena, &tripod__container_status__descriptor);
	s->name = spec->name;
	s->image = spec->image;
	if (c != NULL) {
		if (c->image[0] != '\0')
			s->image = must_strdup(b->arena, c->image);
		s->image_id = must_strdup(b->arena, c->image_ref);
		s->container_id = container_url(b, c->id);
		s->restart_count = c->attempt;
	}
	if (c != NULL && c->state == SEEN_RUNNING) {
		h = &b->pod->memo
			 .container[b->pod->definition->pod->n_init_container +
			     i]
			 .health;
		s->started = health_started(spec, h, c->id);
		s->ready = health_ready(spec, h, c->id);
	}
	container_state(b, i, s, c);
	b->out->container[b->out->n_container++] = s;
}

/* runtime.md 7.2 for a pod without init containers. */
static Tripod__Phase
phase_of(const struct builder *b)
{
	const Tripod__ContainerStatus *s;
	const struct seen_container *c;
	size_t i, waits = 0, runs = 0, again = 0, failed = 0;

	for (i = 0; i < b->out->n_container; i++) {
		s = b->out->container[i];
		c = container_newest(&b->pod->seen, s->name);
		if (c == NULL || c->state == SEEN_CREATED) {
			waits += s->last_state->kind ==
			    TRIPOD__CONTAINER_STATE__KIND__NONE;
			again++;
		} else if (c->state != SEEN_EXITED) {
			runs++;
		} else {
			again += spec_restart(b->pod->definition->pod, i,
				     c->exit_code,
				     c->exit_code != 0) != SPEC_RESTART_NO;
			failed += c->exit_code != 0;
		}
	}
	if (waits > 0)
		return (TRIPOD__PHASE__PHASE_PENDING);
	if (runs > 0 || again > 0)
		return (TRIPOD__PHASE__PHASE_RUNNING);
	return (failed > 0 ? TRIPOD__PHASE__PHASE_FAILED
			   : TRIPOD__PHASE__PHASE_SUCCEEDED);
}

static void
add_condition(struct builder *b, size_t i, int value, const char *reason,
    const char *message)
{
	const struct memo_condition *m = &b->pod->memo.condition[i];
	Tripod__Condition *c;

	c = message_new(b->arena, &tripod__condition__descriptor);
	c->type = must_strdup(b->arena, condition_types[i]);
	c->status = value;
	if (!value || strcmp(reason, "PodCompleted") == 0) {
		c->reason = must_strdup(b->arena, reason);
		c->message = must_strdup(b->arena, message);
	}
	c->transition_ns = m->known && m->value == value ? m->transition_ns
							 : b->env->now_ns;
	b->out->condition[b->out->n_condition++] = c;
}

/* "containers with unready status: [a b]" */
static const char *
unready_text(const struct builder *b)
{
	const char *sep = "", *text = "containers with unready status: [";
	size_t i;

	for (i = 0; i < b->out->n_container; i++) {
		if (b->out->container[i]->ready)
			continue;
		text = arena_printf(
		    b->arena, "%s%s%s", text, sep, b->out->container[i]->name);
		log_assert(text != NULL);
		sep = " ";
	}
	text = arena_printf(b->arena, "%s]", text);
	log_assert(text != NULL);
	return (text);
}

static void
add_conditions(struct builder *b)
{
	const struct seen_sandbox *s = sandbox_newest(&b->pod->seen);
	const char *reason = "ContainersNotReady", *text;
	size_t i;
	int ready = 1;

	for (i = 0; i < b->out->n_container; i++)
		ready &= b->out->container[i]->ready;
	if (b->out->phase == TRIPOD__PHASE__PHASE_SUCCEEDED)
		reason = "PodCompleted";
	else if (b->out->phase == TRIPOD__PHASE__PHASE_FAILED)
		reason = "PodFailed";
	text = ready ? "" : unready_text(b);
	b->out->condition = must_alloc(
	    b->arena, POD_CONDITIONS, sizeof(*b->out->condition));
	add_condition(b, COND_SANDBOX,
	    s != NULL && s->ready && (s->host_network || s->n_ip > 0), "", "");
	add_condition(b, COND_INITIALIZED, 1,
	    b->out->phase == TRIPOD__PHASE__PHASE_SUCCEEDED ? "PodCompleted"
							    : "",
	    "");
	add_condition(b, COND_READY, ready, reason, text);
	add_condition(b, COND_CONTAINERS, ready, reason, text);
	add_condition(b, COND_SCHEDULED, 1, "", "");
}

static void
add_addresses(struct builder *b)
{
	const struct conf_list *node = b->env->addresses;
	const struct seen_sandbox *s = sandbox_newest(&b->pod->seen);
	Tripod__PodStatus *out = b->out;
	size_t i;

	out->host_ip = must_alloc(b->arena, node->n, sizeof(char *));
	out->pod_ip = must_alloc(
	    b->arena, node->n + SANDBOX_IPS_MAX, sizeof(char *));
	for (i = 0; i < node->n; i++)
		out->host_ip[out->n_host_ip++] = must_strdup(
		    b->arena, node->value[i]);
	if (b->pod->definition->pod->host_network) {
		for (i = 0; i < node->n; i++)
			out->pod_ip[out->n_pod_ip++] = out->host_ip[i];
	} else if (s != NULL && s->n_ip > 0) {
		for (i = 0; i < s->n_ip; i++)
			out->pod_ip[out->n_pod_ip++] = must_strdup(
			    b->arena, s->ip[i]);
	}
}

Tripod__PodStatus *
status_build(struct arena *a, const struct status_env *env, const struct pod *p)
{
	struct builder b = { a, env, p, NULL };
	size_t i;

	b.out = message_new(a, &tripod__pod_status__descriptor);
	b.out->start_ns = p->memo.start_ns;
	if (p->definition == NULL)
		return (b.out); /* only known from the runtime */
	if (p->refused[0] != '\0') {
		b.out->reason = must_strdup(a, "PolicyRefused");
		b.out->message = must_strdup(a, p->refused);
	}
	b.out->container = must_alloc(
	    a, p->definition->pod->n_container, sizeof(*b.out->container));
	for (i = 0; i < p->definition->pod->n_container; i++)
		add_container(&b, i);
	b.out->phase = phase_of(&b);
	add_conditions(&b);
	add_addresses(&b);
	return (b.out);
}

void
status_remember(struct pod_memo *m, const Tripod__PodStatus *s)
{
	size_t i;

	for (i = 0; i < s->n_condition && i < POD_CONDITIONS; i++) {
		m->condition[i].known = 1;
		m->condition[i].value = s->condition[i]->status;
		m->condition[i].transition_ns = s->condition[i]->transition_ns;
	}
}
