/*
 * What an image reference says about pulling.  Pure.
 */
#ifndef IMAGE_H
#define IMAGE_H

/*
 * The pull policy that the API server fills in: "Always" for the tag
 * "latest" and for a reference without tag and digest, otherwise
 * "IfNotPresent", also for what is no reference at all.
 */
const char *image_pull_policy(const char *);
/* True if it follows the grammar of references, which a runtime needs. */
int image_is_reference(const char *);

#endif
