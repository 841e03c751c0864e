/* Types of the Pod and its spec; see schema.h. */
#include "watcherd/schema_rows.h"

/* clang-format off */

static const struct field fields_managed_fields_entry[] = {
	FIELD("apiVersion", JSON_STRING),
	FIELD("fieldsType", JSON_STRING, ONE_OF("FieldsV1")),
	FIELD("fieldsV1", JSON_ANY),
	FIELD("manager", JSON_STRING, LONGEST(128), IS(PRINTABLE)),
	FIELD("operation", JSON_STRING, FLAGS(FIELD_NEEDED),
	    ONE_OF("Apply Update")),
	FIELD("subresource", JSON_STRING, LONGEST(256), SINCE("1.22")),
	FIELD("time", JSON_TIME),
};
STATIC_TYPE(managed_fields_entry, "ManagedFieldsEntry")

static const struct field fields_owner_reference[] = {
	FIELD("apiVersion", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("blockOwnerDeletion", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
	FIELD("controller", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
	FIELD("kind", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("uid", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
TYPE(owner_reference, "OwnerReference")

static const struct field fields_object_meta[] = {
	FIELD("annotations", MAP(JSON_STRING), ACTED, KEYS(ANNOTATION)),
	FIELD("creationTimestamp", JSON_TIME, FLAGS(FIELD_CLEARED)),
	FIELD("deletionGracePeriodSeconds", JSON_INT64,
	    FLAGS(FIELD_CLEARED | FIELD_OPTIONAL)),
	FIELD("deletionTimestamp", JSON_TIME, FLAGS(FIELD_CLEARED)),
	FIELD("finalizers", LIST(JSON_STRING), FLAGS(FIELD_CLEARED),
	    IS(FINALIZER)),
	FIELD("generateName", JSON_STRING, FLAGS(FIELD_CLEARED), IS(PREFIX)),
	FIELD("generation", JSON_INT64, FLAGS(FIELD_CLEARED),
	    RANGE(0, INT64_MAX)),
	FIELD("labels", MAP(JSON_STRING), ACTED, KEYS(QUALIFIED),
	    IS(LABEL_VALUE)),
	FIELD("managedFields", OBJECTS(managed_fields_entry),
	    FLAGS(FIELD_CLEARED)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_BY_CODE), ACTED),
	FIELD("namespace", JSON_STRING, ACTED, IS(LABEL),
	    DEFAULT_WORDS("default")),
	FIELD("ownerReferences", OBJECTS(owner_reference),
	    FLAGS(FIELD_CLEARED)),
	FIELD("resourceVersion", JSON_STRING, FLAGS(FIELD_CLEARED)),
	FIELD("selfLink", JSON_STRING, FLAGS(FIELD_CLEARED)),
	FIELD("uid", JSON_STRING, ACTED, IS(UID),
	    DEFAULT_WORDS("from the meaning, the node and the file")),
};
TYPE(object_meta, "ObjectMeta")

static const struct field fields_node_selector_requirement[] = {
	FIELD("key", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED), IS(QUALIFIED)),
	FIELD("operator", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED),
	    ONE_OF("In NotIn Exists DoesNotExist Gt Lt")),
	FIELD("values", LIST(JSON_STRING), ACTED),
};
TYPE(node_selector_requirement, "NodeSelectorRequirement")

static const struct field fields_node_selector_term[] = {
	FIELD("matchExpressions", OBJECTS(node_selector_requirement), ACTED),
	FIELD("matchFields", OBJECTS(node_selector_requirement), ACTED),
};
STATIC_TYPE(node_selector_term, "NodeSelectorTerm")

static const struct field fields_preferred_scheduling_term[] = {
	FIELD("preference", OBJECT(node_selector_term),
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK | FIELD_NO_EMPTY |
		FIELD_ALWAYS)),
	FIELD("weight", JSON_INT32, FLAGS(FIELD_REQUIRED), RANGE(1, 100)),
};
STATIC_TYPE(preferred_scheduling_term, "PreferredSchedulingTerm")

static const struct field fields_node_selector[] = {
	FIELD("nodeSelectorTerms", OBJECTS(node_selector_term), ACTED,
	    FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(node_selector, "NodeSelector")

static const struct field fields_node_affinity[] = {
	FIELD("preferredDuringSchedulingIgnoredDuringExecution",
	    OBJECTS(preferred_scheduling_term)),
	FIELD("requiredDuringSchedulingIgnoredDuringExecution",
	    OBJECT(node_selector)),
};
STATIC_TYPE(node_affinity, "NodeAffinity")

static const struct field fields_label_selector_requirement[] = {
	FIELD("key", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(QUALIFIED)),
	FIELD("operator", JSON_STRING, FLAGS(FIELD_REQUIRED),
	    ONE_OF("In NotIn Exists DoesNotExist")),
	FIELD("values", LIST(JSON_STRING), IS(LABEL_VALUE)),
};
TYPE(label_selector_requirement, "LabelSelectorRequirement")

static const struct field fields_label_selector[] = {
	FIELD("matchExpressions", OBJECTS(label_selector_requirement)),
	FIELD("matchLabels", MAP(JSON_STRING), KEYS(QUALIFIED),
	    IS(LABEL_VALUE)),
};
TYPE(label_selector, "LabelSelector")

static const struct field fields_pod_affinity_term[] = {
	FIELD("labelSelector", OBJECT(label_selector)),
	FIELD("matchLabelKeys", LIST(JSON_STRING), IS(QUALIFIED),
	    SINCE("1.29")),
	FIELD("mismatchLabelKeys", LIST(JSON_STRING), IS(QUALIFIED),
	    SINCE("1.29")),
	FIELD("namespaceSelector", OBJECT(label_selector), SINCE("1.21")),
	FIELD("namespaces", LIST(JSON_STRING), IS(LABEL)),
	FIELD("topologyKey", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(QUALIFIED)),
};
TYPE(pod_affinity_term, "PodAffinityTerm")

static const struct field fields_weighted_pod_affinity_term[] = {
	FIELD("podAffinityTerm", OBJECT(pod_affinity_term),
	    FLAGS(FIELD_REQUIRED | FIELD_ALWAYS)),
	FIELD("weight", JSON_INT32, FLAGS(FIELD_REQUIRED), RANGE(1, 100)),
};
STATIC_TYPE(weighted_pod_affinity_term, "WeightedPodAffinityTerm")

static const struct field fields_pod_affinity[] = {
	FIELD("preferredDuringSchedulingIgnoredDuringExecution",
	    OBJECTS(weighted_pod_affinity_term)),
	FIELD("requiredDuringSchedulingIgnoredDuringExecution",
	    OBJECTS(pod_affinity_term)),
};
STATIC_TYPE(pod_affinity, "PodAffinity")

static const struct field fields_pod_anti_affinity[] = {
	FIELD("preferredDuringSchedulingIgnoredDuringExecution",
	    OBJECTS(weighted_pod_affinity_term)),
	FIELD("requiredDuringSchedulingIgnoredDuringExecution",
	    OBJECTS(pod_affinity_term)),
};
STATIC_TYPE(pod_anti_affinity, "PodAntiAffinity")

static const struct field fields_affinity[] = {
	FIELD("nodeAffinity", OBJECT(node_affinity), ACTED,
	    FLAGS(FIELD_NO_EMPTY)),
	FIELD("podAffinity", OBJECT(pod_affinity), FLAGS(FIELD_NO_EMPTY)),
	FIELD("podAntiAffinity", OBJECT(pod_anti_affinity),
	    FLAGS(FIELD_NO_EMPTY)),
};
STATIC_TYPE(affinity, "Affinity")

static const struct field fields_pod_dns_config_option[] = {
	FIELD("name", JSON_STRING, ACTED, FLAGS(FIELD_NEEDED)),
	FIELD("value", JSON_STRING, ACTED, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(pod_dns_config_option, "PodDNSConfigOption")

static const struct field fields_pod_dns_config[] = {
	FIELD("nameservers", LIST(JSON_STRING), ACTED, MOST(3), IS(IP)),
	FIELD("options", OBJECTS(pod_dns_config_option), ACTED),
	FIELD("searches", LIST(JSON_STRING), ACTED, MOST(32), IS(SEARCH)),
};
STATIC_TYPE(pod_dns_config, "PodDNSConfig")

static const struct field fields_host_alias[] = {
	FIELD("hostnames", LIST(JSON_STRING), ACTED, IS(SUBDOMAIN)),
	FIELD("ip", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED), IS(IP)),
};
STATIC_TYPE(host_alias, "HostAlias")

static const struct field fields_local_object_reference[] = {
	FIELD("name", JSON_STRING, REFERS("secrets")),
};
TYPE(local_object_reference, "LocalObjectReference")

static const struct field fields_pod_os[] = {
	FIELD("name", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED),
	    ONE_OF("linux windows")),
};
STATIC_TYPE(pod_os, "PodOS")

static const struct field fields_pod_readiness_gate[] = {
	FIELD("conditionType", JSON_STRING, FLAGS(FIELD_REQUIRED),
	    IS(QUALIFIED)),
};
STATIC_TYPE(pod_readiness_gate, "PodReadinessGate")

static const struct field fields_pod_resource_claim[] = {
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("resourceClaimName", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    SINCE("1.31")),
	FIELD("resourceClaimTemplateName", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    SINCE("1.31")),
};
STATIC_TYPE(pod_resource_claim, "PodResourceClaim")

static const struct field fields_resource_claim[] = {
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("request", JSON_STRING, SINCE("1.31")),
};
STATIC_TYPE(resource_claim, "ResourceClaim")

static const struct field fields_resource_requirements[] = {
	FIELD("claims", OBJECTS(resource_claim), REFERS("resource claims"),
	    SINCE("1.26")),
	FIELD("limits", MAP(JSON_RESOURCE), ACTED),
	FIELD("requests", MAP(JSON_RESOURCE), ACTED,
	    DEFAULT_WORDS("limits; of a pod, those of its containers")),
};
TYPE(resource_requirements, "ResourceRequirements")

static const struct field fields_pod_scheduling_gate[] = {
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED)),
};
STATIC_TYPE(pod_scheduling_gate, "PodSchedulingGate")

static const struct field fields_pod_scheduling_group[] = {
	FIELD("podGroupName", JSON_STRING, FLAGS(FIELD_NEEDED | FIELD_OPTIONAL),
	    IS(SUBDOMAIN)),
};
STATIC_TYPE(pod_scheduling_group, "PodSchedulingGroup")

static const struct field fields_app_armor_profile[] = {
	FIELD("localhostProfile", JSON_STRING, ACTED, FLAGS(FIELD_OPTIONAL),
	    LONGEST(4095), IS(TRIMMED)),
	FIELD("type", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED),
	    ONE_OF("Localhost RuntimeDefault Unconfined")),
};
TYPE(app_armor_profile, "AppArmorProfile")

static const struct field fields_se_linux_options[] = {
	FIELD("level", JSON_STRING, ACTED),
	FIELD("role", JSON_STRING, ACTED),
	FIELD("type", JSON_STRING, ACTED),
	FIELD("user", JSON_STRING, ACTED),
};
TYPE(se_linux_options, "SELinuxOptions")

static const struct field fields_seccomp_profile[] = {
	FIELD("localhostProfile", JSON_STRING, ACTED, FLAGS(FIELD_OPTIONAL),
	    IS(RELATIVE)),
	FIELD("type", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED),
	    ONE_OF("Localhost RuntimeDefault Unconfined")),
};
TYPE(seccomp_profile, "SeccompProfile")

static const struct field fields_sysctl[] = {
	FIELD("name", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED), IS(SYSCTL)),
	FIELD("value", JSON_STRING, ACTED,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(sysctl, "Sysctl")

static const struct field fields_windows_security_context_options[] = {
	FIELD("gmsaCredentialSpec", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    LONGEST(65536)),
	FIELD("gmsaCredentialSpecName", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    IS(SUBDOMAIN)),
	FIELD("hostProcess", JSON_BOOL, FLAGS(FIELD_OPTIONAL), SINCE("1.22")),
	FIELD("runAsUserName", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    SINCE("1.16")),
};
TYPE(windows_security_context_options, "WindowsSecurityContextOptions")

static const struct field fields_pod_security_context[] = {
	FIELD("appArmorProfile", OBJECT(app_armor_profile), ACTED,
	    SINCE("1.30")),
	FIELD("fsGroup", JSON_INT64, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, INT32_MAX)),
	FIELD("fsGroupChangePolicy", JSON_STRING, ACTED, FLAGS(FIELD_OPTIONAL),
	    ONE_OF("Always OnRootMismatch"), SINCE("1.18"),
	    BUT("a volume gets its group when it is made")),
	FIELD("runAsGroup", JSON_INT64, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, INT32_MAX)),
	FIELD("runAsNonRoot", JSON_BOOL, ACTED, FLAGS(FIELD_OPTIONAL)),
	FIELD("runAsUser", JSON_INT64, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, INT32_MAX)),
	FIELD("seLinuxChangePolicy", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    ONE_OF("Recursive"), SINCE("1.32")),
	FIELD("seLinuxOptions", OBJECT(se_linux_options), ACTED),
	FIELD("seccompProfile", OBJECT(seccomp_profile), ACTED, SINCE("1.19")),
	FIELD("supplementalGroups", LIST(JSON_INT64), ACTED,
	    RANGE(0, INT32_MAX)),
	FIELD("supplementalGroupsPolicy", JSON_STRING, ACTED,
	    FLAGS(FIELD_OPTIONAL), ONE_OF("Merge Strict"), SINCE("1.31"),
	    BUT("Strict needs a runtime that says it can do it")),
	FIELD("sysctls", OBJECTS(sysctl), ACTED, UNIQUE("name")),
	FIELD("windowsOptions", OBJECT(windows_security_context_options),
	    FLAGS(FIELD_NO_EMPTY)),
};
TYPE(pod_security_context, "PodSecurityContext")

static const struct field fields_toleration[] = {
	FIELD("effect", JSON_STRING,
	    ONE_OF("NoSchedule PreferNoSchedule NoExecute")),
	FIELD("key", JSON_STRING, IS(QUALIFIED)),
	FIELD("operator", JSON_STRING, ONE_OF("Exists Equal")),
	FIELD("tolerationSeconds", JSON_INT64, FLAGS(FIELD_OPTIONAL)),
	FIELD("value", JSON_STRING),
};
TYPE(toleration, "Toleration")

static const struct field fields_topology_spread_constraint[] = {
	FIELD("labelSelector", OBJECT(label_selector)),
	FIELD("matchLabelKeys", LIST(JSON_STRING), IS(QUALIFIED),
	    SINCE("1.25")),
	FIELD("maxSkew", JSON_INT32, FLAGS(FIELD_REQUIRED),
	    RANGE(1, INT32_MAX)),
	FIELD("minDomains", JSON_INT32, FLAGS(FIELD_OPTIONAL),
	    RANGE(1, INT32_MAX), SINCE("1.24")),
	FIELD("nodeAffinityPolicy", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    ONE_OF("Ignore Honor"), SINCE("1.25")),
	FIELD("nodeTaintsPolicy", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    ONE_OF("Ignore Honor"), SINCE("1.25")),
	FIELD("topologyKey", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("whenUnsatisfiable", JSON_STRING, FLAGS(FIELD_REQUIRED),
	    ONE_OF("DoNotSchedule ScheduleAnyway")),
};
TYPE(topology_spread_constraint, "TopologySpreadConstraint")

static const struct field fields_pod_spec[] = {
	FIELD("activeDeadlineSeconds", JSON_INT64, FLAGS(FIELD_OPTIONAL),
	    ACTED, RANGE(1, INT32_MAX)),
	FIELD("affinity", OBJECT(affinity), ACTED, FLAGS(FIELD_NO_EMPTY),
	    BUT("only the required node affinity")),
	FIELD("automountServiceAccountToken", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
	FIELD("containers", OBJECTS(container), FLAGS(FIELD_REQUIRED), ACTED,
	    UNIQUE("name")),
	FIELD("dnsConfig", OBJECT(pod_dns_config), ACTED,
	    FLAGS(FIELD_NO_EMPTY)),
	FIELD("dnsPolicy", JSON_STRING, ACTED,
	    ONE_OF("ClusterFirst ClusterFirstWithHostNet Default None"),
	    DEFAULT("ClusterFirst")),
	FIELD("enableServiceLinks", JSON_BOOL, FLAGS(FIELD_OPTIONAL),
	    DEFAULT("true")),
	FIELD("ephemeralContainers", OBJECTS(ephemeral_container),
	    REFUSED("a manifest cannot have ephemeral containers"),
	    SINCE("1.16")),
	FIELD("hostAliases", OBJECTS(host_alias), ACTED),
	FIELD("hostIPC", JSON_BOOL, ACTED),
	FIELD("hostNetwork", JSON_BOOL, ACTED),
	FIELD("hostPID", JSON_BOOL, ACTED),
	FIELD("hostUsers", JSON_BOOL, FLAGS(FIELD_OPTIONAL), SINCE("1.25"),
	    BUT("false is refused")),
	FIELD("hostname", JSON_STRING, ACTED, IS(LABEL),
	    DEFAULT_WORDS("the pod's name")),
	FIELD("hostnameOverride", JSON_STRING, FLAGS(FIELD_OPTIONAL), ACTED,
	    LONGEST(64), IS(SUBDOMAIN), SINCE("1.34")),
	FIELD("imagePullSecrets", OBJECTS(local_object_reference)),
	FIELD("initContainers", OBJECTS(container), ACTED, UNIQUE("name")),
	FIELD("nodeName", JSON_STRING, FLAGS(FIELD_CLEARED),
	    DEFAULT_WORDS("the node of this machine")),
	FIELD("nodeSelector", MAP(JSON_STRING), ACTED, KEYS(QUALIFIED),
	    IS(LABEL_VALUE)),
	FIELD("os", OBJECT(pod_os), ACTED, SINCE("1.23")),
	FIELD("overhead", MAP(JSON_RESOURCE), ACTED, SINCE("1.16")),
	FIELD("preemptionPolicy", JSON_STRING, FLAGS(FIELD_OPTIONAL),
	    ONE_OF("PreemptLowerPriority Never")),
	FIELD("priority", JSON_INT32, FLAGS(FIELD_OPTIONAL),
	    DEFAULT_WORDS("that of the priority class")),
	FIELD("priorityClassName", JSON_STRING, ACTED, IS(SUBDOMAIN)),
	FIELD("readinessGates", OBJECTS(pod_readiness_gate)),
	FIELD("resourceClaims", OBJECTS(pod_resource_claim),
	    REFERS("resource claims"), SINCE("1.26")),
	FIELD("resources", OBJECT(resource_requirements), ACTED,
	    FLAGS(FIELD_NO_EMPTY), SINCE("1.32")),
	FIELD("restartPolicy", JSON_STRING, ACTED,
	    ONE_OF("Always OnFailure Never"), DEFAULT("Always")),
	FIELD("runtimeClassName", JSON_STRING, FLAGS(FIELD_OPTIONAL), ACTED,
	    IS(SUBDOMAIN)),
	FIELD("schedulerName", JSON_STRING, DEFAULT("default-scheduler")),
	FIELD("schedulingGates", OBJECTS(pod_scheduling_gate),
	    REFUSED("a static pod is scheduled already"), SINCE("1.26")),
	FIELD("schedulingGroup", OBJECT(pod_scheduling_group), SINCE("1.36")),
	FIELD("securityContext", OBJECT(pod_security_context), ACTED,
	    DEFAULT("{}")),
	FIELD("serviceAccount", JSON_STRING, REFERS("service accounts")),
	FIELD("serviceAccountName", JSON_STRING, REFERS("service accounts"),
	    IS(SUBDOMAIN)),
	FIELD("setHostnameAsFQDN", JSON_BOOL, FLAGS(FIELD_OPTIONAL), ACTED,
	    SINCE("1.19")),
	FIELD("shareProcessNamespace", JSON_BOOL, FLAGS(FIELD_OPTIONAL), ACTED),
	FIELD("subdomain", JSON_STRING, ACTED, IS(LABEL)),
	FIELD("terminationGracePeriodSeconds", JSON_INT64,
	    FLAGS(FIELD_OPTIONAL), ACTED, DEFAULT("30")),
	FIELD("tolerations", OBJECTS(toleration)),
	FIELD("topologySpreadConstraints", OBJECTS(topology_spread_constraint),
	    SINCE("1.16")),
	FIELD("volumes", OBJECTS(volume), ACTED, UNIQUE("name")),
};
TYPE(pod_spec, "PodSpec")

static const struct field fields_pod[] = {
	FIELD("apiVersion", JSON_STRING, FLAGS(FIELD_BY_CODE), ACTED),
	FIELD("kind", JSON_STRING, FLAGS(FIELD_BY_CODE), ACTED),
	FIELD("metadata", OBJECT(object_meta), ACTED, FLAGS(FIELD_ALWAYS)),
	FIELD("spec", OBJECT(pod_spec), ACTED, FLAGS(FIELD_ALWAYS)),
	FIELD("status", OBJECT(pod_status),
	    FLAGS(FIELD_CLEARED | FIELD_ALWAYS)),
};
TYPE(pod, "Pod")


/* Of kind List, too; its items are pods. */
static const struct field fields_pod_list[] = {
	FIELD("apiVersion", JSON_STRING),
	FIELD("items", LIST(JSON_ANY)),
	FIELD("kind", JSON_STRING),
	FIELD("metadata", JSON_ANY),
};
TYPE(pod_list, "PodList")

/* clang-format on */
