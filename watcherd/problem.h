/*
 * What is wrong with a manifest: a bounded list of problems, each with
 * its place in the file and the path of the field.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"
#include "tripod.pb-c.h"
#include "watcherd/tree.h"

/*
 * How a manifest is read: strictly, or as a kubelet would, where what
 * Tripod alone objects to is worth a warning only.
 */
enum manifest_mode {
	MANIFEST_STRICT,
	MANIFEST_LENIENT
};

#define PROBLEMS_MAX 32	      /* of one file; what follows is counted */
#define PROBLEM_TEXT_MAX 400  /* bytes of one message */
#define PROBLEM_FIELD_MAX 300 /* bytes of a field's path */
#define PROBLEM_LAST_MAX 64

/*
 * The way to a field, as a list on the stack from the innermost part to
 * the outermost.
 */
struct path {
	const struct path *up;
	const char *name; /* NULL: an element of a list */
	size_t index;	  /* of the element */
	int quoted;	  /* a key of a map: labels["a/b"] */
};

/*
 * The list.  Running out of memory is remembered in "exhausted" and is
 * an error too, so that no caller needs to watch for it.  It must live as
 * long as the arena does: the last problem is a part of it.
 */
struct problems {
	struct arena *arena;
	enum manifest_mode mode;
	const struct path *within; /* what all paths are below; NULL: all */
	Tripod__Problem *item[PROBLEMS_MAX + 1];
	size_t n;
	size_t errors;	/* those that were not kept included */
	size_t dropped; /* errors that were not kept */
	int exhausted;
	Tripod__Problem last; /* what problems_finish() adds */
	char last_text[PROBLEM_LAST_MAX];
};

void problems_init(struct problems *, struct arena *, enum manifest_mode);
/* Adds an error; the path may be NULL. */
void problem_add(struct problems *, struct place, const struct path *,
    const char *, ...) __attribute__((format(printf, 4, 5)));
/* Adds a warning. */
void problem_warn(struct problems *, struct place, const struct path *,
    const char *, ...) __attribute__((format(printf, 4, 5)));
/* Adds an error, or a warning if the manifest is read leniently. */
void problem_flaw(struct problems *, struct place, const struct path *,
    const char *, ...) __attribute__((format(printf, 4, 5)));
/* Memory ran out.  Returns -1, to be handed on. */
int problem_nomem(struct problems *);

/* True when nothing more is worth looking for. */
int problems_full(const struct problems *);

/*
 * Puts the list into the order of the file and, if some were dropped or
 * memory ran out, ends it with a line that says so.
 */
void problems_finish(struct problems *);

/* "spec.containers[1].name"; cut off when it does not fit. */
void path_format(const struct path *, char *, size_t);
/*
 * Untrusted text for a message: at most about 40 bytes, cut between
 * characters, in double quotes.  Returns buf.
 */
#define QUOTE_MAX 64
const char *quote(char buf[static QUOTE_MAX], const char *);

#endif
