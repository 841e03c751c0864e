#include "reconciled/prober/filter.h"

#include <sys/socket.h>

/* clang-format off */
const struct sandbox_rule prober_rules[] = {
	{ "socket", SANDBOX_EQ, 0, AF_INET, "curl" },
	{ "socket", SANDBOX_EQ, 0, AF_INET6, "curl" },
	{ "connect", SANDBOX_ANY, 0, 0, "curl" },
	{ "setsockopt", SANDBOX_ANY, 0, 0, "curl: no delay, linger" },
	{ "getsockname", SANDBOX_ANY, 0, 0, "curl: own address" },
	{ "getpeername", SANDBOX_ANY, 0, 0, "curl: is it connected?" },
	{ "alarm", SANDBOX_ANY, 0, 0, "an end, should the loop get stuck" },
	{ "setitimer", SANDBOX_EQ, 0, 0, "alarm, where there is no such call" },
};
/* clang-format on */

const size_t prober_rules_n = sizeof(prober_rules) / sizeof(prober_rules[0]);
