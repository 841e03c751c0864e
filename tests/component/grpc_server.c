/*
 * grpc_server PORT FILE: a gRPC server with the health protocol, in a pod
 * of a test.  It serves while FILE is there.  Linked so that it needs no
 * file but itself.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/unit/h2server.h"

static void
on_request(void *ctx, struct h2server *s, const struct h2server_request *r)
{
	static const uint8_t serving[] = "\0\0\0\0\2\10\1",
			     not_serving[] = "\0\0\0\0\2\10\2";
	struct h2server_answer a = { .len = sizeof(serving) - 1,
		.status = "0" };

	a.body = access(ctx, F_OK) == 0 ? serving : not_serving;
	if (strcmp(r->path, "/grpc.health.v1.Health/Check") != 0)
		a = (struct h2server_answer){ .status = "12",
			.trailers_only = 1 };
	h2server_answer(s, r->stream, &a);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct event_base *base = event_base_new();

	log_init("grpc_server");
	if (argc != 3 || base == NULL)
		fatalx("usage: grpc_server PORT FILE");
	addr.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	(void)h2server_new_tcp(base, &addr, on_request, argv[2]);
	(void)event_base_dispatch(base); /* until it is killed */
	return (1);
}
