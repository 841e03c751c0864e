#include "mirrord/apijson.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"

void
jframe_init(struct jframe *f, size_t max)
{
	memset(f, 0, sizeof(*f));
	f->max = max;
}

void
jframe_release(struct jframe *f)
{
	free(f->buf);
	jframe_init(f, f->max);
}

/* Moves the state over one byte; 1 when it ends a value. */
static int
jframe_step(struct jframe *f, char c)
{
	if (f->in_string) {
		if (f->escaped)
			f->escaped = 0;
		else if (c == '\\')
			f->escaped = 1;
		else if (c == '"')
			f->in_string = 0;
		return (0);
	}
	if (c == '"')
		f->in_string = 1;
	else if (c == '{' || c == '[')
		f->depth++;
	else if ((c == '}' || c == ']') && --f->depth == 0)
		return (1);
	return (0);
}

static int
jframe_keep(struct jframe *f, const char *data, size_t len)
{
	if (len > f->max - f->len) {
		errno = EMSGSIZE;
		return (-1);
	}
	if (f->len + len > f->size) {
		f->size = f->len + len > f->size * 2 ? f->len + len
						     : f->size * 2;
		f->buf = xreallocarray(f->buf, f->size, 1);
	}
	memcpy(f->buf + f->len, data, len);
	f->len += len;
	return (0);
}

/* A whole value: from the buffer if its start came earlier. */
static int
jframe_deliver(
    struct jframe *f, const char *data, size_t len, jframe_fn fn, void *ctx)
{
	int rc;

	if (f->len == 0) {
		if (len > f->max) {
			errno = EMSGSIZE;
			return (-1);
		}
		rc = fn(ctx, data, len);
	} else {
		if (jframe_keep(f, data, len) == -1)
			return (-1);
		rc = fn(ctx, f->buf, f->len);
		/* A large event must not hold memory until the next one. */
		jframe_release(f);
	}
	if (rc != 0) {
		errno = ECANCELED;
		return (-1);
	}
	return (0);
}

static int
is_blank(char c)
{
	return (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

int
jframe_feed(
    struct jframe *f, const char *data, size_t len, jframe_fn fn, void *ctx)
{
	size_t i, start = 0;

	for (i = 0; i < len; i++) {
		if (f->depth == 0) {
			if (is_blank(data[i]))
				continue;
			if (data[i] != '{') {
				errno = EBADMSG;
				return (-1);
			}
			start = i;
		}
		if (!jframe_step(f, data[i]))
			continue;
		if (jframe_deliver(f, data + start, i + 1 - start, fn, ctx) ==
		    -1)
			return (-1);
		start = i + 1;
	}
	if (f->depth == 0)
		return (0);
	return (jframe_keep(f, data + start, len - start));
}

json_t *
api_parse(const char *data, size_t len, struct err *err)
{
	json_error_t why;
	json_t *object;

	/* A user may put NUL into an annotation; that is no error. */
	object = json_loadb(data, len, JSON_ALLOW_NUL, &why);
	if (object == NULL) {
		(void)err_set(err, "not JSON: %s", why.text);
		return (NULL);
	}
	if (!json_is_object(object)) {
		(void)err_set(err, "not a JSON object");
		json_decref(object);
		return (NULL);
	}
	return (object);
}

static const char *const event_names[] = { "ADDED", "MODIFIED", "DELETED",
	"BOOKMARK", "ERROR" };

int
api_event_parse(
    struct api_event *ev, const char *data, size_t len, struct err *err)
{
	json_t *root, *object;
	const char *type;
	size_t i, n = sizeof(event_names) / sizeof(event_names[0]);

	if ((root = api_parse(data, len, err)) == NULL)
		return (-1);
	type = json_text(root, "type");
	object = json_object_get(root, "object");
	for (i = 0; i < n; i++)
		if (type != NULL && strcmp(type, event_names[i]) == 0)
			break;
	if (i == n || !json_is_object(object)) {
		json_decref(root);
		return (err_set(err, "not a watch event"));
	}
	ev->type = (enum api_event_type)i;
	ev->object = json_incref(object);
	json_decref(root);
	return (0);
}

void
api_event_release(struct api_event *ev)
{
	json_decref(ev->object);
	ev->object = NULL;
}

int
api_list_parse(struct api_list *list, const json_t *root, struct err *err)
{
	const json_t *items = json_object_get(root, "items");

	if (items != NULL && !json_is_null(items) && !json_is_array(items))
		return (err_set(err, "items of the list is no array"));
	if (json_array_size(items) > API_ITEMS_MAX)
		return (err_set(
		    err, "list of more than %d objects", API_ITEMS_MAX));
	if (*api_version(root) == '\0')
		return (err_set(err, "list without resourceVersion"));
	list->items = items;
	list->version = api_version(root);
	return (0);
}

const char *
api_version(const json_t *object)
{
	const char *rv = json_text(
	    json_object_get(object, "metadata"), "resourceVersion");

	return (rv == NULL ? "" : rv);
}

int64_t
api_version_number(const char *s)
{
	int64_t n = 0;

	if (*s == '\0' || strlen(s) > 18)
		return (-1);
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return (-1);
		n = n * 10 + (*s - '0');
	}
	return (n);
}

static enum api_class
class_of(int code, const char *reason)
{
	if (code == 0)
		return (API_UNREACHABLE);
	if (code >= 200 && code < 300)
		return (API_OK);
	switch (code) {
	case 401:
		return (API_DENIED);
	case 403:
		return (API_FORBIDDEN);
	case 404:
		return (API_NOT_FOUND);
	case 409:
		return (strcmp(reason, "AlreadyExists") == 0 ? API_EXISTS
							     : API_CONFLICT);
	case 410:
		return (API_EXPIRED);
	case 408:
	case 429:
		return (API_BUSY);
	}
	return (code >= 500 ? API_BUSY : API_INVALID);
}

static void
copy_text(char *out, size_t size, const char *text)
{
	(void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

int64_t
api_retry_after(int64_t s)
{
	if (s < 0)
		return (0);
	return (s < API_RETRY_MAX_S ? s : API_RETRY_MAX_S);
}

void
api_classify(struct api_result *r, int code, const json_t *body)
{
	const json_t *details, *cause, *after;
	const char *kind = json_text(body, "kind");

	memset(r, 0, sizeof(*r));
	r->code = code;
	if (kind != NULL && strcmp(kind, "Status") == 0) {
		details = json_object_get(body, "details");
		cause = json_array_get(json_object_get(details, "causes"), 0);
		after = json_object_get(details, "retryAfterSeconds");
		copy_text(
		    r->reason, sizeof(r->reason), json_text(body, "reason"));
		copy_text(
		    r->message, sizeof(r->message), json_text(body, "message"));
		copy_text(r->kind, sizeof(r->kind), json_text(details, "kind"));
		copy_text(
		    r->cause, sizeof(r->cause), json_text(cause, "reason"));
		copy_text(
		    r->field, sizeof(r->field), json_text(cause, "field"));
		r->retry_after_s = api_retry_after(json_integer_value(after));
	}
	r->class = class_of(code, r->reason);
}

void
api_result_text(const struct api_result *r, char *out, size_t size)
{
	if (r->code == 0)
		copy_text(out, size,
		    r->message[0] != '\0' ? r->message : "no answer");
	else
		(void)snprintf(out, size, "%d%s%s%s%s", r->code,
		    r->reason[0] != '\0' ? " " : "", r->reason,
		    r->message[0] != '\0' ? ": " : "", r->message);
}

const char *api_class_str(enum api_class class)
{
	switch (class) {
	case API_OK:
		return ("ok");
	case API_UNREACHABLE:
		return ("unreachable");
	case API_BUSY:
		return ("busy");
	case API_DENIED:
		return ("denied");
	case API_FORBIDDEN:
		return ("forbidden");
	case API_NOT_FOUND:
		return ("not found");
	case API_EXISTS:
		return ("exists");
	case API_CONFLICT:
		return ("conflict");
	case API_EXPIRED:
		return ("expired");
	case API_INVALID:
		return ("invalid");
	}
	return ("?");
}

char *
json_body(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	log_assert(text != NULL);
	json_decref(object);
	return (text);
}

const char *
json_text(const json_t *object, const char *key)
{
	return (json_string_value(json_object_get(object, key)));
}

/* Length of the UTF-8 sequence that this byte begins; 0: none does. */
static size_t
sequence(unsigned char c)
{
	if (c < 0x80)
		return (1);
	if (c >= 0xc2 && c < 0xe0)
		return (2);
	if (c >= 0xe0 && c < 0xf0)
		return (3);
	if (c >= 0xf0 && c < 0xf5)
		return (4);
	return (0);
}

static size_t
utf8_prefix(const char *s, size_t max)
{
	size_t n = 0, k;

	while (s[n] != '\0') {
		if ((k = sequence((unsigned char)s[n])) == 0)
			k = 1;
		if (n + k > max)
			break;
		if (strnlen(s + n, k) < k)
			k = 1;
		n += k;
	}
	return (n);
}

json_t *
json_safe(const char *s, size_t max)
{
	size_t len = utf8_prefix(s, max), i;
	json_t *v = json_stringn(s, len);
	char *copy;

	if (v != NULL)
		return (v);
	copy = xstrndup(s, len);
	for (i = 0; i < len; i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	v = json_stringn(copy, len);
	free(copy);
	return (v);
}

static int
is_empty(const json_t *v)
{
	return (v == NULL || json_is_null(v) ||
	    (json_is_string(v) && json_string_length(v) == 0) ||
	    (json_is_object(v) && json_object_size(v) == 0) ||
	    (json_is_array(v) && json_array_size(v) == 0));
}

json_t *
json_unconst(const json_t *v)
{
	return ((json_t *)(uintptr_t)v);
}

/* Each member is compared once: depth is the sender's choice. */
static int
members_same(const json_t *a, const json_t *b)
{
	const char *key;
	json_t *v;

	json_object_foreach (json_unconst(a), key, v)
		if (!json_same(v, json_object_get(b, key)))
			return (0);
	json_object_foreach (json_unconst(b), key, v)
		if (json_object_get(a, key) == NULL && !is_empty(v))
			return (0);
	return (1);
}

int
json_same(const json_t *a, const json_t *b)
{
	size_t i, n;

	if (json_is_object(a) && json_is_object(b))
		return (members_same(a, b));
	if (is_empty(a) || is_empty(b))
		return (is_empty(a) && is_empty(b));
	if (json_is_array(a) && json_is_array(b)) {
		if ((n = json_array_size(a)) != json_array_size(b))
			return (0);
		for (i = 0; i < n; i++)
			if (!json_same(
				json_array_get(a, i), json_array_get(b, i)))
				return (0);
		return (1);
	}
	return (json_equal(a, b));
}
