/*
 * tripodctl: the operator's tool, see tripodctl(8).
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "ctl/client.h"
#include "ctl/output.h"

/* What the command line says, apart from the command's own arguments. */
struct options {
	const char *socket;
	const char *self; /* how we were called, to find watcherd */
};

struct command {
	const char *name;
	const char *usage;
	int (*run)(const struct options *, int argc, char *argv[]);
};

static int run_status(const struct options *, int, char *[]);
static int run_check(const struct options *, int, char *[]);
static int run_log(const struct options *, int, char *[]);

static const struct command commands[] = {
	{ "status", "status [-o text|json]", run_status },
	{ "check", "check [--lenient] FILE...", run_check },
	{ "log", "log warn|info|debug", run_log },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
usage(FILE *to)
{
	size_t i;

	(void)fprintf(to, "usage: tripodctl [-hV] [-s socket] command ...\n");
	for (i = 0; i < NCOMMANDS; i++)
		(void)fprintf(to, "       tripodctl %s\n", commands[i].usage);
}

static int
misuse(void)
{
	usage(stderr);
	return (EX_USAGE);
}

static int
failed(const struct err *err)
{
	(void)fprintf(stderr, "tripodctl: %s\n", err->text);
	return (EX_UNAVAILABLE);
}

static int
run_status(const struct options *o, int argc, char *argv[])
{
	struct answer *a;
	struct err err;
	int c, json = 0, rc = EX_OK;

	optind = 1;
	while ((c = getopt(argc, argv, "+o:")) != -1) {
		if (c != 'o')
			return (misuse());
		json = strcmp(optarg, "json") == 0;
		if (!json && strcmp(optarg, "text") != 0)
			return (misuse());
	}
	if (optind != argc)
		return (misuse());
	a = xcalloc(1, sizeof(*a));
	if (client_status(o->socket, a, &err) == -1)
		rc = failed(&err);
	else if (!json)
		output_text(a, stdout);
	else if (output_json(a, stdout) == -1)
		rc = EX_IOERR;
	if (fflush(stdout) == EOF)
		rc = EX_IOERR;
	answer_release(a);
	free(a);
	return (rc);
}

/*
 * The judge of a manifest is watcherd itself, within its sandbox; so the
 * verdict here cannot differ from the daemon's.
 */
static int
run_check(const struct options *o, int argc, char *argv[])
{
	const char *slash = strrchr(o->self, '/');
	char **args, *path = NULL;
	char check[] = "-t", lenient[] = "-tL";
	int i;

	args = xcalloc((size_t)argc + 2, sizeof(*args));
	args[1] = check;
	if (argc > 1 && strcmp(argv[1], "--lenient") == 0) {
		args[1] = lenient;
		argc--;
		argv++;
	}
	if (argc < 2)
		return (misuse());
	for (i = 1; i < argc; i++)
		args[i + 1] = argv[i];
	if (slash != NULL) {
		/* Called by a path: its neighbour, as in a build folder. */
		(void)xasprintf(
		    &path, "%.*s/watcherd", (int)(slash - o->self), o->self);
		args[0] = path;
		(void)execv(path, args);
	}
	args[0] = (char[]){ SBINDIR "/watcherd" };
	(void)execv(args[0], args);
	(void)fprintf(stderr, "tripodctl: cannot run %s\n", args[0]);
	return (EX_UNAVAILABLE);
}

static int
run_log(const struct options *o, int argc, char *argv[])
{
	enum log_level level;
	struct err err;

	if (argc != 2 || log_level_parse(argv[1], &level) == -1)
		return (misuse());
	if (client_log_level(o->socket, level, &err) == -1)
		return (failed(&err));
	return (EX_OK);
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = { { "help", 0, NULL, 'h' },
		{ "version", 0, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	struct options o = { RUNDIR "/control.sock", argv[0] };
	size_t i;
	int c;

	log_init("tripodctl");
	while ((c = getopt_long(argc, argv, "+hs:V", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			o.socket = optarg;
			break;
		case 'h':
			usage(stdout);
			return (EX_OK);
		case 'V':
			(void)printf("tripodctl %s\n", VERSION);
			return (EX_OK);
		default:
			return (misuse());
		}
	}
	argc -= optind;
	argv += optind;
	for (i = 0; argc > 0 && i < NCOMMANDS; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			return (commands[i].run(&o, argc, argv));
	if (argc > 0)
		(void)fprintf(
		    stderr, "tripodctl: unknown command \"%s\"\n", argv[0]);
	return (misuse());
}
