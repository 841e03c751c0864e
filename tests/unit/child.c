#include "tests/unit/child.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define READY '\001' /* on stderr, which never has it elsewhere */

struct child
child_start(void (*fn)(const void *), const void *arg)
{
	struct child c;
	int hold[2], text[2];
	char byte = READY;

	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	assert_int_equal(pipe2(text, O_CLOEXEC), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		(void)close(hold[1]);
		(void)close(text[0]);
		if (dup2(text[1], STDERR_FILENO) == -1)
			_exit(3);
		(void)close(text[1]);
		fn(arg);
		if (write(STDERR_FILENO, &byte, 1) != 1)
			_exit(3);
		/* Returns when the test closes its end. */
		_exit(read(hold[0], &byte, 1) == 0 ? 0 : 3);
	}
	(void)close(hold[0]);
	(void)close(text[1]);
	c.hold = hold[1];
	c.text = text[0];
	return (c);
}

void
child_ready(struct child *c)
{
	char buf[CHILD_TEXT] = "";
	size_t len = 0;

	while (len < sizeof(buf) - 1 && read(c->text, buf + len, 1) == 1)
		if (buf[len++] == READY)
			return;
	fail_msg("child ended: %s", buf);
}

int
child_end(struct child *c, char buf[static CHILD_TEXT])
{
	size_t len = 0;
	ssize_t n;
	int status;

	(void)close(c->hold);
	while ((n = read(c->text, buf + len, CHILD_TEXT - 1 - len)) > 0)
		len += (size_t)n;
	if (len > 0 && buf[len - 1] == READY)
		len--;
	buf[len] = '\0';
	(void)close(c->text);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return (status);
}

int
child_run(
    void (*fn)(const void *), const void *arg, char buf[static CHILD_TEXT])
{
	struct child c = child_start(fn, arg);

	return (child_end(&c, buf));
}

void
child_check_exit(int status, int code, const char *what, const char *text)
{
	if (WIFSIGNALED(status))
		fail_msg("%s: signal %d; %s", what, WTERMSIG(status), text);
	if (WEXITSTATUS(status) != code)
		fail_msg("%s: exit %d, not %d; %s", what, WEXITSTATUS(status),
		    code, text);
}

void
child_fail(const char *file, int line, const char *cond)
{
	dprintf(STDERR_FILENO, "%s:%d: %s is wrong (errno %d)\n", file, line,
	    cond, errno);
	_exit(2);
}
