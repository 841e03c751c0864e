/*
 * One HTTP or gRPC request, or one connection, of a call: how curl is to
 * make it, and what its end means.
 */
#ifndef PROBER_REQUEST_H
#define PROBER_REQUEST_H

#include <curl/curl.h>
#include <stdint.h>

#include "common/mem.h"
#include "reconciled/prober/call.h"
#include "reconciled/prober/health.h"

struct request {
	const Tripod__ProbeRequest *req;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	int plain;	     /* HTTPS was wanted, but not spoken: HTTP */
	char *url;	     /* of this request */
	size_t header_bytes; /* received */
	uint8_t body[HEALTH_ANSWER_MAX]; /* of grpc; others are counted */
	size_t len;
	const char *ended; /* by us: why; "" if enough was read */
	int no_socket;	   /* the reason is ours */
	struct health_answer health;
	char error[CURL_ERROR_SIZE];
	char text[CALL_TEXT_MAX]; /* of the result */
};

/*
 * Prepares one for a call, or, with a URL, for where the last answer led.
 * -1: it cannot be made, text says why.
 */
int request_make(struct request *, const Tripod__ProbeRequest *,
    const char *url, int64_t timeout_ms);
/* Frees what it holds; text stays.  It must have been removed from curl. */
void request_release(struct request *);
/*
 * What its end means.  With *url set the next request must be made there;
 * it is valid until request_release().
 */
Tripod__ProbeResult__Outcome request_judge(
    struct request *, CURLcode, char **url);

#endif
