/*
 * Which file is looked at when, on a clock of our own; and reading files
 * that change meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watcherd/files.h"

static struct mtime
at(int64_t ms)
{
	return ((struct mtime){ ms });
}

/* Name to look at now, or "" and the time of the next look (-1: never). */
static const char *
next(struct files *fs, int64_t now, int64_t *wake)
{
	struct mtime w;
	struct file *f = files_next(fs, at(now), &w);

	*wake = mtime_cmp(w, MTIME_NEVER) == 0 ? -1 : w.ms;
	return (f != NULL ? f->name : "");
}

enum {
	ENDING = 1,
	ODD
}; /* reasons */

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		int counts, all; /* with all names */
		int why;	 /* reasons for both; 0: NULL */
		int why_all;
	} rows[] = {
		{ "a.yaml", 1, 1, 0, 0 },
		{ "a.yml", 1, 1, 0, 0 },
		{ "a.json", 1, 1, 0, 0 },
		{ "a b.yaml", 1, 1, 0, 0 },
		{ "\xc3\xa9.yaml", 1, 1, 0, 0 },
		{ ".a.yaml", 0, 0, 0, 0 },
		{ ".a.yaml.swp", 0, 0, 0, 0 },
		{ ".yaml", 0, 0, 0, 0 },
		{ "", 0, 0, 0, 0 },
		{ ".", 0, 0, 0, 0 },
		{ "..", 0, 0, 0, 0 },
		{ "a.yaml~", 0, 1, ENDING, 0 },
		{ "a.yaml.bak", 0, 1, ENDING, 0 },
		{ "#a.yaml#", 0, 1, ENDING, 0 },
		{ "4913", 0, 1, ENDING, 0 },
		{ "yaml", 0, 1, ENDING, 0 },
		{ "a.YAML", 0, 1, ENDING, 0 },
		{ "a/b.yaml", 0, 0, ODD, ODD },
		{ "a\nb.yaml", 0, 0, ODD, ODD },
		{ "\x1b[2J.yaml", 0, 0, ODD, ODD },
		{ "a\xff.yaml", 0, 0, ODD, ODD },
		{ "a\xc3.yaml", 0, 0, ODD, ODD },
	};
	static const char *const texts[] = { NULL, "end in", "UTF-8" };
	struct name_rule rule;
	const char *why;
	size_t i;
	int all, want;

	(void)state;
	memset(&rule, 0, sizeof(rule));
	for (i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		all = rule.all = i % 2;
		want = all ? rows[i / 2].why_all : rows[i / 2].why;
		if (name_counts(&rule, rows[i / 2].name, &why) !=
			(all ? rows[i / 2].all : rows[i / 2].counts) ||
		    (why == NULL) != (want == 0) ||
		    (want != 0 && strstr(why, texts[want]) == NULL))
			fail_msg("%s, all %d", rows[i / 2].name, all);
	}
}

static void
test_only(void **state)
{
	struct name_rule rule = { 0, "pod" };
	const char *why;

	(void)state;
	assert_true(name_counts(&rule, "pod", &why));
	assert_false(name_counts(&rule, "a.yaml", &why));
	assert_null(why);
	assert_false(name_counts(&rule, "bad\n", &why));
	assert_null(why);
}

/* One event at time 0, and when that means a look. */
static void
test_events(void **state)
{
	static const struct {
		enum file_event event;
		int64_t due;
	} rows[] = {
		{ FILE_WRITTEN, 0 },
		{ FILE_TOUCHED, 0 },
		{ FILE_MODIFIED, FILES_QUIET_MS },
		{ FILE_LEFT, FILES_LEAVE_MS },
	};
	struct files fs;
	struct file *f;
	int64_t wake;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		files_init(&fs);
		files_list_begin(&fs);
		files_list_name(&fs, "a.yaml", at(0));
		files_list_end(&fs, at(0));
		f = files_find(&fs, "a.yaml");
		file_ask(f, at(-FILES_GAP_MS));
		f->verdict = FILE_VALID;
		file_done(f);
		assert_string_equal(next(&fs, 0, &wake), "");
		assert_int_equal(wake, -1);
		files_event(&fs, rows[i].event, "a.yaml", at(0));
		if (rows[i].due > 0) {
			assert_string_equal(
			    next(&fs, rows[i].due - 1, &wake), "");
			assert_int_equal(wake, rows[i].due);
		}
		assert_string_equal(next(&fs, rows[i].due, &wake), "a.yaml");
		files_release(&fs);
	}
}

/* "mv a.yaml a.yaml~; write a.yaml; rm a.yaml~" removes nothing. */
static void
test_dance(void **state)
{
	struct files fs;
	struct file *f;
	int64_t wake;

	(void)state;
	files_init(&fs);
	files_event(&fs, FILE_WRITTEN, "a.yaml", at(0));
	f = files_find(&fs, "a.yaml");
	file_ask(f, at(-FILES_GAP_MS));
	f->verdict = FILE_VALID;
	file_done(f);
	files_event(&fs, FILE_LEFT, "a.yaml", at(10));
	assert_true(f->leaving);
	files_event(&fs, FILE_TOUCHED, "a.yaml", at(20));
	files_event(&fs, FILE_MODIFIED, "a.yaml", at(21));
	assert_false(f->leaving);
	assert_string_equal(next(&fs, 500, &wake), "");
	files_event(&fs, FILE_WRITTEN, "a.yaml", at(600));
	assert_string_equal(next(&fs, 600, &wake), "a.yaml");
	files_release(&fs);
}

/* An event for an unknown name that leaves is nothing. */
static void
test_unknown_leaves(void **state)
{
	struct files fs;

	(void)state;
	files_init(&fs);
	files_event(&fs, FILE_LEFT, "a.yaml", at(0));
	assert_int_equal(fs.n, 0);
	files_release(&fs);
}

/* A burst is one look; what happens during a look makes another one. */
static void
test_burst(void **state)
{
	struct files fs;
	struct file *f;
	int64_t wake;
	int i;

	(void)state;
	files_init(&fs);
	for (i = 0; i < 100; i++)
		files_event(&fs, FILE_WRITTEN, "a.yaml", at(i));
	f = files_find(&fs, "a.yaml");
	assert_string_equal(next(&fs, 100, &wake), "a.yaml");
	file_ask(f, at(-FILES_GAP_MS));
	assert_string_equal(next(&fs, 100, &wake), "");
	files_event(&fs, FILE_WRITTEN, "a.yaml", at(101));
	assert_string_equal(next(&fs, 101, &wake), "");
	assert_true(f->again);
	file_done(f);
	assert_string_equal(next(&fs, 101, &wake), "a.yaml");
	file_ask(f, at(-FILES_GAP_MS));
	file_done(f);
	assert_string_equal(next(&fs, 9999, &wake), "");
	files_release(&fs);
}

/* What was renamed into place goes before what a listing found. */
static void
test_order(void **state)
{
	struct files fs;
	int64_t wake;

	(void)state;
	files_init(&fs);
	files_list_begin(&fs);
	files_list_name(&fs, "b.yaml", at(0));
	files_list_name(&fs, "a.yaml", at(0));
	files_list_end(&fs, at(0));
	assert_string_equal(next(&fs, 0, &wake), "a.yaml");
	files_event(&fs, FILE_WRITTEN, "c.yaml", at(1));
	assert_string_equal(next(&fs, 1, &wake), "c.yaml");
	files_release(&fs);
}

/* A listing asks for every name, known and vanished. */
static void
test_listing(void **state)
{
	struct files fs;
	struct file *f;
	int64_t wake;

	(void)state;
	files_init(&fs);
	files_list_begin(&fs);
	files_list_name(&fs, "a.yaml", at(0));
	files_list_end(&fs, at(0));
	f = files_find(&fs, "a.yaml");
	file_ask(f, at(-FILES_GAP_MS));
	f->verdict = FILE_VALID;
	file_done(f);
	assert_true(files_known(&fs));
	files_list_begin(&fs);
	files_list_name(&fs, "b.yaml", at(1000));
	files_list_end(&fs, at(1000));
	assert_false(files_known(&fs));
	assert_true(f->leaving);
	assert_string_equal(next(&fs, 1000, &wake), "b.yaml");
	assert_string_equal(next(&fs, 1000 + FILES_LEAVE_MS, &wake), "a.yaml");
	files_remove(&fs, f);
	assert_null(files_find(&fs, "a.yaml"));
	files_release(&fs);
}

static void
test_limits(void **state)
{
	struct files fs;
	char name[32];
	int64_t wake;
	int i;

	(void)state;
	files_init(&fs);
	files_list_begin(&fs);
	for (i = 0; i < FILES_KNOWN_MAX + 7; i++) {
		(void)snprintf(name, sizeof(name), "%05d.yaml", i);
		files_list_name(&fs, name, at(0));
	}
	files_list_end(&fs, at(0));
	assert_int_equal(fs.n, FILES_KNOWN_MAX);
	assert_int_equal(fs.nread, FILES_MAX);
	assert_int_equal(fs.dropped, 7);
	for (i = 0; i < FILES_MAX; i++)
		file_ask(
		    files_find(&fs, next(&fs, 0, &wake)), at(-FILES_GAP_MS));
	assert_string_equal(next(&fs, 0, &wake), "");
	/* Room for one more: the next listing lets it in. */
	assert_true(files_find(&fs, "01000.yaml")->over);
	files_remove(&fs, files_find(&fs, "00000.yaml"));
	files_list_begin(&fs);
	files_list_name(&fs, "01000.yaml", at(1));
	assert_false(files_find(&fs, "01000.yaml")->over);
	assert_int_equal(fs.nread, FILES_MAX);
	files_release(&fs);
}

/* A file is not looked at again at once, however often it changes. */
static void
test_gap(void **state)
{
	struct files fs;
	struct file *f;
	int64_t wake;

	(void)state;
	files_init(&fs);
	files_event(&fs, FILE_WRITTEN, "a.yaml", at(1000));
	f = files_find(&fs, "a.yaml");
	file_ask(f, at(1000));
	file_done(f);
	files_event(&fs, FILE_WRITTEN, "a.yaml", at(1001));
	files_event(&fs, FILE_WRITTEN, "b.yaml", at(1001));
	assert_string_equal(next(&fs, 1001, &wake), "b.yaml");
	file_ask(files_find(&fs, "b.yaml"), at(1001));
	assert_string_equal(next(&fs, 1001, &wake), "");
	assert_int_equal(wake, 1000 + FILES_GAP_MS);
	assert_string_equal(next(&fs, wake, &wake), "a.yaml");
	files_release(&fs);
}

static void
list_one(struct files *fs, int64_t now)
{
	files_list_begin(fs);
	files_list_name(fs, "a.yaml", at(now));
	files_list_end(fs, at(now));
}

/* After a listing, what a check finds and whether that means a look. */
static void
test_checks(void **state)
{
	static const struct file_stat first = { 0, { 1, 2, 3, 4, 5 } },
				      other = { 0, { 1, 2, 3, 4, 6 } },
				      none = { 2, { 0, 0, 0, 0, 0 } },
				      denied = { 1, { 9, 9, 9, 9, 9 } };
	static const struct {
		const struct file_stat *found;
		int look;
	} rows[] = { { &first, 0 }, { &first, 0 }, { &other, 1 }, { &other, 0 },
		{ &first, 0 }, { &none, 1 }, { &none, 0 }, { &denied, 1 },
		{ &denied, 0 }, { &none, 1 } };
	struct files fs;
	struct file *f, *found[2];
	int64_t wake;
	size_t i;

	(void)state;
	files_init(&fs);
	list_one(&fs, 0);
	f = files_find(&fs, "a.yaml");
	assert_int_equal(files_unchecked(&fs, found, 2), 0);
	file_ask(f, at(-FILES_GAP_MS));
	f->verdict = FILE_VALID;
	f->print = first.print;
	f->has_print = 1;
	file_done(f);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		list_one(&fs, (int64_t)i * 1000);
		assert_int_equal(files_unchecked(&fs, found, 2), 1);
		assert_ptr_equal(found[0], f);
		file_checked(f, rows[i].found, at((int64_t)i * 1000));
		assert_int_equal(files_unchecked(&fs, found, 2), 0);
		assert_string_equal(next(&fs, (int64_t)i * 1000, &wake),
		    rows[i].look ? "a.yaml" : "");
		if (rows[i].look) {
			file_ask(f, at((int64_t)i * 1000));
			file_done(f);
		}
	}
	/* An event makes it a look anyway. */
	list_one(&fs, 90000);
	files_event(&fs, FILE_WRITTEN, "a.yaml", at(90000));
	assert_int_equal(files_unchecked(&fs, found, 2), 0);
	files_release(&fs);
}

#define SECOND INT64_C(1000000000)

/* Rule 2, with clocks that are right, behind and ahead. */
static void
test_quiet(void **state)
{
	struct fingerprint print = { 1, 2, 3, 100 * SECOND, 100 * SECOND };
	struct fingerprint other = { 1, 2, 4, 100 * SECOND, 100 * SECOND };
	struct file f;

	(void)state;
	memset(&f, 0, sizeof(f));
	assert_true(file_is_quiet(&f, &print, 101 * SECOND));
	assert_false(file_is_quiet(&f, &print, 100 * SECOND + 1));
	assert_false(file_is_quiet(&f, &other, 100 * SECOND + 2));
	assert_int_equal(f.looks, 2);
	/* The same look again: quiet, whatever the clock says. */
	assert_true(file_is_quiet(&f, &other, 100 * SECOND + 3));
	assert_int_equal(f.looks, 0);
	assert_false(file_is_quiet(&f, &print, 50 * SECOND));
	assert_true(file_is_quiet(&f, &print, 50 * SECOND));
	f.written = 1;
	assert_true(file_is_quiet(&f, &print, 50 * SECOND));
}

static int
scratch(char *path, const char *text)
{
	int fd;

	assert_true((fd = mkstemp(path)) != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return (fd);
}

static void
test_load(void **state)
{
	char path[] = "/tmp/test_files.XXXXXX";
	struct fingerprint print, again;
	struct err err;
	void *bytes;
	size_t len;
	int fd, pipes[2];

	(void)state;
	fd = scratch(path, "hello");
	assert_int_equal(load_fingerprint(fd, &print, &err), 0);
	assert_int_equal(
	    load_read(fd, &print, 5, &bytes, &len, &err), LOAD_DONE);
	assert_int_equal(len, 5);
	assert_memory_equal(bytes, "hello", 5);
	free(bytes);
	assert_int_equal(load_fingerprint(fd, &again, &err), 0);
	assert_true(fingerprint_equal(&print, &again));
	/* Too large; grown since; shrunk since; no file at all. */
	assert_int_equal(
	    load_read(fd, &print, 4, &bytes, &len, &err), LOAD_FAILED);
	assert_string_equal(err.text, "is 5 bytes, more than 4");
	assert_int_equal(lseek(fd, 0, SEEK_END), 5);
	assert_int_equal(write(fd, "!", 1), 1);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(
	    load_read(fd, &print, 100, &bytes, &len, &err), LOAD_CHANGED);
	assert_int_equal(ftruncate(fd, 2), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(
	    load_read(fd, &print, 100, &bytes, &len, &err), LOAD_CHANGED);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(load_fingerprint(pipes[0], &print, &err), -1);
	assert_string_equal(err.text, "not a regular file");
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	(void)close(fd);
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_only),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_dance),
		cmocka_unit_test(test_unknown_leaves),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_quiet),
		cmocka_unit_test(test_load),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
