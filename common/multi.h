/*
 * libcurl's transfers, driven by libevent.
 */
#ifndef MULTI_H
#define MULTI_H

#include <curl/curl.h>
#include <event2/event.h>

struct multi;

/* A transfer has ended; it must be removed or freed by the callback. */
typedef void (*multi_done)(CURL *, CURLcode);

/*
 * At most so many connections to a host, and so many are kept for the next
 * transfers; 0: any number, none is kept.  Fatal on failure.
 */
struct multi *multi_new(struct event_base *, long connections, multi_done);
/* All transfers must have been removed; takes NULL. */
void multi_free(struct multi *);

/* Starts a transfer.  Its callback never comes from within. */
void multi_add(struct multi *, CURL *);
/* Ends it, at any time. */
void multi_remove(struct multi *, CURL *);

#endif
