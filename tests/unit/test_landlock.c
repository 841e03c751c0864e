/*
 * What landlock allows, right by right, inside and outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "tests/unit/child.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
#define RW (SANDBOX_READ | SANDBOX_WRITE)
#define MOVE (SANDBOX_MAKE | SANDBOX_REMOVE)
#define NEVER 0x100 /* no right of ours allows it */

/* Seccomp lets all of it pass here: landlock has to say no. */
/* clang-format off */
static const struct sandbox_rule rules[] = {
	{ "fchdir", SANDBOX_ANY, 0, 0, "test" },
	{ "openat", SANDBOX_ANY, 0, 0, "test" },
	{ "open", SANDBOX_ANY, 0, 0, "test" },
	{ "truncate", SANDBOX_ANY, 0, 0, "test" },
	{ "mkdir", SANDBOX_ANY, 0, 0, "test" },
	{ "mkdirat", SANDBOX_ANY, 0, 0, "test" },
	{ "mknod", SANDBOX_ANY, 0, 0, "test" },
	{ "mknodat", SANDBOX_ANY, 0, 0, "test" },
	{ "symlink", SANDBOX_ANY, 0, 0, "test" },
	{ "symlinkat", SANDBOX_ANY, 0, 0, "test" },
	{ "unlink", SANDBOX_ANY, 0, 0, "test" },
	{ "unlinkat", SANDBOX_ANY, 0, 0, "test" },
	{ "rmdir", SANDBOX_ANY, 0, 0, "test" },
	{ "rename", SANDBOX_ANY, 0, 0, "test" },
	{ "renameat", SANDBOX_ANY, 0, 0, "test" },
	{ "renameat2", SANDBOX_ANY, 0, 0, "test" },
	{ "execve", SANDBOX_ANY, 0, 0, "test" },
	{ "socket", SANDBOX_ANY, 0, 0, "test" },
	{ "connect", SANDBOX_ANY, 0, 0, "test" },
	{ "bind", SANDBOX_ANY, 0, 0, "test" },
	{ "kill", SANDBOX_ANY, 0, 0, "test" },
	{ "getppid", SANDBOX_ANY, 0, 0, "test" },
	{ "clone", SANDBOX_ANY, 0, 0, "test" },
	{ "wait4", SANDBOX_ANY, 0, 0, "test" },
};
/* clang-format on */

struct world {
	int abi;
	char dir[40];
};

static void
enter(const struct sandbox_path *paths, size_t n, int tcp_port)
{
	const struct sandbox sb = {
		.name = "test",
		.rules = rules,
		.nrules = NELEM(rules),
		.paths = paths,
		.npaths = n,
		.tcp_port = tcp_port,
		.processes = 1000,
		.files = 50,
	};

	sandbox_enter(&sb);
}

/* Every operation starts in a folder and returns 0 or an errno. */
static int
result(int rc)
{
	return (rc == -1 ? errno : 0);
}

static int
do_read(void)
{
	return (result(open("file", O_RDONLY | O_CLOEXEC)));
}

static int
do_list(void)
{
	return (result(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

static int
do_write(void)
{
	return (result(open("file", O_WRONLY | O_CLOEXEC)));
}

static int
do_truncate(void)
{
	return (result(truncate("file", 3)));
}

static int
do_create(void)
{
	return (result(open("new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
}

static int
do_mkdir(void)
{
	return (result(mkdir("newdir", 0700)));
}

static int
do_socket(void)
{
	return (result(mknod("newsocket", S_IFSOCK | 0600, 0)));
}

static int
do_symlink(void)
{
	return (result(symlink("x", "newlink")));
}

static int
do_fifo(void)
{
	return (result(mknod("newfifo", S_IFIFO | 0600, 0)));
}

static int
do_device(void)
{
	return (result(mknod("newnull", S_IFCHR | 0600, 0x103)));
}

static int
do_unlink(void)
{
	return (result(unlink("gone")));
}

static int
do_rmdir(void)
{
	return (result(rmdir("gonedir")));
}

static int
do_rename(void)
{
	return (result(rename("moved", "moved2")));
}

static int
do_move(void)
{
	return (result(rename("away", "dir/away")));
}

/* Not a program: ENOEXEC if it gets that far. */
static int
do_exec(void)
{
	char *argv[] = { NULL };

	return (result(execve("file", argv, argv)) == ENOEXEC ? 0 : errno);
}

/* clang-format off */
static const struct op {
	const char *name;
	int (*fn)(void);
	unsigned int need;	/* rights without which it is denied */
	int abi;		/* from which landlock knows it */
} ops[] = {
	{ "read", do_read, SANDBOX_READ, 1 },
	{ "list", do_list, SANDBOX_READ, 1 },
	{ "write", do_write, SANDBOX_WRITE, 1 },
	{ "truncate", do_truncate, SANDBOX_WRITE, 3 },
	{ "create", do_create, SANDBOX_MAKE | SANDBOX_WRITE, 1 },
	{ "mkdir", do_mkdir, SANDBOX_MAKE, 1 },
	{ "socket", do_socket, NEVER, 1 },
	{ "symlink", do_symlink, SANDBOX_LINK, 1 },
	{ "fifo", do_fifo, NEVER, 1 },
	{ "device", do_device, NEVER, 1 },
	{ "unlink", do_unlink, SANDBOX_REMOVE, 1 },
	{ "rmdir", do_rmdir, SANDBOX_REMOVE, 1 },
	{ "rename", do_rename, MOVE, 1 },
	{ "move", do_move, MOVE, 2 },
	{ "exec", do_exec, NEVER, 1 },
};
/* clang-format on */

static void
make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	CHILD_CHECK(fd != -1 && write(fd, "\001text", 5) == 5);
	(void)close(fd);
}

/* A folder with everything that an operation wants to find. */
static int
make_folder(const char *name)
{
	int fd;

	CHILD_CHECK(mkdir(name, 0700) == 0);
	CHILD_CHECK((fd = open(name, O_PATH | O_CLOEXEC)) != -1);
	CHILD_CHECK(fchdir(fd) == 0);
	CHILD_CHECK(mkdir("dir", 0700) == 0 && mkdir("gonedir", 0700) == 0);
	make_file("file");
	make_file("gone");
	make_file("moved");
	make_file("away");
	CHILD_CHECK(chdir("..") == 0);
	return (fd);
}

static void
check_op(const struct op *op, unsigned int rights, const char *where)
{
	int error = op->fn();
	int denied = (rights & op->need) != op->need;

	/* EXDEV: moving, where no other right is wanting. */
	if (denied ? error == EACCES || error == EXDEV : error == 0)
		return;
	dprintf(STDERR_FILENO, "%s %s with rights %#x: errno %d\n", op->name,
	    where, rights, error);
	_exit(2);
}

struct ops_run {
	const struct world *w;
	unsigned int rights;
};

/* A right of each mask, inside and outside of the folder it is for. */
static void
try_ops(const void *arg)
{
	const struct ops_run *run = arg;
	struct sandbox_path paths[] = { { -1, RW }, { -1, run->rights } };
	int in, out;
	size_t i;

	CHILD_CHECK(chdir(run->w->dir) == 0);
	in = make_folder("in");
	out = make_folder("out");
	paths[1].fd = in;
	enter(paths, NELEM(paths), 0);
	for (i = 0; i < NELEM(ops); i++) {
		if (ops[i].abi > run->w->abi)
			continue;
		CHILD_CHECK(fchdir(in) == 0);
		check_op(&ops[i], run->rights, "inside");
		CHILD_CHECK(fchdir(out) == 0);
		check_op(&ops[i], 0, "outside");
	}
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return (ftw->level == 0 ? 0 : remove(path));
}

static void
remove_all(const char *dir)
{
	assert_int_equal(
	    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
}

static void
rights(void **state)
{
	struct ops_run run = { *state, 0 };
	char text[CHILD_TEXT];
	int status;

	for (run.rights = 0; run.rights < 32; run.rights++) {
		status = child_run(try_ops, &run, text);
		remove_all(run.w->dir);
		child_check_exit(status, 0, "rights", text);
	}
}

/* A rule for a single file, and descriptors that were open before. */
static void
try_file(const void *arg)
{
	const struct world *w = arg;
	struct sandbox_path path = { -1, RW | MOVE };
	int dir, fd;
	char c;

	CHILD_CHECK(chdir(w->dir) == 0);
	dir = make_folder("in");
	CHILD_CHECK(fchdir(dir) == 0);
	CHILD_CHECK((path.fd = open("file", O_PATH | O_CLOEXEC)) != -1);
	CHILD_CHECK((fd = open("gone", O_RDWR | O_CLOEXEC)) != -1);
	CHILD_CHECK(symlink("gone", "link") == 0);
	enter(&path, 1, 0);
	CHILD_CHECK(open("file", O_RDWR | O_CLOEXEC) != -1);
	CHILD_CHECK(open("gone", O_RDONLY) == -1 && errno == EACCES);
	CHILD_CHECK(open("link", O_RDONLY) == -1 && errno == EACCES);
	CHILD_CHECK(unlink("file") == -1 && errno == EACCES);
	CHILD_CHECK(openat(dir, "gone", O_RDONLY) == -1 && errno == EACCES);
	CHILD_CHECK(read(fd, &c, 1) == 1 && write(fd, &c, 1) == 1);
}

/* A link inside leads outside. */
static void
try_link(const void *arg)
{
	const struct world *w = arg;
	struct sandbox_path path = { -1, RW | MOVE };

	CHILD_CHECK(chdir(w->dir) == 0);
	(void)make_folder("out");
	path.fd = make_folder("in");
	CHILD_CHECK(symlink("../out/file", "in/link") == 0);
	enter(&path, 1, 0);
	CHILD_CHECK(open("in/file", O_RDONLY | O_CLOEXEC) != -1);
	CHILD_CHECK(open("in/link", O_RDONLY) == -1 && errno == EACCES);
	CHILD_CHECK(open("in/../out/file", O_RDONLY) == -1 && errno == EACCES);
	CHILD_CHECK(
	    open("/proc/self/status", O_RDONLY) == -1 && errno == EACCES);
}

static void
beneath(void **state)
{
	const struct world *w = *state;
	char text[CHILD_TEXT];
	int status;

	status = child_run(try_file, w, text);
	remove_all(w->dir);
	child_check_exit(status, 0, "file", text);
	status = child_run(try_link, w, text);
	remove_all(w->dir);
	child_check_exit(status, 0, "link", text);
}

static int
tcp(int (*call)(int, const struct sockaddr *, socklen_t), uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int error, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHILD_CHECK(fd != -1);
	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	error = result(call(fd, (const struct sockaddr *)&sin, sizeof(sin)));
	(void)close(fd);
	return (error);
}

static const struct tcp_row {
	int rule;	    /* tcp_port of the sandbox */
	int one, two, bind; /* denied? */
} tcp_rows[] = {
	{ 0, 1, 1, 1 },
	{ 1, 0, 1, 1 },
	{ 2, 1, 0, 1 },
	{ -1, 0, 0, 0 },
};

/* Nobody listens on these ports; any error but EACCES is the network's. */
static void
try_tcp(const void *arg)
{
	const struct tcp_row *row = arg;

	enter(NULL, 0, row->rule);
	CHILD_CHECK((tcp(connect, 1) == EACCES) == row->one);
	CHILD_CHECK((tcp(connect, 2) == EACCES) == row->two);
	CHILD_CHECK((tcp(bind, 0) == EACCES) == row->bind);
}

static void
ports(void **state)
{
	static const struct tcp_row older = { 0, 0, 0, 0 };
	const struct world *w = *state;
	char text[CHILD_TEXT];
	size_t i;

	for (i = 0; i < NELEM(tcp_rows); i++)
		child_check_exit(child_run(try_tcp,
				     w->abi >= 4 ? &tcp_rows[i] : &older, text),
		    0, "tcp", text);
}

/* A name in the abstract name space; the caller closes the listener. */
static int
abstract(struct sockaddr_un *sun, int listening)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	(void)snprintf(sun->sun_path + 1, sizeof(sun->sun_path) - 1,
	    "tripod-test-%d", (int)(listening ? getpid() : getppid()));
	return (fd);
}

static void
try_scopes(const void *arg)
{
	const struct world *w = arg;
	const int want = w->abi >= 6 ? EPERM : 0;
	struct sockaddr_un sun;
	int fd, status;
	pid_t pid;

	enter(NULL, 0, 0);
	CHILD_CHECK(result(kill(getppid(), 0)) == want);
	CHILD_CHECK((fd = abstract(&sun, 0)) != -1);
	CHILD_CHECK(result(connect(fd, (const struct sockaddr *)&sun,
			sizeof(sun))) == want);
	/* A child made afterwards is within. */
	if ((pid = fork()) == 0)
		_exit(0);
	CHILD_CHECK(pid > 0);
	CHILD_CHECK(kill(pid, 0) == 0);
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* One that kills reaches those outside, and nothing else of theirs. */
static void
try_kills(const void *arg)
{
	const struct world *w = arg;
	const struct sandbox sb = {
		.name = "test",
		.rules = rules,
		.nrules = NELEM(rules),
		.processes = 1000,
		.files = 50,
		.kills = 1,
	};
	struct sockaddr_un sun;
	int fd;

	sandbox_enter(&sb);
	CHILD_CHECK(kill(getppid(), 0) == 0);
	CHILD_CHECK((fd = abstract(&sun, 0)) != -1);
	CHILD_CHECK(result(connect(fd, (const struct sockaddr *)&sun,
			sizeof(sun))) == (w->abi >= 6 ? EPERM : 0));
}

static void
scopes(void **state)
{
	struct sockaddr_un sun;
	char text[CHILD_TEXT];
	int fd = abstract(&sun, 1);

	assert_int_equal(
	    bind(fd, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	child_check_exit(child_run(try_scopes, *state, text), 0, "scope", text);
	child_check_exit(child_run(try_kills, *state, text), 0, "kills", text);
	(void)close(fd);
}

static int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->abi = (int)syscall(444, NULL, 0, 1);
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/test_landlock.XXXXXX");
	*state = w;
	return (mkdtemp(w->dir) == NULL ? -1 : 0);
}

static int
world_teardown(void **state)
{
	struct world *w = *state;
	int rc = rmdir(w->dir);

	free(w);
	return (rc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights),
		cmocka_unit_test(beneath),
		cmocka_unit_test(ports),
		cmocka_unit_test(scopes),
	};

	log_init("test_landlock");
	if (geteuid() != 0) {
		puts("cannot run on this machine: needs root");
		return (77);
	}
	if (syscall(444, NULL, 0, 1) < 1) {
		puts("cannot run on this machine: no landlock");
		return (77);
	}
	return (cmocka_run_group_tests(tests, world_setup, world_teardown));
}
