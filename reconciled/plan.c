#include "reconciled/plan.h"

#include <string.h>

#include "reconciled/plan_parts.h"

const char *
action_kind_str(enum action_kind kind)
{
	switch (kind) {
	case ACT_IMAGE:
		return ("image");
	case ACT_RUN_SANDBOX:
		return ("run sandbox");
	case ACT_CREATE:
		return ("create");
	case ACT_START:
		return ("start");
	case ACT_POST_START:
		return ("postStart");
	case ACT_PRE_STOP:
		return ("preStop");
	case ACT_STOP:
		return ("stop");
	case ACT_STOP_SANDBOX:
		return ("stop sandbox");
	case ACT_REMOVE:
		return ("remove");
	case ACT_REMOVE_SANDBOX:
		return ("remove sandbox");
	case ACT_CLEAN:
		return ("clean up");
	}
	return ("?");
}

/* One action on anything: that of the first rule. */
void
plan_add(struct planner *p, struct action a)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (a.id != NULL && p->act[i].id != NULL &&
		    strcmp(a.id, p->act[i].id) == 0)
			return;
	if (p->n < PLAN_MAX)
		p->act[p->n++] = a;
}

int
plan_waits(struct planner *p, const struct retry *r)
{
	if (!retry_waits(r, p->now))
		return (0);
	*p->wake = mtime_min(*p->wake, r->not_before);
	return (1);
}

static int
sandbox_is_usable(const struct planner *p)
{
	const struct seen_sandbox *s = sandbox_newest(p->seen), *o;

	if (s == NULL || !s->ready)
		return (0);
	for (o = TAILQ_NEXT(s, entry); o != NULL; o = TAILQ_NEXT(o, entry))
		if (o->ready)
			return (0);
	if (s->host_network != !!p->want->pod->host_network)
		return (0);
	return (s->host_network || !s->detailed || s->n_ip > 0);
}

/* Rule 6; true when there is a sandbox to work in. */
static int
plan_sandbox(struct planner *p)
{
	const struct seen_sandbox *s = sandbox_newest(p->seen);

	if (sandbox_is_usable(p))
		return (1);
	if (plan_stop_containers(p, STOP_SANDBOX) ||
	    plan_stop_sandboxes(p, "it must be replaced"))
		return (0);
	if (!p->want->pod->host_network && !p->want->network_ready)
		return (0); /* the runtime tells when that changes */
	if (p->memo->sandbox_busy || plan_waits(p, &p->memo->sandbox))
		return (0);
	plan_add(p,
	    (struct action){ .kind = ACT_RUN_SANDBOX,
		.attempt = s == NULL ? 0 : s->attempt + 1,
		.reason = s == NULL ? "a new pod"
				    : "the old one is not ready" });
	return (0);
}

static void
plan_keep(struct planner *p)
{
	*p->wake = mtime_min(*p->wake, p->want->deadline);
	plan_images(p, 0);
	if (plan_sandbox(p)) {
		plan_stop_wrong(p);
		if (!plan_restart_all(p))
			plan_containers(p);
	}
	plan_prune(p);
}

/* Rule 2; false when the pod goes on as ever. */
static int
plan_down(struct planner *p)
{
	if (p->want->down == DOWN_ENDS) {
		if (!plan_stop_containers(p, STOP_END))
			(void)plan_stop_sandboxes(p, "the machine goes down");
		return (1);
	}
	return (p->want->down == DOWN_WAITS && !pod_is_live(p->seen));
}

size_t
plan_pod(const struct pod_want *want, const struct pod_seen *seen,
    const struct pod_memo *memo, struct mtime now,
    struct action act[static PLAN_MAX], struct mtime *wake)
{
	struct planner p = { want, seen, memo, now, act, 0, wake, 0 };

	*wake = MTIME_NEVER;
	if (seen->stale || seen->unsure || memo->cleaning)
		return (0);
	if (want->pod != NULL)
		p.round = look_round(want->pod, seen);
	if (plan_down(&p))
		;
	else if (want->terminating || (!want->wanted && !want->hold))
		plan_end(&p);
	else if (want->pod == NULL)
		; /* held, but without a definition: left as it is */
	else if (want->over != OVER_NOT)
		plan_over(&p);
	else if (want->blocked)
		plan_images(&p, 1);
	else
		plan_keep(&p);
	return (p.n);
}
