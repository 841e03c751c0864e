/*
 * A server on 127.0.0.1 for tests, on the event loop of the client it
 * serves, that answers with whatever bytes a test wants, at any pace.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <event2/event.h>
#include <stddef.h>

#define HOSTILE_REQUEST 4096

/* What it does with each connection; zero: accept and be silent. */
struct hostile_script {
	const char *first; /* sent once something has been received */
	size_t len;	   /* of first; 0: its strlen */
	const char *again; /* then this, over and over */
	int interval_ms;   /* with pauses; 0: as fast as it is taken */
	int close;	   /* after first; without first: at once */
	int reset;	   /* the same, with a reset */
	int tls;	   /* speaks TLS, with a certificate nobody trusts */
};

struct hostile;

/* Listens on some port, and fails the test if that is impossible. */
struct hostile *hostile_new(
    struct event_base *, const struct hostile_script *, int *port);
void hostile_free(struct hostile *);
/* So far; and the most at one time. */
unsigned int hostile_connections(const struct hostile *);
unsigned int hostile_most(const struct hostile *);
/* Start of what the last client sent. */
const char *hostile_request(const struct hostile *);

#endif
