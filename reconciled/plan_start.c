#include <string.h>

#include "reconciled/plan_parts.h"

static const struct seen_container *
newest(const struct planner *p, size_t i)
{
	return (
	    container_newest(p->seen, spec_container(p->want->pod, i)->name));
}

/* End of the crash-loop back-off of container i; zero if there is none. */
static struct mtime
crash_until(const struct planner *p, size_t i)
{
	const struct seen_container *c = newest(p, i);

	if (c == NULL || c->state != SEEN_EXITED)
		return (MTIME_ZERO);
	return (backoff_until(&c->crash, c->finished));
}

/*
 * A pod that waits for its predecessor needs them all: the predecessor
 * goes on until it has them, so none may be left out.
 */
void
plan_images(struct planner *p, int all)
{
	const struct memo_container *m;
	size_t i;

	for (i = 0; i < spec_count(p->want->pod); i++) {
		m = &p->memo->container[i];
		if (m->image_ref != NULL || m->busy)
			continue;
		if (!all &&
		    (!look_is_due(p->want->pod, p->seen, i, p->round) ||
			mtime_cmp(p->now, crash_until(p, i)) < 0))
			continue;
		if (plan_waits(p, &m->image))
			continue;
		plan_add(p,
		    (struct action){ .kind = ACT_IMAGE,
			.index = i,
			.reason = "an image is needed" });
	}
}

enum image_step
plan_image(Tripod__PullPolicy policy, int present, int pulled)
{
	if (pulled)
		return (present ? IMAGE_USE : IMAGE_LOST);
	switch (policy) {
	case TRIPOD__PULL_POLICY__PULL_ALWAYS:
		return (IMAGE_PULL);
	case TRIPOD__PULL_POLICY__PULL_NEVER:
		return (present ? IMAGE_USE : IMAGE_NEVER);
	case TRIPOD__PULL_POLICY__PULL_IF_NOT_PRESENT:
	case _TRIPOD__PULL_POLICY_IS_INT_SIZE:
		break;
	}
	return (present ? IMAGE_USE : IMAGE_PULL);
}

int
plan_images_ready(const Tripod__Pod *pod, const struct pod_memo *memo)
{
	size_t i;

	for (i = 0; i < spec_count(pod); i++)
		if (memo->container[i].image_ref == NULL)
			return (0);
	return (1);
}

/* Creates container i if it is due; true when the next one has to wait. */
static int
plan_create(struct planner *p, size_t i)
{
	const struct memo_container *m = &p->memo->container[i];
	const struct seen_container *last = newest(p, i);
	struct mtime until = crash_until(p, i);

	if (m->busy)
		return (1);
	if (!look_is_due(p->want->pod, p->seen, i, p->round))
		return (0);
	if (mtime_cmp(p->now, until) < 0) {
		*p->wake = mtime_min(*p->wake, until);
		return (0);
	}
	if (m->image_ref == NULL)
		return (m->image.fails == 0); /* rule 5 is at it */
	if (plan_waits(p, &m->create))
		return (0);
	plan_add(p,
	    (struct action){ .kind = ACT_CREATE,
		.index = i,
		.attempt = last == NULL ? 0 : last->attempt + 1,
		.round = p->round,
		.reason = last == NULL ? "not there yet" : "it has ended" });
	return (1);
}

static int
plan_start(struct planner *p, size_t i, const struct seen_container *c)
{
	if (look_is_due(p->want->pod, p->seen, i, p->round))
		return (plan_create(p, i)); /* this one can never start */
	if (!c->busy && !plan_waits(p, &c->retry))
		plan_add(p,
		    (struct action){ .kind = ACT_START,
			.index = i,
			.id = c->id,
			.reason = "created" });
	return (c->retry.fails == 0);
}

/* True until the postStart hook is through. */
static int
plan_post_start(struct planner *p, size_t i, const struct seen_container *c)
{
	if (c->post_start == HOOK_DUE && !c->busy)
		plan_add(p,
		    (struct action){ .kind = ACT_POST_START,
			.index = i,
			.id = c->id,
			.reason = "started" });
	return (c->post_start == HOOK_DUE || c->post_start == HOOK_RUNNING);
}

/* The next step of container i; true when the next one has to wait. */
static int
plan_container(struct planner *p, size_t i)
{
	const struct seen_container *c = newest(p, i);

	if (c == NULL)
		return (plan_create(p, i));
	switch (c->state) {
	case SEEN_CREATED:
		return (plan_start(p, i, c));
	case SEEN_RUNNING:
		return (plan_post_start(p, i, c));
	case SEEN_UNKNOWN:
		return (1); /* it is being stopped */
	case SEEN_EXITED:
		break;
	}
	return (plan_create(p, i));
}

void
plan_containers(struct planner *p)
{
	const Tripod__Pod *pod = p->want->pod;
	size_t i;
	int passed, waits;

	for (i = 0; i < pod->n_init_container; i++) {
		passed = look_is_passed(pod, p->seen, i, p->round);
		if (passed && spec_kind(pod, i) == SPEC_INIT)
			continue;
		waits = plan_container(p, i);
		if (!passed &&
		    (waits || !look_is_through(pod, p->seen, p->memo, i)))
			return;
	}
	for (i = pod->n_init_container; i < spec_count(pod); i++)
		if (plan_container(p, i))
			break;
}
