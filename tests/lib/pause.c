/*
 * The process that holds a pod's namespaces: waits for the end and buries
 * whatever is left to it as process 1 of the pod.
 */
#include <sys/types.h>
#include <sys/wait.h>

#include <signal.h>
#include <stddef.h>

int
main(void)
{
	sigset_t set;
	int sig;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return (1);
	for (;;) {
		if (sigwait(&set, &sig) != 0)
			return (1);
		if (sig != SIGCHLD)
			return (0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
}
