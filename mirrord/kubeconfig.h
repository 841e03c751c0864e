/*
 * The kubeconfig: which server, and who we are there.
 *
 * Pure: bytes in, one selected context out.  The grammar is that of
 * client-go (YAML or JSON; clusters, users, contexts, current-context).
 * What Tripod does not do (exec plugins, basic auth, proxies,
 * impersonation) is refused by name, never ignored; other unknown keys
 * are ignored as client-go does.
 */
#ifndef KUBECONFIG_H
#define KUBECONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define KUBECONFIG_MAX (1024 * 1024) /* bytes of the file */

/* Strings are NULL when the file does not set them. */
struct kubeconfig {
	char *context;
	char *server;
	char *ca_file, *ca_data; /* at most one */
	char *tls_name;		 /* name to verify instead of the host */
	int insecure;		 /* the server is not verified */
	char *cert_file, *cert_data;
	char *key_file, *key_data;
	char *token, *token_file;
};

/*
 * Reads the text of a kubeconfig.  The name is for "NAME:LINE: ..." in
 * error texts; dir is what relative paths are relative to (client-go:
 * the folder of the kubeconfig).  On failure the target is left empty.
 */
int kubeconfig_parse(struct kubeconfig *, const char *name, const char *dir,
    const uint8_t *, size_t, struct err *);
/* Frees; secrets are overwritten first. */
void kubeconfig_release(struct kubeconfig *);

/* Where the API server is. */
struct server {
	int tls;
	char host[256]; /* name or address, without brackets */
	uint16_t port;
	char prefix[256]; /* "" or "/path" without a slash at the end */
};

/* Takes "https://host[:port][/prefix]" apart. */
int server_parse(struct server *, const char *, struct err *);

#endif
