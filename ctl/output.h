/*
 * Printing a status for people and for programs.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

#include "ctl/pods.h"
#include "ctl/session.h"

void output_text(const struct answer *, FILE *);
/* One JSON object; -1 when memory or the output fails. */
int output_json(const struct answer *, FILE *);

/* "file:line:column: field: message" */
void output_problem(const char *file, const Tripod__Problem *, FILE *);

/* All that is known about one pod; file may be NULL. */
void output_pod(const Tripod__PodItem *, const Tripod__FileItem *, FILE *);
/* The same as one JSON object; -1 when memory or the output fails. */
int output_pod_json(const Tripod__PodItem *, const Tripod__FileItem *, FILE *);

void output_event(const Tripod__EventItem *, FILE *);
/* One line of JSON. */
int output_event_json(const Tripod__EventItem *, FILE *);
void output_plan(const Tripod__PlanItem *, FILE *);
int output_plan_json(const struct answer *, FILE *);

#endif
