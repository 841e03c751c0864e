#include "tests/component/cripod.h"

/* Generated messages have no const strings; nobody writes to these. */
static char *
loose(const char *s)
{
	return ((char *)(uintptr_t)s);
}

static void
sandbox_init(struct cripod *p)
{
	runtime__v1__pod_sandbox_metadata__init(&p->sandbox_meta);
	p->sandbox_meta.name = p->name;
	p->sandbox_meta.uid = p->name;
	p->sandbox_meta.namespace_ = loose(CRIPOD_NAMESPACE);
	runtime__v1__namespace_option__init(&p->namespaces);
	p->namespaces.network = RUNTIME__V1__NAMESPACE_MODE__NODE;
	runtime__v1__linux_sandbox_security_context__init(&p->sandbox_security);
	p->sandbox_security.namespace_options = &p->namespaces;
	runtime__v1__security_profile__init(&p->seccomp); /* the runtime's */
	p->sandbox_security.seccomp = &p->seccomp;
	runtime__v1__linux_pod_sandbox_config__init(&p->sandbox_linux);
	p->sandbox_linux.security_context = &p->sandbox_security;
	runtime__v1__pod_sandbox_config__init(&p->sandbox);
	p->sandbox.metadata = &p->sandbox_meta;
	p->sandbox.log_directory = p->log_dir;
	p->sandbox.linux = &p->sandbox_linux;
}

/* What a kubelet hides, and lets nobody write to (runtime.md 4.10). */
static const char *const masked[] = { "/proc/asound", "/proc/acpi",
	"/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap" };
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq",
	"/proc/sys", "/proc/sysrq-trigger" };

static void
container_init(struct cripod *p, const char *image, const char *script)
{
	runtime__v1__container_metadata__init(&p->container_meta);
	p->container_meta.name = loose("main");
	runtime__v1__image_spec__init(&p->image);
	p->image.image = loose(image);
	runtime__v1__linux_container_security_context__init(&p->security);
	p->security.namespace_options = &p->namespaces;
	p->security.masked_paths = (char **)(uintptr_t)masked;
	p->security.n_masked_paths = sizeof(masked) / sizeof(masked[0]);
	p->security.readonly_paths = (char **)(uintptr_t)readonly;
	p->security.n_readonly_paths = sizeof(readonly) / sizeof(readonly[0]);
	runtime__v1__linux_container_config__init(&p->linux);
	p->linux.security_context = &p->security;
	p->command[0] = loose("/bin/sh");
	p->command[1] = loose("-c");
	p->command[2] = loose(script);
	runtime__v1__container_config__init(&p->container);
	p->container.metadata = &p->container_meta;
	p->container.image = &p->image;
	p->container.n_command = 3;
	p->container.command = p->command;
	p->container.log_path = loose("main.log");
	p->container.linux = &p->linux;
}

void
cripod_init(struct cripod *p, const char *name, const char *log_dir,
    const char *image, const char *script)
{
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	(void)snprintf(p->log_dir, sizeof(p->log_dir), "%s", log_dir);
	sandbox_init(p);
	container_init(p, image, script);
}

void
cripod_mount(struct cripod *p, const char *host, const char *inside)
{
	runtime__v1__mount__init(&p->mount);
	p->mount.host_path = loose(host);
	p->mount.container_path = loose(inside);
	p->mounts[0] = &p->mount;
	p->container.mounts = p->mounts;
	p->container.n_mounts = 1;
}

void
cripod_id(char to[static CRIPOD_TEXT], const char *id)
{
	(void)snprintf(to, CRIPOD_TEXT, "%s", id);
}

struct cri_call *
cripod_run(struct cripod *p, struct cri *cri, cri_done done, void *ctx)
{
	Runtime__V1__RunPodSandboxRequest req =
	    RUNTIME__V1__RUN_POD_SANDBOX_REQUEST__INIT;

	req.config = &p->sandbox;
	return (cri_call(cri, CRI_RUN_POD_SANDBOX, &req.base, done, ctx));
}

struct cri_call *
cripod_create(struct cripod *p, struct cri *cri, cri_done done, void *ctx)
{
	Runtime__V1__CreateContainerRequest req =
	    RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;

	req.pod_sandbox_id = p->sandbox_id;
	req.config = &p->container;
	req.sandbox_config = &p->sandbox;
	return (cri_call(cri, CRI_CREATE_CONTAINER, &req.base, done, ctx));
}

struct cri_call *
cripod_start(struct cripod *p, struct cri *cri, cri_done done, void *ctx)
{
	Runtime__V1__StartContainerRequest req =
	    RUNTIME__V1__START_CONTAINER_REQUEST__INIT;

	req.container_id = p->container_id;
	return (cri_call(cri, CRI_START_CONTAINER, &req.base, done, ctx));
}

struct cri_call *
cripod_stop(struct cripod *p, struct cri *cri, cri_done done, void *ctx)
{
	Runtime__V1__StopPodSandboxRequest req =
	    RUNTIME__V1__STOP_POD_SANDBOX_REQUEST__INIT;

	req.pod_sandbox_id = p->sandbox_id;
	return (cri_call(cri, CRI_STOP_POD_SANDBOX, &req.base, done, ctx));
}

struct cri_call *
cripod_remove(struct cripod *p, struct cri *cri, cri_done done, void *ctx)
{
	Runtime__V1__RemovePodSandboxRequest req =
	    RUNTIME__V1__REMOVE_POD_SANDBOX_REQUEST__INIT;

	req.pod_sandbox_id = p->sandbox_id;
	return (cri_call(cri, CRI_REMOVE_POD_SANDBOX, &req.base, done, ctx));
}
