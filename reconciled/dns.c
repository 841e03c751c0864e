#include "reconciled/dns.h"

#include <arpa/inet.h>
#include <string.h>

#include "reconciled/message.h"

#define NAME_MAX_DNS 253

static void
list_init(struct arena *a, struct dns_list *l, size_t max)
{
	l->value = must_alloc(a, max, sizeof(*l->value));
	l->n = 0;
	l->max = max;
}

/* False: no room.  What is there already is not there twice. */
static int
list_add(struct dns_list *l, char *value)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->value[i], value) == 0)
			return (1);
	if (l->n == l->max)
		return (0);
	l->value[l->n++] = value;
	return (1);
}

/* An option of the same name is replaced. */
static int
option_add(struct dns_list *l, char *option)
{
	size_t i, len = strcspn(option, ":");

	for (i = 0; i < l->n; i++) {
		if (strcspn(l->value[i], ":") == len &&
		    memcmp(l->value[i], option, len) == 0) {
			l->value[i] = option;
			return (1);
		}
	}
	if (l->n == l->max)
		return (0);
	l->value[l->n++] = option;
	return (1);
}

int
dns_is_address(const char *s)
{
	struct in6_addr addr;

	return (inet_pton(AF_INET, s, &addr) == 1 ||
	    inet_pton(AF_INET6, s, &addr) == 1);
}

static void
search_add(struct dns_config *c, char *name)
{
	size_t i, len = strlen(name), total = len;

	for (i = 0; i < c->search.n; i++)
		total += strlen(c->search.value[i]) + 1;
	if (len > NAME_MAX_DNS || total > DNS_SEARCH_TEXT_MAX ||
	    !list_add(&c->search, name))
		c->cut = 1;
}

static void
server_add(struct dns_config *c, char *address)
{
	if (dns_is_address(address) && !list_add(&c->server, address))
		c->cut = 1;
}

/* The last "search" of a file counts; a final dot says nothing. */
static void
parse_searches(struct dns_config *c, char *rest)
{
	char *word;
	size_t len;

	c->search.n = 0;
	while ((word = strtok_r(NULL, " \t\r", &rest)) != NULL) {
		len = strlen(word);
		if (word[len - 1] == '.')
			word[len - 1] = '\0';
		if (word[0] != '\0')
			search_add(c, word);
	}
}

static void
parse_line(struct dns_config *c, char *line)
{
	char *rest, *key, *word;

	line[strcspn(line, "#;")] = '\0';
	if ((key = strtok_r(line, " \t\r", &rest)) == NULL)
		return;
	if (strcmp(key, "nameserver") == 0) {
		if ((word = strtok_r(NULL, " \t\r", &rest)) != NULL)
			server_add(c, word);
	} else if (strcmp(key, "search") == 0) {
		parse_searches(c, rest);
	} else if (strcmp(key, "options") == 0) {
		while ((word = strtok_r(NULL, " \t\r", &rest)) != NULL)
			if (!option_add(&c->option, word))
				c->cut = 1;
	}
}

static void
config_init(struct arena *a, struct dns_config *c)
{
	list_init(a, &c->server, DNS_SERVERS_MAX);
	list_init(a, &c->search, DNS_SEARCHES_MAX);
	list_init(a, &c->option, DNS_OPTIONS_MAX);
	c->cut = 0;
}

static void
host_config(struct arena *a, const struct dns_env *env, struct dns_config *c)
{
	char *text, *line, *next;

	config_init(a, c);
	if (env->file == NULL)
		return;
	text = must_strdup(a, env->file);
	for (line = strtok_r(text, "\n", &next); line != NULL;
	     line = strtok_r(NULL, "\n", &next))
		parse_line(c, line);
}

static int
wants_cluster(const Tripod__Pod *pod)
{
	switch (pod->dns_policy) {
	case TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST:
		return (!pod->host_network);
	case TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST_WITH_HOST_NET:
		return (1);
	case TRIPOD__DNS_POLICY__DNS_DEFAULT:
	case TRIPOD__DNS_POLICY__DNS_NONE:
	case _TRIPOD__DNS_POLICY_IS_INT_SIZE:
		break;
	}
	return (0);
}

int
dns_misses_cluster(const struct dns_env *env, const Tripod__Pod *pod)
{
	return (wants_cluster(pod) && env->server.n == 0);
}

int
dns_needs_file(const Tripod__Pod *pod)
{
	return (pod->dns_policy != TRIPOD__DNS_POLICY__DNS_NONE);
}

static void
cluster_config(struct arena *a, const struct dns_env *env,
    const Tripod__Pod *pod, struct dns_config *c)
{
	static char ndots[] = "ndots:5";
	struct dns_config host;
	size_t i;

	host_config(a, env, &host);
	for (i = 0; i < env->server.n; i++)
		server_add(c, env->server.value[i]);
	if (env->domain[0] != '\0') {
		search_add(c,
		    must_printf(a, "%s.svc.%s", pod->namespace_, env->domain));
		search_add(c, must_printf(a, "svc.%s", env->domain));
		search_add(c, must_strdup(a, env->domain));
	}
	for (i = 0; i < host.search.n; i++)
		search_add(c, host.search.value[i]);
	(void)option_add(&c->option, ndots); /* the first one */
}

static void
pod_config(struct arena *a, const Tripod__DnsConfig *d, struct dns_config *c)
{
	size_t i;

	for (i = 0; i < d->n_nameserver; i++)
		server_add(c, d->nameserver[i]);
	for (i = 0; i < d->n_search; i++)
		search_add(c, d->search[i]);
	for (i = 0; i < d->n_option; i++)
		if (!option_add(&c->option,
			must_printf(a, "%s%s%s", d->option[i]->key,
			    d->option[i]->value[0] == '\0' ? "" : ":",
			    d->option[i]->value)))
			c->cut = 1;
}

void
dns_config(struct arena *a, const struct dns_env *env, const Tripod__Pod *pod,
    struct dns_config *out)
{
	config_init(a, out);
	if (wants_cluster(pod) && env->server.n > 0)
		cluster_config(a, env, pod, out);
	else if (dns_needs_file(pod))
		host_config(a, env, out);
	if (pod->dns != NULL)
		pod_config(a, pod->dns, out);
}
