/* Types within containers; see schema.h. */
#include "watcherd/schema_rows.h"

/* clang-format off */

static const struct field fields_config_map_key_selector[] = {
	FIELD("key", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("name", JSON_STRING),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(config_map_key_selector, "ConfigMapKeySelector")

static const struct field fields_object_field_selector[] = {
	FIELD("apiVersion", JSON_STRING, ACTED, ONE_OF("v1"), DEFAULT("v1")),
	FIELD("fieldPath", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED)),
};
TYPE(object_field_selector, "ObjectFieldSelector")

static const struct field fields_file_key_selector[] = {
	FIELD("key", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(ENV_NAME)),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL), DEFAULT("false")),
	FIELD("path", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(NO_DOTS)),
	FIELD("volumeName", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(LABEL)),
};
TYPE(file_key_selector, "FileKeySelector")

static const struct field fields_resource_field_selector[] = {
	FIELD("containerName", JSON_STRING, ACTED),
	FIELD("divisor", JSON_QUANTITY, ACTED, DEFAULT("0")),
	FIELD("resource", JSON_STRING, ACTED, FLAGS(FIELD_REQUIRED)),
};
TYPE(resource_field_selector, "ResourceFieldSelector")

static const struct field fields_secret_key_selector[] = {
	FIELD("key", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("name", JSON_STRING),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(secret_key_selector, "SecretKeySelector")

static const struct field fields_env_var_source[] = {
	FIELD("configMapKeyRef", OBJECT(config_map_key_selector),
	    REFERS("config maps")),
	FIELD("fieldRef", OBJECT(object_field_selector), ACTED),
	FIELD("fileKeyRef", OBJECT(file_key_selector), LATER, SINCE("1.34")),
	FIELD("resourceFieldRef", OBJECT(resource_field_selector), ACTED),
	FIELD("secretKeyRef", OBJECT(secret_key_selector), REFERS("secrets")),
};
TYPE(env_var_source, "EnvVarSource")

static const struct field fields_env_var[] = {
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED), ACTED, IS(ENV_NAME)),
	FIELD("value", JSON_STRING, ACTED),
	FIELD("valueFrom", OBJECT(env_var_source), ACTED),
};
TYPE(env_var, "EnvVar")

static const struct field fields_config_map_env_source[] = {
	FIELD("name", JSON_STRING),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(config_map_env_source, "ConfigMapEnvSource")

static const struct field fields_secret_env_source[] = {
	FIELD("name", JSON_STRING),
	FIELD("optional", JSON_BOOL, FLAGS(FIELD_OPTIONAL)),
};
STATIC_TYPE(secret_env_source, "SecretEnvSource")

static const struct field fields_env_from_source[] = {
	FIELD("configMapRef", OBJECT(config_map_env_source),
	    REFERS("config maps")),
	FIELD("prefix", JSON_STRING, IS(ENV_NAME)),
	FIELD("secretRef", OBJECT(secret_env_source), REFERS("secrets")),
};
TYPE(env_from_source, "EnvFromSource")

static const struct field fields_exec[] = {
	FIELD("command", LIST(JSON_STRING), FLAGS(FIELD_NEEDED)),
};
STATIC_TYPE(exec, "ExecAction")

static const struct field fields_http_header[] = {
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(HEADER_NAME)),
	FIELD("value", JSON_STRING, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK)),
};
STATIC_TYPE(http_header, "HTTPHeader")

static const struct field fields_http_get[] = {
	FIELD("host", JSON_STRING, DEFAULT_WORDS("the pod's address")),
	FIELD("httpHeaders", OBJECTS(http_header)),
	FIELD("path", JSON_STRING, DEFAULT("/")),
	FIELD("port", JSON_INT_OR_STRING, FLAGS(FIELD_REQUIRED),
	    RANGE(1, 65535), IS(PORT_NAME)),
	FIELD("scheme", JSON_STRING, ONE_OF("HTTP HTTPS"), DEFAULT("HTTP")),
};
STATIC_TYPE(http_get, "HTTPGetAction")

static const struct field fields_sleep_action[] = {
	FIELD("seconds", JSON_INT64, FLAGS(FIELD_REQUIRED | FIELD_MAY_LACK),
	    RANGE(0, INT64_MAX)),
};
STATIC_TYPE(sleep_action, "SleepAction")

static const struct field fields_tcp_socket[] = {
	FIELD("host", JSON_STRING, DEFAULT_WORDS("the pod's address")),
	FIELD("port", JSON_INT_OR_STRING, FLAGS(FIELD_REQUIRED),
	    RANGE(1, 65535), IS(PORT_NAME)),
};
STATIC_TYPE(tcp_socket, "TCPSocketAction")

static const struct field fields_lifecycle_handler[] = {
	FIELD("exec", OBJECT(exec)),
	FIELD("httpGet", OBJECT(http_get)),
	FIELD("sleep", OBJECT(sleep_action), SINCE("1.29")),
	FIELD("tcpSocket", OBJECT(tcp_socket)),
};
TYPE(lifecycle_handler, "LifecycleHandler")

static const struct field fields_lifecycle[] = {
	FIELD("postStart", OBJECT(lifecycle_handler)),
	FIELD("preStop", OBJECT(lifecycle_handler)),
	FIELD("stopSignal", JSON_STRING, FLAGS(FIELD_OPTIONAL), SINCE("1.33")),
};
TYPE(lifecycle, "Lifecycle")

static const struct field fields_grpc[] = {
	FIELD("port", JSON_INT32, FLAGS(FIELD_REQUIRED), RANGE(1, 65535)),
	FIELD("service", JSON_STRING, FLAGS(FIELD_OPTIONAL), DEFAULT("")),
};
STATIC_TYPE(grpc, "GRPCAction")

static const struct field fields_probe[] = {
	FIELD("exec", OBJECT(exec)),
	FIELD("failureThreshold", JSON_INT32, RANGE(0, INT32_MAX),
	    DEFAULT("3")),
	FIELD("grpc", OBJECT(grpc), SINCE("1.23")),
	FIELD("httpGet", OBJECT(http_get)),
	FIELD("initialDelaySeconds", JSON_INT32, RANGE(0, INT32_MAX)),
	FIELD("periodSeconds", JSON_INT32, RANGE(0, INT32_MAX), DEFAULT("10")),
	FIELD("successThreshold", JSON_INT32, RANGE(0, INT32_MAX),
	    DEFAULT("1")),
	FIELD("tcpSocket", OBJECT(tcp_socket)),
	FIELD("terminationGracePeriodSeconds", JSON_INT64,
	    FLAGS(FIELD_OPTIONAL), RANGE(1, INT64_MAX), SINCE("1.21"),
	    DEFAULT_WORDS("that of the pod")),
	FIELD("timeoutSeconds", JSON_INT32, RANGE(0, INT32_MAX), DEFAULT("1")),
};
TYPE(probe, "Probe")

static const struct field fields_container_port[] = {
	FIELD("containerPort", JSON_INT32, FLAGS(FIELD_REQUIRED), ACTED,
	    RANGE(1, 65535)),
	FIELD("hostIP", JSON_STRING, ACTED),
	FIELD("hostPort", JSON_INT32, ACTED, RANGE(0, 65535),
	    DEFAULT_WORDS("containerPort with hostNetwork")),
	FIELD("name", JSON_STRING, ACTED, IS(PORT_NAME)),
	FIELD("protocol", JSON_STRING, ACTED, ONE_OF("TCP UDP SCTP"),
	    DEFAULT("TCP")),
};
TYPE(container_port, "ContainerPort")

static const struct field fields_container_resize_policy[] = {
	FIELD("resourceName", JSON_STRING, FLAGS(FIELD_REQUIRED),
	    ONE_OF("cpu memory")),
	FIELD("restartPolicy", JSON_STRING, FLAGS(FIELD_REQUIRED),
	    ONE_OF("NotRequired RestartContainer")),
};
STATIC_TYPE(container_resize_policy, "ContainerResizePolicy")

static const struct field fields_container_restart_rule_on_exit_codes[] = {
	FIELD("operator", JSON_STRING, FLAGS(FIELD_REQUIRED),
	    ONE_OF("In NotIn")),
	FIELD("values", LIST(JSON_INT32), MOST(255)),
};
STATIC_TYPE(container_restart_rule_on_exit_codes,
    "ContainerRestartRuleOnExitCodes")

static const struct field fields_container_restart_rule[] = {
	FIELD("action", JSON_STRING, FLAGS(FIELD_REQUIRED),
	    ONE_OF("Restart RestartAllContainers")),
	FIELD("exitCodes", OBJECT(container_restart_rule_on_exit_codes),
	    FLAGS(FIELD_NEEDED)),
};
STATIC_TYPE(container_restart_rule, "ContainerRestartRule")

static const struct field fields_capabilities[] = {
	FIELD("add", LIST(JSON_STRING), ACTED),
	FIELD("drop", LIST(JSON_STRING), ACTED),
};
STATIC_TYPE(capabilities, "Capabilities")

static const struct field fields_security_context[] = {
	FIELD("allowPrivilegeEscalation", JSON_BOOL, ACTED,
	    FLAGS(FIELD_OPTIONAL)),
	FIELD("appArmorProfile", OBJECT(app_armor_profile), ACTED,
	    SINCE("1.30")),
	FIELD("capabilities", OBJECT(capabilities), ACTED,
	    FLAGS(FIELD_NO_EMPTY)),
	FIELD("privileged", JSON_BOOL, ACTED, FLAGS(FIELD_OPTIONAL)),
	FIELD("procMount", JSON_STRING, ACTED, FLAGS(FIELD_OPTIONAL),
	    ONE_OF("Default Unmasked")),
	FIELD("readOnlyRootFilesystem", JSON_BOOL, ACTED,
	    FLAGS(FIELD_OPTIONAL)),
	FIELD("runAsGroup", JSON_INT64, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, INT32_MAX)),
	FIELD("runAsNonRoot", JSON_BOOL, ACTED, FLAGS(FIELD_OPTIONAL)),
	FIELD("runAsUser", JSON_INT64, ACTED, FLAGS(FIELD_OPTIONAL),
	    RANGE(0, INT32_MAX)),
	FIELD("seLinuxOptions", OBJECT(se_linux_options), ACTED),
	FIELD("seccompProfile", OBJECT(seccomp_profile), ACTED, SINCE("1.19")),
	FIELD("windowsOptions", OBJECT(windows_security_context_options),
	    FLAGS(FIELD_NO_EMPTY)),
};
TYPE(security_context, "SecurityContext")

static const struct field fields_volume_device[] = {
	FIELD("devicePath", JSON_STRING, FLAGS(FIELD_REQUIRED)),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED), IS(LABEL)),
};
STATIC_TYPE(volume_device, "VolumeDevice")

static const struct field fields_volume_mount[] = {
	FIELD("mountPath", JSON_STRING, FLAGS(FIELD_REQUIRED), ACTED),
	FIELD("mountPropagation", JSON_STRING, FLAGS(FIELD_OPTIONAL), ACTED,
	    ONE_OF("None HostToContainer Bidirectional"),
	    DEFAULT_WORDS("None, not written out")),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED), ACTED),
	FIELD("readOnly", JSON_BOOL, ACTED),
	FIELD("recursiveReadOnly", JSON_STRING, FLAGS(FIELD_OPTIONAL), ACTED,
	    ONE_OF("Disabled IfPossible Enabled"), SINCE("1.30"),
	    DEFAULT_WORDS("Disabled, not written out"),
	    BUT("Enabled needs a runtime that says it can do it")),
	FIELD("subPath", JSON_STRING, ACTED, IS(RELATIVE)),
	FIELD("subPathExpr", JSON_STRING, ACTED, IS(RELATIVE)),
};
TYPE(volume_mount, "VolumeMount")

static const struct field fields_container[] = {
	FIELD("args", LIST(JSON_STRING), ACTED),
	FIELD("command", LIST(JSON_STRING), ACTED),
	FIELD("env", OBJECTS(env_var), ACTED),
	FIELD("envFrom", OBJECTS(env_from_source), ACTED),
	FIELD("image", JSON_STRING, FLAGS(FIELD_NEEDED), ACTED, IS(TRIMMED)),
	FIELD("imagePullPolicy", JSON_STRING, ACTED,
	    ONE_OF("Always IfNotPresent Never"),
	    DEFAULT_WORDS("Always for :latest or no tag, else IfNotPresent")),
	FIELD("lifecycle", OBJECT(lifecycle), ACTED, FLAGS(FIELD_NO_EMPTY)),
	FIELD("livenessProbe", OBJECT(probe), ACTED),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED), ACTED, IS(LABEL)),
	FIELD("ports", OBJECTS(container_port), ACTED, UNIQUE("name")),
	FIELD("readinessProbe", OBJECT(probe), ACTED),
	FIELD("resizePolicy", OBJECTS(container_resize_policy),
	    UNIQUE("resourceName"), SINCE("1.27")),
	FIELD("resources", OBJECT(resource_requirements), ACTED,
	    FLAGS(FIELD_ALWAYS), DEFAULT("{}")),
	FIELD("restartPolicy", JSON_STRING, FLAGS(FIELD_OPTIONAL), ACTED,
	    ONE_OF("Always OnFailure Never"), SINCE("1.28")),
	FIELD("restartPolicyRules", OBJECTS(container_restart_rule), ACTED,
	    MOST(20), SINCE("1.34")),
	FIELD("securityContext", OBJECT(security_context), ACTED,
	    FLAGS(FIELD_NO_EMPTY)),
	FIELD("startupProbe", OBJECT(probe), ACTED, SINCE("1.16")),
	FIELD("stdin", JSON_BOOL, ACTED),
	FIELD("stdinOnce", JSON_BOOL, ACTED),
	FIELD("terminationMessagePath", JSON_STRING, ACTED,
	    DEFAULT("/dev/termination-log")),
	FIELD("terminationMessagePolicy", JSON_STRING, ACTED,
	    ONE_OF("File FallbackToLogsOnError"), DEFAULT("File")),
	FIELD("tty", JSON_BOOL, ACTED),
	FIELD("volumeDevices", OBJECTS(volume_device),
	    REFUSED("block devices come from persistent volume claims, to "
		"which a static pod may not refer")),
	FIELD("volumeMounts", OBJECTS(volume_mount), ACTED,
	    UNIQUE("mountPath")),
	FIELD("workingDir", JSON_STRING, ACTED),
};
TYPE(container, "Container")

static const struct field fields_ephemeral_container[] = {
	FIELD("args", LIST(JSON_STRING), ACTED),
	FIELD("command", LIST(JSON_STRING), ACTED),
	FIELD("env", OBJECTS(env_var), ACTED),
	FIELD("envFrom", OBJECTS(env_from_source), ACTED),
	FIELD("image", JSON_STRING, ACTED, IS(TRIMMED)),
	FIELD("imagePullPolicy", JSON_STRING, ACTED,
	    ONE_OF("Always IfNotPresent Never")),
	FIELD("lifecycle", OBJECT(lifecycle), WARNED),
	FIELD("livenessProbe", OBJECT(probe), WARNED),
	FIELD("name", JSON_STRING, FLAGS(FIELD_REQUIRED), ACTED, IS(LABEL)),
	FIELD("ports", OBJECTS(container_port), ACTED),
	FIELD("readinessProbe", OBJECT(probe), WARNED),
	FIELD("resizePolicy", OBJECTS(container_resize_policy), SINCE("1.27")),
	FIELD("resources", OBJECT(resource_requirements), WARNED,
	    FLAGS(FIELD_ALWAYS)),
	FIELD("restartPolicy", JSON_STRING, FLAGS(FIELD_OPTIONAL), WARNED,
	    ONE_OF("Always OnFailure Never"), SINCE("1.28")),
	FIELD("restartPolicyRules", OBJECTS(container_restart_rule), WARNED,
	    SINCE("1.34")),
	FIELD("securityContext", OBJECT(security_context), WARNED),
	FIELD("startupProbe", OBJECT(probe), WARNED),
	FIELD("stdin", JSON_BOOL, WARNED),
	FIELD("stdinOnce", JSON_BOOL, WARNED),
	FIELD("targetContainerName", JSON_STRING),
	FIELD("terminationMessagePath", JSON_STRING, ACTED),
	FIELD("terminationMessagePolicy", JSON_STRING, WARNED,
	    ONE_OF("File FallbackToLogsOnError")),
	FIELD("tty", JSON_BOOL, WARNED),
	FIELD("volumeDevices", OBJECTS(volume_device),
	    REFUSED("block devices come from persistent volume claims, to "
		"which a static pod may not refer")),
	FIELD("volumeMounts", OBJECTS(volume_mount), ACTED),
	FIELD("workingDir", JSON_STRING, ACTED),
};
TYPE(ephemeral_container, "EphemeralContainer")

/* clang-format on */
