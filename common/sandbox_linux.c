#include "common/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

/* clang-format off */
const struct sandbox_rule sandbox_base[] = {
	/* Memory.  Nothing may become executable. */
	{ "brk", SANDBOX_ANY, 0, 0, "malloc" },
	{ "mmap", SANDBOX_MASK, 2, PROT_READ | PROT_WRITE, "malloc" },
	{ "mprotect", SANDBOX_MASK, 2, PROT_READ | PROT_WRITE, "malloc" },
	{ "munmap", SANDBOX_ANY, 0, 0, "malloc" },
	{ "mremap", SANDBOX_ANY, 0, 0, "malloc: realloc of large blocks" },
	{ "madvise", SANDBOX_ANY, 0, 0, "malloc: giving pages back" },
	{ "sysinfo", SANDBOX_ANY, 0, 0, "qsort: how much memory there is" },

	/* Descriptors that are open already. */
	{ "read", SANDBOX_ANY, 0, 0, "everything" },
	{ "readv", SANDBOX_ANY, 0, 0, "stdio, libevent buffers" },
	{ "write", SANDBOX_ANY, 0, 0, "log" },
	{ "writev", SANDBOX_ANY, 0, 0, "stdio, assertions of libc" },
	{ "close", SANDBOX_ANY, 0, 0, "everything" },
	{ "lseek", SANDBOX_ANY, 0, 0, "stdio" },
	{ "fstat", SANDBOX_ANY, 0, 0, "stdio, fstat" },
	{ "newfstatat", SANDBOX_EQ, 3, AT_EMPTY_PATH, "fstat of glibc 2.33+" },
	{ "fcntl", SANDBOX_EQ, 1, F_GETFL, "sockets: non-blocking" },
	{ "fcntl", SANDBOX_EQ, 1, F_SETFL, "sockets: non-blocking" },
	{ "fcntl", SANDBOX_EQ, 1, F_GETFD, "libevent: close-on-exec" },
	{ "fcntl", SANDBOX_EQ, 1, F_SETFD, "libevent: close-on-exec" },
	{ "fcntl", SANDBOX_EQ, 1, F_DUPFD_CLOEXEC, "fdopendir of a copy" },
	{ "ioctl", SANDBOX_EQ, 1, TCGETS, "stdio: is it a terminal?" },

	/* Connected sockets. */
	{ "sendmsg", SANDBOX_ANY, 0, 0, "imsg: descriptors" },
	{ "recvmsg", SANDBOX_ANY, 0, 0, "imsg: descriptors" },
	{ "sendto", SANDBOX_ANY, 0, 0, "send" },
	{ "recvfrom", SANDBOX_ANY, 0, 0, "recv" },
	{ "shutdown", SANDBOX_ANY, 0, 0, "closing a connection" },
	{ "getsockopt", SANDBOX_ANY, 0, 0, "SO_ERROR, SO_PEERCRED" },

	/* The event loop. */
	{ "epoll_create1", SANDBOX_ANY, 0, 0, "libevent" },
	{ "epoll_ctl", SANDBOX_ANY, 0, 0, "libevent" },
	{ "epoll_wait", SANDBOX_ANY, 0, 0, "libevent" },
	{ "epoll_pwait", SANDBOX_ANY, 0, 0, "libevent; epoll_wait on arm64" },
	{ "epoll_pwait2", SANDBOX_ANY, 0, 0, "libevent" },
	{ "poll", SANDBOX_ANY, 0, 0, "waiting for one descriptor" },
	{ "ppoll", SANDBOX_ANY, 0, 0, "poll on arm64" },
	{ "eventfd2", SANDBOX_ANY, 0, 0, "libevent: wake-up" },
	{ "timerfd_create", SANDBOX_ANY, 0, 0, "libevent: precise timers" },
	{ "timerfd_settime", SANDBOX_ANY, 0, 0, "libevent: precise timers" },
	{ "pipe2", SANDBOX_ANY, 0, 0, "libevent: signals" },
	{ "getuid", SANDBOX_ANY, 0, 0, "libevent: issetugid" },
	{ "geteuid", SANDBOX_ANY, 0, 0, "libevent: issetugid" },
	{ "getgid", SANDBOX_ANY, 0, 0, "libevent: issetugid" },
	{ "getegid", SANDBOX_ANY, 0, 0, "libevent: issetugid" },

	/* Time, where the vDSO cannot tell it. */
	{ "clock_gettime", SANDBOX_ANY, 0, 0, "mtime, libevent" },
	{ "gettimeofday", SANDBOX_ANY, 0, 0, "libevent" },
	{ "time", SANDBOX_ANY, 0, 0, "libraries" },
	{ "clock_nanosleep", SANDBOX_ANY, 0, 0, "nanosleep" },
	{ "nanosleep", SANDBOX_ANY, 0, 0, "nanosleep" },
	{ "restart_syscall", SANDBOX_ANY, 0, 0, "waiting, after SIGCONT" },

	/* Signals and the end; abort() is added by the pid. */
	{ "rt_sigaction", SANDBOX_ANY, 0, 0, "libevent: signals" },
	{ "rt_sigprocmask", SANDBOX_ANY, 0, 0, "libevent, abort" },
	{ "rt_sigreturn", SANDBOX_ANY, 0, 0, "return of signal handlers" },
	{ "sigaltstack", SANDBOX_ANY, 0, 0, "signal handlers" },
	{ "exit", SANDBOX_ANY, 0, 0, "end of a thread" },
	{ "exit_group", SANDBOX_ANY, 0, 0, "end" },

	/* libc itself. */
	{ "getpid", SANDBOX_ANY, 0, 0, "log, abort" },
	{ "gettid", SANDBOX_ANY, 0, 0, "abort" },
	{ "getrandom", SANDBOX_ANY, 0, 0, "malloc, libevent, OpenSSL" },
	{ "futex", SANDBOX_ANY, 0, 0, "locks of libc and libraries" },
	{ "set_robust_list", SANDBOX_ANY, 0, 0, "start of threads" },
	{ "rseq", SANDBOX_ANY, 0, 0, "start of threads" },
	{ "sched_yield", SANDBOX_ANY, 0, 0, "locks of libraries" },
};
/* clang-format on */

const size_t sandbox_base_n = sizeof(sandbox_base) / sizeof(sandbox_base[0]);

/*
 * Landlock.  glibc has no wrappers, and the headers of Debian 12 end at
 * version 2 of the interface; numbers and bits below are of the kernel's
 * user interface and the same everywhere.
 */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define FS_ABI1 ((UINT64_C(1) << 13) - 1) /* EXECUTE .. MAKE_SYM */
#define FS_REFER (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)
#define RULE_NET_PORT 2

/* struct landlock_ruleset_attr of version 6; zeros suit older kernels. */
struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct net_port_attr {
	uint64_t allowed, port;
};

/* What each version of the interface added. */
static const struct {
	int abi;
	struct ruleset_attr adds;
} landlock_versions[] = {
	{ 1, { FS_ABI1, 0, 0 } },
	{ 2, { FS_REFER, 0, 0 } },
	{ 3, { FS_TRUNCATE, 0, 0 } },
	{ 4, { 0, NET_BIND_TCP | NET_CONNECT_TCP, 0 } },
	{ 5, { FS_IOCTL_DEV, 0, 0 } },
	{ 6, { 0, 0, SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL } },
};

/* What each right of ours means, and which of it a plain file can have. */
static const struct {
	unsigned int right;
	uint64_t dir, file;
} landlock_rights[] = {
	{ SANDBOX_READ,
	    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	    LANDLOCK_ACCESS_FS_READ_FILE },
	{ SANDBOX_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE,
	    LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE },
	{ SANDBOX_MAKE,
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR, 0 },
	{ SANDBOX_REMOVE,
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR, 0 },
	{ SANDBOX_LINK, LANDLOCK_ACCESS_FS_MAKE_SYM, 0 },
};

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static void
layer_missing(const struct sandbox *sb, const char *layer)
{
	if (!sb->optional)
		fatal("sandbox of %s: no %s", sb->name, layer);
	log_warn("sandbox of %s: going on without %s", sb->name, layer);
}

/* Lowers both limits; what is lower already stays. */
static void
limit(int resource, const char *name, rlim_t max)
{
	struct rlimit rl;

	if (getrlimit((__rlimit_resource_t)resource, &rl) == -1)
		fatal("%s", name);
	if (rl.rlim_max > max)
		rl.rlim_max = max;
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit((__rlimit_resource_t)resource, &rl) == -1)
		fatal("%s", name);
}

static struct ruleset_attr
landlock_handled(const struct sandbox *sb, int abi)
{
	struct ruleset_attr attr = { 0, 0, 0 };
	size_t i;

	for (i = 0; i < NELEM(landlock_versions); i++) {
		if (landlock_versions[i].abi > abi)
			break;
		attr.fs |= landlock_versions[i].adds.fs;
		attr.net |= landlock_versions[i].adds.net;
		attr.scoped |= landlock_versions[i].adds.scoped;
	}
	if (sb->tcp_port == -1)
		attr.net = 0;
	else if (attr.net == 0)
		log_debug("sandbox of %s: landlock %d has no rules for TCP",
		    sb->name, abi);
	if (sb->kills)
		attr.scoped &= ~SCOPE_SIGNAL;
	return (attr);
}

static uint64_t
landlock_access(unsigned int rights, int is_dir)
{
	uint64_t access = 0;
	size_t i;

	for (i = 0; i < NELEM(landlock_rights); i++)
		if (rights & landlock_rights[i].right)
			access |= is_dir ? landlock_rights[i].dir
					 : landlock_rights[i].file;
	/* Moving to another directory: taken from one, made in the other. */
	if (is_dir && (rights & SANDBOX_MAKE) && (rights & SANDBOX_REMOVE))
		access |= FS_REFER;
	return (access);
}

static void
landlock_add_path(
    int ruleset, const struct sandbox_path *path, uint64_t handled)
{
	struct landlock_path_beneath_attr attr;
	struct stat st;

	if (path->fd == -1)
		return;
	if (fstat(path->fd, &st) == -1)
		fatal("landlock: descriptor %d", path->fd);
	attr.parent_fd = path->fd;
	attr.allowed_access = landlock_access(
				  path->rights, S_ISDIR(st.st_mode)) &
	    handled;
	if (attr.allowed_access == 0)
		return;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&attr, 0) == -1)
		fatal("landlock: path rule");
}

static void
landlock_add_port(int ruleset, int port)
{
	struct net_port_attr attr = { NET_CONNECT_TCP, (uint64_t)port };

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &attr, 0) ==
	    -1)
		fatal("landlock: port rule");
}

static void
enter_landlock(const struct sandbox *sb)
{
	struct ruleset_attr attr;
	int abi, ruleset;
	size_t i;

	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi == -1) {
		layer_missing(sb, "landlock");
		return;
	}
	attr = landlock_handled(sb, abi);
	ruleset = (int)syscall(
	    SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset == -1)
		fatal("landlock: rule set");
	for (i = 0; i < sb->npaths; i++)
		landlock_add_path(ruleset, &sb->paths[i], attr.fs);
	if (attr.net != 0 && sb->tcp_port > 0)
		landlock_add_port(ruleset, sb->tcp_port);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
		fatal("landlock: restrict");
	(void)close(ruleset);
}

#ifdef SANDBOX_NO_SECCOMP

static void
enter_seccomp(const struct sandbox *sb)
{
	log_info("sandbox of %s: seccomp is left out of this build", sb->name);
}

#else

/* For finding missing rules: the kernel's log names the denied calls. */
#ifdef SANDBOX_LOG_ONLY
#define DENIED SCMP_ACT_LOG
#else
#define DENIED SCMP_ACT_KILL_PROCESS
#endif

static void
seccomp_add(scmp_filter_ctx ctx, int call, unsigned int n,
    const struct scmp_arg_cmp *cmp)
{
	int rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, n, cmp);

	/* The same rule in two tables is no mistake. */
	if (rc < 0 && rc != -EEXIST) {
		errno = -rc;
		fatal("seccomp: rule for call %d", call);
	}
}

static void
seccomp_add_rule(scmp_filter_ctx ctx, const struct sandbox_rule *rule)
{
	struct scmp_arg_cmp cmp = { .arg = rule->arg };
	int call = seccomp_syscall_resolve_name(rule->call);

	if (call == __NR_SCMP_ERROR)
		fatalx("seccomp: no system call is named %s", rule->call);
	if (call < 0)
		return; /* not on this architecture */
	switch (rule->check) {
	case SANDBOX_ANY:
		seccomp_add(ctx, call, 0, NULL);
		return;
	case SANDBOX_EQ:
		cmp.op = SCMP_CMP_EQ;
		cmp.datum_a = rule->value;
		/* libc may leave the upper half of a negative int zero. */
		if ((int64_t)rule->value < 0) {
			cmp.op = SCMP_CMP_MASKED_EQ;
			cmp.datum_a = UINT32_MAX;
			cmp.datum_b = rule->value & UINT32_MAX;
		}
		break;
	case SANDBOX_MASK:
		cmp.op = SCMP_CMP_MASKED_EQ;
		cmp.datum_a = ~rule->value;
		cmp.datum_b = 0;
		break;
	}
	seccomp_add(ctx, call, 1, &cmp);
}

/* abort(3) signals the process itself; nobody else may be signalled. */
static void
seccomp_add_abort(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp cmp[] = {
		{ .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (uint64_t)getpid() },
		{ .arg = 2, .op = SCMP_CMP_EQ, .datum_a = SIGABRT },
	};

	seccomp_add(ctx, SCMP_SYS(tgkill), NELEM(cmp), cmp);
}

static void
seccomp_add_kill(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp cmp = {
		.arg = 1, .op = SCMP_CMP_EQ, .datum_a = SIGKILL
	};

	seccomp_add(ctx, SCMP_SYS(kill), 1, &cmp);
}

static void
enter_seccomp(const struct sandbox *sb)
{
	scmp_filter_ctx ctx;
	size_t i;
	int rc;

	if ((ctx = seccomp_init(DENIED)) == NULL)
		fatalx("seccomp: cannot start a filter");
	/* Calls of another architecture (i386, x32) die in the same way. */
	if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, DENIED) < 0 ||
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		fatalx("seccomp: cannot set attributes");
	for (i = 0; i < sandbox_base_n; i++)
		seccomp_add_rule(ctx, &sandbox_base[i]);
	for (i = 0; i < sb->nrules; i++)
		seccomp_add_rule(ctx, &sb->rules[i]);
	seccomp_add_abort(ctx);
	if (sb->kills)
		seccomp_add_kill(ctx);
	if ((rc = seccomp_load(ctx)) < 0) {
		errno = -rc;
		layer_missing(sb, "seccomp");
	}
	seccomp_release(ctx);
}

#endif /* SANDBOX_NO_SECCOMP */

void
sandbox_enter(const struct sandbox *sb)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("PR_SET_NO_NEW_PRIVS");
	limit(RLIMIT_NPROC, "RLIMIT_NPROC", sb->processes);
	limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", sb->files);
	limit(RLIMIT_CORE, "RLIMIT_CORE", 0);
	if (!sb->mounts)
		enter_landlock(sb);
	enter_seccomp(sb);
}
