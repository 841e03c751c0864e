#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/logs.h"
#include "ctl/match.h"

static const struct option longs[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "previous", no_argument, NULL, 'p' },
	{ "since", required_argument, NULL, 'S' },
	{ "tail", required_argument, NULL, 'n' },
	{ "timestamps", no_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

/* -1: it is no number of lines. */
static int
tail(struct logs_wish *w, const char *s)
{
	char *end;

	w->tail = strtoumax(s, &end, 10);
	return (s[0] >= '0' && s[0] <= '9' && *end == '\0' ? 0 : -1);
}

static int
option(struct logs_wish *w, int c)
{
	switch (c) {
	case 'f':
		w->follow = 1;
		return (0);
	case 'p':
		w->previous = 1;
		return (0);
	case 't':
		w->stamps = 1;
		return (0);
	case 'n':
		return (tail(w, optarg) == -1 ? command_wrong(optarg) : 0);
	case 'S':
		w->since_ns = match_time(optarg, wall_now_ns());
		return (w->since_ns == -1 ? command_wrong(optarg) : 0);
	default:
		return (-1);
	}
}

/* The only container, if none is named. */
static const char *
container(const Tripod__PodItem *p, const char *word, struct err *err)
{
	const Tripod__PodDetail *d = p->detail;

	if (word != NULL)
		return (word);
	if (d != NULL && d->n_container == 1)
		return (d->container[0]->name);
	(void)err_set(err,
	    "pod %s has several containers: name one; "
	    "tripodctl status %s lists them",
	    p->name, p->name);
	return (NULL);
}

/* What the command line says. */
struct wish {
	struct logs_wish logs;
	char *const *word; /* the pod, and the container or NULL */
};

static int
write_logs(struct session *s, void *ctx)
{
	struct wish *wish = ctx;
	struct logs_wish *w = &wish->logs;
	char *const *word = wish->word;
	const Tripod__PodItem *p;
	char *uid, *name, *pod;
	struct err err;
	int rc;

	if (session_status(s, NULL, &err) == -1)
		return (command_failed(&err));
	if ((p = command_pod(s, word[0], &err)) == NULL ||
	    (w->container = container(p, word[1], &err)) == NULL)
		return (command_missing(&err));
	w->uid = uid = xstrdup(p->uid);
	w->container = name = xstrdup(w->container);
	w->pod = pod = command_pod_name(p);
	rc = logs_write(s, w, &err);
	free(pod);
	free(name);
	free(uid);
	if (rc == 0)
		return (EX_OK);
	return (s->gone ? command_failed(&err) : command_missing(&err));
}

static int
run(const struct options *o, int argc, char *argv[])
{
	struct wish w = { .logs = { .tail = LOGS_TAIL_ALL } };
	int c;

	while ((c = getopt_long(argc, argv, "fn:pt", longs, NULL)) != -1)
		if (option(&w.logs, c) == -1)
			return (command_misuse(&cmd_logs));
	w.word = argv + optind;
	if (argc - optind < 1 || argc - optind > 2 ||
	    (w.logs.follow && w.logs.previous))
		return (command_misuse(&cmd_logs));
	return (command_flush(command_session(o, write_logs, &w)));
}

const struct command cmd_logs = { "logs",
	"[-fpt] [-n LINES] [--since TIME] POD [CONTAINER]",
	"Writes what a container has said since its last start.\n"
	"  -f, --follow           and what it says, over restarts, until it "
	"ends for good\n"
	"  -n, --tail LINES       only the last lines\n"
	"  -p, --previous         of the instance before\n"
	"      --since TIME       since then: 10m, 2h, "
	"2026-11-27T10:15:00Z\n"
	"  -t, --timestamps       with the time of each line\n"
	"Exit status: 0, or 1 if there is no such pod, container or log.\n",
	run };
