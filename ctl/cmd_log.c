#include <sysexits.h>

#include "common/log.h"
#include "ctl/client.h"
#include "ctl/command.h"

static int
run(const struct options *o, int argc, char *argv[])
{
	enum log_level level;
	struct err err;

	if (argc != 2 || log_level_parse(argv[1], &level) == -1)
		return (command_misuse(&cmd_log));
	if (client_log_level(o->socket, level, &err) == -1)
		return (command_failed(&err));
	return (EX_OK);
}

const struct command cmd_log = { "log", "warn|info|debug",
	"Sets how much all daemons log, until they are started again.\n", run };
