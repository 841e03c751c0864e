/*
 * Which images go (reconciled/imagegc.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/imagegc.h"

#define LEN(x) (sizeof(x) / sizeof((x)[0]))
#define NOW 1000000
#define SHA "sha256:0123456789abcdef"

static void
test_named(void **state)
{
	static char tag1[] = "docker.io/library/busybox:latest";
	static char tag2[] = "registry.k8s.io:5000/a/b:1";
	static char tag3[] = "localhost/bb:2";
	static char tag4[] = "docker.io/me/it:3", tag5[] = "Host/it:3";
	static char digest1[] = "docker.io/library/busybox@" SHA;
	static char *tags[] = { tag1, tag2, tag3, tag4, tag5 },
		    *digests[] = { digest1 };
	static const struct {
		const char *reference;
		int is;
	} rows[] = { { "sha256:feed", 1 }, { "sha256:feeds", 0 }, { "", 0 },
		{ "busybox", 1 }, { "busybox:latest", 1 }, { "busybox:1", 0 },
		{ "library/busybox", 1 }, { "docker.io/library/busybox", 1 },
		{ "localhost/busybox", 0 }, { "busybox@" SHA, 1 },
		{ "busybox:7@" SHA, 1 }, { "other@" SHA, 0 },
		{ "registry.k8s.io:5000/a/b:1", 1 },
		{ "registry.k8s.io:5000/a/b", 0 },
		{ "registry.k8s.io:5000", 0 }, { "localhost/bb:2", 1 },
		{ "bb:2", 0 }, { "me/it:3", 1 }, { "Host/it:3", 1 },
		{ "docker.io/Host/it:3", 0 }, { "/", 0 }, { "@", 0 },
		{ ":", 0 } };
	struct imagegc_image image[3] = { { .id = "sha256:f00d" },
		{ .id = "sha256:feed",
		    .tag = tags,
		    .n_tag = LEN(tags),
		    .digest = digests,
		    .n_digest = LEN(digests) },
		{ .id = "" } };
	char text[4096];
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		image[1].needed = 0;
		imagegc_need(image, 3, rows[i].reference, IMAGEGC_WANTED);
		if (image[1].needed != (rows[i].is ? IMAGEGC_WANTED : 0))
			fail_msg("\"%s\"", rows[i].reference);
	}
	image[1].needed = 0;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	imagegc_need(image, 3, text, IMAGEGC_WANTED);
	assert_int_equal(image[1].needed, 0);
	/* No other one was meant; every one that is. */
	assert_int_equal(image[0].needed | image[2].needed, 0);
	image[0].tag = image[2].tag = tags;
	image[0].n_tag = image[2].n_tag = 1;
	imagegc_need(image, 3, "busybox", IMAGEGC_USED);
	imagegc_need(image, 3, "sha256:f00d", IMAGEGC_WANTED);
	assert_int_equal(image[0].needed, IMAGEGC_USED | IMAGEGC_WANTED);
	assert_int_equal(image[1].needed, IMAGEGC_USED);
	assert_int_equal(image[2].needed, IMAGEGC_USED);
}

static void
test_pause(void **state)
{
	static char pause1[] = "registry.k8s.io/pause:3.6";
	static char pause2[] = "pause", other[] = "pause/me:1";
	static char longer[] = "a/pauses:1", shorter[] = "a/pau:1";
	static char *tags[] = { other, longer, shorter, pause1, pause2 };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(tags); i++) {
		struct imagegc_image image = { .tag = &tags[i], .n_tag = 1 };

		assert_int_equal(imagegc_is_pause(&image), i >= 3);
	}
}

static void
test_excess(void **state)
{
	static const struct {
		int64_t high, low;
		uint64_t capacity, available;
		int begun;
		uint64_t excess;
	} rows[] = {
		{ 85, 80, 1000, 151, 0, 0 },
		{ 85, 80, 1000, 150, 0, 50 },
		{ 85, 80, 1000, 0, 0, 200 },
		/* Once begun it goes on to low. */
		{ 85, 80, 1000, 199, 1, 1 },
		{ 85, 80, 1000, 200, 1, 0 },
		{ 85, 85, 1000, 150, 0, 0 },
		{ 100, 0, 1000, 0, 0, 0 },
		{ 100, 0, 1000, 0, 1, 0 },
		{ 85, 80, 0, 0, 0, 0 },
		{ 0, 0, 1000, 999, 0, 1 },
		{ 50, 0, UINT64_MAX, 0, 0, UINT64_MAX },
	};
	struct imagegc_conf conf = { 0, 0, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		conf.high = rows[i].high;
		conf.low = rows[i].low;
		if (imagegc_excess(&conf, rows[i].capacity, rows[i].available,
			rows[i].begun) != rows[i].excess)
			fail_msg("row %zu", i);
	}
}

/*
 * Images by blanks: a name, when it was last used, a dash and how long it has
 * been here, both in seconds ago.  Behind it: p pinned, u used, w wanted.
 */
static void
test_order(void **state)
{
	static const struct {
		const char *name, *images, *order;
	} rows[] = {
		{ "none", "", "" },
		{ "least recently used first", "a10-900 b30-900 c20-900",
		    "bca" },
		{ "then first seen, then by id", "b5-300 c5-400 a5-300",
		    "cab" },
		{ "never what somebody needs", "a9-900p b9-900u c9-900w d1-900",
		    "d" },
		{ "nor what is new", "a119-119 b120-120 c0-0", "b" },
	};
	const struct imagegc_conf conf = { 85, 80, 120 };
	struct imagegc_image image[8], *next;
	char names[8][2], order[9], text[128], *rest, *word, *end;
	size_t i, n, k;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		(void)snprintf(text, sizeof(text), "%s", rows[i].images);
		memset(image, 0, sizeof(image));
		n = k = 0;
		for (rest = text; (word = strsep(&rest, " ")) != NULL;) {
			if (*word == '\0')
				continue;
			names[n][0] = *word;
			names[n][1] = '\0';
			image[n].id = names[n];
			image[n].last.ms = NOW -
			    strtoll(word + 1, &end, 10) * 1000;
			image[n].first.ms = NOW -
			    strtoll(end + 1, &end, 10) * 1000;
			image[n].pinned = *end == 'p';
			image[n].needed = *end == 'u' ? IMAGEGC_USED
			    : *end == 'w'	      ? IMAGEGC_WANTED
						      : 0;
			n++;
		}
		while ((next = imagegc_choose(
			    image, n, &conf, (struct mtime){ NOW })) != NULL) {
			next->tried = 1;
			order[k++] = *next->id;
		}
		order[k] = '\0';
		if (strcmp(order, rows[i].order) != 0)
			fail_msg("%s: \"%s\"", rows[i].name, order);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_excess),
		cmocka_unit_test(test_order),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
