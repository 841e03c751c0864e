/*
 * The whole of mirrord: what main() makes and the link needs.
 */
#ifndef MIRRORD_H
#define MIRRORD_H

#include <event2/event.h>
#include <stdint.h>

#include "common/notify.h"
#include "ipc/peer.h"
#include "mirrord/act.h"
#include "mirrord/cred.h"
#include "mirrord/hostinfo.h"
#include "mirrord/http.h"

/* mirrord.conf(5). */
struct mirrord_conf {
	char *socket;
	char *user;
	char *kubeconfig; /* NULL: stay idle */
	int drift;	  /* enum plan_drift */
	int node;	  /* 0: register, 1: existing */
	int reregister;
	int64_t reregister_delay; /* seconds */
	int64_t lease;		  /* seconds between renewals */
	int64_t rate;		  /* requests per second */
	int64_t patience;	  /* seconds */
	int sandbox;		  /* 0: required, 1: optional */
	int log_level;
};

struct mirrord {
	struct mirrord_conf conf;
	struct event_base *base;
	struct event *ev_refresh; /* of credentials */
	struct event *ev_term, *ev_int;
	struct notify notify;
	struct event *ev_end; /* there is no address: try again later */
	struct peer *peer;
	struct act act;
	int acting; /* act is started */
	struct cred cred;
	struct http_address address;
	struct http *http; /* NULL: nothing to talk to, see idle */
	char idle[ERR_MAX];
	struct hostinfo host;
	char *node; /* from WELCOME */
	int exit_code;
};

/* Ends the loop; the supervisor starts mirrord afresh. */
void mirrord_end(struct mirrord *, int exit_code);

/* peer.c: the link to reconciled. */
/* Takes the connected socket and says HELLO. */
void link_open(struct mirrord *, int fd);
void link_close(struct mirrord *);
void link_mirror(struct mirrord *, const Tripod__MirrorItem *);
void link_api(struct mirrord *, const Tripod__ApiItem *);

/* main.c: once the node's name is known. */
void mirrord_begin(struct mirrord *);

#endif
