/*
 * The small things of common/: err, log, mem, mtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/err.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/mtime.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Runs fn in a child whose stderr comes back as text; returns the wait
 * status.
 */
static int
capture(void (*fn)(void), char *buf, size_t size)
{
	int fd[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	if ((pid = fork()) == 0) {
		(void)dup2(fd[1], STDERR_FILENO);
		fn();
		_exit(0);
	}
	assert_true(pid > 0);
	(void)close(fd[1]);
	while ((n = read(fd[0], buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	(void)close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return (status);
}

static void
err_texts(void **state)
{
	struct err err = { "untouched" };
	char longer[ERR_MAX * 2];

	(void)state;
	assert_int_equal(err_set(&err, "%s %d", "line", 7), -1);
	assert_string_equal(err.text, "line 7");
	assert_int_equal(err_prefix(&err, "file %s", "a"), -1);
	assert_string_equal(err.text, "file a: line 7");
	errno = ENOENT;
	assert_int_equal(err_sys(&err, "open %s", "b"), -1);
	assert_string_equal(err.text, "open b: No such file or directory");
	/* The old text may be an argument. */
	assert_int_equal(err_prefix(&err, "%s", err.text), -1);
	assert_non_null(strstr(err.text, "b: No such file or directory: open"));

	assert_int_equal(err_set(NULL, "x"), -1);
	assert_int_equal(err_sys(NULL, "x"), -1);
	assert_int_equal(err_prefix(NULL, "x"), -1);

	memset(longer, 'y', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(err_set(&err, "%s", longer), -1);
	assert_int_equal(strlen(err.text), ERR_MAX - 1);
	assert_int_equal(err_prefix(&err, "%s", longer), -1);
	assert_int_equal(strlen(err.text), ERR_MAX - 1);
}

static void
log_levels(void **state)
{
	enum log_level level = LOG_LEVEL_DEBUG;

	(void)state;
	assert_int_equal(log_level_parse("warn", &level), 0);
	assert_int_equal(level, LOG_LEVEL_WARN);
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_parse("info", &level), 0);
	assert_int_equal(log_level_parse("Info", &level), -1);
	assert_int_equal(log_level_parse("", &level), -1);
	assert_int_equal(level, LOG_LEVEL_INFO);
	assert_string_equal(log_level_str(LOG_LEVEL_WARN), "warn");
	assert_string_equal(log_level_str(LOG_LEVEL_DEBUG), "debug");
}

struct escape {
	const char *in, *out;
};

/* clang-format off */
static const struct escape escapes[] = {
	{ "plain text", "plain text" },
	{ "a\nb", "a\\x0ab" },
	{ "\r\t\033[2J", "\\x0d\\x09\\x1b[2J" },
	{ "\177", "\\x7f" },
	{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xb3",
	  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xb3" },
	{ "\xc2\x9b" "31m", "\\xc2\\x9b31m" },		/* C1: CSI */
	{ "\xff\xfe", "\\xff\\xfe" },
	{ "\xc3", "\\xc3" },				/* cut off */
	{ "\xe2\x82z", "\\xe2\\x82z" },
	{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong */
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },	/* too high */
	{ "\xe2\x80\xae" "x", "\\xe2\\x80\\xaex" },	/* right to left */
	{ "\xe2\x80\xa8" "x", "\\xe2\\x80\\xa8x" },	/* line separator */
};
/* clang-format on */

static void
write_escapes(void)
{
	size_t i;

	log_init("test");
	for (i = 0; i < NELEM(escapes); i++)
		log_warnx("%s", escapes[i].in);
}

static void
log_escapes(void **state)
{
	char buf[8192], *line, *rest = buf, *text;
	size_t i;

	(void)state;
	assert_int_equal(capture(write_escapes, buf, sizeof(buf)), 0);
	for (i = 0; i < NELEM(escapes); i++) {
		line = strsep(&rest, "\n");
		assert_non_null(line);
		assert_non_null(text = strstr(line, "]: "));
		assert_string_equal(text + 3, escapes[i].out);
	}
	assert_string_equal(rest, "");
}

static void
write_forms(void)
{
	log_init("prog");
	errno = EACCES;
	log_warn("first %d", 1);
	if (errno != EACCES)
		_exit(2);
	log_info("second");
	log_debug("not seen");
	log_set_level(LOG_LEVEL_WARN);
	log_info("not seen");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("third");
}

/* "2026-11-23T08:01:26.366Z prog[12]: text" */
static void
check_form(const char *line, const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ prog[";
	char want[64];
	size_t i;

	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] == 'd' && line[i] >= '0' && line[i] <= '9')
			continue;
		assert_int_equal(line[i], form[i]);
	}
	line += i;
	assert_true(strtol(line, NULL, 10) > 0);
	(void)snprintf(want, sizeof(want), "]: %s", text);
	assert_string_equal(line + strspn(line, "0123456789"), want);
}

static void
log_forms(void **state)
{
	char buf[4096], *rest = buf;

	(void)state;
	assert_int_equal(capture(write_forms, buf, sizeof(buf)), 0);
	check_form(strsep(&rest, "\n"), "first 1: Permission denied");
	check_form(strsep(&rest, "\n"), "second");
	check_form(strsep(&rest, "\n"), "third");
	assert_string_equal(rest, "");
}

static void
write_journal(void)
{
	char stream[64];
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == -1)
		_exit(2);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	(void)setenv("JOURNAL_STREAM", stream, 1);
	log_init("prog");
	log_set_level(LOG_LEVEL_DEBUG);
	log_warnx("w");
	log_info("i");
	log_debug("d");
	/* Inherited by a child whose stderr is no longer the journal. */
	(void)setenv("JOURNAL_STREAM", "1:2", 1);
	log_init("prog");
	log_info("x");
}

static void
log_journal(void **state)
{
	static const char want[] = "<4>w\n<6>i\n<7>d\n";
	char buf[4096];

	(void)state;
	assert_int_equal(capture(write_journal, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, want, sizeof(want) - 1);
	assert_non_null(strstr(buf + sizeof(want) - 1, "prog["));
}

static void
write_long(void)
{
	char text[3 * LOG_LINE_MAX];

	log_init("prog");
	memset(text, '\001', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	memset(text, 'a', sizeof(text) - 1);
	log_info("%s", text);
}

static void
log_long(void **state)
{
	char buf[4 * LOG_LINE_MAX], *rest = buf;
	const char *line;

	(void)state;
	assert_int_equal(capture(write_long, buf, sizeof(buf)), 0);
	line = strsep(&rest, "\n");
	/* Cut between escapes, not within. */
	assert_true(strlen(line) >= LOG_LINE_MAX - 5);
	assert_true(strlen(line) < LOG_LINE_MAX);
	assert_string_equal(line + strlen(line) - 4, "\\x01");
	line = strsep(&rest, "\n");
	assert_true(strlen(line) >= LOG_LINE_MAX - 64);
	assert_true(strlen(line) < LOG_LINE_MAX);
	assert_string_equal(rest, "");
}

static void
die_fatal(void)
{
	errno = EPERM;
	fatal("cannot %s", "go on");
}

static void
die_assert(void)
{
	log_assert(1 + 1 == 2);
	log_assert(1 + 1 == 3);
}

static void
die_alloc(void)
{
	(void)xreallocarray(NULL, SIZE_MAX / 2, 4);
}

static void
log_fatal(void **state)
{
	static const struct {
		void (*fn)(void);
		const char *text;
	} tests[] = {
		{ die_fatal, "]: cannot go on: Operation not permitted\n" },
		{ die_assert, "broken invariant: 1 + 1 == 3\n" },
		{ die_alloc, " * 4 bytes are too many\n" },
	};
	char buf[4096];
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < NELEM(tests); i++) {
		status = capture(tests[i].fn, buf, sizeof(buf));
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 1);
		assert_non_null(strstr(buf, tests[i].text));
	}
}

static void
mem_basics(void **state)
{
	char *s, *t;
	int *n;

	(void)state;
	free(xmalloc(0));
	free(xcalloc(0, 5));
	n = xcalloc(3, sizeof(*n));
	assert_int_equal(n[2], 0);
	n = xreallocarray(n, 100, sizeof(*n));
	n[99] = 1;
	free(n);
	s = xstrdup("abc");
	t = xstrndup(s, 2);
	assert_string_equal(t, "ab");
	free(t);
	assert_int_equal(xasprintf(&t, "%s-%d", s, 5), 5);
	assert_string_equal(t, "abc-5");
	free(t);
	free(s);
}

static void
arena_limits(void **state)
{
	struct arena a;
	size_t count, i, size = 0;
	unsigned char *p;

	(void)state;
	arena_init(&a, 4096);
	assert_null(arena_alloc(&a, 4097));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_array(&a, SIZE_MAX / 2, 3));
	assert_null(arena_memdup(&a, "", SIZE_MAX));
	assert_int_equal(a.used, 0);
	p = arena_alloc(&a, 4096);
	assert_non_null(p);
	assert_null(arena_alloc(&a, 1));
	memset(p, 0xff, 4096);
	arena_release(&a);

	/* Zeroed, aligned and apart, through block after block. */
	arena_init(&a, 1 << 20);
	while ((p = arena_alloc(&a, size)) != NULL) {
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		size = size * 3 % 1021 + 1;
	}
	assert_true(a.used <= a.limit && a.limit - a.used < 1022 + 16);
	arena_release(&a);
	assert_int_equal(a.used, 0);

	/* Even nothing at all is not for free. */
	arena_init(&a, 1024);
	for (count = 0; arena_alloc(&a, 0) != NULL; count++)
		assert_true(count < 1024);
	assert_true(count >= 64);
	arena_release(&a);
}

static void
arena_strings(void **state)
{
	struct arena *a = arena_new(96);
	ProtobufCAllocator *pa = &a->allocator;
	char *s, *t, *u;
	void *p;

	(void)state;
	s = arena_strdup(a, "hello");
	t = arena_memdup(a, "x\0y", 3);
	u = arena_printf(a, "%s/%d", "pod", 42);
	assert_string_equal(s, "hello");
	assert_memory_equal(t, "x\0y", 4);
	assert_string_equal(u, "pod/42");
	p = pa->alloc(pa->allocator_data, 40);
	assert_non_null(p);
	pa->free(pa->allocator_data, p);
	assert_null(pa->alloc(pa->allocator_data, 1));
	assert_null(arena_strdup(a, ""));
	assert_null(arena_printf(a, "%d", 1));
	arena_free(a);
	arena_free(NULL);
}

static void
mtime_arithmetic(void **state)
{
	const struct mtime never = MTIME_NEVER, zero = MTIME_ZERO;
	const struct mtime t = { 1500 }, least = { INT64_MIN };
	struct timeval tv;

	(void)state;
	assert_int_equal(mtime_add(t, 500).ms, 2000);
	assert_int_equal(mtime_add(t, -2000).ms, -500);
	assert_true(mtime_add(never, -1).ms == INT64_MAX);
	assert_true(mtime_add(t, INT64_MAX).ms == INT64_MAX);
	assert_true(mtime_add(least, -1).ms == INT64_MIN);
	assert_int_equal(mtime_diff(t, zero), 1500);
	assert_int_equal(mtime_diff(zero, t), -1500);
	assert_int_equal(mtime_diff(never, never), 0);
	assert_true(mtime_diff(never, t) == INT64_MAX);
	assert_true(mtime_diff(t, never) == INT64_MIN);
	assert_true(mtime_diff(t, least) == INT64_MAX);
	assert_true(mtime_diff(least, t) == INT64_MIN);
	assert_int_equal(mtime_min(t, never).ms, 1500);
	assert_int_equal(mtime_min(t, zero).ms, 0);
	assert_int_equal(mtime_cmp(t, zero), 1);
	assert_int_equal(mtime_cmp(zero, t), -1);
	assert_int_equal(mtime_cmp(never, never), 0);
	tv = mtime_wait(zero, t);
	assert_int_equal(tv.tv_sec, 1);
	assert_int_equal(tv.tv_usec, 500000);
	tv = mtime_wait(t, zero);
	assert_int_equal(tv.tv_sec, 0);
	assert_int_equal(tv.tv_usec, 0);
	tv = mtime_wait(t, never);
	assert_true(tv.tv_sec > 1000000000);
	assert_true(mtime_cmp(mtime_now(), mtime_now()) <= 0);
	/* A clock that runs: 2020 is over. */
	assert_true(wall_now_ns() > INT64_C(1577836800000000000));
}

static void
mtime_stamps(void **state)
{
	static const struct {
		int64_t ns;
		const char *nano, *plain;
	} tests[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00Z" },
		{ INT64_C(1795420886366249141),
		    "2026-11-23T08:01:26.366249141Z", "2026-11-23T08:01:26Z" },
		{ INT64_C(951782399999999999), "2000-02-28T23:59:59.999999999Z",
		    "2000-02-28T23:59:59Z" },
		{ INT64_C(951782400000000000), "2000-02-29T00:00:00.000000000Z",
		    "2000-02-29T00:00:00Z" },
		{ INT64_C(4107542400000000000),
		    "2100-03-01T00:00:00.000000000Z", "2100-03-01T00:00:00Z" },
		{ -1, "1969-12-31T23:59:59.999999999Z",
		    "1969-12-31T23:59:59Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775807Z",
		    "2262-04-11T23:47:16Z" },
		{ INT64_MIN, "1677-09-21T00:12:43.145224192Z",
		    "1677-09-21T00:12:43Z" },
	};
	char buf[RFC3339_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(tests); i++) {
		rfc3339_nano(buf, tests[i].ns);
		assert_string_equal(buf, tests[i].nano);
		rfc3339(buf, tests[i].ns);
		assert_string_equal(buf, tests[i].plain);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_texts),
		cmocka_unit_test(log_levels),
		cmocka_unit_test(log_escapes),
		cmocka_unit_test(log_forms),
		cmocka_unit_test(log_journal),
		cmocka_unit_test(log_long),
		cmocka_unit_test(log_fatal),
		cmocka_unit_test(mem_basics),
		cmocka_unit_test(arena_limits),
		cmocka_unit_test(arena_strings),
		cmocka_unit_test(mtime_arithmetic),
		cmocka_unit_test(mtime_stamps),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
