#include <sys/wait.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/mem.h"
#include "ctl/command.h"

void
judge_init(struct judge *j, const char *mode)
{
	j->arg = NULL;
	j->n = 0;
	j->output = -1;
	judge_add(j, "watcherd");
	judge_add(j, mode);
}

void
judge_add(struct judge *j, const char *arg)
{
	j->arg = xreallocarray(j->arg, (size_t)j->n + 2, sizeof(j->arg[0]));
	j->arg[j->n++] = xstrdup(arg);
	j->arg[j->n] = NULL;
}

int
judge_option(struct judge *j, int c, const char *const *forms)
{
	char flag[] = { '-', (char)c, '\0' };

	switch (c) {
	case 'L':
	case 'q':
	case 'r':
	case 'v':
		judge_add(j, flag);
		return (0);
	case 'S':
		judge_add(j, "--stdin-name");
		judge_add(j, optarg);
		return (0);
	case 'o':
		if (command_choice(forms, optarg) == -1)
			return (command_wrong(optarg));
		/* FALLTHROUGH */
	case 'N':
		judge_add(j, flag);
		judge_add(j, optarg);
		return (0);
	default:
		return (-1);
	}
}

static void
judge_release(struct judge *j)
{
	while (j->n > 0)
		free(j->arg[--j->n]);
	free(j->arg);
	j->arg = NULL;
}

int
judge_run(const struct options *o, struct judge *j)
{
	const char *slash = strrchr(o->self, '/');
	char *beside;

	if (slash != NULL) {
		(void)xasprintf(
		    &beside, "%.*s/watcherd", (int)(slash - o->self), o->self);
		(void)execv(beside, j->arg);
		free(beside);
	}
	(void)execv(SBINDIR "/watcherd", j->arg);
	(void)fprintf(
	    stderr, "tripodctl: cannot run %s\n", SBINDIR "/watcherd");
	judge_release(j);
	return (EX_UNAVAILABLE);
}

int
judge_child(const struct options *o, struct judge *j, int input)
{
	pid_t pid, done;
	int status;

	(void)fflush(stdout); /* it would be written twice */
	if ((pid = fork()) == -1) {
		(void)fprintf(stderr, "tripodctl: fork: %s\n", strerror(errno));
		judge_release(j);
		return (EX_UNAVAILABLE);
	}
	if (pid == 0) {
		if (dup2(input, STDIN_FILENO) == -1 ||
		    (j->output != -1 && dup2(j->output, STDOUT_FILENO) == -1))
			_exit(EX_UNAVAILABLE);
		_exit(judge_run(o, j));
	}
	judge_release(j);
	do
		done = waitpid(pid, &status, 0);
	while (done == -1 && errno == EINTR);
	if (done == -1 || !WIFEXITED(status))
		return (EX_UNAVAILABLE);
	return (WEXITSTATUS(status));
}
