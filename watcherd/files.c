#include "watcherd/files.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/name.h"
#include "watcherd/utf8.h"

#define NS_PER_MS 1000000LL

void
files_init(struct files *fs)
{
	memset(fs, 0, sizeof(*fs));
}

static void
file_free(struct file *f)
{
	free(f->name);
	free(f);
}

void
files_release(struct files *fs)
{
	size_t i;

	for (i = 0; i < fs->n; i++)
		file_free(fs->file[i]);
	free(fs->file);
	files_init(fs);
}

/* Index of the first file whose name is not below the given one. */
static size_t
files_index(const struct files *fs, const char *name)
{
	size_t low = 0, high = fs->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(fs->file[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

struct file *
files_find(struct files *fs, const char *name)
{
	size_t i = files_index(fs, name);

	if (i == fs->n || strcmp(fs->file[i]->name, name) != 0)
		return (NULL);
	return (fs->file[i]);
}

void
files_remove(struct files *fs, struct file *f)
{
	size_t i = files_index(fs, f->name);

	log_assert(i < fs->n && fs->file[i] == f);
	fs->n--;
	memmove(
	    fs->file + i, fs->file + i + 1, (fs->n - i) * sizeof(fs->file[0]));
	fs->nread -= !f->over;
	file_free(f);
}

static int
name_is_text(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t n, len = strlen(name);

	if (!name_is_file(name, len))
		return (0);
	for (; len > 0; p += n, len -= n) {
		if ((n = utf8_length(p, len)) == 0)
			return (0);
	}
	return (1);
}

static int
name_is_manifest(const char *name)
{
	static const char *const suffixes[] = { ".yaml", ".yml", ".json" };
	size_t i, len = strlen(name), n;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		n = strlen(suffixes[i]);
		if (len > n && strcmp(name + len - n, suffixes[i]) == 0)
			return (1);
	}
	return (0);
}

int
name_counts(const struct name_rule *rule, const char *name, const char **reason)
{
	*reason = NULL;
	if (rule->only[0] != '\0')
		return (strcmp(name, rule->only) == 0);
	if (name[0] == '.' || name[0] == '\0')
		return (0);
	if (!name_is_text(name))
		*reason = "its name has control characters or is not UTF-8";
	else if (!rule->all && !name_is_manifest(name))
		*reason = "its name does not end in .yaml, .yml or .json";
	return (*reason == NULL);
}

static struct file *
files_add(struct files *fs, const char *name)
{
	size_t i = files_index(fs, name);
	struct file *f;

	if (fs->n == FILES_KNOWN_MAX) {
		fs->dropped++;
		return (NULL);
	}
	f = xcalloc(1, sizeof(*f));
	f->name = xstrdup(name);
	f->over = fs->nread >= FILES_MAX;
	fs->nread += !f->over;
	if (fs->n == fs->size) {
		fs->size = fs->size == 0 ? 16 : fs->size * 2;
		fs->file = xreallocarray(
		    fs->file, fs->size, sizeof(fs->file[0]));
	}
	memmove(
	    fs->file + i + 1, fs->file + i, (fs->n - i) * sizeof(fs->file[0]));
	fs->file[i] = f;
	fs->n++;
	return (f);
}

static void
file_due(struct file *f, struct mtime when)
{
	if (mtime_cmp(when, f->next) < 0)
		when = f->next;
	f->unchecked = 0;
	if (f->state == FILE_ASKED) {
		f->again = 1;
		f->due = when;
		return;
	}
	f->state = FILE_DUE;
	f->due = when;
}

void
files_event(
    struct files *fs, enum file_event event, const char *name, struct mtime now)
{
	struct file *f = files_find(fs, name);

	if (f == NULL &&
	    (event == FILE_LEFT || (f = files_add(fs, name)) == NULL))
		return;
	f->leaving = event == FILE_LEFT;
	f->written = event == FILE_WRITTEN;
	switch (event) {
	case FILE_WRITTEN:
		f->looks = 0;
		file_due(f, now);
		break;
	case FILE_TOUCHED:
		file_due(f, now);
		break;
	case FILE_MODIFIED:
		/* Not put off for ever by somebody who never stops. */
		if (f->state == FILE_IDLE || f->verdict != FILE_UNKNOWN)
			file_due(f, mtime_add(now, FILES_QUIET_MS));
		break;
	case FILE_LEFT:
		file_due(f, mtime_add(now, FILES_LEAVE_MS));
		break;
	}
}

void
files_list_begin(struct files *fs)
{
	size_t i;

	fs->dropped = 0;
	for (i = 0; i < fs->n; i++)
		fs->file[i]->listed = fs->file[i]->unchecked = 0;
}

void
files_list_name(struct files *fs, const char *name, struct mtime now)
{
	struct file *f = files_find(fs, name);

	if (f == NULL && (f = files_add(fs, name)) == NULL)
		return;
	f->listed = 1;
	if (f->over && fs->nread < FILES_MAX) {
		f->over = 0;
		fs->nread++;
	}
	if (f->state != FILE_IDLE || f->over)
		return;
	if (f->verdict == FILE_UNKNOWN)
		file_due(f, now);
	else
		f->unchecked = 1;
}

void
files_list_end(struct files *fs, struct mtime now)
{
	struct file *f;
	size_t i;

	for (i = 0; i < fs->n; i++) {
		f = fs->file[i];
		if (f->listed || f->state != FILE_IDLE)
			continue;
		f->leaving = 1;
		file_due(f, mtime_add(now, FILES_LEAVE_MS));
	}
}

struct file *
files_next(struct files *fs, struct mtime now, struct mtime *wake)
{
	struct file *f, *best = NULL;
	size_t i;

	*wake = MTIME_NEVER;
	for (i = 0; i < fs->n; i++) {
		f = fs->file[i];
		if (f->state != FILE_DUE || (f->over && !f->leaving))
			continue;
		if (mtime_cmp(f->due, now) > 0) {
			*wake = mtime_min(*wake, f->due);
			continue;
		}
		if (f->written)
			return (f);
		if (best == NULL)
			best = f;
	}
	return (best);
}

void
file_ask(struct file *f, struct mtime now)
{
	f->next = mtime_add(now, FILES_GAP_MS);
	f->state = FILE_ASKED;
	f->again = 0;
}

void
file_done(struct file *f)
{
	f->state = f->again ? FILE_DUE : FILE_IDLE;
	if (!f->again)
		f->written = f->leaving = 0;
	f->again = 0;
}

void
file_postpone(struct file *f, struct mtime until)
{
	if (!f->again)
		f->due = until;
	f->state = FILE_DUE;
	f->again = 0;
}

size_t
files_unchecked(struct files *fs, struct file **found, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < fs->n && n < max; i++) {
		if (fs->file[i]->unchecked)
			found[n++] = fs->file[i];
	}
	return (n);
}

static int
check_equal(const struct file_stat *a, const struct file_stat *b)
{
	return (a->error == b->error &&
	    (a->error != 0 || fingerprint_equal(&a->print, &b->print)));
}

/*
 * What was read, or what led to a look before, is no news.  The kernel
 * never gives a file a time of change that it had before.
 */
void
file_checked(struct file *f, const struct file_stat *c, struct mtime now)
{
	f->unchecked = 0;
	if (f->state != FILE_IDLE ||
	    (c->error == 0 && f->has_print &&
		fingerprint_equal(&c->print, &f->print)) ||
	    (f->has_check && check_equal(c, &f->checked)))
		return;
	f->checked = *c;
	f->has_check = 1;
	file_due(f, now);
}

int
file_is_quiet(struct file *f, const struct fingerprint *print, int64_t now_ns)
{
	int64_t age_ns = now_ns - print->mtime_ns;

	if (f->written || age_ns >= FILES_QUIET_MS * NS_PER_MS ||
	    (f->has_looked && fingerprint_equal(&f->looked, print))) {
		f->looks = 0;
		f->has_looked = 0;
		return (1);
	}
	f->looks++;
	f->looked = *print;
	f->has_looked = 1;
	return (0);
}

int
files_known(struct files *fs)
{
	size_t i;

	for (i = 0; i < fs->n; i++) {
		if (fs->file[i]->verdict == FILE_UNKNOWN)
			return (0);
	}
	return (1);
}
