#include "mirrord/nodeplan.h"

#include <string.h>

#include "mirrord/backoff.h"
#include "mirrord/node.h"

/* Rules 4 of the Node. */
static enum node_kind
plan_missing(
    const struct node_env *env, const struct node_memo *m, struct mtime *wake)
{
	struct mtime due;

	if (m->exists)
		return (NODE_GET);
	if (!m->existed)
		return (NODE_CREATE);
	if (!env->policy.reregister)
		return (NODE_NONE);
	due = mtime_add(m->missing, env->policy.reregister_ms);
	if (mtime_cmp(due, env->now) <= 0)
		return (NODE_CREATE);
	*wake = mtime_min(*wake, due);
	return (NODE_NONE);
}

/* Rule 6. */
static enum node_kind
plan_patch(
    const struct node_env *env, const struct node_memo *m, struct mtime *wake)
{
	struct mtime due = mtime_add(m->patched_at, NODE_STATUS_S * 1000);

	if (node_differs(env->want, env->seen->labels, env->seen->status)) {
		if (m->patched == NULL || !json_equal(m->patched, env->want))
			return (NODE_PATCH);
		due = mtime_add(m->patched_at, NODE_REPAIR_MS);
	}
	if (mtime_cmp(due, env->now) <= 0)
		return (NODE_PATCH);
	*wake = mtime_min(*wake, due);
	return (NODE_NONE);
}

static enum node_kind
plan_object(
    const struct node_env *env, const struct node_memo *m, struct mtime *wake)
{
	if (m->busy != NODE_NONE || !env->want_complete || !env->seen_complete)
		return (NODE_NONE);
	if (env->policy.existing)
		return (NODE_NONE);
	if (mtime_cmp(m->retry, env->now) > 0) {
		*wake = mtime_min(*wake, m->retry);
		return (NODE_NONE);
	}
	if (env->seen == NULL)
		return (plan_missing(env, m, wake));
	if (env->seen->deleting)
		return (NODE_NONE);
	return (plan_patch(env, m, wake));
}

static enum lease_kind
plan_lease(
    const struct node_env *env, const struct lease_memo *m, struct mtime *wake)
{
	if (env->policy.existing || env->seen == NULL || env->seen->deleting)
		return (LEASE_NONE);
	if (m->busy != LEASE_NONE)
		return (LEASE_NONE);
	if (mtime_cmp(m->retry, env->now) > 0) {
		*wake = mtime_min(*wake, m->retry);
		return (LEASE_NONE);
	}
	if (!m->known)
		return (LEASE_GET);
	if (!m->exists)
		return (LEASE_CREATE);
	if (mtime_cmp(m->next, env->now) <= 0)
		return (LEASE_RENEW);
	*wake = mtime_min(*wake, m->next);
	return (LEASE_NONE);
}

void
plan_node(const struct node_env *env, const struct node_memo *node,
    const struct lease_memo *lease, struct node_plan *p)
{
	p->wake = MTIME_NEVER;
	p->node = plan_object(env, node, &p->wake);
	p->lease = plan_lease(env, lease, &p->wake);
}

static const struct backoff backoff_node = { 1000, 60000, 20 };
static const struct backoff backoff_register = { 100, 7000, 20 };
static const struct backoff backoff_lease = { 200, 7000, 20 };

void
node_failed(struct node_memo *m, const struct api_result *r, struct mtime now,
    uint32_t rnd)
{
	const struct backoff *b = m->busy == NODE_CREATE ? &backoff_register
							 : &backoff_node;

	m->failures++;
	m->retry = mtime_add(
	    now, backoff_ms(b, m->failures, r->retry_after_s * 1000, rnd));
	m->last = *r;
	m->busy = NODE_NONE;
}

void
node_done(struct node_memo *m)
{
	m->busy = NODE_NONE;
	m->exists = 0;
	m->failures = 0;
	m->retry = MTIME_ZERO;
	memset(&m->last, 0, sizeof(m->last));
}

void
lease_failed(struct lease_memo *m, const struct api_result *r, struct mtime now,
    uint32_t rnd)
{
	m->failures++;
	m->retry = mtime_add(now,
	    backoff_ms(
		&backoff_lease, m->failures, r->retry_after_s * 1000, rnd));
	m->busy = LEASE_NONE;
}

void
lease_done(
    struct lease_memo *m, int64_t lease_ms, struct mtime now, uint32_t rnd)
{
	int64_t spread = lease_ms / 25;

	m->failures = 0;
	m->retry = MTIME_ZERO;
	m->busy = LEASE_NONE;
	m->next = mtime_add(now, lease_ms + (int64_t)(rnd % (spread + 1)));
}

const char *
node_kind_str(enum node_kind kind)
{
	switch (kind) {
	case NODE_NONE:
		return ("none");
	case NODE_GET:
		return ("get");
	case NODE_CREATE:
		return ("create");
	case NODE_PATCH:
		return ("patch");
	}
	return ("?");
}

const char *
lease_kind_str(enum lease_kind kind)
{
	switch (kind) {
	case LEASE_NONE:
		return ("none");
	case LEASE_GET:
		return ("get");
	case LEASE_CREATE:
		return ("create");
	case LEASE_RENEW:
		return ("renew");
	}
	return ("?");
}
