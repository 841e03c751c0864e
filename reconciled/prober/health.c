#include "reconciled/prober/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "grpchealth.pb-c.h"

#define PREFIX 5	   /* a flag and the length */
#define DECODE_MAX 16384   /* memory for an answer */
#define STATUS_UNKNOWN 2   /* also for what is no number */
#define STATUS_NOT_FOUND 5 /* the server knows no such service */
#define STATUS_UNIMPLEMENTED 12

uint8_t *
health_question(struct arena *a, char *service, size_t *len)
{
	Grpc__Health__V1__HealthCheckRequest req =
	    GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	uint8_t *buf;
	size_t n;

	req.service = service;
	n = grpc__health__v1__health_check_request__get_packed_size(&req);
	buf = arena_alloc(a, PREFIX + n);
	if (buf == NULL)
		return (NULL);
	buf[1] = (uint8_t)(n >> 24);
	buf[2] = (uint8_t)(n >> 16);
	buf[3] = (uint8_t)(n >> 8);
	buf[4] = (uint8_t)n;
	(void)grpc__health__v1__health_check_request__pack(&req, buf + PREFIX);
	*len = PREFIX + n;
	return (buf);
}

void
health_init(struct health_answer *h)
{
	h->status = -1;
	h->text[0] = '\0';
}

/* The value, if the line is of that name; NULL otherwise. */
static const char *
value_of(const char *name, const char *line, size_t *len)
{
	size_t n = strlen(name);

	if (*len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return (NULL);
	line += n + 1;
	*len -= n + 1;
	while (*len > 0 && *line == ' ') {
		line++;
		(*len)--;
	}
	while (*len > 0 && (line[*len - 1] == '\n' || line[*len - 1] == '\r'))
		(*len)--;
	return (line);
}

/* Of one or two digits; what is none counts as an error of the server. */
static int
status_parse(const char *s, size_t len)
{
	int status = 0;
	size_t i;

	if (len == 0 || len > 2)
		return (STATUS_UNKNOWN);
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (STATUS_UNKNOWN);
		status = status * 10 + (s[i] - '0');
	}
	return (status);
}

void
health_header(struct health_answer *h, const char *line, size_t len)
{
	const char *value;
	size_t n = len;

	if ((value = value_of("grpc-status", line, &n)) != NULL)
		h->status = status_parse(value, n);
	n = len;
	if ((value = value_of("grpc-message", line, &n)) != NULL)
		(void)snprintf(h->text, sizeof(h->text), "%.*s", (int)n, value);
}

/* The status in the body; -1: there is no proper one. */
static int
serving_status(const uint8_t *body, size_t len)
{
	Grpc__Health__V1__HealthCheckResponse *res;
	struct arena arena;
	size_t n;
	int status = -1;

	if (len < PREFIX || body[0] != 0)
		return (-1); /* compressed answers were not asked for */
	n = (size_t)body[1] << 24 | (size_t)body[2] << 16 |
	    (size_t)body[3] << 8 | body[4];
	if (n != len - PREFIX)
		return (-1);
	arena_init(&arena, DECODE_MAX);
	res = grpc__health__v1__health_check_response__unpack(
	    &arena.allocator, n, body + PREFIX);
	if (res != NULL)
		status = (int)res->status;
	arena_release(&arena);
	return (status);
}

/* "NOT_SERVING" */
static const char *
serving_str(int status)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(
	    &grpc__health__v1__serving_status__descriptor, status);

	return (v == NULL ? "a status that is none" : v->name);
}

Tripod__ProbeResult__Outcome
health_judge(const struct health_answer *h, long http_status,
    const uint8_t *body, size_t len, char text[static HEALTH_TEXT_MAX])
{
	const char *colon = h->text[0] != '\0' ? ": " : "";
	int serving;

	if (h->status == STATUS_UNIMPLEMENTED) {
		(void)snprintf(text, HEALTH_TEXT_MAX,
		    "the server does not implement the health protocol");
	} else if (h->status == STATUS_NOT_FOUND) {
		(void)snprintf(text, HEALTH_TEXT_MAX,
		    "the server does not know the service");
	} else if (http_status != 200) {
		(void)snprintf(text, HEALTH_TEXT_MAX,
		    "the server answered with HTTP status %ld", http_status);
	} else if (h->status == -1) {
		(void)snprintf(text, HEALTH_TEXT_MAX,
		    "the answer has no gRPC status%s%.200s", colon, h->text);
	} else if (h->status != 0) {
		(void)snprintf(text, HEALTH_TEXT_MAX, "gRPC status %d%s%.200s",
		    h->status, colon, h->text);
	} else if ((serving = serving_status(body, len)) ==
	    GRPC__HEALTH__V1__SERVING_STATUS__SERVING) {
		text[0] = '\0';
		return (TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS);
	} else if (serving == -1) {
		(void)snprintf(text, HEALTH_TEXT_MAX,
		    "the answer is not one of the health protocol");
	} else {
		(void)snprintf(text, HEALTH_TEXT_MAX,
		    "service unhealthy (responded with %s)",
		    serving_str(serving));
	}
	return (TRIPOD__PROBE_RESULT__OUTCOME__FAILURE);
}
