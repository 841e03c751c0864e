#include "watcherd/input.h"

#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"
#include "watcherd/files.h"
#include "watcherd/load.h"
#include "watcherd/manifest.h"

#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* Takes the path; the name is its last part. */
static struct input *
input_new(struct inputs *all, char *path)
{
	struct input *in;
	const char *slash = strrchr(path, '/');

	all->input = xreallocarray(
	    all->input, all->n + 1, sizeof(all->input[0]));
	in = &all->input[all->n++];
	memset(in, 0, sizeof(*in));
	in->path = path;
	in->name = slash != NULL ? slash + 1 : path;
	in->fd = -1;
	in->limit = all->lenient ? MANIFEST_SIZE_LENIENT
				 : MANIFEST_SIZE_DEFAULT;
	return (in);
}

/* Why a file of a folder cannot be opened, as reconciled says it. */
static const char *
open_reason(const struct input *in, int error)
{
	if (in->folder != 0 && error == EXDEV)
		return ("leads out of the folder");
	if (in->folder != 0 && error == ENOENT)
		return ("a link that leads nowhere");
	return (strerror(error));
}

/* The descriptor is that of the input; -1: errno says why not. */
static void
input_open(struct inputs *all, struct input *in, int fd)
{
	if (fd == -1) {
		in->refused = in->folder != 0 && errno != EACCES &&
		    errno != EPERM;
		(void)err_set(&in->why, "%s", open_reason(in, errno));
	} else if (all->nopen == INPUTS_MAX) {
		(void)close(fd); /* only read from */
		(void)err_set(
		    &in->why, "is one of more than %d manifests", INPUTS_MAX);
	} else {
		in->fd = fd;
		all->nopen++;
	}
}

/* As reconciled opens the files of its folder. */
static int
open_beneath(int folder, const char *name)
{
	struct open_how how;

	memset(&how, 0, sizeof(how));
	how.flags = OPEN_FLAGS;
	how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	return ((int)syscall(SYS_openat2, folder, name, &how, sizeof(how)));
}

static int
not_dots(const struct dirent *d)
{
	return (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0);
}

/* By bytes, as the daemon orders them. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return (strcmp((*a)->d_name, (*b)->d_name));
}

static void
folder_add(struct inputs *all, const char *path, int folder)
{
	struct dirent **list;
	struct name_rule rule = { all->lenient, "" };
	struct input *in;
	const char *why;
	char *one;
	size_t len = strlen(path);
	int i, n;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if ((n = scandirat(folder, ".", &list, not_dots, by_name)) == -1) {
		input_open(all, input_new(all, xstrdup(path)), -1);
		return;
	}
	all->folders++;
	if (n > FILES_KNOWN_MAX)
		(void)err_set(&input_new(all, xstrdup(path))->why,
		    "has more than %d names", FILES_KNOWN_MAX);
	for (i = 0; i < n && n <= FILES_KNOWN_MAX; i++) {
		(void)xasprintf(
		    &one, "%.*s/%s", (int)len, path, list[i]->d_name);
		in = input_new(all, one);
		in->folder = all->folders;
		in->ignored = !name_counts(&rule, in->name, &why);
		if (in->ignored)
			(void)err_set(&in->why, "%s",
			    why != NULL ? why : "its name begins with a dot");
		else
			input_open(all, in, open_beneath(folder, in->name));
	}
	while (n > 0)
		free(list[--n]);
	free(list);
}

void
inputs_add(struct inputs *all, const char *word, const char *stdin_name)
{
	struct input *in;
	struct stat st;
	int fd;

	if (strcmp(word, "-") == 0) {
		in = input_new(all, xstrdup(stdin_name));
		in->stream = 1;
		input_open(all, in, dup(STDIN_FILENO));
		return;
	}
	fd = open(word, OPEN_FLAGS);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		folder_add(all, word, fd);
		(void)close(fd); /* only read from */
		return;
	}
	input_open(all, input_new(all, xstrdup(word)), fd);
}

void
inputs_release(struct inputs *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		if (all->input[i].fd != -1)
			(void)close(all->input[i].fd); /* only read from */
		free(all->input[i].path);
	}
	free(all->input);
}

/* A pipe has no size: what it gives, up to the limit. */
static int
stream_read(const struct input *in, void **bytes, size_t *len, struct err *err)
{
	size_t used = 0, limit = in->limit;
	char *buf = xmalloc(limit + 1);
	ssize_t n;

	while (used <= limit) {
		n = read(in->fd, buf + used, limit + 1 - used);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			(void)err_sys(err, "read");
			free(buf);
			return (-1);
		}
		if (n == 0) {
			*bytes = buf;
			*len = used;
			return (0);
		}
		used += (size_t)n;
	}
	free(buf);
	return (err_set(err, "has more than %zu bytes", limit));
}

static int
file_read(const struct input *in, void **bytes, size_t *len, struct err *err)
{
	struct fingerprint print;

	if (load_fingerprint(in->fd, &print, err) == -1)
		return (-1);
	switch (load_read(in->fd, &print, in->limit, bytes, len, err)) {
	case LOAD_DONE:
		return (0);
	case LOAD_CHANGED:
		return (err_set(err, "is being written to"));
	case LOAD_FAILED:
		break;
	}
	return (-1);
}

int
input_read(struct input *in, void **bytes, size_t *len)
{
	if (in->fd == -1)
		return (-1);
	if (in->stream)
		return (stream_read(in, bytes, len, &in->why));
	if (file_read(in, bytes, len, &in->why) == 0)
		return (0);
	in->refused = in->folder != 0;
	return (-1);
}
