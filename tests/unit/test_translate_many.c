/*
 * A manifest of thousands of parts takes no more than in proportion: of
 * four times as many, far from sixteen times the time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/podworld.h"

#define FEW 4000
#define MANY (4 * FEW)
#define TRIES 3 /* the quickest counts: others use the machine, too */
#define NAME_MAX_LEN 24

/* Milliseconds of this process. */
static double
milliseconds(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return ((double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6);
}

/* What work takes with so many parts. */
static double
took(void (*work)(struct fixture *, size_t), struct fixture *f, size_t n)
{
	double best = 1e9, began, ms;
	int i;

	for (i = 0; i < TRIES; i++) {
		began = milliseconds();
		work(f, n);
		ms = milliseconds() - began;
		if (ms < best)
			best = ms;
		arena_release(&f->arena);
	}
	return (best);
}

static void
check(void (*work)(struct fixture *, size_t), struct fixture *f)
{
	double few = took(work, f, FEW), many = took(work, f, MANY);

	print_message("%d: %.2f ms, %d: %.2f ms\n", FEW, few, MANY, many);
	assert_true(many < 8 * few + 30); /* and what memory takes */
}

/* Each refers to the first one. */
static void
variables(struct fixture *f, size_t n)
{
	Tripod__Env *e = calloc(n, sizeof(*e)), **list;
	char(*name)[NAME_MAX_LEN] = calloc(n, sizeof(*name));
	size_t i;

	list = calloc(n, sizeof(*list));
	assert_true(e != NULL && name != NULL && list != NULL);
	for (i = 0; i < n; i++) {
		tripod__env__init(&e[i]);
		(void)snprintf(name[i], sizeof(name[i]), "V%zu", i);
		e[i].name = name[i];
		e[i].value = TEXT(i == 0 ? "first" : "$(V0)");
		list[i] = &e[i];
	}
	f->container.env = list;
	f->container.n_env = n;
	assert_string_equal(podworld_made(f)->envs[n - 1]->value.data, "first");
	f->container.n_env = 0;
	free(list);
	free(name);
	free(e);
}

static void
ports(struct fixture *f, size_t n)
{
	Tripod__Port *port = calloc(n, sizeof(*port)), **list;
	size_t i;

	list = calloc(n, sizeof(*list));
	assert_true(port != NULL && list != NULL);
	for (i = 0; i < n; i++) {
		tripod__port__init(&port[i]);
		port[i].container_port = (int32_t)(i / 2) + 1; /* twice */
		list[i] = &port[i];
	}
	f->container.port = list;
	f->container.n_port = n;
	assert_int_equal(
	    translate_sandbox(&f->arena, &f->env, f->p, 0)->n_port_mappings,
	    n / 2);
	f->container.n_port = 0;
	free(list);
	free(port);
}

static void
test_variables(void **state)
{
	check(variables, *state);
}

static void
test_ports(void **state)
{
	check(ports, *state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_variables),
		TEST(test_ports),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
