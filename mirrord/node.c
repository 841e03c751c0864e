#include "mirrord/node.h"

#include <stdio.h>
#include <string.h>

#include "common/mtime.h"
#include "mirrord/apijson.h"

/* Version skew checks and upgrade tools parse this like a kubelet's. */
#define NODE_KUBELET "v1.36.0-tripod." VERSION

#define LABEL_HOSTNAME "kubernetes.io/hostname"
#define LABEL_ARCH "kubernetes.io/arch"

static json_t *
addresses_build(const char *node, const Tripod__NodeItem *item)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; item != NULL && i < item->n_address && i < 2; i++)
		(void)json_array_append_new(out,
		    json_pack("{s:s,s:o}", "type", "InternalIP", "address",
			json_safe(item->address[i], 64)));
	(void)json_array_append_new(
	    out, json_pack("{s:s,s:s}", "type", "Hostname", "address", node));
	return (out);
}

/* In the canonical form of a quantity: what the server will return. */
static json_t *
kib(int64_t n)
{
	static const char *const unit[] = { "Ki", "Mi", "Gi", "Ti" };
	size_t i = 0;

	while (n != 0 && n % 1024 == 0 && i < 3) {
		n /= 1024;
		i++;
	}
	if (n == 0)
		return (json_string("0"));
	return (json_sprintf("%lld%s", (long long)n, unit[i]));
}

static json_t *
resources_build(const struct hostinfo *h, const char *pods)
{
	return (json_pack("{s:o,s:o,s:o,s:s}", "cpu",
	    json_sprintf("%lld", (long long)h->cpus), "memory",
	    kib(h->memory_kib), "ephemeral-storage", kib(h->storage_kib),
	    "pods", pods));
}

static json_t *
info_build(const struct hostinfo *h, const Tripod__NodeItem *item)
{
	const char *name = "unknown", *version = "unknown";
	json_t *out;

	if (item != NULL && *item->runtime_name != '\0') {
		name = item->runtime_name;
		version = item->runtime_version;
	}
	out = json_pack("{s:s,s:s,s:s,s:s,s:s}", "kubeletVersion", NODE_KUBELET,
	    "kubeProxyVersion", "", "operatingSystem", "linux", "architecture",
	    h->arch, "kernelVersion", h->kernel);
	(void)json_object_set_new(
	    out, "machineID", json_safe(h->machine_id, 128));
	(void)json_object_set_new(
	    out, "systemUUID", json_safe(h->system_uuid, 128));
	(void)json_object_set_new(out, "bootID", json_safe(h->boot_id, 128));
	(void)json_object_set_new(out, "osImage", json_safe(h->os_image, 128));
	(void)json_object_set_new(out, "containerRuntimeVersion",
	    json_sprintf("%s://%s", name, version));
	if (json_object_get(out, "containerRuntimeVersion") == NULL)
		(void)json_object_set_new(out, "containerRuntimeVersion",
		    json_string("unknown://unknown"));
	return (out);
}

static json_t *
condition(const char *type, int status, const char *reason, const char *message)
{
	return (json_pack("{s:s,s:s,s:s,s:o}", "type", type, "status",
	    status ? "True" : "False", "reason", reason, "message",
	    json_safe(message, 1024)));
}

/* Ready comes last, as tools that print the list expect. */
static json_t *
conditions_build(const Tripod__NodeItem *item)
{
	json_t *out = json_array();
	const char *why = "nothing was heard of the container runtime yet";
	int ready = item != NULL && item->runtime_ready && item->network_ready;

	if (item != NULL)
		why = *item->message != '\0' ? item->message
					     : "container runtime is not ready";
	(void)json_array_append_new(out,
	    condition("MemoryPressure", 0, "KubeletHasSufficientMemory",
		"Tripod does not watch memory pressure"));
	(void)json_array_append_new(out,
	    condition("DiskPressure", 0, "KubeletHasNoDiskPressure",
		"Tripod does not watch disk pressure"));
	(void)json_array_append_new(out,
	    condition("PIDPressure", 0, "KubeletHasSufficientPID",
		"Tripod does not watch process ids"));
	(void)json_array_append_new(out,
	    ready ? condition(
			"Ready", 1, "KubeletReady", "Tripod runs static pods")
		  : condition("Ready", 0, "KubeletNotReady", why));
	return (out);
}

json_t *
node_build(
    const char *node, const struct hostinfo *h, const Tripod__NodeItem *item)
{
	json_t *status;

	status = json_pack("{s:o,s:o,s:o,s:o,s:o,s:{s:{s:i}}}", "addresses",
	    addresses_build(node, item), "capacity",
	    resources_build(h, NODE_PODS), "allocatable",
	    resources_build(h, "0"), "nodeInfo", info_build(h, item),
	    "conditions", conditions_build(item), "daemonEndpoints",
	    "kubeletEndpoint", "Port", 0);
	return (json_pack("{s:s,s:s,s:{s:s,s:{s:s,s:s}},s:o}", "apiVersion",
	    "v1", "kind", "Node", "metadata", "name", node, "labels",
	    LABEL_HOSTNAME, node, LABEL_ARCH, h->arch, "status", status));
}

static json_t *
stamp(int64_t ns)
{
	char text[RFC3339_MAX];

	rfc3339(text, ns);
	return (json_string(text));
}

static const json_t *
by_type(const json_t *list, const char *type)
{
	const char *t;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		t = json_text(json_array_get(list, i), "type");
		if (t != NULL && strcmp(t, type) == 0)
			return (json_array_get(list, i));
	}
	return (NULL);
}

/* With the times: a transition is kept while the status is the same. */
static json_t *
conditions_stamp(const json_t *want, const json_t *seen, int64_t now_ns)
{
	json_t *out = json_array(), *c;
	const json_t *s;
	const char *when;
	size_t i;

	for (i = 0; i < json_array_size(want); i++) {
		c = json_copy(json_array_get(want, i));
		s = by_type(seen, json_text(c, "type"));
		when = json_text(s, "lastTransitionTime");
		(void)json_object_set_new(
		    c, "lastHeartbeatTime", stamp(now_ns));
		if (when != NULL &&
		    json_same(json_object_get(c, "status"),
			json_object_get(s, "status")))
			(void)json_object_set_new(
			    c, "lastTransitionTime", json_string(when));
		else
			(void)json_object_set_new(
			    c, "lastTransitionTime", stamp(now_ns));
		(void)json_array_append_new(out, c);
	}
	return (out);
}

json_t *
node_post(const json_t *want, int64_t now_ns)
{
	json_t *body = json_copy(json_unconst(want));
	json_t *status = json_copy(json_object_get(want, "status"));

	(void)json_object_set_new(status, "conditions",
	    conditions_stamp(
		json_object_get(status, "conditions"), NULL, now_ns));
	(void)json_object_set_new(body, "status", status);
	(void)json_object_set_new(body, "spec",
	    json_pack("{s:[{s:s,s:s,s:s}]}", "taints", "key", NODE_TAINT,
		"value", "true", "effect", "NoSchedule"));
	return (body);
}

/* Every member of want is the same in seen; seen may have more. */
static int
subset_same(const json_t *want, const json_t *seen)
{
	const char *key;
	json_t *v;

	json_object_foreach (json_unconst(want), key, v)
		if (!json_same(v, json_object_get(seen, key)))
			return (0);
	return (1);
}

/* Other conditions may have been added by others. */
static int
conditions_same(const json_t *want, const json_t *seen)
{
	const json_t *c;
	size_t i;

	for (i = 0; i < json_array_size(want); i++) {
		c = json_array_get(want, i);
		if (!subset_same(c, by_type(seen, json_text(c, "type"))))
			return (0);
	}
	return (1);
}

static const char *const plain_members[] = { "addresses", "capacity",
	"allocatable", "nodeInfo" };
#define PLAIN_MEMBERS (sizeof(plain_members) / sizeof(plain_members[0]))

int
node_differs(
    const json_t *want, const json_t *seen_labels, const json_t *seen_status)
{
	const json_t *status = json_object_get(want, "status");
	const json_t *labels = json_object_get(
	    json_object_get(want, "metadata"), "labels");
	const json_t *w, *s;
	size_t i;

	if (!subset_same(labels, seen_labels))
		return (1);
	for (i = 0; i < PLAIN_MEMBERS; i++) {
		w = json_object_get(status, plain_members[i]);
		s = json_object_get(seen_status, plain_members[i]);
		if (json_is_array(w) ? !json_same(w, s) : !subset_same(w, s))
			return (1);
	}
	return (!conditions_same(json_object_get(status, "conditions"),
	    json_object_get(seen_status, "conditions")));
}

json_t *
node_patch(const json_t *want, const json_t *seen_status, int64_t now_ns)
{
	const json_t *in = json_object_get(want, "status");
	json_t *status = json_copy(json_unconst(in));
	json_t *list = json_array();

	/* Keyed by type on the server, although a type may occur twice. */
	(void)json_array_append_new(
	    list, json_pack("{s:s}", "$patch", "replace"));
	(void)json_array_extend(list, json_object_get(in, "addresses"));
	if (json_same(json_object_get(in, "addresses"),
		json_object_get(seen_status, "addresses"))) {
		json_decref(list);
		(void)json_object_del(status, "addresses");
	} else
		(void)json_object_set_new(status, "addresses", list);
	(void)json_object_set_new(status, "conditions",
	    conditions_stamp(json_object_get(in, "conditions"),
		json_object_get(seen_status, "conditions"), now_ns));
	return (json_pack("{s:{s:O},s:o}", "metadata", "labels",
	    json_object_get(json_object_get(want, "metadata"), "labels"),
	    "status", status));
}

int64_t
lease_next_us(int64_t last_us, int64_t now_ns)
{
	int64_t now_us = now_ns / 1000;

	return (now_us > last_us ? now_us : last_us + 1);
}

/* metav1.MicroTime. */
static json_t *
micro_time(int64_t us)
{
	char text[RFC3339_MAX], *dot;

	rfc3339_nano(text, us * 1000);
	if ((dot = strchr(text, '.')) != NULL)
		(void)snprintf(dot + 7, 2, "Z");
	return (json_string(text));
}

static json_t *
lease_spec(const char *node, int64_t renew_us)
{
	return (json_pack("{s:s,s:i,s:o}", "holderIdentity", node,
	    "leaseDurationSeconds", NODE_LEASE_S, "renewTime",
	    micro_time(renew_us)));
}

json_t *
lease_post(const char *node, const char *node_uid, int64_t renew_us)
{
	return (json_pack("{s:s,s:s,s:{s:s,s:s,s:[{s:s,s:s,s:s,s:s}]},s:o}",
	    "apiVersion", "coordination.k8s.io/v1", "kind", "Lease", "metadata",
	    "name", node, "namespace", "kube-node-lease", "ownerReferences",
	    "apiVersion", "v1", "kind", "Node", "name", node, "uid", node_uid,
	    "spec", lease_spec(node, renew_us)));
}

json_t *
lease_patch(const char *node, int64_t renew_us)
{
	return (json_pack("{s:o}", "spec", lease_spec(node, renew_us)));
}
