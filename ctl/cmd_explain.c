#include <getopt.h>
#include <stddef.h>

#include "ctl/command.h"

static const struct option longs[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "recursive", no_argument, NULL, 'r' },
	{ NULL, 0, NULL, 0 },
};

static int
run(const struct options *o, int argc, char *argv[])
{
	static const char *const forms[] = { "text", "json", NULL };
	struct judge j;
	int c;

	judge_init(&j, "-E");
	while ((c = getopt_long(argc, argv, "o:r", longs, NULL)) != -1) {
		if (judge_option(&j, c, forms) == -1)
			return (command_misuse(&cmd_explain));
	}
	if (argc - optind > 1)
		return (command_misuse(&cmd_explain));
	judge_add(&j, "--");
	if (optind < argc)
		judge_add(&j, argv[optind]);
	return (judge_run(o, &j));
}

const struct command cmd_explain = { "explain", "[-r] [-o text|json] [FIELD]",
	"Says what a field of a manifest is, what it may be, and what becomes "
	"of it.\n"
	"FIELD is a path (spec.containers.image), a type (Probe), or the end "
	"of a\n"
	"path (httpGet.port); none: the whole pod.\n"
	"  -o, --output text|json for people or for programs\n"
	"  -r, --recursive        also the fields of fields\n"
	"Exit status: 0, or 1 if there is no such field.\n",
	run };
