#include "mirrord/hostinfo.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

/* First line of a file, without its end. */
static void
line_read(const char *path, char out[HOSTINFO_TEXT_MAX])
{
	FILE *f = fopen(path, "re");

	out[0] = '\0';
	if (f == NULL)
		return;
	if (fgets(out, HOSTINFO_TEXT_MAX, f) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	(void)fclose(f); /* only read from */
}

/* PRETTY_NAME="..." of os-release(5). */
static void
os_image_read(char out[HOSTINFO_TEXT_MAX])
{
	static const char key[] = "PRETTY_NAME=";
	char line[512], *p;
	FILE *f = fopen("/etc/os-release", "re");

	(void)snprintf(out, HOSTINFO_TEXT_MAX, "Linux");
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, sizeof(key) - 1) != 0)
			continue;
		p = line + sizeof(key) - 1;
		p += *p == '"';
		p[strcspn(p, "\"\n")] = '\0';
		(void)snprintf(out, HOSTINFO_TEXT_MAX, "%s", p);
	}
	(void)fclose(f); /* only read from */
}

static const char *
go_arch(const char *machine)
{
	static const char *const names[][2] = { { "x86_64", "amd64" },
		{ "aarch64", "arm64" }, { "armv7l", "arm" },
		{ "riscv64", "riscv64" }, { "ppc64le", "ppc64le" },
		{ "s390x", "s390x" }, { "loongarch64", "loong64" },
		{ "i686", "386" } };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(machine, names[i][0]) == 0)
			return (names[i][1]);
	return ("unknown");
}

void
hostinfo_gather(struct hostinfo *h)
{
	struct utsname un;
	struct statvfs vfs;

	memset(h, 0, sizeof(*h));
	line_read("/etc/machine-id", h->machine_id);
	line_read("/sys/class/dmi/id/product_uuid", h->system_uuid);
	if (h->system_uuid[0] == '\0')
		memcpy(h->system_uuid, h->machine_id, HOSTINFO_TEXT_MAX);
	line_read("/proc/sys/kernel/random/boot_id", h->boot_id);
	os_image_read(h->os_image);
	h->arch = "unknown";
	if (uname(&un) == 0) {
		(void)snprintf(h->kernel, sizeof(h->kernel), "%s", un.release);
		h->arch = go_arch(un.machine);
	}
	h->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	h->memory_kib = (int64_t)sysconf(_SC_PHYS_PAGES) *
	    (sysconf(_SC_PAGESIZE) / 1024);
	if (statvfs(STATEDIR, &vfs) == 0 || statvfs("/", &vfs) == 0)
		h->storage_kib = (int64_t)(vfs.f_blocks *
		    ((uint64_t)vfs.f_frsize / 1024));
}
