#include <getopt.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/match.h"
#include "ctl/output.h"

static const struct option longs[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "since", required_argument, NULL, 'S' },
	{ NULL, 0, NULL, 0 },
};

static const char *const forms[] = { "text", "json", NULL };

/* What the command line says. */
struct wish {
	Tripod__EventQuery query;
	const char *word;
	int json;
	int64_t last_ns; /* of the events that were written */
};

static int
on_event(void *ctx, const Tripod__EventItem *e)
{
	struct wish *w = ctx;

	if (e->last_ns > w->last_ns)
		w->last_ns = e->last_ns;
	if (w->json)
		(void)output_event_json(e, stdout); /* see ferror() */
	else
		output_event(e, stdout);
	return (fflush(stdout) == EOF || ferror(stdout) ? -1 : 0);
}

/* Until the reader goes away, or reconciled for too long. */
static int
follow(struct session *s, struct wish *w, struct err *err)
{
	for (;;) {
		(void)session_wait(
		    s, GOT_DONE, MTIME_NEVER, err); /* never comes */
		if (ferror(stdout) || session_reopen(s, MTIME_NEVER, err) == -1)
			return (-1);
		/* What it kept is lost with it, but for another connection. */
		w->query.since_ns = w->last_ns + 1;
		if (session_ask(s, TRIPOD__MSG__MSG_EVENTS, &w->query.base,
			GOT_END, err) == -1 &&
		    !s->gone)
			return (-1);
	}
}

static int
ask(struct session *s, void *ctx)
{
	struct wish *w = ctx;
	const Tripod__PodItem *p;
	char *name = NULL;
	struct err err;
	int rc;

	s->on_event = on_event;
	s->ctx = w;
	if (w->word != NULL) {
		if (session_status(s, NULL, &err) == -1)
			return (command_failed(&err));
		if ((p = command_pod(s, w->word, &err)) == NULL)
			return (command_missing(&err));
		w->query.pod = name = command_pod_name(p);
	}
	rc = session_ask(
	    s, TRIPOD__MSG__MSG_EVENTS, &w->query.base, GOT_END, &err);
	if (rc == 0 && w->query.follow && !ferror(stdout))
		rc = follow(s, w, &err);
	free(name);
	if (ferror(stdout))
		return (EX_IOERR);
	return (rc == -1 ? command_failed(&err) : EX_OK);
}

static int
options(struct wish *w, int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "fo:", longs, NULL)) != -1) {
		if (c == 'f')
			w->query.follow = 1;
		else if (c == 'o')
			w->json = command_choice(forms, optarg);
		else if (c == 'S')
			w->query.since_ns = match_time(optarg, wall_now_ns());
		else
			return (-1);
		if (w->json == -1 || w->query.since_ns == -1)
			return (command_wrong(optarg));
	}
	w->word = argv[optind];
	return (argc - optind > 1 ? -1 : 0);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	struct wish w = { .query = TRIPOD__EVENT_QUERY__INIT };

	if (options(&w, argc, argv) == -1)
		return (command_misuse(&cmd_events));
	return (command_flush(command_session(o, ask, &w)));
}

const struct command cmd_events = { "events",
	"[-f] [-o text|json] [--since TIME] [POD]",
	"What happened to the pods, oldest first; the same thing again is "
	"counted.\n"
	"The last 512 are kept, until reconciled is started again.\n"
	"  -f, --follow           and what happens from now on\n"
	"  -o, --output text|json for people, or an object in each line\n"
	"      --since TIME       since then: 10m, 2h, "
	"2026-11-27T10:15:00Z\n"
	"Exit status: 0, or 1 if there is no such pod, or there are several.\n",
	run };
