#include <sysexits.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/output.h"

/* What the command line says. */
struct wish {
	const char *word; /* NULL: all */
	int json;
};

static int
print_one(struct session *s, const struct wish *w)
{
	const Tripod__PodItem *p;
	struct err err;

	if ((p = command_pod(s, w->word, &err)) == NULL)
		return (command_missing(&err));
	if (!w->json)
		output_pod(p, command_file(s, p), stdout);
	else if (output_pod_json(p, command_file(s, p), stdout) == -1)
		return (EX_IOERR);
	return (EX_OK);
}

static int
print(struct session *s, void *ctx)
{
	const struct wish *w = ctx;
	struct err err;

	if (session_status(s, NULL, &err) == -1)
		return (command_failed(&err));
	if (w->word != NULL)
		return (print_one(s, w));
	if (!w->json)
		output_text(s->answer, stdout);
	else if (output_json(s->answer, stdout) == -1)
		return (EX_IOERR);
	return (EX_OK);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "text", "json", NULL };
	struct wish w = { NULL, 0 };

	if (command_words(argc, argv, forms, &w.json) > 1)
		return (command_misuse(&cmd_status));
	w.word = argv[optind];
	return (command_flush(command_session(o, print, &w)));
}

const struct command cmd_status = { "status", "[-o text|json] [POD]",
	"How the pods, their manifests and the daemons are; or all about one "
	"pod:\n"
	"its containers, probes and conditions, how they ended last, and "
	"what it waits\n"
	"for.\n"
	"POD is a name, with or without the node at its end, "
	"NAMESPACE/NAME, or the\n"
	"beginning of a uid.\n"
	"  -o, --output text|json for people or for programs\n"
	"Exit status: 0, or 1 if there is no such pod, or there are several.\n",
	run };
