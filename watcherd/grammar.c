#include "watcherd/grammar.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

#include "common/name.h"
#include "watcherd/utf8.h"

#define QUALIFIED_MAX 317 /* prefix, '/', name */
#define SYSCTL_MAX 253
#define SUBDOMAIN_MAX 253

static int
is_annotation_key(const char *text)
{
	char lower[QUALIFIED_MAX + 1];
	size_t i, len = strlen(text);

	if (len > QUALIFIED_MAX)
		return (0);
	for (i = 0; i <= len; i++)
		lower[i] = (char)tolower((unsigned char)text[i]);
	return (name_is_qualified(lower));
}

static int
is_ip(const char *text)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return (1);
	return (
	    inet_pton(AF_INET6, text, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6));
}

/* Segments of a-z, 0-9, inner '-' and '_', joined by '.' or '/'. */
static int
is_sysctl(const char *text)
{
	const char *p;
	int edge = 1, inner;

	if (strlen(text) > SYSCTL_MAX)
		return (0);
	for (p = text;; p++) {
		inner = *p == '-' || *p == '_';
		if (*p == '.' || *p == '/' || *p == '\0') {
			if (edge)
				return (0);
			if (*p == '\0')
				return (1);
			edge = 1;
		} else if (islower((unsigned char)*p) ||
		    isdigit((unsigned char)*p))
			edge = 0;
		else if (!inner || edge)
			return (0);
		if (inner && (p[1] == '.' || p[1] == '/' || p[1] == '\0'))
			return (0);
	}
}

static int
has_dots(const char *path)
{
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (n == 2 && path[0] == '.' && path[1] == '.')
			return (1);
		if (path[n] == '\0')
			return (0);
	}
}

static int
has_outer_space(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i, len = strlen(text);

	if (utf8_space(p, len) > 0)
		return (1);
	/* The last character starts at most three bytes before the end. */
	for (i = 1; i <= 3 && i <= len; i++) {
		if (utf8_space(p + len - i, i) == i)
			return (1);
	}
	return (0);
}

static int
is_printable(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n, len = strlen(text);

	for (; len > 0; p += n, len -= n) {
		if ((n = utf8_length(p, len)) == 0 || *p < ' ' || *p == 0x7f)
			return (0);
		if (n == 2 && *p == 0xc2 && p[1] < 0xa1)
			return (0); /* C1 controls, no-break space */
	}
	return (1);
}

/* A part of a domain: "_" may lead it and stand inside. */
static int
is_search_part(const char *p, size_t n)
{
	size_t i;

	if (n > 0 && *p == '_') {
		p++;
		n--;
	}
	if (n == 0 || *p == '-' || *p == '_' || p[n - 1] == '-' ||
	    p[n - 1] == '_')
		return (0);
	for (i = 0; i < n; i++) {
		if (!islower((unsigned char)p[i]) &&
		    !isdigit((unsigned char)p[i]) && p[i] != '-' && p[i] != '_')
			return (0);
	}
	return (1);
}

static int
is_search(const char *text)
{
	size_t n, len = strlen(text);

	if (strcmp(text, ".") == 0)
		return (1);
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len > SUBDOMAIN_MAX)
		return (0);
	for (;; text += n + 1, len -= n + 1) {
		n = strcspn(text, ".");
		if (n > len)
			n = len;
		if (!is_search_part(text, n))
			return (0);
		if (n == len)
			return (1);
	}
}

/* What will be put behind a last dash is taken for an "a". */
static int
is_prefix(const char *text)
{
	char copy[SUBDOMAIN_MAX + 1];
	size_t len = strlen(text);

	if (len > SUBDOMAIN_MAX)
		return (0);
	memcpy(copy, text, len + 1);
	if (len > 1 && copy[len - 1] == '-') {
		copy[len - 2] = 'a';
		copy[len - 1] = '\0';
	}
	return (name_is_subdomain(copy));
}

static int
is_finalizer(const char *text)
{
	return (name_is_qualified(text) &&
	    (strchr(text, '/') != NULL ||
		choices_match("kubernetes orphan foregroundDeletion", text)));
}

static int
is_header_name(const char *text)
{
	return (*text != '\0' &&
	    strspn(text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-") == strlen(text));
}

int
grammar_matches(enum grammar g, const char *text)
{
	switch (g) {
	case GRAMMAR_NONE:
		return (1);
	case GRAMMAR_LABEL:
		return (name_is_label(text));
	case GRAMMAR_SUBDOMAIN:
		return (name_is_subdomain(text));
	case GRAMMAR_QUALIFIED:
		return (name_is_qualified(text));
	case GRAMMAR_ANNOTATION:
		return (is_annotation_key(text));
	case GRAMMAR_LABEL_VALUE:
		return (name_is_label_value(text));
	case GRAMMAR_PORT_NAME:
		return (name_is_port(text));
	case GRAMMAR_ENV_NAME:
		return (name_is_env(text));
	case GRAMMAR_HEADER_NAME:
		return (is_header_name(text));
	case GRAMMAR_UID:
		return (name_is_uid(text));
	case GRAMMAR_IP:
		return (is_ip(text));
	case GRAMMAR_SYSCTL:
		return (is_sysctl(text));
	case GRAMMAR_NO_DOTS:
		return (!has_dots(text));
	case GRAMMAR_RELATIVE:
		return (*text != '/' && !has_dots(text));
	case GRAMMAR_KEY_PATH:
		return (*text != '/' && strncmp(text, "..", 2) != 0 &&
		    !has_dots(text));
	case GRAMMAR_ABSOLUTE:
		return (*text == '/');
	case GRAMMAR_TRIMMED:
		return (!has_outer_space(text));
	case GRAMMAR_PRINTABLE:
		return (is_printable(text));
	case GRAMMAR_SEARCH:
		return (is_search(text));
	case GRAMMAR_PREFIX:
		return (is_prefix(text));
	case GRAMMAR_FINALIZER:
		return (is_finalizer(text));
	}
	return (0);
}

const char *
grammar_str(enum grammar g)
{
	switch (g) {
	case GRAMMAR_NONE:
		return ("anything");
	case GRAMMAR_LABEL:
		return ("a DNS label (at most 63 of a-z, 0-9 and '-', no '-' "
			"at either end)");
	case GRAMMAR_SUBDOMAIN:
		return ("a DNS name (at most 253 of a-z, 0-9, '-' and '.', "
			"each part with a letter or digit at both ends)");
	case GRAMMAR_QUALIFIED:
	case GRAMMAR_ANNOTATION:
		return ("a qualified name (\"[prefix/]name\", prefix a DNS "
			"name, name at most 63 of A-Z, a-z, 0-9, '-', '_' and "
			"'.')");
	case GRAMMAR_LABEL_VALUE:
		return ("a label value (empty, or at most 63 of A-Z, a-z, "
			"0-9, '-', '_' and '.', a letter or digit at both "
			"ends)");
	case GRAMMAR_PORT_NAME:
		return ("a port name (at most 15 of a-z, 0-9 and '-', with a "
			"letter, no \"--\", no '-' at either end)");
	case GRAMMAR_ENV_NAME:
		return ("the name of a variable (printable ASCII without "
			"'=')");
	case GRAMMAR_HEADER_NAME:
		return ("the name of a header (A-Z, a-z, 0-9 and '-')");
	case GRAMMAR_UID:
		return ("1 to 128 of A-Z, a-z, 0-9, '.', '_' and '-', not "
			"starting with '.'");
	case GRAMMAR_IP:
		return ("an IP address");
	case GRAMMAR_SYSCTL:
		return ("the name of a sysctl");
	case GRAMMAR_NO_DOTS:
		return ("a path without \"..\"");
	case GRAMMAR_RELATIVE:
		return ("a relative path without \"..\"");
	case GRAMMAR_KEY_PATH:
		return ("a relative path that does not start with \"..\"");
	case GRAMMAR_ABSOLUTE:
		return ("an absolute path");
	case GRAMMAR_TRIMMED:
		return ("without white space around it");
	case GRAMMAR_PRINTABLE:
		return ("printable");
	case GRAMMAR_SEARCH:
		return ("\".\" or a DNS name (at most 253 of a-z, 0-9, '-', "
			"'_' and '.', each part with a letter or digit at "
			"its end)");
	case GRAMMAR_PREFIX:
		return ("a DNS name, which may end with '-'");
	case GRAMMAR_FINALIZER:
		return ("a qualified name with a prefix, \"kubernetes\", "
			"\"orphan\" or \"foregroundDeletion\"");
	}
	return ("something else");
}

int
choices_match(const char *choices, const char *text)
{
	size_t n, len = strlen(text);

	for (;; choices += n + 1) {
		n = strcspn(choices, " ");
		if (n == len && memcmp(choices, text, n) == 0)
			return (1);
		if (choices[n] == '\0')
			return (0);
	}
}
