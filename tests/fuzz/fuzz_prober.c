/*
 * The prober's inputs that are taken apart by code of ours: what asks it
 * (reconciled is trusted, and bounded all the same), and gRPC answers of
 * pods.  HTTP, TLS and HTTP/2 are libcurl's.
 *
 * The first byte chooses: an odd one begins a ProbeRequest, an even one the
 * answer of a health check: header lines, an empty one, the body.
 */
#include <string.h>

#include "ipc/peer.h"
#include "reconciled/prober/request.h"
#include "tests/fuzz/fuzz.h"

/* As the request would be made; nothing is sent. */
static void
ask(const uint8_t *data, size_t len)
{
	Tripod__ProbeRequest *req;
	struct request r;
	struct arena a;
	char *url = NULL;

	if (len > IPC_PROBE_MAX)
		return;
	arena_init(&a, IPC_PROBE_MAX * 16);
	req = tripod__probe_request__unpack(&a.allocator, len, data);
	memset(&r, 0, sizeof(r));
	if (req != NULL && request_make(&r, req, NULL, 1000) == 0) {
		(void)request_judge(&r, CURLE_OK, &url);
		request_release(&r);
	}
	arena_release(&a);
}

static void
answer(const uint8_t *data, size_t len)
{
	const char *line = (const char *)data, *end;
	char text[HEALTH_TEXT_MAX];
	struct health_answer h;
	size_t n;

	health_init(&h);
	while ((end = memchr(line, '\n', len)) != NULL) {
		n = (size_t)(end - line) + 1;
		health_header(&h, line, n);
		line += n;
		len -= n;
		if (n == 1)
			break;
	}
	(void)health_judge(&h, 200, (const uint8_t *)line, len, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return (0);
	if (data[0] & 1)
		ask(data + 1, size - 1);
	else
		answer(data + 1, size - 1);
	return (0);
}
