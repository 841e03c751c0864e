#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
err_set(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return (-1);
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return (-1);
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	char text[ERR_MAX];
	va_list ap;
	int saved = errno;

	if (err == NULL)
		return (-1);
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return (err_set(err, "%s: %s", text, strerror(saved)));
}

int
err_prefix(struct err *err, const char *fmt, ...)
{
	char prefix[ERR_MAX];
	struct err old;
	va_list ap;

	if (err == NULL)
		return (-1);
	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	old = *err;
	return (err_set(err, "%s: %s", prefix, old.text));
}
