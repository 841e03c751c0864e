#include "reconciled/machine.h"

#include <sys/statvfs.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"

int
machine_page_name(char out[static MACHINE_PAGE_NAME_MAX], const char *kernel)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	unsigned long long size;
	size_t unit = 0;
	char *end;
	int n;

	size = strtoull(kernel, &end, 10);
	if (size == 0 || strcmp(end, "kB") != 0)
		return (0);
	while (
	    size % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		unit++;
	}
	n = snprintf(out, MACHINE_PAGE_NAME_MAX, "%llu%s", size, units[unit]);
	return (n > 0 && n < MACHINE_PAGE_NAME_MAX);
}

static void
read_page_sizes(struct machine *m)
{
	static const char prefix[] = "hugepages-";
	struct dirent *d;
	DIR *dir;

	if ((dir = opendir("/sys/kernel/mm/hugepages")) == NULL)
		return;
	while ((d = readdir(dir)) != NULL &&
	    m->n_page_size < MACHINE_PAGE_SIZES_MAX)
		if (strncmp(d->d_name, prefix, sizeof(prefix) - 1) == 0 &&
		    machine_page_name(m->page_size[m->n_page_size],
			d->d_name + sizeof(prefix) - 1))
			m->n_page_size++;
	(void)closedir(dir); /* only read from */
}

/* The root has no such file, but any group below it has: our own. */
static int
swap_is_accounted(int v2)
{
	char line[PATH_MAX], path[PATH_MAX + 64];
	FILE *f;
	int found = 0;

	if (!v2)
		return (access(CGROUPS "/memory/memory.memsw.limit_in_bytes",
			    F_OK) == 0);
	if ((f = fopen("/proc/self/cgroup", "re")) == NULL)
		return (0);
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) != 0)
			continue;
		(void)snprintf(path, sizeof(path), CGROUPS "%s/memory.swap.max",
		    line + 3); /* fits */
		found = access(path, F_OK) == 0;
	}
	(void)fclose(f); /* only read from */
	return (found);
}

static int
file_says_yes(const char *path)
{
	FILE *f = fopen(path, "re");
	int c;

	if (f == NULL)
		return (0);
	c = fgetc(f);
	(void)fclose(f); /* only read from */
	return (c == 'Y');
}

void
machine_read(struct machine *m, const char *state)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	struct statvfs vfs;

	memset(m, 0, sizeof(*m));
	if (cpus > 0)
		m->cpus = (unsigned int)cpus;
	if (pages > 0 && size > 0)
		m->memory = (int64_t)pages * size;
	if (statvfs(state, &vfs) == 0)
		m->storage = (int64_t)(vfs.f_blocks * vfs.f_frsize);
	read_page_sizes(m);
	m->cgroup_v2 = access(CGROUPS "/cgroup.controllers", F_OK) == 0;
	m->swap = swap_is_accounted(m->cgroup_v2);
	m->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	m->apparmor = file_says_yes("/sys/module/apparmor/parameters/enabled");
}
