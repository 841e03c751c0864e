#include "watcherd/utf8.h"

#include <string.h>

unsigned int
utf8_code(const unsigned char *p, size_t n)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned int code = p[0] & mask[n];
	size_t i;

	for (i = 1; i < n; i++)
		code = code << 6 | (p[i] & 0x3f);
	return (code);
}

size_t
utf8_length(const unsigned char *p, size_t len)
{
	static const unsigned int smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int code;
	size_t i, n;

	if (len == 0)
		return (0);
	n = p[0] < 0x80		    ? 1
	    : (p[0] & 0xe0) == 0xc0 ? 2
	    : (p[0] & 0xf0) == 0xe0 ? 3
	    : (p[0] & 0xf8) == 0xf0 ? 4
				    : 0;
	if (n == 0 || n > len)
		return (0);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return (0);
	}
	code = utf8_code(p, n);
	if (code < smallest[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return (0);
	return (n);
}

size_t
utf8_space(const unsigned char *p, size_t len)
{
	size_t n = utf8_length(p, len);
	unsigned int code;

	if (n == 0)
		return (0);
	code = utf8_code(p, n);
	if (code == ' ' || (code >= 0x09 && code <= 0x0d) || code == 0x85 ||
	    code == 0xa0 || code == 0x1680 ||
	    (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
	    code == 0x2029 || code == 0x202f || code == 0x205f ||
	    code == 0x3000)
		return (n);
	return (0);
}

size_t
utf8_encode(unsigned int code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return (1);
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return (2);
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return (3);
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return (4);
}

int
utf8_is_plain(const unsigned char *p, size_t len)
{
	unsigned char seen = 0, zero = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		seen |= p[i];
		zero |= p[i] == '\0';
	}
	return (seen < 0x80 && !zero);
}

size_t
utf8_clean(const unsigned char *p, size_t len, char *out)
{
	char spare[4];
	size_t n, i, total = 0;

	for (i = 0; i<len; i += n> 0 ? n : 1) {
		n = utf8_length(p + i, len - i);
		if (n == 0)
			total += utf8_encode(UTF8_REPLACEMENT,
			    out != NULL ? out + total : spare);
		else if (p[i] == '\0') {
			if (out != NULL)
				memcpy(out + total, UTF8_NUL, 2);
			total += 2;
		} else {
			if (out != NULL)
				memcpy(out + total, p + i, n);
			total += n;
		}
	}
	return (total);
}
