/* apijson.c: framing, events, lists, answers, comparison. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mirrord/apijson.h"

/* Values as they come, one after the other with a bar between. */
struct sink {
	char text[512];
	int stop_after;
};

static int
on_value(void *ctx, const char *data, size_t len)
{
	struct sink *s = ctx;
	size_t n = strlen(s->text);

	(void)snprintf(
	    s->text + n, sizeof(s->text) - n, "%.*s|", (int)len, data);
	return (s->stop_after != 0 && --s->stop_after == 0);
}

static void
test_frame_chunks(void **state)
{
	static const char stream[] =
	    "{\"a\":1}\n {\"b\":\"}{\\\"}\"}\r\n{\"c\":[{},{\"d\":\"\\\\\"}]}"
	    "{}\n\n";
	static const char want[] =
	    "{\"a\":1}|{\"b\":\"}{\\\"}\"}|{\"c\":[{},{\"d\":\"\\\\\"}]}|{}|";
	struct jframe f;
	struct sink s;
	size_t i, k, n;

	(void)state;
	/* Chunks of every size; a chunk may end anywhere. */
	for (n = 1; n <= sizeof(stream); n++) {
		memset(&s, 0, sizeof(s));
		jframe_init(&f, 1000);
		for (i = 0; i < sizeof(stream) - 1; i += k) {
			k = sizeof(stream) - 1 - i < n ? sizeof(stream) - 1 - i
						       : n;
			assert_int_equal(
			    jframe_feed(&f, stream + i, k, on_value, &s), 0);
		}
		assert_string_equal(s.text, want);
		assert_int_equal(f.depth, 0);
		jframe_release(&f);
	}
}

static void
test_frame_errors(void **state)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
		{ "x", EBADMSG },
		{ "{}[]", EBADMSG },
		{ "{}\"a\"", EBADMSG },
		{ "{\"a\":\"0123456789\"}", EMSGSIZE },
		{ "{\"a\":\"01234567890123456789", EMSGSIZE },
	};
	struct jframe f;
	struct sink s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&s, 0, sizeof(s));
		jframe_init(&f, 16);
		errno = 0;
		assert_int_equal(jframe_feed(&f, rows[i].text,
				     strlen(rows[i].text), on_value, &s),
		    -1);
		assert_int_equal(errno, rows[i].error);
		jframe_release(&f);
	}
	memset(&s, 0, sizeof(s));
	s.stop_after = 1;
	jframe_init(&f, 16);
	assert_int_equal(jframe_feed(&f, "{}{}", 4, on_value, &s), -1);
	assert_int_equal(errno, ECANCELED);
	assert_string_equal(s.text, "{}|");
	jframe_release(&f);
}

/* A value in pieces is held up to the limit, and no further. */
static void
test_frame_limit(void **state)
{
	struct jframe f;
	struct sink s = { .stop_after = 0 };
	int i;

	(void)state;
	jframe_init(&f, 16);
	assert_int_equal(jframe_feed(&f, "{\"a\":\"", 6, on_value, &s), 0);
	for (i = 0; i < 10; i++)
		assert_int_equal(jframe_feed(&f, "x", 1, on_value, &s), 0);
	assert_int_equal(jframe_feed(&f, "x", 1, on_value, &s), -1);
	assert_int_equal(errno, EMSGSIZE);
	jframe_release(&f);
}

static void
test_event(void **state)
{
	static const struct {
		const char *text;
		int type; /* -1: refused */
	} rows[] = {
		{ "{\"type\":\"ADDED\",\"object\":{}}", API_ADDED },
		{ "{\"type\":\"MODIFIED\",\"object\":{\"a\":1}}",
		    API_MODIFIED },
		{ "{\"type\":\"DELETED\",\"object\":{}}", API_DELETED },
		{ "{\"type\":\"BOOKMARK\",\"object\":{}}", API_BOOKMARK },
		{ "{\"type\":\"ERROR\",\"object\":{}}", API_ERROR },
		{ "{\"type\":\"added\",\"object\":{}}", -1 },
		{ "{\"type\":1,\"object\":{}}", -1 },
		{ "{\"object\":{}}", -1 },
		{ "{\"type\":\"ADDED\"}", -1 },
		{ "{\"type\":\"ADDED\",\"object\":[]}", -1 },
		{ "[]", -1 },
		{ "{", -1 },
		{ "", -1 },
	};
	struct api_event ev;
	struct err err;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rc = api_event_parse(
		    &ev, rows[i].text, strlen(rows[i].text), &err);
		assert_int_equal(rc, rows[i].type == -1 ? -1 : 0);
		if (rc == -1)
			continue;
		assert_int_equal(ev.type, rows[i].type);
		api_event_release(&ev);
	}
}

static void
test_list(void **state)
{
	static const struct {
		const char *text;
		int items; /* -1: refused */
	} rows[] = {
		{ "{\"metadata\":{\"resourceVersion\":\"7\"},"
		  "\"items\":[{},{}]}",
		    2 },
		{ "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":null}",
		    0 },
		{ "{\"metadata\":{\"resourceVersion\":\"7\"}}", 0 },
		{ "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":{}}",
		    -1 },
		{ "{\"metadata\":{},\"items\":[]}", -1 },
		{ "{\"items\":[]}", -1 },
	};
	struct api_list list;
	struct err err;
	json_t *root;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		root = api_parse(rows[i].text, strlen(rows[i].text), &err);
		assert_non_null(root);
		rc = api_list_parse(&list, root, &err);
		assert_int_equal(rc, rows[i].items == -1 ? -1 : 0);
		if (rc == 0)
			assert_int_equal(
			    json_array_size(list.items), rows[i].items);
		json_decref(root);
	}
}

static void
test_list_too_long(void **state)
{
	json_t *items = json_array();
	json_t *root = json_pack("{s:{s:s},s:o}", "metadata", "resourceVersion",
	    "1", "items", items);
	struct api_list list;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i <= API_ITEMS_MAX; i++)
		(void)json_array_append_new(items, json_null());
	assert_int_equal(api_list_parse(&list, root, &err), -1);
	json_decref(root);
}

static void
test_classify(void **state)
{
	static const struct {
		int code;
		const char *body;
		enum api_class class;
		int64_t after;
		const char *kind;
	} rows[] = {
		{ 0, NULL, API_UNREACHABLE, 0, "" },
		{ 200, NULL, API_OK, 0, "" },
		{ 201, "{\"kind\":\"Pod\",\"reason\":\"x\"}", API_OK, 0, "" },
		{ 400, NULL, API_INVALID, 0, "" },
		{ 401, NULL, API_DENIED, 0, "" },
		{ 403, NULL, API_FORBIDDEN, 0, "" },
		{ 404,
		    "{\"kind\":\"Status\",\"reason\":\"NotFound\","
		    "\"details\":{\"kind\":\"namespaces\"}}",
		    API_NOT_FOUND, 0, "namespaces" },
		{ 409, "{\"kind\":\"Status\",\"reason\":\"AlreadyExists\"}",
		    API_EXISTS, 0, "" },
		{ 409, "{\"kind\":\"Status\",\"reason\":\"Conflict\"}",
		    API_CONFLICT, 0, "" },
		{ 409, NULL, API_CONFLICT, 0, "" },
		/* Only a Status speaks for the API server. */
		{ 409, "{\"kind\":\"Pod\",\"reason\":\"AlreadyExists\"}",
		    API_CONFLICT, 0, "" },
		{ 410, NULL, API_EXPIRED, 0, "" },
		{ 415, NULL, API_INVALID, 0, "" },
		{ 422, NULL, API_INVALID, 0, "" },
		{ 429, NULL, API_BUSY, 0, "" },
		{ 500, NULL, API_BUSY, 0, "" },
		{ 503,
		    "{\"kind\":\"Status\",\"details\":"
		    "{\"retryAfterSeconds\":5}}",
		    API_BUSY, 5, "" },
		{ 503,
		    "{\"kind\":\"Status\",\"details\":"
		    "{\"retryAfterSeconds\":-5}}",
		    API_BUSY, 0, "" },
		{ 302, NULL, API_INVALID, 0, "" },
	};
	struct api_result r;
	json_t *body;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		body = rows[i].body == NULL ? NULL
					    : json_loads(rows[i].body, 0, NULL);
		api_classify(&r, rows[i].code, body);
		if (r.class != rows[i].class)
			fail_msg("row %zu: %s", i, api_class_str(r.class));
		assert_int_equal(r.retry_after_s, rows[i].after);
		assert_string_equal(r.kind, rows[i].kind);
		json_decref(body);
	}
}

static void
test_same(void **state)
{
	static const struct {
		const char *a, *b;
		int same;
	} rows[] = {
		{ "{}", "{\"a\":null,\"b\":\"\",\"c\":[],\"d\":{}}", 1 },
		{ "{\"a\":{\"b\":\"\"}}", "{\"a\":{}}", 1 },
		{ "{\"a\":1}", "{\"a\":1}", 1 },
		{ "{\"a\":1}", "{\"a\":2}", 0 },
		{ "{\"a\":1}", "{}", 0 },
		{ "{}", "{\"a\":1}", 0 },
		{ "{\"a\":false}", "{}", 0 },
		{ "{\"a\":[1,2]}", "{\"a\":[1]}", 0 },
		{ "{\"a\":[1,2]}", "{\"a\":[2,1]}", 0 },
		{ "{\"a\":[{\"x\":\"\"}]}", "{\"a\":[{}]}", 1 },
		{ "{\"a\":{}}", "{\"a\":[1]}", 0 },
		{ "{\"a\":\"1\"}", "{\"a\":1}", 0 },
	};
	json_t *a, *b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a = json_loads(rows[i].a, 0, NULL);
		b = json_loads(rows[i].b, 0, NULL);
		if (json_same(a, b) != rows[i].same ||
		    json_same(b, a) != rows[i].same)
			fail_msg("row %zu", i);
		json_decref(a);
		json_decref(b);
	}
}

static void
test_safe(void **state)
{
	static const struct {
		const char *in;
		size_t max;
		const char *out;
	} rows[] = {
		{ "plain", 10, "plain" },
		{ "cut off", 3, "cut" },
		{ "gr\xc3\xbc\xc3\x9f", 10, "gr\xc3\xbc\xc3\x9f" },
		/* Not in the middle of a character. */
		{ "gr\xc3\xbc\xc3\x9f", 5, "gr\xc3\xbc" },
		{ "a\xff\x62", 10, "a?b" },
		{ "a\xc3", 10, "a?" },
		{ "\xe2\x82", 10, "??" },
		{ "", 10, "" },
	};
	json_t *v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = json_safe(rows[i].in, rows[i].max);
		assert_non_null(v);
		assert_string_equal(json_string_value(v), rows[i].out);
		json_decref(v);
	}
}

static void
test_version(void **state)
{
	(void)state;
	assert_int_equal(api_version_number("0"), 0);
	assert_int_equal(api_version_number("123456789"), 123456789);
	assert_int_equal(api_version_number(""), -1);
	assert_int_equal(api_version_number("12a"), -1);
	assert_int_equal(api_version_number("-1"), -1);
	assert_int_equal(api_version_number("99999999999999999999"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_chunks),
		cmocka_unit_test(test_frame_errors),
		cmocka_unit_test(test_frame_limit),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_too_long),
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_safe),
		cmocka_unit_test(test_version),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
