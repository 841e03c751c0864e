#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/match.h"

#define N 6

struct world {
	Tripod__PodItem item[N];
	Tripod__PodItem *pod[N];
	struct match_pods in;
};

static char texts[N][3][32] = {
	{ "default", "web-n1", "aaaa1111" },
	{ "other", "web-n1", "aaaa2222" },
	{ "default", "web-x-n1", "bbbb3333" },
	{ "default", "db-n1", "cccc4444" },
	{ "default", "db-n1", "dddd5555" },
	{ "default", "n1-n1", "eeee6666" },
};

static void
world_init(struct world *w)
{
	size_t i;

	for (i = 0; i < N; i++) {
		tripod__pod_item__init(&w->item[i]);
		w->item[i].namespace_ = texts[i][0];
		w->item[i].name = texts[i][1];
		w->item[i].uid = texts[i][2];
		w->pod[i] = &w->item[i];
	}
	w->item[3].terminating = 1;
	w->in = (struct match_pods){ w->pod, N, "n1" };
}

static void
test_pods(void **state)
{
	static const struct {
		const char *word;
		int found, which;
	} rows[] = {
		{ "default/web-n1", 1, 0 },
		{ "default/web", 1, 0 },
		{ "other/web", 1, 1 },
		{ "web", 2, 0 },
		{ "web-n1", 2, 0 },
		{ "web-x", 1, 2 },
		{ "web-x-n1", 1, 2 },
		/* An update: the one that stays. */
		{ "db", 1, 4 },
		{ "default/db-n1", 1, 4 },
		/* Each has a uid of its own, whatever its name. */
		{ "cccc", 1, 3 },
		{ "aaaa1111", 1, 0 },
		{ "aaaa", 2, 0 },
		{ "aaa", 0, 0 },
		{ "aaaa11112", 0, 0 },
		{ "n1", 1, 5 },
		{ "", 0, 0 },
		{ "web-", 0, 0 },
		{ "web-n", 0, 0 },
		{ "eb-n1", 0, 0 },
		{ "defaul/web", 0, 0 },
		{ "default/aaaa", 0, 0 },
		{ "/web", 0, 0 },
	};
	Tripod__PodItem *p;
	struct world w;
	struct err err;
	size_t i;

	(void)state;
	world_init(&w);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (match_pod(&w.in, rows[i].word, &p, &err) != rows[i].found)
			fail_msg("\"%s\"", rows[i].word);
		if (rows[i].found == 1)
			assert_ptr_equal(p, &w.item[rows[i].which]);
		else
			assert_null(p);
	}
	(void)match_pod(&w.in, "web", &p, &err);
	assert_string_equal(err.text,
	    "\"web\" may be several pods: default/web-n1 (aaaa1111), "
	    "other/web-n1 (aaaa2222)");
	(void)match_pod(&w.in, "nobody", &p, &err);
	assert_string_equal(err.text, "there is no pod \"nobody\"");
}

static void
test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "0", 0 },
		{ "90", 90000 },
		{ "90s", 90000 },
		{ "250ms", 250 },
		{ "5m", 300000 },
		{ "2h", 7200000 },
		{ "1d", 86400000 },
		{ "10000d", 864000000000 },
		{ "10001d", -1 },
		{ "999999999", -1 },
		{ "9999999999", -1 },
		{ "", -1 },
		{ "s", -1 },
		{ "-1", -1 },
		{ "1w", -1 },
		{ "1 s", -1 },
		{ "1.5s", -1 },
		{ "1ss", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (match_duration(rows[i].text) != rows[i].ms)
			fail_msg("\"%s\"", rows[i].text);
}

static void
test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.000000001Z", 1 },
		{ "1970-01-01T00:00:00.5Z", 500000000 },
		{ "2026-11-27T10:15:00Z", 1795774500000000000 },
		{ "2026-11-27T12:15:00+02:00", 1795774500000000000 },
		{ "2026-11-27T04:45:00.25-05:30", 1795774500250000000 },
		{ "2000-02-29T00:00:00Z", 951782400000000000 },
		{ "1m", 940000000000 },
		{ "1970-01-01T00:00:00", -1 },
		{ "1970-01-01 00:00:00Z", -1 },
		{ "1970-13-01T00:00:00Z", -1 },
		{ "1970-01-32T00:00:00Z", -1 },
		{ "1970-01-01T24:00:00Z", -1 },
		{ "1969-01-01T00:00:00Z", -1 },
		{ "9999-01-01T00:00:00Z", -1 },
		{ "1970-01-01T00:00:00.Z", -1 },
		{ "1970-01-01T00:00:00.1234567890Z", -1 },
		{ "1970-01-01T00:00:00ZZ", -1 },
		{ "1970-1-01T00:00:00Z", -1 },
		{ "yesterday", -1 },
		{ "", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (match_time(rows[i].text, 1000000000000) != rows[i].ns)
			fail_msg("\"%s\"", rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pods),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_times),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
