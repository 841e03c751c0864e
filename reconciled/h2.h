/*
 * An HTTP/2 client connection without TLS over a Unix stream socket:
 * connecting with back-off, flow control, GOAWAY.  Knows nothing of gRPC.
 *
 * The h2_callbacks are called while received bytes are being digested.
 * They may call h2_request() and h2_reset() but not h2_free().  Nothing
 * blocks; h2_request() and h2_reset() call no callback.
 *
 * RFC 9113; the settings follow runtime.md 1.1.
 */
#ifndef H2_H
#define H2_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#define H2_BACKOFF_MIN_MS 100
#define H2_BACKOFF_MAX_MS 3000
#define H2_OPEN_MS 5000	  /* for the server's SETTINGS to arrive */
#define H2_DRAIN_MS 10000 /* for calls to end after a GOAWAY */

struct h2;

struct h2_header {
	const char *name;
	const char *value;
};

/* Bytes somebody else owns. */
struct h2_bytes {
	const uint8_t *data;
	size_t len;
};

/* How a stream ended. */
enum h2_end {
	H2_END_WHOLE,	/* with the server's END_STREAM */
	H2_END_REFUSED, /* the server has not looked at the request */
	H2_END_RESET,	/* cut off by the server */
	H2_END_LOST	/* with the connection */
};

struct h2_callbacks {
	/* The server's SETTINGS are there: requests may be made. */
	void (*on_up)(void *ctx);
	/*
	 * No requests can be made any more, or an attempt to connect has
	 * failed.  Open streams are ended after it, or, after a GOAWAY, go
	 * on until they end by themselves or H2_DRAIN_MS have passed.
	 */
	void (*on_down)(void *ctx, const char *reason);
	void (*on_header)(void *ctx, int32_t stream, struct h2_bytes name,
	    struct h2_bytes value);
	void (*on_data)(void *ctx, int32_t stream, struct h2_bytes);
	/* The last word on a stream, unless it was reset from this side. */
	void (*on_end)(void *ctx, int32_t stream, enum h2_end);
};

/* Connects to a path, for ever.  NULL: errno ENAMETOOLONG. */
struct h2 *h2_new(struct event_base *, const char *path,
    const struct h2_callbacks *, void *ctx);
/* Takes a connected socket; its loss is final. */
struct h2 *h2_new_fd(
    struct event_base *, int fd, const struct h2_callbacks *, void *ctx);
/* Closes and frees without callbacks; takes NULL. */
void h2_free(struct h2 *);
int h2_is_up(const struct h2 *);

/*
 * Sends a request; takes the body (malloc).  Header strings are copied.
 * Returns the stream, or -1 if there is no connection to carry it.
 */
int32_t h2_request(struct h2 *, const struct h2_header *, size_t n,
    uint8_t *body, size_t body_len);
/* Ends a stream with CANCEL; no callback mentions it again. */
void h2_reset(struct h2 *, int32_t stream);

#endif
