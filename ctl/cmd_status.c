#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/mem.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/output.h"

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "text", "json", NULL };
	struct answer *a;
	struct err err;
	int c, form = 0, rc = EX_OK;

	while ((c = getopt(argc, argv, "+o:")) != -1) {
		if (c != 'o' || (form = command_choice(forms, optarg)) == -1)
			return (command_misuse(&cmd_status));
	}
	if (optind != argc)
		return (command_misuse(&cmd_status));
	a = xcalloc(1, sizeof(*a));
	if (client_status(o->socket, a, &err) == -1)
		rc = command_failed(&err);
	else if (form == 0)
		output_text(a, stdout);
	else if (output_json(a, stdout) == -1)
		rc = EX_IOERR;
	if (fflush(stdout) == EOF)
		rc = EX_IOERR;
	answer_release(a);
	free(a);
	return (rc);
}

const struct command cmd_status = { "status", "[-o text|json]",
	"How the pods, their manifests and the daemons are.\n", run };
