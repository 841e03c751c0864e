#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/command.h"
#include "ctl/goal.h"
#include "ctl/match.h"

#define TIMEOUT_MS 60000

static const struct option longs[] = {
	{ "for", required_argument, NULL, 'F' },
	{ "timeout", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

/* What is waited for. */
struct wish {
	const char *word;
	struct goal goal;
	int64_t timeout_ms;
	struct err why; /* not yet; or why it never will be */
	int several;	/* the word fits several pods */
};

static int
reached(void *ctx, const struct session *s)
{
	const struct match_pods in = command_pods(s);
	struct wish *w = ctx;
	Tripod__PodItem *p;

	w->several = match_pod(&in, w->word, &p, &w->why) > 1;
	if (w->several)
		return (1); /* waiting does not help */
	if (p == NULL && w->goal.kind == GOAL_GONE && !session_knows_pods(s)) {
		(void)err_set(
		    &w->why, "the runtime has not told yet what runs");
		return (0);
	}
	return (goal_reached(&w->goal, p, wall_now_ns(), &w->why));
}

static int
wait_for(struct session *s, void *ctx)
{
	struct wish *w = ctx;
	struct err err;
	int rc;

	s->ctx = w;
	rc = session_until(
	    s, NULL, reached, mtime_add(mtime_now(), w->timeout_ms), &err);
	if (rc == -1)
		return (command_failed(&err));
	if (w->several)
		return (command_missing(&w->why));
	if (rc == 1)
		return (EX_OK);
	(void)fprintf(stderr, "tripodctl: %s: not %s within %llds: %s\n",
	    w->word, w->goal.text, (long long)(w->timeout_ms / 1000),
	    w->why.text);
	return (1);
}

static int
options(struct wish *w, int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'F') {
			if (goal_parse(&w->goal, optarg) == -1)
				return (command_wrong(optarg));
		} else if (c == 't') {
			if ((w->timeout_ms = match_duration(optarg)) == -1)
				return (command_wrong(optarg));
		} else {
			return (-1);
		}
	}
	w->word = argv[optind];
	return (argc - optind == 1 && w->goal.text != NULL ? 0 : -1);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	struct wish w = { .timeout_ms = TIMEOUT_MS };

	if (options(&w, argc, argv) == -1)
		return (command_misuse(&cmd_wait));
	return (command_session(o, wait_for, &w));
}

const struct command cmd_wait = { "wait",
	"POD --for ready|running|gone|hash=HEX [--timeout TIME]",
	"Waits until a pod is as it should be, for scripts.\n"
	"      --for ready        its condition Ready is true\n"
	"            running      its phase is Running\n"
	"            gone         there is no such pod (any more)\n"
	"            hash=HEX     it is ready, and its hash begins so\n"
	"      --timeout TIME     at most so long, by default 60s\n"
	"Exit status: 0 reached, 1 not in time; why is said on standard "
	"error.\n",
	run };
