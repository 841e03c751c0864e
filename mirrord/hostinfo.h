/*
 * Facts about the machine for the Node object, gathered once before the
 * sandbox closes the file system.
 */
#ifndef HOSTINFO_H
#define HOSTINFO_H

#include <stdint.h>

#define HOSTINFO_TEXT_MAX 128

struct hostinfo {
	char machine_id[HOSTINFO_TEXT_MAX];
	char system_uuid[HOSTINFO_TEXT_MAX];
	char boot_id[HOSTINFO_TEXT_MAX];
	char kernel[HOSTINFO_TEXT_MAX];
	char os_image[HOSTINFO_TEXT_MAX];
	const char *arch; /* Go's name of it: "amd64" */
	int64_t cpus;
	int64_t memory_kib;
	int64_t storage_kib; /* of the file system of STATEDIR, or / */
};

/* What cannot be found out stays empty or zero. */
void hostinfo_gather(struct hostinfo *);

#endif
