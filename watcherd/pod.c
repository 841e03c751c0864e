#include "watcherd/pod.h"

#include <string.h>

#include "watcherd/pod_make.h"

static const char *const restart_policies[] = {
	[TRIPOD__RESTART_POLICY__RESTART_ALWAYS] = "Always",
	[TRIPOD__RESTART_POLICY__RESTART_ON_FAILURE] = "OnFailure",
	[TRIPOD__RESTART_POLICY__RESTART_NEVER] = "Never",
	NULL,
};
static const char *const dns_policies[] = {
	[TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST] = "ClusterFirst",
	[TRIPOD__DNS_POLICY__DNS_CLUSTER_FIRST_WITH_HOST_NET] =
	    "ClusterFirstWithHostNet",
	[TRIPOD__DNS_POLICY__DNS_DEFAULT] = "Default",
	[TRIPOD__DNS_POLICY__DNS_NONE] = "None",
	NULL,
};
static const char *const node_operators[] = {
	[TRIPOD__NODE_REQUIREMENT__OPERATOR__IN] = "In",
	[TRIPOD__NODE_REQUIREMENT__OPERATOR__NOT_IN] = "NotIn",
	[TRIPOD__NODE_REQUIREMENT__OPERATOR__EXISTS] = "Exists",
	[TRIPOD__NODE_REQUIREMENT__OPERATOR__DOES_NOT_EXIST] = "DoesNotExist",
	[TRIPOD__NODE_REQUIREMENT__OPERATOR__GT] = "Gt",
	[TRIPOD__NODE_REQUIREMENT__OPERATOR__LT] = "Lt",
	NULL,
};

static Tripod__DnsConfig *
make_dns(struct maker *m, const struct node *from)
{
	Tripod__DnsConfig *out;

	if (from == NULL ||
	    (out = make_message(m, &tripod__dns_config__descriptor)) == NULL)
		return (NULL);
	out->nameserver = make_texts(
	    m, node_get(from, "nameservers"), &out->n_nameserver);
	out->search = make_texts(m, node_get(from, "searches"), &out->n_search);
	out->option = make_named(m, node_get(from, "options"), &out->n_option);
	return (out);
}

static void *
make_host_alias(struct maker *m, const struct node *from)
{
	Tripod__HostAlias *out;

	if ((out = make_message(m, &tripod__host_alias__descriptor)) == NULL)
		return (NULL);
	out->ip = make_text(from, "ip");
	out->hostname = make_texts(
	    m, node_get(from, "hostnames"), &out->n_hostname);
	return (out);
}

static void *
make_requirement(struct maker *m, const struct node *from)
{
	Tripod__NodeRequirement *out;

	out = make_message(m, &tripod__node_requirement__descriptor);
	if (out == NULL)
		return (NULL);
	out->key = make_text(from, "key");
	out->operator_ = (Tripod__NodeRequirement__Operator)make_word(
	    from, "operator", node_operators);
	out->value = make_texts(m, node_get(from, "values"), &out->n_value);
	return (out);
}

static void *
make_node_term(struct maker *m, const struct node *from)
{
	Tripod__NodeTerm *out;

	if ((out = make_message(m, &tripod__node_term__descriptor)) == NULL)
		return (NULL);
	out->label = make_list(m, node_get(from, "matchExpressions"),
	    &out->n_label, make_requirement);
	out->field = make_list(
	    m, node_get(from, "matchFields"), &out->n_field, make_requirement);
	return (out);
}

static void *
make_gate(struct maker *m, const struct node *from)
{
	(void)m; /* as other items of lists are made */
	return (make_text(from, "conditionType"));
}

static void
make_host(struct maker *m, const struct node *spec, Tripod__Pod *out)
{
	out->host_network = make_truth(spec, "hostNetwork");
	out->host_pid = make_truth(spec, "hostPID");
	out->host_ipc = make_truth(spec, "hostIPC");
	out->share_process_namespace = make_truth(
	    spec, "shareProcessNamespace");
	out->user_namespace = !node_get_num(spec, "hostUsers", 1);
	out->hostname = make_text(spec, "hostname");
	out->subdomain = make_text(spec, "subdomain");
	out->hostname_as_fqdn = make_truth(spec, "setHostnameAsFQDN");
	out->hostname_override = make_text(spec, "hostnameOverride");
	out->dns_policy = (Tripod__DnsPolicy)make_word(
	    spec, "dnsPolicy", dns_policies);
	out->dns = make_dns(m, node_get(spec, "dnsConfig"));
	out->host_alias = make_list(m, node_get(spec, "hostAliases"),
	    &out->n_host_alias, make_host_alias);
}

/* What admission to the node looks at. */
static void
make_placement(struct maker *m, const struct node *spec, Tripod__Pod *out)
{
	const struct node *affinity, *required;

	affinity = node_get(node_get(spec, "affinity"), "nodeAffinity");
	required = node_get(
	    affinity, "requiredDuringSchedulingIgnoredDuringExecution");
	out->node_term = make_list(m, node_get(required, "nodeSelectorTerms"),
	    &out->n_node_term, make_node_term);
	out->node_selector = make_pairs(
	    m, node_get(spec, "nodeSelector"), &out->n_node_selector);
	out->os = make_text(node_get(spec, "os"), "name");
	out->priority_class = make_text(spec, "priorityClassName");
	out->priority = (int32_t)identity_priority(spec);
	out->resources = make_resources(m, node_get(spec, "resources"));
	out->overhead = make_amounts(
	    m, node_get(spec, "overhead"), &out->n_overhead);
	out->runtime_class = make_text(spec, "runtimeClassName");
}

static void
make_spec(struct maker *m, const struct node *spec, Tripod__Pod *out)
{
	out->init_container = make_list(m, node_get(spec, "initContainers"),
	    &out->n_init_container, make_container);
	out->container = make_list(
	    m, node_get(spec, "containers"), &out->n_container, make_container);
	out->volume = make_list(
	    m, node_get(spec, "volumes"), &out->n_volume, make_volume);
	out->security = make_pod_security(m, node_get(spec, "securityContext"));
	out->restart_policy = (Tripod__RestartPolicy)make_word(
	    spec, "restartPolicy", restart_policies);
	out->grace_seconds = node_get_num(
	    spec, "terminationGracePeriodSeconds", 0);
	out->active_deadline_seconds = node_get_num(
	    spec, "activeDeadlineSeconds", 0);
	out->readiness_gate = make_list(m, node_get(spec, "readinessGates"),
	    &out->n_readiness_gate, make_gate);
	make_host(m, spec, out);
	make_placement(m, spec, out);
}

Tripod__Pod *
pod_message(
    struct arena *arena, const struct node *pod, const struct identity_of *id)
{
	const struct node *meta = node_get(pod, "metadata");
	const struct node *spec = node_get(pod, "spec");
	struct maker m = { arena, meta, spec, NULL, 0 };
	Tripod__Pod *out;

	if ((out = make_message(&m, &tripod__pod__descriptor)) == NULL)
		return (NULL);
	out->name = arena_strdup(arena, id->name);
	out->uid = arena_strdup(arena, id->uid);
	out->hash = arena_strdup(arena, id->hash);
	if (out->name == NULL || out->uid == NULL || out->hash == NULL)
		return (NULL);
	out->namespace_ = make_borrowed(id->ns);
	out->label = make_pairs(&m, node_get(meta, "labels"), &out->n_label);
	out->annotation = make_pairs(
	    &m, node_get(meta, "annotations"), &out->n_annotation);
	make_spec(&m, spec, out);
	return (m.failed ? NULL : out);
}
