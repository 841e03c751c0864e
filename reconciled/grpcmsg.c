#include "reconciled/grpcmsg.h"

#include <inttypes.h>

#include "common/log.h"
#include "common/mem.h"

#define FIRST_SIZE (64 * 1024)
#define CODE_UNKNOWN 2
#define CODE_LAST 16

void
grpcmsg_init(struct grpcmsg *m, size_t max)
{
	memset(m, 0, sizeof(*m));
	m->max = max;
}

void
grpcmsg_release(struct grpcmsg *m)
{
	free(m->buf);
	grpcmsg_init(m, m->max);
}

int
grpcmsg_empty(const struct grpcmsg *m)
{
	return (m->prefix_len == 0);
}

/* Moves up to n bytes from the front of in; returns how many. */
static size_t
take(struct grpcmsg_bytes *in, uint8_t *to, size_t n)
{
	if (n > in->len)
		n = in->len;
	if (n == 0)
		return (0); /* the pointers may be NULL then */
	memcpy(to, in->data, n);
	in->data += n;
	in->len -= n;
	return (n);
}

/* Room for n more bytes of the message. */
static void
grow(struct grpcmsg *m, size_t n)
{
	size_t size = m->size == 0 ? FIRST_SIZE : m->size;

	while (size < m->len + n)
		size *= 2;
	if (size == m->size)
		return;
	m->buf = xreallocarray(m->buf, size, 1);
	m->size = size;
}

static uint32_t
be32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

enum grpcmsg_next
grpcmsg_next(
    struct grpcmsg *m, struct grpcmsg_bytes *in, struct grpcmsg_bytes *msg)
{
	size_t rest;

	if (m->prefix_len < GRPCMSG_PREFIX) {
		m->prefix_len += take(in, m->prefix + m->prefix_len,
		    GRPCMSG_PREFIX - m->prefix_len);
		if (m->prefix_len < GRPCMSG_PREFIX)
			return (GRPCMSG_MORE);
		m->want = be32(m->prefix + 1);
		m->len = 0;
	}
	if (m->prefix[0] != 0)
		return (GRPCMSG_COMPRESSED);
	if (m->want > m->max)
		return (GRPCMSG_TOO_BIG);
	rest = m->want - m->len;
	if (m->len == 0 && in->len >= rest) {
		/* The common case: nothing needs to be copied. */
		*msg = (struct grpcmsg_bytes){ in->data, rest };
		in->data += rest;
		in->len -= rest;
		m->prefix_len = 0;
		return (GRPCMSG_WHOLE);
	}
	grow(m, rest < in->len ? rest : in->len);
	m->len += take(in, m->buf + m->len, rest);
	if (m->len < m->want)
		return (GRPCMSG_MORE);
	*msg = (struct grpcmsg_bytes){ m->buf, m->want };
	m->prefix_len = 0;
	return (GRPCMSG_WHOLE);
}

uint8_t *
grpcmsg_pack(const ProtobufCMessage *message, size_t *len)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t *buf;

	log_assert(n <= UINT32_MAX);
	buf = xmalloc(GRPCMSG_PREFIX + n);
	buf[0] = 0;
	buf[1] = (uint8_t)(n >> 24);
	buf[2] = (uint8_t)(n >> 16);
	buf[3] = (uint8_t)(n >> 8);
	buf[4] = (uint8_t)n;
	(void)protobuf_c_message_pack(message, buf + GRPCMSG_PREFIX);
	*len = GRPCMSG_PREFIX + n;
	return (buf);
}

void
grpcmsg_timeout(char buf[static GRPCMSG_TIMEOUT_MAX], int64_t ms)
{
	const int64_t most = 99999999; /* eight digits */

	if (ms <= most)
		(void)snprintf(buf, GRPCMSG_TIMEOUT_MAX, "%" PRId64 "m",
		    ms > 0 ? ms : 0); /* fits */
	else
		(void)snprintf(buf, GRPCMSG_TIMEOUT_MAX, "%" PRId64 "S",
		    ms / 1000 < most ? ms / 1000 : most); /* fits */
}

int
grpcmsg_status(const uint8_t *p, size_t len)
{
	int code = 0;
	size_t i;

	if (len == 0 || len > 2)
		return (CODE_UNKNOWN);
	for (i = 0; i < len; i++) {
		if (p[i] < '0' || p[i] > '9')
			return (CODE_UNKNOWN);
		code = code * 10 + (p[i] - '0');
	}
	return (code <= CODE_LAST ? code : CODE_UNKNOWN);
}

static int
hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

char *
grpcmsg_text(const uint8_t *p, size_t len)
{
	size_t max = len < GRPCMSG_TEXT_MAX ? len : GRPCMSG_TEXT_MAX;
	char *out = xmalloc(max + 1);
	size_t i, n;
	int byte;

	for (i = n = 0; i < len && n < max; i++) {
		byte = p[i];
		if (byte == '%' && len - i > 2 && hex(p[i + 1]) != -1 &&
		    hex(p[i + 2]) != -1) {
			byte = hex(p[i + 1]) << 4 | hex(p[i + 2]);
			if (byte == '\0')
				byte = '%'; /* a C string cannot hold it */
			else
				i += 2;
		}
		out[n++] = (char)byte;
	}
	out[n] = '\0';
	return (out);
}
