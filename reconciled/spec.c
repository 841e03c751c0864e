#include "reconciled/spec.h"

#include <string.h>

#include "common/log.h"

size_t
spec_count(const Tripod__Pod *pod)
{
	return (pod->n_init_container + pod->n_container);
}

const Tripod__Container *
spec_container(const Tripod__Pod *pod, size_t i)
{
	log_assert(i < spec_count(pod));
	if (i < pod->n_init_container)
		return (pod->init_container[i]);
	return (pod->container[i - pod->n_init_container]);
}

enum spec_kind
spec_kind(const Tripod__Pod *pod, size_t i)
{
	if (i >= pod->n_init_container)
		return (SPEC_REGULAR);
	return (pod->init_container[i]->restart ==
		    TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS
		? SPEC_SIDECAR
		: SPEC_INIT);
}

size_t
spec_find(const Tripod__Pod *pod, const char *name)
{
	size_t i, n = spec_count(pod);

	for (i = 0; i < n; i++)
		if (strcmp(spec_container(pod, i)->name, name) == 0)
			break;
	return (i);
}

const Tripod__Volume *
spec_volume(const Tripod__Pod *pod, const char *name)
{
	size_t i;

	for (i = 0; i < pod->n_volume; i++)
		if (strcmp(pod->volume[i]->name, name) == 0)
			return (pod->volume[i]);
	return (NULL);
}

static int
rule_fits(const Tripod__RestartRule *rule, int32_t exit_code)
{
	size_t i;

	for (i = 0; i < rule->n_exit_code; i++)
		if (rule->exit_code[i] == exit_code)
			return (!rule->not_in);
	return (rule->not_in);
}

static int
pod_policy_restarts(const Tripod__Pod *pod, size_t i, int failed)
{
	switch (pod->restart_policy) {
	case TRIPOD__RESTART_POLICY__RESTART_ALWAYS:
		return (failed || spec_kind(pod, i) == SPEC_REGULAR);
	case TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE:
		return (failed);
	case TRIPOD__RESTART_POLICY__RESTART_NEVER:
	case _TRIPOD__RESTART_POLICY_IS_INT_SIZE:
		break;
	}
	return (0);
}

static int
policy_restarts(const Tripod__Pod *pod, size_t i, int failed)
{
	switch (spec_container(pod, i)->restart) {
	case TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS:
		return (1);
	case TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ON_FAILURE:
		return (failed);
	case TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_NEVER:
		return (0);
	case TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_AS_POD:
	case _TRIPOD__CONTAINER_RESTART_IS_INT_SIZE:
		break;
	}
	return (pod_policy_restarts(pod, i, failed));
}

enum spec_restart
spec_restart(const Tripod__Pod *pod, size_t i, int32_t exit_code, int failed)
{
	const Tripod__Container *c = spec_container(pod, i);
	size_t r;

	for (r = 0; r < c->n_restart_rule; r++)
		if (rule_fits(c->restart_rule[r], exit_code))
			return (c->restart_rule[r]->all ? SPEC_RESTART_ALL
							: SPEC_RESTART_YES);
	return (policy_restarts(pod, i, failed) ? SPEC_RESTART_YES
						: SPEC_RESTART_NO);
}

int
spec_restarts_killed(const Tripod__Pod *pod, size_t i)
{
	return (policy_restarts(pod, i, 1));
}
