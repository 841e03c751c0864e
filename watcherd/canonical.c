#include "watcherd/canonical.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "watcherd/defaults.h"
#include "watcherd/utf8.h"

/* Where text goes; with buf == NULL it is only counted. */
struct sink {
	char *buf;
	size_t len;
};

static void prune_object(const struct type *, struct node *);

static void
prune_value(const struct field *f, struct node *value)
{
	size_t i;

	if (f->json != JSON_OBJECT)
		return;
	if (f->shape == SHAPE_ONE)
		prune_object(f->type, value);
	for (i = 0; value->kind == NODE_LIST && i < value->n; i++)
		prune_object(f->type, value->item[i]);
}

static void
prune_object(const struct type *type, struct node *map)
{
	const struct field *f;
	size_t i, n = 0;

	for (i = 0; map->kind == NODE_MAP && i < map->n; i++) {
		f = type_field(type, map->member[i].key);
		if (f == NULL || (f->flags & FIELD_CLEARED) ||
		    field_is_unset(f, map->member[i].value))
			continue;
		prune_value(f, map->member[i].value);
		map->member[n++] = map->member[i];
	}
	if (map->kind == NODE_MAP)
		map->n = n;
}

void
canonical_prune(const struct type *type, struct node *map)
{
	prune_object(type, map);
}

static void
sink_put(struct sink *s, const char *text, size_t len)
{
	if (s->buf != NULL)
		memcpy(s->buf + s->len, text, len);
	s->len += len;
}

static void
put_string(struct sink *s, const char *text)
{
	static const char raw[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	char escaped[8];
	const char *hit;
	size_t n;

	sink_put(s, "\"", 1);
	for (;; text += n + 1) {
		for (n = 0; (unsigned char)text[n] >= 0x20 &&
		     memcmp(text + n, UTF8_NUL, 1) != 0 && text[n] != '"' &&
		     text[n] != '\\';
		     n++)
			continue;
		sink_put(s, text, n);
		if (text[n] == '\0')
			break;
		if (memcmp(text + n, UTF8_NUL, 1) == 0) {
			sink_put(s, "\\u0000", 6);
			n++;
			continue;
		}
		if ((hit = strchr(raw, text[n])) != NULL) {
			escaped[0] = '\\';
			escaped[1] = letters[hit - raw];
			sink_put(s, escaped, 2);
			continue;
		}
		(void)snprintf(escaped, sizeof(escaped), "\\u%04x",
		    (unsigned int)(unsigned char)text[n]);
		sink_put(s, escaped, 6);
	}
	sink_put(s, "\"", 1);
}

static void put_node(struct sink *, const struct node *);

static void
put_list(struct sink *s, const struct node *list)
{
	size_t i;

	sink_put(s, "[", 1);
	for (i = 0; i < list->n; i++) {
		if (i > 0)
			sink_put(s, ",", 1);
		put_node(s, list->item[i]);
	}
	sink_put(s, "]", 1);
}

static void
put_map(struct sink *s, const struct node *map)
{
	size_t i;

	sink_put(s, "{", 1);
	for (i = 0; i < map->n; i++) {
		if (i > 0)
			sink_put(s, ",", 1);
		put_string(s, map->member[i].key);
		sink_put(s, ":", 1);
		put_node(s, map->member[i].value);
	}
	sink_put(s, "}", 1);
}

static void
put_node(struct sink *s, const struct node *node)
{
	switch (node->kind) {
	case NODE_BAD:
	case NODE_NULL:
		sink_put(s, "null", 4);
		return;
	case NODE_BOOL:
		sink_put(s, node->num ? "true" : "false", node->num ? 4 : 5);
		return;
	case NODE_NUMBER:
		sink_put(s, node->str, node->n);
		return;
	case NODE_STRING:
		put_string(s, node->str);
		return;
	case NODE_LIST:
		put_list(s, node);
		return;
	case NODE_MAP:
		put_map(s, node);
		return;
	}
}

char *
canonical_json(struct arena *arena, const struct node *node, size_t *len)
{
	struct sink count = { NULL, 0 }, out = { NULL, 0 };

	put_node(&count, node);
	if ((out.buf = arena_alloc(arena, count.len + 1)) == NULL)
		return (NULL);
	put_node(&out, node);
	log_assert(out.len == count.len);
	*len = out.len;
	return (out.buf);
}

void
digest_hex(
    const struct digest_part *part, size_t n, char hex[static DIGEST_HEX_SIZE])
{
	unsigned char sum[DIGEST_SIZE];
	EVP_MD_CTX *ctx;
	size_t i;

	if ((ctx = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		fatalx("libcrypto: no SHA-256");
	for (i = 0; i < n; i++) {
		if (EVP_DigestUpdate(ctx, part[i].data, part[i].len) != 1)
			fatalx("libcrypto: SHA-256 failed");
	}
	if (EVP_DigestFinal_ex(ctx, sum, NULL) != 1)
		fatalx("libcrypto: SHA-256 failed");
	EVP_MD_CTX_free(ctx);
	for (i = 0; i < DIGEST_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}

void
digest_init(void)
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(NULL, 0, hex);
}
