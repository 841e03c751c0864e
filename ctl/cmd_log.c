#include <sysexits.h>

#include "common/log.h"
#include "ctl/command.h"

static int
run(const struct options *o, int argc, char *argv[])
{
	Tripod__LogLevel m = TRIPOD__LOG_LEVEL__INIT;
	enum log_level level;
	struct session s;
	struct err err;
	int rc;

	if (argc != 2 || log_level_parse(argv[1], &level) == -1)
		return (command_misuse(&cmd_log));
	if (session_open(&s, o->socket, &err) == -1)
		return (command_failed(&err));
	m.level = level;
	rc = session_ask(
	    &s, TRIPOD__MSG__MSG_LOG_LEVEL, &m.base, GOT_DONE, &err);
	session_close(&s);
	return (rc == -1 ? command_failed(&err) : EX_OK);
}

const struct command cmd_log = { "log", "warn|info|debug",
	"Sets how much all daemons log, until they are started again.\n", run };
