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

/* The pods that are meant; a uid stands for all of that name. */
static int
ask(struct session *s, const char *word, int json)
{
	Tripod__Query q = TRIPOD__QUERY__INIT;
	const Tripod__PodItem *p;
	char *name = NULL;
	struct err err;
	int rc;

	if (word != NULL) {
		if (session_status(s, NULL, &err) == -1)
			return (command_failed(&err));
		if ((p = command_pod(s, word, &err)) == NULL)
			return (command_missing(&err));
		q.pod = name = command_pod_name(p);
	}
	answer_release(s->answer);
	rc = session_ask(s, TRIPOD__MSG__MSG_PLAN, &q.base, GOT_END, &err) == -1
	    ? command_failed(&err)
	    : print(s->answer, json);
	free(name);
	return (rc);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "text", "json", NULL };
	struct session s;
	struct err err;
	int form = 0, rc;

	if (command_words(argc, argv, forms, &form) > 1)
		return (command_misuse(&cmd_plan));
	if (session_open(&s, o->socket, &err) == -1)
		return (command_failed(&err));
	rc = ask(&s, argv[optind], form);
	session_close(&s);
	return (command_flush(rc));
}

const struct command cmd_plan = { "plan", "[-o text|json] [POD]",
	"What would be done for the pods now, and why; when they are looked "
	"at again.\n"
	"Nothing is done by asking.\n"
	"  -o, --output text|json for people or for programs\n"
	"Exit status: 0, or 1 if there is no such pod, or there are several.\n",
	run };
