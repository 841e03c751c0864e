#include "reconciled/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "reconciled/logs.h"
#include "reconciled/reconcile.h"

/* The runtime tells nobody how much it has written. */
#define PERIOD_S 10

/* A log that was moved away, until the runtime writes to a new one. */
struct rotation {
	struct reconciled *r;
	char *path, *rotated;
};

static void
on_reopened(void *ctx, struct cri_result *res)
{
	struct rotation *t = ctx;
	int at = t->r->files.pod_logs;

	/*
	 * It still writes to the old file, and the next time is soon; unless
	 * it has made the new one all the same.
	 */
	if (res->code != GRPC_OK) {
		log_warnx("log %s: %s", t->path, res->message);
		if (t->rotated != NULL &&
		    logs_move(at, t->rotated, t->path) == -1 &&
		    errno != ENOENT && errno != EEXIST)
			log_warn("log %s", t->path);
	}
	free(t->path);
	free(t->rotated);
	free(t);
}

static void
reopen(struct reconciled *r, const struct seen_container *c, const char *path,
    const char *rotated)
{
	Runtime__V1__ReopenContainerLogRequest req =
	    RUNTIME__V1__REOPEN_CONTAINER_LOG_REQUEST__INIT;
	struct rotation *t = xcalloc(1, sizeof(*t));

	t->r = r;
	t->path = xstrdup(path);
	t->rotated = rotated == NULL ? NULL : xstrdup(rotated);
	req.container_id = c->id;
	(void)cri_call(
	    r->cri, CRI_REOPEN_CONTAINER_LOG, &req.base, on_reopened, t);
}

static void
rotate_one(
    struct reconciled *r, const struct pod *p, const struct seen_container *c)
{
	char path[PATH_MAX], rotated[PATH_MAX];
	int rc;

	files_log_path(path, p, c);
	rc = logs_rotate(
	    r->files.pod_logs, path, &r->conf.logs, wall_now_ns(), rotated);
	if (rc == 1)
		reopen(r, c, path, rotated);
	else if (rc == -1 && errno == ENOENT)
		reopen(r, c, path, NULL);
	else if (rc == -1)
		log_warn("log %s", path);
}

static void
on_period(evutil_socket_t fd, short what, void *arg)
{
	struct reconciled *r = arg;
	struct seen_container *c;
	struct pod *p;

	(void)fd;
	(void)what;
	if (cri_info(r->cri)->state != CRI_UP)
		return;
	TAILQ_FOREACH (p, &r->pods, entry)
		TAILQ_FOREACH (c, &p->seen.containers, entry)
			if (c->state == SEEN_RUNNING && !c->busy)
				rotate_one(r, p, c);
}

void
rotate_start(struct reconciled *r)
{
	struct timeval tv = { PERIOD_S, 0 };

	r->ev_rotate = event_new(r->base, -1, EV_PERSIST, on_period, r);
	if (r->ev_rotate == NULL || event_add(r->ev_rotate, &tv) == -1)
		fatalx("event_new");
}

void
rotate_stop(struct reconciled *r)
{
	event_free(r->ev_rotate);
	r->ev_rotate = NULL;
}
