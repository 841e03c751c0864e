#include <stdio.h>
#include <sysexits.h>

#include "ctl/command.h"

#define WAIT_MS (3660 * 1000) /* more than reconciled takes at most */

static int
ask(struct session *s, void *ctx)
{
	struct err err;
	int rc;

	(void)ctx;
	if (session_send(s, TRIPOD__MSG__MSG_SHUTDOWN, NULL, &err) == -1)
		return (command_failed(&err));
	rc = session_wait(s, GOT_DONE, mtime_add(mtime_now(), WAIT_MS), &err);
	if (rc == -1)
		return (command_failed(&err));
	if (rc == 0)
		(void)err_set(&s->done, "pods do not end");
	if (rc == 0 || !s->done_ok)
		return (command_missing(&s->done));
	if (s->done.text[0] != '\0')
		(void)printf("%s\n", s->done.text);
	return (command_flush(EX_OK));
}

static int
run(const struct options *o, int argc, char *argv[])
{
	(void)argv;
	if (argc != 1)
		return (command_misuse(&cmd_shutdown));
	return (command_session(o, ask, NULL));
}

const struct command cmd_shutdown = { "shutdown", "",
	"Ends all pods, in the order of their priority, because the machine "
	"goes down,\n"
	"and waits for it; they run again when reconciled is started the next "
	"time.  For\n"
	"root, and only where reconciled.conf has \"stop pods on shutdown "
	"yes\"; otherwise\n"
	"pods stay.\n",
	run };
