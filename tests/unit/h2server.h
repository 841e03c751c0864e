/*
 * A small HTTP/2 server on a Unix socket for tests, on the event loop of
 * the client it serves: one connection at a time, gRPC answers as data,
 * good and bad.
 */
#ifndef H2SERVER_H
#define H2SERVER_H

#include <event2/event.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#define H2SERVER_TEXT 128

/* A request as it has arrived. */
struct h2server_request {
	int32_t stream;
	char method[H2SERVER_TEXT];
	char path[H2SERVER_TEXT];
	char authority[H2SERVER_TEXT];
	char content_type[H2SERVER_TEXT];
	char te[H2SERVER_TEXT];
	char timeout[H2SERVER_TEXT];
	char ns[H2SERVER_TEXT];
	size_t len;    /* of the body */
	uint8_t *body; /* belongs to the server */
};

/* An answer; zero means what a good server does. */
struct h2server_answer {
	const char *http;	  /* "200" */
	const char *content_type; /* "application/grpc" */
	const uint8_t *body;	  /* DATA as it is, prefixes and all */
	size_t len;
	const char *status; /* of grpc-status; NULL: no trailers at all */
	const char *message;
	int trailers_only;
	int rst;	    /* RST_STREAM instead of an end */
	uint32_t rst_error; /* with this code */
	int open;	    /* say nothing more after the body */
};

struct h2server;

typedef void (*h2server_handler)(
    void *ctx, struct h2server *, const struct h2server_request *);

/* Listens at a path; fails the test if that is impossible. */
struct h2server *h2server_new(
    struct event_base *, const char *path, h2server_handler, void *ctx);
/* The same with TCP; port 0 becomes the one that was picked. */
struct h2server *h2server_new_tcp(
    struct event_base *, struct sockaddr_in *, h2server_handler, void *ctx);
void h2server_free(struct h2server *);
/* From now on at most n bytes at a time, each in its own loop turn. */
void h2server_slice(struct h2server *, size_t n);

void h2server_answer(
    struct h2server *, int32_t stream, const struct h2server_answer *);
/* Sends a packed message as the whole of a good answer. */
void h2server_message(
    struct h2server *, int32_t stream, const ProtobufCMessage *);
/* More DATA for a stream that was answered with .open. */
void h2server_more(struct h2server *, int32_t stream, const uint8_t *, size_t);
/* Trailers for it. */
void h2server_end(struct h2server *, int32_t stream, const char *status);
void h2server_goaway(struct h2server *, int32_t last, uint32_t error);
/* Bytes past nghttp2. */
void h2server_raw(struct h2server *, const uint8_t *, size_t);
/* Closes the connection; goes on listening. */
void h2server_drop(struct h2server *);

/* What the client did. */
int h2server_connected(const struct h2server *);
unsigned int h2server_connections(const struct h2server *); /* so far */
/* Error code of the last RST_STREAM; -1: none yet. */
int64_t h2server_reset(const struct h2server *);

#endif
