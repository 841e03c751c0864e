#include "reconciled/why.h"

#include <string.h>

#include "reconciled/look.h"
#include "reconciled/message.h"

/* What the questions below are about. */
struct asked {
	struct arena *arena;
	const struct why_env *env;
	const struct pod *pod;
	const Tripod__Pod *spec;
	size_t i; /* container */
	const struct seen_container *c;
	uint32_t round;
};

static struct why
because(const char *text)
{
	return ((struct why){ text, MTIME_NEVER });
}

/* A failure that is tried again, or is right now. */
static struct why
failed(const struct asked *a, const struct retry *r, const char *what,
    const char *message)
{
	return ((struct why){ must_printf(a->arena, "%s%s%s", what,
				  message[0] != '\0' ? ": " : "", message),
	    retry_waits(r, a->env->now) ? r->not_before : MTIME_NEVER });
}

static const char *
over_text(enum pod_over over)
{
	switch (over) {
	case OVER_NOT:
		break;
	case OVER_COMPLETED:
		return ("all its containers have ended for good");
	case OVER_INIT:
		return ("an init container has failed for good");
	case OVER_DEADLINE:
		return ("its activeDeadlineSeconds have passed");
	}
	return ("");
}

/* What holds up another definition; the pod goes on by its own. */
static struct why
why_next(const struct asked *a, const struct pod *next)
{
	const Tripod__Pod *spec = next->definition->pod;
	const struct memo_container *m;
	size_t i;

	for (i = 0; i < spec_count(spec); i++) {
		m = &next->memo.container[i];
		if (m->image.fails > 0)
			return (failed(a, &m->image,
			    must_printf(a->arena,
				"its new definition waits for the image of "
				"container %s",
				spec_container(spec, i)->name),
			    m->message));
	}
	return (because("its new definition waits for its images"));
}

/* Whether it must go on or end, before anything of it is looked at. */
static struct why
why_wanted(const struct asked *a)
{
	const struct pod *p = a->pod;
	const struct pod_want *w = &p->want;

	if (a->env->runtime[0] != '\0')
		return (because(must_printf(a->arena,
		    "the runtime is not there: %s", a->env->runtime)));
	if (w->terminating)
		return (because(w->wanted
			? "it ends, and begins anew after that"
			: "it ends: no manifest wants it any more"));
	if (w->over != OVER_NOT)
		return (because(over_text(w->over)));
	if (w->hold)
		return (because("it goes on until its successor can start, or "
				"watcherd has said what is wanted"));
	if (w->blocked)
		return (because("it waits for the end of the pod of this name "
				"that was there before"));
	if (p->next != NULL)
		return (why_next(a, p->next));
	if (p->seen.stale || p->seen.unsure)
		return (because("an answer of the runtime is awaited"));
	return (because(""));
}

static struct why
why_sandbox(const struct asked *a)
{
	const struct pod *p = a->pod;
	const struct seen_sandbox *s = sandbox_newest(&p->seen);

	if (s != NULL && s->ready)
		return (because(""));
	if (pod_has_running(&p->seen) || (s != NULL && !s->stopped))
		return (because("its sandbox must be replaced"));
	if (!a->spec->host_network && !p->want.network_ready)
		return (because(must_printf(a->arena,
		    "the network is not ready%s%s",
		    a->env->network[0] != '\0' ? ": " : "", a->env->network)));
	if (p->want.queued)
		return (because("it waits for pods of higher priority to "
				"start"));
	if (p->memo.sandbox.fails > 0 && !p->memo.sandbox_busy)
		return (failed(a, &p->memo.sandbox,
		    "its sandbox cannot be made", p->memo.message));
	return (because("its sandbox is being made"));
}

struct why
why_pod(struct arena *arena, const struct why_env *env, const struct pod *p)
{
	struct asked a = { .arena = arena, .env = env, .pod = p };
	struct why w = why_wanted(&a);

	if (w.text[0] != '\0')
		return (w);
	if (p->definition == NULL)
		return (because("its manifest is not known yet"));
	a.spec = p->definition->pod;
	return (why_sandbox(&a));
}

static int
is_passed(const struct asked *a, size_t i)
{
	const struct pod *p = a->pod;

	return (look_is_passed(a->spec, &p->seen, i, a->round) ||
	    look_is_through(a->spec, &p->seen, &p->memo, i));
}

/* Something of the container is under way, or waits after a failure. */
static struct why
why_start(const struct asked *a)
{
	const struct memo_container *m = &a->pod->memo.container[a->i];
	struct mtime until;

	if (a->c != NULL && a->c->state == SEEN_EXITED) {
		until = backoff_until(&a->c->crash, a->c->finished);
		if (mtime_cmp(a->env->now, until) < 0)
			return (
			    (struct why){ "it keeps ending: back-off", until });
	}
	if (m->pull != NULL)
		return (because("its image is pulled, or will be"));
	if (m->image.fails > 0)
		return (failed(a, &m->image,
		    "its image is not to be had: back-off", m->message));
	if (m->create.fails > 0)
		return (
		    failed(a, &m->create, "it cannot be created", m->message));
	if (m->busy)
		return (because(m->image_ref == NULL
			? "its image is being looked up"
			: "it is being created"));
	return (because(""));
}

/* The one before it that it waits for; NULL if there is none. */
static const Tripod__Container *
predecessor(const struct asked *a)
{
	const struct seen_container *c;
	size_t i;

	for (i = 0; i < a->i && i < a->spec->n_init_container; i++)
		if (!is_passed(a, i))
			return (a->spec->init_container[i]);
	for (; i < a->i; i++) {
		c = container_newest(
		    &a->pod->seen, spec_container(a->spec, i)->name);
		if (c == NULL || c->state == SEEN_CREATED ||
		    c->post_start == HOOK_RUNNING || c->post_start == HOOK_DUE)
			return (spec_container(a->spec, i));
	}
	return (NULL);
}

static struct why
why_not_there(const struct asked *a)
{
	const Tripod__Container *before;
	struct why w;

	if (a->c != NULL && a->c->state == SEEN_CREATED &&
	    a->c->retry.fails > 0)
		return (failed(a, &a->c->retry, "it cannot be started",
		    a->pod->memo.container[a->i].message));
	if (a->c != NULL && a->c->state == SEEN_EXITED &&
	    !look_is_due(a->spec, &a->pod->seen, a->i, a->round))
		return (because(
		    "it has ended, and its policy does not start it again"));
	w = why_start(a);
	if (w.text[0] != '\0')
		return (w);
	if ((before = predecessor(a)) != NULL)
		return (because(must_printf(a->arena,
		    "it waits for %scontainer %s",
		    spec_find(a->spec, before->name) < a->spec->n_init_container
			? "init "
			: "",
		    before->name)));
	return (because("it is being started"));
}

static struct why
probe_why(const struct asked *a, enum probe_kind kind, const char *what)
{
	const struct health *h = &a->pod->memo.container[a->i].health;
	const char *said = h->last[kind].message;

	return (because(said == NULL || h->verdict[kind] == VERDICT_GOOD
		? what
		: must_printf(a->arena, "%s: %s", what, said)));
}

static struct why
why_running(const struct asked *a)
{
	const struct health *h = &a->pod->memo.container[a->i].health;
	const Tripod__Container *spec = spec_container(a->spec, a->i);

	if (a->c->stop != STOP_NONE)
		return (because(must_printf(a->arena, "it is being stopped: %s",
		    stop_cause_str(a->c->stop))));
	if (a->c->post_start == HOOK_DUE || a->c->post_start == HOOK_RUNNING)
		return (because("its postStart hook runs"));
	if (!health_started(spec, h, a->c->id))
		return (probe_why(
		    a, PROBE_STARTUP, "its startup probe has not succeeded"));
	if (!health_ready(spec, h, a->c->id))
		return (probe_why(a, PROBE_READINESS,
		    h->verdict[PROBE_READINESS] == VERDICT_BAD
			? "its readiness probe fails"
			: "its readiness probe has not succeeded yet"));
	return (because(""));
}

struct why
why_container(struct arena *arena, const struct why_env *env,
    const struct pod *p, size_t i)
{
	struct asked a = { .arena = arena,
		.env = env,
		.pod = p,
		.spec = p->definition->pod,
		.i = i };

	a.c = container_newest(&p->seen, spec_container(a.spec, i)->name);
	a.round = look_round(a.spec, &p->seen);
	if (spec_kind(a.spec, i) == SPEC_INIT && is_passed(&a, i))
		return (because(""));
	if (a.c == NULL || !container_may_run(a.c))
		return (why_not_there(&a));
	if (spec_kind(a.spec, i) == SPEC_INIT)
		return (because(a.c->stop == STOP_NONE
			? "it runs, and must end well"
			: stop_cause_str(a.c->stop)));
	return (why_running(&a));
}

const char *
why_no_restart(const struct pod *p, size_t i)
{
	const Tripod__Pod *spec = p->definition->pod;
	const struct seen_container *c;

	if (pod_is_ending(&p->want) || !p->want.wanted)
		return ("the pod ends");
	if (!spec_restarts_killed(spec, i))
		return ("its restart policy is Never: it would not be started "
			"again; to run the pod anew, take its manifest away, "
			"wait until the pod is gone, and put it back");
	c = container_newest(&p->seen, spec_container(spec, i)->name);
	if (c != NULL && c->state == SEEN_EXITED &&
	    !look_is_due(spec, &p->seen, i, look_round(spec, &p->seen)))
		return ("it has ended, and its policy does not start it again");
	return (NULL);
}
