#include "watcherd/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_MAX 512 /* a longer plain scalar is text */

static const struct {
	const char *word;
	enum scalar_kind kind;
} words[] = {
	{ "", SCALAR_NULL },
	{ "~", SCALAR_NULL },
	{ "null", SCALAR_NULL },
	{ "Null", SCALAR_NULL },
	{ "NULL", SCALAR_NULL },
	{ "y", SCALAR_TRUE },
	{ "Y", SCALAR_TRUE },
	{ "yes", SCALAR_TRUE },
	{ "Yes", SCALAR_TRUE },
	{ "YES", SCALAR_TRUE },
	{ "true", SCALAR_TRUE },
	{ "True", SCALAR_TRUE },
	{ "TRUE", SCALAR_TRUE },
	{ "on", SCALAR_TRUE },
	{ "On", SCALAR_TRUE },
	{ "ON", SCALAR_TRUE },
	{ "n", SCALAR_FALSE },
	{ "N", SCALAR_FALSE },
	{ "no", SCALAR_FALSE },
	{ "No", SCALAR_FALSE },
	{ "NO", SCALAR_FALSE },
	{ "false", SCALAR_FALSE },
	{ "False", SCALAR_FALSE },
	{ "FALSE", SCALAR_FALSE },
	{ "off", SCALAR_FALSE },
	{ "Off", SCALAR_FALSE },
	{ "OFF", SCALAR_FALSE },
};

static int
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

static int
word_find(const char *text, enum scalar_kind *kind)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, text) == 0) {
			*kind = words[i].kind;
			return (1);
		}
	}
	return (0);
}

/* ".inf", ".nan" and their spellings. */
static int
is_not_finite(const char *text)
{
	static const char *const forms[] = { ".inf", ".Inf", ".INF" };
	size_t i;

	if (strcmp(text, ".nan") == 0 || strcmp(text, ".NaN") == 0 ||
	    strcmp(text, ".NAN") == 0)
		return (1);
	if (*text == '-' || *text == '+')
		text++;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(text, forms[i]) == 0)
			return (1);
	}
	return (0);
}

/* Copies without '_'. */
static void
strip(const char *text, char *out)
{
	for (; *text != '\0'; text++) {
		if (*text != '_')
			*out++ = *text;
	}
	*out = '\0';
}

/*
 * An integer with sign and base prefix ("0x", "0o", "0b", or a leading
 * zero for octal) that fits int64_t or uint64_t.
 */
static int
integer_parse(const char *text, char out[static SCALAR_NUMBER_MAX])
{
	const char *digits = text;
	char *end;
	uint64_t value;
	int base = 10, negative = *text == '-';

	if (*digits == '-' || *digits == '+')
		digits++;
	if (digits[0] == '0' && digits[1] != '\0') {
		base = digits[1] == 'x' || digits[1] == 'X' ? 16
		    : digits[1] == 'b' || digits[1] == 'B'  ? 2
							    : 8;
		digits += base != 8 || digits[1] == 'o' || digits[1] == 'O' ? 2
									    : 1;
	}
	/* strtoull would take blanks, another sign or a second prefix. */
	if (strspn(digits, "0123456789abcdefABCDEF") != strlen(digits) ||
	    *digits == '\0')
		return (0);
	errno = 0;
	value = strtoull(digits, &end, base);
	if (errno != 0 || *end != '\0')
		return (0);
	if (negative && value > (uint64_t)INT64_MAX + 1)
		return (0);
	(void)snprintf(out, SCALAR_NUMBER_MAX, "%s%" PRIu64,
	    negative && value != 0 ? "-" : "", value);
	return (1);
}

/* sign? (.digits | digits(.digits*)?) ([eE] sign? digits)? */
static int
is_float(const char *p)
{
	size_t whole, part = 0;

	if (*p == '-' || *p == '+')
		p++;
	whole = strspn(p, "0123456789");
	p += whole;
	if (*p == '.') {
		p++;
		part = strspn(p, "0123456789");
		p += part;
	}
	if (whole + part == 0)
		return (0);
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '-' || *p == '+')
			p++;
		if (!is_digit(*p))
			return (0);
		p += strspn(p, "0123456789");
	}
	return (*p == '\0');
}

/* Writes digits d with the decimal point after "point" of them. */
static void
float_plain(char *out, size_t size, const char *d, int point)
{
	static const char zeros[] = "0000000000000000000000";
	int n = (int)strlen(d);

	if (point <= 0)
		(void)snprintf(out, size, "0.%.*s%s", -point, zeros, d);
	else if (point >= n)
		(void)snprintf(out, size, "%s%.*s", d, point - n, zeros);
	else
		(void)snprintf(out, size, "%.*s.%s", point, d, d + point);
}

static int
float_format(double value, char out[static SCALAR_NUMBER_MAX], struct err *err)
{
	char text[64], digits[32], *p, *e;
	double mag = fabs(value);
	const char *sign = value < 0 ? "-" : "";
	size_t n = 0;
	int prec, exp10;

	if (!isfinite(value))
		return (err_set(err, "number out of range"));
	if (mag == 0) {
		(void)snprintf(
		    out, SCALAR_NUMBER_MAX, "%s0", signbit(value) ? "-" : "");
		return (0);
	}
	for (prec = 0; prec < 17; prec++) {
		(void)snprintf(text, sizeof(text), "%.*e", prec, mag);
		if (strtod(text, NULL) == mag)
			break;
	}
	e = strchr(text, 'e');
	exp10 = (int)strtol(e + 1, NULL, 10);
	for (p = text; p < e; p++) {
		if (is_digit(*p))
			digits[n++] = *p;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	if (mag >= 1e-6 && mag < 1e21) {
		(void)snprintf(out, SCALAR_NUMBER_MAX, "%s", sign);
		float_plain(out + strlen(sign),
		    SCALAR_NUMBER_MAX - strlen(sign), digits, exp10 + 1);
	} else {
		(void)snprintf(out, SCALAR_NUMBER_MAX, "%s%c%s%se%+03d", sign,
		    digits[0], n > 1 ? "." : "", digits + 1, exp10);
	}
	return (0);
}

/* YYYY-M-D, alone or followed by a time: stays text. */
static int
is_date(const char *p)
{
	size_t n;

	if (strspn(p, "0123456789") != 4 || p[4] != '-')
		return (0);
	p += 5;
	n = strspn(p, "0123456789");
	if (n < 1 || n > 2 || p[n] != '-')
		return (0);
	p += n + 1;
	n = strspn(p, "0123456789");
	return (n >= 1 && n <= 2 &&
	    (p[n] == '\0' || p[n] == 'T' || p[n] == 't' || p[n] == ' '));
}

static int
number_resolve(const char *text, struct scalar *out, struct err *err)
{
	char bare[NUMBER_TEXT_MAX];

	if (is_date(text))
		return (0);
	strip(text, bare);
	if (integer_parse(bare, out->number)) {
		out->kind = SCALAR_NUMBER;
		return (0);
	}
	if (!is_float(bare))
		return (0);
	out->kind = SCALAR_NUMBER;
	return (float_format(strtod(bare, NULL), out->number, err));
}

int
scalar_resolve(
    const char *text, size_t len, struct scalar *out, struct err *err)
{
	char first;

	out->kind = SCALAR_STRING;
	if (len >= NUMBER_TEXT_MAX)
		return (0);
	if (word_find(text, &out->kind))
		return (0);
	if (is_not_finite(text))
		return (err_set(err,
		    "%s is a number that JSON cannot say; quote it if it is "
		    "text",
		    text));
	first = *text;
	if (is_digit(first) || first == '-' || first == '+')
		return (number_resolve(text, out, err));
	if (first == '.' && is_float(text)) {
		out->kind = SCALAR_NUMBER;
		return (float_format(strtod(text, NULL), out->number, err));
	}
	return (0);
}

int
scalar_tagged(const char *tag, const char *text, size_t len, struct scalar *out,
    struct err *err)
{
	int is_int, fits = 0;

	if (strcmp(tag, "str") == 0 || strcmp(tag, "timestamp") == 0) {
		out->kind = SCALAR_STRING;
		if (tag[0] == 't' && !is_date(text))
			return (err_set(err, "!!timestamp on no date"));
		return (0);
	}
	if (scalar_resolve(text, len, out, err) == -1)
		return (-1);
	is_int = out->kind == SCALAR_NUMBER &&
	    strpbrk(out->number, ".e") == NULL;
	if (strcmp(tag, "int") == 0)
		fits = is_int;
	else if (strcmp(tag, "float") == 0)
		fits = out->kind == SCALAR_NUMBER;
	else if (strcmp(tag, "bool") == 0)
		fits = out->kind == SCALAR_TRUE || out->kind == SCALAR_FALSE;
	else if (strcmp(tag, "null") == 0)
		fits = out->kind == SCALAR_NULL;
	if (!fits)
		return (
		    err_set(err, "the text does not fit its tag !!%s", tag));
	return (0);
}
