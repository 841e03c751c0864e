#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/output.h"

static int
print(const struct answer *a, int json)
{
	size_t i;

	if (json)
		return (output_plan_json(a, stdout) == -1 ? EX_IOERR : EX_OK);
	for (i = 0; i < a->nplan; i++)
		output_plan(a->plan[i], stdout);
	if (a->nplan == 0)
		(void)printf("no pods\n");
	return (EX_OK);
}

/* What the command line says. */
struct wish {
	const char *word; /* NULL: all */
	int json;
};

/* The pods that are meant; a uid stands for all of that name. */
static int
ask(struct session *s, void *ctx)
{
	const struct wish *w = ctx;
	Tripod__Query q = TRIPOD__QUERY__INIT;
	const Tripod__PodItem *p;
	char *name = NULL;
	struct err err;
	int rc;

	if (w->word != NULL) {
		if (session_status(s, NULL, &err) == -1)
			return (command_failed(&err));
		if ((p = command_pod(s, w->word, &err)) == NULL)
			return (command_missing(&err));
		q.pod = name = command_pod_name(p);
	}
	answer_release(s->answer);
	rc = session_ask(s, TRIPOD__MSG__MSG_PLAN, &q.base, GOT_END, &err) == -1
	    ? command_failed(&err)
	    : print(s->answer, w->json);
	free(name);
	return (rc);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "text", "json", NULL };
	struct wish w = { NULL, 0 };

	if (command_words(argc, argv, forms, &w.json) > 1)
		return (command_misuse(&cmd_plan));
	w.word = argv[optind];
	return (command_flush(command_session(o, ask, &w)));
}

const struct command cmd_plan = { "plan", "[-o text|json] [POD]",
	"What would be done for the pods now, and why; when they are looked "
	"at again.\n"
	"Nothing is done by asking.\n"
	"  -o, --output text|json for people or for programs\n"
	"Exit status: 0, or 1 if there is no such pod, or there are several.\n",
	run };
