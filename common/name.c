#include "common/name.h"

#include <string.h>

#define LABEL_MAX 63	  /* RFC 1123 */
#define SUBDOMAIN_MAX 253 /* RFC 1123 */
#define PORT_MAX 15	  /* RFC 6335 */
#define UID_MAX_LEN 128
#define FILE_MAX 255 /* NAME_MAX of Linux */

/* Not <ctype.h>: the grammars are ASCII in every locale. */
static int
is_lower(char c)
{
	return (c >= 'a' && c <= 'z');
}

static int
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

static int
is_alnum(char c)
{
	return (is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'));
}

static int
is_blank(char c)
{
	return (c == ' ' || (c >= '\t' && c <= '\r'));
}

/* A part of a subdomain; how long it may be is up to the caller. */
static int
is_part(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || s[0] == '-' || s[len - 1] == '-')
		return (0);
	for (i = 0; i < len; i++)
		if (!is_lower(s[i]) && !is_digit(s[i]) && s[i] != '-')
			return (0);
	return (1);
}

static int
is_subdomain(const char *s, size_t len)
{
	const char *dot;
	size_t part;

	if (len > SUBDOMAIN_MAX)
		return (0);
	for (;;) {
		dot = memchr(s, '.', len);
		part = dot == NULL ? len : (size_t)(dot - s);
		if (!is_part(s, part))
			return (0);
		if (dot == NULL)
			return (1);
		s += part + 1;
		len -= part + 1;
	}
}

int
name_is_label(const char *s)
{
	size_t len = strlen(s);

	return (len <= LABEL_MAX && is_part(s, len));
}

int
name_is_subdomain(const char *s)
{
	return (is_subdomain(s, strlen(s)));
}

int
name_is_label_value(const char *s)
{
	size_t i, len = strlen(s);

	if (len == 0)
		return (1);
	if (len > LABEL_MAX || !is_alnum(s[0]) || !is_alnum(s[len - 1]))
		return (0);
	for (i = 0; i < len; i++)
		if (!is_alnum(s[i]) && strchr("-_.", s[i]) == NULL)
			return (0);
	return (1);
}

int
name_is_qualified(const char *s)
{
	const char *slash = strchr(s, '/');

	if (slash != NULL) {
		if (!is_subdomain(s, (size_t)(slash - s)))
			return (0);
		s = slash + 1;
	}
	return (*s != '\0' && name_is_label_value(s));
}

int
name_is_port(const char *s)
{
	size_t i, len = strlen(s);

	if (len > PORT_MAX || !is_part(s, len) || strstr(s, "--") != NULL)
		return (0);
	for (i = 0; i < len; i++)
		if (is_lower(s[i]))
			return (1);
	return (0);
}

int
name_is_env(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (s[i] < 0x20 || s[i] > 0x7e || s[i] == '=')
			return (0);
	return (i > 0);
}

int
name_is_uid(const char *s)
{
	size_t i, len = strlen(s);

	if (len == 0 || len > UID_MAX_LEN || s[0] == '.')
		return (0);
	for (i = 0; i < len; i++)
		if (!is_alnum(s[i]) && strchr("-_.", s[i]) == NULL)
			return (0);
	return (1);
}

int
name_is_file(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > FILE_MAX)
		return (0);
	if (s[0] == '.' && (len == 1 || (len == 2 && s[1] == '.')))
		return (0);
	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f || s[i] == '/')
			return (0);
	return (1);
}

int
name_node(const char *s, char *out, size_t size)
{
	char name[SUBDOMAIN_MAX + 1];
	size_t i, len;

	while (is_blank(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	if (len >= sizeof(name) || len >= size)
		return (-1);
	for (i = 0; i < len; i++)
		name[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 32) : s[i];
	name[len] = '\0';
	if (!is_subdomain(name, len))
		return (-1);
	memcpy(out, name, len + 1);
	return (0);
}
