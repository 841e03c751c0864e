/*
 * The files of the manifest folder and the pods that each of them wants,
 * as watcherd says.
 *
 * An invalid file changes nothing about what it wanted before; only a
 * file that is gone does.  A whole transfer is staged by marking: what
 * was not named between begin and end is gone at the end.
 *
 * A pod belongs to one file.  Of several that define a pod of the same
 * name, or with the same uid, the first by name has it, whatever came
 * first in time; the others wait for their turn.  With "last" it is the
 * last by name, as with a kubelet.  Pure.
 */
#ifndef DESIRED_H
#define DESIRED_H

#include <stdint.h>
#include <sys/queue.h>

#include "common/err.h"
#include "common/mem.h"
#include "tripod.pb-c.h"

#define DESIRED_FILES_MAX 1000
#define DESIRED_PODS_MAX 1000 /* in all files */
#define DESIRED_DECODE_MAX (16 * 1024 * 1024)

struct desired_file;
struct hsearch_data;
struct pod;

/* A pod that a file wants. */
struct claim {
	char *uid, *hash;
	char *name;	       /* "namespace/name" */
	uint32_t line, column; /* in the file; 0: not known */
	int64_t seen_ns;
	uint8_t *packed; /* its Definition */
	size_t len;
	uint64_t serial; /* no other claim ever has it */
	const struct desired_file *file;
	const struct claim *rival; /* which has the pod; NULL: this one */
	int told;		   /* the rival was logged */
	struct pod *pod;	   /* with its uid, within define_pods() */
};

struct desired_file {
	TAILQ_ENTRY(desired_file) entry;
	char *name;
	Tripod__Manifest__State state;
	int64_t since_ns;    /* wall clock of the last change of state */
	char *digest;	     /* of the bytes last judged */
	struct arena *arena; /* holds last; for its problems */
	Tripod__Manifest *last;
	struct claim *claim; /* of the last valid version */
	size_t nclaim;
	int named; /* in the transfer that is going on */
	int kept;  /* the claims are on the disk */
};

TAILQ_HEAD(desired_files, desired_file);

struct desired {
	struct desired_files files; /* in the order of names */
	size_t n, npods;
	uint64_t serial; /* of the last claim */
	int last;	 /* the last one by name has the pod */
	int staging;	 /* a transfer is going on */
	int over;	 /* there are too many files */
	int synced;	 /* a whole one has come since the start */
	/* Name and uid to the claim that has it; NULL: not settled. */
	struct hsearch_data *won;
};

void desired_init(struct desired *);
void desired_release(struct desired *);
struct desired_file *desired_find(const struct desired *, const char *name);
/* Finds or adds; NULL when there are too many. */
struct desired_file *desired_get(struct desired *, const char *name);
void desired_drop(struct desired *, struct desired_file *);

/*
 * The pods of a valid manifest replace those that the file wanted.  1;
 * 0: they are the same; -1 and err: too many, or a pod twice.
 */
int desired_claim(struct desired *, struct desired_file *,
    const Tripod__Manifest *, struct err *);
/* The file's claim with that uid, or NULL. */
const struct claim *desired_own(const struct desired_file *, const char *uid);
/* Decides whose each pod is; to be called after changes. */
void desired_settle(struct desired *);
/*
 * The claim that has the pod of a "namespace/name" or uid, or NULL.
 * Everything must be settled.
 */
struct claim *desired_winner(struct desired *, const char *key);
/* A new Definition; NULL beyond the arena's limit. */
Tripod__Definition *claim_unpack(const struct claim *, struct arena *);
/* The file's claims as a manifest, to be kept. */
Tripod__Manifest *desired_manifest(const struct desired_file *, struct arena *);
/* Why a claim with a rival has to wait, for a person. */
const char *claim_conflict(const struct claim *, struct arena *);

/*
 * Notes what a file said: state, digest and problems (takes the arena
 * that holds m).
 */
void desired_note(struct desired_file *, const Tripod__Manifest *m,
    struct arena *, int64_t now_ns);

#endif
