/*
 * Resolver settings of pods (runtime.md 3.2), and what a pod asks of the
 * machine (3.5, 4.9).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/dns.h"
#include "reconciled/machine.h"
#include "reconciled/qos.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))

#define HOST                                                         \
	"# a comment\nnameserver 192.0.2.1\nnameserver nonsense\n"   \
	"search old\nnameserver 192.0.2.2\nsearch host.example. .\n" \
	"options ndots:1 rotate\noptions ndots:3\nsortlist 1\n"

#define PARSED "192.0.2.1 192.0.2.2|host.example|ndots:3 rotate"

/* "servers|searches|options" */
static const char *
joined(char *out, size_t size, const struct dns_config *c)
{
	const struct dns_list *lists[] = { &c->server, &c->search, &c->option };
	size_t i, j;

	out[0] = '\0';
	for (i = 0; i < LEN(lists); i++) {
		for (j = 0; j < lists[i]->n; j++)
			(void)snprintf(out + strlen(out), size - strlen(out),
			    "%s%s", j == 0 ? "" : " ", lists[i]->value[j]);
		if (i < 2)
			(void)snprintf(
			    out + strlen(out), size - strlen(out), "|");
	}
	return (out);
}

#define CLUSTER "default.svc.c.local svc.c.local c.local"

static void
test_policies(void **state)
{
	static const struct {
		Tripod__DnsPolicy policy;
		int host_network, servers, configured;
		const char *expect;
	} rows[] = {
		{ TRIPOD__DNS_POLICY__DNS_DEFAULT, 0, 1, 0, PARSED },
		{ TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST, 0, 0, 0, PARSED },
		{ TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST, 0, 1, 0,
		    "192.0.2.53|" CLUSTER " host.example|ndots:5" },
		{ TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST, 1, 1, 0, PARSED },
		{ TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST_WITH_HOST_NET, 1, 1, 0,
		    "192.0.2.53|" CLUSTER " host.example|ndots:5" },
		{ TRIPOD__DNS_POLICY__DNS_NONE, 0, 1, 0, "||" },
		{ TRIPOD__DNS_POLICY__DNS_NONE, 0, 1, 1,
		    "192.0.2.9|mine|ndots:2 edns0" },
		{ TRIPOD__DNS_POLICY__DNS_DEFAULT, 0, 1, 1,
		    "192.0.2.1 192.0.2.2 192.0.2.9|host.example mine|"
		    "ndots:2 rotate edns0" },
	};
	Tripod__DnsConfig mine = TRIPOD__DNS_CONFIG__INIT;
	Tripod__KeyValue option[2] = { TRIPOD__KEY_VALUE__INIT,
		TRIPOD__KEY_VALUE__INIT };
	Tripod__KeyValue *options[] = { &option[0], &option[1] };
	char *server[] = { TEXT("192.0.2.9") }, *search[] = { TEXT("mine") };
	struct dns_env env = { .domain = "c.local", .file = HOST };
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct dns_config c;
	struct arena a;
	char text[512];
	size_t i;

	(void)state;
	option[0].key = TEXT("ndots");
	option[0].value = TEXT("2");
	option[1].key = TEXT("edns0");
	mine.nameserver = server;
	mine.search = search;
	mine.option = options;
	mine.n_nameserver = mine.n_search = 1;
	mine.n_option = 2;
	pod.namespace_ = TEXT("default");
	env.server.value[0] = TEXT("192.0.2.53");
	arena_init(&a, 1 << 20);
	for (i = 0; i < LEN(rows); i++) {
		pod.dns_policy = rows[i].policy;
		pod.host_network = rows[i].host_network;
		pod.dns = rows[i].configured ? &mine : NULL;
		env.server.n = (size_t)rows[i].servers;
		dns_config(&a, &env, &pod, &c);
		if (strcmp(joined(text, sizeof(text), &c), rows[i].expect) != 0)
			fail_msg("row %zu: %s", i, text);
		assert_false(c.cut);
	}
	arena_release(&a);
}

/* What resolvers do not take is left out, and that is told. */
static void
test_limits(void **state)
{
	Tripod__DnsConfig mine = TRIPOD__DNS_CONFIG__INIT;
	char names[40][8], *searches[40], *servers[5], ips[5][16];
	struct dns_env env = { .domain = "" };
	Tripod__Pod pod = TRIPOD__POD__INIT;
	struct dns_config c;
	struct arena a;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(searches); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "s%zu", i);
		searches[i] = names[i];
	}
	for (i = 0; i < LEN(servers); i++) {
		(void)snprintf(ips[i], sizeof(ips[i]), "192.0.2.%zu", i);
		servers[i] = ips[i];
	}
	mine.search = searches;
	mine.n_search = LEN(searches);
	mine.nameserver = servers;
	mine.n_nameserver = LEN(servers);
	pod.dns = &mine;
	pod.dns_policy = TRIPOD__DNS_POLICY__DNS_NONE;
	arena_init(&a, 1 << 20);
	dns_config(&a, &env, &pod, &c);
	assert_int_equal(c.server.n, DNS_SERVERS_MAX);
	assert_int_equal(c.search.n, DNS_SEARCHES_MAX);
	assert_true(c.cut);
	arena_release(&a);
}

static void
test_page_names(void **state)
{
	static const struct {
		const char *kernel, *name;
	} rows[] = {
		{ "2048kB", "2MB" },
		{ "1048576kB", "1GB" },
		{ "64kB", "64KB" },
		{ "0kB", NULL },
		{ "2048", NULL },
		{ "", NULL },
	};
	char name[MACHINE_PAGE_NAME_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		assert_int_equal(machine_page_name(name, rows[i].kernel),
		    rows[i].name != NULL);
		if (rows[i].name != NULL)
			assert_string_equal(name, rows[i].name);
	}
}

/* A container's amounts of cpu and memory; 0: not given. */
struct wants {
	int64_t cpu_request, cpu_limit, memory_request, memory_limit;
};

struct box {
	Tripod__Container c;
	Tripod__Resources r;
	Tripod__Resource item[4], *request[2], *limit[2];
};

static void
put(struct box *b, size_t i, const char *name, int64_t amount)
{
	Tripod__Resource *r = &b->item[i];

	tripod__resource__init(r);
	r->name = TEXT(name);
	r->amount = amount;
	if (amount == 0)
		return;
	if (i % 2 == 0)
		b->request[b->r.n_request++] = r;
	else
		b->limit[b->r.n_limit++] = r;
}

static Tripod__Container *
box_init(struct box *b, const struct wants *w)
{
	tripod__container__init(&b->c);
	tripod__resources__init(&b->r);
	b->r.request = b->request;
	b->r.limit = b->limit;
	b->c.resources = &b->r;
	put(b, 0, "cpu", w->cpu_request);
	put(b, 1, "cpu", w->cpu_limit);
	put(b, 2, "memory", w->memory_request);
	put(b, 3, "memory", w->memory_limit);
	return (&b->c);
}

static void
test_qos(void **state)
{
	static const struct {
		struct wants a, b;
		const char *expect;
	} rows[] = {
		{ { 0, 0, 0, 0 }, { 0, 0, 0, 0 }, "BestEffort" },
		{ { 1, 1, 2, 2 }, { 1, 1, 2, 2 }, "Guaranteed" },
		{ { 0, 1, 0, 2 }, { 0, 1, 0, 2 }, "Guaranteed" },
		{ { 0, 1, 0, 2 }, { 1, 1, 2, 2 }, "Burstable" },
		{ { 1, 1, 2, 2 }, { 0, 0, 0, 0 }, "Burstable" },
		{ { 1, 2, 2, 2 }, { 1, 1, 2, 2 }, "Burstable" },
		{ { 1, 0, 0, 0 }, { 0, 0, 0, 0 }, "Burstable" },
		{ { 1, 1, 0, 0 }, { 1, 1, 0, 0 }, "Burstable" },
	};
	Tripod__Pod pod = TRIPOD__POD__INIT;
	Tripod__Container *list[2];
	struct box a, b;
	size_t i;

	(void)state;
	pod.container = list;
	pod.n_container = 2;
	for (i = 0; i < LEN(rows); i++) {
		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		list[0] = box_init(&a, &rows[i].a);
		list[1] = box_init(&b, &rows[i].b);
		if (strcmp(qos_str(qos_of(&pod)), rows[i].expect) != 0)
			fail_msg("row %zu: %s", i, qos_str(qos_of(&pod)));
	}
}

/* An init container beside the sidecars before it, or all the others. */
static void
test_pod_amount(void **state)
{
	static const struct wants init = { 500, 0, 0, 64 },
				  side = { 100, 0, 0, 16 },
				  main = { 200, 0, 0, 32 },
				  none = { 0, 0, 0, 0 };
	Tripod__Pod pod = TRIPOD__POD__INIT;
	Tripod__Container *list[1], *inits[2];
	struct box a, b, c;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&c, 0, sizeof(c));
	inits[0] = box_init(&a, &side);
	inits[1] = box_init(&b, &init);
	list[0] = box_init(&c, &main);
	a.c.restart = TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS;
	pod.container = list;
	pod.init_container = inits;
	pod.n_container = 1;
	pod.n_init_container = 2;
	assert_int_equal(qos_pod_amount(&pod, QOS_REQUEST, "cpu"), 600);
	assert_int_equal(qos_pod_amount(&pod, QOS_LIMIT, "memory"), 80);
	assert_int_equal(qos_pod_amount(&pod, QOS_LIMIT, "cpu"), -1);
	memset(&c, 0, sizeof(c));
	list[0] = box_init(&c, &none);
	/* One container without a limit: the pod has none. */
	assert_int_equal(qos_pod_amount(&pod, QOS_LIMIT, "memory"), -1);
	assert_int_equal(qos_pod_amount(&pod, QOS_REQUEST, "cpu"), 600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_page_names),
		cmocka_unit_test(test_qos),
		cmocka_unit_test(test_pod_amount),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
