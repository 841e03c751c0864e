#include "reconciled/termination.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reconciled/disk.h"
#include "reconciled/files.h"
#include "reconciled/message.h"

/* Room for the runtime's part of each line, too. */
#define LOG_READ_MAX (MESSAGE_LOG_MAX + MESSAGE_LOG_LINES * 64)

static void
message_path(char path[static PATH_MAX], const struct pod *p,
    const char *container, uint32_t attempt)
{
	(void)snprintf(path, PATH_MAX, "%s/containers/%s/%u", p->uid, container,
	    attempt); /* fits: checked parts */
}

int
message_make(int pods, const struct pod *p, const char *container,
    uint32_t attempt, char path[static PATH_MAX], struct err *err)
{
	char *slash;

	message_path(path, p, container, attempt);
	slash = strrchr(path, '/');
	*slash = '\0';
	if (disk_make_path(pods, path, 0750) == -1)
		return (err_sys(err, "folder for termination messages"));
	*slash = '/';
	if (disk_write(pods, path, 0666, "", 0) == -1)
		return (err_sys(err, "file for the termination message"));
	return (0);
}

void
message_remove(
    int pods, const struct pod *p, const char *container, uint32_t attempt)
{
	char path[PATH_MAX];

	message_path(path, p, container, attempt);
	(void)unlinkat(pods, path, 0); /* may never have been made */
}

/* The last bytes of a regular file; -1 if there is none. */
static ssize_t
read_end(int at, const char *path, char *buf, size_t size, int *whole)
{
	struct stat st;
	ssize_t n = -1;
	off_t from;
	int fd;

	fd = openat(at, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		from = st.st_size > (off_t)size ? st.st_size - (off_t)size : 0;
		*whole = from == 0;
		n = pread(fd, buf, size, from);
	}
	(void)close(fd); /* only read from */
	return (n);
}

/* Length of the UTF-8 sequence at s, 0 if there is none or it is a NUL. */
static size_t
sequence(const unsigned char *s, size_t left)
{
	size_t n, i;

	if (s[0] < 0x80)
		return (s[0] != 0);
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return (0);
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > left)
		return (0);
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return (0);
	/* Too long forms, surrogates, and what lies beyond the last one. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return (0);
	return (n);
}

/* What no message may carry becomes '?'. */
static char *
clean(char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < len; i += n == 0 ? 1 : n)
		if ((n = sequence((unsigned char *)s + i, len - i)) == 0)
			s[i] = '?';
	s[len] = '\0';
	return (s);
}

char *
message_join(struct arena *a, const char *runtime, const char *own, size_t max)
{
	size_t len = strlen(own);
	char *s;

	while (len > 0 && own[len - 1] == '\n')
		len--; /* of every text that echo writes */
	s = must_printf(a, "%s%s%.*s", runtime,
	    runtime[0] != '\0' && len > 0 ? ": " : "", (int)len, own);
	if (strlen(s) <= max)
		return (s);
	return (clean(s, max)); /* the cut may be within a letter */
}

char *
message_read(struct arena *a, int pods, const struct pod *p,
    const struct seen_container *c)
{
	char path[PATH_MAX], *buf = must_alloc(a, MESSAGE_MAX + 1, 1);
	ssize_t n;
	int whole;

	message_path(path, p, c->name, c->attempt);
	n = read_end(pods, path, buf, MESSAGE_MAX, &whole);
	return (clean(buf, n > 0 ? (size_t)n : 0));
}

/*
 * What follows "TIME STREAM TAG "; a line that is only a part ends
 * without a newline.
 */
static char *
line_content(char *line, int *partial)
{
	char *p = line;
	int i;

	*partial = 0;
	for (i = 0; i < 3; i++) {
		if (i == 2)
			*partial = *p == 'P';
		if ((p = strchr(p, ' ')) == NULL)
			return (NULL);
		p++;
	}
	return (p);
}

char *
message_of_lines(struct arena *a, char *text, size_t len, int whole)
{
	char *out = must_alloc(a, len + 2, 1), *line, *end, *from;
	size_t used = 0, lines = 0, n;
	int partial;

	text[len] = '\0';
	line = text;
	if (!whole) /* the first line lacks its beginning */
		line = (line = strchr(text, '\n')) == NULL ? text + len
							   : line + 1;
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if ((from = line_content(line, &partial)) == NULL)
			continue;
		n = strlen(from);
		memcpy(out + used, from, n);
		used += n;
		if (!partial)
			out[used++] = '\n';
	}
	for (from = out + used; from > out; from--) {
		if (from[-1] == '\n' && lines++ == MESSAGE_LOG_LINES)
			break;
		if ((size_t)(out + used - from) == MESSAGE_LOG_MAX)
			break;
	}
	return (clean(from, (size_t)(out + used - from)));
}

char *
message_from_log(struct arena *a, int pod_logs, const struct pod *p,
    const struct seen_container *c)
{
	char path[PATH_MAX], *buf = must_alloc(a, LOG_READ_MAX + 1, 1);
	ssize_t n;
	int whole;

	files_log_path(path, p, c);
	n = read_end(pod_logs, path, buf, LOG_READ_MAX, &whole);
	if (n <= 0)
		return (must_strdup(a, ""));
	return (message_of_lines(a, buf, (size_t)n, whole));
}
