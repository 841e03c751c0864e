/* Types of the status, which is checked and then left out. */
#include "watcherd/schema_rows.h"

/* clang-format off */

static const struct field fields_pod_condition[] = {
	FIELD("lastProbeTime", JSON_TIME),
	FIELD("lastTransitionTime", JSON_TIME),
	FIELD("message", JSON_STRING),
	FIELD("observedGeneration", JSON_INT64),
	FIELD("reason", JSON_STRING),
	FIELD("status", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("type", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(pod_condition, "PodCondition")

static const struct field fields_resource_health[] = {
	FIELD("health", JSON_STRING),
	FIELD("message", JSON_STRING),
	FIELD("resourceID", JSON_STRING,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(resource_health, "ResourceHealth")

static const struct field fields_resource_status[] = {
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("resources", OBJECTS(resource_health)),
};
STATIC_TYPE(resource_status, "ResourceStatus")

static const struct field fields_container_state_running[] = {
	FIELD("startedAt", JSON_TIME),
};
STATIC_TYPE(container_state_running, "ContainerStateRunning")

static const struct field fields_container_state_terminated[] = {
	FIELD("containerID", JSON_STRING),
	FIELD("exitCode", JSON_INT32, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("finishedAt", JSON_TIME),
	FIELD("message", JSON_STRING),
	FIELD("reason", JSON_STRING),
	FIELD("signal", JSON_INT32),
	FIELD("startedAt", JSON_TIME),
};
STATIC_TYPE(container_state_terminated, "ContainerStateTerminated")

static const struct field fields_container_state_waiting[] = {
	FIELD("message", JSON_STRING),
	FIELD("reason", JSON_STRING),
};
STATIC_TYPE(container_state_waiting, "ContainerStateWaiting")

static const struct field fields_container_state[] = {
	FIELD("running", OBJECT(container_state_running)),
	FIELD("terminated", OBJECT(container_state_terminated)),
	FIELD("waiting", OBJECT(container_state_waiting)),
};
STATIC_TYPE(container_state, "ContainerState")

static const struct field fields_linux_container_user[] = {
	FIELD("gid", JSON_INT64, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("supplementalGroups", LIST(JSON_INT64)),
	FIELD("uid", JSON_INT64, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(linux_container_user, "LinuxContainerUser")

static const struct field fields_container_user[] = {
	FIELD("linux", OBJECT(linux_container_user)),
};
STATIC_TYPE(container_user, "ContainerUser")

static const struct field fields_image_volume_status[] = {
	FIELD("imageRef", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(image_volume_status, "ImageVolumeStatus")

static const struct field fields_volume_status[] = {
	FIELD("image", OBJECT(image_volume_status)),
};
STATIC_TYPE(volume_status, "VolumeStatus")

static const struct field fields_volume_mount_status[] = {
	FIELD("mountPath", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("readOnly", JSON_BOOL),
	FIELD("recursiveReadOnly", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("volumeStatus", OBJECT(volume_status)),
};
STATIC_TYPE(volume_mount_status, "VolumeMountStatus")

static const struct field fields_container_status[] = {
	FIELD("allocatedResources", MAP(JSON_QUANTITY)),
	FIELD("allocatedResourcesStatus", OBJECTS(resource_status)),
	FIELD("containerID", JSON_STRING),
	FIELD("image", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("imageID", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("lastState", OBJECT(container_state), FLAGS(FIELD_ALWAYS)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("ready", JSON_BOOL, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("resources", OBJECT(resource_requirements)),
	FIELD("restartCount", JSON_INT32,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("started", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
	FIELD("state", OBJECT(container_state), FLAGS(FIELD_ALWAYS)),
	FIELD("stopSignal", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
	FIELD("user", OBJECT(container_user)),
	FIELD("volumeMounts", OBJECTS(volume_mount_status)),
};
STATIC_TYPE(container_status, "ContainerStatus")

static const struct field fields_container_extended_resource_request[] = {
	FIELD("containerName", JSON_STRING,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("requestName", JSON_STRING,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("resourceName", JSON_STRING,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(container_extended_resource_request,
    "ContainerExtendedResourceRequest")

static const struct field fields_pod_extended_resource_claim_status[] = {
	FIELD("requestMappings", OBJECTS(container_extended_resource_request),
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("resourceClaimName", JSON_STRING,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(pod_extended_resource_claim_status,
    "PodExtendedResourceClaimStatus")

static const struct field fields_host_ip[] = {
	FIELD("ip", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(host_ip, "HostIP")

static const struct field fields_node_allocatable_resource_claim_status[] = {
	FIELD("containers", LIST(JSON_STRING)),
	FIELD("resourceClaimName", JSON_STRING,
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("resources", MAP(JSON_QUANTITY),
	    FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(node_allocatable_resource_claim_status,
    "NodeAllocatableResourceClaimStatus")

static const struct field fields_pod_ip[] = {
	FIELD("ip", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(pod_ip, "PodIP")

static const struct field fields_pod_resource_claim_status[] = {
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
	FIELD("resourceClaimName", JSON_STRING, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(pod_resource_claim_status, "PodResourceClaimStatus")

static const struct field fields_pod_status[] = {
	FIELD("allocatedResources", MAP(JSON_QUANTITY)),
	FIELD("conditions", OBJECTS(pod_condition)),
	FIELD("containerStatuses", OBJECTS(container_status)),
	FIELD("ephemeralContainerStatuses", OBJECTS(container_status)),
	FIELD("extendedResourceClaimStatus",
	    OBJECT(pod_extended_resource_claim_status)),
	FIELD("hostIP", JSON_STRING),
	FIELD("hostIPs", OBJECTS(host_ip)),
	FIELD("initContainerStatuses", OBJECTS(container_status)),
	FIELD("message", JSON_STRING),
	FIELD("nodeAllocatableResourceClaimStatuses",
	    OBJECTS(node_allocatable_resource_claim_status)),
	FIELD("nominatedNodeName", JSON_STRING),
	FIELD("observedGeneration", JSON_INT64),
	FIELD("phase", JSON_STRING),
	FIELD("podIP", JSON_STRING),
	FIELD("podIPs", OBJECTS(pod_ip)),
	FIELD("qosClass", JSON_STRING),
	FIELD("reason", JSON_STRING),
	FIELD("resize", JSON_STRING),
	FIELD("resourceClaimStatuses", OBJECTS(pod_resource_claim_status)),
	FIELD("resources", OBJECT(resource_requirements)),
	FIELD("startTime", JSON_TIME),
};
TYPE(pod_status, "PodStatus")

/* clang-format on */
