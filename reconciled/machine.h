/*
 * Facts about the machine that decide what a container gets.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>
#include <stdint.h>

#define MACHINE_PAGE_SIZES_MAX 8
#define MACHINE_PAGE_NAME_MAX 16

struct machine {
	unsigned int cpus; /* configured */
	int64_t memory;	   /* bytes */
	int64_t storage;   /* bytes of the state folder's file system */
	size_t n_page_size;
	/* As the interface to the runtime names them: "2MB", "1GB". */
	char page_size[MACHINE_PAGE_SIZES_MAX][MACHINE_PAGE_NAME_MAX];
	int cgroup_v2; /* the unified hierarchy */
	int swap;      /* swap is accounted per cgroup */
	int selinux;   /* files carry labels that count */
	int apparmor;  /* profiles can be applied */
};

/* Looks; what cannot be found out stays 0. */
void machine_read(struct machine *, const char *state);
/* "2048kB" of the kernel as "2MB"; false if it does not fit. */
int machine_page_name(char out[static MACHINE_PAGE_NAME_MAX], const char *);

#endif
