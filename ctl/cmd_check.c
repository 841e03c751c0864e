#include <getopt.h>
#include <stddef.h>

#include "ctl/command.h"

static const struct option longs[] = {
	{ "lenient", no_argument, NULL, 'L' },
	{ "node", required_argument, NULL, 'N' },
	{ "output", required_argument, NULL, 'o' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "stdin-name", required_argument, NULL, 'S' },
	{ "verbose", no_argument, NULL, 'v' },
	{ NULL, 0, NULL, 0 },
};

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "text", "json", NULL };
	struct judge j;
	int c;

	judge_init(&j, "-t");
	while ((c = getopt_long(argc, argv, "LN:o:qv", longs, NULL)) != -1) {
		if (judge_option(&j, c, forms) == -1)
			return (command_misuse(&cmd_check));
	}
	if (optind == argc)
		return (command_misuse(&cmd_check));
	judge_add(&j, "--");
	while (optind < argc)
		judge_add(&j, argv[optind++]);
	return (judge_run(o, &j));
}

const struct command cmd_check = { "check",
	"[-Lqv] [-N NODE] [-o text|json] [--stdin-name NAME]\n"
	"           FILE|FOLDER|- ...",
	"Says whether manifests are valid; no daemon is needed.\n"
	"  -L, --lenient          judge as a kubelet does\n"
	"  -N, --node NODE        the node that the pods are for\n"
	"  -o, --output text|json for people or for programs\n"
	"  -q, --quiet            the exit status only\n"
	"      --stdin-name NAME  what \"-\" is called\n"
	"  -v, --verbose          also files that are valid or ignored\n"
	"Exit status: 0 all are valid, 1 some are not, 66 some cannot be "
	"read.\n",
	run };
