#include "ctl/match.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DAYS_MAX 10000
#define NS_PER_SECOND INT64_C(1000000000)

/* How well a word fits, the better the higher. */
enum fit {
	FIT_NOT,
	FIT_UID,   /* the beginning */
	FIT_SHORT, /* without the node */
	FIT_NAME
};

static enum fit
fit_name(const char *word, const char *name, const char *node)
{
	size_t len = strlen(word), whole = strlen(name), rest;

	if (strcmp(word, name) == 0)
		return (FIT_NAME);
	if (whole <= len + 1)
		return (FIT_NOT);
	rest = whole - len - 1;
	return (strncmp(name, word, len) == 0 && name[len] == '-' &&
		    rest == strlen(node) && strcmp(name + len + 1, node) == 0
		? FIT_SHORT
		: FIT_NOT);
}

static enum fit
fit_pod(const char *word, const Tripod__PodItem *p, const char *node)
{
	const char *slash = strchr(word, '/');
	size_t len = strlen(p->namespace_);
	enum fit fit;

	if (slash != NULL)
		return ((size_t)(slash - word) == len &&
			    strncmp(word, p->namespace_, len) == 0
			? fit_name(slash + 1, p->name, node)
			: FIT_NOT);
	if ((fit = fit_name(word, p->name, node)) != FIT_NOT)
		return (fit);
	len = strlen(word);
	return (len >= MATCH_UID_MIN && strncmp(p->uid, word, len) == 0
		? FIT_UID
		: FIT_NOT);
}

static int
is_same_name(const Tripod__PodItem *a, const Tripod__PodItem *b)
{
	return (strcmp(a->namespace_, b->namespace_) == 0 &&
	    strcmp(a->name, b->name) == 0);
}

/* Adds ", namespace/name (uid)" as far as there is room. */
static void
name_candidate(struct err *err, const Tripod__PodItem *p)
{
	size_t used = strlen(err->text);

	(void)snprintf(err->text + used, sizeof(err->text) - used,
	    "%s %s/%s (%.8s)",
	    used > 0 && err->text[used - 1] == ':' ? "" : ",", p->namespace_,
	    p->name, p->uid);
}

static void
name_candidates(const struct match_pods *in, const char *word, struct err *err)
{
	size_t i;

	(void)err_set(err, "\"%.200s\" may be several pods:", word);
	for (i = 0; i < in->n; i++)
		if (fit_pod(word, in->pod[i], in->node) != FIT_NOT)
			name_candidate(err, in->pod[i]);
}

int
match_pod(const struct match_pods *in, const char *word, Tripod__PodItem **out,
    struct err *err)
{
	Tripod__PodItem *p, *found = NULL;
	enum fit best = FIT_NOT, fit;
	int several = 0;
	size_t i;

	for (i = 0; i < in->n; i++) {
		p = in->pod[i];
		fit = fit_pod(word, p, in->node);
		if (fit == FIT_NOT || fit < best)
			continue;
		if (fit > best) {
			several = 0;
			found = p;
		} else if (!is_same_name(found, p)) {
			several = 1;
		} else if (found->terminating) {
			found = p;
		}
		best = fit;
	}
	*out = several ? NULL : found;
	if (found == NULL)
		(void)err_set(err, "there is no pod \"%.200s\"", word);
	else if (several)
		name_candidates(in, word, err);
	return (several ? 2 : found != NULL);
}

/* Digits at *s, at most nine; -1: there are none, or more. */
static int64_t
number(const char **s, const char *end)
{
	const char *from = *s;
	int64_t v = 0;

	while (*s < end && isdigit((unsigned char)**s) && *s - from < 10)
		v = v * 10 + (*(*s)++ - '0');
	return (*s == from || *s - from > 9 ? -1 : v);
}

int64_t
match_duration(const char *s)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 }, { "ms", 1 } };
	const char *end = s + strlen(s);
	int64_t v = number(&s, end);
	size_t i;

	for (i = 0; v != -1 && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(s, units[i].unit) == 0)
			return (v > DAYS_MAX * INT64_C(86400000) / units[i].ms
				? -1
				: v * units[i].ms);
	return (-1);
}

int64_t
match_time(const char *s, int64_t now_ns)
{
	int64_t ms = match_duration(s);

	return (ms != -1 ? now_ns - ms * 1000000 : match_stamp(s, strlen(s)));
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	return (365 * y + y / 4 - y / 100 + y / 400 +
	    (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1 - 719468);
}

/* Two digits or four of a stamp, and the separator that follows. */
static int64_t
part(const char **s, const char *end, int digits, char after)
{
	const char *from = *s;
	int64_t v = number(s, end);

	if (*s - from != digits ||
	    (after != '\0' && (*s == end || **s != after)))
		return (-1);
	*s += after != '\0';
	return (v);
}

/* ".123": nanoseconds; 0 if there is no fraction. */
static int64_t
fraction(const char **s, const char *end)
{
	const char *from = *s;
	int64_t v;
	int n;

	if (*s == end || **s != '.')
		return (0);
	(*s)++;
	if ((v = number(s, end)) == -1)
		return (-1);
	for (n = (int)(*s - from) - 1; n < 9; n++)
		v *= 10;
	return (v);
}

/* "Z", or "+02:00": seconds that it is ahead; -1 is no zone. */
static int
zone(const char *s, const char *end, int64_t *ahead)
{
	int sign;
	int64_t h, m;

	*ahead = 0;
	if (end - s == 1 && *s == 'Z')
		return (0);
	if (end - s != 6 || (*s != '+' && *s != '-'))
		return (-1);
	sign = *s++ == '-' ? -1 : 1;
	h = part(&s, end, 2, ':');
	m = part(&s, end, 2, '\0');
	if (h == -1 || m == -1)
		return (-1);
	*ahead = sign * (h * 3600 + m * 60);
	return (0);
}

int64_t
match_stamp(const char *s, size_t len)
{
	static const struct {
		int digits;
		char after;
		int64_t least, most;
	} parts[] = { { 4, '-', 1970, 2200 }, { 2, '-', 1, 12 },
		{ 2, 'T', 1, 31 }, { 2, ':', 0, 23 }, { 2, ':', 0, 59 },
		{ 2, '\0', 0, 60 } };
	const char *end = s + len;
	int64_t v[6], ns, ahead;
	size_t i;

	for (i = 0; i < 6; i++) {
		v[i] = part(&s, end, parts[i].digits, parts[i].after);
		if (v[i] < parts[i].least || v[i] > parts[i].most)
			return (-1);
	}
	if ((ns = fraction(&s, end)) == -1 || zone(s, end, &ahead) == -1)
		return (-1);
	return ((days(v[0], v[1], v[2]) * 86400 + v[3] * 3600 + v[4] * 60 +
		    v[5] - ahead) *
		NS_PER_SECOND +
	    ns);
}
