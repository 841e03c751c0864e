/*
 * Printing a status for people and for programs.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

#include "ctl/client.h"

void output_text(const struct answer *, FILE *);
/* One JSON object; -1 when memory or the output fails. */
int output_json(const struct answer *, FILE *);

const char *phase_str(Tripod__Phase);
const char *mirror_str(Tripod__MirrorItem__State);
/* What the STATE column says about a pod, "CrashLoopBackOff" first. */
const char *pod_state(const Tripod__PodItem *);

#endif
