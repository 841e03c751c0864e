/*
 * What reconciled keeps on the disk: volumes, log folders and links; the
 * last good manifests are kept.h's.
 *
 * All names are built here from checked parts; folders are reached below
 * descriptors opened at the start.  Removal never follows a link and
 * never crosses into another file system.
 */
#ifndef FILES_H
#define FILES_H

#include <limits.h>

#include "common/err.h"
#include "reconciled/cgroup.h"
#include "reconciled/helper.h"
#include "reconciled/pod.h"
#include "reconciled/translate.h"
#include "reconciled/trash.h"

struct files {
	int state;     /* folder "state" */
	int manifests; /* "manifests" below it: last good ones */
	int pods;      /* "pods" below it: volumes */
	int pod_logs;
	int container_logs;
	struct cgroups cgroups;		 /* none until cgroup_open() */
	struct helper *mounter, *finder; /* once they are started */
	struct trash trash; /* below "pods": volumes of pods that are gone */
	const struct translate_env *env;
	const char *container_logs_path;
};

/* Opens, and makes where missing, all folders.  -1 and err. */
int files_open(struct files *, const struct translate_env *,
    const char *container_logs, struct err *);
void files_close(struct files *);

/*
 * Starts the helpers, before rights are given up; optional: see helper.h.
 * -1 and err.
 */
int files_start_helpers(struct files *, int optional, struct err *);
/*
 * Folder and volumes of a pod; host paths are checked or made as their type
 * says (runtime.md 4.6).  done may be called at once; the pod and its
 * definition stay until then.
 */
void files_prepare_pod(
    const struct files *, const struct pod *, work_done, void *ctx);
/* Log folder of one container. */
int files_prepare_container(
    const struct files *, const struct pod *, const char *name, struct err *);
/* Writes what the pod's containers see as /etc/hosts.  -1 and err. */
int files_write_hosts(
    const struct files *, const struct pod *, const char *text, struct err *);
#define FILES_HOSTS "etc-hosts" /* below the pod's folder */
/* Of a container that the runtime has no instance of; by its logs. */
uint32_t files_next_attempt(
    const struct files *, const struct pod *, const char *container);
/* A container's log, relative to the folder pod_logs. */
void files_log_path(char path[static PATH_MAX], const struct pod *,
    const struct seen_container *);
/*
 * Makes the link in "container logs" that log collectors follow, if there
 * is a log; a failure is logged only.
 */
void files_link_log(
    const struct files *, const struct pod *, const struct seen_container *);
/* Removes log, link and message of a container that is being removed. */
void files_remove_log(
    const struct files *, const struct pod *, const struct seen_container *);
/*
 * Removes links, logs and cgroups of a pod that is gone; its volumes become
 * trash, with what others have mounted in them.  An error: one of our own
 * mounts could not be undone, or processes are left in a cgroup; a folder
 * stays to tell sweep() of it.  done may be called at once; the pod stays
 * until then.
 */
void files_clean_pod(
    const struct files *, const struct pod *, work_done, void *ctx);

#endif
