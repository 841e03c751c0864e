#include "watcherd/scalar.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_MAX 512 /* a longer plain scalar is text */
#define DIGITS_MAX 32
#define FLOAT_TEXT_MAX 64

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
		if (*words[i].word == *text &&
		    strcmp(words[i].word, text) == 0) {
			*kind = words[i].kind;
			return (1);
		}
	}
	return (0);
}

/* ".inf", ".nan" and their spellings. */
static int
not_finite(const char *text, double *out)
{
	static const char *const forms[] = { ".inf", ".Inf", ".INF" };
	size_t i;

	*out = NAN;
	if (strcmp(text, ".nan") == 0 || strcmp(text, ".NaN") == 0 ||
	    strcmp(text, ".NAN") == 0)
		return (1);
	*out = *text == '-' ? -INFINITY : INFINITY;
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
 * zero for octal) that fits int64_t, or uint64_t without a sign.
 */
static int
integer_parse(const char *text, struct scalar *out)
{
	const char *digits = text;
	char *end;
	int base = 10;

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
	out->magnitude = strtoull(digits, &end, base);
	if (errno != 0 || *end != '\0')
		return (0);
	if (*text == '-' && out->magnitude > (uint64_t)INT64_MAX + 1)
		return (0);
	if (*text == '+' && out->magnitude > (uint64_t)INT64_MAX)
		return (0);
	out->negative = *text == '-' && out->magnitude > 0;
	out->kind = SCALAR_INTEGER;
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

/* Too large a float stays text. */
static void
float_parse(const char *text, struct scalar *out)
{
	if (!is_float(text))
		return;
	out->real = strtod(text, NULL);
	if (isfinite(out->real))
		out->kind = SCALAR_FLOAT;
}

/* Does each '_' stand between digits? */
static int
strips_digits(const char *text)
{
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (*p == '_' &&
		    (p == text || !is_digit(p[-1]) || !is_digit(p[1])))
			return (0);
	}
	return (1);
}

static void
number_parse(const char *text, const char *bare, struct scalar *out)
{
	if (!is_date(text) && !integer_parse(bare, out))
		float_parse(bare, out);
}

void
scalar_resolve(const char *text, size_t len, struct scalar *out)
{
	char bare[NUMBER_TEXT_MAX];

	memset(out, 0, sizeof(*out)); /* a STRING */
	if (len >= NUMBER_TEXT_MAX || strlen(text) != len)
		return;
	if (strchr("~nNyYtTfFoO", *text) != NULL && word_find(text, &out->kind))
		return;
	if (memchr(".+-", *text, 3) != NULL && not_finite(text, &out->real)) {
		out->kind = SCALAR_FLOAT;
		return;
	}
	if (!is_digit(*text) && memchr(".+-", *text, 3) == NULL)
		return;
	strip(text, bare);
	if (*text != '.')
		number_parse(text, bare, out);
	else if (strips_digits(text))
		float_parse(bare, out);
}

/* Only those within int64_t. */
static void
integer_to_float(struct scalar *s)
{
	if (!s->negative && s->magnitude > INT64_MAX)
		return;
	s->kind = SCALAR_FLOAT;
	s->real = s->negative ? -(double)s->magnitude : (double)s->magnitude;
}

int
scalar_tagged(const char *tag, const char *text, size_t len, struct scalar *out,
    struct err *err)
{
	int fits;

	scalar_resolve(text, len, out);
	if (strcmp(tag, "int") == 0)
		fits = out->kind == SCALAR_INTEGER;
	else if (strcmp(tag, "float") == 0) {
		if (out->kind == SCALAR_INTEGER)
			integer_to_float(out);
		fits = out->kind == SCALAR_FLOAT;
	} else if (strcmp(tag, "bool") == 0)
		fits = out->kind == SCALAR_TRUE || out->kind == SCALAR_FALSE;
	else if (strcmp(tag, "null") == 0)
		fits = out->kind == SCALAR_NULL;
	else {
		memset(out, 0, sizeof(*out)); /* a STRING */
		if (strcmp(tag, "binary") == 0)
			out->kind = SCALAR_BINARY;
		fits = strcmp(tag, "timestamp") != 0 || is_date(text);
	}
	if (!fits)
		return (
		    err_set(err, "the text does not fit its tag !!%s", tag));
	return (0);
}

static void
integer_format(const struct scalar *s, char out[static SCALAR_NUMBER_MAX])
{
	(void)snprintf(out, SCALAR_NUMBER_MAX, "%s%" PRIu64,
	    s->negative ? "-" : "", s->magnitude);
}

/*
 * The fewest digits that read back to the same number, of which the first
 * stands before the decimal point, and the exponent.
 */
struct digits {
	char text[DIGITS_MAX];
	int exponent;
};

static int
reads_back(
    double mag, int is_single, int prec, char text[static FLOAT_TEXT_MAX])
{
	(void)snprintf(text, FLOAT_TEXT_MAX, "%.*e", prec, mag);
	return (is_single ? strtof(text, NULL) == (float)mag
			  : strtod(text, NULL) == mag);
}

/*
 * The most digits, less one, that a number surely has room for: fewer, if
 * they do, are these with zeros behind.  The smallest numbers are evenly
 * spaced.
 */
static int
digits_sure(double mag, int is_single)
{
	char text[FLOAT_TEXT_MAX];
	long n;

	if (mag == 0 || mag >= (is_single ? FLT_MIN : DBL_MIN))
		return (is_single ? FLT_DIG - 1 : DBL_DIG - 1);
	(void)snprintf(text, sizeof(text), "%.0e", mag);
	/* The least ones are 1e-45 and 5e-324; it may be rounded up. */
	n = strtol(strchr(text, 'e') + 1, NULL, 10) + (is_single ? 43 : 322);
	return (n > 0 ? (int)n : 0);
}

static void
digits_find(double mag, int is_single, struct digits *out)
{
	char text[FLOAT_TEXT_MAX], *p, *e;
	int low = digits_sure(mag, is_single);
	int high = is_single ? FLT_DECIMAL_DIG - 1 : DBL_DECIMAL_DIG - 1;
	size_t n = 0;

	while (!reads_back(mag, is_single, low, text) && low < high)
		low++;
	memset(out, 0, sizeof(*out));
	e = strchr(text, 'e');
	out->exponent = (int)strtol(e + 1, NULL, 10);
	for (p = text; p < e; p++) {
		if (is_digit(*p))
			out->text[n++] = *p;
	}
	while (n > 1 && out->text[n - 1] == '0')
		n--;
	out->text[n] = '\0';
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

/* The exponent has at least so many digits. */
static void
float_exponent(char *out, size_t size, const struct digits *d, int width)
{
	(void)snprintf(out, size, "%c%s%se%c%0*d", d->text[0],
	    d->text[1] != '\0' ? "." : "", d->text + 1,
	    d->exponent < 0 ? '-' : '+', width, abs(d->exponent));
}

int
scalar_number(const struct scalar *s, char out[static SCALAR_NUMBER_MAX])
{
	double mag = fabs(s->real);
	struct digits d;
	char *p = out;

	if (s->kind == SCALAR_INTEGER) {
		integer_format(s, out);
		return (0);
	}
	if (!isfinite(s->real))
		return (-1);
	if (signbit(s->real))
		*p++ = '-';
	digits_find(mag, 0, &d);
	if (mag == 0 || (mag >= 1e-6 && mag < 1e21))
		float_plain(p, SCALAR_NUMBER_MAX - 1, d.text, d.exponent + 1);
	else
		float_exponent(p, SCALAR_NUMBER_MAX - 1, &d, 1);
	return (0);
}

int
scalar_key(const struct scalar *s, char out[static SCALAR_NUMBER_MAX])
{
	struct digits d;
	char *p = out;
	float real = (float)s->real;

	if (s->kind == SCALAR_INTEGER) {
		integer_format(s, out);
		return (s->negative || s->magnitude <= INT64_MAX ? 0 : -1);
	}
	if (isnan(real)) {
		(void)snprintf(out, SCALAR_NUMBER_MAX, ".nan");
		return (0);
	}
	if (signbit(real))
		*p++ = '-';
	if (isinf(real)) {
		(void)snprintf(p, SCALAR_NUMBER_MAX - 1, ".inf");
		return (0);
	}
	digits_find(fabs((double)real), 1, &d);
	if (real == 0 || (d.exponent >= -4 && d.exponent < 6))
		float_plain(p, SCALAR_NUMBER_MAX - 1, d.text, d.exponent + 1);
	else
		float_exponent(p, SCALAR_NUMBER_MAX - 1, &d, 2);
	return (0);
}

/* 0..63, or -1. */
static int
base64_value(char c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *hit = c == '\0' ? NULL : strchr(letters, c);

	return (hit == NULL ? -1 : (int)(hit - letters));
}

int
scalar_base64(const char *text, size_t len, unsigned char *out, size_t *outlen)
{
	unsigned int bits = 0;
	size_t i, n = 0, pads = 0;
	int value;

	*outlen = 0;
	for (i = 0; i < len; i++) {
		if (text[i] == '\n' || text[i] == '\r')
			continue;
		if (text[i] == '=') {
			pads++;
			continue;
		}
		if (pads > 0 || (value = base64_value(text[i])) == -1)
			return (-1);
		bits = bits << 6 | (unsigned int)value;
		if (n++ % 4 != 0)
			out[(*outlen)++] = (unsigned char)(bits >>
			    (6 - 2 * ((n - 1) % 4)));
	}
	return (pads < 3 && n % 4 != 1 && (n + pads) % 4 == 0 ? 0 : -1);
}
