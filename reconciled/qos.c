#include "reconciled/qos.h"

#include <string.h>

#define MILLI 1000
#define SHARES_PER_CPU 1024
#define QUOTA_MIN_US 1000
#define QUOTA_MILLI_MAX (INT64_MAX / QOS_PERIOD_US)

static const char *const computed[] = { "cpu", "memory" };

#define NCOMPUTED (sizeof(computed) / sizeof(computed[0]))

/* What counts for the class, per resource. */
struct sums {
	int64_t request[NCOMPUTED], limit[NCOMPUTED];
	int limited; /* every container has both limits */
};

static int64_t
amount_in(Tripod__Resource *const *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i]->name, name) == 0)
			return (list[i]->amount);
	return (-1);
}

int64_t
qos_amount(const Tripod__Resources *r, enum qos_side side, const char *name)
{
	if (r == NULL)
		return (-1);
	if (side == QOS_REQUEST)
		return (amount_in(r->request, r->n_request, name));
	return (amount_in(r->limit, r->n_limit, name));
}

static void
sums_add(struct sums *s, const Tripod__Resources *r)
{
	int64_t amount;
	size_t i;

	for (i = 0; i < NCOMPUTED; i++) {
		if ((amount = qos_amount(r, QOS_REQUEST, computed[i])) > 0)
			s->request[i] += amount;
		if ((amount = qos_amount(r, QOS_LIMIT, computed[i])) > 0)
			s->limit[i] += amount;
		else
			s->limited = 0;
	}
}

enum qos
qos_of(const Tripod__Pod *pod)
{
	struct sums s = { { 0 }, { 0 }, 1 };
	int any = 0, equal = 1;
	size_t i;

	if (pod->resources != NULL) {
		sums_add(&s, pod->resources);
	} else {
		for (i = 0; i < pod->n_container; i++)
			sums_add(&s, pod->container[i]->resources);
		for (i = 0; i < pod->n_init_container; i++)
			sums_add(&s, pod->init_container[i]->resources);
	}
	for (i = 0; i < NCOMPUTED; i++) {
		any |= s.request[i] > 0 || s.limit[i] > 0;
		equal &= s.request[i] == 0 || s.request[i] == s.limit[i];
	}
	if (!any)
		return (QOS_BEST_EFFORT);
	return (s.limited && equal ? QOS_GUARANTEED : QOS_BURSTABLE);
}

const char *
qos_str(enum qos qos)
{
	switch (qos) {
	case QOS_GUARANTEED:
		return ("Guaranteed");
	case QOS_BURSTABLE:
		return ("Burstable");
	case QOS_BEST_EFFORT:
		break;
	}
	return ("BestEffort");
}

const char *
qos_folder(enum qos qos)
{
	switch (qos) {
	case QOS_GUARANTEED:
		break;
	case QOS_BURSTABLE:
		return ("burstable");
	case QOS_BEST_EFFORT:
		return ("besteffort");
	}
	return ("");
}

int64_t
qos_shares(int64_t milli)
{
	if (milli <= 0)
		return (QOS_SHARES_MIN);
	if (milli >= (int64_t)QOS_SHARES_MAX * MILLI / SHARES_PER_CPU)
		return (QOS_SHARES_MAX);
	milli = milli * SHARES_PER_CPU / MILLI;
	return (milli < QOS_SHARES_MIN ? QOS_SHARES_MIN : milli);
}

int64_t
qos_quota_us(int64_t milli)
{
	if (milli <= 0)
		return (0);
	if (milli > QUOTA_MILLI_MAX)
		milli = QUOTA_MILLI_MAX;
	milli = milli * QOS_PERIOD_US / MILLI;
	return (milli < QUOTA_MIN_US ? QUOTA_MIN_US : milli);
}

int64_t
qos_overhead(const Tripod__Pod *pod, const char *name)
{
	return (amount_in(pod->overhead, pod->n_overhead, name));
}

int
qos_is_sidecar(const Tripod__Container *init)
{
	return (init->restart ==
	    TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS);
}

/* One container's part; missing tells what -1 means. */
static int64_t
part(const Tripod__Container *c, enum qos_side side, const char *name,
    int *missing)
{
	int64_t amount = qos_amount(c->resources, side, name);

	if (amount > 0)
		return (amount);
	(*missing)++;
	return (0);
}

int64_t
qos_pod_amount(const Tripod__Pod *pod, enum qos_side side, const char *name)
{
	int64_t own, all = 0, sidecars = 0, most = 0;
	size_t i, n = pod->n_container + pod->n_init_container;
	int missing = 0;

	if ((own = qos_amount(pod->resources, side, name)) > 0)
		return (own);
	for (i = 0; i < pod->n_init_container; i++) {
		own = part(pod->init_container[i], side, name, &missing);
		if (qos_is_sidecar(pod->init_container[i]))
			sidecars += own;
		else if (own + sidecars > most)
			most = own + sidecars;
	}
	for (i = 0; i < pod->n_container; i++)
		all += part(pod->container[i], side, name, &missing);
	if (side == QOS_LIMIT ? missing > 0 : (size_t)missing == n)
		return (-1);
	return (all + sidecars > most ? all + sidecars : most);
}
