/*
 * The question of a grpc probe and the judgement of its answer, which a
 * pod may have filled with anything.  Pure.
 */
#ifndef PROBER_HEALTH_H
#define PROBER_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "common/mem.h"
#include "tripod.pb-c.h"

#define HEALTH_PATH "/grpc.health.v1.Health/Check"
#define HEALTH_ANSWER_MAX 1024 /* bytes; a good one has 7 */
#define HEALTH_TEXT_MAX 256    /* of what the server says about an error */

/* What has come. */
struct health_answer {
	int status;		    /* grpc-status; -1: none yet */
	char text[HEALTH_TEXT_MAX]; /* grpc-message, as it was sent */
};

/* The body of the question: one message with its 5 bytes in front. */
uint8_t *health_question(struct arena *, char *service, size_t *len);

void health_init(struct health_answer *);
/* Takes a line of the header or trailer, with or without its end. */
void health_header(struct health_answer *, const char *line, size_t len);
/*
 * Judges the whole: the HTTP status, what the headers said and the body.
 * The message is put into text.
 */
Tripod__ProbeResult__Outcome health_judge(const struct health_answer *,
    long http_status, const uint8_t *body, size_t len,
    char text[static HEALTH_TEXT_MAX]);

#endif
