/*
 * tripodctl: the operator's tool, see tripodctl(8).
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/mem.h"
#include "ctl/command.h"
#include "ctl/match.h"

static const struct command *const commands[] = {
	&cmd_status,
	&cmd_plan,
	&cmd_events,
	&cmd_logs,
	&cmd_restart,
	&cmd_wait,
	&cmd_apply,
	&cmd_check,
	&cmd_explain,
	&cmd_render,
	&cmd_log,
	&cmd_shutdown,
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
usage_line(FILE *to, const char *before, const struct command *cmd)
{
	(void)fprintf(to, "%stripodctl %s%s%s\n", before, cmd->name,
	    *cmd->usage != '\0' ? " " : "", cmd->usage);
}

static void
usage(FILE *to)
{
	size_t i;

	(void)fprintf(to, "usage: tripodctl [-hV] [-s socket] command ...\n");
	for (i = 0; i < NCOMMANDS; i++)
		usage_line(to, "       ", commands[i]);
	(void)fprintf(to, "       tripodctl command --help\n");
}

static int
misuse(void)
{
	usage(stderr);
	return (EX_USAGE);
}

int
command_misuse(const struct command *cmd)
{
	usage_line(stderr, "usage: ", cmd);
	return (EX_USAGE);
}

int
command_wrong(const char *value)
{
	(void)fprintf(stderr, "tripodctl: not understood: \"%s\"\n", value);
	return (-1);
}

int
command_failed(const struct err *err)
{
	(void)fprintf(stderr, "tripodctl: %s\n", err->text);
	return (EX_UNAVAILABLE);
}

int
command_missing(const struct err *err)
{
	(void)fprintf(stderr, "tripodctl: %s\n", err->text);
	return (1);
}

int
command_flush(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return (rc);
	return (rc == EX_OK ? EX_IOERR : rc);
}

int
command_words(int argc, char *argv[], const char *const *forms, int *form)
{
	static const struct option longs[] = {
		{ "output", required_argument, NULL, 'o' }, { NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		if (c != 'o')
			return (INT_MAX);
		if ((*form = command_choice(forms, optarg)) == -1) {
			(void)command_wrong(optarg); /* -1 */
			return (INT_MAX);
		}
	}
	return (argc - optind);
}

int
command_choice(const char *const *choices, const char *word)
{
	int i;

	for (i = 0; choices[i] != NULL; i++)
		if (strcmp(choices[i], word) == 0)
			return (i);
	return (-1);
}

struct match_pods
command_pods(const struct session *s)
{
	return (
	    (struct match_pods){ s->answer->pod, s->answer->npod, s->node });
}

Tripod__PodItem *
command_pod(const struct session *s, const char *word, struct err *err)
{
	const struct match_pods in = command_pods(s);
	Tripod__PodItem *found;

	(void)match_pod(&in, word, &found, err); /* NULL says enough */
	return (found);
}

int
command_session(const struct options *o,
    int (*body)(struct session *, void *ctx), void *ctx)
{
	struct session s;
	struct err err;
	int rc;

	if (session_open(&s, o->socket, &err) == -1)
		return (command_failed(&err));
	rc = body(&s, ctx);
	session_close(&s);
	return (rc);
}

const Tripod__FileItem *
command_file(const struct session *s, const Tripod__PodItem *p)
{
	size_t i;

	for (i = 0; i < s->answer->nfile; i++)
		if (p->file[0] != '\0' &&
		    strcmp(s->answer->file[i]->file, p->file) == 0)
			return (s->answer->file[i]);
	return (NULL);
}

char *
command_pod_name(const Tripod__PodItem *p)
{
	char *name;

	(void)xasprintf(
	    &name, "%s/%s", p->namespace_, p->name); /* never fails */
	return (name);
}

/* Its help; of all if it is NULL. */
static int
help(const struct command *cmd)
{
	if (cmd == NULL) {
		usage(stdout);
	} else {
		usage_line(stdout, "usage: ", cmd);
		(void)fputs(cmd->help, stdout);
	}
	return (fflush(stdout) == EOF ? EX_IOERR : EX_OK);
}

static int
wants_help(int argc, char *argv[])
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return (1);
	return (0);
}

static int
command_run(
    const struct command *cmd, const struct options *o, int argc, char *argv[])
{
	if (wants_help(argc, argv))
		return (help(cmd));
	optind = 0; /* glibc: begin afresh, with other arguments */
	return (cmd->run(o, argc, argv));
}

static const struct command *
command_find(const char *name)
{
	size_t i;

	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(name, commands[i]->name) == 0)
			return (commands[i]);
	(void)fprintf(stderr,
	    "tripodctl: unknown command \"%s\"; see tripodctl --help\n", name);
	return (NULL);
}

/* One of the commands, or "help" and, if wanted, one of them. */
static int
dispatch(const struct options *o, int argc, char *argv[])
{
	const struct command *cmd;
	int asks = strcmp(argv[0], "help") == 0;

	if (asks && argc == 1)
		return (help(NULL));
	if ((cmd = command_find(argv[asks])) == NULL)
		return (EX_USAGE);
	return (asks ? help(cmd) : command_run(cmd, o, argc, argv));
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = { { "help", 0, NULL, 'h' },
		{ "version", 0, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	struct options o = { RUNDIR "/control.sock", argv[0] };
	int c;

	log_init("tripodctl");
	while ((c = getopt_long(argc, argv, "+hs:V", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			o.socket = optarg;
			break;
		case 'h':
			return (help(NULL));
		case 'V':
			(void)printf("tripodctl %s\n", VERSION);
			return (EX_OK);
		default:
			return (misuse());
		}
	}
	if (optind == argc)
		return (misuse());
	return (dispatch(&o, argc - optind, argv + optind));
}
