#include "watcherd/timestamp.h"

#include <string.h>

/* Digits in the pattern '0', other characters as they stand. */
static int
time_matches(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; pattern++, text++) {
		if (*pattern == '0' ? *text < '0' || *text > '9'
				    : *text != *pattern)
			return (0);
	}
	return (1);
}

static int
two_digits(const char *p)
{
	return ((p[0] - '0') * 10 + p[1] - '0');
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return (days[month - 1] + (month == 2 && leap));
}

int
timestamp_matches(const char *t)
{
	int month, day;

	if (!time_matches(t, "0000-00-00T"))
		return (0);
	month = two_digits(t + 5);
	day = two_digits(t + 8);
	if (month < 1 || month > 12 || day < 1 ||
	    day > days_of(two_digits(t) * 100 + two_digits(t + 2), month))
		return (0);
	t += 11;
	if (time_matches(t, "00:") ? two_digits(t) > 23
				   : !time_matches(t, "0:"))
		return (0);
	t = strchr(t, ':');
	if (!time_matches(t, ":00:00") || two_digits(t + 1) > 59 ||
	    two_digits(t + 4) > 59)
		return (0);
	t += 6;
	if ((*t == '.' || *t == ',') && time_matches(t + 1, "0"))
		t += 1 + strspn(t + 1, "0123456789");
	if (strcmp(t, "Z") == 0)
		return (1);
	return ((*t == '+' || *t == '-') && strlen(t) == 6 &&
	    time_matches(t + 1, "00:00") && two_digits(t + 1) <= 24 &&
	    two_digits(t + 4) <= 60);
}
