/*
 * list -s SOCKET: what a runtime has, over CRI, one line for each:
 *
 *	sandbox ID ready|notready MARKED UID NAME ATTEMPT REVISION
 *	container ID SANDBOX STATE MARKED UID NAME ATTEMPT
 *
 * MARKED is 1 for what is Tripod's; REVISION is the label "revision" of the
 * pod; "-" stands for nothing.
 */
#include <event2/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/cri.h"

#define LIMIT_S 10

struct list {
	struct event_base *base;
	struct cri *cri;
	const char *socket;
	int asked;
};

struct entry {
	ProtobufCMessage base;
	const char *key;
	const char *value;
};

/* The value of a label; "-" if there is none. */
static const char *
label(const void *labels, size_t n, const char *key)
{
	struct entry *const *e = labels;
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(e[i]->key, key) == 0 && e[i]->value[0] != '\0')
			return (e[i]->value);
	return ("-");
}

static const char *
state(Runtime__V1__ContainerState s)
{
	switch (s) {
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_CREATED:
		return ("created");
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING:
		return ("running");
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED:
		return ("exited");
	case RUNTIME__V1__CONTAINER_STATE__CONTAINER_UNKNOWN:
	case _RUNTIME__V1__CONTAINER_STATE_IS_INT_SIZE:
		break;
	}
	return ("unknown");
}

static int
is_marked(const void *labels, size_t n)
{
	return (strcmp(label(labels, n, "tripod.managed"), "-") != 0);
}

static void
print_sandbox(const Runtime__V1__PodSandbox *s)
{
	(void)printf("sandbox %s %s %d %s %s %u %s\n", s->id,
	    s->state == RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY
		? "ready"
		: "notready",
	    is_marked(s->labels, s->n_labels), s->metadata->uid,
	    s->metadata->name, s->metadata->attempt,
	    label(s->labels, s->n_labels, "revision"));
}

static void
print_container(const Runtime__V1__Container *c)
{
	(void)printf("container %s %s %s %d %s %s %u\n", c->id,
	    c->pod_sandbox_id, state(c->state),
	    is_marked(c->labels, c->n_labels),
	    label(c->labels, c->n_labels, "io.kubernetes.pod.uid"),
	    c->metadata->name, c->metadata->attempt);
}

static void
must_be_ok(const struct cri_result *res)
{
	if (res->code != GRPC_OK)
		fatalx("%s: %s", cri_method_str(res->method), res->message);
}

static void
on_containers(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ListContainersResponse *r = res->response;
	struct list *l = ctx;
	size_t i;

	must_be_ok(res);
	for (i = 0; i < r->n_containers; i++)
		print_container(r->containers[i]);
	(void)event_base_loopbreak(l->base); /* cannot fail */
}

static void
on_sandboxes(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ListPodSandboxResponse *r = res->response;
	Runtime__V1__ListContainersRequest req =
	    RUNTIME__V1__LIST_CONTAINERS_REQUEST__INIT;
	struct list *l = ctx;
	size_t i;

	must_be_ok(res);
	for (i = 0; i < r->n_items; i++)
		print_sandbox(r->items[i]);
	(void)cri_call(
	    l->cri, CRI_LIST_CONTAINERS, &req.base, on_containers, l);
}

static void
on_state(void *ctx, const struct cri_info *info)
{
	Runtime__V1__ListPodSandboxRequest req =
	    RUNTIME__V1__LIST_POD_SANDBOX_REQUEST__INIT;
	struct list *l = ctx;

	if (info->state != CRI_UP || l->asked)
		return;
	l->asked = 1;
	(void)cri_call(
	    l->cri, CRI_LIST_POD_SANDBOX, &req.base, on_sandboxes, l);
}

static void
on_late(int fd, short what, void *arg)
{
	const struct list *l = arg;

	(void)fd;
	(void)what;
	fatalx("%s: no answer in time", l->socket);
}

int
main(int argc, char *argv[])
{
	const struct timeval limit = { LIMIT_S, 0 };
	struct list l = { 0 };
	struct event *late;

	log_init("list");
	log_set_level(LOG_LEVEL_WARN);
	if (argc != 3 || strcmp(argv[1], "-s") != 0) {
		(void)fprintf(stderr, "usage: list -s socket\n");
		return (64);
	}
	l.socket = argv[2];
	if ((l.base = event_base_new()) == NULL ||
	    (late = evtimer_new(l.base, on_late, &l)) == NULL ||
	    evtimer_add(late, &limit) == -1)
		fatalx("cannot start");
	l.cri = cri_new(l.base, l.socket, on_state, &l);
	if (l.cri == NULL)
		fatal("%s", l.socket);
	(void)event_base_dispatch(l.base); /* on_containers ends it */
	cri_free(l.cri);
	event_free(late);
	event_base_free(l.base);
	return (fflush(stdout) == 0 ? 0 : 1);
}
