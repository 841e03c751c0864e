/*
 * tripod-prober: talks to pods for reconciled; started by tripod-spawner,
 * see reconciled(8).
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/ssl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privdrop.h"
#include "reconciled/prober/channel.h"
#include "reconciled/prober/filter.h"
#include "reconciled/prober/serve.h"

#define FILES_MAX 512		/* one for each call, and some */
#define MEMORY_MAX (64UL << 20) /* bytes of data */

static void
confine(int optional)
{
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	struct sandbox s;

	memset(&s, 0, sizeof(s));
	s.name = "tripod-prober";
	s.rules = prober_rules;
	s.nrules = prober_rules_n;
	s.tcp_port = -1;
	s.files = FILES_MAX;
	s.optional = optional;
#ifndef SANDBOX_NO_SECCOMP /* sanitizers reserve far more */
	if (setrlimit(RLIMIT_DATA, &memory) == -1)
		fatal("RLIMIT_DATA");
#else
	(void)memory;
#endif
	sandbox_enter(&s);
}

int
main(int argc, char *argv[])
{
	struct identity self = { getuid(), getgid() };
	int c, optional = 0;
	struct serve *s;

	log_init("tripod-prober");
	/* Executed by a descriptor it would be called by its number. */
	(void)prctl(PR_SET_NAME, "tripod-prober"); /* cannot fail */
	channel_check();
	while ((c = getopt(argc, argv, "o")) != -1) {
		if (c != 'o')
			return (EX_USAGE);
		optional = 1;
	}
	privdrop(&self, NULL); /* proves that there is nothing to drop */
	/* All that libraries read from files, they read now. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |
		    OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		NULL) != 1)
		fatalx("OPENSSL_init_ssl");
	s = serve_new(CHANNEL_FD);
	confine(optional);
	serve_run(s);
	return (EX_OK);
}
