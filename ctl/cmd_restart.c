#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/mem.h"
#include "ctl/command.h"
#include "ctl/match.h"
#include "ctl/pods.h"

#define TIMEOUT_MS 120000
#define CONTAINERS_MAX 64

static const struct option longs[] = {
	{ "no-wait", no_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

/* A container, and the instance of it that is to go. */
struct old {
	char *name, *id;
};

struct wish {
	const char *word, *container; /* NULL: all */
	int no_wait;
	int64_t timeout_ms;
	char *uid;
	struct old old[CONTAINERS_MAX];
	size_t n;
	struct err why; /* not yet */
};

static void
remember(struct wish *w, const Tripod__PodItem *p)
{
	const Tripod__ContainerDetail *d;
	const Tripod__ContainerStatus *c;
	size_t i;

	w->uid = xstrdup(p->uid);
	for (i = 0; p->detail != NULL && i < p->detail->n_container; i++) {
		d = p->detail->container[i];
		c = pod_container(p, d->name);
		if (c == NULL || w->n == CONTAINERS_MAX ||
		    (w->container == NULL
			    ? d->kind == TRIPOD__CONTAINER_DETAIL__KIND__INIT
			    : strcmp(w->container, d->name) != 0))
			continue;
		w->old[w->n].name = xstrdup(d->name);
		w->old[w->n++].id = xstrdup(c->container_id);
	}
}

static void
wish_release(struct wish *w)
{
	while (w->n > 0) {
		free(w->old[--w->n].name);
		free(w->old[w->n].id);
	}
	free(w->uid);
}

static const Tripod__PodItem *
by_uid(const struct answer *a, const char *uid)
{
	size_t i;

	for (i = 0; i < a->npod; i++)
		if (strcmp(a->pod[i]->uid, uid) == 0)
			return (a->pod[i]);
	return (NULL);
}

/* Whether another instance than the old one runs and is ready. */
static int
is_back(const struct old *o, const Tripod__PodItem *p)
{
	const Tripod__ContainerStatus *c = pod_container(p, o->name);

	if (c == NULL || strcmp(c->container_id, o->id) == 0 ||
	    c->state == NULL)
		return (0);
	return (c->state->kind == TRIPOD__CONTAINER_STATE__KIND__TERMINATED ||
	    (c->state->kind == TRIPOD__CONTAINER_STATE__KIND__RUNNING &&
		c->ready));
}

static int
reached(void *ctx, const struct session *s)
{
	struct wish *w = ctx;
	const Tripod__PodItem *p = by_uid(s->answer, w->uid);
	char text[PODS_TEXT_MAX];
	size_t i;

	if (p == NULL) {
		(void)err_set(&w->why, "the pod is gone");
		return (0);
	}
	pod_why(p, wall_now_ns(), text);
	(void)err_set(&w->why, "%s", text[0] != '\0' ? text : pod_state(p));
	for (i = 0; i < w->n; i++)
		if (!is_back(&w->old[i], p))
			return (0);
	return (1);
}

static int
report(const struct wish *w, const Tripod__PodItem *p)
{
	const Tripod__ContainerStatus *c;
	size_t i;

	for (i = 0; p != NULL && i < w->n; i++)
		if ((c = pod_container(p, w->old[i].name)) != NULL)
			(void)printf("%s/%s: container %s: %s, restarts %u\n",
			    p->namespace_, p->name, c->name,
			    c->state->kind ==
				    TRIPOD__CONTAINER_STATE__KIND__RUNNING
				? "runs again"
				: "ran again, and has ended",
			    c->restart_count);
	return (EX_OK);
}

static int
await(struct session *s, struct wish *w)
{
	struct err err;
	int rc;

	s->ctx = w;
	rc = session_until(
	    s, NULL, reached, mtime_add(mtime_now(), w->timeout_ms), &err);
	if (rc == -1)
		return (command_failed(&err));
	if (rc == 1)
		return (report(w, by_uid(s->answer, w->uid)));
	(void)fprintf(stderr,
	    "tripodctl: %s: not running again within %llds: %s\n", w->word,
	    (long long)(w->timeout_ms / 1000), w->why.text);
	return (1);
}

static int
ask(struct session *s, void *ctx)
{
	struct wish *w = ctx;
	Tripod__Restart q = TRIPOD__RESTART__INIT;
	char *container = xstrdup(w->container == NULL ? "" : w->container);
	const Tripod__PodItem *p;
	struct err err;
	int rc;

	if (session_status(s, NULL, &err) == -1)
		rc = command_failed(&err);
	else if ((p = command_pod(s, w->word, &err)) == NULL)
		rc = command_missing(&err);
	else {
		remember(w, p);
		q.uid = w->uid;
		q.container = container;
		rc = EX_OK;
		if (session_ask(s, TRIPOD__MSG__MSG_RESTART, &q.base, GOT_DONE,
			&err) == -1)
			rc = s->gone ? command_failed(&err)
				     : command_missing(&err);
	}
	free(container);
	return (rc == EX_OK && !w->no_wait ? await(s, w) : rc);
}

static int
options(struct wish *w, int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'n')
			w->no_wait = 1;
		else if (c != 't')
			return (-1);
		else if ((w->timeout_ms = match_duration(optarg)) == -1)
			return (command_wrong(optarg));
	}
	if (argc - optind < 1 || argc - optind > 2)
		return (-1);
	w->word = argv[optind];
	w->container = argv[optind + 1];
	return (0);
}

static int
run(const struct options *o, int argc, char *argv[])
{
	struct wish w = { .timeout_ms = TIMEOUT_MS };
	int rc;

	if (options(&w, argc, argv) == -1)
		return (command_misuse(&cmd_restart));
	rc = command_session(o, ask, &w);
	wish_release(&w);
	return (command_flush(rc));
}

const struct command cmd_restart = { "restart",
	"[--no-wait] [--timeout TIME] POD [CONTAINER]",
	"Stops the containers of a pod, or one, as gently as its manifest "
	"says, so that\n"
	"they are started again; what is in a back-off is started at once.  "
	"It counts as\n"
	"a restart.  Refused for containers whose policy is Never: they would "
	"not come\n"
	"back.  With OnFailure they do, whatever their exit code.\n"
	"      --no-wait          do not wait until they are ready again\n"
	"      --timeout TIME     wait at most so long, by default 120s\n"
	"Exit status: 0 they are ready again, 1 not in time, or refused.\n",
	run };
