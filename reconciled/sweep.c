#include "reconciled/sweep.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/name.h"
#include "reconciled/disk.h"

#define SWEEP_MAX 64 /* pods at a time; the rest the next time */

/* Calls back with each name in a folder until that says 1. */
static void
each_name(int at, int (*fn)(void *ctx, const char *name), void *ctx)
{
	struct dirent *d;
	DIR *dir;

	if ((dir = disk_list(at, ".")) == NULL)
		return;
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.' && fn(ctx, d->d_name))
			break;
	(void)closedir(dir); /* only read from */
}

struct found {
	const struct pods *pods;
	char *uid[SWEEP_MAX];
	size_t n;
};

static int
find_unknown(void *ctx, const char *name)
{
	struct found *f = ctx;

	if (name_is_uid(name) && pods_find(f->pods, name) == NULL)
		f->uid[f->n++] = xstrdup(name);
	return (f->n == SWEEP_MAX);
}

/* The log folder that tells whose uid it was. */
struct owner {
	const char *uid;
	struct pod *pod;
};

/* "NAMESPACE_NAME_UID"; the first two have no underscore. */
static int
find_owner(void *ctx, const char *name)
{
	struct owner *o = ctx;
	char text[NAME_MAX + 1], *rest = text;
	const char *ns, *pod;

	(void)snprintf(text, sizeof(text), "%s", name); /* fits */
	ns = strsep(&rest, "_");
	pod = strsep(&rest, "_");
	if (rest == NULL || strcmp(rest, o->uid) != 0 || !name_is_label(ns) ||
	    !name_is_subdomain(pod))
		return (0);
	o->pod = pod_new(o->uid, ns, pod);
	return (1);
}

static void
sweep_one(const struct files *f, struct pods *pods, const char *uid)
{
	struct owner o = { uid, NULL };

	each_name(f->pod_logs, find_owner, &o);
	if (o.pod == NULL)
		o.pod = pod_new(uid, "", "");
	log_info("pod %s/%s (%s) has left files: removed", o.pod->namespace_,
	    o.pod->name, uid);
	TAILQ_INSERT_TAIL(pods, o.pod, entry);
}

int
sweep(const struct files *f, struct pods *pods)
{
	struct found found = { .pods = pods };
	size_t i;

	each_name(f->pods, find_unknown, &found);
	for (i = 0; i < found.n; i++) {
		sweep_one(f, pods, found.uid[i]);
		free(found.uid[i]);
	}
	return (found.n == SWEEP_MAX ? -1 : 0);
}
