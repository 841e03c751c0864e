/* Probes and hooks; see pod_make.h. */
#include "watcherd/pod_make.h"

#include <string.h>

/* The container's port of that name; 0 if it declares none. */
static int32_t
port_named(const struct node *container, const char *name)
{
	const struct node *list = node_get(container, "ports");
	const char *text;
	size_t i;

	for (i = 0; list != NULL && i < list->n; i++) {
		text = node_get_str(list->item[i], "name");
		if (text != NULL && strcmp(text, name) == 0)
			return ((int32_t)node_get_num(
			    list->item[i], "containerPort", 0));
	}
	return (0);
}

/* A port's number or name; returns the number, and the name if it is one. */
static int32_t
port_of(const struct maker *m, const struct node *action, char **name)
{
	const char *text = node_get_str(action, "port");

	if (text == NULL)
		return ((int32_t)node_get_num(action, "port", 0));
	*name = make_borrowed(text);
	return (port_named(m->container, text));
}

static Tripod__Exec *
make_exec(struct maker *m, const struct node *from)
{
	Tripod__Exec *out;

	if ((out = make_message(m, &tripod__exec__descriptor)) == NULL)
		return (NULL);
	out->command = make_texts(
	    m, node_get(from, "command"), &out->n_command);
	return (out);
}

static Tripod__HttpGet *
make_http_get(struct maker *m, const struct node *from)
{
	static const char *const schemes[] = { "HTTP", "HTTPS", NULL };
	Tripod__HttpGet *out;

	if ((out = make_message(m, &tripod__http_get__descriptor)) == NULL)
		return (NULL);
	out->host = make_text(from, "host");
	out->port = port_of(m, from, &out->port_name);
	out->path = make_text(from, "path");
	out->https = make_word(from, "scheme", schemes) == 1;
	out->header = make_named(
	    m, node_get(from, "httpHeaders"), &out->n_header);
	return (out);
}

static Tripod__TcpSocket *
make_tcp_socket(struct maker *m, const struct node *from)
{
	Tripod__TcpSocket *out;

	if ((out = make_message(m, &tripod__tcp_socket__descriptor)) == NULL)
		return (NULL);
	out->host = make_text(from, "host");
	out->port = port_of(m, from, &out->port_name);
	return (out);
}

static Tripod__Grpc *
make_grpc(struct maker *m, const struct node *from)
{
	Tripod__Grpc *out;

	if ((out = make_message(m, &tripod__grpc__descriptor)) == NULL)
		return (NULL);
	out->port = (int32_t)node_get_num(from, "port", 0);
	out->service = make_text(from, "service");
	return (out);
}

static Tripod__Sleep *
make_sleep(struct maker *m, const struct node *from)
{
	Tripod__Sleep *out;

	if ((out = make_message(m, &tripod__sleep__descriptor)) == NULL)
		return (NULL);
	out->seconds = node_get_num(from, "seconds", 0);
	return (out);
}

void *
make_handler(struct maker *m, const struct node *from)
{
	const struct node *action;
	Tripod__Handler *out;

	if (from == NULL ||
	    (out = make_message(m, &tripod__handler__descriptor)) == NULL)
		return (NULL);
	if ((action = node_get(from, "exec")) != NULL) {
		out->action_case = TRIPOD__HANDLER__ACTION_EXEC;
		out->exec = make_exec(m, action);
	} else if ((action = node_get(from, "httpGet")) != NULL) {
		out->action_case = TRIPOD__HANDLER__ACTION_HTTP_GET;
		out->http_get = make_http_get(m, action);
	} else if ((action = node_get(from, "tcpSocket")) != NULL) {
		out->action_case = TRIPOD__HANDLER__ACTION_TCP_SOCKET;
		out->tcp_socket = make_tcp_socket(m, action);
	} else if ((action = node_get(from, "grpc")) != NULL) {
		out->action_case = TRIPOD__HANDLER__ACTION_GRPC;
		out->grpc = make_grpc(m, action);
	} else if ((action = node_get(from, "sleep")) != NULL) {
		out->action_case = TRIPOD__HANDLER__ACTION_SLEEP;
		out->sleep = make_sleep(m, action);
	}
	return (out);
}

void *
make_probe(struct maker *m, const struct node *from)
{
	Tripod__Probe *out;

	if (from == NULL ||
	    (out = make_message(m, &tripod__probe__descriptor)) == NULL)
		return (NULL);
	out->handler = make_handler(m, from);
	out->initial_delay_seconds = (int32_t)node_get_num(
	    from, "initialDelaySeconds", 0);
	out->timeout_seconds = (int32_t)node_get_num(from, "timeoutSeconds", 1);
	out->period_seconds = (int32_t)node_get_num(from, "periodSeconds", 10);
	out->success_threshold = (int32_t)node_get_num(
	    from, "successThreshold", 1);
	out->failure_threshold = (int32_t)node_get_num(
	    from, "failureThreshold", 3);
	out->grace_seconds = node_get_num(
	    from, "terminationGracePeriodSeconds", 0);
	return (out);
}
