#include "reconciled/podgroup.h"

#include <stdio.h>
#include <string.h>

#define MILLI 1000
#define WEIGHT_MIN 1
#define WEIGHT_MAX 10000

/* More counts as this: QOS_SHARES_MAX. */
#define MILLI_MAX ((int64_t)QOS_SHARES_MAX * MILLI / 1024)

const char *
controller_str(enum controller controller)
{
	switch (controller) {
	case CONTROLLER_CPU:
		return ("cpu");
	case CONTROLLER_MEMORY:
		return ("memory");
	case CONTROLLER_HUGETLB:
		break;
	}
	return ("hugetlb");
}

static int64_t
weight_of(int64_t shares)
{
	return (WEIGHT_MIN +
	    (shares - QOS_SHARES_MIN) * (WEIGHT_MAX - WEIGHT_MIN) /
		(QOS_SHARES_MAX - QOS_SHARES_MIN));
}

static void
set_weight(struct group_value *v, int64_t milli, const struct machine *m)
{
	const int64_t shares = qos_shares(milli);

	v->controller = CONTROLLER_CPU;
	(void)snprintf(v->file, sizeof(v->file), "%s",
	    m->cgroup_v2 ? "cpu.weight" : "cpu.shares");
	(void)snprintf(v->text, sizeof(v->text), "%lld",
	    (long long)(m->cgroup_v2 ? weight_of(shares) : shares));
}

/* The period is the kernel's own default, so v1 need not be told. */
static void
set_quota(struct group_value *v, int64_t milli, const struct machine *m)
{
	const long long quota = qos_quota_us(milli);

	v->controller = CONTROLLER_CPU;
	(void)snprintf(v->file, sizeof(v->file), "%s",
	    m->cgroup_v2 ? "cpu.max" : "cpu.cfs_quota_us");
	if (m->cgroup_v2 && quota == 0)
		(void)snprintf(
		    v->text, sizeof(v->text), "max %d", QOS_PERIOD_US);
	else if (m->cgroup_v2)
		(void)snprintf(
		    v->text, sizeof(v->text), "%lld %d", quota, QOS_PERIOD_US);
	else
		(void)snprintf(
		    v->text, sizeof(v->text), "%lld", quota == 0 ? -1 : quota);
}

/* 0: no limit. */
static void
set_memory(struct group_value *v, int64_t bytes, const struct machine *m)
{
	v->controller = CONTROLLER_MEMORY;
	(void)snprintf(v->file, sizeof(v->file), "%s",
	    m->cgroup_v2 ? "memory.max" : "memory.limit_in_bytes");
	if (bytes > 0)
		(void)snprintf(
		    v->text, sizeof(v->text), "%lld", (long long)bytes);
	else
		(void)snprintf(v->text, sizeof(v->text), "%s",
		    m->cgroup_v2 ? "max" : "-1");
}

static void
set_pages(struct group_value *v, const char *size, int64_t bytes,
    const struct machine *m)
{
	v->controller = CONTROLLER_HUGETLB;
	(void)snprintf(v->file, sizeof(v->file), "hugetlb.%s.%s", size,
	    m->cgroup_v2 ? "max" : "limit_in_bytes");
	(void)snprintf(v->text, sizeof(v->text), "%lld", (long long)bytes);
}

/* With the overhead; 0 where there is none, or no limit. */
static int64_t
amount_of(const Tripod__Pod *pod, enum qos_side side, const char *name)
{
	int64_t amount = qos_pod_amount(pod, side, name);
	int64_t overhead = qos_overhead(pod, name);

	if (side == QOS_LIMIT && amount <= 0)
		return (0);
	return ((amount > 0 ? amount : 0) + (overhead > 0 ? overhead : 0));
}

static int64_t
milli_of(const Tripod__Pod *pod)
{
	int64_t milli = amount_of(pod, QOS_REQUEST, "cpu");

	return (milli < MILLI_MAX ? milli : MILLI_MAX);
}

int64_t
podgroup_burstable(const Tripod__Pod *pod)
{
	return (qos_of(pod) == QOS_BURSTABLE ? milli_of(pod) : 0);
}

/* "2MB" of the machine is "hugepages-2Mi" in a manifest. */
static int64_t
pages_of(const Tripod__Pod *pod, const char *size)
{
	char name[MACHINE_PAGE_NAME_MAX + 16];

	(void)snprintf(name, sizeof(name), "hugepages-%.*si",
	    (int)strcspn(size, "KMGT") + 1, size);
	return (amount_of(pod, QOS_REQUEST, name));
}

size_t
podgroup_pod(struct group_value v[static GROUP_VALUES_MAX],
    const Tripod__Pod *pod, const struct machine *m)
{
	const int least = qos_of(pod) == QOS_BEST_EFFORT;
	size_t i, n = 0;

	set_weight(&v[n++], least ? 0 : milli_of(pod), m);
	set_quota(&v[n++], amount_of(pod, QOS_LIMIT, "cpu"), m);
	set_memory(&v[n++], amount_of(pod, QOS_LIMIT, "memory"), m);
	for (i = 0; i < m->n_page_size; i++)
		set_pages(&v[n++], m->page_size[i],
		    pages_of(pod, m->page_size[i]), m);
	return (n);
}

size_t
podgroup_all(
    struct group_value v[static GROUP_VALUES_MAX], const struct machine *m)
{
	set_weight(&v[0], (int64_t)m->cpus * MILLI, m);
	set_memory(&v[1], m->memory, m);
	return (2);
}

size_t
podgroup_class(struct group_value v[static GROUP_VALUES_MAX], int64_t milli,
    const struct machine *m)
{
	set_weight(&v[0], milli, m);
	return (1);
}

int
podgroup_has_limit(const Tripod__Pod *pod, enum controller i)
{
	return (i != CONTROLLER_HUGETLB &&
	    qos_amount(pod->resources, QOS_LIMIT, controller_str(i)) > 0);
}

int
podgroup_is_needed(const Tripod__Pod *pod)
{
	return (podgroup_has_limit(pod, CONTROLLER_CPU) ||
	    podgroup_has_limit(pod, CONTROLLER_MEMORY));
}
