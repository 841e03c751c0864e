/*
 * Which file of the folder to look at, and when.  Pure: time comes in as
 * an argument, and what is to be done is asked for with files_next().
 *
 * Rules, in this order:
 *  1. A file that was closed after writing or renamed into place is looked
 *     at at once.
 *  2. A file that appeared or changed in another way is looked at too, but
 *     left alone as long as it was written to less than QUIET_MS ago.
 *  3. A file that was deleted or renamed away is looked at after LEAVE_MS,
 *     so that an editor's dance of renames removes nothing.
 *  4. A listing (at the start, and now and then) means a look at
 *     every new name in it and at every known name that is not; the others
 *     are looked at only if a check finds that they have changed.
 *  5. Events for a file that is being looked at wait for the answer.
 *  6. A file is not looked at again within GAP_MS.
 */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>
#include <stdint.h>

#include "common/mtime.h"
#include "common/name.h"
#include "watcherd/canonical.h"
#include "watcherd/load.h"

#define FILES_MAX 1000	      /* manifests that are read */
#define FILES_KNOWN_MAX 16384 /* names that are known at all */
#define FILES_QUIET_MS 1000
#define FILES_LEAVE_MS 100
#define FILES_LOOKS_MAX 5 /* looks that found it being written to */
#define FILES_GAP_MS 100

/* Which names count; all zero: those of manifests. */
struct name_rule {
	int all; /* every one that does not start with a dot */
	char only[NAME_FILE_SIZE]; /* a single one, whatever it is; or "" */
};

/* What happened to a name. */
enum file_event {
	FILE_WRITTEN,  /* closed after writing, or renamed into place */
	FILE_TOUCHED,  /* created, its attributes changed */
	FILE_MODIFIED, /* written to, and not closed */
	FILE_LEFT      /* deleted, or renamed away */
};

enum file_verdict {
	FILE_UNKNOWN,
	FILE_VALID,
	FILE_INVALID
};

/* What a look from the outside finds. */
struct file_stat {
	uint32_t error; /* errno; 0: it is there */
	struct fingerprint print;
};

enum file_state {
	FILE_IDLE,
	FILE_DUE,  /* a look is wanted at "due" */
	FILE_ASKED /* a look is under way */
};

struct file {
	char *name;
	enum file_state state;
	struct mtime due;
	int written;	   /* rule 1: read it even if it is young */
	int leaving;	   /* rule 3 */
	int again;	   /* an event came while it was asked for */
	struct mtime next; /* rule 6 */
	int listed;
	int over;  /* more than FILES_MAX: no look but for leaving */
	int looks; /* in a row that found it being written to */
	int has_looked;
	struct fingerprint looked; /* at the last of these */
	int unchecked;		   /* rule 4: a check is wanted */
	int has_check;
	struct file_stat checked; /* the last one that found something new */

	/* What the last look found. */
	int has_print;
	struct fingerprint print;
	enum file_verdict verdict;
	char sent[DIGEST_HEX_SIZE]; /* digest of the last answer */
};

struct files {
	struct file **file; /* in the order of names */
	size_t n, size;
	size_t nread;	/* not "over" */
	size_t dropped; /* names beyond FILES_KNOWN_MAX in the last listing */
};

void files_init(struct files *);
void files_release(struct files *);

/*
 * Whether a name counts.  If not, why: NULL when that is not worth a
 * word.
 */
int name_counts(
    const struct name_rule *, const char *name, const char **reason);
struct file *files_find(struct files *, const char *name);
void files_remove(struct files *, struct file *);

/* An event for a name that counts; unknown names are added. */
void files_event(
    struct files *, enum file_event, const char *name, struct mtime now);
/* A listing: begin, every name that counts, end. */
void files_list_begin(struct files *);
void files_list_name(struct files *, const char *name, struct mtime now);
void files_list_end(struct files *, struct mtime now);

/*
 * The file to look at now, those of rule 1 first, then by name; NULL:
 * none, and wake says when there may be one.
 */
struct file *files_next(struct files *, struct mtime now, struct mtime *wake);
/* A look begins; it ends with file_done() or file_postpone(). */
void file_ask(struct file *, struct mtime now);
void file_done(struct file *);
/* Instead: the file is not quiet. */
void file_postpone(struct file *, struct mtime until);

/*
 * The files to check after a listing, in order, at most max of them; each
 * ends with file_checked().
 */
size_t files_unchecked(struct files *, struct file **, size_t max);
void file_checked(struct file *, const struct file_stat *, struct mtime now);

/* True when every file has a verdict. */
int files_known(struct files *);

/*
 * Rule 2: may a file that looks like this be read now?  If not, the look
 * counts, and the same look QUIET_MS later will do.  The time is that of
 * the wall clock; one that was set back or forth only costs a second look.
 */
int file_is_quiet(struct file *, const struct fingerprint *, int64_t now_ns);

#endif
