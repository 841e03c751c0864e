/*
 * The commands of tripodctl, each in a file of its own, cmd_NAME.c, and
 * with a line in the table of tripodctl.c.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "common/err.h"
#include "ctl/match.h"
#include "ctl/session.h"

/* What the command line says before the command. */
struct options {
	const char *socket;
	const char *self; /* how we were called, to find watcherd */
};

struct command {
	const char *name;
	const char *usage; /* what follows the name; more lines are indented */
	const char *help;  /* whole lines: what it does, its options */
	/* An exit status.  argv[0] is the command; "--help" is taken. */
	int (*run)(const struct options *, int argc, char *argv[]);
};

extern const struct command cmd_status, cmd_plan, cmd_events, cmd_logs,
    cmd_restart, cmd_wait, cmd_apply, cmd_check, cmd_explain, cmd_render,
    cmd_log, cmd_shutdown;

/* Says how a command is used; returns EX_USAGE. */
int command_misuse(const struct command *);
/* Says that the value of an option is none that it takes; returns -1. */
int command_wrong(const char *value);
/* Says what went wrong; returns EX_UNAVAILABLE. */
int command_failed(const struct err *);
/* What was asked for is not there, or refused; returns 1. */
int command_missing(const struct err *);
/*
 * Connects, has the body do its work, and closes: an exit status, the one of
 * command_failed() if there is no connection.
 */
int command_session(const struct options *,
    int (*body)(struct session *, void *ctx), void *ctx);
/* Flushes the output: the exit status, EX_IOERR if it cannot be written. */
int command_flush(int rc);
/*
 * Reads a command line whose only option is "-o" with one of the forms;
 * returns the number of words that follow, or too many.
 */
int command_words(int argc, char *argv[], const char *const *forms, int *form);
/*
 * The words of an option "-o" have an order: returns the place of one in
 * a list that ends with NULL; -1: it is not there.
 */
int command_choice(const char *const *choices, const char *word);

/* match_pod() in the answer of a session; NULL and err. */
Tripod__PodItem *command_pod(
    const struct session *, const char *word, struct err *);
struct match_pods command_pods(const struct session *);
/* The file that a pod comes from; NULL. */
const Tripod__FileItem *command_file(
    const struct session *, const Tripod__PodItem *);
/* A malloc'd "namespace/name". */
char *command_pod_name(const Tripod__PodItem *);

/*
 * The judge of a manifest is watcherd itself, within its sandbox; so the
 * verdict here cannot differ from the daemon's.
 */
struct judge {
	char **arg;
	int n;
	int output; /* descriptor for its output; -1: ours */
};

/* Begins with the mode, "-t" for example; arguments are copied. */
void judge_init(struct judge *, const char *mode);
void judge_add(struct judge *, const char *arg);
/*
 * Hands on an option that getopt_long(3) found, and that watcherd has too;
 * "-o" must be one of the forms.  -1: it is none of these.
 */
int judge_option(struct judge *, int c, const char *const *forms);
/*
 * Becomes watcherd: the one beside us if we were called by a path,
 * otherwise the installed one.  Returns EX_UNAVAILABLE if it cannot.
 */
int judge_run(const struct options *, struct judge *);
/*
 * The same as a child, with that descriptor as its standard input: its exit
 * status, or EX_UNAVAILABLE.
 */
int judge_child(const struct options *, struct judge *, int input);
/* Of a judge with "-o json": the digest of the file; malloc'd, or NULL. */
char *judge_digest(const struct options *, struct judge *, int input);

#endif
