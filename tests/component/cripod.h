/*
 * A pod of one container on the host's network, as CRI requests, for
 * programs that drive a runtime themselves.
 */
#ifndef CRIPOD_H
#define CRIPOD_H

#include "reconciled/cri.h"

#define CRIPOD_TEXT 160
#define CRIPOD_NAMESPACE "cripod" /* marks what these programs made */

struct cripod {
	char name[CRIPOD_TEXT];
	char log_dir[CRIPOD_TEXT];
	char sandbox_id[CRIPOD_TEXT];	/* set by the caller */
	char container_id[CRIPOD_TEXT]; /* set by the caller */
	char *command[3];
	Runtime__V1__PodSandboxMetadata sandbox_meta;
	Runtime__V1__NamespaceOption namespaces;
	Runtime__V1__LinuxSandboxSecurityContext sandbox_security;
	Runtime__V1__SecurityProfile seccomp;
	Runtime__V1__LinuxPodSandboxConfig sandbox_linux;
	Runtime__V1__PodSandboxConfig sandbox;
	Runtime__V1__ContainerMetadata container_meta;
	Runtime__V1__ImageSpec image;
	Runtime__V1__LinuxContainerSecurityContext security;
	Runtime__V1__LinuxContainerConfig linux;
	Runtime__V1__Mount mount, *mounts[1];
	Runtime__V1__ContainerConfig container;
};

/*
 * Fills a pod whose container runs "/bin/sh -c script" from image.  It
 * points into itself and must not move; image and script are borrowed.
 */
void cripod_init(struct cripod *, const char *name, const char *log_dir,
    const char *image, const char *script);

/* Shows the container a folder of the host; both paths are borrowed. */
void cripod_mount(struct cripod *, const char *host, const char *inside);

/* Copies an id out of an answer. */
void cripod_id(char[static CRIPOD_TEXT], const char *);

/* Start the calls that the pod's fields describe. */
struct cri_call *cripod_run(struct cripod *, struct cri *, cri_done, void *ctx);
struct cri_call *cripod_create(
    struct cripod *, struct cri *, cri_done, void *ctx);
struct cri_call *cripod_start(
    struct cripod *, struct cri *, cri_done, void *ctx);
struct cri_call *cripod_stop(
    struct cripod *, struct cri *, cri_done, void *ctx);
struct cri_call *cripod_remove(
    struct cripod *, struct cri *, cri_done, void *ctx);

#endif
