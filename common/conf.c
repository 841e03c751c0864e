#include "common/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"

#define WORDS_MAX 16 /* of one line */

/* One line, cut into words in place. */
struct words {
	char *word[WORDS_MAX];
	int quoted[WORDS_MAX];
	size_t n;
};

struct parser {
	const struct conf_key *keys;
	size_t n;
	void *target;
	unsigned int seen[CONF_KEYS_MAX]; /* line of each key; 0: not yet */
};

struct unit {
	char suffix;
	int64_t factor;
};

/* Largest first: printing takes the first that divides. */
static const struct unit seconds_units[] = { { 'h', 3600 }, { 'm', 60 },
	{ 's', 1 } };
static const struct unit bytes_units[] = { { 'G', 1 << 30 }, { 'M', 1 << 20 },
	{ 'K', 1 << 10 } };
static const struct unit percent_units[] = { { '%', 1 }, { '%', 1 },
	{ '%', 1 } };
#define UNITS 3 /* in each table */

static int
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

/* Ends a quoted word at *pp; 0 or -1 and err. */
static int
unquote(char **pp, struct err *err)
{
	char *from = *pp + 1, *to = *pp;

	for (; *from != '"'; from++) {
		if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		else if (*from == '\\')
			return (err_set(err, "unknown escape in quotes"));
		if (*from == '\0')
			return (err_set(err, "quotes are not closed"));
		*to++ = *from;
	}
	from++;
	if (*from != '\0' && !is_blank(*from))
		return (err_set(err, "text right after closing quotes"));
	/* The closing quote and maybe a blank give room for the NUL. */
	*to = '\0';
	*pp = *from == '\0' ? from : from + 1;
	return (0);
}

static int
plain_word(char **pp, struct err *err)
{
	char *p = *pp;

	while (*p != '\0' && !is_blank(*p)) {
		if (*p == '"')
			return (err_set(err, "quote within a word"));
		p++;
	}
	*pp = *p == '\0' ? p : p + 1;
	*p = '\0';
	return (0);
}

static int
words_split(struct words *w, char *line, struct err *err)
{
	char *p;

	w->n = 0;
	for (p = line; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return (err_set(err, "control character"));
	p = line;
	for (;;) {
		while (is_blank(*p))
			p++;
		if (*p == '\0' || *p == '#')
			return (0);
		if (w->n == WORDS_MAX)
			return (err_set(err, "too many words"));
		w->word[w->n] = p;
		w->quoted[w->n] = *p == '"';
		if ((*p == '"' ? unquote(&p, err) : plain_word(&p, err)) == -1)
			return (-1);
		w->n++;
	}
}

/* The number of leading words that are the key's; 0: another key. */
static size_t
key_match(const char *name, const struct words *w)
{
	size_t i, len;

	for (i = 0; i < w->n; i++) {
		len = strcspn(name, " ");
		if (w->quoted[i] || strlen(w->word[i]) != len ||
		    memcmp(w->word[i], name, len) != 0)
			return (0);
		if (name[len] == '\0')
			return (i + 1);
		name += len + 1;
	}
	return (0);
}

/* The key with the most words wins: "node address" before "node". */
static int
key_find(
    const struct parser *ps, const struct words *w, size_t *key, size_t *nwords)
{
	size_t i, n;

	*nwords = 0;
	for (i = 0; i < ps->n; i++) {
		if ((n = key_match(ps->keys[i].name, w)) > *nwords) {
			*key = i;
			*nwords = n;
		}
	}
	return (*nwords == 0 ? -1 : 0);
}

static void *
member(const struct conf_key *key, void *target)
{
	return ((char *)target + key->offset);
}

static const struct unit *
units_of(const struct conf_key *key)
{
	if (key->type == CONF_SECONDS)
		return (seconds_units);
	if (key->type == CONF_PERCENT)
		return (percent_units);
	return (key->type == CONF_BYTES ? bytes_units : NULL);
}

static void
range_of(const struct conf_key *key, int64_t *min, int64_t *max)
{
	*min = key->min;
	*max = key->min == 0 && key->max == 0 ? INT64_MAX : key->max;
}

/* strtoll(3) alone takes blanks, a plus sign and no digits at all. */
static int
parse_number(
    const struct conf_key *key, const char *s, int64_t *out, struct err *err)
{
	const struct unit *units = units_of(key);
	const char *digits = *s == '-' ? s + 1 : s;
	char *end;
	long long n;
	int64_t v, min, max;
	size_t i;

	if (*digits < '0' || *digits > '9')
		return (err_set(err, "expected a number, got \"%s\"", s));
	errno = 0;
	n = strtoll(s, &end, 10);
	v = n;
	if (units != NULL && *end != '\0' && end[1] == '\0') {
		for (i = 0; i < UNITS && units[i].suffix != *end; i++)
			continue;
		if (i < UNITS) {
			end++;
			if (__builtin_mul_overflow(n, units[i].factor, &v))
				errno = ERANGE;
		}
	}
	if (*end != '\0')
		return (err_set(err, "unknown unit in \"%s\"", s));
	range_of(key, &min, &max);
	if (errno == ERANGE || v < min || v > max)
		return (err_set(err, "%s is out of range %lld to %lld", s,
		    (long long)min, (long long)max));
	*out = v;
	return (0);
}

/* Drops "//", "/./" and a slash at the end; NULL: no good path. */
static char *
parse_path(const char *s, struct err *err)
{
	char *out, *to;
	size_t len;

	if (*s != '/') {
		err_set(err, "expected an absolute path, got \"%s\"", s);
		return (NULL);
	}
	if (strlen(s) >= PATH_MAX) {
		err_set(err, "path is longer than %d bytes", PATH_MAX - 1);
		return (NULL);
	}
	to = out = xmalloc(strlen(s) + 1);
	while (*s != '\0') {
		s += strspn(s, "/");
		len = strcspn(s, "/");
		if (len == 2 && memcmp(s, "..", 2) == 0) {
			err_set(err, "\"..\" in a path");
			free(out);
			return (NULL);
		}
		if (len != 0 && (len != 1 || *s != '.')) {
			*to++ = '/';
			memcpy(to, s, len);
			to += len;
		}
		s += len;
	}
	if (to == out)
		*to++ = '/';
	*to = '\0';
	return (out);
}

static int
parse_choice(
    const char *const *choices, const char *s, int *out, struct err *err)
{
	char list[ERR_MAX / 2] = "";
	size_t len = 0;
	int i, n;

	for (i = 0; choices[i] != NULL; i++) {
		if (strcmp(s, choices[i]) == 0) {
			*out = i;
			return (0);
		}
		n = snprintf(list + len, sizeof(list) - len, "%s%s",
		    i == 0 ? "" : ", ", choices[i]);
		if (n > 0 && (size_t)n < sizeof(list) - len)
			len += (size_t)n;
	}
	return (err_set(err, "expected one of %s, got \"%s\"", list, s));
}

static const char *const bool_choices[] = { "no", "yes", NULL };

static const char *const *
choices_of(const struct conf_key *key)
{
	return (key->type == CONF_BOOL ? bool_choices : key->choices);
}

static int
list_add(const struct conf_key *key, struct conf_list *list, const char *s,
    struct err *err)
{
	char *value;

	if (list->n == CONF_LIST_MAX)
		return (err_set(err, "more than %d values", CONF_LIST_MAX));
	value = key->type == CONF_PATHS ? parse_path(s, err) : xstrdup(s);
	if (value == NULL)
		return (-1);
	list->value[list->n++] = value;
	return (0);
}

static int
is_list(const struct conf_key *key)
{
	return (key->type == CONF_PATHS || key->type == CONF_STRINGS);
}

static int
value_set(
    const struct conf_key *key, void *target, const char *s, struct err *err)
{
	void *m = member(key, target);
	char *path;

	switch (key->type) {
	case CONF_STRING:
		*(char **)m = xstrdup(s);
		return (0);
	case CONF_PATH:
		if ((path = parse_path(s, err)) == NULL)
			return (-1);
		*(char **)m = path;
		return (0);
	case CONF_PATHS:
	case CONF_STRINGS:
		return (list_add(key, m, s, err));
	case CONF_INT:
	case CONF_SECONDS:
	case CONF_BYTES:
	case CONF_PERCENT:
		return (parse_number(key, s, m, err));
	case CONF_BOOL:
	case CONF_ENUM:
		return (parse_choice(choices_of(key), s, m, err));
	}
	return (err_set(err, "unknown type"));
}

static int
parse_line(struct parser *ps, char *line, unsigned int lineno, struct err *err)
{
	const struct conf_key *key;
	struct words w;
	size_t i = 0, nwords;

	if (words_split(&w, line, err) == -1)
		return (-1);
	if (w.n == 0)
		return (0);
	if (key_find(ps, &w, &i, &nwords) == -1)
		return (err_set(err, "unknown key \"%s\"", w.word[0]));
	key = &ps->keys[i];
	if (w.n == nwords)
		return (err_set(err, "%s: value is missing", key->name));
	if (w.n > nwords + 1)
		return (err_set(err,
		    "%s: more than one value "
		    "(quote a value with blanks)",
		    key->name));
	if (ps->seen[i] != 0 && !is_list(key))
		return (err_set(
		    err, "%s: already set on line %u", key->name, ps->seen[i]));
	ps->seen[i] = lineno;
	if (value_set(key, ps->target, w.word[nwords], err) == -1)
		return (err_prefix(err, "%s", key->name));
	return (0);
}

static void
set_defaults(const struct parser *ps)
{
	struct err err = { "" };
	size_t i;

	for (i = 0; i < ps->n; i++) {
		if (ps->seen[i] != 0 || ps->keys[i].fallback == NULL)
			continue;
		if (value_set(&ps->keys[i], ps->target, ps->keys[i].fallback,
			&err) == -1)
			fatalx("default of %s: %s", ps->keys[i].name, err.text);
	}
}

static int
parse_lines(struct parser *ps, const char *name, char *text, struct err *err)
{
	unsigned int lineno = 0;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		lineno++;
		if (parse_line(ps, line, lineno, err) == -1)
			return (err_prefix(err, "%s:%u", name, lineno));
	}
	return (0);
}

int
conf_parse(const struct conf_key *keys, size_t n, void *target,
    const char *name, const char *text, struct err *err)
{
	struct parser ps = { .keys = keys, .n = n, .target = target };
	char *copy;
	int rc;

	log_assert(n <= CONF_KEYS_MAX);
	if (strlen(text) > CONF_FILE_MAX)
		return (err_set(
		    err, "%s: larger than %d bytes", name, CONF_FILE_MAX));
	copy = xstrdup(text);
	rc = parse_lines(&ps, name, copy, err);
	free(copy);
	if (rc == -1)
		conf_release(keys, n, target);
	else
		set_defaults(&ps);
	return (rc);
}

/*
 * Reads a whole file (a NUL is put behind it); a FIFO would block the
 * start, and is refused.
 */
static int
read_file(const char *file, int fd, char *buf, size_t size, struct err *err)
{
	struct stat st;
	size_t len = 0;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return (err_sys(err, "%s", file));
	if (!S_ISREG(st.st_mode))
		return (err_set(err, "%s: not a regular file", file));
	while (len < size - 1) {
		if ((n = read(fd, buf + len, size - 1 - len)) == -1) {
			if (errno == EINTR)
				continue;
			return (err_sys(err, "%s", file));
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	if (strlen(buf) != len)
		return (err_set(err, "%s: NUL byte", file));
	return (0);
}

int
conf_load(const struct conf_key *keys, size_t n, void *target, const char *file,
    int must, struct err *err)
{
	/* One byte more than allowed, so that too much is noticed. */
	const size_t size = CONF_FILE_MAX + 2;
	char *buf;
	int fd, rc;

	if ((fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1) {
		if (errno == ENOENT && !must)
			return (conf_parse(keys, n, target, file, "", err));
		return (err_sys(err, "%s", file));
	}
	buf = xmalloc(size);
	rc = read_file(file, fd, buf, size, err);
	if (rc == 0)
		rc = conf_parse(keys, n, target, file, buf, err);
	free(buf);
	(void)close(fd); /* read only: nothing can be lost */
	return (rc);
}

static void
print_text(FILE *f, const char *name, const char *s)
{
	fprintf(f, "%s ", name);
	if (*s != '\0' && strpbrk(s, " \t\"\\#") == NULL) {
		fprintf(f, "%s\n", s);
		return;
	}
	fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
	fputs("\"\n", f);
}

static void
print_number(FILE *f, const struct conf_key *key, int64_t v)
{
	const struct unit *units = units_of(key);
	char suffix[2] = "";
	size_t i;

	for (i = 0; units != NULL && v != 0 && i < UNITS; i++) {
		if (v % units[i].factor == 0) {
			v /= units[i].factor;
			suffix[0] = units[i].suffix;
			break;
		}
	}
	fprintf(f, "%s %lld%s\n", key->name, (long long)v, suffix);
}

static void
print_list(FILE *f, const char *name, const struct conf_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		print_text(f, name, list->value[i]);
	if (list->n == 0)
		fprintf(f, "# %s is not set\n", name);
}

static void
print_key(FILE *f, const struct conf_key *key, const void *target)
{
	const void *m = (const char *)target + key->offset;
	const char *s;
	int64_t v, min, max;

	switch (key->type) {
	case CONF_STRING:
	case CONF_PATH:
		if ((s = *(char *const *)m) == NULL)
			fprintf(f, "# %s is not set\n", key->name);
		else
			print_text(f, key->name, s);
		break;
	case CONF_PATHS:
	case CONF_STRINGS:
		print_list(f, key->name, m);
		break;
	case CONF_INT:
	case CONF_SECONDS:
	case CONF_BYTES:
	case CONF_PERCENT:
		v = *(const int64_t *)m;
		range_of(key, &min, &max);
		if (v < min || v > max) /* no default: still zero */
			fprintf(f, "# %s is not set\n", key->name);
		else
			print_number(f, key, v);
		break;
	case CONF_BOOL:
	case CONF_ENUM:
		print_text(f, key->name, choices_of(key)[*(const int *)m]);
		break;
	}
}

void
conf_print(const struct conf_key *keys, size_t n, const void *target, FILE *f)
{
	size_t i;

	for (i = 0; i < n; i++)
		print_key(f, &keys[i], target);
}

static void
list_release(struct conf_list *list)
{
	while (list->n > 0) {
		free(list->value[--list->n]);
		list->value[list->n] = NULL;
	}
}

void
conf_release(const struct conf_key *keys, size_t n, void *target)
{
	size_t i;
	char **s;

	for (i = 0; i < n; i++) {
		switch (keys[i].type) {
		case CONF_STRING:
		case CONF_PATH:
			s = member(&keys[i], target);
			free(*s);
			*s = NULL;
			break;
		case CONF_PATHS:
		case CONF_STRINGS:
			list_release(member(&keys[i], target));
			break;
		case CONF_BOOL:
		case CONF_INT:
		case CONF_SECONDS:
		case CONF_BYTES:
		case CONF_PERCENT:
		case CONF_ENUM:
			break;
		}
	}
}
