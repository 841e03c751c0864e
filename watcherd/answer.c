#include "watcherd/answer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/mtime.h"
#include "watcherd/canonical.h"
#include "watcherd/manifest.h"
#include "watcherd/problem.h"

#define ANSWER_ARENA_MAX (64 * 1024) /* for an answer without a pod */

_Static_assert(MANIFEST_MESSAGE_MAX + ANSWER_ARENA_MAX <= IPC_MANIFEST_MAX,
    "a definition and its problems fit into a message");

/* Sends an answer unless it is the one that was sent last. */
static void
answer_send(struct sync *s, struct file *f, const Tripod__Manifest *m)
{
	size_t len = tripod__manifest__get_packed_size(m);
	struct digest_part part;
	char digest[DIGEST_HEX_SIZE];
	uint8_t *packed;

	packed = xmalloc(len);
	(void)tripod__manifest__pack(m, packed); /* as long as it said */
	part = (struct digest_part){ packed, len };
	digest_hex(&part, 1, digest);
	free(packed);
	f->verdict = m->state == TRIPOD__MANIFEST__STATE__VALID ? FILE_VALID
								: FILE_INVALID;
	if (strcmp(f->sent, digest) == 0)
		return;
	memcpy(f->sent, digest, sizeof(f->sent));
	log_debug("manifest file=%s state=%s problems=%zu", f->name,
	    f->verdict == FILE_VALID ? "valid" : "invalid", m->n_problem);
	(void)peer_send(s->peer, TRIPOD__MSG__MSG_MANIFEST, 0, -1, &m->base);
}

void
answer_refuse(struct sync *s, struct file *f, const char *fmt, ...)
{
	struct arena arena;
	Tripod__Manifest *m;
	char text[PROBLEM_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* may be cut off */
	va_end(ap);
	arena_init(&arena, ANSWER_ARENA_MAX);
	m = manifest_invalid(&arena, f->name, "%s", text);
	log_assert(m != NULL);
	answer_send(s, f, m);
	arena_release(&arena);
}

/* Takes the bytes, so that they are gone when it is sent. */
static void
answer_parse(struct sync *s, struct file *f, void *bytes, size_t len)
{
	const struct manifest_source src = { f->name, s->node, bytes, len,
		s->mode };
	struct arena arena;
	Tripod__Manifest *m;

	arena_init(&arena, MANIFEST_ARENA_MAX);
	m = manifest_parse(&src, &arena);
	free(bytes);
	log_assert(m != NULL);
	answer_send(s, f, m);
	arena_release(&arena);
}

/* It is being written to: look again, but do not wait for ever. */
static void
answer_changing(struct sync *s, struct file *f)
{
	if (f->looks >= FILES_LOOKS_MAX && f->verdict == FILE_UNKNOWN)
		answer_refuse(s, f, "is being written to all the time");
	file_postpone(f, mtime_add(mtime_now(), FILES_QUIET_MS));
}

static void
answer_too_large(
    struct sync *s, struct file *f, const struct fingerprint *print)
{
	answer_refuse(s, f, "is %lld bytes, more than %zu",
	    (long long)print->size, s->size_max);
	f->print = *print;
	f->has_print = 1;
	file_done(f);
}

static void
answer_read(
    struct sync *s, struct file *f, int fd, const struct fingerprint *print)
{
	struct err err;
	void *bytes;
	size_t len;

	switch (load_read(fd, print, s->size_max, &bytes, &len, &err)) {
	case LOAD_CHANGED:
		f->written = 0;
		f->looks++;
		answer_changing(s, f);
		return;
	case LOAD_FAILED:
		answer_refuse(s, f, "%s", err.text);
		f->has_print = f->has_check = 0;
		file_done(f);
		return;
	case LOAD_DONE:
		answer_parse(s, f, bytes, len);
		break;
	}
	f->print = *print;
	f->has_print = 1;
	file_done(f);
}

void
answer_opened(struct sync *s, struct file *f, int fd)
{
	struct fingerprint print;
	struct err err;

	if (load_fingerprint(fd, &print, &err) == -1) {
		answer_refuse(s, f, "%s", err.text);
		f->has_print = 0;
		file_done(f);
	} else if (f->has_print && fingerprint_equal(&f->print, &print))
		file_done(f);
	else if ((uint64_t)print.size > s->size_max)
		answer_too_large(s, f, &print);
	else if (!file_is_quiet(f, &print, wall_now_ns()))
		answer_changing(s, f);
	else
		answer_read(s, f, fd, &print);
}

static void
answer_gone(struct sync *s, struct file *f)
{
	struct arena arena;
	Tripod__Manifest *m;

	arena_init(&arena, ANSWER_ARENA_MAX);
	m = manifest_gone(&arena, f->name);
	log_assert(m != NULL);
	log_debug("manifest file=%s state=gone", f->name);
	if (f->verdict != FILE_UNKNOWN)
		(void)peer_send(
		    s->peer, TRIPOD__MSG__MSG_MANIFEST, 0, -1, &m->base);
	arena_release(&arena);
	files_remove(&s->files, f);
}

/* Reasons that may be gone without the file having changed. */
static int
is_passing(int error)
{
	return (error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == EIO || error == ESTALE || error == ETIMEDOUT);
}

void
answer_error(struct sync *s, struct file *f, int error, const char *reason)
{
	if (error == ENOENT) {
		/* In a folder that is gone every name is missing. */
		if (watch_is_lost(&s->watch))
			sync_lost(s);
		else
			answer_gone(s, f);
		return;
	}
	f->has_print = 0;
	if (is_passing(error))
		f->has_check = 0;
	answer_refuse(s, f, "cannot be opened: %s",
	    reason[0] != '\0' ? reason : strerror(error));
	file_done(f);
}
