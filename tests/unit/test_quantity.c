/*
 * Quantities and what images say about pulling.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "watcherd/image.h"
#include "watcherd/quantity.h"

/* canonical NULL: refused. */
static const struct {
	const char *text, *canonical;
	int64_t whole;
} rows[] = {
	{ "0", "0", 0 },
	{ ".", "0", 0 },
	{ "Ki", "0", 0 },
	{ "+", "0", 0 },
	{ "1", "1", 1 },
	{ "1000m", "1", 1 },
	{ "0.5", "500m", 1 },
	{ "1.5", "1500m", 2 },
	{ "1500000", "1500k", 1500000 },
	{ "1024Ki", "1Mi", 1048576 },
	{ "0.5Gi", "512Mi", 536870912 },
	{ "1024", "1024", 1024 },
	{ "100m", "100m", 1 },
	{ "1536Mi", "1536Mi", 1610612736 },
	{ "0.5Ki", "512", 512 },
	{ "0.3Ki", "307200m", 308 },
	{ "1e3", "1e3", 1000 },
	{ "1E3", "1e3", 1000 },
	{ "12e-1", "1200e-3", 2 },
	{ "1E", "1E", 1000000000000000000 },
	{ "64Mi", "64Mi", 67108864 },
	{ " 1Gi ", "1Gi", 1073741824 },
	{ "-1", "-1", -1 },
	{ "-1.5Gi", "-1536Mi", -1610612736 },
	{ "0.0001", "100u", 1 },
	{ "0.1n", "1n", 1 },
	{ "1n", "1n", 1 },
	{ "0.0000000001", "1n", 1 },
	{ "1k", "1k", 1000 },
	{ "2000k", "2M", 2000000 },
	{ "100Ei", "9223372036854775807", INT64_MAX },
	{ "99999999999999999999", "99999999999999999999", INT64_MAX },
	{ "+1", "1", 1 },
	{ "-0", "0", 0 },
	{ "-.", "0", 0 },
	{ "m", "0", 0 },
	{ "-Ki", "0", 0 },
	{ "1.", "1", 1 },
	{ ".5", "500m", 1 },
	{ "00.50", "500m", 1 },
	{ "1e+3", "1e3", 1000 },
	{ "1e-3", "1e-3", 1 },
	{ "1E-3", "1e-3", 1 },
	{ "1e4", "10e3", 10000 },
	{ "-1e3", "-1e3", -1000 },
	{ "0.1E", "100P", 100000000000000000 },
	{ "1000E", "1000E", INT64_MAX },
	{ "1023", "1023", 1023 },
	{ "1Ki", "1Ki", 1024 },
	{ "0.9Ki", "921600m", 922 },
	{ "1.5Ki", "1536", 1536 },
	{ "2.5Mi", "2560Ki", 2621440 },
	{ "1.0001Ki", "1024102400u", 1025 },
	{ "-1Ki", "-1Ki", -1024 },
	{ "-0.1n", "-1n", -1 },
	{ "7.9999999991", "8", 8 },
	{ "8Ei", "9223372036854775807", INT64_MAX },
	{ "7Ei", "7Ei", 8070450532247928832 },
	{ "-8Ei", "-9223372036854775807", -INT64_MAX },
	{ "9223372036854775807", "9223372036854775807", INT64_MAX },
	{ "1e18", "1e18", 1000000000000000000 },
	{ "\t1\n", "1", 1 },
	{ "1e99999999999999999999", NULL, 0 },
	{ "1m5", NULL, 0 },
	{ "1i", NULL, 0 },
	{ "1ki", NULL, 0 },
	{ "1KI", NULL, 0 },
	{ "1mm", NULL, 0 },
	{ "+-1", NULL, 0 },
	{ "1-", NULL, 0 },
	{ "1e1.5", NULL, 0 },
	{ "1e1e1", NULL, 0 },
	{ "1_000", NULL, 0 },
	{ "a", NULL, 0 },
	{ "inf", NULL, 0 },
	{ "", NULL, 0 },
	{ " ", NULL, 0 },
	{ "e", NULL, 0 },
	{ "1e", NULL, 0 },
	{ "1K", NULL, 0 },
	{ "1mi", NULL, 0 },
	{ "1GB", NULL, 0 },
	{ "1GiB", NULL, 0 },
	{ "1.2.3", NULL, 0 },
	{ "1,5", NULL, 0 },
	{ "1 Gi", NULL, 0 },
	{ "0x10", NULL, 0 },
	{ "1e3Mi", NULL, 0 },
	{ "--1", NULL, 0 },
	{ "1e+", NULL, 0 },
};

static void
test_text(void **state)
{
	char text[QUANTITY_TEXT_MAX];
	struct quantity q;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].canonical == NULL) {
			assert_int_equal(
			    quantity_parse(rows[i].text, &q, &err), -1);
			continue;
		}
		if (quantity_parse(rows[i].text, &q, &err) == -1)
			fail_msg("\"%s\": %s", rows[i].text, err.text);
		quantity_format(&q, text);
		assert_string_equal(text, rows[i].canonical);
		assert_int_equal(quantity_whole(&q), rows[i].whole);
	}
}

/* The canonical text of a canonical text is itself. */
static void
test_stable(void **state)
{
	char once[QUANTITY_TEXT_MAX], twice[QUANTITY_TEXT_MAX];
	struct quantity q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].canonical == NULL)
			continue;
		assert_int_equal(
		    quantity_parse(rows[i].canonical, &q, NULL), 0);
		quantity_format(&q, once);
		assert_int_equal(quantity_parse(once, &q, NULL), 0);
		quantity_format(&q, twice);
		assert_string_equal(once, twice);
	}
}

static void
test_large(void **state)
{
	char text[QUANTITY_TEXT_MAX];
	struct quantity a, b;

	(void)state;
	assert_int_equal(quantity_parse("1e100", &a, NULL), 0);
	assert_int_equal(quantity_parse("1e1000000000", &b, NULL), 0);
	assert_int_equal(quantity_compare(&a, &b), 0);
	assert_int_equal(quantity_whole(&a), INT64_MAX);
	quantity_format(&a, text);
	quantity_add(&a, &b);
	assert_int_equal(quantity_compare(&a, &b), 0);
	assert_int_equal(quantity_parse("1e-1000000000", &a, NULL), 0);
	quantity_format(&a, text);
	assert_string_equal(text, "1e-9");
}

/* Sums are made before anybody looks whether they are negative. */
static void
test_sums(void **state)
{
	static const char *const texts[] = { "1e100", "-1e100" };
	struct quantity sum, one;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(quantity_parse(texts[i], &one, NULL), 0);
		sum = one;
		for (j = 0; j < 64; j++) {
			quantity_add(&sum, &one);
			assert_int_equal(quantity_compare(&sum, &one), 0);
		}
	}
}

static void
test_round(void **state)
{
	static const struct {
		const char *text, *rounded;
	} r[] = { { "0.0001", "1m" }, { "-0.0001", "-1m" },
		{ "1.5001", "1501m" }, { "100u", "1m" }, { "1", "1" } };
	char text[QUANTITY_TEXT_MAX];
	struct quantity q;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		assert_int_equal(quantity_parse(r[i].text, &q, NULL), 0);
		quantity_round(&q, 1000000);
		quantity_format(&q, text);
		assert_string_equal(text, r[i].rounded);
	}
}

/* One text for each value, and the same value for that text. */
static void
test_settle(void **state)
{
	static const struct {
		const char *text, *settled;
	} r[] = {
		{ "0", "0" },
		{ "0Ki", "0" },
		{ "1024", "1Ki" },
		{ "1Ki", "1Ki" },
		{ "1.024k", "1Ki" },
		{ "1024e0", "1Ki" },
		{ "1073741824", "1Gi" },
		{ "0.5Ki", "512" },
		{ "1000Ki", "1000Ki" },
		{ "1024k", "1000Ki" },
		{ "1M", "1M" },
		{ "1e6", "1M" },
		{ "1e3", "1k" },
		{ "0.5", "500m" },
		{ "5e-1", "500m" },
		{ "-2048", "-2Ki" },
		{ "1Ei", "1Ei" },
		{ "1152921504606846976", "1Ei" },
		{ "9223372036854774784", "9007199254740991Ki" },
		{ "9223372036854775808", "9223372036854775808" },
		{ "1e28", "10000000000E" },
		{ "1e40", "20000000000E" },
		{ "20000000000000000000000000000.1", "20000000000E" },
		{ "12345678901234567890123456789.123456789",
		    "12345678901234567890123456789123456789n" },
		{ "19999999999999999999999999999.999999999",
		    "19999999999999999999999999999999999999n" },
		{ "19999999999999999999999999999.9999999999", "20000000000E" },
		{ "1180591620717411303424", "1180591620717411303424" },
	};
	char text[QUANTITY_TEXT_MAX];
	struct quantity q, again;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		assert_int_equal(quantity_parse(r[i].text, &q, NULL), 0);
		quantity_settle(&q);
		quantity_format(&q, text);
		assert_string_equal(text, r[i].settled);
		assert_int_equal(quantity_parse(text, &again, NULL), 0);
		assert_int_equal(quantity_compare(&q, &again), 0);
	}
}

#define HEX64                              \
	"0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef"

static void
test_images(void **state)
{
	static const struct {
		const char *image, *policy;
	} r[] = {
		{ "x", "Always" },
		{ "x:latest", "Always" },
		{ "x:1", "IfNotPresent" },
		{ "localhost:5000", "IfNotPresent" },
		{ "localhost:5000/x", "Always" },
		{ "localhost/bb:1", "IfNotPresent" },
		{ "UPPER/x", "Always" },
		{ "x/UPPER", "IfNotPresent" },
		{ "x:", "IfNotPresent" },
		{ "x@sha256:" HEX64, "IfNotPresent" },
		{ "x:latest@sha256:" HEX64, "Always" },
		{ "x:latest@sha256:beef", "IfNotPresent" },
		{ HEX64, "IfNotPresent" },
		{ HEX64 "a", "Always" },
		{ "docker.io/library/x:1", "IfNotPresent" },
		{ "a.test/x_y/z--1", "Always" },
		{ "a.test/x___y", "IfNotPresent" },
		{ "", "IfNotPresent" },
		{ "/", "IfNotPresent" },
		{ "a//b", "IfNotPresent" },
		{ "a.b:x/c", "IfNotPresent" },
		{ "-a.b/c", "IfNotPresent" },
		{ "x:-a", "IfNotPresent" },
		{ "[::1]:5000/x", "Always" },
		{ "[::1]/x", "Always" },
		{ "[::1]:/x", "IfNotPresent" },
		{ "[::1]a/x", "IfNotPresent" },
		{ "[]/x:y", "IfNotPresent" },
		{ "[::1/x", "IfNotPresent" },
		{ "[::g]/x", "IfNotPresent" },
		{ "x@sha1:" HEX64, "IfNotPresent" },
		{ "x:latest@sha1:" HEX64, "IfNotPresent" },
		{ "x:latest@sha512:" HEX64 HEX64, "Always" },
		{ "x:latest@sha512:" HEX64, "IfNotPresent" },
		{ "LOCALHOST/x", "Always" },
		{ "localhost/x", "Always" },
		{ "a.b", "Always" },
		{ "a..b", "IfNotPresent" },
		{ "a__b", "Always" },
		{ "a.test:80/x", "Always" },
		{ "a.test:80", "IfNotPresent" },
		{ "x:LATEST", "IfNotPresent" },
		{ "x:latest-1", "IfNotPresent" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(r) / sizeof(r[0]); i++)
		assert_string_equal(image_pull_policy(r[i].image), r[i].policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_images),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
