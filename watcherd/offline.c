#include "watcherd/offline.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/name.h"
#include "watcherd/canonical.h"
#include "watcherd/check.h"
#include "watcherd/explain.h"
#include "watcherd/sync.h"

#define DEFAULT_NODE "node" /* a name as good as any */
#define STDIN_NAME "<stdin>"

struct offline {
	int mode; /* 't', 'E', 'R' */
	const char *form;
	struct check check;
	struct explain explain;
	enum manifest_form render;
	char node[SYNC_NODE_MAX];
};

int
offline_wanted(int argc, char *const argv[])
{
	return (argc > 1 && argv[1][0] == '-' && argv[1][1] != '\0' &&
	    strchr("tER", argv[1][1]) != NULL);
}

void
offline_usage(FILE *to)
{
	(void)fprintf(to,
	    "       watcherd -t [-Lqv] [-N node] [-o text|json]\n"
	    "           [--stdin-name name] file|folder|- ...\n"
	    "       watcherd -R [-L] [-N node] [-o yaml|json|identity]\n"
	    "           [--stdin-name name] file|-\n"
	    "       watcherd -E [-r] [-o text|json|markdown] [field]\n");
}

static void __attribute__((noreturn)) misuse(void)
{
	(void)fprintf(stderr, "usage:\n");
	offline_usage(stderr);
	exit(EX_USAGE);
}

static void
node_set_name(struct offline *o, const char *name)
{
	if (name_node(name, o->node, sizeof(o->node)) == -1) {
		log_warnx("node: \"%s\" is not a DNS name", name);
		exit(EX_USAGE);
	}
}

/* True if the form is one of the mode's, or none was asked for. */
static int
form_is(const struct offline *o, const char *name, int fallback)
{
	if (o->form == NULL)
		return (fallback);
	return (strcmp(o->form, name) == 0);
}

static void
render_form(struct offline *o)
{
	if (form_is(o, "yaml", 1))
		o->render = FORM_YAML;
	else if (form_is(o, "json", 0))
		o->render = FORM_JSON;
	else if (form_is(o, "identity", 0))
		o->render = FORM_IDENTITY;
	else
		misuse();
}

static void
forms_check(struct offline *o)
{
	int text = form_is(o, "text", 1), json = form_is(o, "json", 0);
	int markdown = form_is(o, "markdown", 0);

	if (o->mode == 'R') {
		render_form(o);
		return;
	}
	if (o->mode == 'E' && markdown)
		o->explain.form = EXPLAIN_MARKDOWN;
	else if (json)
		o->explain.form = EXPLAIN_JSON;
	else if (!text)
		misuse();
	o->check.report.json = json;
}

static void
option(struct offline *o, int c)
{
	switch (c) {
	case 't':
	case 'E':
	case 'R':
		o->mode = c;
		return;
	case 'L':
		o->check.mode = MANIFEST_LENIENT;
		return;
	case 'N':
		node_set_name(o, optarg);
		return;
	case 'o':
		o->form = optarg;
		return;
	case 'q':
		o->check.report.quiet = 1;
		return;
	case 'r':
		o->explain.recursive = 1;
		return;
	case 'v':
		o->check.report.verbose = 1;
		return;
	case 'S':
		o->check.stdin_name = optarg;
		return;
	default:
		misuse();
	}
}

static void
options_read(struct offline *o, int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "stdin-name", required_argument, NULL, 'S' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	memset(o, 0, sizeof(*o));
	node_set_name(o, DEFAULT_NODE);
	o->check.node = o->node;
	o->check.stdin_name = STDIN_NAME;
	while ((c = getopt_long(argc, argv, "tERqvrLN:o:", longs, NULL)) != -1)
		option(o, c);
	forms_check(o);
}

/* Before the sandbox, which knows no terminal. */
static int
wants_color(int fd)
{
	const char *no = getenv("NO_COLOR");

	return ((no == NULL || *no == '\0') && isatty(fd));
}

int
offline_run(int argc, char *argv[])
{
	struct offline o;

	options_read(&o, argc, argv);
	argc -= optind;
	argv += optind;
	if (o.mode == 'E') {
		if (argc > 1)
			misuse();
		offline_confine(0);
		return (explain(&o.explain, argc == 1 ? argv[0] : "Pod"));
	}
	if (argc < 1)
		misuse();
	digest_init();
	if (o.mode == 'R') {
		if (argc > 1)
			misuse();
		/* Standard output is for the manifest. */
		o.check.report.to = stderr;
		o.check.report.color = wants_color(STDERR_FILENO);
		return (check_render(&o.check, argv[0], o.render));
	}
	o.check.report.to = stdout;
	o.check.report.color = wants_color(STDOUT_FILENO);
	return (check_files(&o.check, argv, argc));
}
