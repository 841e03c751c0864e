/*
 * Log lines on standard error.
 *
 * Under the journal (JOURNAL_STREAM names our stderr, systemd.exec(5))
 * each line starts with a "<N>" priority and carries no time; elsewhere
 * it starts with a time stamp in UTC, the program's name and its pid.
 * What is not printable UTF-8 is escaped byte by byte as \xNN, so text
 * from a peer cannot forge or break lines.  Every line is one write(2)
 * of at most LOG_LINE_MAX bytes; what is longer is cut off.  All
 * functions leave errno alone, and none opens a file: they work within
 * the sandbox.
 * The only file-scope state of the project lives here.
 */
#ifndef LOG_H
#define LOG_H

#define LOG_LINE_MAX 2048 /* bytes of a line, newline included */

/* Verbosity: what is more detailed than the level is dropped. */
enum log_level {
	LOG_LEVEL_WARN, /* somebody should look */
	LOG_LEVEL_INFO, /* what an operator wants to know (default) */
	LOG_LEVEL_DEBUG /* what a developer wants to know */
};

/* Names the program in each line.  Call before anything else. */
void log_init(const char *);
void log_set_level(enum log_level);
enum log_level log_get_level(void);
const char *log_level_str(enum log_level);
/* "warn", "info" or "debug"; -1 for anything else. */
int log_level_parse(const char *, enum log_level *);

#define LOG_PRINTF __attribute__((format(printf, 1, 2)))
void log_debug(const char *, ...) LOG_PRINTF;
void log_info(const char *, ...) LOG_PRINTF;
void log_warn(const char *, ...) LOG_PRINTF; /* adds errno */
void log_warnx(const char *, ...) LOG_PRINTF;

/* Logs and exits with status 1; fatal() adds the text of errno. */
void fatal(const char *, ...) LOG_PRINTF __attribute__((noreturn));
void fatalx(const char *, ...) LOG_PRINTF __attribute__((noreturn));

/* A broken invariant ends the process: state is rebuilt from outside. */
#define log_assert(cond)                                                \
	do {                                                            \
		if (!(cond))                                            \
			fatalx("%s:%d: broken invariant: %s", __FILE__, \
			    __LINE__, #cond);                           \
	} while (0)

#endif
