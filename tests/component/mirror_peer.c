/*
 * Plays reconciled's side of the mirror socket, for mirror.sh.
 *
 * mirror_peer SOCKET NODE: listens, takes one mirrord at a time, answers
 * HELLO, sends the whole state to each that comes, and prints what it
 * says: "HELLO PID", "MIRROR NAMESPACE NAME STATE UID REASON",
 * "API REACHABLE SERVER REASON", "LOST TEXT".
 *
 * Commands on standard input, one a line:
 *   pod FILE NAMESPACE NAME UID HASH PHASE [terminating]
 *	FILE holds the mirror's JSON; PHASE is Pending, Running, Succeeded
 *	or Failed, and says what the status of its container "c" is
 *   gone NAMESPACE NAME UID
 *   event NAMESPACE NAME HASH FIRST COUNT REASON
 *	FIRST in nanoseconds identifies it; its message is "it is REASON"
 *   node ready|notready
 *   drop	end the link
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/mtime.h"
#include "ipc/peer.h"

#define PODS_MAX 256
#define WORDS_MAX 8

struct pod {
	char *uid, *ns, *name, *hash, *json, *phase;
	int terminating, used;
	int64_t seen_ns, start_ns;
};

struct driver {
	struct event_base *base;
	struct event *listener, *input;
	struct peer *peer;
	char *node;
	int ready; /* the node */
	struct pod pod[PODS_MAX];
	char line[4096];
	size_t len;
};

static char *
copy(const char *s)
{
	return (xstrdup(s));
}

/* Status of a pod with the one container "c". */
struct status {
	Tripod__PodStatus pod;
	Tripod__ContainerStatus container;
	Tripod__ContainerState state;
	Tripod__Condition ready;
	Tripod__ContainerStatus *containers[1];
	Tripod__Condition *conditions[1];
	char *ips[1];
};

static void
state_fill(struct status *st, const struct pod *p)
{
	Tripod__ContainerState *s = &st->state;

	s->kind = TRIPOD__CONTAINER_STATE__KIND__TERMINATED;
	if (strcmp(p->phase, "Pending") == 0) {
		s->kind = TRIPOD__CONTAINER_STATE__KIND__WAITING;
		s->reason = copy("ContainerCreating");
	} else if (strcmp(p->phase, "Running") == 0) {
		s->kind = TRIPOD__CONTAINER_STATE__KIND__RUNNING;
		s->started_ns = p->start_ns;
	} else {
		s->exit_code = strcmp(p->phase, "Failed") == 0;
		s->reason = copy(s->exit_code ? "Error" : "Completed");
		s->started_ns = p->start_ns;
		s->finished_ns = p->start_ns + 1000000000;
		s->container_id = copy("containerd://abc");
	}
}

static Tripod__Phase
phase_of(const char *s)
{
	if (strcmp(s, "Running") == 0)
		return (TRIPOD__PHASE__PHASE_RUNNING);
	if (strcmp(s, "Succeeded") == 0)
		return (TRIPOD__PHASE__PHASE_SUCCEEDED);
	if (strcmp(s, "Failed") == 0)
		return (TRIPOD__PHASE__PHASE_FAILED);
	return (TRIPOD__PHASE__PHASE_PENDING);
}

static void
status_fill(struct status *st, const struct pod *p)
{
	int running = strcmp(p->phase, "Running") == 0;

	tripod__pod_status__init(&st->pod);
	tripod__container_status__init(&st->container);
	tripod__container_state__init(&st->state);
	tripod__condition__init(&st->ready);
	state_fill(st, p);
	st->ready.type = copy("Ready");
	st->ready.status = running;
	st->ready.transition_ns = p->start_ns;
	st->container.name = copy("c");
	st->container.image = copy("localhost/bb:1");
	st->container.ready = st->container.started = running;
	st->container.state = &st->state;
	st->containers[0] = &st->container;
	st->conditions[0] = &st->ready;
	st->ips[0] = copy("10.0.0.5");
	st->pod.phase = phase_of(p->phase);
	st->pod.start_ns = p->start_ns;
	st->pod.n_container = st->pod.n_condition = 1;
	st->pod.container = st->containers;
	st->pod.condition = st->conditions;
	st->pod.n_host_ip = st->pod.n_pod_ip = 1;
	st->pod.host_ip = st->pod.pod_ip = st->ips;
}

/* What status_fill() allocated is small and this is a test: it leaks. */
static void
pod_send(struct driver *d, const struct pod *p)
{
	Tripod__PodItem item = TRIPOD__POD_ITEM__INIT;
	struct status st;

	if (d->peer == NULL || d->peer->phase == PHASE_NEW)
		return;
	status_fill(&st, p);
	item.uid = p->uid;
	item.namespace_ = p->ns;
	item.name = p->name;
	item.hash = p->hash;
	item.terminating = p->terminating;
	item.seen_ns = p->seen_ns;
	item.status = &st.pod;
	item.mirror_json.data = (uint8_t *)p->json;
	item.mirror_json.len = strlen(p->json);
	(void)peer_send(d->peer, TRIPOD__MSG__MSG_POD, 0, -1, &item.base);
}

static void
node_send(struct driver *d)
{
	Tripod__NodeItem item = TRIPOD__NODE_ITEM__INIT;
	char *address[] = { copy("10.0.0.5") };

	item.runtime_ready = item.network_ready = d->ready;
	item.runtime_name = copy("containerd");
	item.runtime_version = copy("1.6.20");
	item.message = copy(d->ready ? "" : "the runtime is away");
	item.address = address;
	item.n_address = 1;
	if (d->peer != NULL && d->peer->phase != PHASE_NEW)
		(void)peer_send(
		    d->peer, TRIPOD__MSG__MSG_NODE, 0, -1, &item.base);
}

static void
everything_send(struct driver *d)
{
	size_t i;

	node_send(d);
	(void)peer_send(d->peer, TRIPOD__MSG__MSG_POD_BEGIN, 0, -1, NULL);
	for (i = 0; i < PODS_MAX; i++)
		if (d->pod[i].used)
			pod_send(d, &d->pod[i]);
	(void)peer_send(d->peer, TRIPOD__MSG__MSG_POD_END, 0, -1, NULL);
}

static int
on_hello(void *ctx, struct ipc_msg *m)
{
	Tripod__Welcome w = TRIPOD__WELCOME__INIT;
	struct driver *d = ctx;
	struct err err;

	if (hello_check((const void *)m->payload, "mirrord", &err) == -1) {
		(void)printf("BAD %s\n", err.text);
		return (-1);
	}
	w.protocol = TRIPOD_PROTOCOL;
	w.version = copy(VERSION);
	w.node = d->node;
	w.folder = copy("/etc/kubernetes/manifests");
	d->peer->phase = PHASE_READY;
	(void)peer_send(d->peer, TRIPOD__MSG__MSG_WELCOME, 0, -1, &w.base);
	(void)printf("HELLO %d\n", (int)d->peer->pid);
	everything_send(d);
	return (0);
}

static int
on_mirror(void *ctx, struct ipc_msg *m)
{
	static const char *const names[] = { "NONE", "PENDING", "PRESENT",
		"REFUSED", "CONFLICT" };
	const Tripod__MirrorItem *i = (const void *)m->payload;

	(void)ctx;
	(void)printf("MIRROR %s %s %s %s %s\n", i->namespace_, i->name,
	    (size_t)i->state < 5 ? names[i->state] : "?",
	    *i->uid == '\0' ? "-" : i->uid, i->reason);
	return (0);
}

static int
on_api(void *ctx, struct ipc_msg *m)
{
	const Tripod__ApiItem *i = (const void *)m->payload;

	(void)ctx;
	(void)printf("API %d %s %s\n", i->reachable,
	    *i->server == '\0' ? "-" : i->server, i->reason);
	return (0);
}

/* clang-format off */
static const struct ipc_op ops[] = {
	{ TRIPOD__MSG__MSG_HELLO, PHASE_NEW, IPC_SMALL_MAX, IPC_DECODE_MAX,
	    IPC_FD_NONE, &tripod__hello__descriptor, on_hello },
	{ TRIPOD__MSG__MSG_MIRROR, PHASE_READY, IPC_SMALL_MAX, IPC_DECODE_MAX,
	    IPC_FD_NONE, &tripod__mirror_item__descriptor, on_mirror },
	{ TRIPOD__MSG__MSG_API, PHASE_READY, IPC_SMALL_MAX, IPC_DECODE_MAX,
	    IPC_FD_NONE, &tripod__api_item__descriptor, on_api },
};
/* clang-format on */

static const struct ipc_table table = { "mirror", ops,
	sizeof(ops) / sizeof(ops[0]) };

static void
on_gone(struct peer *p, const struct err *err, void *ctx)
{
	struct driver *d = ctx;

	(void)printf("LOST %s\n", err->text);
	peer_free(p);
	d->peer = NULL;
}

static const struct peer_callbacks callbacks = { .on_gone = on_gone };

static void
on_accept(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	int s;

	(void)what;
	s = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (s == -1)
		return;
	if (d->peer != NULL) {
		(void)close(s);
		return;
	}
	if ((d->peer = peer_new(d->base, s, &table, &callbacks, d)) == NULL)
		fatal("peer_new");
}

static struct pod *
pod_find(struct driver *d, const char *uid)
{
	struct pod *unused = NULL;
	size_t i;

	for (i = 0; i < PODS_MAX; i++) {
		if (d->pod[i].used && strcmp(d->pod[i].uid, uid) == 0)
			return (&d->pod[i]);
		if (!d->pod[i].used && unused == NULL)
			unused = &d->pod[i];
	}
	if (unused == NULL)
		fatalx("too many pods");
	return (unused);
}

static char *
file_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *buf = xcalloc(1, 1024 * 1024);

	if (f == NULL || fread(buf, 1, 1024 * 1024 - 1, f) == 0)
		fatal("%s", path);
	(void)fclose(f);
	return (buf);
}

static void
do_pod(struct driver *d, char **w, size_t n)
{
	struct pod *p = pod_find(d, w[4]);

	if (!p->used) {
		memset(p, 0, sizeof(*p));
		p->seen_ns = wall_now_ns();
		p->start_ns = p->seen_ns;
	}
	free(p->json);
	p->used = 1;
	p->json = file_read(w[1]);
	p->ns = copy(w[2]);
	p->name = copy(w[3]);
	p->uid = copy(w[4]);
	p->hash = copy(w[5]);
	p->phase = copy(w[6]);
	p->terminating = n > 7;
	pod_send(d, p);
}

static void
do_gone(struct driver *d, char **w)
{
	Tripod__PodGone gone = TRIPOD__POD_GONE__INIT;

	pod_find(d, w[3])->used = 0;
	gone.namespace_ = w[1];
	gone.name = w[2];
	gone.uid = w[3];
	if (d->peer != NULL && d->peer->phase != PHASE_NEW)
		(void)peer_send(
		    d->peer, TRIPOD__MSG__MSG_POD_GONE, 0, -1, &gone.base);
}

static void
do_event(struct driver *d, char **w)
{
	Tripod__EventItem e = TRIPOD__EVENT_ITEM__INIT;
	char *message;

	(void)xasprintf(&message, "it is %s", w[6]); /* never fails */
	e.namespace_ = w[1];
	e.name = w[2];
	e.uid = e.hash = w[3];
	e.first_ns = strtoll(w[4], NULL, 10);
	e.count = (uint32_t)strtoul(w[5], NULL, 10);
	e.last_ns = e.first_ns + INT64_C(1000000000) * (e.count - 1);
	e.reason = w[6];
	e.message = message;
	e.field = copy("spec.containers{c}");
	e.warning = 1;
	if (d->peer != NULL && d->peer->phase != PHASE_NEW)
		(void)peer_send(
		    d->peer, TRIPOD__MSG__MSG_EVENT, 0, -1, &e.base);
	free(message);
}

static void
command(struct driver *d, char *line)
{
	char *w[WORDS_MAX + 1] = { NULL }, *save = NULL, *word;
	size_t n = 0;

	for (word = strtok_r(line, " ", &save); word != NULL && n < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		w[n++] = word;
	if (n >= 7 && strcmp(w[0], "pod") == 0)
		do_pod(d, w, n);
	else if (n == 4 && strcmp(w[0], "gone") == 0)
		do_gone(d, w);
	else if (n == 7 && strcmp(w[0], "event") == 0)
		do_event(d, w);
	else if (n == 2 && strcmp(w[0], "node") == 0) {
		d->ready = strcmp(w[1], "ready") == 0;
		node_send(d);
	} else if (n == 1 && strcmp(w[0], "drop") == 0) {
		if (d->peer != NULL)
			peer_drop(d->peer, "as told");
	} else
		fatalx("what is \"%s\"?", line);
}

static void
on_input(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;
	char *end;
	ssize_t n;

	(void)what;
	n = read(fd, d->line + d->len, sizeof(d->line) - 1 - d->len);
	if (n <= 0) {
		(void)event_base_loopbreak(d->base);
		return;
	}
	d->len += (size_t)n;
	d->line[d->len] = '\0';
	while ((end = strchr(d->line, '\n')) != NULL) {
		*end = '\0';
		command(d, d->line);
		d->len -= (size_t)(end + 1 - d->line);
		memmove(d->line, end + 1, d->len + 1);
	}
}

int
main(int argc, char *argv[])
{
	struct driver *d = xcalloc(1, sizeof(*d));
	struct err err;
	int fd;

	log_init("mirror_peer");
	if (argc != 3)
		fatalx("usage: mirror_peer SOCKET NODE");
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	d->node = argv[2];
	d->ready = 1;
	if ((fd = ipc_listen(argv[1], 0, 0666, &err)) == -1)
		fatalx("%s", err.text);
	if ((d->base = event_base_new()) == NULL)
		fatalx("event_base_new");
	d->listener = event_new(
	    d->base, fd, EV_READ | EV_PERSIST, on_accept, d);
	d->input = event_new(
	    d->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, d);
	if (d->listener == NULL || d->input == NULL ||
	    event_add(d->listener, NULL) == -1 ||
	    event_add(d->input, NULL) == -1)
		fatalx("event_new");
	(void)event_base_dispatch(d->base); /* ends with the input */
	return (0);
}
