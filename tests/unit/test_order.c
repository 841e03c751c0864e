/*
 * Who starts first (reconciled/order.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/order.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define TEXT(s) ((char *)(uintptr_t)(s))
#define NOW 100000
#define PODS_MAX 16

/*
 * Pods by blanks: a name, a class (n: system-node-critical, c:
 * system-cluster-critical, "-") and a priority.  Behind it: ! a start of it
 * is under way, ~ it has been for long, r it takes another one's place, ? it
 * is about to be a candidate.
 */
struct row {
	const char *name;
	const char *pods;
	size_t places;
	const char *chosen, *waiting; /* names, in order */
	int64_t wake;		      /* 0: none */
	int64_t settled;
};

static const struct row rows[] = {
	{ "nothing to do", "", 4, "", "", 0, 0 },
	{ "all at once", "b-0 a-0", 4, "ab", "", 0, 0 },
	{ "critical ones first, then by priority, then by name",
	    "d-0 e-7 b-0 c-2000000000 f-2000001000 a-0 x-7 "
	    "yc2000000000 zn2000001000",
	    9, "zyfcexabd", "", 0, 0 },
	{ "the class counts, whatever the priority", "a-9 bc0 cn0", 2, "cb",
	    "a", 0, 0 },
	{ "negative priorities are last", "a--5 b-0 c--6", 9, "bac", "", 0, 0 },
	{ "as many as there are places", "c-0 a-0 b-0", 2, "ab", "c", 0, 0 },
	{ "starts under way take places", "s-0! t-0! c-0 a-0", 3, "a", "c",
	    NOW - 1000 + ORDER_SLOW_MS, 0 },
	{ "no place at all", "s-0! a-0", 1, "", "a", NOW - 1000 + ORDER_SLOW_MS,
	    0 },
	{ "what is through with all needs no timer", "s-0! a-0", 2, "a", "", 0,
	    0 },
	{ "a slow one holds up nobody", "s-0~ a-0 b-0", 1, "a", "b", 0, 0 },
	{ "an update passes the others", "s-0! t-0! a-0 b-0r", 2, "b", "a",
	    NOW - 1000 + ORDER_SLOW_MS, 0 },
	{ "updates have their own limit, too", "s-0!r t-0!r a-0 b-0r", 2, "a",
	    "b", NOW - 1000 + ORDER_SLOW_MS, 0 },
	{ "an important one is about to come", "a-0 yc0? zn0", 4, "z", "a",
	    NOW + 5, NOW + 5 },
	{ "one that is not more important", "a-0 b-0?", 4, "a", "", 0,
	    NOW + 5 },
	{ "it has had its time", "a-0 yc0?", 4, "a", "", 0, NOW },
};

struct world {
	struct pods pods;
	struct candidate candidate[PODS_MAX];
	size_t n;
};

static void
add_pod(struct world *w, const char *text)
{
	Tripod__Definition *d = calloc(1, sizeof(*d));
	Tripod__Pod *pod = calloc(1, sizeof(*pod));
	char name[2] = { text[0], '\0' }, *end;
	struct pod *p;

	assert_true(d != NULL && pod != NULL);
	tripod__definition__init(d);
	tripod__pod__init(pod);
	pod->priority_class = TEXT(text[1] == 'n' ? "system-node-critical"
		: text[1] == 'c'		  ? "system-cluster-critical"
						  : "");
	pod->priority = (int32_t)strtol(text + 2, &end, 10);
	d->pod = pod;
	p = pod_new(name, "default", name);
	p->definition = d;
	p->want.pod = pod;
	p->want.replaces = strchr(end, 'r') != NULL;
	p->want.wanted = 1;
	p->seen.unsure = strchr(end, '?') != NULL;
	p->memo.sandbox_busy = strpbrk(end, "!~") != NULL;
	p->memo.sandbox_since.ms = NOW -
	    (strchr(end, '~') != NULL ? ORDER_SLOW_MS : 1000);
	TAILQ_INSERT_TAIL(&w->pods, p, entry);
	if (!p->memo.sandbox_busy && !p->seen.unsure)
		w->candidate[w->n++].pod = p;
}

static void
world_init(struct world *w, const char *text)
{
	char buf[256], *next = buf, *word;

	TAILQ_INIT(&w->pods);
	w->n = 0;
	(void)snprintf(buf, sizeof(buf), "%s", text);
	while ((word = strsep(&next, " ")) != NULL)
		if (*word != '\0')
			add_pod(w, word);
}

static void
world_release(struct world *w)
{
	struct pod *p;

	while ((p = TAILQ_FIRST(&w->pods)) != NULL) {
		TAILQ_REMOVE(&w->pods, p, entry);
		free(p->definition->pod);
		free(p->definition);
		p->definition = NULL;
		pod_free(p);
	}
}

static void
names(char *out, const struct candidate *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		*out++ = c[i].pod->name[0];
	*out = '\0';
}

static void
check_row(const struct row *row)
{
	char chosen[PODS_MAX + 1], waiting[PODS_MAX + 1];
	struct order_env env = { 0, { row->settled }, { NOW } };
	struct mtime wake = MTIME_NEVER;
	struct world w;
	size_t n;

	world_init(&w, row->pods);
	env.places = row->places;
	n = order_starts(&w.pods, w.candidate, w.n, &env, &wake);
	names(chosen, w.candidate, n);
	names(waiting, w.candidate + n, w.n - n);
	if (strcmp(chosen, row->chosen) != 0 ||
	    strcmp(waiting, row->waiting) != 0 ||
	    wake.ms != (row->wake == 0 ? INT64_MAX : row->wake))
		fail_msg("%s: \"%s\", then \"%s\", wake %lld", row->name,
		    chosen, waiting, (long long)wake.ms);
	world_release(&w);
}

static void
test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++)
		check_row(&rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
