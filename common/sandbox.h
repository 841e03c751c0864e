/*
 * The process sandbox: no_new_privs, rlimits, landlock and seccomp,
 * entered in that order from one table per process.
 *
 * A layer that the kernel lacks is fatal unless the caller says that it
 * is optional; then it is logged as a warning.  Landlock is used as far
 * as the kernel's version of it goes: TCP rules come with version 4,
 * confinement of signals and abstract sockets with version 6 (signals
 * then reach only the process itself and children that were forked
 * after sandbox_enter(), unless it kills).  Landlock governs what is
 * opened from now on; descriptors that are open keep what they can.  It
 * does not govern connecting to path sockets, nor stat(2) and chmod(2):
 * those are for seccomp.
 *
 * Build flags: SANDBOX_NO_SECCOMP (set for sanitizers) leaves out
 * seccomp and says so in the log; SANDBOX_LOG_ONLY lets the kernel log
 * denied calls instead of killing, for finding missing rules.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/* A rule on one argument of a system call. */
enum sandbox_check {
	SANDBOX_ANY, /* the call is allowed with all arguments */
	SANDBOX_EQ,  /* argument arg must equal value; a negative int
		      * (AT_FDCWD), cast to uint64_t, matches in its
		      * low 32 bits */
	SANDBOX_MASK /* argument arg may have only bits of value */
};

/*
 * Several rules for one call add up: any of them suffices.  A name that
 * libseccomp does not know at all is fatal (a typing mistake); one that
 * only this architecture lacks is left out.
 */
struct sandbox_rule {
	const char *call; /* name, resolved by libseccomp */
	enum sandbox_check check;
	unsigned int arg; /* 0..5 */
	uint64_t value;
	const char *why; /* who needs it */
};

/*
 * What landlock allows beneath a directory (or on a file).  Renaming and
 * linking need MAKE and REMOVE together.
 */
#define SANDBOX_READ 0x01   /* read files, list directories */
#define SANDBOX_WRITE 0x02  /* write and truncate existing files */
#define SANDBOX_MAKE 0x04   /* create regular files and directories */
#define SANDBOX_REMOVE 0x08 /* unlink, rmdir */
#define SANDBOX_LINK 0x10   /* create symbolic links */

struct sandbox_path {
	int fd;		     /* O_PATH, borrowed; -1: entry is skipped */
	unsigned int rights; /* SANDBOX_* */
};

struct sandbox {
	const char *name; /* of the process, for the log */
	const struct sandbox_rule *rules;
	size_t nrules;
	const struct sandbox_path *paths;
	size_t npaths;
	int tcp_port;		/* connect(2) allowed to it; 0: none; in
				 * both cases no bind(2); -1: any */
	unsigned int processes; /* RLIMIT_NPROC; does not bind root */
	unsigned int files;	/* RLIMIT_NOFILE */
	int mounts;		/* no landlock, which forbids mount(2) */
	int kills;		/* SIGKILL, and no other, to everybody */
	int optional;		/* a missing layer: warn */
};

/* Rules that every process needs: memory, time, epoll, exit. */
extern const struct sandbox_rule sandbox_base[];
extern const size_t sandbox_base_n;

/*
 * Enters all layers; never returns with less than asked (fatal).
 * Afterwards a denied call kills the process (SIGSYS).
 */
void sandbox_enter(const struct sandbox *);

#endif
