#include "reconciled/grpcmsg.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "common/mem.h"

#define MAX 100

struct reading {
	const char *name;
	const char *in;
	size_t len;
	const char *messages[4]; /* then NULL */
	enum grpcmsg_next last;
	int empty;
};

#define IN(s) s, sizeof(s) - 1

static const struct reading readings[] = {
	{ "nothing", IN(""), { NULL }, GRPCMSG_MORE, 1 },
	{ "one", IN("\0\0\0\0\3abc"), { "abc" }, GRPCMSG_MORE, 1 },
	{ "empty ones", IN("\0\0\0\0\0\0\0\0\0\0"), { "", "" }, GRPCMSG_MORE,
	    1 },
	{ "three", IN("\0\0\0\0\1a\0\0\0\0\0\0\0\0\0\2bc"), { "a", "", "bc" },
	    GRPCMSG_MORE, 1 },
	{ "prefix cut", IN("\0\0\0\0\1a\0\0"), { "a" }, GRPCMSG_MORE, 0 },
	{ "message cut", IN("\0\0\0\0\5ab"), { NULL }, GRPCMSG_MORE, 0 },
	{ "largest", IN("\0\0\0\0\144"), { NULL }, GRPCMSG_MORE, 0 },
	{ "too big", IN("\0\0\0\0\145"), { NULL }, GRPCMSG_TOO_BIG, 0 },
	{ "far too big", IN("\0\377\377\377\377x"), { NULL }, GRPCMSG_TOO_BIG,
	    0 },
	{ "compressed", IN("\0\0\0\0\1a\1\0\0\0\1b"), { "a" },
	    GRPCMSG_COMPRESSED, 0 },
};

/* Feeds the bytes step at a time; the result must not depend on it. */
static void
check_reading(const struct reading *r, size_t step)
{
	struct grpcmsg m;
	struct grpcmsg_bytes in, msg;
	enum grpcmsg_next next = GRPCMSG_MORE;
	size_t pos = 0, n, seen = 0;

	grpcmsg_init(&m, MAX);
	while (pos < r->len && next == GRPCMSG_MORE) {
		n = r->len - pos < step ? r->len - pos : step;
		in.data = (const uint8_t *)r->in + pos;
		in.len = n;
		pos += n;
		while ((next = grpcmsg_next(&m, &in, &msg)) == GRPCMSG_WHOLE) {
			assert_non_null(r->messages[seen]);
			assert_int_equal(msg.len, strlen(r->messages[seen]));
			if (msg.len > 0)
				assert_memory_equal(
				    msg.data, r->messages[seen], msg.len);
			seen++;
		}
	}
	assert_null(r->messages[seen]);
	assert_int_equal(next, r->last);
	assert_int_equal(grpcmsg_empty(&m), r->empty);
	grpcmsg_release(&m);
}

static void
test_reading(void **state)
{
	size_t i, step;

	(void)state;
	for (i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
		for (step = 1; step <= readings[i].len + 1; step++)
			check_reading(&readings[i], step);
}

/* A message longer than the first buffer, in pieces. */
static void
test_growth(void **state)
{
	const size_t size = 300 * 1000;
	uint8_t *big = xcalloc(1, GRPCMSG_PREFIX + size);
	struct grpcmsg_bytes in, msg = { NULL, 0 };
	struct grpcmsg m;
	size_t i, pos = 0, n;
	enum grpcmsg_next next = GRPCMSG_MORE;

	(void)state;
	big[2] = (uint8_t)(size >> 16);
	big[3] = (uint8_t)(size >> 8);
	big[4] = (uint8_t)size;
	for (i = 0; i < size; i++)
		big[GRPCMSG_PREFIX + i] = (uint8_t)(i * 7);
	grpcmsg_init(&m, size);
	while (pos < size + GRPCMSG_PREFIX) {
		n = size + GRPCMSG_PREFIX - pos;
		in = (struct grpcmsg_bytes){ big + pos, n < 16384 ? n : 16384 };
		pos += in.len;
		next = grpcmsg_next(&m, &in, &msg);
	}
	assert_int_equal(next, GRPCMSG_WHOLE);
	assert_int_equal(msg.len, size);
	assert_memory_equal(msg.data, big + GRPCMSG_PREFIX, size);
	grpcmsg_release(&m);
	free(big);
}

static void
test_timeout(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ -5, "0m" },
		{ 0, "0m" },
		{ 120000, "120000m" },
		{ 99999999, "99999999m" },
		{ 100000000, "100000S" },
		{ INT64_MAX, "99999999S" },
	};
	char text[GRPCMSG_TIMEOUT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		grpcmsg_timeout(text, cases[i].ms);
		assert_string_equal(text, cases[i].text);
	}
}

static void
test_status(void **state)
{
	static const struct {
		const char *text;
		int code;
	} cases[] = { { "0", 0 }, { "5", 5 }, { "16", 16 }, { "17", 2 },
		{ "99", 2 }, { "", 2 }, { "-1", 2 }, { "5x", 2 },
		{ "00000000005", 2 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(grpcmsg_status((const uint8_t *)cases[i].text,
				     strlen(cases[i].text)),
		    cases[i].code);
}

static void
test_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "caf%C3%A9 100%25", "caf\303\251 100%" },
		{ "%zz %4", "%zz %4" },
		{ "%", "%" },
		{ "%2", "%2" },
		{ "%%41", "%A" },
		{ "%00x", "%00x" },
		{ "%0a", "\n" },
	};
	char *text, *big;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = grpcmsg_text(
		    (const uint8_t *)cases[i].in, strlen(cases[i].in));
		assert_string_equal(text, cases[i].out);
		free(text);
	}
	big = xcalloc(1, 2 * GRPCMSG_TEXT_MAX);
	memset(big, 'a', 2 * GRPCMSG_TEXT_MAX);
	text = grpcmsg_text((uint8_t *)big, 2 * GRPCMSG_TEXT_MAX);
	assert_int_equal(strlen(text), GRPCMSG_TEXT_MAX);
	free(text);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_text),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
