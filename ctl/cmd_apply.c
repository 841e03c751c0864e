#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/mem.h"
#include "ctl/command.h"
#include "ctl/output.h"
#include "ctl/place.h"

#define TIMEOUT_MS 120000
#define SETTLE_MS 2000

static const struct option longs[] = {
	{ "lenient", no_argument, NULL, 'L' },
	{ "name", required_argument, NULL, 'n' },
	{ "settle", required_argument, NULL, 's' },
	{ "timeout", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

struct wish {
	const struct options *options;
	const char *file, *name; /* NULL: as the file is called */
	int lenient;
	int64_t timeout_ms, settle_ms;
	struct place place;
	char *digest; /* of the bytes, as watcherd has it */
	int failed;   /* it will not become ready */
	struct err why;
};

/* Says what is new. */
static void
progress(struct wish *w, const char *about, const char *text)
{
	struct err now;

	(void)err_set(&now, "%s: %s", about, text);
	if (strcmp(now.text, w->why.text) != 0)
		(void)printf("%s\n", now.text);
	(void)fflush(stdout); /* see command_flush() */
	w->why = now;
}

static const Tripod__PodItem *
find(const struct answer *a, const Tripod__FilePod *f)
{
	size_t i;

	for (i = 0; i < a->npod; i++)
		if (strcmp(a->pod[i]->uid, f->uid) == 0 &&
		    strcmp(a->pod[i]->hash, f->hash) == 0)
			return (a->pod[i]);
	return (NULL);
}

/* The pod as it is before it becomes what the file says; or NULL. */
static const Tripod__PodItem *
find_before(const struct answer *a, const Tripod__FilePod *f)
{
	size_t i;

	for (i = 0; i < a->npod; i++)
		if (strcmp(a->pod[i]->uid, f->uid) == 0)
			return (a->pod[i]);
	return (NULL);
}

/* Whether a pod is ready, or has done its work. */
static int
pod_reached(struct wish *w, const struct session *s, const Tripod__FilePod *f)
{
	const Tripod__PodItem *p = find(s->answer, f);
	const Tripod__PodItem *before = find_before(s->answer, f);
	char text[PODS_TEXT_MAX], *name;
	int ready;

	(void)xasprintf(
	    &name, "%s/%s", f->namespace_, f->name); /* never fails */
	text[0] = '\0';
	ready = p != NULL && !p->terminating && p->status != NULL &&
	    (pod_is_ready(p) ||
		p->status->phase == TRIPOD__PHASE__PHASE_SUCCEEDED);
	if (before != NULL && !ready)
		pod_why(p != NULL ? p : before, wall_now_ns(), text);
	if (f->taken_by[0] != '\0') {
		progress(w, name, "another file has this pod");
		w->failed = 1;
	} else if (!ready) {
		progress(w, name,
		    text[0] != '\0' ? text
			: p == NULL ? "is not there yet"
				    : pod_state(p));
		w->failed = p != NULL && p->status != NULL &&
		    p->status->phase == TRIPOD__PHASE__PHASE_FAILED;
	}
	free(name);
	return (ready);
}

static const Tripod__FileItem *
file_of(const struct wish *w, const struct answer *a)
{
	size_t i;

	for (i = 0; i < a->nfile; i++)
		if (strcmp(a->file[i]->file, w->place.name) == 0)
			return (a->file[i]);
	return (NULL);
}

static int
refused(struct wish *w, const Tripod__FileItem *f)
{
	size_t i;

	for (i = 0; i < f->n_problem; i++)
		output_problem(f->file, f->problem[i], stdout);
	(void)err_set(&w->why, "%s: it is %s", f->file,
	    f->state == TRIPOD__MANIFEST__STATE__IGNORED ? "ignored"
							 : "refused");
	w->failed = 1;
	return (1);
}

static int
reached(void *ctx, const struct session *s)
{
	struct wish *w = ctx;
	const Tripod__FileItem *f = file_of(w, s->answer);
	size_t i;

	if (f != NULL && f->state == TRIPOD__MANIFEST__STATE__IGNORED)
		return (refused(w, f));
	if (f == NULL || strcmp(f->digest, w->digest) != 0) {
		progress(w, w->place.name, "it has not been read yet");
		return (0);
	}
	if (f->state == TRIPOD__MANIFEST__STATE__INVALID && f->n_problem > 0)
		return (refused(w, f));
	for (i = 0; i < f->n_pod; i++)
		if (!pod_reached(w, s, f->pod[i]))
			return (w->failed);
	return (f->n_pod > 0);
}

static int
lost_again(void *ctx, const struct session *s)
{
	return (!reached(ctx, s));
}

/*
 * Until the pods are ready and stay it for a while: what crashes at once
 * is ready for a moment, too.  As session_until().
 */
static int
settle(struct session *s, struct wish *w, struct err *err)
{
	Tripod__Query q = TRIPOD__QUERY__INIT;
	struct mtime end = mtime_add(mtime_now(), w->timeout_ms);
	int rc;

	q.file = w->place.name;
	s->ctx = w;
	for (;;) {
		rc = session_until(s, &q, reached, end, err);
		if (rc != 1 || w->failed)
			return (rc);
		rc = session_until(s, &q, lost_again,
		    mtime_add(mtime_now(), w->settle_ms), err);
		if (rc != 1)
			return (rc == 0 ? 1 : -1);
	}
}

static int
await(struct session *s, struct wish *w)
{
	struct err err;
	char *back;
	int rc = settle(s, w, &err);

	if (rc == -1)
		(void)command_failed(&err);
	if (rc == 1 && !w->failed) {
		(void)printf("%s: ready\n", w->place.name);
		return (EX_OK);
	}
	back = place_back(&w->place);
	if (rc != -1)
		(void)fprintf(stderr, "tripodctl: %s%s\n",
		    rc == 0 ? "not ready in time: " : "", w->why.text);
	if (!w->place.same)
		(void)fprintf(stderr, "To go back: %s\n", back);
	free(back);
	return (rc == -1 ? EX_UNAVAILABLE : 1);
}

static void
judge_begin(struct judge *j, const struct wish *w, const char *node)
{
	judge_init(j, "-t");
	judge_add(j, "-N");
	judge_add(j, node);
	if (w->lenient)
		judge_add(j, "-L");
	judge_add(j, "--stdin-name");
	judge_add(j, w->place.name);
}

/* Watcherd's verdict, and the digest by which it is known there. */
static int
judge(struct wish *w, const char *node)
{
	struct judge j;
	struct err err;
	int fd, rc;

	if ((fd = place_descriptor(&w->place, &err)) == -1)
		return (command_failed(&err));
	judge_begin(&j, w, node);
	judge_add(&j, "-");
	rc = judge_child(w->options, &j, fd);
	if (rc == EX_OK && lseek(fd, 0, SEEK_SET) == 0) {
		judge_begin(&j, w, node);
		judge_add(&j, "-o");
		judge_add(&j, "json");
		judge_add(&j, "-");
		w->digest = judge_digest(w->options, &j, fd);
		if (w->digest == NULL)
			rc = EX_UNAVAILABLE;
	}
	(void)close(fd); /* only read */
	return (rc);
}

static int
apply(struct session *s, void *ctx)
{
	struct wish *w = ctx;
	struct err err;
	int rc;

	if (place_read(&w->place, s->folder, w->file, w->name, &err) == -1) {
		(void)command_missing(&err);
		return (EX_NOINPUT);
	}
	if ((rc = judge(w, s->node)) != EX_OK)
		return (rc);
	if (place_put(&w->place, &err) == -1) {
		(void)command_missing(&err);
		return (EX_CANTCREAT);
	}
	(void)printf("%s: %s in %s\n", w->place.name,
	    w->place.same ? "unchanged" : "put in place", w->place.folder);
	return (await(s, w));
}

static int
option(struct wish *w, int c)
{
	switch (c) {
	case 'L':
		w->lenient = 1;
		return (0);
	case 'n':
		w->name = optarg;
		return (0);
	case 's':
		w->settle_ms = match_duration(optarg);
		return (w->settle_ms == -1 ? command_wrong(optarg) : 0);
	case 't':
		w->timeout_ms = match_duration(optarg);
		return (w->timeout_ms == -1 ? command_wrong(optarg) : 0);
	default:
		return (-1);
	}
}

static int
run(const struct options *o, int argc, char *argv[])
{
	struct wish w = {
		.options = o, .timeout_ms = TIMEOUT_MS, .settle_ms = SETTLE_MS
	};
	int c, rc;

	while ((c = getopt_long(argc, argv, "L", longs, NULL)) != -1)
		if (option(&w, c) == -1)
			return (command_misuse(&cmd_apply));
	if (argc - optind != 1)
		return (command_misuse(&cmd_apply));
	w.file = argv[optind];
	rc = command_session(o, apply, &w);
	place_release(&w.place);
	free(w.digest);
	return (command_flush(rc));
}

const struct command cmd_apply = { "apply",
	"[-L] [--name NAME] [--settle TIME] [--timeout TIME]\n"
	"           FILE|-",
	"Checks a manifest, puts it into the folder that reconciled has, "
	"whole or not\n"
	"at all, and waits until its pods are ready.  The manifest of that "
	"name that was\n"
	"there before is kept as .NAME.previous; if something fails, the "
	"command that\n"
	"goes back to it is printed.\n"
	"  -L, --lenient          check as a kubelet does\n"
	"      --name NAME        what it is called in the folder\n"
	"      --settle TIME      its pods must stay ready so long, by default "
	"2s\n"
	"      --timeout TIME     wait at most so long, by default 120s\n"
	"Exit status: 0 its pods are ready; 1 it is not valid, refused, or not "
	"ready in\n"
	"time; 66 it cannot be read; 73 it cannot be put in place.\n",
	run };
