#include "ipc/dispatch.h"

#include <stddef.h>

#include "tripod.pb-c.h"

const char *
ipc_type_str(uint32_t type)
{
	const ProtobufCEnumValue *v;

	if (type > INT32_MAX)
		return ("unknown");
	v = protobuf_c_enum_descriptor_get_value(
	    &tripod__msg__descriptor, (int)type);
	return (v == NULL ? "unknown" : v->name);
}

static const struct ipc_op *
op_find(const struct ipc_table *t, uint32_t type)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->ops[i].type == type)
			return (&t->ops[i]);
	return (NULL);
}

/* Everything that can be checked before the payload is looked at. */
static int
op_admits(const struct ipc_op *op, enum ipc_phase phase, const struct imsg *m,
    struct err *err)
{
	if (!(op->phases & phase))
		return (err_set(err, "out of phase"));
	if (m->len > op->max)
		return (err_set(err, "%zu bytes, at most %zu are allowed",
		    m->len, op->max));
	if (op->fd == IPC_FD_NONE && m->fd != -1)
		return (err_set(err, "carries a descriptor"));
	if (op->fd == IPC_FD_REQUIRED && m->fd == -1)
		return (err_set(err, "lacks its descriptor"));
	return (0);
}

static int
op_decode(const struct ipc_op *op, const struct imsg *m, struct ipc_msg *msg,
    struct err *err)
{
	if (op->payload == NULL)
		return (0);
	msg->arena = arena_new(op->decode_max);
	msg->payload = protobuf_c_message_unpack(
	    op->payload, &msg->arena->allocator, m->len, m->data);
	if (msg->payload == NULL)
		return (err_set(
		    err, "payload of %zu bytes does not decode", m->len));
	return (0);
}

int
ipc_dispatch(const struct ipc_table *t, enum ipc_phase phase, struct imsg *m,
    void *ctx, struct err *err)
{
	const struct ipc_op *op;
	struct ipc_msg msg = { .type = m->hdr.type, .id = m->hdr.id, .fd = -1 };
	int rc = -1;

	if ((op = op_find(t, m->hdr.type)) == NULL) {
		(void)err_set(err, "not a message of this channel");
		goto out;
	}
	if (op_admits(op, phase, m, err) == -1)
		goto out;
	if (op_decode(op, m, &msg, err) == -1)
		goto out;
	msg.fd = imsg_get_fd(m);
	if ((rc = op->handler(ctx, &msg)) == -1)
		(void)err_set(err, "refused");
	m->fd = msg.fd; /* closed below unless the handler took it */
out:
	arena_free(msg.arena);
	imsg_release(m);
	if (rc == -1)
		(void)err_prefix(err, "%s channel: message %s (%u)", t->name,
		    ipc_type_str(m->hdr.type), m->hdr.type);
	return (rc);
}
