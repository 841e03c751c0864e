/*
 * What peers write to reconciled: framing and the op tables of all its
 * channels, with handlers that only look.  A manifest that the policy
 * accepts is translated, as it would be next.
 *
 * The first byte chooses: channel (bits 0, 1 and 6), phase (2 and 3), small
 * pieces (4), a descriptor with the first piece (5); the rest is the stream.
 */
#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/peers.h"
#include "reconciled/prober.h"
#include "reconciled/translate.h"
#include "tests/fuzz/fuzz.h"

#define OPS_MAX 16
#define ARENA_MAX (32 * 1024 * 1024)
#define PIECE 4096 /* always fits into a socket's buffer */
#define SMALL_PIECE 7

/* One end of a connection as reconciled has it. */
struct conn {
	struct imsgbuf b;
	int far;
	const struct ipc_table *table;
	enum ipc_phase phase;
};

static void
translate_all(Tripod__Definition *m)
{
	const struct translate_env env = { .pod_logs = "/logs",
		.state = "/state",
		.cgroup_root = "",
		.node = "node",
		.addresses = "192.0.2.1",
		.dns = { .domain = "cluster.local", .file = "search x" },
		.seccomp_profiles = "/profiles",
		.machine = { .cpus = 2, .memory = 1 << 30, .cgroup_v2 = 1 } };
	struct instance in = { .image_ref = "image",
		.image_user = "",
		.ips = "10.0.0.2",
		.hosts_file = "/h",
		.message_file = "/m" };
	Runtime__V1__ContainerConfig *c;
	struct pod *p;
	struct arena a;
	size_t i, j;

	p = pod_new(m->pod->uid, m->pod->namespace_, m->pod->name);
	p->definition = m;
	pod_make_room(p, spec_count(m->pod));
	arena_init(&a, ARENA_MAX);
	(void)translate_sandbox(&a, &env, p, 0);
	(void)translate_hosts(&a, &env, p, in.ips, "127.0.0.1 localhost\n");
	for (i = 0; i < spec_count(m->pod); i++) {
		in.spec = spec_container(m->pod, i);
		(void)translate_image(&a, p, in.spec->image);
		c = translate_container(&a, &env, p, &in, NULL);
		for (j = 0; c != NULL && j < in.spec->n_mount; j++)
			(void)translate_sub_path(
			    &a, c, in.spec->mount[j], NULL);
	}
	arena_release(&a);
	pod_free(p);
}

/* What becomes of a pod's words. */
static void
clean(const Tripod__ProbeResult *r)
{
	char text[HANDLER_MESSAGE_MAX];

	prober_clean(text, sizeof(text), r->message, strlen(r->message));
	log_assert(text[strcspn(text, "\n\r\t\033")] == '\0');
}

static int
on_message(void *ctx, struct ipc_msg *msg)
{
	static const struct machine machine = { .cpus = 2 };
	const struct policy policy = { .host_network = 1,
		.privileged = 1,
		.unconfined = 1,
		.host_port = 1,
		.node = "node",
		.cluster_domain = "",
		.machine = &machine };
	struct conn *c = ctx;
	Tripod__Manifest *m = (Tripod__Manifest *)(void *)msg->payload;
	Tripod__Definition *d;
	size_t i;

	switch (msg->type) {
	case TRIPOD__MSG__MSG_PROBE_RESULT:
		clean((const Tripod__ProbeResult *)(void *)msg->payload);
		break;
	case TRIPOD__MSG__MSG_HELLO:
	case TRIPOD__MSG__MSG_MANIFEST_END:
		c->phase = PHASE_READY;
		break;
	case TRIPOD__MSG__MSG_MANIFEST_BEGIN:
		c->phase = PHASE_SYNC;
		break;
	case TRIPOD__MSG__MSG_MANIFEST:
		for (i = 0; i < m->n_definition; i++) {
			d = m->definition[i];
			if (d->pod != NULL &&
			    policy_check(&policy, d->pod, NULL) == 0)
				translate_all(d);
		}
		break;
	}
	return (0);
}

/* The real table, but for what it calls. */
static void
copy_table(const struct ipc_table *from, struct ipc_table *to,
    struct ipc_op ops[static OPS_MAX])
{
	size_t i;

	log_assert(from->n <= OPS_MAX);
	*to = *from;
	to->ops = ops;
	for (i = 0; i < from->n; i++) {
		ops[i] = from->ops[i];
		ops[i].handler = on_message;
	}
}

/* Everything that is whole; -1: the peer would be dropped. */
static int
take_frames(struct conn *c)
{
	struct imsg m;
	struct err err;
	int rc;

	if (imsgbuf_read(&c->b) != 1)
		return (-1);
	while ((rc = imsg_get(&c->b, &m)) == 1)
		if (ipc_dispatch(c->table, c->phase, &m, c, &err) == -1)
			return (-1);
	return (rc);
}

static void
send_piece(int to, const uint8_t *data, size_t len, int with_fd)
{
	union {
		struct cmsghdr align;
		uint8_t buf[CMSG_SPACE(sizeof(int))];
	} control;
	/* iovec is for reading, too, and so not const. */
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;

	if (with_fd) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &to, sizeof(int));
	}
	if (sendmsg(to, &msg, MSG_DONTWAIT) != (ssize_t)len)
		fatal("sendmsg");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ipc_table *const tables[] = { &watch_table,
		&mirror_table, &control_table, &watch_table, &prober_table,
		&prober_control_table, &prober_table, &prober_table };
	static const enum ipc_phase phases[] = { PHASE_NEW, PHASE_READY,
		PHASE_SYNC, PHASE_READY };
	struct ipc_op ops[OPS_MAX];
	struct ipc_table table;
	struct conn c;
	size_t piece, n;
	int fds[2], with_fd;

	if (size < 2)
		return (0);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == -1)
		fatal("socketpair");
	copy_table(tables[(data[0] & 3) | (data[0] >> 4 & 4)], &table, ops);
	imsgbuf_init(&c.b, fds[0], &ipc_limits);
	c.far = fds[1];
	c.table = &table;
	c.phase = phases[data[0] >> 2 & 3];
	piece = data[0] & 0x10 ? SMALL_PIECE : PIECE;
	with_fd = data[0] & 0x20;
	for (data++, size--; size > 0; data += n, size -= n) {
		n = size < piece ? size : piece;
		send_piece(c.far, data, n, with_fd);
		with_fd = 0;
		if (take_frames(&c) == -1)
			break;
	}
	(void)close(c.far); /* nothing is left to say */
	imsgbuf_release(&c.b);
	return (0);
}
