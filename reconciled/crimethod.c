#include "reconciled/crimethod.h"

#include "common/log.h"
#include "containerd.pb-c.h"

#define DEFAULT_MS (120 * 1000)
#define GRACE_MAX_S (366 * 24 * 3600) /* keeps the sums in range */
/* The namespace in which containerd's CRI plugin keeps its things. */
#define CONTAINERD_NAMESPACE "k8s.io"

/* --- deadlines --- */

static int64_t
deadline_default(const ProtobufCMessage *request)
{
	(void)request;
	return (DEFAULT_MS);
}

static int64_t
deadline_double(const ProtobufCMessage *request)
{
	(void)request;
	return (2 * DEFAULT_MS);
}

static int64_t
deadline_none(const ProtobufCMessage *request)
{
	(void)request;
	return (GRPC_NO_DEADLINE);
}

static int64_t
deadline_after(int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds > GRACE_MAX_S)
		seconds = GRACE_MAX_S;
	return (DEFAULT_MS + seconds * 1000);
}

static int64_t
deadline_stop(const ProtobufCMessage *request)
{
	const void *p = request;
	const Runtime__V1__StopContainerRequest *r = p;

	return (deadline_after(r->timeout));
}

static int64_t
deadline_exec(const ProtobufCMessage *request)
{
	const void *p = request;
	const Runtime__V1__ExecSyncRequest *r = p;

	if (r->timeout == 0)
		return (GRPC_NO_DEADLINE);
	return (deadline_after(r->timeout));
}

/* --- what an answer must have --- */

static const char *
missing_version(const void *response)
{
	const Runtime__V1__VersionResponse *r = response;

	if (r->version[0] == '\0' || r->runtime_name[0] == '\0' ||
	    r->runtime_version[0] == '\0' || r->runtime_api_version[0] == '\0')
		return ("Version lacks a field");
	return (NULL);
}

static const char *
missing_sandbox_id(const void *response)
{
	const Runtime__V1__RunPodSandboxResponse *r = response;

	return (r->pod_sandbox_id[0] == '\0' ? "no sandbox id" : NULL);
}

static const char *
missing_container_id(const void *response)
{
	const Runtime__V1__CreateContainerResponse *r = response;

	return (r->container_id[0] == '\0' ? "no container id" : NULL);
}

static const char *
missing_image_ref(const void *response)
{
	const Runtime__V1__PullImageResponse *r = response;

	return (r->image_ref[0] == '\0' ? "no image reference" : NULL);
}

static const char *
missing_sandbox_status(const void *response)
{
	const Runtime__V1__PodSandboxStatusResponse *r = response;
	const Runtime__V1__PodSandboxStatus *s = r->status;

	if (s == NULL || s->id[0] == '\0')
		return ("sandbox status without id");
	if (s->metadata == NULL || s->metadata->name[0] == '\0' ||
	    s->metadata->namespace_[0] == '\0' || s->metadata->uid[0] == '\0')
		return ("sandbox status without metadata");
	if (s->created_at == 0)
		return ("sandbox status without time");
	return (NULL);
}

static const char *
missing_container_status(const void *response)
{
	const Runtime__V1__ContainerStatusResponse *r = response;
	const Runtime__V1__ContainerStatus *s = r->status;

	if (s == NULL || s->id[0] == '\0')
		return ("container status without id");
	if (s->metadata == NULL || s->metadata->name[0] == '\0')
		return ("container status without metadata");
	if (s->created_at == 0)
		return ("container status without time");
	if (s->image == NULL || s->image->image[0] == '\0' ||
	    s->image_ref[0] == '\0')
		return ("container status without image");
	return (NULL);
}

/* No image at all is a good answer: it is not there. */
static const char *
missing_image_status(const void *response)
{
	const Runtime__V1__ImageStatusResponse *r = response;

	if (r->image == NULL)
		return (NULL);
	if (r->image->id[0] == '\0' || r->image->size == 0)
		return ("image status without id or size");
	return (NULL);
}

/* --- the table --- */

#define METHOD(service, name, prefix)                                    \
	.grpc = { .path = "/runtime.v1." service "/" name,               \
		.request = &runtime__v1__##prefix##_request__descriptor, \
		.response = &runtime__v1__##prefix##_response__descriptor }
#define RUNTIME(name, prefix) METHOD("RuntimeService", name, prefix)
#define IMAGE(name, prefix) METHOD("ImageService", name, prefix)
#define PLAIN .deadline = deadline_default

/* clang-format off */
static const struct cri_method_desc methods[CRI_METHODS] = {
	[CRI_VERSION] = { RUNTIME("Version", version), PLAIN,
		.missing = missing_version },
	[CRI_STATUS] = { RUNTIME("Status", status), PLAIN },
	[CRI_RUNTIME_CONFIG] = { RUNTIME("RuntimeConfig", runtime_config),
		PLAIN },
	[CRI_RUN_POD_SANDBOX] = { RUNTIME("RunPodSandbox", run_pod_sandbox),
		.deadline = deadline_double, .missing = missing_sandbox_id },
	[CRI_STOP_POD_SANDBOX] = {
		RUNTIME("StopPodSandbox", stop_pod_sandbox), PLAIN,
		.absence_is_success = 1 },
	[CRI_REMOVE_POD_SANDBOX] = {
		RUNTIME("RemovePodSandbox", remove_pod_sandbox), PLAIN },
	[CRI_POD_SANDBOX_STATUS] = {
		RUNTIME("PodSandboxStatus", pod_sandbox_status), PLAIN,
		.missing = missing_sandbox_status },
	[CRI_LIST_POD_SANDBOX] = {
		RUNTIME("ListPodSandbox", list_pod_sandbox), PLAIN },
	[CRI_CREATE_CONTAINER] = {
		RUNTIME("CreateContainer", create_container), PLAIN,
		.missing = missing_container_id },
	[CRI_START_CONTAINER] = {
		RUNTIME("StartContainer", start_container), PLAIN },
	[CRI_STOP_CONTAINER] = { RUNTIME("StopContainer", stop_container),
		.deadline = deadline_stop, .absence_is_success = 1 },
	[CRI_REMOVE_CONTAINER] = {
		RUNTIME("RemoveContainer", remove_container), PLAIN },
	[CRI_LIST_CONTAINERS] = {
		RUNTIME("ListContainers", list_containers), PLAIN },
	[CRI_CONTAINER_STATUS] = {
		RUNTIME("ContainerStatus", container_status), PLAIN,
		.missing = missing_container_status },
	[CRI_EXEC_SYNC] = { RUNTIME("ExecSync", exec_sync),
		.grpc.max_message = CRI_EXEC_OUTPUT_MAX,
		.grpc.max_memory = 2 * CRI_EXEC_OUTPUT_MAX,
		.deadline = deadline_exec },
	[CRI_REOPEN_CONTAINER_LOG] = {
		RUNTIME("ReopenContainerLog", reopen_container_log), PLAIN },
	[CRI_LIST_IMAGES] = { IMAGE("ListImages", list_images), PLAIN },
	[CRI_IMAGE_STATUS] = { IMAGE("ImageStatus", image_status), PLAIN,
		.missing = missing_image_status },
	[CRI_PULL_IMAGE] = { IMAGE("PullImage", pull_image),
		.deadline = deadline_none, .missing = missing_image_ref },
	[CRI_REMOVE_IMAGE] = { IMAGE("RemoveImage", remove_image), PLAIN },
	[CRI_IMAGE_FS_INFO] = { IMAGE("ImageFsInfo", image_fs_info), PLAIN },
	[CRI_GET_CONTAINER_EVENTS] = {
		.grpc = {
		    .path = "/runtime.v1.RuntimeService/GetContainerEvents",
		    .request = &runtime__v1__get_events_request__descriptor,
		    .response =
			&runtime__v1__container_event_response__descriptor },
		.deadline = deadline_none },
	[CRI_CONTAINERD_SUBSCRIBE] = {
		.grpc = {
		    .path =
			"/containerd.services.events.v1.Events/Subscribe",
		    .request = &containerd__subscribe_request__descriptor,
		    .response = &containerd__envelope__descriptor,
		    .ns = CONTAINERD_NAMESPACE },
		.deadline = deadline_none },
};
/* clang-format on */

const struct cri_method_desc *
cri_method_desc(enum cri_method method)
{
	log_assert((size_t)method < CRI_METHODS);
	return (&methods[method]);
}

const char *
cri_method_str(enum cri_method method)
{
	return (strrchr(cri_method_desc(method)->grpc.path, '/') + 1);
}
