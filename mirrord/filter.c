#include "mirrord/filter.h"

#include <fcntl.h>
#include <sys/socket.h>

/* Landlock says which files these may be: the folders of credentials. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK)

/* clang-format off */
const struct sandbox_rule mirrord_rules[] = {
	/* To the API server; landlock says to which port. */
	{ "socket", SANDBOX_EQ, 0, AF_INET, "curl" },
	{ "socket", SANDBOX_EQ, 0, AF_INET6, "curl" },
	{ "connect", SANDBOX_ANY, 0, 0, "curl" },
	{ "setsockopt", SANDBOX_ANY, 0, 0, "curl: keep-alive, no delay" },
	{ "getsockname", SANDBOX_ANY, 0, 0, "curl: own address" },
	{ "getpeername", SANDBOX_ANY, 0, 0, "curl: is it connected?" },

	/* Renewed credentials. */
	{ "openat", SANDBOX_MASK, 2, READ_FLAGS, "cred: read again" },
	{ "newfstatat", SANDBOX_EQ, 3, 0, "cred: stat" },
	{ "access", SANDBOX_ANY, 0, 0, "cred: may it be read?" },
	{ "faccessat", SANDBOX_ANY, 0, 0, "access on arm64" },
};
/* clang-format on */

const size_t mirrord_rules_n = sizeof(mirrord_rules) / sizeof(mirrord_rules[0]);
