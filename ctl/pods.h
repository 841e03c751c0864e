/*
 * What a pod's item says about how it is.  Pure.
 */
#ifndef PODS_H
#define PODS_H

#include <stdint.h>

#include "tripod.pb-c.h"

#define PODS_TEXT_MAX 1024
#define PODS_AGE_MAX 32

const char *mirror_str(Tripod__MirrorItem__State);
/* What the STATE column says about a pod, "CrashLoopBackOff" first. */
const char *pod_state(const Tripod__PodItem *);
/* Whether its condition Ready is true, and it does not end. */
int pod_is_ready(const Tripod__PodItem *);
int pod_is_running(const Tripod__PodItem *);

/* The container of that name, of either kind; NULL if there is none. */
const Tripod__ContainerStatus *pod_container(
    const Tripod__PodItem *, const char *name);
/*
 * Why it is not ready: what holds up the pod, else its first container
 * that is held up, with the end of its back-off and how it ended last.
 * "" if there is nothing.
 */
void pod_why(
    const Tripod__PodItem *, int64_t now_ns, char[static PODS_TEXT_MAX]);

/* "5s", "12m", "3h", "9d": how much later now is; "-" if ns is 0. */
void age_text(char[static PODS_AGE_MAX], int64_t ns, int64_t now_ns);
/* "code 137 (signal 9, Killed)" */
void exit_text(char[static PODS_AGE_MAX], int32_t code);

#endif
