/*
 * tripod-spawner: keeps a tripod-prober running for reconciled, which
 * starts it before it gives up its rights; see reconciled(8).
 *
 * It has no rights either and reads nothing but exit codes: it executes
 * the prober anew whenever that ends, with fresh memory, and sends
 * reconciled a socket to it.  A program of its own, for it is always there
 * and needs none of the prober's libraries.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/mtime.h"
#include "common/privdrop.h"
#include "ipc/imsg.h"
#include "reconciled/prober/channel.h"
#include "tripod.pb-c.h"

#define PAUSE_MS 1000	/* at least, from one start to the next */
#define CHANNEL_MAX 256 /* bytes; its only message is empty */

struct options {
	const char *user; /* to run as */
	int optional;	  /* layers of the prober's sandbox may be missing */
	int program;	  /* opened while its folder still can be entered */
};

static void
options_read(struct options *o, int argc, char *argv[])
{
	int c;

	memset(o, 0, sizeof(*o));
	while ((c = getopt(argc, argv, "ou:")) != -1) {
		switch (c) {
		case 'o':
			o->optional = 1;
			break;
		case 'u':
			o->user = optarg;
			break;
		default:
			exit(EX_USAGE);
		}
	}
	if (optind + 1 != argc || o->user == NULL)
		exit(EX_USAGE);
	o->program = open(argv[optind], O_PATH | O_CLOEXEC);
	if (o->program == -1)
		fatal("%s", argv[optind]);
}

static void __attribute__((noreturn))
worker_exec(const struct options *o, int fd)
{
	char name[] = "tripod-prober", optional[] = "-o";
	char *argv[] = { name, o->optional ? optional : NULL, NULL };
	char *envp[] = { NULL };

	/* Nobody probes for a spawner that is gone. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    dup2(fd, CHANNEL_FD) == -1)
		fatal("dup2");
	(void)fexecve(o->program, argv, envp);
	fatal("tripod-prober");
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

/* It never writes to us: what there is to read is its end. */
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
	const struct imsg_limits limits = { CHANNEL_MAX, CHANNEL_MAX,
		CHANNEL_MAX, CHANNEL_MAX };
	struct imsgbuf channel;
	struct mtime again;
	int fd;
	pid_t pid;

	imsgbuf_init(&channel, CHANNEL_FD, &limits);
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

	log_init("tripod-spawner");
	channel_check();
	options_read(&o, argc, argv);
	/*
	 * A service manager tells all processes to end; these do when they
	 * lose reconciled, so that it is not them whom it loses first.
	 */
	(void)signal(SIGTERM, SIG_IGN); /* none of these can fail */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	if (identity_user(o.user, &id, &err) == -1) {
		log_warnx("%s", err.text);
		return (EX_CONFIG);
	}
	volunteer();
	privdrop(&id, NULL);
	return (supervise(&o));
}
