/*
 * Whole files: every fixture with all that is said about it, the message
 * for reconciled, and hard limits of memory and time.
 *
 * tests/fixtures/manifests/EXPECT holds one line for each problem and one
 * with the verdicts, of which that of lenient mode is a kubelet's.  With
 * TEST_MANIFEST_PRINT set, what would be expected now is printed instead
 * of compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watcherd/canonical.h"
#include "watcherd/manifest.h"

#define FOLDER "tests/fixtures/manifests"
#define EXPECT FOLDER "/EXPECT"
#define FILE_MAX (2 << 20)
#define SAID_MAX (256 * 1024)
#if defined(__SANITIZE_ADDRESS__)
#define TIME_MAX_MS 4000
#else
#define TIME_MAX_MS 200
#endif
#define TRIES 3

static char *
slurp(const char *path, size_t *len)
{
	char *buf = malloc(FILE_MAX);
	FILE *fp = fopen(path, "re");

	assert_non_null(buf);
	if (fp == NULL)
		fail_msg("no %s", path);
	*len = fread(buf, 1, FILE_MAX - 1, fp);
	buf[*len] = '\0';
	assert_int_equal(fclose(fp), 0);
	return (buf);
}

static const char *
verdict(const Tripod__Manifest *m)
{
	static char text[32];

	if (m->state != TRIPOD__MANIFEST__STATE__VALID)
		return ("invalid");
	if (m->n_definition == 1)
		return ("valid");
	(void)snprintf(text, sizeof(text), "valid (%zu pods)", m->n_definition);
	return (text);
}

/* What keeps a pod from being started. */
static void
say_marks(const Tripod__Pod *pod, char *end, size_t left)
{
	size_t i;
	int n;

	end += strlen(end);
	for (i = 0; i < pod->n_unsupported; i++) {
		n = snprintf(end, left, "%s %s", i == 0 ? ", but" : "",
		    pod->unsupported[i]);
		assert_true(n > 0 && (size_t)n < left);
		end += n;
		left -= (size_t)n;
	}
}

/* Says all about one file, behind what was said before. */
static void
say(const char *name, char *said)
{
	char path[512], *end = said + strlen(said), *bytes;
	struct manifest_source src = { name, "node1", NULL, 0,
		MANIFEST_STRICT };
	const Tripod__Problem *p;
	Tripod__Manifest *m;
	struct arena arena;
	size_t i, left = SAID_MAX - strlen(said);
	int n;

	(void)snprintf(path, sizeof(path), FOLDER "/%s", name);
	bytes = slurp(path, &src.len);
	src.bytes = bytes;
	arena_init(&arena, 2 * MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	assert_non_null(m);
	for (i = 0; i < m->n_problem; i++) {
		p = m->problem[i];
		n = snprintf(end, left, "%s:%u:%u: %s%s%s%s\n", name, p->line,
		    p->column, p->severity ? "warning: " : "", p->field,
		    p->field[0] != '\0' ? ": " : "", p->message);
		assert_true(n > 0 && (size_t)n < left);
		end += n;
		left -= (size_t)n;
	}
	n = snprintf(end, left, "%s: %s", name, verdict(m));
	end += n;
	left -= (size_t)n;
	src.mode = MANIFEST_LENIENT;
	m = manifest_parse(&src, &arena);
	assert_non_null(m);
	n = snprintf(end, left, ", leniently %s", verdict(m));
	end += n;
	left -= (size_t)n;
	for (i = 0; i < m->n_definition; i++)
		say_marks(m->definition[i]->pod, end, left);
	(void)snprintf(end + strlen(end), 2, "\n");
	arena_release(&arena);
	free(bytes);
}

static int
wanted(const struct dirent *e)
{
	return (strchr(e->d_name, '.') != NULL && e->d_name[0] != '.');
}

static void
test_fixtures(void **state)
{
	struct dirent **names;
	char *said = calloc(1, SAID_MAX), *expect, *a, *b, *sa, *sb;
	size_t len;
	int i, n;

	(void)state;
	assert_non_null(said);
	n = scandir(FOLDER, &names, wanted, alphasort);
	assert_true(n > 0);
	for (i = 0; i < n; i++) {
		say(names[i]->d_name, said);
		free(names[i]);
	}
	free(names);
	if (getenv("TEST_MANIFEST_PRINT") != NULL) {
		(void)fputs(said, stdout);
		free(said);
		return;
	}
	expect = slurp(EXPECT, &len);
	a = strtok_r(said, "\n", &sa);
	b = strtok_r(expect, "\n", &sb);
	while (a != NULL && b != NULL) {
		assert_string_equal(a, b);
		a = strtok_r(NULL, "\n", &sa);
		b = strtok_r(NULL, "\n", &sb);
	}
	assert_null(a);
	assert_null(b);
	free(said);
	free(expect);
}

static Tripod__Manifest *
judge(struct arena *arena, const char *text)
{
	const struct manifest_source src = { "a.yaml", "node1", text,
		strlen(text), MANIFEST_STRICT };
	Tripod__Manifest *m = manifest_parse(&src, arena);

	assert_non_null(m);
	return (m);
}

static Tripod__Manifest *
parse(struct arena *arena, const char *text)
{
	Tripod__Manifest *m = judge(arena, text);

	if (m->state != TRIPOD__MANIFEST__STATE__VALID)
		fail_msg("%s", m->problem[0]->message);
	return (m);
}

/* Each of the pods is small enough, and so is the text of all of them. */
static void
test_size(void **state)
{
	static char text[300000], value[200000];
	const Tripod__Manifest *m;
	struct arena arena;
	int i, n, len = 0;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	for (n = 10; n <= 14; n += 4) {
		len = snprintf(text, sizeof(text),
		    "apiVersion: v1\nkind: PodList\nitems:\n");
		for (i = 0; i < n; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len,
			    "- metadata: {name: p%d, annotations: {a: %s%s}}\n"
			    "  spec: {containers: [{name: c, image: x}]}\n",
			    i, i == 0 ? "&a " : "*a", i == 0 ? value : "");
		arena_init(&arena, MANIFEST_ARENA_MAX);
		m = judge(&arena, text);
		assert_int_equal(m->n_problem, n > 10);
		assert_int_equal(m->n_definition, n > 10 ? 0 : n);
		if (n > 10)
			assert_non_null(strstr(m->problem[0]->message,
			    " bytes, more than 4096000"));
		arena_release(&arena);
	}
}

/* Every field that reconciled acts on, and its way over the socket. */
static void
test_message(void **state)
{
	static const char text[] =
	    "apiVersion: v1\nkind: Pod\n"
	    "metadata: {name: a, namespace: b, labels: {l: m}}\n"
	    "spec:\n"
	    "  restartPolicy: OnFailure\n"
	    "  hostname: h\n"
	    "  priorityClassName: p\n"
	    "  terminationGracePeriodSeconds: 7\n"
	    "  containers:\n"
	    "  - {name: c, image: 'x:1', imagePullPolicy: Never,\n"
	    "     command: [a, ~], args: [b], workingDir: /w,\n"
	    "     env: [{name: E, value: v}, {name: F}],\n"
	    "     ports: [{containerPort: 53, hostPort: 54, protocol: UDP,\n"
	    "              hostIP: '::1', name: dns}],\n"
	    "     volumeMounts: [{name: v, mountPath: /v, readOnly: true}]}\n"
	    "  volumes:\n"
	    "  - {name: v, emptyDir: {medium: Memory, sizeLimit: 1.5Ki}}\n"
	    "  - {name: h, hostPath: {path: /h, type: Socket}}\n"
	    "  - {name: e}\n";
	const Tripod__Container *c;
	struct arena arena;
	Tripod__Pod *pod;

	(void)state;
	arena_init(&arena, MANIFEST_ARENA_MAX);
	pod = parse(&arena, text)->definition[0]->pod;
	assert_string_equal(pod->name, "a-node1");
	assert_string_equal(pod->namespace_, "b");
	assert_string_equal(pod->label[0]->value, "m");
	assert_int_equal(
	    pod->restart_policy, TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE);
	assert_string_equal(pod->hostname, "h");
	assert_string_equal(pod->priority_class, "p");
	assert_int_equal(pod->grace_seconds, 7);
	assert_int_equal(pod->n_container, 1);
	c = pod->container[0];
	assert_int_equal(c->pull_policy, TRIPOD__PULL_POLICY__PULL_NEVER);
	assert_int_equal(c->n_command, 2);
	assert_string_equal(c->command[1], "");
	assert_string_equal(c->arg[0], "b");
	assert_string_equal(c->working_dir, "/w");
	assert_int_equal(c->n_env, 2);
	assert_string_equal(c->env[0]->value, "v");
	assert_string_equal(c->env[1]->value, "");
	assert_int_equal(c->port[0]->container_port, 53);
	assert_int_equal(c->port[0]->host_port, 54);
	assert_int_equal(c->port[0]->protocol, TRIPOD__PORT__PROTOCOL__UDP);
	assert_string_equal(c->port[0]->host_ip, "::1");
	assert_string_equal(c->mount[0]->path, "/v");
	assert_true(c->mount[0]->read_only);
	assert_string_equal(
	    c->termination_message_path, "/dev/termination-log");
	assert_int_equal(pod->n_volume, 3);
	assert_true(pod->volume[0]->empty_dir->memory);
	assert_int_equal(pod->volume[0]->empty_dir->size_limit, 1536);
	assert_int_equal(
	    pod->volume[1]->host_path->type, TRIPOD__HOST_PATH__TYPE__SOCKET);
	assert_int_equal(
	    pod->volume[2]->source_case, TRIPOD__VOLUME__SOURCE_EMPTY_DIR);
	arena_release(&arena);
}

/* Without enough memory there is an answer that says so, or none. */
static void
test_exhausted(void **state)
{
	static const char text[] =
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	    "spec:\n  volumes: [{name: v}]\n"
	    "  containers: [{name: c, image: x, args: [a, b]}]\n";
	const struct manifest_source src = { "a.yaml", "node1", text,
		sizeof(text) - 1, MANIFEST_STRICT };
	Tripod__Manifest *m = NULL;
	struct arena arena;
	size_t limit;

	(void)state;
	for (limit = 0; limit < 20000; limit += 48) {
		arena_init(&arena, limit);
		m = manifest_parse(&src, &arena);
		if (m != NULL && m->state != TRIPOD__MANIFEST__STATE__VALID) {
			assert_true(m->n_problem > 0);
			assert_non_null(strstr(
			    m->problem[m->n_problem - 1]->message, "memory"));
			assert_int_equal(m->n_definition, 0);
		}
		if (limit + 48 < 20000)
			arena_release(&arena);
	}
	assert_int_equal(m->state, TRIPOD__MANIFEST__STATE__VALID);
	arena_release(&arena);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	return (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* The best of some, as others may be busy on the machine. */
static int64_t
time_of(const struct manifest_source *src)
{
	struct arena arena;
	int64_t began, took = INT64_MAX;
	int i;

	for (i = 0; i < TRIES && took > TIME_MAX_MS; i++) {
		arena_init(&arena, MANIFEST_ARENA_MAX);
		began = now_ms();
		assert_non_null(manifest_parse(src, &arena));
		if (now_ms() - began < took)
			took = now_ms() - began;
		arena_release(&arena);
	}
	return (took);
}

/* A megabyte of one thing after another: bounded in time and memory. */
static void
test_bounds(void **state)
{
	static const char *const parts[] = { "[", "{", "- ", "a: ", "? ",
		"[[],", "{a: b},", "\"a\",", "&a ", "*a ", "!t ", "\n", "\t",
		"#", "'", "\"", "|\n", "\\u0041", "a\n", "a: b\n", "- a\n",
		"--- ", "0", "1e", "<<: *a\n", "\xe2\x80\xa8", "\xef\xbb\xbf",
		" - ", ",", ": ", "a: &a\n", "{\"a\":", "0.", "%A\n",
		"- containerPort: 1\n", "    - {name: a, value: b}\n" };
	static const char *const heads[] = { "", "a: \"", "a: [", "{\"a\": [",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  labels:\n",
		"apiVersion: v1\nkind: Pod\nspec:\n  volumes:\n",
		"kind: Pod\nspec:\n containers:\n - name: c\n   env:\n" };
	char *text = malloc(MANIFEST_SIZE_DEFAULT + 256);
	struct manifest_source src = { "a.yaml", "n", text, 0,
		MANIFEST_STRICT };
	int64_t took;
	size_t h, i, n;

	(void)state;
	for (h = 0; h < sizeof(heads) / sizeof(heads[0]); h++) {
		for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
			n = strlen(heads[h]);
			memcpy(text, heads[h], n);
			while (n + strlen(parts[i]) <= MANIFEST_SIZE_DEFAULT) {
				memcpy(text + n, parts[i], strlen(parts[i]));
				n += strlen(parts[i]);
			}
			src.len = n;
			took = time_of(&src);
			if (took > TIME_MAX_MS)
				fail_msg("%lld ms for \"%s\" behind \"%s\"",
				    (long long)took, parts[i], heads[h]);
		}
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixtures),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_bounds),
	};

	digest_init();
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
