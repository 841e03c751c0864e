/*
 * The pure half of gRPC: messages in a byte stream, values of headers.
 * No I/O, no clock.  gRPC over HTTP/2 (PROTOCOL-HTTP2).
 */
#ifndef GRPCMSG_H
#define GRPCMSG_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#define GRPCMSG_PREFIX 5       /* compressed flag and length */
#define GRPCMSG_TEXT_MAX 4096  /* of a decoded grpc-message */
#define GRPCMSG_TIMEOUT_MAX 16 /* of a grpc-timeout, NUL included */

/* Cuts received bytes into messages. */
struct grpcmsg {
	uint8_t prefix[GRPCMSG_PREFIX];
	size_t prefix_len;
	uint8_t *buf;	  /* a message that came in pieces */
	size_t len, size; /* used and allocated bytes of it */
	size_t want;	  /* its length, once the prefix is whole */
	size_t max;	  /* largest message allowed */
};

enum grpcmsg_next {
	GRPCMSG_MORE,	    /* all bytes are taken; the message is not whole */
	GRPCMSG_WHOLE,	    /* one message; call again for the rest */
	GRPCMSG_TOO_BIG,    /* longer than max; nothing more can be read */
	GRPCMSG_COMPRESSED, /* compressed though nobody asked for it */
};

/* A message, or bytes that may hold several. */
struct grpcmsg_bytes {
	const uint8_t *data;
	size_t len;
};

void grpcmsg_init(struct grpcmsg *, size_t max);
void grpcmsg_release(struct grpcmsg *);
/*
 * Takes bytes off the front of in until one message is whole and sets
 * msg to it; msg is valid until the next call or the end of the bytes.
 * Memory grows with what has arrived, not with what is announced.
 */
enum grpcmsg_next grpcmsg_next(
    struct grpcmsg *, struct grpcmsg_bytes *in, struct grpcmsg_bytes *msg);
/* True between two messages. */
int grpcmsg_empty(const struct grpcmsg *);

/* A message with its prefix, to be freed by the caller. */
uint8_t *grpcmsg_pack(const ProtobufCMessage *, size_t *len);

/* "250m" or, for what needs more than eight digits, "100000S". */
void grpcmsg_timeout(char[static GRPCMSG_TIMEOUT_MAX], int64_t ms);
/* Value of grpc-status; 2 (UNKNOWN) for anything that is not 0 to 16. */
int grpcmsg_status(const uint8_t *, size_t);
/*
 * Value of grpc-message with %XX decoded; malformed escapes stay as they
 * are, %00 too.  To be freed by the caller; cut off at GRPCMSG_TEXT_MAX.
 */
char *grpcmsg_text(const uint8_t *, size_t);

#endif
