#include <sysexits.h>

#include "common/log.h"
#include "ctl/command.h"

static int
ask(struct session *s, void *ctx)
{
	const Tripod__LogLevel *m = ctx;
	struct err err;

	if (session_ask(
		s, TRIPOD__MSG__MSG_LOG_LEVEL, &m->base, GOT_DONE, &err) == -1)
		return (command_failed(&err));
	return (EX_OK);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	Tripod__LogLevel m = TRIPOD__LOG_LEVEL__INIT;
	enum log_level level;

	if (argc != 2 || log_level_parse(argv[1], &level) == -1)
		return (command_misuse(&cmd_log));
	m.level = level;
	return (command_session(o, ask, &m));
}

const struct command cmd_log = { "log", "warn|info|debug",
	"Sets how much all daemons log, until they are started again.\n", run };
