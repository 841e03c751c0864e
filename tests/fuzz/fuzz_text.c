/*
 * Texts that reconciled takes apart: the first byte chooses between the
 * end of a container's log ('w': whole, 'p': a piece of it), its
 * termination message ('m'), and resolver settings of the host ('r').
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/dns.h"
#include "reconciled/termination.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX (8 * 1024 * 1024)
#define TEXT_MAX 65536
#define MESSAGE_MAX_HERE 100

/* What leaves is what a message may carry. */
static void
check(const char *s, size_t max)
{
	log_assert(strlen(s) <= max);
}

static void
fuzz_resolver(struct arena *a, const char *text)
{
	struct dns_env env = { .domain = "cluster.local", .file = text };
	Tripod__Pod pod = TRIPOD__POD__INIT;
	char ns[] = "default", address[] = "192.0.2.53";
	struct dns_config c;
	size_t i;

	pod.namespace_ = ns;
	env.server.value[0] = address;
	env.server.n = 1;
	dns_config(a, &env, &pod, &c);
	log_assert(c.server.n <= DNS_SERVERS_MAX);
	log_assert(c.search.n <= DNS_SEARCHES_MAX);
	for (i = 0; i < c.search.n; i++)
		log_assert(strpbrk(c.search.value[i], " \t\r\n") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena a;
	char *text;

	if (len < 1 || len > TEXT_MAX)
		return (0);
	arena_init(&a, MEMORY_MAX);
	text = arena_alloc(&a, len + 1);
	memcpy(text, data + 1, len - 1);
	switch (data[0]) {
	case 'w':
	case 'p':
		check(message_of_lines(&a, text, len - 1, data[0] == 'w'),
		    MESSAGE_LOG_MAX);
		break;
	case 'm':
		check(message_join(&a, "", text, MESSAGE_MAX_HERE),
		    MESSAGE_MAX_HERE);
		break;
	case 'r':
		fuzz_resolver(&a, text);
		break;
	}
	arena_release(&a);
	return (0);
}
