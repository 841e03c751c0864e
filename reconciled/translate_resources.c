/*
 * Amounts of a manifest as cgroup values (runtime.md 3.5, 4.9).
 */
#include <inttypes.h>
#include <string.h>

#include "reconciled/translate_parts.h"

#define OOM_CRITICAL (-997)
#define OOM_GUARANTEED (-997)
#define OOM_BEST_EFFORT 1000
#define OOM_BURSTABLE_MIN 3

/* Page sizes of manifests and of the runtime differ in a letter. */
#define HUGEPAGES "hugepages-"

static int64_t
burstable_score(const struct machine *m, int64_t request)
{
	int64_t score;

	if (request <= 0 || m->memory <= 0)
		return (OOM_BEST_EFFORT - 1);
	if (request >= m->memory)
		return (OOM_BURSTABLE_MIN);
	/* In double: a thousand times a memory may be too much. */
	score = OOM_BEST_EFFORT -
	    (int64_t)((double)OOM_BEST_EFFORT * (double)request /
		(double)m->memory);
	if (score < OOM_BURSTABLE_MIN)
		return (OOM_BURSTABLE_MIN);
	return (score == OOM_BEST_EFFORT ? OOM_BEST_EFFORT - 1 : score);
}

static int
is_sidecar_of(const Tripod__Pod *pod, const Tripod__Container *spec)
{
	size_t i;

	for (i = 0; i < pod->n_init_container; i++)
		if (pod->init_container[i] == spec)
			return (qos_is_sidecar(spec));
	return (0);
}

/* Who is killed first when memory runs out. */
static int64_t
oom_score(const struct machine *m, const Tripod__Pod *pod,
    const Tripod__Container *spec)
{
	int64_t score, other;
	size_t i;

	if (strcmp(pod->priority_class, "system-node-critical") == 0)
		return (OOM_CRITICAL);
	switch (qos_of(pod)) {
	case QOS_GUARANTEED:
		return (OOM_GUARANTEED);
	case QOS_BEST_EFFORT:
		return (OOM_BEST_EFFORT);
	case QOS_BURSTABLE:
		break;
	}
	score = burstable_score(
	    m, qos_amount(spec->resources, QOS_REQUEST, "memory"));
	if (!is_sidecar_of(pod, spec))
		return (score);
	for (i = 0; i < pod->n_container; i++) {
		other = burstable_score(m,
		    qos_amount(
			pod->container[i]->resources, QOS_REQUEST, "memory"));
		if (other < score)
			score = other;
	}
	return (score);
}

/* "hugepages-2Mi" for "2MB". */
static int
is_page_size(const char *resource, const char *size)
{
	size_t n = strcspn(size, "KMGT");

	if (strncmp(resource, HUGEPAGES, sizeof(HUGEPAGES) - 1) != 0)
		return (0);
	resource += sizeof(HUGEPAGES) - 1;
	return (strncmp(resource, size, n + 1) == 0 &&
	    strcmp(resource + n + 1, "i") == 0);
}

/* One for each size of the machine: what is not given is nothing. */
static void
add_hugepages(Runtime__V1__LinuxContainerResources *r, struct arena *a,
    const struct machine *m, const Tripod__Resources *from)
{
	Runtime__V1__HugepageLimit *l;
	size_t i, j;

	r->hugepage_limits = must_alloc(
	    a, m->n_page_size, sizeof(*r->hugepage_limits));
	for (i = 0; i < m->n_page_size; i++) {
		l = message_new(a, &runtime__v1__hugepage_limit__descriptor);
		l->page_size = must_strdup(a, m->page_size[i]);
		for (j = 0; from != NULL && j < from->n_limit; j++)
			if (is_page_size(from->limit[j]->name, l->page_size))
				l->limit = (uint64_t)from->limit[j]->amount;
		r->hugepage_limits[r->n_hugepage_limits++] = l;
	}
}

/*
 * No swap for static pods; and with the unified hierarchy a container
 * dies as a whole when its memory runs out.
 */
static void
add_memory_rules(Runtime__V1__LinuxContainerResources *r, struct arena *a,
    const struct machine *m)
{
	struct map map;

	if (!m->cgroup_v2) {
		if (m->swap)
			r->memory_swap_limit_in_bytes =
			    r->memory_limit_in_bytes;
		return;
	}
	map = map_new(a,
	    &runtime__v1__linux_container_resources__unified_entry__descriptor,
	    2);
	map_set(&map, "memory.oom.group", "1");
	if (m->swap)
		map_set(&map, "memory.swap.max", "0");
	r->unified = (void *)map.entry;
	r->n_unified = map.n;
}

static Runtime__V1__LinuxContainerResources *
resources_new(struct arena *a, int64_t request, int64_t limit, int64_t memory)
{
	Runtime__V1__LinuxContainerResources *r;

	r = message_new(a, &runtime__v1__linux_container_resources__descriptor);
	r->cpu_shares = qos_shares(request >= 0 ? request : limit);
	if ((r->cpu_quota = qos_quota_us(limit)) != 0)
		r->cpu_period = QOS_PERIOD_US;
	if (memory > 0)
		r->memory_limit_in_bytes = memory;
	return (r);
}

Runtime__V1__LinuxContainerResources *
container_resources(struct arena *a, const struct translate_env *env,
    const Tripod__Pod *pod, const Tripod__Container *spec)
{
	const Tripod__Resources *from = spec->resources;
	Runtime__V1__LinuxContainerResources *r;

	r = resources_new(a, qos_amount(from, QOS_REQUEST, "cpu"),
	    qos_amount(from, QOS_LIMIT, "cpu"),
	    qos_amount(from, QOS_LIMIT, "memory"));
	r->oom_score_adj = oom_score(&env->machine, pod, spec);
	add_hugepages(r, a, &env->machine, from);
	add_memory_rules(r, a, &env->machine);
	return (r);
}

Runtime__V1__LinuxContainerResources *
sandbox_resources(struct arena *a, const Tripod__Pod *pod)
{
	return (resources_new(a, qos_pod_amount(pod, QOS_REQUEST, "cpu"),
	    qos_pod_amount(pod, QOS_LIMIT, "cpu"),
	    qos_pod_amount(pod, QOS_LIMIT, "memory")));
}

Runtime__V1__LinuxContainerResources *
sandbox_overhead(struct arena *a, const Tripod__Pod *pod)
{
	int64_t cpu = qos_overhead(pod, "cpu");
	int64_t memory = qos_overhead(pod, "memory");

	if (cpu == -1 && memory == -1)
		return (message_new(
		    a, &runtime__v1__linux_container_resources__descriptor));
	return (resources_new(a, cpu, cpu, memory));
}
