#include "reconciled/handler.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "reconciled/message.h"
#include "reconciled/prober.h"
#include "reconciled/reconcile.h"

#define COMMAND_MAX (4 * 1024 * 1024) /* memory for an expanded one */
#define SLEEP_MAX_S INT64_C(31536000)
#define EXEC_SLACK_MS 1000 /* the runtime's own end comes first */

struct handler_run {
	struct reconciled *r;
	handler_done done;
	void *ctx;
	struct cri_call *exec;	   /* one of these two, */
	struct prober_call *call;  /* or none */
	struct event *timer;	   /* ends it; not for calls of the prober */
	struct handler_result due; /* what the timer ends it with */
};

static void
run_free(struct handler_run *run)
{
	if (run->timer != NULL)
		event_free(run->timer);
	free(run);
}

static void
run_end(struct handler_run *run, const struct handler_result *res)
{
	run->done(run->ctx, res);
	run_free(run);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct handler_run *run = arg;

	(void)fd;
	(void)what;
	if (run->exec != NULL)
		cri_cancel(run->exec);
	run_end(run, &run->due);
}

/* Has it end in that way after a time, unless something else comes first. */
static void
run_end_after(struct handler_run *run, int64_t ms, enum handler_outcome outcome,
    const char *message)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	run->due = (struct handler_result){ outcome, message };
	run->timer = evtimer_new(run->r->base, on_timer, run);
	if (run->timer == NULL || event_add(run->timer, &tv) == -1)
		fatalx("event_add");
}

/* --- commands --- */

/* What a command printed: first on one of its outputs, then on the other. */
static void
output_text(char text[static HANDLER_MESSAGE_MAX],
    const Runtime__V1__ExecSyncResponse *a)
{
	size_t n;

	prober_clean(text, HANDLER_MESSAGE_MAX, (const char *)a->stdout.data,
	    a->stdout.len);
	n = strlen(text);
	if (n > 0 && n + 1 < HANDLER_MESSAGE_MAX && a->stderr.len > 0)
		text[n++] = ' ';
	prober_clean(text + n, HANDLER_MESSAGE_MAX - n,
	    (const char *)a->stderr.data, a->stderr.len);
}

static void
on_exec(void *ctx, struct cri_result *res)
{
	const Runtime__V1__ExecSyncResponse *a = res->response;
	char text[HANDLER_MESSAGE_MAX];
	struct handler_result end = { HANDLER_SUCCESS, text };
	struct handler_run *run = ctx;

	run->exec = NULL;
	if (res->code == GRPC_OK) {
		output_text(text, a);
		if (a->exit_code != 0)
			end.outcome = HANDLER_FAILURE;
		if (a->exit_code != 0 && text[0] == '\0')
			(void)snprintf(text, sizeof(text),
			    "the command ended with status %d",
			    (int)a->exit_code);
	} else {
		prober_clean(
		    text, sizeof(text), res->message, strlen(res->message));
		end.outcome = res->code == GRPC_DEADLINE_EXCEEDED
		    ? HANDLER_TIMEOUT
		    : HANDLER_ERROR;
	}
	run_end(run, &end);
}

/* Variables that have a literal value, for commands of probes. */
static size_t
literals(
    struct arena *a, const Tripod__Container *c, Runtime__V1__KeyValue ***out)
{
	Runtime__V1__KeyValue *all = must_alloc(a, c->n_env, sizeof(*all));
	size_t i, n = 0;

	*out = must_alloc(a, c->n_env, sizeof(**out));
	for (i = 0; i < c->n_env; i++) {
		if (c->env[i]->field != NULL || c->env[i]->resource != NULL ||
		    c->env[i]->file != NULL)
			continue;
		runtime__v1__key_value__init(&all[n]);
		all[n].key = c->env[i]->name;
		all[n].value.data = (uint8_t *)c->env[i]->value;
		all[n].value.len = strlen(c->env[i]->value);
		(*out)[n] = &all[n];
		n++;
	}
	return (n);
}

/* The command with its variables replaced; -1: it becomes too long. */
static int
command(
    struct arena *a, const struct handler *h, Runtime__V1__ExecSyncRequest *req)
{
	const Tripod__Exec *exec = h->handler->exec;
	Runtime__V1__KeyValue **env;
	struct variables known;
	size_t i, n;

	req->cmd = exec->command;
	req->n_cmd = exec->n_command;
	if (h->is_hook)
		return (0);
	n = literals(a, h->container, &env);
	if (variables_init(&known, a, env, n) == -1)
		return (-1);
	req->cmd = must_alloc(a, exec->n_command, sizeof(char *));
	for (i = 0; i < exec->n_command; i++) {
		req->cmd[i] = translate_expand(a, exec->command[i], &known);
		if (req->cmd[i] == NULL)
			return (-1);
	}
	return (0);
}

static void
start_exec(struct handler_run *run, const struct handler *h)
{
	Runtime__V1__ExecSyncRequest req = RUNTIME__V1__EXEC_SYNC_REQUEST__INIT;
	struct arena arena;
	char *id;

	arena_init(&arena, COMMAND_MAX);
	if (command(&arena, h, &req) == -1) {
		run_end_after(
		    run, 0, HANDLER_ERROR, "the command becomes too long");
	} else {
		id = xstrdup(h->id);
		req.container_id = id;
		req.timeout = (h->timeout_ms + 999) / 1000;
		run->exec = cri_call(
		    run->r->cri, CRI_EXEC_SYNC, &req.base, on_exec, run);
		free(id);
		/* Runtimes wait for all that holds on to the output. */
		if (h->timeout_ms > 0)
			run_end_after(run, h->timeout_ms + EXEC_SLACK_MS,
			    HANDLER_TIMEOUT, "the command took too long");
	}
	arena_release(&arena);
}

/* --- over the network --- */

static void
on_probed(void *ctx, const struct handler_result *res)
{
	struct handler_run *run = ctx;

	run->call = NULL;
	run_end(run, res);
}

/* Where the pod is to be found; NULL: not known yet. */
static const char *
pod_address(const struct reconciled *r, const struct pod *p)
{
	const struct seen_sandbox *s = sandbox_newest(&p->seen);

	if (s == NULL)
		return (NULL);
	if (s->host_network)
		return (
		    r->addresses.n > 0 ? r->addresses.value[0] : "127.0.0.1");
	return (s->n_ip > 0 ? s->ip[0] : NULL);
}

/* Why the prober needs not be asked; NULL if it is to be. */
static const char *
network_fault(const Tripod__Handler *h, const char *address)
{
	int32_t port = 0;

	if (h->action_case == TRIPOD__HANDLER__ACTION_HTTP_GET)
		port = h->http_get->port;
	else if (h->action_case == TRIPOD__HANDLER__ACTION_TCP_SOCKET)
		port = h->tcp_socket->port;
	else if (h->action_case == TRIPOD__HANDLER__ACTION_GRPC)
		port = h->grpc->port;
	if (port < 1 || port > 65535)
		return ("the container has no port of that name");
	return (address == NULL ? "the pod has no address yet" : NULL);
}

static void
start_network(struct handler_run *run, const struct handler *h)
{
	Tripod__ProbeRequest req = TRIPOD__PROBE_REQUEST__INIT;
	const char *address = pod_address(run->r, h->pod), *fault;
	char *copy;

	if ((fault = network_fault(h->handler, address)) != NULL) {
		run_end_after(run, 0, HANDLER_ERROR, fault);
		return;
	}
	/* The generated types know no const. */
	copy = xstrdup(address);
	req.handler = (Tripod__Handler *)(uintptr_t)h->handler;
	req.address = copy;
	req.hook = h->is_hook;
	req.timeout_ms = h->timeout_ms > 0 &&
		h->timeout_ms < PROBER_TIMEOUT_MAX_MS
	    ? h->timeout_ms
	    : PROBER_TIMEOUT_MAX_MS;
	run->call = prober_call(run->r->prober, &req, on_probed, run);
	free(copy);
}

static void
start_sleep(struct handler_run *run, const struct handler *h)
{
	int64_t s = h->handler->sleep->seconds;
	int64_t ms = s < SLEEP_MAX_S ? s * 1000 : SLEEP_MAX_S * 1000;

	if (h->timeout_ms > 0 && h->timeout_ms < ms)
		run_end_after(run, h->timeout_ms, HANDLER_TIMEOUT,
		    "the time is up before the sleep is over");
	else
		run_end_after(run, ms < 0 ? 0 : ms, HANDLER_SUCCESS, "");
}

struct handler_run *
handler_start(
    struct reconciled *r, const struct handler *h, handler_done done, void *ctx)
{
	struct handler_run *run = xcalloc(1, sizeof(*run));

	run->r = r;
	run->done = done;
	run->ctx = ctx;
	switch (h->handler->action_case) {
	case TRIPOD__HANDLER__ACTION_EXEC:
		start_exec(run, h);
		break;
	case TRIPOD__HANDLER__ACTION_HTTP_GET:
		start_network(run, h);
		break;
	case TRIPOD__HANDLER__ACTION_TCP_SOCKET:
	case TRIPOD__HANDLER__ACTION_GRPC:
		/* The kubelet, too, has no such hooks. */
		if (h->is_hook)
			run_end_after(run, 0, HANDLER_FAILURE,
			    "a hook must be exec, httpGet or sleep");
		else
			start_network(run, h);
		break;
	case TRIPOD__HANDLER__ACTION_SLEEP:
		start_sleep(run, h);
		break;
	case TRIPOD__HANDLER__ACTION__NOT_SET:
	case _TRIPOD__HANDLER__ACTION__CASE_IS_INT_SIZE:
		run_end_after(run, 0, HANDLER_ERROR, "there is no handler");
	}
	return (run);
}

void
handler_cancel(struct handler_run *run)
{
	if (run == NULL)
		return;
	if (run->exec != NULL)
		cri_cancel(run->exec);
	if (run->call != NULL)
		prober_cancel(run->call);
	run_free(run);
}
