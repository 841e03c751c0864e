/* Containers; see pod_make.h. */
#include "watcherd/pod_make.h"

#include <string.h>

#include "watcherd/quantity.h"

const char *const make_pull_policies[] = {
	[TRIPOD__PULL_POLICY__PULL_IF_NOT_PRESENT] = "IfNotPresent",
	[TRIPOD__PULL_POLICY__PULL_ALWAYS] = "Always",
	[TRIPOD__PULL_POLICY__PULL_NEVER] = "Never",
	NULL,
};
static const char *const protocols[] = {
	[TRIPOD__PORT__PROTOCOL__TCP] = "TCP",
	[TRIPOD__PORT__PROTOCOL__UDP] = "UDP",
	[TRIPOD__PORT__PROTOCOL__SCTP] = "SCTP",
	NULL,
};
static const char *const propagations[] = {
	[TRIPOD__VOLUME_MOUNT__PROPAGATION__PRIVATE] = "None",
	[TRIPOD__VOLUME_MOUNT__PROPAGATION__HOST_TO_CONTAINER] =
	    "HostToContainer",
	[TRIPOD__VOLUME_MOUNT__PROPAGATION__BIDIRECTIONAL] = "Bidirectional",
	NULL,
};
static const char *const recursives[] = {
	[TRIPOD__VOLUME_MOUNT__RECURSIVE__DISABLED] = "Disabled",
	[TRIPOD__VOLUME_MOUNT__RECURSIVE__IF_POSSIBLE] = "IfPossible",
	[TRIPOD__VOLUME_MOUNT__RECURSIVE__ENABLED] = "Enabled",
	NULL,
};
static const char *const restarts[] = {
	[TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_AS_POD] = "",
	[TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ALWAYS] = "Always",
	[TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_ON_FAILURE] = "OnFailure",
	[TRIPOD__CONTAINER_RESTART__CONTAINER_RESTART_NEVER] = "Never",
	NULL,
};

static int64_t
amount_of(const char *resource, const char *text)
{
	struct quantity q;

	if (text == NULL || quantity_parse(text, &q, NULL) == -1)
		return (0);
	return (strcmp(resource, "cpu") == 0 ? quantity_milli(&q)
					     : quantity_whole(&q));
}

Tripod__Resource **
make_amounts(struct maker *m, const struct node *map, size_t *n)
{
	const struct member *member;
	Tripod__Resource **out;
	size_t i;

	*n = 0;
	if (map == NULL || (out = make_array(m, map->n, sizeof(*out))) == NULL)
		return (NULL);
	for (i = 0; i < map->n; i++) {
		out[i] = make_message(m, &tripod__resource__descriptor);
		if (out[i] == NULL)
			return (NULL);
		member = &map->member[i];
		out[i]->name = make_borrowed(member->key);
		out[i]->amount = amount_of(member->key, member->value->str);
	}
	*n = map->n;
	return (out);
}

Tripod__Resources *
make_resources(struct maker *m, const struct node *from)
{
	Tripod__Resources *out;

	if (from == NULL ||
	    (out = make_message(m, &tripod__resources__descriptor)) == NULL)
		return (NULL);
	out->limit = make_amounts(m, node_get(from, "limits"), &out->n_limit);
	out->request = make_amounts(
	    m, node_get(from, "requests"), &out->n_request);
	return (out);
}

static Tripod__FileRef *
make_file_ref(struct maker *m, const struct node *from)
{
	Tripod__FileRef *out;

	if (from == NULL ||
	    (out = make_message(m, &tripod__file_ref__descriptor)) == NULL)
		return (NULL);
	out->volume = make_text(from, "volumeName");
	out->path = make_text(from, "path");
	out->key = make_text(from, "key");
	out->optional = make_truth(from, "optional");
	return (out);
}

static void *
make_variable(struct maker *m, const struct node *from)
{
	const struct node *source = node_get(from, "valueFrom");
	Tripod__Env *out;

	if ((out = make_message(m, &tripod__env__descriptor)) == NULL)
		return (NULL);
	out->name = make_text(from, "name");
	out->value = make_text(from, "value");
	out->field = make_field_ref(m, node_get(source, "fieldRef"));
	out->resource = make_resource_ref(
	    m, node_get(source, "resourceFieldRef"));
	out->file = make_file_ref(m, node_get(source, "fileKeyRef"));
	return (out);
}

static void *
make_port(struct maker *m, const struct node *from)
{
	Tripod__Port *out;

	if ((out = make_message(m, &tripod__port__descriptor)) == NULL)
		return (NULL);
	out->name = make_text(from, "name");
	out->host_ip = make_text(from, "hostIP");
	out->container_port = (int32_t)node_get_num(from, "containerPort", 0);
	out->host_port = (int32_t)node_get_num(from, "hostPort", 0);
	out->protocol = (Tripod__Port__Protocol)make_word(
	    from, "protocol", protocols);
	return (out);
}

static void *
make_mount(struct maker *m, const struct node *from)
{
	Tripod__VolumeMount *out;

	if ((out = make_message(m, &tripod__volume_mount__descriptor)) == NULL)
		return (NULL);
	out->volume = make_text(from, "name");
	out->path = make_text(from, "mountPath");
	out->read_only = make_truth(from, "readOnly");
	out->propagation = (Tripod__VolumeMount__Propagation)make_word(
	    from, "mountPropagation", propagations);
	out->recursive_read_only = (Tripod__VolumeMount__Recursive)make_word(
	    from, "recursiveReadOnly", recursives);
	out->sub_path = make_text(from, "subPath");
	out->sub_path_expr = make_text(from, "subPathExpr");
	return (out);
}

static void *
make_restart_rule(struct maker *m, const struct node *from)
{
	static const char *const operators[] = { "In", "NotIn", NULL };
	static const char *const actions[] = { "Restart",
		"RestartAllContainers", NULL };
	const struct node *codes = node_get(from, "exitCodes");
	const struct node *values = node_get(codes, "values");
	Tripod__RestartRule *out;
	size_t i;

	if ((out = make_message(m, &tripod__restart_rule__descriptor)) == NULL)
		return (NULL);
	out->not_in = make_word(codes, "operator", operators) == 1;
	out->all = make_word(from, "action", actions) == 1;
	if (values == NULL ||
	    (out->exit_code = make_array(
		 m, values->n, sizeof(*out->exit_code))) == NULL)
		return (out);
	for (i = 0; i < values->n; i++)
		out->exit_code[i] = (int32_t)values->item[i]->num;
	out->n_exit_code = values->n;
	return (out);
}

static void
make_lists(struct maker *m, const struct node *from, Tripod__Container *out)
{
	out->command = make_texts(
	    m, node_get(from, "command"), &out->n_command);
	out->arg = make_texts(m, node_get(from, "args"), &out->n_arg);
	out->env = make_list(
	    m, node_get(from, "env"), &out->n_env, make_variable);
	out->port = make_list(
	    m, node_get(from, "ports"), &out->n_port, make_port);
	out->mount = make_list(
	    m, node_get(from, "volumeMounts"), &out->n_mount, make_mount);
	out->restart_rule = make_list(m, node_get(from, "restartPolicyRules"),
	    &out->n_restart_rule, make_restart_rule);
}

static void
make_hooks(struct maker *m, const struct node *from, Tripod__Container *out)
{
	const struct node *lifecycle = node_get(from, "lifecycle");

	m->container = from;
	out->liveness = make_probe(m, node_get(from, "livenessProbe"));
	out->readiness = make_probe(m, node_get(from, "readinessProbe"));
	out->startup = make_probe(m, node_get(from, "startupProbe"));
	out->post_start = make_handler(m, node_get(lifecycle, "postStart"));
	out->pre_stop = make_handler(m, node_get(lifecycle, "preStop"));
	out->stop_signal = make_text(lifecycle, "stopSignal");
}

void *
make_container(struct maker *m, const struct node *from)
{
	static const char *const messages[] = { "File", "FallbackToLogsOnError",
		NULL };
	Tripod__Container *out;

	if ((out = make_message(m, &tripod__container__descriptor)) == NULL)
		return (NULL);
	out->name = make_text(from, "name");
	out->image = make_text(from, "image");
	out->pull_policy = (Tripod__PullPolicy)make_word(
	    from, "imagePullPolicy", make_pull_policies);
	out->working_dir = make_text(from, "workingDir");
	out->termination_message_path = make_text(
	    from, "terminationMessagePath");
	out->message_from_log = make_word(from, "terminationMessagePolicy",
				    messages) == 1;
	out->security = make_security(m, from);
	out->resources = make_resources(m, node_get(from, "resources"));
	out->restart = (Tripod__ContainerRestart)make_word(
	    from, "restartPolicy", restarts);
	out->stdin = make_truth(from, "stdin");
	out->stdin_once = make_truth(from, "stdinOnce");
	out->tty = make_truth(from, "tty");
	make_lists(m, from, out);
	make_hooks(m, from, out);
	return (out);
}
