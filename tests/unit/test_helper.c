/*
 * Errands that are done, that stand still, and that cannot be ended.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/mtime.h"
#include "reconciled/helper.h"

#define KEYS 3
#define NO_FD 4000 /* is not open */

enum what {
	ECHO,
	SLEEP,	/* until its alarm */
	ENDURE, /* the same without an alarm, until its folder has the name */
	CRASH
};

struct request {
	enum what what;
	int number;
};

static void
stand_still(int seconds)
{
	const struct timespec t = { seconds, 0 };

	(void)nanosleep(&t, NULL);
}

static void
endure(int folder)
{
	sigset_t alarm;
	int fd;

	(void)sigemptyset(&alarm);
	(void)sigaddset(&alarm, SIGALRM);
	(void)sigprocmask(SIG_BLOCK, &alarm, NULL);
	while ((fd = openat(folder, "end", O_RDONLY | O_CLOEXEC)) == -1)
		stand_still(1);
	(void)close(fd);
}

static void
work(struct helper_job *job)
{
	const struct request *r = job->request;

	switch (r->what) {
	case ECHO:
		*(int *)job->answer = r->number;
		job->fd[0] = job->source;
		break;
	case SLEEP:
		stand_still(3600);
		break;
	case ENDURE:
		endure(job->folder);
		break;
	case CRASH:
		_exit(1);
	}
}

static const struct sandbox_rule rules[] = {
	{ "openat", SANDBOX_ANY, 0, 0, "the name" },
};
static const size_t nrules = 1;

static const struct helper_kind kind = { .name = "test",
	.request = sizeof(struct request),
	.answer = sizeof(int),
	.work = work,
	.rules = rules,
	.nrules = &nrules };

struct fixture {
	char top[40];
	int folder;
	struct event_base *base;
	struct helper *helper;
	int lost;
};

struct answer {
	int come, number, fd;
	const char *why;
	struct mtime at;
};

static void
on_lost(void *ctx)
{
	struct fixture *f = ctx;

	f->lost = 1;
}

static int
setup(void **state)
{
	static struct fixture f;
	struct err err;

	memset(&f, 0, sizeof(f));
	(void)snprintf(f.top, sizeof(f.top), "/tmp/test_helper.XXXXXX");
	assert_non_null(mkdtemp(f.top));
	f.folder = open(f.top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f.helper = helper_start(&kind, f.folder, NULL, 1, &err);
	assert_non_null(f.helper);
	f.base = event_base_new();
	helper_run(f.helper, f.base, on_lost, &f);
	*state = &f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	assert_false(f->lost);
	helper_free(f->helper);
	event_base_free(f->base);
	(void)close(f->folder);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->top);
	return (system(command));
}

static void
on_done(void *ctx, const struct errand_result *res)
{
	struct answer *a = ctx;

	assert_false(a->come);
	a->come = 1;
	a->at = mtime_now();
	a->why = res->why;
	a->fd = res->fd[0];
	res->fd[0] = -1;
	if (res->answer != NULL)
		a->number = *(const int *)res->answer;
}

static void
ask(struct fixture *f, const char *key, enum what what, int number, int fd,
    struct answer *a)
{
	const struct request r = { what, number };

	memset(a, 0, sizeof(*a));
	helper_ask(f->helper, key, &r, fd, on_done, a);
	assert_false(a->come);
}

static void
await(struct fixture *f, const struct answer *a)
{
	while (!a->come)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
}

static void
await_errands(struct fixture *f, size_t n)
{
	while (helper_errands(f->helper) != n)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
}

static void
test_answer(void **state)
{
	struct fixture *f = *state;
	struct answer a;
	int pair[2];
	char c = 0;

	assert_int_equal(pipe(pair), 0);
	ask(f, "a", ECHO, 7, pair[0], &a);
	await(f, &a);
	assert_int_equal(a.number, 7);
	assert_int_not_equal(a.fd, -1);
	assert_int_equal(write(pair[1], "x", 1), 1);
	assert_int_equal(read(a.fd, &c, 1), 1);
	assert_int_equal(c, 'x');
	(void)close(a.fd);
	(void)close(pair[1]);
	ask(f, "a", ECHO, 8, -1, &a);
	await(f, &a);
	assert_int_equal(a.number, 8);
	assert_int_equal(a.fd, -1);
	ask(f, "a", CRASH, 0, -1, &a);
	await(f, &a);
	assert_non_null(strstr(a.why, "without an answer"));
	assert_int_equal(helper_errands(f->helper), 0);
	/* One that cannot be sent, here for its descriptor, keeps nothing. */
	ask(f, "a", ECHO, 9, NO_FD, &a);
	await(f, &a);
	assert_non_null(strstr(a.why, "without an answer"));
	ask(f, "a", ECHO, 10, -1, &a);
	await(f, &a);
	assert_int_equal(a.number, 10);
}

/* What stands still holds up its own key and no other. */
static void
test_hung(void **state)
{
	struct mtime began = mtime_now();
	struct fixture *f = *state;
	struct answer hung, same, other[KEYS];
	int i;

	ask(f, "hung", SLEEP, 0, -1, &hung);
	ask(f, "hung", ECHO, 1, -1, &same);
	for (i = 0; i < KEYS; i++) {
		ask(f, i == 0 ? "other" : "third", ECHO, i, -1, &other[i]);
		await(f, &other[i]);
		assert_int_equal(other[i].number, i);
	}
	assert_true(mtime_diff(mtime_now(), began) < 1000);
	assert_false(hung.come);
	await(f, &hung);
	assert_non_null(strstr(hung.why, "does not answer"));
	assert_true(mtime_diff(hung.at, began) >= HELPER_SECONDS * 1000 - 100);
	/* Which is free now: the process has ended. */
	await(f, &same);
	assert_int_equal(same.number, 1);
	assert_int_equal(helper_errands(f->helper), 0);
}

/* A process that does not end keeps its place, and the key. */
static void
test_endless(void **state)
{
	struct fixture *f = *state;
	struct answer hung, same, other;
	int fd;

	ask(f, "hung", ENDURE, 0, -1, &hung);
	await(f, &hung);
	assert_non_null(strstr(hung.why, "does not answer"));
	assert_int_equal(helper_errands(f->helper), 1);
	ask(f, "hung", ECHO, 1, -1, &same);
	ask(f, "other", ECHO, 2, -1, &other);
	await(f, &other);
	assert_int_equal(other.number, 2);
	assert_false(same.come);
	/* It has recovered. */
	fd = openat(f->folder, "end", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(close(fd), 0);
	await(f, &same);
	assert_int_equal(same.number, 1);
	await_errands(f, 0);
}

/* No more processes than that; who has to wait is told in time. */
static void
test_limit(void **state)
{
	static struct answer hung[HELPER_ERRANDS_MAX + 1];
	struct fixture *f = *state;
	struct answer late;
	char key[16];
	int i;

	for (i = 0; i <= HELPER_ERRANDS_MAX; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		ask(f, key, i == HELPER_ERRANDS_MAX ? ECHO : SLEEP, i, -1,
		    &hung[i]);
	}
	assert_int_equal(helper_errands(f->helper), HELPER_ERRANDS_MAX);
	for (i = 0; i <= HELPER_ERRANDS_MAX; i++)
		await(f, &hung[i]);
	assert_int_equal(hung[HELPER_ERRANDS_MAX].number, HELPER_ERRANDS_MAX);
	ask(f, "late", ECHO, 3, -1, &late);
	await(f, &late);
	assert_int_equal(late.number, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answer),
		TEST(test_hung),
		TEST(test_endless),
		TEST(test_limit),
	};

	log_init("test_helper");
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
