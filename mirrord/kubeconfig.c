#include "mirrord/kubeconfig.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "common/mem.h"

/* The parsed document and what error texts need. */
struct doc {
	yaml_document_t yaml;
	const char *name;
	const char *dir;
	struct err *err;
};

enum kind {
	KIND_TEXT,
	KIND_PATH, /* relative to the kubeconfig's folder */
	KIND_BOOL,
	KIND_REFUSED /* not done here */
};

struct key {
	const char *name;
	enum kind kind;
	size_t offset; /* in struct kubeconfig */
	const char *why;
};

#define TEXT(n, m)                                                 \
	{                                                          \
		n, KIND_TEXT, offsetof(struct kubeconfig, m), NULL \
	}
#define PATH(n, m)                                                 \
	{                                                          \
		n, KIND_PATH, offsetof(struct kubeconfig, m), NULL \
	}
#define REFUSED(n, w)                 \
	{                             \
		n, KIND_REFUSED, 0, w \
	}

static const struct key cluster_keys[] = {
	TEXT("server", server),
	PATH("certificate-authority", ca_file),
	TEXT("certificate-authority-data", ca_data),
	TEXT("tls-server-name", tls_name),
	{ "insecure-skip-tls-verify", KIND_BOOL,
	    offsetof(struct kubeconfig, insecure), NULL },
	REFUSED("proxy-url", "mirrord connects directly, not through a proxy"),
};

static const struct key user_keys[] = {
	PATH("client-certificate", cert_file),
	TEXT("client-certificate-data", cert_data),
	PATH("client-key", key_file),
	TEXT("client-key-data", key_data),
	TEXT("token", token),
	PATH("tokenFile", token_file),
	REFUSED("exec",
	    "mirrord may not run programs; use a certificate, "
	    "token or tokenFile"),
	REFUSED("auth-provider",
	    "removed from Kubernetes; use a certificate, "
	    "token or tokenFile"),
	REFUSED("username",
	    "removed from Kubernetes; use a certificate, "
	    "token or tokenFile"),
	REFUSED("password",
	    "removed from Kubernetes; use a certificate, "
	    "token or tokenFile"),
	REFUSED("as", "impersonation is not supported"),
	REFUSED("as-uid", "impersonation is not supported"),
	REFUSED("as-groups", "impersonation is not supported"),
	REFUSED("as-user-extra", "impersonation is not supported"),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int
fail(const struct doc *d, const yaml_node_t *node, const char *text,
    const char *arg)
{
	return (err_set(d->err, "%s:%zu: %s%s%s", d->name,
	    node == NULL ? (size_t)1 : node->start_mark.line + 1, text,
	    arg == NULL ? "" : " ", arg == NULL ? "" : arg));
}

static yaml_node_t *
node_get(struct doc *d, int id)
{
	return (yaml_document_get_node(&d->yaml, id));
}

static const char *
scalar(const yaml_node_t *node)
{
	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return (NULL);
	if (strlen((const char *)node->data.scalar.value) !=
	    node->data.scalar.length)
		return (NULL); /* a NUL inside */
	return ((const char *)node->data.scalar.value);
}

/* A plain empty value, "~" and "null" are YAML's ways to say nothing. */
static int
is_null(const yaml_node_t *node)
{
	const char *s = scalar(node);

	if (s == NULL || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return (0);
	return (*s == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0);
}

/* The value of a key; a key given twice is an error. */
static int
map_get(
    struct doc *d, const yaml_node_t *map, const char *key, yaml_node_t **value)
{
	const yaml_node_pair_t *p;
	const yaml_node_t *k;
	const char *s;

	*value = NULL;
	for (p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
	     p++) {
		k = node_get(d, p->key);
		if ((s = scalar(k)) == NULL || strcmp(s, key) != 0)
			continue;
		if (*value != NULL)
			return (fail(d, k, "given twice:", key));
		*value = node_get(d, p->value);
	}
	if (*value != NULL && is_null(*value))
		*value = NULL;
	return (0);
}

static int
map_get_text(
    struct doc *d, const yaml_node_t *map, const char *key, const char **text)
{
	yaml_node_t *value;

	*text = NULL;
	if (map_get(d, map, key, &value) == -1)
		return (-1);
	if (value == NULL)
		return (0);
	if ((*text = scalar(value)) == NULL)
		return (fail(d, value, "must be text:", key));
	return (0);
}

/* Finds NAME in the list "clusters", "users" or "contexts". */
static int
list_find(struct doc *d, const char *list, const char *inner, const char *name,
    yaml_node_t **found)
{
	yaml_node_t *seq, *entry, *root = yaml_document_get_root_node(&d->yaml);
	const yaml_node_item_t *it;
	const char *have;
	int seen = 0;

	*found = NULL;
	if (map_get(d, root, list, &seq) == -1)
		return (-1);
	if (seq == NULL)
		return (0);
	if (seq->type != YAML_SEQUENCE_NODE)
		return (fail(d, seq, "must be a list:", list));
	for (it = seq->data.sequence.items.start;
	     it < seq->data.sequence.items.top; it++) {
		entry = node_get(d, *it);
		if (entry == NULL || entry->type != YAML_MAPPING_NODE)
			return (fail(d, entry, "must hold mappings:", list));
		if (map_get_text(d, entry, "name", &have) == -1)
			return (-1);
		if (have == NULL || strcmp(have, name) != 0)
			continue;
		if (seen++)
			return (fail(
			    d, entry, "second entry with this name:", name));
		if (map_get(d, entry, inner, found) == -1)
			return (-1);
		if (*found != NULL && (*found)->type != YAML_MAPPING_NODE)
			return (fail(d, *found, "must be a mapping:", inner));
	}
	return (0);
}

static int
bool_parse(const char *s, int *out)
{
	if (strcasecmp(s, "true") == 0)
		*out = 1;
	else if (strcasecmp(s, "false") == 0)
		*out = 0;
	else
		return (-1);
	return (0);
}

static int
key_store(struct doc *d, struct kubeconfig *kc, const struct key *key,
    yaml_node_t *value)
{
	char *member = (char *)kc + key->offset;
	const char *s = scalar(value);
	char *text = NULL;

	if (key->kind == KIND_REFUSED)
		return (err_set(d->err, "%s:%zu: %s is refused: %s", d->name,
		    value->start_mark.line + 1, key->name, key->why));
	if (s == NULL)
		return (fail(d, value, "must be text:", key->name));
	if (key->kind == KIND_BOOL) {
		if (bool_parse(s, (int *)(void *)member) == -1)
			return (fail(
			    d, value, "must be true or false:", key->name));
		return (0);
	}
	if (*s == '\0')
		return (0);
	if (key->kind == KIND_PATH && *s != '/')
		(void)xasprintf(&text, "%s/%s", d->dir, s);
	else
		text = xstrdup(s);
	memcpy(member, &text, sizeof(text));
	return (0);
}

static int
keys_store(struct doc *d, struct kubeconfig *kc, const struct key *keys,
    size_t n, yaml_node_t *map)
{
	yaml_node_t *value;
	size_t i;

	for (i = 0; i < n; i++) {
		if (map_get(d, map, keys[i].name, &value) == -1)
			return (-1);
		if (value != NULL && key_store(d, kc, &keys[i], value) == -1)
			return (-1);
	}
	return (0);
}

/* What client-go calls a configuration error, and what TLS needs. */
static int
consistent(struct doc *d, const struct kubeconfig *kc, yaml_node_t *cluster,
    yaml_node_t *user)
{
	int cert = kc->cert_file != NULL || kc->cert_data != NULL;
	int key = kc->key_file != NULL || kc->key_data != NULL;

	if (kc->server == NULL)
		return (fail(d, cluster, "cluster has no server", NULL));
	if (kc->ca_file != NULL && kc->ca_data != NULL)
		return (fail(d, cluster,
		    "certificate-authority is given as file and as data",
		    NULL));
	if (kc->insecure && (kc->ca_file != NULL || kc->ca_data != NULL))
		return (fail(d, cluster,
		    "insecure-skip-tls-verify contradicts "
		    "certificate-authority",
		    NULL));
	if (kc->cert_file != NULL && kc->cert_data != NULL)
		return (fail(d, user,
		    "client-certificate is given as file and as data", NULL));
	if (kc->key_file != NULL && kc->key_data != NULL)
		return (fail(
		    d, user, "client-key is given as file and as data", NULL));
	if (cert != key)
		return (fail(d, user,
		    cert ? "client-certificate without client-key"
			 : "client-key without client-certificate",
		    NULL));
	return (0);
}

static int
select_context(struct doc *d, struct kubeconfig *kc)
{
	yaml_node_t *root = yaml_document_get_root_node(&d->yaml);
	yaml_node_t *context, *cluster, *user = NULL;
	const char *current, *cluster_name, *user_name;

	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return (fail(d, root, "is not a kubeconfig", NULL));
	if (map_get_text(d, root, "current-context", &current) == -1)
		return (-1);
	if (current == NULL || *current == '\0')
		return (fail(d, root, "current-context is not set", NULL));
	kc->context = xstrdup(current);
	if (list_find(d, "contexts", "context", current, &context) == -1)
		return (-1);
	if (context == NULL)
		return (fail(d, root, "no such context:", current));
	if (map_get_text(d, context, "cluster", &cluster_name) == -1 ||
	    map_get_text(d, context, "user", &user_name) == -1)
		return (-1);
	if (cluster_name == NULL)
		return (fail(d, context, "context has no cluster", NULL));
	if (list_find(d, "clusters", "cluster", cluster_name, &cluster) == -1)
		return (-1);
	if (cluster == NULL)
		return (fail(d, context, "no such cluster:", cluster_name));
	if (keys_store(d, kc, cluster_keys, COUNT(cluster_keys), cluster) == -1)
		return (-1);
	if (user_name != NULL && *user_name != '\0') {
		if (list_find(d, "users", "user", user_name, &user) == -1)
			return (-1);
		if (user == NULL)
			return (fail(d, context, "no such user:", user_name));
		if (keys_store(d, kc, user_keys, COUNT(user_keys), user) == -1)
			return (-1);
	}
	return (consistent(d, kc, cluster, user));
}

/* The document holds keys and tokens. */
static void
doc_wipe(struct doc *d)
{
	yaml_node_t *n;

	for (n = d->yaml.nodes.start; n < d->yaml.nodes.top; n++)
		if (n->type == YAML_SCALAR_NODE)
			explicit_bzero(
			    n->data.scalar.value, n->data.scalar.length);
	yaml_document_delete(&d->yaml);
}

int
kubeconfig_parse(struct kubeconfig *kc, const char *name, const char *dir,
    const uint8_t *text, size_t len, struct err *err)
{
	struct doc d = { .name = name, .dir = dir, .err = err };
	yaml_parser_t parser;
	int rc;

	memset(kc, 0, sizeof(*kc));
	if (len > KUBECONFIG_MAX)
		return (err_set(
		    err, "%s: larger than %d bytes", name, KUBECONFIG_MAX));
	if (!yaml_parser_initialize(&parser))
		return (err_set(err, "%s: out of memory", name));
	yaml_parser_set_input_string(&parser, text, len);
	if (!yaml_parser_load(&parser, &d.yaml)) {
		rc = err_set(err, "%s:%zu: %s", name,
		    parser.problem_mark.line + 1,
		    parser.problem != NULL ? parser.problem : "not YAML");
		yaml_parser_delete(&parser);
		return (rc);
	}
	rc = select_context(&d, kc);
	doc_wipe(&d);
	yaml_parser_delete(&parser);
	if (rc == -1)
		kubeconfig_release(kc);
	return (rc);
}

static void
text_wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
kubeconfig_release(struct kubeconfig *kc)
{
	free(kc->context);
	free(kc->server);
	free(kc->ca_file);
	free(kc->ca_data);
	free(kc->tls_name);
	free(kc->cert_file);
	free(kc->cert_data);
	free(kc->key_file);
	text_wipe(kc->key_data);
	text_wipe(kc->token);
	free(kc->token_file);
	memset(kc, 0, sizeof(*kc));
}

static int
host_parse(struct server *srv, const char **pos)
{
	const char *p = *pos, *end;
	size_t len;

	if (*p == '[') {
		p++;
		if ((end = strchr(p, ']')) == NULL)
			return (-1);
		*pos = end + 1;
	} else {
		end = p + strcspn(p, ":/?#");
		*pos = end;
	}
	len = (size_t)(end - p);
	if (len == 0 || len >= sizeof(srv->host))
		return (-1);
	memcpy(srv->host, p, len);
	srv->host[len] = '\0';
	/* These go into a URL and into a list for curl. */
	for (p = srv->host; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-._:", *p) == NULL)
			return (-1);
	return (0);
}

static int
port_parse(struct server *srv, const char **pos)
{
	char *end;
	long port;

	if (**pos != ':')
		return (0);
	if (!isdigit((unsigned char)(*pos)[1]))
		return (-1);
	errno = 0;
	port = strtol(*pos + 1, &end, 10);
	if (errno != 0 || port < 1 || port > 65535)
		return (-1);
	srv->port = (uint16_t)port;
	*pos = end;
	return (0);
}

static int
prefix_parse(struct server *srv, const char *p)
{
	size_t len = strlen(p), i;

	if (len > 0 && *p != '/')
		return (-1);
	while (len > 0 && p[len - 1] == '/')
		len--;
	if (len >= sizeof(srv->prefix))
		return (-1);
	for (i = 0; i < len; i++)
		if (!isgraph((unsigned char)p[i]) || p[i] == '?' || p[i] == '#')
			return (-1);
	memcpy(srv->prefix, p, len);
	srv->prefix[len] = '\0';
	return (0);
}

int
server_parse(struct server *out, const char *url, struct err *err)
{
	struct server srv = { 0 };
	const char *p = url;

	if (strncasecmp(p, "https://", 8) == 0) {
		srv.tls = 1;
		srv.port = 443;
		p += 8;
	} else if (strncasecmp(p, "http://", 7) == 0) {
		srv.port = 80;
		p += 7;
	} else
		return (
		    err_set(err, "server %s: must begin with https://", url));
	if (host_parse(&srv, &p) == -1 || port_parse(&srv, &p) == -1 ||
	    prefix_parse(&srv, p) == -1)
		return (err_set(err,
		    "server %s: must be https://HOST[:PORT][/PREFIX]", url));
	*out = srv;
	return (0);
}
