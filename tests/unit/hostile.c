#include "tests/unit/hostile.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

#define DAY 86400

struct conn {
	LIST_ENTRY(conn) entry;
	struct hostile *server;
	struct bufferevent *bev;
	struct event *timer;
	int greeted;
};

LIST_HEAD(conn_list, conn);

struct hostile {
	struct event_base *base;
	struct hostile_script script;
	int listener;
	struct event *ev_accept;
	struct conn_list conns;
	SSL_CTX *tls;
	unsigned int now, connections, most;
	char request[HOSTILE_REQUEST];
};

static void
conn_free(struct conn *c)
{
	const struct linger none = { 1, 0 };

	if (c->server->script.reset)
		(void)setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET,
		    SO_LINGER, &none, sizeof(none));
	LIST_REMOVE(c, entry);
	c->server->now--;
	event_free(c->timer);
	bufferevent_free(c->bev);
	free(c);
}

static void
greet(struct conn *c)
{
	const struct hostile_script *s = &c->server->script;
	const struct timeval tv = { 0, s->interval_ms * 1000 };

	c->greeted = 1;
	if (s->first != NULL)
		(void)bufferevent_write(
		    c->bev, s->first, s->len > 0 ? s->len : strlen(s->first));
	if (s->again != NULL)
		(void)event_add(c->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	const struct hostile_script *s = &c->server->script;
	const struct timeval tv = { 0, s->interval_ms * 1000 };

	(void)fd;
	(void)what;
	(void)bufferevent_write(c->bev, s->again, strlen(s->again));
	if (s->interval_ms > 0)
		(void)event_add(c->timer, &tv);
}

/* All has been taken by the kernel. */
static void
on_drained(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	const struct hostile_script *s = &c->server->script;

	(void)bev;
	if (c->greeted && (s->close || s->reset))
		conn_free(c);
	else if (c->greeted && s->again != NULL && s->interval_ms == 0)
		on_timer(-1, 0, c);
}

static void
on_data(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	char *to = c->server->request;
	size_t n = c->greeted ? strlen(to) : 0;
	ssize_t got;

	got = evbuffer_copyout(in, to + n, HOSTILE_REQUEST - 1 - n);
	to[n + (got > 0 ? (size_t)got : 0)] = '\0';
	(void)evbuffer_drain(in, evbuffer_get_length(in));
	if (!c->greeted)
		greet(c);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_free(arg);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct hostile *s = arg;
	struct conn *c = xcalloc(1, sizeof(*c));
	int conn;

	(void)what;
	conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	log_assert(conn != -1);
	c->server = s;
	c->timer = evtimer_new(s->base, on_timer, c);
	c->bev = s->script.tls
	    ? bufferevent_openssl_socket_new(s->base, conn, SSL_new(s->tls),
		  BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE)
	    : bufferevent_socket_new(s->base, conn, BEV_OPT_CLOSE_ON_FREE);
	log_assert(c->timer != NULL && c->bev != NULL);
	LIST_INSERT_HEAD(&s->conns, c, entry);
	s->connections++;
	if (++s->now > s->most)
		s->most = s->now;
	if ((s->script.close || s->script.reset) && s->script.first == NULL) {
		conn_free(c);
		return;
	}
	bufferevent_setcb(c->bev, on_data, on_drained, on_event, c);
	(void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* A certificate that is everything it should not be: own, small, expired. */
static SSL_CTX *
tls_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_RSA_gen(1024);
	X509 *cert = X509_new();

	log_assert(ctx != NULL && key != NULL && cert != NULL);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -2 * DAY);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), -DAY);
	(void)X509_set_pubkey(cert, key);
	log_assert(X509_sign(cert, key, EVP_sha256()) > 0);
	SSL_CTX_set_security_level(ctx, 0);
	log_assert(SSL_CTX_use_certificate(ctx, cert) == 1);
	log_assert(SSL_CTX_use_PrivateKey(ctx, key) == 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return (ctx);
}

struct hostile *
hostile_new(
    struct event_base *base, const struct hostile_script *script, int *port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct hostile *s = xcalloc(1, sizeof(*s));
	socklen_t len = sizeof(addr);

	s->base = base;
	s->script = *script;
	LIST_INIT(&s->conns);
	if (script->tls)
		s->tls = tls_new();
	s->listener = socket(
	    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	log_assert(bind(s->listener, (struct sockaddr *)&addr, len) == 0 &&
	    listen(s->listener, 512) == 0 &&
	    getsockname(s->listener, (struct sockaddr *)&addr, &len) == 0);
	*port = ntohs(addr.sin_port);
	s->ev_accept = event_new(
	    base, s->listener, EV_READ | EV_PERSIST, on_accept, s);
	log_assert(event_add(s->ev_accept, NULL) == 0);
	return (s);
}

void
hostile_free(struct hostile *s)
{
	struct conn *c;

	while ((c = LIST_FIRST(&s->conns)) != NULL)
		conn_free(c);
	event_free(s->ev_accept);
	(void)close(s->listener);
	SSL_CTX_free(s->tls);
	free(s);
}

unsigned int
hostile_connections(const struct hostile *s)
{
	return (s->connections);
}

unsigned int
hostile_most(const struct hostile *s)
{
	return (s->most);
}

const char *
hostile_request(const struct hostile *s)
{
	return (s->request);
}
