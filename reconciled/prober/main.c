/*
 * tripod-prober: talks to pods for reconciled, which starts it; see
 * reconciled(8).
 *
 * Two processes, both without rights.  The supervisor reads nothing but
 * exit codes: it executes the prober anew whenever that ends, with fresh
 * memory, and sends reconciled a socket to it.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mtime.h"
#include "common/privdrop.h"
#include "ipc/imsg.h"
#include "ipc/peer.h"
#include "reconciled/prober/filter.h"
#include "reconciled/prober/serve.h"

#define CHANNEL_FD 3		 /* to whoever started this process */
#define PROGRAM "/proc/self/exe" /* also where its folder is closed to us */
#define PAUSE_MS 1000		 /* at least, from one start to the next */
#define FILES_MAX 256		 /* two for each call, and some */
#define MEMORY_MAX (64UL << 20)	 /* bytes of data */

struct options {
	const char *user; /* to run as; NULL: it has been dropped already */
	int worker, optional;
};

static void
options_read(struct options *o, int argc, char *argv[])
{
	int c;

	memset(o, 0, sizeof(*o));
	while ((c = getopt(argc, argv, "ou:w")) != -1) {
		switch (c) {
		case 'o':
			o->optional = 1;
			break;
		case 'u':
			o->user = optarg;
			break;
		case 'w':
			o->worker = 1;
			break;
		default:
			exit(EX_USAGE);
		}
	}
	if (optind != argc || (!o->worker && o->user == NULL))
		exit(EX_USAGE);
}

/* Only reconciled has it right. */
static void
channel_check(void)
{
	int type = 0;
	socklen_t len = sizeof(type);

	if (getsockopt(CHANNEL_FD, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) == -1) {
		log_warnx("this program is for reconciled to start");
		exit(EX_USAGE);
	}
}

/* --- the prober proper --- */

static void
confine(const struct options *o)
{
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	struct sandbox s;

	memset(&s, 0, sizeof(s));
	s.name = "tripod-prober";
	s.rules = prober_rules;
	s.nrules = prober_rules_n;
	s.tcp_port = -1;
	s.files = FILES_MAX;
	s.optional = o->optional;
#ifndef SANDBOX_NO_SECCOMP /* sanitizers reserve far more */
	if (setrlimit(RLIMIT_DATA, &memory) == -1)
		fatal("RLIMIT_DATA");
#else
	(void)memory;
#endif
	sandbox_enter(&s);
}

static int
work(const struct options *o)
{
	struct identity self = { getuid(), getgid() };
	struct serve *s;

	privdrop(&self, NULL); /* proves that there is nothing to drop */
	/* All that libraries read from files, they read now. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |
		    OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		NULL) != 1)
		fatalx("OPENSSL_init_ssl");
	s = serve_new(CHANNEL_FD);
	confine(o);
	serve_run(s);
	return (EX_OK);
}

/* --- its supervisor --- */

static void __attribute__((noreturn))
worker_exec(const struct options *o, int fd)
{
	char name[] = "tripod-prober", flag[] = "-w", optional[] = "-o";
	char *argv[] = { name, flag, o->optional ? optional : NULL, NULL };
	char *envp[] = { NULL };

	/* Nobody probes for a supervisor that is gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    dup2(fd, CHANNEL_FD) == -1)
		fatal("dup2");
	(void)execve(PROGRAM, argv, envp);
	fatal("%s", PROGRAM);
}

/* The child, and in fd reconciled's socket to it. */
static pid_t
worker_start(const struct options *o, int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		pair) == -1)
		fatal("socketpair");
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0)
		worker_exec(o, pair[1]);
	(void)close(pair[1]); /* the child's */
	*fd = pair[0];
	return (pid);
}

static void
worker_await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	if (WIFSIGNALED(status))
		log_warnx(
		    "the prober was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		log_warnx(
		    "the prober ended with status %d", WEXITSTATUS(status));
}

/* It never writes to its supervisor: what there is to read is its end. */
static int
reconciled_has_ended(void)
{
	struct pollfd p = { .fd = CHANNEL_FD, .events = POLLIN };

	return (poll(&p, 1, 0) == 1);
}

static void
pause_until(struct mtime t)
{
	struct timeval tv = mtime_wait(mtime_now(), t);
	struct timespec ts = { tv.tv_sec, tv.tv_usec * 1000 };

	(void)nanosleep(&ts, NULL); /* cut short: sooner then */
}

static int
supervise(const struct options *o)
{
	struct imsgbuf channel;
	struct mtime again;
	int fd;
	pid_t pid;

	imsgbuf_init(&channel, CHANNEL_FD, &ipc_limits);
	for (;;) {
		again = mtime_add(mtime_now(), PAUSE_MS);
		pid = worker_start(o, &fd);
		/* The other end is read by an event loop; it never fills up. */
		if (imsg_compose(&channel, TRIPOD__MSG__MSG_PROBER, 0, fd, NULL,
			0) == -1 ||
		    imsgbuf_write(&channel) != 1)
			return (EX_OK); /* reconciled has ended */
		worker_await(pid);
		if (reconciled_has_ended())
			return (EX_OK);
		pause_until(again);
	}
}

/* When memory is short the prober is the first to be spared with. */
static void
volunteer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd == -1 || write(fd, "500", 3) != 3)
		log_warn("oom_score_adj"); /* an order of victims, no more */
	if (fd != -1)
		(void)close(fd);
}

int
main(int argc, char *argv[])
{
	struct identity id;
	struct options o;
	struct err err;

	log_init("tripod-prober");
	/* Executed by way of /proc it would be called "exe". */
	(void)prctl(PR_SET_NAME, "tripod-prober"); /* cannot fail */
	options_read(&o, argc, argv);
	channel_check();
	/*
	 * A service manager tells all processes to end; these do when they
	 * lose reconciled, so that it is not them whom it loses first.
	 */
	(void)signal(SIGTERM, SIG_IGN); /* none of these can fail */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	if (o.worker)
		return (work(&o));
	if (identity_user(o.user, &id, &err) == -1) {
		log_warnx("%s", err.text);
		return (EX_CONFIG);
	}
	volunteer();
	privdrop(&id, NULL);
	return (supervise(&o));
}
