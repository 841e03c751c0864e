/* cred.c: files, pairs, renewal, expiry.  Keys are made by openssl(1). */
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

#include "common/mem.h"
#include "mirrord/cred.h"

/* A folder with ca.crt, a.crt, a.key, b.crt, b.key. */
struct world {
	char dir[64];
};

static char *
path_in(const struct world *w, const char *name)
{
	char *path;

	(void)xasprintf(&path, "%s/%s", w->dir, name);
	return (path);
}

static void
put(const struct world *w, const char *name, const char *text)
{
	char *path = path_in(w, name), *temp = path_in(w, "temp");
	FILE *f = fopen(temp, "w");

	/* A new file each time, so that it is seen within one tick. */
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(temp, path), 0);
	free(path);
	free(temp);
}

static void
copy(const struct world *w, const char *from, const char *to)
{
	char *path = path_in(w, from), text[8192];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	put(w, to, text);
	free(path);
}

static void
make_pair(const struct world *w, const char *name, int days)
{
	char *command;

	(void)xasprintf(&command,
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
	    "-nodes -keyout %s/%s.key -out %s/%s.crt -subj /CN=%s -days %d "
	    "2>/dev/null",
	    w->dir, name, w->dir, name, name, days);
	assert_int_equal(system(command), 0);
	free(command);
}

static int
world_new(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/cred.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	make_pair(w, "a", 100);
	make_pair(w, "b", 100);
	copy(w, "a.crt", "ca.crt");
	*state = w;
	return (0);
}

static int
world_free(void **state)
{
	struct world *w = *state;
	char *command;

	(void)xasprintf(&command, "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
	free(command);
	free(w);
	return (0);
}

/* Writes the kubeconfig and loads it. */
static int
load(const struct world *w, struct cred *c, const char *cluster,
    const char *user, struct err *err)
{
	char *text, *path = path_in(w, "kubeconfig");
	int rc;

	(void)xasprintf(&text,
	    "current-context: x\n"
	    "contexts: [{name: x, context: {cluster: x, user: x}}]\n"
	    "clusters: [{name: x, cluster: {%s}}]\n"
	    "users: [{name: x, user: {%s}}]\n",
	    cluster, user);
	put(w, "kubeconfig", text);
	free(text);
	rc = cred_load(c, path, err);
	free(path);
	return (rc);
}

#define SERVER "server: 'https://h:1', certificate-authority: ca.crt"
#define PAIR "client-certificate: c.crt, client-key: c.key"

static void
test_load(void **state)
{
	struct world *w = *state;
	struct cred c;
	struct err err = { "" };

	copy(w, "a.crt", "c.crt");
	copy(w, "a.key", "c.key");
	put(w, "token", " abc.def \n");
	if (load(w, &c, SERVER, PAIR ", tokenFile: token", &err) == -1)
		fail_msg("%s", err.text);
	assert_true(c.ca.len > 0 && c.cert.len > 0 && c.key.len > 0);
	assert_string_equal(c.token, "abc.def");
	assert_string_equal(c.server.host, "h");
	assert_int_equal(c.nsources, 5);
	assert_int_equal(cred_refresh_s(&c), CRED_TOKEN_S);
	cred_release(&c);

	/* The token of the file wins, if there is one. */
	if (load(w, &c, SERVER, "token: inline, tokenFile: token", &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(c.token, "abc.def");
	cred_release(&c);
	if (load(w, &c, SERVER, "token: inline, tokenFile: none", &err) == -1)
		fail_msg("%s", err.text);
	assert_string_equal(c.token, "inline");
	cred_release(&c);

	/* Without TLS nothing secret is sent, so nothing is read. */
	if (load(w, &c, "server: 'http://h'", "token: t", &err) == -1)
		fail_msg("%s", err.text);
	assert_null(c.token);
	cred_release(&c);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *cluster, *user, *error;
	} rows[] = {
		{ "server: 'ftp://h'", "token: t", "must begin with https" },
		{ SERVER, "client-certificate: a.crt, client-key: b.key",
		    "does not belong to" },
		{ SERVER, "client-certificate: none, client-key: a.key",
		    "none: No such file" },
		{ SERVER, "client-certificate: a.key, client-key: a.key",
		    "client-certificate is not PEM" },
		{ SERVER, "client-certificate: a.crt, client-key: a.crt",
		    "client-key is not PEM" },
		{ SERVER, "tokenFile: empty", "empty: empty" },
		{ SERVER, "tokenFile: odd", "not a token" },
		{ SERVER, "tokenFile: '.'", "not a regular file" },
		{ SERVER, "token: \"a\\nb\"", "not a token" },
		{ "server: 'https://h', certificate-authority: a.key",
		    "token: t", "certificate-authority is not PEM" },
		{ "server: 'https://h', certificate-authority-data: '%%'",
		    "token: t", "is not base64" },
		{ "server: 'https://h', certificate-authority-data: YWJj",
		    "token: t", "is not PEM" },
	};
	struct world *w = *state;
	struct cred c;
	struct err err;
	size_t i;

	put(w, "empty", "");
	put(w, "odd", "a b");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&err, 0, sizeof(err));
		if (load(w, &c, rows[i].cluster, rows[i].user, &err) != -1)
			fail_msg("row %zu was taken", i);
		if (strstr(err.text, rows[i].error) == NULL)
			fail_msg("row %zu: %s", i, err.text);
		assert_null(c.file);
	}
}

static void
test_refresh(void **state)
{
	struct world *w = *state;
	struct cred c;
	struct err err = { "" };
	char *before;

	copy(w, "a.crt", "c.crt");
	copy(w, "a.key", "c.key");
	put(w, "token", "one");
	if (load(w, &c, SERVER, PAIR ", tokenFile: token", &err) == -1)
		fail_msg("%s", err.text);
	assert_int_equal(cred_refresh(&c), CRED_SAME);
	put(w, "token", "two");
	assert_int_equal(cred_refresh(&c), CRED_NEW);
	assert_string_equal(c.token, "two");
	assert_int_equal(cred_refresh(&c), CRED_SAME);

	/* Half of a renewal is none. */
	before = xstrndup((char *)c.cert.data, c.cert.len);
	copy(w, "b.crt", "c.crt");
	assert_int_equal(cred_refresh(&c), CRED_SAME);
	assert_string_equal((char *)c.cert.data, before);
	copy(w, "b.key", "c.key");
	assert_int_equal(cred_refresh(&c), CRED_NEW);
	assert_string_not_equal((char *)c.cert.data, before);
	free(before);

	/* Broken, then empty: the last good one stays. */
	put(w, "token", "t w o");
	assert_int_equal(cred_refresh(&c), CRED_SAME);
	put(w, "token", "");
	assert_int_equal(cred_refresh(&c), CRED_SAME);
	assert_string_equal(c.token, "two");

	put(w, "kubeconfig", "other: text\n");
	assert_int_equal(cred_refresh(&c), CRED_RESTART);
	cred_release(&c);
}

static void
test_expiry(void **state)
{
	struct cred c = { .not_after_s = 100 * 86400, .warned_days = 31 };

	(void)state;
	cred_check_expiry(&c, 60 * 86400);
	assert_int_equal(c.warned_days, 31);
	cred_check_expiry(&c, 71 * 86400);
	assert_int_equal(c.warned_days, 30);
	cred_check_expiry(&c, 94 * 86400);
	assert_int_equal(c.warned_days, 7);
	cred_check_expiry(&c, 101 * 86400);
	assert_int_equal(c.warned_days, 0);
}

static void
test_base64(void **state)
{
	static const struct {
		const char *text, *bytes; /* NULL: refused */
	} rows[] = {
		{ "YQ==", "a" },
		{ "YWI=", "ab" },
		{ "YWJj", "abc" },
		{ "YW\nJj\n", "abc" },
		{ "", "" },
		{ "YQ", NULL },
		{ "YQ=", NULL },
		{ "Y", NULL },
		{ "YQ==YQ==", NULL },
		{ "YW-j", NULL },
		{ "YW_j", NULL },
		{ "YW%j", NULL },
	};
	struct cred_blob b;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rc = base64_decode(rows[i].text, &b);
		if (rc != (rows[i].bytes == NULL ? -1 : 0))
			fail_msg("row %zu", i);
		if (rc == -1)
			continue;
		assert_int_equal(b.len, strlen(rows[i].bytes));
		assert_memory_equal(b.data, rows[i].bytes, b.len);
		cred_blob_release(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_base64),
	};

	return (cmocka_run_group_tests(tests, world_new, world_free));
}
