/*
 * UTF-8, character by character.  Pure.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/*
 * How a NUL stands within text that ends with one.  As it is malformed
 * UTF-8 otherwise, no other text can be mistaken for it.
 */
#define UTF8_NUL "\xc0\x80"
#define UTF8_REPLACEMENT 0xfffd /* stands for what cannot be read */

/* Bytes of the well-formed character at p; 0: malformed or cut off. */
size_t utf8_length(const unsigned char *p, size_t len);
/* The code point of a well-formed character of n bytes. */
unsigned int utf8_code(const unsigned char *p, size_t n);
/* Bytes of the white space character (Unicode) at p; 0: none there. */
size_t utf8_space(const unsigned char *p, size_t len);
/* Writes one code point; returns its bytes, at most 4. */
size_t utf8_encode(unsigned int code, char *);

/* ASCII without NUL, which utf8_clean() would only copy? */
int utf8_is_plain(const unsigned char *, size_t len);
/*
 * Copies bytes as text: NUL as UTF8_NUL, malformed bytes as U+FFFD each.
 * Returns the bytes written, without a final NUL; out may be NULL, to ask.
 */
size_t utf8_clean(const unsigned char *, size_t len, char *out);

#endif
