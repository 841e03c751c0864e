#include "watcherd/quantity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcherd/utf8.h"

#define NANO 1000000000LL
#define TEXT_MAX 200
#define EXPONENT_MAX 1000 /* beyond it only the sign of it matters */

/* Largest magnitude, 2e28: whole, and ten times as much still fits. */
#define LARGEST ((__int128)20000000000 * 1000000000 * NANO * NANO)

static const struct {
	const char *text;
	enum quantity_form form;
	int power; /* of 10 or of 1024 */
} suffixes[] = {
	{ "", QUANTITY_DECIMAL, 0 },
	{ "n", QUANTITY_DECIMAL, -9 },
	{ "u", QUANTITY_DECIMAL, -6 },
	{ "m", QUANTITY_DECIMAL, -3 },
	{ "k", QUANTITY_DECIMAL, 3 },
	{ "M", QUANTITY_DECIMAL, 6 },
	{ "G", QUANTITY_DECIMAL, 9 },
	{ "T", QUANTITY_DECIMAL, 12 },
	{ "P", QUANTITY_DECIMAL, 15 },
	{ "E", QUANTITY_DECIMAL, 18 },
	{ "Ki", QUANTITY_BINARY, 1 },
	{ "Mi", QUANTITY_BINARY, 2 },
	{ "Gi", QUANTITY_BINARY, 3 },
	{ "Ti", QUANTITY_BINARY, 4 },
	{ "Pi", QUANTITY_BINARY, 5 },
	{ "Ei", QUANTITY_BINARY, 6 },
};
#define NSUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/* A number being read: value * 10^exp, with more digits behind it. */
struct digits {
	__int128 value;
	int exp;
	int rest; /* some non-zero digit did not fit */
};

static void
digits_take(struct digits *d, int digit, int fraction)
{
	if (d->value < LARGEST / 10) {
		d->value = d->value * 10 + digit;
		d->exp -= fraction;
		return;
	}
	d->rest |= digit != 0;
	d->exp += !fraction;
}

/* Digits with at most one point; returns what follows. */
static const char *
digits_read(const char *p, struct digits *d)
{
	int fraction = 0;

	memset(d, 0, sizeof(*d));
	for (;; p++) {
		if (*p >= '0' && *p <= '9')
			digits_take(d, *p - '0', fraction);
		else if (*p == '.' && !fraction)
			fraction = 1;
		else
			return (p);
	}
}

/* "e3", "E-6": 1 if it is one. */
static int
exponent_read(const char *p, int *exp)
{
	char *end;
	long value;

	if (*p != 'e' && *p != 'E')
		return (0);
	p++;
	if (*p == '\0' ||
	    strspn(p + (*p == '-' || *p == '+'), "0123456789") !=
		strlen(p + (*p == '-' || *p == '+')) ||
	    p[*p == '-' || *p == '+'] == '\0')
		return (0);
	errno = 0;
	value = strtol(p, &end, 10);
	if (errno != 0)
		return (0); /* beyond 64 bits it is none */
	if (value > EXPONENT_MAX)
		value = EXPONENT_MAX;
	if (value < -EXPONENT_MAX)
		value = -EXPONENT_MAX;
	*exp = (int)value;
	return (1);
}

static int
suffix_read(const char *p, struct quantity *q, int *power)
{
	size_t i;

	for (i = 0; i < NSUFFIXES; i++) {
		if (strcmp(suffixes[i].text, p) == 0) {
			q->form = suffixes[i].form;
			*power = suffixes[i].power;
			return (1);
		}
	}
	q->form = QUANTITY_EXPONENT;
	return (exponent_read(p, power));
}

/* Scales to units of 1e-9, away from zero; too much becomes LARGEST. */
static __int128
digits_nano(struct digits *d, int power10, int power1024)
{
	__int128 v = d->value;
	int up = d->rest;

	for (; power1024 > 0 && v < LARGEST / 1024; power1024--)
		v *= 1024;
	if (power1024 > 0)
		return (LARGEST);
	for (power10 += d->exp + 9; power10 > 0 && v != 0; power10--) {
		if (v > LARGEST / 10)
			return (LARGEST);
		v *= 10;
	}
	for (; power10 < 0 && v != 0; power10++) {
		up |= v % 10 != 0;
		v /= 10;
	}
	return (v < LARGEST ? v + (up != 0) : LARGEST);
}

/* The text without white space around it; returns its length. */
static size_t
trim(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text, *end;
	size_t len = strlen(*text), n;

	for (; (n = utf8_space(p, len)) > 0; p += n)
		len -= n;
	*text = (const char *)p;
	for (end = p; len > 0; p += n, len -= n) {
		if ((n = utf8_space(p, len)) == 0) {
			n = 1;
			end = p + 1;
		}
	}
	return ((size_t)(end - (const unsigned char *)*text));
}

int
quantity_parse(const char *text, struct quantity *q, struct err *err)
{
	char buf[TEXT_MAX + 1];
	const char *p = text;
	struct digits d;
	size_t len = trim(&p);
	int power = 0, negative;

	if (len == 0)
		return (err_set(err, "empty"));
	if (len > TEXT_MAX)
		return (err_set(err, "too long"));
	memcpy(buf, p, len);
	buf[len] = '\0';
	negative = buf[0] == '-';
	p = digits_read(buf + (buf[0] == '-' || buf[0] == '+'), &d);
	if (!suffix_read(p, q, &power))
		return (err_set(err,
		    "not a number with a suffix of k, M, G, "
		    "Ki, Mi, Gi, m ..."));
	if (q->form == QUANTITY_BINARY)
		q->nano = digits_nano(&d, 0, power);
	else
		q->nano = digits_nano(&d, power, 0);
	if (q->form == QUANTITY_BINARY && q->nano > (__int128)INT64_MAX * NANO)
		q->nano = (__int128)INT64_MAX * NANO;
	if (negative)
		q->nano = -q->nano;
	return (0);
}

void
quantity_round(struct quantity *q, int64_t unit)
{
	__int128 rest = q->nano % unit;

	if (rest > 0)
		q->nano += unit - rest;
	else if (rest < 0)
		q->nano -= unit + rest;
}

/* Decimal digits of a magnitude. */
static const char *
magnitude_str(unsigned __int128 v, char *buf, size_t size)
{
	char *p = buf + size;

	*--p = '\0';
	do
		*--p = (char)('0' + (int)(v % 10));
	while ((v /= 10) != 0);
	return (p);
}

static void
format_decimal(const struct quantity *q, char *out)
{
	unsigned __int128 v = (unsigned __int128)(q->nano < 0 ? -q->nano
							      : q->nano);
	char digits[48];
	const char *sign = q->nano < 0 ? "-" : "", *text;
	int power = -9;
	size_t i;

	while (v % 1000 == 0 && (q->form == QUANTITY_EXPONENT || power < 18)) {
		v /= 1000;
		power += 3;
	}
	text = magnitude_str(v, digits, sizeof(digits));
	if (q->form == QUANTITY_EXPONENT && power != 0) {
		(void)snprintf(
		    out, QUANTITY_TEXT_MAX, "%s%se%d", sign, text, power);
		return;
	}
	for (i = 0; suffixes[i].power != power; i++)
		continue;
	(void)snprintf(
	    out, QUANTITY_TEXT_MAX, "%s%s%s", sign, text, suffixes[i].text);
}

void
quantity_format(const struct quantity *q, char out[static QUANTITY_TEXT_MAX])
{
	static const char *const binary[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi",
		"Ei" };
	struct quantity decimal = { q->nano, QUANTITY_DECIMAL };
	__int128 v = q->nano < 0 ? -q->nano : q->nano;
	char digits[48];
	size_t i = 0;

	if (v == 0) {
		(void)snprintf(out, QUANTITY_TEXT_MAX, "0");
		return;
	}
	if (q->form != QUANTITY_BINARY) {
		format_decimal(q, out);
		return;
	}
	if (v < (__int128)1024 * NANO || v % NANO != 0) {
		format_decimal(&decimal, out);
		return;
	}
	for (v /= NANO; i < 6 && v % 1024 == 0; i++)
		v /= 1024;
	(void)snprintf(out, QUANTITY_TEXT_MAX, "%s%s%s", q->nano < 0 ? "-" : "",
	    magnitude_str((unsigned __int128)v, digits, sizeof(digits)),
	    binary[i]);
}

void
quantity_settle(struct quantity *q)
{
	__int128 magnitude = q->nano < 0 ? -q->nano : q->nano;

	/* Beyond it, what has a binary suffix is capped when it is read. */
	if (magnitude != 0 && magnitude % (1024 * (__int128)NANO) == 0 &&
	    magnitude <= (__int128)INT64_MAX * NANO)
		q->form = QUANTITY_BINARY;
	else
		q->form = QUANTITY_DECIMAL;
}

int
quantity_compare(const struct quantity *a, const struct quantity *b)
{
	return (a->nano < b->nano ? -1 : a->nano > b->nano);
}

void
quantity_add(struct quantity *sum, const struct quantity *more)
{
	if (sum->nano == 0)
		sum->form = more->form;
	sum->nano += more->nano;
	if (sum->nano > LARGEST)
		sum->nano = LARGEST;
	if (sum->nano < -LARGEST)
		sum->nano = -LARGEST;
}

/* In units of 1e-9 * unit, rounded up, within the range of the type. */
static int64_t
quantity_in(const struct quantity *q, int64_t unit)
{
	struct quantity up = *q;

	quantity_round(&up, unit);
	up.nano /= unit;
	if (up.nano > INT64_MAX)
		return (INT64_MAX);
	if (up.nano < INT64_MIN)
		return (INT64_MIN);
	return ((int64_t)up.nano);
}

int64_t
quantity_whole(const struct quantity *q)
{
	return (quantity_in(q, NANO));
}

int64_t
quantity_milli(const struct quantity *q)
{
	return (quantity_in(q, NANO / 1000));
}
