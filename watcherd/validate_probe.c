#include <string.h>

#include "watcherd/grammar.h"
#include "watcherd/validate_rules.h"

static const char linux_signals[] =
    "SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL "
    "SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT "
    "SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN "
    "SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ "
    "SIGRTMIN SIGRTMIN+1 SIGRTMIN+2 SIGRTMIN+3 SIGRTMIN+4 SIGRTMIN+5 "
    "SIGRTMIN+6 SIGRTMIN+7 SIGRTMIN+8 SIGRTMIN+9 SIGRTMIN+10 SIGRTMIN+11 "
    "SIGRTMIN+12 SIGRTMIN+13 SIGRTMIN+14 SIGRTMIN+15 SIGRTMAX-14 "
    "SIGRTMAX-13 SIGRTMAX-12 SIGRTMAX-11 SIGRTMAX-10 SIGRTMAX-9 SIGRTMAX-8 "
    "SIGRTMAX-7 SIGRTMAX-6 SIGRTMAX-5 SIGRTMAX-4 SIGRTMAX-3 SIGRTMAX-2 "
    "SIGRTMAX-1 SIGRTMAX";

void
rule_probe(
    struct validate *v, const struct node *probe, const struct path *path)
{
	const struct node *times = node_get_kind(
	    probe, "successThreshold", NODE_NUMBER);

	if (path_is(path, "readinessProbe")) {
		if (node_get(probe, "terminationGracePeriodSeconds") != NULL)
			fault(v, probe, path, "terminationGracePeriodSeconds",
			    "must be left out of a readiness probe");
	} else if (times != NULL && times->num > 1)
		fault(v, probe, path, "successThreshold", "must be 1, got %lld",
		    (long long)times->num);
}

void
rule_lifecycle(
    struct validate *v, const struct node *lifecycle, const struct path *path)
{
	const char *signal = node_get_str(lifecycle, "stopSignal");
	const char *os = node_get_str(node_get(v->spec, "os"), "name");
	char q[QUOTE_MAX];

	if (signal == NULL)
		return;
	if (os == NULL || *os == '\0')
		fault(v, lifecycle, path, "stopSignal",
		    "may be given only with spec.os.name");
	else if (strcmp(os, "linux") == 0 &&
	    !choices_match(linux_signals, signal))
		fault(v, lifecycle, path, "stopSignal",
		    "must be the name of a signal (SIGTERM, SIGRTMIN+3 ...), "
		    "got %s",
		    quote(q, signal));
	else if (strcmp(os, "windows") == 0 &&
	    !choices_match("SIGKILL SIGTERM", signal))
		fault(v, lifecycle, path, "stopSignal",
		    "must be SIGKILL or SIGTERM, got %s", quote(q, signal));
}

void
rule_handler(
    struct validate *v, const struct node *handler, const struct path *up)
{
	struct path path = { up, "sleep", 0, 0 };
	const struct node *sleep = node_get(handler, path.name);
	int64_t seconds = node_get_num(sleep, "seconds", 0);
	int64_t grace = node_get_num(
	    v->spec, "terminationGracePeriodSeconds", INT64_MAX);

	if (seconds > grace)
		fault(v, sleep, &path, "seconds",
		    "must be at most the pod's terminationGracePeriodSeconds "
		    "(%lld), got %lld",
		    (long long)grace, (long long)seconds);
}
