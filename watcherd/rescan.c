#include "watcherd/rescan.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "watcherd/answer.h"

#define SOON_MS 1000   /* between listings that events ask for */
#define SILENT_MS 2000 /* without useful events */
#define CHECKS_MAX 40  /* names in one STAT: fits into IPC_SMALL_MAX */
#define ARENA_MAX (64 * 1024)

static void
rescan_at(struct sync *s, struct mtime now, struct mtime when)
{
	struct timeval tv = mtime_wait(now, when);

	if (event_add(s->ev_rescan, &tv) == -1)
		fatalx("event_add");
}

static void
on_rescan(evutil_socket_t fd, short what, void *arg)
{
	struct sync *s = arg;

	(void)fd;
	(void)what;
	if (s->watch.dir != NULL)
		rescan_run(s);
}

void
rescan_init(struct sync *s)
{
	arena_init(&s->rescan.arena, ARENA_MAX);
	if ((s->ev_rescan = evtimer_new(s->base, on_rescan, s)) == NULL)
		fatalx("evtimer_new");
}

void
rescan_release(struct sync *s)
{
	event_free(s->ev_rescan);
	arena_release(&s->rescan.arena);
}

void
rescan_reset(struct sync *s, int silent)
{
	struct rescan *r = &s->rescan;

	r->asked = 0;
	r->generation++;
	r->period_ms = s->rescan_s * 1000;
	if (silent && r->period_ms > SILENT_MS)
		r->period_ms = SILENT_MS;
	r->last = MTIME_ZERO;
	(void)event_del(s->ev_rescan); /* it may not be pending */
}

/* Has known files checked, some at a time. */
static void
rescan_check(struct sync *s)
{
	struct file *f[CHECKS_MAX];
	char *names[CHECKS_MAX];
	Tripod__Stat stat = TRIPOD__STAT__INIT;
	size_t i, n;

	n = files_unchecked(&s->files, f, CHECKS_MAX);
	if (n == 0 || s->rescan.asked)
		return;
	for (i = 0; i < n; i++)
		names[i] = f[i]->name;
	stat.name = names;
	stat.n_name = n;
	s->rescan.asked = 1;
	(void)peer_send(s->peer, TRIPOD__MSG__MSG_STAT, s->rescan.generation,
	    -1, &stat.base);
}

void
rescan_checked(struct sync *s, uint32_t id, const Tripod__Stats *stats)
{
	const Tripod__FileStat *st;
	struct mtime now = mtime_now();
	struct file_stat c;
	struct file *f;
	size_t i;

	if (id != s->rescan.generation || !s->rescan.asked)
		return;
	for (i = 0; i < stats->n_file; i++) {
		st = stats->file[i];
		if ((f = files_find(&s->files, st->name)) == NULL)
			continue;
		c.error = st->error;
		c.print = (struct fingerprint){ (dev_t)st->dev, (ino_t)st->ino,
			(off_t)st->size, st->mtime_ns, st->ctime_ns };
		file_checked(f, &c, now);
	}
	s->rescan.asked = 0;
	rescan_check(s);
	sync_look(s);
}

static void
rescan_ignore(struct sync *s, const char *name, const char *reason)
{
	struct rescan *r = &s->rescan;
	Tripod__IgnoredName *i;

	if (r->nignored == RESCAN_IGNORED_MAX) {
		r->more++;
		return;
	}
	i = arena_alloc(&r->arena, sizeof(*i));
	log_assert(i != NULL);
	tripod__ignored_name__init(i);
	i->name = arena_strdup(&r->arena, name);
	i->reason = arena_strdup(&r->arena, reason);
	log_assert(i->name != NULL && i->reason != NULL);
	r->ignored[r->nignored++] = i;
}

/* Names that are not even known are told of as one, whatever else is. */
static void
rescan_ignore_dropped(struct sync *s)
{
	struct rescan *r = &s->rescan;
	char reason[80];

	if (s->files.dropped == 0)
		return;
	if (r->nignored == RESCAN_IGNORED_MAX) {
		r->nignored--;
		r->more++;
	}
	(void)snprintf(reason, sizeof(reason),
	    "beyond %d manifests: not looked at, and nothing is removed",
	    FILES_KNOWN_MAX);
	rescan_ignore(s, "(further names)", reason);
}

/* Tells of the names that do not count, if that is news. */
static void
rescan_tell(struct sync *s)
{
	Tripod__Ignored m = TRIPOD__IGNORED__INIT;
	struct rescan *r = &s->rescan;
	struct digest_part part;
	char digest[DIGEST_HEX_SIZE];
	uint8_t *packed;

	m.name = r->ignored;
	m.n_name = r->nignored;
	m.more = (uint32_t)r->more;
	part.len = tripod__ignored__get_packed_size(&m);
	packed = xmalloc(part.len);
	(void)tripod__ignored__pack(&m, packed); /* as long as it said */
	part.data = packed;
	digest_hex(&part, 1, digest);
	free(packed);
	if (strcmp(digest, r->sent) == 0)
		return;
	memcpy(r->sent, digest, sizeof(r->sent));
	(void)peer_send(s->peer, TRIPOD__MSG__MSG_IGNORED, 0, -1, &m.base);
}

static void
on_listed(void *ctx, const char *name, const char *reason)
{
	struct sync *s = ctx;

	if (reason != NULL)
		rescan_ignore(s, name, reason);
	else
		files_list_name(&s->files, name, s->rescan.last);
}

/* Names beyond the limit are told of, and not read. */
static void
rescan_refuse_over(struct sync *s)
{
	struct file *f;
	size_t i;

	for (i = 0; i < s->files.n; i++) {
		f = s->files.file[i];
		if (!f->over || !f->listed)
			continue;
		file_ask(f, s->rescan.last);
		answer_refuse(s, f, "one of more than %d manifests", FILES_MAX);
		file_done(f);
	}
}

void
rescan_run(struct sync *s)
{
	struct rescan *r = &s->rescan;
	struct err err;

	r->last = mtime_now();
	rescan_at(s, r->last, mtime_add(r->last, r->period_ms));
	if (watch_is_lost(&s->watch)) {
		sync_lost(s);
		return;
	}
	r->nignored = r->more = 0;
	files_list_begin(&s->files);
	if (watch_list(&s->watch, on_listed, s, &err) == 0) {
		files_list_end(&s->files, r->last);
		rescan_refuse_over(s);
		rescan_ignore_dropped(s);
		rescan_tell(s);
		rescan_check(s);
	} else {
		/* Half a list says nothing about what is missing in it. */
		log_warnx("%s", err.text);
		s->files.dropped++;
	}
	arena_release(&r->arena);
	sync_look(s);
}

void
rescan_soon(struct sync *s)
{
	struct mtime now = mtime_now();
	struct mtime when = mtime_add(s->rescan.last, SOON_MS);

	if (mtime_cmp(when, mtime_add(s->rescan.last, s->rescan.period_ms)) > 0)
		return; /* it comes earlier anyway */
	rescan_at(s, now, when);
}
