/*
 * What tripodctl shows on an operator's terminal: logs, whose lines are a
 * pod's, and names of files beside them.
 */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "ctl/clean.h"
#include "ctl/logline.h"
#include "ctl/match.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX 65536

static void
fuzz_line(const char *s, size_t len)
{
	struct logline l;

	if (logline_parse(&l, s, len) == -1)
		return;
	log_assert(l.ns >= 0);
	log_assert(l.stamp == s && l.stamp_len < len);
	log_assert(l.text >= s && l.text + l.len == s + len);
}

static void
fuzz_lines(const char *s, size_t len)
{
	const char *end;
	size_t n;

	for (; len > 0; s += n, len -= n) {
		end = memchr(s, '\n', len);
		n = end == NULL ? len : (size_t)(end - s);
		fuzz_line(s, n);
		n += end != NULL;
	}
}

/* The last lines of the whole are those of its last part. */
static void
fuzz_tail(const char *s, size_t len)
{
	uint64_t lines = len == 0 ? 0 : (uint8_t)s[0] % 8, missing = lines;
	size_t from = loglines_tail(s, len, 1, &missing);

	log_assert(from <= len && missing <= lines);
	log_assert(from == 0 || from == len || s[from - 1] == '\n');
}

static void
fuzz_clean(char *s, size_t len)
{
	size_t i;

	clean_line(s, len);
	for (i = 0; i < len; i++)
		log_assert(
		    s[i] == '\t' || ((uint8_t)s[i] >= ' ' && s[i] != 0x7f));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct logname name;
	char *text;

	if (len > TEXT_MAX)
		return (0);
	/* Exactly as long as it is: a byte too many is found out. */
	text = malloc(len + 1);
	log_assert(text != NULL);
	memcpy(text, data, len);
	text[len] = '\0';
	fuzz_lines(text, len);
	fuzz_tail(text, len);
	(void)match_time(text, 0);
	if (logname_parse(&name, text) == 0)
		log_assert(logname_compare(text, text) == 0);
	fuzz_clean(text, len);
	free(text);
	return (0);
}
