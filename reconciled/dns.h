/*
 * Resolver settings of pods (runtime.md 3.2).  Pure.
 */
#ifndef DNS_H
#define DNS_H

#include "common/conf.h"
#include "common/mem.h"
#include "tripod.pb-c.h"

#define DNS_SERVERS_MAX 3
#define DNS_SEARCHES_MAX 32
#define DNS_SEARCH_TEXT_MAX 2048 /* all of them, with blanks between */
#define DNS_OPTIONS_MAX 32
#define DNS_FILE_MAX (64 * 1024)

/* Texts are borrowed. */
struct dns_list {
	char **value;
	size_t n, max;
};

struct dns_config {
	struct dns_list server, search, option; /* option: "name:value" */
	int cut; /* there was more than the limits allow */
};

struct dns_env {
	struct conf_list server; /* of the cluster */
	const char *domain;	 /* of the cluster, or "" */
	const char *file;	 /* text of the host's resolv.conf, or NULL */
};

/*
 * Fills out from the arena.  All lists empty, as when the host's file says
 * nothing: the runtime copies its own.
 */
void dns_config(struct arena *, const struct dns_env *, const Tripod__Pod *,
    struct dns_config *out);
/* Whether it is an IPv4 or IPv6 address. */
int dns_is_address(const char *);
/* Whether dns_config() would look at the text of the host's file. */
int dns_needs_file(const Tripod__Pod *);
/* Whether the pod wants the cluster's servers and none are configured. */
int dns_misses_cluster(const struct dns_env *, const Tripod__Pod *);

#endif
