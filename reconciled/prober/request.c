#include "reconciled/prober/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "common/log.h"
#include "reconciled/prober/target.h"

#define REQUEST_MEMORY_MAX (512 * 1024) /* for what it is made of */

#define ERROR TRIPOD__PROBE_RESULT__OUTCOME__ERROR
#define SUCCESS TRIPOD__PROBE_RESULT__OUTCOME__SUCCESS
#define WARNING TRIPOD__PROBE_RESULT__OUTCOME__WARNING
#define FAILURE TRIPOD__PROBE_RESULT__OUTCOME__FAILURE
#define TIMEOUT TRIPOD__PROBE_RESULT__OUTCOME__TIMEOUT

static int
is_grpc(const struct request *r)
{
	return (r->req->handler->action_case == TRIPOD__HANDLER__ACTION_GRPC);
}

static int
is_http(const struct request *r)
{
	return (
	    r->req->handler->action_case == TRIPOD__HANDLER__ACTION_HTTP_GET);
}

/* --- what curl calls --- */

static curl_socket_t
on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct request *r = arg;
	int fd;

	/*
	 * No SO_LINGER: close(2) would then wait for a pod that does not
	 * answer, and everybody else with it.
	 */
	(void)purpose;
	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    addr->protocol);
	r->no_socket = fd == -1;
	return (fd == -1 ? CURL_SOCKET_BAD : fd);
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct request *r = arg;

	(void)size; /* always 1 */
	r->header_bytes += n;
	if (r->header_bytes > CALL_HEADER_MAX) {
		r->ended = "the header of the answer is too large";
		return (0);
	}
	if (is_grpc(r))
		health_header(&r->health, line, n);
	return (n);
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct request *r = arg;
	size_t max = is_grpc(r) ? sizeof(r->body) : CALL_BODY_MAX;

	(void)size; /* always 1 */
	if (n > max - r->len) {
		/* More of a page would change nothing. */
		r->ended = is_grpc(r) ? "the answer is too large" : "";
		return (CURL_WRITEFUNC_ERROR);
	}
	if (is_grpc(r))
		memcpy(r->body + r->len, data, n);
	r->len += n;
	return (n);
}

/* --- making it --- */

static int
request_fail(struct request *r, const char *text)
{
	(void)snprintf(r->text, sizeof(r->text), "%s", text);
	return (-1);
}

static void
header_add(struct request *r, const char *line)
{
	struct curl_slist *list = curl_slist_append(r->headers, line);

	if (list == NULL)
		fatalx("out of memory");
	r->headers = list;
}

/* What would end the line, or change what the name is. */
static int
header_is_legal(const Tripod__KeyValue *kv)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const unsigned char *s;

	if (kv->key[0] == '\0' || strspn(kv->key, token) != strlen(kv->key))
		return (0);
	for (s = (const unsigned char *)kv->value; *s != '\0'; s++)
		if ((*s < ' ' && *s != '\t') || *s == 0x7f)
			return (0);
	return (1);
}

static int
http_headers(struct request *r, struct arena *a)
{
	const Tripod__HttpGet *get = r->req->handler->http_get;
	const Tripod__KeyValue *kv;
	const char *form;
	char *line;
	size_t i;

	header_add(r, "Connection: close");
	for (i = 0; i < get->n_header; i++) {
		kv = get->header[i];
		if (!header_is_legal(kv))
			return (request_fail(r, "a header is not legal"));
		if (r->plain && strcasecmp(kv->key, "authorization") == 0)
			continue;
		/* curl takes "Name:" for a wish to leave it out. */
		form = kv->value[0] != '\0'		 ? "%s: %s"
		    : strcasecmp(kv->key, "accept") == 0 ? "%s:%s"
							 : "%s;%s";
		line = arena_printf(a, form, kv->key, kv->value);
		if (line == NULL)
			return (request_fail(r, "the headers are too large"));
		header_add(r, line);
	}
	return (0);
}

static int
grpc_prepare(struct request *r, struct arena *a)
{
	uint8_t *body;
	size_t len;

	health_init(&r->health);
	body = health_question(a, r->req->handler->grpc->service, &len);
	if (body == NULL)
		return (request_fail(r, "the request is too large"));
	header_add(r, "Content-Type: application/grpc");
	header_add(r, "TE: trailers");
	header_add(r, "Accept:");
	(void)curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE, (long)len);
	if (curl_easy_setopt(r->easy, CURLOPT_COPYPOSTFIELDS, body) != CURLE_OK)
		fatalx("out of memory");
	(void)curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	return (0);
}

static int
kind_prepare(struct request *r, struct arena *a)
{
	(void)curl_easy_setopt(
	    r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	if (is_grpc(r))
		return (grpc_prepare(r, a));
	if (is_http(r))
		return (http_headers(r, a));
	(void)curl_easy_setopt(r->easy, CURLOPT_CONNECT_ONLY, 1L);
	return (0);
}

/* As the kubelet: whoever answers is asked, certificates are not looked at. */
static void
easy_connection(struct request *r, const char *connect_to)
{
	CURL *e = r->easy;

	r->connect_to = curl_slist_append(NULL, connect_to);
	if (r->connect_to == NULL)
		fatalx("out of memory");
	(void)curl_easy_setopt(e, CURLOPT_CONNECT_TO, r->connect_to);
	(void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(e, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	(void)curl_easy_setopt(
	    e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(
	    e, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
	(void)curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	(void)curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	(void)curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	(void)curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, r);
}

static void
easy_request(struct request *r, int64_t timeout_ms)
{
	CURL *e = r->easy;

	if (curl_easy_setopt(e, CURLOPT_URL, r->url) != CURLE_OK)
		fatalx("out of memory");
	(void)curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	(void)curl_easy_setopt(e, CURLOPT_USERAGENT,
	    r->req->hook ? "kube-lifecycle/" VERSION " (tripod)"
			 : "kube-probe/" VERSION " (tripod)");
	(void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, r->headers);
	(void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
	(void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->error);
}

static int
request_prepare(struct request *r, struct arena *a, const char *url)
{
	struct target target;
	struct err err;
	char *to;

	if (target_make(a, r->req, &target, &err) == -1)
		return (request_fail(r, err.text));
	to = arena_printf(a,
	    strchr(target.address, ':') != NULL ? "::[%s]:" : "::%s:",
	    target.address);
	if (to == NULL)
		return (request_fail(r, "the request is too large"));
	r->url = xstrdup(url != NULL ? url : target.url);
	if ((r->easy = curl_easy_init()) == NULL)
		fatalx("curl_easy_init");
	easy_connection(r, to);
	return (kind_prepare(r, a));
}

int
request_make(struct request *r, const Tripod__ProbeRequest *req,
    const char *url, int64_t timeout_ms)
{
	struct arena arena;
	int rc;

	r->req = req;
	arena_init(&arena, REQUEST_MEMORY_MAX);
	rc = request_prepare(r, &arena, url);
	if (rc == 0)
		easy_request(r, timeout_ms);
	arena_release(&arena);
	if (rc == -1)
		request_release(r);
	return (rc);
}

void
request_release(struct request *r)
{
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->connect_to);
	free(r->url);
	r->easy = NULL;
	r->headers = r->connect_to = NULL;
	r->url = NULL;
	r->header_bytes = r->len = 0;
	r->ended = NULL;
	r->no_socket = 0;
	r->error[0] = '\0';
}

/* --- judging it --- */

/*
 * Without numbers that differ each time: the same trouble must read the
 * same.
 */
static void
text_of_failure(struct request *r, CURLcode rc)
{
	const char *text = r->error[0] != '\0' ? r->error
					       : curl_easy_strerror(rc);
	long number = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &number);
	if (r->ended != NULL)
		text = r->ended;
	else if (rc == CURLE_OPERATION_TIMEDOUT)
		text = "no whole answer in time";
	else if (rc == CURLE_COULDNT_CONNECT && number != 0)
		text = strerror((int)number);
	(void)snprintf(r->text, sizeof(r->text), "%s", text);
}

/*
 * curl has a limit for lines of a header, too, and then says that memory
 * is short.
 */
static int
line_was_too_long(struct request *r, CURLcode rc)
{
	curl_off_t first_byte = 0;

	(void)curl_easy_getinfo(
	    r->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
	if (rc != CURLE_OUT_OF_MEMORY || first_byte == 0)
		return (0);
	r->ended = "a line of the answer's header is too long";
	return (1);
}

/* No whole answer has come. */
static Tripod__ProbeResult__Outcome
judge_transport(struct request *r, CURLcode rc, long status)
{
	int too_long = line_was_too_long(r, rc);

	text_of_failure(r, rc);
	if (too_long)
		return (FAILURE);
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return (TIMEOUT);
	if (r->no_socket || rc == CURLE_OUT_OF_MEMORY ||
	    rc == CURLE_URL_MALFORMAT)
		return (ERROR);
	/* Cut off in its body: the kubelet, too, makes nothing of it. */
	if (is_http(r) && status >= 200 && r->ended == NULL)
		return (ERROR);
	return (FAILURE);
}

/* Whether two URLs name the same host; ports may differ. */
static int
is_same_host(const char *one, const char *two)
{
	CURLU *a = curl_url(), *b = curl_url();
	char *host_a = NULL, *host_b = NULL;
	int same;

	if (a == NULL || b == NULL)
		fatalx("out of memory");
	same = curl_url_set(a, CURLUPART_URL, one, 0) == CURLUE_OK &&
	    curl_url_set(b, CURLUPART_URL, two, 0) == CURLUE_OK &&
	    curl_url_get(a, CURLUPART_HOST, &host_a, 0) == CURLUE_OK &&
	    curl_url_get(b, CURLUPART_HOST, &host_b, 0) == CURLUE_OK &&
	    strcmp(host_a, host_b) == 0;
	curl_free(host_a);
	curl_free(host_b);
	curl_url_cleanup(a);
	curl_url_cleanup(b);
	return (same);
}

static int
is_redirect(long status)
{
	return (status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308);
}

/* runtime.md 5.7: whatever it says. */
static Tripod__ProbeResult__Outcome
judge_hook(struct request *r)
{
	if (!r->plain)
		return (SUCCESS);
	(void)snprintf(r->text, sizeof(r->text),
	    "no TLS is spoken there, HTTP was used instead");
	return (WARNING);
}

static Tripod__ProbeResult__Outcome
judge_http(struct request *r, long status, char **url)
{
	char *to = NULL;

	if (r->req->hook)
		return (judge_hook(r));
	(void)curl_easy_getinfo(r->easy, CURLINFO_REDIRECT_URL, &to);
	if (is_redirect(status) && to != NULL) {
		if (is_same_host(r->url, to)) {
			*url = to;
			return (SUCCESS);
		}
		(void)snprintf(r->text, sizeof(r->text),
		    "redirected to another host: %.256s", to);
		return (WARNING);
	}
	if (status >= 200 && status < 400)
		return (SUCCESS);
	(void)snprintf(r->text, sizeof(r->text),
	    "HTTP probe failed with statuscode: %ld", status);
	return (FAILURE);
}

/* A hook for HTTPS to a server without: once more, with HTTP. */
static int
falls_back(struct request *r, CURLcode rc, char **url)
{
	if (!r->req->hook || r->plain || rc != CURLE_SSL_CONNECT_ERROR ||
	    strncmp(r->url, "https:", 6) != 0)
		return (0);
	r->plain = 1;
	/* One byte shorter: the rest moves, with its end. */
	memmove(r->url + 4, r->url + 5, strlen(r->url + 5) + 1);
	*url = r->url;
	return (1);
}

Tripod__ProbeResult__Outcome
request_judge(struct request *r, CURLcode rc, char **url)
{
	long status = 0;

	r->text[0] = '\0';
	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r->ended != NULL && *r->ended == '\0')
		rc = CURLE_OK; /* it was us who stopped */
	if (falls_back(r, rc, url))
		return (SUCCESS);
	if (is_http(r) && r->req->hook && status >= 200)
		return (judge_hook(r)); /* its body is nobody's business */
	if (rc != CURLE_OK)
		return (judge_transport(r, rc, status));
	if (is_grpc(r))
		return (
		    health_judge(&r->health, status, r->body, r->len, r->text));
	if (is_http(r))
		return (judge_http(r, status, url));
	return (SUCCESS); /* it is connected */
}
