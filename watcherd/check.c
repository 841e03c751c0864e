#include "watcherd/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "watcherd/filter.h"
#include "watcherd/load.h"
#include "watcherd/manifest.h"

#define CHECK_DESCRIPTORS 16 /* besides those of the files */

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (slash != NULL ? slash + 1 : path);
}

/* Text from a file must not play with the terminal. */
static void
print_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			(void)printf("\\x%02x", (unsigned char)*text);
		else
			(void)putchar(*text);
	}
}

static void
print_problem(const char *file, const Tripod__Problem *p)
{
	print_text(file);
	if (p->line > 0)
		(void)printf(":%u:%u", p->line, p->column);
	(void)printf(": %s",
	    p->severity == TRIPOD__PROBLEM__SEVERITY__WARNING ? "warning: "
							      : "");
	if (p->field[0] != '\0') {
		print_text(p->field);
		(void)printf(": ");
	}
	print_text(p->message);
	(void)putchar('\n');
}

/* 0 or 1, as check_files(). */
static int
check_bytes(
    const struct check *c, const char *file, const void *bytes, size_t len)
{
	const struct manifest_source src = { base_name(file), c->node, bytes,
		len, c->mode };
	struct arena arena;
	Tripod__Manifest *m;
	size_t i;
	int valid;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	log_assert(m != NULL);
	for (i = 0; i < m->n_problem; i++)
		print_problem(file, m->problem[i]);
	valid = m->state == TRIPOD__MANIFEST__STATE__VALID;
	arena_release(&arena);
	return (valid ? 0 : 1);
}

static int
check_file(const struct check *c, const char *file, int fd)
{
	struct fingerprint print;
	struct err err;
	void *bytes;
	size_t len;
	int rc;

	if (load_fingerprint(fd, &print, &err) == -1) {
		log_warnx("%s: %s", file, err.text);
		return (EX_NOINPUT);
	}
	switch (
	    load_read(fd, &print, MANIFEST_SIZE_DEFAULT, &bytes, &len, &err)) {
	case LOAD_DONE:
		break;
	case LOAD_CHANGED:
		log_warnx("%s: is being written to", file);
		return (EX_NOINPUT);
	case LOAD_FAILED:
		log_warnx("%s: %s", file, err.text);
		return (EX_NOINPUT);
	}
	rc = check_bytes(c, file, bytes, len);
	free(bytes);
	return (rc);
}

static void
enter_sandbox(int n)
{
	struct sandbox s;

	memset(&s, 0, sizeof(s));
	s.name = "watcherd -t";
	s.rules = watcherd_rules;
	s.nrules = watcherd_nrules;
	s.files = (unsigned int)n + CHECK_DESCRIPTORS;
	s.optional = 1;
	sandbox_enter(&s);
}

int
check_files(const struct check *c, char *const *files, int n)
{
	int *fd, i, rc = 0, one;

	fd = xcalloc((size_t)n, sizeof(*fd));
	for (i = 0; i < n; i++) {
		fd[i] = open(
		    files[i], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd[i] == -1) {
			log_warn("%s", files[i]);
			rc = EX_NOINPUT;
		}
	}
	enter_sandbox(n);
	for (i = 0; i < n; i++) {
		if (fd[i] == -1)
			continue;
		one = check_file(c, files[i], fd[i]);
		if (one > rc)
			rc = one;
		(void)close(fd[i]); /* only read from */
	}
	free(fd);
	if (fflush(stdout) == EOF)
		fatal("standard output");
	return (rc);
}
