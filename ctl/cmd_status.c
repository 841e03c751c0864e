#include <sysexits.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/output.h"

static int
print_one(struct session *s, const char *word, int json)
{
	const Tripod__PodItem *p;
	struct err err;

	if ((p = command_pod(s, word, &err)) == NULL)
		return (command_missing(&err));
	if (!json)
		output_pod(p, command_file(s, p), stdout);
	else if (output_pod_json(p, command_file(s, p), stdout) == -1)
		return (EX_IOERR);
	return (EX_OK);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "text", "json", NULL };
	struct session s;
	struct err err;
	const char *word;
	int form = 0, rc = EX_OK;

	if (command_words(argc, argv, forms, &form) > 1)
		return (command_misuse(&cmd_status));
	word = argv[optind];
	if (session_open(&s, o->socket, &err) == -1)
		return (command_failed(&err));
	if (session_status(&s, NULL, &err) == -1)
		rc = command_failed(&err);
	else if (word != NULL)
		rc = print_one(&s, word, form);
	else if (form == 0)
		output_text(s.answer, stdout);
	else if (output_json(s.answer, stdout) == -1)
		rc = EX_IOERR;
	session_close(&s);
	return (command_flush(rc));
}

const struct command cmd_status = { "status", "[-o text|json] [POD]",
	"How the pods, their manifests and the daemons are; or all about one "
	"pod:\n"
	"its containers, probes and conditions, how they ended last, and what "
	"it waits for.\n"
	"POD is a name, with or without the node at its end, "
	"NAMESPACE/NAME, or the\n"
	"beginning of a uid.\n"
	"  -o, --output text|json for people or for programs\n"
	"Exit status: 0, or 1 if there is no such pod, or there are several.\n",
	run };
