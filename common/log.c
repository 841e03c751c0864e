#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mtime.h"

/* syslog(3) priorities, as the journal reads them. */
enum priority {
	PRI_ERR = 3,
	PRI_WARNING = 4,
	PRI_INFO = 6,
	PRI_DEBUG = 7
};

static struct {
	const char *name;
	enum log_level level;
	int journal;
} log_state = { "tripod", LOG_LEVEL_INFO, 0 };

static const char *const level_names[] = { "warn", "info", "debug" };

/* A line being put together; the last byte is kept for the newline. */
struct line {
	char text[LOG_LINE_MAX];
	size_t len;
};

/*
 * True if stderr is the stream that systemd connected: the variable is
 * inherited by children whose stderr goes somewhere else.
 */
static int
is_journal(void)
{
	const char *stream;
	char own[64];
	struct stat st;

	if ((stream = getenv("JOURNAL_STREAM")) == NULL)
		return (0);
	if (fstat(STDERR_FILENO, &st) == -1)
		return (0);
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return (strcmp(own, stream) == 0);
}

void
log_init(const char *name)
{
	log_state.name = name;
	log_state.journal = is_journal();
}

void
log_set_level(enum log_level level)
{
	log_state.level = level;
}

enum log_level
log_get_level(void)
{
	return (log_state.level);
}

const char *
log_level_str(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_WARN:
	case LOG_LEVEL_INFO:
	case LOG_LEVEL_DEBUG:
		return (level_names[level]);
	}
	return ("unknown");
}

int
log_level_parse(const char *s, enum log_level *level)
{
	size_t i;

	for (i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(s, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return (0);
		}
	}
	return (-1);
}

/*
 * Decodes one UTF-8 sequence (RFC 3629): its length, or 0 if it is not
 * valid.  The text ends with a NUL, so reading stops by itself.
 */
static size_t
utf8_decode(const unsigned char *s, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, n;

	if (s[0] < 0x80) {
		*cp = s[0];
		return (1);
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return (0);
	*cp = s[0] & (0xffU >> (n + 1));
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return (0);
		*cp = *cp << 6 | (s[i] & 0x3fU);
	}
	if (*cp < least[n] || *cp > 0x10ffff ||
	    (*cp >= 0xd800 && *cp <= 0xdfff))
		return (0);
	return (n);
}

/*
 * Control characters could move a terminal's cursor; the Unicode line
 * separators and text direction marks could make a line look like two
 * or like another one.
 */
static int
is_printable(uint32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return (0);
	if (cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069))
		return (0);
	return (1);
}

/* Adds what fits as a whole; 0 if it does not. */
static int
line_add(struct line *line, const void *text, size_t len)
{
	if (len > sizeof(line->text) - 1 - line->len)
		return (0);
	memcpy(line->text + line->len, text, len);
	line->len += len;
	return (1);
}

static int
line_add_escaped(struct line *line, const unsigned char *s, size_t len)
{
	char hex[8];
	size_t i;

	for (i = 0; i < len; i++) {
		(void)snprintf(hex, sizeof(hex), "\\x%02x", s[i]);
		if (!line_add(line, hex, 4))
			return (0);
	}
	return (1);
}

static void
line_add_text(struct line *line, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t cp;
	size_t len;
	int ok = 1;

	while (*s != '\0' && ok) {
		len = utf8_decode(s, &cp);
		if (len != 0 && is_printable(cp))
			ok = line_add(line, s, len);
		else
			ok = line_add_escaped(line, s, len == 0 ? 1 : len);
		s += len == 0 ? 1 : len;
	}
}

static void
line_start(struct line *line, enum priority pri)
{
	char stamp[RFC3339_MAX], text[128];

	line->len = 0;
	if (log_state.journal)
		(void)snprintf(text, sizeof(text), "<%d>", (int)pri);
	else {
		rfc3339_nano(stamp, wall_now_ns());
		(void)snprintf(text, sizeof(text), "%.23sZ %s[%d]: ", stamp,
		    log_state.name, (int)getpid());
	}
	(void)line_add(line, text, strlen(text));
}

/* One write(2) for each line, so that lines of processes do not mix. */
static void
line_write(struct line *line)
{
	ssize_t n;

	line->text[line->len++] = '\n';
	do {
		n = write(STDERR_FILENO, line->text, line->len);
	} while (n == -1 && errno == EINTR);
	/* There is nobody left to tell that the log cannot be written. */
}

static void
log_line(enum priority pri, const char *errtext, const char *fmt, va_list ap)
{
	struct line line;
	char text[LOG_LINE_MAX];
	int saved = errno;

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	line_start(&line, pri);
	line_add_text(&line, text);
	if (errtext != NULL) {
		line_add_text(&line, ": ");
		line_add_text(&line, errtext);
	}
	line_write(&line);
	errno = saved;
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	if (log_state.level < LOG_LEVEL_DEBUG)
		return;
	va_start(ap, fmt);
	log_line(PRI_DEBUG, NULL, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	if (log_state.level < LOG_LEVEL_INFO)
		return;
	va_start(ap, fmt);
	log_line(PRI_INFO, NULL, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(PRI_WARNING, strerror(errno), fmt, ap);
	va_end(ap);
}

void
log_warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(PRI_WARNING, NULL, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(PRI_ERR, strerror(errno), fmt, ap);
	va_end(ap);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(PRI_ERR, NULL, fmt, ap);
	va_end(ap);
	exit(1);
}
