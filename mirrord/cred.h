/*
 * Credentials: kubeconfig, certificates, keys, tokens, in memory.
 *
 * Everything is read once as root before privileges are given up.
 * Files (not inline data) are looked at again while running: a renewed
 * certificate, key, CA or token is taken over when the unprivileged
 * process may read it; otherwise, and when the kubeconfig itself has
 * changed, the process has to start afresh.  A renewed file that is
 * broken changes nothing: the last good one stays.
 */
#ifndef CRED_H
#define CRED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "mirrord/kubeconfig.h"

#define CRED_FILE_MAX (1024 * 1024) /* bytes of one credential file */
#define CRED_SOURCES 5		    /* files that are watched */

/* Seconds between two looks at token files (client-go: 60 at most). */
#define CRED_TOKEN_S 50
/* Seconds between two looks at certificates (kubelet: 5 minutes). */
#define CRED_CERT_S 300

struct cred_blob {
	uint8_t *data; /* NUL-terminated for convenience */
	size_t len;
};

/* A file that may be renewed. */
struct cred_source {
	const char *path;
	struct cred_stamp {
		dev_t dev;
		ino_t ino;
		off_t size;
		int64_t mtime_ns;
	} stamp;
};

struct cred {
	char *file; /* the kubeconfig */
	struct kubeconfig kc;
	struct server server;
	struct cred_blob ca;   /* PEM; the system's when none is named */
	struct cred_blob cert; /* PEM; len 0: none */
	struct cred_blob key;
	char *token;	     /* NULL: none */
	int64_t not_after_s; /* of the certificate, wall clock; 0: none */
	int warned_days;     /* last threshold that was logged */
	int as_root;	     /* a fresh process can read more than we */
	struct cred_source source[CRED_SOURCES];
	size_t nsources;
};

enum cred_change {
	CRED_SAME,
	CRED_NEW,    /* certificate, key, CA or token changed */
	CRED_RESTART /* a fresh process has to read what changed */
};

/*
 * Reads the kubeconfig and all it names.  Errors read "FILE:LINE: ..."
 * or name the credential file.  Logs a warning for each setting that
 * gives up security.  The target is left empty on failure.
 */
int cred_load(struct cred *, const char *file, struct err *);
void cred_release(struct cred *); /* overwrites secrets */

/* Looks whether a file was renewed and takes it over. */
enum cred_change cred_refresh(struct cred *);
/* Seconds until cred_refresh() should be called again; 0: never. */
int64_t cred_refresh_s(const struct cred *);

/* Warns when the certificate ends within 30, 7 or 1 days, or has ended;
 * each once.  The time is seconds since the epoch. */
void cred_check_expiry(struct cred *, int64_t now_s);

/*
 * The folders that files are re-read from, opened with O_PATH for the
 * sandbox; returns how many (at most CRED_SOURCES).  An entry is -1 when
 * it cannot be opened.
 */
size_t cred_folders(const struct cred *, int fd[CRED_SOURCES]);

/*
 * Decodes standard base64 (line breaks allowed, padding required);
 * -1 when it is not.  The blob is the caller's.
 */
int base64_decode(const char *, struct cred_blob *);
void cred_blob_release(struct cred_blob *);

#endif
