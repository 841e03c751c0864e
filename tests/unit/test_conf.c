/*
 * Configuration files: reading, refusing, defaults, printing back.
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
#include <unistd.h>

#include <cmocka.h>

#include "common/conf.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

struct target {
	char *node, *address, *socket, *user;
	int strict, level;
	int64_t workers, rescan, size, port;
	struct conf_list folders;
};

static const char *const levels[] = { "warn", "info", "debug", NULL };

#define AT(member) offsetof(struct target, member)
/* clang-format off */
static const struct conf_key keys[] = {
	{ "node", CONF_STRING, AT(node), NULL, 0, 0, NULL },
	{ "node address", CONF_STRING, AT(address), NULL, 0, 0, NULL },
	{ "socket", CONF_PATH, AT(socket), "/run/x/watch.sock", 0, 0, NULL },
	{ "user", CONF_STRING, AT(user), "_tripodw", 0, 0, NULL },
	{ "strict modes", CONF_BOOL, AT(strict), "yes", 0, 0, NULL },
	{ "log level", CONF_ENUM, AT(level), "info", 0, 0, levels },
	{ "workers", CONF_INT, AT(workers), "-1", -5, 5, NULL },
	{ "rescan", CONF_SECONDS, AT(rescan), "20s", 1, 86400, NULL },
	{ "manifest size", CONF_BYTES, AT(size), "1M", 0, 0, NULL },
	{ "port", CONF_INT, AT(port), NULL, 1, 65535, NULL },
	{ "folder", CONF_PATHS, AT(folders), NULL, 0, 0, NULL },
};
/* clang-format on */

static int
load(struct target *t, const char *text, struct err *err)
{
	memset(t, 0, sizeof(*t));
	return (conf_parse(keys, NELEM(keys), t, "x.conf", text, err));
}

static void
release(struct target *t)
{
	conf_release(keys, NELEM(keys), t);
}

static void
check_defaults(const struct target *t)
{
	assert_null(t->node);
	assert_null(t->address);
	assert_string_equal(t->socket, "/run/x/watch.sock");
	assert_string_equal(t->user, "_tripodw");
	assert_int_equal(t->strict, 1);
	assert_int_equal(t->level, 1);
	assert_int_equal(t->workers, -1);
	assert_int_equal(t->rescan, 20);
	assert_int_equal(t->size, 1048576);
	assert_int_equal(t->port, 0);
	assert_int_equal(t->folders.n, 0);
}

static void
defaults(void **state)
{
	static const char *const empty[] = { "", "\n", "# nothing\n  \t# x\n",
		"   " };
	struct target t;
	struct err err = { "" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(empty); i++) {
		assert_int_equal(load(&t, empty[i], &err), 0);
		check_defaults(&t);
		release(&t);
	}
	assert_string_equal(err.text, "");
}

static void
all_types(void **state)
{
	static const char text[] = "# a comment\n"
				   "node Node#1 # blank before: a comment\n"
				   "  node \t address   10.0.0.1\n"
				   "socket //run/./y//watch.sock/\n"
				   "user \"a \\\"b\\\" \\\\ # c\"\n"
				   "strict modes no\n"
				   "log level debug\n"
				   "workers 5\n"
				   "rescan 5m\n"
				   "manifest size 64K\n"
				   "port \"80\"\n"
				   "folder /a\n"
				   "folder \"/b c\"\n"
				   "folder /";
	struct target t;
	struct err err = { "" };

	(void)state;
	if (load(&t, text, &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(t.node, "Node#1");
	assert_string_equal(t.address, "10.0.0.1");
	assert_string_equal(t.socket, "/run/y/watch.sock");
	assert_string_equal(t.user, "a \"b\" \\ # c");
	assert_int_equal(t.strict, 0);
	assert_int_equal(t.level, 2);
	assert_int_equal(t.workers, 5);
	assert_int_equal(t.rescan, 300);
	assert_int_equal(t.size, 65536);
	assert_int_equal(t.port, 80);
	assert_int_equal(t.folders.n, 3);
	assert_string_equal(t.folders.value[0], "/a");
	assert_string_equal(t.folders.value[1], "/b c");
	assert_string_equal(t.folders.value[2], "/");
	release(&t);
	release(&t); /* and a second time does no harm */
}

static void
percent(void **state)
{
	static const struct conf_key key = { "full", CONF_PERCENT, 0, "85", 0,
		100, NULL };
	static const struct {
		const char *text;
		int64_t value; /* -1: refused */
	} rows[] = { { "", 85 }, { "full 7", 7 }, { "full 100%", 100 },
		{ "full 0%", 0 }, { "full 101%", -1 }, { "full 1M", -1 },
		{ "full %", -1 }, { "full -1%", -1 }, { "full 8%%", -1 } };
	struct err err;
	int64_t value;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		value = 0;
		rc = conf_parse(&key, 1, &value, "x.conf", rows[i].text, &err);
		if (rc != (rows[i].value == -1 ? -1 : 0) ||
		    (rc == 0 && value != rows[i].value))
			fail_msg("%s: %lld", rows[i].text, (long long)value);
	}
}

/* clang-format off */
static const struct refusal {
	const char *text, *want;
} refusals[] = {
	{ "nonsense 1\n", "x.conf:1: unknown key \"nonsense\"" },
	{ "\n\nlog 1\n", "x.conf:3: unknown key \"log\"" },
	{ "\"node\" a\n", "x.conf:1: unknown key \"node\"" },
	{ "Node a\n", "x.conf:1: unknown key \"Node\"" },
	{ "node\n", "x.conf:1: node: value is missing" },
	{ "node # x\n", "x.conf:1: node: value is missing" },
	{ "log level\n", "x.conf:1: log level: value is missing" },
	{ "node a b\n", "x.conf:1: node: more than one value "
	    "(quote a value with blanks)" },
	{ "node a\nuser b\nnode c\n", "x.conf:3: node: already set on line 1" },
	{ "node \"a\n", "x.conf:1: quotes are not closed" },
	{ "node \"a\\", "x.conf:1: unknown escape in quotes" },
	{ "node \"\\n\"\n", "x.conf:1: unknown escape in quotes" },
	{ "node \"a\"b\n", "x.conf:1: text right after closing quotes" },
	{ "node a\"b\"\n", "x.conf:1: quote within a word" },
	{ "node a\r\n", "x.conf:1: control character" },
	{ "node a\033b\n", "x.conf:1: control character" },
	{ "a b c d e f g h i j k l m n o p q\n", "x.conf:1: too many words" },
	{ "socket run\n",
	    "x.conf:1: socket: expected an absolute path, got \"run\"" },
	{ "socket \"\"\n",
	    "x.conf:1: socket: expected an absolute path, got \"\"" },
	{ "socket /a/../b\n", "x.conf:1: socket: \"..\" in a path" },
	{ "folder /a\nfolder b\n",
	    "x.conf:2: folder: expected an absolute path, got \"b\"" },
	{ "strict modes maybe\n", "x.conf:1: strict modes: "
	    "expected one of no, yes, got \"maybe\"" },
	{ "log level \"\"\n", "x.conf:1: log level: "
	    "expected one of warn, info, debug, got \"\"" },
	{ "workers 6\n", "x.conf:1: workers: 6 is out of range -5 to 5" },
	{ "workers -6\n", "x.conf:1: workers: -6 is out of range -5 to 5" },
	{ "workers +1\n", "x.conf:1: workers: expected a number, got \"+1\"" },
	{ "workers -\n", "x.conf:1: workers: expected a number, got \"-\"" },
	{ "workers \" 1\"\n",
	    "x.conf:1: workers: expected a number, got \" 1\"" },
	{ "workers 1x\n", "x.conf:1: workers: unknown unit in \"1x\"" },
	{ "workers 1s\n", "x.conf:1: workers: unknown unit in \"1s\"" },
	{ "workers 0x1\n", "x.conf:1: workers: unknown unit in \"0x1\"" },
	{ "rescan 0\n", "x.conf:1: rescan: 0 is out of range 1 to 86400" },
	{ "rescan 25h\n", "x.conf:1: rescan: 25h is out of range 1 to 86400" },
	{ "rescan 1ms\n", "x.conf:1: rescan: unknown unit in \"1ms\"" },
	{ "rescan 1K\n", "x.conf:1: rescan: unknown unit in \"1K\"" },
	{ "manifest size -1\n", "x.conf:1: manifest size: "
	    "-1 is out of range 0 to 9223372036854775807" },
	{ "manifest size 9999999999999999999\n", "x.conf:1: manifest size: "
	    "9999999999999999999 is out of range 0 to 9223372036854775807" },
	{ "manifest size 9999999999G\n", "x.conf:1: manifest size: "
	    "9999999999G is out of range 0 to 9223372036854775807" },
};
/* clang-format on */

static void
refused(void **state)
{
	static const struct target zero;
	struct target t;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refusals); i++) {
		err.text[0] = '\0';
		if (load(&t, refusals[i].text, &err) != -1)
			fail_msg("accepted: %s", refusals[i].text);
		assert_string_equal(err.text, refusals[i].want);
		/* What was read before is released. */
		assert_ptr_equal(t.node, zero.node);
		assert_ptr_equal(t.user, zero.user);
		assert_int_equal(t.folders.n, 0);
		assert_null(t.folders.value[0]);
	}
	assert_int_equal(load(&t, "x", NULL), -1);
}

static void
limits(void **state)
{
	char *text = calloc(1, CONF_FILE_MAX + 2);
	struct target t = { 0 };
	struct err err;
	size_t i;
	char *p = text;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', CONF_FILE_MAX + 1);
	assert_int_equal(load(&t, text, &err), -1);
	assert_string_equal(err.text, "x.conf: larger than 65536 bytes");
	text[CONF_FILE_MAX] = '\0';
	assert_int_equal(load(&t, text, &err), 0);
	release(&t);

	for (i = 0; i < CONF_LIST_MAX; i++)
		p += snprintf(p, 16, "folder /%zu\n", i);
	*p = '\0';
	assert_int_equal(load(&t, text, &err), 0);
	assert_int_equal(t.folders.n, CONF_LIST_MAX);
	release(&t);
	(void)snprintf(p, 16, "folder /a\n");
	assert_int_equal(load(&t, text, &err), -1);
	assert_string_equal(err.text, "x.conf:65: folder: more than 64 values");

	p = text + snprintf(text, 16, "socket /");
	memset(p, 'a', 5000);
	p[5000] = '\0';
	assert_int_equal(load(&t, text, &err), -1);
	assert_string_equal(
	    err.text, "x.conf:1: socket: path is longer than 4095 bytes");
	free(text);
}

static char *
print(const struct target *t)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	conf_print(keys, NELEM(keys), t, f);
	assert_int_equal(fclose(f), 0);
	return (text);
}

static void
printed(void **state)
{
	static const char in[] = "user \"a \\\"\\\\ b\"\nnode \"\"\n"
				 "manifest size 3000\nrescan 7200\nworkers 0\n"
				 "folder \"/a b\"\nfolder /c\n";
	static const char want[] = "node \"\"\n"
				   "# node address is not set\n"
				   "socket /run/x/watch.sock\n"
				   "user \"a \\\"\\\\ b\"\n"
				   "strict modes yes\n"
				   "log level info\n"
				   "workers 0\n"
				   "rescan 2h\n"
				   "manifest size 3000\n"
				   "# port is not set\n"
				   "folder \"/a b\"\n"
				   "folder /c\n";
	struct target t, u;
	char *first, *second;

	(void)state;
	assert_int_equal(load(&t, in, NULL), 0);
	first = print(&t);
	assert_string_equal(first, want);
	assert_int_equal(load(&u, first, NULL), 0);
	second = print(&u);
	assert_string_equal(second, first);
	assert_string_equal(u.user, "a \"\\ b");
	free(first);
	free(second);
	release(&t);
	release(&u);
}

static void
files(void **state)
{
	char dir[] = "/tmp/test_conf.XXXXXX", path[64], want[128];
	struct target t = { 0 };
	struct err err;
	size_t i, n = NELEM(keys);
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/x.conf", dir);
	assert_int_equal(conf_load(keys, n, &t, path, 0, &err), 0);
	check_defaults(&t);
	release(&t);
	assert_int_equal(conf_load(keys, n, &t, path, 1, &err), -1);
	(void)snprintf(
	    want, sizeof(want), "%s: No such file or directory", path);
	assert_string_equal(err.text, want);

	assert_non_null(f = fopen(path, "w"));
	fputs("node abc\nrescan x\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(conf_load(keys, n, &t, path, 1, &err), -1);
	(void)snprintf(want, sizeof(want),
	    "%s:2: rescan: expected a number, got \"x\"", path);
	assert_string_equal(err.text, want);
	assert_int_equal(truncate(path, 9), 0);
	assert_int_equal(conf_load(keys, n, &t, path, 1, &err), 0);
	assert_string_equal(t.node, "abc");
	release(&t);
	/* Grown by a NUL byte. */
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(conf_load(keys, n, &t, path, 1, &err), -1);
	(void)snprintf(want, sizeof(want), "%s: NUL byte", path);
	assert_string_equal(err.text, want);

	assert_non_null(f = fopen(path, "w"));
	for (i = 0; i < CONF_FILE_MAX + 1; i++)
		fputc('\n', f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(conf_load(keys, n, &t, path, 0, &err), -1);
	(void)snprintf(want, sizeof(want), "%s: larger than 65536 bytes", path);
	assert_string_equal(err.text, want);

	assert_int_equal(unlink(path), 0);
	/* A FIFO would block the start for ever. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(conf_load(keys, n, &t, path, 0, &err), -1);
	(void)snprintf(want, sizeof(want), "%s: not a regular file", path);
	assert_string_equal(err.text, want);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_types),
		cmocka_unit_test(percent),
		cmocka_unit_test(refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(printed),
		cmocka_unit_test(files),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
