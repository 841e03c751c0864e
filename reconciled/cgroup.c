#include "reconciled/cgroup.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "reconciled/disk.h"

#define MODE 0755
#define LIST_MAX 512 /* of a line with all controllers */
#define WORD_MAX 16
#define DEPTH_MAX 16

/* Each write is one value; that of a plain file shows all of them. */
static int
write_text(int at, const char *path, const char *text)
{
	int fd, rc;

	fd = openat(at, path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	rc = disk_write_all(fd, text, strlen(text));
	if (close(fd) == -1)
		rc = -1;
	return (rc);
}

/* " cpu memory ": those of a group, with v2; "" if that cannot be read. */
static void
read_controllers(int group, char list[static LIST_MAX])
{
	ssize_t n;
	int fd;

	list[0] = '\0';
	fd = openat(
	    group, "cgroup.controllers", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	list[0] = ' ';
	n = read(fd, list + 1, LIST_MAX - 2);
	list[n > 0 ? n + 1 : 0] = '\0';
	(void)close(fd); /* only read from */
	if (n > 0 && list[n] == '\n')
		list[n] = ' ';
}

static int
is_listed(const char *list, const char *name)
{
	char word[WORD_MAX];

	(void)snprintf(word, sizeof(word), " %s ", name); /* fits */
	return (strstr(list, word) != NULL);
}

/* Lets the groups below have controllers, as far as there are any (v2). */
static void
delegate(int group)
{
	static const char *const names[] = { "cpu", "cpuset", "memory", "pids",
		"hugetlb", "io" };
	char list[LIST_MAX], on[WORD_MAX];
	size_t i;

	read_controllers(group, list);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(on, sizeof(on), "+%s", names[i]); /* fits */
		/* The value that is missed for a failure says so. */
		if (is_listed(list, names[i]))
			(void)write_text(group, "cgroup.subtree_control", on);
	}
}

/* --- at the start --- */

/* Takes at; opens a folder in it, made where it is missing.  -1 and err. */
static int
enter(const struct cgroups *c, int at, const char *name, struct err *err)
{
	int fd = -1;

	if (c->env->machine.cgroup_v2)
		delegate(at);
	if (mkdirat(at, name, MODE) == 0 || errno == EEXIST)
		fd = openat(at, name, DISK_OPEN_DIR);
	if (fd == -1)
		(void)err_sys(err, "%s", name); /* -1 */
	(void)close(at);			/* only a reference */
	return (fd);
}

/* Takes at, a hierarchy: "kubepods" below the configured root. */
static int
enter_kubepods(const struct cgroups *c, int at, struct err *err)
{
	char *path = xstrdup(c->env->cgroup_root), *rest = path, *name;

	while (at != -1 && (name = strsep(&rest, "/")) != NULL)
		if (name[0] != '\0')
			at = enter(c, at, name, err);
	free(path);
	return (at == -1 ? -1 : enter(c, at, "kubepods", err));
}

/* What is no cgroup has no such file: nothing is to be made there. */
static int
open_hierarchy(const struct cgroups *c, const char *name, struct err *err)
{
	int at;

	at = openat(c->top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at == -1)
		return (err_sys(err, "%s", name));
	if (faccessat(at, "cgroup.procs", F_OK, 0) == 0)
		return (at);
	(void)close(at); /* only a reference */
	return (err_set(err, "%s: there are no cgroups", name));
}

static int
make_classes(const struct cgroups *c, int kubepods, struct err *err)
{
	enum qos qos;
	int fd;

	for (qos = QOS_BURSTABLE; qos < QOS_CLASSES; qos++) {
		if ((fd = fcntl(kubepods, F_DUPFD_CLOEXEC, 0)) == -1)
			return (err_sys(err, "descriptor"));
		if ((fd = enter(c, fd, qos_folder(qos), err)) == -1)
			return (-1);
		if (c->env->machine.cgroup_v2)
			delegate(fd);
		(void)close(fd); /* only a reference */
	}
	return (0);
}

/* All those values of a group that concern one controller.  -1 and err. */
static int
write_values(const struct cgroups *c, enum controller controller,
    const char *group, const struct group_value *v, size_t n, struct err *err)
{
	char path[PATH_MAX];
	size_t i;
	int rc = 0;

	for (i = 0; i < n; i++) {
		if (v[i].controller != controller)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", group, v[i].file);
		if (write_text(c->folder[controller], path, v[i].text) == -1)
			rc = err_sys(err, "%s", path);
	}
	return (rc);
}

static int
open_controller(struct cgroups *c, enum controller i, struct err *err)
{
	const struct machine *m = &c->env->machine;
	struct group_value v[GROUP_VALUES_MAX];
	char list[LIST_MAX];
	size_t n;
	int fd;

	fd = open_hierarchy(c, m->cgroup_v2 ? "." : controller_str(i), err);
	if (fd == -1 || (fd = enter_kubepods(c, fd, err)) == -1)
		return (-1);
	c->folder[i] = fd;
	if (make_classes(c, fd, err) == -1)
		return (-1);
	if (m->cgroup_v2) {
		read_controllers(fd, list);
		if (!is_listed(list, controller_str(i)))
			return (err_set(err, "no such controller"));
	}
	n = podgroup_all(v, m);
	if (write_values(c, i, ".", v, n, err) == -1)
		return (-1);
	n = podgroup_class(v, 0, m);
	return (write_values(c, i, qos_folder(QOS_BEST_EFFORT), v, n, err));
}

void
cgroup_init(struct cgroups *c)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	c->top = -1;
	c->burstable = -1;
	for (i = 0; i < CONTROLLERS; i++)
		c->folder[i] = -1;
}

static void
close_controller(struct cgroups *c, enum controller controller)
{
	if (c->folder[controller] != -1)
		(void)close(c->folder[controller]); /* only a reference */
	c->folder[controller] = -1;
}

/* All is as without us then. */
static void
warn_missing(const struct cgroups *c, const struct err *err)
{
	const int cpu = c->folder[CONTROLLER_CPU] == -1;
	const int memory = c->folder[CONTROLLER_MEMORY] == -1;

	if (cpu || memory)
		log_warnx("cgroups: pods as a whole have no limits of %s%s%s: "
			  "%s",
		    cpu ? "cpu" : "", cpu && memory ? " and " : "",
		    memory ? "memory" : "", err->text);
}

void
cgroup_open(struct cgroups *c, const char *top, const struct translate_env *env)
{
	enum controller i;
	struct err err;

	cgroup_init(c);
	c->env = env;
	err.text[0] = '\0';
	if ((c->top = open(top, DISK_OPEN_DIR)) == -1)
		(void)err_sys(&err, "%s", top); /* -1 */
	if (env->systemd_cgroups)
		return;
	for (i = 0; c->top != -1 && i < CONTROLLERS; i++)
		/* Many machines have none for huge pages. */
		if (open_controller(
			c, i, i == CONTROLLER_HUGETLB ? NULL : &err) == -1)
			close_controller(c, i);
	warn_missing(c, &err);
}

void
cgroup_close(struct cgroups *c)
{
	enum controller i;

	for (i = 0; i < CONTROLLERS; i++)
		close_controller(c, i);
	if (c->top != -1)
		(void)close(c->top); /* only a reference */
	c->top = -1;
}

/* --- values --- */

static void
group_name(char path[static PATH_MAX], const struct pod *p, enum qos qos)
{
	const char *folder = qos_folder(qos);

	(void)snprintf(path, PATH_MAX, "%s%spod%s", folder,
	    folder[0] == '\0' ? "" : "/", p->uid); /* fits: a checked uid */
}

static int
make_group(const struct cgroups *c, enum controller i, const char *group,
    struct err *err)
{
	int fd = -1;

	if (mkdirat(c->folder[i], group, MODE) == 0 || errno == EEXIST)
		fd = openat(c->folder[i], group, DISK_OPEN_DIR);
	if (fd == -1)
		return (err_sys(err, "%s", group));
	if (c->env->machine.cgroup_v2)
		delegate(fd);
	(void)close(fd); /* only a reference */
	return (0);
}

int
cgroup_make(const struct cgroups *c, const struct pod *p, struct err *err)
{
	const Tripod__Pod *pod = p->definition->pod;
	struct group_value v[GROUP_VALUES_MAX];
	char group[PATH_MAX];
	enum controller i;
	size_t n;
	int rc = 0;

	group_name(group, p, qos_of(pod));
	for (i = 0; i < CONTROLLERS; i++) {
		if (c->folder[i] == -1 || c->env->systemd_cgroups) {
			if (podgroup_has_limit(pod, i))
				rc = err_set(err,
				    "limits of a pod as a whole (%s) cannot "
				    "be set here",
				    controller_str(i));
			continue;
		}
		n = podgroup_pod(v, pod, &c->env->machine);
		if (make_group(c, i, group, err) == -1 ||
		    write_values(c, i, group, v, n, err) == -1)
			rc = err_prefix(err, "cgroup of the pod");
	}
	return (rc);
}

void
cgroup_weigh(struct cgroups *c, int64_t milli)
{
	struct group_value v[GROUP_VALUES_MAX];
	struct err err;
	size_t n;

	if (c->folder[CONTROLLER_CPU] == -1 || c->env->systemd_cgroups ||
	    c->burstable == milli)
		return;
	c->burstable = milli;
	n = podgroup_class(v, milli, &c->env->machine);
	if (write_values(
		c, CONTROLLER_CPU, qos_folder(QOS_BURSTABLE), v, n, &err) == -1)
		log_warnx("cgroups: %s", err.text);
}

/* --- removal --- */

/*
 * What is in one group.  With v2 the kernel does it; without, numbers are
 * read and used at once.
 */
static void
kill_group(const struct cgroups *c, int group)
{
	char line[32];
	long pid;
	FILE *f;
	int fd;

	if (c->env->machine.cgroup_v2) {
		(void)write_text(group, "cgroup.kill", "1"); /* tried again */
		return;
	}
	fd = openat(group, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	if ((f = fdopen(fd, "r")) == NULL) {
		(void)close(fd); /* only read from */
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		pid = strtol(line, NULL, 10);
		/* 0 would be ourselves, 1 the machine. */
		if (pid > 1 && pid <= INT_MAX)
			(void)kill((pid_t)pid, SIGKILL); /* tried again */
	}
	(void)fclose(f); /* only read from */
}

static int
remove_empty(int at, const char *name)
{
	/* Most of them do not exist: no other error is worth a line. */
	if (unlinkat(at, name, AT_REMOVEDIR) == -1 &&
	    (errno == EBUSY || errno == ENOTEMPTY))
		return (-1);
	return (0);
}

/* From below.  -1: it was in use, and what is in it has been killed. */
static int
remove_group(const struct cgroups *c, int at, const char *name, int depth)
{
	struct dirent *d;
	DIR *dir;
	int rc = 0;

	if (remove_empty(at, name) == 0)
		return (0);
	if (depth == 0 || (dir = disk_list(at, name)) == NULL)
		return (-1);
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && d->d_type == DT_DIR)
			rc |= remove_group(c, dirfd(dir), d->d_name, depth - 1);
	if (rc == 0 && (rc = remove_empty(at, name)) == -1 &&
	    !c->env->systemd_cgroups)
		kill_group(c, dirfd(dir));
	(void)closedir(dir); /* only read from */
	return (rc);
}

/* One group, in every hierarchy (v1) or in the one (v2). */
static int
remove_everywhere(const struct cgroups *c, DIR *top, const char *group)
{
	char path[PATH_MAX];
	struct dirent *d;
	int rc = 0;

	if (c->env->machine.cgroup_v2)
		return (remove_group(c, c->top, group, DEPTH_MAX));
	rewinddir(top);
	while ((d = readdir(top)) != NULL) {
		if (d->d_name[0] == '.' || d->d_type != DT_DIR)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", d->d_name, group);
		rc |= remove_group(c, c->top, path, DEPTH_MAX);
	}
	return (rc);
}

int
cgroup_remove(const struct cgroups *c, const struct pod *p)
{
	struct arena arena;
	enum qos qos;
	DIR *top;
	int rc = 0;

	if (c->top == -1 || (top = disk_list(c->top, ".")) == NULL)
		return (0);
	arena_init(&arena, PATH_MAX * 4);
	for (qos = 0; qos < QOS_CLASSES; qos++)
		rc |= remove_everywhere(
		    c, top, translate_cgroup(&arena, c->env, p, qos));
	(void)closedir(top); /* only read from */
	arena_release(&arena);
	if (c->env->systemd_cgroups)
		return (0); /* it has means of its own */
	if (rc == -1)
		log_info("pod %s/%s (%s): what is left in its cgroup is killed",
		    p->namespace_, p->name, p->uid);
	return (rc);
}
