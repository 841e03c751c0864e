/*
 * The files of the manifest folder and what they want, as watcherd says.
 *
 * An invalid file changes nothing about what it wanted before; only a
 * file that is gone does.  A whole transfer is staged by marking: what
 * was not named between begin and end is gone at the end.
 */
#ifndef DESIRED_H
#define DESIRED_H

#include <stdint.h>
#include <sys/queue.h>

#include "common/mem.h"
#include "tripod.pb-c.h"

#define DESIRED_FILES_MAX 1000

struct desired_file {
	TAILQ_ENTRY(desired_file) entry;
	char *name;
	Tripod__Manifest__State state;
	int64_t since_ns;    /* wall clock of the last change of state */
	char *digest;	     /* of the bytes last judged */
	struct arena *arena; /* holds last; for its problems */
	Tripod__Manifest *last;
	char *uid; /* of the pod it wants; NULL: none yet */
	char *namespace_, *pod;
	int named;    /* in the transfer that is going on */
	int conflict; /* refused only because of another file or pod */
};

TAILQ_HEAD(desired_files, desired_file);

struct desired {
	struct desired_files files;
	size_t n;
	int synced; /* a whole transfer has come since the start */
};

void desired_init(struct desired *);
void desired_release(struct desired *);
struct desired_file *desired_find(const struct desired *, const char *name);
/* Finds or adds; NULL when there are too many. */
struct desired_file *desired_get(struct desired *, const char *name);
void desired_drop(struct desired *, struct desired_file *);
/* The file that wants a pod, or NULL. */
const struct desired_file *desired_by_uid(
    const struct desired *, const char *uid);
/* Another file than the given one that wants a pod of that name. */
const struct desired_file *desired_other(const struct desired *,
    const struct desired_file *, const char *ns, const char *pod);
/* Whether any file was refused only because of another one. */
int desired_has_conflict(const struct desired *);
/* Takes the file's claim to its pod away. */
void desired_disclaim(struct desired_file *);
/*
 * Notes what a file said: state, digest and problems (takes the arena
 * that holds m).
 */
void desired_note(struct desired_file *, const Tripod__Manifest *m,
    struct arena *, int64_t now_ns);

#endif
