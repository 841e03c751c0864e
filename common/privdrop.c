#include "common/privdrop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

/* The capability sets of this process, as capget(2) sees them. */
struct caps {
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

/* 1: a decimal id; 0: something else; -1: out of range. */
static int
parse_id(const char *s, uint32_t *id)
{
	unsigned long long n;

	if (*s == '\0' || strspn(s, "0123456789") != strlen(s))
		return (0);
	errno = 0;
	n = strtoull(s, NULL, 10);
	/* The largest id means "leave alone" to setresuid(2). */
	if (errno != 0 || n >= UINT32_MAX)
		return (-1);
	*id = (uint32_t)n;
	return (1);
}

int
identity_user(const char *name, struct identity *id, struct err *err)
{
	struct identity found;
	struct passwd *pw;
	uint32_t n = 0;

	switch (parse_id(name, &n)) {
	case -1:
		return (err_set(err, "user id %s is out of range", name));
	case 1:
		found = (struct identity){ .uid = n, .gid = n };
		break;
	default:
		errno = 0;
		if ((pw = getpwnam(name)) == NULL && errno != 0)
			return (err_sys(err, "user %s", name));
		if (pw == NULL)
			return (err_set(err, "user %s does not exist", name));
		found.uid = pw->pw_uid;
		found.gid = pw->pw_gid;
	}
	if (found.uid == 0 || found.gid == 0)
		return (err_set(err, "user %s is root or in its group", name));
	*id = found;
	return (0);
}

int
identity_group(const char *name, gid_t *gid, struct err *err)
{
	struct group *gr;
	uint32_t n = 0;

	switch (parse_id(name, &n)) {
	case -1:
		return (err_set(err, "group id %s is out of range", name));
	case 1:
		*gid = n;
		return (0);
	default:
		errno = 0;
		if ((gr = getgrnam(name)) == NULL && errno != 0)
			return (err_sys(err, "group %s", name));
		if (gr == NULL)
			return (err_set(err, "group %s does not exist", name));
		*gid = gr->gr_gid;
		return (0);
	}
}

static int
caps_syscall(long number, struct caps *caps)
{
	struct __user_cap_header_struct hdr = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};

	return ((int)syscall(number, &hdr, caps->data));
}

/* 1: something was left that only CAP_SETPCAP could take away. */
static int
caps_drop_bounding(void)
{
	int cap, set, left = 0;

	/* EINVAL ends the loop: the kernel knows no higher number. */
	for (cap = 0; (set = prctl(PR_CAPBSET_READ, cap)) != -1; cap++) {
		if (set == 1 && prctl(PR_CAPBSET_DROP, cap) == -1) {
			if (errno != EPERM)
				fatal("PR_CAPBSET_DROP %d", cap);
			left = 1;
		}
	}
	return (left);
}

/* What is kept of a mask: no more than there is. */
static struct caps
caps_within(uint64_t keep)
{
	struct caps caps;
	size_t i;

	memset(&caps, 0, sizeof(caps));
	if (caps_syscall(SYS_capget, &caps) == -1)
		fatal("capget");
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		caps.data[i].permitted &= (uint32_t)(keep >> (32 * i));
		caps.data[i].effective = caps.data[i].permitted;
		caps.data[i].inheritable = 0;
	}
	return (caps);
}

static uint64_t
caps_mask(const struct caps *caps)
{
	return (
	    caps->data[0].effective | (uint64_t)caps->data[1].effective << 32);
}

static void
caps_set(const struct caps *caps)
{
	struct caps copy = *caps;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		fatal("PR_CAP_AMBIENT_CLEAR_ALL");
	if (caps_syscall(SYS_capset, &copy) == -1)
		fatal("capset");
}

static void
caps_prove(const struct caps *want)
{
	struct caps caps;

	memset(&caps, 0xff, sizeof(caps));
	if (caps_syscall(SYS_capget, &caps) == -1)
		fatal("capget");
	if (memcmp(&caps, want, sizeof(caps)) != 0)
		fatalx("capabilities are left");
}

/*
 * The limit alone does not keep a core from a pipe in core_pattern; not
 * being dumpable does, and closes /proc/PID to others of the same uid.
 */
static void
forbid_dumps(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1)
		fatal("RLIMIT_CORE");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		fatal("PR_SET_DUMPABLE");
}

static void
forbid_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fatal("PR_SET_NO_NEW_PRIVS");
}

/* Opens a new directory that nobody can find. */
static int
open_unlinked(const char *run)
{
	char path[PATH_MAX];
	int fd, n;

	n = snprintf(path, sizeof(path), "%s/empty.XXXXXX", run);
	if (n < 0 || (size_t)n >= sizeof(path))
		fatalx("%s: path is too long", run);
	if (mkdtemp(path) == NULL)
		fatal("%s", path);
	if ((fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		fatal("%s", path);
	if (rmdir(path) == -1)
		fatal("rmdir %s", path);
	return (fd);
}

/* Without root: opens "empty", made beforehand, and checks it. */
static int
open_prepared(const char *run)
{
	char path[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd, n;

	n = snprintf(path, sizeof(path), "%s/empty", run);
	if (n < 0 || (size_t)n >= sizeof(path))
		fatalx("%s: path is too long", run);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		fatal("%s", path);
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		fatalx("%s: others than root may write", path);
	if ((n = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1 ||
	    (dir = fdopendir(n)) == NULL)
		fatal("%s", path);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			fatalx("%s: not empty", path);
	(void)closedir(dir); /* read only: nothing can be lost */
	return (fd);
}

static void
enter_empty_root(const char *run)
{
	int fd;

	fd = geteuid() == 0 ? open_unlinked(run) : open_prepared(run);
	if (fchdir(fd) == -1 || chroot(".") == -1 || chdir("/") == -1)
		fatal("changing the root directory to one below %s", run);
	(void)close(fd);
}

static int
identity_is_own(const struct identity *id)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) == -1 ||
	    getresgid(&rgid, &egid, &sgid) == -1)
		fatal("getresuid");
	return (ruid == id->uid && euid == id->uid && suid == id->uid &&
	    rgid == id->gid && egid == id->gid && sgid == id->gid);
}

static void
identity_take(const struct identity *id)
{
	if (setgroups(0, NULL) == -1)
		fatal("setgroups");
	if (setresgid(id->gid, id->gid, id->gid) == -1)
		fatal("setresgid %u", (unsigned int)id->gid);
	if (setresuid(id->uid, id->uid, id->uid) == -1)
		fatal("setresuid %u", (unsigned int)id->uid);
	if (getgroups(0, NULL) != 0)
		fatalx("supplementary groups are left");
}

/* What must fail is tried: a success means the drop was none. */
static void
identity_prove(const struct identity *id)
{
	const gid_t root_group = 0;

	if (!identity_is_own(id))
		fatalx("ids are not those of uid %u", (unsigned int)id->uid);
	if (setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0)
		fatalx("uid 0 came back");
	if (setgid(0) == 0 || setegid(0) == 0 || setresgid(0, 0, 0) == 0)
		fatalx("gid 0 came back");
	if (setgroups(1, &root_group) == 0)
		fatalx("groups came back");
}

void
privdrop(const struct identity *id, const char *run)
{
	static const struct caps none;
	int root = geteuid() == 0;

	if (id->uid == 0 || id->gid == 0)
		fatalx("refusing to run as root");
	if (!root && !identity_is_own(id))
		fatalx("started as uid %u, neither root nor uid %u",
		    (unsigned int)getuid(), (unsigned int)id->uid);
	if (run != NULL)
		enter_empty_root(run);
	/*
	 * Without CAP_SETPCAP the bounding set stays; no_new_privs makes
	 * it meaningless, since only execve(2) could draw from it.
	 */
	if (caps_drop_bounding() && root)
		fatalx("the capability bounding set is not empty");
	if (root)
		identity_take(id);
	caps_set(&none);
	forbid_new_privileges();
	forbid_dumps();
	caps_prove(&none);
	identity_prove(id);
}

uint64_t
privdrop_capabilities(uint64_t keep)
{
	struct caps caps = caps_within(keep);

	/* The bounding set first: dropping from it needs CAP_SETPCAP. */
	if (caps_drop_bounding())
		fatalx("the capability bounding set is not empty");
	caps_set(&caps);
	forbid_new_privileges();
	forbid_dumps();
	caps_prove(&caps);
	return (keep & ~caps_mask(&caps));
}
