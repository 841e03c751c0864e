#include "common/mtime.h"

#include <stdio.h>
#include <time.h>

#include "common/log.h"

#define NS_PER_SEC INT64_C(1000000000)
#define DAYS_PER_ERA 146097 /* 400 Gregorian years */

/* A point in time, taken apart; UTC. */
struct stamp {
	int64_t year;
	int month, day, hour, minute, second;
	int32_t ns;
};

struct mtime
mtime_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) == -1)
		fatal("clock_gettime");
	return (
	    (struct mtime){ (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 });
}

int64_t
wall_now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		fatal("clock_gettime");
	return ((int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec);
}

struct mtime
mtime_add(struct mtime t, int64_t ms)
{
	struct mtime sum;

	if (t.ms == INT64_MAX)
		return (t);
	if (__builtin_add_overflow(t.ms, ms, &sum.ms))
		sum.ms = ms > 0 ? INT64_MAX : INT64_MIN;
	return (sum);
}

int64_t
mtime_diff(struct mtime a, struct mtime b)
{
	int64_t ms;

	if (a.ms == b.ms)
		return (0);
	if (a.ms == INT64_MAX)
		return (INT64_MAX);
	if (b.ms == INT64_MAX)
		return (INT64_MIN);
	if (__builtin_sub_overflow(a.ms, b.ms, &ms))
		return (a.ms > b.ms ? INT64_MAX : INT64_MIN);
	return (ms);
}

struct mtime
mtime_min(struct mtime a, struct mtime b)
{
	return (a.ms < b.ms ? a : b);
}

int
mtime_cmp(struct mtime a, struct mtime b)
{
	return ((a.ms > b.ms) - (a.ms < b.ms));
}

struct timeval
mtime_wait(struct mtime a, struct mtime b)
{
	int64_t ms = mtime_diff(b, a);
	struct timeval tv = { 0, 0 };

	if (ms > 0) {
		tv.tv_sec = (time_t)(ms / 1000);
		tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	}
	return (tv);
}

/*
 * gmtime_r(3) is no help: glibc has it read /etc/localtime first, which
 * a sandboxed process must not open.  Counting years from March puts
 * the leap day last, so that the months before it are a fixed pattern
 * of 153 days in five months.
 */
static void
stamp_date(struct stamp *st, int64_t days)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468; /* from 1970-01-01 to 0000-03-01 */
	era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	doe = days - era * DAYS_PER_ERA;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	st->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	st->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	st->year = yoe + era * 400 + (st->month <= 2);
}

static struct stamp
stamp_split(int64_t ns)
{
	struct stamp st;
	int64_t secs = ns / NS_PER_SEC, rest = ns % NS_PER_SEC, day;

	if (rest < 0) {
		rest += NS_PER_SEC;
		secs--;
	}
	day = secs / 86400;
	secs %= 86400;
	if (secs < 0) {
		secs += 86400;
		day--;
	}
	stamp_date(&st, day);
	st.hour = (int)(secs / 3600);
	st.minute = (int)(secs / 60 % 60);
	st.second = (int)(secs % 60);
	st.ns = (int32_t)rest;
	return (st);
}

void
rfc3339_nano(char buf[static RFC3339_MAX], int64_t ns)
{
	struct stamp st = stamp_split(ns);

	(void)snprintf(buf, RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ",
	    (int)st.year, st.month, st.day, st.hour, st.minute, st.second,
	    (int)st.ns);
}

void
rfc3339(char buf[static RFC3339_MAX], int64_t ns)
{
	struct stamp st = stamp_split(ns);

	(void)snprintf(buf, RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    (int)st.year, st.month, st.day, st.hour, st.minute, st.second);
}
