#include "mirrord/cred.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

void
cred_blob_release(struct cred_blob *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	free(b->data);
	b->data = NULL;
	b->len = 0;
}

int
base64_decode(const char *text, struct cred_blob *out)
{
	struct cred_blob b = { NULL, 0 };
	EVP_ENCODE_CTX *ctx;
	size_t len = strlen(text);
	int n = 0, last = 0, rc = -1;

	/* OpenSSL takes '-' for the end of a PEM body. */
	if (len > CRED_FILE_MAX * 2 || strchr(text, '-') != NULL)
		return (-1);
	if ((ctx = EVP_ENCODE_CTX_new()) == NULL)
		return (-1);
	b.data = xmalloc(len / 4 * 3 + 4);
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(
		ctx, b.data, &n, (const uint8_t *)text, (int)len) != -1 &&
	    EVP_DecodeFinal(ctx, b.data + n, &last) == 1) {
		b.len = (size_t)(n + last);
		b.data[b.len] = '\0';
		*out = b;
		rc = 0;
	} else
		free(b.data);
	EVP_ENCODE_CTX_free(ctx);
	return (rc);
}

static struct cred_stamp
stamp_of(const struct stat *st)
{
	return ((struct cred_stamp){ .dev = st->st_dev,
	    .ino = st->st_ino,
	    .size = st->st_size,
	    .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 +
		st->st_mtim.tv_nsec });
}

static int
stamp_equal(const struct cred_stamp *a, const struct cred_stamp *b)
{
	return (a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    a->mtime_ns == b->mtime_ns);
}

static ssize_t
read_all(int fd, uint8_t *buf, size_t size)
{
	size_t n = 0;
	ssize_t r;

	while (n < size && (r = read(fd, buf + n, size - n)) != 0) {
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return (-1);
		n += (size_t)r;
	}
	return ((ssize_t)n);
}

/* A FIFO must not make us wait, a device must not be read at all. */
static int
file_read(const char *path, struct cred_blob *out, struct cred_stamp *stamp,
    struct err *err)
{
	struct stat st;
	ssize_t n;
	int fd, rc = -1;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return (err_sys(err, "%s", path));
	if (fstat(fd, &st) == -1)
		(void)err_sys(err, "%s", path);
	else if (!S_ISREG(st.st_mode))
		(void)err_set(err, "%s: not a regular file", path);
	else if (st.st_size > CRED_FILE_MAX)
		(void)err_set(
		    err, "%s: larger than %d bytes", path, CRED_FILE_MAX);
	else {
		cred_blob_release(out);
		out->data = xmalloc(CRED_FILE_MAX + 1);
		n = read_all(fd, out->data, CRED_FILE_MAX);
		out->len = n > 0 ? (size_t)n : 0;
		out->data[out->len] = '\0';
		*stamp = stamp_of(&st);
		if (n == -1)
			(void)err_sys(err, "%s", path);
		else if (n == 0)
			(void)err_set(err, "%s: empty", path);
		else
			rc = 0;
	}
	(void)close(fd); /* only read from */
	return (rc);
}

/* Fills a blob from inline data or a file; neither: left empty. */
static int
blob_load(struct cred *c, struct cred_blob *out, const char *key,
    const char *data, const char *path, struct err *err)
{
	struct cred_source *src;

	if (data != NULL) {
		if (base64_decode(data, out) == -1 || out->len == 0)
			return (
			    err_set(err, "%s: %s is not base64", c->file, key));
		return (0);
	}
	if (path == NULL)
		return (0);
	src = &c->source[c->nsources];
	src->path = path;
	if (file_read(path, out, &src->stamp, err) == -1)
		return (err_prefix(err, "%s: %s", c->file, key));
	c->nsources++;
	return (0);
}

/* A header line is made of it. */
static int
token_set(struct cred *c, const char *text, const char *where, struct err *err)
{
	size_t len, i;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len == 0)
		return (err_set(err, "%s: no token in it", where));
	for (i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]))
			return (err_set(err, "%s: not a token", where));
	if (c->token != NULL)
		explicit_bzero(c->token, strlen(c->token));
	free(c->token);
	c->token = xstrndup(text, len);
	return (0);
}

static int
token_load(struct cred *c, struct err *err)
{
	struct cred_blob b = { NULL, 0 };
	int rc;

	if (c->kc.token_file != NULL) {
		rc = blob_load(c, &b, "tokenFile", NULL, c->kc.token_file, err);
		if (rc == 0)
			rc = token_set(
			    c, (char *)b.data, c->kc.token_file, err);
		cred_blob_release(&b);
		if (rc == 0 || c->kc.token == NULL)
			return (rc);
		log_warnx("%s; the token of %s is used", err->text, c->file);
	}
	if (c->kc.token == NULL)
		return (0);
	return (token_set(c, c->kc.token, c->file, err));
}

static int
no_password(char *buf, int size, int rw, void *ctx)
{
	(void)buf;
	(void)size;
	(void)rw;
	(void)ctx;
	return (-1); /* never ask on a terminal */
}

static X509 *
cert_parse(const struct cred_blob *b)
{
	BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);
	X509 *cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);

	BIO_free(bio);
	return (cert);
}

static EVP_PKEY *
key_parse(const struct cred_blob *b)
{
	BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

	BIO_free(bio);
	return (key);
}

/* Certificate and key belong together and can be used. */
static int
pair_check(struct cred *c, struct err *err)
{
	struct tm tm;
	X509 *cert = cert_parse(&c->cert);
	EVP_PKEY *key = key_parse(&c->key);
	int rc = -1;

	if (cert == NULL)
		(void)err_set(
		    err, "%s: client-certificate is not PEM", c->file);
	else if (key == NULL)
		(void)err_set(err,
		    "%s: client-key is not PEM, or needs a password", c->file);
	else if (X509_check_private_key(cert, key) != 1)
		(void)err_set(err,
		    "%s: client-key does not belong to client-certificate",
		    c->file);
	else {
		if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
			c->not_after_s = (int64_t)timegm(&tm);
		rc = 0;
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return (rc);
}

static int
ca_check(struct cred *c, struct err *err)
{
	X509 *ca = cert_parse(&c->ca);
	int ok = ca != NULL;

	X509_free(ca);
	ERR_clear_error();
	if (!ok)
		return (err_set(
		    err, "%s: certificate-authority is not PEM", c->file));
	return (0);
}

static int
ca_load(struct cred *c, struct err *err)
{
	const char *system = X509_get_default_cert_file();
	static const char debian[] = "/etc/ssl/certs/ca-certificates.crt";
	struct cred_stamp stamp;

	if (c->kc.ca_file == NULL && c->kc.ca_data == NULL) {
		if (access(debian, R_OK) == 0)
			system = debian;
		return (file_read(system, &c->ca, &stamp, err));
	}
	if (blob_load(c, &c->ca, "certificate-authority", c->kc.ca_data,
		c->kc.ca_file, err) == -1)
		return (-1);
	return (ca_check(c, err));
}

/* Everything that the kubeconfig names; fills the blobs of c. */
static int
secrets_load(struct cred *c, struct err *err)
{
	const struct kubeconfig *kc = &c->kc;

	if (!c->server.tls)
		return (0); /* client-go sends no credentials then */
	if (!kc->insecure && ca_load(c, err) == -1)
		return (-1);
	if (blob_load(c, &c->cert, "client-certificate", kc->cert_data,
		kc->cert_file, err) == -1 ||
	    blob_load(c, &c->key, "client-key", kc->key_data, kc->key_file,
		err) == -1)
		return (-1);
	if (c->cert.len != 0 && pair_check(c, err) == -1)
		return (-1);
	return (token_load(c, err));
}

static void
secrets_release(struct cred *c)
{
	cred_blob_release(&c->ca);
	cred_blob_release(&c->cert);
	cred_blob_release(&c->key);
	if (c->token != NULL)
		explicit_bzero(c->token, strlen(c->token));
	free(c->token);
	c->token = NULL;
}

static int
config_load(struct cred *c, struct err *err)
{
	struct cred_blob text = { NULL, 0 };
	struct cred_source *src = &c->source[c->nsources];
	char *dir, *slash;
	int rc;

	src->path = c->file;
	if (file_read(c->file, &text, &src->stamp, err) == -1) {
		cred_blob_release(&text);
		return (-1);
	}
	c->nsources++;
	dir = xstrdup(c->file);
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	rc = kubeconfig_parse(&c->kc, c->file, slash == NULL ? "." : dir,
	    text.data, text.len, err);
	free(dir);
	cred_blob_release(&text);
	if (rc == 0 && server_parse(&c->server, c->kc.server, err) == -1)
		rc = err_prefix(err, "%s", c->file);
	return (rc);
}

int
cred_load(struct cred *c, const char *file, struct err *err)
{
	memset(c, 0, sizeof(*c));
	c->file = xstrdup(file);
	c->warned_days = 31;
	c->as_root = geteuid() == 0;
	if (config_load(c, err) == -1 || secrets_load(c, err) == -1) {
		cred_release(c);
		return (-1);
	}
	if (c->kc.insecure)
		log_warnx("%s: insecure-skip-tls-verify: anybody can pretend "
			  "to be the API server",
		    file);
	if (!c->server.tls)
		log_warnx(
		    "%s: server is not https: no credentials are sent", file);
	return (0);
}

void
cred_release(struct cred *c)
{
	secrets_release(c);
	kubeconfig_release(&c->kc);
	free(c->file);
	memset(c, 0, sizeof(*c));
}

static void
secrets_take(struct cred *c, struct cred *fresh)
{
	secrets_release(c);
	c->ca = fresh->ca;
	c->cert = fresh->cert;
	c->key = fresh->key;
	c->token = fresh->token;
	c->not_after_s = fresh->not_after_s;
	c->warned_days = 31;
	memcpy(c->source, fresh->source, sizeof(c->source));
}

/* The files changed; reads all of them into a copy and takes that over. */
static enum cred_change
reload(struct cred *c)
{
	struct cred fresh = {
		.file = c->file, .kc = c->kc, .server = c->server, .nsources = 1
	};
	struct err err = { "" };
	size_t i;

	fresh.source[0] = c->source[0];
	errno = 0;
	if (secrets_load(&fresh, &err) == 0 && fresh.nsources == c->nsources) {
		secrets_take(c, &fresh);
		log_info("credentials renewed");
		return (CRED_NEW);
	}
	secrets_release(&fresh);
	for (i = 1; c->as_root && i < c->nsources; i++)
		if (access(c->source[i].path, F_OK) == 0 &&
		    access(c->source[i].path, R_OK) == -1) {
			log_info("%s was renewed but cannot be read without "
				 "privilege: starting afresh",
			    c->source[i].path);
			return (CRED_RESTART);
		}
	log_warnx("renewed credentials are not usable, keeping the old: %s",
	    err.text);
	return (CRED_SAME);
}

enum cred_change
cred_refresh(struct cred *c)
{
	struct cred_stamp stamp;
	struct stat st;
	int changed = 0;
	size_t i;

	for (i = 0; i < c->nsources; i++) {
		if (stat(c->source[i].path, &st) == -1)
			continue; /* being replaced, or out of reach */
		stamp = stamp_of(&st);
		if (stamp_equal(&stamp, &c->source[i].stamp))
			continue;
		/* Broken or not, it is looked at once. */
		c->source[i].stamp = stamp;
		if (i == 0) {
			log_info("%s has changed: starting afresh", c->file);
			return (CRED_RESTART);
		}
		changed = 1;
	}
	return (changed ? reload(c) : CRED_SAME);
}

int64_t
cred_refresh_s(const struct cred *c)
{
	if (c->nsources == 0)
		return (0);
	return (c->kc.token_file != NULL ? CRED_TOKEN_S : CRED_CERT_S);
}

void
cred_check_expiry(struct cred *c, int64_t now_s)
{
	static const int days[] = { 0, 1, 7, 30 };
	size_t i;

	if (c->not_after_s == 0)
		return;
	for (i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		if (c->not_after_s - now_s > (int64_t)days[i] * 86400)
			continue;
		if (c->warned_days <= days[i])
			return;
		c->warned_days = days[i];
		if (days[i] == 0)
			log_warnx("the client certificate has expired");
		else
			log_warnx("the client certificate expires in less "
				  "than %d days",
			    days[i]);
		return;
	}
}

size_t
cred_folders(const struct cred *c, int fd[CRED_SOURCES])
{
	char *dir, *slash;
	size_t i, n = 0;

	/* The kubeconfig itself is read once: its change means a restart. */
	for (i = 1; i < c->nsources; i++) {
		dir = xstrdup(c->source[i].path);
		if ((slash = strrchr(dir, '/')) != NULL)
			slash[slash == dir] = '\0';
		fd[n++] = open(slash == NULL ? "." : dir,
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
		free(dir);
	}
	return (n);
}
