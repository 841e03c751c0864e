#include "reconciled/status.h"

#include <stdio.h>
#include <string.h>

#include "reconciled/message.h"
#include "reconciled/qos.h"
#include "reconciled/status_parts.h"

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

/* --- phase (runtime.md 7.2) --- */

struct tally {
	size_t init;	/* init containers that the others wait for */
	size_t waits;	/* regular ones that never ran */
	size_t started; /* regular ones that did */
	size_t runs;
	size_t again;  /* ended, but will run again */
	size_t failed; /* ended, with another code than 0 */
};

static void
tally_init(const struct builder *b, size_t i, struct tally *t)
{
	const struct seen_container *c;

	c = container_newest(&b->pod->seen, spec_container(b->spec, i)->name);
	if (spec_kind(b->spec, i) == SPEC_SIDECAR)
		t->runs += c != NULL && container_may_run(c);
	if (!status_is_passed(b, i))
		t->init++;
}

/* One whose instance is gone counts by what was told of it. */
static void
tally_vanished(const struct builder *b, size_t i, struct tally *t)
{
	const Tripod__ContainerStatus *s =
	    b->out->container[i - b->spec->n_init_container];
	const Tripod__ContainerState *end = s->state;

	if (end->kind != TRIPOD__CONTAINER_STATE__KIND__TERMINATED)
		end = s->last_state;
	if (end->kind != TRIPOD__CONTAINER_STATE__KIND__TERMINATED) {
		t->waits++;
		return;
	}
	t->started++;
	t->again++; /* what is not there is made again */
	t->failed += end->exit_code != 0;
}

static void
tally_regular(const struct builder *b, size_t i, struct tally *t)
{
	const struct seen_container *c;
	const char *name = spec_container(b->spec, i)->name;
	int created;

	c = container_newest(&b->pod->seen, name);
	if (c == NULL) {
		tally_vanished(b, i, t);
		return;
	}
	created = c->state == SEEN_CREATED;
	if (created)
		c = container_previous(&b->pod->seen, name);
	if (c == NULL || c->state == SEEN_CREATED) {
		t->waits++;
		return;
	}
	t->started++;
	if (c->state != SEEN_EXITED) {
		t->runs++;
		return;
	}
	/* One that is created is about to be started. */
	t->again += created || look_is_due(b->spec, &b->pod->seen, i, b->round);
	t->failed += c->exit_code != 0;
}

static void
tally_all(const struct builder *b, struct tally *t)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < spec_count(b->spec); i++)
		if (spec_kind(b->spec, i) == SPEC_REGULAR)
			tally_regular(b, i, t);
		else
			tally_init(b, i, t);
}

/* What a pod that is over came to. */
static Tripod__Phase
outcome(const struct builder *b, const struct tally *t)
{
	return (
	    b->pod->want.over != OVER_COMPLETED || t->failed > 0 || t->waits > 0
		? TRIPOD__PHASE__PHASE_FAILED
		: TRIPOD__PHASE__PHASE_SUCCEEDED);
}

static Tripod__Phase
phase_of(const struct builder *b)
{
	struct tally t;

	tally_all(b, &t);
	/* The end is told when nothing runs any more. */
	if (b->pod->want.down == DOWN_ENDS && !pod_has_running(&b->pod->seen))
		return (b->before != NULL &&
			    b->before->phase == TRIPOD__PHASE__PHASE_SUCCEEDED
			? TRIPOD__PHASE__PHASE_SUCCEEDED
			: TRIPOD__PHASE__PHASE_FAILED);
	if (b->pod->want.over != OVER_NOT && !pod_has_running(&b->pod->seen))
		return (outcome(b, &t));
	if ((t.init > 0 && t.started == 0) || t.waits > 0)
		return (TRIPOD__PHASE__PHASE_PENDING);
	if (t.runs > 0 || t.again > 0 || b->pod->want.over != OVER_NOT)
		return (TRIPOD__PHASE__PHASE_RUNNING);
	return (t.failed > 0 ? TRIPOD__PHASE__PHASE_FAILED
			     : TRIPOD__PHASE__PHASE_SUCCEEDED);
}

static int
is_terminal(const struct builder *b)
{
	return (b->out->phase == TRIPOD__PHASE__PHASE_SUCCEEDED ||
	    b->out->phase == TRIPOD__PHASE__PHASE_FAILED);
}

/* --- conditions (7.3) --- */

/*
 * When a condition last changed.  A restart of reconciled is no change:
 * then since is what the runtime knows of it, or 0.
 */
static int64_t
transition(const struct builder *b, size_t i, int value, int64_t since)
{
	const struct memo_condition *m = &b->pod->memo.condition[i];

	if (m->known)
		return (m->value == value ? m->transition_ns : b->env->now_ns);
	return (value && since != 0 ? since : b->env->now_ns);
}

/* The reason is for one that is not true, or a pod that has completed. */
static void
add_condition(struct builder *b, size_t i, int value, const char *reason,
    const char *message, int64_t since)
{
	Tripod__Condition *c;

	c = message_new(b->arena, &tripod__condition__descriptor);
	c->type = must_strdup(b->arena, condition_types[i]);
	c->status = value;
	if (!value || strcmp(reason, "PodCompleted") == 0) {
		c->reason = must_strdup(b->arena, reason);
		c->message = must_strdup(b->arena, message);
	}
	c->transition_ns = transition(b, i, value, since);
	b->out->condition[b->out->n_condition++] = c;
}

/* "containers with WHAT status: [a b]", of those that are not ready. */
static const char *
unready_text(const struct builder *b, const char *what, int init_only)
{
	const Tripod__ContainerStatus *s;
	const char *sep = "", *text;
	size_t i;

	text = arena_printf(b->arena, "containers with %s status: [", what);
	for (i = 0; i < spec_count(b->spec); i++) {
		if (spec_kind(b->spec, i) == SPEC_REGULAR
			? init_only
			: !init_only && spec_kind(b->spec, i) == SPEC_INIT)
			continue;
		s = i < b->spec->n_init_container
		    ? b->out->init_container[i]
		    : b->out->container[i - b->spec->n_init_container];
		if (init_only ? status_is_passed(b, i) : s->ready)
			continue;
		log_assert(text != NULL);
		text = arena_printf(b->arena, "%s%s%s", text, sep, s->name);
		sep = " ";
	}
	log_assert(text != NULL);
	text = arena_printf(b->arena, "%s]", text);
	log_assert(text != NULL);
	return (text);
}

/* Once true it is not taken back. */
static int
is_initialized(const struct builder *b)
{
	const struct memo_condition *m =
	    &b->pod->memo.condition[COND_INITIALIZED];
	struct tally t;

	tally_all(b, &t);
	return (t.init == 0 || t.started > 0 || (m->known && m->value));
}

static void
add_initialized(struct builder *b)
{
	int64_t since = b->out->start_ns;
	size_t i;

	for (i = 0; i < b->out->n_init_container; i++)
		if (b->out->init_container[i]->state->finished_ns > since)
			since = b->out->init_container[i]->state->finished_ns;
	if (b->out->phase == TRIPOD__PHASE__PHASE_SUCCEEDED)
		add_condition(
		    b, COND_INITIALIZED, 1, "PodCompleted", "", since);
	else
		add_condition(b, COND_INITIALIZED, is_initialized(b),
		    "ContainersNotInitialized",
		    unready_text(b, "incomplete", 1), since);
}

/* Whether all that has to be is ready, and since when at the earliest. */
static int
is_ready(const struct builder *b, int64_t *since)
{
	const Tripod__ContainerStatus *s;
	size_t i;

	*since = 0;
	for (i = 0; i < spec_count(b->spec); i++) {
		if (spec_kind(b->spec, i) == SPEC_INIT)
			continue;
		s = i < b->spec->n_init_container
		    ? b->out->init_container[i]
		    : b->out->container[i - b->spec->n_init_container];
		if (!s->ready)
			return (0);
		if (s->state->started_ns > *since)
			*since = s->state->started_ns;
	}
	return (1);
}

static void
add_ready(struct builder *b)
{
	const char *reason = "ContainersNotReady", *text = "", *gate;
	int64_t since;
	int ready = is_ready(b, &since) && !is_terminal(b);

	if (b->out->phase == TRIPOD__PHASE__PHASE_SUCCEEDED)
		reason = "PodCompleted";
	else if (b->out->phase == TRIPOD__PHASE__PHASE_FAILED)
		reason = "PodFailed";
	else if (!ready)
		text = unready_text(b, "unready", 0);
	if (ready && b->spec->n_readiness_gate > 0) {
		/* Nobody sets the conditions of a static pod. */
		gate = arena_printf(b->arena,
		    "corresponding condition of pod readiness gate \"%s\" "
		    "does not exist.",
		    b->spec->readiness_gate[0]);
		log_assert(gate != NULL);
		add_condition(
		    b, COND_READY, 0, "ReadinessGatesNotReady", gate, since);
	} else {
		add_condition(b, COND_READY, ready, reason, text, since);
	}
	add_condition(b, COND_CONTAINERS, ready, reason, text, since);
}

static void
add_conditions(struct builder *b)
{
	const struct seen_sandbox *s = sandbox_newest(&b->pod->seen);

	b->out->condition = must_alloc(
	    b->arena, POD_CONDITIONS, sizeof(*b->out->condition));
	add_condition(b, COND_SANDBOX,
	    s != NULL && s->ready && (s->host_network || s->n_ip > 0), "", "",
	    s == NULL ? 0 : s->created_ns);
	add_initialized(b);
	add_ready(b);
	add_condition(b, COND_SCHEDULED, 1, "", "", b->out->start_ns);
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

/* Why it is what it is, beyond its containers. */
static void
add_reason(struct builder *b)
{
	const struct pod *p = b->pod;

	if (p->want.down == DOWN_ENDS) {
		b->out->reason = must_strdup(b->arena, "Terminated");
		b->out->message = must_strdup(b->arena,
		    "Pod was terminated in response to imminent node "
		    "shutdown.");
	} else if (p->want.over == OVER_DEADLINE) {
		b->out->reason = must_strdup(b->arena, "DeadlineExceeded");
		b->out->message = must_strdup(b->arena,
		    "Pod was active on the node longer than the specified "
		    "deadline");
	}
}

static void
add_containers(struct builder *b)
{
	Tripod__PodStatus *out = b->out;
	size_t i;

	out->init_container = must_alloc(
	    b->arena, b->spec->n_init_container, sizeof(*out->init_container));
	out->container = must_alloc(
	    b->arena, b->spec->n_container, sizeof(*out->container));
	for (i = 0; i < b->spec->n_init_container; i++)
		out->init_container[out->n_init_container++] = status_container(
		    b, i);
	for (; i < spec_count(b->spec); i++)
		out->container[out->n_container++] = status_container(b, i);
}

/* The status that was told last of this very definition; NULL: none was. */
static const Tripod__PodStatus *
told(struct arena *a, const struct pod *p)
{
	const Tripod__PodItem *item;

	if (p->published == NULL)
		return (NULL);
	item = tripod__pod_item__unpack(
	    &a->allocator, p->published_len, p->published);
	if (item == NULL || strcmp(item->hash, p->hash) != 0)
		return (NULL);
	return (item->status);
}

Tripod__PodStatus *
status_build(struct arena *a, const struct status_env *env, const struct pod *p)
{
	struct builder b = { .arena = a, .env = env, .pod = p };

	b.out = message_new(a, &tripod__pod_status__descriptor);
	b.out->start_ns = p->memo.start_ns;
	if (p->definition == NULL)
		return (b.out); /* only known from the runtime */
	b.spec = p->definition->pod;
	b.round = look_round(b.spec, &p->seen);
	b.before = told(a, p);
	b.out->qos_class = must_strdup(a, qos_str(qos_of(b.spec)));
	add_reason(&b);
	add_containers(&b);
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
