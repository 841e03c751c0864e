/*
 * Reads what a runtime says about itself into struct cri_info.  Pure.
 */
#ifndef CRIINFO_H
#define CRIINFO_H

#include "reconciled/cri.h"

void criinfo_init(struct cri_info *);
void criinfo_release(struct cri_info *);
/* Replaces one of its texts by a copy. */
void criinfo_text(char **text, const char *value);
/* "systemd", "cgroupfs", "unknown" */
const char *criinfo_driver_str(enum cri_cgroup_driver);

/*
 * Takes over the conditions of a Status.  -1: one of the two that must be
 * there is not (runtime.md 1.2); nothing is changed then.
 */
int criinfo_status(struct cri_info *, const Runtime__V1__StatusResponse *);
/* Takes over what the default handler can do. */
void criinfo_features(struct cri_info *, const Runtime__V1__StatusResponse *);
/* Takes over the image of sandboxes, as far as a verbose Status has it. */
void criinfo_sandbox_image(
    struct cri_info *, const Runtime__V1__StatusResponse *);
/* The cgroup driver as far as a verbose Status gives it away. */
enum cri_cgroup_driver criinfo_driver(const Runtime__V1__StatusResponse *);

#endif
