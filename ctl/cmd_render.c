#include <getopt.h>
#include <stddef.h>

#include "ctl/command.h"

static const struct option longs[] = {
	{ "lenient", no_argument, NULL, 'L' },
	{ "node", required_argument, NULL, 'N' },
	{ "output", required_argument, NULL, 'o' },
	{ "stdin-name", required_argument, NULL, 'S' },
	{ NULL, 0, NULL, 0 },
};

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "yaml", "json", "identity", NULL };
	struct judge j;
	int c;

	judge_init(&j, "-R");
	while ((c = getopt_long(argc, argv, "LN:o:", longs, NULL)) != -1) {
		if (judge_option(&j, c, forms) == -1)
			return (command_misuse(&cmd_render));
	}
	if (argc - optind != 1)
		return (command_misuse(&cmd_render));
	judge_add(&j, "--");
	judge_add(&j, argv[optind]);
	return (judge_run(o, &j));
}

const struct command cmd_render = { "render",
	"[-L] [-N NODE] [-o yaml|json|identity]\n"
	"           [--stdin-name NAME] FILE|-",
	"Writes a manifest as it is understood, with all defaults.\n"
	"  -L, --lenient          read it as a kubelet does\n"
	"  -N, --node NODE        the node that the pods are for\n"
	"  -o, --output yaml      documents of YAML\n"
	"               json      canonical JSON, a line for each pod\n"
	"               identity  the bytes that the pod's uid is made of\n"
	"      --stdin-name NAME  what \"-\" is called\n"
	"Exit status: 0, 1 if it is not valid, 66 if it cannot be read.\n",
	run };
