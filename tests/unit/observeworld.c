#include "tests/unit/observeworld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconciled/termination.h"

/* The functions below have no other way to it. */
static struct world *here;
static struct cri_info info = { .state = CRI_UP };

/* --- what surrounds the files under test --- */

struct cri_call *
cri_call(struct cri *cri, enum cri_method method, const ProtobufCMessage *req,
    cri_done done, void *ctx)
{
	(void)cri;
	(void)req;
	assert_true(here->n < CALLS_MAX);
	here->asked[here->n++] = (struct asked){ method, done, ctx };
	return (NULL);
}

const struct cri_info *
cri_info(const struct cri *cri)
{
	(void)cri;
	return (&info);
}

void
reconcile_kick(struct reconciled *r)
{
	(void)r;
}

void
peers_pod(struct peers *peers, struct pod *p, Tripod__PodItem *item)
{
	(void)peers;
	(void)p;
	(void)item;
	here->told++;
}

void
peers_pod_gone(struct peers *peers, struct pod *p)
{
	(void)peers;
	(void)p;
	here->gone++;
}

void
follow_events(struct peers *peers)
{
	(void)peers;
}

void
mirror_transfer(struct peers *peers)
{
	(void)peers;
}

void
files_link_log(
    const struct files *f, const struct pod *p, const struct seen_container *c)
{
	(void)f;
	(void)p;
	(void)c;
}

char *
message_read(struct arena *a, int pods, const struct pod *p,
    const struct seen_container *c)
{
	(void)a;
	(void)pods;
	(void)p;
	(void)c;
	return (TEXT("said"));
}

char *
message_from_log(struct arena *a, int logs, const struct pod *p,
    const struct seen_container *c)
{
	(void)a;
	(void)logs;
	(void)p;
	(void)c;
	return (TEXT(""));
}

char *
message_join(struct arena *a, const char *runtime, const char *own, size_t max)
{
	(void)a;
	(void)runtime;
	(void)max;
	return (TEXT(own));
}

/* --- the world --- */

static void
on_observe(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

int
world_setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct reconciled *r = &w->r;

	here = w;
	TAILQ_INIT(&r->pods);
	records_init(&r->records);
	r->base = event_base_new();
	r->ev_observe = evtimer_new(r->base, on_observe, r);
	r->listed = r->known = 1;
	w->p = pod_new("u", "default", "web");
	TAILQ_INSERT_TAIL(&r->pods, w->p, entry);
	w->s = sandbox_add(&w->p->seen, "s", 0, 1);
	w->s->ready = w->s->detailed = 1;
	w->c = container_add(&w->p->seen, "c", "main", 0, 1);
	text_set(&w->c->sandbox_id, "s");
	w->c->state = SEEN_RUNNING;
	w->c->detailed = 1;
	*state = w;
	return (0);
}

int
world_teardown(void **state)
{
	struct world *w = *state;

	assert_int_equal(w->p->inflight, 0);
	pod_free(w->p);
	records_release(&w->r.records);
	event_free(w->r.ev_observe);
	event_base_free(w->r.base);
	free(w);
	return (0);
}

void
answer(struct world *w, enum cri_method method, enum grpc_code code,
    const void *response)
{
	struct asked a = w->asked[0];
	struct cri_result res = { .method = method,
		.code = code,
		.message = code == GRPC_OK ? "" : "what?",
		.response = response };

	assert_int_equal(w->n, 1);
	assert_int_equal(a.method, method);
	w->n = 0;
	a.done(a.ctx, &res);
	arena_free(res.arena);
}

void
answer_container(struct world *w, Runtime__V1__ContainerState state)
{
	Runtime__V1__ContainerStatusResponse a =
	    RUNTIME__V1__CONTAINER_STATUS_RESPONSE__INIT;
	Runtime__V1__ContainerStatus st = RUNTIME__V1__CONTAINER_STATUS__INIT;

	st.state = state;
	a.status = &st;
	answer(w, CRI_CONTAINER_STATUS, GRPC_OK, &a);
}

void
answer_sandbox(struct world *w, int ready)
{
	Runtime__V1__PodSandboxStatusResponse a =
	    RUNTIME__V1__POD_SANDBOX_STATUS_RESPONSE__INIT;
	Runtime__V1__PodSandboxStatus st =
	    RUNTIME__V1__POD_SANDBOX_STATUS__INIT;
	Runtime__V1__PodSandboxNetworkStatus net =
	    RUNTIME__V1__POD_SANDBOX_NETWORK_STATUS__INIT;

	st.state = ready ? RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY
			 : RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_NOTREADY;
	net.ip = TEXT(ready ? "10.0.0.1" : "");
	st.network = &net;
	a.status = &st;
	answer(w, CRI_POD_SANDBOX_STATUS, GRPC_OK, &a);
}

/* A list of the world's sandbox and, in that state, its container. */
void
answer_list(struct world *w, Runtime__V1__ContainerState state)
{
	Runtime__V1__ListPodSandboxResponse sl =
	    RUNTIME__V1__LIST_POD_SANDBOX_RESPONSE__INIT;
	Runtime__V1__ListContainersResponse cl =
	    RUNTIME__V1__LIST_CONTAINERS_RESPONSE__INIT;
	Runtime__V1__PodSandbox s = RUNTIME__V1__POD_SANDBOX__INIT,
				*ss[] = { &s };
	Runtime__V1__Container c = RUNTIME__V1__CONTAINER__INIT, *cs[] = { &c };
	Runtime__V1__PodSandboxMetadata sm =
	    RUNTIME__V1__POD_SANDBOX_METADATA__INIT;
	Runtime__V1__ContainerMetadata cm =
	    RUNTIME__V1__CONTAINER_METADATA__INIT;
	Runtime__V1__PodSandbox__LabelsEntry l[] = {
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT,
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT,
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT,
		RUNTIME__V1__POD_SANDBOX__LABELS_ENTRY__INIT
	};
	Runtime__V1__PodSandbox__LabelsEntry *ls[] = { &l[0], &l[1], &l[2],
		&l[3] };
	const char *const text[] = { LABEL_MANAGED, LABEL_MANAGED_VALUE,
		LABEL_POD_UID, "u", LABEL_POD_NAMESPACE, "default",
		LABEL_POD_NAME, "web" };
	size_t i;

	for (i = 0; i < 4; i++) {
		l[i].key = TEXT(text[2 * i]);
		l[i].value = TEXT(text[2 * i + 1]);
	}
	s.id = TEXT("s");
	s.metadata = &sm;
	s.labels = ls;
	s.n_labels = 4;
	sl.items = ss;
	sl.n_items = 1;
	answer(w, CRI_LIST_POD_SANDBOX, GRPC_OK, &sl);
	c.id = TEXT("c");
	cm.name = TEXT("main");
	c.metadata = &cm;
	c.state = state;
	/* Maps of all messages have one shape. */
	c.labels = (Runtime__V1__Container__LabelsEntry **)(void *)ls;
	c.n_labels = 4;
	cl.containers = cs;
	cl.n_containers = 1;
	answer(w, CRI_LIST_CONTAINERS, GRPC_OK, &cl);
}

void
hint(struct world *w, const char *id)
{
	struct hint h = { .kind = HINT_EXITED, .id = id };

	observe_hint(&w->r, &h);
}
