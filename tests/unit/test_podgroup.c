/*
 * The values of the groups of pods, against the formulas of runtime.md 3.5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/podgroup.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define CONTAINERS 4
#define MI (INT64_C(1) << 20)
#define NO (-1)

/* Thousandths of processors, and bytes. */
struct amounts {
	int64_t cpu, memory, cpu_limit, memory_limit;
};

/* A regular container "c", an init container "i", a sidecar "s"; "p": pod. */
struct row {
	const char *name, *kinds;
	struct amounts of[CONTAINERS];
	int64_t overhead_cpu, overhead_memory;
	const char *v1[3], *v2[3]; /* weight, quota, memory */
};

/* clang-format off */
static const struct row rows[] = {
	{ "best effort", "c", { { NO, NO, NO, NO } }, NO, NO,
	    { "2", "-1", "-1" }, { "1", "max 100000", "max" } },
	{ "best effort with overhead", "c", { { NO, NO, NO, NO } }, 500, MI,
	    { "2", "-1", "-1" }, { "1", "max 100000", "max" } },
	{ "guaranteed", "c", { { 500, 64 * MI, 500, 64 * MI } }, NO, NO,
	    { "512", "50000", "67108864" },
	    { "20", "50000 100000", "67108864" } },
	{ "overhead", "c", { { 500, 64 * MI, 500, 64 * MI } }, 250, 2 * MI,
	    { "768", "75000", "69206016" },
	    { "30", "75000 100000", "69206016" } },
	{ "least", "c", { { 1, 1, 1, 1 } }, NO, NO,
	    { "2", "1000", "1" }, { "1", "1000 100000", "1" } },
	{ "most", "c", { { 1000000, NO, NO, NO } }, NO, NO,
	    { "262144", "-1", "-1" }, { "10000", "max 100000", "max" } },
	{ "more than can be added",  "cccc",
	    { { QOS_AMOUNT_MAX, NO, NO, NO }, { QOS_AMOUNT_MAX, NO, NO, NO },
	      { QOS_AMOUNT_MAX, NO, NO, NO }, { QOS_AMOUNT_MAX, NO, NO, NO } },
	    QOS_AMOUNT_MAX, NO,
	    { "262144", "-1", "-1" }, { "10000", "max 100000", "max" } },
	{ "requests alone", "c", { { 250, MI, NO, NO } }, NO, NO,
	    { "256", "-1", "-1" }, { "10", "max 100000", "max" } },
	{ "all have limits", "cc",
	    { { 100, MI, 200, 2 * MI }, { 100, MI, 300, 3 * MI } }, NO, NO,
	    { "204", "50000", "5242880" }, { "8", "50000 100000", "5242880" } },
	{ "one has none", "cc",
	    { { 100, MI, 200, 2 * MI }, { 100, MI, NO, NO } }, NO, NO,
	    { "204", "-1", "-1" }, { "8", "max 100000", "max" } },
	{ "one has a limit of memory alone", "cc",
	    { { 100, MI, 200, 2 * MI }, { 100, MI, NO, MI } }, NO, NO,
	    { "204", "-1", "3145728" }, { "8", "max 100000", "3145728" } },
	{ "an init container has none", "ic",
	    { { NO, NO, NO, NO }, { 100, MI, 200, 2 * MI } }, NO, NO,
	    { "102", "-1", "-1" }, { "4", "max 100000", "max" } },
	{ "an init container needs most", "iic",
	    { { 800, MI, 800, 8 * MI }, { 100, MI, 900, MI },
	      { 100, MI, 200, 2 * MI } }, NO, NO,
	    { "819", "90000", "8388608" },
	    { "32", "90000 100000", "8388608" } },
	{ "sidecars stay", "sc",
	    { { 300, MI, 300, MI }, { 100, MI, 100, MI } }, NO, NO,
	    { "409", "40000", "2097152" },
	    { "16", "40000 100000", "2097152" } },
	{ "init beside the sidecars before it", "sisc",
	    { { 300, MI, 300, MI }, { 500, 4 * MI, 500, 4 * MI },
	      { 100, MI, 100, MI }, { 100, MI, 100, MI } }, NO, NO,
	    { "819", "80000", "5242880" },
	    { "32", "80000 100000", "5242880" } },
	{ "the pod's own limits count", "pc",
	    { { 500, 4 * MI, 1000, 8 * MI }, { NO, NO, NO, NO } }, NO, NO,
	    { "512", "100000", "8388608" },
	    { "20", "100000 100000", "8388608" } },
	{ "and so do they with overhead", "pc",
	    { { 500, 4 * MI, 1000, 8 * MI }, { NO, NO, NO, NO } }, 100, MI,
	    { "614", "110000", "9437184" },
	    { "24", "110000 100000", "9437184" } },
};
/* clang-format on */

static const char *const files[2][3] = {
	{ "cpu.shares", "cpu.cfs_quota_us", "memory.limit_in_bytes" },
	{ "cpu.weight", "cpu.max", "memory.max" },
};

struct maker {
	Tripod__Pod pod;
	Tripod__Container container[CONTAINERS];
	Tripod__Container *init[CONTAINERS], *regular[CONTAINERS];
	Tripod__Resources resources[CONTAINERS];
	Tripod__Resource item[CONTAINERS][4], overhead[2];
	Tripod__Resource *list[CONTAINERS][4], *overheads[2];
};

static void
set(Tripod__Resource *r, const char *name, int64_t amount,
    Tripod__Resource **list, size_t *n)
{
	if (amount < 0)
		return;
	tripod__resource__init(r);
	r->name = TEXT(name);
	r->amount = amount;
	list[(*n)++] = r;
}

static Tripod__Resources *
resources(struct maker *m, size_t i, const struct amounts *a)
{
	Tripod__Resources *r = &m->resources[i];

	tripod__resources__init(r);
	r->request = m->list[i];
	r->limit = m->list[i] + 2;
	set(&m->item[i][0], "cpu", a->cpu, r->request, &r->n_request);
	set(&m->item[i][1], "memory", a->memory, r->request, &r->n_request);
	set(&m->item[i][2], "cpu", a->cpu_limit, r->limit, &r->n_limit);
	set(&m->item[i][3], "memory", a->memory_limit, r->limit, &r->n_limit);
	return (r);
}

static void
make(struct maker *m, const struct row *row)
{
	Tripod__Container *c;
	size_t i;

	memset(m, 0, sizeof(*m));
	tripod__pod__init(&m->pod);
	m->pod.container = m->regular;
	m->pod.init_container = m->init;
	for (i = 0; row->kinds[i] != '\0'; i++) {
		if (row->kinds[i] == 'p') {
			m->pod.resources = resources(m, i, &row->of[i]);
			continue;
		}
		c = &m->container[i];
		tripod__container__init(c);
		c->resources = resources(m, i, &row->of[i]);
		if (row->kinds[i] == 's')
			c->restart =
			    TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS;
		if (row->kinds[i] == 'c')
			m->regular[m->pod.n_container++] = c;
		else
			m->init[m->pod.n_init_container++] = c;
	}
	m->pod.overhead = m->overheads;
	set(&m->overhead[0], "cpu", row->overhead_cpu, m->overheads,
	    &m->pod.n_overhead);
	set(&m->overhead[1], "memory", row->overhead_memory, m->overheads,
	    &m->pod.n_overhead);
}

static void
test_pods(void **state)
{
	struct machine machine = { .cpus = 2 };
	struct group_value v[GROUP_VALUES_MAX];
	const char *expect;
	struct maker m;
	size_t i, j;

	(void)state;
	for (i = 0; i < LEN(rows) * 2; i++) {
		machine.cgroup_v2 = i % 2;
		make(&m, &rows[i / 2]);
		assert_int_equal(podgroup_pod(v, &m.pod, &machine), 3);
		for (j = 0; j < 3; j++) {
			expect = (i % 2 ? rows[i / 2].v2 : rows[i / 2].v1)[j];
			assert_string_equal(v[j].file, files[i % 2][j]);
			assert_int_equal(v[j].controller,
			    j < 2 ? CONTROLLER_CPU : CONTROLLER_MEMORY);
			if (strcmp(v[j].text, expect) != 0)
				fail_msg("%s: %s is %s, not %s",
				    rows[i / 2].name, v[j].file, v[j].text,
				    expect);
		}
		assert_int_equal(podgroup_burstable(&m.pod) > 0,
		    qos_of(&m.pod) == QOS_BURSTABLE);
		assert_true(podgroup_burstable(&m.pod) <= 256000);
		assert_int_equal(
		    podgroup_is_needed(&m.pod), rows[i / 2].kinds[0] == 'p');
	}
}

/* What is not asked for is nothing. */
static void
test_pages(void **state)
{
	static const struct row row = { "", "cc", { { NO, NO, NO, NO } }, NO,
		NO, { NULL }, { NULL } };
	struct machine machine = { .n_page_size = 2,
		.page_size = { "2MB", "1GB" } };
	struct group_value v[GROUP_VALUES_MAX];
	struct maker m;
	size_t i;

	(void)state;
	make(&m, &row);
	for (i = 0; i < 2; i++)
		set(&m.item[i][0], "hugepages-2Mi", 4 * MI,
		    m.resources[i].request, &m.resources[i].n_request);
	assert_int_equal(podgroup_pod(v, &m.pod, &machine), 5);
	assert_int_equal(v[3].controller, CONTROLLER_HUGETLB);
	assert_string_equal(v[3].file, "hugetlb.2MB.limit_in_bytes");
	assert_string_equal(v[3].text, "8388608");
	assert_string_equal(v[4].file, "hugetlb.1GB.limit_in_bytes");
	assert_string_equal(v[4].text, "0");
	machine.cgroup_v2 = 1;
	assert_int_equal(podgroup_pod(v, &m.pod, &machine), 5);
	assert_string_equal(v[3].file, "hugetlb.2MB.max");
}

static void
test_above(void **state)
{
	struct machine machine = { .cpus = 2, .memory = 1000000 };
	struct group_value v[GROUP_VALUES_MAX];

	(void)state;
	assert_int_equal(podgroup_all(v, &machine), 2);
	assert_string_equal(v[0].file, "cpu.shares");
	assert_string_equal(v[0].text, "2048");
	assert_string_equal(v[1].text, "1000000");
	assert_int_equal(podgroup_class(v, 0, &machine), 1);
	assert_string_equal(v[0].text, "2");
	machine.cgroup_v2 = 1;
	assert_int_equal(podgroup_class(v, 0, &machine), 1);
	assert_string_equal(v[0].text, "1");
	assert_int_equal(podgroup_class(v, 1500, &machine), 1);
	assert_string_equal(v[0].file, "cpu.weight");
	assert_string_equal(v[0].text, "59");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_above),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
