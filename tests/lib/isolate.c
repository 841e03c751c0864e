/*
 * isolate BEGIN END WORK COMMAND [ARGUMENT...]
 *
 * Runs `BEGIN WORK COMMAND ...' in network and mount namespaces of its own,
 * then `END WORK' in the same ones, and leaves no process behind: as
 * subreaper it inherits whatever daemonised below it.  Signals go through to
 * the command; its end, by exit or by signal, becomes ours.
 */
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Those that a person or a test may send in order to end us. */
static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
#define N_ENDS (sizeof(ends) / sizeof(ends[0]))

static void
namespaces_enter(void)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) == -1)
		err(1, "unshare (needs root)");
	/*
	 * First cut off from the outside; then shared again among our own,
	 * as on a machine with systemd: containers may ask for propagation.
	 */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == -1)
		err(1, "mount propagation");
}

static void
signals_block(sigset_t *set)
{
	size_t i;

	(void)sigemptyset(set);
	(void)sigaddset(set, SIGCHLD);
	for (i = 0; i < N_ENDS; i++)
		(void)sigaddset(set, ends[i]);
	if (sigprocmask(SIG_BLOCK, set, NULL) == -1)
		err(1, "sigprocmask");
}

/* With deaf set the program cannot be interrupted: it cleans up. */
static pid_t
spawn(char *const argv[], const sigset_t *set, int deaf)
{
	pid_t pid;
	size_t i;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0)
		return (pid);
	for (i = 0; i < N_ENDS && deaf; i++)
		(void)signal(ends[i], SIG_IGN);
	if (sigprocmask(SIG_UNBLOCK, set, NULL) == -1)
		err(126, "sigprocmask");
	execv(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* Buries everybody; returns 1 once child was among them. */
static int
reap(pid_t child, int *status)
{
	pid_t pid;
	int st, found = 0;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		*status = st;
		found = 1;
	}
	return (found);
}

/* Waits for child, passing signals on.  Returns its status. */
static int
attend(pid_t child, const sigset_t *set)
{
	siginfo_t info;
	int status = 0;

	for (;;) {
		if (sigwaitinfo(set, &info) == -1)
			continue;
		if (info.si_signo == SIGCHLD) {
			if (reap(child, &status))
				return (status);
		} else if (info.si_code != SI_KERNEL) {
			/* The terminal's own went to the whole group. */
			(void)kill(child, info.si_signo);
		}
	}
}

static void
children_kill(void)
{
	FILE *f;
	char path[64];
	int pid;

	(void)snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if ((f = fopen(path, "re")) == NULL)
		err(1, "%s", path);
	while (fscanf(f, "%d", &pid) == 1)
		(void)kill(pid, SIGKILL);
	(void)fclose(f);
}

/* Grandchildren become children when their parent dies, hence the loop. */
static void
descendants_kill(const sigset_t *set)
{
	const struct timespec soon = { 0, 50 * 1000 * 1000 };
	pid_t pid;

	for (;;) {
		children_kill();
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			continue;
		if (pid == -1 && errno == ECHILD)
			return;
		(void)sigtimedwait(set, NULL, &soon);
	}
}

/* The same end as the command's, without a second core file. */
static int
exit_like(int status, const sigset_t *set)
{
	const struct rlimit none = { 0, 0 };

	if (WIFEXITED(status))
		return (WEXITSTATUS(status));
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(WTERMSIG(status), SIG_DFL);
	(void)raise(WTERMSIG(status));
	(void)sigprocmask(SIG_UNBLOCK, set, NULL);
	return (128 + WTERMSIG(status));
}

int
main(int argc, char *argv[])
{
	char *begin, *end[3];
	sigset_t set;
	int status;

	if (argc < 5)
		errx(64, "usage: isolate BEGIN END WORK COMMAND [ARG...]");
	begin = argv[1];
	end[0] = argv[2];
	end[1] = argv[3];
	end[2] = NULL;
	argv[2] = begin;
	signals_block(&set);
	namespaces_enter();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		err(1, "prctl");
	status = attend(spawn(argv + 2, &set, 0), &set);
	(void)attend(spawn(end, &set, 1), &set);
	descendants_kill(&set);
	return (exit_like(status, &set));
}
