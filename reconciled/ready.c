#include "reconciled/ready.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/reconcile.h"

void
ready_open(struct ready *y)
{
	notify_open(&y->notify);
	y->ev = NULL;
	y->done = 0;
	y->text[0] = '\0';
}

static void
told_ready(struct ready *y)
{
	if (!y->done)
		notify_send(&y->notify, "READY=1");
	y->done = 1;
}

static void
on_wait(evutil_socket_t fd, short what, void *arg)
{
	struct reconciled *r = arg;

	(void)fd;
	(void)what;
	if (!r->ready.done)
		log_info("ready without a runtime");
	told_ready(&r->ready);
}

void
ready_start(struct reconciled *r)
{
	struct timeval tv = { READY_WAIT_S, 0 };

	notify_watch(&r->ready.notify, r->base);
	r->ready.ev = evtimer_new(r->base, on_wait, r);
	if (r->ready.ev == NULL || event_add(r->ready.ev, &tv) == -1)
		fatalx("evtimer_new");
}

void
ready_update(struct reconciled *r, int planned)
{
	struct ready *y = &r->ready;
	size_t wanted = 0, run = 0;
	char text[NOTIFY_MAX];
	const struct pod *p;

	if (planned)
		told_ready(y);
	if (y->notify.fd == -1)
		return;
	TAILQ_FOREACH (p, &r->pods, entry) {
		wanted += p->want.wanted;
		run += p->want.wanted && pod_has_running(&p->seen);
	}
	(void)snprintf(text, sizeof(text),
	    "%zu manifests, %zu of %zu pods run; runtime is %s", r->desired.n,
	    run, wanted, cri_state_str(cri_info(r->cri)->state));
	if (strcmp(text, y->text) == 0)
		return;
	(void)snprintf(y->text, sizeof(y->text), "%s", text);
	notify_send(&y->notify, "STATUS=%s", text);
}

void
ready_stop(struct reconciled *r)
{
	if (r->ready.ev != NULL)
		event_free(r->ready.ev);
	notify_close(&r->ready.notify);
}
