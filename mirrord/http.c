#include "mirrord/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/multi.h"

/* Failures in a row after which pooled connections are not trusted. */
#define HTTP_SUSPECT 2

struct lane {
	struct multi *multi;
	unsigned int failures;
};

LIST_HEAD(call_list, http_call);

struct http {
	struct event_base *base;
	const struct cred *cred;
	char *url; /* "https://host:port/prefix" */
	struct curl_slist *resolve;
	char *host_header; /* NULL: curl's own */
	struct lane lane[HTTP_LANES];
	struct call_list calls;
};

struct http_call {
	LIST_ENTRY(http_call) entry;
	struct lane *lane;
	struct http_request req;
	CURL *easy;
	struct curl_slist *headers;
	struct event *idle;
	struct timeval idle_tv;
	char *buf;
	size_t len, size;
	const char *ended; /* by us: why */
	char error[CURL_ERROR_SIZE];
};

int
http_resolve(
    const struct server *srv, struct http_address *out, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *res, *ai;
	struct in6_addr any;
	char text[NI_MAXHOST];
	size_t len = 0;
	int rc;

	out->text[0] = '\0';
	if (inet_pton(AF_INET, srv->host, &any) == 1 ||
	    inet_pton(AF_INET6, srv->host, &any) == 1)
		return (0);
	rc = getaddrinfo(srv->host, NULL, &hints, &res);
	if (rc != 0)
		return (err_set(err, "%s: %s", srv->host, gai_strerror(rc)));
	for (ai = res; ai != NULL; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text),
			NULL, 0, NI_NUMERICHOST) != 0 ||
		    strchr(text, '%') != NULL ||
		    len + strlen(text) + 4 > sizeof(out->text))
			continue;
		len += (size_t)snprintf(out->text + len,
		    sizeof(out->text) - len,
		    ai->ai_family == AF_INET6 ? "%s[%s]" : "%s%s",
		    len > 0 ? "," : "", text);
	}
	freeaddrinfo(res);
	if (len == 0)
		return (err_set(err, "%s: no usable address", srv->host));
	return (0);
}

/* One of them holds the token. */
static void
headers_free(struct curl_slist *list)
{
	struct curl_slist *h;

	for (h = list; h != NULL; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(list);
}

static void
call_free(struct http_call *c)
{
	LIST_REMOVE(c, entry);
	if (c->idle != NULL)
		event_free(c->idle);
	curl_easy_cleanup(c->easy);
	headers_free(c->headers);
	free(c->req.path);
	free(c->req.body);
	free(c->buf);
	free(c);
}

/* Removing the handle also ends its transfer. */
static void
call_detach(struct http_call *c)
{
	multi_remove(c->lane->multi, c->easy);
}

void
http_cancel(struct http_call *c)
{
	if (c == NULL)
		return;
	call_detach(c);
	call_free(c);
}

static int
is_json(CURL *easy)
{
	static const char json[] = "application/json";
	char *type = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
	return (type != NULL && strncasecmp(type, json, sizeof(json) - 1) == 0);
}

static void
call_end(struct http_call *c, CURLcode rc)
{
	struct http_answer a = { .error = "" };
	curl_off_t after = 0;
	long code = 0;

	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &after);
	if (rc == CURLE_OK && c->ended == NULL) {
		a.code = (int)code;
		a.is_json = is_json(c->easy);
		a.body = c->buf;
		a.len = c->len;
		a.retry_after_s = after;
		c->lane->failures = 0;
	} else {
		c->lane->failures++;
		a.error = c->ended != NULL ? c->ended
		    : c->error[0] != '\0'  ? c->error
					   : curl_easy_strerror(rc);
	}
	call_detach(c);
	c->req.on_done(c->req.ctx, &a);
	call_free(c);
}

static void
on_transfer(CURL *easy, CURLcode rc)
{
	char *ctx = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ctx);
	call_end((struct http_call *)(void *)ctx, rc);
}

/* Sockets are born close-on-exec and give up on a dead peer. */
static curl_socket_t
on_curl_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *addr)
{
	int timeout = HTTP_USER_TIMEOUT_S * 1000, fd;

	(void)ctx;
	if (purpose != CURLSOCKTYPE_IPCXN)
		return (CURL_SOCKET_BAD);
	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    addr->protocol);
	if (fd == -1)
		return (CURL_SOCKET_BAD);
	/* Only a faster failure is lost without it. */
	(void)setsockopt(
	    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	return (fd);
}

static int
call_keep(struct http_call *c, const char *data, size_t len)
{
	if (len > c->req.max - c->len) {
		c->ended = "answer is too large";
		return (-1);
	}
	if (c->len + len > c->size) {
		c->size = c->len + len > c->size * 2 ? c->len + len
						     : c->size * 2;
		c->buf = xreallocarray(c->buf, c->size, 1);
	}
	memcpy(c->buf + c->len, data, len);
	c->len += len;
	return (0);
}

static size_t
on_curl_data(char *data, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	long code = 0;
	int rc;

	(void)size; /* always 1 */
	if (c->idle != NULL)
		(void)event_add(c->idle, &c->idle_tv);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
	if (code == 200 && c->req.on_data != NULL) {
		rc = c->req.on_data(c->req.ctx, data, n);
		if (rc == -1)
			c->ended = "answer makes no sense";
	} else
		rc = call_keep(c, data, n);
	return (rc == -1 ? CURL_WRITEFUNC_ERROR : n);
}

/* An empty line ends the head; a watch may then be silent for long. */
static size_t
on_curl_header(char *data, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	long code = 0;

	(void)size; /* always 1 */
	if (c->req.on_open == NULL || n == 0 ||
	    (data[0] != '\r' && data[0] != '\n'))
		return (n);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
	if (code == 200)
		c->req.on_open(c->req.ctx);
	return (n);
}

/* Nothing came for too long. */
static void
on_idle(evutil_socket_t fd, short what, void *ctx)
{
	struct http_call *c = ctx;

	(void)fd;
	(void)what;
	c->ended = "nothing came for too long";
	call_end(c, CURLE_OPERATION_TIMEDOUT);
}

/* A copy: credentials may be renewed while the request is under way. */
static void
blob_set(CURL *easy, CURLoption option, const struct cred_blob *b)
{
	struct curl_blob blob = { b->data, b->len, CURL_BLOB_COPY };

	if (b->len != 0)
		(void)curl_easy_setopt(easy, option, &blob);
}

static void
easy_tls(CURL *e, const struct cred *cred)
{
	if (cred->kc.insecure) {
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	(void)curl_easy_setopt(
	    e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	(void)curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	blob_set(e, CURLOPT_CAINFO_BLOB, &cred->ca);
	blob_set(e, CURLOPT_SSLCERT_BLOB, &cred->cert);
	blob_set(e, CURLOPT_SSLKEY_BLOB, &cred->key);
}

static void
easy_connection(CURL *e, const struct http *h)
{
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(
	    e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	(void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)HTTP_CONNECT_S);
	(void)curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)HTTP_KEEPALIVE_S);
	(void)curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 5L);
	(void)curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_curl_open);
	(void)curl_easy_setopt(e, CURLOPT_RESOLVE, h->resolve);
}

static void
header_add(struct http_call *c, const char *line)
{
	struct curl_slist *list = curl_slist_append(c->headers, line);

	if (list == NULL)
		fatalx("out of memory");
	c->headers = list;
}

static void
easy_headers(struct http_call *c, const struct http *h)
{
	char *line;

	header_add(c, "Accept: application/json");
	header_add(c, "Expect:"); /* no waiting for "100 Continue" */
	if (h->host_header != NULL)
		header_add(c, h->host_header);
	if (c->req.body != NULL) {
		(void)xasprintf(&line, "Content-Type: %s", c->req.type);
		header_add(c, line);
		free(line);
	}
	if (h->cred->token != NULL) {
		(void)xasprintf(
		    &line, "Authorization: Bearer %s", h->cred->token);
		header_add(c, line);
		explicit_bzero(line, strlen(line));
		free(line);
	}
	(void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static void
easy_request(struct http_call *c, const struct http *h)
{
	CURL *e = c->easy;
	char *url;

	(void)xasprintf(&url, "%s%s", h->url, c->req.path);
	(void)curl_easy_setopt(e, CURLOPT_URL, url); /* copied */
	free(url);
	(void)curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(
	    e, CURLOPT_USERAGENT, "tripod-mirrord/" VERSION " (linux)");
	if (c->req.body != NULL) {
		(void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)strlen(c->req.body));
		(void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->req.body);
	}
	(void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->req.method);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)c->req.timeout_s);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_curl_data);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_curl_header);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	(void)curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	if (c->lane->failures >= HTTP_SUSPECT)
		(void)curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
}

struct http_call *
http_start(struct http *h, const struct http_request *req)
{
	struct http_call *c = xcalloc(1, sizeof(*c));

	c->req = *req;
	c->lane = &h->lane[req->lane];
	if ((c->easy = curl_easy_init()) == NULL)
		fatalx("curl_easy_init");
	LIST_INSERT_HEAD(&h->calls, c, entry);
	easy_connection(c->easy, h);
	easy_tls(c->easy, h->cred);
	easy_headers(c, h);
	easy_request(c, h);
	if (req->idle_s != 0) {
		c->idle_tv.tv_sec = req->idle_s;
		c->idle = event_new(h->base, -1, 0, on_idle, c);
		if (c->idle == NULL || event_add(c->idle, &c->idle_tv) == -1)
			fatalx("event_new");
	}
	multi_add(c->lane->multi, c->easy);
	return (c);
}

/*
 * With tls-server-name the URL carries that name (it is what curl
 * verifies), the address is pinned to it, and Host says the real one.
 */
static void
http_address(struct http *h, const struct http_address *a)
{
	const struct server *srv = &h->cred->server;
	const char *name = srv->host;
	int v6 = strchr(srv->host, ':') != NULL;
	char *entry;

	if (srv->tls && h->cred->kc.tls_name != NULL)
		name = h->cred->kc.tls_name;
	(void)xasprintf(&h->url,
	    strchr(name, ':') != NULL ? "%s://[%s]:%d%s" : "%s://%s:%d%s",
	    srv->tls ? "https" : "http", name, srv->port, srv->prefix);
	if (name != srv->host)
		(void)xasprintf(&h->host_header,
		    v6 ? "Host: [%s]:%d" : "Host: %s:%d", srv->host, srv->port);
	if (a->text[0] != '\0')
		(void)xasprintf(&entry, "%s:%d:%s", name, srv->port, a->text);
	else if (name != srv->host)
		(void)xasprintf(&entry, v6 ? "%s:%d:[%s]" : "%s:%d:%s", name,
		    srv->port, srv->host);
	else
		return;
	h->resolve = curl_slist_append(NULL, entry);
	free(entry);
}

struct http *
http_new(struct event_base *base, const struct cred *cred,
    const struct http_address *address)
{
	struct http *h = xcalloc(1, sizeof(*h));
	size_t i;

	h->base = base;
	h->cred = cred;
	LIST_INIT(&h->calls);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatalx("curl_global_init");
	http_address(h, address);
	for (i = 0; i < HTTP_LANES; i++)
		h->lane[i].multi = multi_new(
		    base, HTTP_CONNECTIONS, on_transfer);
	return (h);
}

void
http_free(struct http *h)
{
	size_t i;

	if (h == NULL)
		return;
	while (!LIST_EMPTY(&h->calls))
		http_cancel(LIST_FIRST(&h->calls));
	for (i = 0; i < HTTP_LANES; i++)
		multi_free(h->lane[i].multi);
	curl_slist_free_all(h->resolve);
	free(h->host_header);
	free(h->url);
	free(h);
	curl_global_cleanup();
}
