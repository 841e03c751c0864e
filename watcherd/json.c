#include "watcherd/json.h"

#include <string.h>

#include "watcherd/build.h"
#include "watcherd/utf8.h"

struct lexer {
	const unsigned char *p, *end;
	struct place at; /* of p */
	struct arena *arena;
	struct problems *problems;
	struct build build;
};

int
json_is(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	size_t n;

	while (len > 0 && (n = utf8_space(p, len)) > 0) {
		p += n;
		len -= n;
	}
	return (len > 0 && *p == '{');
}

/* Steps over one character, or over one bad byte. */
static void
advance(struct lexer *lx)
{
	size_t n = utf8_length(lx->p, (size_t)(lx->end - lx->p));

	if (*lx->p == '\n') {
		lx->at.line++;
		lx->at.column = 1;
	} else
		lx->at.column++;
	lx->p += n > 0 ? n : 1;
}

static void
skip_space(struct lexer *lx)
{
	while (lx->p < lx->end && memchr(" \t\r\n", *lx->p, 4) != NULL)
		advance(lx);
}

static int
peek(const struct lexer *lx)
{
	return (lx->p < lx->end ? *lx->p : -1);
}

static int
unexpected(struct lexer *lx, const char *wanted)
{
	int c = peek(lx);

	if (c == -1)
		problem_add(lx->problems, lx->at, NULL,
		    "expected %s, got the end of the file", wanted);
	else if (c > 0x20 && c < 0x7f)
		problem_add(lx->problems, lx->at, NULL, "expected %s, got '%c'",
		    wanted, c);
	else
		problem_add(lx->problems, lx->at, NULL,
		    "expected %s, got byte 0x%02x", wanted, (unsigned int)c);
	return (-1);
}

static int
hex4(struct lexer *lx, unsigned int *out)
{
	unsigned int value = 0, i;
	int c;

	for (i = 0; i < 4; i++, advance(lx)) {
		c = peek(lx);
		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			return (unexpected(lx, "four hex digits"));
		value = value << 4 | (unsigned int)c;
	}
	*out = value;
	return (0);
}

/* "\uXXXX", perhaps as a pair; lx stands behind the 'u'. */
static int
escape_unicode(struct lexer *lx, unsigned int *out)
{
	struct lexer ahead;
	unsigned int low;

	if (hex4(lx, out) == -1)
		return (-1);
	if (*out < 0xd800 || *out > 0xdfff)
		return (0);
	ahead = *lx;
	if (lx->end - lx->p >= 6 && lx->p[0] == '\\' && lx->p[1] == 'u') {
		ahead.p += 2;
		ahead.at.column += 2;
		if (hex4(&ahead, &low) == -1) {
			*lx = ahead;
			return (-1);
		}
		if (*out < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
			*out = 0x10000 + ((*out - 0xd800) << 10) +
			    (low - 0xdc00);
			lx->p = ahead.p;
			lx->at = ahead.at;
			return (0);
		}
	}
	problem_flaw(lx->problems, lx->at, NULL,
	    "the escape before this is half a surrogate pair");
	*out = UTF8_REPLACEMENT;
	return (0);
}

/* The character behind a backslash, in UTF-8. */
static int
escape(struct lexer *lx, char **out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	struct place at = lx->at;
	const char *hit;
	unsigned int code;
	int c;

	advance(lx);
	c = peek(lx);
	if (c > 0 && (hit = strchr(from, c)) != NULL) {
		*(*out)++ = to[hit - from];
		advance(lx);
		return (0);
	}
	if (c != 'u')
		return (unexpected(lx, "one of \"\\/bfnrtu"));
	advance(lx);
	if (escape_unicode(lx, &code) == -1)
		return (-1);
	if (code == 0) {
		problem_flaw(
		    lx->problems, at, NULL, "contains a NUL character");
		memcpy(*out, UTF8_NUL, 2);
		*out += 2;
	} else
		*out += utf8_encode(code, *out);
	return (0);
}

/* Copies characters that stand for themselves, one byte each. */
static void
string_plain(struct lexer *lx, char **out)
{
	const unsigned char *p = lx->p;

	while (
	    p < lx->end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		*(*out)++ = (char)*p++;
	lx->at.column += (uint32_t)(p - lx->p);
	lx->p = p;
}

/* One character that is not ASCII. */
static void
string_wide(struct lexer *lx, char **out)
{
	size_t n = utf8_length(lx->p, (size_t)(lx->end - lx->p));

	if (n > 0) {
		memcpy(*out, lx->p, n);
		*out += n;
	} else {
		problem_flaw(lx->problems, lx->at, NULL,
		    "expected UTF-8, got byte 0x%02x", (unsigned int)*lx->p);
		*out += utf8_encode(UTF8_REPLACEMENT, *out);
	}
	advance(lx);
}

static int
string_body(struct lexer *lx, char **out)
{
	int c;

	for (;;) {
		string_plain(lx, out);
		if ((c = peek(lx)) == '"')
			return (0);
		if (c == -1 || c < 0x20)
			return (unexpected(lx, "the end of the string"));
		if (c != '\\')
			string_wide(lx, out);
		else if (escape(lx, out) == -1)
			return (-1);
	}
}

/*
 * Bytes that are enough up to the closing quote: no escape makes its text
 * longer, a malformed byte becomes three.  It is looked at no further than
 * a value may go.
 */
static size_t
string_size(const struct lexer *lx)
{
	const unsigned char *p;
	size_t size = 0;

	for (p = lx->p; p < lx->end && *p != '"' && size <= TREE_VALUE_MAX;
	     p++) {
		if (*p == '\\' && p + 1 < lx->end) {
			p++;
			size++;
		}
		size += *p < 0x80 ? 1 : 3;
	}
	return (size);
}

static struct node *
read_string(struct lexer *lx)
{
	struct place at = lx->at;
	const unsigned char *start = lx->p;
	size_t size;
	struct node *node;
	char *text, *end;

	advance(lx);
	if ((size = string_size(lx)) > TREE_VALUE_MAX) {
		problem_add(lx->problems, at, NULL,
		    "more than %d bytes of one value", TREE_VALUE_MAX);
		return (NULL);
	}
	if ((text = arena_alloc(lx->arena, size + 1)) == NULL) {
		(void)problem_nomem(lx->problems); /* told by NULL as well */
		return (NULL);
	}
	end = text;
	if (string_body(lx, &end) == -1)
		return (NULL);
	advance(lx);
	node = node_string(lx->arena, at, text, (size_t)(end - text));
	if (node == NULL)
		(void)problem_nomem(lx->problems); /* told by NULL as well */
	else
		node->num = memchr(start, '\\', (size_t)(lx->p - start)) !=
		    NULL;
	return (node);
}

static int
digits(struct lexer *lx)
{
	if (peek(lx) < '0' || peek(lx) > '9')
		return (unexpected(lx, "a digit"));
	while (peek(lx) >= '0' && peek(lx) <= '9')
		advance(lx);
	return (0);
}

static int
number_body(struct lexer *lx)
{
	if (peek(lx) == '-')
		advance(lx);
	if (peek(lx) == '0')
		advance(lx);
	else if (digits(lx) == -1)
		return (-1);
	if (peek(lx) == '.') {
		advance(lx);
		if (digits(lx) == -1)
			return (-1);
	}
	if (peek(lx) == 'e' || peek(lx) == 'E') {
		advance(lx);
		if (peek(lx) == '+' || peek(lx) == '-')
			advance(lx);
		return (digits(lx));
	}
	return (0);
}

static struct node *
read_number(struct lexer *lx)
{
	const unsigned char *start = lx->p;
	struct place at = lx->at;
	struct node *node = NULL;
	const char *text;
	size_t len;

	if (number_body(lx) == -1)
		return (NULL);
	len = (size_t)(lx->p - start);
	if ((text = arena_memdup(lx->arena, start, len)) != NULL)
		node = node_string(lx->arena, at, text, len);
	if (node == NULL)
		(void)problem_nomem(lx->problems); /* told by NULL as well */
	else
		node->kind = NODE_NUMBER;
	return (node);
}

static int
word(struct lexer *lx, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(lx->end - lx->p) < n || memcmp(lx->p, text, n) != 0)
		return (0);
	lx->p += n;
	lx->at.column += (uint32_t)n;
	return (1);
}

static struct node *
read_word(struct lexer *lx)
{
	struct place at = lx->at;
	struct node *node;

	if (word(lx, "true"))
		node = node_bool(lx->arena, at, 1);
	else if (word(lx, "false"))
		node = node_bool(lx->arena, at, 0);
	else if (word(lx, "null"))
		node = node_new(lx->arena, NODE_NULL, at);
	else {
		(void)unexpected(lx, "a value"); /* told by NULL as well */
		return (NULL);
	}
	if (node == NULL)
		(void)problem_nomem(lx->problems); /* told by NULL as well */
	return (node);
}

static int
read_scalar(struct lexer *lx)
{
	struct node *node;
	int c = peek(lx);

	if (c == '"')
		node = read_string(lx);
	else if (c == '-' || (c >= '0' && c <= '9'))
		node = read_number(lx);
	else
		node = read_word(lx);
	return (node == NULL ? -1 : build_add(&lx->build, node));
}

/* A key and its colon. */
static int
read_key(struct lexer *lx)
{
	if (peek(lx) != '"')
		return (unexpected(lx, "a key in double quotes"));
	if (read_scalar(lx) == -1)
		return (-1);
	skip_space(lx);
	if (peek(lx) != ':')
		return (unexpected(lx, "':'"));
	advance(lx);
	skip_space(lx);
	return (0);
}

/* Closes what ends here; then a comma must follow, or the end. */
static int
read_after(struct lexer *lx)
{
	for (;;) {
		skip_space(lx);
		if (lx->build.depth == 0)
			return (0);
		if (peek(lx) == ',') {
			advance(lx);
			skip_space(lx);
			return (build_kind(&lx->build) == NODE_MAP
				? read_key(lx)
				: 0);
		}
		if (peek(lx) !=
		    (build_kind(&lx->build) == NODE_MAP ? '}' : ']'))
			return (unexpected(lx,
			    build_kind(&lx->build) == NODE_MAP ? "',' or '}'"
							       : "',' or ']'"));
		advance(lx);
		if (build_close(&lx->build) == -1)
			return (-1);
	}
}

/* One value, or the start of a collection that is not empty. */
static int
read_step(struct lexer *lx)
{
	int c = peek(lx);

	if (c != '{' && c != '[')
		return (read_scalar(lx) == -1 ? -1 : read_after(lx));
	if (build_open(&lx->build, c == '{' ? NODE_MAP : NODE_LIST, lx->at,
		NULL) == -1)
		return (-1);
	advance(lx);
	skip_space(lx);
	if (peek(lx) == (c == '{' ? '}' : ']'))
		return (read_after(lx));
	return (c == '{' ? read_key(lx) : 0);
}

void
json_read(const void *bytes, size_t len, struct arena *arena,
    struct problems *problems, struct documents *documents)
{
	struct lexer lx;
	int rc;

	memset(&lx, 0, sizeof(lx));
	lx.p = bytes;
	lx.end = lx.p + len;
	lx.at = (struct place){ 1, 1 };
	lx.arena = arena;
	lx.problems = problems;
	documents->form = DOCUMENT_JSON;
	documents->n = 0;
	build_init(&lx.build, arena, problems, BUILD_KEEP);
	skip_space(&lx);
	do
		rc = read_step(&lx);
	while (rc == 0 && lx.build.depth > 0);
	if (rc == 0 && lx.p < lx.end)
		rc = unexpected(&lx, "nothing behind the JSON value");
	build_release(&lx.build);
	if (rc == 0)
		documents->root[documents->n++] = lx.build.root;
}
