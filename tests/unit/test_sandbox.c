/*
 * The sandbox: limits, system calls, layers that are missing.  What
 * landlock allows is in test_landlock.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "tests/unit/child.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const struct sandbox_rule look_rules[] = {
	{ "prctl", SANDBOX_EQ, 0, PR_GET_NO_NEW_PRIVS, "test" },
	{ "prlimit64", SANDBOX_ANY, 0, 0, "test" },
	{ "clone", SANDBOX_ANY, 0, 0, "test" },
	{ "clone3", SANDBOX_ANY, 0, 0, "test" },
	{ "wait4", SANDBOX_ANY, 0, 0, "test" },
};
/* clang-format on */

static const struct sandbox look = {
	.name = "test",
	.rules = look_rules,
	.nrules = NELEM(look_rules),
	.processes = 0,
	.files = 20,
};

static void
check_limit(int resource, rlim_t want)
{
	struct rlimit rl;

	CHILD_CHECK(prlimit(0, (__rlimit_resource_t)resource, NULL, &rl) == 0);
	CHILD_CHECK(rl.rlim_cur == want && rl.rlim_max == want);
	rl.rlim_max++;
	CHILD_CHECK(
	    prlimit(0, (__rlimit_resource_t)resource, &rl, NULL) == -1 &&
	    errno == EPERM);
}

static void
meet_limits(const void *arg)
{
	int fd;

	(void)arg;
	/* Root is free of some limits. */
	CHILD_CHECK(setresuid(64299, 64299, 64299) == 0);
	sandbox_enter(&look);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	check_limit(RLIMIT_NOFILE, 20);
	check_limit(RLIMIT_NPROC, 0);
	check_limit(RLIMIT_CORE, 0);
	do {
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
		CHILD_CHECK(fd < 20);
	} while (fd != -1);
	CHILD_CHECK(errno == EMFILE);
	CHILD_CHECK(fork() == -1 && errno == EAGAIN);
}

static void
limits(void **state)
{
	char text[CHILD_TEXT];

	(void)state;
	child_check_exit(child_run(meet_limits, NULL, text), 0, "limits", text);
}

/* A limit that is lower already cannot and need not be raised. */
static void
keep_limit(const void *arg)
{
	const struct rlimit low = { 12, 12 };

	(void)arg;
	CHILD_CHECK(setresuid(64299, 64299, 64299) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
	sandbox_enter(&look);
	check_limit(RLIMIT_NOFILE, 12);
}

static void
lower_limit(void **state)
{
	char text[CHILD_TEXT];

	(void)state;
	child_check_exit(
	    child_run(keep_limit, NULL, text), 0, "lower limit", text);
}

/* Makes system calls fail, as on a kernel that lacks them. */
static void
lose_calls(const int *calls, size_t n, uint16_t error)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	size_t i;

	CHILD_CHECK(ctx != NULL);
	for (i = 0; i < n; i++)
		CHILD_CHECK(seccomp_rule_add(
				ctx, SCMP_ACT_ERRNO(error), calls[i], 0) == 0);
	CHILD_CHECK(seccomp_load(ctx) == 0);
	seccomp_release(ctx);
}

static void
lack_landlock(const void *arg)
{
	const int calls[] = { SCMP_SYS(landlock_create_ruleset) };
	struct sandbox sb = look;

	lose_calls(calls, NELEM(calls), ENOSYS);
	sb.optional = *(const int *)arg;
	sandbox_enter(&sb);
	/* The other layers are there. */
	check_limit(RLIMIT_CORE, 0);
}

static void
lack_layer(
    void (*fn)(const void *), const char *fatal_text, const char *warn_text)
{
	static const int required = 0, optional = 1;
	char text[CHILD_TEXT];

	child_check_exit(child_run(fn, &required, text), 1, "required", text);
	if (strstr(text, fatal_text) == NULL)
		fail_msg("log is: %s", text);
	child_check_exit(child_run(fn, &optional, text), 0, "optional", text);
	if (strstr(text, warn_text) == NULL)
		fail_msg("log is: %s", text);
}

static void
no_landlock(void **state)
{
	(void)state;
	lack_layer(lack_landlock,
	    "sandbox of test: no landlock: Function not implemented",
	    "sandbox of test: going on without landlock: Function not "
	    "implemented");
}

#ifdef SANDBOX_NO_SECCOMP

static void
enter_only(const void *arg)
{
	(void)arg;
	sandbox_enter(&look);
}

static void
left_out(void **state)
{
	char text[CHILD_TEXT];

	(void)state;
	child_check_exit(child_run(enter_only, NULL, text), 0, "enter", text);
	assert_non_null(strstr(text, "seccomp is left out of this build"));
}

#else

/* Only loading a filter: libseccomp asks for other things before. */
static void
lack_seccomp(const void *arg)
{
	const struct scmp_arg_cmp set_mode = {
		.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 1 /* FILTER */
	};
	const struct scmp_arg_cmp set_seccomp = {
		.arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_SECCOMP
	};
	struct sandbox sb = look;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	sb.optional = *(const int *)arg;
	CHILD_CHECK(ctx != NULL);
	CHILD_CHECK(seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EINVAL),
			SCMP_SYS(seccomp), 1, &set_mode) == 0);
	CHILD_CHECK(seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EINVAL),
			SCMP_SYS(prctl), 1, &set_seccomp) == 0);
	CHILD_CHECK(seccomp_load(ctx) == 0);
	seccomp_release(ctx);
	sandbox_enter(&sb);
	(void)getppid(); /* would kill */
}

static void
no_seccomp(void **state)
{
	(void)state;
	lack_layer(lack_seccomp, "sandbox of test: no seccomp: ",
	    "sandbox of test: going on without seccomp: ");
}

/* System calls, each tried in a child of its own. */
static void
try_getppid(void)
{
	(void)getppid();
}

static void
try_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void
try_open(void)
{
	(void)open("/etc/passwd", O_RDONLY);
}

static void
try_stat(void)
{
	struct stat st;

	(void)stat("/etc/passwd", &st);
}

static void
try_exec(void)
{
	char *argv[] = { NULL };

	(void)execve("/bin/true", argv, argv);
}

static void
try_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
try_ptrace(void)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void
try_prctl(void)
{
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
try_kill(void)
{
	(void)kill(1, 0);
}

static void
try_signal_other(void)
{
	(void)syscall(SYS_tgkill, 1, 1, SIGABRT);
}

static void
try_signal_self(void)
{
	(void)syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
}

static void
try_map_exec(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
try_protect_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void
try_fcntl(void)
{
	(void)fcntl(STDERR_FILENO, F_SETOWN, 1);
}

static void
try_ioctl(void)
{
	(void)ioctl(STDERR_FILENO, TIOCSTI, "x");
}

static void
try_limit(void)
{
	struct rlimit rl;

	(void)getrlimit(RLIMIT_CORE, &rl);
}

static void
do_abort(void)
{
	abort();
}

static void
do_memory(void)
{
	char *p = malloc(100), *q;
	size_t i;

	for (i = 1; i < 24; i++) {
		q = realloc(p, (size_t)1 << i);
		CHILD_CHECK(q != NULL);
		p = q;
		p[((size_t)1 << i) - 1] = 'x';
	}
	free(p);
}

static int
compare(const void *a, const void *b)
{
	return (*(const char *)a - *(const char *)b);
}

static void
do_library(void)
{
	static char big[100000];
	struct stat st;
	char *text = NULL;
	size_t len;
	FILE *f;
	int fd[2];

	memset(big, 'b', sizeof(big));
	qsort(big, sizeof(big) / 100, 100, compare);
	CHILD_CHECK(fstat(STDERR_FILENO, &st) == 0);
	CHILD_CHECK(pipe2(fd, O_CLOEXEC) == 0);
	CHILD_CHECK((f = fdopen(fd[1], "w")) != NULL);
	CHILD_CHECK(fprintf(f, "%s", strerror(ENOENT)) > 0);
	CHILD_CHECK(fclose(f) == 0);
	CHILD_CHECK((f = open_memstream(&text, &len)) != NULL);
	CHILD_CHECK(fprintf(f, "%f", 1.5) > 0 && fclose(f) == 0);
	free(text);
	log_set_level(LOG_LEVEL_DEBUG);
	log_warn("warning");
	log_debug("debug");
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(ctx);
}

static void
on_never(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
}

static void
do_events(void)
{
	const struct timeval soon = { 0, 1000 };
	struct event_base *base = event_base_new();
	struct event *timer, *sig;

	CHILD_CHECK(base != NULL);
	timer = evtimer_new(base, on_timer, base);
	sig = evsignal_new(base, SIGTERM, on_never, NULL);
	CHILD_CHECK(timer != NULL && event_add(timer, &soon) == 0);
	CHILD_CHECK(sig != NULL && event_add(sig, NULL) == 0);
	CHILD_CHECK(event_base_dispatch(base) == 0);
	CHILD_CHECK(event_base_got_break(base));
	event_free(timer);
	event_free(sig);
	event_base_free(base);
}

static void
do_openat(void)
{
	/* Allowed, and then landlock says no. */
	CHILD_CHECK(
	    openat(AT_FDCWD, "/etc/passwd", O_RDONLY) == -1 && errno == EACCES);
	/* Both forms that libc may give the number. */
	CHILD_CHECK(syscall(SYS_openat, (long)AT_FDCWD, "/etc", 0) == -1);
	CHILD_CHECK(syscall(SYS_openat, (unsigned long)(unsigned int)AT_FDCWD,
			"/etc", 0) == -1);
}

static void
do_openat_dir(void)
{
	(void)openat(STDERR_FILENO, "passwd", O_RDONLY);
}

static void
do_several(void)
{
	CHILD_CHECK(socket(AF_UNIX, SOCK_STREAM, 0) != -1);
	(void)socket(AF_NETLINK, SOCK_RAW, 0);
	(void)umask(0700);
	(void)umask(0007);
	(void)umask(0);
}

static void
do_mask_bit(void)
{
	(void)umask(0070);
}

static void
try_x32(void)
{
#ifdef __x86_64__
	(void)syscall(0x40000000 | SYS_getpid);
#else
	(void)getppid();
#endif
}

/* clang-format off */
static const struct sandbox_rule own_rules[] = {
	{ "openat", SANDBOX_EQ, 0, (uint64_t)AT_FDCWD, "test" },
	{ "socket", SANDBOX_EQ, 0, AF_UNIX, "test" },
	{ "socket", SANDBOX_EQ, 0, AF_NETLINK, "test" },
	{ "umask", SANDBOX_MASK, 0, 0707, "test" },
	{ "getpid", SANDBOX_ANY, 0, 0, "test: a second time" },
	{ "fcntl", SANDBOX_EQ, 1, F_GETFL, "test: a second time" },
};

static const struct call_row {
	const char *name;
	void (*fn)(void);
	int own;	/* with own_rules */
	int signal;	/* 0: lives */
} calls[] = {
	{ "getppid", try_getppid, 0, SIGSYS },
	{ "socket", try_socket, 0, SIGSYS },
	{ "open", try_open, 0, SIGSYS },
	{ "stat", try_stat, 0, SIGSYS },
	{ "execve", try_exec, 0, SIGSYS },
	{ "fork", try_fork, 0, SIGSYS },
	{ "ptrace", try_ptrace, 0, SIGSYS },
	{ "prctl", try_prctl, 0, SIGSYS },
	{ "kill", try_kill, 0, SIGSYS },
	{ "tgkill of another", try_signal_other, 0, SIGSYS },
	{ "tgkill with another signal", try_signal_self, 0, SIGSYS },
	{ "mmap, executable", try_map_exec, 0, SIGSYS },
	{ "mprotect, executable", try_protect_exec, 0, SIGSYS },
	{ "fcntl F_SETOWN", try_fcntl, 0, SIGSYS },
	{ "ioctl TIOCSTI", try_ioctl, 0, SIGSYS },
	{ "getrlimit", try_limit, 0, SIGSYS },
	{ "x32", try_x32, 0, SIGSYS },
	{ "abort", do_abort, 0, SIGABRT },
	{ "memory", do_memory, 0, 0 },
	{ "library", do_library, 0, 0 },
	{ "events", do_events, 0, 0 },
	{ "negative argument", do_openat, 1, 0 },
	{ "other argument", do_openat_dir, 1, SIGSYS },
	{ "several rules", do_several, 1, 0 },
	{ "none of several", try_socket, 1, SIGSYS },
	{ "bit outside of a mask", do_mask_bit, 1, SIGSYS },
	{ "own rules, base too", do_library, 1, 0 },
	{ "own rules, nothing else", try_getppid, 1, SIGSYS },
};
/* clang-format on */

static void
make_call(const void *arg)
{
	const struct call_row *row = arg;
	struct sandbox sb = { .name = "test", .processes = 10, .files = 50 };

	if (row->own) {
		sb.rules = own_rules;
		sb.nrules = NELEM(own_rules);
	}
	sandbox_enter(&sb);
	row->fn();
}

static void
system_calls(void **state)
{
	char text[CHILD_TEXT];
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < NELEM(calls); i++) {
		status = child_run(make_call, &calls[i], text);
		if (calls[i].signal == 0)
			child_check_exit(status, 0, calls[i].name, text);
		else if (!WIFSIGNALED(status) ||
		    WTERMSIG(status) != calls[i].signal)
			fail_msg("%s: status %#x, not signal %d; %s",
			    calls[i].name, (unsigned int)status,
			    calls[i].signal, text);
	}
}

static void
mistype(const void *arg)
{
	const struct sandbox_rule rule = { "opennat", SANDBOX_ANY, 0, 0, "?" };
	const struct sandbox sb = {
		.name = "test", .rules = &rule, .nrules = 1, .files = 50
	};

	(void)arg;
	sandbox_enter(&sb);
}

static void
mistyped(void **state)
{
	char text[CHILD_TEXT];

	(void)state;
	child_check_exit(child_run(mistype, NULL, text), 1, "mistype", text);
	assert_non_null(strstr(text, "no system call is named opennat"));
}

#endif /* SANDBOX_NO_SECCOMP */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(lower_limit),
		cmocka_unit_test(no_landlock),
#ifdef SANDBOX_NO_SECCOMP
		cmocka_unit_test(left_out),
#else
		cmocka_unit_test(no_seccomp),
		cmocka_unit_test(system_calls),
		cmocka_unit_test(mistyped),
#endif
	};

	log_init("test_sandbox");
	if (geteuid() != 0) {
		puts("cannot run on this machine: needs root");
		return (77);
	}
	if (syscall(444, NULL, 0, 1) < 1) {
		puts("cannot run on this machine: no landlock");
		return (77);
	}
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
