#include "reconciled/prober/target.h"

#include <arpa/inet.h>
#include <string.h>

#include "reconciled/prober/health.h"

/* What the kinds of handlers have in common. */
struct place {
	const char *scheme, *host, *path;
	int32_t port;
};

static int
place_of(const Tripod__Handler *h, struct place *p, struct err *err)
{
	*p = (struct place){ "http", "", "/", 0 };
	if (h == NULL)
		return (err_set(err, "there is no handler"));
	switch (h->action_case) {
	case TRIPOD__HANDLER__ACTION_HTTP_GET:
		p->host = h->http_get->host;
		p->port = h->http_get->port;
		p->path = h->http_get->path;
		p->scheme = h->http_get->https ? "https" : "http";
		break;
	case TRIPOD__HANDLER__ACTION_TCP_SOCKET:
		p->host = h->tcp_socket->host;
		p->port = h->tcp_socket->port;
		break;
	case TRIPOD__HANDLER__ACTION_GRPC:
		p->port = h->grpc->port;
		p->path = HEALTH_PATH;
		break;
	default:
		return (err_set(err, "a handler of that kind is not for me"));
	}
	if (p->port < 1 || p->port > 65535)
		return (err_set(
		    err, "port must be 1..65535, got %d", (int)p->port));
	return (0);
}

/* The address of a host; NULL if it is none. */
static const char *
address_of(const char *host)
{
	struct in6_addr any;

	if (strcmp(host, "localhost") == 0)
		return ("127.0.0.1");
	if (inet_pton(AF_INET, host, &any) == 1 ||
	    inet_pton(AF_INET6, host, &any) == 1)
		return (host);
	return (NULL);
}

/* A path as a URL may have it: blanks, control and 8-bit bytes escaped. */
static char *
path_escape(struct arena *a, const char *path)
{
	static const char hex[] = "0123456789ABCDEF";
	const unsigned char *s;
	char *out = arena_alloc(a, strlen(path) * 3 + 2), *to = out;

	if (out == NULL)
		return (NULL);
	if (path[0] != '/')
		*to++ = '/';
	for (s = (const unsigned char *)path; *s != '\0'; s++) {
		if (*s > ' ' && *s <= '~') {
			*to++ = (char)*s;
			continue;
		}
		*to++ = '%';
		*to++ = hex[*s >> 4];
		*to++ = hex[*s & 15];
	}
	*to = '\0';
	return (out);
}

int
target_make(struct arena *a, const Tripod__ProbeRequest *req,
    struct target *out, struct err *err)
{
	const char *host, *address;
	struct place p;
	char *path;

	if (place_of(req->handler, &p, err) == -1)
		return (-1);
	host = p.host[0] != '\0' ? p.host : req->address;
	if ((address = address_of(host)) == NULL)
		return (err_set(err,
		    "host must be an IP address or localhost, got \"%.64s\"",
		    host));
	path = path_escape(a, p.path);
	out->address = arena_strdup(a, address);
	if (path == NULL || out->address == NULL)
		return (err_set(err, "the request is too large"));
	out->url = arena_printf(a,
	    strchr(host, ':') != NULL ? "%s://[%s]:%d%s" : "%s://%s:%d%s",
	    p.scheme, host, (int)p.port, path);
	if (out->url == NULL)
		return (err_set(err, "the request is too large"));
	return (0);
}
