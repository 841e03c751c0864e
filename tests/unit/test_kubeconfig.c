/* kubeconfig.c: which context counts, what is refused, where and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mirrord/kubeconfig.h"

#define HEAD "apiVersion: v1\nkind: Config\ncurrent-context: main\n"
#define CONTEXT                                                        \
	"contexts:\n- name: other\n  context: {cluster: x, user: x}\n" \
	"- name: main\n  context: {cluster: c, user: u}\n"
#define CLUSTER "clusters:\n- name: c\n  cluster:\n    server: https://h:6443\n"
#define USER "users:\n- name: u\n  user:\n"

static int
parse(struct kubeconfig *kc, const char *text, struct err *err)
{
	return (kubeconfig_parse(
	    kc, "K", "/etc/k", (const uint8_t *)text, strlen(text), err));
}

struct good {
	const char *text;
	const char *server, *ca_file, *cert_file, *token, *token_file;
	int insecure;
};

static const struct good good[] = {
	{ HEAD CONTEXT CLUSTER USER "    token: t\n",
	    .server = "https://h:6443", .token = "t" },
	/* Relative to the folder of the file; absolute as they are. */
	{ HEAD CONTEXT CLUSTER "    certificate-authority: pki/ca.crt\n" USER
			       "    client-certificate: /a/c.pem\n"
			       "    client-key: k.pem\n",
	    .server = "https://h:6443", .ca_file = "/etc/k/pki/ca.crt",
	    .cert_file = "/a/c.pem" },
	{ HEAD CONTEXT CLUSTER "    insecure-skip-tls-verify: true\n" USER
			       "    tokenFile: t\n",
	    .server = "https://h:6443", .token_file = "/etc/k/t",
	    .insecure = 1 },
	/* Empty and null are as good as absent; unknown keys are ignored. */
	{ HEAD CONTEXT CLUSTER
	    "    certificate-authority: \"\"\n    disable-compression: true\n"
	    "    proxy-url:\n" USER "    token: null\n    extra: [1]\n",
	    .server = "https://h:6443" },
	/* A context without a user is anonymous. */
	{ HEAD "contexts:\n- name: main\n  context: {cluster: c}\n" CLUSTER,
	    .server = "https://h:6443" },
	/* JSON is YAML; an exec plugin of an unused user is no matter. */
	{ "{\"current-context\":\"main\",\"contexts\":[{\"name\":\"main\","
	  "\"context\":{\"cluster\":\"c\",\"user\":\"u\"}}],"
	  "\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":"
	  "\"https://j\"}}],\"users\":[{\"name\":\"u\",\"user\":{\"token\":"
	  "\"j\"}},{\"name\":\"v\",\"user\":{\"exec\":{}}}]}",
	    .server = "https://j", .token = "j" },
};

static void
assert_text(const char *got, const char *want)
{
	if (want == NULL)
		assert_null(got);
	else {
		assert_non_null(got);
		assert_string_equal(got, want);
	}
}

static void
test_good(void **state)
{
	struct kubeconfig kc;
	struct err err = { "" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (parse(&kc, good[i].text, &err) == -1)
			fail_msg("row %zu: %s", i, err.text);
		assert_text(kc.context, "main");
		assert_text(kc.server, good[i].server);
		assert_text(kc.ca_file, good[i].ca_file);
		assert_text(kc.cert_file, good[i].cert_file);
		assert_text(kc.token, good[i].token);
		assert_text(kc.token_file, good[i].token_file);
		assert_int_equal(kc.insecure, good[i].insecure);
		kubeconfig_release(&kc);
	}
}

struct bad {
	const char *text, *error;
};

static const struct bad bad[] = {
	{ "", "K:1: is not a kubeconfig" },
	{ "[]", "K:1: is not a kubeconfig" },
	{ "a: b\n: c: [", "K:2:" },
	{ "kind: Config\n", "K:1: current-context is not set" },
	{ HEAD "contexts:\n- name: x\n  context: {cluster: c}\n",
	    "K:1: no such context: main" },
	{ HEAD "contexts: {}\n", "K:4: must be a list: contexts" },
	{ HEAD CONTEXT, "K:8: no such cluster: c" },
	{ HEAD CONTEXT CLUSTER, "K:8: no such user: u" },
	{ HEAD CONTEXT "clusters:\n- name: c\n  cluster: {}\n" USER
		       "    token: t\n",
	    "K:11: cluster has no server" },
	{ HEAD "current-context: b\n", "K:4: given twice: current-context" },
	{ HEAD CONTEXT CLUSTER "- name: c\n  cluster: {server: x}\n",
	    "K:13: second entry with this name: c" },
	{ HEAD CONTEXT CLUSTER USER "    exec: {command: aws}\n",
	    "K:16: exec is refused: mirrord may not run programs" },
	{ HEAD CONTEXT CLUSTER USER "    auth-provider: {name: gcp}\n",
	    "K:16: auth-provider is refused" },
	{ HEAD CONTEXT CLUSTER USER "    username: me\n    password: x\n",
	    "K:16: username is refused" },
	{ HEAD CONTEXT CLUSTER USER "    as: root\n", "K:16: as is refused" },
	{ HEAD CONTEXT CLUSTER "    proxy-url: http://p\n" USER
			       "    token: t\n",
	    "K:13: proxy-url is refused" },
	{ HEAD CONTEXT CLUSTER USER "    client-certificate: c\n",
	    "K:16: client-certificate without client-key" },
	{ HEAD CONTEXT CLUSTER USER "    client-key: c\n",
	    "K:16: client-key without client-certificate" },
	{ HEAD CONTEXT CLUSTER "    certificate-authority: a\n"
			       "    certificate-authority-data: b\n" USER
			       "    token: t\n",
	    "K:12: certificate-authority is given as file and as data" },
	{ HEAD CONTEXT CLUSTER "    certificate-authority: a\n"
			       "    insecure-skip-tls-verify: true\n" USER
			       "    token: t\n",
	    "K:12: insecure-skip-tls-verify contradicts" },
	{ HEAD CONTEXT CLUSTER "    insecure-skip-tls-verify: perhaps\n" USER
			       "    token: t\n",
	    "K:13: must be true or false" },
	{ HEAD CONTEXT CLUSTER USER "    token: [a]\n", "K:16: must be text" },
};

static void
test_bad(void **state)
{
	struct kubeconfig kc;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		if (parse(&kc, bad[i].text, &err) != -1)
			fail_msg("row %zu was taken", i);
		if (strncmp(err.text, bad[i].error, strlen(bad[i].error)) != 0)
			fail_msg(
			    "row %zu: %s, not %s", i, err.text, bad[i].error);
		assert_null(kc.server);
		assert_null(kc.token);
	}
}

static void
test_too_large(void **state)
{
	static uint8_t text[KUBECONFIG_MAX + 1];
	struct kubeconfig kc;
	struct err err;

	(void)state;
	memset(text, ' ', sizeof(text));
	assert_int_equal(
	    kubeconfig_parse(&kc, "K", "/", text, sizeof(text), &err), -1);
	assert_non_null(strstr(err.text, "larger than"));
}

static const struct {
	const char *url;
	int tls;
	const char *host;
	uint16_t port;
	const char *prefix;
} servers[] = {
	{ "https://api.example.org:6443", 1, "api.example.org", 6443, "" },
	{ "https://10.0.0.1", 1, "10.0.0.1", 443, "" },
	{ "https://[fd00::1]:6443/", 1, "fd00::1", 6443, "" },
	{ "http://localhost/k8s/c1/", 0, "localhost", 80, "/k8s/c1" },
	{ "HTTPS://h:1/a//", 1, "h", 1, "/a" },
};

static void
test_server(void **state)
{
	static const char *const wrong[] = { "", "h:6443", "ftp://h",
		"https://", "https://:6443", "https://h:", "https://h:0",
		"https://h:65536", "https://h:1x", "https://h?a", "https://h#a",
		"https://user@h", "https://[::1", "https://h/a b",
		"https://h h", "https://h:+1", "https://h/a?b" };
	struct server s;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		assert_int_equal(server_parse(&s, servers[i].url, &err), 0);
		assert_int_equal(s.tls, servers[i].tls);
		assert_string_equal(s.host, servers[i].host);
		assert_int_equal(s.port, servers[i].port);
		assert_string_equal(s.prefix, servers[i].prefix);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (server_parse(&s, wrong[i], &err) != -1)
			fail_msg("%s was taken", wrong[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_server),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
